"""What lifelines is asked, our command for the same, and how lifelines fits it.

Rows are those of the lung cancer trial in tests/truth (Kalbfleisch and Prentice 1980), with entries, weights and pairs
made of their places. In UNTIED no two persons fail at one time.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import lifelines
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
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
PRECISE = {True: {"precision": 1e-13}, False: {"ftol": 1e-14, "maxiter": 1000}}
"""When Newton's steps in its Cox model end, and the search in the others."""


class Theirs(NamedTuple):
    """What lifelines found: coefficients and standard errors by their names there, the log-likelihood, its fitter."""

    coef: dict[str, float]
    se: dict[str, float]
    llf: float
    fitter: Any


@cache
def theirs(name: str) -> Theirs:
    """Fit a case by lifelines, once a test run, as precisely as it can."""
    case = CASES[name]
    cox, piecewise = case.fitter.startswith("Cox"), case.fitter.startswith("Piecewise")
    named = [case.options[key] for key in ("entry_col", "weights_col", "cluster_col") if key in case.options]
    columns = ["time", "status", *case.terms, *named, *case.options.get("strata", [])]
    fitter = getattr(lifelines, case.fitter)(**({"breakpoints": list(BREAKS)} if piecewise else {}))
    if not cox:
        # By itself it takes BFGS and stops a hundredth of a standard error away; this one it names as the other to try.
        fitter._scipy_fit_method = "SLSQP"  # noqa: SLF001 - its own message says to set it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that are no counts, and of what pandas 4 will do
        fitter.fit(case.rows[columns], "time", "status", **case.options, fit_options=PRECISE[cox])
    return Theirs(_plain(fitter.params_), _plain(fitter.standard_errors_), float(fitter.log_likelihood_), fitter)


def steps(name: str) -> list[float]:
    """Its survival of PATTERN at TIMES: asked for at these it draws lines between its steps, so that all are asked."""
    curve = theirs(name).fitter.predict_survival_function(pd.DataFrame([PATTERN])).iloc[:, 0]
    return [float(curve[curve.index <= time].iloc[-1]) for time in TIMES]


def _plain(numbers: pd.Series[float]) -> dict[str, float]:
    keys = (key if isinstance(key, str) else " ".join(key) for key in numbers.index)
    return dict(zip(keys, map(float, numbers), strict=True))
