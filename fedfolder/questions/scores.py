"""The question of a robust variance: products of scores at the final beta, asked once.

V = q D M D with D the inverse of the information and M the sum, over rows or clusters, of s s'. Source: Stata User's
Guide, 20.22 Obtaining robust variance estimates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.command.terms import can_be_shown
from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions import compute
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.blocks import counted
from fedfolder.questions.question import whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    @property
    def columns(self) -> tuple[str, ...]:
        """A column a parameter."""
        return tuple(f"{equation}:{term}" for equation, term in self.parameters.labels)

    def compute(self, sample: Sample) -> Sums:
        """Sums over the rows of `sample`."""
        sample = self.included(sample)
        with compute.one_thread().limit(limits=1, user_api="blas"):
            product, number = self._product(sample)
        lower = np.tril(product)
        product = lower + np.tril(product, -1).T
        rows: dict[Labels, Values] = {
            label: tuple(map(float, product[j])) for j, label in enumerate(self.parameters.labels)
        }
        return Sums({"nobs": float(sample.nobs), CLUSTERS: number}, self.answer_keys, self.columns, rows)

    def _product(self, sample: Sample) -> tuple[NDArray[np.float64], float]:
        """The sum of s s' over rows, those with frequency weights as often as they say, or clusters; how many s."""
        clusters = self.specification.clusters(sample)
        if clusters is not None:
            s, number = _by_cluster(self, sample, clusters)
            return s.T @ s, number
        product, number = np.zeros((self.parameters.count,) * 2), 0.0
        for rows, s in self.blocks(sample):
            weights = self.specification.weights(sample.rows(rows.start, rows.stop))
            often = None if self.specification.weighted != "fw" else weights
            each = s if often is None else s / np.sqrt(often)[:, np.newaxis]
            product += each.T @ each
            number += float(len(s) if often is None else often.sum())
        return product, number

    def blocks(self, sample: Sample) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """The score of each row, a block of rows at a time."""
        return compute.scores(self, sample)

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows, columns and scalars as asked, and products that can be sums of squares."""
        if list(answer.rows) != list(self.parameters.labels) or answer.columns != self.columns:
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
        with compute.one_thread().limit(limits=1, user_api="blas"):
            s, _ = _by_cluster(self, sample, factor.codes)
        present = [factor.levels[code] for code in np.unique(factor.codes).tolist()]
        rows: dict[Labels, Values] = {(name,): tuple(map(float, row)) for name, row in zip(present, s, strict=True)}
        return Sums({"nobs": float(sample.nobs)}, self.answer_keys, self.columns, rows)

    def check(self, answer: Sums, *, where: str) -> None:
        """Columns and scalars as asked."""
        if answer.columns != self.columns or set(answer.scalars) != {"nobs"}:
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


def _by_cluster(
    question: Scores, sample: Sample, clusters: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.float64], float]:
    """The sums (G, P) of the scores within each cluster, in the order of their numbers; and G."""
    often = counted(clusters, int(clusters.max(initial=-1)) + 1)
    summed = np.zeros((len(often), question.parameters.count))
    for rows, s in question.blocks(sample):
        np.add.at(summed, clusters[rows], s)
    present = often > 0
    return summed[present], float(present.sum())
