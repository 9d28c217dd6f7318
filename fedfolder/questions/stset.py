"""What `stset` makes of records: from when to when each is at risk, and whether it ends with a failure.

A person's records stand one after another in time. Moments of a person are looked up among all of them: when something
first happened, where the record before ends, when the person first failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import VariableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.command.lexis import Stset, When

    Array = NDArray[np.float64]
    Rows = NDArray[np.bool_]

_DO = "correct these rows, or leave them out: stset time if ..., failure(d)"


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """The records that count, (n,) each: their times are known, and whose they are.

    Parameters
    ----------
    ends, failure : (n,) float64
        When each ends, and what its variable of failure has.
    begins : (n,) float64 or None
        When each begins, where a variable says so.
    person : (n,) integers or None
        The number of the person that each is of; None where each is a person of its own.
    events : mapping of str to (n,) float64
        The variables of events.
    moments : mapping of str to (n,) float64
        The times of `origin`, `enter` and `exit`, where they are given as such.
    """

    ends: Array
    failure: Array
    begins: Array | None
    person: NDArray[np.signedinteger[Any]] | None
    events: Mapping[str, Array]
    moments: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class AtRisk:
    """What became of the records, (n,) each.

    Parameters
    ----------
    keep : (n,) bool
        Those in which somebody is at risk.
    begins, ends : (n,) float64
        In units of analysis time.
    fails : (n,) bool
        Whether each ends with a failure.
    origin : (n,) float64
        When analysis time is zero, in units of the data.
    told : tuple of (n,) bool
        Records that one moment or another has given other times: what it is about.
    """

    keep: Rows
    begins: Array
    ends: Array
    fails: Rows
    origin: Array
    told: tuple[Rows, ...]


def at_risk(said: Stset, raw: Raw) -> AtRisk:
    """Times at risk, in units of analysis time since the origin.

    A record is at risk after its beginning, the origin and `enter`, and up to its end and `exit`; without `exit`, no
    record is after the first failure at risk of its person.

    Raises
    ------
    VariableError
        If a record ends where it begins, or before; records of one person overlap or end together; a person has no
        time after an origin that is a time; a moment differs between records of a person; or it is not known whether a
        record ends with a failure.

    References
    ----------
    Stata Survival Analysis Reference Manual, [ST] stset.
    """
    fails = _fails(said, raw)
    begins = _begins(said, raw)
    origin = _moment("origin", said.origin, raw, without=0.0)
    enter = _moment("enter", said.enter, raw, without=-np.inf)
    leaves = _moment("exit", said.exit, raw, without=np.inf)
    known = np.isfinite(origin)
    _require_time(said, raw, origin, known)
    from_when = np.maximum(begins, origin)
    start = np.maximum(from_when, enter)
    seen = known & (start < np.minimum(raw.ends, leaves))
    if said.exit is None:
        leaves = _first(seen & fails, raw)
        seen &= start < leaves
    ends = np.minimum(raw.ends, leaves)
    # An origin that is not known leaves no time to speak of; subtraction would warn.
    zero = np.where(known, origin, 0.0)
    began = np.maximum(np.maximum(begins, enter) - zero, 0.0) / said.scale
    ended = (ends - zero) / said.scale
    told = (enter > from_when, leaves < raw.ends, np.isfinite(begins) & (begins < origin), *_due(said, raw))
    told += () if said.time0 else (begins > -np.inf,)
    return AtRisk(seen & (began < ended), began, ended, fails & (raw.ends <= leaves), origin, told)


def _fails(said: Stset, raw: Raw) -> Rows:
    """Whether each record ends with a failure, wherever that is."""
    if said.values:
        return np.isin(raw.failure, said.values)
    if np.isnan(raw.failure).any():
        raise VariableError(
            f"some records do not say whether they end with a failure: {said.failure} has missing values",
            where=said.failure,
            expected=f"a value of {said.failure} in every record with a time",
            do=f"write failure({said.failure}==1), by which these have not failed (so Stata takes them), or leave them "
            f"out: stset {said.time} if {said.failure}<., ...",
        )
    return np.not_equal(raw.failure, 0)


def _begins(said: Stset, raw: Raw) -> Array:
    """When each record begins; minus infinity, if nothing says so.

    Raises
    ------
    VariableError
        If records of one person overlap, or end at one moment.
    """
    if raw.person is None:
        return np.full(len(raw.ends), -np.inf) if raw.begins is None else raw.begins
    order = np.lexsort((raw.ends, raw.person))
    same = np.zeros(len(order), dtype=np.bool_)
    same[1:] = raw.person[order][1:] == raw.person[order][:-1]
    before = np.full(len(order), -np.inf)
    before[1:][same[1:]] = raw.ends[order][:-1][same[1:]]
    found = before if raw.begins is None else raw.begins[order]
    if bool((found < before).any()) or bool((raw.ends[order] <= before).any()):
        raise VariableError(
            f"records of one {said.person} overlap in time, or end at the same moment",
            where=str(said.person),
            expected="each record to begin where the one before it ends, or later",
            do="correct these records; without time0() each begins where the one before it ends",
        )
    begins = np.empty(len(order))
    begins[order] = found
    return begins


def _lowest(values: Array, person: NDArray[np.signedinteger[Any]] | None) -> Array:
    """The lowest value of each record's person, (n,)."""
    if person is None:
        return values
    found = np.full(int(person.max(initial=-1)) + 1, np.inf)
    np.minimum.at(found, person, values)
    return np.asarray(found[person], dtype=np.float64)


