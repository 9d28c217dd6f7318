"""One Stata: its memory, its Results window, the programs that it knows, its Python. No Stata has confirmed it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fedfolder.stata
from tests.stata.standin import current
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expansion import Expansion
from tests.stata.standin.interpreter import Ended, Interpreter
from tests.stata.standin.lookup import Lookup
from tests.stata.standin.memory import Memory
from tests.stata.standin.results import Results

if TYPE_CHECKING:
    from pandas import DataFrame

    from tests.stata.standin.data import DataSet
    from tests.stata.standin.expressions import Value
    from tests.stata.standin.ml_model import Model

ADO = Path(fedfolder.stata.__file__).with_name("ado")


class Session:
    """A Stata with our ado-files on its adopath.

    Parameters
    ----------
    folder
        Where its PLUS and PERSONAL are.
    adopath
        Folders of ado-files, ours where it is not given.
    """

    def __init__(self, folder: Path, adopath: list[Path] | None = None) -> None:
        self.plus, self.personal = folder / "plus", folder / "personal"
        self.adopath = [self.plus, self.personal, *([ADO] if adopath is None else adopath)]
        self.memory = Memory()
        self.results = Results()
        self.lookup = Lookup(self)
        self.interpreter = Interpreter(self)
        self.expand = Expansion(self.memory, self.lookup.as_text, self.lookup.extended)
        self.python: dict[str, Any] = {"__name__": "__main__"}
        self.version = self.stata_version = 17.0
        self.os = "Windows" if os.name == "nt" else "Unix"
        self.rc = 0
        self.loud: OutsideSubset | None = None
        self.polls = 0
        self.python_exec = sys.executable
        self.python_started = sys.executable
        self.python_fails = 0
        self._break_at: int | None = None
        self._names = 0
        self.preserved: list[DataSet] = []
        self.ml: Model | None = None
        current.start(self)

    @property
    def text(self) -> str:
        """The Results window."""
        return self.results.text

    @property
    def errors(self) -> str:
        """The lines in red of the Results window."""
        return self.results.errors

    def run(self, text: str) -> int:
        """Type a command, or run the lines of a do-file; the return code, which is also in `rc`."""
        self.rc = 0
        try:
            if "\n" in text.strip():
                self.interpreter.load(text)
            else:
                self.execute(text.strip())
        except Ended as ended:
            self.rc = ended.rc
        except StataError as error:
            self.rc = error.rc
        except OutsideSubset as found:
            self.loud = found
            raise
        if self.rc:
            self.results.line(f"r({self.rc});", wrong=True)
        return self.rc

    def execute(self, line: str) -> None:
        """Run a command where the program is that runs now."""
        self.interpreter.line(line)

    def do(self, path: Path) -> int:
        """Run a do-file."""
        return self.run(path.read_text(encoding="utf-8") + "\n* end\n")

    def evaluate(self, text: str, obs: int | None = None) -> Value:
        """The value of an expression."""
        return self.lookup.expression(text, obs).value()

    def load(self, frame: DataFrame) -> None:
        """Put the columns of a pandas frame into memory, as numbers or strings; what is missing there is `.` or ""."""
        self.memory.data.clear()
        self.memory.data.nobs = len(frame)
        for name in frame.columns:
            values = frame[name].tolist()
            text = any(isinstance(value, str) for value in values)
            column = self.memory.data.add(str(name), "str1" if text else "byte")
            for i, value in enumerate(values):
                if isinstance(value, str) or (value is not None and value == value):  # noqa: PLR0124 - NaN differs
                    column.put(i, value)

    def press_break(self, after: int = 1) -> None:
        """Press Break: the n-th poll from now on notices it."""
        self._break_at = self.polls + after

    def polled(self) -> bool:
        """Python lets Stata look at its windows: whether Break was pressed."""
        self.polls += 1
        if self._break_at is None or self.polls < self._break_at:
            return False
        self._break_at = None
        return True

    def temporary_name(self) -> str:
        """A name that nothing has: `__000001`."""
        self._names += 1
        return f"__{self._names:06d}"
