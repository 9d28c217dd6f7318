"""Do-files and certification scripts: our reading of [P] rcof, [R] do, [R] log, cscript and [R] about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import quoted
from tests.stata.standin.interpreter import Ended, Program
from tests.stata.standin.source import statements, tree, without_mata
from tests.stata.standin.text import words

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


@command("[R] do", "do", "run")
def do(session: Session, rest: str) -> None:
    """`do "file.do" [arguments]`: its locals are its own, its `exit` ends it."""
    name, *arguments = words(rest)
    path = Path(name if name.endswith(".do") else f"{name}.do")
    if not path.is_file():
        raise StataError(601, f"file {path} not found")
    body = tree(statements(without_mata(path.read_text(encoding="utf-8"))[0]))
    session.interpreter.call(Program(path.name, "eclass", body), " ".join(f'"{word}"' for word in arguments))


@command("cscript (official, undocumented)", "cscript")
def cscript(session: Session, rest: str) -> None:
    """`cscript "what" adofiles a b`: a clean slate; an ado-file that is not found is an error."""
    session.interpreter.command("clear all")
    session.memory.globals.clear()
    given = words(rest)
    session.results.line("-" * 79)
    session.results.line(f"-> {given[0] if given else ''}", asis=True)
    for name in given[2:] if given[1:2] in (["adofile"], ["adofiles"]) else []:
        session.interpreter.command(f"which {name}")


@command("[P] rcof", "rcof")
def rcof(session: Session, rest: str) -> None:
    """`rcof "command" == #`: the return code of a command must be this."""
    text = rest.strip()
    if not text.startswith(('"', '`"')):
        raise StataError(198, "invalid syntax")
    inner, end = quoted(text, 0)
    noisily = inner.startswith(("noi ", "noisily "))
    rc = 0
    try:
        with session.results.shown(output=noisily, errors=noisily):
            session.interpreter.command(inner)
    except StataError as error:
        rc = error.rc
    except Ended as ended:
        rc = ended.rc
    session.memory.rc = rc
    if session.evaluate(f"{rc} {text[end:]}") == 0:
        raise StataError(9, f"rcof: `{inner}' returned {rc}, not {text[end:].strip()}")


@command("[R] about", "about")
def about(session: Session, _: str) -> None:
    """`about`: which Stata this is; here it says that it is none."""
    session.results.line("A stand-in for Stata, in the tests of fedfolder: it is no Stata, and none has confirmed it.")


@command("[R] log", "log")
def log(_: Session, rest: str) -> None:
    """`log using …`, `log close`: nothing is written."""
    if not re.match(r"\s*(using|close|off|on)\b", rest):
        raise OutsideSubset(f"log {rest}")


@command("[P] discard", "discard")
def discard(session: Session, rest: str) -> None:
    """`discard`: programs that came from ado-files are read again, and estimates are gone."""
    if rest.strip():
        raise OutsideSubset(f"discard {rest}")
    session.interpreter.programs.clear()
    session.memory.e.clear()


@command("[P] timer", "timer")
def timer(_: Session, rest: str) -> None:
    """`timer on 1`, `timer off 1`, `timer clear`."""
    if rest.split()[:1] not in (["on"], ["off"], ["clear"]):
        raise OutsideSubset(f"timer {rest}")
