"""Parts of a sum at the same time, taken in their order: the same bits whatever the number of workers.

Workers are threads. numpy works on a block of rows without Python's lock, so that they get in each other's way little;
they share the rows, need no second Python (inside Stata there is none to start), and end with the sum.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Part = TypeVar("Part")
Found = TypeVar("Found")
_WORKERS: ContextVar[int] = ContextVar("workers", default=1)


@contextlib.contextmanager
def using(workers: int) -> Iterator[None]:
    """Let sums be made by so many workers, where there are enough parts."""
    before = _WORKERS.set(workers)
    try:
        yield
    finally:
        _WORKERS.reset(before)


def in_order(function: Callable[[Part], Found], parts: Sequence[Part]) -> Iterator[Found]:
    """`function` of each part, in the order of the parts, whoever is ready first."""
    workers = min(_WORKERS.get(), len(parts))
    if workers < 2:  # noqa: PLR2004 - one needs no thread
        yield from map(function, parts)
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers, thread_name_prefix="fedfolder-worker")
    try:
        yield from pool.map(function, parts)
    finally:
        pool.shutdown(cancel_futures=True)
