from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import MODELS, OPTIONS, Option, parse
from fedfolder.command.grammar import LARGEST_ORDER, MOST_TERMS
from fedfolder.command.models import TABLE
from fedfolder.command.standardised import AT
from fedfolder.errors import CommandError, FedfolderError, UnknownNameError
from fedfolder.likelihood import LIKELIHOODS
from tests.command.strategies import commands


@given(commands())
def test_the_canonical_text_parses_to_the_same_command(command):
    assert parse(str(command)) == command
    assert parse(str(parse(str(command)))) == command


@given(st.data())
def test_whatever_becomes_of_a_command_another_one_or_an_error_of_ours_comes_out(data):
    text = str(data.draw(commands()))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(start, min(len(text), start + 6)))
        text = text[:start] + data.draw(FRAGMENTS | st.just("") | st.characters()) + text[stop:]
    check_a_command_or_an_error_of_ours(text)


WORDS = (
    'logit low age i. c. ib2. ib " a b # ## ( ) , or level( 90 nocons ibn. l. 2. x* [ ] : if _cons 9 "" ib(last). ; '
    "[fw= & | ! >= . .a ^ - generate egen recode mkspline = cut( at( knots( cubic else glm family( link( rs clogit "
    "vce(cluster across group( 1e5 1e999 missing( cond( _b[ / = min max , ,"
)
FRAGMENTS = st.sampled_from([*re.split(" ", WORDS), *" \t\n.", "\N{NO-BREAK SPACE}", "²", "\N{COMBINING ACUTE ACCENT}"])


@given(
    st.one_of(
        st.text(),
        st.lists(FRAGMENTS).map("".join),
        st.lists(FRAGMENTS).map(lambda f: "logit y " + " ".join(f)),
        st.lists(FRAGMENTS).map(lambda f: "recode x (" + " ".join(f)),
        st.lists(FRAGMENTS).map(lambda f: "generate x = " + " ".join(f)),
    )
)
def test_whatever_the_text_a_command_or_an_error_of_ours_comes_out(text):
    check_a_command_or_an_error_of_ours(text)


