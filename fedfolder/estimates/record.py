"""A fit as plain text: the JSON object and the CSV table that other programs read; `stored` reads the first back."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.estimates.coefficients import coefficients, standard_errors

if TYPE_CHECKING:
    from fedfolder.estimates.result import FitResult

FIELDS = (
    "command", "status", "n", "ll", "ll_0", "coef", "se", "V", "names", "omitted", "rounds", "evaluations", "nodes",
    "stats",
)  # fmt: skip
"""The first fields of the JSON object, in their order; those of older versions had no others."""

FURTHER = (
    "model", "title", "depvar", "message", "likelihood", "statistic", "df_resid", "level", "vce", "clusters", "weight",
    "eform", "roles", "bases", "equations", "outcomes", "base_outcome", "labels", "notes", "excluded", "iterations",
    "condition",
)  # fmt: skip
"""The fields that follow; then, if there are any, `splines`, `averages` and `baselines`, and `without` some nodes."""

AS_THEY_ARE = (
    "model", "title", "depvar", "message", "likelihood", "statistic", "df_resid", "level", "vce", "clusters", "weight",
    "eform", "roles", "bases", "base_outcome", "labels",
)  # fmt: skip
"""Those that are the same in the object and in `FitResult`."""
TUPLES = ("equations", "outcomes", "notes")
"""Those that are lists in the object."""


def to_dict(result: FitResult) -> dict[str, Any]:
    """The fit in the fields `FIELDS` and `FURTHER`; a number that is not finite is None.

    Returns
    -------
    dict
        coef and se map names to numbers, V is a list of rows; all three are empty without numbers.
    """
    values = (
        result.command,
        result.status,
        result.nobs,
        _number(result.llf),
        None if result.llnull is None else _number(result.llnull),
        dict(zip(result.names, map(_number, result.beta.tolist()), strict=True)),
        dict(zip(result.names, map(_number, standard_errors(result).tolist()), strict=True)),
        [[_number(value) for value in row] for row in result.cov.tolist()],
        list(result.names),
        list(result.omitted),
        result.rounds,
        result.evaluations,
        [{"name": name, "n": n} for name, n in result.nodes],
        {name: _number(value) for name, value in result.stats.items()},
    )
    fields = dict(zip(FIELDS, values, strict=True)) | _further(result)
    fields |= {"splines": [spline.to_dict() for spline in result.splines]} if result.splines else {}
    fields |= {"averages": result.averages.to_dict()} if result.averages is not None else {}
    fields |= {"baselines": [one.to_dict() for one in result.baselines]} if result.baselines else {}
    return {**fields, "without": list(result.without)} if result.without else fields


def _further(result: FitResult) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(result, name) for name in AS_THEY_ARE}
    found |= {name: list(getattr(result, name)) for name in TUPLES}
    found["excluded"] = [{"name": name, "why": why, "n": n} for name, why, n in result.excluded]
    found["iterations"] = [[number, _number(loglike)] for number, loglike in result.iterations]
    found["condition"] = _number(result.condition)
    return {name: found[name] for name in FURTHER}


def to_json(result: FitResult) -> str:
    """`to_dict` as one JSON object with 17-digit numbers, ended by a newline."""
    return json.dumps(to_dict(result), ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(result: FitResult) -> str:
    """The coefficient table (never exponentiated) as CSV with 17-digit numbers; an empty field is missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "coef", "se", "statistic", "p", "lower", "upper"])
    table = coefficients(result)
    numbers = np.column_stack([table.b, table.se, table.statistic, table.p, table.lower, table.upper]).tolist()
    for name, row in zip(table.names, numbers, strict=True):
        writer.writerow([name, *(repr(value) if math.isfinite(value) else "" for value in row)])
    return text.getvalue()


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
