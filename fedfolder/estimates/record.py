"""A fit as plain text: the JSON object and the CSV table that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.parse import parse
from fedfolder.estimates.coefficients import coefficients, standard_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.estimates.result import FitResult

TITLES = {"logit": "Logistic regression", "regress": "Linear regression"}
"""What the table of each model is headed."""

FIELDS = (
    "command", "status", "n", "ll", "ll_0", "coef", "se", "V", "names", "omitted", "rounds", "evaluations", "nodes",
    "stats",
)  # fmt: skip
"""The fields of the JSON object, in their order; `without` follows, if nodes were left out."""


def to_dict(result: FitResult) -> dict[str, Any]:
    """The fit in the fields `FIELDS`; a number that is not finite is None.

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
    fields = dict(zip(FIELDS, values, strict=True))
    return {**fields, "without": list(result.without)} if result.without else fields


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


def arguments(fields: Mapping[str, Any], bases: Mapping[str, str] | None = None, message: str = "") -> dict[str, Any]:
    """What `FitResult` is called with for a fit read back from `to_dict`; None becomes NaN.

    The object holds neither base levels nor the message nor the iterations: the first two can be given, the rest is
    left empty. Bases that the command names (`ib2.race`) are taken from it.
    """
    command = parse(fields["command"])
    names, linear = tuple(fields["names"]), command.model == "regress"
    named = {f.variable: f.base for term in command.terms for f in term.factors if f.base is not None}
    return {
        "command": fields["command"],
        "model": command.model,
        "title": TITLES.get(command.model, command.model),
        "depvar": command.depvar,
        "status": fields["status"],
        "message": message,
        "nobs": fields["n"],
        "llf": _float(fields["ll"]),
        "llnull": fields["ll_0"],
        "names": names,
        "beta": np.array([_float(fields["coef"][name]) for name in names], dtype=np.float64),
        "cov": np.array([[_float(v) for v in row] for row in fields["V"]]).reshape(len(names), len(names)),
        "omitted": tuple(fields["omitted"]),
        "bases": named | dict(bases or {}),
        "statistic": "t" if linear else "z",
        "df_resid": fields["n"] - len(names) if linear else None,
        "level": command.level,
        "odds_ratios": command.option("or") is not None,
        "rounds": fields["rounds"],
        "evaluations": fields["evaluations"],
        "iterations": (),
        "nodes": tuple((node["name"], node["n"]) for node in fields["nodes"]),
        "without": tuple(fields.get("without", ())),
        "condition": math.nan,
        "stats": {name: _float(value) for name, value in fields["stats"].items()},
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