def check_a_command_or_an_error_of_ours(text):
    try:
        command = parse(text)
    except CommandError as caught:
        error = caught
    except FedfolderError:
        return
    else:
        assert parse(str(command)) == command
        return
    assert 0 <= error.position <= len(text)
    assert str(error).split("\n")[2].endswith("^")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("logit low age i.race smoke", "logit low age i.race smoke"),
        ("  logit\tlow\nage  ", "logit low age"),
        ("logit low", "logit low"),
        ("logit low c.age", "logit low age"),
        ("logit low a#b", "logit low i.a#i.b"),
        ("logit low a##b", "logit low i.a i.b i.a#i.b"),
        ("logit low i.a##c.x", "logit low i.a x i.a#c.x"),
        ("logit low c.x##i.a", "logit low x i.a i.a#c.x"),
        ("logit low c.x##c.x", "logit low x c.x#c.x"),
        ("logit low a##b##c", "logit low i.a i.b i.a#i.b i.c i.a#i.c i.b#i.c i.a#i.b#i.c"),
        ("logit low i.(a b) c.(x z)", "logit low i.a i.b x z"),
        ("logit low a#(b c)", "logit low i.a#i.b i.a#i.c"),
        ("logit low (a b)#(c d)", "logit low i.a#i.c i.a#i.d i.b#i.c i.b#i.d"),
        ("logit low i.g##(c.x c.x#c.x)", "logit low i.g x c.x#c.x i.g#c.x i.g#c.x#c.x"),
        ("logit low (a)#b", "logit low i.a#i.b"),
        ("logit low age age i.a b##a i.b a#b", "logit low age i.a i.b i.b#i.a"),
        ('logit low ib"North ""x""".g', 'logit low ib"North ""x""".g'),
        ('logit low ib"2".g', "logit low ib2.g"),
        ("logit low ib2.g##c.x", "logit low ib2.g x ib2.g#c.x"),
        ("logit low i.g g#h ib2.g", "logit low ib2.g ib2.g#i.h"),
        ("logit low age, nocons", "logit low age, noconstant"),
        ("logit low age,or l(90.50) nocons", "logit low age, noconstant level(90.5) or"),
        ("logit low age, level( 99.99 )", "logit low age, level(99.99)"),
        ("logit low age,", "logit low age"),
        ("reg bwt age", "regress bwt age"),
        ("regr bwt age", "regress bwt age"),
        ("prob low age", "probit low age"),
        ("olog y x", "ologit y x"),
        ("oprobi y x", "oprobit y x"),
        ("clog y x, gr(g)", "clogit y x, group(g)"),
        ("clogit y x, strata( g )", "clogit y x, group(g)"),
        ("logistic low age, l(90)", "logit low age, level(90) or"),
        ("logistic low age, or", "logit low age, or"),
        ("logit low ib(first).a ib(last).b#c", "logit low ib(first).a ib(last).b#i.c"),
        ("logit low ib(freq).a ibn.b c.x", "logit low ib(freq).a ibn.b x"),
        ("logit low i.a ib(last).a#b", "logit low ib(last).a ib(last).a#i.b"),
        ("logit low ib(last).(a b)", "logit low ib(last).a ib(last).b"),
        ("logit low a##b##c.x", "logit low i.a i.b i.a#i.b x i.a#c.x i.b#c.x i.a#i.b#c.x"),
        ("logit low age if sex==2&age>=50 [fweight = pop], or", "logit low age if sex==2 & age>=50 [fw=pop], or"),
        ("logit low age [pw=w] if(sex)", "logit low age if sex [pw=w]"),
        ("regress y x [aweight=w]", "regress y x [aw=w]"),
        ("logit y x [frequency=w]", "logit y x [fw=w]"),
        ("logit y if x", "logit y if x"),
        ("poisson y x, irr e(n)", "poisson y x, exposure(n) irr"),
        ("glm y x, f(b n) l(l)", "glm y x, family(binomial n) link(logit)"),
        ("glm y x, fam(bernoulli) link(log)", "glm y x, family(binomial) link(log)"),
        ("glm y x, fam(gau) le(90) eform", "glm y x, family(gaussian) level(90) eform"),
        ("glm y x, fam(gam) link(reciprocal)", "glm y x, family(gamma) link(power -1)"),
        ("glm y x, fam(ig) link(pow -2)", "glm y x, family(igaussian) link(power -2)"),
        ("glm y x, fam(p) link(power 0) lnoffset(n)", "glm y x, family(poisson) link(log) exposure(n)"),
        ("glm y x, link(rs  dstar) fam(poisson)", "glm y x, family(poisson) link(rs dstar)"),
        ("logit y x, r", "logit y x, vce(robust)"),
        ("logit y x, cl(id)", "logit y x, vce(cluster id)"),
        ("logit y x, vce(cl id,across)", "logit y x, vce(cluster id, across)"),
        ("logit y x, vce(oim)", "logit y x, vce(oim)"),
        ("regress y x, vce(ols)", "regress y x, vce(oim)"),
        ("mlogit y x, base(01) rrr", "mlogit y x, baseoutcome(01) rrr"),
        ('mlogit y x, b("no, ""x"" )")', 'mlogit y x, baseoutcome("no, ""x"" )")'),
        ('mlogit y x, b("-1")', "mlogit y x, baseoutcome(-1)"),
        ("g z=ln(x)\nlogit y\n z", "generate z = ln(x); logit y z"),
        (";; gen double z = x^2 ;\n\n logit y z;", "generate z = x^2; logit y z"),
        ("recode x (1/3 .=0 ) ( * = .),gen( z ); logit y z", "recode x (1/3 . = 0) (else = .), generate(z); logit y z"),
        (
            "recode x (miss=9)(nonm=-1), g(z); logit y z",
            "recode x (missing = 9) (nonmissing = -1), generate(z); logit y z",
        ),
        ("recode x (min/-2.5 3=.5), g(z); logit y z", "recode x (min/-2.5 3 = 0.5), generate(z); logit y z"),
        ("egen z=cut(x), icodes at(0,1.5,1e3); logit y z", "egen z = cut(x), at(0 1.5 1000) icodes; logit y z"),
        ("mkspline r=x,knots(-1 0 2) cub; logit y r1 r2", "mkspline r = x, cubic knots(-1 0 2); logit y r1 r2"),
        ("mkspline a -1 b 2 c=x, m; logit y a c", "mkspline a -1 b 2 c = x, marginal; logit y a c"),
    ],
)
def test_the_text_means(text, canonical):
    assert str(parse(text)) == canonical
    assert str(parse(canonical)) == canonical


