"""`net install` from a folder: our reading of [R] net."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.text import only, split_options, words

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


@command("[R] net", "net")
def net(session: Session, rest: str) -> None:
    """`net install NAME, from("folder") [replace]`: what the .pkg lists, into PLUS, by first characters."""
    main, options = split_options(rest)
    only(options, "from", "replace", "all")
    word, name = [*words(main), ""][:2]
    if word != "install" or not options.get("from"):
        raise OutsideSubset(f"net {rest}")
    for path in _listed(Path(words(options["from"] or "")[0]), name):
        _copy(session, path, replace="replace" in options)
    session.interpreter.programs.clear()
    session.results.line(f"installing into {session.plus}...", asis=True)
    session.results.line("installation complete.")


def _listed(folder: Path, name: str) -> list[Path]:
    """The files of a package, all of which are there."""
    contents = _lines(folder / "stata.toc")
    if not any(line.split()[:2] == ["p", name] for line in contents):
        raise StataError(601, f"package {name} not found at {folder}")
    lines = _lines(folder / f"{name}.pkg")
    listed = [folder / line.split()[1] for line in lines if line[:2] in {"f ", "F "}]
    for path in listed:
        if not path.is_file():
            raise StataError(601, f"file {path} not found")
    return listed


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise StataError(601, f"file {path} not found")
    lines = path.read_text(encoding="ascii").split("\n")
    if not lines[0].startswith("v 3"):
        raise StataError(610, f"{path} does not begin with v 3")
    return lines


def _copy(session: Session, path: Path, *, replace: bool) -> None:
    target = session.plus / path.name[0].lower() / path.name
    if target.is_file() and target.read_bytes() != path.read_bytes() and not replace:
        raise StataError(602, f"{target} already exists and is different")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
