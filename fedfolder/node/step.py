"""One request, answered: read, checked, computed. What is done with the answer is the loop's business."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fedfolder.about import SOFTWARE
from fedfolder.custody import gate, statements
from fedfolder.custody.approval import Attempt
from fedfolder.custody.finding import refuse
from fedfolder.custody.limits import of_driver
from fedfolder.errors import (
    BetaError,
    DataChangedError,
    DataFileError,
    DifferentQuestionsError,
    PolicyError,
    RefusedError,
    RejectedError,
    TamperedAnswerError,
    UnknownNameError,
    VariableError,
    close_names,
)
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER
from fedfolder.node.sampling import make_sample, read_for, records_of
from fedfolder.plan.check import Check
from fedfolder.plan.course import Course
from fedfolder.plan.knots import likely
from fedfolder.plan.messages import Content, reply
from fedfolder.plan.preflight import Preflight
from fedfolder.questions.refusals import Refusal
from fedfolder.questions.specification import Specification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fedfolder.command import Command
    from fedfolder.custody.desk import Desk, Held
    from fedfolder.custody.finding import Finding
    from fedfolder.custody.seen import Seen
    from fedfolder.errors import FedfolderError
    from fedfolder.exchange.envelope import Header, Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Identity
    from fedfolder.node.holding import Holding
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample

REFUSALS: tuple[type[FedfolderError], ...] = (
    UnknownNameError,
    VariableError,
    DataFileError,
    DataChangedError,
    RefusedError,
    BetaError,
    TamperedAnswerError,
    DifferentQuestionsError,
    PolicyError,
    RejectedError,
)
"""Errors that a node answers with; all others stop it."""


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of an attempt, and what the ledger remembers of them."""

    attempt: Attempt
    sample: Sample
    seen: Seen
    digest: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request, and what is to be remembered of it when it is journalled.

    Parameters
    ----------
    seen : Seen, optional
        The rows that it was computed from.
    told : tuple of str
        What it tells of the data as a refusal would, each of which is charged as one.
    """

    content: Content
    question: Question
    seen: Seen | None = None
    told: tuple[str, ...] = ()


@dataclass(slots=True)
class Answerer:
    """Answers the requests of one node.

    The sample of the last fit is kept, so that the data are read once a fit. Whoever reads it again, after a
    restart, must find the rows that were answered for before. `say` adds a line to the site's log.
    """

    me: Identity
    desk: Desk
    holding: Holding
    journal: Journal
    say: Callable[[str], None] = lambda _line: None
    _kept: Read | None = field(default=None, init=False)
    course: Course = field(default_factory=Course, init=False)

    def answer(self, requests: Sequence[Message]) -> Answered | Held:
        """The answer to the last of a fit's `requests`, or that it waits for a person.

        Raises
        ------
        FedfolderError
            One of `REFUSALS`, if it is not answered.
        """
        proposal = gate.proposal_of(requests)
        self._require_invited(proposal.roster)
        self.require_alike(requests, proposal.roster)
        attempt = Attempt.of(requests[-1].header)
        if isinstance(proposal, Check):
            return self._checked(proposal, attempt, requests)
        if isinstance(proposal, Preflight):
            return self._preflight(proposal, attempt, requests)
        held = self.desk.read(attempt, proposal.command, proposal.roster)
        if held:
            return held
        refuse(self.desk.standing(of_driver(self.desk.policy.limits, proposal)))
        self.holding.require(Specification.of(proposal.command))
        replies = self.journal.of_fit(attempt.fit, OUT, peer=SERVER)
        question = gate.question(proposal, requests, replies, self.course)
        read = self.read(attempt, proposal.command)
        held = self.desk.look(attempt, Specification.of(proposal.command), read.sample, read.seen)
        seen = self.desk.with_knots(question, read.sample, read.seen)
        held = held or self.desk.look_at_knots(attempt, seen)
        if held:
            return held
        self.desk.weigh(attempt, self.holding.meant(question), read.sample)
        question = self.desk.permitted(question, read.sample)
        content = reply(question, self.holding.compute(question, read.sample), self.holding.own_likelihood(question))
        return Answered(content, question, seen)

    def concerns_of_knots(self, requests: Sequence[Message], proposal: Proposal) -> list[Finding]:
        """What a person must look at once it is known where knots are, in the last of an attempt's `requests`.

        Raises
        ------
        FedfolderError
            One of `REFUSALS`, if it is not to be answered.
        """
        attempt = Attempt.of(requests[-1].header)
        if not Specification.of(proposal.command).lacks_knots:
            return []
        question = gate.question(proposal, requests, self.journal.of_fit(attempt.fit, OUT, peer=SERVER))
        read = self.read(attempt, proposal.command)
        seen = self.desk.with_knots(question, read.sample, read.seen)
        return self.desk.standing(self.desk.ledger.concerns_of_knots(attempt, seen))

    def _checked(self, proposal: Check, attempt: Attempt, requests: Sequence[Message]) -> Answered | Held:
        """The answer to a check. Variables that are not released are not looked at; that is no reason to refuse."""
        self._kept = None
        self.desk.require_not_rejected(attempt)
        question = gate.question(proposal, requests)
        held = self.desk.must_look() or self.desk.ask(attempt)
        if held:
            return held
        names = proposal.dictionary.names
        held_data = self.holding.held(names, self.desk.policy.variables)
        return Answered(reply(question, question.compute(held_data)), question, told=("check",))

    def _preflight(self, preflight: Preflight, attempt: Attempt, requests: Sequence[Message]) -> Answered | Held:
        """Which rules the fit would break. No person is asked first, but each line is charged as the refusal it is.

        That none is broken is charged too: one could search from the side on which nothing is refused.
        """
        self.desk.require_not_rejected(attempt)
        question = gate.question(preflight, requests)
        held = self.desk.must_look()
        if held:
            return held
        refusals = list(self.would_refuse(attempt, preflight.proposal))
        content = reply(question, question.compute(refusals))
        lines = tuple(dict.fromkeys(f"{refusal.rule} {refusal.name}".strip() for refusal in refusals))
        return Answered(content, question, told=lines or ("preflight",))

    def would_refuse(self, attempt: Attempt, proposal: Proposal) -> Iterator[Refusal]:
        """What the site's policy says against a fit, over the data as they are now; see also `node.preview`."""
        command = proposal.command

        def of(findings: Iterable[Finding], *, by_person: bool = False) -> Iterator[Refusal]:
            for finding in findings:
                for name in finding.names or ("",):
                    yield Refusal(finding.rule, name, by_person)

        try:
            yield from of(self.desk.standing(self.desk.of_command(command, proposal.roster)))
            self.holding.require(Specification.of(command))
            read = self.read(attempt, command)
            yield from of(self.desk.policy.of_sample(likely(Specification.of(command), [read.sample]), read.sample))
            yield from of(self.desk.concerns(attempt, read.seen), by_person=True)
        except REFUSALS as error:
            said = refusal(error, command, self.desk.policy.variables).body
            yield from (Refusal(said["code"], name) for name in said["names"] or ("",))

    def commit(self, asked: Header, answered: Answered) -> None:
        """Note what was answered and for which rows; in the transaction of the answer."""
        if answered.seen is not None and self._kept is not None:
            self.journal.note(_rows_of(Attempt.of(asked)), self._kept.digest)
        self.desk.answered(asked, answered.question, answered.seen)
        self.desk.told(asked, answered.told)

    def forget(self) -> None:
        """Let go of the sample."""
        self._kept = None

    def require_alike(self, requests: Sequence[Message], roster: statements.Roster) -> bool:
        """Whether it was shown that all nodes were asked the same before; see `statements.require_alike`."""
        before = requests[-2].header.number if len(requests) > 1 else 0
        return statements.require_alike(requests, self.journal.message(SERVER, OUT, before), roster)

    def _require_invited(self, roster: Sequence[tuple[str, str]]) -> None:
        if (self.me.name, self.me.key.hex()) not in roster:
            raise RefusedError(
                "this fit's roster does not name this node with its key",
                expected=self.me.name,
                do="ask the server's side to add this node again",
            )

    def read(self, attempt: Attempt, command: Command) -> Read:
        """The rows of an attempt, read once.

        Raises
        ------
        DataFileError, UnknownNameError, VariableError
            If they cannot be read.
        DataChangedError
            If they are others than were answered for before.
        """
        if self._kept is None or self._kept.attempt != attempt:
            self._kept = None
            person = self.desk.policy.person
            frame = self.holding.variables(read_for(command, person))
            records = records_of(frame, command, person, self.holding.tables(command.tables))
            for note in records.notes:
                self.say(note)
            sample = make_sample(frame, command, person, records=records, node=self.me.name)
            digest = self._same_rows(attempt, sample.digest())
            seen = self.desk.ledger.seen(frame.columns, command, sample, person=person, records=records)
            self._kept = Read(attempt, sample, seen, digest)
        return self._kept

    def _same_rows(self, attempt: Attempt, digest: str) -> str:
        """The digest of the rows, which must be that of the rows that were answered for before."""
        if self.journal.fact(_rows_of(attempt)) not in {None, digest}:
            raise DataChangedError(
                "the data have changed since an earlier round of this fit",
                where=self.holding.where,
                do="put the data back as they were, or let the server's side run the command again as a new attempt",
            )
        return digest