@pytest.mark.parametrize(
    ("marked", "message"),
    [  # the caret stands before the `¦`
        ("¦", "empty"),
        ("¦, or", "begins with the name of a model"),
        ("logit¦", "name of the outcome"),
        ("logit ¦, or", "name of the outcome"),
        ("logit ¦i.low age", "outcome cannot be a factor"),
        ("logit ¦c.low age", "outcome cannot be a factor"),
        ("logit ¦low#a", "outcome cannot be a factor"),
        ("logit ¦_cons age", "_cons"),
        ("logit low age ¦_cons", "_cons"),
        ("logit low age ¦i.low", "among the terms"),
        ("logit low age ¦a#low", "among the terms"),
        ("logit low ib2.a ¦ib3.a#b", "another base"),
        ("logit low a¦#a", "meets itself"),
        ("logit low a#¦", "ends before"),
        ("logit low a##¦#b", "found #"),
        ("logit low i.(¦#b)", "found #"),
        ("logit low a#¦(b", "not closed"),
        ("logit low i.¦(a b, or", "not closed"),
        ("logit low a¦)", r"found \)"),
        ("logit low a#¦()", "nothing between"),
        ("logit low ¦(a b)", "stands alone"),
        ("logit low i.(¦a#b)", "plain names"),
        ("logit low i.(a ¦c.b)", "plain names"),
        ("logit low i.¦ age", "without a space"),
        ("logit low i.¦", "ends before"),
        ("logit low ¦q.age", "not an operator"),
        ("logit low ¦ibE.age", "not an operator"),
        ('logit low i¦"E".age', "quotes"),
        ('logit low ¦"E"', 'found "'),
        ('logit low ib¦"E', "no closing quote"),
        ("logit low ¦9", "not the name of a variable"),
        ("logit low ¦" + "a" * 33, "at most 32"),
        ("logit low age¦^2", r"found \^"),
        ("logit low age, or ¦or", "twice"),
        ("logit low age, nocons ¦noconst", "twice"),
        ("logit low age, or¦, level(90)", "one comma"),
        ("logit low age, or¦(1)", "no argument"),
        ("logit low age, level¦", "needs an argument"),
        ("logit low age, level(¦9.99)", "not an argument"),
        ("logit low age, level(¦100)", "not an argument"),
        ("logit low age, level(¦09)", "not an argument"),
        ("logit low age, level(¦90.123)", "not an argument"),
        ("logit low age, level(¦)", "not an argument"),
        ("logit low age, level(¦nan)", "not an argument"),
        ("logit low age, level¦(90", "not closed"),
        ("logit low age, ¦(90)", "not the name of an option"),
        ("logit low¦, nocons", "needs its constant"),
        ("logit ¦if", "found `if`"),
        ("logit low a#¦if", "found `if`"),
        ("logit low a if¦", "ends before"),
        ("logit low a if x¦=2", "found ="),
        ("logit low a if x ¦in 1/2", "not supported yet"),
        ("logit low a if x ¦)", r"found \)"),
        ("logit low a if x ¦if z", "second if"),
        ("logit low a if x ¦z", "after an expression"),
        ("logit low a if x[¦1]", "no kind of weight"),
        ("logit low a [fw=p] ¦[pw=q]", r"second \["),
        ("logit low a [fw=p] ¦b", "after the weight"),
        ("logit low a [¦w=p]", "no kind of weight"),
        ("logit low a [fw¦]", "written with ="),
        ("logit low a [pw=p¦/q]", "one variable"),
        ("logit low a ¦[pw=p", "not closed"),
        ("logit low a [aw=¦w]", "logit takes no aw"),
        ("logit low a [pw=¦low]", "is the outcome"),
        ("logit low a [pw=p], ¦vce(oim)", "robust variance"),
        ("regress y a [iw=p], ¦robust", "importance weights"),
        ("logit low a, ¦offset(low)", "is the outcome"),
        ("logit low a, vce(¦bootstrap)", "not supported yet"),
        ("logit low a, vce(¦ols)", "not an argument"),
        ("logit low a, vce(¦cluster)", "not an argument"),
        ("logit low a, robust ¦vce(cluster id)", "twice"),
        ("logit low a, ¦cluster(low)", "is the outcome"),
        ("logit low a, or ¦eform", "two options"),
        ("poisson y x, exposure(n) ¦offset(n)", "given both"),
        ("poisson y x, exposure(¦2)", "not an argument"),
        ("glm y x, ¦exposure(n)", "logarithm"),
        ("glm y x, family(poisson) ¦link(logit)", "has no link"),
        ("glm y x, family(gamma) ¦link(rs d)", "has no link"),
        ("glm y x, ¦link(logit)", "has no link"),
        ("glm y x, family(¦student)", "not an argument"),
        ("glm y x, family(¦poisson n)", "not an argument"),
        ("glm y x, family(¦binomial 0)", "not an argument"),
        ("glm y x, link(¦power 3)", "not an argument"),
        ("glm y x, ¦family(binomial y)", "is the outcome"),
        ("clogit y x¦", "needs its sets"),
        ("clogit y¦, group(g)", "needs a term"),
        ("clogit y x i.g, ¦group(g)", "among the terms"),
        ("clogit y x, ¦group(y)", "is the outcome"),
        ("mlogit y x, baseoutcome(¦no)", "not an argument"),
        ("logit low ib(last).a ¦ib(first).a#b", "another base"),
        ("logit low ibn.a ¦ib2.a#b", "another base"),
        ("¦generate z = x; logit y x", "does not use z"),
        ("generate z = x; ¦generate z = w; logit y z", "defined twice"),
        ("¦generate x = x; logit y x", "variable of the data"),
        ("generate z = x; ¦generate x = w; logit y x z", "variable of the data"),
        ("generate z = x¦", "there is no model"),
        ("generate z = x; ¦", "there is no model"),
        ("logit y x; ¦generate z = x", "more after the model"),
        ("generate z ¦ln(x); logit y z", "where = should be"),
        ("generate z = x ¦if w; logit y z", "cond"),
        ("generate ¦float z = x; logit y z", "double"),
        ("generate z = ¦_b[x]; logit y z", "only after a fit"),
        ("egen z = ¦mean(x); logit y z", r"only cut\(\)"),
        ("egen z = cut(x), at(3 ¦2); logit y z", "do not ascend"),
        ("egen z = cut(x), at¦(3); logit y z", "fewer than 2"),
        ("egen z = cut(x), at(0¦(10)60); logit y z", "not supported yet"),
        ("egen z = cut(x), ¦group(4); logit y z", "quantiles"),
        ("egen z = cut(x), icodes¦; logit y z", "needs the ends"),
        ("recode x (1=2)¦; logit y z", "where"),
        ("recode x ¦1=2, generate(z); logit y z", "where"),
        ("recode x (1=2), ¦into(z); logit y z", "not changed"),
        ("recode x ¦w (1=2), generate(z); logit y z", "one variable"),
        ("recode x (else=1) ¦(2=3), generate(z); logit y z", "nothing is left"),
        ("recode x (¦3/1=2), generate(z); logit y z", "empty"),
        ('recode x (1=2 ¦"a"), generate(z); logit y z', "not supported yet"),
        ("recode x (¦min=2), generate(z); logit y z", "only in a range"),
        ("recode x (1=¦.a), generate(z); logit y z", "not told apart"),
        ("recode x (1=¦1e400), generate(z); logit y z", "too large"),
        ("mkspline r = x, cubic knots¦(1 2); logit y r1", "fewer than 3"),
        ("mkspline r = x, cubic ¦nknots(4); logit y r1", "from the data"),
        ("mkspline r = x, knots(1 2 3)¦; logit y r1", "needs cubic"),
        ("mkspline a 1 b 2 ¦= x; logit y a", "name"),
        ("¦replace x = 1; logit y x", "not supported yet"),
        ("¦bysort g: generate z = x; logit y z", "not supported yet"),
        ("¦quietly logit y x", "not supported yet"),
    ],
)  # fmt: skip
def test_an_error_has_its_caret_under_the_place(marked, message):
    text = marked.replace("¦", "")
    with pytest.raises(CommandError, match=message) as caught:
        parse(text)
    assert caught.value.position == marked.index("¦")


