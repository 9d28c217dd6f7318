"""Questions of several kinds in one round, where a trip costs more than an answer.

Each part stays what it is: a node checks, computes and remembers it as if it came alone. Its files are called after its
number (`2-beta.csv`), and so are its rows and scalars in the one table of the answer, which has zeros where another
part has a column.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fedfolder.questions.sums import Labels, Values


@dataclass(frozen=True, eq=False)
class Together(Question):
    """Two questions or more. The answer is `question,label…` with the columns of all of them."""

    questions: tuple[Question, ...]

    kind: ClassVar[str] = "together"
    asks: ClassVar[str] = "what each of several questions asks"
    answer_name: ClassVar[str] = "answers.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("question", "label1", "label2", "label3")

    @property
    def betas(self) -> int:
        """Those of all."""
        return sum(question.betas for question in self.questions)

    def declaration(self) -> dict[str, Any]:
        """Those of all, in order."""
        return {"kind": self.kind, "questions": [question.declaration() for question in self.questions]}

    def payloads(self) -> dict[str, bytes]:
        """The files of all."""
        return {
            f"{number}-{name}": content
            for number, question in enumerate(self.questions, start=1)
            for name, content in question.payloads().items()
        }

    def units(self) -> dict[str, Any] | None:
        """The constants of the last part that depends on any: parts that do are of one design."""
        found = [units for question in self.questions if (units := question.units()) is not None]
        return found[-1] if found else None

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Together:
        """Each part as it was asked."""
        said = declaration.get("questions")
        same = declaration.get("kind") == self.kind and isinstance(said, list) and len(said) == len(self.questions)
        if not same or set(declaration) != {"kind", "questions"} or set(payloads) != set(self.payloads()):
            raise RefusedError("the question is not the one that the plan comes to", expected=self.kind)
        return Together(
            tuple(
                question.as_asked(part, _starting(f"{number}-", payloads))
                for number, (question, part) in enumerate(zip(self.questions, said or [], strict=True), start=1)
            )
        )

    def compute(self, sample: Any) -> Sums:  # noqa: ANN401 - see `Question.compute`
        """All answers in one table."""
        return self.together([question.compute(sample) for question in self.questions])

    def each(self, change: Callable[[Question], Question]) -> Together:
        """The same with every part changed."""
        return dataclasses.replace(self, questions=tuple(map(change, self.questions)))

    def together(self, answers: list[Sums]) -> Sums:
        """The answers to the parts, in their order, in one table."""
        columns = tuple(dict.fromkeys(column for answer in answers for column in answer.columns))
        rows: dict[Labels, Values] = {}
        scalars: dict[str, float] = {}
        for number, answer in enumerate(answers, start=1):
            for labels, row in answer.rows.items():
                cells = dict(zip(answer.columns, row, strict=True))
                blank = ("",) * (len(self.answer_keys) - 1 - len(labels))
                rows[(str(number), *labels, *blank)] = tuple(cells.get(column, 0.0) for column in columns)
            scalars |= {f"{number} {name}": value for name, value in answer.scalars.items()}
        return Sums(scalars, self.answer_keys, columns, rows)

    def parts(self, answer: Sums) -> tuple[Sums, ...]:
        """The answer, or a sum of answers, as those to the parts."""
        return tuple(self._part(str(number), question, answer) for number, question in enumerate(self.questions, 1))

    def _part(self, number: str, question: Question, answer: Sums) -> Sums:
        places = [place for place, column in enumerate(answer.columns) if column in question.columns]
        width = len(question.answer_keys)
        return Sums(
            _starting(f"{number} ", answer.scalars),
            question.answer_keys,
            tuple(answer.columns[place] for place in places),
            {
                labels[1 : 1 + width]: tuple(row[place] for place in places)
                for labels, row in answer.rows.items()
                if labels[0] == number and not any(labels[1 + width :])
            },
        )

    def check(self, answer: Sums, *, where: str) -> None:
        """Each part as its own question, and nothing beside them."""
        parts = self.parts(answer)
        wanted = {column for question in self.questions for column in question.columns}
        rows, scalars = sum(len(part.rows) for part in parts), sum(len(part.scalars) for part in parts)
        if (rows, scalars) != (len(answer.rows), len(answer.scalars)) or set(answer.columns) != wanted:
            raise TamperedAnswerError("this answer has other parts than were asked for", where=where)
        for question, part in zip(self.questions, parts, strict=True):
            question.check(part, where=f"{where}: {question.kind}")


Value = TypeVar("Value")


def _starting(prefix: str, named: Mapping[str, Value]) -> dict[str, Value]:
    """What is named so, without the start of its name."""
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}


def single(question: Question) -> Iterator[Question]:
    """Every question that travels in `question`; itself, if it travels alone."""
    match question:
        case Together():
            for part in question.questions:
                yield from single(part)
        case Candidates():
            yield from question.evaluations
        case _:
            yield question


def answered(question: Question, answer: Sums) -> Iterator[tuple[Question, Sums]]:
    """Every question that travels in `question`, with what `answer` says to it."""
    match question:
        case Together():
            for part, said in zip(question.questions, question.parts(answer), strict=True):
                yield from answered(part, said)
        case Candidates():
            yield from zip(question.evaluations, question.parts(answer), strict=True)
        case _:
            yield question, answer


def part_of(question: Question, kind: type[Question], answer: Sums) -> Sums | None:
    """What `answer` says to the first question of a kind that travels in `question`."""
    return next((said for part, said in answered(question, answer) if isinstance(part, kind)), None)
