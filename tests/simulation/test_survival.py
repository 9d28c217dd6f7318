"""Survival models over nodes: times, failures and entries as the data have them."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from fedfolder import pooled, simulate
from fedfolder.cli import cli
from fedfolder.command import parse
from fedfolder.command.arguments import DISTRIBUTIONS
from fedfolder.errors import PolicyError, UnknownNameError, VariableError
from fedfolder.node.data import sample_from_frame
from fedfolder.questions.moments import Moments
from fedfolder.questions.sites import other_units
from fedfolder.questions.specification import Specification
from fedfolder.stata import posting
from fedfolder.stata.stripe import stripe
from tests.simulation.comparing import alike

NAMES = sorted({meant for meant, _ in DISTRIBUTIONS.values()})
TIMES = "time(t) failure(d) entry(t0)"
each = pytest.mark.parametrize("distribution", NAMES)


def followed(n=240, seed=3):
    """Persons from diagnosis to death or censoring, some of them observed only later on."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": np.round(rng.uniform(40, 80, n)), "stage": rng.integers(1, 4, n)})
    death = 6.0 * rng.weibull(1.3, n) * np.exp(-0.3 * (frame["stage"] - 2) - 0.01 * (frame["age"] - 60))
    end = rng.uniform(0.5, 8.0, n)
    frame["d"] = (death <= end).astype(float)
    frame["t"] = np.round(np.minimum(death, end), 3) + 0.001
    frame["t0"] = np.round(frame["t"] * rng.uniform(0.05, 0.9, n), 3) * rng.integers(0, 2, n)
    return frame


FRAME = followed()


def nodes(frame):
    """Three parts of uneven size, the last one of a single row."""
    return [frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 : -1], frame.iloc[-1:]]


def command(distribution, more="", times=TIMES, terms="age i.stage"):
    return f"streg {terms}, distribution({distribution}) {times} {more}".rstrip()


@each
def test_rows_that_are_parted_give_the_same_fit(distribution):
    whole = simulate(command(distribution), nodes(FRAME))
    middle = np.round((FRAME["t"] + FRAME["t0"]) / 2, 4)
    parted = pd.concat([FRAME.assign(t=middle, d=0.0), FRAME.assign(t0=middle)])
    found = simulate(command(distribution), nodes(parted))
    alike(found, whole)
    assert found.nobs == 2 * whole.nobs
    assert found.llnull == pytest.approx(whole.llnull, rel=1e-11)
    assert found.stats == pytest.approx(whole.stats, rel=1e-9)


@each
@pytest.mark.parametrize("unit", [365.25, 31_557_600.0])
def test_the_unit_of_time_changes_the_constant_alone(distribution, unit):
    years = simulate(command(distribution), nodes(FRAME))
    found = simulate(command(distribution), nodes(FRAME.assign(t=unit * FRAME["t"], t0=unit * FRAME["t0"])))
    slopes = [place for place, name in enumerate(years.names) if name not in {"_cons", "/gamma"}]
    assert np.max(np.abs(found.beta - years.beta)[slopes] / years.bse.iloc[slopes]) <= 1e-7
    np.testing.assert_allclose(found.bse.iloc[slopes], years.bse.iloc[slopes], rtol=1e-7)
    assert found.llf == pytest.approx(years.llf, rel=1e-11)
    assert found.rounds <= years.rounds + 2


@pytest.mark.parametrize("distribution", ["loglogistic", "lognormal"])
def test_without_a_constant_a_fit_in_seconds_ends_at_the_maximum_that_scipy_sees(distribution):
    """No place to begin is near ln(t) then but one that the terms lead to."""
    seconds = FRAME.assign(t=31_557_600.0 * FRAME["t"], t0=31_557_600.0 * FRAME["t0"])
    found = simulate(command(distribution, more="noconstant", terms="age"), nodes(seconds))

    def loglike(beta):
        scale, shape = np.exp(beta[0] * seconds["age"]), np.exp(beta[1])
        law = stats.fisk(1 / shape, scale=scale) if distribution == "loglogistic" else stats.lognorm(shape, scale=scale)
        at_end = np.where(seconds["d"] > 0, law.logpdf(seconds["t"]) + np.log(seconds["t"]), law.logsf(seconds["t"]))
        return (at_end - law.logsf(seconds["t0"])).sum()

    assert found.names == ("age", f"/ln{'gamma' if distribution == 'loglogistic' else 'sigma'}")
    assert found.llf == pytest.approx(loglike(found.beta), rel=1e-10)
    for step in (*np.eye(2), *-np.eye(2)):
        assert loglike(found.beta) > loglike(found.beta + 1e-3 * step * found.bse.to_numpy())


def test_an_exponential_model_is_poisson_with_the_time_at_risk_as_exposure():
    found = simulate(command("exponential"), nodes(FRAME))
    other = simulate("generate y = t-t0; poisson d age i.stage, exposure(y)", nodes(FRAME))
    assert np.max(np.abs(found.beta - other.beta) / other.bse) <= 1e-8
    np.testing.assert_allclose(found.bse, other.bse, rtol=1e-8)
    failed = FRAME[FRAME["d"] > 0]
    in_time = np.log(failed["t"] / (failed["t"] - failed["t0"])).sum()
    assert found.llf == pytest.approx(other.llf + in_time, rel=1e-10)
    assert found.stats["N_fail"] == FRAME["d"].sum()
    assert found.stats["risk"] == pytest.approx((FRAME["t"] - FRAME["t0"]).sum(), rel=1e-12)


