"""Data and splits that the tests of fits draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SEEDS = st.integers(0, 10**6)

COMMANDS = (
    "logit b x w",
    "logit b x i.g i.t",
    "logit b i.g##c.x w",
    "logit b x c.x#c.x i.t#c.w, noconstant",
    "regress y x i.g##i.t w",
    "regress y c.x#c.w x w, noconstant",
)
"""Commands over the variables of `births`."""


def births(seed: int, n: int = 150) -> pd.DataFrame:
    """Outcomes b (0/1) and y, numbers x and w, levels g (0-3) and t (text), all related, none strongly."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(30, 5, n), rng.exponential(1, n).round(2)
    g, t = rng.integers(0, 4, n), rng.choice(["a.b", "Z", 'say "hm"'], n, p=[0.5, 0.3, 0.2])
    eta = 0.1 * (x - 30) - 0.4 * w + 0.3 * (g == 2) + 0.5 * (t == "Z")
    b = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return pd.DataFrame({"b": b, "y": 10 + eta + rng.normal(size=n), "x": x, "w": w, "g": g, "t": t})


def _at_random(frame, rng):
    return rng.integers(0, 4, len(frame))


def _tiny_and_empty(frame, rng):
    """Nodes of no, one, two and three rows beside a large one, in any order."""
    sizes = [0, 1, 2, 3, len(frame) - 6]
    return rng.permutation(np.repeat(rng.permutation(5), [sizes[k] for k in range(5)]))


SPLITS = {
    "at random": _at_random,
    "tiny and empty nodes": _tiny_and_empty,
    "a level at one node only": lambda frame, rng: np.where(frame["g"] == 3, 3, rng.integers(0, 3, len(frame))),
    "a text level a node": lambda frame, _: pd.factorize(frame["t"])[0],
    "the outcome constant at a node": lambda frame, _: frame["b"].astype(int).to_numpy(),
    "a covariate constant at a node": lambda frame, _: (frame["w"] != frame["w"].iloc[0]).astype(int).to_numpy(),
    "sorted by a covariate": lambda frame, _: pd.qcut(frame["x"], 3, labels=False).to_numpy(),
}
"""Ways to deal rows to nodes: a node for each row."""


def parts(frame: pd.DataFrame, how: str, seed: int) -> list[pd.DataFrame]:
    """A data frame for each of five nodes; some may be empty."""
    nodes = np.asarray(SPLITS[how](frame, np.random.default_rng(seed)))
    return [frame[nodes == node].reset_index(drop=True) for node in range(5)]
