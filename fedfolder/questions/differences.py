"""The one question of a check: what at a node differs from the study's dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.questions import facts
from fedfolder.questions.facts import Fact
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.dictionary import Dictionary
    from fedfolder.questions.held import Held
    from fedfolder.questions.sums import Labels, Values

NODES = "nodes"
SITES = "sites"
FILE = "(file)"
"""Stands for a variable in what is said of the whole file; no variable can have this name."""


@dataclass(frozen=True)
class Differences(Question):
    """Facts from the list in `fedfolder.questions.facts`, a row each.

    The table is `variable,fact,which,sites`, where `sites` is 1 in a node's answer, and in a sum the number of nodes
    that say so; the scalar `nodes` counts who answered. No number of it is computed from values.
    """

    dictionary: Dictionary

    kind: ClassVar[str] = "differences"
    asks: ClassVar[str] = (
        "per variable, in classes: not there, not released, other type, share of missing values, levels that the "
        "dictionary does not have (how many, never which), its own levels without rows or with another label, median "
        f"ten times off the plausible range, share outside it (from {facts.FEWEST_OUTSIDE} rows); rows in classes. "
        f"Below {facts.FEWEST} values nothing on their shares or size"
    )
    answer_name: ClassVar[str] = "differences.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("variable", "fact", "which")

    def declaration(self) -> dict[str, Any]:
        """The names of the variables; what is expected of them stands in the proposal."""
        return {"kind": self.kind, "variables": list(self.dictionary.names)}

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """Itself: there is nothing in it that may differ. RefusedError otherwise."""
        if declaration != self.declaration() or payloads:
            raise RefusedError("the question is not the one that this check asks", expected=self.kind)
        return self

    def compute(self, sample: Held) -> Sums:
        """The facts of one node."""
        found = [Fact(FILE, facts.ROWS, facts.rows(sample.nrows))]
        for variable in self.dictionary.variables:
            found += facts.of(variable, sample.variables[variable.name], sample.nrows)
        rows: dict[Labels, Values] = {(fact.variable, fact.fact, fact.which): (1.0,) for fact in found}
        return Sums({NODES: 1.0}, self.answer_keys, (SITES,), rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Only facts of the list, about variables of the dictionary, counted by nodes."""
        if answer.columns != (SITES,) or set(answer.scalars) != {NODES}:
            raise TamperedAnswerError("this answer has other columns or scalars", where=where, expected=SITES)
        nodes = whole(answer.scalars[NODES], NODES, where=where)
        variables = {variable.name: variable for variable in self.dictionary.variables}
        for (name, fact, which), (sites,) in answer.rows.items():
            known = name == FILE or name in variables
            if not known or not facts.may_be(Fact(name, fact, which), variables.get(name)):
                raise TamperedAnswerError("this answer says what no check asks", where=where, expected=self.asks)
            if not 1 <= whole(sites, name, where=where) <= nodes:
                raise TamperedAnswerError("a count of sites in this answer is none", where=f"{where}: {name}")

    @staticmethod
    def said(answer: Sums) -> tuple[Fact, ...]:
        """The facts of an answer, in its order."""
        return tuple(Fact(*labels) for labels in answer.rows)
