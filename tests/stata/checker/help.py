"""A help file: known directives, balanced, tables set up before they are used, links that lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.checker.findings import Finding
from tests.stata.checker.markup import DIRECTIVES, BrokenError, every, parsed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tests.stata.checker.markup import Directive

STATA_HELP = frozenset({
    "adopath", "clogit", "cloglog", "describe", "discard", "ereturn", "error", "estat", "estat_ic", "estimates",
    "estimates_table", "findfile", "frames", "fvset", "fvvarlist", "glm", "if", "in", "level", "lincom", "logistic",
    "logit", "lrtest", "margins", "mata", "maximize", "melogit", "mepoisson", "mestreg", "ml", "mlogit", "nbreg", "net",
    "nlcom", "ologit", "oprobit", "poisson", "predict", "predictnl", "probit", "profile", "python", "regress", "return",
    "stcox", "streg", "stpm2", "stset", "sysdir", "test", "testparm", "vce_option", "weight", "which",
})  # fmt: skip
"""Help files of Stata's own that ours may lead to."""

REQUIRED = ("title", "syntax", "description", "examples", "alsosee")
"""What each of our help files has, by the names of its markers."""

_TABLE_USES = {"synopt": "synoptset", "synoptline": "synoptset", "synopthdr": "synoptset", "syntab": "synoptset"}
_LINKS = {"help", "helpb"}


def targets(nodes: list[Directive]) -> list[str]:
    """Where the links of a line lead: `file` or `file##marker`."""
    found = []
    for node in nodes:
        if node.name in _LINKS:
            found.append(node.arguments.split("|")[0])
        elif node.name in {"manhelp", "manhelpi"}:
            found.append(node.arguments.split()[0])
        elif node.name == "viewerjumpto":
            found.append(re.findall(r'"([^"]*)"', node.arguments)[-1])
        elif node.name == "vieweralsosee":
            quoted = re.findall(r'"([^"]*)"', node.arguments)
            found += [quoted[-1].removeprefix("help ")] if quoted[-1:] and quoted[-1].startswith("help ") else []
    return found


def markers(text: str) -> list[str]:
    """The names of the places in a help file."""
    return re.findall(r"\{marker (\w+)\}", text)


class Help:
    """A help file and what is wrong with it; links to other files are kept for whoever knows those."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.findings: list[Finding] = []
        self.links: list[tuple[int, str]] = []
        self._set_up: set[str] = set()
        self._paragraph = 0
        lines = text.split("\n")
        if lines[0] != "{smcl}":
            self._found("first-line", 1, "the first line is not {smcl}")
        for number, line in enumerate(lines, start=1):
            self._line(number, line)
        for name in REQUIRED:
            if name not in markers(text):
                self._found("sections", 1, f"no {{marker {name}}}")
        if "p2colset" in self._set_up:
            self._found("tables", len(lines), "{p2colset} without {p2colreset}")

    def _found(self, rule: str, line: int, words: str) -> None:
        self.findings.append(Finding(rule, self.file, line, words))

    def _line(self, number: int, line: str) -> None:
        try:
            nodes = every(parsed(line))
        except BrokenError as error:
            self._found("smcl-braces", number, str(error))
            return
        for node in nodes:
            self._directive(number, node)
        self._ends(number, line, [node.name for node in nodes])
        self.links += [(number, target) for target in targets(nodes)]

    def _directive(self, number: int, node: Directive) -> None:
        if node.name not in DIRECTIVES:
            self._found("directive", number, f"{{{node.name}}} is none that we know")
        needed = _TABLE_USES.get(node.name)
        if needed is not None and needed not in self._set_up:
            self._found("tables", number, f"{{{node.name}}} before {{{needed}}}")
        if node.name in {"p2col", "p2coldent"} and "p2colset" not in self._set_up and not node.arguments:
            self._found("tables", number, f"{{{node.name}}} before {{p2colset}}")
        if node.name in {"synoptset", "p2colset"}:
            self._set_up.add(node.name)
            if not re.fullmatch(r"\d+( tabbed| notabbed)?|\d+ \d+ \d+ \d+", node.arguments):
                self._found("tables", number, f"{{{node.name} {node.arguments}}} has no widths")
        elif node.name == "p2colreset":
            self._set_up -= {"p2colset", "synoptset"}
        elif node.name == "p" and not re.fullmatch(r"(\d+( \d+){0,2})?", node.arguments):
            self._found("directive", number, "{p} takes up to three numbers")

    def _ends(self, number: int, line: str, names: list[str]) -> None:
        """A row of a table, and a hanging paragraph on one line, end with {p_end}."""
        if {"synopt", "p2col", "p2coldent"} & set(names):
            self._paragraph = number
        if "p_end" in names or not line.strip():
            if self._paragraph and "p_end" not in names:
                self._found("tables", self._paragraph, "a row of a table without {p_end}")
            self._paragraph = 0


def linked(page: Help, pages: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Links that lead nowhere; `pages` are our help files, each with its markers."""
    for number, target in page.links:
        name, _, marker = target.partition("##")
        name = name.strip().split(" ")[0].split(":")[0]
        if name in pages:
            if marker and marker.split(":")[0] not in pages[name]:
                yield Finding("links", page.file, number, f"no {{marker {marker}}} in {name}")
        elif name not in STATA_HELP:
            yield Finding("links", page.file, number, f"no help file {name}")
