"""One request, answered: read, checked, computed. What is done with the answer is the loop's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fedfolder.about import SOFTWARE
from fedfolder.custody import gate
from fedfolder.errors import (
    BetaError,
    DataChangedError,
    DataFileError,
    RefusedError,
    TamperedAnswerError,
    UnknownNameError,
    VariableError,
    close_names,
)
from fedfolder.node.data import read_held, read_sample
from fedfolder.plan.check import Check
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
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Identity
    from fedfolder.node.reading import Reading
    from fedfolder.questions.sample import Sample

Attempt = tuple[int, int, str]
"""Fit, attempt, and the digest of the proposal."""

REFUSALS: tuple[type[FedfolderError], ...] = (
    UnknownNameError,
    VariableError,
    DataFileError,
    DataChangedError,
    RefusedError,
    BetaError,
    TamperedAnswerError,
)
"""Errors that a node answers with; all others stop it."""


@dataclass(slots=True)
class Answerer:
    """Answers the requests of one node.

    The sample of the last fit is kept, so that the data file is read once a fit. Whoever reads it again, after a
    restart, must find the rows that were answered for before.
    """

    me: Identity
    policy: Policy
    data: Path
    journal: Journal
    reading: Reading
    _kept: tuple[Attempt, Sample, str] | None = field(default=None, init=False)

    def answer(self, requests: Sequence[Message]) -> Content:
        """The answer to the last of a fit's `requests`.

        Raises
        ------
        FedfolderError
            One of `REFUSALS`, if it is not answered.
        """
        proposal = gate.proposal_of(requests)
        self._require_invited(proposal.roster)
        if isinstance(proposal, Check):
            return self._checked(proposal, requests)
        self.policy.check(proposal.command)
        question = gate.question(proposal, requests)
        return reply(question, question.compute(self._sample(requests[-1], proposal.command)))

    def _checked(self, proposal: Check, requests: Sequence[Message]) -> Content:
        """The answer to a check. Variables that are not released are not looked at; that is no reason to refuse."""
        self._kept = None
        question = gate.question(proposal, requests)
        names = proposal.dictionary.names
        held = read_held(self.data, names, self.reading, released=self.policy.variables)
        return reply(question, question.compute(held))

    def commit(self) -> None:
        """Note which rows were answered for, together with the answer."""
        if self._kept is not None:
            attempt, _, digest = self._kept
            self.journal.note(_rows_of(attempt), digest)

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
        attempt = (header.fit, header.attempt, header.proposal)
        if self._kept is None or self._kept[0] != attempt:
            self._kept = None
            sample = read_sample(self.data, command, self.reading)
            self._kept = (attempt, sample, self._same_rows(attempt, sample.digest()))
        return self._kept[1]

    def _same_rows(self, attempt: Attempt, digest: str) -> str:
        """The digest of the rows, which must be that of the rows that were answered for before."""
        if self.journal.fact(_rows_of(attempt)) not in {None, digest}:
            raise DataChangedError(
                "the data have changed since an earlier round of this fit",
                where=str(self.data),
                do="put the file back as it was, or let the server's side run the command again as a new attempt",
            )
        return digest


def _rows_of(attempt: Attempt) -> str:
    return f"rows of fit {attempt[0]}, attempt {attempt[1]}"


def refusal(error: FedfolderError, command: Command | None, released: Sequence[str]) -> Content:
    """What a refusal says: a code, the names in the command that it is about, and released names like them.

    It names the software, too: what one version asks, another may not know. Nothing else leaves: the error itself,
    which may name files of the node, stays in its log.
    """
    said = f"{error.what} {error.where}".replace(":", " ").split()
    about = [name for name in (command.variables if command else ()) if name in said]
    body: dict[str, Any] = {"code": type(error).__name__.removesuffix("Error"), "names": about, "software": SOFTWARE}
    if isinstance(error, UnknownNameError):
        body["nearest"] = [near for name in about for near in close_names(name, released)]
    return Content(body, {})
