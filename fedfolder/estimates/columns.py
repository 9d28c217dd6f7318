"""From rows that lie here to the columns of a design: levels told apart, products taken, missing values kept."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fedfolder.command.lexis import BEGIN, END, FAILURE, INCLUDED, Merge, Split, Stset
from fedfolder.command.names import NODE
from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.parse import parse
from fedfolder.command.terms import Column
from fedfolder.errors import FedfolderError, UnknownNameError, VariableError, nearest
from fedfolder.questions.derivations import derive

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.command.derivation import ByRow, Derivation
    from fedfolder.estimates.result import FitResult
    from fedfolder.questions.expressions import Values


def level_text(value: object) -> str | None:
    """A level as its column's label has it: integers and whole floats alike, strings as they are, None if missing."""
    if isinstance(value, str):
        return value
    if isinstance(value, Real | np.bool_):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    import pandas as pd

    return None if value is None or value is pd.NA or value is pd.NaT else str(value)


class _Texts(NamedTuple):
    """A text variable as expressions take it."""

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


class Rows:
    """The rows of a data frame as the columns of a fit see them.

    Parameters
    ----------
    result : FitResult
        The fit, which knows the levels.
    frame : pandas.DataFrame
        A column for each variable. Levels of a factor may be integers, whole floats, strings or categories.
    unseen_is_missing : bool
        Whether a level that the fit has not seen is a missing value rather than an error.
    """

    def __init__(self, result: FitResult, frame: pd.DataFrame, *, unseen_is_missing: bool = False) -> None:
        self._result = result
        self.frame = frame
        self.frame = frame.assign(**self._derived(derivations(result)))
        self._levels = _known_levels(result)
        self._unseen_is_missing = unseen_is_missing
        self._codes: dict[str, NDArray[np.int64]] = {}

    def design(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """The columns with these labels, (rows, p), with NaN where a variable of the column is missing.

        Raises
        ------
        UnknownNameError
            A variable is not in the frame.
        VariableError
            A level that the fit has not seen, or text where a number is needed.
        """
        design = np.ones((len(self.frame), len(labels)))
        for j, column in enumerate(map(Column.parse, labels)):
            for variable, level in column.factors:
                codes = self._code(variable)
                here = codes == self._levels[variable].index(level)
                design[:, j] *= np.where(codes < 0, np.nan, here)
            for variable in column.continuous:
                design[:, j] *= self.numbers(variable)
        return design

    def numbers(self, variable: str) -> NDArray[np.float64]:
        """A variable as numbers, (rows,)."""
        values = self.variable(variable)
        try:
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            raise VariableError(
                "Text where a number is needed", where=f"variable {variable}", do="convert the column to numbers"
            ) from None

    def variable(self, name: str) -> pd.Series[Any]:
        """A column of the frame."""
        if name not in self.frame.columns:
            hint = whence(self._result, name) or nearest(name, [str(known) for known in self.frame.columns])
            raise UnknownNameError(f"The model's variable {name} is not in the data frame", do=hint)
        return self.frame[name]

    def _derived(self, statements: tuple[ByRow, ...]) -> dict[str, NDArray[np.float64]]:
        """The variables that the command derives from others."""
        made: set[str] = set()
        columns: dict[str, Values] = {}
        for statement in statements:
            columns |= {name: self._values(name) for name in statement.sources if name not in made}
            made.update(statement.names)
        return derive(statements, columns, len(self.frame))

    def _values(self, name: str) -> Values:
        from pandas.api.types import CategoricalDtype, is_string_dtype

        values = self.variable(name)
        if not (is_string_dtype(values.dtype) or isinstance(values.dtype, CategoricalDtype)):
            return self.numbers(name)
        codes, uniques = values.astype(object).factorize()
        texts = [level_text(value) or "" for value in uniques]
        codes = np.array([*(-1 if text == "" else place for place, text in enumerate(texts)), -1])[codes]
        return _Texts(codes.astype(np.int32), tuple(texts))

    def _code(self, variable: str) -> NDArray[np.int64]:
        """Each row's level as its place among the known ones, -1 where missing (so is "", unless it is a level)."""
        if variable not in self._codes:
            known = self._levels[variable]
            codes, uniques = self.variable(variable).factorize()
            texts = [level_text(value) for value in uniques]
            places = [-1 if t is None or (t == "" and t not in known) else _place(t, known) for t in texts]
            if None in places and not self._unseen_is_missing:
                raise VariableError(
                    "A level that the fit has not seen",
                    where=f"variable {variable}",
                    expected="the levels that were in the data of the fit",
                    do="leave those rows out, or have them predicted as missing",
                )
            known_places = [-1 if place is None else place for place in places]
            # factorize codes a missing value as -1, which picks the -1 at the end.
            self._codes[variable] = np.asarray(np.array([*known_places, -1], dtype=np.int64)[codes])
        return self._codes[variable]


def derivations(result: FitResult) -> tuple[ByRow, ...]:
    """The statements of a command that derive variables row by row; none of one that this version does not read.

    What follows from follow-up that was set or cut, or from a site's table, is a variable of whoever predicts.
    """
    found: list[ByRow] = []
    others: set[str] = set()
    for statement in _statements(result):
        if isinstance(statement, Stset | Split | Merge) or not others.isdisjoint(statement.sources):
            others.update(statement.names)
        else:
            found.append(statement)
    return tuple(found)


def _statements(result: FitResult) -> tuple[Derivation, ...]:
    try:
        return parse(result.command).derivations
    except FedfolderError:
        return ()


def leading_to(result: FitResult, names: Collection[str]) -> tuple[Derivation, ...]:
    """The statements of a fit's command that make some variables, and all that these are made of, in their order."""
    wanted = set(names)
    found: list[Derivation] = []
    for statement in reversed(_statements(result)):
        if not wanted.isdisjoint(statement.names):
            found.append(statement)
            wanted.update(statement.sources)
    return tuple(reversed(found))


_TIMES = {
    BEGIN: "when each row begins to be at risk, in analysis time",
    END: "when each row ends, in analysis time",
    FAILURE: "1 where a row ends with a failure, and 0 elsewhere",
    INCLUDED: "1 in each row",
}


def whence(result: FitResult, name: str) -> str:
    """What to add where data lack a variable that the fit has made; `""` of one that was in the data."""
    if name == NODE:
        return f"{NODE} is the site in the fit: add a column {NODE} with the name of each row's site there"
    maker = next((s for s in reversed(_statements(result)) if name in s.names), None)
    match maker:
        case None:
            return ""
        case Stset():
            return f"{name} was made by stset in the fit: add a column with {_TIMES[name]}"
        case Split(icodes=icodes):
            what = "the number of each row's interval, from 0" if icodes else "where each row's interval begins"
            return f"{name} was made by stsplit in the fit: add a column with {what}"
        case Merge(keys, table, _):
            return f"{name} was taken from the table {table} by {' '.join(keys)} in the fit: add it to each row"
        case _:
            return f"{name} was made in the fit: {maker}; add it, or what it is made of"


def _known_levels(result: FitResult) -> dict[str, list[str]]:
    """Each factor's levels: the base, and those of the coefficients, estimated or omitted."""
    levels = {variable: [base] for variable, base in result.bases.items()}
    for parameter in map(Parameter.parse, (*result.names, *result.omitted)):
        if parameter.equation == ANCILLARY:
            continue
        for variable, level in Column.parse(parameter.term).factors:
            known = levels.setdefault(variable, [])
            known += [level] if level not in known else []
    return levels


def _place(text: str, known: list[str]) -> int | None:
    return known.index(text) if text in known else None
