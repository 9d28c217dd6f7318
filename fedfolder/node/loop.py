"""A node at work: one pass, or pass after pass."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import filelock

from fedfolder import clock
from fedfolder.about import SOFTWARE
from fedfolder.custody import gate
from fedfolder.errors import ExchangeError, FedfolderError, HomeInUseError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER
from fedfolder.exchange.watching import Pauses, Wake
from fedfolder.node import words
from fedfolder.node.home import LOCK
from fedfolder.node.record import Record
from fedfolder.node.step import REFUSALS, Answerer, refusal
from fedfolder.plan.messages import STATUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Mailbox
    from fedfolder.node.home import NodeHome


class AlreadyRunning(HomeInUseError):  # noqa: N818 - it is no fault
    """A daemon, or another pass, holds this home."""


@contextlib.contextmanager
def only_one(home: NodeHome) -> Iterator[None]:
    """Hold the home: a second daemon, or a pass beside a daemon, is turned away.

    Raises
    ------
    AlreadyRunning
        If another process holds it.
    """
    lock = filelock.FileLock(home.path / LOCK)
    try:
        with lock.acquire(blocking=False):
            yield
    except filelock.Timeout:
        raise AlreadyRunning(
            "this node is running already",
            where=str(home.path),
            do="leave it running: it looks at its folder by itself",
        ) from None


class Node:
    """A node's home at work.

    Parameters
    ----------
    home : NodeHome
        Opened.
    mailbox : Mailbox, optional
        Another end than the one on the home's folder; tests give one in memory.
    echo : callable, optional
        Shows a line of the log.
    """

    def __init__(
        self,
        home: NodeHome,
        *,
        journal: Journal | None = None,
        mailbox: Mailbox | None = None,
        echo: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.home = home
        self.journal = journal or home.journal(clock.now)
        self.mailbox = mailbox or home.mailbox(self.journal)
        self.record = Record(home.path, clock.now, echo)
        self._answerer = Answerer(home.me, home.policy, home.data)
        self._opened = False

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def work(self) -> bool:
        """One pass: take what has come, answer it, publish. Return whether anything happened.

        Raises
        ------
        FedfolderError
            If the exchange is out of reach, or something is wrong that no answer can mend.
        """
        if not self._opened:
            self.mailbox.open({"role": "node", "software": SOFTWARE})
            self._opened = True
            self._tidy()
        self._answer_pending()
        written = self.mailbox.publish()
        message = self.mailbox.receive()
        for name, reason in self.mailbox.findings.items():
            self.record.say_once(f"not accepted: {name}: {reason}")
        if message is None:
            return bool(written)
        self.record.say(words.received(message))
        if self._answer_pending():
            self.mailbox.publish()
            self._tidy()
        return True

    def _answer_pending(self) -> bool:
        """Answer the request that was accepted and not answered, if there is one."""
        asked, sent = self.journal.last(SERVER, IN), self.journal.last(SERVER, OUT)
        if asked is None or asked.header.number == 0 or (sent and sent.header.number >= asked.header.number):
            return False
        kind, body, files = self._receipt(asked) if asked.header.kind == "closing" else self._reply(asked)
        header = asked.header
        message = self.mailbox.post(
            files,
            event={"sums": "answered", "refusal": "refused", "receipt": "closed"}[kind],
            kind=kind,
            fit=header.fit,
            attempt=header.attempt,
            round=header.round,
            proposal=header.proposal,
            protocol=header.protocol,
            roster=header.roster,
            body=body,
        )
        self.record.keep(asked)
        self.record.keep(message)
        self.record.say(words.sent(message))
        return True

    def _reply(self, asked: Message) -> tuple[str, dict[str, Any], dict[str, bytes]]:
        requests = self._requests(asked)
        try:
            content = self._answerer.answer(requests)
        except REFUSALS as error:
            self.record.say(f"refused {asked.name}: {error}")
            content = refusal(error, self._command(requests), self.home.policy.variables)
            return "refusal", dict(content.body), {}
        return "sums", dict(content.body), dict(content.files)

    def _receipt(self, asked: Message) -> tuple[str, dict[str, Any], dict[str, bytes]]:
        self._answerer.forget()
        requests = self._requests(asked)
        body: dict[str, Any] = {"received": asked.header.body.get(STATUS, "")}
        # Whatever the closing says, it is acknowledged: the fit is over, and nothing leaves but this.
        with contextlib.suppress(*REFUSALS):
            result = gate.result(gate.proposal_of(requests), requests)
            if result is not None:
                self.record.keep_result(asked, result)
        return "receipt", body, {}

    def _requests(self, asked: Message) -> list[Message]:
        """The fit's requests up to `asked`, of its attempt."""
        header = asked.header
        messages = self.journal.of_fit(header.fit, IN, peer=SERVER)
        return [m for m in messages if m.header.attempt == header.attempt and m.header.number <= header.number]

    def _command(self, requests: list[Message]) -> Any:  # noqa: ANN401 - a Command, or nothing
        try:
            return gate.proposal_of(requests).command
        except FedfolderError:
            return None

    def _tidy(self) -> None:
        """Once a fit is closed and its receipt is out, what the server has acknowledged goes from the share."""
        sent = self.journal.last(SERVER, OUT)
        if sent is not None and sent.header.kind == "receipt":
            self.mailbox.release()


def run(home: NodeHome, *, echo: Callable[[str], None], stop: Callable[[], bool] = lambda: False) -> None:
    """Work until told to stop. An exchange that is out of reach is waited for.

    Raises
    ------
    HomeInUseError
        If this node is running already, or another home writes for it.
    AlarmError, JournalError
        If going on could do harm.
    """
    with only_one(home), contextlib.ExitStack() as stack:
        node = Node(home, echo=echo)
        stack.callback(node.close)
        node.record.say(words.started(home))
        wake: Wake | None = None
        pauses = Pauses(longest=home.longest_pause)
        while not stop():
            try:
                if node.work():
                    pauses.progress()
                if wake is None:
                    wake = Wake([home.exchange / "to-node"])
                    stack.callback(wake.close)
            except ExchangeError as error:
                node.record.say_once(f"waiting for the exchange: {error}")
            (wake or Wake([])).wait(pauses.next())


def once(home: NodeHome, *, echo: Callable[[str], None]) -> bool:
    """Work until nothing more happens; return whether anything did.

    Raises
    ------
    FedfolderError
        As `Node.work`.
    """
    with only_one(home):
        node = Node(home, echo=echo)
        try:
            worked = False
            while node.work():
                worked = True
            return worked
        finally:
            node.close()