@each
def test_stata_is_told_of_the_shape_under_its_own_names(distribution):
    """E(k_aux), and e(aux_p), e(gamma) or e(sigma): what the table shows below the line."""
    found = simulate(command(distribution), nodes(FRAME))
    told = posting.scalars(found, stripe(found))
    names = {"weibull": "aux_p", "gompertz": "gamma", "loglogistic": "gamma", "lognormal": "sigma"}
    of_shape = {name: told[name] for name in ("aux_p", "gamma", "sigma") if name in told}
    assert told["k_aux"] == len(of_shape) == (distribution in names)
    for name, value in of_shape.items():
        assert name == names[distribution]
        assert value == pytest.approx(found.beta[-1] if distribution == "gompertz" else math.exp(found.beta[-1]))
    assert told["N_fail"] == FRAME["d"].sum()
    assert told["risk"] == pytest.approx((FRAME["t"] - FRAME["t0"]).sum())


@each
def test_a_model_of_the_constant_alone_is_the_null_model_of_another(distribution):
    found = simulate(command(distribution), nodes(FRAME))
    alone = simulate(command(distribution, terms=""), nodes(FRAME))
    assert alone.llf == pytest.approx(found.llnull, rel=1e-12)
    assert found.stats["chi2"] == pytest.approx(2 * (found.llf - alone.llf), rel=1e-9)
    assert "r2_p" not in found.stats


@each
def test_a_level_without_failures_is_separation_as_of_poisson(distribution):
    frame = FRAME.assign(d=np.where(FRAME["stage"] == 3, 0.0, FRAME["d"]))
    found = simulate(command(distribution), nodes(frame))
    other = simulate("generate y = t-t0; poisson d age i.stage, exposure(y)", nodes(frame))
    assert found.status == other.status == "separation"
    assert "3.stage" in found.message


@each
def test_without_any_failure_there_is_nothing_to_fit(distribution):
    found = simulate(command(distribution), nodes(FRAME.assign(d=0.0)))
    assert (found.status, found.rounds, found.names) == ("outcome does not vary", 1, ())


def test_every_value_but_zero_is_a_failure():
    alike(
        simulate(command("weibull"), nodes(FRAME.assign(d=3.0 * FRAME["d"]))),
        simulate(command("weibull"), nodes(FRAME)),
    )


def test_rows_without_a_time_an_entry_or_a_failure_are_left_out():
    frame = FRAME.copy()
    frame.loc[::5, "t"], frame.loc[1::7, "t0"], frame.loc[2::11, "d"] = np.nan, np.nan, np.nan
    found = simulate(command("weibull"), nodes(frame))
    alike(found, pooled(command("weibull"), frame.dropna()))
    assert found.nobs == len(frame.dropna()) < len(frame)


BAD = {
    "a time of zero": ({"t": 0.0, "t0": 0.0}, "t", "not above zero"),
    "a time below zero": ({"t": -1.0, "t0": 0.0}, "t", "not above zero"),
    "an entry below zero": ({"t0": -0.5}, "t0", "negative"),
    "a row without length": ({"t": 2.5, "t0": 2.5}, "t", "t is not above t0"),
    "a row that ends before it begins": ({"t": 2.5, "t0": 7.25}, "t", "t is not above t0"),
}


@pytest.mark.parametrize("what", BAD)
def test_times_that_cannot_be_are_an_error_that_names_the_variable_and_no_value(what):
    values, where, said = BAD[what]
    frame = FRAME.copy()
    frame.loc[17, list(values)] = list(values.values())
    with pytest.raises(VariableError, match=said) as caught:
        simulate(command("weibull"), nodes(frame))
    assert caught.value.where == f"node1: {where}"
    assert "if" in caught.value.do
    for value in (2.5, 7.25, -0.5):
        assert f"{value:g}" not in str(caught.value)
    assert simulate(command("weibull"), nodes(frame.drop(17))).status == "converged"


def test_such_rows_can_be_left_out_with_if():
    frame = FRAME.copy()
    frame.loc[17, ["t", "t0"]] = 0.0
    found = simulate("streg age i.stage if t>0 & t<., distribution(weibull) " + TIMES, nodes(frame))
    alike(found, simulate(command("weibull"), nodes(FRAME.drop(17))))


def test_few_failures_are_refused_where_a_policy_asks_for_more():
    causes = {7: 2.0, 10: 9.0}  # two persons at one site, whose numbers of the causes add up to more than enough
    frame = FRAME.assign(d=[causes.get(row, 0.0) for row in FRAME.index])
    with pytest.raises(PolicyError, match="a level of the outcome d holds fewer than"):
        simulate(command("exponential", terms="age"), [frame.iloc[at::3] for at in range(3)], policy="registry")


