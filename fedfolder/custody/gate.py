"""The gate: a node answers only what its own copy of the plan leads to.

The node drives the plan with what the server has published. What comes out is the next question, beta included, and
only that is answered. The published sums are held against this node's own answers (see `others`). Whoever lies about
the others' part of them can still steer the beta, which is therefore held against limits of its own (see `limits`).
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.custody.others import possible
from fedfolder.errors import RefusedError
from fedfolder.exchange import strict_json
from fedfolder.latest import latest
from fedfolder.plan.check import program_of, read_proposal
from fedfolder.plan.messages import PROPOSAL, Content, comes_to, content, ends_with, own_opening, read_reply
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Header, Message
    from fedfolder.plan.check import AnyProposal
    from fedfolder.plan.course import Course
    from fedfolder.plan.restart import Restart
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums

SUMS = "sums"
"""The kind of a message that answers with sums."""
OWN = "this node's answer"


def proposal_of(requests: Sequence[Message]) -> AnyProposal:
    """The proposal of a fit or of a check, which its first request carries.

    Raises
    ------
    RefusedError
        If there is none, if it cannot be read here, or if the header of a request names another.
    """
    if not requests or requests[0].header.round != 1:
        raise RefusedError("this fit has no first request", expected="round 1 with its proposal")
    ours, proposal = _carried(requests[0].header)
    for message in requests:
        # Decisions and budgets go by the digest in the header: it must be that of what a person reads.
        if message.header.proposal != ours:
            raise _another("proposal", message.header.proposal, ours)
    return proposal


@latest
def _carried(first: Header) -> tuple[str, AnyProposal]:
    """The digest of the proposal in a first request, and what it says: every round of a fit asks for it."""
    return _read(strict_json.canonical(Content(first.body, {}).part(PROPOSAL)))


@functools.lru_cache(maxsize=4)
def _read(said: bytes) -> tuple[str, AnyProposal]:
    """The same of a proposal in canonical JSON: that of a fit at all nodes."""
    return hashlib.sha256(said).hexdigest(), read_proposal(json.loads(said))


def _another(name: str, found: str, ours: str) -> RefusedError:
    return RefusedError(
        f"the {name} of this request is not what comes out here",
        found=found[:16],
        expected=ours[:16],
        do="compare `fedfolder --version` at both ends",
    )


def digests(proposal: AnyProposal, asked: Question | None = None) -> dict[str, str]:
    """What a request's header says of the fit: digests of the proposal, of its roster, and of the protocol constants.

    Parameters
    ----------
    asked : Question, optional
        The question; one that depends on no constants has an empty digest of them.
    """
    units = asked.units() if asked is not None else None
    return {**_of_proposal(proposal), "protocol": strict_json.digest(units) if units is not None else ""}


@latest
def _of_proposal(proposal: AnyProposal) -> dict[str, str]:
    """What is the same in every round of it."""
    return {
        "proposal": strict_json.digest(proposal.to_dict()),
        "roster": strict_json.digest([list(entry) for entry in proposal.roster]),
    }


def question(
    proposal: AnyProposal,
    requests: Sequence[Message],
    replies: Sequence[Message] | None = None,
    course: Course | None = None,
) -> Question:
    """The question that the last of `requests` asks, if the plan leads to it.

    Parameters
    ----------
    requests : sequence of Message
        Those of one attempt, from its first.
    replies : sequence of Message, optional
        What this node has answered in this fit, in any attempt: what was published since must hold it. Not looked at
        where none is given.
    course : Course, optional
        How far the plan was driven by the requests before; it goes on from there.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        If it is not; also if the constants of the protocol come out differently here.
    """
    if [message.header.round for message in requests] != list(range(1, len(requests) + 1)):
        raise RefusedError("the rounds of this fit do not follow each other", expected="1, 2, 3, …")
    hold = None
    if replies is not None and isinstance(proposal, Proposal):
        own = _Own(replies, requests[-1].header.attempt, others=len(proposal.roster) - 1)
        hold = own.hold
        if proposal.restart is not None:
            own.hold_restart(proposal.restart, Specification.of(proposal.command))
    contents = [content(message) for message in requests]
    if course is None:
        reached = comes_to(program_of(proposal), contents, hold)
    else:
        through = [message.digest for message in requests]
        reached = course.comes_to(functools.partial(program_of, proposal), through, contents, hold)
    header = requests[-1].header
    for name, ours in digests(proposal, reached).items():
        if getattr(header, name) != ours:
            raise _another(name, str(getattr(header, name)), ours)
    return reached


def _possible(asked: Question, published: Sums, mine: list[Sums], others: int) -> None:
    """Hold published sums against the last of this node's answers."""
    if not mine:
        raise RefusedError("sums were published that hold no answer of this node", expected=asked.kind)
    possible(asked, published, mine[-1], others)


@dataclass(frozen=True, slots=True)
class _Own:
    """What this node has answered in a fit, and how many other nodes take part in the attempt that goes on."""

    replies: Sequence[Message]
    attempt: int
    others: int

    def hold(self, round_: int, asked: Question, published: Sums) -> None:
        """Hold the sums of a round against this node's answer in it."""
        here = (self.attempt, round_)
        replies = [reply for reply in self._sums() if (reply.header.attempt, reply.header.round) == here]
        mine = [read_reply(asked, content(reply), where=OWN) for reply in replies]
        _possible(asked, published, mine, self.others)

    def hold_restart(self, restart: Restart, specification: Specification) -> None:
        """Hold what a proposal brings along against this node's last answer to the same question.

        It was published with all whom the restart leaves out, and with this node: it has answered.
        """
        moments = Moments(restart.placed(specification))
        for asked, sums in ((EventGroups(specification), restart.events), (moments, restart.moments)):
            if sums is not None:
                mine = [found for reply in self._sums() if (found := own_opening(asked, content(reply))) is not None]
                _possible(asked, sums, mine, self.others + len(restart.without))

    def _sums(self) -> list[Message]:
        return [reply for reply in self.replies if reply.header.kind == SUMS]


def result(proposal: AnyProposal, messages: Sequence[Message], course: Course | None = None) -> FitResult | None:
    """The result that follows from what was published, when the last message closes a fit that came to its end.

    A check comes to no result: what it finds is for the server's side alone.

    Parameters
    ----------
    course : Course, optional
        As for `question`.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        If what was published is not what the plan leads to.
    """
    contents = [content(message) for message in messages]
    if course is None:
        return ends_with(program_of(proposal), contents)
    through = [message.digest for message in messages]
    return course.ends_with(functools.partial(program_of, proposal), through, contents)
