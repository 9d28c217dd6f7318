"""What a node writes at home for its custodian: the log, and copies of all that was asked and all that left."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder.errors import FedfolderError, unforeseen
from fedfolder.node.home import KEPT, LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Message


class Record:
    """Writes below a node's home.

    Parameters
    ----------
    home : Path
        The node's home.
    clock : callable
        Gives the time of a line.
    echo : callable
        Shows a line to whoever watches.
    """

    def __init__(self, home: Path, clock: Callable[[], str], echo: Callable[[str], None]) -> None:
        self._home = home
        self._clock = clock
        self._echo = echo

    def say(self, line: str) -> None:
        """Add a line to the log."""
        stamped = f"{self._clock()}  {line}"
        # The log and the copies are for reading: another program that holds them must not stop the node.
        with contextlib.suppress(OSError), (self._home / LOG).open("a", encoding="utf-8", newline="\n") as file:
            file.write(stamped + "\n")
        self._echo(stamped)

    @contextlib.contextmanager
    def stops(self) -> Iterator[None]:
        """Say in the log why the node stops. Of an error that nobody foresaw only the place: its text may quote data.

        Raises
        ------
        FedfolderError
            In place of an error that nobody foresaw.
        """
        try:
            yield
        except FedfolderError as error:
            self.say(f"stopped: {error}")
            raise
        except OSError as error:
            self.say(f"stopped: {error.strerror or type(error).__name__}: {error.filename or ''}")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is
            told = unforeseen(error)
            self.say(f"stopped: {told}")
            raise told from None

    def keep(self, message: Message) -> Path:
        """Copy a message's files to `kept/`, and return the folder.

        The journal holds the same bytes; the copies are for reading, so they may be deleted.
        """
        folder = self._folder(message)
        for name, content in [*message.payloads.items(), (message.name, message.content)]:
            self._copy(folder / name, content)
        return folder

    def _copy(self, path: Path, content: bytes) -> None:
        try:
            self._write(path, content)
        except OSError as error:
            self.say(f"no copy was kept as {path}: {error.strerror}; the journal has it")

    def _write(self, path: Path, content: bytes) -> None:
        """Write what is mostly new, into a folder that is mostly there."""
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except FileExistsError:
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)

    def keep_result(self, message: Message, result: FitResult) -> None:
        """Write the table of a fit that was closed, as this node derives it itself from what was published."""
        text = f"{result.command}\n\n{result.summary()}\n"
        self._copy(self._folder(message) / "result.txt", text.encode())

    def _folder(self, message: Message) -> Path:
        attempt = f"-attempt{message.header.attempt}" if message.header.attempt > 1 else ""
        return self._home / KEPT / f"fit{message.header.fit}{attempt}"
