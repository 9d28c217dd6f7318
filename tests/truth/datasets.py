"""Data sets that everybody has: those that statsmodels brings, and two that are a page in a book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent / "published"
WEIGHTS = [1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3]


def of_statsmodels(name: str) -> pd.DataFrame:
    """A data set that is packaged."""
    return pd.DataFrame(getattr(sm.datasets, name).load_pandas().data)


def in_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """The values as Stata's float, its usual storage type, holds them: with 24 bits.

    Without this, 2.66 in a file is not quite the 2.66 that Stata's digits were made of, and the eighth digit differs.
    """
    numbers = frame.select_dtypes("number")
    return frame.assign(**numbers.astype(np.float32).astype(np.float64))


def of_its_tests(path: str) -> pd.DataFrame:
    """A file that lies beside its tests."""
    return pd.read_csv(Path(statsmodels.__file__).parent / path)


def dollhill() -> pd.DataFrame:
    """Deaths from coronary heart disease among British doctors."""
    return pd.read_csv(HERE / "dollhill.csv").assign(lnpyears=lambda f: np.log(f["pyears"]))


def ships() -> pd.DataFrame:
    """Damage incidents of ships; no service, no count."""
    return pd.read_csv(HERE / "ships.csv")


def spector() -> pd.DataFrame:
    """Grades in economics, with names as Stata's commands have them."""
    return in_floats(of_statsmodels("spector").rename(columns=str.lower))


def cpunish() -> pd.DataFrame:
    """Executions by state, with weights, and states in pairs."""
    frame = of_statsmodels("cpunish").assign(LN_VC100k96=lambda f: np.log(f["VC100k96"])).drop(columns="VC100k96")
    frame = frame.rename(columns=lambda name: name if name == "LN_VC100k96" else name.lower())
    return in_floats(frame).assign(fweight=WEIGHTS, id=np.arange(1, len(WEIGHTS) + 1) // 2)


def grunfeld() -> pd.DataFrame:
    """Investment of ten companies."""
    frame = in_floats(of_statsmodels("grunfeld").head(200))
    names = {"value": "mvalue", "capital": "kstock", "firm": "company"}
    return frame.rename(columns=names).assign(weight=lambda f: 1 / f["mvalue"])


def macrodata() -> pd.DataFrame:
    """Growth of investment and product in the United States, by quarter."""
    frame = of_statsmodels("macrodata")
    growth = {f"g_{name}": 400 * np.log(frame[name]).diff() for name in ("realinv", "realgdp")}
    return pd.DataFrame({**growth, "l_realint": frame["realint"].shift()})


def star98() -> pd.DataFrame:
    """Pupils above the median in mathematics, by district."""
    return of_statsmodels("star98").assign(trials=lambda f: f["NABOVE"] + f["NBELOW"])


def ucla() -> pd.DataFrame:
    """Whether students are likely to apply for graduate school."""
    order = {"unlikely": 0, "somewhat likely": 1, "very likely": 2}
    frame = of_its_tests("miscmodels/tests/results/ologit_ucla.csv")
    return frame.assign(apply=frame["apply"].map(order))


DATA: dict[str, Callable[[], pd.DataFrame]] = {
    "anes96": lambda: in_floats(of_statsmodels("anes96")),
    "cancer": lambda: of_its_tests("genmod/tests/results/stata_cancer_glm.csv"),
    "cpunish": cpunish,
    "dollhill": dollhill,
    "grunfeld": grunfeld,
    "igaussian": lambda: of_its_tests("genmod/tests/results/inv_gaussian.csv").head(5000),
    "macrodata": macrodata,
    "medpar": lambda: of_its_tests("genmod/tests/results/stata_medpar1_glm.csv"),
    "randhie": lambda: in_floats(of_statsmodels("randhie")),
    "randhie_csv": lambda: of_statsmodels("randhie"),
    "scotland": lambda: of_statsmodels("scotland"),
    "scotland_floats": lambda: in_floats(of_statsmodels("scotland")),
    "ships": ships,
    "spector": spector,
    "spector_csv": lambda: of_statsmodels("spector").rename(columns=str.lower),
    "star98": star98,
    "star98_floats": lambda: in_floats(star98()),
    "ucla": ucla,
}
"""Every data set by its name."""
