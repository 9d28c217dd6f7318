"""An ado file: what every one of ours has to be."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.stata.checker.code import Reader
from tests.stata.checker.findings import Finding
from tests.stata.checker.markup import DIRECTIVES, BrokenError, every, parsed
from tests.stata.checker.mata import mata
from tests.stata.checker.syntax import arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stata.checker.code import Statement

VERSION = "version 16"
COMMANDS = {
    "args": "[P] syntax",
    "confirm": "[P] confirm",
    "display": "[P] display",
    "else": "[P] if",
    "end": "[P] program",
    "ereturn": "[P] ereturn",
    "exit": "[P] exit",
    "findfile": "[P] findfile",
    "foreach": "[P] foreach",
    "forvalues": "[P] forvalues",
    "frame": "[D] frames intro",
    "gettoken": "[P] gettoken",
    "global": "[P] macro",
    "if": "[P] if",
    "local": "[P] macro",
    "marksample": "[P] mark",
    "matrix": "[P] matrix",
    "ml": "[R] ml",
    "program": "[P] program",
    "python": "[P] PyStata integration",
    "return": "[P] return",
    "scalar": "[P] scalar",
    "syntax": "[P] syntax",
    "tempname": "[P] macro",
    "version": "[P] version",
    "while": "[P] while",
}
"""The commands of Stata that our programs use, by their full names, each with its manual entry."""

_BLOCKS = {"if", "else", "foreach", "forvalues", "while"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]{0,31}")
_PROGRAM = re.compile(r"program(?:\s+define)?\s+([A-Za-z_]\w*)\s*(?:,\s*(.+))?$")
_OURS = re.compile(r"(?<![\w`$.])_?fedfolder\w*(`?)")


class Ado:
    """An ado file, its programs and what is wrong with it."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.reader = Reader(file, text)
        self.findings = list(self.reader.findings)
        self.programs: list[str] = []
        self._blocks: list[tuple[int, str]] = []
        self._closed = ""
        self._inside = ""
        self._before = ""
        self._check()

    def _found(self, rule: str, line: int, words: str) -> None:
        self.findings.append(Finding(rule, self.file, line, words))

    def _check(self) -> None:
        name = self.file.removesuffix(".ado")
        if not re.match(rf"\*! (fedfolder|{name})\b.*: \S", self.text):
            self._found("first-line", 1, f"the first line is not `*! {name}: what it does`")
        for place, statement in enumerate(self.reader.statements):
            if statement.kind == "stata":
                self._stata(statement, place)
            elif statement.kind == "python":
                self.findings += python(self.file, statement)
            else:
                first = statement.line + (statement.kind == "matablock")
                if statement.kind == "matablock" and self._before != VERSION:
                    self._found("version", statement.line, f"`{VERSION}` does not stand before this block of Mata")
                self.findings += mata(self.file, first, statement.raw)
            self._before = statement.code.strip()
        last = len(self.text.split("\n")) - 1
        if self._inside:
            self._found("program-end", last, f"program {self._inside} without its end")
        if self.programs[:1] != [name]:
            self._found("program-name", 1, f"the first program is not {name}")

    def _stata(self, statement: Statement, place: int) -> None:
        self.findings += _balanced(self.file, statement)
        words = statement.words
        first = words[0] if words else ""
        if first == "program":
            self._program(statement, place)
        elif first == "end":
            self._end(statement)
        else:
            self._ordinary(statement, first)

    def _program(self, statement: Statement, place: int) -> None:
        named = _PROGRAM.match(statement.code.strip())
        if named is None or not _NAME.fullmatch(named[1]):
            self._found("program-name", statement.line, "program, and then not a name")
            return
        if self._inside:
            self._found("program-end", statement.line, f"program {self._inside} has no end before this one")
        if named[2] and not set(re.split(r"[\s,]+", named[2])) <= {"eclass", "rclass", "sortpreserve"}:
            self._found("program-name", statement.line, "an option of program that ours do not have")
        self._inside = named[1]
        self.programs.append(named[1])
        after = self.reader.statements[place + 1 : place + 2]
        if not after or after[0].code.strip() != VERSION:
            self._found("version", statement.line, f"`{VERSION}` does not follow at once")

    def _end(self, statement: Statement) -> None:
        if not self._inside:
            self._found("program-end", statement.line, "an end that ends nothing")
        self._inside = ""
        for line, _ in self._blocks:
            self._found("braces", line, "this block is not closed")
        self._blocks = []

    def _ordinary(self, statement: Statement, first: str) -> None:
        code, line = statement.code.strip(), statement.line
        if not self._inside and code != VERSION:
            self._found("outside", line, "a command outside of a program")
        if code == "}":
            self._close(line)
            return
        self._braces(line, code, first)
        ours = _OURS.fullmatch(first) or first.startswith("_fedfolder_`")
        if first not in COMMANDS and not ours and first != "{":
            self._found("command", line, f"{first} is no command that our programs use")
        if "if" in {first, *statement.words[1:2]} and not code.endswith("{") and not _has_command(statement.words):
            self._found("command", line, "no command that our programs use after this if")
        self.findings += arguments(self.file, statement)
        if first == "display":
            for text in statement.strings:
                self._display(line, text)

    def _close(self, line: int) -> None:
        if not self._blocks:
            self._found("braces", line, "a brace that closes nothing")
        else:
            self._closed = self._blocks.pop()[1]

    def _braces(self, line: int, code: str, first: str) -> None:
        opens = code.endswith("{")
        if re.search(r"[{}]", _no_macros(code[:-1] if opens else code)):
            self._found("braces", line, "a brace that neither ends its line nor stands alone")
        if opens:
            self._blocks.append((line, first))
            if first not in _BLOCKS and not _only_prefixes(code):
                self._found("braces", line, f"{first} opens no block")
        elif first in {"foreach", "forvalues", "while"}:
            self._found("braces", line, f"{first} without its brace")
        if first == "else" and not self._follows_if():
            self._found("braces", line, "else without the brace that closes its if")

    def _follows_if(self) -> bool:
        """Whether what came before is the end of an if, or an if of one line."""
        if self._before == "}":
            return self._closed in {"if", "else"}
        return re.match(r"(else )?if .*[^{]$", self._before) is not None

    def _display(self, line: int, text: str) -> None:
        """What `display` shows is SMCL, too."""
        try:
            nodes = every(parsed(text))
        except BrokenError as error:
            self._found("smcl-braces", line, str(error))
            return
        for node in nodes:
            if node.name not in DIRECTIVES:
                self._found("directive", line, f"{{{node.name}}} is none that we know")


