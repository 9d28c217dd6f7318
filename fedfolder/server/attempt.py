"""One attempt at a fit: the plan, driven with what the nodes of its roster answer, up to its closing.

An attempt that has ended is written out once more.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.exchange.journal import OUT
from fedfolder.plan import messages
from fedfolder.plan.fit import fit
from fedfolder.plan.opening import published_moments
from fedfolder.plan.told import published_opening
from fedfolder.questions.moments import require_one_kind
from fedfolder.questions.sites import Site, other_units, require_same_units
from fedfolder.questions.sums import add
from fedfolder.server.asking import Asking
from fedfolder.server.place import REFUSED
from fedfolder.server.words import after_refusal, refusal_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Channels
    from fedfolder.server.place import Place
    from fedfolder.server.progress import Progress


class Published(NamedTuple):
    """What was published of an attempt: moments, counts of events, and whether failure times were."""

    moments: Sums | None = None
    events: Sums | None = None
    times: bool = False


class Attempt(Asking):
    """An attempt at the fit `place`, to which `proposal` was, or will be, put.

    Parameters
    ----------
    channels : Channels
        To all nodes, opened. Those that are not in the proposal's roster are left alone.
    units_differ : bool
        Go on when a site's variable looks as if it were in other units.
    own_likelihoods : bool
        Go on when a node computes with a likelihood of its own in the place of the model's.
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
        own_likelihoods: bool = False,
    ) -> None:
        super().__init__(place, proposal, channels, journal, progress)
        self.proposal = proposal
        self._units_differ = units_differ
        self._own_allowed = own_likelihoods
        self._own: dict[str, str] = {}
        self._sites = {node: Site(node) for node in proposal.nodes}

    @property
    def rows(self) -> tuple[tuple[str, int], ...]:
        """The rows that each node fits with."""
        return tuple((node, site.nobs) for node, site in self._sites.items())

    def published(self) -> Published:
        """What every node was told of that is not to be asked again of fewer nodes."""
        requests: list[messages.Content] = []
        while found := self._journal.of_round(self.place.fit, self.place.attempt, len(requests) + 1, OUT):
            requests.append(messages.content(next(iter(found.values()))))
        moments, events = published_opening(self.proposal, requests)
        times = self.proposal.command.common_baseline and len(requests) > 1 + self.proposal.asks_moments
        return Published(moments, events, times)

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
                asked, published = self.ask(round_, question, published)
                question = program.send((asked, published))
        except StopIteration as end:
            return self._with_note(end.value), published

    def _with_note(self, result: FitResult) -> FitResult:
        if not self._own:
            return result
        told = ", ".join(f"{name} at {node}" for node, name in self._own.items())
        model = self.proposal.command.likelihood
        note = (
            f"Note: computed with likelihoods of sites' own in the place of {model}: {told}. "
            "Title, ll_0 and what is tested with it are the model's, not theirs."
        )
        return dataclasses.replace(result, notes=(*result.notes, note))

    def ask(self, round_: int, question: Question, published: Sums | None) -> tuple[Question, Sums]:
        """Ask every node; return the question as it stands in the journal, and the sum of the answers."""
        asked, replies, live = self._put(round_, question, published, until_refused=True)
        if live:
            self._require_no_refusal(replies)
        # Now, and not only when they are sent on: a wrong one is its node's doing, and others would blame the server.
        self._statements(round_)
        answers = {node: self._read(asked, node, replies[node]) for node in self._boxes}
        moments = {node: published_moments(asked, answer) for node, answer in answers.items()}
        self._compare({node: found for node, found in moments.items() if found is not None})
        if live:
            self._progress.summing(len(answers))
        # In the roster's order, whatever order they came in.
        return asked, add(answers.values())

    def was_asked(self, round_: int, question: Question) -> Question | None:
        """The question of a round as the journal has it, None if nothing was asked yet.

        Raises
        ------
        RefusedError, BetaError
            If something else was asked than the plan comes to.
        """
        requests = self._journal.of_round(self.place.fit, self.place.attempt, round_, OUT)
        return messages.asked(question, messages.content(next(iter(requests.values())))) if requests else None

    def _compare(self, answers: Mapping[str, Sums]) -> None:
        """Hold the moments of the nodes against each other."""
        if not answers:
            return
        require_one_kind(answers)
        goes_on = self.place.status or self._journal.of_round(self.place.fit, self.place.attempt, 2, OUT)
        if not self._units_differ and not goes_on:
            require_same_units(answers)
        for suspicion in other_units(answers):
            self._progress.note(f"{suspicion}. It is used as it is.")

    def _read(self, question: Question, node: str, message: Message) -> Sums:
        """One node's sums, held against what was asked and against its own earlier ones."""
        said = messages.content(message)
        sums = messages.read_reply(question, said, where=f"{node}: {message.name}")
        own = messages.own_likelihood(said, where=f"{node}: {message.name}")
        if own:
            self._note_own(node, own, message)
        self._sites[node].hold(question, sums, where=message.name, own_likelihood=bool(own))
        return sums

    def _note_own(self, node: str, own: str, message: Message) -> None:
        model = self.proposal.command.likelihood
        if not self._own_allowed and not self.place.status:
            raise TamperedAnswerError(
                f"{node} computes with a likelihood of its own in the place of {model}",
                where=message.name,
                found=own,
                expected=f"the log-likelihood of {model}",
                do="agree on it with every site; then the same command goes on with --own-likelihoods",
            )
        if node not in self._own:
            self._progress.note(f"{node} computes with its own likelihood {own} in the place of {model}.")
        self._own[node] = own

    def _require_no_refusal(self, replies: Mapping[str, Message]) -> None:
        refusals = {node: message for node, message in replies.items() if message.header.kind == "refusal"}
        if not refusals:
            return
        self.close(None, REFUSED)
        raise RefusedError(
            f"{' and '.join(refusals)} refused",
            codes=[str(message.header.body.get("code")) for message in refusals.values()],
            where=f"fit {self.place.fit}, attempt {self.place.attempt}",
            found="; ".join(f"{node}: {refusal_in_words(m.header.body)}" for node, m in refusals.items()),
            do=after_refusal([message.header.body for message in refusals.values()]),
        )
