"""What follows from a value that nobody changes, made once: a round asks for the same as the round before."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 64
"""Values of a kind of which it is known: as many as nodes in one process, each with a fit."""

Value = TypeVar("Value")
Made = TypeVar("Made")


class Latest(Generic[Value, Made]):
    """What `make` gives for each of the latest values.

    A value is found by being the same object, and held as long as it is known here. So it must be one that nobody
    changes, and not a large one. What raises an error is tried again.
    """

    def __init__(self, make: Callable[[Value], Made], most: int = MOST) -> None:
        self.make = make
        self._most = most
        self._known: OrderedDict[int, tuple[Value, Made]] = OrderedDict()
        functools.update_wrapper(self, make)

    def __call__(self, value: Value) -> Made:
        """What follows from `value`."""
        known = self._known.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        made = self.make(value)
        self._known[id(value)] = value, made
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return made


def latest(make: Callable[[Value], Made]) -> Latest[Value, Made]:
    """`make`, asked once for each of the latest values; see `Latest`."""
    return Latest(make)
