"""How questions and sums stand in messages: the JSON body and the payload files by label. Both ends use this module.

A request carries the proposal (in round 1), the question, and the published sums of the round before. A closing
carries the last sums and how the fit ended. A reply carries one node's sums.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fedfolder.errors import RefusedError
from fedfolder.plan.fit import Step, expected
from fedfolder.questions.question import Question
from fedfolder.questions.sums import to_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedfolder.estimates import FitResult
    from fedfolder.plan.fit import Program
    from fedfolder.questions.sums import Sums

SUMS = "sums.csv"
PROPOSAL, QUESTION, PUBLISHED, SCALARS, STATUS, MESSAGE = (
    "proposal",
    "question",
    "published",
    "scalars",
    "status",
    "message",
)

Body = dict[str, Any]
Files = dict[str, bytes]


class _Header(Protocol):
    @property
    def body(self) -> Mapping[str, Any]: ...


class Carried(Protocol):
    """A message of the exchange, as far as the plan looks into it."""

    @property
    def header(self) -> _Header:
        """With the body."""

    @property
    def parts(self) -> Mapping[str, bytes]:
        """Payload files by label."""


@dataclass(frozen=True, slots=True)
class Content:
    """The body and the payloads, by label, of one message."""

    body: Mapping[str, Any]
    files: Mapping[str, bytes]

    def part(self, name: str) -> Mapping[str, Any]:
        """An object of the body.

        Raises
        ------
        RefusedError
            If the message has none.
        """
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise RefusedError(f"this message has no {name}", expected=f"{name} in its body")
        return value


def content(message: Carried) -> Content:
    """What a message carries, as this module reads it."""
    return Content(message.header.body, message.parts)


def request(question: Question, published: Sums | None, proposal: Mapping[str, Any] | None) -> Content:
    """What a request says."""
    body: Body = {QUESTION: question.declaration()}
    files = question.payloads()
    if proposal is not None:
        body[PROPOSAL] = dict(proposal)
    return _with_sums(body, files, published)


def closing(published: Sums | None, status: str, message: str = "") -> Content:
    """What a closing says: the last sums, and how the fit ended."""
    return _with_sums({STATUS: status, MESSAGE: message}, {}, published)


def _with_sums(body: Body, files: Files, published: Sums | None) -> Content:
    if published is not None:
        scalars, table = to_parts(published)
        body[PUBLISHED] = {SCALARS: scalars}
        files = {**files, SUMS: table}
    return Content(body, files)


def reply(question: Question, sums: Sums) -> Content:
    """What a reply says."""
    scalars, table = to_parts(sums)
    return Content({SCALARS: scalars}, {question.answer_name: table})


def read_reply(question: Question, content: Content, *, where: str) -> Sums:
    """The sums of a reply.

    Raises
    ------
    TamperedAnswerError, RefusedError
        If they cannot be an answer to `question`.
    """
    table = content.files.get(question.answer_name)
    if table is None:
        raise RefusedError(f"the answer lacks {question.answer_name}", where=where)
    return question.read_answer(content.part(SCALARS), table, where=where)


def comes_to(program: Program, contents: Sequence[Content]) -> Question | FitResult:
    """What the plan comes to when driven with what was sent and published.

    Parameters
    ----------
    contents : sequence of Content
        The fit's requests so far, and its closing if there is one.

    Returns
    -------
    Question or FitResult
        For a request, the question as it was asked; for a closing, the result.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        If a question is not the one that the plan leads to, or sums cannot be sums of its answers.
    """

    def past(content: Content, after: Content) -> Any:  # noqa: ANN401 - a function that `expected` takes
        def as_it_was(question: Question) -> Step:
            return Step(asked(question, content), _published(question, after))

        return as_it_was

    history = [past(content, after) for content, after in itertools.pairwise(contents)]
    reached = expected(program, history)
    return asked(reached, contents[-1]) if isinstance(reached, Question) and QUESTION in contents[-1].body else reached


def asked(question: Question, content: Content) -> Question:
    """The question as a request asks it, when `question` is the one that the plan comes to.

    Raises
    ------
    RefusedError, BetaError
        If it asks something else.
    """
    return question.as_asked(content.part(QUESTION), {n: f for n, f in content.files.items() if n != SUMS})


def _published(question: Question, content: Content) -> Sums:
    table = content.files.get(SUMS)
    if table is None:
        raise RefusedError("this message lacks the published sums of the round before", expected=SUMS)
    scalars = content.part(PUBLISHED).get(SCALARS)
    if not isinstance(scalars, dict):
        raise RefusedError("the published sums have no scalars", expected=SCALARS)
    return question.read_answer(scalars, table, where="the published sums")
