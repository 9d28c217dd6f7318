"""Whole fits typed in Stata, over real folders: what e() holds is what `fedfolder run` gives."""

from __future__ import annotations

import json

import pytest

from fedfolder.command.models import MODELS
from fedfolder.estimates.coefficients import coefficients
from fedfolder.estimates.number import display
from fedfolder.plan.proposal import read_command
from fedfolder.server.results import read_result
from fedfolder.simulation import pooled
from fedfolder.stata.bridge import Stata
from fedfolder.stata.fits import STUDY
from fedfolder.stata.keeping import posted
from fedfolder.stata.stripe import stripe
from tests.stata.births import NODES, births, shared
from tests.truth.test_truth import CASES

COMMANDS = {
    "logit": "logit low age lwt i.race smoke ptl ht ui",
    "probit": "probit low age i.race##i.smoke",
    "cloglog": "cloglog low age smoke, vce(robust)",
    "regress": "regress bwt age ib2.race, vce(cluster pair)",
    "poisson": "poisson ftv age i.smoke, exposure(weeks) irr",
    "nbreg": "nbreg ftv i.race",
    "glm": "glm bwt age i.smoke c.age#i.smoke, family(gamma) link(log)",
    "mlogit": "mlogit race age i.smoke, baseoutcome(2)",
    "ologit": "ologit size age smoke twice, or",
    "oprobit": "oprobit size age [fw=pop], level(90)",
    "clogit": "clogit low age i.smoke, group(pair) or",
    "stcox": "stcox age i.smoke, strata(_node) efron time(lwt) failure(low) entry(ftv)",
    "stpm2": "stpm2 age i.smoke, scale(hazard) knots(120) bknots(85 240) time(lwt) failure(low)",
    "streg": "streg age i.smoke, distribution(weibull) time(lwt) failure(low) entry(ftv)",
    "melogit": "melogit low age i.smoke || race:",
    "mepoisson": "mepoisson ftv age i.smoke || race:",
    "mestreg": "mestreg age i.smoke || race:, distribution(weibull) time(lwt) failure(low) entry(ftv)",
}
"""A command of each model, and between them each kind of weight, variance, role and column."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    with shared(tmp_path_factory) as found:
        yield found


def run_fit(stata, study, command, more=""):
    comma = "" if "," in command else ","
    return stata.run(f'fedfolder {command}{comma} study("{study.home}") {more}'.rstrip())


def kept(study, command):
    """The last result of a command in the study's home."""
    found = [read_result(path) for path in (study.home / "runs").glob("fit*")]
    text = str(read_command(command))
    return next(result for result in found if result.command == text)


def e(stata):
    return stata.memory.returned["e"]


def test_every_model_has_its_command():
    assert set(COMMANDS) == set(MODELS)


@pytest.mark.parametrize("model", COMMANDS)
def test_what_is_posted_is_the_result_of_the_run_to_the_bit(stata, study, model):
    assert run_fit(stata, study, COMMANDS[model]) == 0, stata.text
    result = kept(study, COMMANDS[model])
    check_numbers(e(stata), result)
    back = posted(Stata())
    assert back == result
    assert (back.cov == result.cov).all()
    check_shown(stata, result)


def check_numbers(held, result):
    columns = stripe(result)
    assert held.macros["model"] == result.model
    assert held.matrices["b"].columns == list(columns.names)
    assert held.matrices["V"].columns == held.matrices["V"].rows == list(columns.names)
    assert (held.matrices["b"].values[0] == columns.widen(result.beta)).all()
    assert (held.matrices["V"].values == columns.widen(result.cov)).all()
    assert held.scalars["N"] == result.nobs
    assert held.scalars["ll"] == result.llf
    assert held.scalars["rank"] == len(result.names)
    assert held.scalars.get("ll_0") == result.llnull
    assert {name: held.scalars[name] for name in result.stats} == dict(result.stats)
    assert held.scalars.get("df_r") == (result.df_resid if result.statistic == "t" else None)
    assert held.scalars.get("N_clust") == result.clusters
    assert held.macros["depvar"] == result.observed
    assert held.macros["nodes"].split() == list(NODES)
    equations = {name.rpartition(":")[0] for name in columns.names}
    assert held.scalars.get("k_eq", 1) == len(equations), "Stata ends with 322 otherwise"


