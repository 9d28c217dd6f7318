"""Help in Stata says what there is: models, options, results and examples are those of the registries."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import click
import pytest
import stata_help
import stata_help_commands
from stata_help_words import LONGER, MODELS, OPTIONS

from fedfolder.cli import cli
from fedfolder.cli.fits import run
from fedfolder.command import parse
from fedfolder.command.models import TABLE, WITH_OPTION
from fedfolder.command.options import OPTIONS as RULES
from fedfolder.estimates.prediction import PREDICTIONS
from fedfolder.stata import commands, driving
from fedfolder.stata.line import read
from fedfolder.stata.showing import DETAILS, WORDS
from tests.stata.checker.help import markers
from tests.stata.checker.markup import Directive, every, parsed

ADO = Path(__file__).resolve().parents[2] / "fedfolder" / "stata" / "ado"
HELP = {path.stem: path.read_text(encoding="ascii") for path in sorted(ADO.glob("*.sthlp"))}
MODEL_PAGES = [f"fedfolder_{model}" for model in TABLE]
GROUPS = {name: group.commands for name, group in cli.commands.items() if isinstance(group, click.Group)}
WORDS_OF_STATA = ("test", "testparm", "lincom", "nlcom", "predict", "estimates", "lrtest", "use", "ml", "global")


def described(text, table=1):
    """Return the options that a table of a page describes, each with its shortest abbreviation."""
    part = text.split("{synopthdr")[table].split("{synoptline}")[1]
    rows = [node for line in part.split("\n") for node in parsed(line)]
    heads = [node.body for node in rows if isinstance(node, Directive) and node.name == "synopt"]
    options = [node.arguments for head in heads for node in every(head or ()) if node.name in {"opt", "opth"}]
    names = [option.partition("(")[0] for option in options]
    return {name.replace(":", ""): name.split(":")[0] for name in names}


def examples(text):
    """Return the commands of a page's examples."""
    return re.findall(r"\{phang2\}\{cmd:\. (.*)\}\{p_end\}", text)


@pytest.mark.parametrize("model", TABLE)
def test_the_page_of_a_model_is_what_the_script_writes(model):
    assert HELP[f"fedfolder_{model}"] == stata_help.page(model)


def test_the_page_of_the_commands_is_what_the_script_writes():
    assert HELP["fedfolder_commands"] == stata_help_commands.page(stata_help.paragraph)


@pytest.mark.parametrize("name", stata_help_commands.commands())
def test_a_command_has_an_example_that_means_the_same_in_stata(name):
    command = stata_help_commands.commands()[name]
    shown = stata_help_commands.examples(command)
    _, after = stata_help_commands.blocks(command)
    typed = [line.strip() for line in after.split("\n") if line.strip().startswith("fedfolder ")]
    assert len(shown) == len(typed) > 0
    for in_stata, in_terminal in zip(shown, typed, strict=True):
        line = read(in_stata.removeprefix("fedfolder "))
        arguments = commands.as_arguments(command, line.options)
        words = line.words[len(name.split()) :]
        of_stata = command.make_context(name, [*arguments, "--", *words], **cli.context_settings).params
        given = shlex.split(in_terminal)[1 + len(name.split()) :]
        assert of_stata == command.make_context(name, given, **cli.context_settings).params


def test_the_list_of_files_is_what_the_script_writes():
    assert (ADO.parent / "fedfolder.pkg").read_text(encoding="ascii") == stata_help.package()


def test_the_words_are_about_what_there_is_and_nothing_else():
    assert set(MODELS) == set(TABLE)
    own = {f"{model} {rule.name}" for model in TABLE for rule in RULES if rule.serves(model)} & set(OPTIONS)
    assert set(OPTIONS) == set(LONGER) == {rule.name for rule in RULES} | own


