"""Reading Stata's .dta files, by pandas; by pyreadstat where pandas does not know the version.

pandas reads several times faster, and in Python: a malformed file makes it raise an error. pyreadstat is C, and runs in
a child process (see readstat.py), which an ordinary file never starts. Both give the same columns: all of Stata's
missing values (`.`, `.a` to `.z`) are NaN, dates stay the numbers that Stata keeps, value labels replace nothing, and a
float is widened as Stata widens it.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fedfolder.errors import DataFileError, FedfolderError
from fedfolder.node import readstat
from fedfolder.node.dta_header import require_possible
from fedfolder.node.readers import (
    CHUNK_ROWS,
    Field,
    Frame,
    Numbering,
    Table,
    TextColumn,
    join_codes,
    join_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.node.readers import RawColumn


class _Builder:
    """A column that grows by chunks."""

    def __init__(self, source: str, name: str) -> None:
        self._where = f"{source}, variable {name}"
        self._numbers: list[NDArray[np.float64]] = []
        self._codes: list[NDArray[np.int32]] = []
        self._texts: Numbering | None = None

    def add(self, values: pd.Series[Any]) -> None:
        """Take in the next values of the column, numbers or text as the file declares them."""
        if values.dtype.kind in "iuf":
            self._numbers.append(values.to_numpy(dtype=np.float64))
            return
        self._texts = Numbering() if self._texts is None else self._texts
        texts = values.tolist()
        if not all(isinstance(text, str) for text in texts):
            what = "a strL variable holds binary data"
            raise DataFileError(what, where=self._where, expected="text", do="leave it out of the file")
        self._codes.append(self._texts.codes(texts))

    def column(self) -> RawColumn:
        """All that was taken in."""
        if self._texts is None:
            return join_numbers(self._numbers)
        return TextColumn(join_codes(self._codes), self._texts.levels)


class _Reader(NamedTuple):
    """A library that reads .dta files."""

    labels: Callable[[Path], dict[str, str]]
    """The variables' labels by their names, in the file's order."""
    value_labels: Callable[[Path], dict[str, dict[str, str]]]
    """The value labels of each variable that has any: a value, spelt as a level is, and its text."""
    chunks: Callable[[Path, Sequence[str]], Iterator[pd.DataFrame]]
    """The rows of some columns, at least one chunk, which may be empty."""


@dataclass(frozen=True, slots=True)
class DtaSource:
    """An opened .dta: a `Source`."""

    path: Path
    reader: _Reader
    labels: Mapping[str, str]

    @property
    def fields(self) -> Mapping[str, Field]:
        """Its columns, with their labels."""
        texts = _value_labels(self.reader, self.path)
        note = "" if texts is not None else "value labels could not be read"
        return {name: Field(label, (texts or {}).get(name, {}), note) for name, label in self.labels.items()}

    @property
    def how(self) -> tuple[tuple[str, str], ...]:
        """Nothing has to be detected."""
        return ()

    @property
    def decimal(self) -> str:
        """A point, in texts that a recode makes numbers."""
        return "."

    def read(self, wanted: Sequence[str], _words: Mapping[str, frozenset[str]]) -> Table:
        """The wanted columns; raises `DataFileError` when the file is damaged."""
        frame = read_with(self.reader, self.path, wanted)
        return Table(frame.nrows, frame.columns)


def open_dta(path: Path) -> DtaSource:
    """The .dta at `path`; raises `DataFileError` when it is none."""
    return DtaSource(path, *_reader_of(path))


def read_with(reader: _Reader, path: Path, wanted: Sequence[str]) -> Frame:
    """The wanted columns, read by this library; raises `DataFileError` when it cannot."""
    builders = {name: _Builder(str(path), name) for name in wanted}
    nrows = 0
    with _failures(path):
        for chunk in reader.chunks(path, list(wanted)):
            nrows += len(chunk)
            for name, builder in builders.items():
                builder.add(chunk[name])
    return Frame(str(path), nrows, {name: builder.column() for name, builder in builders.items()})


def _reader_of(path: Path) -> tuple[_Reader, dict[str, str]]:
    """The first library that understands the file's header, and the labels it found."""
    require_possible(path)
    try:
        return PANDAS, PANDAS.labels(path)
    except Exception:  # noqa: BLE001  (a damaged header raises anything from struct.error to KeyError)
        with _failures(path):
            return PYREADSTAT, PYREADSTAT.labels(path)


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Whatever a library raises over a damaged file becomes one error; its own words may quote the data."""
    try:
        yield
    except FedfolderError:
        raise
    except Exception:  # noqa: BLE001  (as above)
        what = "the Stata file cannot be read"
        found = "a damaged or truncated file, a version that is not known, or too little memory"
        raise DataFileError(what, where=str(path), found=found, do="copy it again, or save it again in Stata") from None


def _value_labels(reader: _Reader, path: Path) -> dict[str, dict[str, str]] | None:
    """The value labels of each variable that has any; None when they cannot be read."""
    try:
        return reader.value_labels(path)
    except Exception:  # noqa: BLE001  (labels to look at must not stand between a node and its data)
        return None


@contextmanager
def _latin_is_fine() -> Iterator[None]:
    """Text that is not in the file's encoding is read as Latin-1: pandas says so for every cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnicodeWarning)
        yield


def _pandas_labels(path: Path) -> dict[str, str]:
    import pandas as pd

    with _latin_is_fine(), pd.read_stata(path, iterator=True) as reader:
        return dict(reader.variable_labels())


def _pandas_value_labels(path: Path) -> dict[str, dict[str, str]]:
    import pandas as pd

    with _latin_is_fine(), pd.read_stata(path, iterator=True) as reader:
        names, found = reader.variable_labels(), reader.value_labels()
        # pandas has no public way from a variable to its set of labels; without this one, they are left out.
        sets: list[str] = reader._lbllist  # type: ignore[attr-defined]  # noqa: SLF001
        texts = {of: {str(value): str(text) for value, text in found[of].items()} for of in found}
        return {name: texts[of] for name, of in zip(names, sets, strict=True) if of in texts}


def _pandas_chunks(path: Path, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    wanted, empty = list(names), True
    with _latin_is_fine():
        with pd.read_stata(
            path, columns=wanted, chunksize=CHUNK_ROWS, convert_categoricals=False, convert_dates=False
        ) as chunks:
            for chunk in chunks:
                empty = False
                yield chunk
        if empty:
            yield pd.read_stata(path, columns=wanted, convert_categoricals=False, convert_dates=False)


def _pyreadstat_labels(path: Path) -> dict[str, str]:
    return readstat.read_labels(path).variables


def _pyreadstat_value_labels(path: Path) -> dict[str, dict[str, str]]:
    return readstat.read_labels(path).value_labels


def _pyreadstat_chunks(path: Path, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    columns = readstat.read_columns(path, names)
    yield pd.DataFrame(
        {n: pd.Series(v, dtype=object if isinstance(v, list) else np.float64) for n, v in columns.items()}
    )


PANDAS = _Reader(_pandas_labels, _pandas_value_labels, _pandas_chunks)
PYREADSTAT = _Reader(_pyreadstat_labels, _pyreadstat_value_labels, _pyreadstat_chunks)
