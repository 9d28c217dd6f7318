"""The study of the demo as Stata's `ml` drives it: three real node homes in this process, and the evaluator called."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fedfolder.exchange.journal import OUT
from fedfolder.exchange.watching import sleep
from fedfolder.simulation import split
from fedfolder.stata import driving
from tests.node.places import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from fedfolder.stata.driving import OpenFit
    from tests.stata.standin import Session

LBW = Path(__file__).parents[2] / "examples" / "lbw" / "lbw.csv"
NODES = ("north", "south", "west")


def births() -> pd.DataFrame:
    return pd.read_csv(LBW)


def bench_of(folder: Path, frame: pd.DataFrame) -> Bench:
    """Three nodes with a third of the rows each."""
    files = {}
    for name, part in zip(NODES, split(frame, 3, seed=1), strict=True):
        files[name] = folder / f"{name}.csv"
        part.to_csv(files[name], index=False)
    return Bench(folder / "study").open(files)


def study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A study of the births, whose nodes work whenever the session waits; what is open in the end is closed."""
    made = bench_of(folder, births())

    def idle(seconds: float) -> None:
        made.work(seconds)
        sleep(0.0)  # where Break is noticed

    monkeypatch.setattr("fedfolder.server.run._watch", lambda *_: idle)
    yield made
    driving.close()
    made.close()


@contextlib.contextmanager
def running(made: Bench) -> Iterator[None]:
    """Nodes that run by themselves, as where they are at other sites: in a thread of their own, over real folders."""
    made.close()
    made.nodes.clear()
    over = threading.Event()

    def work() -> None:
        for name in NODES:
            made.wake(name)
        while not over.wait(0.02):
            made.work()
        made.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def stub(stata: Session, bench: Bench, command: str = "logit low age smoke", options: str = "") -> int:
    comma = "" if "," in command else ","
    return stata.run(f'fedfolder stub {command}{comma} study("{bench.study.path}") {options}')


def the_open_fit() -> OpenFit:
    """The fit that is open in this session."""
    now = driving.current()
    assert now is not None
    return now


def rounds(bench: Bench) -> list[int]:
    """The number of the last message from each node."""
    last = [bench.nodes[name].journal.last("server", OUT) for name in NODES]
    return [message.header.number for message in last if message is not None]


def call(stata: Session, names: str, beta, todo: int) -> int:
    """Call the evaluator as `ml` does; the return code."""
    stata.run("capture matrix drop g\ncapture matrix drop H\n")
    stata.run(f"matrix b = ({', '.join(repr(float(value)) for value in beta)})\nmatrix colnames b = {names}\n")
    return stata.run(f"fedfolder_d2 {todo} b lnf g H")


def answer(stata) -> tuple[float, np.ndarray, np.ndarray]:
    matrices = stata.memory.matrices
    g, hessian = (np.asarray(matrices[name].values) for name in ("g", "H"))
    return stata.memory.scalars["lnf"], g, hessian


def logit(frame: pd.DataFrame, columns, beta) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, gradient and Hessian of a logit, by hand."""
    x = np.column_stack([*columns, np.ones(len(frame))]).astype(float)
    y, eta = frame["low"].to_numpy(float), x @ np.asarray(beta)
    p = 1 / (1 + np.exp(-eta))
    return float(np.sum(y * eta - np.logaddexp(0, eta))), x.T @ (y - p), -(x.T * (p * (1 - p))) @ x
