"""How commands name survival times: `time()`, `failure()` and `entry()`, or what `stset` has left in the data.

Every model of survival times takes them. Its outcome is the failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.command.expression import Binary, Name, Number
from fedfolder.command.lexis import Stset
from fedfolder.command.options import Option, in_order

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fedfolder.command.derivation import Derivation
    from fedfolder.command.expression import Expression
    from fedfolder.command.models import Weight

TIMES = ("time", "failure", "entry")
"""The options, in their order."""

STSET = (Option("time", "_t"), Option("failure", "_d"), Option("entry", "_t0"))
"""What they are in data that were `stset`."""

INCLUDED = Binary("==", Name("_st"), Number(1.0))
"""The rows that `stset` has not excluded."""


def is_of_stset(given: Collection[str]) -> bool:
    """Whether a command with these options means data that were `stset`: it has none of `TIMES`."""
    return not set(given).intersection(TIMES)


def as_stset(
    options: Sequence[Option], condition: Expression | None, derivations: Sequence[Derivation]
) -> tuple[tuple[Option, ...], Expression | None]:
    """Options and condition that say what data that were `stset` hold, for whoever reads the command.

    Where the command itself has `stset`, no row is left that it has excluded.
    """
    if not any(isinstance(statement, Stset) for statement in derivations):
        condition = INCLUDED if condition is None else Binary("&", INCLUDED, condition)
    return in_order([*options, *STSET]), condition


def by_person(options: Sequence[Option], weight: Weight | None, person: str | None) -> tuple[Option, ...]:
    """The same options, with a robust variance by persons where the command says whose the rows are, as Stata's."""
    vce = next((option.argument for option in options if option.name == "vce"), None)
    robust = vce == "robust" or (vce is None and weight is not None and weight.kind == "pw")
    if person is None or not robust:
        return tuple(options)
    return in_order([*(o for o in options if o.name != "vce"), Option("vce", f"cluster {person}")])


def failure_of(options: Sequence[Option]) -> str:
    """The variable that says where a row ends with a failure; `""` where none is named, which is an error."""
    return next((option.argument or "" for option in options if option.name == "failure"), "")
