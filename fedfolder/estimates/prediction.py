"""What a fit predicts for rows that lie here: the linear predictor and the probability.

The only place in this room that sees data, and only those that the caller hands over.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.errors import FitError, UnknownNameError, VariableError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

PREDICTIONS: dict[str, tuple[str, ...]] = {"logit": ("pr", "xb"), "regress": ("xb",)}
"""What each model predicts, its default first (Stata's `predict`)."""


def predict(result: FitResult, frame: pd.DataFrame, what: str | None = None) -> pd.Series[float]:
    """Predict for each row of a data frame.

    Parameters
    ----------
    result : FitResult
        A fit with numbers.
    frame : pandas.DataFrame
        A column for each variable of the model. Levels of a factor may be integers, whole floats, strings or
        categories.
    what : {"pr", "xb"}, optional
        The probability `1 / (1 + exp(-xb))`, or the linear predictor; by default Stata's choice for the model.

    Returns
    -------
    pandas.Series
        Indexed as the frame; NaN where a variable of the model is missing.

    Raises
    ------
    FitError
        The fit has no numbers.
    UnknownNameError
        A variable is not in the frame, or the model has no such prediction.
    VariableError
        A level that the fit has not seen, or text where a number is needed.
    """
    import pandas as pd

    kind = _kind(result, what)
    xb = _design(result, frame) @ result.beta
    if kind == "pr":
        with np.errstate(over="ignore"):
            xb = 1 / (1 + np.exp(-xb))
    return pd.Series(xb, index=frame.index, name=kind)


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


def _kind(result: FitResult, what: str | None) -> str:
    known = PREDICTIONS.get(result.model, ("xb",))
    if not result.names:
        raise FitError(f"There is nothing to predict from: the fit's status is {result.status}")
    if what is not None and what not in known:
        raise UnknownNameError(f"{result.model} does not predict {what}", do=nearest(what, known))
    return known[0] if what is None else what


def _design(result: FitResult, frame: pd.DataFrame) -> NDArray[np.float64]:
    """The design matrix, (rows, p), with NaN where a variable of the column is missing."""
    levels = _known_levels(result)
    codes: dict[str, NDArray[np.int64]] = {}
    design = np.ones((len(frame), len(result.names)))
    for j, column in enumerate(map(Column.parse, result.names)):
        for variable, level in column.factors:
            if variable not in codes:
                codes[variable] = _codes(frame, variable, levels[variable])
            here = codes[variable] == levels[variable].index(level)
            design[:, j] *= np.where(codes[variable] < 0, np.nan, here)
        for variable in column.continuous:
            design[:, j] *= _numbers(frame, variable)
    return design


def _known_levels(result: FitResult) -> dict[str, list[str]]:
    """Each factor's levels: the base, and those of the coefficients, estimated or omitted."""
    levels = {variable: [base] for variable, base in result.bases.items()}
    for label in (*result.names, *result.omitted):
        for variable, level in Column.parse(label).factors:
            levels.setdefault(variable, []).append(level)
    return levels


def _codes(frame: pd.DataFrame, variable: str, known: list[str]) -> NDArray[np.int64]:
    """Each row's level as its place in `known`, -1 where missing (an empty string is missing unless it is a level)."""
    codes, uniques = _variable(frame, variable).factorize()
    texts = [level_text(value) for value in uniques]
    places = [-1 if text is None or (text == "" and text not in known) else _place(text, known) for text in texts]
    if None in places:
        raise VariableError(
            "A level that the fit has not seen",
            where=f"variable {variable}",
            expected="the levels that were in the data of the fit",
            do="leave those rows out, or fit again with data that have the level",
        )
    # factorize codes a missing value as -1, which picks the -1 at the end.
    return np.asarray(np.array([*places, -1], dtype=np.int64)[codes])


def _place(text: str, known: list[str]) -> int | None:
    return known.index(text) if text in known else None


def _numbers(frame: pd.DataFrame, variable: str) -> NDArray[np.float64]:
    values = _variable(frame, variable)
    try:
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise VariableError(
            "Text where a number is needed", where=f"variable {variable}", do="convert the column to numbers"
        ) from None


def _variable(frame: pd.DataFrame, variable: str) -> pd.Series[Any]:
    if variable not in frame.columns:
        hint = nearest(variable, [str(name) for name in frame.columns])
        raise UnknownNameError(f"The model's variable {variable} is not in the data frame", do=hint)
    return frame[variable]
