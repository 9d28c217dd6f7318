"""The proposal: what a person approves before the first number leaves.

It holds the command and all that the command compiles to, so that a custodian reads one page, and a node that
compiles the command to something else (another version, a lie) notices before it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedfolder.command import parse
from fedfolder.errors import FedfolderError, RefusedError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.plan.restart import Restart
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command import Command

MOST_EVALUATIONS = 40
"""Betas at which a fit may ask for derivatives, at most."""
_RESTART = "restart"


def read_command(text: str) -> Command:
    """Parse a command of a model that this version has.

    Raises
    ------
    CommandError, UnknownNameError
        With the place, or the nearest names.
    """
    return parse(text, LIKELIHOODS)


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
    """

    command: Command
    roster: tuple[tuple[str, str], ...]
    restart: Restart | None = None

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

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON; what is signed and approved."""
        said: dict[str, Any] = {
            "command": str(self.command),
            "model": LIKELIHOODS[self.command.model].title,
            "variables": self._variables(),
            "sample": "rows without a missing value in any of these variables",
            "asked": [
                *([{"kind": Moments.kind, "times at most": 1, "leaves": Moments.asks}] if self.asks_moments else []),
                {"kind": Evaluation.kind, "times at most": MOST_EVALUATIONS, "leaves": Evaluation.asks},
            ],
            "driver": "newton",
            "roster": [{"node": name, "key": key} for name, key in self.roster],
        }
        return said if self.restart is None else {**said, _RESTART: self.restart.to_dict()}

    def _variables(self) -> list[dict[str, str]]:
        """Each variable with the use that the command makes of it."""
        found = [{"name": self.command.depvar, "use": "outcome"}]
        for use, names in (
            ("levels", [f.variable for term in self.command.terms for f in term.factors]),
            ("number", [name for term in self.command.terms for name in term.continuous]),
        ):
            found += [{"name": name, "use": use} for name in dict.fromkeys(names)]
        return found

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Proposal:
        """Read a proposal.

        Raises
        ------
        RefusedError
            If it is not what its command compiles to here.
        """
        command, roster = found.get("command"), found.get("roster")
        if not isinstance(command, str) or not isinstance(roster, list):
            raise RefusedError("this proposal cannot be read here", expected="a command and a roster")
        # What is malformed below this comes out otherwise than it went in, which the comparison finds.
        entries = [entry for entry in roster if isinstance(entry, dict)]
        try:
            parsed = read_command(command)
            restart = None if _RESTART not in found else Restart.from_dict(found[_RESTART], parsed)
            proposal = cls(parsed, tuple((str(e.get("node")), str(e.get("key"))) for e in entries), restart)
        except FedfolderError as error:
            raise RefusedError("this proposal cannot be read here", found=error.what) from None
        if proposal.to_dict() != dict(found):
            raise RefusedError(
                "this proposal says something else than its command means here",
                expected="a server of the same version of fedfolder",
                do="compare `fedfolder --version` at both ends",
            )
        return proposal
