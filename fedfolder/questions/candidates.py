"""Several evaluations in one round, which cost no trip of their own: candidates for a step, and the constant alone.

The candidates of the model are `b1`, `b2`, … in one `beta.csv`. Beside them may stand the constant alone, as the last
candidate: it has slopes of zero. All answers stand below each other in one table; that of the constant alone has zeros
in the Hessian's columns of the slopes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fedfolder.errors import BetaError, RefusedError, TamperedAnswerError
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.questions.at_beta import BETA, CANDIDATE, read_betas
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import WEIGHT
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedfolder.likelihood import Likelihood
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

NULL_BETA = "constant-beta.csv"
ALONE, BASELINE = "the constant alone", "the baseline's splines alone"
WITHOUT_RANDOM = "the model without its random intercept"
SHARED = ("nobs", WEIGHT)
"""Scalars that are the same at all candidates."""


@dataclass(frozen=True, eq=False)
class Candidates(Question):
    """Evaluations of one model at several betas, and of its constant and ancillary parameters alone.

    Parameters
    ----------
    models : tuple of Evaluation
        One at least; they differ in beta and its tolerance alone.
    constant : Evaluation or None
        Of the constant and the ancillaries, or of the model without its random intercept.
    """

    models: tuple[Evaluation, ...]
    constant: Evaluation | None = None

    kind: ClassVar[str] = Evaluation.kind
    asks: ClassVar[str] = Evaluation.asks
    answer_name: ClassVar[str] = Evaluation.answer_name
    answer_keys: ClassVar[tuple[str, ...]] = Evaluation.answer_keys

    @property
    def betas(self) -> int:
        """One a candidate."""
        return len(self.evaluations)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the model."""
        return self.models[0].columns

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """Those of the model, then that of the constant alone."""
        return self.models if self.constant is None else (*self.models, self.constant)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(f"b{number}" for number in range(1, self.betas + 1))

    def declaration(self) -> dict[str, Any]:
        """The model's, with more candidates."""
        alone = {} if self.constant is None else {self._names[-1]: self._beside}
        return {**self.models[0].declaration(), "candidates": self.betas, **alone}

    @property
    def _beside(self) -> str:
        """What the last candidate is of."""
        return beside_of(self.models[0].specification.likelihood)

    def payloads(self) -> dict[str, bytes]:
        """The candidates of the model in one file; the constant alone has other parameters, and its own."""
        names = self._names[: len(self.models)]
        columns = zip(*(model.beta.tolist() for model in self.models), strict=True)
        rows: dict[Labels, Values] = dict(zip(self.models[0].parameters.labels, columns, strict=True))
        files = {BETA: write_table(("equation", "term"), names, rows)}
        return files if self.constant is None else {**files, NULL_BETA: self.constant.payloads()[BETA]}

    def units(self) -> dict[str, Any]:
        """The model's constants."""
        return self.models[0].units()

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Candidates:
        """The same at the server's betas."""
        if declaration != self.declaration():
            raise RefusedError("the question is not the one that the plan comes to", expected=self.models[0].wanted)
        expected = [BETA] if self.constant is None else [BETA, NULL_BETA]
        if set(payloads) != set(expected):
            raise BetaError("this question has other files than it should", expected=", ".join(expected))
        names = self._names[: len(self.models)]
        betas = read_betas(payloads[BETA], self.models[0].parameters.labels, names)
        models = tuple(model.at_beta(beta) for model, beta in zip(self.models, betas, strict=True))
        constant = self.constant
        if constant is not None:
            constant = constant.as_asked(constant.declaration(), {BETA: payloads[NULL_BETA]})
        return Candidates(models, constant)

    def compute(self, sample: Sample) -> Sums:
        """All answers in one table."""
        return self.together(*(evaluation.compute(sample) for evaluation in self.evaluations))

    def each(self, change: Callable[[Evaluation], Evaluation]) -> Candidates:
        """The same of evaluations that are changed in one way."""
        constant = None if self.constant is None else change(self.constant)
        return dataclasses.replace(self, models=tuple(map(change, self.models)), constant=constant)

    def together(self, *answers: Sums) -> Sums:
        """The answers to `evaluations`, in their order, in one table."""
        columns = answers[0].columns
        rows: dict[Labels, Values] = {}
        scalars: dict[str, float] = {}
        for name, answer in zip(self._names, answers, strict=True):
            for (_, *label), row in answer.rows.items():
                cells = dict(zip(answer.columns, row, strict=True))
                rows[(name, *label)] = tuple(cells.get(column, 0.0) for column in columns)
            for scalar, value in answer.scalars.items():
                if scalar not in SHARED or name == CANDIDATE:
                    scalars[_renamed(scalar, CANDIDATE, name)] = value
        return Sums(scalars, self.answer_keys, columns, rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Each part as its own question."""
        parts = self.parts(answer)
        if sum(len(part.rows) for part in parts) != len(answer.rows):
            raise TamperedAnswerError("this answer has other candidates than were asked for", where=where)
        for name, asked, part in zip(self._names, self.evaluations, parts, strict=True):
            asked.check(part, where=where if name == CANDIDATE else f"{where}: {name}")

    def parts(self, answer: Sums) -> tuple[Sums, ...]:
        """The answer, or a sum of answers, as those to `evaluations`."""
        return tuple(map(self._part, self._names, self.evaluations, [answer] * self.betas))

    def _part(self, name: str, asked: Evaluation, answer: Sums) -> Sums:
        columns = answer.columns if asked is not self.constant else asked.columns
        rows: dict[Labels, Values] = {}
        for label, row in answer.rows.items():
            if label[0] == name:
                cells = dict(zip(answer.columns, row, strict=False))
                rows[(CANDIDATE, *label[1:])] = tuple(cells.get(column, 0.0) for column in columns)
        if name == CANDIDATE:
            # What nobody asked for stays here, where it is found out.
            others = tuple(f" {other}" for other in self._names[1:])
            mine = {scalar: value for scalar, value in answer.scalars.items() if not scalar.endswith(others or " ")}
        else:
            mine = {
                _renamed(scalar, name, CANDIDATE): value
                for scalar, value in answer.scalars.items()
                if scalar in SHARED or scalar.endswith(f" {name}")
            }
        return Sums(mine, answer.keys, columns, rows)


def beside_of(likelihood: Likelihood) -> str:
    """What travels with the evaluations of a model, in words."""
    if isinstance(likelihood, ClusterLikelihood):
        return WITHOUT_RANDOM
    return BASELINE if len(likelihood.views) > 1 else ALONE


def _renamed(scalar: str, old: str, new: str) -> str:
    return f"{scalar.removesuffix(old)}{new}" if scalar.endswith(f" {old}") else scalar
