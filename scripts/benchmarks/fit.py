"""A whole fit, against the same fit of all rows at one place by other packages."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import data
from benchmarks.report import Table
from benchmarks.timing import Times, spoken
from fedfolder.server.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.data import Array
    from benchmarks.report import Bench
    from fedfolder.estimates import FitResult
    from fedfolder.questions.question import Question

TITLE = "A whole fit"
NODES = 3
SHARE = 0.5
"""Of glum's time that our arithmetic may take, data loaded; rounds through folders come on top."""
OVERHEAD = 0.010
"""Seconds that a round of three nodes may take beside the arithmetic."""


def run(bench: Bench) -> Iterator[Table]:
    """One table: in memory, through folders with three daemons, and what others take for all rows at one place."""
    n, k = (20_000 if bench.quick else 1_000_000), 10
    x, y = data.logit(n, k)
    calls, fitted = _calls(bench, x, y)
    times = bench.medians(calls, repeat=5)
    reached = _through_folders(bench, x, y)
    rows = [[name, str(found), _as_share(found, times)] for name, found in times.items()]
    rows.append(
        [f"fedfolder, {NODES} daemons, data loaded", spoken(reached), _as_share(Times((reached,)), times, once=True)]
    )
    yield Table(
        heading=("fit", "time", "of glum's"),
        rows=rows,
        note=(
            f"`{data.command(k)}` with n = {n:,}. fedfolder takes {fitted[0].rounds} trips and stops within 1e-8 "
            "standard errors of the maximum; the others stop where they stop by default. In memory, everything is done "
            "in one process on one core. With daemons, it is the time from the first answers, when the data have been "
            "read, to the result: folders, signatures and journals included, three daemons on the cores that there "
            f"are. The limit is {SHARE} of glum's time, and with daemons {1e3 * OVERHEAD:g} ms a trip on top."
        ),
        figures=_figures(times, reached, fitted[0].rounds),
    )


def _calls(bench: Bench, x: Array, y: Array) -> tuple[dict[str, Callable[[], object]], list[FitResult]]:
    """What is compared, each a whole fit; our results are added to the list."""
    from fedfolder.plan.proposal import read_command
    from fedfolder.simulation import fit_samples

    command, parts = read_command(data.command(x.shape[1])), data.samples(x, y, NODES)
    fitted: list[FitResult] = []

    def ours() -> None:
        # A daemon reads its data once a fit: nothing is kept from the one before.
        anew = {node: sample.rows(0, sample.nobs) for node, sample in parts.items()}
        fitted.append(fit_samples(command, anew))

    calls: dict[str, Callable[[], object]] = {f"fedfolder, {NODES} nodes in memory": ours}
    glum, statsmodels = bench.peer("glum"), bench.peer("statsmodels.api")
    if glum is not None:
        calls["glum"] = lambda: glum.GeneralizedLinearRegressor(family="binomial", alpha=0).fit(x, y)
    if statsmodels is not None:
        with_constant = np.column_stack([x, np.ones(len(y))])
        calls["statsmodels"] = lambda: statsmodels.Logit(y, with_constant).fit(disp=0)
    return calls, fitted


class _FirstAnswers(Silent):
    """Notes when the answers to the first question were all there."""

    def __init__(self) -> None:
        self.at = 0.0

    def asking(self, round_: int, question: Question) -> None:  # noqa: ARG002 - as the protocol has it
        """The second round begins when the first is answered."""
        if round_ == 2:  # noqa: PLR2004
            self.at = time.perf_counter()


def _through_folders(bench: Bench, x: Array, y: Array) -> float:
    """Seconds from the first answers to the result, with a daemon a node; the median of some fits."""
    from fedfolder.server.run import run as run_study
    from fedfolder.simulation.daemons import Daemons

    places = data.places(bench.folder / "fit", x, y, NODES)
    daemons, found = Daemons(), []
    with contextlib.ExitStack() as stack:
        stack.callback(daemons.stop)
        for home in places.nodes.values():
            daemons.start(home)
        list(daemons.until_ready())
        for _ in range(1 if bench.quick else 5):
            first = _FirstAnswers()
            run_study(places.server, data.command(x.shape[1]), again=True, progress=first)
            found.append(time.perf_counter() - first.at)
    return float(np.median(found))


def _as_share(found: Times, times: dict[str, Times], *, once: bool = False) -> str:
    if "glum" not in times:
        return ""
    return f"{found.median / times['glum'].median if once else found.ratio(times['glum']):.2f}"


def _figures(times: dict[str, Times], reached: float, rounds: int) -> dict[str, dict[str, float]]:
    if "glum" not in times:
        return {}
    ours, glum = times[f"fedfolder, {NODES} nodes in memory"], times["glum"]
    return {
        "in memory": {"ratio": ours.ratio(glum), "limit": SHARE, "rounds": float(rounds)},
        "daemons": {"s": reached, "limit": SHARE * glum.median + rounds * OVERHEAD},
    }
