"""`syntax` and `marksample`: our reading of [P] syntax and [P] mark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.data import NUMERIC
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric, quoted
from tests.stata.standin.text import split_options, words
from tests.stata.standin.values import is_missing, is_variable_name
from tests.stata.standin.varlists import expanded, parted, qualified

if TYPE_CHECKING:
    from tests.stata.standin.session import Session

_OPTION = re.compile(r"(no)?((?:[A-Z][A-Z0-9]*)?)([a-z0-9_]*)(?:\(([^()]*)\))?\Z")


@dataclass(frozen=True)
class Wanted:
    """An option of the description: its name, the shortest abbreviation, the type of its argument."""

    name: str
    shortest: int
    argument: str | None
    negative: bool
    required: bool


@command("[P] syntax", "syntax")
def syntax(session: Session, rest: str) -> None:
    """`syntax [what] [if] [in] [using/] [, options]`: what was typed, into local macros."""
    described, _, wanted_text = rest.partition(",")
    wanted_text = wanted_text.rstrip("] ") if described.count("[") > described.count("]") else wanted_text
    required = not described.rstrip().endswith("[")
    typed = session.memory.locals.get("0", "")
    main, given = split_options(typed)
    before, condition, span = parted(main)
    allowed = described.replace("[", " ").replace("]", " ").split()
    _qualifiers(session, allowed, condition, span)
    before = _using(session, allowed, before)
    kind = next((word for word in allowed if not re.match(r"if|in|using", word)), "")
    _what(session, kind, before, optional=f"[{kind}" in described.replace(" ", ""))
    _options(session, wanted_text, given, required=required)


def _qualifiers(session: Session, allowed: list[str], condition: str | None, span: str | None) -> None:
    for word, value in (("if", condition), ("in", span)):
        if value is not None and word not in allowed:
            raise StataError(101, f"{word} not allowed")
        session.memory.locals[word] = f"{word} {value}" if value is not None else ""


def _using(session: Session, allowed: list[str], before: str) -> str:
    word = next((word for word in allowed if word.startswith("using")), None)
    if word is None:
        return before
    match = re.fullmatch(r"(.*?)\s*\busing\s+(.+)", before)
    value = words(match[2])[0] if match else ""
    session.memory.locals["using"] = value if word.endswith("/") or not value else f'using "{value}"'
    return match[1] if match else before


def _what(session: Session, kind: str, before: str, *, optional: bool) -> None:
    held = session.memory.locals
    if not kind:
        if before:
            raise StataError(101, "varlist not allowed")
        return
    if not before and not optional:
        raise StataError(100, "something required" if kind == "anything" else "varlist required")
    match re.sub(r"\(.*\)", "", kind):
        case "anything":
            held["anything"] = before
        case "newvarlist" | "newvarname" as which:
            _new_variables(session, before.split(), alone=which == "newvarname")
        case "varlist" | "varname" as which:
            found = expanded(session, before)
            if which == "varname" and len(found) > 1:
                raise StataError(103, "too many variables specified")
            held["varlist"] = " ".join(found)
        case _:
            raise OutsideSubset(f"syntax {kind}")


def _new_variables(session: Session, names: list[str], *, alone: bool) -> None:
    kind = names.pop(0) if names and names[0] in NUMERIC else "float"
    for name in names:
        if not is_variable_name(name):
            raise StataError(198, f"{name} invalid name")
        if name in session.memory.data.names:
            raise StataError(110, f"variable {name} already defined")
    if alone and len(names) > 1:
        raise StataError(103, "too many variables specified")
    session.memory.locals["typlist"] = " ".join([kind] * len(names))
    session.memory.locals["varlist"] = " ".join(names)


def _options(session: Session, described: str, given: dict[str, str | None], *, required: bool) -> None:
    held = session.memory.locals
    wanted, rest_allowed = _wanted(described, required=required)
    left = dict(given)
    for one in wanted:
        name = next((n for n in left if _means(n.lower(), one)), None)
        argument = left.pop(name) if name is not None else None
        if name is None:
            if one.required:
                raise StataError(198, f"option {one.name}() required")
            held[one.name] = _default(one)
        elif one.argument is None:
            if argument is not None:
                raise StataError(198, f"option {one.name}: no argument allowed")
            held[one.name] = ("no" if one.negative else "") + one.name
        else:
            held[one.name] = _argument(session, one, argument)
    if left and not rest_allowed:
        raise StataError(198, f"option {next(iter(left))} not allowed")
    if rest_allowed:
        held["options"] = " ".join(n if a is None else f"{n}({a})" for n, a in left.items())


def _wanted(described: str, *, required: bool) -> tuple[list[Wanted], bool]:
    found, rest, must = [], False, required
    spaced = described.replace("[", " [ ").replace("]", " ] ")
    for word in re.findall(r"\[|\]|\*|[^\s\[\]()]+(?:\([^()]*\))?", spaced):
        if word in {"[", "]"}:
            must = word == "]" and required
        elif word == "*":
            rest = True
        else:
            match = _OPTION.match(word)
            if match is None:
                raise OutsideSubset(f"syntax option {word}")
            negative, capital, small, argument = match.groups()
            name = (capital + small).lower()
            found.append(
                Wanted(name, len(capital) or len(name), argument, bool(negative), must and argument is not None)
            )
    return found, rest


def _means(typed: str, one: Wanted) -> bool:
    typed = typed.removeprefix("no") if one.negative else typed
    return one.name.startswith(typed) and len(typed) >= one.shortest


def _default(one: Wanted) -> str:
    kind, _, value = (one.argument or "").partition(" ")
    return value.strip() if kind in {"integer", "real", "int"} else ""


def _argument(session: Session, one: Wanted, argument: str | None) -> str:
    kind = (one.argument or "").split(" ")[0]
    if argument is None:
        raise StataError(198, f"option {one.name} requires an argument")
    text = argument.strip()
    if kind in {"string", "str"}:
        return quoted(text, 0)[0] if text.startswith(('"', '`"')) and "asis" not in (one.argument or "") else text
    if kind in {"integer", "int", "real"}:
        value = numeric(session.evaluate(text))
        if kind != "real" and (is_missing(value) or value != int(value)):
            raise StataError(198, f"option {one.name}() incorrectly specified")
        return text
    if kind in {"name", "varname", "numlist", "passthru"}:
        return f"{one.name}({text})" if kind == "passthru" else text
    raise OutsideSubset(f"syntax option {one.name}({one.argument})")


@command("[P] mark", "marksample")
def marksample(session: Session, rest: str) -> None:
    """`marksample touse[, novarlist]`: 1 where if and in hold and no variable of the varlist is missing."""
    main, options = split_options(rest)
    held = session.memory.locals
    name = session.temporary_name()
    held[main.strip()] = name
    session.interpreter.calls[-1].temporary.append(name)
    _, rows = qualified(session, f" {held.get('if', '')} {held.get('in', '')}")
    column = session.memory.data.add(name, "byte")
    used = [] if "novarlist" in options or "typlist" in held else held.get("varlist", "").split()
    for i in range(session.memory.data.nobs):
        values = [session.memory.data.column(one).values[i] for one in used]
        whole = all(value != "" if isinstance(value, str) else not is_missing(value) for value in values)
        column.values[i] = float(i in set(rows) and whole)  # type: ignore[call-overload]
