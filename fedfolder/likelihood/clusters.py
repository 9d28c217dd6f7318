"""Likelihoods of clusters: rows with something unseen in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, RowLikelihood, Rows, SetDerivatives


@dataclass(frozen=True, slots=True)
class Clusters:
    """The rows of S whole clusters, one cluster after the other.

    Parameters
    ----------
    starts : (S,) int
        Where each cluster begins.
    owner : (n,) int
        The cluster of each row, from 0.
    z : (n, p) array
        The columns.
    observed : mapping of str to (n,) array
        As `Likelihood.prepared` gives them.
    weights : (n,) array or None
        How often a row stands in its cluster.
    """

    starts: NDArray[np.intp]
    owner: NDArray[np.intp]
    z: Array
    observed: Rows
    weights: Array | None

    def sums(self, values: Array) -> Array:
        """The sums of `values` (…, n) over the rows of each cluster, (…, S)."""
        return np.add.reduceat(values, self.starts, axis=-1)

    def of_columns(self, values: Array) -> Array:
        """The sums of the columns times `values` (n,), (S, p)."""
        return np.add.reduceat(self.z * values[:, np.newaxis], self.starts, axis=0)

    def products(self, values: Array) -> Array:
        """The sums of z z' times `values` (n,), (S, p, p)."""
        p = self.z.shape[1]
        found = np.empty((len(self.starts), p, p))
        for j in range(p):
            weighted = self.z[:, j] * values
            for k in range(j + 1):
                found[:, j, k] = found[:, k, j] = np.add.reduceat(weighted * self.z[:, k], self.starts)
        return found


class ClusterLikelihood(Likelihood):
    """A likelihood of clusters of rows with something unseen in common, each of which lies within one node.

    The last ancillary is the standard deviation of what is unseen. At zero, the model is `fixed`.

    Attributes
    ----------
    fixed : RowLikelihood
        The model without what is unseen, with all parameters but the last.
    """

    fixed: RowLikelihood
    concave = False

    @abstractmethod
    def cluster_derivatives(self, clusters: Clusters, eta: Array, shape: Array, sd: float) -> SetDerivatives:
        """The kernel of each cluster and its derivatives by the coefficients and the ancillaries.

        Parameters
        ----------
        eta : (n,) array
            The linear predictor without what is unseen.
        shape : (r,) array
            The ancillaries but the last.
        sd : float
            The last one, of either sign: the kernel is the same at -sd.
        """
