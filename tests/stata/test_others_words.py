"""Levels and labels are others' words: nothing of them is expanded, run or followed as a link in Stata."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from fedfolder.simulation import pooled
from fedfolder.stata import keeping
from fedfolder.stata.bridge import Stata
from fedfolder.stata.wording import harmless
from tests.stata.births import births
from tests.stata.standin import sfi
from tests.stata.test_prediction import load

HOSTILE = "a`=2+2'$HOME ${HOME}{stata exit, clear:b}\" + c(pwd) + \"`: env HOME'\\"
SIGNS = set('`$"{}\\')


@pytest.fixture
def frame():
    found = births()
    found["colour"] = found["colour"].map({"black": HOSTILE, "white": f"{HOSTILE}!", "other": "plain"})
    return found


def post(stata, result):
    keeping.wait_for_post(keeping.Pending(result, "fedfolder x", "S:/lbw"))
    return stata.run("_fedfolder_ready") or stata.run("_fedfolder_post")


def spied(monkeypatch):
    """The local macros that Python sets from now on."""
    found = []
    before = sfi.Macro.setLocal

    def watched(name, value):
        found.append((name, value))
        before(name, value)

    monkeypatch.setattr(sfi.Macro, "setLocal", watched)
    return found


@pytest.mark.parametrize(
    "command", ["logit low i.colour", "logit low i.colour##c.age", "mlogit colour age", "ologit colour age"]
)
def test_nothing_that_stata_holds_can_be_expanded(stata, frame, command, monkeypatch):
    result = pooled(command, frame)
    assert result.names, result.message
    labels = {"colour": {level: f"{place}{HOSTILE}" for place, level in enumerate(frame["colour"].unique())}}
    result = dataclasses.replace(result, labels=labels)
    stata.memory.globals["HOME"] = "expanded"
    locals_ = spied(monkeypatch)
    assert post(stata, result) == 0, stata.text
    held = dict(stata.memory.returned["e"].macros)
    assert keeping.posted(Stata()) == result
    fit = held.pop("fedfolder_fit")
    assert not {"`", "$"} & set(fit)
    assert not {name for name, text in held.items() if name not in {"command", "cmdline"} and SIGNS & set(text)}
    assert stata.run("fedfolder") == 0, stata.text
    load(stata, frame)
    several = result.outcomes
    assert stata.run(f"predict {' '.join(f'p{i}' for i in range(len(several) or 1))}") == 0, stata.text
    made = [column for column in stata.memory.data.columns if column.name.startswith("p")]
    assert not [column.label for column in made if SIGNS & set(column.label) or len(column.label) > 80]
    assert not np.isnan(stata.memory.data.columns[-1].values[0])
    assert "expanded" not in stata.text
    assert {name for name, _ in locals_} == {"rc", "names", "options"}, (
        "those that an ado-file expands are looked at here"
    )
    for name, text in locals_:
        assert re.fullmatch(r"[\w .:/#()]*", text), name
    assert stata.run("estimates store a") == 0
    assert stata.run("estimates restore a") == 0
    assert keeping.posted(Stata()) == result


def test_what_is_harmless_stays():
    assert harmless("Süd-Küste (north), 5% #1") == "Süd-Küste (north), 5% #1"
    assert not SIGNS & set(harmless(HOSTILE))


def test_half_of_a_result_is_not_left_behind(stata, monkeypatch):
    result = pooled("logit low age", births())
    monkeypatch.setattr("fedfolder.stata.keeping.record", lambda _: 1 / 0)
    assert post(stata, result) != 0
    assert not stata.memory.returned["e"].matrices
    assert stata.run("fedfolder") == 301


def test_a_first_word_with_quotes_is_just_a_wrong_word(stata):
    assert stata.run('fedfolder x="doctor"') == 198
    assert "no model and no command" in stata.errors
