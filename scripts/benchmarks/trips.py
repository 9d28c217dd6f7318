"""How many trips a fit takes, usually and with --few-trips: counts, and how far the two answers lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.report import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Bench, Figures
    from fedfolder.estimates import FitResult

TITLE = "Trips of a fit"
NODES, SEEDS = 3, range(1, 13)
COMMANDS = {
    "logit low age smoke": 4,
    "logit low age lwt i.race smoke ptl ht ui": 5,
    "logit low age smoke, vce(robust)": 0,
    "probit low age lwt i.race smoke": 0,
    "cloglog low age lwt i.race smoke": 0,
    "regress bwt age lwt i.race smoke": 0,
    "poisson ftv age i.race smoke": 0,
    "nbreg ftv age i.race smoke": 0,
    "mlogit race age lwt smoke": 0,
}
"""Each with the trips that it may take at most over the demo's split; 0 where nothing was promised."""


def run(bench: Bench) -> Iterator[Table]:
    """The demo's split of lbw, and the middle and the most of others."""
    rows: list[tuple[str, ...]] = []
    figures: Figures = {}
    for command, limit in COMMANDS.items():
        pairs = [_both(command, seed) for seed in (SEEDS[:2] if bench.quick else SEEDS)]
        usual, few = pairs[0]
        trips = sorted(found.rounds for _, found in pairs)
        figures[command] = {"trips": few.rounds, "usual": usual.rounds, **({"limit": limit} if limit else {})}
        rows.append(
            (
                f"`{command}`",
                f"{usual.rounds}, {usual.evaluations}",
                f"{few.rounds}, {few.evaluations}",
                f"{trips[len(trips) // 2]}, {trips[-1]}",
                f"{max(_apart(a, b) for a, b in pairs):.0e}",
                f"{max(_errors_apart(a, b) for a, b in pairs):.0e}",
            )
        )
    yield Table(
        heading=(
            "command",
            "usual: trips, evaluations",
            "few: trips, evaluations",
            "other splits: middle, most",
            "apart (se)",
            "se apart (share)",
        ),
        rows=rows,
        note=f"lbw over {NODES} nodes: the demo's split (seed 1), then the middle and the most of {len(SEEDS)} random "
        "splits. Every site sends its own estimate, and the levels are known. Apart: the largest difference of a "
        "coefficient from the usual fit's, which itself may lie up to 1e-8 standard errors from the maximum, and the "
        "largest of a standard error, over all splits.",
        figures=figures,
    )


def _both(command: str, seed: int) -> tuple[FitResult, FitResult]:
    from fedfolder.node.data import describe, make_sample, read_variables
    from fedfolder.plan.proposal import read_command
    from fedfolder.resources import resource
    from fedfolder.simulation import few_of, fit_samples, places_at_random

    path, parsed = resource("examples", "lbw", "lbw.dta"), read_command(command)
    frame = read_variables(path, [variable.name for variable in describe(path).variables])
    places = places_at_random(frame.nrows, NODES, seed)
    samples = {f"node{k}": make_sample(frame.take(rows), parsed) for k, rows in enumerate(places, start=1)}
    return fit_samples(parsed, samples), fit_samples(parsed, samples, few=few_of(parsed, samples))


def _apart(usual: FitResult, few: FitResult) -> float:
    errors = np.sqrt(np.diag(usual.cov))
    there = errors > 0
    return float((np.abs(few.beta - usual.beta)[there] / errors[there]).max())


def _errors_apart(usual: FitResult, few: FitResult) -> float:
    first, second = np.sqrt(np.diag(usual.cov)), np.sqrt(np.diag(few.cov))
    return float(np.abs(second[first > 0] / first[first > 0] - 1).max())
