"""Digits that Stata and R have printed for data sets that everybody has, with the rows at three nodes.

`printed.json` holds them with the commands they came from; `source` says where statsmodels keeps them. Each is held to
a unit of its last printed digit and `slack` standard errors, which is as near to the maximum as the other program came.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from fedfolder import simulate
from fedfolder.errors import CommandError
from fedfolder.plan.proposal import read_command
from tests.truth.datasets import DATA

CASES = json.loads((Path(__file__).parent / "printed.json").read_text(encoding="utf-8"), parse_float=Decimal)
NAMED = {
    "poisson deaths smokes i.agecat, exposure(pyears)": "-33.6001534405213",
    "poisson accident yr_con op_75_79, exposure(service)": "-91.28727940081573",
    "nbreg accident yr_con op_75_79, exposure(service)": "-82.49115612464288",
    "logit grade gpa tuce psi": "-12.8896334653335",
    "probit grade gpa tuce psi": "-12.8188033249334",
    "mlogit PID logpopul selfLR age educ income, baseoutcome(0)": "-1461.922747312",
    "poisson mdvis lncoins idp lpi fmde physlm disea hlthg hlthf hlthp": "-62419.588535018",
}
"""Fits that people know by their log-likelihoods."""
RELATIVE = 2e-8
"""Of test statistics and the like, which inherit where the other program stopped."""
CRITICAL = 3.0
"""Standard errors in half a confidence interval, and one for the coefficient."""
ROUNDING = 1e-13
"""Of log-likelihoods: sums of the same terms in another order."""


def unit(printed: Decimal) -> float:
    """One of the last digit that was printed; none is finer than the sixteenth."""
    exponent = printed.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(10.0**exponent, 1e-15 * abs(float(printed)))


def close(found: float, printed: Decimal, slack: float) -> bool:
    return abs(found - float(printed)) <= unit(printed) + slack


def asked(case):
    """The command, and the data that go with it.

    `glm` with a family that has no dispersion may have no analytic weights here. Stata scales them to a sum of n, so
    that importance or sampling weights that were scaled so stand for them.
    """
    command, frame = case["command"], DATA[case["data"]]()
    try:
        read_command(command)
    except CommandError:
        kind = "pw" if "vce(" in command else "iw"
        frame = frame.assign(scaled=frame["fweight"] * (len(frame) / frame["fweight"].sum()))
        command = command.replace("[aweight=fweight]", f"[{kind}=scaled]")
    return command, frame


def unlike(found, case):
    """The names of the numbers that differ from those printed, with both."""
    limits, slack = found.conf_int(), float(case["slack"])
    for name, (b, *others) in case["coef"].items():
        se = found.bse[name]
        have = (found.params[name], se, *limits.loc[name])
        for what, number, printed in zip(("b", "se", "lower", "upper"), have, (b, *others), strict=False):
            if printed is not None and not close(
                number, Decimal(printed), (1 if what in {"b", "se"} else CRITICAL) * slack * se
            ):
                yield name, what, number, printed


@pytest.mark.parametrize("case", CASES, ids=[f"{case['data']}: {case['command']}" for case in CASES])
def test_the_digits_are_those_printed(case):
    found = simulate(*asked(case), nodes=3)
    assert (found.status, found.nobs) == ("converged", case["n"])
    assert not list(unlike(found, case))
    assert set(case["coef"]) in ({*found.names}, set())
    for name in {"ll", "ll_0"} & set(case["stats"]):
        number = found.llf if name == "ll" else found.llnull
        assert number is not None
        printed = case["stats"][name]
        assert number is not None
        assert close(number, printed, ROUNDING * abs(number)), name
    for name in set(case["stats"]) - {"ll", "ll_0"}:
        assert found.stats[name] == pytest.approx(
            float(case["stats"][name]), rel=max(RELATIVE, float(case["slack"]))
        ), name


@pytest.mark.parametrize("command", NAMED)
def test_the_famous_log_likelihoods(command):
    (case,) = (case for case in CASES if case["command"] == command)
    assert str(case["stats"]["ll"]) == NAMED[command]
    found = simulate(command, DATA[case["data"]](), nodes=3, seed=2)
    digits = len(NAMED[command].partition(".")[2])
    assert abs(found.llf - float(NAMED[command])) <= max(1.1 * 10.0**-digits, ROUNDING * abs(found.llf))


def test_floats_are_what_the_eighth_digit_hangs_on():
    """Stata's digits came from gpa as a float: with the file's doubles the log-likelihood differs by 8e-7."""
    floats, doubles = (simulate("logit grade gpa tuce psi", DATA[name]()) for name in ("spector", "spector_csv"))
    assert 5e-7 < abs(floats.llf - doubles.llf) < 1e-6
    assert np.max(np.abs(floats.beta - doubles.beta) / floats.bse) < 1e-6
