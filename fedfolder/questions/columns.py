"""The columns of a block of rows, and the products that an evaluation takes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import numpy as np

from fedfolder.likelihood.base import AT_END

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from fedfolder.questions.design import Design
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]

NARROW = 12
"""Up to so many columns a product is faster than a square."""


class Columns(Protocol):
    """Columns Y (n, p) of a block of rows."""

    @property
    def nbytes(self) -> int:
        """What they take of memory."""

    def predictor(self, g: Array) -> Array:
        """Y g, (n,)."""

    def sums(self, r: Array) -> Array:
        """Y' r, (p,)."""

    def products(self, h: Array, room: Array) -> Array:
        """Y' diag(h) Y, (p, p).

        Parameters
        ----------
        room : (p, n) float64
            To be written to.
        """

    def crossed(self, h: Array, other: Self) -> Array:
        """Y' diag(h) X, (p, p), for other columns X (n, p) of the rows."""


C_co = TypeVar("C_co", bound=Columns, covariant=True)


class Basis(Protocol[C_co]):
    """How the columns of a design are held: Y with Z = Y T'.

    Attributes
    ----------
    key : Hashable
        What the columns depend on: equal for two designs whose Y is the same.
    carries : bool
        Whether T is another matrix than that of ones.
    """

    key: Hashable
    carries: bool

    def columns(self, sample: Sample, view: str = AT_END) -> C_co:
        """Y of a few rows, in a view of the likelihood."""

    def inward(self, beta: Array) -> Array:
        """T' b, so that Z b = Y T' b."""

    def outward(self, sums: Array) -> Array:
        """T s, for s (p,) or (p, m)."""


class Dense:
    """Y = Z, a float64 for each row and column, (n, p) in column order."""

    def __init__(self, z: Array) -> None:
        self.z = z

    @property
    def nbytes(self) -> int:
        """Eight for each row and column."""
        return self.z.nbytes

    def predictor(self, g: Array) -> Array:
        """Z g."""
        return self.z @ g

    def sums(self, r: Array) -> Array:
        """Z' r."""
        return self.z.T @ r

    def products(self, h: Array, room: Array) -> Array:
        """Z' diag(h) Z: where all of h has one sign, a square of the columns times its root, which is half the work.

        For few columns it is no less: BLAS takes longer for a small square than for a small product.
        """
        z = self.z.T
        sign = 0.0 if len(z) <= NARROW else one_sign(h)
        if sign == 0.0:
            return z @ np.multiply(z, h, out=room).T
        root = np.abs(h)
        np.multiply(z, np.sqrt(root, out=root), out=room)
        return sign * (room @ room.T)

    def crossed(self, h: Array, other: Self) -> Array:
        """Z' diag(h) X."""
        return np.asarray((self.z.T * h) @ other.z)


def one_sign(h: Array) -> float:
    """-1 where nothing of `h` is above zero, 1 where nothing is below, 0 otherwise and where something is NaN."""
    if h.max(initial=-np.inf) <= 0.0:
        return -1.0
    return 1.0 if h.min(initial=np.inf) >= 0.0 else 0.0


class DenseBasis:
    """The columns of a design as they are."""

    carries = False

    def __init__(self, design: Design) -> None:
        self._design = design
        self.key: Hashable = design

    def columns(self, sample: Sample, view: str = AT_END) -> Dense:
        """Z."""
        return Dense(self._design.block(sample, view=view))

    def inward(self, beta: Array) -> Array:
        """Itself."""
        return beta

    def outward(self, sums: Array) -> Array:
        """Itself."""
        return sums
