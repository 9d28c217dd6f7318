"""Evaluations as rounds: one beta, or several that travel together."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import BetaError, TamperedAnswerError
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.question import Question
from fedfolder.questions.scores import Scores
from fedfolder.questions.sums import Sums
from fedfolder.questions.together import Together, answered
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from numpy.typing import NDArray

Found = tuple[Evaluation, Derivatives]
"""An evaluation as it was asked, and what was found there."""
Evaluations = Generator[Question, tuple[Question, Sums], Found]


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """The sum M (P, P) of s s' over rows or clusters, and how many there are."""

    matrix: NDArray[np.float64]
    number: float


def evaluate(question: Evaluation, nobs: int | None) -> Evaluations:
    """Ask for derivatives, and hold the number of rows against that of the round before, if it is known."""
    (found,) = yield from evaluate_all((question,), nobs)
    return found


def evaluate_all(
    questions: tuple[Evaluation, ...], nobs: int | None
) -> Generator[Question, tuple[Question, Sums], list[Found]]:
    """Ask for derivatives at several betas in one round; see `evaluate`."""
    asked, sums = yield in_one_round(questions)
    found = []
    for part, answer in answered(asked, sums):
        if not isinstance(part, Evaluation):
            raise TypeError("sent another kind of question than was yielded")
        found.append(_held((part, part.derivatives(answer)), nobs))
    return found


def _held(found: Found, nobs: int | None) -> Found:
    require_rows(found[1].nobs, nobs)
    return found


def require_rows(found: float, nobs: int | None) -> None:
    """Hold the rows of a round against those of the rounds before, if their number is known.

    Raises
    ------
    TamperedAnswerError
        If they are others.
    """
    if nobs is not None and found != nobs:
        raise TamperedAnswerError(
            "the number of rows changed within the fit",
            found=str(found),
            expected=str(nobs),
            do="see which node's data changed, then start the fit again with --again",
        )


def in_one_round(questions: tuple[Evaluation, ...]) -> Question:
    """One question of several evaluations: those of one model are candidates, another model's stands before them."""
    first, *others = questions
    if not others:
        return first
    if first.specification is others[0].specification:
        return Candidates(questions)
    return Together((first, in_one_round(tuple(others))))


def evaluate_with(
    question: Evaluation, scores: Scores, nobs: int | None
) -> Generator[Question, tuple[Question, Sums], tuple[Found, Products]]:
    """Ask for derivatives and for the products of scores at the same beta, in one round."""
    asked, sums = yield Together((question, scores))
    if not isinstance(asked, Together):
        raise TypeError("sent another kind of question than was yielded")
    evaluation, also = asked.questions
    derivatives, products = asked.parts(sums)
    if not isinstance(evaluation, Evaluation) or not isinstance(also, Scores):
        raise TypeError("sent another kind of question than was yielded")
    if not np.array_equal(evaluation.beta, also.beta):
        raise BetaError("the derivatives and the scores of a round are asked for at two betas", expected="one beta")
    return _held((evaluation, evaluation.derivatives(derivatives)), nobs), products_of(also, products)


def products_of(asked: Scores, sums: Sums) -> Products:
    """The products of scores from the sums."""
    return Products(asked.products(sums), asked.number(sums))