@pytest.mark.parametrize("model", TABLE)
def test_a_page_lists_the_options_that_its_model_takes_and_no_other(model):
    page = HELP[f"fedfolder_{model}"]
    assert described(page) == {rule.name: rule.shortest for rule in RULES if rule.serves(model)}
    options = page.split("{marker options}")[1].split("{marker remarks}")[0]
    explained = re.findall(r"(?m)^\{phang\}\n\{opt (\w+)", options)
    assert explained == [rule.name for rule in RULES if rule.serves(model)]


@pytest.mark.parametrize("model", TABLE)
def test_a_page_says_what_can_be_predicted_after_its_model(model):
    (words,) = re.findall(r"\{cmd:predict\} gives (.*?)\{p_end\}", HELP[f"fedfolder_{model}"], re.DOTALL)
    assert tuple(re.findall(r"\{cmd:(\w+)\}", words)) == PREDICTIONS[model]


def test_the_overview_names_every_model_and_every_command():
    overview = HELP["fedfolder"]
    for model in [*TABLE, *WITH_OPTION]:
        assert re.search(rf"\{{help fedfolder_\w+:{model}\}}", overview)
    for name in cli.commands:
        assert re.search(rf"\{{(cmd|ul):{name}\b", overview) or name == "run", name
    named = set(re.findall(r"(?<=\{cmd:)(study|estimates|stata) ([a-z-]+)(?=\})", overview))
    groups = ("study", "estimates", "stata")
    assert named == {(group, name) for group in groups for name in GROUPS[group]}


def test_the_options_of_every_fit_are_those_of_the_command_and_the_study():
    of_click = {name for name in commands.options_of(run) if name != "help"}
    assert described(HELP["fedfolder_estimation"]).keys() == of_click | {"study"}
    taken = {name: option.is_flag for name, option in commands.options_of(run).items() if name != "help"}
    for name, is_flag in taken.items():
        assert (f"{{opt {name}}}" in HELP["fedfolder_estimation"]) == is_flag


def test_the_chores_of_a_node_and_their_options_are_those_of_the_command():
    page = HELP["fedfolder_node"]
    chores = re.findall(r"\{synopt:\{cmd:([\w-]+)\} \{it:", page)
    node = GROUPS["node"]
    assert set(chores) == set(node)
    options = {name for chore in node.values() for name in commands.options_of(chore) if name != "help"}
    assert described(page, table=2).keys() == options


def test_the_words_and_options_of_a_node_in_stata_are_those_of_the_program():
    program = (ADO / "fedfolder_node.ado").read_text(encoding="ascii")
    (words,) = re.findall(r'if !inlist\("`word\'", (.*?)\)', program)
    (options,) = re.findall(r"syntax \[, (.*)\]", program)
    syntax = HELP["fedfolder_node"].split("{synoptset")[0].split("(experimental)")[1]
    assert set(re.findall(r"(?<=[}|]\{cmd:)(\w+)", syntax)) == set(re.findall(r'"(\w+)"', words))
    assert set(re.findall(r"\{opt (\w+)", syntax)) == {option.partition("(")[0] for option in options.split()}


def test_the_statistics_of_predict_are_those_of_the_program():
    page = HELP["fedfolder_postestimation"]
    (line,) = re.findall(r"syntax newvarlist .*\[, (.*)\]", (ADO / "fedfolder_p.ado").read_text(encoding="ascii"))
    taken = {name.lower() for name in re.findall(r"[A-Za-z]+[0-9]?(?=\W)", re.sub(r"\(\w+\)", "", line) + " ")}
    known = {kind for kinds in PREDICTIONS.values() for kind in kinds}
    assert described(page, table=2).keys() == known
    assert taken == known | {"nooffset", "outcome"}
    assert "{opt nooff:set}" in page
    assert "{opt o:utcome(level)}" in page


def test_the_options_of_showing_again_are_those_that_are_taken():
    ratios = {model.ratio for model in TABLE.values() if model.ratio} | {"eform"}
    assert described(HELP["fedfolder_postestimation"]).keys() == {"level", "nohr", DETAILS} | ratios
    assert ratios <= set(WORDS)


