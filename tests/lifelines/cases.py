"""What lifelines is asked, and our command for the same: data alone, so that either side can read it.

Rows are those of the lung cancer trial in tests/truth (Kalbfleisch and Prentice 1980), with entries, weights and pairs
made of their places. In UNTIED no two persons fail at one time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
NUMBERS = HERE / "numbers.json"
_SITES = [HERE.parent / "truth" / "cox_common_breslow" / f"node{k}.csv" for k in (1, 2, 3)]


def _rows() -> pd.DataFrame:
    frame = pd.concat([pd.read_csv(path).assign(site=k) for k, path in enumerate(_SITES, 1)], ignore_index=True)
    place = np.arange(len(frame))
    return frame.assign(
        trt=frame["trt"] - 1.0,
        entry=np.where(place % 3 == 0, np.floor(frame["time"] * (place % 5 + 1) / 8), 0.0),
        w=1.0 + place % 4 / 2,
        pair=place // 2,
    )


TIED = _rows()
UNTIED = TIED.assign(time=TIED["time"] + np.arange(len(TIED)) / 256)
TIMES = (30.0, 100.0, 200.0)
"""At which survival is compared."""
PATTERN = {"trt": 1.0, "karno": 60.0, "age": 58.0}

_COX = "stcox trt karno age{weight}, efron time(time) failure(status){more}"
_OF_TIME = "streg trt karno age{weight}, {more} time(time) failure(status)"


@dataclass(frozen=True)
class Case:
    """A model: our command, and lifelines' class with what `fit` takes beside the columns, the time and the failure."""

    command: str
    fitter: str
    options: dict[str, Any] = field(default_factory=dict)
    frame: str = "TIED"
    terms: tuple[str, ...] = ("trt", "karno", "age")

    @property
    def rows(self) -> pd.DataFrame:
        return UNTIED if self.frame == "UNTIED" else TIED


def _cox(more: str = "", weight: str = "", frame: str = "TIED", **options: Any) -> Case:
    return Case(_COX.format(weight=weight, more=more), "CoxPHFitter", options, frame)


def _of_time(more: str, fitter: str, weight: str = "", **options: Any) -> Case:
    return Case(_OF_TIME.format(weight=weight, more=more), fitter, options)


_AFT = {
    "WeibullAFTFitter": "distribution(weibull) aft",
    "LogLogisticAFTFitter": "distribution(loglogistic)",
    "LogNormalAFTFitter": "distribution(lognormal)",
}
CASES: dict[str, Case] = {
    "cox": _cox(" basesurv(30 100 200)"),
    "cox, untied": _cox(" basesurv(30 100 200)", frame="UNTIED"),
    "cox, entry": _cox(" entry(entry)", entry_col="entry"),
    "cox, entry and strata": _cox(" entry(entry) strata(site)", entry_col="entry", strata=["site"]),
    "cox, weights": _cox(" entry(entry)", " [iw=w]", entry_col="entry", weights_col="w"),
    "cox, robust": _cox(" vce(robust)", frame="UNTIED", robust=True),
    "cox, robust, weights": _cox("", " [pw=w]", frame="UNTIED", robust=True, weights_col="w"),
    "cox, robust, strata": _cox(" vce(robust) strata(site)", frame="UNTIED", robust=True, strata=["site"]),
    "cox, clusters": _cox(" vce(cluster pair)", frame="UNTIED", cluster_col="pair"),
    "cox, robust, ties": _cox(" vce(robust)", robust=True),
    "cox, robust, entry": _cox(" vce(robust) entry(entry)", frame="UNTIED", robust=True, entry_col="entry"),
    **{name: _of_time(more, name) for name, more in _AFT.items()},
    **{
        f"{name}, entry and weights": _of_time(
            f"{more} entry(entry)", name, " [iw=w]", entry_col="entry", weights_col="w"
        )
        for name, more in _AFT.items()
    },
    "piecewise": Case(
        "stset time, failure(status); stsplit fu, at(0 50 150); streg i.fu##c.karno, distribution(exponential)",
        "PiecewiseExponentialRegressionFitter",
        terms=("karno",),
    ),
}
BREAKS = (50.0, 150.0)
"""Where the hazard of the last changes."""
