"""Data for the bench: made from a seed, a logit with known coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.simulation import Places

    Array = NDArray[np.float64]

SEED = 7


def logit(n: int, k: int) -> tuple[Array, Array]:
    """Columns X (n, k), normal and in column order, and outcomes y (n,) of 0 and 1."""
    random = np.random.default_rng(SEED)
    x = np.asfortranarray(random.standard_normal((n, k)))
    beta = random.standard_normal(k) / np.sqrt(k)
    y = (random.random(n) < 1.0 / (1.0 + np.exp(0.5 - x @ beta))).astype(np.float64)
    return x, y


def names(k: int) -> list[str]:
    """The names of the columns."""
    return [f"x{j}" for j in range(1, k + 1)]


def command(k: int) -> str:
    """The command that fits them."""
    return f"logit y {' '.join(names(k))}"


def samples(x: Array, y: Array, nodes: int) -> dict[str, Sample]:
    """The rows, split evenly, as nodes hold them once they are read."""
    from fedfolder.questions.sample import Sample

    found = {}
    for number, rows in enumerate(np.array_split(np.arange(len(y)), nodes), start=1):
        numeric = {"y": y[rows], **{name: x[rows, j].copy() for j, name in enumerate(names(x.shape[1]))}}
        kinds = dict.fromkeys(numeric, "numeric")
        found[f"node{number}"] = Sample(len(rows), numeric=numeric, factors={}, kinds=kinds)  # type: ignore[arg-type]
    return found


def places(folder: Path, x: Array, y: Array, nodes: int) -> Places:
    """The rows as a .dta a node, with homes and an exchange for a study."""
    import pandas as pd

    from fedfolder.simulation import lay_out

    (folder / "data").mkdir(parents=True)
    files = {}
    for number, rows in enumerate(np.array_split(np.arange(len(y)), nodes), start=1):
        files[f"node{number}"] = folder / "data" / f"rows{number}.dta"
        columns = {"y": y[rows], **{name: x[rows, j] for j, name in enumerate(names(x.shape[1]))}}
        pd.DataFrame(columns).to_stata(files[f"node{number}"], write_index=False, version=118)
    return lay_out(folder, "bench", files)
