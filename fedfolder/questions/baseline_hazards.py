"""The question after each site's own baseline hazard, of a Cox model with `strata(_node)` that has `basesurv()`.

It is a curve of one site, under its name: nothing that is added to others' hides it. So policies let it leave only if
they say so, and between two of its times nobody fails, or enough persons do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.command.names import NODE
from fedfolder.command.terms import can_be_shown
from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood.partial import At
from fedfolder.likelihood.risk_sets import RiskSets
from fedfolder.questions import compute
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.event_times import stratum_names
from fedfolder.questions.question import whole
from fedfolder.questions.strata import cases_of, follow_up
from fedfolder.questions.sums import Sums, write_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Labels, Values

    Array = NDArray[np.float64]

HAZARD, VARIANCE, MEAN = "hazard", "variance", "mean"


def intervals(times: tuple[float, ...], at: Array) -> NDArray[np.intp]:
    """The place of the first of the ascending `times` that is not before each time of `at` (n,)."""
    return np.searchsorted(np.array(times), at, side="left")


@dataclass(frozen=True, eq=False)
class BaselineHazards(AtBeta):
    """What the baseline hazard of each stratum of a site rises by between some times.

    The answer is `node,stratum,time` with `hazard`, the sum of m / S over the cases after the time before and up to
    this one (see `likelihood.partial`), `variance`, that of m / S^2, and `mean:z` for each term z, that of m z̄ / S,
    with z̄ the mean of z over the risk set. The scalar is `nobs`.

    Parameters
    ----------
    times : tuple of float
        Those of `basesurv()`, ascending.
    """

    times: tuple[float, ...] = ()

    kind: ClassVar[str] = "baseline hazards"
    asks: ClassVar[str] = (
        "number of rows; under this site's name, at the last beta, for each stratum and each interval between the "
        "times of basesurv(): what the baseline hazard rises by, its variance, and means of the columns over those at "
        "risk"
    )
    answer_name: ClassVar[str] = "baseline.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("node", "stratum", "time")
    wanted: ClassVar[str] = "baseline hazards at the last beta"

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values."""
        return (HAZARD, VARIANCE, *(f"{MEAN}:{term}" for term in self.design.terms))

    def declaration(self) -> dict[str, Any]:
        """What is computed, and for which times."""
        return {**super().declaration(), "times": [write_number(time) for time in self.times]}

    def compute(self, sample: Sample) -> Sums:
        """A row for each stratum of `sample` and each time, also where nobody fails."""
        rows: dict[Labels, Values] = {}
        if sample.nobs:
            (name,) = sample.ids[NODE].levels
            strata, found = stratum_names(self.specification, sample)[1], self._rises(sample)
            for number, stratum in enumerate(strata):
                for k, time in enumerate(self.times):
                    rows[name, stratum, write_number(time)] = tuple(found[number, k].tolist())
        return Sums({"nobs": float(sample.nobs)}, self.answer_keys, self.columns, rows)

    def _rises(self, sample: Sample) -> Array:
        """The table by stratum, interval and column, (strata, times, 2 + p)."""
        specification, rows = self.specification, follow_up(self.specification, sample)
        strata = int(rows.stratum.max(initial=-1)) + 1
        total = np.zeros((strata, len(self.times) + 1, len(self.columns)))
        given, added = specification.weights(sample), specification.offset(sample)
        weights = np.ones(sample.nobs) if given is None else given
        z = np.vstack([block for _, block in self.design.blocks(sample)])
        sets = RiskSets.of(rows)
        cases = cases_of(specification, sets, weights)
        with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
            eta = z @ self.beta + (0.0 if added is None else added)
            highest = np.full(strata, -np.inf)
            np.maximum.at(highest, rows.stratum, eta)
            at = At.of(sets, cases, z, eta - highest[rows.stratum], weights)
            share, risks = cases.share[:, None], at.risks()
            mean = (at.total[cases.time] + share * at.failing.totals[cases.time]) / risks[:, None]
            of = sets.strata[cases.time]
            once = cases.weight / risks * np.exp(-highest[of])
            again = once / risks * np.exp(-highest[of])
            values = np.column_stack([once, again, once[:, None] * mean])
        np.add.at(total, (of, intervals(self.times, sets.times[cases.time])), values)
        return np.where(np.isfinite(total), total, 0.0)[:, : len(self.times)]

    def check(self, answer: Sums, *, where: str) -> None:
        """Times, columns and scalars as asked, and hazards that rise."""
        if answer.columns != self.columns or set(answer.scalars) != {"nobs"}:
            raise TamperedAnswerError("this answer has other columns or scalars than were asked for", where=where)
        whole(answer.scalars["nobs"], "nobs", where=where)
        known = set(map(write_number, self.times))
        for (node, stratum, time), (hazard, variance, *_) in answer.rows.items():
            shown = can_be_shown(node) and can_be_shown(stratum) and node != ""
            if not shown or time not in known or not (hazard >= 0 and variance >= 0):
                raise TamperedAnswerError("a row of this answer is no rise of a hazard", where=where)

    def curves(self, sums: Sums) -> dict[tuple[str, str], Array]:
        """The rises of each node's strata, (times, 2 + p); zeros where a node said nothing."""
        labels = dict.fromkeys((node, stratum) for node, stratum, _ in sums.rows)
        nothing = (0.0,) * len(self.columns)
        return {
            label: np.array([sums.rows.get((*label, write_number(time)), nothing) for time in self.times])
            for label in sorted(labels)
        }


def named_by(answer: Sums) -> set[str]:
    """The nodes whose hazards stand in an answer."""
    return {node for node, *_ in answer.rows}
