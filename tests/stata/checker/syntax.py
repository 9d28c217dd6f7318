"""`args`, `syntax`, `gettoken`, `local` and their like: names and options are well formed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.checker.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stata.checker.code import Statement

LONGEST_LOCAL = 31
_LOCAL = re.compile(r"[A-Za-z_0-9]+")
_OPTION = re.compile(r"\*|((?:no)?[A-Z]*[a-z_0-9]*)(?:\((\w+)(?:\s+([^()]+))?\))?")
_TYPES = {"string", "integer", "real", "varname", "varlist", "numlist", "name", "passthru", "cilevel"}
_VARIABLES = {"varlist", "varname", "newvarlist", "newvarname", "namelist", "anything", "name"}
_GETTOKEN = re.compile(
    r"gettoken\s+\S+(\s+\S+)?\s*:\s*\w+\s*(,\s*(parse\(\s*\"\s*\"\s*\)|quotes|bind|match\(\w+\)|\s)+)?$"
)
_CONFIRM = {"file", "new", "existence", "name", "variable", "integer", "number", "matrix", "scalar", "frame", "numeric"}


def arguments(file: str, statement: Statement) -> Iterator[Finding]:
    """What is wrong with the arguments of a statement whose command takes names."""
    words = statement.words
    check = _CHECKS.get(words[0]) if words else None
    if check is not None:
        for wrong in check(statement, words):
            yield Finding(words[0], file, statement.line, wrong)


def _names(_: Statement, words: list[str]) -> Iterator[str]:
    if len(words) == 1:
        yield "no name follows"
    for word in words[1:]:
        if not _LOCAL.fullmatch(word) or len(word) > LONGEST_LOCAL:
            yield f"{word} is no name of a local macro"


def _local(_: Statement, words: list[str]) -> Iterator[str]:
    name = words[1].removesuffix("=").removesuffix(":") if len(words) > 1 else ""
    name = re.sub(r"`\w+'", "x", name)
    if not _LOCAL.fullmatch(name) or len(name) > LONGEST_LOCAL:
        yield f"{name or 'nothing'} is no name of a macro"


def _gettoken(statement: Statement, _: list[str]) -> Iterator[str]:
    if not _GETTOKEN.match(statement.code.strip()):
        yield "not `gettoken name name : macro, parse(...)`"


def _confirm(_: Statement, words: list[str]) -> Iterator[str]:
    if words[1:2] == [] or words[1] not in _CONFIRM:
        yield "confirm does not say what"


def _foreach(statement: Statement, _: list[str]) -> Iterator[str]:
    if not re.match(r"foreach\s+\w+\s+(in|of\s+(local|global|numlist|varlist|newlist))\s", statement.code.strip()):
        yield "not `foreach name in ... {`"


def _syntax(statement: Statement, _: list[str]) -> Iterator[str]:
    text = statement.raw.strip().removeprefix("syntax").strip()
    before, comma, options = text.partition(",")
    if comma and before.rstrip().endswith("["):
        before, optional = before.rstrip()[:-1], True
        if not options.rstrip().endswith("]"):
            yield "the options are not closed"
        options = options.rstrip().removesuffix("]")
    else:
        optional = False
    yield from _variables(before)
    if comma and not options.strip():
        yield "a comma, and no option after it"
    for option in re.findall(r"[^\s(]+(?:\([^)]*\))?", options):
        yield from _option(option, optional=optional)


def _variables(text: str) -> Iterator[str]:
    for word in re.sub(r"\([^()]*\)", "", text).replace("[", " ").replace("]", " ").split():
        if word not in _VARIABLES | {"if", "in", "using", "fweight", "aweight", "pweight", "iweight", "/"}:
            yield f"{word} is nothing that syntax knows"


def _option(option: str, *, optional: bool) -> Iterator[str]:
    found = _OPTION.fullmatch(option)
    name = (found[1] or "").lower() if found else ""
    if found is None or (option != "*" and not name):
        yield f"{option} is no option"
        return
    if len(name) > LONGEST_LOCAL:
        yield f"{name} is too long for a macro"
    kind, default = found[2], found[3]
    if kind is not None and kind not in _TYPES:
        yield f"{name}() is of no kind that syntax knows"
    if optional and kind in {"integer", "real"} and default is None:
        yield f"{name}() has no default"


_CHECKS = {
    "args": _names,
    "tempname": _names,
    "local": _local,
    "global": _local,
    "gettoken": _gettoken,
    "confirm": _confirm,
    "foreach": _foreach,
    "syntax": _syntax,
}
