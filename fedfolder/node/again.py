"""What the statements of a stored fit make of a data file, done again for whoever predicts where the file lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.lexis import Merge, Split, Stset
from fedfolder.errors import UnknownNameError
from fedfolder.estimates.columns import leading_to, whence
from fedfolder.node.readers import Frame
from fedfolder.node.tables import read_tables
from fedfolder.questions.records import Records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.derivation import Derivation
    from fedfolder.estimates import FitResult
    from fedfolder.node.sources import Opened
    from fedfolder.node.tables import TableFile


def read_again(
    file: Opened, result: FitResult, names: Sequence[str], tables: Mapping[str, TableFile], keep: Sequence[str] = ()
) -> tuple[Frame, NDArray[np.intp], Frame]:
    """The variables of a fit, those that the file lacks made as the fit has made them, and others of the file.

    What the file has is taken as it is. `stset` and `merge` are done again; a row stays a row.

    Parameters
    ----------
    names : sequence of str
        What the fit needs; see `fedfolder.estimates.prediction.variables`.
    tables : mapping of str to TableFile
        What `merge` looks into.
    keep : sequence of str
        Others.

    Returns
    -------
    made : Frame
        The variables `names` of the rows that the fit would have.
    places : (n,) integers
        Where each of these stands in the file.
    kept : Frame
        The variables `keep`, every row of the file.

    Raises
    ------
    UnknownNameError
        A variable is neither there nor can be made, and the message says what made it in the fit; the site has no such
        table.
    VariableError
        As in `fedfolder.questions.records.Records.after`.
    """
    lacking = [name for name in names if not file.has(name)]
    statements = leading_to(result, lacking)
    made = {name for statement in statements for name in statement.names}
    parts = _parts(statements, leading_to(result, names))
    for name in lacking:
        if name not in made or parts:
            _require(file, name, whence(result, name))
    sources = [name for name in dict.fromkeys(n for s in statements for n in s.sources) if name not in made]
    for name in sources:
        _require(file, name, whence(result, lacking[0]))
    own = [name for name in names if file.has(name) or name not in made]
    frame = file.frame(list(dict.fromkeys([*own, *sources, *keep])))
    wanted = {s.table: (*s.keys, *s.names) for s in statements if isinstance(s, Merge)}
    records = Records.after(statements, frame.columns, frame.nrows, read_tables(tables, wanted))
    places = np.arange(frame.nrows) if records.origins is None else np.asarray(records.origins, dtype=np.intp)
    there = _only(frame, own).take(places).columns
    columns = {name: there[name] if name in there else records.made[name] for name in names}
    return Frame(frame.source, len(places), columns), places, _only(frame, keep)


def _parts(statements: Sequence[Derivation], all_of_them: Sequence[Derivation]) -> bool:
    """Whether rows would become pieces: they were cut in the fit, and what is lacking follows from their times."""
    cut = any(isinstance(statement, Split) for statement in all_of_them)
    return cut and any(isinstance(statement, Stset | Split) for statement in statements)


def _require(file: Opened, name: str, do: str) -> None:
    """Refuse a file without a variable; `do` is what to do, `""` where nearby names say more."""
    if do and not file.has(name):
        raise UnknownNameError(f"the data have no variable {name}", where=file.where, do=do)


def _only(frame: Frame, names: Sequence[str]) -> Frame:
    return Frame(frame.source, frame.nrows, {name: frame.columns[name] for name in names})