def test_data_that_were_stset_need_no_times(tmp_path):
    frame = FRAME.rename(columns={"t": "_t", "t0": "_t0", "d": "_d"}).assign(_st=(FRAME.index % 9 != 0).astype(int))
    frame.loc[frame["_st"] == 0, ["_t", "_d", "_t0"]] = np.nan
    files = []
    for number, part in enumerate([frame.iloc[:150], frame.iloc[150:]]):
        files.append(str(tmp_path / f"{number}.dta"))
        part.to_stata(files[-1], write_index=False)
    out = tmp_path / "result.json"
    ran = CliRunner().invoke(cli, ["simulate", "streg age i.stage if age>41, d(w)", *files, "--json", str(out)])
    assert ran.exit_code == 0, ran.output
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["command"] == (
        "streg age i.stage if _st==1 & age>41, distribution(weibull) time(_t) failure(_d) entry(_t0)"
    )
    assert found["roles"] == {"time": "_t", "entry": "_t0"}
    used = FRAME[(FRAME.index % 9 != 0) & (FRAME["age"] > 41)]
    assert found["n"] == len(used)
    assert found["ll"] == pytest.approx(pooled(command("weibull"), used).llf, rel=1e-11)
    assert "         _t | Haz. ratio" in ran.output


def test_data_that_were_not_stset_are_told_so():
    with pytest.raises(UnknownNameError, match="no variable _d") as caught:
        simulate("streg age, distribution(weibull)", nodes(FRAME))
    assert "stset" in caught.value.do
    assert "time()" in caught.value.do


@each
def test_a_table_has_ratios_where_it_is_asked_to_and_coefficients_in_json_always(distribution):
    hazards = distribution in {"exponential", "weibull", "gompertz"}
    plain = simulate(command(distribution, "nohr" if hazards else ""), nodes(FRAME))
    ratios = simulate(command(distribution, "" if hazards else "tr"), nodes(FRAME))
    assert (plain.beta == ratios.beta).all()
    assert (plain.eform, ratios.eform) == ("", "hr" if hazards else "tr")
    assert "Coefficient" in plain.summary()
    text = ratios.summary()
    assert ("Haz. ratio" if hazards else "Time ratio") in text
    assert f"_cons estimates baseline {'hazard' if hazards else 'time'}." in text
    assert f"No. of failures = {int(FRAME['d'].sum())}" in re.sub("= +", "= ", text)
    assert "Time at risk" in text
    assert "Pseudo R2" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize(
    ("distribution", "shown"),
    [("weibull", {"p": 1, "1/p": -1}), ("lognormal", {"sigma": 1}), ("loglogistic", {"gamma": 1}), ("gompertz", {})],
)
def test_below_the_table_stands_what_the_ancillary_parameter_means(distribution, shown):
    found = simulate(command(distribution), nodes(FRAME))
    last, se = found.beta[-1], found.bse.iloc[-1]
    below = found.summary().split("+----")[-1].splitlines()[1:]
    rows = {line.split("|")[0].strip(): line.split("|")[1].split() for line in below if "|" in line}
    if not shown:
        assert set(rows) == {"/gamma"}
        return
    assert set(rows) == set(shown)
    for name, sign in shown.items():
        value = math.exp(sign * last)
        numbers = [float(text) for text in rows[name]]
        expected = [value, value * se, *sorted(math.exp(sign * last + q * 1.959964 * se) for q in (-1, 1))]
        np.testing.assert_allclose(numbers, expected, rtol=1e-5)


@each
def test_predictions(distribution):
    found = simulate(command(distribution), nodes(FRAME))
    rows = FRAME.iloc[:40]
    median = found.predict(rows)
    at = rows.assign(t=median, t0=0.0)
    np.testing.assert_allclose(found.predict(at, "surv"), np.full(40, 0.5), rtol=1e-10)
    h = 1e-5 * rows["t"]
    before, after = (-np.log(found.predict(rows.assign(t=rows["t"] + by, t0=0.0), "surv")) for by in (-h, h))
    np.testing.assert_allclose(found.predict(rows, "hazard"), (after - before) / (2 * h), rtol=1e-6)
    late = found.predict(rows, "surv") * found.predict(
        rows.assign(t=rows["t0"].where(rows["t0"] > 0, 1e-300), t0=0.0), "surv"
    )
    np.testing.assert_allclose(late, found.predict(rows.assign(t0=0.0), "surv"), rtol=1e-10)
    if found.eform == "hr":
        np.testing.assert_allclose(found.predict(rows, "hr"), np.exp(found.predict(rows, "xb")), rtol=1e-13)


def test_a_site_whose_times_are_in_days_is_told_before_the_first_beta():
    parts = [FRAME.iloc[at::3] for at in range(3)]
    parts[1] = parts[1].assign(t=365.25 * parts[1]["t"], t0=365.25 * parts[1]["t0"])
    asked = parse(command("weibull"))
    moments = Moments(Specification.of(asked))
    answers = {f"site{at}": moments.compute(sample_from_frame(part, asked)) for at, part in enumerate(parts)}
    assert {(found.variable, found.node) for found in other_units(answers)} == {("t", "site1"), ("t0", "site1")}
