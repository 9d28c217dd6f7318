"""Cases that a review of the numbers and of the trust found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedfolder import pooled, simulate
from fedfolder.errors import TamperedAnswerError, VariableError
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import Sums


def far_out(value):
    rng = np.random.default_rng(5)
    x = rng.normal(size=240)
    y = (rng.random(240) < 1 / (1 + np.exp(-0.5 * x))).astype(float)
    x[0], y[0] = value, 1.0
    return pd.DataFrame({"x": x, "y": y})


@pytest.mark.parametrize("value", [1e3, 1e5, 3e5, 1e6])
def test_one_row_far_out_is_no_separation(value):
    found = pooled("logit y x", far_out(value))
    assert found.status == "converged"
    # At the maximum the score is zero, by the data themselves.
    frame = far_out(value)
    eta = found.params["x"] * frame["x"] + found.params["_cons"]
    residual = frame["y"] - 1 / (1 + np.exp(-eta))
    assert abs(residual.sum()) < 1e-6
    assert abs((residual * frame["x"]).iloc[1:].sum()) < 1e-3 * frame["x"].iloc[1:].abs().sum()


@pytest.mark.parametrize("level", ["a\n_cons |  9.9", "\x1b[2Jred", "a\u2028b"])
def test_a_category_that_would_forge_a_table_is_refused(level):
    frame = pd.DataFrame({"y": [0.0, 1.0] * 20, "g": (["plain", "plain", level, level] * 10)})
    with pytest.raises(VariableError, match="control characters"):
        simulate("logit y i.g", frame, nodes=2)


def moments(rows, nobs=40.0, nodes=1.0):
    return Sums({"nobs": nobs, "nodes": nodes}, ("column",), ("sum", "sum_of_squares"), rows)


@pytest.mark.parametrize(
    "rows",
    [
        {("y",): (50.0, 50.0), ("x",): (0.0, 1.0)},
        {("y",): (10.0, 11.0), ("x",): (0.0, 1.0)},
        {("y",): (10.5, 10.5), ("x",): (0.0, 1.0)},
        {("y",): (10.0, 10.0), ("x",): (100.0, 1.0)},
        {("y",): (10.0, 10.0), ("x\x1b[2J",): (0.0, 1.0)},
    ],
)
def test_moments_that_no_data_have_are_named(rows):
    command = read_command("logit y x")
    with pytest.raises(TamperedAnswerError):
        Moments(Specification.of(command)).check(moments(rows), where="north: m000001")


def test_a_log_likelihood_above_zero_is_named():
    frame = far_out(1.0)
    program = fit(Proposal(read_command("logit y x"), ()))
    question = next(program)
    from fedfolder.node.data import sample_from_frame

    sample = sample_from_frame(frame, read_command("logit y x"))
    evaluation = program.send((question, question.compute(sample)))
    answer = evaluation.compute(sample)
    raised = Sums({**answer.scalars, "loglike b1": 1e6}, answer.keys, answer.columns, answer.rows)
    with pytest.raises(TamperedAnswerError, match="higher than any can be"):
        evaluation.check(raised, where="north: m000002")


def test_sums_that_lead_nowhere_end_the_fit_with_an_error_of_ours():
    program = fit(Proposal(read_command("regress y x"), ()))
    next(program)
    evaluation = program.send((next(fit(Proposal(read_command("regress y x"), ()))), moments(
        {("y",): (10.0, 10.0), ("x",): (1.0, 10.0)}
    )))  # fmt: skip
    rows: dict[tuple[str, ...], tuple[float, ...]] = {
        ("b1", "xb", "x"): (1e308, -1e-308, 1e308),
        ("b1", "xb", "_cons"): (-1e308, 1e308, -1e-308),
    }
    poison = Sums(
        {"nobs": 40.0, "loglike b1": -1e308}, ("candidate", "equation", "term"), ("gradient", "xb:x", "xb:_cons"), rows
    )
    with pytest.raises(TamperedAnswerError, match="lead to no next step"):
        program.send((evaluation, poison))
