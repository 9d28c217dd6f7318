"""What a model of follow-up that was cut says over time: a hazard that is constant within each interval.

With hazards h_k = exp(x_k b) of the intervals k, of which w_k(t) lies before t,

    H(t) = sum_k w_k(t) h_k,    d ln H / db = sum_k w_k(t) h_k x_k / H(t)

After `link(rs)` these are the excess hazard and what it adds up to, so that exp(-H) is relative survival.

Source: Dickman, Sloggett, Hills and Hakulinen (2004), Regression models for relative survival, Statist. Med. 23.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.derivation import Generate
from fedfolder.command.expression import Binary, Name
from fedfolder.command.lexis import BEGIN, END, Split, Stset
from fedfolder.command.parse import parse
from fedfolder.errors import ConfigError
from fedfolder.estimates.columns import Rows
from fedfolder.estimates.survival import OverTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.command.derivation import Derivation
    from fedfolder.estimates.result import FitResult

    Array = NDArray[np.float64]

_AT_RISK = Binary("-", Name(END), Name(BEGIN))


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of follow-up: `name` has a value in each, and each begins where the one before it ends.

    Parameters
    ----------
    begins : (k,) float64
        Ascending.
    called : (k,) float64
        What the variable is.
    end : float
        Where the last one ends; infinite where it does not.
    """

    name: str
    begins: Array
    called: Array
    end: float = np.inf

    @classmethod
    def of(cls, split: Split, longest: float) -> Intervals:
        """Those of a statement that cuts follow-up, as far as the longest time is of interest."""
        if split.every is not None:
            steps: Array = np.arange(int(longest / split.every) + 1, dtype=np.float64) * np.float64(split.every)
            return cls(split.name, steps, steps)
        at: Array = np.array([moment for moment in split.at if moment >= 0], dtype=np.float64)
        before = not split.trim and not (len(at) and at[0] == 0)
        # Moments before time begins cut nothing, but the last of them is what the first interval is called by.
        earlier = max((moment for moment in split.at if moment < 0), default=0.0)
        begins: Array = np.concatenate([np.zeros(1), at]) if before else at
        called: Array = np.concatenate([np.full(1, earlier), at]) if before else at.copy()
        if split.icodes:
            numbers = np.searchsorted(np.array(split.at), begins, side="right") - (split.at[:1] == (0.0,))
            called = np.maximum(numbers, 0).astype(np.float64)
        if split.trim:
            return cls(split.name, begins[:-1], called[:-1], float(at[-1]) if len(at) else 0.0)
        return cls(split.name, begins, called)

    def reaching(self, longest: float) -> Intervals:
        """Those that begin before the longest time; the first in any case."""
        count = max(1, int(np.searchsorted(self.begins, longest, side="left")))
        return replace(self, begins=self.begins[:count], called=self.called[:count])

    def times_in(self, times: Array) -> Array:
        """How much of the time up to each lies in each interval, `(T, k)`."""
        ends = np.append(self.begins[1:], np.inf)
        return np.asarray(np.maximum(np.minimum(times[:, None], ends) - self.begins, 0.0), dtype=np.float64)

    def places(self, times: Array) -> NDArray[np.intp]:
        """The interval of each time; a time at which one ends is in that, as its failures are."""
        return np.maximum(np.searchsorted(self.begins, times, side="left") - 1, 0)


def follow_up_of(command: Command) -> Split | None:
    """The statement that cuts follow-up into the intervals of the model; None if there is none."""
    named = {name for term in command.terms for name in term.variables}
    cuts = [s for s in command.derivations if isinstance(s, Split) and s.after is None and s.name in named]
    return cuts[0] if len(cuts) == 1 else None


def changes(command: Command) -> bool:
    """Whether a term of the model changes along follow-up."""
    changing = _changing(command.derivations)
    return any(name in changing for term in command.terms for name in term.variables)


def not_given(command: Command) -> frozenset[str]:
    """The variables of the data that no pattern gives: the interval, the time at risk and what was expected in it."""
    split, roles = follow_up_of(command), command.roles
    own = [] if split is None else [split.name]
    return frozenset([*own, *(roles[role] for role in ("exposure", "expected") if role in roles)])


