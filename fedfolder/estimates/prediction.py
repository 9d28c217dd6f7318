"""What a fit predicts for rows that lie here: Stata's `predict`.

With `columns` the only place in this room that sees data, and only those that the caller hands over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.terms import Column, is_name
from fedfolder.errors import FitError, UnknownNameError, nearest
from fedfolder.estimates import family, flexible, survival
from fedfolder.estimates.columns import Rows, derivations, level_text
from fedfolder.estimates.linear import check_has_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

    Array = NDArray[np.float64]

_BINARY = ("pr", "xb", "stdp")
_COUNTS = ("n", "ir", "xb", "stdp")
PREDICTIONS: dict[str, tuple[str, ...]] = {
    "logit": _BINARY,
    "probit": _BINARY,
    "cloglog": _BINARY,
    "regress": ("xb", "stdp"),
    "poisson": _COUNTS,
    "nbreg": _COUNTS,
    "glm": ("mu", "xb", "stdp"),
    "mlogit": _BINARY,
    "ologit": _BINARY,
    "oprobit": _BINARY,
    "clogit": ("pc1", "pu0", "xb", "stdp"),
    "stcox": ("hr", "xb", "stdp"),
    "melogit": _BINARY,
    "mepoisson": _COUNTS,
    "mestreg": ("xb", "hr", "stdp"),
    "streg": ("median", "hr", "surv", "hazard", "xb", "stdp"),
    "stpm2": ("surv", "hazard", "cumhazard", "hr", "xb", "stdp"),
}
"""What each model predicts, its default first (Stata's `predict`); a model that is not here has `xb` and `stdp`.

Those of models with a random intercept are at an intercept of zero: what a site knows of its groups stays there.
`mu` is another name of the mean: `pr`, `n`, or `xb` after `regress`.
"""

_SEVERAL = {"mlogit", "ologit", "oprobit"}


def predict(
    result: FitResult,
    frame: pd.DataFrame,
    what: str | None = None,
    *,
    outcome: str | int | None = None,
    unseen: str = "error",
    offset: bool = True,
) -> pd.Series[float]:
    """Predict one thing for each row of a data frame.

    Parameters
    ----------
    result : FitResult
        A fit with numbers.
    frame : pandas.DataFrame
        A column for each variable of the model, those of `offset()` and the like among them. Levels of a factor may be
        integers, whole floats, strings or categories.
    what : str, optional
        One of `PREDICTIONS` for the model; by default Stata's choice.

        - `pr`: the probability of a positive outcome, or of each outcome;
        - `n`, `mu`: the number of events, the mean; `ir`: the number of events per unit of exposure;
        - `xb`: the linear predictor; `stdp`: its standard error;
        - `median`: the time that half of those like the row survive; `hr`: the hazard ratio, against zero in all terms;
          `surv`: survival up to the row's time, from its entry on; `hazard`, `cumhazard`: the hazard at its time, and
          what it has added up to (after `bhazard()`, of the excess); after `stpm2` all of these, and `xb`, are at the
          row's time;
        - `pc1`: the probability of a positive outcome given one in the group; `pu0`: with a group effect of zero.
    outcome : str or int, optional
        Which outcome, after a model of several.
    unseen : {"error", "missing"}
        What a level is that the fit has not seen.
    offset : bool
        Whether offset and exposure are taken into account.

    Returns
    -------
    pandas.Series
        Indexed as the frame; NaN where a variable of the model is missing.

    Raises
    ------
    FitError
        The fit has no numbers.
    UnknownNameError
        A variable is not in the frame, or the model has no such prediction or outcome.
    VariableError
        A level that the fit has not seen, or text where a number is needed.
    """
    found = predict_all(result, frame, what, unseen=unseen, offset=offset)
    kind = _kind(result, what)
    if len(found.columns) == 1 and outcome is None:
        return found.iloc[:, 0]
    outcomes = [str(name).removeprefix(f"{kind}_") for name in found.columns]
    if outcome is None:
        raise UnknownNameError(
            "this model predicts for several outcomes",
            found=", ".join(outcomes),
            do=f"name one, as in outcome={outcomes[0]!r}, or take predict_all() for all of them",
        )
    name = level_text(outcome) or ""
    if name not in outcomes:
        raise UnknownNameError("the model has no such outcome", found=name, do=nearest(name, outcomes))
    return found[f"{kind}_{name}"]


def predict_all(
    result: FitResult, frame: pd.DataFrame, what: str | None = None, *, unseen: str = "error", offset: bool = True
) -> pd.DataFrame:
    """Predict for each row of a data frame, for all outcomes; see `predict`.

    Returns
    -------
    pandas.DataFrame
        Indexed as the frame: one column with the name of the prediction, or one an outcome, such as `pr_2`.
    """
    import pandas as pd

    kind = _kind(result, what)
    if unseen not in {"error", "missing"}:
        raise UnknownNameError("this is no way to treat levels", found=unseen, expected="error or missing")
    rows = Rows(result, frame, unseen_is_missing=unseen == "missing")
    if result.splines:
        added = rows.numbers(result.roles["offset"]) if offset and "offset" in result.roles else 0.0
        found = {"": flexible.predicted(result, rows, kind, added)}
    elif kind == "stdp":
        found = _standard_errors(result, rows)
    elif "time" in result.roles and kind != "xb":
        found = {"": survival.predicted(result, rows, _linear(result, rows, offset=offset)[""], kind)}
    else:
        xb = _linear(result, rows, offset=offset and kind != "ir")
        found = xb if kind == "xb" else _means(result, rows, xb, kind)
    names = {equation: f"{kind}_{equation}" if equation else kind for equation in found}
    return pd.DataFrame({names[equation]: values for equation, values in found.items()}, index=frame.index)


def _kind(result: FitResult, what: str | None) -> str:
    known = PREDICTIONS.get(result.model, ("xb", "stdp"))
    if not result.names:
        raise FitError(f"There is nothing to predict from: the fit's status is {result.status}")
    check_has_numbers(result)
    if what in {None, "mu"}:
        return known[0]
    if what not in known:
        raise UnknownNameError(f"{result.model} does not predict {what}", do=nearest(str(what), known))
    return str(what)


def variables(result: FitResult, what: str | None = None, *, times: bool = True, more: Sequence[str] = ()) -> list[str]:
    """The variables of the data that predictions need, each once; those that a derived variable is made of for it.

    Parameters
    ----------
    times : bool
        Whether the times of rows are among them, where a prediction is at these.
    more : sequence of str
        Further variables that it needs.
    """
    parameters = [p for p in map(Parameter.parse, result.names) if p.equation != ANCILLARY]
    columns = [Column.parse(parameter.term) for parameter in parameters]
    found = [name for c in columns for name in (*(variable for variable, _ in c.factors), *c.continuous)]
    roles = ["offset", "exposure", "trials", "expected", *(["group"] if result.model == "clogit" else [])]
    roles += survival.ROLES.get(what or "", ()) if times else ()
    if result.splines:
        roles += ["time", *flexible.ROLES.get(what or "surv", ())] if times else []
        splines = {name for s in result.splines for label in s.columns for name in Column.parse(label).continuous}
        found = [name for name in found if name not in splines]
        of = [Column.parse(spline.of) for spline in result.splines if spline.of]
        found += [name for c in of for name in (*(variable for variable, _ in c.factors), *c.continuous)]
    found += [*(result.roles[role] for role in roles if is_name(result.roles.get(role, "1"))), *more]
    for statement in reversed(derivations(result)):
        made = [name for name in found if name in statement.names]
        found = [name for name in found if name not in made] + (list(statement.sources) if made else [])
    return list(dict.fromkeys(found))


def _by_equation(result: FitResult) -> dict[str, list[tuple[int, str]]]:
    """Places and labels of the coefficients of each equation, the base outcome's without any."""
    order = result.outcomes if result.base_outcome is not None and result.outcomes else result.equations
    found: dict[str, list[tuple[int, str]]] = {equation: [] for equation in order}
    for i, parameter in enumerate(map(Parameter.parse, result.names)):
        if parameter.equation != ANCILLARY:
            found.setdefault(parameter.equation, []).append((i, parameter.term))
    return found


def _linear(result: FitResult, rows: Rows, *, offset: bool) -> dict[str, Array]:
    """The linear predictor of each equation; zero for a base outcome."""
    found = {}
    for equation, entries in _by_equation(result).items():
        places = [i for i, _ in entries]
        found[equation] = rows.design([label for _, label in entries]) @ result.beta[places]
        if offset and "offset" in result.roles:
            found[equation] = found[equation] + rows.numbers(result.roles["offset"])
        if offset and "exposure" in result.roles:
            with np.errstate(divide="ignore", invalid="ignore"):
                found[equation] = found[equation] + np.log(rows.numbers(result.roles["exposure"]))
    return found


def _standard_errors(result: FitResult, rows: Rows) -> dict[str, Array]:
    """The standard error of each equation's linear predictor: sqrt(x V x')."""
    found = {}
    for equation, entries in _by_equation(result).items():
        if entries or equation != result.base_outcome:
            places = [i for i, _ in entries]
            design = rows.design([label for _, label in entries])
            with np.errstate(invalid="ignore"):
                found[equation] = np.sqrt(np.sum((design @ result.cov[np.ix_(places, places)]) * design, axis=1))
    return found


def _means(result: FitResult, rows: Rows, xb: dict[str, Array], kind: str) -> dict[str, Array]:
    if result.model == "mlogit":
        return _multinomial(xb)
    if result.model in _SEVERAL:
        return _ordered(result, xb[""])
    if result.model == "clogit":
        return {"": _logistic(xb[""]) if kind == "pu0" else _within_groups(result, rows, xb[""])}
    link = family.LINKS.get(family.link_of(result), family.LINKS["identity"])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = link.mean(xb[""])
    if family.link_of(result) == "rs":
        mean = mean + rows.numbers(result.roles["expected"])
    if family.is_grouped(result):
        trials = result.roles["trials"]
        mean = mean * (rows.numbers(trials) if is_name(trials) else float(trials))
    return {"": mean}


def _multinomial(xb: dict[str, Array]) -> dict[str, Array]:
    """The probability of each outcome: its exponential's share of the sum, the largest taken out."""
    stacked = np.column_stack(list(xb.values()))
    # A base outcome has a predictor of zero also where a variable is missing.
    powers = np.exp(stacked - stacked.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    return {outcome: shares[:, j] for j, outcome in enumerate(xb)}


def _ordered(result: FitResult, xb: Array) -> dict[str, Array]:
    """The probability of each outcome: F(cut_j - xb) - F(cut_(j-1) - xb), on the side where nothing cancels."""
    below = family.LINKS["probit" if result.model == "oprobit" else "logit"].mean
    cuts = [b for name, b in zip(result.names, result.beta.tolist(), strict=True) if name.startswith("/cut")]
    edges = [np.full_like(xb, -np.inf), *(cut - xb for cut in cuts), np.full_like(xb, np.inf)]
    outcomes = result.outcomes or tuple(str(j) for j in range(1, len(edges)))
    found = {}
    for outcome, low, high in zip(outcomes, edges[:-1], edges[1:], strict=True):
        upper = low > 0
        chance = np.where(upper, below(-low) - below(-high), below(high) - below(low))
        found[outcome] = np.where(np.isnan(xb), np.nan, chance)
    return found


def _within_groups(result: FitResult, rows: Rows, xb: Array) -> Array:
    """The probability of the one positive outcome of a group: the exponential's share of its complete rows."""
    import pandas as pd

    group = rows.variable(result.roles["group"])
    shifted = pd.Series(xb).groupby(group.to_numpy()).transform("max").to_numpy()
    powers = pd.Series(np.exp(xb - shifted))
    return np.asarray(powers / powers.groupby(group.to_numpy()).transform("sum"))


_logistic: Callable[[Array], Array] = family.LINKS["logit"].mean