@pytest.mark.parametrize(
    "marked",
    [
        "logit low age ¦in 1/10", "logit low age ¦using f",
        "¦by g: logit low age", "¦quietly: logit low age", "logit low a¦*", "logit low a¦-b", "logit low a¦?",
        "logit low ¦_all",
        "logit low ¦bn.a", "logit low ¦ib(#2).a", "logit low ¦b(last).a", "logit low ¦b2.a", "logit low ¦l.age",
        "logit low ¦L2.age", "logit low ¦LD.age", "logit low ¦L(1/3).age", "logit low ¦2.race", "logit low ¦1b.race",
        "logit low ¦i2.race", "logit low ¦o.age", "logit low a##b¦#c", "logit low (¦(a b))#c",
    ],
)  # fmt: skip
def test_what_only_stata_has_is_said_to_be_missing(marked):
    with pytest.raises(CommandError, match="not supported yet") as caught:
        parse(marked.replace("¦", ""))
    assert caught.value.position == marked.index("¦")


def test_a_short_text_cannot_expand_without_bound():
    names = " ".join(f"v{i}" for i in range(200))
    with pytest.raises(CommandError, match=f"at most {MOST_TERMS} terms"):
        parse(f"logit low ({names})#({names})")
    with pytest.raises(CommandError, match=f"at most {MOST_TERMS} terms"):
        parse("logit low " + " ".join(f"w{i}" for i in range(MOST_TERMS + 1)))
    with pytest.raises(CommandError, match=f"at most {LARGEST_ORDER} variables"):
        parse("logit low " + "##".join("abcdefghi"))
    assert len(parse("logit low " + "##".join("abcdefgh")).terms) == 2**LARGEST_ORDER - 1
    with pytest.raises(CommandError):
        parse("logit low " + "(" * 100_000)