def check_shown(stata, result):
    """The heading, a table and the notes; the table alone at a replay."""
    for line in result.summary().split("\n"):
        if "=" in line and "|" not in line:
            assert line.rstrip() in stata.text
    assert "Rows: north " in stata.text
    assert stata.text.count("Iteration 0:") == 1
    shown = len(stata.text)
    assert stata.run("fedfolder") == 0, stata.text
    assert "Rows:" not in stata.text[shown:]
    assert f"{result.nobs}" in stata.text[shown:]


def test_lbw_has_its_published_digits(stata, study):
    assert run_fit(stata, study, COMMANDS["logit"]) == 0, stata.text
    (case,) = [case for case in CASES if case["case"] == "logit_stata_lbw"]
    truth, held = case["truth"], e(stata)
    for name, coefficient in truth["coef"].items():
        assert stata.evaluate(f"_b[{name}]") == pytest.approx(coefficient, abs=1e-6 * truth["se"][name])
        assert stata.evaluate(f"_se[{name}]") == pytest.approx(truth["se"][name], rel=1e-6)
    assert held.scalars["ll"] == pytest.approx(truth["ll"], abs=1e-6)
    for shown in ("-.0271003", ".0364504", "1.262647", ".5264101", "Log likelihood = -100.72", "LR chi2(8)"):
        assert shown in stata.text
    assert held.macros["cmdline"] == f'fedfolder {COMMANDS["logit"]}, study("{study.home}")'


def test_the_study_may_be_named_once(stata, study):
    assert stata.run("fedfolder logit low age") == 198
    assert "study(" in stata.errors
    stata.memory.globals[STUDY] = str(study.home)
    assert stata.run("fedfolder logit low age") == 0, stata.text
    assert e(stata).macros["study"] == str(study.home)


def test_run_posts_too(stata, study):
    assert stata.run(f'fedfolder run "{study.home}" "logit low age", timeout(0)') == 0, stata.text
    assert e(stata).macros["command"] == "logit low age"


def test_files_are_written_where_they_were_asked_for(stata, study, tmp_path):
    out = tmp_path / "with blank.json"
    assert run_fit(stata, study, "logit low age", f'json("{out}") csv("{tmp_path / "a.csv"}")') == 0, stata.text
    assert read_result(out) == kept(study, "logit low age")
    assert json.loads(out.read_text(encoding="utf-8"))["n"] == 189
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").startswith("name,coef")


def test_without_numbers_nothing_is_posted(stata, study):
    assert run_fit(stata, study, "logit low age") == 0, stata.text
    before = e(stata).copy()
    for command, code, said in (
        ("logit low same", 430, "separation"),
        ("logit low nosuch", 111, "nosuch"),
        ("logit low i.race##", 198, "^"),
        ("regress bwt age, or", 198, "regress has no option"),
        ("logit low age, agian", 198, "did you mean again"),
    ):
        assert run_fit(stata, study, command) == code, stata.text
        assert said in stata.errors
        assert e(stata).macros == before.macros
        assert e(stata).scalars == before.scalars
        assert (e(stata).matrices["b"].values == before.matrices["b"].values).all()


def test_break_loses_nothing(stata, study):
    assert run_fit(stata, study, "logit low age") == 0
    before = dict(e(stata).macros)
    study.asleep.add("west")
    try:
        stata.press_break(after=4)
        assert run_fit(stata, study, "logit low lwt", "again") == 1
        assert "Stopped. Nothing is lost: type the same command again, without again, to go on." in stata.errors
        assert e(stata).macros == before
        stata.press_break(after=4)
        assert run_fit(stata, study, "logit low lwt") == 1
        assert "type the same command again to go on." in stata.errors
    finally:
        study.asleep.clear()
    assert run_fit(stata, study, "logit low lwt") == 0, stata.text
    assert e(stata).macros["command"] == "logit low lwt"
    assert pooled("logit low lwt", births()).beta == pytest.approx(kept(study, "logit low lwt").beta, rel=1e-12)


