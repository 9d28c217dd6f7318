"""Multinomial logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import UnknownNameError, nearest
from fedfolder.likelihood.base import ObservationDerivatives
from fedfolder.likelihood.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.likelihood.base import Array, Rows


class MultinomialLogit(Categorical):
    """P(y = j) = exp(eta_j) / sum of exp(eta_k), with eta = 0 for the base; an equation for each other level.

    The score is 1(y = j) - p_j, the Hessian p_j p_k - 1(j = k) p_j. It starts at zero, where all levels are equally
    likely, as `logit` does.

    Attributes
    ----------
    base : int
        The place of the base among the levels.

    References
    ----------
    Stata Base Reference Manual, [R] mlogit, Methods and formulas.
    """

    name = "mlogit"
    title = "Multinomial logistic regression"
    base: int = 0

    def name_predictors(self, counts: Sequence[float], base: str | None) -> None:
        """An equation for each level but the base: the one named, or else the most frequent, the lowest of these.

        Raises
        ------
        UnknownNameError
            If no row has the level that is named.
        """
        if base is not None and base not in self.levels:
            raise UnknownNameError(
                "the outcome has no such level", where=f"baseoutcome({base})", do=nearest(base, self.levels)
            )
        self.base = int(np.argmax(counts)) if base is None else self.levels.index(base)
        self.equations = tuple(level for place, level in enumerate(self.levels) if place != self.base)

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class.

        Of the sum of exponentials relative to the largest, the largest, 1, is left out, so that the logarithm of nearly
        1 keeps its digits; 1 - p_j is the sum of the others for the same reason.
        """
        with np.errstate(all="ignore"):
            levels = np.insert(eta, self.base, 0.0, axis=0)
            places, columns = rows["y"].astype(np.intp), np.arange(eta.shape[1])
            top = levels.argmax(axis=0)
            above = levels - levels[top, columns]
            odds = np.exp(above)
            others = odds.copy()
            others[top, columns] = 0.0
            rest = others.sum(axis=0)
            loglike = above[places, columns] - np.log1p(rest)
            p = odds / (1.0 + rest)
            not_p = np.stack([np.delete(p, j, axis=0).sum(axis=0) for j in range(len(p))])
            score = np.where(np.arange(len(levels))[:, None] == places, not_p, -p)
            hessian = p[:, None] * p[None, :]
            diagonal = np.arange(len(levels))
            hessian[diagonal, diagonal] = -p * not_p
        keep = diagonal != self.base
        return ObservationDerivatives(loglike, score[keep], hessian[keep][:, keep])