def over_time(result: FitResult, rows: Rows, times: Array) -> OverTime:
    """What a fit to follow-up that was cut says of the patterns in `rows` at `times` (T,).

    Raises
    ------
    ConfigError
        The model is none of hazards by intervals of follow-up, or says nothing of some times.
    """
    command = parse(result.command)
    split = _required(command)
    whole = Intervals.of(split, float(times.max()))
    if times.max() > whole.end or not len(whole.begins) or whole.begins[0] > 0:
        raise ConfigError(
            "the model says nothing of some of these times",
            where=str(split),
            expected=f"follow-up from 0 on, and times up to {whole.end:g}",
            do="leave trim out, or begin at 0 and ask for earlier times",
        )
    intervals = whole.reaching(float(times.max()))
    designs = _designs(result, rows, intervals)
    log_hazard = designs @ result.beta
    if "offset" in result.roles:
        log_hazard = log_hazard + rows.numbers(result.roles["offset"])[:, None]
    return _added_up(intervals, designs, log_hazard, times)


def _designs(result: FitResult, rows: Rows, intervals: Intervals) -> Array:
    """The columns of each pattern in each interval, `(K, k, P)`."""
    found = [
        Rows(result, rows.frame.assign(**{intervals.name: value})).design(result.names) for value in intervals.called
    ]
    return np.stack(found, axis=1)


def _added_up(intervals: Intervals, designs: Array, log_hazard: Array, times: Array) -> OverTime:
    """Ln H and ln h with their derivatives; H is added up relative to the largest hazard."""
    largest = log_hazard.max(axis=1, keepdims=True)
    parts = intervals.times_in(times)[None, :, :] * np.exp(log_hazard - largest)[:, None, :]
    total = parts.sum(axis=2)
    with np.errstate(all="ignore"):
        cumulative = np.log(total) + largest
        cumulative_by = np.einsum("ktj,kjp->ktp", parts, designs) / total[..., None]
    # Up to a time of zero nothing can have happened, whatever the coefficients are.
    cumulative_by[total == 0.0] = 0.0
    places = intervals.places(times)
    return OverTime(cumulative, cumulative_by, log_hazard[:, places], designs[:, places])


def _required(command: Command) -> Split:
    """The statement that cuts follow-up, of a model of hazards in which nothing else changes along it."""
    split = follow_up_of(command)
    if split is None:
        raise ConfigError(
            "this model has no hazard by intervals of follow-up",
            where=str(command.model),
            expected="stsplit with at() or every(), and its variable among the terms",
            do="cut follow-up before the model, as in stsplit fu, at(0 1 2 5)",
        )
    changing = _changing(command.derivations) - {split.name}
    among = [name for term in command.terms for name in term.variables if name in changing]
    if among:
        raise ConfigError(
            f"{among[0]} changes along follow-up, so that no value of it is that of a pattern",
            where=str(command.model),
            expected=f"terms that stay, and {split.name}",
        )
    _require_rate(command)
    return split


def _require_rate(command: Command) -> None:
    """Refuse a model whose predictor is no hazard per unit of time."""
    link = None if command.family is None else (command.family.name, command.family.link)
    counts = command.model == "poisson" or link in {("poisson", "log"), ("poisson", "rs")}
    exposure = next((s for s in command.derivations if command.roles.get("exposure") in s.names), None)
    at_risk = isinstance(exposure, Generate) and exposure.expression == _AT_RISK
    exponential = command.argument("distribution") == "exponential" and command.hazards
    if not exponential and not (counts and at_risk and command.depvar == "_d"):
        raise ConfigError(
            "this model is none of a hazard per unit of time",
            where=str(command),
            expected="poisson, or glm with family(poisson), of _d with exposure(y), after generate y = _t - _t0",
        )


def _changing(statements: Sequence[Derivation]) -> set[str]:
    """The variables that differ between the pieces of one record."""
    found: set[str] = {BEGIN, END}
    for statement in statements:
        if isinstance(statement, Stset | Split) or not found.isdisjoint(statement.sources):
            found.update(statement.names)
    return found
