"""Columns of factors as codes: an evaluation of a logit with 60 columns, most of them levels of four factors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.evaluation import by_tabmat, elsewhere
from benchmarks.report import Table
from fedfolder.plan.proposal import read_command
from fedfolder.questions import kept, row_sums
from fedfolder.questions.columns import DenseBasis
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.sample import FactorValues, Sample
from fedfolder.questions.specification import Specification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Bench

TITLE = "Factors"
ROWS, QUICK = 500_000, 20_000
FACTORS, LEVELS, NUMBERS = 4, 15, 3


def run(bench: Bench) -> Iterator[Table]:
    """By codes, dense, and by tabmat, which has codes too."""
    n = QUICK if bench.quick else ROWS
    rng = np.random.default_rng(3)
    codes: Any = {f"f{k}": rng.integers(0, LEVELS, n) for k in range(FACTORS)}
    numbers = {f"x{k}": rng.normal(size=n) for k in range(NUMBERS)}
    y = (rng.random(n) < 0.4).astype(np.float64)  # noqa: PLR2004 - any share
    levels = tuple(map(str, range(LEVELS)))
    held = {name: FactorValues(found, levels) for name, found in codes.items()}
    names = ["y", *numbers, *codes]
    by_codes, dense = (Sample(n, {"y": y, **numbers}, held, dict.fromkeys(names, "numeric")) for _ in range(2))
    asked = question()
    betas = elsewhere(asked)
    calls = {"codes": lambda: next(betas).compute(by_codes), "dense": lambda: _dense(next(betas), dense)}
    tabmat = bench.peer("tabmat")
    if tabmat is not None:
        parts = [tabmat.DenseMatrix(np.column_stack([*numbers.values(), np.ones(n)]))]
        parts += [tabmat.CategoricalMatrix(found, drop_first=True) for found in codes.values()]
        matrix = tabmat.SplitMatrix(parts)
        calls["tabmat"] = by_tabmat(matrix, y, np.full(matrix.shape[1], 0.1))
    times = bench.medians(calls)
    kept.forget()
    shown = [str(times[name]) if name in times else "" for name in ("codes", "dense", "tabmat")]
    figures = {"codes / dense": {"ratio": times["codes"].ratio(times["dense"]), "limit": 0.5}}
    if "tabmat" in times:
        figures["codes / tabmat"] = {"ratio": times["codes"].ratio(times["tabmat"])}
    yield Table(
        heading=("rows, columns", "by codes", "dense", "tabmat, by codes", "codes / dense"),
        rows=[[f"{n:,}, {len(asked.beta)}", *shown, f"{figures['codes / dense']['ratio']:.2f}"]],
        note=f"{FACTORS} factors of {LEVELS} levels, {NUMBERS} numbers and a constant; one worker.",
        figures=figures,
    )


def question() -> Evaluation:
    """The evaluation of a logit, its columns centred and scaled."""
    numbers = tuple(f"x{k}" for k in range(NUMBERS))
    indicators = tuple(f"{level}.f{k}" for k in range(FACTORS) for level in range(1, LEVELS))
    columns, share = (*numbers, *indicators), 1.0 / LEVELS
    p = len(columns)
    design = Design(
        columns,
        constant=True,
        centres=(*[0.0] * NUMBERS, *[share] * len(indicators)),
        scales=(*[1.0] * NUMBERS, *[4.0] * len(indicators)),
        mixing=tuple((0.0,) * (j + 1) for j in range(p)),
        rescaling=(1.0,) * p,
    )
    command = read_command(f"logit y {' '.join(numbers)} {' '.join(f'i.f{k}' for k in range(FACTORS))}")
    return Evaluation(Specification.of(command), design, np.full(p + 1, 0.1), np.zeros(p + 1))


def _dense(asked: Evaluation, sample: Sample) -> object:
    with _without_codes():
        return asked.compute(sample)


@contextmanager
def _without_codes() -> Iterator[None]:
    found: Any = row_sums
    before, found.basis_of = found.basis_of, DenseBasis
    try:
        yield
    finally:
        found.basis_of = before
