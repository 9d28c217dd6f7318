"""A proposal being put to the nodes of its roster: from its first question to the closing. A fit and a check share it.

There is no code for resuming. A question that the journal has answers to is not asked again; one that was asked and not
yet answered is published again, the same bytes; so a run that was killed goes on where it was.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fedfolder.custody import gate, statements
from fedfolder.errors import ExchangeError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan import messages
from fedfolder.server.place import SET_ASIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.plan.check import AnyProposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Channels
    from fedfolder.server.place import Place
    from fedfolder.server.progress import Progress

RECEIPTS = 3.0
"""Seconds that a run waits for the receipts of its closing; a node that is away sends its own before its next fit."""


class Asking:
    """An attempt, with the number `place`, to which `proposal` was, or will be, put.

    Parameters
    ----------
    channels : Channels
        To all nodes, opened. Those that are not in the proposal's roster are left alone.
    """

    def __init__(
        self, place: Place, proposal: AnyProposal, channels: Channels, journal: Journal, progress: Progress
    ) -> None:
        self.place = place
        self._proposal = proposal
        self._channels = channels
        self._boxes = {node: channels.boxes[node] for node in proposal.nodes}
        self._journal = journal
        self._progress = progress

    def has_begun(self) -> bool:
        """Whether its first question has been put to anyone."""
        return bool(self._journal.of_round(*self._where(1), OUT))

    def _where(self, round_: int) -> tuple[int, int, int]:
        return self.place.fit, self.place.attempt, round_

    # -- before the first round -----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Close what another attempt left open at a node, once that node has answered what it was asked last.

        Raises
        ------
        SilentNodesError
            If nodes stay silent for longer than the run waits for any.
        WaitingError
            When the study's time is over.
        """
        self._channels.publish()
        while True:
            others = self._elsewhere()
            if not self._channels.owing(others):
                open_ = [node for node, last in others.items() if last.header.kind != "closing"]
                if not open_:
                    return
                with self._journal.transaction():
                    for node in open_:
                        self._post_closing(node, others[node], messages.closing(None, SET_ASIDE))
                self._channels.publish()
            self._channels.collect(self._elsewhere, roster=self._proposal.nodes)

    def _elsewhere(self) -> dict[str, Message]:
        """The last message to each node whose last message was not of this attempt."""
        last = {node: self._journal.last(node, OUT) for node in self._boxes}
        return {
            node: message
            for node, message in last.items()
            if message and message.header.number > 0 and not self._is_ours(message)
        }

    def _is_ours(self, message: Message) -> bool:
        return (message.header.fit, message.header.attempt) == (self.place.fit, self.place.attempt)

    # -- a round --------------------------------------------------------------------------------------------------

    def _put(
        self, round_: int, question: Question, published: Sums | None, *, until_refused: bool
    ) -> tuple[Question, dict[str, Message], bool]:
        """Put a question, unless it was; return it as the journal has it, the replies, and whether any was waited for.

        Parameters
        ----------
        until_refused : bool
            The first refusal ends the wait; otherwise it is an answer like any other.
        """
        where = self._where(round_)
        replies = self._journal.of_round(*where, IN)
        live = len(replies) < len(self._boxes)
        if live:
            self._progress.asking(round_, question)
        requests = self._journal.of_round(*where, OUT) or self._post_requests(round_, question, published)
        asked = messages.asked(question, messages.content(next(iter(requests.values()))))
        if live:
            self._channels.publish()
            self._channels.collect(
                lambda: self._boxes,
                enough=lambda message: until_refused and message.header.kind == "refusal",
                roster=self._proposal.nodes,
            )
            replies = self._journal.of_round(*where, IN)
        return asked, replies, live

    def _statements(self, round_: int) -> dict[str, Any]:
        """What the nodes stated that they were asked in a round that all of them have answered.

        Raises
        ------
        TamperedAnswerError, VersionError
            If a statement is wrong, or some nodes made none.
        """
        where = self._where(round_)
        asked, answered = self._journal.of_round(*where, OUT), self._journal.of_round(*where, IN)
        return statements.of_round(asked, answered, self._proposal.roster)

    def _post_requests(self, round_: int, question: Question, published: Sums | None) -> dict[str, Message]:
        """Journal a round's requests to all nodes in one transaction: a crash leaves none of them or all."""
        proposal = self._proposal.to_dict() if round_ == 1 else None
        said = messages.request(question, published, proposal, self._statements(round_ - 1))
        with self._journal.transaction():
            return {
                node: box.post(
                    said.files,
                    event="asked",
                    kind="request",
                    fit=self.place.fit,
                    attempt=self.place.attempt,
                    round=round_,
                    body=dict(said.body),
                    **gate.digests(self._proposal, question),
                )
                for node, box in self._boxes.items()
            }

    # -- after the last round -------------------------------------------------------------------------------------

    def close(self, published: Sums | None, status: str, message: str = "", *, without: Sequence[str] = ()) -> None:
        """Send the end to every node that can be told, and clear the share of what both sides have.

        Parameters
        ----------
        without : sequence of str
            Nodes that the next attempt goes on without.
        """
        answered = list(self._answered())
        stated = self._statements(answered[0][1].header.round) if answered and published is not None else None
        said = messages.closing(published, status, message, without, stated)
        with self._journal.transaction():
            for node, last in answered:
                self._post_closing(node, last, said)
        ours = [node for node in self._boxes if node not in {*self._elsewhere(), *without}]
        if not self._channels.owing(ours):
            # A run that was killed here may have left what both sides have.
            self._channels.release()
            return
        self._progress.closing()
        # What cannot be written now is written before the next fit: this one has ended, and its result is due.
        with contextlib.suppress(ExchangeError):
            self._channels.publish()
        self._channels.collect(lambda: ours, patience=RECEIPTS)
        self._channels.release()
        self._note_away(self._channels.owing(ours))

    def _note_away(self, away: Sequence[str]) -> None:
        """Say who has not fetched the end of the fit, and who must answer before it can be sent there."""
        sent = {node: self._journal.last(node, OUT) for node in away}
        told = [node for node, last in sent.items() if last and last.header.kind == "closing"]
        deciding = [node for node in away if node not in told]
        if told:
            self._progress.note(
                f"not yet fetched by {' and '.join(told)}: the last message; it stays on the exchange until then."
            )
        if deciding:
            self._progress.note(
                f"still to be answered by {' and '.join(deciding)}, although the fit has ended: the next command "
                "waits for it. A person there may have to say yes or no."
            )

    def _answered(self) -> Iterable[tuple[str, Message]]:
        """The nodes that have answered a request of this attempt and were sent nothing since, with that request."""
        for node, box in self._boxes.items():
            last = self._journal.last(node, OUT)
            if last and last.header.kind == "request" and self._is_ours(last) and box.waits_for() is None:
                yield node, last

    def _post_closing(self, node: str, last: Message, said: messages.Content) -> None:
        header = last.header
        self._boxes[node].post(
            said.files,
            event="closed",
            kind="closing",
            fit=header.fit,
            attempt=header.attempt,
            round=header.round + 1,
            proposal=header.proposal,
            roster=header.roster,
            body=dict(said.body),
        )
