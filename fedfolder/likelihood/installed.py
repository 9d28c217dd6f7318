"""Likelihoods that others install: entry points of the group `fedfolder.likelihoods`.

A node computes only what is installed on it; nothing that arrives from the server is code.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import re
from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError
from fedfolder.likelihood.base import RowLikelihood

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.metadata import EntryPoint

GROUP = "fedfolder.likelihoods"
"""The group of entry points that a package names its likelihoods in."""

VALID = re.compile(r"[a-z][a-z0-9_]*")
"""What a command can be called."""


@functools.cache
def entry_points() -> tuple[EntryPoint, ...]:
    """The entry points of `GROUP`, in the order of their names. The search takes time: it is done once, when needed."""
    found = importlib.metadata.entry_points(group=GROUP)
    return tuple(sorted(found, key=lambda point: (point.name, point.value)))


def usable(taken: Collection[str]) -> dict[str, EntryPoint]:
    """The entry points whose names can be commands, by name.

    Parameters
    ----------
    taken : collection of str
        The commands that are built in.
    """
    points = entry_points()
    return {point.name: point for point in points if problem(point, points, taken) is None}


def problem(point: EntryPoint, points: Collection[EntryPoint], taken: Collection[str]) -> ConfigError | None:
    """What is wrong with the name of an entry point, if anything."""
    same = [other for other in points if other.name == point.name]
    if not VALID.fullmatch(point.name):
        found, expected = "a name that is no command", "lower-case letters, digits and _, a letter first"
    elif point.name in taken:
        found, expected = "the name of a command that is built in", "a name of its own"
    elif len(same) > 1:
        found, expected = "two packages with a command of this name", "one"
    else:
        return None
    return _error("an installed likelihood cannot be used", point, found=found, expected=expected)


def load(point: EntryPoint) -> RowLikelihood:
    """The likelihood behind an entry point, an instance or a class without arguments.

    Raises
    ------
    ConfigError
        If it cannot be imported or made, or is no `RowLikelihood` of the entry point's name.
    """
    try:
        made = point.load()
        made = made() if inspect.isclass(made) else made
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise _error(
            "an installed likelihood cannot be loaded", point, found=found, expected="an import without errors"
        ) from error
    if not isinstance(made, RowLikelihood):
        found, expected = f"an object of class {type(made).__name__}", "a RowLikelihood, as instance or class"
    elif getattr(made, "name", None) != point.name or not getattr(made, "title", None):
        found, expected = f"the name {getattr(made, 'name', None)!r}", f"the name {point.name!r}, and a title"
    else:
        return made
    raise _error("an installed likelihood cannot be used", point, found=found, expected=expected)


def _error(what: str, point: EntryPoint, *, found: str, expected: str) -> ConfigError:
    package = f" of the package {point.dist.name}" if point.dist is not None else ""
    return ConfigError(
        what,
        where=f"entry point {point.name} = {point.value} in the group {GROUP}{package}",
        found=found,
        expected=expected,
        do="mend or uninstall that package",
    )
