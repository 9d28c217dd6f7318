"""The page on which a custodian decides: what is asked in words that need no manual."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedfolder.command import MODELS
from fedfolder.command.models import model_of
from fedfolder.command.options import OPTIONS
from fedfolder.custody.approval import Attempt
from fedfolder.custody.in_words import MEANINGS, STAYS, STAYS_BUT_TIMES
from fedfolder.custody.page import Review, page
from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.plan.proposal import Proposal, read_command

ROSTER = tuple((name, "00" * 32) for name in ("north", "south", "west"))
WHOLE = """stset end, failure(event==3) id(pid) origin(event==1) exit(event==3 4 time dx + 3650) scale(365.25)
stsplit fu, at(0 1 2 5) trim
stsplit attained, every(1) after(time = birth)
merge m:1 attained sex using popmort, keep(match) keepusing(rate)
generate dstar = rate*(_t - _t0)
generate y = _t - _t0
glm _d i.fu i.sex, family(poisson) link(rs dstar) exposure(y)"""
SHOWN = """\
What is asked
  first: stset end, failure(event==3) id(pid) origin(event==1) exit(event==3 4 time dx + 3650)
    scale(365.25)
      a row is at risk from where the record before it of the same pid ends, the first at the
      beginning of time, up to end, and fails there if event is 3
      the beginning of time is the end of the first record at which event is 1, in units of 365.25
      a person goes on after a failure, and is not looked at after the earlier of dx + 3650 and the
      end of the first record at which event is 3 or 4
  then: stsplit fu, at(0 1 2 5) trim
      follow-up is cut at 0 1 2 5; fu says in which interval a piece lies
      what lies before 0 and after 5 is left out
      a piece is a row, and no person: this site's limits count persons by pid, unless its policy
      names the persons
  then: stsplit attained, every(1) after(time = birth)
      follow-up is cut at each multiple of 1, counted from birth in units of the data; attained says
      in which interval a piece lies
      a piece is a row, and no person: this site's limits count persons by pid, unless its policy
      names the persons
  then: merge m:1 attained sex using popmort, keep(match) keepusing(rate)
      rate of each row from this site's own table popmort, by its attained sex; a row that the table
      has nothing for is left out
  then: generate dstar = rate*(_t - _t0)
  then: generate y = _t - _t0
  command: glm _d i.fu i.sex, family(poisson) link(rs dstar) exposure(y)
