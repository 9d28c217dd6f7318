"""The commands of the command line, typed in Stata."""

from __future__ import annotations

import click
import pytest

from fedfolder.cli.fits import run
from fedfolder.command.names import abbreviates
from fedfolder.command.options import OPTIONS
from fedfolder.errors import CommandError
from fedfolder.stata import commands
from fedfolder.stata.fits import ours
from fedfolder.stata.line import is_model, read
from fedfolder.stata.showing import DETAILS
from fedfolder.stata.wording import name_in_stata
from tests.cli.commands import all_commands
from tests.stata.births import Study

LEAVES = [pytest.param(words, c, id=" ".join(words)) for words, c in all_commands() if not isinstance(c, click.Group)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("Studie") / "my köln study")


@pytest.fixture
def north(study):
    return study.places.nodes["north"]


@pytest.mark.parametrize(("words", "command"), LEAVES)
def test_every_command_is_found_by_its_words_and_no_model_hides_it(words, command):
    assert commands.found([*words, "x"]) == (words, command)
    assert not is_model(words[0])


@pytest.mark.parametrize(("words", "command"), LEAVES)
def test_every_option_has_one_word_in_stata_and_comes_through(words, command):
    known = commands.options_of(command)
    assert len(known) == len([p for p in command.params if isinstance(p, click.Option)]) + 1
    for name, option in known.items():
        assert name.isalnum()
        typed = name if option.is_flag else f'{name}("-a (b), c")'
        (argument,) = commands.as_arguments(command, read(f"{' '.join(words)}, {typed}").options)
        assert argument == (max(option.opts, key=len) + ("" if option.is_flag else "=-a (b), c"))


def test_the_options_of_fits_are_those_of_run():
    assert set(ours()) == {name_in_stata(max(p.opts, key=len)) for p in run.params if isinstance(p, click.Option)}
    assert {"again", "timeout", "dropafter", "minnodes", "unitsdiffer", "json", "csv"} <= set(ours())


@pytest.mark.parametrize("name", [*ours(), "study", DETAILS])
def test_no_option_of_ours_can_be_meant_for_one_of_a_model(name):
    assert not [rule.name for rule in OPTIONS if abbreviates(name, rule.name, rule.shortest)]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("nod once x", "did you mean node"),
        ("node onc x", "did you mean node once"),
        ("logti low age", "did you mean logit"),
        ("node", "init, run, once"),
    ],
)
def test_an_unknown_word_names_the_nearest(typed, hint):
    with pytest.raises(CommandError, match=hint):
        commands.run(read(typed))


@pytest.mark.parametrize("typed", [";", "gen x = age;", "gen x = age;, or", "  ;  , study(x)"])
def test_a_line_without_a_command_is_empty(stata, typed):
    assert stata.run(f"fedfolder {typed}") == 198
    assert "empty" in stata.errors or "no model and no command" in stata.errors
    assert "does not know" not in stata.errors


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("node once x --help", "no hyphens"),
        ("node approve x 1, resaon(a)", "did you mean reason"),
        ("node approve x 1, reason", "takes an argument"),
        ("node trust x, yes(1)", "takes no argument"),
    ],
)
def test_options_that_there_are_not(stata, typed, said):
    assert stata.run(f"fedfolder {typed}") == 198
    assert said in stata.errors


def test_what_click_says_is_said_in_stata_words(stata, study):
    assert stata.run(f'fedfolder run "{study.home}" "logit low age", minnodes(2)') == 198
    assert "minnodes goes with dropafter" in stata.errors
    assert stata.run(f'fedfolder run "{study.home}"') == 198
    assert "COMMAND" in stata.errors
    assert stata.run(f'fedfolder logit low age, study("{study.home}") timeout(soon)') == 198
    assert "'soon' is no length of time" in stata.errors


def test_chores_of_a_node(stata, north):
    assert stata.run(f'fedfolder node once "{north}"') == 0, stata.text
    assert stata.run(f'fedfolder node pending "{north}"') == 0
    assert "nothing waits for a person here" in stata.text
    assert stata.run(f'fedfolder node approve "{north}" 7, reason("x, y")') != 0
    assert stata.run("fedfolder node once, help") == 0
    assert "Answer what has come for the node in HOME" in stata.text


def test_a_word_with_a_hyphen_is_no_option(stata):
    assert stata.run('fedfolder node once "-north"') == 198
    assert "No such option" not in stata.errors
    assert "-north" in stata.errors


def test_a_relative_path_begins_at_the_folder_that_stata_works_in(stata, study, monkeypatch, tmp_path):
    monkeypatch.setattr("tests.stata.standin.sfi.SFIToolkit.getWorkingDir", lambda: str(study.home.parent))
    monkeypatch.chdir(tmp_path)
    assert stata.run("fedfolder node pending north") == 0, stata.text


def test_the_return_code_is_that_of_the_error(stata, tmp_path):
    assert stata.run(f'fedfolder node once "{tmp_path / "none"}"') == 198
    assert "Traceback" not in stata.text
    assert stata.run('fedfolder estimates show "no such.json"') == 198


def test_what_is_asked_at_a_terminal_needs_yes(stata, study, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("Stata has no terminal"))
    typed = f'fedfolder key revoke "{study.home}", peer(west) reason("gone")'
    assert stata.run(typed) == 198
    assert "with the option yes" in stata.errors
    assert stata.run(f"{typed} yes") != 198


def test_a_node_runs_until_break_and_leaves_all_as_it_was(stata, north):
    import signal

    before = signal.getsignal(signal.SIGTERM)
    stata.press_break(after=3)
    assert stata.run(f'fedfolder node run "{north}"') == 1
    assert signal.getsignal(signal.SIGTERM) is before
    assert "stopped by hand; nothing is lost" in stata.text
    assert stata.run(f'fedfolder node once "{north}"') == 0, "the home is free again"
    assert "running already" not in stata.text


def test_an_audit_is_shown_where_no_file_is_named(stata, north):
    assert stata.run(f'fedfolder audit export "{north}"') == 0, stata.errors
    assert '"signature"' in stata.text


def test_how_nodes_are_started(stata):
    assert stata.run("fedfolder nodes") == 198
    assert stata.errors.startswith("this is not how nodes are started and stopped\n    nodes\n")


@pytest.mark.parametrize(
    ("typed", "hint"), [("help", "help fedfolder"), ("--version", "help fedfolder"), ("stbu", "stub")]
)
def test_what_only_stata_has_is_known_too(stata, typed, hint):
    assert stata.run(f"fedfolder {typed}") == 198
    assert hint in stata.errors
