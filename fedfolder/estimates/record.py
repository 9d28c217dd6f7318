"""A fit as plain text: the JSON object and the CSV table that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from fedfolder.command.parse import parse
from fedfolder.errors import ConfigError
from fedfolder.estimates.averages import Averages
from fedfolder.estimates.baseline import FittedBaseline
from fedfolder.estimates.coefficients import coefficients, standard_errors
from fedfolder.estimates.flexible import FittedSpline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.errors import FedfolderError
    from fedfolder.estimates.result import FitResult

TITLES = {"logit": "Logistic regression", "regress": "Linear regression"}
"""What the table of each model is headed."""

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

_AS_THEY_ARE = (
    "model", "title", "depvar", "message", "likelihood", "statistic", "df_resid", "level", "vce", "clusters", "weight",
    "eform", "roles", "bases", "base_outcome", "labels",
)  # fmt: skip
_TUPLES = ("equations", "outcomes", "notes")
_UNCHANGED = ("command", "status", "names", "omitted", "rounds", "evaluations", "without")


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
    found: dict[str, Any] = {name: getattr(result, name) for name in _AS_THEY_ARE}
    found |= {name: list(getattr(result, name)) for name in _TUPLES}
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


class Node(msgspec.Struct, frozen=True):
    """An entry of `nodes`."""

    name: str
    n: int


class Excluded(msgspec.Struct, frozen=True):
    """An entry of `excluded`."""

    name: str
    why: str
    n: int


class StoredSpline(msgspec.Struct, frozen=True):
    """An entry of `splines`."""

    of: str
    columns: tuple[str, ...]
    knots: tuple[float, ...]
    means: tuple[float, ...]
    r: tuple[tuple[float, ...], ...]


class StoredAverages(msgspec.Struct, frozen=True):
    """What `averages` has."""

    patterns: tuple[str, ...]
    times: tuple[float, ...]
    survival: list[list[float]]
    gradient: list[list[list[float]]]


class StoredBaseline(msgspec.Struct, frozen=True):
    """An entry of `baselines`."""

    stratum: dict[str, str]
    times: tuple[float, ...]
    hazard: tuple[float, ...]
    variance: tuple[float, ...]
    by: tuple[tuple[float, ...], ...]


class Stored(msgspec.Struct, frozen=True):
    """The object as it is read: the fields of every version, then what later versions added, with its defaults."""

    command: str
    status: str
    n: int
    ll: float | None
    ll_0: float | None
    coef: dict[str, float | None]
    se: dict[str, float | None]
    V: list[list[float | None]]
    names: tuple[str, ...]
    omitted: tuple[str, ...]
    rounds: int
    evaluations: int
    nodes: list[Node]
    stats: dict[str, float | None]
    model: str | None = None
    title: str = ""
    depvar: str = ""
    message: str = ""
    likelihood: str = ""
    statistic: Literal["z", "t"] = "z"
    df_resid: int | None = None
    level: float = 95.0
    vce: str = "oim"
    clusters: int | None = None
    weight: str = ""
    eform: str = ""
    roles: dict[str, str] = {}
    bases: dict[str, str] = {}
    equations: tuple[str, ...] = ("",)
    outcomes: tuple[str, ...] = ()
    base_outcome: str | None = None
    labels: dict[str, dict[str, str]] = {}
    notes: tuple[str, ...] = ()
    excluded: list[Excluded] = []
    iterations: list[tuple[int, float | None]] = []
    condition: float | None = None
    without: tuple[str, ...] = ()
    splines: list[StoredSpline] = []
    averages: StoredAverages | None = None
    baselines: list[StoredBaseline] = []


def read_json(text: str, where: str = "") -> dict[str, Any]:
    """The object that `to_json` wrote, as `arguments` takes it.

    Raises
    ------
    ConfigError
        The text is no JSON object; the message says what was found.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_result(where, "text that is no JSON" if text.strip() else "nothing") from None
    if not isinstance(found, dict):
        raise _no_result(where, f"JSON, but {'a list' if isinstance(found, list) else 'no object'}")
    return found


