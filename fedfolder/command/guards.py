"""Where a missing value makes something true that a person would not expect: missing is larger than any number.

Each part of an expression is looked at as if one variable were missing and all others were not. It then has what Stata
makes of it, and what a person expects, for whom nothing is known of a comparison with a missing value.
"""

from __future__ import annotations

from functools import partial
from itertools import chain, product
from typing import TYPE_CHECKING, TypeAlias

from fedfolder.command.derivation import Generate
from fedfolder.command.expression import BINARY, COMPARISON, Binary, Call, Missing, Name, Number, Unary
from fedfolder.command.lexis import Stset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fedfolder.command.expression import Expression
    from fedfolder.command.statement import Command

_THREE = 3
MISSING, TRUE, FALSE, UNKNOWN = ".", "1", "0", "?"

Outcome: TypeAlias = tuple[str, str]
"""What Stata has (`MISSING`, `TRUE` for a number but 0, `FALSE`), and what a person expects (`TRUE`, `FALSE`, or
`UNKNOWN`)."""

_ANYTHING: frozenset[Outcome] = frozenset({(TRUE, TRUE), (FALSE, FALSE)})
_UNSURE: frozenset[Outcome] = frozenset({(TRUE, UNKNOWN), (FALSE, UNKNOWN)})
_NEVER: frozenset[Outcome] = frozenset({(MISSING, UNKNOWN)})


def warns(condition: Expression) -> tuple[str, ...]:
    """The variables whose missing values make a condition true, though nothing in it says that they should.

    `age>=50` is true for a missing age, and so is `age!=50`, `age`, and `!(age<50)`. `age>=50 & age<.` is not, and
    `age>=50 | missing(age)` says that it is meant.
    """
    return tuple(
        name for name in condition.names if any(s != FALSE and p != TRUE for s, p in _outcomes(condition, name))
    )


def fills(expression: Expression) -> tuple[str, ...]:
    """The variables in whose place a missing value still gives a number, though nothing says that it should.

    `age>=50` is 1 for a missing age and `age<50` is 0; `max(a, b)` is b where a is missing.
    """
    return tuple(
        name for name in expression.names if any(s != MISSING and p == UNKNOWN for s, p in _outcomes(expression, name))
    )


def notes(command: Command) -> tuple[str, ...]:
    """What to tell a person loudly about missing values in a command, a sentence each.

    A variable that drops its row where it is missing anyway is not mentioned.
    """
    found: list[tuple[str, str]] = []
    for derivation in command.derivations:
        if isinstance(derivation, Generate):
            found += [(f"{derivation.name} is a number", name) for name in fills(derivation.expression)]
        elif isinstance(derivation, Stset) and derivation.condition is not None:
            found += [("the condition of stset can be true", name) for name in warns(derivation.condition)]
    if command.condition is not None:
        found += [("the condition can be true", name) for name in warns(command.condition)]
    rule = "missing is larger than any number, as in Stata"
    return tuple(
        f"{what} where {name} is missing ({rule}); {name}<. is true only where it is not"
        for what, name in found
        if name not in command.variables
    )


def _outcomes(part: Expression, name: str) -> frozenset[Outcome]:
    """What can come out of a part where the variable `name` is missing."""
    found = _ANYTHING
    match part:
        case Name() if part.text == name:
            found = frozenset({(MISSING, UNKNOWN)})
        case Missing():
            found = frozenset({(MISSING, TRUE)})
        case Number():
            found = frozenset({(FALSE, FALSE) if part.value == 0 else (TRUE, TRUE)})
        case Call():
            found = _call(part, [_outcomes(argument, name) for argument in part.arguments])
        case Unary(sign, operand):
            found = _each(_negated if sign == "!" else _computed, _outcomes(operand, name))
        case Binary(sign, left, right):
            meant = isinstance(left, Missing) or isinstance(right, Missing)
            found = _each(partial(_joined, sign, meant=meant), _outcomes(left, name), _outcomes(right, name))
    return found


def _each(function: Callable[..., Iterable[Outcome]], *operands: frozenset[Outcome]) -> frozenset[Outcome]:
    """What a function makes of any combination of the operands' outcomes."""
    return frozenset(chain.from_iterable(function(*chosen) for chosen in product(*operands)))


def _joined(sign: str, left: Outcome, right: Outcome, *, meant: bool) -> Iterable[Outcome]:
    """Two operands with a sign between them; `meant` where one is the missing value itself."""
    if sign in {"&", "|"}:
        decides = FALSE if sign == "&" else TRUE
        truths = [TRUE if stata != FALSE else FALSE for stata, _ in (left, right)]
        person = [expected for _, expected in (left, right)]
        other = TRUE if sign == "&" else FALSE
        unsure = UNKNOWN if UNKNOWN in person else other
        return [(decides if decides in truths else other, decides if decides in person else unsure)]
    if BINARY[sign] != COMPARISON or MISSING not in {left[0], right[0]}:
        # A comparison of two numbers can come out either way, as a sum of them can be 0 or not.
        return _computed(left, right)
    larger = (left[0] == MISSING) - (right[0] == MISSING)
    holds = {"==": larger == 0, "!=": larger != 0, "<": larger < 0, "<=": larger <= 0, ">": larger > 0}
    found = TRUE if holds.get(sign, larger >= 0) else FALSE
    return [(found, found if meant else UNKNOWN)]


def _computed(*operands: Outcome) -> Iterable[Outcome]:
    """A number made of these, which is missing where one of them is."""
    if any(stata == MISSING for stata, _ in operands):
        return [(MISSING, UNKNOWN)]
    return _UNSURE if any(expected == UNKNOWN for _, expected in operands) else _ANYTHING


def _negated(operand: Outcome) -> Iterable[Outcome]:
    """`!operand`; the missing value counts as true."""
    stata, expected = operand
    return [(TRUE if stata == FALSE else FALSE, {TRUE: FALSE, FALSE: TRUE}.get(expected, UNKNOWN))]


def _call(call: Call, arguments: Sequence[frozenset[Outcome]]) -> frozenset[Outcome]:
    """A function; arguments are not combined, since there may be a hundred."""
    can = [any(stata == MISSING for stata, _ in found) for found in arguments]
    must = [all(stata == MISSING for stata, _ in found) for found in arguments]
    sure = not any(can) and not any(expected == UNKNOWN for found in arguments for _, expected in found)
    numbers = _ANYTHING if sure else _UNSURE
    match call.function:
        case "missing":
            found = {(FALSE, FALSE)} if not any(must) else set()
            return frozenset(found | ({(TRUE, TRUE)} if any(can) else set()))
        case "min" | "max":
            return (frozenset() if all(must) else numbers) | (_NEVER if all(can) else frozenset())
        case "inlist" | "inrange":
            listed = call.function == "inlist" and any(isinstance(part, Missing) for part in call.arguments[1:])
            unlisted = frozenset({(FALSE, UNKNOWN)}) if call.function == "inrange" or not any(can[1:]) else _UNSURE
            return numbers if not must[0] else frozenset({(TRUE, TRUE)}) if listed else unlisted
        case "cond":
            return frozenset(chain.from_iterable(_chosen(found, arguments) for found in arguments[0]))
    return _each(_computed, *arguments)


def _chosen(condition: Outcome, arguments: Sequence[frozenset[Outcome]]) -> Iterable[Outcome]:
    """What `cond()` gives when its condition comes out so."""
    stata, expected = condition
    branch = arguments[2] if stata == FALSE else arguments[-1 if stata == MISSING and len(arguments) > _THREE else 1]
    return [(found, UNKNOWN if expected == UNKNOWN else meant) for found, meant in branch]
