"""What a command says of likelihoods, roles, variances and variables."""

from __future__ import annotations

import pytest
from hypothesis import given

from fedfolder.command import MODELS, parse
from fedfolder.command.families import LINKS
from fedfolder.command.names import NODE
from tests.command.strategies import commands


@pytest.mark.parametrize(
    ("text", "likelihood"),
    [
        *(
            (f"{model} y x", model)
            for model in MODELS
            if model not in {"glm", "clogit", "streg", "stcox", "stpm2", "melogit", "mepoisson", "mestreg"}
        ),
        ("stcox x", "stcox breslow"),
        ("stcox x, bre st(_node g)", "stcox breslow"),
        ("stcox x, efr time(t) failure(d)", "stcox efron"),
        ("stpm2 x, scale(h) df(3)", "stpm2 scale(hazard)"),
        ("stpm2 x, scale(o) df(3)", "stpm2 scale(odds)"),
        ("stpm3 x, scale(probit) df(3)", "stpm2 scale(normal)"),
        ("melogit y x || g:, intpoints(25)", "melogit"),
        ("mepoisson y x || g:", "mepoisson"),
        ("mestreg x || g:, d(w)", "mestreg distribution(weibull)"),
        ("streg x, d(w)", "streg distribution(weibull)"),
        ("streg x, dist(ln) time(t) f(d)", "streg distribution(lognormal)"),
        ("streg x, d(llogistic)", "streg distribution(loglogistic)"),
        ("streg x, d(e) time", "streg distribution(exponential) aft"),
        ("streg x, d(w) time(t) f(d) aft", "streg distribution(weibull) aft"),
        ("clogit y x, group(g)", "clogit"),
        ("logistic y x", "logit"),
        ("glm y x", "glm family(gaussian) link(identity)"),
        ("glm y x, link(log)", "glm family(gaussian) link(log)"),
        ("glm y x, f(b)", "glm family(binomial) link(logit)"),
        ("glm y x, f(bernoulli) l(p)", "glm family(binomial) link(probit)"),
        ("glm y x, f(binomial n) l(c)", "glm family(binomial) link(cloglog)"),
        ("glm y x, f(binomial 10) l(i)", "glm family(binomial) link(identity)"),
        ("glm y x, f(p)", "glm family(poisson) link(log)"),
        ("glm y x, f(p) l(rs d)", "glm family(poisson) link(rs)"),
        ("glm y x, f(gam)", "glm family(gamma) link(power -1)"),
        ("glm y x, f(gam) l(log)", "glm family(gamma) link(log)"),
        ("glm y x, f(ig)", "glm family(igaussian) link(power -2)"),
        ("glm y x, f(ig) l(pow 1)", "glm family(igaussian) link(identity)"),
    ],
)
def test_the_name_of_the_likelihood(text, likelihood):
    assert parse(text).likelihood == likelihood


@pytest.mark.parametrize("family", sorted(LINKS))
def test_each_family_has_its_links_and_begins_with_the_canonical_one(family):
    assert parse(f"glm y x, family({family})").likelihood.endswith(f"link({LINKS[family][0]})")
    for link in LINKS[family]:
        name = "rs d" if link == "rs" else link
        assert parse(f"glm y x, family({family}) link({name})").likelihood == f"glm family({family}) link({link})"


def test_roles_are_in_a_fixed_order():
    text = "glm y x [pw=w], vce(cluster id, across) exposure(e) link(rs d) family(poisson)"
    command = parse(text)
    assert list(command.roles.items()) == [("exposure", "e"), ("expected", "d"), ("cluster", "id"), ("weight", "w")]
    assert command.variables == ("y", "x", "e", "d", "id", "w")
    assert (command.vce, command.across, command.trials) == ("cluster", True, None)
    command = parse("clogit y x, offset(o) strata(g)")
    assert command.roles == {"offset": "o", "group": "g"}
    assert (command.constant, command.vce, command.across) == (False, "oim", False)


def test_trials_are_a_variable_or_a_number():
    assert parse("glm y x, family(b n)").roles == {"trials": "n"}
    command = parse("glm y x, family(b 10)")
    assert (command.trials, command.roles) == (10.0, {})
    assert parse("glm y x, family(b)").trials is None


@pytest.mark.parametrize(
    ("text", "vce"),
    [
        ("logit y x", "oim"), ("logit y x [pw=w]", "robust"), ("logit y x [fw=w]", "oim"),
        ("logit y x, robust", "robust"),
        ("logit y x [pw=w], cluster(id)", "cluster"), ("regress y x, vce(ols)", "oim"), ("logit y x, vce(r)", "robust"),
        ("regress y x [aw=w], vce(r)", "robust"),
    ],
)  # fmt: skip
def test_the_kind_of_variance(text, vce):
    assert parse(text).vce == vce


