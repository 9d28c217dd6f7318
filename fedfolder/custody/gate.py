"""The gate: a node answers only what its own copy of the plan leads to.

The node drives the plan with what the server has published. What comes out is the next question, beta included, and
only that is answered. The published sums themselves are believed: whoever lies about them can steer the beta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.errors import RefusedError
from fedfolder.exchange import strict_json
from fedfolder.plan.check import program_of, read_proposal
from fedfolder.plan.messages import PROPOSAL, comes_to, content, ends_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Message
    from fedfolder.plan.check import AnyProposal
    from fedfolder.questions.question import Question


def proposal_of(requests: Sequence[Message]) -> AnyProposal:
    """The proposal of a fit or of a check, which its first request carries.

    Raises
    ------
    RefusedError
        If there is none, or it cannot be read here.
    """
    if not requests or requests[0].header.round != 1:
        raise RefusedError("this fit has no first request", expected="round 1 with its proposal")
    return read_proposal(content(requests[0]).part(PROPOSAL))


def digests(proposal: AnyProposal, asked: Question | None = None) -> dict[str, str]:
    """What a request's header says of the fit: digests of the proposal, of its roster, and of the protocol constants.

    Parameters
    ----------
    asked : Question, optional
        The question; one that depends on no constants has an empty digest of them.
    """
    units = asked.units() if asked is not None else None
    return {
        "proposal": strict_json.digest(proposal.to_dict()),
        "roster": strict_json.digest([list(entry) for entry in proposal.roster]),
        "protocol": strict_json.digest(units) if units is not None else "",
    }


def question(proposal: AnyProposal, requests: Sequence[Message]) -> Question:
    """The question that the last of `requests` asks, if the plan leads to it.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        If it is not; also if the constants of the protocol come out differently here.
    """
    if [message.header.round for message in requests] != list(range(1, len(requests) + 1)):
        raise RefusedError("the rounds of this fit do not follow each other", expected="1, 2, 3, …")
    reached = comes_to(program_of(proposal), [content(message) for message in requests])
    header = requests[-1].header
    for name, ours in digests(proposal, reached).items():
        if getattr(header, name) != ours:
            raise RefusedError(
                f"the {name} of this request is not what comes out here",
                found=str(getattr(header, name))[:16],
                expected=ours[:16],
                do="compare `fedfolder --version` at both ends",
            )
    return reached


def result(proposal: AnyProposal, messages: Sequence[Message]) -> FitResult | None:
    """The result that follows from what was published, when the last message closes a fit that came to its end.

    A check comes to no result: what it finds is for the server's side alone.

    Raises
    ------
    RefusedError, BetaError, TamperedAnswerError
        If what was published is not what the plan leads to.
    """
    return ends_with(program_of(proposal), [content(message) for message in messages])
