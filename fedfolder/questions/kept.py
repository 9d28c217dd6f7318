"""What is made of a sample once, and kept for as long as the sample is: nothing is computed again between rounds.

What is kept is found by value. A node makes its questions anew in every round, equal to those before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from fedfolder.questions.sample import Sample

MOST = 4
"""So many of a kind are kept: what a model and its constant alone are computed from, and what custody looks at."""

Made = TypeVar("Made")
_KEPT: WeakKeyDictionary[Sample, dict[str, dict[Hashable, Any]]] = WeakKeyDictionary()


def once(sample: Sample, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` makes of `sample`, or made before for an equal `key`.

    It must hold no reference to `sample`, which would then never be let go of.
    """
    of_kind = _KEPT.setdefault(sample, {}).setdefault(kind, {})
    if key not in of_kind:
        while len(of_kind) >= MOST:
            del of_kind[next(iter(of_kind))]
        of_kind[key] = make()
    found: Made = of_kind.pop(key)
    of_kind[key] = found
    return found


def has(sample: Sample, kind: str, key: Hashable) -> bool:
    """Whether it is kept already."""
    return key in _KEPT.get(sample, {}).get(kind, {})


def all_of(kind: str) -> list[Any]:
    """All of a kind that is kept, of any sample."""
    return [made for of_sample in list(_KEPT.values()) for made in of_sample.get(kind, {}).values()]


def forget() -> None:
    """Let go of everything."""
    _KEPT.clear()
