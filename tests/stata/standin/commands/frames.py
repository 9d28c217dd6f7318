"""Frames: our reading of [D] frames."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.data import DataSet
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.values import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stata.standin.session import Session


@contextlib.contextmanager
def inside(session: Session, name: str) -> Iterator[None]:
    """Another current frame, for a while.

    Raises
    ------
    StataError
        111 if there is none of that name.
    """
    before = session.memory.frame
    _change(session, name)
    try:
        yield
    finally:
        if before in session.memory.frames:
            session.memory.frame = before


@command("[D] frames", "frame", "frames")
def frame(session: Session, rest: str) -> None:
    """`frame create`, `frame change`, `frame drop`, `frame copy`, `frame NAME: command`, `frame`."""
    name, colon, inner = rest.partition(":")
    if colon and is_name(name.strip()):
        with inside(session, name.strip()):
            session.interpreter.command(inner)
        return
    words = rest.replace(",", " , ").split()
    frames = session.memory.frames
    match words:
        case []:
            session.results.line(f"(current frame is {session.memory.frame})")
        case ["create", new]:
            _new(session, new)
            frames[new] = DataSet()
        case ["change", other]:
            _change(session, other)
        case ["drop", other]:
            if other == session.memory.frame:
                raise StataError(110, f"frame {other} is the current frame")
            _exists(session, other)
            del frames[other]
        case ["reset"]:
            frames.clear()
            frames["default"] = DataSet()
            session.memory.frame = "default"
        case _:
            raise OutsideSubset(f"frame {rest}")


@command("[D] frame change", "cwf")
def cwf(session: Session, rest: str) -> None:
    """`cwf NAME`."""
    _change(session, rest.strip())


def _new(session: Session, name: str) -> None:
    if not is_name(name):
        raise StataError(198, f"{name} invalid name")
    if name in session.memory.frames:
        raise StataError(110, f"frame {name} already exists")


def _exists(session: Session, name: str) -> None:
    if name not in session.memory.frames:
        raise StataError(111, f"frame {name} not found")


def _change(session: Session, name: str) -> None:
    _exists(session, name)
    session.memory.frame = name