def _rows_of(attempt: Attempt) -> str:
    return f"rows of fit {attempt.fit}, attempt {attempt.number}"


def requests_up_to(asked: Message, journal: Journal) -> list[Message]:
    """The requests of the attempt that `asked` belongs to, up to it."""
    header = asked.header
    messages = journal.of_fit(header.fit, IN, peer=SERVER)
    return [m for m in messages if m.header.attempt == header.attempt and m.header.number <= header.number]


def refusal(error: FedfolderError, command: Command | None, released: Sequence[str]) -> Content:
    """What a refusal says: a code, the names in the command that it is about, and released names like them.

    It names the software, too: what one version asks, another may not know. Nothing else leaves: the error itself,
    which may name files of the node, stays in its log.
    """
    said = re.split(r"[\s:,#]+", f"{error.what} {error.where}")
    about = [name for name in ((*command.variables, *command.tables) if command else ()) if name in said]
    body: dict[str, Any] = {"code": type(error).__name__.removesuffix("Error"), "names": about, "software": SOFTWARE}
    if isinstance(error, PolicyError):
        body["rule"] = error.rule
    if isinstance(error, RejectedError) and error.found:
        body["reason"] = error.found  # the custodian's own words, written for the server's side
    if isinstance(error, RefusedError) and error.reason:
        body["reason"] = error.reason
    if isinstance(error, UnknownNameError):
        body["nearest"] = [near for name in about for near in close_names(name, released)]
    return Content(body, {})
