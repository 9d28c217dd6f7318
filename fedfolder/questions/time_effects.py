"""The question of a test of proportional hazards: how the model's score changes when coefficients may change with time.

Beside each column x stands x g(t), with a coefficient of zero: g is the time, its logarithm, or another function of it
(see `time_scales`). The score by these coefficients and the information that comes with it are sums over failures, and
so over strata and sites. Where nodes have a common baseline hazard, the information and the means of the score follow
from sums over risk sets that have been published; what is left to ask for is the sum over those who fail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.questions import compute
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.at_risk import at_risk
from fedfolder.questions.question import whole
from fedfolder.questions.strata import strata
from fedfolder.questions.sums import Sums
from fedfolder.questions.time_scales import KM, LOG, RANK, TIME, by_stratum, of_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.questions.risk_sums import RiskDerivatives
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.strata import Stratum
    from fedfolder.questions.sums import Labels, Values

    Array = NDArray[np.float64]

SCORE, CROSSED, OWN = "score", "crossed", "own"
_OF: Final = {
    TIME: "the time of a failure, or its logarithm",
    LOG: "the time of a failure, or its logarithm",
    RANK: "the rank of the time of a failure among those of its stratum here",
    KM: "the share that has failed before, by Kaplan-Meier's estimate of its stratum here",
}
"""What columns are multiplied by, in words for a custodian."""


@dataclass(frozen=True, eq=False)
class TimeEffects(AtBeta):
    """The score by the coefficients of x g(t), and the information between these and the model's, and among them.

    The answer is `equation,term` with `score`, `crossed:z` and `own:z` for each term z; the scalar is `nobs`.

    Parameters
    ----------
    transform : {"time", "log", "rank", "km"}
        What g is.
    centre : float
        A time at which g of the first two is taken to be zero, which changes nothing but rounding.
    """

    transform: str = LOG
    centre: float = 1.0

    kind: ClassVar[str] = "time effects"
    asks: ClassVar[str] = (
        "number of rows; at the last beta, the gradient by coefficients of each column times the time of a failure, or "
        "its logarithm, and the Hessian that goes with it"
    )
    answer_name: ClassVar[str] = "time-effects.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("equation", "term")
    wanted: ClassVar[str] = "time effects at the last beta"

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values."""
        terms = self.design.terms
        return (SCORE, *(f"{kind}:{term}" for kind in (CROSSED, OWN) for term in terms))

    def declaration(self) -> dict[str, Any]:
        """What is computed, and what g is."""
        return {**super().declaration(), "of": self.transform}

    def compute(self, sample: Sample) -> Sums:
        """Sums over the failures of `sample`."""
        p, sample = self.parameters.count, self.included(sample)
        score, crossed, own = np.zeros(p), np.zeros((p, p)), np.zeros((p, p))
        with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
            for stratum in strata(self, sample):
                of_all = self.of_failures(stratum)
                for places, at in stratum.at(self.beta):
                    once, twice = at.by_time(of_all[places]), at.by_time(np.square(of_all[places]))
                    score, crossed, own = score + once.score, crossed - once.hessian, own - twice.hessian
        crossed, own = (np.tril(matrix) + np.tril(matrix, -1).T for matrix in (crossed, own))
        rows: dict[Labels, Values] = {
            label: (float(score[j]), *map(float, crossed[j]), *map(float, own[j]))
            for j, label in enumerate(self.parameters.labels)
        }
        return Sums({"nobs": float(sample.nobs)}, self.answer_keys, self.columns, rows)

    def of_failures(self, stratum: Stratum) -> Array:
        """G at the failure times (T,)."""
        sets = stratum.sets
        if self.transform in {TIME, LOG}:
            return of_times(self.transform, sets.times, self.centre)
        others, failing = sets.sums(stratum.weights)
        return by_stratum(self.transform, sets.times, sets.strata, failing, others + failing)

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and matrices that are symmetric."""
        if list(answer.rows) != list(self.parameters.labels) or answer.columns != self.columns:
            raise TamperedAnswerError("this answer has other parameters than were asked for", where=where)
        if set(answer.scalars) != {"nobs"}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        if len(self.columns) > 1 and not all(np.array_equal(m, m.T) for m in self.parts(answer)[1:]):
            raise TamperedAnswerError("the information in this answer is not symmetric", where=where)

    def parts(self, sums: Sums) -> tuple[Array, Array, Array]:
        """The score (P,), and both matrices (P, P)."""
        p = self.parameters.count
        table = np.array(list(sums.rows.values())).reshape(p, 1 + 2 * p)
        return table[:, 0], table[:, 1 : 1 + p], table[:, 1 + p :]

    @classmethod
    def in_words(cls, transform: str) -> str:
        """What leaves, for a custodian."""
        return cls.asks.replace(_OF[TIME], _OF[transform])


@dataclass(frozen=True, eq=False)
class RiskTimeEffects(TimeEffects):
    """The same where nodes have a common baseline hazard: the sum of w g(t) z over those who fail.

    The answer is `equation,term` with `score`; the scalar is `nobs`.

    Parameters
    ----------
    found : RiskDerivatives
        The sums over risk sets of all nodes at this beta.
    g : (T,) float64
        What g is at each failure time of the baseline.
    """

    found: RiskDerivatives | None = None
    g: Array | None = None

    kind: ClassVar[str] = "time effects of failures"
    asks: ClassVar[str] = (
        "number of rows; the failures' sum of each column times the time of a failure, its logarithm, its rank, or the "
        "share that has failed before"
    )
    answer_name: ClassVar[str] = "time-effects.csv"
    wanted: ClassVar[str] = "the failures' sums of columns times a function of time"

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values."""
        return (SCORE,)

    def compute(self, sample: Sample) -> Sums:
        """Sums over the failures of `sample`."""
        (_, g), rows = self._known(), at_risk(self, sample)
        failing = rows.sets.failing
        places = failing.numbers[failing.of_each()]
        with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
            score = (rows.weights[failing.rows] * g[places]) @ rows.z[failing.rows]
        table: dict[Labels, Values] = {
            label: (float(s),) for label, s in zip(self.parameters.labels, score, strict=True)
        }
        return Sums({"nobs": float(sample.nobs)}, self.answer_keys, self.columns, table)

    def parts(self, sums: Sums) -> tuple[Array, Array, Array]:
        """The score (P,), and both matrices (P, P), with what follows from the sums over risk sets."""
        (found, g), failed = self._known(), np.array([score for (score,) in sums.rows.values()])
        if found.asked is None or found.sums is None:
            raise TypeError("a test of proportional hazards is due to published sums")
        expected, crossed = found.asked.by_time(found.sums, g)
        _, own = found.asked.by_time(found.sums, np.square(g))
        return failed - expected, crossed, own

    def _known(self) -> tuple[RiskDerivatives, Array]:
        if self.found is None or self.g is None:
            raise TypeError("a test of proportional hazards is due to published sums")
        return self.found, self.g

    @classmethod
    def in_words(cls, transform: str) -> str:
        """What leaves, for a custodian."""
        del transform
        return cls.asks


def score_test(score: Array, crossed: Array, own: Array, information: Array) -> tuple[float, Array]:
    """Chi-squared of all columns together, and of each alone (P,), by the efficient score at coefficients of zero.

    NaN where there is no information about a change with time.

    Source: Grambsch and Therneau (1994), Proportional hazards tests and diagnostics based on weighted residuals,
    Biometrika 81; with the information itself, as R's `cox.zph` has it since survival 3.
    """
    left = own - crossed @ np.linalg.solve(information, crossed)
    with np.errstate(all="ignore"):
        each = np.square(score) / np.diagonal(left)
    try:
        together = float(score @ np.linalg.solve(left, score))
    except np.linalg.LinAlgError:
        together = math.nan
    return together, np.where(np.diagonal(left) > 0, each, math.nan)
