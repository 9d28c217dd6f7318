"""The first question of a fit: which levels there are, and the first two moments of every column.

From its sums follow the columns of the model (levels agreed over all nodes), the centres and scales of the protocol,
and the start of the solver. It is asked once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.command.terms import Column, Factor, Term, can_be_shown, level_key
from fedfolder.errors import CommandError, RefusedError, TamperedAnswerError, VariableError
from fedfolder.likelihood import Totals
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.blocks import counted
from fedfolder.questions.moment_sums import moment_sums
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.sample import FactorValues, Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

NOBS = "nobs"
NODES = "nodes"
WEIGHT = "weight"
EXPOSURE = "exposure"
SUBJECTS = "subjects"
TEXT = "text "
"""Start of the scalars that count the nodes at which a variable holds text."""
TYPELESS = "typeless "
"""Start of the scalars that count the nodes at which a factor has numbers in a file without types, such as a .csv."""
BEYOND = "beyond 0/1 "
"""Start of the scalars that count the nodes at which a number has other values than 0 and 1."""


@dataclass(frozen=True)
class Moments(Question):
    """Sum and sum of squares of the outcome and of every column that the terms can have, weighted if the command is.

    The columns are the combinations of levels that occur at the node, bases included; a 0/1 column's sum is a count.
    A categorical outcome counts by its levels. Offsets, exposures and the like are among the rows, by name.

    The table is `column,sum,sum_of_squares`; scalars are `nobs`, `nodes` (1 if there are rows), `weight` (the sum of
    the weights, where there are any), `exposure` (the sum of exp(offset), for rates), `subjects` (how many persons the
    rows are of, where the command says whose they are) and `text x` (1 if the factor x
    holds text here). For a yes-or-no outcome, which a 0/1 column can predict perfectly, `beyond 0/1 x` is 1 if the
    number x has other values here.
    """

    specification: Specification

    kind: ClassVar[str] = "moments"
    asks: ClassVar[str] = "number of rows; per column its sum and sum of squares (for a level: how many rows have it)"
    answer_name: ClassVar[str] = "moments.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("column",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The two moments."""
        return ("sum", "sum_of_squares")

    def declaration(self) -> dict[str, Any]:
        """Model, outcome and terms."""
        terms = [str(term) for term in self.specification.terms]
        return {"kind": self.kind, **self.specification.declaration(), "terms": terms}

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
            If squares of a variable, or of a product, are too large to add, or an outcome is none of the model's.
        """
        asked = self.specification
        sample = asked.prepared(sample)
        found = moment_sums(asked, self._terms(), sample)
        rows: dict[Labels, Values] = {(name,): values for name, values in found.measured.items()}
        # A level or cell without rows here is left out: a missing row is zero, and other nodes may have it.
        rows |= {(c.label,): values for c, values in found.columns.items() if c.continuous or values[0] > 0}
        scalars = {NOBS: float(sample.nobs), NODES: float(sample.nobs > 0)}
        if asked.rate_of_offset:
            scalars[EXPOSURE] = found.exposure
        if asked.weighted:
            scalars[WEIGHT] = found.weight
        if asked.person is not None:
            scalars[SUBJECTS] = float(np.count_nonzero(_rows_of_each(sample.ids[asked.person])))
        for name in self._factors():
            scalars[TEXT + name] = float(sample.nobs > 0 and sample.kinds[name] == "text")
            if sample.nobs > 0 and sample.kinds[name] == "either":
                scalars[TYPELESS + name] = 1.0
        for name in self._numbers():
            scalars[BEYOND + name] = float(any(_is_beyond(part.outcome(name)) for _, part in sample.blocks()))
        return Sums(scalars, self.answer_keys, self.columns, rows)

    def _factors(self) -> list[str]:
        outcome = [self.specification.outcome] if self.specification.likelihood.categorical else []
        return outcome + [factor.variable for factor in factors_of(self.specification.terms)]

    def _numbers(self) -> list[str]:
        """The variables of a model for yes or no that stand as numbers by themselves."""
        terms = self.specification.terms if self.specification.likelihood.binary else ()
        return [term.continuous[0] for term in terms if not term.factors and len(term.continuous) == 1]

    def _terms(self) -> list[Term]:
        """Every factor by itself, the terms, and what is made of times."""
        asked = self.specification
        products = asked.splines.products if asked.splines is not None else ()
        return [*(Term((Factor(name),)) for name in self._factors()), *asked.terms, *asked.made, *products]

    def check(self, answer: Sums, *, where: str) -> None:
        """Every row must be a column of the terms, and every count a count."""
        asked, known = self.specification, {term.key for term in self._terms()}
        nobs = whole(answer.scalars.get(NOBS, -1.0), NOBS, where=where)
        weighted = {WEIGHT} if asked.weighted else set()
        weighted |= {EXPOSURE} if asked.rate_of_offset else set()
        weighted |= {SUBJECTS} if asked.person is not None else set()
        wanted = {NOBS, NODES, *weighted, *(TEXT + name for name in self._factors())}
        # Answers of the first version lack these; not every file is without types.
        optional = {BEYOND + name for name in self._numbers()} | {TYPELESS + name for name in self._factors()}
        if not wanted <= set(answer.scalars) <= wanted | optional:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        if whole(answer.scalars.get(SUBJECTS, 0.0), SUBJECTS, where=where) > nobs:
            raise TamperedAnswerError("there are more persons than rows", where=where)
        measured = {(name,) for name in asked.measures}
        measured |= set() if asked.likelihood.categorical else {(asked.outcome,)}
        if answer.columns != self.columns or not measured <= set(answer.rows):
            raise TamperedAnswerError("this answer has other columns than were asked for", where=where)
        weight = answer.scalars.get(WEIGHT, float(nobs))
        if not weight >= 0 or (asked.counts and not weight.is_integer()):
            raise TamperedAnswerError("the sum of weights is none", where=where)
        for labels, row in answer.rows.items():
            self._check_row(labels, row, answer, known=known, measured=labels in measured, where=where)

    def _check_row(
        self, labels: Labels, row: Values, answer: Sums, *, known: set[Any], measured: bool, where: str
    ) -> None:
        (label,), (total, squares) = labels, row
        asked, place = self.specification, f"{where}: {label}"
        nobs = int(answer.scalars[NOBS])
        weight = answer.scalars.get(WEIGHT, float(nobs))
        column = _parsed(label, where)
        shape = (frozenset(name for name, _ in column.factors), tuple(sorted(column.continuous)))
        if not measured and shape not in known:
            raise TamperedAnswerError("this answer has a column that was not asked for", where=place)
        if squares < 0 or total * total > weight * squares * (1 + ROUNDING):
            raise TamperedAnswerError("no numbers have this sum and this sum of squares", where=place)
        if label == asked.outcome and not asked.likelihood.can_be(totals_of(asked, answer)):
            raise TamperedAnswerError(f"no outcome of a {asked.command.model} has this sum", where=place)
        is_level = bool(column.factors) and not column.continuous
        if asked.counts and (is_level or (label == asked.outcome and asked.likelihood.indicator)):
            whole(total, label, where=where)
        if is_level and not 0 <= total == squares <= weight * (1 + ROUNDING):
            raise TamperedAnswerError("the count of a level is none", where=place)


def _rows_of_each(persons: FactorValues) -> NDArray[np.int64]:
    """How many rows each person has; none for one whose rows are in another block."""
    return counted(persons.codes, len(persons.levels))


def _is_beyond(values: NDArray[np.float64]) -> bool:
    """Whether some number is neither 0 nor 1."""
    return bool(((values != 0) & (values != 1)).any())


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


def levels_of(sums: Sums, names: Iterable[str]) -> dict[str, dict[str, float]]:
    """The levels of each variable in `names` over all nodes, sorted, each with its weighted number of rows."""
    found: dict[str, dict[str, float]] = {name: {} for name in names}
    for (label,), (count, _) in sums.rows.items():
        column = Column.parse(label)
        if len(column.factors) == 1 and not column.continuous and column.factors[0][0] in found:
            found[column.factors[0][0]][column.factors[0][1]] = count
    return {name: dict(sorted(counts.items(), key=lambda item: level_key(item[0]))) for name, counts in found.items()}


def totals_of(specification: Specification, sums: Sums) -> Totals:
    """What the moments say of the outcome."""
    nobs = int(sums.scalars[NOBS])
    weight = sums.scalars.get(WEIGHT, float(nobs))
    if specification.likelihood.categorical:
        counts = levels_of(sums, [specification.outcome])[specification.outcome]
        return Totals(nobs, weight, counts=tuple(counts.values()))
    total, squares = sums.rows[(specification.outcome,)]
    roles = specification.command.roles
    if "time" in roles:
        entered = sums.rows[(roles["entry"],)][0] if "entry" in roles else 0.0
        exposure = sums.rows[(roles["time"],)][0] - entered
    elif "trials" in specification.likelihood.roles:
        constant = weight * (specification.command.trials or 1.0)
        exposure = sums.rows[(roles["trials"],)][0] if "trials" in roles else constant
    elif specification.rate_of_offset:
        exposure = sums.scalars[EXPOSURE]
    else:
        exposure = sums.rows[(roles["exposure"],)][0] if "exposure" in roles else math.nan
    return Totals(nobs, weight, total, squares, exposure=exposure)


def require_one_kind(answers: Mapping[str, Sums]) -> None:
    """Refuse factors that hold text at some nodes and numbers at others.

    Numbers in a file without types go with text that has some of them among its levels: 1, 2 here and 1, 2, unknown
    there. Of 0, 1 here and no, yes there, somebody has to say what is what.

    Parameters
    ----------
    answers : mapping of str to Sums
        By node.

    Raises
    ------
    VariableError
        Naming the variable and the nodes.
    """

    def levels(nodes: Iterable[str], name: str) -> set[str]:
        return {level for node in nodes for level in levels_of(answers[node], [name])[name]}

    def shared(some: Iterable[str], others: Iterable[str], name: str) -> bool:
        return not levels(some, name).isdisjoint(levels(others, name))

    filled = {node: answer for node, answer in answers.items() if answer.scalars[NODES]}
    for name in dict.fromkeys(s.removeprefix(TEXT) for a in answers.values() for s in a.scalars if s.startswith(TEXT)):
        text = [node for node, answer in filled.items() if answer.scalars[TEXT + name]]
        digits = [node for node, answer in filled.items() if answer.scalars.get(TYPELESS + name)]
        numbers = [
            node for node in filled if node not in text and (node not in digits or not shared(text, digits, name))
        ]
        if text and numbers:
            raise VariableError(
                f"{name} is text at one node and a number at another",
                where=name,
                found=f"text at {', '.join(text)}; numbers at {', '.join(numbers)}",
                expected="one type at all nodes",
                do="agree on one coding and recode at the sites that differ",
            )
