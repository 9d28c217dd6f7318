"""Reading Stata's .dta files, by pandas; by pyreadstat where pandas does not know the version.

pandas is written in Python: a malformed file makes it raise an error. pyreadstat is C, and runs in a child process (see
readstat.py), which an ordinary file never starts. The rows of an ordinary file are taken by numpy, since pandas reads
all variables for the few that are wanted (see dta_rows.py). All three give the same columns: all of Stata's missing
values (`.`, `.a` to `.z`) are NaN, dates stay the numbers that Stata keeps, value labels replace nothing, and a float
is widened as Stata widens it.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from fedfolder.errors import DataFileError, FedfolderError
from fedfolder.node import dta_rows, keys, readstat
from fedfolder.node.dta_header import require_possible
from fedfolder.node.narrow import Narrowing
from fedfolder.node.progress import unwatched
from fedfolder.node.readers import CHUNK_ROWS, Field, Frame, Numbering, Table, TextColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.node.progress import Watch
    from fedfolder.node.readers import RawColumn


class _Texts(dict[bytes, int]):
    """The number of each text in a numbering, by its bytes up to the first NUL, as Stata reads them."""

    def __init__(self, numbering: Numbering, encoding: str) -> None:
        super().__init__()
        self._numbering, self._encoding = numbering, encoding

    def __missing__(self, content: bytes) -> int:
        """Decode a new text; what is not in the file's encoding is Latin-1, as pandas has it."""
        bare = content.partition(b"\0")[0]
        try:
            text = bare.decode(self._encoding)
        except UnicodeDecodeError:
            text = bare.decode("latin-1")
        self[content] = self._numbering[text]
        return self[content]