def test_the_models_to_know_can_be_given():
    assert parse("poisson y x", {"poisson"}).model == "poisson"
    assert parse("frailty y x, offset(o) vce(robust) eform", {"frailty"}).model == "frailty"
    with pytest.raises(UnknownNameError):
        parse("poisson y x", {"logit"})
    with pytest.raises(UnknownNameError):
        parse("logistic y x", {"probit"})
    with pytest.raises(UnknownNameError, match="did you mean poisson"):
        parse("poison y x", ["logit", "poisson"])
    for word in ["logi", "logisti", "re", "Logit"]:
        with pytest.raises(UnknownNameError):
            parse(f"{word} y x")


@pytest.mark.parametrize("model", [*sorted(MODELS), "frailty"])
@pytest.mark.parametrize("rule", OPTIONS, ids=lambda rule: rule.name)
def test_each_option_is_known_by_its_abbreviations_and_to_its_models_alone(model, rule):
    texts = ("90", "poisson", "log", "robust", "weibull", "mcaghermite", "x", "g", "odds", "1 2", "3", "x: 1 2", "x 1")
    tried = [text for text in texts if text == "x" or rule.name != "tvc"]
    argument = next((f"({text})" for text in tried if rule.canonical and rule.canonical(text)), "")
    needed = " group(s)" if model == "clogit" and rule.name not in {"group", "strata"} else ""
    needed += " family(poisson) link(log)" if model == "glm" and rule.name in {"exposure", "lnoffset"} else ""
    needed += " family(poisson)" if model == "glm" and rule.name == "link" else ""
    needed += survival_needs(model, rule.name)
    outcome = "" if model in TABLE and TABLE[model].survival else "y "
    random = "|| s:" if model in {"melogit", "mepoisson", "mestreg"} else ""
    for length in range(1, len(rule.name) + 1):
        word = rule.name[:length]
        meant = next((r for r in OPTIONS if r.serves(model) and fits(word, r)), None)
        text = f"{model} {outcome}x{random}, {word}{argument}{needed}"
        if meant is None:
            assert length < len(rule.shortest) or not rule.serves(model)
            with pytest.raises(UnknownNameError):
                parse(text, [*MODELS, "frailty"])
        elif meant is rule:
            assert parse(text, [*MODELS, "frailty"]).option(rule.option("x").name) is not None
        else:
            # No option hides another one altogether; strata() is one of two models, which mean different things by it.
            assert length < len(rule.name) or meant.name == rule.name


