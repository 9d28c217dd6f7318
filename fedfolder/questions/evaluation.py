"""The question of a round: log-likelihood, gradient and Hessian at beta, as Stata's `ml model d2` asks for them.

The answer is in protocol units (see `design`), and so is beta: what a node computes with is what the file says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.at_beta import CANDIDATE, AtBeta
from fedfolder.questions.compute import contribution, settled
from fedfolder.questions.moments import WEIGHT
from fedfolder.questions.question import whole
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.questions.compute import Contribution
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

LOGLIKE = f"loglike {CANDIDATE}"
OUTSIDE = f"outside {CANDIDATE}"
"""1 from a node at which the likelihood of some row is not defined at this beta; all else is then zero."""


@dataclass(frozen=True, eq=False)
class Evaluation(AtBeta):
    """Log-likelihood and its derivatives at `beta`.

    The answer is `candidate,equation,term,gradient` and a column of the Hessian for each parameter (`xb:age`); scalars
    are `nobs`, `loglike b1`, those of the model's further sums (`pearson b1`), `weight` (the sum of the weights, where
    there are any), and `outside b1` where beta is outside of what the likelihood is defined for.
    """

    kind: ClassVar[str] = "derivatives"
    asks: ClassVar[str] = "number of rows; log-likelihood, gradient and Hessian at the beta that is sent"
    answer_name: ClassVar[str] = "derivatives.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("candidate", "equation", "term")

    is_loglike: ClassVar[bool] = True
    """Whether what a node answers is the log-likelihood of its own rows."""

    @property
    def betas(self) -> int:
        """One."""
        return 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values."""
        return ("gradient", *(f"{equation}:{term}" for equation, term in self.parameters.labels))

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`."""
        return self._answer(contribution(self, sample), sample)

    def answer(self, found: Contribution, sample: Sample) -> Sums:
        """The answer from the sums over the rows of `sample`, whoever has made them."""
        return self._answer(settled(found), sample)

    def _answer(self, found: Contribution, sample: Sample) -> Sums:
        nobs = self.included(sample).nobs
        rows: dict[Labels, Values] = {
            (CANDIDATE, *label): (float(found.score[j]), *map(float, found.hessian[j]))
            for j, label in enumerate(self.parameters.labels)
        }
        scalars = {"nobs": float(nobs), LOGLIKE: found.loglike}
        scalars |= {f"{name} {CANDIDATE}": value for name, value in found.further.items()}
        if not found.defined:
            scalars[OUTSIDE] = 1.0
        if self.specification.weighted:
            scalars[WEIGHT] = self.specification.weight_of(self.included(sample))
        return Sums(scalars, self.answer_keys, self.columns, rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and a Hessian that is symmetric and, of a concave likelihood, downward.

        Each term of the diagonal is a square times a second derivative, so its sign survives any rounding.
        """
        likelihood = self.specification.likelihood
        labels = [(CANDIDATE, *label) for label in self.parameters.labels]
        if list(answer.rows) != labels or answer.columns != self.columns:
            raise TamperedAnswerError("this answer has other parameters than were asked for", where=where)
        scalars = {"nobs", LOGLIKE, *(f"{name} {CANDIDATE}" for name in likelihood.also)}
        scalars |= {WEIGHT} if self.specification.weighted else set()
        if set(answer.scalars) - {OUTSIDE} != scalars:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        whole(answer.scalars.get(OUTSIDE, 0.0), OUTSIDE, where=where)
        hessian = self.derivatives(answer).hessian
        if not np.array_equal(hessian, hessian.T):
            raise TamperedAnswerError("the Hessian of this answer is not symmetric", where=where)
        if answer.scalars[LOGLIKE] > likelihood.highest:
            raise TamperedAnswerError("the log-likelihood of this answer is higher than any can be", where=where)
        if likelihood.concave:
            _require_downward(hessian, where)

    def derivatives(self, sums: Sums) -> Derivatives:
        """The sums as arrays; the log-likelihood is NaN where a node says that it is not defined."""
        p = self.parameters.count
        table = np.array(list(sums.rows.values())).reshape(p, p + 1)
        return Derivatives(
            nobs=int(sums.scalars["nobs"]),
            loglike=math.nan if sums.scalars.get(OUTSIDE) else sums.scalars[LOGLIKE],
            score=table[:, 0],
            hessian=table[:, 1:],
            weight=sums.scalars.get(WEIGHT, math.nan),
            further={name: sums.scalars[f"{name} {CANDIDATE}"] for name in self.specification.likelihood.also},
        )


def _require_downward(hessian: NDArray[np.float64], where: str) -> None:
    """Refuse a Hessian (p, p) that no concave log-likelihood has; its diagonal can be held to the sign itself."""
    curvatures = np.linalg.eigvalsh(hessian) if hessian.size else np.zeros(1)
    if (np.diagonal(hessian) > 0).any() or curvatures[-1] > ROUNDING * np.abs(curvatures).max():
        raise TamperedAnswerError(
            "the Hessian of this answer has the wrong sign",
            where=where,
            found="a direction in which the log-likelihood curves upward",
            expected="the second derivatives of the log-likelihood, not of its negative",
        )