def test_the_option_of_setup_is_that_of_its_program():
    assert "syntax [, python(string)]" in (ADO / "_fedfolder_setup.ado").read_text(encoding="ascii")
    assert "[{cmd:,} {opt python(path)}]" in HELP["fedfolder_setup"]


def test_the_options_of_a_stub_are_those_that_it_takes():
    assert described(HELP["fedfolder_stub"]).keys() == set(driving.OWN)


@pytest.mark.parametrize("page", HELP)
def test_every_example_can_be_typed(page):
    for example in examples(HELP[page]):
        line = example.removeprefix("capture noisily ")
        if line.startswith(("if ", "$", "net ", *(f"{word} " for word in WORDS_OF_STATA))):
            continue
        word, _, rest = line.partition(" ")
        if word == "fedfolder_node":
            assert rest.split()[0] in {"run", "once", "pending"}
        elif word == "fedfolder,":
            assert {option.name for option in read(f", {rest}").options} <= {"level", DETAILS, *WORDS}
        else:
            assert word == "fedfolder"
            check_example(rest)


def check_example(text):
    """Raise for a line that fedfolder would not take."""
    first = text.split(" ", maxsplit=1)[0].rstrip(",")
    if first in {"", "doctor", "setup", "close", "nodes"}:
        return
    line = read(text.removeprefix("stub "))
    if line.is_fit:
        ours = {*commands.options_of(run), "study", *(["clear", "radius"] * (first == "stub"))}
        parse(line.command(option for option in line.options if option.name not in ours))
        return
    words, command = commands.found(line.words)
    arguments = commands.as_arguments(command, line.options)
    command.make_context(words[-1], [*arguments, "--", *line.words[len(words) :]], **cli.context_settings)


@pytest.mark.parametrize("line", ["logit low age, nosuch", "node approve C:/x 1, nosuch(a)", "node aprove C:/x 1"])
def test_an_example_that_could_not_be_typed_would_be_found(line):
    with pytest.raises((Exception, click.ClickException)):
        check_example(line)


def test_the_examples_of_the_models_are_of_these_models():
    for model in TABLE:
        found = [line.split()[1] for line in examples(HELP[f"fedfolder_{model}"]) if line.startswith("fedfolder ")]
        assert set(found) == {model}


@pytest.mark.parametrize("page", HELP)
def test_each_place_that_the_viewer_can_jump_to_is_of_this_page(page):
    jumps = re.findall(r'\{viewerjumpto "[^"]+" "(\w+)##(\w+)"\}', HELP[page])
    assert jumps
    assert {name for name, _ in jumps} == {page}
    if page != stata_help_commands.NAME:
        assert {marker for _, marker in jumps} == set(markers(HELP[page])) - {"title"}


@pytest.mark.parametrize("name", ["scalars", "macros"])
def test_what_a_page_says_of_e_is_what_is_posted(name):
    module = importlib.import_module("fedfolder.stata.posting")
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    kind = "Scalars" if name == "scalars" else "Macros"
    for page in MODEL_PAGES:
        part = HELP[page].split("{marker storedresults}")[1].split(f": {kind}}}")[1].split("{p2col ")[0]
        for result in re.findall(r"\{cmd:e\((\w+)\)\}", part):
            assert f'"{result}"' in source or result in KEPT_IN_STATS, (page, result)


KEPT_IN_STATS = {
    "ll_c",
    "chi2_c",
    "p_c",
    "icc",
    "N",
    "df_r",
    "chi2",
    "F",
    "r2",
    "r2_a",
    "rss",
    "rmse",
    "deviance",
    "deviance_p",
    "N_fail",
    "risk",
    "phtest_chi2",
    "phtest_df",
    "phtest_p",
}
"""Scalars that are posted as they are in the result, or by `ereturn post`."""
