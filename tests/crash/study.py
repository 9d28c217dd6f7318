"""A study in this process whose server and nodes die and are started again, and what must be true of its disks."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fedfolder.exchange.names import SERVER, TO_NODE, TO_SERVER
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedfolder.estimates import FitResult
    from tests.node.places import Clock

COMMAND = "regress low age"
"""Three rounds: moments, an evaluation at zero, one at the estimate."""
NEXT = "regress low"
"""Another fit, which clears the share of what is left of the one before."""
NODES = ("north", "south")
TEMPORARY = re.compile(r"\.fedfolder-[0-9a-f]{16}")
ALLOWED = re.compile(r"m000000-hello\.json|m[0-9]{6}-fit[0-9]+-closing-result\.json")
"""What lies on the exchange when every fit is closed."""


class Sent(NamedTuple):
    """A message in a journal: whose it is, and all its bytes."""

    sender: str
    recipient: str
    number: int
    files: tuple[tuple[str, bytes], ...]


def lay_out_movable(folder: Path) -> Path:
    """A study that has not begun, and that can be copied elsewhere: its settings name no absolute path."""
    study = folder / "study"
    bench = Bench(study).open(data(study / "data", *NODES))
    bench.close()
    for settings in (study / "server" / "study.toml", *(study / node / "node.toml" for node in NODES)):
        text = settings.read_text(encoding="utf-8").replace(str(study), "..")
        text = text.replace("longest_pause = 5.0", "longest_pause = 0.2")
        settings.write_text(text, encoding="utf-8", newline="\n")
    for node in NODES:
        # Opening it has made a journal and a log: a process that never ran has neither.
        for path in (study / node).glob("journal*"):
            path.unlink()
    return study


class Living(Bench):
    """A study whose nodes are started by themselves, and work whenever the server waits."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder)
        self._time = clock

    def fit(self, command: str = COMMAND, *, timeout: float = 3.0, idle: Callable[[float], None] | None = None) -> str:
        """Run a fit and return its result as JSON: no bit of it may ever differ."""

        def pass_time(seconds: float) -> None:
            self._time.seconds += max(seconds, 0.001)
            (idle or self.work)(seconds)

        for name in NODES if idle is None else ():
            if name not in self.nodes:
                self.wake(name)
        result: FitResult = self.run(command, timeout=timeout, idle=pass_time)
        return result.to_json()

    def let_go(self, name: str) -> None:
        """Forget a node's process."""
        node = self.nodes.pop(name, None)
        if node is not None:
            node.close()

    def let_all_go(self) -> None:
        for name in list(self.nodes):
            self.let_go(name)


@contextlib.contextmanager
def copied(study: Path, to: Path, clock: Clock) -> Iterator[Living]:
    """A copy of a study as it lies on the disks, for as long as it is looked at."""
    shutil.copytree(study, to)
    living = Living(to, clock)
    try:
        yield living
    finally:
        living.let_all_go()
        shutil.rmtree(to)


# -- what lies on the disks ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def read_journal(home: Path) -> Iterator[sqlite3.Connection]:
    """A home's journal, as another process reads it: looking mends nothing that a crash left."""
    with contextlib.ExitStack() as stack:
        path = home / "journal.sqlite3"
        if not path.exists():
            path = Path(":memory:")
        elif not _is_readable(path):
            # Only a writer could take back what was half done, so that is left to a copy.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=home.parent.parent)))
            for part in home.glob("journal.sqlite3*"):
                shutil.copy(part, folder)
            path = folder / path.name
        mode = "?mode=ro" if path.parent == home else ""
        yield stack.enter_context(contextlib.closing(sqlite3.connect(f"file:{path}{mode}", uri=True)))


def _is_readable(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            db.execute("SELECT 1 FROM sqlite_master").fetchall()
        except sqlite3.OperationalError:
            return False
        return True


def journalled(home: Path, me: str) -> set[Sent]:
    """Every message in the journal of a home."""
    with read_journal(home) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'payloads'").fetchone():
            return set()
        messages = db.execute("SELECT peer, direction, number, name, content FROM messages").fetchall()
        payloads = db.execute("SELECT peer, direction, number, name, content FROM payloads").fetchall()
    found = set()
    for peer, direction, number, name, content in messages:
        parts = [(row[3], row[4]) for row in payloads if row[:3] == (peer, direction, number)]
        sender, recipient = (me, peer) if direction == "out" else (peer, me)
        found.add(Sent(sender, recipient, number, ((name, content), *sorted(parts))))
    return found


def answered(home: Path) -> list[int]:
    """The numbers of the requests that a node's audit says were answered, as often as it says so."""
    with read_journal(home) as db:
        events = ("answered", "refused", "closed")
        return [n for (n,) in db.execute("SELECT number FROM audit WHERE event IN (?, ?, ?) ORDER BY line", events)]


def unaudited(home: Path) -> list[tuple[str, str, int]]:
    """Messages of which the audit does not tell: peer, direction and number."""
    with read_journal(home) as db:
        return db.execute(
            "SELECT peer, direction, number FROM messages AS m WHERE NOT EXISTS (SELECT 1 FROM audit AS a WHERE "
            "a.peer = m.peer AND a.number = m.number AND (a.event = 'accepted') = (m.direction = 'in') "
            "AND a.event IN ('accepted', 'greeted', 'asked', 'answered', 'refused', 'closed'))"
        ).fetchall()


def on_share(study: Path) -> dict[tuple[str, str, str], bytes]:
    """Every file on the exchange: node, direction and name, to its bytes."""
    files = (path for path in (study / "exchange").rglob("*") if path.is_file())
    return {path.parts[-3:]: path.read_bytes() for path in files}  # type: ignore[misc]


def assert_share_holds_what_is_journalled(study: Path) -> None:
    """Every final name holds the whole of a file that its writer's journal holds; all else has a temporary name."""
    journals = {name: journalled(study / name, name) for name in (SERVER, *NODES)}
    for (node, direction, name), content in on_share(study).items():
        if TEMPORARY.fullmatch(name):
            continue
        sender, recipient = (SERVER, node) if direction == TO_NODE else (node, SERVER)
        assert direction in {TO_NODE, TO_SERVER}
        sent = [s for s in journals[sender] if (s.sender, s.recipient) == (sender, recipient)]
        assert any((name, content) in message.files for message in sent), f"{node}/{direction}/{name} is in no journal"


def assert_journals_agree(study: Path, expected: frozenset[Sent]) -> None:
    """Both ends of each channel hold the same messages, byte for byte those of a fit that nothing disturbed."""
    for name in (SERVER, *NODES):
        mine = {sent for sent in expected if name in {sent.sender, sent.recipient}}
        found = journalled(study / name, name)
        assert {sent for sent in found if sent.number <= last_number(expected)} == mine
    for name in (SERVER, *NODES):
        assert unaudited(study / name) == [], "a message and the line that tells of it come together"
    for node in NODES:
        numbers = answered(study / node)
        assert numbers == list(range(1, len(numbers) + 1)), "each request is answered once"


def last_number(messages: frozenset[Sent]) -> int:
    return max(sent.number for sent in messages)


def left_over(study: Path) -> list[str]:
    """What lies on the exchange though every fit is closed."""
    return [name for _, _, name in on_share(study) if not ALLOWED.fullmatch(name)]
