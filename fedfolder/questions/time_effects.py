"""The question of a test of proportional hazards: how the model's score changes when coefficients may change with time.

Beside each column x stands x g(t), with a coefficient of zero: g is the time or its logarithm. The score by these
coefficients and the information that comes with it are sums over failures, and so over strata and sites.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.questions import compute
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.question import whole
from fedfolder.questions.strata import strata
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

    Array = NDArray[np.float64]

TIME, LOG = "time", "log"
SCORE, CROSSED, OWN = "score", "crossed", "own"


@dataclass(frozen=True, eq=False)
class TimeEffects(AtBeta):
    """The score by the coefficients of x g(t), and the information between these and the model's, and among them.

    The answer is `equation,term` with `score`, `crossed:z` and `own:z` for each term z; the scalar is `nobs`.

    Parameters
    ----------
    transform : {"time", "log"}
        What g is.
    centre : float
        A time at which g is taken to be zero, which changes nothing but rounding.
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
                at, g = stratum.at(self.beta), self._of(stratum.sets.times)
                once = at.by_time(g)
                score, crossed = score + once.score, crossed - once.hessian
                own = own - at.by_time(np.square(g)).hessian
        crossed, own = (np.tril(matrix) + np.tril(matrix, -1).T for matrix in (crossed, own))
        rows: dict[Labels, Values] = {
            label: (float(score[j]), *map(float, crossed[j]), *map(float, own[j]))
            for j, label in enumerate(self.parameters.labels)
        }
        return Sums({"nobs": float(sample.nobs)}, self.answer_keys, self.columns, rows)

    def _of(self, times: Array) -> Array:
        """G at the failure times (T,)."""
        return np.log(times / self.centre) if self.transform == LOG else times - self.centre

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and matrices that are symmetric."""
        if list(answer.rows) != list(self.parameters.labels) or answer.columns != self.columns:
            raise TamperedAnswerError("this answer has other parameters than were asked for", where=where)
        if set(answer.scalars) != {"nobs"}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        if not all(np.array_equal(matrix, matrix.T) for matrix in self.parts(answer)[1:]):
            raise TamperedAnswerError("the information in this answer is not symmetric", where=where)

    def parts(self, sums: Sums) -> tuple[Array, Array, Array]:
        """The score (P,), and both matrices (P, P)."""
        p = self.parameters.count
        table = np.array(list(sums.rows.values())).reshape(p, 1 + 2 * p)
        return table[:, 0], table[:, 1 : 1 + p], table[:, 1 + p :]


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