"""


def shown(text: str, policy: Policy | None = None) -> str:
    proposal, policy = Proposal(read_command(text), ROSTER), policy or Policy(())
    return page(Attempt(1, 1, "x"), proposal, me="north", server=("f", "compared"), policy=policy, review=Review())


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def test_each_statement_stands_on_its_own_line_with_what_it_does_to_rows() -> None:
    assert SHOWN in shown(WHOLE)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("stset t, failure(d)", "from the beginning of time up to t, and fails there if d is not 0"),
        ("stset t, failure(d) time0(b)", "from b up to t"),
        ("stset t if x<3, failure(d)", "only records at which x<3"),
        ("stset t, failure(d) id(p)", "nobody is looked at after a first failure"),
        ("stset t, failure(d) id(p) exit(time .)", "a person goes on after a failure command"),
        ("stset t, failure(d) enter(time b)", "nobody is looked at before b"),
        ("stset t, failure(d) id(p) enter(e==1)", "before the end of the first record at which e is 1"),
        ("stset t, failure(d) origin(time b)", "the beginning of time is b"),
        ("merge m:1 x using pop, keepusing(b); stset t, failure(d) origin(time b)", "has nothing for stops the fit"),
        (
            "merge m:1 x using pop, keepusing(b) keep(match master); stset t, failure(d) origin(time b)",
            "has nothing for has no value there",
        ),
        ("stset t, failure(d); stsplit fu, at(1 2) after(_t = -age)", "counted from -age in units of _t"),
        ("stset t, failure(d); stsplit fu, every(2)", "limits count records of the data"),
    ],
)
def test_what_a_statement_does_is_said(statement: str, says: str) -> None:
    text = shown(f"{statement}; {'streg x i.fu' if 'stsplit' in statement else 'streg x'}, d(e)")
    assert says in in_one_line(text)
    assert ("nobody is looked at after" in text) == ("id(p)" in statement and "exit" not in statement)


COMMANDS = (
    WHOLE,
    "stset t, failure(d) id(p); merge m:1 age using pop, keepusing(rate); stpm2 age, scale(hazard) df(4) bhazard(rate)",
    "stcox age i.stage, strata(sex) efron grid(1)",
    "stcox age i.stage if sex==2, strata(_node) phtest(log)",
    "streg age [pw=w], distribution(weibull) id(p)",
    "mestreg age || _node:, distribution(weibull)",
    "melogit died age || hospital:, binomial(n)",
    "poisson d x, exposure(y)",
    "logit d x, offset(z) vce(cluster c)",
    "clogit d x, group(g)",
    "glm n x, family(binomial m)",
    "streg x, d(w) time(t) failure(d) entry(b)",
)


@pytest.mark.parametrize("text", COMMANDS)
def test_each_use_of_a_variable_is_explained(text: str) -> None:
    command, found = read_command(text), shown(text)
    for name, use in command.uses:
        assert f"variable {name}: {use} (" in found, (name, use)


def test_the_models_have_every_use_and_no_word_is_for_none() -> None:
    uses = {use for text in COMMANDS for _, use in read_command(text).uses}
    assert set(MEANINGS) - uses <= {"strata2", "strata3", "strata4", "strata5"}
    assert uses <= set(MEANINGS)


def test_what_statements_make_is_told_from_what_the_data_have() -> None:
    found = in_one_line(shown(WHOLE))
    assert "variable fu: levels (a coefficient for each value but one; made by stsplit)" in found
    assert "variable _d: outcome (what is explained; made by stset)" in found
    assert "variable sex: levels (a coefficient for each value but one) " in found
    assert "variable birth: source-of-derived (read here to make others of it)" in found


COX, COMMON = "stcox age, time(t) failure(d) strata(_node)", "stcox age, time(t) failure(d)"
STREG, STPM2 = "streg age, d(weibull) time(t) failure(d)", "stpm2 age, scale(hazard) df(3) time(t) failure(d)"
MELOGIT, MESTREG = "melogit d age || g:,", "mestreg age || g:, d(weibull) time(t) failure(d)"
LEAVES = {
    "strata": (COMMON, "strata(_node)", "log-likelihood, gradient and Hessian at the beta that is sent"),
    "grid": (COMMON, "grid(0.5)", "with how many do, rounded up to multiples of 0.5"),
    "phtest": (COX, "phtest(log)", "the gradient by coefficients of each column times the time of a failure"),
    "basesurv": (COMMON, "basesurv(1 2)", ""),
    "breslow": (COX, "breslow", ""),
    "efron": (COX, "efron", ""),
    "distribution": (STREG.replace("d(weibull) ", ""), "d(weibull)", "gradient and Hessian at the beta"),
    "time": (STREG.replace("time(t) ", ""), "time(t)", "the same of t"),
    "failure": (STREG.replace("failure(d)", ""), "failure(d)", "gradient and Hessian at the beta"),
    "entry": (STREG, "entry(b)", "the same of t, b"),
    "id": (STREG, "id(p)", "with it: how many persons these rows are of, by p"),
    "aft": (STREG, "aft", ""),
    "tr": (f"{STREG} aft", "tr", ""),
    "tratio": (f"{STREG} aft", "tratio", ""),
    "nohr": (STREG, "nohr", ""),
    "bhazard": (STPM2, "bhazard(rate)", "the same of t, rate"),
    "scale": (
        STPM2.replace("scale(hazard) ", ""),
        "scale(odds)",
        "the same of the splines of ln(t) and of their products",
    ),
    "df": (STPM2.replace("df(3) ", ""), "df(3)", "in groups of 10 events or more, for the knots of splines"),
    "knots": (STPM2.replace("df(3) ", "bknots(1 9) "), "knots(2 4)", "the same of the splines of ln(t)"),
    "bknots": (STPM2.replace("df(3) ", "knots(2 4) "), "bknots(1 9)", "the same of the splines of ln(t)"),
    "noorthog": (STPM2, "noorthog", "the same of the splines of ln(t) up to"),
    "tvc": (f"{STPM2} dftvc(2)", "tvc(age)", "the same of the splines of ln(t)"),
    "dftvc": (f"{STPM2} tvc(age)", "dftvc(2)", "the same of the splines of ln(t)"),
    "knotstvc": (f"{STPM2} tvc(age)", "knotstvc(age: 2)", "the same of the splines of ln(t)"),
    "binomial": (MELOGIT, "binomial(n)", "the same of n"),
    "intpoints": (MESTREG, "intpoints(5)", ""),
    "intmethod": (MESTREG, "intmethod(mcaghermite)", ""),
    "eform": (STPM2, "eform", ""),
    "lrmodel": (STPM2, "lrmodel", "also at a second beta, of the baseline's splines alone"),
    "standsurv": (
        STREG,
        "standsurv(1 2)",
        "the average survival of all patients, and its gradient: at 1 and 2, as they",
    ),
    **{
        name: (STREG, f"standsurv(1 2) {name}(age 50)", "at 1 and 2, as if age were 50")
        for name in (f"at{number}" for number in range(1, 10))
    },
}
"""Of each option of models of survival and of random intercepts: a command, the option, and what it lets leave: `""`
where that is what leaves without."""


def leaving(text: str) -> str:
    return in_one_line(shown(text).partition("What leaves this site")[2].partition("What this site's policy")[0])


@pytest.mark.parametrize("name", LEAVES)
def test_what_an_option_of_survival_lets_leave_is_on_the_page(name: str) -> None:
    text, option, says = LEAVES[name]
    found = leaving(f"{text} {option}")
    assert says in found
    if not says:
        assert found == leaving(text)
    elif name in {"grid", "phtest", "entry", "id", "bhazard", "binomial", "noorthog"}:
        assert says not in leaving(text)


def test_every_option_of_survival_is_known_here() -> None:
    with_times = {name for name in MODELS if model_of(name).survival or model_of(name).random}
    others = set(MODELS) - with_times
    own = {rule.name for rule in OPTIONS if any(map(rule.serves, with_times)) and not any(map(rule.serves, others))}
    assert own <= set(LEAVES), own - set(LEAVES)


@pytest.mark.parametrize(("least", "says"), [(5, "at least 5 persons fail, or nobody"), (0, "one person alone may")])
def test_of_its_own_baseline_a_site_reads_what_its_limit_is(least: int, says: str) -> None:
    policy = Policy((), limits=replace(PROFILES["open"], events=least))
    assert says in in_one_line(shown(f"{COX} basesurv(1 2)", policy))


@pytest.mark.parametrize(
    ("text", "stays"),
    [("stcox age, strata(sex)", STAYS_BUT_TIMES), ("stcox age, strata(_node)", STAYS), ("logit low age", STAYS)],
)
def test_what_stays_is_what_no_question_asks_for(text: str, stays: str) -> None:
    found = in_one_line(shown(text))
    assert in_one_line(stays) in found
    assert (STAYS in found) == (stays == STAYS)
    assert ("each time at which somebody fails" in found) == (stays == STAYS_BUT_TIMES)
