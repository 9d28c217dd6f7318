"""`predict` after a fit, for the data in Stata's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from fedfolder.dictionary.texts import tidied
from fedfolder.errors import CommandError, UnknownNameError, nearest
from fedfolder.estimates.columns import whence
from fedfolder.estimates.prediction import PREDICTIONS, variables
from fedfolder.stata import keeping
from fedfolder.stata.wording import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates import FitResult
    from fedfolder.stata.bridge import Stata

KINDS = tuple(dict.fromkeys(["mu", *(kind for kinds in PREDICTIONS.values() for kind in kinds)]))
"""What can be predicted after one model or another; the options of fedfolder_p.ado."""

TEMPORARY = "__0"
"""What the names of Stata's own temporary variables begin with."""
LONGEST_LABEL = 80
"""Characters in the label of a variable."""

_LABELS = {
    "xb": "Linear prediction",
    "stdp": "S.E. of the prediction",
    "n": "Predicted number of events",
    "ir": "Predicted incidence rate",
    "mu": "Predicted mean {depvar}",
    "pr": "Pr({depvar}{outcome})",
    "pc1": "Pr({depvar}|fixed effect, one outcome)",
    "pu0": "Pr({depvar}|fixed effect is 0)",
    "median": "Predicted median {observed}",
    "hr": "Predicted hazard ratio",
    "surv": "S(t|t0)",
    "hazard": "Predicted hazard",
    "cumhazard": "Predicted cumulative hazard",
}


def predict(stata: Stata) -> None:
    """Make the variables that the local `varlist` names, where the variable in `touse` is not zero.

    Raises
    ------
    FedfolderError
        If the fit has no such prediction, or the data no such variable.
    """
    result = keeping.posted(stata)
    kinds = [kind for kind in KINDS if stata.local(kind)]
    if len(kinds) > 1:
        raise CommandError("only one thing can be predicted at a time", text=" ".join(kinds), position=0)
    asked = kinds[0] if kinds else None
    kind = PREDICTIONS.get(result.model, ("xb",))[0] if asked in {None, "mu"} else str(asked)
    names, outcome = stata.local("varlist").split(), stata.local("outcome")
    here = np.asarray(stata.column(stata.local("touse"))) != 0
    frame = in_memory(stata, variables(result, asked), here, lambda name: whence(result, name))
    found = result.predict_all(frame, asked, unseen="missing", offset=not stata.local("offset"))
    chosen = _chosen(result, found, kind, names, outcome)
    if asked is None:
        click.echo(f"(option {kind} assumed; {_label(result, kind, chosen[0])})")
    for name, column in zip(names, chosen, strict=True):
        _store(stata, name, found[column].to_numpy(), here, _label(result, kind, column))


def in_memory(
    stata: Stata, names: Sequence[str], here: NDArray[np.bool_], whence: Callable[[str], str] = lambda _name: ""
) -> pd.DataFrame:
    """The named variables of the data in memory, the chosen rows; `whence` says what has made one that is not there.

    Raises
    ------
    UnknownNameError
        If there is no such variable.
    """
    import pandas as pd

    known = [name for name in stata.variables() if not name.startswith(TEMPORARY)]
    for name in names:
        if name not in known:
            do = whence(name) or nearest(name, known) if known else "use the data that are to be predicted for"
            raise UnknownNameError("a variable of the model is not in the data in memory", found=name, do=do)
    index = pd.RangeIndex(int(here.sum()))
    return pd.DataFrame({name: _as_fitted(stata.column(name))[here] for name in names}, index=index)


def _as_fitted(column: NDArray[np.float64] | list[str]) -> NDArray[Any]:
    """A variable as a node reads it: texts that look alike are one level."""
    if isinstance(column, list):
        tidy = {text: tidied(text) for text in set(column)}
        return np.array([tidy[text] for text in column], dtype=object)
    return column


def _chosen(result: FitResult, found: pd.DataFrame, kind: str, names: Sequence[str], outcome: str) -> list[str]:
    """The columns that are meant: all, the one of an outcome, or as in Stata the first of several."""
    columns = [str(column) for column in found.columns]
    if outcome:
        by_outcome = {column.removeprefix(f"{kind}_"): column for column in columns}
        by_outcome |= {f"#{place}": column for place, column in enumerate(columns, start=1)}
        labels = {label: level for level, label in result.labels.get(result.depvar, {}).items()}
        column = by_outcome.get(outcome, by_outcome.get(labels.get(outcome, "")))
        if column is None or len(columns) == 1:
            raise UnknownNameError("the model has no such outcome", found=outcome, do=nearest(outcome, by_outcome))
        columns = [column]
    if len(names) == 1:
        return columns[:1]
    if len(names) != len(columns):
        raise CommandError(
            "there are not as many new variables as predictions",
            text=" ".join(names),
            position=0,
            expected=" or ".join(dict.fromkeys(["1", str(len(columns))])),
        )
    return columns


def _label(result: FitResult, kind: str, column: str) -> str:
    outcome = column.removeprefix(kind).removeprefix("_")
    label = _LABELS[kind].format(
        depvar=result.depvar, observed=result.observed, outcome=f"=={outcome}" if outcome else ""
    )
    return harmless(label)[:LONGEST_LABEL]


def _store(stata: Stata, name: str, values: NDArray[np.float64], here: NDArray[np.bool_], label: str) -> None:
    whole = np.full(len(here), np.nan)
    whole[here] = values
    stata.add_variable(name, whole.tolist(), label)
    missing = int(np.isnan(whole).sum())
    if missing:
        click.echo(f"({missing:,} missing value{'s' if missing > 1 else ''} generated)")
