"""Questions about what there is: our reading of [P] confirm, [P] findfile, [R] which, [P] assert, [P] sysdir."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin.adopath import found
from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.text import split_options, words
from tests.stata.standin.values import is_missing, is_name

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


@command("[P] confirm", "confirm", "conf")
def confirm(session: Session, rest: str) -> None:
    """`confirm file "f"`, `confirm new file`, `confirm [numeric|string|new] variable x`, `confirm integer number`."""
    given = words(rest)
    known = session.memory
    match given:
        case ["file", path]:
            _must(Path(path).is_file(), 601, f"file {path} not found")
        case ["new", "file", path]:
            _must(not Path(path).exists(), 602, f"file {path} already exists")
        case ["matrix" | "mat", name]:
            known.matrix(name)
        case ["scalar" | "sca", name]:
            _must(name in known.scalars, 111, f"scalar {name} not found")
        case ["frame", name]:
            _must(name in known.frames, 111, f"frame {name} not found")
        case ["name", name]:
            _must(is_name(name), 7, f"'{name}' found where name expected")
        case [*kind, "number" | "num", number]:
            _confirm_number(kind, number)
        case _:
            _confirm_variables(session, given)


def _must(holds: object, rc: int, message: str) -> None:
    if not holds:
        raise StataError(rc, message)


def _confirm_variables(session: Session, given: list[str]) -> None:
    data = session.memory.data
    match given:
        case ["new", "var" | "variable", name]:
            _must(name not in data.names, 110, f"variable {name} already defined")
        case [("numeric" | "string") as kind, "var" | "variable", *names]:
            for name in names:
                right = data.column(name).is_string == (kind == "string")
                _must(right, 7, f"'{name}' found where {kind} variable expected")
        case ["var" | "variable" | "existence", *names]:
            for name in names:
                data.column(name)
        case _:
            raise OutsideSubset(f"confirm {' '.join(given)}")


def _confirm_number(kind: list[str], text: str) -> None:
    try:
        value = float(text)
    except ValueError:
        raise StataError(7, f"'{text}' found where number expected") from None
    if ("integer" in kind and value != int(value)) or ("positive" in kind and value <= 0):
        raise StataError(7, f"'{text}' found where {' '.join(kind)} number expected")


@command("[P] findfile", "findfile")
def findfile(session: Session, rest: str) -> None:
    """`findfile NAME`: along the adopath, into r(fn)."""
    main, options = split_options(rest)
    if options:
        raise OutsideSubset(f"findfile {rest}")
    name = words(main)[0]
    path = found(session.adopath, name)
    if path is None:
        raise StataError(601, f"file {name} not found")
    session.memory.r.clear()
    session.memory.r.macros["fn"] = str(path)
    session.results.line(str(path), asis=True)


@command("[R] which", "which")
def which(session: Session, rest: str) -> None:
    """`which NAME`: where its ado-file is, with its `*!` lines."""
    from tests.stata.standin.commands.registry import COMMANDS

    name = rest.strip()
    path = found(session.adopath, name if "." in name else f"{name}.ado")
    if path is not None:
        session.results.line(str(path), asis=True)
        for line in path.read_text(encoding="ascii").split("\n"):
            if line.startswith("*!"):
                session.results.line(line, asis=True)
        session.memory.r.macros["fn"] = str(path)
    elif name in COMMANDS:
        session.results.line(f"built-in command:  {name}")
    else:
        raise StataError(111, f"command {name} not found as either built-in or ado-file")


@command("[R] help", "help")
def help_(session: Session, rest: str) -> None:
    """`help NAME`: that its file is there; what it says, other tests read."""
    name = split_options(rest)[0].replace(" ", "_")
    path = found(session.adopath, f"{name}.sthlp")
    if path is None:
        raise StataError(111, f"help for {name} not found")
    session.results.line(f"help {name}: {path}", asis=True)


@command("[P] sysdir", "adopath")
def adopath(session: Session, rest: str) -> None:
    """`adopath`, `adopath ++ "folder"`, `adopath + "folder"`."""
    match words(rest):
        case []:
            for at, folder in enumerate(session.adopath):
                session.results.line(f'  [{at + 1}]  "{folder}"', asis=True)
        case [("+" | "++") as where, folder]:
            path = Path(folder)
            session.adopath[:] = [other for other in session.adopath if other != path]
            session.adopath.insert(0 if where == "++" else len(session.adopath), path)
        case _:
            raise OutsideSubset(f"adopath {rest}")


@command("[P] assert", "assert")
def assert_(session: Session, rest: str) -> None:
    """`assert exp [if exp]`: in every observation where the expression has a variable, once otherwise."""
    claim, _, where = rest.partition(" if ")
    names = session.memory.data.names
    rows = range(session.memory.data.nobs) if any(name in rest for name in names) else [None]
    false = 0
    for row in rows:
        if where and numeric(session.evaluate(where, row)) == 0:
            continue
        value = numeric(session.evaluate(claim, row))
        false += value == 0 and not is_missing(value)
    if false:
        count = f"{false} contradiction{'s' if false > 1 else ''} in {len(rows)} observations\n"
        raise StataError(9, (count if rows != [None] else "") + "assertion is false")


@command("[P] sleep", "sleep")
def sleep(session: Session, rest: str) -> None:
    """`sleep #`: milliseconds."""
    time.sleep(numeric(session.evaluate(rest)) / 1000)


@command("[D] cd", "cd")
def cd(session: Session, rest: str) -> None:
    """`cd "folder"`."""
    folder = words(rest)[0]
    if not Path(folder).is_dir():
        raise StataError(170, f"unable to change to {folder}")
    os.chdir(folder)
    session.results.line(str(Path.cwd()), asis=True)


@command("[D] erase", "erase", "rm")
def erase(_: Session, rest: str) -> None:
    """`erase "file"`."""
    path = Path(words(rest)[0])
    if not path.is_file():
        raise StataError(601, f"file {path} not found")
    path.unlink()


@command("[D] mkdir", "mkdir")
def mkdir(_: Session, rest: str) -> None:
    """`mkdir "folder"`."""
    path = Path(words(rest)[0])
    if path.exists():
        raise StataError(693, f"could not create directory {path}")
    path.mkdir()
