"""What is typed after `fedfolder`, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command.models import MODELS, WITH_OPTION
from fedfolder.command.parse import parse
from fedfolder.errors import CommandError
from fedfolder.stata.line import Option, read, unquoted

PATHS = [
    r"S:\lbw",
    r"S:\Daten der Kohorte\Süd-Küste",
    "S:/lbw",
    r"\\server\share\my study",
    "S:\\ends with one\\",
    "/home/a b/lbw",
    r"C:\a (b), c\d",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("quote", ['"{}"', '`"{}"\''])
def test_a_path_in_quotes_comes_through_as_it_is(path, quote):
    written = quote.format(path)
    line = read(f"node approve {written} 3, reason({written}) again")
    assert line.words == ("node", "approve", path, "3")
    assert [(o.name, o.argument) for o in line.options] == [("reason", path), ("again", None)]


@pytest.mark.parametrize("path", [path for path in PATHS if " " not in path])
def test_a_path_without_blanks_needs_no_quotes(path):
    assert read(f"check {path}, timeout(1h)").words == ("check", path)
    assert read(f"check x, study({path})").options == (Option("study", path, f"study({path})"),)


@pytest.mark.parametrize("model", [*MODELS, *MODELS.values(), *WITH_OPTION])
def test_every_model_by_its_name_and_shortest_name_asks_for_a_fit(model):
    line = read(f'{model} y x if inlist(g, 1, 2) & t == "a, (b" [fw=w], study(S:/lbw) vce(cluster id) level(90)')
    assert line.is_fit
    assert line.main == f'{model} y x if inlist(g, 1, 2) & t == "a, (b" [fw=w]'
    assert [o.name for o in line.options] == ["study", "vce", "level"]
    assert line.command(line.options[1:]) == f"{line.main}, vce(cluster id) level(90)"


def test_statements_that_derive_variables_stand_before_the_fit():
    line = read('recode age (1/20=1) (21/99=2), generate(old); logit low i.old, or study("S:/a;b")')
    assert line.is_fit
    command = line.command(o for o in line.options if o.name != "study")
    assert parse(command) == parse("recode age (1/20=1) (21/99=2), generate(old); logit low i.old, or")
    assert line.options[-1].argument == "S:/a;b"


def test_compound_quotes_of_a_command_become_plain_ones():
    line = read('logit low age if sex == `"F"\', or')
    assert line.command(line.options) == 'logit low age if sex == "F", or'


def test_lists_in_parentheses_and_quotes_with_them_come_through():
    """Stata's own parser sees one macro: what stands in quotes may hold parentheses, commas and semicolons."""
    typed = (
        "stpm2 x i.g, scale(odds) knots(1(0.5)2) time(t) failure(d) study(S:/a) standsurv(10(5)20) "
        'at1(x 1 g "late (III, IV); or ""worse""") at2(g `"early"\')'
    )
    line = read(typed)
    command = parse(line.command(o for o in line.options if o.name != "study"))
    assert (command.argument("knots"), command.argument("standsurv")) == ("1 1.5 2", "10 15 20")
    assert command.argument("at1") == 'x 1 g "late (III, IV); or ""worse"""'
    assert command.argument("at2") == 'g "early"'


@pytest.mark.parametrize("text", ["node once", "predict x y", "lincom a b", "", "logitt low age", "simulate x"])
def test_what_is_no_model_is_no_fit(text):
    assert not read(text).is_fit


@pytest.mark.parametrize(
    "text",
    ['check "S:/lbw', "check S:/lbw, timeout(1h", 'check x, reason("a)', 'check `"a', "logit low age, (or)"],
)
def test_what_is_not_closed_is_said_with_its_place(text):
    with pytest.raises(CommandError) as caught:
        read(text)
    assert caught.value.text in text
    assert 0 <= caught.value.position < len(caught.value.text)


def test_a_comma_too_many_is_kept_for_whoever_reads_the_command():
    assert [o.name for o in read("logit low age, or, level(90)").options] == ["or", ",", "level"]


@given(st.text(alphabet=" abc,()\"`'\\;.#", max_size=30))
def test_any_text_is_taken_apart_or_refused_in_our_words(text):
    try:
        line = read(text)
    except CommandError:
        return
    assert all(option.name for option in line.options)
    assert line.main == line.main.strip()


@pytest.mark.parametrize(
    ("text", "bare"), [('"a"', "a"), ('`"a "b" c"\'', 'a "b" c'), ("a", "a"), ('"a" "b"', '"a" "b"')]
)
def test_quotes_around_the_whole_are_taken_away(text, bare):
    assert unquoted(text) == bare