def do_file(file: str, text: str) -> Iterator[Finding]:
    """What is wrong with a do-file, in which any command of Stata's may stand."""
    reader = Reader(file, text)
    yield from reader.findings
    depth = 0
    for statement in reader.statements:
        if statement.kind == "python":
            yield from python(file, statement)
        elif statement.kind == "stata":
            yield from _balanced(file, statement)
            depth += _opens(statement)
            if depth < 0:
                yield Finding("braces", file, statement.line, "this closes nothing")
                depth = 0
        else:
            yield from mata(file, statement.line + (statement.kind == "matablock"), statement.raw)
    if depth:
        yield Finding("braces", file, len(text.split("\n")), "a block or a program is not closed")


def _has_command(words: list[str]) -> bool:
    """Whether a command follows the condition of an if of one line."""
    return any(word in COMMANDS or _OURS.fullmatch(word) for word in words[2:])


def _opens(statement: Statement) -> int:
    """1 for what opens a block or a program, -1 for what ends one, otherwise 0."""
    code, words = _no_macros(statement.code).strip(), statement.words
    if code in {"}", "end"}:
        return -1
    return int(code.endswith("{") or (words[:1] == ["program"] and words[1:2] != ["drop"]))


def _no_macros(code: str) -> str:
    return re.sub(r"`[^`']*'", "", code)


def _only_prefixes(code: str) -> bool:
    return set(code.removesuffix("{").split()) <= {"capture", "quietly", "noisily"}


def _balanced(file: str, statement: Statement) -> Iterator[Finding]:
    """Parentheses and brackets, outside of strings and macros."""
    opened: list[str] = []
    for one in _no_macros(statement.code):
        if one in "([":
            opened.append(one)
        elif one in ")]" and (not opened or opened.pop() != {")": "(", "]": "["}[one]):
            yield Finding("parentheses", file, statement.line, f"{one} closes nothing")
    for one in opened:
        yield Finding("parentheses", file, statement.line, f"{one} is not closed")


def python(file: str, statement: Statement) -> Iterator[Finding]:
    """One line of Python: it compiles, and nothing that a user typed can get into it."""
    if not statement.raw:
        yield Finding("python", file, statement.line, "a block of Python: older Statas cannot indent it")
        return
    if "`" in statement.raw or "$" in statement.raw:
        yield Finding("python-macro", file, statement.line, "a macro is expanded in a line of Python")
    try:
        compile(re.sub(r"`\w*'|\$\w+", "x", statement.raw), file, "exec")
    except SyntaxError as error:
        yield Finding("python", file, statement.line, f"this is no Python: {error.msg}")


def entries_called(statements: list[Statement]) -> set[str]:
    """The entries that the lines of Python call: `_fedfolder.NAME()`."""
    lines = [_parsed(statement.raw) for statement in statements if statement.kind == "python"]
    return {
        node.attr
        for line in lines
        for node in ast.walk(line)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_fedfolder"
    }


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def programs_called(statements: list[Statement]) -> dict[str, int]:
    """The programs of ours that are named, each with a line; `_fedfolder_*` where a macro ends the name."""
    called: dict[str, int] = {}
    for statement in statements:
        if statement.kind != "stata" or statement.words[:1] in (["program"], ["frame"], ["findfile"]):
            continue
        for named in _OURS.finditer(statement.code):
            name = named[0].removesuffix("`") + "*" * bool(named[1])
            called.setdefault(name, statement.line)
    return called
