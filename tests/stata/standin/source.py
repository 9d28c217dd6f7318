"""From the text of an ado-file or do-file to its commands: our reading of [U] 16.1 and [P] comments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.stata.standin.errors import OutsideSubset

_BLOCK = re.compile(r"^(if|else|foreach|forvalues|while|quietly|qui|capture|cap|noisily|noi|frame|preserve)\b")


@dataclass
class Node:
    """A command, with its block where it has one and what stands after `else`."""

    text: str
    body: list[Node] = field(default_factory=list)
    block: bool = False
    otherwise: list[Node] = field(default_factory=list)
    expanded: bool = False


_MATA = re.compile(r"^mata:\s*\n(.*?)^end\s*$", re.MULTILINE | re.DOTALL)
_DEFINES = re.compile(r"^(?:void|real|string|transmorphic|pointer|numeric)\b[^\n;]*?(\w+)\([^;{]*\)\s*\{", re.MULTILINE)


def without_mata(text: str) -> tuple[str, list[str]]:
    """The text without its blocks of Mata, and the functions that those define: nothing here runs Mata."""
    return _MATA.sub("", text), [name for block in _MATA.findall(text) for name in _DEFINES.findall(block)]


def statements(text: str) -> list[str]:
    """The commands of a do-file: comments gone, lines that `///` splits joined."""
    joined = ""
    found: list[str] = []
    for line in _without_stars(_without_blocks(text)).split("\n"):
        code, more = _without_comment(line)
        joined += code + " " if more else code
        if not more:
            found += [joined.strip()] if joined.strip() else []
            joined = ""
    if joined.strip():
        raise OutsideSubset("the last line of the file ends with ///")
    return found


def _without_blocks(text: str) -> str:
    return re.sub(r"(?<![^\s])/\*.*?\*/", " ", text, flags=re.DOTALL)


def _without_stars(text: str) -> str:
    return re.sub(r"^[ \t]*\*.*$", "", text, flags=re.MULTILINE)


def _without_comment(line: str) -> tuple[str, bool]:
    quoted, depth, at = False, 0, 0
    while at < len(line):
        two = line[at : at + 2]
        if two == '`"':
            depth, at = depth + 1, at + 2
            continue
        if two == "\"'" and depth:
            depth, at = depth - 1, at + 2
            continue
        if line[at] == '"' and not depth:
            quoted = not quoted
        if two == "//" and not quoted and not depth and (at == 0 or line[at - 1] in " \t"):
            return line[:at], line[at : at + 3] == "///"
        at += 1
    return line, False


def tree(lines: list[str]) -> list[Node]:
    """Commands with their blocks."""
    nodes, rest = _block(lines, 0, top=True)
    if rest != len(lines):
        raise OutsideSubset(f"a brace closes nothing: {lines[rest]}")
    return nodes


def _block(lines: list[str], at: int, *, top: bool) -> tuple[list[Node], int]:
    nodes: list[Node] = []
    while at < len(lines):
        line = lines[at]
        if line == "}":
            if top:
                raise OutsideSubset("a brace closes nothing")
            return nodes, at + 1
        if line.startswith("}"):
            raise OutsideSubset(f"Stata wants the closing brace on a line of its own: {line}")
        node, at = _node(lines, at)
        if re.match(r"else\b", line):
            _attach(nodes, node)
        else:
            nodes.append(node)
    if not top:
        raise OutsideSubset("a block is not closed")
    return nodes, at


def _node(lines: list[str], at: int) -> tuple[Node, int]:
    line = lines[at]
    if not line.endswith("{"):
        return Node(line), at + 1
    if not _BLOCK.match(line):
        raise OutsideSubset(f"a block after this command: {line}")
    body, after = _block(lines, at + 1, top=False)
    return Node(line[:-1].strip(), body, block=True), after


def _attach(nodes: list[Node], node: Node) -> None:
    if not nodes or not nodes[-1].text.startswith("if"):
        raise OutsideSubset("else without if")
    node.text = node.text.removeprefix("else").strip()
    last = nodes[-1]
    while last.otherwise and last.otherwise[0].text.startswith("if"):
        last = last.otherwise[0]
    last.otherwise = node.body if node.block and not node.text else [node]
