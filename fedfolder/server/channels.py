"""All nodes of a study at once: publish to each, and wait until each has answered."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fedfolder.about import SOFTWARE
from fedfolder.errors import ExchangeError, WaitingError
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.watching import Pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Mailbox
    from fedfolder.server.progress import Progress

Idle = Callable[[float], None]
"""Lets a number of seconds pass, or fewer: sleeping, waiting for an event, or letting simulated nodes work."""


class Channels:
    """The server's ends of all channels.

    Parameters
    ----------
    boxes : mapping of str to Mailbox
        By node, in the study's order.
    timeout : float
        Seconds that any wait may take; 0 for ever.
    idle : callable
        Lets time pass between looks.
    clock : callable
        Seconds, from any start, that never run backwards.
    """

    def __init__(
        self,
        boxes: Mapping[str, Mailbox],
        journal: Journal,
        progress: Progress,
        *,
        timeout: float,
        longest_pause: float,
        idle: Idle,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.boxes = boxes
        self._journal = journal
        self._progress = progress
        self._clock = clock
        self._deadline = clock() + timeout if timeout else math.inf
        self._longest_pause = longest_pause
        self._idle = idle
        self._reached: set[str] = set()

    def open(self) -> None:
        """Take possession of every channel, and wait until every node has introduced itself.

        Raises
        ------
        ExchangeError, HomeInUseError
            If a channel is out of reach, or another server writes there.
        WaitingError
            When the study's time is over.
        """
        for box in self.boxes.values():
            box.open({"role": "server", "software": SOFTWARE})
        unknown = self.unknown()
        if unknown:
            self._progress.greeting(unknown)
            self.collect(enough=lambda _: not self.unknown())

    def unknown(self) -> list[str]:
        """The nodes that have not introduced themselves."""
        return [node for node, box in self.boxes.items() if box.waits_for() == 0]

    def release(self) -> None:
        """Delete from the share what a node has acknowledged; what cannot be deleted now goes after the next fit."""
        for box in self.boxes.values():
            if box.waits_for() is None:
                with contextlib.suppress(ExchangeError):
                    box.release()

    def publish(self) -> None:
        """Publish to every node before waiting for any.

        A folder that could be written before, in this run, is one that has gone away and comes back: `collect` tries
        again. One that could never be written is more likely set up wrongly, and somebody should know at once.

        Raises
        ------
        ExchangeError
            If a folder cannot be written, and could not be before.
        """
        for node, box in self.boxes.items():
            try:
                written = box.publish()
            except ExchangeError:
                if node not in self._reached:
                    raise
                continue
            self._copied(node, written)

    def _copied(self, node: str, written: Sequence[str]) -> None:
        if written:
            self._reached.add(node)
            self._progress.copied(node, written)

    def collect(
        self, *, enough: Callable[[Message], bool] = lambda _: False, patience: float | None = None
    ) -> list[str]:
        """Wait until no node owes a message; return the nodes that still do.

        Parameters
        ----------
        enough : callable
            Told of each message accepted; when it returns True, the wait is over.
        patience : float, optional
            Seconds after which the wait ends without an error, whatever the study's time.

        Raises
        ------
        WaitingError
            When the study's time is over, naming the nodes.
        """
        pauses = Pauses(longest=self._longest_pause)
        until = self._deadline if patience is None else self._clock() + patience
        while True:
            trouble: dict[str, str] = {}
            for node in self.owing():
                message, problem = self._look(node)
                trouble[node] = problem
                if message is not None:
                    pauses.progress()
                    if enough(message):
                        return self.owing()
            owing, left = self.owing(), until - self._clock()
            if not owing or (left <= 0 and patience is not None):
                return owing
            if left <= 0:
                raise self._out_of_time(owing, trouble)
            self._progress.waiting({node: trouble.get(node, "") for node in owing})
            self._idle(min(pauses.next(), left))

    def _look(self, node: str) -> tuple[Message | None, str]:
        """The message that a node owes, if it is there, and otherwise what stands in the way."""
        box = self.boxes[node]
        try:
            self._copied(node, box.publish())
            message = box.receive()
        except ExchangeError as error:
            # A share that goes away comes back: nothing is lost by waiting for it.
            return None, " ".join(filter(None, [f"{error.what}:", error.where, f"({error.found})" * bool(error.found)]))
        if message is not None:
            self._reached.add(node)
            self._progress.reading(node)
        return message, "; ".join(f"{name}: {reason}" for name, reason in box.findings.items())

    def owing(self, nodes: Iterable[str] | None = None) -> list[str]:
        """Those of `nodes` (all by default) from which a message is due."""
        return [node for node in (self.boxes if nodes is None else nodes) if self.boxes[node].waits_for() is not None]

    def _out_of_time(self, owing: Sequence[str], trouble: Mapping[str, str]) -> WaitingError:
        return WaitingError(
            f"the time to wait is over, and {' and '.join(owing)} {'has' if len(owing) == 1 else 'have'} not answered",
            where="; ".join(self._owes(node, trouble.get(node, "")) for node in owing),
            do="nothing is lost: run the same command again to go on; `fedfolder status` shows who owes what",
        )

    def _owes(self, node: str, problem: str) -> str:
        sent = self._journal.last(node, OUT)
        number = self.boxes[node].waits_for()
        if sent is None or number == 0:
            owed = f"{node} has not introduced itself"
        else:
            owed = f"{node} owes the answer to {sent.name}"
        return f"{owed} ({problem})" if problem else owed
