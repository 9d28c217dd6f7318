"""What a command fits: its likelihood, and which variable of the data plays which part in it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fedfolder.command.terms import all_combinations, columns
from fedfolder.errors import VariableError
from fedfolder.likelihood import ClusterLikelihood, find
from fedfolder.likelihood.regress import Regress
from fedfolder.questions import follow_up, kept
from fedfolder.questions.blocks import summed
from fedfolder.questions.splines import given, placed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command import Command, Term
    from fedfolder.command.terms import Column
    from fedfolder.likelihood import Likelihood
    from fedfolder.likelihood.base import Array, Rows
    from fedfolder.questions.event_times import Baseline
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.splines import Curve, Splines

OFFSETS = frozenset({"offset", "exposure"})
"""Roles that are added to the linear predictor."""
WHOLE = frozenset({"fw"})
"""Weights that must be whole numbers."""
MEASURED = ("offset", "exposure", "trials", "expected", "time", "entry", "bhazard")
"""Roles whose sums are asked for with the moments."""
COUNTING = frozenset({"fw", "iw"})
"""Weights whose sum is the number of observations."""


@dataclass(frozen=True, slots=True)
class Specification:
    """A likelihood with the names of what it is about.

    Parameters
    ----------
    command : Command
        What was asked.
    likelihood : Likelihood
        For a categorical outcome, that of its levels once they are known.
    levels : tuple of str
        Those of a categorical outcome, over all nodes, sorted; empty until they are known.
    offsets : bool
        Whether offset and exposure are in the linear predictor.
    baseline : Baseline or None
        The failure times of all nodes, where these have a common baseline hazard, once they are known.
    splines : Splines or None
        Those of the command, once their knots are known.
    """

    command: Command
    likelihood: Likelihood
    levels: tuple[str, ...] = ()
    offsets: bool = True
    baseline: Baseline | None = None
    splines: Splines | None = None

    @classmethod
    def of(cls, command: Command) -> Self:
        """That of a command, before anything is known of data."""
        observed = {*command.roles, *(() if command.trials is None else ("trials",))}
        likelihood = find(command.likelihood).of_roles(observed).with_points(command.points)
        return cls(command, likelihood, splines=given(command))

    @property
    def lacks_knots(self) -> bool:
        """Whether it has splines, and nobody knows yet where their knots are."""
        return self.splines is None and bool(self.command.splines)

    @property
    def has_found_knots(self) -> bool:
        """Whether its knots follow from what was published, and not from the command."""
        return self.splines is not None and given(self.command) is None

    def with_knots(self, curves: tuple[Curve, ...]) -> Self:
        """The same with knots for its splines."""
        return dataclasses.replace(self, splines=placed(self.command, curves))

    def with_levels(self, counts: Sequence[tuple[str, float]]) -> Specification:
        """The same for a categorical outcome with these levels, sorted, and their weighted counts."""
        levels = tuple(level for level, _ in counts)
        likelihood = self.likelihood.of_levels(levels, [count for _, count in counts], self.command.base_outcome)
        return dataclasses.replace(self, likelihood=likelihood, levels=levels)

    def least_squares(self) -> Specification:
        """The regression with the same columns, whose Hessian is their cross products."""
        return dataclasses.replace(self, likelihood=Regress())

    def without_random(self) -> Specification:
        """The same without a random intercept."""
        likelihood = self.likelihood
        fixed = likelihood.fixed if isinstance(likelihood, ClusterLikelihood) else likelihood
        return dataclasses.replace(self, likelihood=fixed)

    def without_offset(self) -> Specification:
        """The same with a linear predictor of columns alone."""
        return dataclasses.replace(self, offsets=False)

    @property
    def roles(self) -> dict[str, str]:
        """The variables beside the outcome and the terms, by their part."""
        roles = self.command.roles
        return roles if self.offsets else {role: name for role, name in roles.items() if role not in OFFSETS}

    @property
    def name(self) -> str:
        """The likelihood's."""
        return self.likelihood.name

    @property
    def outcome(self) -> str:
        """The outcome's variable."""
        return self.command.depvar

    @property
    def terms(self) -> tuple[Term, ...]:
        """The command's."""
        return self.command.terms

    @property
    def made(self) -> tuple[Term, ...]:
        """The terms that are made of a row's times; they follow the command's."""
        return self.splines.terms if self.splines is not None else ()

    def columns(self, levels: Mapping[str, Sequence[str]], bases: Mapping[str, str]) -> tuple[Column, ...]:
        """All columns, those that are made of times too: of a factor, for each of its levels but the base.

        `levels` and `bases` are as for `fedfolder.command.terms.columns`.
        """
        made = (column for term in self.made for column in all_combinations(term, levels))
        varying = [c for c in made if not any(level == bases.get(variable) for variable, level in c.factors)]
        return (*columns(self.terms, levels, bases), *varying)

    @property
    def constant(self) -> bool:
        """Whether there is a column of ones; thresholds have one, which is reported as the first of them."""
        return self.likelihood.thresholds or (self.command.constant and self.likelihood.has_constant)

    @property
    def compares(self) -> bool:
        """Whether a model with splines is to be compared with one of these alone."""
        return self.command.option("lrmodel") is not None

    @property
    def centred(self) -> bool:
        """Whether columns may be centred: something takes up what that shifts."""
        return self.constant or not self.likelihood.has_constant

    @property
    def weighted(self) -> str:
        """The kind of weights, `""` without."""
        return self.command.weight.kind if self.command.weight else ""

    @property
    def rate_of_offset(self) -> bool:
        """Whether exp(offset) is what a rate is per."""
        return "offset" in self.roles and self.command.takes_exposure

    @property
    def person(self) -> str | None:
        """The variable that says whose the rows are, where the command names one: persons are counted then."""
        return self.command.roles.get("id")

    @property
    def counts(self) -> bool:
        """Whether sums of weights are counts of rows."""
        return not self.weighted or self.weighted in WHOLE

    @property
    def measures(self) -> tuple[str, ...]:
        """Numeric variables beside the outcome and the terms whose sums are asked for with the moments."""
        roles = self.roles
        return tuple(roles[role] for role in MEASURED if role in roles)

    @property
    def has_offset(self) -> bool:
        """Whether linear predictors differ between rows when all slopes are zero."""
        return not OFFSETS.isdisjoint(self.roles)

    def declaration(self) -> dict[str, Any]:
        """Model and outcome, and what else there is, as plain JSON."""
        said: dict[str, Any] = {"model": self.name, "outcome": self.outcome}
        roles = {role: name for role, name in self.roles.items() if role not in {"weight", "cluster"}}
        if roles:
            said["roles"] = roles
        if self.command.trials is not None:
            said["trials"] = repr(self.command.trials)
        if isinstance(self.likelihood, ClusterLikelihood):
            said["points"] = self.command.points
        if self.command.weight:
            said["weights"] = str(self.command.weight)
        if self.levels:
            said["levels"] = list(self.levels)
        if self.splines is not None:
            said["splines"] = self.splines.declaration()
        return said

    # -- of the rows of one node ----------------------------------------------------------------------------------

    def prepared(self, sample: Sample) -> Sample:
        """The sample with the columns that are made of its times."""
        if self.splines is None or sample.splines == self.splines:
            return sample
        return kept.once(sample, "splines", self.splines, lambda: dataclasses.replace(sample, splines=self.splines))

    def rows(self, sample: Sample) -> Rows:
        """What is observed, by role, (n,) each; without the groups.

        Raises
        ------
        VariableError
            If an outcome cannot be one of this model's.
        """
        found = {"y": self._outcome(sample)}
        roles = self.roles
        for role in ("trials", "expected"):
            if role in roles:
                found[role] = sample.outcome(roles[role])
        if self.command.trials is not None:
            found["trials"] = np.full(sample.nobs, self.command.trials)
        elif "trials" in self.likelihood.roles and not self._has_trials:
            found["trials"] = np.ones(sample.nobs)
        if "time" in roles:
            found |= follow_up.times(sample, roles["time"], roles.get("entry"))
        if "bhazard" in roles:
            found["bhazard"] = follow_up.rates(sample, roles["bhazard"])
        if not bool(self.likelihood.can_have(found).all()):
            raise VariableError(
                f"the outcome {self.outcome} has values that {self.command.model} cannot be about",
                where=self.outcome,
                expected=self.likelihood.expected,
                do="correct these values or make them missing, or leave the rows out with if",
            )
        return found

    @property
    def _has_trials(self) -> bool:
        """Whether the trials are named; each row is one otherwise."""
        return "trials" in self.roles or self.command.trials is not None

    def _outcome(self, sample: Sample) -> Array:
        if not self.likelihood.categorical and not self.levels:
            return self.likelihood.outcome(sample.outcome(self.outcome))
        factor = sample.levels(self.outcome)
        places = [self.levels.index(level) if level in self.levels else -1 for level in factor.levels]
        return np.asarray(np.array([*places, -1], dtype=np.float64)[factor.codes])

    def offset(self, sample: Sample) -> Array | None:
        """What is added to the first linear predictor, (n,): the offset, the logarithm of the exposure, or nothing.

        Raises
        ------
        VariableError
            If an exposure is not above zero.
        """
        roles = self.roles
        added = sample.outcome(roles["offset"]) if "offset" in roles else None
        if "exposure" in roles:
            exposure = np.log(follow_up.exposure(sample, roles["exposure"]))
            added = exposure if added is None else added + exposure
        return added

    def weights(self, sample: Sample) -> Array | None:
        """The weight of each row, (n,); None without weights."""
        return sample.outcome(self.command.weight.variable) if self.command.weight else None

    def weight_of(self, sample: Sample) -> float:
        """The sum of the weights of all rows; how many there are without weights."""
        if not self.command.weight:
            return float(sample.nobs)
        name = self.command.weight.variable
        return float(summed(sample.nobs, lambda rows: sample.rows(rows.start, rows.stop).outcome(name).sum()))

    def sets(self, sample: Sample) -> NDArray[np.int64]:
        """The number of each row's set, (n,)."""
        return np.asarray(sample.ids[self.command.roles["group"]].codes, dtype=np.int64)

    def strata(self, sample: Sample) -> NDArray[np.int64]:
        """The number of each row's stratum here, (n,), by the variables of `strata()`; zeros without any."""
        return sample.together(self.command.strata)

    def clusters(self, sample: Sample) -> NDArray[np.signedinteger[Any]] | None:
        """The number of each row's cluster, (n,); None where each row is its own.

        The sets of a conditional model are clusters at least, since their rows depend on each other.
        """
        name = self.command.roles.get("cluster") or self.command.roles.get("group")
        return None if name is None else sample.ids[name].codes
