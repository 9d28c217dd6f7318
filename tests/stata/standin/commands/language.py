"""The programming language: our reading of [P] macro, gettoken, program, exit, display, scalar, return."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import MESSAGES, OutsideSubset, StataError
from tests.stata.standin.expressions import numeric, quoted
from tests.stata.standin.formats import formatted
from tests.stata.standin.interpreter import Ended, Left
from tests.stata.standin.text import gettoken as next_token
from tests.stata.standin.text import split_options, words
from tests.stata.standin.values import LOCAL_LENGTH, is_name

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


def macro_value(session: Session, rest: str) -> str:
    """What a macro becomes: `= exp`, `: function`, or text, whose outer quotes go ([P] macro)."""
    if rest.startswith("="):
        return session.lookup.as_text(rest[1:])
    if rest.startswith(":"):
        return session.lookup.extended(rest[1:].strip())
    if rest.startswith(('"', '`"')):
        text, end = quoted(rest, 0)
        if end == len(rest):
            return text
    return rest


@command("[P] macro", "local", "loc")
def local(session: Session, rest: str) -> None:
    """`local x text`, `local x = exp`, `local x : function`, `local ++x`."""
    step = re.fullmatch(r"\s*(\+\+|--)(\w+)\s*", rest)
    if step:
        session.expand(f"`{step[1]}{step[2]}'")
        return
    match = re.fullmatch(r"\s*(\w+)\s*(.*)", rest, re.DOTALL)
    if match is None or len(match[1]) > LOCAL_LENGTH:
        raise StataError(198, "invalid syntax")
    value = macro_value(session, match[2].strip())
    if value:
        session.memory.locals[match[1]] = value
    else:
        session.memory.locals.pop(match[1], None)


@command("[P] macro", "global", "glo")
def global_(session: Session, rest: str) -> None:
    """`global x text`, `global x = exp`."""
    match = re.fullmatch(r"\s*(\w+)\s*(.*)", rest, re.DOTALL)
    if match is None or not is_name(match[1]):
        raise StataError(198, "invalid syntax")
    session.memory.globals[match[1]] = macro_value(session, match[2].strip())


@command("[P] macro", "macro")
def macro(session: Session, rest: str) -> None:
    """`macro drop x y`."""
    first, *names = rest.split()
    if first != "drop" or any("*" in name or name.startswith("_") for name in names):
        raise OutsideSubset(f"macro {rest}")
    for name in names:
        session.memory.globals.pop(name, None)


@command("[P] syntax", "args")
def args(session: Session, rest: str) -> None:
    """`args a b`: the positional arguments, by name."""
    for at, name in enumerate(rest.split()):
        session.memory.locals[name] = session.memory.locals.get(str(at + 1), "")


@command("[P] gettoken", "gettoken")
def gettoken(session: Session, rest: str) -> None:
    """`gettoken a [b] : c [, parse("…") quotes]`: b is the rest, where it is given; both are left as they are."""
    main, found = split_options(rest)
    before, _, source = main.partition(":")
    names = before.split()
    if set(found) - {"parse"} or not 1 <= len(names) <= 2 or "(" in main:
        raise OutsideSubset(f"gettoken {rest}")
    parse = found.get("parse")
    characters = quoted(parse, 0)[0] if parse else " "
    token, left = next_token(session.memory.locals.get(source.strip(), ""), characters)
    session.memory.locals[names[0]] = token
    if len(names) == 2:
        session.memory.locals[names[1]] = left


@command("[P] tokenize", "tokenize")
def tokenize(session: Session, rest: str) -> None:
    """`tokenize "text"`: its words become `1', `2' and so on."""
    for at, word in enumerate([*words(words(rest)[0] if rest.strip().startswith(('"', "`")) else rest), ""]):
        session.memory.locals[str(at + 1)] = word


@command("[P] program", "program")
def program(session: Session, rest: str) -> None:
    """`program drop NAME`, `program drop _all`."""
    match = re.fullmatch(r"\s*drop\s+(\w+)\s*", rest)
    if match is None:
        raise OutsideSubset(f"program {rest}")
    programs = session.interpreter.programs
    if match[1] == "_all":
        programs.clear()
    elif programs.pop(match[1], None) is None:
        raise StataError(111, f"{match[1]} not found")


@command("[P] version", "version")
def version(session: Session, rest: str) -> None:
    """`version 16`, `version 16: command`."""
    number, colon, inner = rest.partition(":")
    if not re.fullmatch(r"\s*\d+(\.\d)?\s*", number):
        raise StataError(198, f"invalid version: {number}")
    if float(number) > 17:
        raise StataError(9, f"this is version 17.0 of Stata; it cannot run version {number.strip()} programs")
    before, session.version = session.version, float(number)
    if colon:
        session.interpreter.command(inner)
        session.version = before


