"""The one question of a preflight: which rules of a site's policy a command would break."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fedfolder.command.terms import can_be_shown
from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fedfolder.questions.sums import Labels, Values

NODES = "nodes"
REFUSED, PERSON = "refused", "person"
_RULE = re.compile(r"[A-Za-z][A-Za-z_]{0,39}", re.ASCII)
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that is broken, a name of the command that it is about (or none), and whether a person may let it pass."""

    rule: str
    name: str
    by_person: bool = False


@dataclass(frozen=True)
class Refusals(Question):
    """Rules that would refuse, or ask a person first, a row each.

    The table is `rule,name,refused,person`: in a node's answer each of the two numbers is 0 or 1, in a sum the number
    of nodes. The scalar `nodes` counts who answered. Nothing in it is a count of rows.
    """

    command: str

    kind: ClassVar[str] = "refusals"
    asks: ClassVar[str] = (
        "which rules of this site's policy would refuse the command, or ask a person first, and for which of its "
        "variables: yes or no, never how far from the limit"
    )
    answer_name: ClassVar[str] = "refusals.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("rule", "name")

    def declaration(self) -> dict[str, Any]:
        """The command."""
        return {"kind": self.kind, "command": self.command}

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """Itself: there is nothing in it that may differ. RefusedError otherwise."""
        if declaration != self.declaration() or payloads:
            raise RefusedError("the question is not the one that this preflight asks", expected=self.kind)
        return self

    def compute(self, sample: Iterable[Refusal]) -> Sums:
        """What one node's policy says."""
        rows: dict[Labels, Values] = {}
        for refusal in sample:
            before = rows.get((refusal.rule, refusal.name), (0.0, 0.0))
            now = (0.0, 1.0) if refusal.by_person else (1.0, 0.0)
            rows[refusal.rule, refusal.name] = (max(before[0], now[0]), max(before[1], now[1]))
        return Sums({NODES: 1.0}, self.answer_keys, (REFUSED, PERSON), rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Rules and names that can be shown, and yes or no."""
        if answer.columns != (REFUSED, PERSON) or set(answer.scalars) != {NODES} or len(answer.rows) > MOST_ROWS:
            raise TamperedAnswerError("this answer is no list of rules", where=where)
        nodes = whole(answer.scalars[NODES], NODES, where=where)
        for (rule, name), values in answer.rows.items():
            if not _RULE.fullmatch(rule) or not can_be_shown(name):
                raise TamperedAnswerError("a rule in this answer has no name that can be shown", where=where)
            if any(whole(value, rule, where=where) > nodes for value in values):
                raise TamperedAnswerError("more sites than there are break a rule in this answer", where=where)

    @staticmethod
    def said(answer: Sums) -> tuple[Refusal, ...]:
        """The rows of one node's answer that was checked."""
        return tuple(Refusal(rule, name, by_person=not refused) for (rule, name), (refused, _) in answer.rows.items())