def survival_needs(model, name):
    """What a model of survival times needs beside the option of this name; nothing of other models."""
    if model == "stpm2":
        given = {"scale": "odds", "time": "t", "failure": "d"}
        given |= {} if name in {"df", "knots"} else {"df": "3"}
        given |= {"tvc": "x"} if name in {"dftvc", "knotstvc"} else {"dftvc": "1"} if name == "tvc" else {}
        bare = " noorthog" if name == "noconstant" else ""
        given |= {"standsurv": "1"} if name in AT else {}
        return bare + "".join(f" {option}({argument})" for option, argument in given.items() if option != name)
    if model not in TABLE or not TABLE[model].survival:
        return ""
    distribution = {"aft": "exponential", "tr": "lognormal", "tratio": "lognormal"}.get(name, "weibull")
    asked = {"time": "t", "failure": "d"}
    if model in {"streg", "mestreg"}:
        asked["distribution"] = distribution
    asked |= {"standsurv": "1"} if name in AT else {}
    return "".join(f" {option}({argument})" for option, argument in asked.items() if option != name)


def fits(word, rule):
    return rule.name.startswith(word) and len(word) >= len(rule.shortest)


NEEDS = {
    "glm": "family(poisson)",
    "clogit": "group(g)",
    "stpm2": "scale(hazard) df(2)",
    "streg": "distribution(weibull)",
    "mestreg": "distribution(weibull)",
}


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("word", ["nolog", "nolo", "noshow"])
def test_what_stata_shows_of_a_run_is_no_part_of_a_command(model, word):
    terms = f"{'' if TABLE[model].survival else 'y'} x {'|| g:' if TABLE[model].random else ''}"
    options = f"{NEEDS.get(model, '')} {'time(t) failure(d)' if TABLE[model].survival else ''} level(90)"
    plain = parse(f"{model} {terms}, {options}")
    assert parse(f"{model} {terms}, {word} {options}") == parse(f"{model} {terms}, {options} {word}") == plain


