"""The question of a robust variance: products of scores at the final beta, asked once.

V = q D M D with D the inverse of the information and M the sum, over rows or clusters, of s s'. Source: Stata User's
Guide, 20.22 Obtaining robust variance estimates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.command.terms import can_be_shown
from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions import compute
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.question import whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

CLUSTERS = "clusters"


@dataclass(frozen=True, eq=False)
class Scores(AtBeta):
    """The sum of s s' over rows, or over clusters that lie within a node.

    The answer is `equation,term` and a column a parameter; scalars are `nobs` and `clusters` (the number of s).
    """

    kind: ClassVar[str] = "scores"
    asks: ClassVar[str] = "number of rows and of clusters; the sum of products of their scores at the last beta"
    answer_name: ClassVar[str] = "scores.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("equation", "term")
    wanted: ClassVar[str] = "products of scores at the last beta"

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`."""
        sample = self.included(sample)
        s, number = self._units(sample)
        product = s.T @ s
        lower = np.tril(product)
        product = lower + np.tril(product, -1).T
        rows: dict[Labels, Values] = {
            label: tuple(map(float, product[j])) for j, label in enumerate(self.parameters.labels)
        }
        return Sums({"nobs": float(sample.nobs), CLUSTERS: number}, self.answer_keys, self._columns(), rows)

    def _units(self, sample: Sample) -> tuple[NDArray[np.float64], float]:
        """The scores s, a row each, with frequency weights counted as so many rows; and how many s there are."""
        s, clusters = compute.scores(self, sample), self.specification.clusters(sample)
        if clusters is not None:
            return _by_cluster(s, clusters)
        weights = self.specification.weights(sample)
        if weights is None or self.specification.weighted != "fw":
            return s, float(sample.nobs)
        return s / np.sqrt(weights)[:, np.newaxis], float(weights.sum())

    def _columns(self) -> tuple[str, ...]:
        return tuple(f"{equation}:{term}" for equation, term in self.parameters.labels)

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and products that can be sums of squares."""
        if list(answer.rows) != list(self.parameters.labels) or answer.columns != self._columns():
            raise TamperedAnswerError("this answer has other parameters than were asked for", where=where)
        if set(answer.scalars) != {"nobs", CLUSTERS}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        whole(answer.scalars[CLUSTERS], CLUSTERS, where=where)
        product = self.products(answer)
        if not np.array_equal(product, product.T):
            raise TamperedAnswerError("the products of scores in this answer are not symmetric", where=where)
        values = np.linalg.eigvalsh(product) if product.size else np.zeros(1)
        if values[0] < -ROUNDING * np.abs(values).max():
            raise TamperedAnswerError("the products of scores in this answer cannot be a sum of squares", where=where)

    def products(self, sums: Sums) -> NDArray[np.float64]:
        """M (P, P)."""
        p = self.parameters.count
        return np.array(list(sums.rows.values())).reshape(p, p)

    def number(self, sums: Sums) -> float:
        """How many rows or clusters M is a sum over."""
        return sums.scalars[CLUSTERS]


@dataclass(frozen=True, eq=False)
class ClusterScores(Scores):
    """The score of each cluster by its name, for clusters that lie at several nodes: what is squared is their sum.

    The answer is `cluster` and a column a parameter: it says how many clusters a node has, what they are called, and
    a score of each. A node answers it only if its custodian allows that.
    """

    kind: ClassVar[str] = "cluster scores"
    asks: ClassVar[str] = "each cluster's name and its score at the last beta, so that clusters at several sites add up"
    answer_name: ClassVar[str] = "clusters.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("cluster",)
    wanted: ClassVar[str] = "scores by cluster at the last beta"

    def compute(self, sample: Sample) -> Sums:
        """A row a cluster."""
        sample = self.included(sample)
        factor = sample.ids[self.specification.command.roles["cluster"]]
        s, _ = _by_cluster(compute.scores(self, sample), np.asarray(factor.codes, dtype=np.int64))
        present = [factor.levels[code] for code in np.unique(factor.codes).tolist()]
        rows: dict[Labels, Values] = {(name,): tuple(map(float, row)) for name, row in zip(present, s, strict=True)}
        return Sums({"nobs": float(sample.nobs)}, self.answer_keys, self._columns(), rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Columns and scalars as asked."""
        if answer.columns != self._columns() or set(answer.scalars) != {"nobs"}:
            raise TamperedAnswerError("this answer has other columns or scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        if not all(can_be_shown(name) for (name,) in answer.rows):
            raise TamperedAnswerError("the name of a cluster holds what cannot be printed", where=where)

    def products(self, sums: Sums) -> NDArray[np.float64]:
        """M (P, P), with clusters in the order of their names."""
        p = self.parameters.count
        s = np.array([sums.rows[label] for label in sorted(sums.rows)]).reshape(-1, p)
        return np.asarray(s.T @ s)

    def number(self, sums: Sums) -> float:
        """How many clusters there are over all nodes."""
        return float(len(sums.rows))


def _by_cluster(s: NDArray[np.float64], clusters: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """The sums (G, P) of the rows of `s` (n, P) within each cluster, in the order of their numbers; and G."""
    present, places = np.unique(clusters, return_inverse=True)
    summed = np.zeros((len(present), s.shape[1]))
    np.add.at(summed, places, s)
    return summed, float(len(present))