def arguments(
    fields: Mapping[str, Any], bases: Mapping[str, str] | None = None, message: str = "", where: str = ""
) -> dict[str, Any]:
    """What `FitResult` is called with for a fit read back from `to_dict`; None becomes NaN.

    An object of an older version holds neither base levels nor the message nor the iterations: the first two can be
    given, the rest is left empty. Bases that the command names (`ib2.race`) are taken from it.

    Raises
    ------
    ConfigError
        A field is missing, or not what it should be.
    """
    missing = [name for name in FIELDS if name not in fields]
    if missing:
        raise _no_result(where, f"a JSON object without {', '.join(missing)}")
    try:
        stored = msgspec.convert(fields, Stored)
        known = _arguments(stored)
    except (msgspec.ValidationError, ValueError, KeyError, TypeError) as error:
        found = str(error) if isinstance(error, msgspec.ValidationError) else "coef, V and names that do not agree"
        raise _no_result(where, found) from None
    if stored.model is None:
        known |= _of_older_version(stored)
    return known | {"bases": known["bases"] | dict(bases or {}), "message": message or stored.message}


def _arguments(stored: Stored) -> dict[str, Any]:
    p = len(stored.names)
    if any(not _is_whole(baseline, p) for baseline in stored.baselines):
        raise ValueError
    if len(set(stored.names)) != p:
        raise ValueError
    plain = {name: getattr(stored, name) for name in (*_AS_THEY_ARE, *_TUPLES, *_UNCHANGED)}
    return plain | {
        "nobs": stored.n,
        "llf": _float(stored.ll),
        "llnull": stored.ll_0,
        "beta": np.array([_float(stored.coef[name]) for name in stored.names], dtype=np.float64),
        "cov": np.array([[_float(value) for value in row] for row in stored.V], dtype=np.float64).reshape(p, p),
        "nodes": tuple((node.name, node.n) for node in stored.nodes),
        "stats": {name: _float(value) for name, value in stored.stats.items()},
        "excluded": tuple((entry.name, entry.why, entry.n) for entry in stored.excluded),
        "iterations": tuple((number, _float(loglike)) for number, loglike in stored.iterations),
        "condition": _float(stored.condition),
        "splines": tuple(FittedSpline(s.of, s.columns, s.knots, s.means, s.r) for s in stored.splines),
        "averages": _averages(stored.averages, p),
        "baselines": tuple(FittedBaseline(b.stratum, b.times, b.hazard, b.variance, b.by) for b in stored.baselines),
    }


def _averages(stored: StoredAverages | None, p: int) -> Averages | None:
    if stored is None:
        return None
    shape = (len(stored.patterns), len(stored.times), p)
    survival, gradient = np.array(stored.survival), np.array(stored.gradient)
    return Averages(stored.patterns, stored.times, survival.reshape(shape[:2]), gradient.reshape(shape))


def _is_whole(stored: StoredBaseline, p: int) -> bool:
    """Whether a baseline has as many numbers as times, and as many slopes as there are coefficients."""
    lengths = {len(stored.times), len(stored.hazard), len(stored.variance), len(stored.by)}
    return len(lengths) == 1 and all(len(row) == p for row in stored.by)


def _of_older_version(stored: Stored) -> dict[str, Any]:
    command = parse(stored.command)
    linear = command.model == "regress"
    return {
        "model": command.model,
        "title": TITLES.get(command.model, command.model),
        "depvar": command.depvar,
        "bases": {f.variable: f.base for term in command.terms for f in term.factors if f.base is not None},
        "statistic": "t" if linear else "z",
        "df_resid": stored.n - len(stored.names) if linear else None,
        "level": command.level,
        "eform": "or" if command.option("or") is not None else "",
    }


def _no_result(where: str, found: str) -> FedfolderError:
    return ConfigError(
        "this is not the result of a fit",
        where=where,
        found=found,
        expected="the JSON that `fedfolder run … --json FILE` writes, or runs/…/result.json of a study",
        do="name such a file",
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