def test_an_unknown_option_names_the_nearest_and_the_models_that_have_it():
    with pytest.raises(UnknownNameError, match="did you mean level"):
        parse("logit y x, levels(90)")
    with pytest.raises(UnknownNameError, match=r"regress has no option .*\n.*or\n.* is that of logit, ologit"):
        parse("regress y x, or")
    with pytest.raises(UnknownNameError, match=r"found: *standsurv\n.* is that of streg, stpm2\n"):
        parse("stcox x, time(t) failure(d) standsurv(5)")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("tvc(i.g x) dftvc(g: 2)", "is about g, which tvc.. does not name\n.*\n.*\n *expected: i.g, x\n"),
        ("tvc(x) knotstvc(x: 2 z: 3)", "is about z, which tvc.. does not name\n.*\n.*\n *expected: x\n"),
        ("dftvc(2)", "about terms of tvc.., and there is none"),
    ],
)
def test_splines_of_what_does_not_vary_are_named_with_what_does(options, says):
    with pytest.raises(CommandError, match=says):
        parse(f"stpm2 x i.g, scale(odds) df(1) time(t) failure(d) {options}")


LISTS = [
    ("stcox x, time(t) failure(d) basesurv({})", 100, "5 1 1"),
    ("stpm2 x, scale(odds) knots({}) time(t) failure(d)", 9, ""),
    ("stpm2 x, scale(odds) df(1) tvc(x) knotstvc(x: {}) time(t) failure(d)", 9, ""),
    ("streg x, distribution(weibull) standsurv({}) time(t) failure(d)", 50, "5 1 1"),
]


@pytest.mark.parametrize(("line", "most", "any_order"), LISTS)
def test_times_are_lists_of_numbers_as_stata_writes_them_and_so_many_at_most(line, most, any_order):
    """Behind the last one that counts, too, each is read: more are too many, and none is left out in silence."""
    assert parse(line.format("0.5(0.5)2 3/5")) == parse(line.format("0.5 1 1.5 2 3 4 5"))
    assert parse(line.format(f"1/{most}")) == parse(line.format(" ".join(map(str, range(1, most + 1)))))
    if any_order:
        assert parse(line.format(any_order)) == parse(line.format("1 5"))
    for wrong in (f"1/{most + 1}", f"1/{most} late", "0/3", "-1 2", "1(0)2", "1e999", "", ".", "nan"):
        with pytest.raises(CommandError, match="not an argument"):
            parse(line.format(wrong))


def test_every_likelihood_is_of_a_model():
    assert {name.split()[0] for name in LIKELIHOODS} <= set(MODELS)


def test_a_command_knows_its_variables_constant_and_level():
    command = parse("logit low age c.lwt##i.race smoke age#ui, level(90)")
    assert command.variables == ("low", "age", "lwt", "race", "smoke", "ui")
    assert (command.constant, command.level, command.option("or")) == (True, 90.0, None)
    command = parse("logit low age, nocons")
    assert (command.constant, command.level) == (False, 95.0)
    assert command.option("noconstant") == Option("noconstant")


def test_a_tab_in_the_text_does_not_move_the_caret():
    with pytest.raises(CommandError) as caught:
        parse("logit\tlow\nage *")
    assert str(caught.value).split("\n")[1:3] == ["    logit low age *", "                  ^"]


