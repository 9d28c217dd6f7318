"""A pass that finds nothing, in a fraction of the time that it takes to get ready for an answer.

`node once` is started every minute in some places. What an answer needs (numpy, the likelihoods, the policy) takes
half a second to import; to see that nothing has come takes the journal, and two folders.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fedfolder.about import SOFTWARE
from fedfolder.exchange.names import SERVER, TO_NODE, TO_SERVER
from fedfolder.exchange.quiet import TROUBLE, reading

if TYPE_CHECKING:
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.quiet import Last, Quiet

_SETTLED: Final = "settings that were in order"
_FILES: Final = ("node.toml", "policy.toml")
_KEY: Final = Path("keys", "private.pem")


def is_quiet(home: Path) -> bool:
    """Whether a pass in `home` would find nothing to do, and find all in order. Nothing is written.

    False says only that a whole pass is needed to know: also when a daemon is running, when something is out of reach
    or wrong, and when the settings were not read by this version since they were changed.
    """
    try:
        with reading(home / "journal.sqlite3", SERVER) as journal:
            return journal is not None and not _is_held(home / "running.lock") and _is_quiet(home, journal)
    except (*TROUBLE, OSError, ValueError, KeyError, TypeError):
        return False


def _is_quiet(home: Path, journal: Quiet) -> bool:
    if not journal.owes_nothing() or journal.fact(_SETTLED) != _digest(home, journal.decisions()):
        return False
    settings = tomllib.loads((home / "node.toml").read_text(encoding="utf-8-sig"))
    exchange = home.absolute() / Path(settings["exchange"]).expanduser()
    copies = all(_is_kept(home, journal.last(direction)) for direction in ("in", "out"))
    return copies and not journal.has_come(exchange / TO_NODE) and journal.is_mended(exchange / TO_SERVER)


def settings_of(home: Path, journal: Journal) -> str | None:
    """What a pass in `home` goes by, as a digest, to be noted at its end; None if some of it cannot be read.

    Taken when a pass begins: what is changed during it was not read by it.
    """
    rows = journal.rows("SELECT who, what, value FROM trust ORDER BY who, what")
    try:
        return _digest(home, repr(rows))
    except OSError:
        return None


def note_settled(journal: Journal, settings: str | None) -> None:
    """Note that settings were read and are in order, for the passes after this one."""
    if settings is not None and journal.fact(_SETTLED) != settings:
        journal.write("INSERT OR REPLACE INTO home VALUES (?, ?)", (_SETTLED, settings))


def _digest(home: Path, decisions: str) -> str:
    """A digest of all that a pass reads before it looks; of the key only what the folder says of it."""
    key = (home / _KEY).stat()
    told = [SOFTWARE, decisions, str(key.st_mode), str(key.st_size), str(key.st_mtime_ns)]
    told += [hashlib.sha256((home / name).read_bytes()).hexdigest() for name in _FILES]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _is_kept(home: Path, message: Last | None) -> bool:
    """Whether the copy for the custodian is there, which a crash may have prevented."""
    if message is None or message.number == 0:
        return True
    attempt = f"-attempt{message.attempt}" if message.attempt > 1 else ""
    return (home / "kept" / f"fit{message.fit}{attempt}" / message.name).is_file()


def _is_held(lock: Path) -> bool:
    """Whether another process holds the file that `filelock` locks, as `filelock` would find out."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
