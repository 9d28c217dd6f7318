"""The question of a round where nodes have a common baseline hazard: sums over those at risk at each failure time.

What adds up over nodes is not the log partial likelihood of each, but the sums over risk sets that it is made of. So an
answer has a row for each time, and whoever has the sums of all nodes makes log-likelihood, score and Hessian of them:
`derivatives` is the one place that does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood.base import ROUNDING
from fedfolder.likelihood.partial import Cases
from fedfolder.questions import compute
from fedfolder.questions.at_beta import CANDIDATE
from fedfolder.questions.at_risk import at_risk, risk_likelihood
from fedfolder.questions.evaluation import LOGLIKE, OUTSIDE, Evaluation
from fedfolder.questions.moments import WEIGHT
from fedfolder.questions.question import whole
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.likelihood.partial import At
    from fedfolder.questions.event_times import Baseline
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

    Array = NDArray[np.float64]

RISK, TIED, FAILED = "risk", "tied", "failures"
VANISHING = 1e-13
"""A share of a column's second moments over risk sets that its information reaches by rounding alone."""


@dataclass(frozen=True, slots=True, eq=False)
class RiskDerivatives(Derivatives):
    """Derivatives, with the sums over risk sets that they were made of and the question that these answer."""

    asked: RiskSums | None = None
    sums: Sums | None = None


