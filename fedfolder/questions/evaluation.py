"""The question of a round: log-likelihood, gradient and Hessian at beta, as Stata's `ml model d2` asks for them.

The answer is in protocol units (see `design`), and so is beta: what a node computes with is what the file says.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.errors import BetaError, RefusedError, TamperedAnswerError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums, read_table, write_table
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.design import Design
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

BETA = "beta.csv"
EQUATION = "xb"
CANDIDATE = "b1"


@dataclass(frozen=True, eq=False)
class Evaluation(Question):
    """Log-likelihood and its derivatives at `beta`.

    `beta.csv` is `equation,term,b1`; the answer `candidate,equation,term,gradient` and a column of the Hessian for each
    parameter (`xb:age`); scalars are `nobs` and `loglike b1`.

    Parameters
    ----------
    model, outcome : str
        The likelihood and its outcome.
    design : Design
        The columns and the protocol constants.
    beta : (p,) float64
        In protocol units.
    tolerance : (p,) float64
        How far a beta that is asked may lie from this one, parameter by parameter.
    """

    model: str
    outcome: str
    design: Design
    beta: NDArray[np.float64]
    tolerance: NDArray[np.float64]

    kind: ClassVar[str] = "derivatives"
    asks: ClassVar[str] = "number of rows; log-likelihood, gradient and Hessian at the beta that is sent"
    answer_name: ClassVar[str] = "derivatives.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("candidate", "equation", "term")

    def declaration(self) -> dict[str, Any]:
        """What is computed, and of which parameters."""
        return {
            "kind": self.kind,
            "model": self.model,
            "outcome": self.outcome,
            "candidates": 1,
            "terms": list(self.design.terms),
            "units": "protocol",
        }

    def payloads(self) -> dict[str, bytes]:
        """`beta.csv`."""
        rows: dict[Labels, Values] = {
            (EQUATION, term): (float(b),) for term, b in zip(self.design.terms, self.beta, strict=True)
        }
        return {BETA: write_table(("equation", "term"), (CANDIDATE,), rows)}

    def units(self) -> dict[str, Any]:
        """The design's constants."""
        return self.design.declaration()

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Evaluation:
        """The same at the server's beta, which must be the plan's to within `tolerance`."""
        if declaration != self.declaration() or set(payloads) != {BETA}:
            raise RefusedError("the question is not the one that the plan comes to", expected="derivatives at its beta")
        beta = read_beta(payloads[BETA], self.design.terms)
        if not np.all(np.abs(beta - self.beta) <= self.tolerance):
            raise BetaError(
                "this beta is not the one that the plan leads to from the published sums",
                expected="the next Newton step",
                do="ask whoever runs the server: nothing was computed",
            )
        return Evaluation(self.model, self.outcome, self.design, beta, self.tolerance)

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`."""
        found = evaluate(sample, self.model, self.outcome, self.design, self.beta)
        rows: dict[Labels, Values] = {
            (CANDIDATE, EQUATION, term): (float(found.score[j]), *map(float, found.hessian[j]))
            for j, term in enumerate(self.design.terms)
        }
        scalars = {"nobs": float(found.nobs), f"loglike {CANDIDATE}": found.loglike}
        return Sums(scalars, self.answer_keys, self._columns(), rows)

    def _columns(self) -> tuple[str, ...]:
        return ("gradient", *(f"{EQUATION}:{term}" for term in self.design.terms))

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and a Hessian that is symmetric and, of a concave likelihood, downward.

        Each term of the diagonal is a square times a second derivative, so its sign survives any rounding.
        """
        labels = [(CANDIDATE, EQUATION, term) for term in self.design.terms]
        if list(answer.rows) != labels or answer.columns != self._columns():
            raise TamperedAnswerError("this answer has other parameters than were asked for", where=where)
        if set(answer.scalars) != {"nobs", f"loglike {CANDIDATE}"}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        hessian = self.derivatives(answer).hessian
        if not np.array_equal(hessian, hessian.T):
            raise TamperedAnswerError("the Hessian of this answer is not symmetric", where=where)
        if answer.scalars[f"loglike {CANDIDATE}"] > LIKELIHOODS[self.model].highest:
            raise TamperedAnswerError("the log-likelihood of this answer is higher than any can be", where=where)
        if LIKELIHOODS[self.model].concave:
            _require_downward(hessian, where)

    def derivatives(self, sums: Sums) -> Derivatives:
        """The sums as arrays."""
        table = np.array(list(sums.rows.values())).reshape(len(self.design.terms), -1)
        return Derivatives(
            nobs=int(sums.scalars["nobs"]),
            loglike=sums.scalars[f"loglike {CANDIDATE}"],
            score=table[:, 0] if table.size else np.zeros(0),
            hessian=table[:, 1:] if table.size else np.zeros((0, 0)),
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


def read_beta(content: bytes, terms: tuple[str, ...]) -> NDArray[np.float64]:
    """The beta of `beta.csv`.

    Raises
    ------
    BetaError
        If it is not finite, lacks terms, has too many, or has others.
    """
    try:
        columns, rows = read_table(content, ("equation", "term"), where=BETA)
    except TamperedAnswerError as error:
        raise BetaError(f"the beta cannot be read: {error.what}", where=error.where, found=error.found) from None
    labels = [(EQUATION, term) for term in terms]
    if columns != (CANDIDATE,) or list(rows) != labels:
        raise BetaError(
            "the beta has other terms than the model",
            where=BETA,
            found=", ".join(term for _, term in rows)[:200],
            expected=", ".join(terms),
        )
    return np.array([rows[label][0] for label in labels])


@functools.cache
def _one_thread() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def evaluate(sample: Sample, model: str, outcome: str, design: Design, beta: NDArray[np.float64]) -> Derivatives:
    """Log-likelihood, score Z's and Hessian Z' diag(h) Z at eta = Z beta, over the rows of `sample`.

    Blocks are summed in their order, each with one thread of BLAS, so the same rows give the same bits whatever else
    the machine does.
    """
    likelihood = LIKELIHOODS[model]
    y = likelihood.outcome(sample.outcome(outcome))
    loglike, score, hessian = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    with _one_thread().limit(limits=1, user_api="blas"):
        for rows, z in design.blocks(sample):
            found = likelihood.derivatives(y[rows], z @ beta)
            loglike += float(found.loglike.sum())
            score += z.T @ found.score
            hessian += z.T @ (z * found.hessian[:, None])
    lower = np.tril(hessian)
    return Derivatives(sample.nobs, loglike, score, lower + np.tril(hessian, -1).T)
