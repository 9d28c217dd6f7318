"""The rows of a .dta, of the wanted variables alone, by numpy over the places that the header gives.

A row is some bytes, each variable at a fixed place in it (Stata's description of the format, `help dta`). pandas makes
a column of every variable, decodes each text of it, and then drops what nobody asked for: for 4 variables of 30 that
takes several times as long. Its reading of the header is kept, and with it the names; what is not as plain as this is
left to it: texts that stand elsewhere (strL), and versions before 113.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.node.dta_header import STRL, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.node.dta_header import Claim, Rows

BYTES = 1 << 20
"""Of rows that are held at a time."""
VALID: dict[str, tuple[float, float]] = {
    "i1": (-127, 100),
    "i2": (-32767, 32740),
    "i4": (-2147483647, 2147483620),
    "f4": (struct.unpack("<f", b"\xff\xff\xff\xfe")[0], struct.unpack("<f", b"\xff\xff\xff\x7e")[0]),
    "f8": (struct.unpack("<d", b"\xff" * 6 + b"\xef\xff")[0], struct.unpack("<d", b"\xff" * 6 + b"\xdf\x7f")[0]),
}
"""The smallest and the largest number of each kind; what lies beyond is a missing value."""


def can_be_placed(rows: Rows | None, places: Iterable[int], known: int) -> bool:
    """Whether these variables of a file with so many can be read here."""
    if rows is None or len(rows.kinds) != known:
        return False
    return all(rows.kinds[place] not in {STRL, "S0"} for place in places)


def chunks(
    path: Path, claim: Claim, rows: Rows, places: Mapping[str, int], most: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows and the wanted variables of them, `most` rows at a time: numbers with NaN for missing, or texts as bytes.

    At least one chunk comes, which may be empty: it tells what the variables are.

    Raises
    ------
    ValueError
        The file is shorter than it was.
    """
    kinds = rows.kinds
    offsets = np.cumsum([0, *map(width_of, kinds)]).tolist()
    row = np.dtype(
        {
            "names": list(places),
            "formats": [(rows.order if kinds[at][0] != "S" else "") + kinds[at] for at in places.values()],
            "offsets": [offsets[at] for at in places.values()],
            "itemsize": claim.width,
        }
    )
    many = max(1, min(most, BYTES // max(1, claim.width)))
    with path.open("rb") as file:
        file.seek(rows.start)
        for start in range(0, max(1, claim.nrows), many):
            nrows = min(many, claim.nrows - start)
            content = file.read(nrows * claim.width)
            found = np.frombuffer(content, dtype=row, count=nrows) if nrows else np.empty(0, dtype=row)
            yield nrows, {name: _values(found[name], kinds[at]) for name, at in places.items()}


def _values(raw: NDArray[Any], kind: str) -> NDArray[Any]:
    """The values of one variable, in the machine's order of bytes."""
    if kind.startswith("S"):
        return np.ascontiguousarray(raw)
    values = raw.astype(kind)
    lowest, highest = VALID[kind]
    with np.errstate(invalid="ignore"):  # a signalling NaN, which only a damaged file has
        missing = (values < lowest) | (values > highest)
    if not missing.any():
        return values
    if values.dtype.kind == "i":
        values = values.astype(np.float32 if values.dtype.itemsize < 4 else np.float64)  # noqa: PLR2004 - bytes
    values[missing] = np.nan
    return values
