"""One attempt at a fit: the plan, driven with what the nodes of its roster answer, up to its closing.

There is no code for resuming. A question that the journal has answers to is not asked again; one that was asked and not
yet answered is published again, the same bytes; so a run that was killed goes on where it was, and an attempt that has
ended is written out once more.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder.custody import gate
from fedfolder.errors import ExchangeError, RefusedError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan import messages
from fedfolder.plan.fit import fit
from fedfolder.questions.moments import Moments, require_one_kind
from fedfolder.questions.sites import Site, other_units, require_same_units
from fedfolder.questions.sums import add
from fedfolder.server.place import REFUSED, SET_ASIDE
from fedfolder.server.words import refusal_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Channels
    from fedfolder.server.place import Place
    from fedfolder.server.progress import Progress

RECEIPTS = 3.0
"""Seconds that a run waits for the receipts of its closing; a node that is away sends its own before its next fit."""


class Attempt:
    """An attempt at the fit `place`, to which `proposal` was, or will be, put.

    Parameters
    ----------
    channels : Channels
        To all nodes, opened. Those that are not in the proposal's roster are left alone.
    units_differ : bool
        Go on when a site's variable looks as if it were in other units.

    """

    def __init__(
        self,
        place: Place,
        proposal: Proposal,
        channels: Channels,
        journal: Journal,
        progress: Progress,
        *,
        units_differ: bool,
    ) -> None:
        self.place = place
        self.proposal = proposal
        self._channels = channels
        self._boxes = {node: channels.boxes[node] for node in proposal.nodes}
        self._journal = journal
        self._progress = progress
        self._units_differ = units_differ
        self._sites = {node: Site(node) for node in proposal.nodes}

    @property
    def rows(self) -> tuple[tuple[str, int], ...]:
        """The rows that each node fits with."""
        return tuple((node, site.nobs) for node, site in self._sites.items())

    def has_begun(self) -> bool:
        """Whether its first question has been put to anyone."""
        return bool(self._journal.of_round(self.place.fit, self.place.attempt, 1, OUT))

    def moments_published(self) -> Sums | None:
        """The moments that every node was told of with the second question, if they were."""
        second = self._journal.of_round(self.place.fit, self.place.attempt, 2, OUT)
        if not second or not self.proposal.asks_moments:
            return None
        first = next(fit(self.proposal))
        return messages.published(first, messages.content(next(iter(second.values()))))

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
            self._channels.collect(self._elsewhere, roster=self.proposal.nodes)

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

    # -- the rounds -----------------------------------------------------------------------------------------------

    def drive(self) -> tuple[FitResult, Sums | None]:
        """Drive the plan to its end; return the result and the sums of the last round.

        Raises
        ------
        SilentNodesError
            If nodes stay silent for longer than the run waits for any.
        RefusedError, WaitingError, TamperedAnswerError, VariableError, UnknownNameError, ExchangeError
        """
        program = fit(self.proposal, self._progress.iteration)
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
        live = len(replies) < len(self._boxes)
        if live:
            self._progress.asking(round_, question)
        requests = self._journal.of_round(*where, OUT) or self._post_requests(round_, question, published)
        asked = messages.asked(question, messages.content(next(iter(requests.values()))))
        if live:
            replies = self._answers(where)
        answers = {node: self._read(asked, node, replies[node]) for node in self._boxes}
        if isinstance(asked, Moments):
            self._compare(answers)
        if live:
            self._progress.summing(len(answers))
        # In the roster's order, whatever order they came in.
        return asked, add(answers.values())

    def _compare(self, answers: Mapping[str, Sums]) -> None:
        require_one_kind(answers)
        goes_on = self.place.status or self._journal.of_round(self.place.fit, self.place.attempt, 2, OUT)
        if not self._units_differ and not goes_on:
            require_same_units(answers)
        for suspicion in other_units(answers):
            self._progress.note(f"{suspicion}. It is used as it is.")

    def _answers(self, where: tuple[int, int, int]) -> dict[str, Message]:
        """Send what was asked, and wait for every node's answer."""
        self._channels.publish()
        self._channels.collect(
            lambda: self._boxes, enough=lambda message: message.header.kind == "refusal", roster=self.proposal.nodes
        )
        replies = self._journal.of_round(*where, IN)
        self._require_no_refusal(replies)
        return replies

    def _post_requests(self, round_: int, question: Question, published: Sums | None) -> dict[str, Message]:
        """Journal a round's requests to all nodes in one transaction: a crash leaves none of them or all."""
        said = messages.request(question, published, self.proposal.to_dict() if round_ == 1 else None)
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
                    **gate.digests(self.proposal, question),
                )
                for node, box in self._boxes.items()
            }

    def _read(self, question: Question, node: str, message: Message) -> Sums:
        """One node's sums, held against what was asked and against its own earlier ones."""
        sums = messages.read_reply(question, messages.content(message), where=f"{node}: {message.name}")
        self._sites[node].hold(question, sums, where=message.name)
        return sums

    def _require_no_refusal(self, replies: Mapping[str, Message]) -> None:
        refusals = {node: message for node, message in replies.items() if message.header.kind == "refusal"}
        if not refusals:
            return
        self.close(None, REFUSED)
        raise RefusedError(
            f"{' and '.join(refusals)} refused",
            where=f"fit {self.place.fit}, attempt {self.place.attempt}",
            found="; ".join(f"{node}: {refusal_in_words(m.header.body)}" for node, m in refusals.items()),
            do="mend it there or change the command, and run it again as a new attempt; the node's log.txt says more",
        )

    # -- after the last round -------------------------------------------------------------------------------------

    def close(self, published: Sums | None, status: str, message: str = "", *, without: Sequence[str] = ()) -> None:
        """Send the end to every node that can be told, and clear the share of what both sides have.

        Parameters
        ----------
        without : sequence of str
            Nodes that the next attempt goes on without.
        """
        said = messages.closing(published, status, message, without)
        with self._journal.transaction():
            for node, last in self._answered():
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
        away = self._channels.owing(ours)
        if away:
            self._progress.note(
                f"not yet fetched by {' and '.join(away)}: the last message; it stays on the exchange until then."
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
