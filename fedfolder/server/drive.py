"""A fit being driven over the nodes of a study.

There is no code for resuming. A question that the journal has answers to is not asked again; one that was asked and not
yet answered is published again, the same bytes; so a run that was killed goes on where it was, and a fit that has ended
is written out once more.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from fedfolder.custody import gate
from fedfolder.errors import ExchangeError, RefusedError, TamperedAnswerError, UnknownNameError, VariableError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan import messages
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.moments import Moments, require_one_kind
from fedfolder.questions.sums import add
from fedfolder.server import place
from fedfolder.server.place import CONTRADICTED, REFUSED, SET_ASIDE
from fedfolder.server.words import refusal_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fedfolder.command import Command
    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Channels
    from fedfolder.server.progress import Progress

RECEIPTS = 3.0
"""Seconds that a run waits for the receipts of its closing; a node that is away sends its own before its next fit."""


class Fit:
    """One fit: the plan, driven with what the nodes answer.

    Parameters
    ----------
    command : Command
        What is fitted.
    channels : Channels
        To all nodes, opened, and every node known.
    again : bool
        Begin anew even if the journal holds this fit's result.
    """

    def __init__(
        self, command: Command, channels: Channels, journal: Journal, progress: Progress, *, again: bool
    ) -> None:
        self._channels = channels
        self._journal = journal
        self._progress = progress
        roster = tuple((node, (journal.key(node) or b"").hex()) for node in channels.boxes)
        self._proposal = Proposal(command, roster)
        self._rows: dict[str, int] = {}
        self.place = place.find(journal, list(channels.boxes), gate.digests(self._proposal)["proposal"], again=again)

    def run(self) -> FitResult:
        """Drive the fit to its end and tell the nodes.

        Raises
        ------
        RefusedError, WaitingError, TamperedAnswerError, VariableError, ExchangeError
        """
        self._tell_place()
        if not self.place.status:
            self._settle()
        try:
            result, published = self._drive()
        except (UnknownNameError, VariableError, TamperedAnswerError):
            # The journal would say the same again for ever: what is mended is asked anew, as another attempt.
            self._close(None, CONTRADICTED)
            raise
        self._close(published, result.status, result.message)
        return dataclasses.replace(result, nodes=tuple(self._rows.items()))

    def _tell_place(self) -> None:
        if self.place.status:
            self._progress.note(
                f"Fit {self.place.fit} of this command has ended before; this is its result from the journal. "
                "--again asks the nodes anew."
            )
        elif not self.place.is_new:
            self._progress.note(f"Going on with fit {self.place.fit}.")
        if len(self._channels.boxes) == 2 and not self.place.status:  # noqa: PLR2004 - two
            self._progress.note("With two nodes, the published sums show each node the other's part.")

    # -- before the first round -----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Close what another fit left open at a node, once that node has answered what it was asked last."""
        self._channels.publish()
        while True:
            others = self._elsewhere()
            if not self._channels.owing(others):
                open_ = [node for node, last in others.items() if last.header.kind != "closing"]
                if not open_:
                    return
                with self._journal.transaction():
                    for node in open_:
                        self._post_closing(node, others[node], None, SET_ASIDE)
                self._channels.publish()
            self._channels.collect(enough=lambda _: not self._channels.owing(self._elsewhere()))

    def _elsewhere(self) -> dict[str, Message]:
        """The last message to each node whose last message was not of this attempt."""
        last = {node: self._journal.last(node, OUT) for node in self._channels.boxes}
        return {
            node: message
            for node, message in last.items()
            if message and message.header.number > 0 and not self._is_ours(message)
        }

    def _is_ours(self, message: Message) -> bool:
        return (message.header.fit, message.header.attempt) == (self.place.fit, self.place.attempt)

    # -- the rounds -----------------------------------------------------------------------------------------------

    def _drive(self) -> tuple[FitResult, Sums | None]:
        """Drive the plan to its end; return the result and the sums of the last round."""
        program = fit(self._proposal, self._progress.iteration)
        published: Sums | None = None
        round_ = 0
        try:
            question = next(program)
            while True:
                round_ += 1
                asked, published = self._ask(round_, question, published)
                question = program.send((asked, published))
        except StopIteration as end:
            return end.value, published

    def _ask(self, round_: int, question: Question, published: Sums | None) -> tuple[Question, Sums]:
        """Ask every node; return the question as it stands in the journal, and the sum of the answers."""
        where = (self.place.fit, self.place.attempt, round_)
        replies = self._journal.of_round(*where, IN)
        live = len(replies) < len(self._channels.boxes)
        if live:
            self._progress.asking(round_, question)
        requests = self._journal.of_round(*where, OUT) or self._post_requests(round_, question, published)
        asked = messages.asked(question, messages.content(next(iter(requests.values()))))
        if live:
            replies = self._answers(where)
        answers = {node: self._read(asked, node, replies[node]) for node in self._channels.boxes}
        if isinstance(asked, Moments):
            require_one_kind(answers)
        if live:
            self._progress.summing(len(answers))
        # In the roster's order, whatever order they came in.
        return asked, add(answers.values())

    def _answers(self, where: tuple[int, int, int]) -> dict[str, Message]:
        """Send what was asked, and wait for every node's answer."""
        self._channels.publish()
        self._channels.collect(enough=lambda message: message.header.kind == "refusal")
        replies = self._journal.of_round(*where, IN)
        self._require_no_refusal(replies)
        return replies

    def _post_requests(self, round_: int, question: Question, published: Sums | None) -> dict[str, Message]:
        """Journal a round's requests to all nodes in one transaction: a crash leaves none of them or all."""
        said = messages.request(question, published, self._proposal.to_dict() if round_ == 1 else None)
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
                for node, box in self._channels.boxes.items()
            }

    def _read(self, question: Question, node: str, message: Message) -> Sums:
        """One node's sums, held against what was asked and against its own earlier number of rows."""
        sums = messages.read_reply(question, messages.content(message), where=f"{node}: {message.name}")
        rows = int(sums.scalars["nobs"])
        if self._rows.setdefault(node, rows) != rows:
            raise TamperedAnswerError(
                f"the number of rows at {node} changed within the fit",
                where=message.name,
                found=str(rows),
                expected=str(self._rows[node]),
                do="ask the node whether its data changed, then run the same command again: it begins a new attempt",
            )
        return sums

    def _require_no_refusal(self, replies: Mapping[str, Message]) -> None:
        refusals = {node: message for node, message in replies.items() if message.header.kind == "refusal"}
        if not refusals:
            return
        self._close(None, REFUSED)
        raise RefusedError(
            f"{' and '.join(refusals)} refused",
            where=f"fit {self.place.fit}, attempt {self.place.attempt}",
            found="; ".join(f"{node}: {refusal_in_words(m.header.body)}" for node, m in refusals.items()),
            do="mend it there or change the command, and run it again as a new attempt; the node's log.txt says more",
        )

    # -- after the last round -------------------------------------------------------------------------------------

    def _close(self, published: Sums | None, status: str, message: str = "") -> None:
        """Send the end to every node that can be told, and clear the share of what both sides have."""
        with self._journal.transaction():
            for node, last in self._answered():
                self._post_closing(node, last, published, status, message)
        ours = [node for node in self._channels.boxes if node not in self._elsewhere()]
        if not self._channels.owing(ours):
            return
        self._progress.closing()
        # What cannot be written now is written before the next fit: this one has ended, and its result is due.
        with contextlib.suppress(ExchangeError):
            self._channels.publish()
        self._channels.collect(enough=lambda _: not self._channels.owing(ours), patience=RECEIPTS)
        self._channels.release()
        away = self._channels.owing(ours)
        if away:
            self._progress.note(
                f"not yet fetched by {' and '.join(away)}: the last message; it stays on the exchange until then."
            )

    def _answered(self) -> Iterable[tuple[str, Message]]:
        """The nodes that have answered a request of this attempt and were sent nothing since, with that request."""
        for node, box in self._channels.boxes.items():
            last = self._journal.last(node, OUT)
            if last and last.header.kind == "request" and self._is_ours(last) and box.waits_for() is None:
                yield node, last

    def _post_closing(self, node: str, last: Message, published: Sums | None, status: str, message: str = "") -> None:
        said = messages.closing(published, status, message)
        header = last.header
        self._channels.boxes[node].post(
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
