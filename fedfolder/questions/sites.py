"""One site held against the others, and against what it said before: what no honest node can answer, and units.

A sum that is wrong at one node makes the sum of all wrong without a sign of it. The server sees the answers one by one
and looks at each before it adds them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.errors import TamperedAnswerError, VariableError
from fedfolder.likelihood import RowLikelihood
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.baseline_hazards import BaselineHazards, named_by
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import NOBS, Moments, totals_of
from fedfolder.questions.sums import add
from fedfolder.questions.together import answered
from fedfolder.solve.step import EPSILON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.at_beta import Excluded
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.derivatives import Derivatives

FEWEST = 10
"""Rows at a site, and at the others together, below which a spread says too little to compare."""
TIMES = 5.0
"""How many times larger or smaller a site's standard deviation is when its units are suspected."""
APART = 4.0
"""How many of the smaller standard deviations its mean then lies from that of the others."""
ALIKE = 3.0
"""How many times the factor between the means may be that between the spreads; one far value moves them apart."""
_SAME = 1e-6
"""Share of the mean below which a standard deviation from raw sums may be rounding."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A variable that at one site looks as if it were in other units: what was found there, and at the others."""

    variable: str
    node: str
    found: str
    expected: str

    def __str__(self) -> str:
        """As a sentence."""
        return f"{self.variable} at {self.node} looks as if it were in other units: {self.found}, not {self.expected}"


def other_units(answers: Mapping[str, Sums]) -> Iterator[Suspicion]:
    """The sites at which a variable is on another scale than at most of the others, by the moments of each.

    A tenfold error multiplies mean and standard deviation alike. One of them alone is no sign: sites do differ, and a
    few far values make a large spread. A variable whose mean is near zero keeps its mean, and is not found out. Of two
    sites, it cannot be said which is right.

    Parameters
    ----------
    answers : mapping of str to Sums
        The moments of each node.
    """
    for label in dict.fromkeys(label for answer in answers.values() for (label,) in answer.rows):
        if Column.parse(label).factors:
            continue
        spreads = {node: spread for node in answers if (spread := _spread(answers[node], label)) is not None}
        for node, here in spreads.items():
            unlike = [other for other, there in spreads.items() if _on_another_scale(here, there)]
            there = _spread(add(answers[other] for other in unlike), label) if 2 * len(unlike) >= len(spreads) else None
            if there is not None:
                yield Suspicion(label, node, _in_words(here), _in_words(there))


def require_same_units(answers: Mapping[str, Sums]) -> None:
    """Refuse a site whose variable looks as if it were in other units.

    Raises
    ------
    VariableError
        Naming the variables and the sites.
    """
    found = list(other_units(answers))
    if found:
        raise VariableError(
            "a variable looks as if one site had it in other units",
            where="; ".join(f"{s.variable} at {s.node}" for s in found),
            found="; ".join(s.found for s in found),
            expected="; ".join(f"as at the others, {s.expected}" for s in found),
            do="ask the site; if its data are right as they are, run the same command with --units-differ",
        )


def _spread(sums: Sums, label: str) -> tuple[float, float] | None:
    """Mean and standard deviation; None where they say too little."""
    nobs = sums.scalars[NOBS]
    row = sums.rows.get((label,))
    if row is None or nobs < FEWEST:
        return None
    mean = row[0] / nobs
    variance = row[1] / nobs - mean * mean
    return (mean, math.sqrt(variance)) if variance > (_SAME * mean) ** 2 else None


def _on_another_scale(here: tuple[float, float], there: tuple[float, float]) -> bool:
    (mean, spread), (other_mean, other_spread) = here, there
    if abs(mean - other_mean) <= APART * min(spread, other_spread) or mean * other_mean <= 0:
        return False
    factors = mean / other_mean, spread / other_spread
    alike = max(factors) <= ALIKE * min(factors)
    return alike and max(factors[1], 1 / factors[1]) > TIMES


def _in_words(found: tuple[float, float]) -> str:
    return f"mean {found[0]:.4g} and standard deviation {found[1]:.4g}"


