"""How the columns of a design are held while sums over rows are taken of them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import AT_END
from fedfolder.questions.coded import coded_basis
from fedfolder.questions.columns import DenseBasis

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from fedfolder.questions.columns import Basis, Columns, Dense
    from fedfolder.questions.design import Design
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]

LONGEST = 16.0
"""In units of a column: sums lose no more than 4 bits where they are carried, and their products twice that."""
MOST_LOST = 2.0**10
"""How many times a sum of squares its terms may be, at a beta: standard errors keep 1e-12 of themselves."""


@functools.lru_cache(maxsize=8)
def basis_of(design: Design, *further: str) -> Basis[Columns]:
    """The basis that saves most work and keeps the digits: a decision of the design and of its `further` views."""
    if not further and (coded := coded_basis(design)) is not None:
        return coded
    return CentredBasis(design) if CentredBasis.loses_little(design) else DenseBasis(design)


class CentredBasis:
    """The columns of a design before they are freed of each other: Y = U, and T is what frees them.

    A fit begins with them, so that they need not be computed once more for the freed design.
    """

    carries = True

    def __init__(self, design: Design) -> None:
        self._centred = DenseBasis(design.centred())
        self._carry = design.unmixing()
        self.key: Hashable = self._centred.key

    @staticmethod
    def loses_little(design: Design) -> bool:
        """Whether sums over U keep their digits when they are carried; nearly collinear columns lose them.

        A freed column is m_j (u_j - sum of a_jk u_k). How small it is beside its terms is known but for the weights of
        the information, which are the same for all columns: the least m_j stands for them.
        """
        if not any(any(row) for row in design.mixing):
            return False
        lengths = [m * (1.0 + sum(map(abs, row))) for m, row in zip(design.rescaling, design.mixing, strict=True)]
        return max(lengths) <= LONGEST * min(design.rescaling)

    def has_lost(self, before: Array, after: Array) -> bool:
        """Whether the information about a predictor lost digits when it was carried: `before` (p, p) to `after`.

        Where nearly all of it comes of few rows, columns may be collinear in those that are not in all.
        """
        terms = np.square(np.abs(self._carry) @ np.sqrt(np.abs(np.diagonal(before))))
        return bool((terms > MOST_LOST * np.abs(np.diagonal(after))).any())

    def columns(self, sample: Sample, view: str = AT_END) -> Dense:
        """U."""
        return self._centred.columns(sample, view)

    def inward(self, beta: Array) -> Array:
        """T' b."""
        return self._carry.T @ beta

    def outward(self, sums: Array) -> Array:
        """T s, for s (p,) or (p, m)."""
        return self._carry @ sums
