from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import MODELS, OPTIONS, Command, Factor, Option, Term, parse
from fedfolder.command.grammar import LARGEST_ORDER, MOST_TERMS
from fedfolder.errors import CommandError, FedfolderError, UnknownNameError
from fedfolder.likelihood import LIKELIHOODS

NAMES = st.sampled_from(["age", "lwt", "race", "smoke", "Größe", "_x", "år2", "a" * 32])
BASES = st.one_of(st.none(), st.integers(0, 99).map(str), st.text(max_size=6))


@st.composite
def terms(draw, bases):
    factors = draw(st.lists(NAMES, unique=True, max_size=3))
    continuous = draw(st.lists(NAMES, min_size=not factors, max_size=3))
    return Term(tuple(Factor(name, bases[name]) for name in factors), tuple(continuous))


@st.composite
def commands(draw):
    bases = {name: draw(BASES) for name in ["age", "lwt", "race", "smoke", "Größe", "_x", "år2", "a" * 32]}
    unique = {term.key: term for term in draw(st.lists(terms(bases), max_size=5))}
    model = draw(st.sampled_from(sorted(MODELS)))
    options = []
    for rule in OPTIONS:
        allowed = (rule.models is None or model in rule.models) and (rule.name != "noconstant" or unique)
        if allowed and draw(st.booleans()):
            level = draw(st.integers(1000, 9999)) / 100
            options.append(Option(rule.name, f"{level:g}" if rule.canonical else None))
    return Command(model, "low", tuple(unique.values()), tuple(options))


@given(commands())
def test_the_canonical_text_parses_to_the_same_command(command):
    assert parse(str(command)) == command
    assert parse(str(parse(str(command)))) == command


WORDS = 'logit low age i. c. ib2. ib " a b # ## ( ) , or level( 90 nocons ibn. l. 2. x* [ ] : if _cons 9 ""'
FRAGMENTS = st.sampled_from([*re.split(" ", WORDS), *" \t\n.", "\N{NO-BREAK SPACE}", "²", "\N{COMBINING ACUTE ACCENT}"])


@given(
    st.one_of(st.text(), st.lists(FRAGMENTS).map("".join), st.lists(FRAGMENTS).map(lambda f: "logit y " + " ".join(f)))
)
def test_whatever_the_text_a_command_or_an_error_of_ours_comes_out(text):
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
        "logit low age ¦if age>50", "logit low age ¦in 1/10", "logit low age ¦[fw=n]", "logit low age ¦using f",
        "¦by g: logit low age", "¦quietly: logit low age", "logit low a¦*", "logit low a¦-b", "logit low a¦?",
        "logit low ¦_all",
        "logit low ¦ibn.a", "logit low ¦ib(first).a", "logit low ¦ib(#2).a", "logit low ¦b2.a", "logit low ¦l.age",
        "logit low ¦L2.age", "logit low ¦LD.age", "logit low ¦L(1/3).age", "logit low ¦2.race", "logit low ¦1b.race",
        "logit low ¦i2.race", "logit low ¦o.age", "logit low a##b¦#c", "logit low (¦(a b))#c", "logit ¦if",
        "logit low a#¦if",
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
    with pytest.raises(UnknownNameError):
        parse("poisson y x")
    with pytest.raises(UnknownNameError, match="did you mean poisson"):
        parse("poison y x", ["logit", "poisson"])
    for word in ["logi", "logistic", "re", "Logit"]:
        with pytest.raises(UnknownNameError):
            parse(f"{word} y x")


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("rule", OPTIONS, ids=lambda rule: rule.name)
def test_each_option_is_known_by_its_abbreviations_and_to_its_models_alone(model, rule):
    argument = "(90)" if rule.canonical else ""
    for length in range(1, len(rule.name) + 1):
        word = rule.name[:length]
        if length >= len(rule.shortest) and (rule.models is None or model in rule.models):
            assert parse(f"{model} y x, {word}{argument}").option(rule.name) is not None
        else:
            with pytest.raises(UnknownNameError):
                parse(f"{model} y x, {word}{argument}")


def test_an_unknown_option_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean level"):
        parse("logit y x, levels(90)")
    with pytest.raises(UnknownNameError, match="regress"):
        parse("regress y x, or")


def test_every_model_has_a_likelihood_and_the_other_way_round():
    assert sorted(MODELS) == sorted(LIKELIHOODS)


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
