"""The question after the times at which rows fail, of a Cox model whose baseline hazard is common to all nodes.

Its answers' union is what risk sets are asked about afterwards. Each of these times says that somebody failed then:
policies let them leave only if they say so, and `grid(#)` rounds them up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.command.terms import can_be_shown
from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.likelihood.risk_sets import FollowUp
from fedfolder.questions.moments import NOBS
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums, read_number, write_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels

    Array = NDArray[np.float64]

FAILURES, WEIGHT = "failures", "weight"
MOST_FAILURES = 10**8
"""Each is a case of its own with Efron's ties; whoever says that there are more would fill a node's memory."""
ON_THE_GRID = 1e-9
"""Share of an interval of the grid up to which a time beyond its end is rounding, and belongs to it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The failure times of all nodes, T of them, ordered by stratum and time.

    Parameters
    ----------
    strata : tuple of str
        The stratum of each, as `stratum_names` has them.
    times : tuple of float
        When it is.
    number, weight : tuple of float
        How many rows fail there, and the sum of their weights.
    offset : float
        What is taken off every linear predictor, so that none is far from zero: the mean of the offset.
    """

    strata: tuple[str, ...]
    times: tuple[float, ...]
    number: tuple[float, ...]
    weight: tuple[float, ...]
    offset: float = 0.0

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Stratum and time of each, as files have them."""
        return [(stratum, write_number(time)) for stratum, time in zip(self.strata, self.times, strict=True)]


def baseline_of(sums: Sums, offset: float) -> Baseline:
    """That which follows from the published failure times."""
    found = sorted(
        (stratum, read_number(time, where=time), number, weight)
        for (stratum, time), (number, weight) in sums.rows.items()
    )
    return Baseline(
        tuple(stratum for stratum, *_ in found),
        tuple(time for _, time, _, _ in found),
        tuple(number for *_, number, _ in found),
        tuple(weight for *_, weight in found),
        offset,
    )


@dataclass(frozen=True)
class EventTimes(Question):
    """How many rows fail at each time, by stratum. The answer is `stratum,time` with `failures` and `weight`.

    The scalar is `nobs`.
    """

    specification: Specification

    kind: ClassVar[str] = "event times"
    asks: ClassVar[str] = "number of rows; each time at which somebody fails, by stratum, with how many do"
    answer_name: ClassVar[str] = "times.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("stratum", "time")

    @property
    def columns(self) -> tuple[str, ...]:
        """How many rows, and the sum of their weights."""
        return (FAILURES, WEIGHT)

    @property
    def never_below_zero(self) -> tuple[str, ...]:
        """Columns of sums of what is never below zero."""
        return self.columns

    def declaration(self) -> dict[str, Any]:
        """What is fitted, and how far times are rounded."""
        said = {"kind": self.kind, **self.specification.declaration()}
        grid = self.specification.command.grid
        return said if grid is None else {**said, "grid": write_number(grid)}

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """Itself: there is nothing in it that may differ. RefusedError otherwise."""
        if declaration != self.declaration() or payloads:
            raise RefusedError("the question is not the one that the plan comes to", expected=self.kind)
        return self

    def compute(self, sample: Sample) -> Sums:
        """A row for each time in each stratum.

        Raises
        ------
        VariableError
            If a time or an outcome cannot be one of the model's.
        """
        rows, names = follow_up(self.specification, sample)
        weights, counting = self.specification.weights(sample), self.specification.weighted == "fw"
        weight = np.ones(sample.nobs) if weights is None else weights
        found: dict[Labels, list[float]] = {}
        fails = np.flatnonzero(rows.fails)
        for i in fails[np.lexsort((rows.time[fails], rows.stratum[fails]))].tolist():
            sums = found.setdefault((names[rows.stratum[i]], write_number(float(rows.time[i]))), [0.0, 0.0])
            sums[0] += float(weight[i]) if counting else 1.0
            sums[1] += float(weight[i])
        table = {label: (number, total) for label, (number, total) in found.items()}
        return Sums({NOBS: float(sample.nobs)}, self.answer_keys, self.columns, table)

    def check(self, answer: Sums, *, where: str) -> None:
        """Times above zero, and counts."""
        if answer.columns != self.columns or set(answer.scalars) != {NOBS}:
            raise TamperedAnswerError("this answer has other columns or scalars than were asked for", where=where)
        whole(answer.scalars[NOBS], NOBS, where=where)
        if sum(number for number, _ in answer.rows.values()) > MOST_FAILURES:
            raise TamperedAnswerError("there are more failures in this answer than a fit can be of", where=where)
        for (stratum, time), (number, weight) in answer.rows.items():
            whole(number, FAILURES, where=where)
            at = read_number(time, where=where)
            if not can_be_shown(stratum) or at <= 0 or write_number(at) != time or number < 1 or not weight > 0:
                raise TamperedAnswerError("a row of this answer is no time with failures", where=where)


# -- of the rows of one node ------------------------------------------------------------------------------------------


def follow_up(specification: Specification, sample: Sample) -> tuple[FollowUp, list[str]]:
    """The times of all rows, rounded where the command says so, and the names of the strata.

    Raises
    ------
    VariableError
        If a time or an outcome cannot be one of the model's.
    """
    rows, (number, names) = specification.rows(sample), stratum_names(specification, sample)
    time, entry = rows["time"], rows["entry"]
    if specification.command.grid is not None:
        time, entry = on_grid(time, entry, specification.command.grid)
    return FollowUp(time, entry, rows["y"] > 0, number), names


def on_grid(time: Array, entry: Array, interval: float) -> tuple[Array, Array]:
    """Times and entries (n,) rounded up to multiples of `interval`.

    An entry that would come out at the row's own time is that at the beginning of its interval.
    """
    ends, begins = (np.ceil(values / interval - ON_THE_GRID) for values in (time, entry))
    ends = np.maximum(ends, 1.0)
    return ends * interval, np.minimum(begins, ends - 1.0) * interval


def stratum_names(specification: Specification, sample: Sample) -> tuple[NDArray[np.int64], list[str]]:
    """The number of each row's stratum, (n,), and their names by number: the levels of the variables."""
    number = specification.strata(sample)
    count = int(number.max(initial=-1)) + 1
    first = np.full(count, sample.nobs, dtype=np.int64)
    np.minimum.at(first, number, np.arange(sample.nobs))
    factors = [sample.ids[name] for name in specification.command.strata]
    return number, [" ".join(_written(f.levels[f.codes[i]]) for f in factors) for i in first.tolist()]


def levels_of_stratum(name: str) -> tuple[str, ...]:
    """The levels of the variables that make the stratum of this name, in their order."""
    parts = name.split(" ") if name else []
    return tuple("" if part == "\\" else re.sub(r"\\(.)", _unescaped, part) for part in parts)


def _unescaped(found: re.Match[str]) -> str:
    return " " if found[1] == "_" else found[1]


def _written(level: str) -> str:
    """A level in which no blank stands, so that several can be told apart."""
    return level.replace("\\", "\\\\").replace(" ", "\\_") or "\\"
