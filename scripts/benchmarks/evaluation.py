"""One evaluation of a logit: log-likelihood, score and Hessian at a beta, over columns that lie in memory."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.report import Table
from fedfolder.plan.proposal import read_command
from fedfolder.questions import kept
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.sample import Sample
from fedfolder.questions.specification import Specification
from fedfolder.questions.workers import using

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.report import Bench, Figures

TITLE = "An evaluation"
SHAPES = ((1_000_000, 10), (1_000_000, 30), (200_000, 100))
QUICK = ((20_000, 5),)
ONE_WORKER = 0.7
TWO_WORKERS = 1.3
AT = 30
"""Columns at which two workers are held against BLAS alone."""


def run(bench: Bench) -> Iterator[Table]:
    """A row a shape."""
    rows, figures = [], dict[str, dict[str, float]]()
    for n, k in QUICK if bench.quick else SHAPES:
        rows.append(_row(bench, n, k, figures))
        kept.forget()
    yield Table(
        heading=(
            "rows, columns",
            "ours",
            "two workers",
            "tabmat",
            "tabmat, one thread",
            "statsmodels",
            "dsyrk alone",
            "ours / tabmat",
            "ours / its one thread",
            "two / dsyrk",
        ),
        rows=rows,
        note="Log-likelihood, score and Hessian of a logit. tabmat and statsmodels use BLAS as it comes; dsyrk is the "
        "product of the whole weighted matrix with itself, in one thread.",
        figures=figures,
    )


def _row(bench: Bench, n: int, k: int, figures: Figures) -> list[str]:
    x, y, beta = drawn(n, k)
    betas, sample = elsewhere(question(k, beta)), sample_of(x, y)
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: next(betas).compute(sample),
        "two": lambda: _with_two(next(betas), sample),
        "dsyrk": lambda: _alone(x),
    }
    calls |= _peers(bench, x, y, beta)
    times = bench.medians(calls)
    name = f"n={n:,} k={k}"
    figures[f"{name} two workers / dsyrk"] = {"ratio": times["two"].ratio(times["dsyrk"])}
    if k == AT:
        figures[f"{name} two workers / dsyrk"]["limit"] = TWO_WORKERS
    if "tabmat" in times:
        figures[f"{name} / tabmat"] = {"ratio": times["ours"].ratio(times["tabmat"]), "limit": ONE_WORKER}
    names = ("ours", "two", "tabmat", "tabmat in one", "statsmodels", "dsyrk")
    shown = [str(times[call]) if call in times else "" for call in names]
    peers = ("tabmat", "tabmat in one")
    ratios = [f"{times['ours'].ratio(times[peer]):.2f}" if peer in times else "" for peer in peers]
    return [f"{n:,}, {k}", *shown, *ratios, f"{times['two'].ratio(times['dsyrk']):.2f}"]


def drawn(n: int, k: int) -> tuple[Any, Any, Any]:
    """Columns (n, k) in column order, an outcome of 0 and 1, and a beta."""
    rng = np.random.default_rng(k)
    x = np.asfortranarray(rng.normal(size=(n, k)))
    beta = rng.normal(size=k) / np.sqrt(k)
    return x, (rng.random(n) < 1 / (1 + np.exp(-x @ beta))).astype(np.float64), beta


def question(k: int, beta: Any) -> Evaluation:  # noqa: ANN401 - an array
    """A logit on k columns as they are."""
    names = tuple(f"x{j}" for j in range(k))
    mixing = tuple((0.0,) * (j + 1) for j in range(k))
    design = Design(names, constant=False, centres=(0.0,) * k, scales=(1.0,) * k, mixing=mixing, rescaling=(1.0,) * k)
    command = read_command(f"logit y {' '.join(names)}, noconstant")
    return Evaluation(Specification.of(command), design, beta, np.zeros(k))


def elsewhere(asked: Evaluation) -> Iterator[Evaluation]:
    """The question at another beta each time, as rounds ask it: what is computed at one beta is computed once."""
    for number in itertools.count():
        yield dataclasses.replace(asked, beta=asked.beta * (1.0 + 1e-9 * number))


def sample_of(x: Any, y: Any) -> Sample:  # noqa: ANN401 - arrays
    """The rows as a node holds them."""
    numeric = {f"x{j}": column for j, column in enumerate(x.T)} | {"y": y}
    return Sample(len(y), numeric, {}, dict.fromkeys(numeric, "numeric"))


def _with_two(asked: Evaluation, sample: Sample) -> object:
    with using(2):
        return asked.compute(sample)


def _alone(x: Any) -> object:  # noqa: ANN401 - an array
    from scipy.linalg.blas import dsyrk

    from fedfolder.questions.compute import one_thread

    with one_thread().limit(limits=1, user_api="blas"):
        return dsyrk(1.0, x, trans=1)


def _peers(bench: Bench, x: Any, y: Any, beta: Any) -> dict[str, Callable[[], object]]:  # noqa: ANN401 - arrays
    tabmat, statsmodels = bench.peer("tabmat"), bench.peer("statsmodels.api")
    found: dict[str, Callable[[], object]] = {}
    if tabmat is not None:
        sums = found["tabmat"] = by_tabmat(tabmat.DenseMatrix(x), y, beta)
        found["tabmat in one"] = lambda: _in_one_thread(sums)
    if statsmodels is not None:
        model = statsmodels.Logit(y, x)
        found["statsmodels"] = lambda: (model.loglike(beta), model.score(beta), model.hessian(beta))
    return found


def _in_one_thread(call: Callable[[], object]) -> object:
    from fedfolder.questions.compute import one_thread

    with one_thread().limit(limits=1):
        return call()


def by_tabmat(matrix: Any, y: Any, beta: Any) -> Callable[[], object]:  # noqa: ANN401 - arrays
    """The same sums by tabmat, with the rest as short as numpy has it."""

    def sums() -> object:
        eta = matrix.matvec(beta)
        p = 1.0 / (1.0 + np.exp(-eta))
        loglike = y @ eta - np.log1p(np.exp(eta)).sum()
        return loglike, matrix.transpose_matvec(y - p), matrix.sandwich(p * (1.0 - p))

    return sums
