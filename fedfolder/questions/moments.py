"""The first question of a fit: which levels there are, and the first two moments of every column.

From its sums follow the columns of the model (levels agreed over all nodes), the centres and scales of the protocol,
and the start of the solver. It is asked once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.command.terms import Column, Term, all_combinations, can_be_shown, level_key
from fedfolder.errors import CommandError, RefusedError, TamperedAnswerError, VariableError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

NOBS = "nobs"
NODES = "nodes"
TEXT = "text "
"""Start of the scalars that count the nodes at which a variable holds text."""


@dataclass(frozen=True)
class Moments(Question):
    """Sum and sum of squares of the outcome and of every column that the terms can have.

    The columns are the combinations of levels that occur at the node, bases included; a 0/1 column's sum is a count.
    The table is `column,sum,sum_of_squares`; scalars are `nobs`, `nodes` (1 if there are rows) and `text x` (1 if the
    factor x holds text here).
    """

    model: str
    outcome: str
    terms: tuple[Term, ...]

    kind: ClassVar[str] = "moments"
    asks: ClassVar[str] = "number of rows; per column its sum and sum of squares (for a level: how many rows have it)"
    answer_name: ClassVar[str] = "moments.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("column",)

    def declaration(self) -> dict[str, Any]:
        """Model, outcome and terms."""
        return {
            "kind": self.kind,
            "model": self.model,
            "outcome": self.outcome,
            "terms": [str(term) for term in self.terms],
        }

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """Itself: there is nothing in it that may differ. RefusedError otherwise."""
        if declaration != self.declaration() or payloads:
            raise RefusedError("the question is not the one that the plan begins with", expected="moments")
        return self

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`.

        Raises
        ------
        VariableError
            If squares of a variable, or of a product, are too large to add.
        """
        y = LIKELIHOODS[self.model].outcome(sample.outcome(self.outcome))
        rows: dict[Labels, Values] = {(self.outcome,): _moments(y, self.outcome)}
        for column in self._columns(sample):
            with np.errstate(over="ignore"):
                values = _moments(sample.column(column), " and ".join(column.continuous))
            # A level or cell without rows here is left out: a missing row is zero, and other nodes may have it.
            if column.continuous or values[0] > 0:
                rows[(column.label,)] = values
        scalars = {NOBS: float(sample.nobs), NODES: float(sample.nobs > 0)}
        for name in sample.factors:
            scalars[TEXT + name] = float(sample.nobs > 0 and sample.kinds[name] == "text")
        return Sums(scalars, self.answer_keys, ("sum", "sum_of_squares"), rows)

    def _columns(self, sample: Sample) -> Iterable[Column]:
        """Levels first, each factor by itself, then the terms."""
        levels = {name: factor.levels for name, factor in sample.factors.items()}
        single = [Term((factor,)) for factor in factors_of(self.terms)]
        return dict.fromkeys(c for term in [*single, *self.terms] for c in all_combinations(term, levels))

    def check(self, answer: Sums, *, where: str) -> None:
        """Every row must be a column of the terms, and every count a count."""
        nobs = whole(answer.scalars.get(NOBS, -1.0), NOBS, where=where)
        names = {factor.variable for factor in factors_of(self.terms)}
        if set(answer.scalars) != {NOBS, NODES, *(TEXT + name for name in names)}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        if answer.columns != ("sum", "sum_of_squares") or (self.outcome,) not in answer.rows:
            raise TamperedAnswerError("this answer has other columns than were asked for", where=where)
        known = {term.key for term in self.terms} | {Term((factor,)).key for factor in factors_of(self.terms)}
        for (label,), (total, squares) in answer.rows.items():
            place = f"{where}: {label}"
            column = _parsed(label, where)
            shape = (frozenset(name for name, _ in column.factors), tuple(sorted(column.continuous)))
            if label != self.outcome and shape not in known:
                raise TamperedAnswerError("this answer has a column that was not asked for", where=place)
            if squares < 0 or total * total > nobs * squares * (1 + ROUNDING):
                raise TamperedAnswerError("no numbers have this sum and this sum of squares", where=place)
            if label == self.outcome and not LIKELIHOODS[self.model].can_be(nobs, total, squares):
                raise TamperedAnswerError(f"no outcome of a {self.model} has this sum", where=place)
            if column.factors and not column.continuous and not whole(total, label, where=where) == squares <= nobs:
                raise TamperedAnswerError("the count of a level is none", where=place)


def _moments(values: NDArray[np.float64], name: str) -> Values:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        total, squares = float(values.sum()), float((values * values).sum())
    if not math.isfinite(total) or not math.isfinite(squares):
        raise VariableError(
            f"values of {name} are too large to square",
            where=name,
            do="look for a code of missing values among them, or give it in larger units",
        )
    return total, squares


def _parsed(label: str, where: str) -> Column:
    if not can_be_shown(label):
        raise TamperedAnswerError("a column's name holds what cannot be printed", where=where)
    try:
        return Column.parse(label)
    except CommandError:
        raise TamperedAnswerError("a row of this answer is not named after a column", where=where) from None


def factors_of(terms: Iterable[Term]) -> list[Any]:
    """The factors of `terms`, each variable once, in order."""
    return list({factor.variable: factor for term in terms for factor in term.factors}.values())


def levels_of(sums: Sums, terms: Sequence[Term]) -> dict[str, tuple[str, ...]]:
    """The levels of each factor over all nodes, sorted."""
    found: dict[str, set[str]] = {factor.variable: set() for factor in factors_of(terms)}
    for (label,) in sums.rows:
        column = Column.parse(label)
        if len(column.factors) == 1 and not column.continuous:
            found[column.factors[0][0]].add(column.factors[0][1])
    return {name: tuple(sorted(levels, key=level_key)) for name, levels in found.items()}


def require_one_kind(answers: Mapping[str, Sums]) -> None:
    """Refuse factors that hold text at some nodes and numbers at others.

    Parameters
    ----------
    answers : mapping of str to Sums
        By node.

    Raises
    ------
    VariableError
        Naming the variable and the nodes.
    """
    filled = {node: answer for node, answer in answers.items() if answer.scalars[NODES]}
    for name in dict.fromkeys(s.removeprefix(TEXT) for a in answers.values() for s in a.scalars if s.startswith(TEXT)):
        text = [node for node, answer in filled.items() if answer.scalars[TEXT + name]]
        if text and len(text) < len(filled):
            numbers = [node for node in filled if node not in text]
            raise VariableError(
                f"{name} is text at one node and a number at another",
                where=name,
                found=f"text at {', '.join(text)}; numbers at {', '.join(numbers)}",
                expected="one type at all nodes",
                do="agree on one coding and recode at the sites that differ",
            )
