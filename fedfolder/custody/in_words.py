"""A command in words, for the person who decides: what each statement does to rows, and what each variable is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.command.expression import Missing, number_text
from fedfolder.command.lexis import END, Merge, Split, Stset
from fedfolder.command.names import NODE
from fedfolder.command.statement import DERIVED_FROM, STRATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.command import Command
    from fedfolder.command.derivation import Derivation
    from fedfolder.command.lexis import When

MEANINGS: dict[str, str] = {
    "outcome": "what is explained",
    "levels": "a coefficient for each value but one",
    "number": "a coefficient for its number",
    "offset": "added as it is, without a coefficient",
    "exposure": "how much time, or how many, a row stands for",
    "trials": "of how many the outcome is a count",
    "expected": "events that were to be expected",
    "group": "rows of one value belong together",
    **dict.fromkeys(STRATA, "a baseline hazard for each value"),
    "time": "when a row ends",
    "entry": "when a row begins to be at risk",
    "bhazard": "the rate of failures that was to be expected",
    "id": "rows of one value are one person's, who counts once for this site's limits",
    "cluster": "rows of one value belong together in the variance",
    "weight": "how much a row counts",
    "condition": "chooses rows",
    DERIVED_FROM: "read here to make others of it",
}
"""What a use of a variable is, for each use that a command has."""

STAYS = "no row of the data, no smallest or largest value, no name of a person"
STAYS_BUT_TIMES = (
    "no row of the data as it is, no name of a person; the times of failures do leave, the first and the last of them "
    "among these"
)

_WITHOUT_MATCH = {"": "stops the fit", "match": "is left out", "match master": "has no value there"}


def asked(command: Command) -> list[str]:
    """The command, a line each statement, with what it does to rows."""
    if not command.derivations:
        return [f"command: {command}"]
    *before, model = [*map(str, command.derivations), str(command).rpartition("; ")[2]]
    lines: list[str] = []
    for text, derivation in zip(before, command.derivations, strict=True):
        lines += [f"{'then' if lines else 'first'}: {text}", *(f"    {does}" for does in _does(derivation, command))]
    return [*lines, f"command: {model}"]


def stays(command: Command) -> str:
    """What does not leave."""
    return STAYS_BUT_TIMES if command.common_baseline else STAYS


def counted(command: Command) -> list[str]:
    """What is counted beside rows."""
    return [] if command.person is None else [f"with it: how many persons these rows are of, by {command.person}"]


def meaning(command: Command, name: str, use: str) -> str:
    """What a variable is for, and whether the data have it."""
    said = MEANINGS.get(use, "")
    if use == "group" and command.random:
        said = "a random intercept for each value"
    if name == NODE:
        return "this site itself, which is one value of it"
    makers = [s for s in command.derivations if name in s.names]
    # What the data hold is what an expression is made of; what has been made stands in the statements.
    word = str(makers[0]).partition(" ")[0] if makers and use != DERIVED_FROM else ""
    return f"{said}; made by {word}" if word else said


def _does(derivation: Derivation, command: Command) -> Iterator[str]:
    match derivation:
        case Stset():
            yield _at_risk(derivation)
            yield from _moments(derivation)
        case Split():
            yield from _cuts(derivation, command)
        case Merge(keys, table, names, keep):
            yield (
                f"{' '.join(names)} of each row from this site's own table {table}, by its {' '.join(keys)}; a row "
                f"that the table has nothing for {_WITHOUT_MATCH[keep]}"
            )


def _at_risk(said: Stset) -> str:
    begins = said.time0 or "the beginning of time"
    if said.person and not said.time0:
        begins = f"where the record before it of the same {said.person} ends, the first at the beginning of time,"
    fails = f"{said.failure} is {_or(said.values)}" if said.values else f"{said.failure} is not 0"
    return f"a row is at risk from {begins} up to {said.time}, and fails there if {fails}"


def _moments(said: Stset) -> Iterator[str]:
    origin = "0 of the data" if said.origin is None else _moment(said.origin)
    scale = "" if said.scale == 1 else f", in units of {number_text(said.scale)}"
    yield f"the beginning of time is {origin}{scale}"
    if said.enter is not None:
        yield f"nobody is looked at before {_moment(said.enter)}"
    if said.exit is None and said.person is not None:
        yield "nobody is looked at after a first failure"
    if said.exit is not None:
        never = isinstance(said.exit.time, Missing) and said.exit.event is None
        leaves = "" if never else f", and is not looked at after {_moment(said.exit)}"
        yield f"a person goes on after a failure{leaves}"
    if said.condition is not None:
        yield f"only records at which {said.condition}"


def _or(values: tuple[float, ...]) -> str:
    return " or ".join(map(number_text, values))


def _moment(when: When) -> str:
    time = "" if when.time is None else str(when.time)
    if when.event is None:
        return time
    event = f"the end of the first record at which {when.event.name} is {_or(when.event.values)}"
    return f"the earlier of {time} and {event}" if time else event


def _cuts(said: Split, command: Command) -> Iterator[str]:
    each = number_text(said.every or 0)
    where = f"at {' '.join(map(number_text, said.at))}" if said.at else f"at each multiple of {each}"
    units = " in units of the data" if said.in_data else f" in units of {END}"
    since = "" if said.after is None else f", counted from {said.after}{units}"
    yield f"follow-up is cut {where}{since}; {said.name} says in which interval a piece lies"
    if said.trim:
        yield f"what lies before {number_text(said.at[0])} and after {number_text(said.at[-1])} is left out"
    counts = f"persons by {command.person}" if command.person else "records of the data"
    yield f"a piece is a row, and no person: this site's limits count {counts}, unless its policy names the persons"
