from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fedfolder.command.terms import Column
from fedfolder.likelihood import LIKELIHOODS, RowLikelihood
from fedfolder.plan.proposal import read_command
from fedfolder.questions import design as module
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.sample import Sample
from fedfolder.questions.specification import Specification

ALONE = Design(("a",), constant=True, centres=(0.0,), scales=(1.0,), mixing=((0.0,),), rescaling=(1.0,))
EIGHTHS = st.integers(-16, 16).map(lambda k: k / 8)


def sample_of(seed, n=40):
    rng = np.random.default_rng(seed)
    numeric = {name: rng.normal(3, 2, n) for name in "abc"} | {"y": (rng.random(n) < 0.5).astype(float)}
    return Sample(n, numeric, {}, dict.fromkeys("abcy", "numeric"))


@st.composite
def designs(draw, constant=None):
    constant = draw(st.booleans()) if constant is None else constant
    powers = st.integers(-3, 3).map(lambda k: 2.0**k)
    return Design(
        columns=("a", "b", "c"),
        constant=constant,
        centres=tuple(draw(EIGHTHS) if constant else 0.0 for _ in range(3)),
        scales=tuple(draw(powers) for _ in range(3)),
        mixing=tuple((draw(EIGHTHS) if constant else 0.0, *(draw(EIGHTHS) for _ in range(j))) for j in range(3)),
        rescaling=tuple(draw(powers) for _ in range(3)),
    )


def evaluate(sample, likelihood, design, beta):
    command = dataclasses.replace(read_command("logit y a b c"), depvar="y")
    asked = Evaluation(Specification(command, LIKELIHOODS[likelihood]), design, beta, np.zeros_like(beta))
    return asked.derivatives(asked.compute(sample))


def matrix(design, sample):
    return np.vstack([z for _, z in design.blocks(sample)])


@given(design=designs(), seed=st.integers(0, 99))
def test_the_matrix_is_the_formula(design, seed):
    sample = sample_of(seed)
    z = matrix(design, sample)
    u = [(sample.numeric[n] - c) * s for n, c, s in zip("abc", design.centres, design.scales, strict=True)]
    for j in range(3):
        expected = u[j] - design.mixing[j][0] - sum(a * u[k] for k, a in enumerate(design.mixing[j][1:]))
        np.testing.assert_allclose(z[:, j], design.rescaling[j] * expected, rtol=1e-12, atol=1e-12)
    if design.constant:
        assert (z[:, 3] == 1.0).all()
    assert z.shape == (40, len(design.terms))


@given(design=designs(), seed=st.integers(0, 99), cut=st.integers(0, 40))
def test_a_row_is_the_same_bits_in_every_split(design, seed, cut):
    sample = sample_of(seed)
    pieces = [matrix(design, part) for part in (sample.rows(0, cut), sample.rows(cut, 40)) if part.nobs]
    assert np.vstack(pieces).tobytes() == matrix(design, sample).tobytes()


@given(design=designs(), seed=st.integers(0, 99))
def test_the_way_back_to_the_units_of_the_data(design, seed):
    sample = sample_of(seed)
    rng = np.random.default_rng(seed)
    p = len(design.terms)
    beta, root = rng.normal(size=p), rng.normal(size=(p, p))
    b = design.to_user()
    g, cov = b @ beta, b @ root @ root.T @ b.T
    x = np.column_stack([*(sample.numeric[n] for n in "abc"), np.ones(40)][:p])
    z = matrix(design, sample)
    np.testing.assert_allclose(x @ g, z @ beta, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(x @ cov @ x.T, z @ (root @ root.T) @ z.T, rtol=1e-8, atol=1e-6)


@given(design=designs(), seed=st.integers(0, 99))
def test_unmixing_leads_from_the_derivatives_of_u_to_those_of_z(design, seed):
    sample, p = sample_of(seed), len(design.terms)
    plain = Design(
        design.columns, design.constant, design.centres, design.scales, ((0.0,), (0.0,) * 2, (0.0,) * 3), (1.0,) * 3
    )
    m = design.unmixing()
    beta = np.random.default_rng(seed).normal(size=p) / 10
    at_z = evaluate(sample, "logit", design, beta)
    at_u = evaluate(sample, "logit", plain, m.T @ beta)
    assert at_z.loglike == pytest.approx(at_u.loglike, rel=1e-10)
    np.testing.assert_allclose(at_z.score, m @ at_u.score, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(at_z.hessian, m @ at_u.hessian @ m.T, rtol=1e-8, atol=1e-5)


@given(design=designs())
def test_the_declaration_is_plain_json_that_reads_back_to_the_bit(design):
    said = design.declaration()
    assert json.loads(json.dumps(said)) == said
    assert tuple(map(float, said["centres"])) == design.centres
    assert tuple(tuple(map(float, row)) for row in said["mixing"]) == design.mixing
    assert "np." not in json.dumps(said)


ALONE_IN_ROWS = [
    name
    for name, likelihood in LIKELIHOODS.items()
    if isinstance(likelihood, RowLikelihood) and likelihood.predictors == 1 and not likelihood.categorical
    if likelihood.concave
    and likelihood.curved
    and not likelihood.roles
    and likelihood.can_have({"y": np.array([0.0, 1.0])}).all()
]


@pytest.mark.parametrize("model", ALONE_IN_ROWS)
@pytest.mark.parametrize("block", [7, 4096])
@given(design=designs(), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_an_evaluation_is_the_sum_over_rows_in_blocks_of_any_size(model, block, design, seed):
    sample, p = sample_of(seed), len(design.terms)
    beta = np.random.default_rng(seed).normal(size=p) / 10
    y, z = sample.numeric["y"], matrix(design, sample)
    likelihood = LIKELIHOODS[model]
    assert isinstance(likelihood, RowLikelihood)
    rows = likelihood.derivatives({"y": likelihood.outcome(y)}, (z @ beta)[None])
    assume(np.isfinite(rows.loglike).all())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found, again = (evaluate(sample, model, design, beta) for _ in range(2))
    assert found.nobs == 40
    assert found.loglike == pytest.approx(rows.loglike.sum(), rel=1e-11)
    size = np.abs(z).max() + 1
    np.testing.assert_allclose(found.score, z.T @ rows.score[0], rtol=1e-9, atol=1e-11 * size)
    np.testing.assert_allclose(found.hessian, (z * rows.hessian[0, 0][:, None]).T @ z, rtol=1e-9, atol=1e-11 * size**2)
    np.testing.assert_array_equal(found.hessian, found.hessian.T)
    assert found.hessian.tobytes() == again.hessian.tobytes()
    assert found.score.tobytes() == again.score.tobytes()


def test_no_rows_are_zeros():
    found = evaluate(sample_of(1, 0), "logit", ALONE, np.zeros(2))
    assert (found.nobs, found.loglike) == (0, 0.0)
    assert not found.score.any()
    assert not found.hessian.any()


def test_a_column_with_an_interaction_is_centred_as_a_product():
    sample = sample_of(2)
    design = dataclasses.replace(ALONE, columns=("c.a#c.b",), centres=(0.5,), scales=(2.0,))
    np.testing.assert_array_equal(matrix(design, sample)[:, 0], (sample.column(Column.parse("c.a#c.b")) - 0.5) * 2.0)