@dataclass(frozen=True, eq=False)
class RiskSums(Evaluation):
    """The sums of r, r z and r z z' over those at risk at each failure time, r = w exp(eta).

    The answer is `candidate,stratum,time` with `risk`, `risk:z` for each term z, and `risk:y:z` for each pair. Of
    Efron's way with ties, those at risk are without the failing of the time, whose sums are `tied`. Scalars are `nobs`,
    `weight` and `outside b1` as in other evaluations, the sum of w eta over all failures (`loglike b1`), and of w z for
    each term (`failures z`).
    """

    kind: ClassVar[str] = "risk sets"
    asks: ClassVar[str] = (
        "number of rows; for each time at which anybody fails at any site, at the beta that is sent: the sum of "
        "relative hazards over those at risk, and of these times each column, and each product of two columns; the "
        "failures' sum of each column"
    )
    answer_name: ClassVar[str] = "risk-sets.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("candidate", "stratum", "time")
    wanted: ClassVar[str] = "sums over risk sets at its beta"
    is_loglike: ClassVar[bool] = False

    @property
    def baseline(self) -> Baseline:
        """The failure times."""
        found = self.specification.baseline
        if found is None:
            raise TypeError("risk sets are asked about at failure times")
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values."""
        terms = self.design.terms
        sums = ["", *(f":{term}" for term in terms)]
        sums += [f":{terms[j]}:{terms[k]}" for j, k in self._pairs]
        return tuple(f"{kind}{name}" for kind in (RISK, TIED)[: 1 + self._is_parted] for name in sums)

    @property
    def never_below_zero(self) -> tuple[str, ...]:
        """Columns of sums of what is never below zero."""
        squares = ["", *(f":{term}:{term}" for term in self.design.terms)]
        return tuple(f"{kind}{name}" for kind in (RISK, TIED)[: 1 + self._is_parted] for name in squares)

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return [(j, k) for j in range(len(self.design.terms)) for k in range(j + 1)]

    @property
    def _is_parted(self) -> bool:
        """Whether the failing of a time stand apart."""
        return risk_likelihood(self.specification).parted

    # -- at a node -------------------------------------------------------------------------------------------------

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`."""
        rows = at_risk(self, sample)
        with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
            at = rows.at(self.beta)
            values = self._values(at)
            failing = rows.weights * rows.sets_fail
            scalars = {LOGLIKE: float((failing * at.eta).sum())}
            scalars |= {
                f"{FAILED} {term}": float(z) for term, z in zip(self.design.terms, failing @ rows.z, strict=True)
            }
        outside = not (np.isfinite(values).all() and all(map(math.isfinite, scalars.values())))
        if outside:
            values, scalars = np.zeros_like(values), {**dict.fromkeys(scalars, 0.0), OUTSIDE: 1.0}
        table: dict[Labels, Values] = {
            (CANDIDATE, *label): tuple(row)
            for label, row in zip(self.baseline.labels, values.tolist(), strict=True)
            if any(row)
        }
        scalars = {"nobs": float(sample.nobs), **scalars}
        if self.specification.weighted:
            scalars[WEIGHT] = self.specification.weight_of(sample)
        return Sums(scalars, self.answer_keys, self.columns, table)

    def _values(self, at: At) -> Array:
        """The table (T, columns)."""
        others, failing = self._sums(at)
        return np.hstack([others, failing]) if self._is_parted else others + failing

    def _sums(self, at: At) -> tuple[Array, Array]:
        """Sums over the others at risk and over the failing of each time, (T, 1 + p + p (p + 1) / 2) each."""
        others, failing = zip(*(at.sets.sums(at.r * z) for z in self._products(at.z)), strict=True)
        return np.stack(others, axis=1), np.stack(failing, axis=1)

    def _products(self, z: Array) -> Iterator[Array]:
        yield np.ones(len(z))
        yield from z.T
        for j, k in self._pairs:
            yield z[:, j] * z[:, k]

    # -- the sums --------------------------------------------------------------------------------------------------

    def check(self, answer: Sums, *, where: str) -> None:
        """Times, columns and scalars as asked, and moments that some rows can have."""
        known = {(CANDIDATE, *label) for label in self.baseline.labels}
        if answer.columns != self.columns or not set(answer.rows) <= known:
            raise TamperedAnswerError("this answer has other columns or times than were asked for", where=where)
        scalars = {"nobs", LOGLIKE, *(f"{FAILED} {term}" for term in self.design.terms)}
        scalars |= {WEIGHT} if self.specification.weighted else set()
        if set(answer.scalars) - {OUTSIDE} != scalars:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        whole(answer.scalars.get(OUTSIDE, 0.0), OUTSIDE, where=where)
        for part in self.moments(answer):
            squares = np.diagonal(part.second, axis1=1, axis2=2)
            if (part.size < 0).any() or (squares < 0).any():
                raise TamperedAnswerError("a sum over a risk set of what is never below zero is", where=where)
            with np.errstate(over="ignore"):  # relative hazards of a step that is too long may be very large
                impossible = np.square(part.total) > part.size[:, None] * squares * (1 + ROUNDING)
            if impossible.any():
                raise TamperedAnswerError("no rows at risk have these sums and these sums of squares", where=where)

    def moments(self, sums: Sums) -> list[Moments]:
        """The sums of those at risk, and of the failing where they stand apart, at the times of the baseline."""
        p, nothing = len(self.design.terms), (0.0,) * len(sums.columns)
        table = np.array([sums.rows.get((CANDIDATE, *label), nothing) for label in self.baseline.labels])
        table = table.reshape(len(self.baseline.times), len(self.columns))
        width, found = 1 + p + p * (p + 1) // 2, []
        for part in (table[:, at : at + width] for at in range(0, table.shape[1], width)):
            second = np.zeros((len(table), p, p))
            for place, (j, k) in enumerate(self._pairs):
                second[:, j, k] = second[:, k, j] = part[:, 1 + p + place]
            found.append(Moments(part[:, 0], part[:, 1 : 1 + p], second))
        return found

    def cases(self) -> Cases:
        """What the failures of all nodes are compared with."""
        baseline = self.baseline
        return risk_likelihood(self.specification).cases(np.array(baseline.number), np.array(baseline.weight))

    def derivatives(self, sums: Sums) -> Derivatives:
        """Log-likelihood, score and Hessian of all nodes' rows, from the sums of all; see `likelihood.partial`."""
        p, cases = len(self.design.terms), self.cases()
        score = np.array([sums.scalars[f"{FAILED} {term}"] for term in self.design.terms])
        hessian, loglike, most = np.zeros((p, p)), sums.scalars[LOGLIKE], np.zeros(p)
        with np.errstate(all="ignore"):
            for whole_set, weight in self.risk_sets(sums, cases):
                mean = whole_set.total / whole_set.size[:, None]
                loglike -= float((weight * np.log(whole_set.size)).sum())
                score = score - weight @ mean
                second = np.tensordot(weight / whole_set.size, whole_set.second, axes=1)
                most += np.diagonal(second)
                hessian -= second - (mean * weight[:, None]).T @ mean
        none = -np.diagonal(hessian) <= VANISHING * most
        hessian[none, :] = hessian[:, none] = 0.0
        lower = np.tril(hessian)
        return RiskDerivatives(
            nobs=int(sums.scalars["nobs"]),
            loglike=math.nan if sums.scalars.get(OUTSIDE) else loglike,
            score=score,
            hessian=lower + np.tril(hessian, -1).T,
            weight=sums.scalars.get(WEIGHT, math.nan),
            asked=self,
            sums=sums,
        )

    def risk_sets(self, sums: Sums, cases: Cases) -> Iterator[tuple[Moments, Array]]:
        """The moments of the risk sets of some cases at a time, with the weights of these."""
        (time, share, weight), (everyone, *tied) = cases, self.moments(sums)
        for some in _some(len(time)):
            at = everyone.at(time[some])
            yield at.with_share(tied[0].at(time[some]), share[some]) if tied else at, weight[some]

    def at_risk(self, sums: Sums) -> Array:
        """The sum of relative hazards over all that are at risk at each time, its failing among them, (T,)."""
        everyone, *tied = self.moments(sums)
        return everyone.size + tied[0].size if tied else everyone.size

    def by_time(self, sums: Sums, g: Array) -> tuple[Array, Array]:
        """What the score takes off, (p,), and the information (p, p), with each failure time counted g (T,) times."""
        p, (time, share, weight) = len(self.design.terms), self.cases()
        expected, information = np.zeros(p), np.zeros((p, p))
        for whole_set, m in self.risk_sets(sums, Cases(time, share, weight * g[time])):
            mean = whole_set.total / whole_set.size[:, None]
            expected += m @ mean
            information += np.tensordot(m / whole_set.size, whole_set.second, axes=1) - (mean * m[:, None]).T @ mean
        return expected, information


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over T sets of rows of r, r z and r z z': `(T,)`, `(T, p)` and `(T, p, p)`."""

    size: Array
    total: Array
    second: Array

    def at(self, places: NDArray[np.intp]) -> Moments:
        """Those of the sets at `places` (Q,)."""
        return Moments(self.size[places], self.total[places], self.second[places])

    def with_share(self, other: Moments, share: Array) -> Moments:
        """The sums with a share (Q,) of each of other sets."""
        return Moments(
            self.size + share * other.size,
            self.total + share[:, None] * other.total,
            self.second + share[:, None, None] * other.second,
        )


AT_ONCE = 4096
"""Cases that are added up at a time; they fix the order of summation."""


def _some(number: int) -> Iterator[slice]:
    return (slice(at, at + AT_ONCE) for at in range(0, number, AT_ONCE))


def evaluation(
    specification: Specification, design: object, beta: Array, tolerance: Array, excluded: tuple[object, ...] = ()
) -> Evaluation:
    """The question after the derivatives at `beta`, of the kind that the model takes."""
    kind = Evaluation if specification.baseline is None else RiskSums
    return kind(specification, design, beta, tolerance, excluded)  # type: ignore[arg-type]
