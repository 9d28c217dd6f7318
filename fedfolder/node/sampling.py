"""From columns as they were read to the rows that enter a fit, each variable in the part that the command gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import can_be_shown, level_key
from fedfolder.errors import VariableError
from fedfolder.likelihood import SetLikelihood, find
from fedfolder.node.readers import MISSING_CODE, Frame, TextColumn, check_names
from fedfolder.questions.blocks import blocks, code_type, counted, looked_up, numbered, smallest
from fedfolder.questions.compute import alike
from fedfolder.questions.derivations import derived
from fedfolder.questions.expressions import by_blocks, holds
from fedfolder.questions.sample import FactorValues, Sample
from fedfolder.questions.specification import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.likelihood import Likelihood
    from fedfolder.node.readers import RawColumn
    from fedfolder.questions.sample import Kind

EXACT_BELOW = 2.0**53
"""Every whole number up to here is a float64 of its own, so that two levels cannot become one."""
LABELS = frozenset({"group", "cluster"})
"""Roles whose values only say which rows belong together."""


def make_sample(raw: Frame, command: Command, persons: str | None = None) -> Sample:
    """The rows that enter, and each variable in the role that the command gives it.

    Derived variables are made first; then rows at which the condition does not hold are dropped, and those with a
    missing value in any variable of the model, as in Stata; and rows of weight zero, and sets of a conditional model
    that say nothing. Rows keep the order of the file.

    A variable of a factor term becomes levels, and so does the outcome of a model for categories; the outcome,
    continuous variables and those named in options become numbers; a variable used both ways becomes both.

    Parameters
    ----------
    persons : str, optional
        The variable that says whose the rows are, where the site's policy names one.

    Raises
    ------
    UnknownNameError
        The columns lack a variable of the command, or that of the persons.
    VariableError
        Text, or an infinite value, where a number is needed; a factor variable with a value that is neither text nor a
        whole number of 0 or more (Stata's rule, [U] 11.4.3); a weight that is none; nobody whose a row is. Only rows
        that enter are looked at.
    """
    check_names(raw.source, read_for(command, persons), raw.columns)
    columns = {name: raw.columns[name] for name in command.sources}
    columns |= derived(command.derivations, columns, raw.nrows)
    made = Frame(raw.source, raw.nrows, columns, raw.typeless)
    keep = np.ones(raw.nrows, dtype=np.bool_)
    if command.condition is not None:
        for rows, block in by_blocks(columns, raw.nrows):
            keep[rows] = holds(command.condition, block, rows.stop - rows.start)
    for name in command.variables:
        _drop_missing(columns[name], keep)
    if command.weight is not None:
        keep &= _weighing(made, command.weight.kind, command.weight.variable, keep)
    parts = _Parts.of(command, find(command.likelihood))
    if parts.sets is not None:
        _require_one_each(made, command, keep)
    keep &= _telling(made, parts, command.depvar, keep)
    return Sample(
        nobs=int(keep.sum()),
        numeric={name: _numbers(name, made, keep) for name in parts.numbers},
        factors={name: _levels(name, made, keep) for name in parts.factors},
        kinds={name: _kind(made, name) for name in command.variables},
        ids={name: _ids(name, made, keep) for name in parts.ids},
        persons=None if persons is None else _persons(persons, raw, keep),
        places=None if keep.all() else _places(keep),
        nrows=raw.nrows,
    )


def read_for(command: Command, persons: str | None) -> tuple[str, ...]:
    """The variables of the data that are read for a command: its own, and that which says whose the rows are."""
    return tuple(dict.fromkeys([*command.sources, *([] if persons is None else [persons])]))


def _persons(name: str, raw: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """Whose the kept rows are. The names of persons stay behind: their numbers say as much.

    Raises
    ------
    VariableError
        If it is not known of some row.
    """
    column = raw.columns[name]
    known = keep.copy()
    _drop_missing(column, known)
    if not np.array_equal(known, keep):
        raise VariableError(
            f"some rows do not say whose they are: {name} has missing values",
            where=raw.source,
            expected=f"a value of {name} in every row that enters",
            do="complete it, or name another variable in policy.toml: [persons] id",
        )
    _, codes = numbered(_kept(column.codes if isinstance(column, TextColumn) else column, keep))
    return FactorValues(_frozen(codes), ())


@dataclass(frozen=True, slots=True)
class _Parts:
    """Which variables are numbers, which are levels, which only say what belongs together; the likelihood of sets."""

    numbers: tuple[str, ...]
    factors: tuple[str, ...]
    ids: tuple[str, ...]
    sets: tuple[SetLikelihood, str] | None

    @classmethod
    def of(cls, command: Command, likelihood: Likelihood) -> _Parts:
        terms = command.terms
        factors = [factor.variable for term in terms for factor in term.factors]
        continuous = {name for term in terms for name in term.continuous}
        continuous |= {name for role, name in command.roles.items() if role not in LABELS}
        if likelihood.categorical:
            factors = [command.depvar, *factors]
        else:
            continuous.add(command.depvar)
        ids = dict.fromkeys(name for role, name in command.roles.items() if role in LABELS)
        sets = (likelihood, command.roles["group"]) if isinstance(likelihood, SetLikelihood) else None
        numbers = tuple(name for name in command.variables if name in continuous)
        return cls(numbers, tuple(dict.fromkeys(factors)), tuple(ids), sets)


def _kind(made: Frame, name: str) -> Kind:
    if isinstance(made.columns[name], TextColumn):
        return "text"
    return "either" if name in made.typeless else "numeric"


def _drop_missing(column: RawColumn, keep: NDArray[np.bool_]) -> None:
    """Take the rows without a value out of `keep` (n,)."""
    values = column.codes if isinstance(column, TextColumn) else column
    for rows in blocks(len(keep)) if isinstance(column, TextColumn) or values.dtype.kind == "f" else ():
        block = values[rows]
        keep[rows] &= np.not_equal(block, MISSING_CODE) if isinstance(column, TextColumn) else ~np.isnan(block)


def _kept(values: NDArray[Any], keep: NDArray[np.bool_]) -> NDArray[Any]:
    """The values of the kept rows: a view where these are all."""
    return values.view() if keep.all() else values[keep]


def _places(keep: NDArray[np.bool_]) -> NDArray[Any]:
    """Where the kept rows stand in the file."""
    kind = code_type(len(keep))
    found = [(np.flatnonzero(keep[rows]) + rows.start).astype(kind) for rows in blocks(len(keep))]
    return _frozen(np.concatenate(found))


def _weighing(made: Frame, kind: str, name: str, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the weight is above zero.

    Raises
    ------
    VariableError
        If a weight of a row that would enter is negative, or a frequency that is not whole.
    """
    kept = _numbers(name, made, keep)
    if kept.min(initial=0) < 0:
        raise VariableError(f"the weight {name} has negative values", where=made.source, do="correct it, or use if")
    if kind in WHOLE and not _all_whole(kept):
        raise VariableError(
            f"the frequency weight {name} has values that are not whole",
            where=made.source,
            do="write [pw=…] for sampling weights, or [iw=…]",
        )
    found = keep.copy()
    found[keep] = kept > 0
    return found


def _all_whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "i" or all(
        bool(np.equal(values[rows], np.floor(values[rows])).all()) for rows in blocks(len(values))
    )


def _require_one_each(made: Frame, command: Command, keep: NDArray[np.bool_]) -> None:
    """Refuse a weight or a cluster that differs within a set, whose rows count as one.

    Raises
    ------
    VariableError
        Naming the variable.
    """
    group = command.roles["group"]
    sets = _ids(group, made, keep).codes
    for role in ("weight", "cluster"):
        name = command.roles.get(role)
        if name is None or name == group:
            continue
        values = _ids(name, made, keep).codes
        if len(np.unique(np.stack([sets, values]), axis=1).T) > len(np.unique(sets)):
            raise VariableError(
                f"the {role} {name} differs between rows of one set of {group}",
                where=made.source,
                expected=f"one value of {name} in each set",
                do=f"correct {name}, or take it out of the command",
            )


def _telling(made: Frame, parts: _Parts, outcome: str, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows of sets in which the outcome varies; others say nothing of the coefficients."""
    if parts.sets is None:
        return keep
    likelihood, group = parts.sets
    told = np.zeros(made.nrows, dtype=np.bool_)
    rows = np.flatnonzero(keep)
    if len(rows):
        y = likelihood.outcome(_numbers(outcome, made, keep).astype(np.float64))
        for places in alike(np.asarray(_ids(group, made, keep).codes, dtype=np.int64), y):
            told[rows[places[likelihood.tells(y[places])]].ravel()] = True
    return told


def _numbers(name: str, made: Frame, keep: NDArray[np.bool_]) -> NDArray[Any]:
    """The kept values of a variable that is used as a number, in their smallest type."""
    column = made.columns[name]
    if isinstance(column, TextColumn):
        do = f"store it as numbers (0 and 1 for no and yes); as a term, a category is written i.{name}"
        raise VariableError(f"text where a number is needed: {name}", where=made.source, found="text", do=do)
    values = smallest(_kept(column, keep))
    if values.dtype.kind == "f" and any(bool(np.isinf(values[rows]).any()) for rows in blocks(len(values))):
        do = "correct these values or make them missing"
        raise VariableError(f"the variable {name} has infinite values", where=made.source, expected="numbers", do=do)
    return _frozen(values)


def _levels(name: str, made: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """The kept values of a variable that is used as categories."""
    column = made.columns[name]
    if isinstance(column, TextColumn):
        return _relevel(name, _kept(column.codes, keep), column.levels)
    distinct, codes = numbered(_kept(column, keep))
    if not all(0 <= value < EXACT_BELOW and float(value).is_integer() for value in distinct.tolist()):
        what = f"the factor variable {name} has values that are no categories"
        expected = "whole numbers of 0 or more, or text"
        do = f"recode it, or write {name} or c.{name} to use it as a continuous variable"
        raise VariableError(what, where=made.source, found="other numbers", expected=expected, do=do)
    return _relevel(name, codes, [str(int(value)) for value in distinct.tolist()])


def _ids(name: str, made: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """The kept values of a variable that says which rows belong together, whatever they are."""
    column = made.columns[name]
    if isinstance(column, TextColumn):
        return _relevel(name, _kept(column.codes, keep), column.levels)
    distinct, codes = numbered(_kept(column, keep))
    return _relevel(name, codes, [str(int(v)) if float(v).is_integer() else repr(v) for v in distinct.tolist()])


def _relevel(name: str, codes: NDArray[Any], names: tuple[str, ...] | list[str]) -> FactorValues:
    """The levels that occur, in their order, and codes that count in it."""
    occurring = np.flatnonzero(counted(codes, len(names))).tolist()
    used = sorted(occurring, key=lambda code: level_key(names[code]))
    if not all(can_be_shown(names[code]) for code in used):
        raise VariableError(f"a category of {name} holds line ends or control characters", where=name, do="recode it")
    places = np.zeros(len(names), dtype=code_type(len(used)))
    places[used] = np.arange(len(used))
    return FactorValues(_frozen(looked_up(places, codes)), tuple(names[code] for code in used))


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    """The same array, which nobody can write to: columns of a design are handed out without a copy."""
    values.setflags(write=False)
    return values


def ids_in_common(samples: Mapping[str, Sample], name: str) -> bool:
    """Whether a value of the variable `name`, which says what belongs together, is found at more than one node."""
    seen: set[str] = set()
    for sample in samples.values():
        here = set(sample.ids[name].levels)
        if here & seen:
            return True
        seen |= here
    return False
