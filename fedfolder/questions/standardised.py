"""The question of standardised survival: the average over all rows of their survival up to a time, at the last beta.

Each row is put at a time t, without a failure and at risk from zero, and with a pattern's values in place of its own.
Its log-likelihood is then -H(t), so that S = exp(-H), and its score s is -dH/db, so that dS/db = S s. Sums of w S and
of w S s add over rows and nodes; w S s with its mean is what the delta method needs.

Source: Royston, Lambert (2011), Flexible Parametric Survival Analysis Using Stata, 8.3; Stata's `standsurv`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.command.expression import number_text
from fedfolder.command.options import Option
from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import RowLikelihood
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions import compute
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.moments import NOBS, WEIGHT
from fedfolder.questions.question import whole
from fedfolder.questions.row_sums import row_scores
from fedfolder.questions.sample import FactorValues
from fedfolder.questions.sums import Sums, write_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.command.standardised import Pattern
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

    Array = NDArray[np.float64]

SURVIVAL = "survival"
TIME, ENTRY, FAILURE = "standsurv time", "standsurv entry", "standsurv failure"
"""What rows that are put at a time have in place of their own: no variable of the data has a blank in its name."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows put at a time.

    Parameters
    ----------
    rows : slice
        Where they stand among all.
    died : (n,) float64
        1 - S, to the last digit where it is small.
    survival : (n,) float64
        S.
    gradient : (n, P) float64
        DS/db.
    slope : (n,) float64
        The sizes of the derivatives of S by the linear predictors, added up.
    weights : (n,) float64 or None
        Those of the fit.
    """

    rows: slice
    died: Array
    survival: Array
    gradient: Array
    slope: Array
    weights: Array | None


@dataclass(frozen=True, eq=False)
class Standardised(AtBeta):
    """Sums of survival over rows, for each pattern and time of `standsurv()`, with their gradients.

    The answer is `pattern,time` with `survival` and a column a parameter; the scalars are `nobs` and `weight`.
    """

    kind: ClassVar[str] = "standardised survival"
    asks: ClassVar[str] = (
        "number of rows and the sum of their weights; at the last beta, the average survival of all patients, and its "
        "gradient"
    )
    answer_name: ClassVar[str] = "standardised.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("pattern", "time")
    wanted: ClassVar[str] = "average survival at the last beta"

    @property
    def columns(self) -> tuple[str, ...]:
        """Survival, then a column a parameter."""
        return (SURVIVAL, *(f"{equation}:{term}" for equation, term in self.parameters.labels))

    @functools.cached_property
    def places(self) -> tuple[tuple[Pattern, float], ...]:
        """Each pattern at each time, in the order of the answer's rows."""
        asked = self.specification.command.standsurv
        return () if asked is None else tuple(itertools.product(asked.patterns, asked.times))

    @functools.cached_property
    def put(self) -> Standardised:
        """The same question of rows that are put at a time: their times and failures are under names of their own."""
        return dataclasses.replace(self, specification=_put(self.specification))

    def declaration(self) -> dict[str, Any]:
        """What is computed, at which times, and what is put in place of variables."""
        patterns = {pattern.name: str(pattern) for pattern, _ in self.places}
        times = dict.fromkeys(write_number(time) for _, time in self.places)
        return {**super().declaration(), "patterns": patterns, "times": list(times)}

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`."""
        sample = self.included(sample)
        with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
            found = [self._sums(sample, pattern, time) for pattern, time in self.places]
        rows: dict[Labels, Values] = dict(zip(self._labels, found, strict=True))
        scalars = {NOBS: float(sample.nobs), WEIGHT: self.specification.weight_of(sample)}
        return Sums(scalars, self.answer_keys, self.columns, rows)

    def _sums(self, sample: Sample, pattern: Pattern, time: float) -> Values:
        """The sum of w S, and those of w dS/db."""
        survival, gradient = 0.0, np.zeros(self.parameters.count)
        for block in self.blocks(sample, pattern, time):
            weights = np.ones(len(block.survival)) if block.weights is None else block.weights
            survival += float((weights * block.survival).sum())
            gradient += block.gradient.T @ weights
        return (survival, *map(float, gradient))

    @property
    def _labels(self) -> list[Labels]:
        return [(pattern.name, write_number(time)) for pattern, time in self.places]

    def blocks(self, sample: Sample, pattern: Pattern, time: float) -> Iterator[Block]:
        """The rows of `sample`, which is what is `included`, some at a time, at `time` and with a pattern's values."""
        put, likelihood = self.put, self.specification.likelihood
        if not isinstance(likelihood, RowLikelihood):
            raise TypeError(likelihood)
        for place, part in sample.blocks():
            for block in compute.blocks(put, likelihood, as_if(part, put.specification, pattern, time)):
                rows = slice(place.start + block.rows.start, place.start + block.rows.stop)
                yield _block(put, rows, block)

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and averages between zero and one."""
        if list(answer.rows) != self._labels or answer.columns != self.columns:
            raise TamperedAnswerError("this answer has other times or parameters than were asked for", where=where)
        if set(answer.scalars) != {NOBS, WEIGHT}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars[NOBS], NOBS, where=where)
        if not possible(answer, answer):
            raise TamperedAnswerError("the average survival in this answer is none", where=where, expected="0 to 1")

    def averages(self, sums: Sums) -> tuple[Array, Array]:
        """Average survival (K, T) of each pattern at each time, and its gradient (K, T, P)."""
        asked = self.specification.command.standsurv
        shape = (0, 0) if asked is None else (len(asked.patterns), len(asked.times))
        table = np.array(list(sums.rows.values())).reshape(*shape, 1 + self.parameters.count) / sums.scalars[WEIGHT]
        return table[..., 0], table[..., 1:]


def possible(part: Sums, whole_of_it: Sums) -> bool:
    """Whether there are rows with the sums of `part`, whose numbers are as exact as those of `whole_of_it`."""
    slack = ROUNDING * whole_of_it.scalars[WEIGHT]
    sums = [values[0] for values in part.rows.values()]
    return all(-slack <= total <= part.scalars[WEIGHT] + slack for total in sums)


def _block(put: Standardised, rows: slice, block: compute.Block) -> Block:
    loglike, score, _ = block.derivatives
    survival = np.exp(loglike)
    # Nobody is left at all where S vanishes: infinite derivatives of H are none of S.
    left = survival > 0
    unweighted = dataclasses.replace(block, weights=None)
    gradient = np.where(left[:, np.newaxis], survival[:, np.newaxis] * row_scores(put.parameters, unweighted), 0.0)
    slope = np.where(left, survival * np.abs(score).sum(axis=0), 0.0)
    return Block(rows, -np.expm1(loglike), survival, gradient, slope, block.weights)


# -- rows at a time, and with other values -----------------------------------------------------------------------------


def _put(specification: Specification) -> Specification:
    """The same model of rows whose time, entry and failure have names of their own.

    A variable may be an entry and a term, such as age at the beginning: the term keeps its values.
    """
    command, splines = specification.command, specification.splines
    named = {"time": TIME, "entry": ENTRY, "failure": FAILURE}
    options = tuple(Option(o.name, named[o.name]) if o.name in named else o for o in command.options)
    command = dataclasses.replace(command, depvar=FAILURE, options=options)
    if splines is not None:
        splines = dataclasses.replace(splines, time=TIME, entry=ENTRY if splines.entry else "")
    return dataclasses.replace(specification, command=command, splines=splines)


def as_if(sample: Sample, put: Specification, pattern: Pattern, time: float) -> Sample:
    """The rows at risk from zero to `time`, without a failure, with a pattern's values in place of their own."""
    numeric, factors, n = dict(sample.numeric), dict(sample.factors), sample.nobs
    numeric |= {TIME: np.full(n, time), ENTRY: np.zeros(n), FAILURE: np.zeros(n)}
    for name, value in pattern.values:
        if name in factors:
            level = value if isinstance(value, str) else number_text(value)
            levels = factors[name].levels
            levels = levels if level in levels else (*levels, level)
            factors[name] = FactorValues(np.full(n, levels.index(level)), levels)
        if name in numeric and not isinstance(value, str):
            numeric[name] = np.full(n, value)
    return dataclasses.replace(sample, numeric=numeric, factors=factors, splines=put.splines)