def _first(where: Rows, raw: Raw) -> Array:
    """When the first of these records (n,) of each one's person ends; infinity, if there is none."""
    return _lowest(np.where(where, raw.ends, np.inf), raw.person)


def _moment(name: str, when: When | None, raw: Raw, without: float) -> Array:
    """A moment of each record's person; infinity where it never comes, or is not known."""
    found = np.full(len(raw.ends), np.inf if when else without)
    if when is not None and when.event is not None:
        found = _first(np.isin(raw.events[when.event.name], when.event.values), raw)
    if name in raw.moments:
        times = raw.moments[name]
        times = np.where(np.isnan(times), np.inf, times)
        _require_same(name, times, raw)
        found = np.minimum(found, times)
    return found


def _require_same(name: str, times: Array, raw: Raw) -> None:
    """Refuse a moment of a person that is not one."""
    if not np.array_equal(_lowest(times, raw.person), -_lowest(-times, raw.person)):
        raise VariableError(
            f"{name}() differs between records of one person",
            where=f"{name}() of stset",
            expected="one moment for all records of a person",
            do="correct it in these records; when each record begins is said by time0()",
        )


def _require_time(said: Stset, raw: Raw, origin: Array, known: Rows) -> None:
    """Refuse a record that ends where it begins, and a person who has no time after an origin that is a time."""
    last = np.inf if said.origin is not None and said.origin.event is not None else -_lowest(-raw.ends, raw.person)
    fine = last > origin if raw.begins is None else (last > origin) & (raw.ends > raw.begins)
    if not bool(fine[known].all()):
        what = f"some rows end where they begin, or before: {said.time} is not above {said.time0 or 'the origin'}"
        raise VariableError(what, where=said.time, expected="time at risk in every row", do=_DO)


def _due(said: Stset, raw: Raw) -> tuple[Rows, ...]:
    """The records of those whose origin is due to each value of the event that it is."""
    event = None if said.origin is None else said.origin.event
    if event is None:
        return ()
    values = raw.events[event.name]
    firsts = [_first(np.equal(values, value), raw) for value in event.values]
    first = np.minimum.reduce(firsts)
    return tuple((found == first) & np.isfinite(found) for found in firsts)
