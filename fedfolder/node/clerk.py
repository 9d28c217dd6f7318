"""From a request to its reply: answered, refused, or put before a person first.

A reply is journalled in one transaction with all that is to be remembered of it: what was answered for which rows, what
it costs of the budgets, and the lines of the audit. A crash leaves all of it or nothing.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fedfolder.custody import gate, statements
from fedfolder.custody.approval import Attempt, Drafts
from fedfolder.custody.desk import Desk, Held
from fedfolder.errors import DifferentQuestionsError, FedfolderError, RejectedError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER
from fedfolder.node import words
from fedfolder.node.replies import Outbox, Reply
from fedfolder.node.step import REFUSALS, Answerer, refusal, requests_up_to
from fedfolder.plan.messages import STATEMENT, STATUS, Content
from fedfolder.plan.proposal import Proposal
from fedfolder.shell import typed

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Mailbox
    from fedfolder.node.home import NodeHome
    from fedfolder.node.record import Record


class Clerk:
    """Replies for the node of `home`."""

    def __init__(self, home: NodeHome, journal: Journal, mailbox: Mailbox, record: Record) -> None:
        self._home = home
        self._journal = journal
        self._mailbox = mailbox
        self._record = record
        self._desk = Desk(journal, home.policy)
        self._answerer = Answerer(home.me, self._desk, home.holding(record.say), journal, record.say)
        self._drafts = Drafts(journal)
        self._outbox = Outbox(home.path, record.say)
        self._waiting: tuple[int, int] | None = None
        self._said = ""
        self._to_copy: list[Message] = []

    def answer_pending(self) -> bool:
        """Answer the request that was accepted and not answered, if there is one and no person is waited for."""
        asked, sent = self._journal.last(SERVER, IN), self._journal.last(SERVER, OUT)
        if asked is None or asked.header.number == 0 or (sent and sent.header.number >= asked.header.number):
            return False
        if asked.header.kind == "closing":
            self._post(asked, self._receipt(asked))
            return True
        # Looked at before the answer is: a decision that is made meanwhile must not be slept through.
        seen = asked.header.number, self._journal.changes()
        if self._waiting == seen:
            return False
        reply = self._ready(asked)
        if reply is None:
            self._waiting = seen
            return False
        self._post(asked, reply)
        return True

    def _ready(self, asked: Message) -> Reply | None:
        """The reply to a request that may leave; None while a person is waited for."""
        drafted = self._drafted(asked)
        reply = drafted or self._reply(asked)
        # What was put before a person waits for that person, whatever the policy says by now.
        read_first = drafted is not None or self._home.policy.approval == "every-file"
        if reply is not None and read_first and not reply.released:
            self._draft(asked, reply)
            return None
        return reply

    def _post(self, asked: Message, reply: Reply) -> None:
        """Journal a reply with all that is to be remembered of it, and keep copies."""
        header = asked.header
        with self._journal.transaction():
            reply.remember()
            message = self._mailbox.post(
                reply.files,
                event={"sums": "answered", "refusal": "refused", "receipt": "closed"}[reply.kind],
                kind=reply.kind,
                fit=header.fit,
                attempt=header.attempt,
                round=header.round,
                proposal=header.proposal,
                protocol=header.protocol,
                roster=header.roster,
                body=reply.body,
            )
        self._outbox.clear(asked)
        self._to_copy += [asked, message]
        self._record.say(words.sent(message))

    def keep_copies(self) -> None:
        """Copy what was answered, and the answer, for people. That may wait until the answer is out.

        After a crash before that, the last two messages are copied when the node starts.
        """
        messages, self._to_copy = self._to_copy, []
        for message in messages:
            self._record.keep(message)

    def _reply(self, asked: Message) -> Reply | None:
        """The reply to a request; None while a person is waited for."""
        requests = requests_up_to(asked, self._journal)
        try:
            answer = self._answerer.answer(requests)
        except REFUSALS as error:
            self._record.say(f"refused {asked.name}: {error}")
            self._sound(error, asked)
            content = refusal(error, self._command(requests), self._home.policy.variables)
            return Reply("refusal", content, functools.partial(self._desk.refused, asked.header, error))
        if isinstance(answer, Held):
            # A person may take days, and mend the data meanwhile: what is answered then is what is there then.
            self._answerer.forget()
            self._say_held(asked, answer)
            return None
        stated = {**answer.content.body, STATEMENT: statements.state(self._home.me, asked)}
        content = Content(stated, answer.content.files)
        return Reply("sums", content, functools.partial(self._answerer.commit, asked.header, answer))

    def _say_held(self, asked: Message, held: Held) -> None:
        """Say once what is waited for."""
        concerns = "".join(f"; {concern.says}" for concern in held.concerns)
        where = typed(self._home.path)
        line = f"waiting for a person: fit {asked.header.fit}{concerns}. See fedfolder node pending {where}"
        if line != self._said:
            self._record.say(line)
        self._said = line

    # -- answers that a person reads first ------------------------------------------------------------------------

    def _drafted(self, asked: Message) -> Reply | None:
        """The reply that was written before and waits to be released; a refusal, if the proposal was rejected."""
        number = asked.header.number
        draft = self._drafts.of(number)
        if draft is None:
            return None
        released = self._drafts.is_released(number)
        if draft.kind == "sums" or not released:
            try:
                self._desk.require_not_rejected(Attempt.of(asked.header))
            except RejectedError as error:
                content = refusal(
                    error, self._command(requests_up_to(asked, self._journal)), self._home.policy.variables
                )
                return Reply("refusal", content, released=True)
        return Reply(draft.kind, Content(draft.body, draft.files), released=released)

    def _draft(self, asked: Message, reply: Reply) -> None:
        """Keep a reply at home until a person releases it. What is remembered of an answer is so from now on."""
        if self._drafts.of(asked.header.number) is None:
            with self._journal.transaction():
                reply.remember()
                self._drafts.add(asked.header.number, reply.kind, reply.body, reply.files)
                self._journal.audit("drafted", SERVER, asked.header.number, f"{reply.kind} of {asked.name}")
            self._record.say(
                f"the answer to {asked.name} waits to be read: fedfolder node pending {typed(self._home.path)}"
            )
        self._outbox.write(asked, reply)

    def _receipt(self, asked: Message) -> Reply:
        self._answerer.forget()
        requests = requests_up_to(asked, self._journal)
        body: dict[str, Any] = {"received": asked.header.body.get(STATUS, "")}
        # Whatever the closing says, it is acknowledged: the fit is over, and nothing leaves but this.
        try:
            self._keep_result(asked, requests)
        except REFUSALS as error:
            self._record.say(f"no result is kept of fit {asked.header.fit}: {error}")
            self._sound(error, asked)
        return Reply("receipt", Content(body, {}), released=True)

    def _keep_result(self, asked: Message, requests: list[Message]) -> None:
        proposal = gate.proposal_of(requests)
        shown = self._answerer.require_alike(requests, proposal.roster)
        if not shown and self._has_sent_sums(asked.header.number - 1) and isinstance(proposal, Proposal):
            self._record.say(f"{asked.name} does not show that all nodes were asked the same in the last round")
        result = gate.result(proposal, requests, self._answerer.course)
        if result is not None:
            self._record.keep_result(asked, result)

    def _has_sent_sums(self, number: int) -> bool:
        sent = self._journal.message(SERVER, OUT, number)
        return sent is not None and sent.header.kind == "sums"

    def _sound(self, error: FedfolderError, asked: Message) -> None:
        """Note in the audit what no honest server does."""
        if isinstance(error, DifferentQuestionsError):
            self._journal.audit("alarm", SERVER, asked.header.number, f"{error.what} ({error.where})")

    def _command(self, requests: list[Message]) -> Any:  # noqa: ANN401 - a Command, or nothing
        try:
            proposal = gate.proposal_of(requests)
        except FedfolderError:
            return None
        return proposal.command if isinstance(proposal, Proposal) else None
