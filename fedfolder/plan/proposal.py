"""The proposal: what a person approves before the first number leaves.

It holds the command and all that the command compiles to, so that a custodian reads one page, and a node that
compiles the command to something else (another version, a lie) notices before it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fedfolder.command import parse
from fedfolder.errors import FedfolderError, RefusedError, UnknownNameError
from fedfolder.likelihood import ClusterLikelihood, RiskLikelihood, SetLikelihood, find, names
from fedfolder.plan.few import FewTrips, known_columns
from fedfolder.plan.own import OwnEstimate
from fedfolder.plan.restart import Restart
from fedfolder.questions.baseline_hazards import BaselineHazards
from fedfolder.questions.candidates import beside_of
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.event_times import EventTimes
from fedfolder.questions.moments import Moments
from fedfolder.questions.risk_sums import RiskSums
from fedfolder.questions.scores import ClusterScores, Scores
from fedfolder.questions.specification import Specification
from fedfolder.questions.standardised import Standardised
from fedfolder.questions.sums import read_number, write_number
from fedfolder.questions.time_effects import RiskTimeEffects, TimeEffects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command import Command
    from fedfolder.questions.question import Question

MOST_EVALUATIONS = 40
"""Betas at which a fit may ask for its derivatives, at most; as many of the constant alone may travel with them."""
FIRST_WORDING, SEPARATE_ROUNDS, LAST_WORDING = 1, 2, 3
"""How proposals say what is asked. Up to `SEPARATE_ROUNDS`, what can travel with an evaluation came in a round of its
own; their fits go on, and are shown again, as they were put."""
_RESTART, _DRIVER, _RADIUS = "restart", "driver", "trust radius"


def _rounded(grid: float | None) -> str:
    return "" if grid is None else f", rounded up to multiples of {grid:g}"


def read_command(text: str) -> Command:
    """Parse a command of a model that this version has.

    Raises
    ------
    CommandError, UnknownNameError
        With the place, or the nearest names.
    """
    return parse(text, names())


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fit that is proposed to the nodes.

    Parameters
    ----------
    command : Command
        What is fitted.
    roster : tuple of (str, str)
        Who takes part: each node's name and its public key in hex (empty in a simulation), in the study's order.
    restart : Restart, optional
        Who was left out, and where the plan then begins.
    wording : int
        How it says what is asked, and so in which rounds; below `LAST_WORDING`, an earlier version put it.
    driver : {"newton", "external"}
        Who chooses beta: this program, or another one, such as Stata's `ml`.
    radius : float
        How far from the path another program may ask about a beta, in standard deviations of the columns.
    few : FewTrips, optional
        That questions travel together, and the levels that are known before.
    """

    command: Command
    roster: tuple[tuple[str, str], ...]
    restart: Restart | None = None
    wording: int = LAST_WORDING
    driver: Literal["newton", "external"] = "newton"
    radius: float = 0.0
    few: FewTrips | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of those who take part."""
        return tuple(name for name, _ in self.roster)

    @property
    def without(self) -> tuple[str, ...]:
        """The names of those who were left out."""
        return self.restart.without if self.restart else ()

    @property
    def asks_moments(self) -> bool:
        """Whether the first round asks for the moments; otherwise those that were published before are used."""
        return self.restart is None or self.restart.moments is None

    @property
    def shares_rounds(self) -> bool:
        """Whether what can travel with an evaluation does."""
        return self.wording > SEPARATE_ROUNDS and self.driver == "newton"

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON; what is signed and approved."""
        said: dict[str, Any] = {
            "command": str(self.command),
            "model": find(self.command.likelihood).title,
            "variables": [{"name": name, "use": use} for name, use in self.command.uses],
            "sample": self._sample(),
            "asked": [
                {"kind": kind.kind, "times at most": times, "leaves": leaves} for kind, times, leaves in self._asked()
            ],
            **self._driven(),
            **({} if self.few is None else self.few.to_dict()),
            "roster": [{"node": name, "key": key} for name, key in self.roster],
        }
        return said if self.restart is None else {**said, _RESTART: self.restart.to_dict()}

    def _driven(self) -> dict[str, Any]:
        """Who drives; of another program also how far it may stray from the path."""
        said: dict[str, Any] = {_DRIVER: self.driver}
        return said if self.driver == "newton" else {**said, _RADIUS: write_number(self.radius)}

    def _sample(self) -> str:
        """The rows that enter, in words."""
        command, likelihood = self.command, Specification.of(self.command).likelihood
        complete = "rows without a missing value in any of these variables"
        if self.wording == FIRST_WORDING:
            return complete
        parts = [complete]
        if command.condition is not None:
            parts.append(f"if {command.condition} (a missing value is larger than any number)")
        if command.weight is not None:
            parts.append("without rows of weight zero")
        if isinstance(likelihood, SetLikelihood):
            parts.append("without sets in which the outcome does not vary")
        if likelihood.binary:
            parts.append("without those at a value of a 0/1 column at which the outcome, at all nodes, never varies")
        return ", ".join(parts)

    def _asked(self) -> list[tuple[type[Question], int, str]]:
        """Each kind of question, how often it may be asked, and what leaves then."""
        asked: list[tuple[type[Question], int, str]] = []
        if self.asks_moments:
            if Specification.of(self.command).lacks_knots and not (self.restart and self.restart.events):
                asked.append((EventGroups, 1, EventGroups.asks))
            asked.append((Moments, 1, self._with(Moments.asks, self._more_moments())))
            asked += self._asked_with_them()
        if self.command.common_baseline:
            asked.append((EventTimes, 1, EventTimes.asks + _rounded(self.command.grid)))
            # For what is computed at the last beta, its own may be asked for again in other columns.
            more = self._of_another_model(Specification.of(self.command))
            asked.append((RiskSums, MOST_EVALUATIONS + 1, self._with(RiskSums.asks, more)))
        else:
            asked.append((Evaluation, MOST_EVALUATIONS, self._with(Evaluation.asks, self._more_derivatives())))
        if self.driver == "external":
            return asked
        if (transform := self.command.argument("phtest")) is not None:
            kind = RiskTimeEffects if self.command.common_baseline else TimeEffects
            asked.append((kind, 1, kind.in_words(transform)))
        if self.command.site_baseline:
            asked.append((BaselineHazards, 1, BaselineHazards.asks))
        if (averaged := self.command.standsurv) is not None:
            asked.append((Standardised, 1, f"{Standardised.asks}: {averaged.in_words}"))
        if self.command.vce != "oim":
            scores = ClusterScores if self.command.across else Scores
            # They go with what should be the last evaluation, and again if it was not.
            asked.append((scores, 2 if self.shares_rounds else 1, scores.asks))
        return asked

    def _asked_with_them(self) -> list[tuple[type[Question], int, str]]:
        """What travels with the moments in a fit of few trips."""
        if (
            self.few is None
            or self.command.common_baseline
            or not known_columns(Specification.of(self.command), self.few)
        ):
            return []
        return [(OwnEstimate, 1, OwnEstimate.asks)]

    def _with(self, asks: str, more: list[str]) -> str:
        return asks if self.wording == FIRST_WORDING else "; ".join([asks, *more])

    def _more_moments(self) -> list[str]:
        """What the moments hold beside columns, in words."""
        command, likelihood = self.command, find(self.command.likelihood)
        measured = Specification.of(command).measures
        time = command.argument("time")
        products = " and of their products" if command.option("noorthog") is None else ""
        return [
            *(["how many rows have each level of the outcome"] if likelihood.categorical else []),
            *([f"the same of {', '.join(measured)}"] if measured else []),
            *(["the sum of the weights"] if command.weight else []),
            *([f"the same of the splines of ln({time}){products}"] if command.splines else []),
        ]

    def _more_derivatives(self) -> list[str]:
        """What comes with derivatives, in words."""
        specification = Specification.of(self.command)
        likelihood = specification.likelihood
        if isinstance(likelihood, RiskLikelihood):
            return self._of_another_model(specification)
        closed = likelihood.has_constant and not specification.has_offset and likelihood.least_squares
        closed = closed or (len(likelihood.views) > 1 and not (specification.compares and self.asks_moments))
        closed = closed or (likelihood.binary and not isinstance(likelihood, ClusterLikelihood))
        return [
            *([f"the sums of {' and '.join(likelihood.also)}"] if likelihood.also else []),
            *self._of_another_model(specification),
            *([] if closed or self.driver == "external" else [f"also at a second beta, of {beside_of(likelihood)}"]),
        ]

    def _of_another_model(self, specification: Specification) -> list[str]:
        """What the first evaluation brings of another model, by which columns and perfect predictors are seen."""
        likelihood = specification.likelihood
        when = "with the first also" if self.shares_rounds else "once,"
        if isinstance(likelihood, ClusterLikelihood):
            return [f"{when} those without the random intercept{'' if self.shares_rounds else ' instead'}"]
        if not (likelihood.curved and specification.constant):
            return [f"{when} those of a linear regression{'' if self.shares_rounds else ' instead'}"]
        at_zero = likelihood.binary or isinstance(likelihood, RiskLikelihood)
        without_offset = self.shares_rounds and at_zero and specification.has_offset
        return ["with the first also those without the offset"] if without_offset else []

    @classmethod
    def of(cls, command: object, roster: object) -> Proposal:
        """That of a command and a roster in plain JSON. What is malformed comes out otherwise than it went in.

        Raises
        ------
        RefusedError
            If they cannot be read.
        """
        if not isinstance(command, str) or not isinstance(roster, list):
            raise RefusedError("this proposal cannot be read here", expected="a command and a roster")
        entries = [entry for entry in roster if isinstance(entry, dict)]
        try:
            parsed = read_command(command)
        except UnknownNameError as error:
            raise RefusedError(
                f"this proposal cannot be read here: {error.what}",
                found=error.found or command[:80],
                do="install what brings the model, in the server's version, and start the node again",
            ) from None
        except FedfolderError as error:
            raise RefusedError("this proposal cannot be read here", found=error.what) from None
        return cls(parsed, tuple((str(e.get("node")), str(e.get("key"))) for e in entries))

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Proposal:
        """Read a proposal.

        Raises
        ------
        RefusedError
            If it is not what its command compiles to here.
        """
        meant = cls.of(found.get("command"), found.get("roster"))
        try:
            restart = None if _RESTART not in found else Restart.from_dict(found[_RESTART], meant.command)
            radius = read_number(str(found.get(_RADIUS, "0")), where=_RADIUS)
        except FedfolderError as error:
            raise RefusedError("this proposal cannot be read here", found=error.what) from None
        driver: Literal["newton", "external"] = "external" if found.get(_DRIVER) == "external" else "newton"
        # Another program takes as many trips as it wants; with moments that were published, a plan begins elsewhere.
        begins_usually = driver == "newton" and not (restart and restart.moments)
        few = FewTrips.from_dict(found, meant.command) if begins_usually else None
        for wording in (LAST_WORDING, SEPARATE_ROUNDS, FIRST_WORDING):
            proposal = cls(meant.command, meant.roster, restart, wording, driver, radius, few)
            if proposal.to_dict() == dict(found):
                return proposal
        raise RefusedError(
            "this proposal says something else than its command means here",
            expected="a server of the same version of fedfolder",
            do="compare `fedfolder --version` at both ends",
        )
