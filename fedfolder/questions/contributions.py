"""What the rows of a node add to a log-likelihood and its derivatives."""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(slots=True)
class Contribution:
    """What the rows of one node add at one beta; `defined` is False where the likelihood is not defined at some row."""

    loglike: float
    score: Array
    hessian: Array
    further: dict[str, float] = field(default_factory=dict)
    defined: bool = True

    @classmethod
    def nothing(cls, parameters: int) -> Contribution:
        """No rows."""
        return cls(0.0, np.zeros(parameters), np.zeros((parameters, parameters)))

    def add(self, other: Contribution) -> None:
        """Add what other rows add."""
        self.loglike += other.loglike
        self.score += other.score
        self.hessian += other.hessian
        for name, value in other.further.items():
            self.further[name] = self.further.get(name, 0.0) + value


@functools.lru_cache(maxsize=16)
def _lower(parameters: int) -> NDArray[np.bool_]:
    """The places (P, P) on the diagonal and below it."""
    return np.tri(parameters, dtype=np.bool_)


def settled(total: Contribution) -> Contribution:
    """The same with one triangle of the Hessian on both sides; nothing but zeros where anything is not finite.

    Both triangles come out of the same products, but not always of the same order of additions.
    """
    if math.isfinite(total.loglike) and np.isfinite(total.score).all() and np.isfinite(total.hessian).all():
        one = np.where(_lower(len(total.score)), total.hessian, total.hessian.T)
        return dataclasses.replace(total, hessian=one + 0.0)  # a zero has no sign
    undefined = Contribution.nothing(len(total.score))
    undefined.further = dict.fromkeys(total.further, 0.0)
    undefined.defined = False
    return undefined
