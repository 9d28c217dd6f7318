"""Follow-up as declarations: whose time runs from when to when, where it is cut, and what a site's table adds.

stset exit, failure(dead) id(pid) origin(time diagnosis) scale(365.25)
stset end, failure(event==3) id(pid) origin(event==1) exit(event==3 4)
stsplit fu, at(0 1 2 5 10)
stsplit attained, every(1) after(_t = -age)
merge m:1 sex attained using popmort, keep(match) keepusing(rate)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.expression import number_text

if TYPE_CHECKING:
    from fedfolder.command.expression import Expression

BEGIN, END, FAILURE, INCLUDED = "_t0", "_t", "_d", "_st"
"""What `stset` makes of a record: when it begins to be at risk and when it ends, whether it fails then, and 1."""


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(map(number_text, values))


@dataclass(frozen=True, slots=True)
class Event:
    """`d==1 2`: what happens where a record ends at which a variable has one of these values."""

    name: str
    values: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.name}=={_numbers(self.values)}"


@dataclass(frozen=True, slots=True)
class When:
    """A moment of each person: the first of some events, or a time in units of the data; of both, the earlier."""

    event: Event | None = None
    time: Expression | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it is made of."""
        event = () if self.event is None else (self.event.name,)
        return tuple(dict.fromkeys([*event, *(() if self.time is None else self.time.names)]))

    def __str__(self) -> str:
        event = [] if self.event is None else [str(self.event)]
        return " ".join([*event, *([] if self.time is None else [f"time {self.time}"])])


@dataclass(frozen=True, slots=True)
class Stset:
    """`stset time, failure(d)`: what the records say of follow-up, in units of analysis time since its origin.

    Parameters
    ----------
    time : str
        When a record ends.
    failure : str
        Whether it ends with a failure: 0 for no, anything else for yes.
    values : tuple of float
        Those that mean a failure, where they are named: `failure(cause==1 2)`.
    person : str or None
        Whose the record is.
    time0 : str or None
        When the record begins; if not given, where the one before it of the same person ends, the first at the origin.
    origin, enter, exit : When or None
        When time begins to count; before when nobody is looked at, and after when. Without an exit, nobody is after
        a first failure.
    scale : float
        Units of the data in one of analysis time.
    condition : Expression or None
        Which records count.
    """

    time: str
    failure: str
    values: tuple[float, ...] = ()
    person: str | None = None
    time0: str | None = None
    origin: When | None = None
    enter: When | None = None
    exit: When | None = None
    scale: float = 1.0
    condition: Expression | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it defines."""
        return (BEGIN, END, FAILURE, INCLUDED)

    @property
    def moments(self) -> dict[str, When]:
        """Origin, enter and exit, where they are given."""
        given = {"origin": self.origin, "enter": self.enter, "exit": self.exit}
        return {name: found for name, found in given.items() if found is not None}

    @property
    def sources(self) -> tuple[str, ...]:
        """The variables it is made of."""
        plain = [self.time, self.failure, self.person, self.time0]
        condition = () if self.condition is None else self.condition.names
        said = [name for moment in self.moments.values() for name in moment.names]
        found = [*(name for name in plain if name), *said, *condition]
        return tuple(dict.fromkeys(found))

    def __str__(self) -> str:
        """The canonical statement."""
        condition = "" if self.condition is None else f" if {self.condition}"
        options = [f"failure({Event(self.failure, self.values) if self.values else self.failure})"]
        options += [f"id({self.person})"] if self.person else []
        options += [f"time0({self.time0})"] if self.time0 else []
        options += [f"{name}({moment})" for name, moment in self.moments.items()]
        options += [f"scale({number_text(self.scale)})"] if self.scale != 1 else []
        return f"stset {self.time}{condition}, {' '.join(options)}"


@dataclass(frozen=True, slots=True)
class Split:
    """`stsplit name, at(…)`: follow-up is cut, and each piece is a row with the beginning of its interval.

    Parameters
    ----------
    name : str
        The variable with the beginning of the interval; 0 before the first number.
    at : tuple of float
        Where to cut; empty with `every`.
    every : float or None
        Cut at all multiples of this.
    after : Expression or None
        The moment from which these are counted; the origin of analysis time if not given.
    in_data : bool
        Whether `after` is in units of the data, as `origin()` of `stset` is, and not in analysis time.
    trim : bool
        Whether what lies before the first number and after the last is left out.
    icodes : bool
        Whether the variable has the interval's number, from 0, instead of its beginning, which may be no whole number.
    """

    name: str
    at: tuple[float, ...] = ()
    every: float | None = None
    after: Expression | None = None
    trim: bool = False
    icodes: bool = False
    in_data: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The variable it defines; the times of `stset` become those of pieces."""
        return (self.name,)

    @property
    def sources(self) -> tuple[str, ...]:
        """The variables it is made of."""
        return tuple(dict.fromkeys([BEGIN, END, FAILURE, *(self.after.names if self.after else ())]))

    def __str__(self) -> str:
        """The canonical statement."""
        options = [f"at({_numbers(self.at)})" if self.every is None else f"every({number_text(self.every)})"]
        options += [f"after({'time' if self.in_data else END} = {self.after})"] if self.after is not None else []
        options += ["trim"] if self.trim else []
        options += ["icodes"] if self.icodes else []
        return f"stsplit {self.name}, {' '.join(options)}"


@dataclass(frozen=True, slots=True)
class Merge:
    """`merge m:1 keys using table, keepusing(names)`: numbers of a table that each site has, by the row's keys.

    Parameters
    ----------
    keys : tuple of str
        Variables of the rows and of the table.
    table : str
        The name that a site's `node.toml` gives to a file of its own.
    names : tuple of str
        What is taken from there.
    keep : str
        What becomes of a row that the table has nothing for: `""`, it is an error; `"match"`, it is left out;
        `"match master"`, it has missing values.
    """

    keys: tuple[str, ...]
    table: str
    names: tuple[str, ...]
    keep: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The variables of the rows that it looks up by."""
        return self.keys

    def __str__(self) -> str:
        """The canonical statement."""
        keep = f"keep({self.keep}) " if self.keep else ""
        return f"merge m:1 {' '.join(self.keys)} using {self.table}, {keep}keepusing({' '.join(self.names)})"
