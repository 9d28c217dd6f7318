"""All nodes of a study at once: publish to each, and wait until each has answered."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.about import SOFTWARE
from fedfolder.errors import ExchangeError, WaitingError
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.mailbox import is_first
from fedfolder.exchange.watching import Pauses
from fedfolder.server.absence import SilentNodesError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Mailbox
    from fedfolder.server.absence import Absence
    from fedfolder.server.progress import Progress

Idle = Callable[[float], object]
"""Lets a number of seconds pass, or fewer: sleeping, waiting for an event, or letting simulated nodes work.

What it returns is True where something moved in a node's folder, as far as it can tell.
"""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look into a node's folder brought: a message, or what stands in the way."""

    message: Message | None
    problem: str
    reached: bool = True


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
    absence : Absence, optional
        When a node that stays silent is left out; never by default.
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
        absence: Absence | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.boxes = boxes
        self._journal = journal
        self._progress = progress
        self._clock = clock
        self.timeout = timeout
        self.wait_anew()
        self._longest_pause = longest_pause
        self._idle = idle
        self._absence = absence
        self._announced = False
        self._told: set[str] = set()
        self._reached: set[str] = set()

    def wait_anew(self) -> None:
        """Let the study's time begin now: for what stays open while a person thinks."""
        self._deadline = self._clock() + self.timeout if self.timeout else math.inf

    def open(self) -> list[str]:
        """Take possession of every channel, and wait until every node has introduced itself.

        Returns
        -------
        list of str
            The nodes that have not, and are no longer waited for.

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
            try:
                self.collect(self.unknown, roster=tuple(self.boxes))
            except SilentNodesError as silent:
                self._progress.note(str(silent))
                return list(silent.nodes)
        return []

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
        self,
        waited_for: Callable[[], Iterable[str]],
        *,
        enough: Callable[[Message], bool] = lambda _: False,
        patience: float | None = None,
        roster: Sequence[str] = (),
    ) -> list[str]:
        """Wait until none of some nodes owes a message; return those that still do.

        What comes from others meanwhile is accepted as well.

        Parameters
        ----------
        waited_for : callable
            Names the nodes, anew after each look.
        enough : callable
            Told of each message accepted; when it returns True, the wait is over.
        patience : float, optional
            Seconds after which the wait ends without an error, whatever the study's time.
        roster : sequence of str
            The nodes of which enough must be left when silent ones are left out; empty where none ever is.

        Raises
        ------
        SilentNodesError
            When nodes have been silent for longer than `absence` allows.
        WaitingError
            When the study's time is over, naming the nodes.
        """
        pauses, began, heard = Pauses(longest=self._longest_pause), self._clock(), False
        pauses.progress(announced=self._announced)
        until = self._deadline if patience is None else began + patience
        absence = self._absence if roster else None
        judged = until if absence is None else min(until, began + absence.looking)
        while True:
            # Who is silent is found out by a whole look: to a glance, a share that is away is one without an answer.
            wanted, now = set(waited_for()), self._clock()
            looks = self._look_at_all(wanted, hastened=heard and now < judged)
            owing = self.owing(waited_for())
            come = [look.message for look in looks.values() if look.message is not None]
            self._announced = heard if come else self._announced
            if not owing or any(map(enough, come)) or (now >= until and patience is not None):
                return owing
            if absence is not None and now - began >= absence.looking:
                self._require_present(owing, looks, roster, absence)
            trouble = {node: looks[node].problem if node in looks else "" for node in owing}
            if now >= until:
                raise self._out_of_time(owing, trouble)
            if come:
                pauses.progress(announced=heard)
            self._progress.waiting(trouble)
            heard = self._idle(min(pauses.next(), until - now)) is True

    def _look_at_all(self, wanted: Collection[str], *, hastened: bool) -> dict[str, _Look]:
        """Look for the messages that nodes owe, and journal those that have come in one transaction."""
        looks: dict[str, _Look] = {}
        try:
            for node in self.owing():
                looks[node] = self._look(node, hastened=hastened)
        finally:
            # Whatever one node brings to light, the others' answers have come.
            come = {node: look.message for node, look in looks.items() if look.message is not None}
            if come:
                with self._journal.transaction(lasting=any(map(is_first, come.values()))):
                    for node, message in come.items():
                        self.boxes[node].accept(message)
        for node in come:
            self._reached.add(node)
            if node in wanted:
                self._progress.reading(node)
            else:
                self._progress.note(f"{node} is back; its answer comes too late for this fit.")
        return looks

    def _look(self, node: str, *, hastened: bool) -> _Look:
        """Look for the message that a node owes; see `Mailbox.look` for `hastened`."""
        box = self.boxes[node]
        try:
            written, message = box.look(hastened=hastened)
            self._copied(node, written)
        except ExchangeError as error:
            # A share that goes away comes back: nothing is lost by waiting for it.
            problem = " ".join(filter(None, [f"{error.what}:", error.where, f"({error.found})" * bool(error.found)]))
            return _Look(None, problem, reached=False)
        return _Look(message, "; ".join(f"{name}: {reason}" for name, reason in box.findings.items()))

    def _require_present(
        self, owing: Sequence[str], looks: Mapping[str, _Look], roster: Sequence[str], absence: Absence
    ) -> None:
        """Leave out who has been silent for too long, if enough of the others have answered.

        A node whose folder cannot be looked into is not silent: it is the share that is away.
        """
        silent = [n for n in owing if looks[n].reached and absence.is_over(self._journal, n)]
        left = [node for node in roster if node not in owing]
        if silent and len(left) >= absence.fewest:
            raise SilentNodesError(silent)
        if silent and not self._told.issuperset(silent):
            self._told.update(silent)
            self._progress.note(
                f"{' and '.join(silent)} would be left out now, but only {len(left)} of the others have answered, and "
                f"at least {absence.fewest} must be left: waiting on."
            )

    def owing(self, nodes: Iterable[str] | None = None) -> list[str]:
        """Those of `nodes` (all by default) from which a message is due."""
        with self._journal.steady():
            return [
                node for node in (self.boxes if nodes is None else nodes) if self.boxes[node].waits_for() is not None
            ]

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
