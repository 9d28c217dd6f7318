"""What a part of the bench is given, and the tables that it gives back."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmarks.timing import in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.timing import Times

Figures: TypeAlias = "dict[str, dict[str, float]]"


@dataclass(frozen=True, slots=True)
class Bench:
    """What every part of the bench may use.

    Parameters
    ----------
    folder : Path
        Empty, and deleted afterwards.
    quick : bool
        Small sizes: to see that it runs, not how fast.
    """

    folder: Path
    quick: bool = False

    def medians(self, calls: Mapping[str, Callable[[], object]], repeat: int = 7) -> dict[str, Times]:
        """The times of each call, taken in turns, so that their ratios mean something on a busy machine."""
        return in_turns(calls, 2 if self.quick else repeat)

    def peer(self, name: str) -> Any:  # noqa: ANN401 - a module
        """Another package to compare with; None where it is not installed."""
        try:
            return importlib.import_module(name)
        except ImportError:
            return None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of docs/performance.md.

    Parameters
    ----------
    heading : sequence of str
        Of the columns.
    rows : sequence of sequence of str
        As they are printed.
    note : str
        What a reader has to know beside it.
    figures : mapping of str to mapping of str to float
        The same for machines: what was measured, and `limit` where the figure should not be above one.
    """

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    figures: Figures = field(default_factory=dict)

    def markdown(self) -> str:
        """The note, and the table."""
        lines = ["| " + " | ".join(row) + " |" for row in (self.heading, ["---"] * len(self.heading), *self.rows)]
        return "\n".join([*([self.note, ""] if self.note else []), *lines])
