"""Our survival models against lifelines.

What differs differs by definition, and the tests say how:

- Its robust standard errors have no factor N / (N - 1), or G / (G - 1) of clusters; R has none either, Stata has it.
- They take tied failures one after the other, as the rows happen to lie, where the estimate is Efron's ("doesn't handle
  ties", its source says), and leave entries out of the risk sets. Here the one is 0.3 % of a standard error, the other
  6 %; with many ties it is 2 % and more.
- Its baseline is Breslow's whatever the way with ties, and leaves entries out as well; it draws lines between steps.
"""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg

from fedfolder import pooled, simulate
from tests.lifelines.cases import BREAKS, CASES, PATTERN, TIED, TIMES, UNTIED, steps, theirs

COX = [name for name, case in CASES.items() if case.fitter == "CoxPHFitter"]
EXACT = [name for name in COX if name not in {"cox, robust, ties", "cox, robust, entry"}]
OF_TIME = [name for name, case in CASES.items() if "AFT" in case.fitter]
ANCILLARY = {
    "WeibullAFTFitter": ("rho_", 1.0),
    "LogLogisticAFTFitter": ("beta_", -1.0),
    "LogNormalAFTFitter": ("sigma_", 1.0),
}
"""Its second parameter, and the sign that it has in ours."""


def fitted(name):
    """Over the three sites of the data, or over all rows where clusters lie at several."""
    case = CASES[name]
    if "cluster" in case.command or "strata(site)" in case.command:
        return pooled(case.command, case.rows)
    return simulate(case.command, [part for _, part in case.rows.groupby("site")])


def factor(found):
    """What Stata has and lifelines has not, of a standard error."""
    units = found.clusters or found.nobs
    return np.sqrt(units / (units - 1)) if found.vce != "oim" else 1.0


@pytest.mark.parametrize("name", EXACT)
def test_cox_models_are_the_same_but_for_the_factor_of_a_robust_variance(name):
    """Efron's ties, delayed entry, strata, weights; robust and by clusters where no two fail at one time."""
    found, other = fitted(name), theirs(name)
    for term in CASES[name].terms:
        assert found.params[term] == pytest.approx(other.coef[term], abs=1e-8 * other.se[term])
        assert found.bse[term] == pytest.approx(other.se[term] * factor(found), rel=1e-8)
    assert found.llf == pytest.approx(other.llf, rel=1e-12)


def score_of_rows(rows, beta):
    """As lifelines has the scores of rows: sorted by time, each failure held against those who come after it."""
    rows = rows.sort_values(["time", "status"])
    x = rows[list(PATTERN)].to_numpy()
    r, fails = np.exp((x - x.mean(axis=0)) @ beta), rows["status"].to_numpy() > 0
    size, total = (np.cumsum(v[::-1], axis=0)[::-1] for v in (r, r[:, None] * x))
    mean = total / size[:, None]
    at_risk = np.tril(np.ones((len(x), len(x)))) * (fails / size)
    return fails[:, None] * (x - mean) - r[:, None] * (x * at_risk.sum(axis=1)[:, None] - at_risk @ mean)


@pytest.mark.parametrize("name", ["cox, robust, ties", "cox, robust, entry"])
def test_its_robust_variance_takes_ties_one_by_one_and_leaves_entries_out(name):
    """Its numbers follow from its own scores; ours are of the scores of Efron's likelihood, which add up to zero."""
    found, other, rows = fitted(name), theirs(name), CASES[name].rows
    errors = np.array(list(other.se.values()))
    usual = pooled(CASES[name].command.replace("vce(robust)", ""), rows)
    d = score_of_rows(rows, found.beta) @ usual.cov
    np.testing.assert_allclose(np.sqrt((d**2).sum(axis=0)), errors, rtol=1e-6)
    assert 1e-3 < np.abs(found.bse / factor(found) / errors - 1).max() < 0.2
    assert found.llf == pytest.approx(other.llf, rel=1e-12)


