"""Persons who are followed up, for fits of Cox's model over nodes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

TIMES = "time(t) failure(d) entry(t0)"
TIES = ("breslow", "efron")
each = pytest.mark.parametrize("ties", TIES)


def followed(n=240, seed=3):
    """Persons at three sites, some observed late, with times in whole months: ties within sites and across them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": np.round(rng.uniform(40, 80, n)), "stage": rng.integers(1, 4, n)})
    frame["sex"], frame["site"] = rng.choice(["f", "m"], n), np.repeat([1, 2, 3], [n // 2, n - n // 2 - 20, 20])
    death = 20.0 * rng.weibull(1.3, n) * np.exp(-0.3 * (frame["stage"] - 2) - 0.02 * (frame["age"] - 60))
    end = rng.uniform(2.0, 30.0, n)
    frame["d"] = (death <= end).astype(float)
    frame["t"] = np.ceil(np.minimum(death, end))
    frame["t0"] = np.floor(frame["t"] * rng.uniform(0.05, 0.9, n)) * rng.integers(0, 2, n)
    frame["w"], frame["f"] = np.round(rng.uniform(0.5, 2.0, n), 2), rng.integers(1, 4, n)
    frame["off"] = 1000.0 + np.round(rng.normal(size=n), 2)
    return frame


FRAME = followed()


def nodes(frame):
    """By site, and a fourth node of a single row."""
    return [*(part for _, part in frame.iloc[:-1].groupby("site")), frame.iloc[-1:]]


def command(more="", times=TIMES, terms="age i.stage", weight=""):
    return f"stcox {terms} {weight}, {times} {more}".rstrip()


def columns(frame):
    return np.column_stack([frame["age"], frame["stage"] == 2, frame["stage"] == 3]).astype(float)
