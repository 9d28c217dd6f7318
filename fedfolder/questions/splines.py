"""Restricted cubic splines of ln(time): columns of a design that are functions of a row's times.

With the knots k_1 < … < k_K on the scale of x = ln(t), the columns are

    v_1 = x,    v_j = (x - k_j)^3 - a_j (x - k_1)^3 - (1 - a_j) (x - k_K)^3    with    a_j = (k_K - k_j) / (k_K - k_1)

for the inner knots k_2, …, each cube being zero below zero. Beyond the outer knots all of them are straight lines.

References
----------
Royston, Parmar (2002). Flexible parametric proportional-hazards and proportional-odds models. Statistics in Medicine
21. Lambert, Royston (2009). Further development of flexible parametric models for survival analysis. Stata Journal 9.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fedfolder.command.splines import boundaries_of
from fedfolder.command.terms import Factor, Term
from fedfolder.likelihood.base import AT_ENTRY, SLOPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.command.splines import Spline
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]

CUBE = 3.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A spline whose knots are known.

    Parameters
    ----------
    spline : Spline
        As the command has it.
    knots : tuple of float
        All knots as times, the outer ones among them; none of a straight line.
    placed : tuple of str
        Of knots at centiles of the event times: what is known of where these are, in words.
    """

    spline: Spline
    knots: tuple[float, ...] = ()
    placed: tuple[str, ...] = ()

    def value(self, x: Array, number: int) -> Array:
        """v_j at x = ln(t), with j = `number` from 1."""
        return x if number == 1 else self._pieces(x, number, CUBE)

    def slope(self, x: Array, number: int) -> Array:
        """Its derivative by x."""
        return np.ones_like(x) if number == 1 else CUBE * self._pieces(x, number, CUBE - 1.0)

    def even(self, x: Array, number: int) -> Array:
        """O_j of o = (v - m) A^-1, whose columns are free of each other where x is even between the outer knots.

        Sums of products of these keep the digits that those of v would lose.
        """
        means, a = evened(self)
        found: list[Array] = []
        for j in range(number):
            left = self.value(x, j + 1) - means[j]
            for k, other in enumerate(found):
                left = left - a[k][j] * other
            found.append(left / a[j][j])
        return found[-1]

    def _pieces(self, x: Array, number: int, power: float) -> Array:
        first, *_, last = ends = [math.log(knot) for knot in self.knots]
        knot = ends[number - 1]
        share = (last - knot) / (last - first)

        def above(k: float) -> Array:
            return np.maximum(x - k, 0.0) ** power

        return np.asarray(above(knot) - share * above(first) - (1.0 - share) * above(last))


EVEN = 64
"""Points between the outer knots at which columns are made even."""


@functools.lru_cache(maxsize=64)
def evened(curve: Curve) -> tuple[list[float], list[list[float]]]:
    """The means m (d,) of a curve's columns over an even x, and A (d, d), upper triangular, with A'A their covariance.

    Of a straight line, which has no knots, 0 and 1.
    """
    if not curve.knots:
        return [0.0], [[1.0]]
    x = np.linspace(math.log(curve.knots[0]), math.log(curve.knots[-1]), EVEN)
    v = np.stack([curve.value(x, number) for number in range(1, curve.spline.df + 1)], axis=1)
    means = v.mean(axis=0)
    a = np.linalg.qr((v - means) / math.sqrt(EVEN), mode="r")
    found: list[list[float]] = (a * np.sign(np.diagonal(a))[:, np.newaxis]).tolist()
    return means.tolist(), found


class Place(NamedTuple):
    """What a name stands for: a column of a curve, by its number from 1, as it is or made even."""

    curve: Curve
    number: int
    is_even: bool


@dataclass(frozen=True, slots=True)
class Splines:
    """The splines of a fit.

    Parameters
    ----------
    time, entry : str
        The variables of a row's times; no entry is `""`.
    curves : tuple of Curve
        The baseline's first.
    orthogonal : bool
        Whether coefficients are reported of orthogonalised columns.
    """

    time: str
    entry: str
    curves: tuple[Curve, ...]
    orthogonal: bool

    @property
    def names(self) -> Mapping[str, Place]:
        """What each name of a column stands for."""
        return _names(self.curves)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The columns as terms, after those of the command."""
        return tuple(
            Term((Factor(curve.spline.variable),) if curve.spline.is_of_levels else (), (name,))
            for curve in self.curves
            for name in curve.spline.names
        )

    @property
    def products(self) -> tuple[Term, ...]:
        """What an orthogonalisation needs the sums of: each curve's columns, made even, and their products."""
        if not self.orthogonal:
            return ()
        even = [even_names(place, curve) for place, curve in enumerate(self.curves)]
        singles = [Term(continuous=(name,)) for names in even for name in names]
        pairs = [Term(continuous=(a, b)) for names in even for j, b in enumerate(names) for a in names[:j]]
        return (*singles, *pairs)

    def values(self, sample: Sample, name: str, view: str) -> Array:
        """A column (n,) in a view of the likelihood.

        Rows that are at risk from zero see nothing at their entry; theirs is the column at their end.
        """
        curve, number, is_even = self.names[name]
        time = sample.outcome(self.time)
        if view == AT_ENTRY:
            entry = sample.outcome(self.entry)
            time = np.where(entry > 0, entry, time)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.log(time)
        if is_even:
            return curve.even(x, number)
        found = curve.slope(x, number) if view == SLOPE else curve.value(x, number)
        is_of_number = curve.spline.of and not curve.spline.is_of_levels
        return found * sample.outcome(curve.spline.of) if is_of_number else found

    def declaration(self) -> list[dict[str, Any]]:
        """The knots as plain JSON, numbers as text."""
        return [
            {"columns": list(curve.spline.names), "knots": [repr(knot) for knot in curve.knots]}
            for curve in self.curves
        ]


def given(command: Command) -> Splines | None:
    """The splines of a command that says where all knots are; None where it has no splines, or does not."""
    boundaries, curves = boundaries_of(command), []
    for spline in command.splines:
        straight = spline.df == 1
        if not straight and (boundaries is None or spline.knots is None):
            return None
        inner = spline.knots or ()
        curves.append(Curve(spline) if straight or boundaries is None else Curve(spline, around(inner, boundaries)))
    return placed(command, tuple(curves)) if curves else None


def around(inner: tuple[float, ...], boundaries: tuple[float, float]) -> tuple[float, ...]:
    """All knots, in their order."""
    return (boundaries[0], *inner, boundaries[1])


def placed(command: Command, curves: tuple[Curve, ...]) -> Splines:
    """The splines of a command with their knots."""
    roles = command.roles
    return Splines(roles["time"], roles.get("entry", ""), curves, orthogonal=command.option("noorthog") is None)


@functools.lru_cache(maxsize=64)
def _names(curves: tuple[Curve, ...]) -> Mapping[str, Place]:
    found: dict[str, Place] = {}
    for place, curve in enumerate(curves):
        found |= {name: Place(curve, j, is_even=False) for j, name in enumerate(curve.spline.names, start=1)}
        found |= {name: Place(curve, j, is_even=True) for j, name in enumerate(even_names(place, curve), start=1)}
    return found


def even_names(place: int, curve: Curve) -> tuple[str, ...]:
    """The names of the columns of the curve at `place`, without its term and made even."""
    return tuple(f"_rcs_{place}_{number}" for number in range(1, curve.spline.df + 1))