def test_the_room_imports_nothing_heavy():
    code = "import sys, fedfolder.command; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not re.search("numpy|pandas|scipy|click", loaded)


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("streg x, d(w) time(t)", "needs failure", ","),
        ("streg x, d(w) failure(d)", "needs time", ","),
        ("streg x, d(w) entry(t0)", "needs time", ","),
        ("streg x, time(t) failure(d)", "needs a distribution", ","),
        ("streg x d, d(w) time(t) failure(d)", "the outcome d is among the terms", "d, "),
        ("streg x t, d(w) time(t) failure(d)", "among the terms", "time"),
        ("streg x, d(w) time(t) failure(t)", "cannot be the time too", "time"),
        ("streg x, d(w) time(t) failure(d) entry(t)", "both time and entry", "entry"),
        ("streg x, d(w) time(t) failure(d) tr", "no time ratios", "tr"),
        ("streg x, d(ln) time(t) failure(d) nohr", "no hazard ratios", "nohr"),
        ("streg x, d(ln) time(t) failure(d) aft", "one of time already", "aft"),
        ("streg x, d(gom) time(t) failure(d) aft", "no form of its own", "aft"),
        ("streg x, d(gamma) time(t) failure(d)", "not an argument of distribution", "gamma"),
        ("streg, d(w) noconstant", "needs its constant", ","),
    ],
)
def test_what_does_not_go_together_in_a_survival_model(text, what, place):
    with pytest.raises(CommandError, match=what) as caught:
        parse(text)
    _, caret = str(caught.value).split("\n")[1:3]
    assert text.startswith(place, caret.index("^") - 4)


AVERAGED = "distribution(weibull) time(t) failure(d) standsurv"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("(10 1 5 1)", "(1 5 10)"),
        ("(0.5(0.5)2)", "(0.5 1 1.5 2)"),
        ("(1/3) at1(.)", "(1 2 3) at1(.)"),
        ("(1) at2(g  2  x -1.50) at1(g . x 0)", "(1) at1(x 0) at2(g 2 x -1.5)"),
        ('(1) at1(g late) at2(g "not "" so") at3(g 01)', '(1) at1(g "late") at2(g "not "" so") at3(g 1)'),
    ],
)
def test_times_and_patterns_of_averages_have_one_way_to_be_written(text, canonical):
    command = parse(f"streg x i.g, {AVERAGED}{text}")
    assert str(command).endswith(f"standsurv{canonical}")
    assert parse(str(command)) == command


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("streg x, d(w) time(t) failure(d) at1(x 1)", "averaged"),
        (f"streg x, {AVERAGED}(0 1)", "not an argument"),
        (f"streg x, {AVERAGED}(1/51)", "not an argument"),
        (f"streg x, {AVERAGED}(1) at1(x)", "not an argument"),
        (f"streg x, {AVERAGED}(1) at1(x 1 x 2)", "not an argument"),
        (f"streg x, {AVERAGED}(1) at1(x 1e999)", "not an argument"),
        (f"streg x, {AVERAGED}(1) at1(z 1)", "z is not among the terms"),
        (f"streg x, {AVERAGED}(1) at1(x low)", "x is a number"),
        (f"streg x i.g, {AVERAGED}(1) at1(x 1 g 2) at2(g 2 x 1)", "the same as at1"),
        (f"streg x, {AVERAGED}(1) at1(x 1) offset(x)", "x is the offset"),
        (f"streg x [pw=x], {AVERAGED}(1) at1(x 1)", "x is the weight"),
        (f"generate z = x^2; generate u = z+1; streg x u, {AVERAGED}(1) at1(x 1)", "u is made of z, and would not"),
        ("stset t, failure(d); stsplit fu, at(0 1); streg x, distribution(weibull) standsurv(1)", "no person"),
        ("stcox x, time(t) failure(d) standsurv(1)", "no option"),
    ],
)
def test_what_cannot_be_averaged_is_said(text, what):
    with pytest.raises(FedfolderError, match=what):
        parse(text)


def test_what_is_derived_from_a_value_may_have_its_own():
    derived = "generate z = x^2"
    assert parse(f"{derived}; streg x z, {AVERAGED}(1) at1(x 2 z 4)").standsurv
    assert parse(f"{derived}; streg x if z < 9, {AVERAGED}(1) at1(x 2)").standsurv
    assert parse("stset t, failure(d); streg x, distribution(weibull) standsurv(1) at1(x 2)").standsurv
