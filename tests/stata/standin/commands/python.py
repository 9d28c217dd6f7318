"""`python`: our reading of [P] PyStata integration."""

from __future__ import annotations

import contextlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError, standard
from tests.stata.standin.results import Stream
from tests.stata.standin.sfi.errors import BreakError, Ended
from tests.stata.standin.text import split_options, words

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


def statement(session: Session, code: str) -> None:
    """`python: stmt`: one statement, in the one namespace that lives as long as Stata does.

    Raises
    ------
    StataError
        7102 after an exception, whose traceback is shown; 1 after Break; what `SFIToolkit.exit` says.
    """
    _start(session)
    if not code or code.endswith(":"):
        raise OutsideSubset("python: with a block")
    shown, wrong = Stream(session.results), Stream(session.results, wrong=True)
    try:
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(wrong):
            exec(compile(code, "<stdin>", "single"), session.python)  # noqa: S102 - that is what `python:` does
    except Ended as ended:
        if ended.rc:
            raise StataError(ended.rc) from None
    except BreakError:
        raise StataError(1, "--Break--") from None
    except SystemExit as error:
        raise OutsideSubset("SystemExit in Stata's Python: nobody knows what becomes of the session") from error
    except Exception as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        session.results.line("".join(traceback.format_exception(error)).rstrip(), wrong=True, asis=True)
        raise StataError(7102) from error


def _start(session: Session) -> None:
    """Python must be there: 7100 where it cannot be loaded, as a test may have it; `python_exec` names the one set."""
    if session.python_fails:
        raise standard(session.python_fails)


@command("[P] PyStata integration", "python")
def python(session: Session, rest: str) -> None:
    """`python query`, `python which`, `python set exec`."""
    main, options = split_options(rest)
    first, *others = words(main) or [""]
    if first == "query" and not others:
        _query(session)
    elif first == "which" and len(others) == 1:
        _which(session, others[0])
    elif first == "set" and others[:1] == ["exec"] and set(options) <= {"permanently"}:
        _set_exec(session, others[1])
    else:
        raise OutsideSubset(f"python {rest}")


def _set_exec(session: Session, path: str) -> None:
    if not Path(path).is_file():
        raise StataError(601, f"Python executable {path} not found")
    if session.python_started not in {"", path}:
        raise StataError(7101, "cannot change the Python executable: Python has been initialized")
    session.python_exec = path


def _query(session: Session) -> None:
    _start(session)
    version = ".".join(map(str, sys.version_info[:3]))
    session.results.line("-" * 79)
    session.results.line("    Python Settings")
    session.results.line("      set python_exec      " + session.python_exec, asis=True)
    session.results.line("    Python system information")
    session.results.line("      initialized          yes")
    session.results.line(f"      version              {version}")
    session.memory.r.clear()
    session.memory.r.macros |= {"execpath": session.python_exec, "version": version, "arch": "64-bit"}
    session.memory.r.scalars["initialized"] = float(bool(session.python_started))


def _which(session: Session, module: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise StataError(601, f"Python module {module} not found")
    session.results.line(f"<module '{module}'>", asis=True)
