"""Registry data: rows of few patterns, which are found once and then are all that an evaluation works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.evaluation import elsewhere
from benchmarks.report import Table
from fedfolder.plan.proposal import read_command
from fedfolder.questions import kept
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.sample import FactorValues, Sample
from fedfolder.questions.specification import Specification
from fedfolder.simulation import fit_samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Bench
    from benchmarks.timing import Times

TITLE = "Rows that are alike"
ROWS, QUICK = 10_000_000, 50_000
LEVELS = {"stage": 5, "region": 5, "sex": 2, "year": 5}
PEERS = ("glum", "statsmodels")
AGES = 10
"""With a yes or no, 5,000 patterns."""


def run(bench: Bench) -> Iterator[Table]:
    """One evaluation of a logit and a whole fit, on rows of 5,000 patterns."""
    sample, matrix, y = drawn(QUICK if bench.quick else ROWS)
    asked = question()
    fits = bench.medians({"ours": lambda: _fit(asked, sample), **_fits(bench, matrix, y)}, repeat=1)
    kept.forget()
    first = bench.medians({"ours": lambda: _first(asked, sample)}, repeat=1)
    betas = elsewhere(asked)
    times = bench.medians(
        {"ours": lambda: next(betas).compute(sample), **_evaluations(bench, matrix, y, asked.beta)}, repeat=3
    )
    yield Table(
        heading=(f"{sample.nobs:,} rows", "ours", "glum's, of tabmat", "statsmodels"),
        rows=[
            ["finding the patterns, and one evaluation", str(first["ours"]), "", ""],
            ["one evaluation after that", *_row(times)],
            ["a whole fit", *_row(fits)],
            ["of theirs", "", *(f"{fits['ours'].ratio(fits[name]):.2g}" if name in fits else "" for name in PEERS)],
        ],
        note=f"A logit on four factors and an age, {len(asked.beta)} parameters. The others work on the rows. Ours is "
        "all that a fit of one node in memory does, patterns, moments and checks included.",
        figures={f"ours / {name}": {"ratio": fits["ours"].ratio(fits[name])} for name in PEERS if name in fits},
    )


def _fit(asked: Evaluation, sample: Sample) -> object:
    kept.forget()
    return fit_samples(asked.specification.command, {"all": sample})


def _row(times: dict[str, Times]) -> list[str]:
    return [str(times[name]) if name in times else "" for name in ("ours", *PEERS)]


def drawn(n: int) -> tuple[Sample, Any, Any]:
    """The rows as a node holds them, and as others take them: a dense matrix with a constant, and the outcome."""
    rng = np.random.default_rng(7)
    factors: Any = {name: rng.integers(0, levels, n).astype(np.int8) for name, levels in LEVELS.items()}
    age: Any = rng.integers(0, AGES, n).astype(np.int8)
    eta = 0.1 * age + sum(0.2 * codes for codes in factors.values()) - 2.0
    y: Any = (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(np.int8)
    held = {name: FactorValues(codes, tuple(map(str, range(LEVELS[name])))) for name, codes in factors.items()}
    sample = Sample(n, {"y": y, "age": age}, held, dict.fromkeys(["y", "age", *LEVELS], "numeric"))
    dummies = [codes == level for name, codes in factors.items() for level in range(1, LEVELS[name])]
    matrix = np.empty((n, len(dummies) + 2), order="F")
    for j, column in enumerate([*dummies, age, np.ones(1)]):
        matrix[:, j] = column
    return sample, matrix, y.astype(np.float64)


def question() -> Evaluation:
    """The evaluation of a logit at a beta near its maximum."""
    labels = [f"{level}.{name}" for name, levels in LEVELS.items() for level in range(1, levels)]
    columns = (*labels, "age")
    p = len(columns)
    mixing = tuple((0.0,) * (j + 1) for j in range(p))
    design = Design(columns, constant=True, centres=(0.0,) * p, scales=(1.0,) * p, mixing=mixing, rescaling=(1.0,) * p)
    command = read_command(f"logit y {' '.join(f'i.{name}' for name in LEVELS)} age")
    return Evaluation(Specification.of(command), design, np.full(p + 1, 0.1), np.zeros(p + 1))


def _first(asked: Evaluation, sample: Sample) -> object:
    kept.forget()
    return asked.compute(sample)


def _fits(bench: Bench, matrix: Any, y: Any) -> dict[str, Any]:  # noqa: ANN401 - arrays
    glum, statsmodels = bench.peer("glum"), bench.peer("statsmodels.api")
    found: dict[str, Any] = {}
    if glum is not None:
        found["glum"] = lambda: glum.GeneralizedLinearRegressor(
            family="binomial", alpha=0, fit_intercept=False, gradient_tol=1e-8
        ).fit(matrix, y)
    if statsmodels is not None:
        found["statsmodels"] = lambda: statsmodels.Logit(y, matrix).fit(disp=0)
    return found


def _evaluations(bench: Bench, matrix: Any, y: Any, beta: Any) -> dict[str, Any]:  # noqa: ANN401 - arrays
    tabmat, statsmodels = bench.peer("tabmat"), bench.peer("statsmodels.api")
    found: dict[str, Any] = {}
    if tabmat is not None:
        from benchmarks.evaluation import by_tabmat

        found["glum"] = by_tabmat(tabmat.DenseMatrix(matrix), y, beta)
    if statsmodels is not None:
        model = statsmodels.Logit(y, matrix)
        found["statsmodels"] = lambda: (model.loglike(beta), model.score(beta), model.hessian(beta))
    return found
