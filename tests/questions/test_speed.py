"""What makes an evaluation fast changes no answer: each trick is turned off, and the answer is the same."""

from __future__ import annotations

import dataclasses
import gc
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions import basis, coded, kept, patterns, prepared, row_sums, workers
from fedfolder.questions import design as design_module
from fedfolder.questions.columns import Dense, DenseBasis
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.sample import Sample
from fedfolder.questions.scores import Scores
from fedfolder.questions.sums import add
from fedfolder.questions.together import single
from tests.likelihood.samples import ROWS, rows_of

N = 20_000
FACTORED = "logit y i.a age i.b c.age#c.age i.c"
ALL = (
    "logit y age x",
    "probit y i.a age [fw=w]",
    "poisson y i.a age, exposure(t)",
    "nbreg y age, exposure(t)",
    "mlogit a age x [pw=t]",
    "ologit a age",
    "regress x age i.b [iw=t]",
    "glm w age, family(gamma) link(log)",
    "clogit y age x, group(g)",
)


@pytest.fixture(autouse=True)
def _nothing_kept():
    kept.forget()
    basis.basis_of.cache_clear()
    yield
    kept.forget()
    basis.basis_of.cache_clear()


def registry(n=N, seed=1):
    """Rows of some hundreds of patterns, one rare level and one that nearly all rows have."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(20, 24, n), "x": rng.integers(0, 3, n), "w": rng.integers(1, 3, n)})
    for name, levels in (("a", 4), ("b", 15), ("c", 15)):
        frame[name] = rng.integers(0, levels, n)
    frame.loc[rng.random(n) < 0.9, "c"] = 7
    frame["t"] = rng.integers(1, 3, n) / 2
    frame["g"] = np.arange(n) // 4
    frame["y"] = (rng.random(n) < 0.2 + 0.02 * frame["b"]).astype(int) + 0.0
    if n:
        frame.loc[frame.index % 7 == 0, "y"] += 1
    return frame


def asked(command, frame, kind=Evaluation, most=4):
    """A sample, and the last of the questions of one kind that a fit asks of it."""
    parsed = read_command(command)
    sample = sample_from_frame(frame, parsed)
    program = fit(Proposal(parsed, (("n", ""),)))
    found: list[Evaluation] = []
    question = next(program)
    while len(found) < most:
        found += [part for part in single(question) if isinstance(part, kind) and part.design.columns]
        try:
            question = program.send((question, add([question.compute(sample)])))
        except StopIteration:
            break
    return found[-1], sample


def bits(sums):
    return repr((sums.scalars, sums.rows))


def away(question, found, other):
    """The largest difference: of the log-likelihood in itself, of derivatives in standard errors."""
    a, b = (question.derivatives(each) for each in (found, other))
    unit = 1 / np.sqrt(np.abs(np.diagonal(b.hessian)))
    return max(
        abs(a.loglike / b.loglike - 1),
        float(np.abs((a.score - b.score) * unit).max() / np.sqrt(b.nobs)),
        float(np.abs((a.hessian - b.hessian) * np.outer(unit, unit)).max()),
    )


def again(question):
    """An equal question with nothing in common, as a node makes one in every round."""
    design = dataclasses.replace(question.design, columns=tuple(str(label) for label in question.design.columns))
    return dataclasses.replace(question, design=design, beta=question.beta.copy())


# -- kept -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ALL)
def test_what_is_kept_is_what_would_be_made_anew(command, monkeypatch):
    question, sample = asked(command, registry(2000))
    first = bits(question.compute(sample))
    assert bits(question.compute(sample)) == first
    monkeypatch.setattr(prepared, "KEPT_BYTES", 0)
    kept.forget()
    assert bits(question.compute(sample)) == first
    assert not any(made.nbytes for made in kept.all_of(prepared.KIND))


def test_nothing_of_the_columns_is_computed_again_between_rounds(monkeypatch):
    question, sample = asked("logit y age x", registry(2000))
    expected = bits(question.compute(sample))

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(Sample, "column", never)
    monkeypatch.setattr(type(question.specification), "rows", never)
    assert bits(again(question).compute(sample)) == expected
    with pytest.raises(AssertionError):
        dataclasses.replace(question, design=dataclasses.replace(question.design, centres=(1.0, 1.0))).compute(sample)


def test_what_is_kept_goes_with_its_sample():
    question, sample = asked("logit y age x", registry())
    question.compute(sample)
    assert kept.all_of(prepared.KIND)
    del sample
    gc.collect(0)
    assert not kept.all_of(prepared.KIND)


def test_no_more_is_kept_than_a_limit_says(monkeypatch):
    question, sample = asked("logit y age x", registry(2000))
    kept.forget()
    one = 2000 * 8 * (3 + 2)
    monkeypatch.setattr(prepared, "KEPT_BYTES", one + one // 2)
    samples = [sample.where(np.ones(2000, dtype=bool)) for _ in range(3)]
    answers = {bits(question.compute(each)) for each in samples}
    assert len(answers) == 1
    assert [made.nbytes for made in kept.all_of(prepared.KIND)].count(0) == 2


@pytest.mark.parametrize("name", ROWS)
def test_prepared_rows_give_the_bits_of_plain_ones(name):
    likelihood, rng = ROWS[name], np.random.default_rng(3)
    rows, eta = rows_of(likelihood, 50, rng), rng.normal(size=(likelihood.predictors, 50)) / 4 - 1
    plain, ready = likelihood.derivatives(rows, eta), likelihood.derivatives(likelihood.prepared(rows), eta)
    assert [part.tobytes() for part in plain] == [part.tobytes() for part in ready]


# -- one sign ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [3, 20])
@pytest.mark.parametrize("sign", [-1.0, 1.0, 0.0])
def test_products_are_right_whatever_the_signs_of_the_second_derivatives(width, sign):
    rng = np.random.default_rng(4)
    z, h = np.asfortranarray(rng.normal(size=(50, width))), rng.normal(size=50)
    h = sign * np.abs(h) if sign else h
    found = Dense(z).products(h, np.empty((width, 50)))
    np.testing.assert_allclose(found, (z * h[:, None]).T @ z, rtol=1e-12, atol=1e-12)


def test_a_second_derivative_that_is_not_defined_does_not_vanish():
    z, h = np.ones((5, 20), order="F"), np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    assert np.isnan(Dense(z).products(h, np.empty((20, 5)))).all()


# -- workers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ALL)
def test_the_bits_are_the_same_for_any_number_of_workers(command, monkeypatch):
    monkeypatch.setattr(design_module, "BLOCK", 128)
    question, sample = asked(command, registry(3000))
    found = set()
    for number in (1, 2, 3, 5):
        kept.forget()
        with workers.using(number):
            found |= {bits(question.compute(sample)) for _ in range(2)}
    assert len(found) == 1


def test_workers_take_part_and_none_is_left_behind(monkeypatch):
    monkeypatch.setattr(design_module, "BLOCK", 64)
    question, sample = asked("logit y age x", registry(3000))
    seen = set()
    real = ROWS["logit"].derivatives

    def watched(_, rows, eta):
        seen.add(threading.current_thread().name)
        return real(rows, eta)

    monkeypatch.setattr(type(ROWS["logit"]), "derivatives", watched)
    before = threading.active_count()
    kept.forget()
    with workers.using(2):
        question.compute(sample)
    assert any(name.startswith("fedfolder-worker") for name in seen)
    assert threading.active_count() == before
    seen.clear()
    kept.forget()
    question.compute(sample)
    assert seen == {threading.current_thread().name}


def test_few_rows_need_no_worker():
    question, sample = asked("logit y age x", registry(300))
    with workers.using(2):
        list(workers.in_order(lambda part: part, [1]))
        question.compute(sample)
    assert list(workers.in_order(lambda part: part, [])) == []


def test_the_error_of_a_worker_is_that_of_the_first_part():
    def fails(part):
        raise ValueError(str(part))

    with workers.using(2), pytest.raises(ValueError, match="0"):
        list(workers.in_order(fails, range(9)))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fedfolder-worker")]


# -- patterns ---------------------------------------------------------------------------------------------------------

ROW_BY_ROW = [command for command in ALL if not command.startswith("clogit")]


def without_patterns(monkeypatch):
    kept.forget()
    monkeypatch.setattr(patterns, "FEWEST", 10**9)


@pytest.mark.parametrize("command", ROW_BY_ROW)
def test_patterns_answer_as_their_rows_do(command, monkeypatch):
    question, sample = asked(command, registry())
    weight = question.specification.command.weight
    found = patterns.patterns(sample, weight.variable if weight else None)
    assert found is not None
    assert found.sample.nobs < N / 10
    collapsed = question.compute(sample)
    without_patterns(monkeypatch)
    rows = question.compute(sample)
    assert collapsed.scalars["nobs"] == rows.scalars["nobs"] == N
    assert collapsed.scalars.get("weight") == rows.scalars.get("weight")
    assert away(question, collapsed, rows) <= 1e-12
    for name in question.specification.likelihood.also:
        assert collapsed.scalars[f"{name} b1"] == pytest.approx(rows.scalars[f"{name} b1"], rel=1e-12)


@pytest.mark.parametrize("command", ["logit y age i.a [pw=t]", "logit y age i.a, vce(cluster g)"])
def test_products_of_scores_are_those_of_rows(command, monkeypatch):
    question, sample = asked(command, registry(), kind=Scores)
    assert patterns.patterns(sample, "t" if "pw" in command else None) is not None
    found = bits(question.compute(sample))
    without_patterns(monkeypatch)
    assert bits(question.compute(sample)) == found


def test_patterns_are_the_distinct_rows_in_their_order_with_the_sums_of_weights():
    frame = registry()
    sample = sample_from_frame(frame, read_command("logit y age i.a [iw=t]"))
    found = patterns.patterns(sample, "t")
    grouped = frame.assign(y=frame["y"] != 0).groupby(["y", "age", "a"], sort=False)["t"].sum()
    assert found is not None
    y = found.sample.numeric["y"] != 0
    expected = grouped.to_dict()
    told: dict[tuple[float, ...], float] = {}
    for key, weight in zip(
        zip(y.tolist(), found.sample.numeric["age"].tolist(), found.sample.factors["a"].codes.tolist(), strict=True),
        found.weights.tolist(),
        strict=True,
    ):
        told[key] = told.get(key, 0.0) + weight
    assert told == expected


def alike(n, distinct, order):
    rng = np.random.default_rng(5)
    x = rng.integers(0, distinct, n) if order == "mixed" else np.arange(n) % distinct
    x = np.sort(x) if order == "sorted" else x
    return Sample(n, {"x": x.astype(float), "y": (x % 2).astype(float)}, {}, {"x": "numeric", "y": "numeric"})


@pytest.mark.parametrize("order", ["mixed", "sorted", "in turns"])
@pytest.mark.parametrize(("distinct", "collapses"), [(10, True), (30_000, True), (150_000, False), (10**9, False)])
def test_rows_collapse_where_that_halves_them(order, distinct, collapses):
    assert (patterns.patterns(alike(200_000, distinct, order), None) is not None) == collapses


def test_columns_of_distinct_numbers_are_given_up_after_a_first_look(monkeypatch):
    looked: list[int] = []
    real = patterns.hashes

    def watched(columns, nobs):
        looked.append(nobs)
        return real(columns, nobs)

    monkeypatch.setattr(patterns, "hashes", watched)
    n = 1_000_000
    sample = Sample(n, {"x": np.random.default_rng(6).normal(size=n)}, {}, {"x": "numeric"})
    assert patterns.patterns(sample, None) is None
    assert sum(looked) <= patterns.FEWEST


def test_rows_of_one_hash_that_differ_are_no_pattern(monkeypatch):
    monkeypatch.setattr(patterns, "hashes", lambda _, nobs: np.zeros(nobs, dtype=np.uint64))
    assert patterns.patterns(alike(20_000, 5, "mixed"), None) is None


def test_small_types_and_negative_zeros_are_the_same_rows():
    x = np.random.default_rng(7).integers(-2, 3, N)  # a zero is 0.0 in one row and -0.0 in another
    made = []
    for kind in (np.int8, np.int16, np.float32, np.float64):
        numeric: Any = {"x": x.astype(kind), "y": (x > 0).astype(kind)}
        numeric["x"][::2] *= 1 if np.issubdtype(kind, np.integer) else np.where(x[::2] == 0, -1, 1).astype(kind)
        found = patterns.patterns(Sample(N, numeric, {}, {"x": "numeric", "y": "numeric"}), None)
        assert found is not None
        made.append((found.sample.numeric["x"].tolist(), found.weights.tolist()))
    assert made == made[:1] * 4


# -- factors as codes -------------------------------------------------------------------------------------------------


def without_codes(monkeypatch):
    kept.forget()
    monkeypatch.setattr(row_sums, "basis_of", DenseBasis)


@pytest.mark.parametrize("command", [FACTORED, FACTORED.replace("logit", "poisson"), "mlogit a age i.b i.c"])
def test_codes_answer_as_dense_columns_do(command, monkeypatch):
    monkeypatch.setattr(patterns, "FEWEST", 10**9)
    monkeypatch.setattr(coded, "SUM_BY_CODE", 1.0)
    basis.basis_of.cache_clear()
    frame = registry(6000)
    question, sample = asked(command, frame)
    assert isinstance(basis.basis_of(question.design), coded.CodedBasis)
    by_codes = question.compute(sample)
    without_codes(monkeypatch)
    assert away(question, by_codes, question.compute(sample)) <= 1e-13


def test_codes_of_interactions_and_of_levels_that_are_nowhere_here(monkeypatch):
    monkeypatch.setattr(coded, "SUM_BY_CODE", 0.1)
    basis.basis_of.cache_clear()
    frame = registry(4000)
    question, _ = asked("logit y i.a##i.x age", frame)
    assert isinstance(basis.basis_of(question.design), coded.CodedBasis)
    here = sample_from_frame(frame[(frame["a"] != 2) & (frame["x"] != 1)], read_command("logit y i.a##i.x age"))
    by_codes = question.compute(here)
    without_codes(monkeypatch)
    dense = question.compute(here)
    question.check(by_codes, where="n")
    a, b = (question.derivatives(each) for each in (by_codes, dense))
    np.testing.assert_allclose(a.hessian, b.hessian, rtol=0, atol=1e-12 * np.abs(b.hessian).max())
    np.testing.assert_allclose(a.score, b.score, rtol=0, atol=1e-12 * np.abs(b.hessian).max())


def test_few_columns_stay_dense():
    question, _ = asked("logit y i.a age", registry(3000))
    assert coded.coded_basis(question.design) is None


def test_columns_that_are_nearly_one_stay_dense(monkeypatch):
    monkeypatch.setattr(coded, "SUM_BY_CODE", 0.1)
    basis.basis_of.cache_clear()
    frame = registry(40_000)
    frame["d"] = frame["b"].where(frame.index >= 3, (frame["b"] + 1) % 15)
    question, _ = asked("logit y i.b i.d", frame)
    assert isinstance(basis.basis_of(question.design), DenseBasis)


# -- centred columns, carried to the freed ones -----------------------------------------------------------------------


@pytest.mark.parametrize("command", ALL)
def test_centred_columns_answer_as_freed_ones_do(command, monkeypatch):
    monkeypatch.setattr(patterns, "FEWEST", 10**9)
    frame = registry(6000)
    frame["x"] += 0.5 * frame["age"]
    question, sample = asked(command, frame)
    carried = question.compute(sample)
    kept.forget()
    monkeypatch.setattr(row_sums, "basis_of", DenseBasis)
    assert away(question, carried, question.compute(sample)) <= 1e-13


def test_the_columns_that_a_fit_begins_with_serve_the_freed_design_too(monkeypatch):
    frame = registry(2000)
    frame["x"] += 0.5 * frame["age"]
    question, sample = asked("logit y age x", frame)
    assert isinstance(basis.basis_of(question.design), basis.CentredBasis)
    assert any(any(row) for row in question.design.mixing)
    first = dataclasses.replace(question, design=question.design.centred())
    assert isinstance(basis.basis_of(first.design), DenseBasis)
    first.compute(sample)

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(Sample, "column", never)
    question.compute(sample)


@pytest.mark.parametrize(("apart", "held"), [(1.0, basis.CentredBasis), (0.3, basis.CentredBasis), (0.01, DenseBasis)])
def test_columns_that_are_nearly_collinear_are_freed_row_by_row(apart, held):
    frame = registry(6000)
    frame["x"] = frame["age"] + apart * np.random.default_rng(2).normal(size=len(frame))
    for model in ("logit y", "poisson y", "regress w"):
        question, _ = asked(f"{model} age x", frame, most=2)
        assert isinstance(basis.basis_of(question.design), held)


@pytest.mark.parametrize("command", ["poisson y age x", "poisson y age x [fw=w]", "glm y age x, family(poisson)"])
def test_where_few_rows_say_nearly_all_the_digits_are_kept(command, monkeypatch):
    """They lie far off, and in them the columns are one: what is left of the second is lost in what it is freed of."""
    monkeypatch.setattr(patterns, "FEWEST", 10**9)
    rng, frame = np.random.default_rng(0), registry(3000)
    for name, spread in (("age", 1.0), ("x", 30.0)):
        frame[name] = rng.normal(size=len(frame)) * spread + (0.0 if name == "age" else frame["age"])
        frame.loc[frame.index < 20, name] = 1000.0
    frame["y"] = rng.poisson(np.exp(0.008 * frame["age"])).astype(float)
    question, sample = asked(command, frame, most=30)
    assert isinstance(basis.basis_of(question.design), basis.CentredBasis)
    carried = question.derivatives(question.compute(sample)).hessian
    kept.forget()
    monkeypatch.setattr(row_sums, "basis_of", DenseBasis)
    dense = question.derivatives(question.compute(sample)).hessian
    variances, expected = (np.diagonal(np.linalg.inv(-hessian)) for hessian in (carried, dense))
    np.testing.assert_allclose(variances, expected, rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_beta_beyond_all_bounds_gives_no_warning_of_numpy():
    frame = registry(2000)
    frame["x"] += 0.5 * frame["age"]
    question, sample = asked("poisson y age x", frame)
    assert isinstance(basis.basis_of(question.design), basis.CentredBasis)
    beyond = dataclasses.replace(question, beta=np.full_like(question.beta, 1e5))
    assert not np.isfinite(beyond.derivatives(beyond.compute(sample)).loglike)
