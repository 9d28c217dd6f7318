"""One request, answered: read, checked, computed. What is done with the answer is the loop's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fedfolder.custody import gate
from fedfolder.errors import (
    BetaError,
    DataFileError,
    RefusedError,
    TamperedAnswerError,
    UnknownNameError,
    VariableError,
    close_names,
)
from fedfolder.node.data import read_sample
from fedfolder.plan.messages import Content, reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fedfolder.command import Command
    from fedfolder.custody.policy import Policy
    from fedfolder.errors import (
        FedfolderError,
    )
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.mailbox import Identity
    from fedfolder.questions.sample import Sample

REFUSALS: tuple[type[FedfolderError], ...] = (
    UnknownNameError,
    VariableError,
    DataFileError,
    RefusedError,
    BetaError,
    TamperedAnswerError,
)
"""Errors that a node answers with; all others stop it."""


@dataclass(slots=True)
class Answerer:
    """Answers the requests of one node.

    The sample of the last fit is kept, so that the data file is read once a fit.
    """

    me: Identity
    policy: Policy
    data: Path
    _kept: tuple[tuple[int, int, str], Sample] | None = field(default=None, init=False)

    def answer(self, requests: Sequence[Message]) -> Content:
        """The answer to the last of a fit's `requests`.

        Raises
        ------
        FedfolderError
            One of `REFUSALS`, if it is not answered.
        """
        proposal = gate.proposal_of(requests)
        self._require_invited(proposal.roster)
        self.policy.check(proposal.command)
        question = gate.question(proposal, requests)
        return reply(question, question.compute(self._sample(requests[-1], proposal.command)))

    def forget(self) -> None:
        """Let go of the sample."""
        self._kept = None

    def _require_invited(self, roster: Sequence[tuple[str, str]]) -> None:
        if (self.me.name, self.me.key.hex()) not in roster:
            raise RefusedError(
                "this fit's roster does not name this node with its key",
                expected=self.me.name,
                do="ask the server's side to add this node again",
            )

    def _sample(self, request: Message, command: Command) -> Sample:
        header = request.header
        fit = (header.fit, header.attempt, header.proposal)
        if self._kept is None or self._kept[0] != fit:
            self._kept = (fit, read_sample(self.data, command))
        return self._kept[1]


def refusal(error: FedfolderError, command: Command | None, released: Sequence[str]) -> Content:
    """What a refusal says: a code, the names in the command that it is about, and released names like them.

    Nothing else leaves: the error itself, which may name files of the node, stays in its log.
    """
    said = f"{error.what} {error.where}".replace(":", " ").split()
    about = [name for name in (command.variables if command else ()) if name in said]
    body: dict[str, Any] = {"code": type(error).__name__.removesuffix("Error"), "names": about}
    if isinstance(error, UnknownNameError):
        body["nearest"] = [near for name in about for near in close_names(name, released)]
    return Content(body, {})
