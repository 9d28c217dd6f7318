"""Which Stata is the one that `sfi` talks to: there is one in a process, as with the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.stata.standin.session import Session

_RUNNING: list[Session] = []


def session() -> Session:
    """The Stata that runs."""
    return _RUNNING[-1]


def start(found: Session) -> None:
    """From now on this is the Stata that `sfi` talks to."""
    _RUNNING[:] = [found]
