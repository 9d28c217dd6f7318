"""The times of the rows of one node: from when to when each is at risk, at which rate, and how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import VariableError

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array
    from fedfolder.questions.sample import Sample

_DO = "correct these rows, or leave them out with if"


def times(sample: Sample, time: str, entry: str | None) -> dict[str, Array]:
    """`time` and `entry`, `(n,)` each; rows without an entry are at risk from zero.

    Stata's `stset` marks rows that cannot be as not to be used, and goes on. Here somebody has to say so.

    Raises
    ------
    VariableError
        If a time is not above zero, an entry is below zero, or a row ends where it begins or before.
    """
    ends = sample.outcome(time)
    begins = np.zeros(sample.nobs) if entry is None else sample.outcome(entry)
    if not bool((ends > 0).all()):
        what = f"the time {time} has values that are not above zero"
        raise VariableError(what, where=time, expected="times above zero: nobody is at risk in none", do=_DO)
    if bool((begins < 0).any()):
        what = f"the entry {entry} has negative values"
        raise VariableError(what, where=str(entry), expected="entries of zero or more", do=_DO)
    if not bool((begins < ends).all()):
        what = f"some rows end where they begin, or before: {time} is not above {entry}"
        raise VariableError(what, where=time, expected=f"{entry} below {time} in every row", do=_DO)
    return {"time": ends, "entry": begins}


def rates(sample: Sample, name: str) -> Array:
    """The rates (n,) at which everyone is expected to die at the end of each row.

    Raises
    ------
    VariableError
        If one is below zero.
    """
    found = sample.outcome(name)
    if bool((found < 0).any()):
        what = f"the expected rate {name} has negative values"
        raise VariableError(what, where=name, expected="rates of zero or more, per unit of time", do=_DO)
    return found


def exposure(sample: Sample, name: str) -> Array:
    """The time or the size (n,) that each row's rate is per.

    Raises
    ------
    VariableError
        If one is not above zero.
    """
    found = sample.outcome(name)
    if not bool((found > 0).all()):
        what = f"the exposure {name} has values that are not above zero"
        raise VariableError(what, where=name, do="leave the rows without exposure out with if")
    return found
