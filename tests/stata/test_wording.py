"""What the command line says of its options, in the words of Stata."""

from __future__ import annotations

import click
import pytest

from fedfolder.stata.line import read
from fedfolder.stata.wording import in_stata_words
from tests.cli.commands import all_commands

OPTIONS = sorted(
    {(max(p.opts, key=len), p.is_flag) for _, c in all_commands() for p in c.params if isinstance(p, click.Option)}
)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "its result from the journal. --again asks the nodes anew.",
            "its result from the journal. again asks the nodes anew.",
        ),
        ('  fedfolder node reject "S:/a b" 3 --reason "..."', '  fedfolder node reject "S:/a b" 3, reason("...")'),
        (
            'mend it: fedfolder key revoke x --peer north --reason "it is gone" --yes',
            'mend it: fedfolder key revoke x, peer(north) reason("it is gone") yes',
        ),
        ("fedfolder node check a, then fedfolder node run b.", "fedfolder node check a, then fedfolder node run b."),
        (
            "the JSON that `fedfolder run … --json FILE` writes, or a folder",
            "the JSON that `fedfolder run …, json(FILE)` writes, or a folder",
        ),
        (
            "write it (fedfolder audit export north --out a.b), then",
            "write it (fedfolder audit export north, out(a.b)), then",
        ),
        ("-- Copying beta matrix -- and more", "-- Copying beta matrix -- and more"),
        ("that `fedfolder run ... --json FILE` writes", "that `fedfolder run ..., json(FILE)` writes"),
        ("-----+------", "-----+------"),
        ("", ""),
    ],
)
def test_a_line(said, shown):
    assert in_stata_words(said) == shown


@pytest.mark.parametrize(("option", "is_flag"), OPTIONS)
def test_a_command_with_an_option_reads_back(option, is_flag):
    typed = in_stata_words(f'fedfolder node once "S:/a b" {option}{"" if is_flag else " 3"}')
    (found,) = read(typed.removeprefix("fedfolder ")).options
    assert (found.name, found.argument) == (option.replace("-", ""), None if is_flag else "3")