@dataclass(slots=True)
class Site:
    """What one node has said in a fit so far, and whether what it says next can be true beside it."""

    node: str
    _nobs: int | None = field(default=None, init=False)
    _last: tuple[Evaluation, Sums] | None = field(default=None, init=False)
    _excluded: tuple[Excluded, ...] = field(default=(), init=False)
    _moments: Sums | None = field(default=None, init=False)

    @property
    def nobs(self) -> int:
        """The rows that it fits with."""
        return self._nobs or 0

    def hold(self, asked: Question, answer: Sums, *, where: str, own_likelihood: bool = False) -> None:
        """Take in an answer to the question `asked`.

        Parameters
        ----------
        own_likelihood : bool
            Whether the node has another likelihood than the one that was asked about: its gradient then tells nothing
            of the number of events.

        Raises
        ------
        TamperedAnswerError
            If the number of rows has changed, or the answer contradicts the last one.
        """
        for part, said in answered(asked, answer):
            if isinstance(part, BaselineHazards) and not named_by(said) <= {self.node}:
                raise TamperedAnswerError("a baseline in this answer is under another site's name", where=where)
            if NOBS in said.scalars:
                self._hold(part, said, where, own_likelihood=own_likelihood)

    def _hold(self, asked: Question, answer: Sums, where: str, *, own_likelihood: bool) -> None:
        nobs = int(answer.scalars[NOBS])
        excluded = asked.excluded if isinstance(asked, AtBeta) else ()
        if excluded != self._excluded and self._nobs is not None and nobs <= self._nobs:
            self._excluded, self._nobs, self._last = excluded, nobs, None
        if self._nobs not in {None, nobs}:
            raise TamperedAnswerError(
                f"the number of rows at {self.node} changed within the fit",
                where=where,
                found=str(nobs),
                expected=str(self._nobs),
                do="ask the node whether its data changed, then run the same command again: it begins a new attempt",
            )
        self._nobs = nobs
        if isinstance(asked, Moments):
            self._moments = answer
        # That of the constant alone, beside the model's, is of other columns.
        if isinstance(asked, Evaluation) and (asked.design.columns or self._last is None):
            if not own_likelihood:
                self._require_events(asked, answer, where)
            if self._last is not None and _comparable(self._last[0], asked):
                self._require_concave(self._last, (asked, answer), where)
            self._last = (asked, answer)

    def _require_events(self, asked: Evaluation, answer: Sums, where: str) -> None:
        """Where all slopes are zero, the gradient by the constant says again how many events there are."""
        specification, parameters = asked.specification, asked.parameters
        likelihood, total = specification.likelihood, self._moments
        if total is None or not likelihood.binary or not isinstance(likelihood, RowLikelihood):
            return
        if specification.has_offset or asked.excluded or not asked.design.constant or asked.beta[:-1].any():
            return
        known = totals_of(specification, total)
        at = likelihood.derivatives({"y": np.array([1.0, 0.0])}, np.full((1, 2), asked.beta[-1])).score[0]
        parts = at * np.array([known.total, known.weight - known.total])
        found = float(asked.derivatives(answer).score[parameters.constants[0]])
        if abs(found - parts.sum()) > ROUNDING * np.abs(parts).sum():
            raise TamperedAnswerError(
                f"the gradient from {self.node} is not that of the outcomes that it counted",
                where=where,
                found=f"{found:.6g} by the constant",
                expected=f"{parts.sum():.6g}, from the number of events",
                do="look at how that node computes: a sign, a factor, another outcome. Nothing of it was used for an "
                "estimate",
            )

    def _require_concave(self, before: tuple[Evaluation, Sums], after: tuple[Evaluation, Sums], where: str) -> None:
        """A concave function lies below each of its tangents: l(b) <= l(a) + s(a)'(b - a), and the other way round.

        A gradient of the wrong sign, or of another likelihood, breaks one of the two wherever the log-likelihood is
        curved along the step.
        """
        first, second = before[0].derivatives(before[1]), after[0].derivatives(after[1])
        step, score = _between(before[0], after[0], second.score)
        if score is None or not (first.is_finite and second.is_finite):
            return
        rise = second.loglike - first.loglike
        ends = float(first.score @ step), float(score @ step)
        size = abs(first.loglike) + abs(second.loglike) + float(np.abs(first.score) @ np.abs(step))
        slack = ROUNDING * size + _slack(*before, first) + _slack(*after, second)
        if rise > ends[0] + slack or rise < ends[1] - slack:
            raise TamperedAnswerError(
                f"the gradient from {self.node} is not that of its log-likelihood",
                where=where,
                found=f"a change of {rise:.6g}, where the gradients at both ends leave {ends[1]:.6g} to {ends[0]:.6g}",
                expected="a log-likelihood that lies below its tangents",
                do="look at how that node computes: a sign, columns in another order, another model. Nothing of it was "
                "used for an estimate",
            )


def _slack(asked: Evaluation, _: Sums, found: Derivatives) -> float:
    """What rounding of the linear predictors, by their last bits, can do to a log-likelihood.

    Of a kernel of squares, by Cauchy and Schwarz, the sum of |score| over rows is at most the root of n times that of
    squared scores. Of others, a row's log-likelihood may be a difference of numbers of the predictor's size.
    """
    size, nobs = float(np.abs(asked.beta).max(initial=0.0)), found.nobs
    rows = math.sqrt(2 * nobs * abs(found.loglike))
    if not asked.specification.likelihood.least_squares:
        rows = max(rows, float(nobs))
    return 64 * EPSILON * size * rows


def _comparable(before: Evaluation, after: Evaluation) -> bool:
    """Whether both are of one concave likelihood over the same rows."""
    likelihood = after.specification.likelihood
    return (
        after.is_loglike
        and likelihood.concave
        and before.specification == after.specification
        and before.excluded == after.excluded
    )


def _between(
    before: Evaluation, after: Evaluation, score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """The step from one beta to the next, (p,), and the score at its end, in the units of the first of them.

    The score is None where it is not known in these units: when a column that is no longer there had a slope.
    """
    if before.design == after.design:
        return after.beta - before.beta, score
    places = before.parameters.among(tuple(before.design.terms.index(term) for term in after.design.terms))
    m = after.parameters.spread(after.design.unmixing())
    beta, ending = np.zeros_like(before.beta), np.zeros_like(before.beta)
    beta[places] = m.T @ after.beta
    ending[places] = np.linalg.solve(m, score)
    step = beta - before.beta
    gone = np.ones(len(step), dtype=bool)
    gone[places] = False
    return step, None if step[gone].any() else ending
