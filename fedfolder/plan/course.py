"""A program that is driven on from one message to the next, and not from its beginning each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fedfolder.errors import RefusedError
from fedfolder.plan.messages import SUMS, asked, history
from fedfolder.questions.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedfolder.estimates import FitResult
    from fedfolder.plan.fit import AnyProgram
    from fedfolder.plan.messages import Content, Hold


class _Place(NamedTuple):
    """A program, the messages that it was driven through, and the question that it has come to.

    With that question as the last of these messages asks it, once that was looked at.
    """

    program: AnyProgram
    through: tuple[str, ...]
    reached: Question
    asked: Question | None = None


class Course:
    """Where a program has come to, by the messages that led there.

    It comes to what `messages.comes_to` and `messages.ends_with` come to. Messages that do not begin with those that
    were followed before are followed from the first, by a new program; so does what follows an error.
    """

    def __init__(self) -> None:
        self._at: _Place | None = None

    def comes_to(
        self,
        begin: Callable[[], AnyProgram],
        digests: Sequence[str],
        requests: Sequence[Content],
        hold: Hold | None = None,
    ) -> Question:
        """The question that the last of a fit's `requests` asks, when the plan leads to it.

        Parameters
        ----------
        begin : callable
            Makes the program, which follows from the first request.
        digests : sequence of str
            What tells each request from all others.
        hold : callable, optional
            Told of each round that is over and was not followed before; see `messages.comes_to`.

        Raises
        ------
        RefusedError, BetaError, TamperedAnswerError
            As `messages.comes_to`.
        """
        reached = self.follow(begin, digests, requests, hold)
        if not isinstance(reached, Question) or self._at is None:
            raise RefusedError("the plan is at its end: there is nothing left to ask")
        as_asked = self._at.asked or asked(reached, requests[-1])
        self._at = self._at._replace(asked=as_asked)
        return as_asked

    def ends_with(
        self, begin: Callable[[], AnyProgram], digests: Sequence[str], contents: Sequence[Content]
    ) -> FitResult | None:
        """The result that follows from a fit's requests and its closing; as `messages.ends_with`."""
        if SUMS not in contents[-1].files:
            return None
        reached = self.follow(begin, digests, contents)
        # What a closing publishes is held against nothing here: should anything follow it, all is followed anew.
        self._at = None
        return None if isinstance(reached, Question) else reached

    def follow(
        self,
        begin: Callable[[], AnyProgram],
        digests: Sequence[str],
        contents: Sequence[Content],
        hold: Hold | None = None,
    ) -> Question | FitResult | None:
        """The question that the plan comes to after what was published, or its result.

        Raises
        ------
        RefusedError, BetaError, TamperedAnswerError
            If what was asked and published is not what the plan leads to.
        """
        # Whatever ends this early, the next message is followed from the beginning.
        at, self._at = self._at, None
        try:
            if at is None or at.through != tuple(digests[: len(at.through)]):
                program = begin()
                at = _Place(program, tuple(digests[:1]), next(program))
            for past in history(contents, hold, since=len(at.through), first=at.asked):
                step = past(at.reached)
                at = at._replace(reached=at.program.send((step.asked, step.sums)), asked=None)
        except StopIteration as end:
            result: FitResult | None = end.value
            return result
        self._at = at._replace(through=tuple(digests))
        return at.reached
