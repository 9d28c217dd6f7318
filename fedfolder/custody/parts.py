"""What derived numbers are made of: where a few rows were given another value, and the column does not show it.

A column of many values, and the same with something added to one person, have sums that differ by that person. No set
of rows differs. What differs is a part of the expression: a comparison, a recoded value, a knot. The rows at which such
a part is not what it is elsewhere are what the ledger remembers as those that sums are due to. What is true of some is
held against other fits as well: a comparison with 57.3 in one fit and with 57.4 in the next is true of many in each,
and the sums differ by who is between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.derivation import CubicSpline, Cut, Generate, LinearSpline, Recode
from fedfolder.command.expression import BINARY, COMPARISON, Binary, Call, Number, Unary
from fedfolder.command.lexis import BEGIN, END, FAILURE, Split, Stset
from fedfolder.custody.row_sets import PART, SUPPORT
from fedfolder.questions.blocks import blocks, joined, smallest
from fedfolder.questions.derivations import where_rules_fit
from fedfolder.questions.expressions import evaluate, numbers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.command.derivation import Derivation
    from fedfolder.command.expression import Expression
    from fedfolder.questions.expressions import Values
    from fedfolder.questions.records import Records

    Rows = NDArray[np.bool_]

TELLS: frozenset[str] = frozenset({"missing", "inlist", "inrange"})
"""Functions that are true or false."""
CHOOSES: frozenset[str] = frozenset({"min", "max"})
"""Functions whose value is that of an argument."""
NEGLIGIBLE = 1e-6
"""A share of the largest deviation from the usual value that does not count as one."""


def few_rows(command: Command, records: Records, used: Collection[str]) -> Iterator[tuple[str, str, Rows]]:
    """Kind of set, variable and rows (records.rows,) of each part of the derived variables that are `used` as numbers.

    Parameters
    ----------
    records : Records
        What the statements have made.
    used : collection of str
        The numbers of the fit; what they are derived from is looked at too.
    """
    wanted = set(used)
    for derivation in reversed(command.derivations):
        made = wanted.intersection(derivation.names)
        if isinstance(derivation, Split) and derivation.after is not None:
            # A cut that is made at another moment for some changes their times, whatever becomes of its name.
            made |= wanted.intersection((BEGIN, END, FAILURE))
        if made:
            wanted.update(derivation.sources)
            told = records.told if isinstance(derivation, Stset) else ()
            for found in (*_true_of_all(derivation, records), *told):
                yield from ((PART, min(made), found), (PART, min(made), ~found))
            if isinstance(derivation, Generate):
                for part in _added(derivation.expression):
                    yield SUPPORT, min(made), _unusual(_values(part, records))


def _true_of_all(derivation: Derivation, records: Records) -> Iterator[Rows]:
    """The same as `_true`, by blocks of rows: all of them are looked at once, and wait a bit a row."""
    packed: list[list[NDArray[np.uint8]]] = []
    for place, block in records.blocks():
        with np.errstate(all="ignore"):
            packed.append([np.packbits(found) for found in _true(derivation, block, place.stop - place.start)])
    for bits in zip(*packed, strict=True):
        yield np.unpackbits(np.concatenate(bits), count=records.rows).view(np.bool_)


def _values(part: Expression, records: Records) -> NDArray[Any]:
    """The values of an expression, in their smallest type."""
    found = []
    for place, block in records.blocks():
        with np.errstate(all="ignore"):
            found.append(smallest(evaluate(part, block, place.stop - place.start)))
    return joined(found)


def _true(derivation: Derivation, columns: Mapping[str, Values], rows: int) -> Iterator[Rows]:
    """Where what it distinguishes is so."""
    match derivation:
        case Generate(_, expression):
            yield from _true_in(expression, columns, rows)
        case Recode(_, source, rules):
            yield from where_rules_fit(numbers_of(source, columns), rules)
        case Cut(_, source, at):
            values = numbers_of(source, columns)
            yield from (values >= end for end in at)
        case LinearSpline(_, source, knots) | CubicSpline(_, source, knots):
            values = numbers_of(source, columns)
            yield from (values > knot for knot in knots)
        case Stset():
            yield from (
                found
                for moment in derivation.moments.values()
                if moment.time is not None
                for found in _true_in(moment.time, columns, rows)
            )
        case Split(name, at):
            if derivation.after is not None:
                yield from _true_in(derivation.after, columns, rows)
            if at:
                values = numbers_of(name, columns)
                yield from (values >= moment for moment in at)


def _true_in(expression: Expression, columns: Mapping[str, Values], rows: int) -> Iterator[Rows]:
    """Where what is true or false in it is true, and where a choice falls on each argument."""
    for part in expression.walk():
        match part:
            case Binary(sign) if BINARY[sign] <= COMPARISON:
                yield evaluate(part, columns, rows) != 0
            case Unary("!"):
                yield evaluate(part, columns, rows) != 0
            case Call(function) if function in TELLS:
                yield evaluate(part, columns, rows) != 0
            case Call("cond", (condition, *_)):
                yield evaluate(condition, columns, rows) != 0
            case Call("abs", (inner,)):
                yield evaluate(inner, columns, rows) < 0
            case Call(function, arguments) if function in CHOOSES:
                chosen = evaluate(part, columns, rows)
                yield from (evaluate(argument, columns, rows) == chosen for argument in arguments)


def _added(expression: Expression) -> Iterator[Expression]:
    """The parts that it is a sum or product of."""
    match expression:
        case Binary("+" | "-" | "*" | "/", left, right):
            yield from _added(left)
            yield from _added(right)
        case Unary("-", operand):
            yield from _added(operand)
        case Number():
            return
        case _:
            yield expression


def _unusual(values: NDArray[Any]) -> Rows:
    """Where values are not the usual one, in the middle; by nothing, if that is next to the largest deviation."""
    known = values if values.dtype.kind == "i" else values[~np.isnan(values)]
    found = np.zeros(len(values), dtype=np.bool_)
    if not len(known):
        return found
    usual = float(np.partition(known, len(known) // 2)[len(known) // 2])
    largest = max(abs(float(known.max()) - usual), abs(float(known.min()) - usual))
    for rows in blocks(len(values)):
        found[rows] = np.abs(values[rows].astype(np.float64) - usual) > NEGLIGIBLE * largest
    return found
