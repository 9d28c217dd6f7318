"""A sample as the rules look at it: persons, categories, numbers, and the columns of the fit at this node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import Column, columns
from fedfolder.custody.cells import Coded, Persons
from fedfolder.questions.blocks import joined, smallest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.command import Term
    from fedfolder.command.splines import Spline
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification


@dataclass(frozen=True, slots=True)
class View:
    """What of a sample leaves in sums.

    Parameters
    ----------
    specification : Specification
        What is fitted.
    sample : Sample
        The rows that enter.
    persons : Persons
        Whose they are.
    outcome : Coded or None
        The outcome, where it is one of some categories or has two values.
    factors : list of Coded
        Categorical variables, each by itself.
    twos : list of Coded
        Numbers with two values, such as 0 and 1.
    joints : list of Coded
        The cells of each interaction.
    numbers : dict of str to (n,) numbers
        Every other variable whose sums leave: continuous ones, a numeric outcome, offsets, weights; in small types, so
        that what is computed with them is computed by blocks of rows. And the splines whose knots are known.
    clusters : Coded or None
        The clusters whose scores leave by name.
    groups : Coded or None
        What has a random intercept, is a matched set, or has a baseline hazard of its own.
    """

    specification: Specification
    sample: Sample
    persons: Persons
    outcome: Coded | None
    factors: list[Coded]
    twos: list[Coded]
    joints: list[Coded]
    numbers: dict[str, NDArray[Any]] = field(repr=False)
    clusters: Coded | None = None
    groups: Coded | None = None

    @classmethod
    def of(cls, specification: Specification, sample: Sample) -> View:
        """Look at a sample."""
        outcome = _outcome(specification, sample)
        sample = _with_splines(specification, sample)
        factors = {
            factor.variable: Coded.of(factor.variable, sample.levels(factor.variable))
            for term in specification.terms
            for factor in term.factors
        }
        twos, numbers = dict[str, Coded](), dict[str, "NDArray[Any]"]()
        for name in _numeric(specification, outcome):
            two = _two_valued(name, sample.numeric[name])
            if two is None:
                numbers[name] = sample.numeric[name]
            else:
                twos[name] = two
        numbers |= {name: sample.outcome(name) for name in made_of_times(sample)}
        parts = ([*_parts(term, factors, twos)] for term in specification.terms)
        joints = [Coded.joint(found) for found in parts if len(found) > 1]
        named = list(factors.values()), list(twos.values())
        by_name = specification.command.roles["cluster"] if specification.command.across else None
        clusters = None if by_name is None else Coded.of(by_name, sample.ids[by_name])
        groups = groups_of(specification, sample)
        return cls(specification, sample, Persons.of(sample), outcome, *named, joints, numbers, clusters, groups)

    @property
    def in_terms(self) -> tuple[str, ...]:
        """The variables of the terms, each once."""
        return tuple(dict.fromkeys(name for term in self.specification.terms for name in term.variables))

    @property
    def coded(self) -> list[Coded]:
        """All columns of categories but the outcome."""
        return [*self.factors, *self.twos, *self.joints]

    def products(self) -> Iterator[tuple[tuple[str, ...], Coded | None, NDArray[Any]]]:
        """Each variable that is a number, and each product of some with categories: names, categories, numbers (n,)."""
        for name, values in self.numbers.items():
            yield (name,), None, values
        factors = {column.names[0]: column for column in self.factors}
        twos = {column.names[0]: column for column in self.twos}
        for term in self.specification.terms:
            continuous = [name for name in term.continuous if name in self.numbers]
            within = [*_parts(term, factors, twos)]
            if continuous and len(continuous) + len(within) > 1:
                product = Column(continuous=tuple(continuous))
                values = joined([smallest(part.column(product)) for _, part in self.sample.blocks()])
                yield term.variables, Coded.joint(within) if within else None, values
        for variable, name in self.varying():
            yield (variable, name), factors[variable], self.numbers[name]

    def design(self) -> tuple[Column, ...]:
        """The columns of the fit at the levels that occur here, without the constant."""
        levels = {name: self.sample.levels(name).levels for name in {c.names[0] for c in self.factors}}
        # Some level occurs wherever there are rows; which one is the base changes no number of columns.
        bases = {
            factor.variable: factor.base if factor.base in levels[factor.variable] else levels[factor.variable][0]
            for term in self.specification.terms
            for factor in term.factors
            if factor.rule != "none" and levels[factor.variable]
        }
        return columns(self.specification.terms, levels, bases)

    def varying(self) -> list[tuple[str, str]]:
        """The splines of factors whose knots are known: variable and name."""
        splines = self.sample.splines
        of_levels = [c.spline for c in (splines.curves if splines is not None else ()) if c.spline.is_of_levels]
        return [(spline.variable, name) for spline in of_levels for name in spline.names]

    def _effects(self, spline: Spline) -> int:
        """How many effects vary by a spline: of a factor, those of its levels here but one."""
        return max(len(self.sample.levels(spline.variable).levels) - 1, 0) if spline.is_of_levels else 1

    def parameters(self) -> int:
        """How many parameters the fit has at the levels that occur here."""
        specification = self.specification
        slopes = len(self.design()) + sum(spline.df * self._effects(spline) for spline in specification.command.splines)
        constant = int(specification.constant)
        likelihood = specification.likelihood
        if likelihood.categorical:
            further = max(1, (self.outcome.size if self.outcome else 1) - 1)
            return slopes + further if likelihood.thresholds else (slopes + constant) * further
        return (slopes + constant) * len(likelihood.equations) + len(likelihood.ancillaries)


def groups_of(specification: Specification, sample: Sample) -> Coded | None:
    """The groups whose rows are held together, or against each other; None where every row stands alone."""
    command = specification.command
    names = [name for name in (command.random, command.argument("group")) if name] or command.strata
    return Coded.joint([Coded.of(name, sample.ids[name]) for name in names]) if names else None


def _numeric(specification: Specification, outcome: Coded | None) -> list[str]:
    """The variables whose values are summed as numbers, each once."""
    names = [name for term in specification.terms for name in term.continuous]
    own = [] if outcome is not None else [specification.outcome]
    weight = [specification.command.weight.variable] if specification.command.weight else []
    return list(dict.fromkeys([*own, *names, *specification.measures, *weight]))


def _with_splines(specification: Specification, sample: Sample) -> Sample:
    """The sample with its splines; without, where a time has no logarithm: that is an error when it is computed."""
    if specification.splines is None or not bool((sample.outcome(specification.splines.time) > 0).all()):
        return sample
    return specification.prepared(sample)


def made_of_times(sample: Sample) -> tuple[str, ...]:
    """The names of the splines of a sample."""
    return () if sample.splines is None else tuple(n for c in sample.splines.curves for n in c.spline.names)


def _outcome(specification: Specification, sample: Sample) -> Coded | None:
    name, likelihood = specification.outcome, specification.likelihood
    if likelihood.categorical:
        return Coded.of(name, sample.levels(name))
    if likelihood.indicator:
        parts = [np.not_equal(likelihood.outcome(part.outcome(name)), 0) for _, part in sample.blocks()]
        return Coded((name,), np.concatenate(parts).view(np.int8), 2)
    return _two_valued(name, sample.numeric[name])


def _two_valued(name: str, values: NDArray[Any]) -> Coded | None:
    """Numbers that are all the smallest or all the largest of them; None for others."""
    if not len(values):
        return Coded((name,), np.zeros(0, dtype=np.int8), 1)
    upper = np.equal(values, values.max())
    if not bool((upper | (values == values.min())).all()):
        return None
    return Coded((name,), upper.view(np.int8), 2)


def _parts(term: Term, factors: dict[str, Coded], twos: dict[str, Coded]) -> Iterator[Coded]:
    """The categorical parts of a term, each once."""
    for name in dict.fromkeys([*(factor.variable for factor in term.factors), *term.continuous]):
        if name in factors:
            yield factors[name]
        elif name in twos:
            yield twos[name]
