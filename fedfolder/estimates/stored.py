"""A fit read back from the JSON object that `record` writes, of this version or an older one."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from fedfolder.command.parse import parse
from fedfolder.errors import ConfigError
from fedfolder.estimates.averages import Averages
from fedfolder.estimates.baseline import FittedBaseline
from fedfolder.estimates.flexible import FittedSpline
from fedfolder.estimates.record import AS_THEY_ARE, FIELDS, TUPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.errors import FedfolderError

TITLES = {"logit": "Logistic regression", "regress": "Linear regression"}
"""What the table of each model is headed."""

_UNCHANGED = ("command", "status", "names", "omitted", "rounds", "evaluations", "without")


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
    plain = {name: getattr(stored, name) for name in (*AS_THEY_ARE, *TUPLES, *_UNCHANGED)}
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


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
