"""The data set in Stata's memory, as if it were a data file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import DataFileError
from fedfolder.node.narrow import narrowed
from fedfolder.node.progress import unwatched
from fedfolder.node.readers import Field, Numbering, Table, TextColumn
from fedfolder.node.recode import spelled
from fedfolder.node.sources import Opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedfolder.node.progress import Watch
    from fedfolder.node.readers import RawColumn
    from fedfolder.node.reading import Reading
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.frame import DataFrame

LARGEST_LABELLED = 2147483620
"""The largest number that a value label can be about; beyond it stand labels of missing values."""


def opened(stata: Stata, frame: str, current: str, reading: Reading) -> Opened:
    """The data set in a frame, with the study's names and codes over its own.

    Parameters
    ----------
    current : str
        The frame that is the current one.

    Raises
    ------
    DataFileError
        If there is no such frame.
    """
    found = stata.frame(frame)
    if found is None:
        raise DataFileError("Stata has no such frame", where=frame, do="use the data, and name their frame")
    return Opened(where(frame), MemorySource(stata, found, frame, current), reading)


def where(frame: str) -> str:
    """The place of the data in messages."""
    return f"Stata's memory (frame {frame})"


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A data set in memory: a `Source`. It gives what a .dta that is saved from it would."""

    stata: Stata
    data: DataFrame
    frame: str
    current: str

    @property
    def fields(self) -> Mapping[str, Field]:
        """Its variables, with their labels."""
        names = self.data.names
        texts = self.stata.value_labels(self.frame, self.current, names)
        return {name: Field(self.data.label(name), _by_level(texts.get(name, {}))) for name in names}

    @property
    def how(self) -> tuple[tuple[str, str], ...]:
        """Nothing has to be detected."""
        return ()

    @property
    def decimal(self) -> str:
        """A point, in texts that a recode makes numbers."""
        return "."

    def read(self, wanted: Sequence[str], _words: Mapping[str, frozenset[str]], _watch: Watch = unwatched) -> Table:
        """The wanted variables."""
        return Table(self.data.nobs, {name: self._column(name) for name in wanted})

    def _column(self, name: str) -> RawColumn:
        if not self.data.is_text(name):
            return narrowed(self.data.numbers(name))
        numbering = Numbering()
        return TextColumn(narrowed(numbering.codes(self.data.texts(name))), numbering.levels)


def _by_level(texts: Mapping[float, str]) -> dict[str, str]:
    return {spelled(float(value)): text for value, text in texts.items() if value <= LARGEST_LABELLED}
