"""Against another program, and columns written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings

from fedfolder import simulate
from tests.simulation.generated import SEEDS, births


def by_hand(frame):
    """The columns of `i.g##i.h##c.x`, by name, in Stata's order."""
    g = {level: (frame["g"] == level).to_numpy(float) for level in (1, 2, 3)}
    h = frame["h"].to_numpy(float)
    x = frame["x"].to_numpy(float)
    found = {f"{k}.g": g[k] for k in g} | {"1.h": h} | {f"{k}.g#1.h": g[k] * h for k in g} | {"x": x}
    found |= {f"{k}.g#c.x": g[k] * x for k in g} | {"1.h#c.x": h * x} | {f"{k}.g#1.h#c.x": g[k] * h * x for k in g}
    return found | {"_cons": np.ones(len(frame))}


def agrees(found, other, names):
    assert found.names == tuple(names)
    se = np.asarray(other.bse)
    np.testing.assert_allclose(found.beta / se, np.asarray(other.params) / se, rtol=0, atol=2e-8)
    np.testing.assert_allclose(found.bse, se, rtol=1e-7)
    assert found.llf == pytest.approx(other.llf, rel=1e-10)


@pytest.mark.parametrize("model", ["logit b", "regress y"])
@given(seed=SEEDS)
@settings(max_examples=8, deadline=None)
def test_three_way_interactions_are_the_columns_written_out(model, seed):
    frame = births(seed, 600).assign(x=lambda f: (f["x"] - 30) / 5)
    frame["h"] = (np.random.default_rng(seed).random(600) < 0.4).astype(int)
    columns = by_hand(frame)
    X = np.column_stack(list(columns.values()))
    if model == "regress y":
        other = sm.OLS(frame["y"], X).fit()
    else:
        other = sm.Logit(frame["b"], X).fit(method="newton", maxiter=50, tol=1e-14, disp=False)
    agrees(simulate(f"{model} i.g##i.h##c.x", frame, nodes=4, seed=seed), other, columns)


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_random_designs_agree(seed):
    rng = np.random.default_rng(seed)
    p, constant = int(rng.integers(1, 7)), bool(rng.random() < 0.7)
    frame = births(seed, 300)
    names = [f"v{j}" for j in range(p)]
    mix = rng.normal(size=(p, p))
    X = rng.normal(size=(300, p)) @ mix * 10.0 ** rng.integers(-3, 4, p) + 10.0 ** rng.integers(-2, 3, p) * constant
    frame[names] = X
    # The other program scales and centres no columns, so it gets them ready.
    size = X.std(axis=0) if constant else np.sqrt((X**2).mean(axis=0))
    other_X = sm.add_constant((X - X.mean(axis=0)) / size, prepend=False) if constant else X / size
    terms = " ".join(names) + ("" if constant else ", noconstant")
    logit = sm.Logit(frame["b"], other_X).fit(method="newton", maxiter=60, tol=1e-10, disp=False)
    for command, other in ((f"logit b {terms}", logit), (f"regress y {terms}", sm.OLS(frame["y"], other_X).fit())):
        found = simulate(command, frame, nodes=3, seed=seed)
        assert found.status == "converged"
        se = np.asarray(other.bse)[:p]
        np.testing.assert_allclose(found.beta[:p] * size / se, np.asarray(other.params)[:p] / se, rtol=0, atol=1e-6)
        np.testing.assert_allclose(found.bse[:p] * size, se, rtol=1e-6)
        assert found.llf == pytest.approx(other.llf, rel=1e-9)


def test_levels_and_bases_are_those_of_stata():
    frame = births(3)
    assert simulate("logit b ib2.g", frame).names == ("0.g", "1.g", "3.g", "_cons")
    assert simulate("logit b i.t", frame).names == ("a.b.t", '"say ""hm""".t', "_cons")
    found = simulate("regress y i.g#c.x", frame)
    assert found.names == ("0.g#c.x", "1.g#c.x", "2.g#c.x", "3.g#c.x", "_cons")
    assert found.bases == {"g": "0"}
