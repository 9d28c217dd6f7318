"""Asking every node one question of which each answer counts for itself: a check, a preflight."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import TamperedAnswerError, WaitingError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan import messages
from fedfolder.plan.messages import PROPOSAL
from fedfolder.server.asking import Asking
from fedfolder.server.place import Place
from fedfolder.server.progress import Silent
from fedfolder.server.run import reached
from fedfolder.server.words import refusal_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.plan.check import Check
    from fedfolder.plan.preflight import Preflight
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Idle
    from fedfolder.server.progress import Progress
    from fedfolder.server.study import Study

    Single = Check | Preflight

CHECKED = "checked"
"""How it ends when every node has answered, or refused."""
NO_ANSWER = "no answer yet"


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of it.

    Parameters
    ----------
    fit : int
        Its number in the study.
    of : mapping of str to Sums or str
        Each node's answer, or why there is none.
    """

    fit: int
    of: dict[str, Sums | str]


def ask_each(
    study: Study,
    propose: Callable[[tuple[tuple[str, str], ...]], Single],
    *,
    name: str,
    timeout: float | None,
    progress: Progress | None,
    idle: Idle | None,
) -> Answers:
    """Put to every node of `study` what `propose` makes of the roster.

    What was broken off is gone on with; what has ended is asked anew, for data are mended in between.

    Parameters
    ----------
    name : str
        What it is called, for the progress.
    timeout : float, optional
        Seconds to wait for the nodes, 0 for ever; what study.toml says by default.

    Raises
    ------
    FedfolderError
        For an exchange out of reach, and so on.
    """
    progress = progress or Silent()
    with contextlib.ExitStack() as stack:
        journal, channels = reached(study, stack, progress, timeout=timeout, idle=idle)
        channels.open()
        proposal = propose(tuple((node, (journal.key(node) or b"").hex()) for node in channels.boxes))
        place = _find(journal, proposal)
        if not place.is_new:
            progress.note(f"Going on with {name} {place.fit}.")
        asking = Each(place, proposal, channels, journal, progress)
        return Answers(place.fit, asking.answers(proposal))


def _find(journal: Journal, proposal: Single) -> Place:
    """What to go on with, or a new place."""
    firsts = {(header.fit, header.attempt): header for header in journal.first_rounds()}
    for fit, attempt in firsts:
        same = firsts[fit, attempt].body[PROPOSAL] == proposal.to_dict()
        if same and not _has_ended(journal, proposal, fit):
            return Place(fit, attempt, is_new=False)
    return Place(max((fit for fit, _ in firsts), default=0) + 1, 1)


def _has_ended(journal: Journal, proposal: Single, fit: int) -> bool:
    return any(
        message.header.kind == "closing" for node in proposal.nodes for message in journal.of_fit(fit, OUT, peer=node)
    )


class Each(Asking):
    """One question being put to the nodes."""

    def answers(self, proposal: Single) -> dict[str, Sums | str]:
        """What the nodes say, or why they do not; they are told of the end when all have answered."""
        try:
            self.settle()
            self._put(1, proposal.question, None, until_refused=False)
        except WaitingError as over:
            self._progress.note(str(over))
            return self._read(proposal)
        found = self._read(proposal)
        self.close(None, CHECKED)
        return found

    def _read(self, proposal: Single) -> dict[str, Sums | str]:
        replies = self._journal.of_round(*self._where(1), IN)
        return {node: _answer(proposal, node, replies.get(node)) for node in proposal.nodes}


def _answer(proposal: Single, node: str, message: Message | None) -> Sums | str:
    if message is None:
        return NO_ANSWER
    if message.header.kind == "refusal":
        return f"refused: {refusal_in_words(message.header.body)}"
    try:
        return messages.read_reply(proposal.question, messages.content(message), where=f"{node}: {message.name}")
    except TamperedAnswerError as error:
        # What one node says wrongly does not keep the others from being heard.
        return f"no answer that a node can give: {error.what}"
