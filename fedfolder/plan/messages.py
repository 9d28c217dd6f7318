"""How questions and sums stand in messages: the JSON body and the payload files by label. Both ends use this module.

A request carries the proposal (in round 1), the question, and the published sums of the round before. A closing
carries the last sums and how the fit ended. A reply carries one node's sums, and what the node states that it was
asked. What nodes stated travels with the published sums; custody reads it.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.plan.fit import Step, expected
from fedfolder.questions.moments import NOBS
from fedfolder.questions.question import Question
from fedfolder.questions.sums import from_parts, to_parts
from fedfolder.questions.together import Together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fedfolder.estimates import FitResult
    from fedfolder.plan.fit import AnyProgram
    from fedfolder.questions.sums import Sums

SUMS = "sums.csv"
PROPOSAL, QUESTION, PUBLISHED, SCALARS, STATUS, MESSAGE, WITHOUT = (
    "proposal",
    "question",
    "published",
    "scalars",
    "status",
    "message",
    "without",
)
STATEMENT, STATEMENTS = "statement", "statements"
LIKELIHOOD = "likelihood"
OWN = "this node's answer"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")
"""What a function of Mata can be called."""

Past: TypeAlias = "Callable[[Question], Step]"
Hold: TypeAlias = "Callable[[int, Question, Sums], None]"
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


def request(
    question: Question,
    published: Sums | None,
    proposal: Mapping[str, Any] | None,
    statements: Mapping[str, Any] | None = None,
) -> Content:
    """What a request says."""
    body: Body = {QUESTION: question.declaration()}
    files = question.payloads()
    if proposal is not None:
        body[PROPOSAL] = dict(proposal)
    return _with_sums(body, files, published, statements)


def closing(
    published: Sums | None,
    status: str,
    message: str = "",
    without: Sequence[str] = (),
    statements: Mapping[str, Any] | None = None,
) -> Content:
    """What a closing says: the last sums, how the fit ended, and which nodes the next attempt goes on without."""
    body: Body = {STATUS: status, MESSAGE: message}
    if without:
        body[WITHOUT] = list(without)
    return _with_sums(body, {}, published, statements)


def _with_sums(body: Body, files: Files, published: Sums | None, statements: Mapping[str, Any] | None) -> Content:
    if published is not None:
        scalars, table = to_parts(published)
        body[PUBLISHED] = {SCALARS: scalars}
        if statements:
            body[STATEMENTS] = dict(statements)
        files = {**files, SUMS: table}
    return Content(body, files)


def reply(question: Question, sums: Sums, own_likelihood: str = "") -> Content:
    """What a reply says.

    Parameters
    ----------
    own_likelihood : str
        The name of the likelihood that the node has put in the place of the model's; mostly empty.
    """
    scalars, table = to_parts(sums)
    own = {LIKELIHOOD: own_likelihood} if own_likelihood else {}
    return Content({SCALARS: scalars, **own}, {question.answer_name: table})


def own_likelihood(content: Content, *, where: str) -> str:
    """The likelihood that a reply says it was computed with in the place of the model's; mostly empty.

    Raises
    ------
    TamperedAnswerError
        If it is no name.
    """
    name = content.body.get(LIKELIHOOD, "")
    if name != "" and not (isinstance(name, str) and NAME.fullmatch(name)):
        raise TamperedAnswerError("the likelihood that this answer names is no name", where=where)
    return str(name)


def read_reply(question: Question, content: Content, *, where: str) -> Sums:
    """The sums of a reply.

    Raises
    ------
    TamperedAnswerError, RefusedError
        If they cannot be an answer to `question`.
    """
    table = content.files.get(question.answer_name)
    if table is None:
        raise TamperedAnswerError(f"the answer lacks {question.answer_name}", where=where)
    scalars = content.body.get(SCALARS)
    if not isinstance(scalars, dict):
        raise TamperedAnswerError(f"the answer lacks its {SCALARS}", where=where)
    return question.read_answer(scalars, table, where=where)


def own_opening(question: Question, content: Content) -> Sums | None:
    """The answer to a first question in a reply, alone or with what travelled with it; None if it is to something else.

    Raises
    ------
    TamperedAnswerError
        If they cannot be an answer to `question`.
    """
    if question.answer_name in content.files:
        return read_reply(question, content, where=OWN)
    table, scalars = content.files.get(Together.answer_name), content.body.get(SCALARS)
    if table is None or not isinstance(scalars, dict):
        return None
    # Only its first part is looked at, and of other questions that is not about columns.
    whole = from_parts(scalars, table, Together.answer_keys, where=OWN)
    (moments,) = Together((question,)).parts(whole)
    if NOBS not in moments.scalars or moments.columns != question.columns:
        return None
    question.check(moments, where=OWN)
    return moments


def comes_to(program: AnyProgram, requests: Sequence[Content], hold: Hold | None = None) -> Question:
    """The question that the last of a fit's `requests` asks, when the plan leads to it.

    The plan is driven with what was asked and published before.

    Parameters
    ----------
    hold : callable, optional
        Told of each round that is over, before the plan goes on: its number from 1, the question and the sums.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        If a question is not the one that the plan leads to, if the plan is at its end, or if sums cannot be sums of
        answers.
    """
    reached = expected(program, history(requests, hold))
    if not isinstance(reached, Question):
        raise RefusedError("the plan is at its end: there is nothing left to ask")
    return asked(reached, requests[-1])


def ends_with(program: AnyProgram, contents: Sequence[Content]) -> FitResult | None:
    """The result that follows from a fit's requests and its closing; None if it was closed before its end.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        As for `comes_to`.
    """
    if SUMS not in contents[-1].files:
        return None
    reached = expected(program, history(contents))
    return None if isinstance(reached, Question) else reached


def history(
    contents: Sequence[Content], hold: Hold | None = None, *, since: int = 1, first: Question | None = None
) -> list[Past]:
    """The rounds that are over: what was asked, and the sums that the message after it published. For `expected`.

    Parameters
    ----------
    since : int
        The first of them that is wanted, from 1.
    first : Question, optional
        What was asked in that one, where it was looked at before.
    """

    def past(number: int, content: Content, after: Content) -> Past:
        def step(question: Question) -> Step:
            known = first if number == since else None
            found = Step(known or asked(question, content), published(question, after))
            if hold is not None:
                hold(number, found.asked, found.sums)
            return found

        return step

    return [past(number, *pair) for number, pair in enumerate(itertools.pairwise(contents[since - 1 :]), start=since)]


def asked(question: Question, content: Content) -> Question:
    """The question as a request asks it, when `question` is the one that the plan comes to.

    Raises
    ------
    RefusedError, BetaError
        If it asks something else.
    """
    return question.as_asked(content.part(QUESTION), {n: f for n, f in content.files.items() if n != SUMS})


def published(question: Question, content: Content) -> Sums:
    """The sums of the answers to `question`, which the message after it carries.

    Raises
    ------
    RefusedError, TamperedAnswerError
        If it carries none, or they cannot be sums of answers.
    """
    table = content.files.get(SUMS)
    if table is None:
        raise RefusedError("this message lacks the published sums of the round before", expected=SUMS)
    scalars = content.part(PUBLISHED).get(SCALARS)
    if not isinstance(scalars, dict):
        raise RefusedError("the published sums have no scalars", expected=SCALARS)
    return question.read_answer(scalars, table, where="the published sums")
