"""What Python prints, in Stata's Results window."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

from fedfolder.exchange.watching import polling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedfolder.stata.bridge import Stata


class Lines(io.TextIOBase):
    """A stream that hands on whole lines."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__()
        self._show = show
        self._rest = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str | bytes) -> int:
        """Show the lines that are complete; the bytes of a file that nobody named are its text."""
        shown = text.decode("utf-8") if isinstance(text, bytes) else text
        *lines, self._rest = (self._rest + shown).split("\n")
        for line in lines:
            self._show(line)
        return len(text)

    def close(self) -> None:
        """Show what is left."""
        if self._rest:
            self._show(self._rest)
            self._rest = ""
        super().close()


@contextlib.contextmanager
def in_stata(stata: Stata, words: Callable[[str], str]) -> Iterator[None]:
    """What is printed goes to the Results window, errors in red, and Break ends every wait as Ctrl-C does."""
    with (
        contextlib.closing(Lines(lambda line: stata.say(words(line)))) as out,
        contextlib.closing(Lines(lambda line: stata.warn(words(line)))) as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        polling(stata.poll),
    ):
        yield
