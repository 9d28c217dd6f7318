"""The digits that Stata prints for lbw.dta: the demo, and the example of [R] logit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fedfolder import pooled, simulate

LBW = Path(__file__).parents[2] / "examples" / "lbw" / "lbw.csv"
EIGHT = "logit low age lwt i.race smoke ptl ht ui"
PRINTED = {  # as printed by Stata: seven digits of each coefficient and standard error
    "age": (-0.0271003, 0.0364504),
    "lwt": (-0.0151508, 0.0069259),
    "2.race": (1.262647, 0.5264101),
    "3.race": (0.8620792, 0.4391532),
    "smoke": (0.9233448, 0.4008266),
    "ptl": (0.5418366, 0.346249),
    "ht": (1.832518, 0.6916292),
    "ui": (0.7585135, 0.4593768),
    "_cons": (0.4612239, 1.20459),
}


def printed(value):
    """To seven significant digits, and never more than seven decimals, as Stata's %9.0g has them."""
    decimals = 7 - len(str(int(abs(value)))) if abs(value) >= 1 else 7
    return round(value, decimals)


@pytest.fixture(scope="module")
def lbw():
    return pd.read_csv(LBW)


def test_the_demo_as_published(lbw):
    found = simulate("logit low age smoke", lbw, nodes=3, seed=1)
    assert found.llf == pytest.approx(-113.63814580140382, rel=1e-15, abs=1e-12)
    assert found.llnull == pytest.approx(-117.33599809660922, abs=1e-12)
    se = found.bse
    published = {"age": -0.0497792742582770, "smoke": 0.691848676936729, "_cons": 0.0609055366130124}
    for name, coefficient in published.items():
        assert abs(found.params[name] - coefficient) <= 1e-8 * se[name]  # what a decrement below 1e-16 means
    np.testing.assert_allclose(se, [0.031971957, 0.321806118, 0.757319899], rtol=0, atol=6e-10)
    assert found.iterations[0][0] == 0
    assert found.iterations[0][1] == pytest.approx(189 * np.log(0.5), rel=1e-15)
    assert f"{found.iterations[0][1]:.5f}" == "-131.00482"
    assert f"{found.iterations[-1][1]:.5f}" == "-113.63815"
    assert (found.rounds, found.evaluations) == (6, 5)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_eight_covariates_as_printed(lbw, seed):
    found = simulate(EIGHT, lbw, nodes=3, seed=seed)
    assert {n: (printed(found.params[n]), printed(found.bse[n])) for n in found.names} == PRINTED
    assert (f"{found.llf:.3f}", f"{found.llnull:.3f}") == ("-100.724", "-117.336")
    assert found.nobs == 189


@pytest.mark.parametrize("command", ["logit low age smoke", EIGHT, "regress bwt age lwt i.race smoke ht ui"])
def test_federated_and_pooled_agree_as_promised_for_the_named_cases(lbw, command):
    everything = pooled(command, lbw)
    for seed in range(5):
        found = simulate(command, lbw, nodes=3, seed=seed)
        unit = np.maximum(np.abs(everything.beta), everything.bse.to_numpy())
        assert np.all(np.abs(found.beta - everything.beta) <= 1e-12 * unit)
        np.testing.assert_allclose(found.bse, everything.bse, rtol=1e-12)
        assert found.llf == pytest.approx(everything.llf, rel=1e-13)
