"""Runs commands: blocks, prefixes, programs; our reading of [P] program, [P] if, [P] foreach, [P] capture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.stata.standin.adopath import found
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.memory import Returned
from tests.stata.standin.source import Node, statements, tree, without_mata

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stata.standin.session import Session

_WORD = re.compile(r"\s*([^\W\d]\w*|\?)")
_PREFIXES = {"if", "quietly", "qui", "noisily", "noi", "capture", "cap", "capt"}
_LIMIT = 64
"""How deep programs may call one another ([R] Limits)."""


class Ended(BaseException):
    """`exit`, with its return code."""

    def __init__(self, rc: int) -> None:
        super().__init__(rc)
        self.rc = rc


class Left(BaseException):
    """`continue`, or `continue, break`."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__(whole)
        self.whole = whole


@dataclass
class Program:
    """A program in memory."""

    name: str
    kind: str
    body: list[Node]


@dataclass
class Call:
    """A program that runs: what it returns, and what it made for itself."""

    program: Program
    returned: Returned = field(default_factory=Returned)
    temporary: list[str] = field(default_factory=list)


class Interpreter:
    """Runs nodes in a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.programs: dict[str, Program] = {}
        self.calls: list[Call] = []
        self.mata: set[str] = set()

    def run(self, nodes: list[Node]) -> None:
        """Run commands one after the other."""
        at = 0
        while at < len(nodes):
            node = nodes[at]
            if re.match(r"(program|prog?r?a?)\s+(?!drop\b|dir\b|list\b)", node.text) and not node.block:
                at = self._define(nodes, at)
            elif re.match(r"python:?\s*$|mata:?\s*$", node.text):
                raise OutsideSubset(f"a block of {node.text.strip(':')}: each of ours is one line")
            else:
                self._node(node)
                at += 1

    def line(self, text: str) -> None:
        """Run one command."""
        commands = statements(text)
        if len(commands) == 1:
            self.run(tree(commands))
        elif commands:
            raise OutsideSubset("more than one command in a line")

    def command(self, text: str) -> None:
        """Run a command whose macros are expanded."""
        from tests.stata.standin.commands import find

        text = text.strip()
        match = _WORD.match(text)
        if not text:
            return
        if match is None:
            raise StataError(199, f"{text.split()[0]} is not a command") if text[0] in "}{" else OutsideSubset(text)
        name, rest = match[1], text[match.end() :]
        if name in _PREFIXES:
            self._node(Node(text, expanded=True))
            return
        known = find(name)
        if name in self.programs or (known is None and self._autoload(name)):
            self.call(self.programs[name], rest)
        elif known is not None:
            self._reporting(lambda: known(self._session, rest))
        else:
            raise OutsideSubset(f"command {name}")

    def call(self, program: Program, arguments: str) -> None:
        """Run a program with local macros of its own."""
        from tests.stata.standin.text import words

        memory = self._session.memory
        if len(self.calls) >= _LIMIT:
            raise StataError(1000, "system limit exceeded")
        given = arguments.strip()
        memory.levels.append({"0": given} | {str(i + 1): word for i, word in enumerate(words(given))})
        self.calls.append(Call(program))
        version = self._session.version
        try:
            with self._session.results.in_program():
                self.run(program.body)
        except Ended as ended:
            if ended.rc:
                raise StataError(ended.rc) from None
        finally:
            self._session.version = version
            memory.levels.pop()
            self._left(self.calls.pop())

    def load(self, text: str) -> None:
        """Run the lines of a file: an ado-file's define programs, and functions of Mata."""
        rest, functions = without_mata(text)
        self.mata |= set(functions)
        self.run(tree(statements(rest)))

    def _left(self, call: Call) -> None:
        memory = self._session.memory
        for name in call.temporary:
            memory.scalars.pop(name, None)
            memory.matrices.pop(name, None)
            memory.data.columns[:] = [column for column in memory.data.columns if column.name != name]
        if call.program.kind == "rclass":
            memory.returned["r"] = call.returned

    def _reporting(self, work: Callable[[], object]) -> None:
        try:
            work()
        except StataError as error:
            if error.message:
                self._session.results.line(error.message, wrong=True)
                error.message = ""
            raise

    def _autoload(self, name: str) -> bool:
        path = found(self._session.adopath, f"{name}.ado")
        if path is None:
            return False
        self.load(path.read_text(encoding="ascii"))
        return name in self.programs

    def _define(self, nodes: list[Node], at: int) -> int:
        match = re.fullmatch(r"prog\w*\s+(?:def\w*\s+)?(\w+)\s*(?:,\s*(\w+))?", nodes[at].text)
        end = next((i for i in range(at, len(nodes)) if nodes[i].text == "end"), None)
        if match is None or end is None or match[2] not in {None, "eclass", "rclass", "sclass"}:
            raise OutsideSubset(f"a program that is not `program NAME[, eclass|rclass]' to `end': {nodes[at].text}")
        if match[1] in self.programs:
            self._reporting(lambda: _already(match[1]))
        self.programs[match[1]] = Program(match[1], match[2] or "", nodes[at + 1 : end])
        return end + 1

    def _node(self, node: Node) -> None:
        text = node.text.strip()
        if re.match(r"python\s*:", text):
            from tests.stata.standin.commands.python import statement

            # [P] PyStata integration: macros in the line are expanded before Python sees it.
            self._reporting(lambda: statement(self._session, self._expand(node, text.partition(":")[2].strip())))
            return
        word = re.match(r"\w*", text)
        first = word[0] if word else ""
        if first == "if":
            self._if(node, text)
        elif first in {"foreach", "forvalues", "while"}:
            self._loop(node, first, text)
        elif first in _PREFIXES:
            self._prefixed(node, first, text[len(first) :].lstrip(" :"))
        elif node.block:
            self._block(node, text)
        else:
            expanded: list[str] = []
            self._reporting(lambda: expanded.append(self._expand(node, text)))
            self.command(expanded[0])

    def _expand(self, node: Node, text: str) -> str:
        return text if node.expanded else self._session.expand(text)

    def _block(self, node: Node, text: str) -> None:
        match = re.fullmatch(r"frame\s+(\S+)", self._session.expand(text))
        if match is None:
            raise OutsideSubset(f"block of {text}")
        from tests.stata.standin.commands.frames import inside

        with inside(self._session, match[1]):
            self.run(node.body)

    def _if(self, node: Node, text: str) -> None:
        judged: list[tuple[bool, str]] = []

        def judge() -> None:
            expression = self._session.lookup.expression(self._expand(node, text[2:]))
            value, rest = expression.leading()
            judged.append((numeric(value) != 0, rest))

        self._reporting(judge)
        holds, rest = judged[0]
        if node.block and rest:
            self._reporting(lambda: _invalid(text))
        if holds:
            if node.block:
                self.run(node.body)
            else:
                self._node(Node(rest, expanded=True))
        else:
            self.run(node.otherwise)

    def _prefixed(self, node: Node, first: str, rest: str) -> None:
        memory, results = self._session.memory, self._session.results
        inner = Node(rest, node.body, block=node.block, expanded=node.expanded)
        work = (lambda: self._node(inner)) if rest else (lambda: self.run(node.body))
        if first.startswith("qui"):
            with results.shown(output=False, errors=True):
                work()
        elif first.startswith("noi"):
            with results.shown(output=True, errors=True):
                work()
        else:
            memory.rc = self._captured(work)

    def _captured(self, work: Callable[[], object]) -> int:
        try:
            with self._session.results.shown(output=False, errors=False):
                work()
        except StataError as error:
            return error.rc
        return 0

    def _loop(self, node: Node, first: str, text: str) -> None:
        from tests.stata.standin.loops import values

        if first == "while":
            while numeric(self._session.evaluate(self._session.expand(text[5:]))) != 0 and self._once(node.body):
                pass
            return
        name, items = values(self._session, first, self._session.expand(text))
        for item in items:
            self._session.memory.locals[name] = item
            if not self._once(node.body):
                break
        self._session.memory.locals.pop(name, None)

    def _once(self, body: list[Node]) -> bool:
        try:
            self.run(body)
        except Left as left:
            return not left.whole
        return True


def _already(name: str) -> None:
    raise StataError(110, f"program {name} already defined")


def _invalid(text: str) -> None:
    raise StataError(198, f"invalid syntax: {text}")
