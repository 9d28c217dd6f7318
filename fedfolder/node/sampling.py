"""From columns as they were read to the rows that enter a fit, each variable in the part that the command gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.names import NODE
from fedfolder.command.statement import STRATA
from fedfolder.errors import VariableError
from fedfolder.likelihood import SetLikelihood, find
from fedfolder.node.readers import Frame, TextColumn, check_names
from fedfolder.node.values import drop_missing, frozen, ids, kept, levels, numbers
from fedfolder.questions.blocks import blocks, code_type, numbered
from fedfolder.questions.compute import alike
from fedfolder.questions.expressions import by_blocks, holds
from fedfolder.questions.records import Records
from fedfolder.questions.sample import FactorValues, Sample
from fedfolder.questions.specification import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.likelihood import Likelihood
    from fedfolder.questions.lookup import Table
    from fedfolder.questions.sample import Kind

LABELS = frozenset({"group", "cluster", "id", "site", *STRATA})
"""Roles whose values only say which rows belong together."""


def records_of(
    raw: Frame, command: Command, persons: str | None = None, tables: Mapping[str, Table] | None = None
) -> Records:
    """What the statements before the model make of the rows of a file; see `make_sample`."""
    check_names(raw.source, read_for(command, persons), raw.columns)
    columns = {name: raw.columns[name] for name in command.sources}
    return Records.after(command.derivations, columns, raw.nrows, tables)


def make_sample(
    raw: Frame,
    command: Command,
    persons: str | None = None,
    tables: Mapping[str, Table] | None = None,
    *,
    records: Records | None = None,
    node: str = "",
) -> Sample:
    """The rows that enter, and each variable in the role that the command gives it.

    Derived variables are made first, and follow-up is cut; then rows at which the condition does not hold are dropped,
    and those with a missing value in any variable of the model, as in Stata; and rows of weight zero, and sets of a
    conditional model that say nothing. Rows keep the order of the file.

    A variable of a factor term becomes levels, and so does the outcome of a model for categories; the outcome,
    continuous variables and those named in options become numbers; a variable used both ways becomes both.

    Parameters
    ----------
    persons : str, optional
        The variable that says whose the rows are, where the site's policy names one.
    tables : mapping of str to Table, optional
        Those of the site that the command names.
    records : Records, optional
        What `records_of` has made of the same, if it has.
    node : str
        The site's name, which a command may have as a variable.

    Raises
    ------
    UnknownNameError
        The columns lack a variable of the command, or that of the persons; the site lacks a table.
    VariableError
        Text, or an infinite value, where a number is needed; a factor variable with a value that is neither text nor a
        whole number of 0 or more (Stata's rule, [U] 11.4.3); a weight that is none; nobody whose a row is. Only rows
        that enter are looked at.
    """
    records = records_of(raw, command, persons, tables) if records is None else records
    made = _made(_with_node(raw, command, node), records, command, persons)
    columns, nrows = made.columns, made.nrows
    keep = np.ones(nrows, dtype=np.bool_)
    if command.condition is not None:
        for rows, block in by_blocks(columns, nrows):
            keep[rows] = holds(command.condition, block, rows.stop - rows.start)
    for name in command.variables:
        drop_missing(columns[name], keep)
    if command.weight is not None:
        keep &= _weighing(made, command.weight.kind, command.weight.variable, keep)
    parts = _Parts.of(command, find(command.likelihood))
    if command.roles.get("group") is not None:
        _require_one_each(made, command, keep, ("cluster",) if command.random else ("weight", "cluster"))
    keep &= _telling(made, parts, command.depvar, keep)
    return Sample(
        nobs=int(keep.sum()),
        numeric={name: numbers(name, made, keep) for name in parts.numbers},
        factors={name: levels(name, made, keep) for name in parts.factors},
        kinds={name: _kind(made, name) for name in command.variables},
        ids={name: ids(name, made, keep) for name in parts.ids},
        persons=_whose(command, records, made, keep, persons),
        places=_places(keep, records.origins),
        nrows=raw.nrows,
        site=node,
    )


def _with_node(raw: Frame, command: Command, node: str) -> Frame:
    """The rows with the site's name in each, where the command has that as a variable.

    Raises
    ------
    VariableError
        If it is not known, as of a data frame by itself.
    """
    if NODE not in command.variables:
        return raw
    if not node:
        what = f"{NODE} is the name of the site, and these rows are of none"
        raise VariableError(what, where=raw.source, do="fit over sites, or use a variable of the data")
    column = TextColumn(np.zeros(raw.nrows, dtype=np.int8), (node,))
    return Frame(raw.source, raw.nrows, {**raw.columns, NODE: column}, raw.typeless)


def read_for(command: Command, persons: str | None) -> tuple[str, ...]:
    """The variables of the data that are read for a command: its own, and that which says whose the rows are."""
    return tuple(dict.fromkeys([*command.sources, *([] if persons is None else [persons])]))


def _made(raw: Frame, records: Records, command: Command, persons: str | None) -> Frame:
    """The variables of the model and of its condition, and that of the persons, at every row that was made."""
    if records.origins is None:
        return Frame(raw.source, raw.nrows, {**raw.columns, **records.made}, raw.typeless)
    named = [*command.variables, *(command.condition.names if command.condition else ())]
    named += [] if persons is None else [persons]
    own = {name: raw.columns[name] for name in named if name not in records.made}
    taken = Frame(raw.source, raw.nrows, own, raw.typeless).take(np.asarray(records.origins, dtype=np.intp))
    columns = {**taken.columns, **{name: records.made[name] for name in named if name in records.made}}
    return Frame(raw.source, records.rows, columns, raw.typeless)


def _whose(
    command: Command, records: Records, made: Frame, keep: NDArray[np.bool_], persons: str | None
) -> FactorValues | None:
    """Whose the kept rows are: as the site's policy says, or the command; or each record of the file is a person.

    What a command has derived can tell the pieces of one record apart, which are no persons.
    """
    if persons is not None:
        return _persons(persons, made, keep)
    name = command.roles.get("id")
    if name is not None and name not in records.made:
        return FactorValues(ids(name, made, keep).codes, ())
    if records.origins is None:
        return None
    return FactorValues(frozen(numbered(records.origins[keep])[1]), ())


def _persons(name: str, raw: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """Whose the kept rows are. The names of persons stay behind: their numbers say as much.

    Raises
    ------
    VariableError
        If it is not known of some row.
    """
    column = raw.columns[name]
    known = keep.copy()
    drop_missing(column, known)
    if not np.array_equal(known, keep):
        raise VariableError(
            f"some rows do not say whose they are: {name} has missing values",
            where=raw.source,
            expected=f"a value of {name} in every row that enters",
            do="complete it, or name another variable in policy.toml: [persons] id",
        )
    _, codes = numbered(kept(column.codes if isinstance(column, TextColumn) else column, keep))
    return FactorValues(frozen(codes), ())


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


def _places(keep: NDArray[np.bool_], origins: NDArray[Any] | None) -> NDArray[Any] | None:
    """Where the kept rows stand in the file; None where they are the file."""
    if origins is not None:
        return frozen(origins[keep])
    if keep.all():
        return None
    kind = code_type(len(keep))
    found = [(np.flatnonzero(keep[rows]) + rows.start).astype(kind) for rows in blocks(len(keep))]
    return frozen(np.concatenate(found))


def _weighing(made: Frame, kind: str, name: str, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the weight is above zero.

    Raises
    ------
    VariableError
        If a weight of a row that would enter is negative, or a frequency that is not whole.
    """
    weights = numbers(name, made, keep)
    if weights.min(initial=0) < 0:
        raise VariableError(f"the weight {name} has negative values", where=made.source, do="correct it, or use if")
    if kind in WHOLE and not _all_whole(weights):
        raise VariableError(
            f"the frequency weight {name} has values that are not whole",
            where=made.source,
            do="write [pw=…] for sampling weights, or [iw=…]",
        )
    found = keep.copy()
    found[keep] = weights > 0
    return found


def _all_whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "i" or all(
        bool(np.equal(values[rows], np.floor(values[rows])).all()) for rows in blocks(len(values))
    )


def _require_one_each(made: Frame, command: Command, keep: NDArray[np.bool_], roles: tuple[str, ...]) -> None:
    """Refuse a weight or a cluster that differs within a set, whose rows count as one.

    Parameters
    ----------
    roles : tuple of str
        Those that are one for all rows of a set; weights count within the clusters of a random intercept.

    Raises
    ------
    VariableError
        Naming the variable.
    """
    group = command.roles["group"]
    sets = ids(group, made, keep).codes
    for role in roles:
        name = command.roles.get(role)
        if name is None or name == group:
            continue
        values = ids(name, made, keep).codes
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
        y = likelihood.outcome(numbers(outcome, made, keep).astype(np.float64))
        for places in alike(np.asarray(ids(group, made, keep).codes, dtype=np.int64), y):
            told[rows[places[likelihood.tells(y[places])]].ravel()] = True
    return told


def ids_in_common(samples: Mapping[str, Sample], name: str) -> bool:
    """Whether a value of the variable `name`, which says what belongs together, is found at more than one node."""
    seen: set[str] = set()
    for sample in samples.values():
        here = set(sample.ids[name].levels)
        if here & seen:
            return True
        seen |= here
    return False