@command("[P] exit", "exit")
def exit_(session: Session, rest: str) -> None:
    """`exit`, `exit 198`."""
    raise Ended(int(numeric(session.evaluate(rest))) if rest.strip(" ,") and "clear" not in rest else 0)


@command("[P] error", "error")
def error(session: Session, rest: str) -> None:
    """`error 198`: Stata's own message, and the return code."""
    rc = int(numeric(session.evaluate(rest)))
    if rc:
        raise StataError(rc, MESSAGES.get(rc, ""))


@command("[P] continue", "continue")
def continue_(_: Session, rest: str) -> None:
    """`continue`, `continue, break`."""
    raise Left(whole="break" in rest)


@command("[P] display", "display", "di", "dis", "disp")
def display(session: Session, rest: str) -> None:
    """`display [as style] ["text"|exp|%fmt exp|_continue|_newline|_col(#)] …`."""
    wrong, end, at, line = False, "\n", rest.strip(), ""
    while at:
        style = re.match(r"(?:as|in)\s+(error|err|text|txt|result|res|input|inp|red|smcl|yellow|green|white)\b", at)
        word = re.match(r"_(continue|cont|c|newline|n|col|column|skip|s)\b(?:\((\d+)\))?", at)
        if style:
            wrong = wrong or style[1] in {"error", "err", "red"}
            at = at[style.end() :].lstrip()
        elif word:
            at = at[word.end() :].lstrip()
            if word[1] in {"continue", "cont", "c"}:
                end = ""
            else:
                line += _moved(line, word[1], int(word[2] or 1))
        else:
            shown, at = _item(session, at)
            line += shown
    session.results.show(line + end, wrong=wrong)


def _moved(line: str, word: str, number: int) -> str:
    if word in {"newline", "n"}:
        return "\n" * number
    if word in {"skip", "s"}:
        return " " * number
    return " " * max(0, number - 1 - len(line.rpartition("\n")[2]))


def _item(session: Session, at: str) -> tuple[str, str]:
    if at.startswith(('"', '`"')):
        text, end = quoted(at, 0)
        if not re.match(r"\s*(==|!=|\+|<|>|&|\|)", at[end:]):
            return text, at[end:].lstrip()
    form = re.match(r"%\S+", at)
    rest = at[form.end() :] if form else at
    padded = re.fullmatch(r"%(-?)(\d+)s", form[0]) if form else None
    if padded and rest.lstrip().startswith(('"', '`"')):
        shown, end = quoted(rest.lstrip(), 0)
        return shown.ljust(int(padded[2])) if padded[1] else shown.rjust(int(padded[2])), rest.lstrip()[end:].lstrip()
    value, left = session.lookup.expression(rest).leading()
    left = left.lstrip(" ,")
    if isinstance(value, str):
        return value, left
    return (formatted(value, form[0]) if form else formatted(value, "%10.0g").strip()), left


@command("[P] scalar", "scalar", "sca")
def scalar(session: Session, rest: str) -> None:
    """`scalar [define] x = exp`, `scalar drop x`, `scalar list x`."""
    match = re.fullmatch(r"\s*(?:def\w*\s+)?(\w+)\s*=\s*(.+)", rest)
    if match:
        if not is_name(match[1]):
            raise StataError(198, f"{match[1]} invalid name")
        session.memory.set_scalar(match[1], session.evaluate(match[2]))
        return
    first, *names = rest.split()
    if first not in {"drop", "list", "dir"}:
        raise OutsideSubset(f"scalar {rest}")
    for name in names:
        if name not in session.memory.scalars:
            raise StataError(111, f"scalar {name} not found")
        value = session.memory.scalars[name]
        if first == "drop":
            del session.memory.scalars[name]
        else:
            session.results.line(f"{name:>10} = {value if isinstance(value, str) else formatted(value, '%10.0g')}")


@command("[P] macro", "tempname", "tempvar")
def tempname(session: Session, rest: str) -> None:
    """`tempname a b`: names that nothing has; what they name is gone when the program ends."""
    for name in rest.split():
        made = session.temporary_name()
        session.memory.locals[name] = made
        if session.interpreter.calls:
            session.interpreter.calls[-1].temporary.append(made)


@command("[P] macro", "tempfile")
def tempfile(session: Session, rest: str) -> None:
    """`tempfile a b`: names of files that nothing has."""
    session.plus.mkdir(parents=True, exist_ok=True)
    for name in rest.split():
        session.memory.locals[name] = str(session.plus / f"St{session.temporary_name()}.tmp")