@pytest.mark.parametrize("entry", ["", "entry(entry)"])
@pytest.mark.parametrize("frame", [TIED, UNTIED], ids=["ties", "no ties"])
def test_robust_variances_with_ties_and_entry_are_those_of_statsmodels(frame, entry):
    """It has ties, as Breslow has them, and entries in the scores of rows; its entrants are at risk when they enter."""
    found = simulate(
        f"stcox trt karno age, breslow vce(robust) time(time) failure(status) {entry}",
        [part for _, part in frame.groupby("site")],
    )
    after = np.where(frame["entry"] > 0, np.nextafter(frame["entry"], np.inf), 0.0) if entry else None
    model = PHReg(frame["time"], frame[list(PATTERN)], status=frame["status"], entry=after, ties="breslow")
    model.groups = np.arange(len(frame))
    expected = np.sqrt(np.diag(model.robust_covariance(found.beta))) * factor(found)
    np.testing.assert_allclose(found.bse, expected, rtol=1e-8)


def test_survival_is_the_same_where_no_two_fail_at_one_time():
    curve = fitted("cox, untied").curves({"": PATTERN}, TIMES)
    np.testing.assert_allclose(curve.estimate[0], steps("cox, untied"), rtol=1e-9)


def test_with_ties_its_baseline_is_breslows_and_ours_that_of_the_fit():
    """Efron's counts a failure a little more: the sets of its later cases are smaller."""
    found = fitted("cox")
    curve = found.curves({"": PATTERN}, TIMES)
    assert (curve.estimate[0] < steps("cox")).all()
    np.testing.assert_allclose(curve.estimate[0], steps("cox"), rtol=2e-2)
    hazard, xb = np.zeros(len(TIMES)), TIED[list(PATTERN)].to_numpy() @ found.beta
    for failing in TIED[TIED["status"] > 0]["time"]:
        hazard += (failing <= np.array(TIMES)) / np.exp(xb - np.array(list(PATTERN.values())) @ found.beta)[
            TIED["time"] >= failing
        ].sum()
    np.testing.assert_allclose(np.exp(-hazard), steps("cox"), rtol=1e-9)


@pytest.mark.parametrize("name", OF_TIME)
def test_models_of_time_are_the_same(name):
    """Delayed entry and weights among them; its search never ends above our maximum."""
    case, found, other = CASES[name], fitted(name), theirs(name)
    second, sign = ANCILLARY[case.fitter]
    ours = {"Intercept": "_cons", **{term: term for term in case.terms}}
    (first,) = {key.split()[0] for key in other.coef} - {second}
    pairs = [(f"{first} {key}", name, 1.0) for key, name in ours.items()]
    for key, place, direction in [*pairs, (f"{second} Intercept", found.names[-1], sign)]:
        assert found.params[place] == pytest.approx(direction * other.coef[key], abs=2e-6 * other.se[key])
        assert found.bse[place] == pytest.approx(other.se[key], rel=1e-6)
    weight = case.rows["w"] if "[iw=w]" in case.command else 1.0
    density = found.llf - float((weight * case.rows["status"] * np.log(case.rows["time"])).sum())
    assert density == pytest.approx(other.llf, rel=1e-11)
    assert density >= other.llf - 1e-13 * abs(density)


def test_a_piecewise_exponential_model_is_the_same():
    """Its coefficients are of the mean in each interval: ours, of the hazard, are less those of the first."""
    found, other = fitted("piecewise"), theirs("piecewise")
    for term, suffix in (("Intercept", ""), ("karno", "#c.karno")):
        first = "_cons" if term == "Intercept" else "karno"
        for number, begins in enumerate((0.0, *BREAKS)):
            names = [first] if not number else [first, f"{begins:g}.fu{suffix}"]
            places = [found.names.index(name) for name in names]
            se = other.se[f"lambda_{number}_ {term}"]
            assert -found.beta[places].sum() == pytest.approx(other.coef[f"lambda_{number}_ {term}"], abs=2e-6 * se)
            assert np.sqrt(found.cov[np.ix_(places, places)].sum()) == pytest.approx(se, rel=1e-6)
    density = found.llf - float((TIED["status"] * np.log(TIED["time"])).sum())
    assert density == pytest.approx(other.llf, rel=1e-11)
