"""`fedfolder check`: what differs at each site from the study's dictionary, asked of every node as a fit asks."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder.errors import TamperedAnswerError, WaitingError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan import messages
from fedfolder.plan.check import Check, check
from fedfolder.plan.messages import PROPOSAL
from fedfolder.server.asking import Asking
from fedfolder.server.findings import Findings, SiteFindings
from fedfolder.server.place import Place
from fedfolder.server.progress import Silent
from fedfolder.server.results import write_findings
from fedfolder.server.run import reached
from fedfolder.server.study import RUNS, open_study
from fedfolder.server.words import refusal_in_words

if TYPE_CHECKING:
    from fedfolder.dictionary import Dictionary
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.question import Question
    from fedfolder.server.channels import Channels, Idle
    from fedfolder.server.progress import Progress

CHECKED = "checked"
"""How a check ends that every node has answered, or refused."""
NO_ANSWER = "no answer yet"


def check_study(
    study: Path | str, *, timeout: float | None = None, progress: Progress | None = None, idle: Idle | None = None
) -> Findings:
    """Ask every node of a study what differs from the dictionary, and keep the findings in the study's home.

    A check that was broken off is gone on with; one that has ended is made anew, for data are mended in between.

    Parameters
    ----------
    study : path
        The study's home.
    timeout : float, optional
        Seconds to wait for the nodes, 0 for ever; what study.toml says by default. When it is over, the findings tell
        who has not answered.

    Raises
    ------
    ConfigError
        If there is no dictionary, or it cannot be read.
    FedfolderError
        For an exchange out of reach, and so on.
    """
    opened = open_study(Path(study))
    dictionary = opened.require_dictionary()
    progress = progress or Silent()
    with contextlib.ExitStack() as stack:
        journal, channels = reached(opened, stack, progress, timeout=timeout, idle=idle)
        channels.open()
        place, proposal = _find(journal, dictionary, channels)
        if not place.is_new:
            progress.note(f"Going on with check {place.fit}.")
        asking = CheckAsking(place, proposal, channels, journal, progress)
        found = asking.findings()
        write_findings(opened.path / RUNS / f"check{place.fit}", found)
        return found


def _find(journal: Journal, dictionary: Dictionary, channels: Channels) -> tuple[Place, Check]:
    """The check to go on with, or a new one, and its proposal."""
    firsts = {(header.fit, header.attempt): header for header in journal.first_rounds()}
    proposal = Check(dictionary, tuple((node, (journal.key(node) or b"").hex()) for node in channels.boxes))
    for fit, attempt in firsts:
        same = firsts[fit, attempt].body[PROPOSAL] == proposal.to_dict()
        if same and not _has_ended(journal, proposal, fit):
            return Place(fit, attempt, is_new=False), proposal
    return Place(max((fit for fit, _ in firsts), default=0) + 1, 1), proposal


def _has_ended(journal: Journal, proposal: Check, fit: int) -> bool:
    return any(
        message.header.kind == "closing" for node in proposal.nodes for message in journal.of_fit(fit, OUT, peer=node)
    )


class CheckAsking(Asking):
    """A check being put to the nodes: one question, of which each node's answer counts for itself."""

    def findings(self) -> Findings:
        """What the nodes say, and whether they do; the nodes are told of the end when all have answered."""
        question = next(check(self._check))
        try:
            self.settle()
            self._put(1, question, None, until_refused=False)
        except WaitingError as over:
            self._progress.note(str(over))
            return self._read(question)
        found = self._read(question)
        self.close(None, CHECKED)
        return found

    @property
    def _check(self) -> Check:
        if not isinstance(self._proposal, Check):
            raise TypeError("a check is asked with a proposal of its own kind")
        return self._proposal

    def _read(self, question: Question) -> Findings:
        replies = self._journal.of_round(*self._where(1), IN)
        sites = tuple(self._site(question, node, replies.get(node)) for node in self._check.nodes)
        return Findings(self._check.dictionary, sites)

    def _site(self, question: Question, node: str, message: Message | None) -> SiteFindings:
        if message is None:
            return SiteFindings(node, state=NO_ANSWER)
        if message.header.kind == "refusal":
            return SiteFindings(node, state=f"refused: {refusal_in_words(message.header.body)}")
        try:
            sums = messages.read_reply(question, messages.content(message), where=f"{node}: {message.name}")
        except TamperedAnswerError as error:
            # What one node says wrongly does not keep the others from being heard.
            return SiteFindings(node, state=f"no answer that a node can give: {error.what}")
        return SiteFindings.of(node, sums)
