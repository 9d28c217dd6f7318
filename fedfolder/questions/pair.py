"""Two evaluations in one round: the model's, and beside it that of the constant alone, which costs no trip of its own.

The second candidate, `b2`, has slopes of zero. Its answer stands below the first one's in the same table, with zeros in
the Hessian's columns of the slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fedfolder.errors import BetaError, RefusedError, TamperedAnswerError
from fedfolder.questions.at_beta import BETA, CANDIDATE
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import WEIGHT
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.questions.sample import Sample

SECOND = "b2"
NULL_BETA = "constant-beta.csv"
SHARED = ("nobs", WEIGHT)
"""Scalars that are the same at both."""


@dataclass(frozen=True, eq=False)
class Pair(Question):
    """The evaluation of a model, and that of its constant and ancillary parameters alone."""

    model: Evaluation
    constant: Evaluation

    kind: ClassVar[str] = Evaluation.kind
    betas: ClassVar[int] = 2
    asks: ClassVar[str] = Evaluation.asks
    answer_name: ClassVar[str] = Evaluation.answer_name
    answer_keys: ClassVar[tuple[str, ...]] = Evaluation.answer_keys

    def declaration(self) -> dict[str, Any]:
        """The model's, with two candidates."""
        return {**self.model.declaration(), "candidates": 2, SECOND: "the constant alone"}

    def payloads(self) -> dict[str, bytes]:
        """A file of parameters for each."""
        return {**self.model.payloads(), NULL_BETA: self.constant.payloads()[BETA]}

    def units(self) -> dict[str, Any]:
        """The model's constants."""
        return self.model.units()

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Pair:
        """The same at the server's betas."""
        if declaration != self.declaration():
            raise RefusedError("the question is not the one that the plan comes to", expected=self.model.wanted)
        if set(payloads) != {BETA, NULL_BETA}:
            raise BetaError("this question has other files than it should", expected=f"{BETA}, {NULL_BETA}")
        return Pair(
            self.model.as_asked(self.model.declaration(), {BETA: payloads[BETA]}),
            self.constant.as_asked(self.constant.declaration(), {BETA: payloads[NULL_BETA]}),
        )

    def compute(self, sample: Sample) -> Sums:
        """Both answers in one table."""
        return self.together(self.model.compute(sample), self.constant.compute(sample))

    def together(self, model: Sums, constant: Sums) -> Sums:
        """The answers to the two questions in one table."""
        rows = dict(model.rows)
        for (_, *label), row in constant.rows.items():
            cells = dict(zip(constant.columns, row, strict=True))
            rows[(SECOND, *label)] = tuple(cells.get(column, 0.0) for column in model.columns)
        scalars = {_second(name): value for name, value in constant.scalars.items() if name not in SHARED}
        return Sums({**model.scalars, **scalars}, self.answer_keys, model.columns, rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Each part as its own question."""
        model, constant = self.parts(answer)
        if len(model.rows) + len(constant.rows) != len(answer.rows):
            raise TamperedAnswerError("this answer has other candidates than were asked for", where=where)
        self.model.check(model, where=where)
        self.constant.check(constant, where=f"{where}: {SECOND}")

    def parts(self, answer: Sums) -> tuple[Sums, Sums]:
        """The answer, or a sum of answers, as those to the two questions."""
        model = {label: row for label, row in answer.rows.items() if label[0] == CANDIDATE}
        wanted = ("gradient", *(f"{equation}:{term}" for equation, term in self.constant.parameters.labels))
        constant = {
            (CANDIDATE, *label[1:]): tuple(dict(zip(answer.columns, row, strict=False)).get(c, 0.0) for c in wanted)
            for label, row in answer.rows.items()
            if label[0] == SECOND
        }
        mine = {name: value for name, value in answer.scalars.items() if not name.endswith(f" {SECOND}")}
        others = {
            f"{name.removesuffix(SECOND)}{CANDIDATE}": value
            for name, value in answer.scalars.items()
            if name.endswith(f" {SECOND}")
        }
        others |= {name: answer.scalars[name] for name in SHARED if name in answer.scalars}
        return Sums(mine, answer.keys, answer.columns, model), Sums(others, answer.keys, wanted, constant)


def _second(name: str) -> str:
    return f"{name.removesuffix(CANDIDATE)}{SECOND}"
