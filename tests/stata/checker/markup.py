"""SMCL as a tree, a line at a time: a directive of ours always closes on the line where it opens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"\*|\.\.\.|[A-Za-z_0-9]+")
_RAW = re.compile(r"\{c ([^\s}]+|\)-|-\()\}")
_UNSPLIT = ("opt", "opth", "cmdab", "viewerjumpto", "vieweralsosee", "viewerdialog")
"""Directives in which a colon says where an abbreviation ends, or is a colon and nothing else."""

LINE = "[P] smcl, Formatting directives for use in line mode"
EVERYWHERE = "[P] smcl, Formatting directives for use in line and paragraph modes"
PARAGRAPH = "[P] smcl, Formatting directives for use in paragraph mode"
LINK = "[P] smcl, Link directives for use in line and paragraph modes"
CHARACTERS = "[P] smcl, Displaying characters using ASCII code"
VALUES = "[P] smcl, Inserting values from constant and current-value class"
VIEWER = "[U] 18.11.6 Writing system help, and help examplehelpfile"

DIRECTIVES = {
    **dict.fromkeys(
        (
            *(
                "smcl",
                "*",
                "...",
                "sf",
                "it",
                "bf",
                "ul",
                "cmd",
                "cmdab",
                "opt",
                "opth",
                "txt",
                "text",
                "res",
                "result",
            ),
            *("err", "error", "input", "inp", "hi", "hilite", "bind", "break", "dup", "hline", "space", "ccl", "char"),
        ),
        EVERYWHERE,
    ),
    **dict.fromkeys(("title", "center", "centre", "right", "col", "tab", "lalign", "ralign", "dlgtab", "s6hlp"), LINE),
    **dict.fromkeys(("synoptset", "synopthdr", "syntab", "synopt", "synoptline"), PARAGRAPH),
    **dict.fromkeys(
        ("p", "p_end", "pstd", "psee", "phang", "phang2", "phang3", "pmore", "pmore2", "pmore3"), PARAGRAPH
    ),
    **dict.fromkeys(("pin", "pin2", "pin3", "p2colset", "p2col", "p2line", "p2coldent", "p2colreset"), PARAGRAPH),
    **dict.fromkeys(("help", "helpb", "manhelp", "manhelpi", "browse", "stata", "search", "net", "view"), LINK),
    **dict.fromkeys(("marker", "viewerjumpto", "vieweralsosee", "viewerdialog"), VIEWER),
    **dict.fromkeys(("depvar", "indepvars", "varname", "varlist", "newvar", "ifin", "weight", "depvars"), EVERYWHERE),
    "c": CHARACTERS,
    "ccl": VALUES,
}
"""Each directive that our help files may use, with the part of the manual that has it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive: `{name arguments:body}`; `body` is None where there is no colon."""

    name: str
    arguments: str = ""
    body: tuple[Node, ...] | None = None


Node = Text | Directive


class BrokenError(Exception):
    """A line that is no SMCL; its text says why."""


@dataclass(slots=True)
class _Line:
    text: str
    at: int = 0
    nodes: list[Node] = field(default_factory=list)

    def until(self, *, nested: bool) -> tuple[Node, ...]:
        """Read nodes to the end of the line, or to the brace that closes what is around them."""
        nodes: list[Node] = []
        plain: list[str] = []
        while self.at < len(self.text):
            one = self.text[self.at]
            if one == "}":
                if not nested:
                    raise BrokenError("a brace that closes nothing")
                break
            if one == "{":
                if plain:
                    nodes.append(Text("".join(plain)))
                    plain = []
                nodes.append(self._directive())
            else:
                plain.append(one)
                self.at += 1
        if plain:
            nodes.append(Text("".join(plain)))
        return tuple(nodes)

    def _directive(self) -> Directive:
        if raw := _RAW.match(self.text, self.at):
            self.at = raw.end()
            return Directive("c", raw[1])
        named = _NAME.match(self.text, self.at + 1)
        if named is None:
            raise BrokenError("a brace that begins no directive; write {c -(}")
        self.at = named.end()
        name = named[0]
        arguments = self._arguments(split=name not in _UNSPLIT and name != "*")
        body = None
        if self.at < len(self.text) and self.text[self.at] == ":":
            self.at += 1
            body = self.until(nested=True)
        if self.at >= len(self.text):
            raise BrokenError(f"{{{name} is not closed on its line")
        self.at += 1
        return Directive(name, arguments.strip(), body)

    def _arguments(self, *, split: bool) -> str:
        """What follows the name, up to a colon (outside of quotes) or to the closing brace."""
        begun, quoted = self.at, False
        while self.at < len(self.text):
            one = self.text[self.at]
            if one == '"':
                quoted = not quoted
            elif one == "}" or (one == ":" and split and not quoted):
                break
            elif one == "{":
                raise BrokenError("a directive inside of another one's arguments")
            self.at += 1
        if quoted:
            raise BrokenError("a quote in a directive is not closed")
        return self.text[begun : self.at]


def parsed(line: str) -> tuple[Node, ...]:
    """The nodes of a line.

    Raises
    ------
    BrokenError
        If its braces or quotes do not balance.
    """
    return _Line(line).until(nested=False)


def every(nodes: tuple[Node, ...]) -> list[Directive]:
    """All directives, those inside of others too, in order."""
    found: list[Directive] = []
    for node in nodes:
        if isinstance(node, Directive):
            found.append(node)
            found += every(node.body or ())
    return found
