"""Times of things that do the same, taken in turns: on a machine that is busy now and then, only ratios last."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Times:
    """What some runs of one thing took, in seconds, in the order of the runs."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The time in the middle."""
        return statistics.median(self.seconds)

    @property
    def low(self) -> float:
        """The shortest."""
        return min(self.seconds)

    @property
    def high(self) -> float:
        """The longest."""
        return max(self.seconds)

    def ratio(self, other: Times) -> float:
        """How much longer than another thing, whose runs took turns with these: the median of the ratios."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True))

    def __str__(self) -> str:
        """The median, in units that people read."""
        return spoken(self.median)


def spoken(seconds: float) -> str:
    """A time with two or three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def in_turns(calls: Mapping[str, Callable[[], object]], repeat: int) -> dict[str, Times]:
    """Call each once to warm up, then all of them in turns, `repeat` times."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeat):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            found[name].append(time.perf_counter() - started)
    return {name: Times(tuple(seconds)) for name, seconds in found.items()}
