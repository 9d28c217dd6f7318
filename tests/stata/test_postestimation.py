"""What Stata's own commands make of e(), beside what fedfolder's own make of the result."""

from __future__ import annotations

import pytest

from fedfolder.command.models import MODELS
from fedfolder.stata.bridge import Stata
from fedfolder.stata.keeping import posted
from tests.stata.births import shared
from tests.stata.test_fits import COMMANDS, e, run_fit


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    with shared(tmp_path_factory) as found:
        yield found


@pytest.fixture
def fit(stata, study):
    assert run_fit(stata, study, COMMANDS["logit"]) == 0, stata.text
    return posted(Stata())


def r(stata, name):
    return stata.memory.returned["r"].scalars[name]


def test_test(stata, fit):
    assert stata.run("test 2.race 3.race") == 0, stata.text
    ours = fit.test("2.race 3.race")
    assert r(stata, "df") == 2
    assert r(stata, "chi2") == pytest.approx(ours.statistic, rel=1e-12)
    assert r(stata, "p") == pytest.approx(ours.p, rel=1e-12)
    assert stata.run("test [low]age = [low]lwt") == 0, stata.text
    assert r(stata, "chi2") == pytest.approx(fit.test("age = lwt").statistic, rel=1e-10)


def test_test_after_regress_is_an_f_test(stata, study):
    assert run_fit(stata, study, COMMANDS["regress"]) == 0, stata.text
    assert stata.run("test 1.race 3.race") == 0, stata.text
    assert r(stata, "F") == pytest.approx(posted(Stata()).test("1.race 3.race").statistic, rel=1e-12)
    assert r(stata, "df_r") == posted(Stata()).df_resid


def test_lincom_and_nlcom(stata, fit):
    assert stata.run("lincom 2*age + smoke") == 0, stata.text
    ours = fit.lincom("2*age + smoke")
    assert r(stata, "estimate") == pytest.approx(ours.estimate, rel=1e-12)
    assert r(stata, "se") == pytest.approx(ours.se, rel=1e-12)
    assert stata.run("nlcom _b[age]/_b[smoke]") == 0, stata.text
    ratio = fit.nlcom("_b[age]/_b[smoke]").estimate
    assert stata.memory.returned["r"].matrices["b"].values[0, 0] == pytest.approx(ratio, rel=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_estat_ic(stata, study, model):
    assert run_fit(stata, study, COMMANDS[model]) == 0, stata.text
    ours = posted(Stata()).estat_ic()
    assert stata.run("estat ic") == 0, stata.text
    found = stata.memory.returned["r"].matrices["S"].values[0].tolist()
    assert found[0] == ours.nobs
    assert found[-2:] == pytest.approx([ours.aic, ours.bic], rel=1e-14)


def test_stored_estimates_side_by_side_and_shown_again(stata, study, fit):
    assert stata.run("estimates store large") == 0
    assert run_fit(stata, study, "logit low age") == 0, stata.text
    assert stata.run("estimates store small") == 0
    assert stata.run("estimates table small large") == 0, stata.text
    assert stata.run("estimates restore large") == 0
    assert e(stata).macros["command"] == fit.command
    assert posted(Stata()) == fit
    shown = len(stata.text)
    assert stata.run("estimates replay large") == 0, stata.text
    assert "-.0271003" in stata.text[shown:]