@pytest.mark.parametrize(
    ("text", "eform"),
    [
        ("logit y x", ""), ("logit y x, or", "or"), ("logistic y x", "or"), ("logit y x, eform", "eform"),
        ("ologit y x, or", "or"), ("clogit y x, gr(g) or", "or"),
        ("poisson y x, irr", "irr"), ("nbreg y x, irr", "irr"),
        ("mlogit y x, rrr", "rrr"), ("cloglog y x, eform", "eform"), ("glm y x, eform", "eform"),
        ("glm y x, f(b) ef", "or"),
        ("glm y x, f(b) l(log) eform", "eform"), ("glm y x, f(p) eform", "irr"), ("glm y x, f(p) l(i) eform", "eform"),
        ("glm y x, f(p) l(rs d) eform", "eform"),
        ("streg x, d(w)", "hr"), ("streg x, d(w) nohr", ""), ("streg x, d(w) aft", ""), ("streg x, d(w) time tr", "tr"),
        ("streg x, d(logn)", ""), ("streg x, d(logn) tratio", "tr"),
    ],
)  # fmt: skip
def test_the_word_for_exponentiated_coefficients(text, eform):
    assert parse(text).eform == eform


def test_the_base_outcome_is_a_level():
    assert parse("mlogit y x, base(2)").base_outcome == "2"
    assert parse('mlogit y x, base("a ""b""")').base_outcome == 'a "b"'
    assert parse("mlogit y x").base_outcome is None
    assert parse("mlogit y x, base(2)").argument("baseoutcome") == "2"
    assert parse("mlogit y x").argument("baseoutcome") is None


DERIVED = (
    "generate a = ln(lwt); generate b = a^2 + lwt*ht; egen g = cut(age), at(0 20 99);"
    " logit low b i.g age c.age#c.ui i.race if sex==2 & a<5 & low<. [fw=pop], offset(off)"
)


def test_sources_are_what_the_data_must_hold():
    command = parse(DERIVED)
    assert command.variables == ("low", "b", "g", "age", "ui", "race", "off", "pop")
    assert command.sources == ("low", "lwt", "ht", "age", "ui", "race", "off", "pop", "sex")
    command = parse("generate small = bwt<2500; generate one = 1; logit small age one")
    assert command.sources == ("bwt", "age")
    assert command.variables == ("small", "age", "one")


def test_uses_tell_what_each_variable_is_for():
    assert parse(DERIVED).uses == (
        ("low", "outcome"), ("g", "levels"), ("race", "levels"), ("b", "number"), ("age", "number"), ("ui", "number"),
        ("off", "offset"), ("pop", "weight"), ("sex", "condition"), ("a", "condition"), ("low", "condition"),
        ("lwt", "source-of-derived"), ("ht", "source-of-derived"), ("age", "source-of-derived"),
    )  # fmt: skip
    assert parse("logit low age i.race##c.age smoke").uses == (
        ("low", "outcome"), ("race", "levels"), ("age", "number"), ("smoke", "number"),
    )  # fmt: skip


@given(commands())
def test_sources_variables_and_uses_agree(command):
    derived = {name for derivation in command.derivations for name in derivation.names}
    assert derived.isdisjoint(command.sources)
    assert set(command.variables) - derived - {NODE} <= set(command.sources)
    assert {name for name, _ in command.uses} - derived - {NODE} == set(command.sources)
    assert len(set(command.uses)) == len(command.uses)
    assert command.variables[0] == command.depvar == command.uses[0][0]
    assert set(command.roles.values()) <= set(command.variables)


def test_data_that_were_stset_are_meant_where_no_time_is_named():
    command = parse("streg age i.sex if age>50 | sex==2, d(w)")
    assert str(command) == (
        "streg age i.sex if _st==1 & (age>50 | sex==2), distribution(weibull) time(_t) failure(_d) entry(_t0)"
    )
    assert command.depvar == "_d"
    assert command.roles == {"time": "_t", "entry": "_t0"}
    assert parse(str(command)) == command
    assert parse("streg, d(e)").uses == (("_d", "outcome"), ("_t", "time"), ("_t0", "entry"), ("_st", "condition"))


def test_times_that_are_named_are_all_that_is_meant():
    command = parse("streg age, d(w) time(t) failure(died)")
    assert (command.depvar, command.condition) == ("died", None)
    assert command.uses == (("died", "outcome"), ("age", "number"), ("t", "time"))
    assert parse("streg age, d(w) time(t) failure(died) entry(t0)").sources == ("died", "age", "t", "t0")
    derived = parse("generate t = (exit-start)/365.25; streg age, d(w) time(t) failure(died)")
    assert derived.sources == ("died", "age", "exit", "start")