class _Builder:
    """A column that grows by chunks."""

    def __init__(self, source: str, name: str, encoding: str = "utf-8") -> None:
        self._where = f"{source}, variable {name}"
        self._values = Narrowing()
        self._numbering = Numbering()
        self._texts = _Texts(self._numbering, encoding)
        self._known = keys.Lookup(self._texts.__getitem__, np.int64)
        self._is_text = False

    def add(self, values: NDArray[Any] | Sequence[Any]) -> None:
        """Take in the next values of the column: an array of numbers or of bytes, or texts."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            self._values.add(values)
            return
        self._is_text = True
        self._values.add(self._codes_of_bytes(values) if isinstance(values, np.ndarray) else self._codes(values))

    def _codes_of_bytes(self, texts: NDArray[np.bytes_]) -> NDArray[Any]:
        if texts.dtype.itemsize <= keys.LONGEST and len(self._known) <= keys.MANY:
            return self._known.at(texts.astype(f"S{keys.LONGEST}").view("<u8"))
        return np.fromiter(map(self._texts.__getitem__, texts.tolist()), np.int64, len(texts))

    def _codes(self, texts: Sequence[Any]) -> NDArray[np.int32]:
        if not all(isinstance(text, str) for text in texts):
            what = "a strL variable holds binary data"
            raise DataFileError(what, where=self._where, expected="text", do="leave it out of the file")
        return self._numbering.codes(texts)

    def column(self) -> RawColumn:
        """All that was taken in."""
        values = self._values.column()
        return TextColumn(values, self._numbering.levels) if self._is_text else values


Chunk: TypeAlias = "tuple[int, Mapping[str, NDArray[Any] | Sequence[Any]]]"
"""A number of rows, and columns of them: numbers with NaN for missing, or texts, or their bytes."""


class _Reader(NamedTuple):
    """A library that reads .dta files."""

    labels: Callable[[Path], dict[str, str]]
    """The variables' labels by their names, in the file's order."""
    value_labels: Callable[[Path], dict[str, dict[str, str]]]
    """The value labels of each variable that has any: a value, spelt as a level is, and its text."""
    chunks: Callable[[Path, Sequence[str]], Iterator[Chunk]]
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

    def read(self, wanted: Sequence[str], _words: Mapping[str, frozenset[str]], watch: Watch = unwatched) -> Table:
        """The wanted columns; raises `DataFileError` when the file is damaged."""
        frame = read_rows(self.path, list(self.labels), wanted, watch) if self.reader is PANDAS else None
        frame = frame or read_with(self.reader, self.path, wanted, self._of_all(watch))
        return Table(frame.nrows, frame.columns)

    def _of_all(self, watch: Watch) -> Callable[[int], None]:
        """Told of rows, tells the share of them; where nobody but a library knows how many there are, nothing."""
        claim = require_possible(self.path)
        return lambda nrows: None if claim is None else watch(nrows / max(1, claim.nrows))


def open_dta(path: Path) -> DtaSource:
    """The .dta at `path`; raises `DataFileError` when it is none."""
    return DtaSource(path, *_reader_of(path))


def read_with(
    reader: _Reader, path: Path, wanted: Sequence[str], watch: Callable[[int], None] = lambda _nrows: None
) -> Frame:
    """The wanted columns, read by this library; raises `DataFileError` when it cannot. `watch` is told of rows."""
    with _failures(path):
        builders = {name: _Builder(str(path), name) for name in wanted}
        return _built(path, builders, reader.chunks(path, list(wanted)), watch)


def read_rows(path: Path, names: Sequence[str], wanted: Sequence[str], watch: Watch = unwatched) -> Frame | None:
    """The wanted columns of a file whose variables have these names, without a library; None where it takes one.

    Raises
    ------
    DataFileError
        The file is damaged.
    """
    claim, places = require_possible(path), {name: names.index(name) for name in wanted}
    rows = None if claim is None else claim.rows
    if claim is None or rows is None or not dta_rows.can_be_placed(rows, places.values(), len(names)):
        return None
    with _failures(path):
        builders = {name: _Builder(str(path), name, rows.encoding) for name in wanted}
        chunks = dta_rows.chunks(path, claim, rows, places, CHUNK_ROWS)
        return _built(path, builders, chunks, lambda nrows: watch(nrows / max(1, claim.nrows)))


def _built(
    path: Path, builders: Mapping[str, _Builder], chunks: Iterable[Chunk], watch: Callable[[int], None]
) -> Frame:
    nrows = 0
    for here, columns in chunks:
        nrows += here
        watch(nrows)
        for name, values in columns.items():
            builders[name].add(values)
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


def _pandas_chunks(path: Path, names: Sequence[str]) -> Iterator[Chunk]:
    import pandas as pd

    wanted, empty = list(names), True
    with _latin_is_fine():
        with pd.read_stata(
            path, columns=wanted, chunksize=CHUNK_ROWS, convert_categoricals=False, convert_dates=False
        ) as chunks:
            for chunk in chunks:
                empty = False
                yield len(chunk), {name: _plain(chunk[name]) for name in wanted}
        if empty:
            found = pd.read_stata(path, columns=wanted, convert_categoricals=False, convert_dates=False)
            yield len(found), {name: _plain(found[name]) for name in wanted}


def _plain(values: pd.Series[Any]) -> NDArray[Any] | list[Any]:
    """A column of numbers or of texts, as the file declares it."""
    return values.to_numpy() if values.dtype.kind in "iuf" else values.tolist()


def _pyreadstat_labels(path: Path) -> dict[str, str]:
    return readstat.read_labels(path).variables


def _pyreadstat_value_labels(path: Path) -> dict[str, dict[str, str]]:
    return readstat.read_labels(path).value_labels


def _pyreadstat_chunks(path: Path, names: Sequence[str]) -> Iterator[Chunk]:
    columns = readstat.read_columns(path, names)
    yield max(map(len, columns.values()), default=0), columns


PANDAS = _Reader(_pandas_labels, _pandas_value_labels, _pandas_chunks)
PYREADSTAT = _Reader(_pyreadstat_labels, _pyreadstat_value_labels, _pyreadstat_chunks)
