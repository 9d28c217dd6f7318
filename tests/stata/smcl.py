"""Help files as text: what the Viewer shows, without its fonts and links, 80 columns wide.

The measures are those of [P] smcl: `{p a b c}` begins a line with a blanks, the following with b, and leaves c free at
the right; `{p2colset a b c d}` begins the columns of a table at a and b, and further lines of the second one at c.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.stata.checker.markup import Directive, Text, parsed

if TYPE_CHECKING:
    from tests.stata.checker.markup import Node

WIDTH = 80
_STUCK = "\x00"
"""A blank at which no line is broken."""
_BREAK = "\x01"
"""A line ends here, within its paragraph."""

PARAGRAPHS = {
    "pstd": (4, 4, 2),
    "psee": (4, 13, 2),
    "phang": (4, 8, 2),
    "pmore": (8, 8, 2),
    "pin": (8, 8, 2),
    "phang2": (8, 12, 2),
    "pmore2": (12, 12, 2),
    "pin2": (12, 12, 2),
    "phang3": (12, 16, 2),
    "pmore3": (16, 16, 2),
    "pin3": (16, 16, 2),
}
"""What each of these is in terms of `{p a b c}`."""

_SYNTAX = {
    "depvar": "depvar",
    "depvars": "depvars",
    "indepvars": "indepvars",
    "varname": "varname",
    "varlist": "varlist",
    "newvar": "newvar",
    "ifin": "[if] [in]",
    "weight": "[weight]",
}
_SILENT = {"smcl", "*", "marker", "viewerjumpto", "vieweralsosee", "viewerdialog", "txt", "text", "sf", "res", "ul"}
_CHARACTERS = {"-(": "{", ")-": "}", "|": "|", "-": "-", "+": "+", "TT": "+", "BT": "+", "LT": "+", "RT": "+"}


@dataclass(frozen=True, slots=True)
class Columns:
    """A table of two columns: where each begins, where further lines of the second do, and the room at the right."""

    first: int
    second: int
    further: int
    right: int


class Page:
    """A help file as it is being rendered."""

    def __init__(self, width: int = WIDTH) -> None:
        self.width = width
        self.lines: list[str] = []
        self._line: list[str] = []
        self._silent = True
        self._paragraph: tuple[int, int, int] | None = None
        self._words: list[str] = []
        self._head = ""
        self._table = Columns(4, 20, 22, 2)
        self._synopt = Columns(6, 28, 30, 2)

    def add(self, line: str) -> None:
        """Render a line of the file."""
        if not line.strip():
            self._flush()
            self.lines.append("")
            return
        joined = line.endswith("{...}")
        for node in parsed(line.removesuffix("{...}")):
            self._node(node)
        if self._paragraph is not None:
            if not joined:
                self._words.append(" ")
        elif not joined:
            self._end_line()

    def text(self) -> str:
        """The page so far: at most one empty line in a row, and none at the ends."""
        self._flush()
        self._end_line()
        text = "\n".join(line.rstrip() for line in self.lines)
        return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n") + "\n"

    def _node(self, node: Node) -> None:
        if isinstance(node, Directive) and self._block(node):
            return
        shown = inline(node)
        if self._paragraph is not None:
            self._words.append(shown)
        else:
            self._line.append(shown)
            self._silent = self._silent and (shown == "" or shown == " " * len(shown))

    def _block(self, node: Directive) -> bool:
        """Render a directive that is more than a piece of a line; whether it was one."""
        if node.name == "p_end":
            self._flush()
        elif node.name == "p" or node.name in PARAGRAPHS:
            self._begin(_measures(node))
        elif node.name in {"synopt", "p2col", "p2coldent"}:
            self._row(node)
        elif node.name == "synoptset":
            first = 6 if "tabbed" in node.arguments else 4
            second = first + int(node.arguments.split()[0]) + 2
            self._synopt = Columns(first, second, second + 2, 2)
        elif node.name == "p2colset":
            self._table = _columns(node.arguments)
        elif node.name == "p2colreset":
            self._flush()
        elif node.name == "col":
            self._line.append(" " * max(int(node.arguments) - 1 - len("".join(self._line)), 0))
        elif node.name == "hline" and not node.arguments and self._paragraph is None:
            self._line.append("-" * (self.width - len("".join(self._line))))
            self._silent = False
        else:
            return self._heading(node)
        return True

    def _heading(self, node: Directive) -> bool:
        body = joined(node.body or ())
        if node.name == "title":
            self._own_line(body)
        elif node.name == "syntab":
            self._own_line(" " * 4 + body)
        elif node.name == "dlgtab":
            self._own_line(" " * 8 + "+" + "-" * (len(body) + 2) + "+")
            line = " " * 4 + f"----+ {body} +"
            self._own_line(line + "-" * (self.width - 2 - len(line)))
        elif node.name == "synopthdr":
            self._own_line((" " * 4 + (body or "options")).ljust(self._synopt.second) + "Description")
        elif node.name in {"synoptline", "p2line"}:
            self._own_line(" " * 4 + "-" * (self.width - 6))
        else:
            return False
        return True

    def _own_line(self, text: str) -> None:
        self._flush()
        self._line.append(text)
        self._silent = False

    def _begin(self, measures: tuple[int, int, int], head: str = "") -> None:
        self._flush()
        self._paragraph, self._head, self._words = measures, head, []

    def _row(self, node: Directive) -> None:
        table = self._synopt if node.name == "synopt" else self._table
        if node.name != "synopt" and node.arguments:
            table = _columns(node.arguments)
        head = " " * table.first + joined(node.body or ()).strip()
        if node.name == "p2coldent":
            head = head[2:]
        if len(head) + 1 > table.second:
            self._flush()
            self.lines.append(head)
            head = ""
        self._begin((table.second, table.further, table.right), head.ljust(table.second) if head else "")

    def _flush(self) -> None:
        """Break the paragraph that ends here into lines."""
        if self._paragraph is None:
            if not self._silent:
                self._end_line()
            return
        first, rest, right = self._paragraph
        head, words = self._head, "".join(self._words)
        self._paragraph, self._head, self._words = None, "", []
        for number, part in enumerate(words.split(_BREAK)):
            begin = (head or " " * first) if number == 0 else " " * rest
            self.lines += _wrapped(" ".join(part.split()), begin, " " * rest, self.width - right)
        self._silent = True

    def _end_line(self) -> None:
        if not self._silent:
            self.lines.append("".join(self._line).replace(_STUCK, " "))
        self._line, self._silent = [], True


def _measures(node: Directive) -> tuple[int, int, int]:
    if node.name in PARAGRAPHS:
        return PARAGRAPHS[node.name]
    numbers = [int(number) for number in node.arguments.split()]
    first = numbers[0] if numbers else 0
    rest = numbers[1] if len(numbers) > 1 else first
    return first, rest, numbers[2] if len(numbers) > 2 else 0


def _columns(arguments: str) -> Columns:
    first, second, further, right = (int(number) for number in arguments.split())
    return Columns(first - 1, second - 1, further - 1, right)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_STUCK, " ") for line in lines or [first.rstrip()]]


def joined(nodes: tuple[Node, ...]) -> str:
    """Nodes within a line."""
    return "".join(inline(node) for node in nodes)


def inline(node: Node) -> str:
    """A piece of a line as text.

    Raises
    ------
    ValueError
        If this renderer does not know the directive.
    """
    if isinstance(node, Text):
        return node.text
    show = _INLINE.get(node.name)
    if show is not None:
        return show(node)
    if node.name in _SYNTAX:
        return _SYNTAX[node.name]
    if node.name in _SILENT or node.name in _STYLES:
        return joined(node.body or ())
    raise ValueError(node.name)


_STYLES = {"cmd", "it", "bf", "input", "inp", "hi", "err", "error", "result", "hilite"}


def _without_colon(node: Directive) -> str:
    """`{opt nocons:tant}` and `{cmdab:ind:ex}`: the colon ends the shortest abbreviation."""
    text = node.arguments + (":" + joined(node.body) if node.body is not None else "")
    head, bracket, argument = text.partition("(")
    return head.lstrip(":").replace(":", "", 1) + bracket + argument


def _linked(node: Directive) -> str:
    return joined(node.body) if node.body is not None else node.arguments.split("##")[0].strip('"')


def _manual(node: Directive) -> str:
    name, manual = node.arguments.split()
    return f"[{manual}] {joined(node.body) if node.body is not None else name}"


_INLINE = {
    "c": lambda node: _CHARACTERS[node.arguments],
    "space": lambda node: " " * int(node.arguments or 1),
    "hline": lambda node: "-" * int(node.arguments),
    "break": lambda _: _BREAK,
    "bind": lambda node: joined(node.body or ()).replace(" ", _STUCK),
    "dup": lambda node: joined(node.body or ()) * int(node.arguments),
    "opt": _without_colon,
    "opth": _without_colon,
    "cmdab": _without_colon,
    "help": _linked,
    "helpb": _linked,
    "browse": _linked,
    "stata": _linked,
    "manhelp": _manual,
    "manhelpi": _manual,
    "right": lambda node: joined(node.body or ()),
    "center": lambda node: joined(node.body or ()),
    "ralign": lambda node: joined(node.body or ()).rjust(int(node.arguments)),
    "lalign": lambda node: joined(node.body or ()).ljust(int(node.arguments)),
}


def rendered(text: str, width: int = WIDTH) -> str:
    """A help file as text."""
    page = Page(width)
    for line in text.split("\n"):
        page.add(line)
    return page.text()
