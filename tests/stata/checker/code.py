"""Stata's code, line by line: what is a string, a macro, a comment, Python or Mata.

Quotes are those of [U] 18.3 Macros and [U] 12.4.6: `"..."`, compound `` `"..."' `` that nest, and macros between a left
and a right quote. Comments are those of [P] comments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.stata.checker.findings import Finding

PREFIXES = ("capture", "quietly", "noisily")
_PREFIX = rf"(?:(?:{'|'.join(PREFIXES)})\s+)*"
_PYTHON = re.compile(rf"^\s*{_PREFIX}(?:if\s[^:]*?\s)?{_PREFIX}python\s*:(.*)$")
_MATA_LINE = re.compile(rf"^\s*{_PREFIX}mata\s*:(.*\S.*)$")
_MATA_BLOCK = re.compile(r"^\s*mata\s*:?\s*$")
_MACRO_STARTS = re.compile(r"[A-Za-z_0-9=:`]")


@dataclass(slots=True)
class Statement:
    """One statement.

    Parameters
    ----------
    line : int
        Where it begins, 1-based.
    kind : str
        `"stata"`, `"python"` (one line), `"mata"` (one line) or `"matablock"`.
    raw : str
        Its text; for Python and Mata what follows the colon or stands in the block.
    code : str
        The same with everything inside of strings made blank, for Stata alone.
    strings : list of str
        The texts of its strings.
    """

    line: int
    kind: str
    raw: str
    code: str = ""
    strings: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The words of the code, prefixes such as `capture` left out."""
        words = re.findall(r"[^\s,]+|,", self.code)
        while words and words[0] in PREFIXES:
            words = words[1:]
        return words


class Reader:
    """Statements of a file, and what is wrong with its quotes and comments."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.statements: list[Statement] = []
        self.findings: list[Finding] = []
        self._read()

    def found(self, rule: str, line: int, words: str) -> None:
        """Note what is wrong."""
        self.findings.append(Finding(rule, self.file, line, words))

    def _read(self) -> None:
        at = 0
        while at < len(self.lines):
            text = self.lines[at]
            if python := _PYTHON.match(text):
                self.statements.append(Statement(at + 1, "python", python[1].strip()))
                at += 1
            elif _MATA_BLOCK.match(text):
                at = self._mata_block(at)
            elif mata := _MATA_LINE.match(text):
                self.statements.append(Statement(at + 1, "mata", mata[1].strip()))
                at += 1
            else:
                at = _Statements(self, at).read()

    def _mata_block(self, start: int) -> int:
        ends = [at for at in range(start + 1, len(self.lines)) if self.lines[at].strip() == "end"]
        if not ends:
            self.found("mata-end", start + 1, "mata: without its end")
        end = ends[0] if ends else len(self.lines)
        self.statements.append(Statement(start + 1, "matablock", "\n".join(self.lines[start + 1 : end])))
        return end + 1


class _Statements:
    """One statement of Stata's own, with the lines that `///` or a long comment add to it."""

    def __init__(self, reader: Reader, at: int) -> None:
        self.reader = reader
        self.at = at
        self.start = at + 1
        self.open: list[str] = []  # of `"`, `` `" `` and `` ` ``, the innermost last
        self.inner = 0  # plain quotes inside of the compound ones
        self.raw: list[str] = []
        self.code: list[str] = []
        self.string: list[str] = []
        self.strings: list[str] = []

    def read(self) -> int:
        """Read it, and say where the next one begins."""
        goes_on = True
        while goes_on and self.at < len(self.reader.lines):
            goes_on = self._line(self.reader.lines[self.at])
            self.at += 1
        code = "".join(self.code).rstrip()
        if code.strip():
            raw = "".join(self.raw)
            self.reader.statements.append(Statement(self.start, "stata", raw, code, self.strings))
        return self.at

    def _line(self, text: str) -> bool:
        """Read a line; whether the statement goes on in the next."""
        if not "".join(self.code).strip() and text.lstrip().startswith("*"):
            return False
        position = 0
        while position < len(text):
            rest = text[position:]
            if not self.open and (position == 0 or text[position - 1].isspace()) and rest.startswith("//"):
                return rest.startswith("///")
            if not self.open and rest.startswith("/*"):
                position = self._comment(text, position)
                text = self.reader.lines[self.at]
                continue
            position += self._piece(rest, text[position - 1 : position])
        if self.open:
            what = {'"': "a string", '`"': "a compound string", "`": "a macro"}[self.open[-1]]
            self.reader.found("quotes", self.at + 1, f"{what} is not closed")
            self.open = []
        return False

    def _comment(self, text: str, position: int) -> int:
        """Pass a comment, over several lines maybe; where the code goes on."""
        begun = self.at + 1
        end = text.find("*/", position + 2)
        while end < 0:
            if self.at + 1 >= len(self.reader.lines):
                self.reader.found("comments", begun, "a comment is not closed")
                return len(text)
            self.at += 1
            text = self.reader.lines[self.at]
            end = text.find("*/")
        return end + 2

    def _piece(self, rest: str, before: str) -> int:
        """Take a quote or a character; how many characters it has."""
        inner = self.open[-1] if self.open else ""
        in_string = any(mark != "`" for mark in self.open)
        if rest.startswith('`"') and inner != "`":
            self.open.append('`"')
            self.inner *= inner != ""
            return self._keep('`"')
        if rest.startswith("\"'") and inner == '`"':
            self.open.pop()
            if self.inner % 2:
                self.reader.found("quotes", self.at + 1, "a quote without its other one in a compound string")
            return self._keep("\"'")
        if rest[0] == '"':
            return self._quote(inner)
        if rest[0] == "`":
            if before == "\\":
                self.reader.found("quotes", self.at + 1, "a backslash keeps the macro after it from being expanded")
            if not _MACRO_STARTS.match(rest[1:]):
                self.reader.found("quotes", self.at + 1, "a left quote that begins no macro")
            self.open.append("`")
            return self._keep("`")
        if rest[0] == "'":
            self._right_quote(inner, in_string=in_string, between=bool(re.match("[a-z]'[a-z]", before + rest[:2])))
            return self._keep("'")
        return self._keep(rest[0])

    def _quote(self, inner: str) -> int:
        if inner == '"':
            self.open.pop()
        elif inner == "":
            self.open.append('"')
        elif inner == '`"':
            self.inner += 1
        elif inner == "`":
            self.reader.found("quotes", self.at + 1, "a quote inside of a macro's name")
        return self._keep('"')

    def _right_quote(self, inner: str, *, in_string: bool, between: bool) -> None:
        if inner == "`":
            self.open.pop()
            name = "".join(self.raw).rpartition("`")[2]
            if name.count("(") != name.count(")"):
                self.reader.found("quotes", self.at + 1, "a macro whose parentheses do not balance")
        elif not in_string:
            self.reader.found("quotes", self.at + 1, "a right quote without its left one")
        elif not between:
            self.reader.found("quotes", self.at + 1, "a right quote in a string that is no apostrophe")

    def _keep(self, piece: str) -> int:
        """Keep a piece as it is, and in the code a blank for it if it is inside of a string."""
        inside = any(mark != "`" for mark in self.open)
        self.raw.append(piece)
        opens_or_closes = piece in {'"', '`"', "\"'"}
        self.code.append(" " * len(piece) if inside and not opens_or_closes else piece)
        if inside:
            self.string.append(piece)
        elif self.string:
            self.strings.append("".join(self.string).removeprefix("`").removeprefix('"'))
            self.string = []
        return len(piece)
