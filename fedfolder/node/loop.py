"""A node at work: one pass, or pass after pass."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import filelock

from fedfolder import clock
from fedfolder.about import SOFTWARE
from fedfolder.errors import ExchangeError, HomeInUseError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER, TO_NODE
from fedfolder.exchange.watching import Pauses, Wake, sleep
from fedfolder.node import words
from fedfolder.node.clerk import Clerk
from fedfolder.node.home import LOCK
from fedfolder.node.quiet import note_settled, settings_of
from fedfolder.node.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Mailbox
    from fedfolder.node.home import NodeHome


@contextlib.contextmanager
def only_one(home: NodeHome) -> Iterator[None]:
    """Hold the home: a second daemon, or a pass beside a daemon, is turned away.

    Raises
    ------
    HomeInUseError
        If another process holds it.
    """
    lock = _lock(home)
    if lock is None:
        raise HomeInUseError(
            "this node is running already",
            where=str(home.path),
            do="leave it running: it looks at its folder by itself",
        )
    with lock:
        yield


def _lock(home: NodeHome) -> contextlib.AbstractContextManager[object] | None:
    try:
        return filelock.FileLock(home.path / LOCK).acquire(blocking=False)
    except filelock.Timeout:
        return None


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
        self.clerk = Clerk(home, self.journal, self.mailbox, self.record)
        self._opened = False
        self._findings: dict[str, str] = {}

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
            self._open()
        try:
            return self._work()
        finally:
            self.clerk.keep_copies()

    def _work(self) -> bool:
        self.clerk.answer_pending()
        written, message = self.mailbox.look()
        if written:
            # What was answered before a crash, or while the share was away, has only now been sent.
            self._tidy()
        self._tell_findings()
        if message is None:
            return bool(written)
        self.mailbox.accept(message)
        self.record.say(words.received(message))
        if self.clerk.answer_pending():
            self.mailbox.publish()
            self._tidy()
        return True

    def heeds(self, name: str) -> bool:
        """Whether a file that appears calls for a look: a JSON, with which a message is mostly whole.

        Whatever appears does while a message lies there that is not.
        """
        return name.endswith(".json") or bool(self.mailbox.findings)

    def fetch(self) -> None:
        """Take what has come, and answer nothing yet.

        Raises
        ------
        FedfolderError
            As `work`.
        """
        if not self._opened:
            self._open()
        message = self.mailbox.receive()
        while message is not None:
            self.record.say(words.received(message))
            message = self.mailbox.receive()

    def _open(self) -> None:
        is_new = self.journal.last(SERVER, OUT) is None
        self.mailbox.open({"role": "node", "software": SOFTWARE})
        self._opened = True
        for direction in (IN, OUT):
            # A crash may have come between the journal and the copies for the custodian.
            last = self.journal.last(SERVER, direction)
            if last is not None and last.header.number > 0:
                self.record.keep(last)
            elif last is not None and is_new:
                self.record.say(words.sent(last))
        self._tidy()

    def _tell_findings(self) -> None:
        """Say why a file does not count, once for each reason, however often it is looked at."""
        for name, reason in self.mailbox.findings.items():
            if self._findings.get(name) != reason:
                self.record.say(f"not accepted: {words.printable(name)}: {words.printable(reason)}")
        self._findings = dict(self.mailbox.findings)

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
        try:
            with node.record.stops():
                _work_until(stop, node)
        except KeyboardInterrupt:
            node.record.say("stopped by hand; nothing is lost")
            raise


def _work_until(stop: Callable[[], bool], node: Node) -> None:
    pauses = Pauses(longest=node.home.longest_pause)
    watch = _Watch(node.home.exchange / TO_NODE, node.record.say, node.heeds)
    reached, heard = True, False
    with contextlib.closing(watch):
        while not stop():
            try:
                if node.work():
                    pauses.progress(announced=heard)
                    heard = False
                if not reached:
                    node.record.say("the exchange is back")
                reached = True
            except ExchangeError as error:
                if reached:
                    # One line for a share that is away all night, whatever each look finds wrong with it.
                    node.record.say(f"waiting for the exchange: {error}")
                reached = False
            heard = watch.wait(pauses.next(), reached=reached) or heard


class _Watch:
    """Waits for the next look: until something moves in `folder`, or simply for a time while that is out of reach."""

    def __init__(self, folder: Path, tell: Callable[[str], None], heeds: Callable[[str], bool]) -> None:
        self._folder = folder
        self._tell = tell
        self._heeds = heeds
        self._wake: Wake | None = None

    def wait(self, seconds: float, *, reached: bool) -> bool:
        """Return whether something moved."""
        if not reached:
            # What watches a folder that went away does not see it return.
            self.close()
            sleep(seconds)
            return False
        if self._wake is None:
            self._wake = Wake([self._folder], self._tell, self._heeds)
        return self._wake.wait(seconds)

    def close(self) -> None:
        if self._wake is not None:
            self._wake.close()
            self._wake = None


def once(home: NodeHome, *, echo: Callable[[str], None]) -> bool | None:
    """Work until nothing more happens.

    Returns
    -------
    bool or None
        Whether anything happened; None if a daemon, or another pass, is at work in this home.

    Raises
    ------
    FedfolderError
        As `Node.work`.
    """
    lock = _lock(home)
    if lock is None:
        return None
    with lock, contextlib.closing(Node(home, echo=echo)) as node:
        worked, settings = False, settings_of(home.path, node.journal)
        with node.record.stops():
            while node.work():
                worked = True
        note_settled(node.journal, settings)
        return worked