def test_break_while_something_is_shown_loses_nothing_either(stata, study):
    import sfi

    shown = sfi.SFIToolkit.displayln

    def displayln(text, asis=False):  # noqa: FBT002 - sfi's signature
        if "Iteration 2" in text:
            raise sfi.BreakError
        shown(text, asis)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sfi.SFIToolkit, "displayln", displayln)
        assert run_fit(stata, study, "logit low age") == 1, stata.text
    assert "type the same command again to go on" in stata.errors
    assert run_fit(stata, study, "logit low age") == 0, stata.text


def test_a_time_that_is_over_says_so(stata, study):
    study.asleep.add("west")
    try:
        assert run_fit(stata, study, "logit low ptl", "timeout(1s)") == 498
    finally:
        study.asleep.clear()
    assert "west" in stata.errors
    assert run_fit(stata, study, "logit low ptl") == 0, stata.text


@pytest.mark.parametrize(
    ("command", "replay", "head"),
    [
        ("logit", "or level(90)", "Odds ratio"),
        ("logit", "l(90) ef", "exp(b)"),
        ("poisson", "irr", "IRR"),
        ("mlogit", "rrr", "RRR"),
        ("glm", "eform", "exp(b)"),
        ("nbreg", "irr", "IRR"),
        ("ologit", "or", "Odds ratio"),
    ],
)
def test_a_replay_exponentiates(stata, study, command, replay, head):
    assert run_fit(stata, study, COMMANDS[command]) == 0, stata.text
    shown = len(stata.text)
    assert stata.run(f"fedfolder, {replay}") == 0, stata.text
    text = stata.text[shown:]
    assert head in text
    assert f"[{'90' if '90' in replay else '95'}% " in text
    ours = coefficients(posted(Stata()), exponentiated=True)
    for name, b in zip(ours.names, ours.b.tolist(), strict=True):
        assert display(b, "%9.0g") in text
        assert not name.startswith("/") or text.count(f" {name} |") == 1


def test_a_replay_of_what_there_is_not(stata, study):
    assert run_fit(stata, study, COMMANDS["logit"]) == 0, stata.text
    for replay, code in (("irr", 198), ("level(5)", 198), ("level(a)", 198), ("level()", 198), ("noomitted", 0)):
        assert stata.run(f"fedfolder, {replay}") == code, stata.text


def test_a_replay_before_a_fit(stata):
    assert stata.run("fedfolder") == 301
    assert "last estimates not found" in stata.errors


def test_levels_that_are_none_in_stata_are_told(stata, study):
    assert run_fit(stata, study, "logit low i.colour") == 0, stata.text
    assert "Levels of colour: 1 black, 2 other, 3 white." in stata.text
    assert e(stata).macros["levels_colour"] == "1 black, 2 other, 3 white"
    assert posted(Stata()) == kept(study, "logit low i.colour")


@pytest.mark.parametrize(
    "typed", ["logit low long", "logit low c.age##i.float", "logit _n age", "gen strL = age; logit low strL"]
)
def test_a_name_that_stata_cannot_have_is_refused_before_a_node_is_asked(stata, study, typed):
    before = sorted((study.home / "runs").glob("fit*"))
    assert run_fit(stata, study, typed) == 459, stata.text
    assert "gen x = " in stata.errors
    assert stata.run(f'fedfolder run "{study.home}" "{typed}"') == 459, stata.text
    assert sorted((study.home / "runs").glob("fit*")) == before


@pytest.mark.parametrize(
    "typed", ["logit low age study(S:/lbw)", "stub logit low age study(S:/lbw)", "logit low age timeout(1h)"]
)
def test_a_comma_that_is_missing_is_said(stata, study, typed):
    for stata.memory.globals[STUDY] in ("", str(study.home)):
        assert stata.run(f"fedfolder {typed}") == 198
        assert "options begin with a comma" in stata.errors
        assert "which study" not in stata.errors


def test_logistic_has_odds_ratios_at_each_replay_and_logit_when_asked(stata, study):
    for command, heads in (
        ("logistic low age", ("Odds ratio",) * 2),
        ("logit low age, or", ("Odds ratio", "Coefficient")),
    ):
        before = len(stata.text)
        assert run_fit(stata, study, command) == 0, stata.text
        assert stata.run("estimates store one") == 0
        again = len(stata.text)
        assert stata.run("fedfolder, level(90)") == 0, stata.text
        assert heads[0] in stata.text[before:again]
        assert heads[1] in stata.text[again:]
