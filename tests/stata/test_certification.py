"""The certification's parts that need no command of Stata's own go through the stand-in: what is sent out does run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from fedfolder import simulate
from fedfolder.command import MODELS, parse
from fedfolder.command.models import model_of
from tests.stata import mata_twin
from tests.stata.births import births

FOLDER = Path(__file__).with_name("certification")
PARTS = ("python", "help", "demo", "logit", "d2", "node", "errors")
NEED_STATA = ("models", "postestimation")
"""Those that compare with Stata's own estimators."""
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "stata-certification.md").read_text(encoding="utf-8")


def test_every_part_is_known_to_the_script_the_page_and_this_test():
    parts = sorted(path.stem.removeprefix("certify_") for path in FOLDER.glob("certify_*.do"))
    assert parts == sorted([*PARTS, *NEED_STATA])
    order = (FOLDER / "certify.do").read_text(encoding="ascii").split('local parts "')[1].split('"')[0].split()
    assert sorted(order) == parts
    for part in parts:
        assert f"| `{part}` |" in PAGE


def test_the_parts_that_the_stand_in_can_run_pass(stata, tmp_path, monkeypatch):
    folder = tmp_path / "certification"
    shutil.copytree(FOLDER, folder)
    monkeypatch.chdir(folder)
    mata_twin.install(monkeypatch)
    try:
        for part in PARTS:
            assert stata.run(f"do certify_{part}.do") == 0, f"{part}\n{stata.text[-2500:]}"
    finally:
        stata.run("capture fedfolder close")
        stata.run("fedfolder nodes stop")


MODELS_DO = (FOLDER / "certify_models.do").read_text(encoding="ascii")
OURS = {
    "beside": "{0}",
    "streg": "streg {0} time(lwt) failure(low)",
    "stset": "stset lwt {0}; streg age smoke, distribution(exponential)",
    "stcox": "stcox {0} time(lwt) failure(low)",
    "stpm2": "stpm2 {0} time(lwt) failure(low)",
    "mixed": "{0}",
}
"""What each program of the part hands to `fedfolder`, of what follows its name."""


def commands():
    """The commands of ours that the part compares."""
    for line in re.finditer(r"^ *certify_(\w+) (.*)$", MODELS_DO, flags=re.MULTILINE):
        text = OURS[line[1]].format(line[2]).replace("strata(site)", "strata(_node)").replace("group:", "race:")
        yield f"{text} time(lwt) failure(low)" if text.startswith("mestreg") else text


def test_every_model_is_compared_with_statas():
    assert {parse(text).model for text in commands()} == set(MODELS)


SURVIVAL = [text for text in commands() if model_of(parse(text).model).survival or parse(text).random]


@pytest.mark.parametrize("text", SURVIVAL)
def test_the_survival_models_of_the_part_have_estimates_in_its_data(text):
    assert simulate(text, births(), nodes=3).status == "converged"


def test_programs_hand_over_what_is_parsed_here():
    for name, line in OURS.items():
        program = MODELS_DO.partition(f"program certify_{name}\n")[2].partition("\nend\n")[0]
        (called,) = re.findall(r"quietly fedfolder (.*)", program)
        said = called.replace("`line'", "`0'").replace("`model' ", "")
        assert said == line.replace("{0}", "`0'")


@pytest.mark.parametrize("part", NEED_STATA)
def test_the_others_say_what_they_compare_with(part):
    assert "Stata's own" in (FOLDER / f"certify_{part}.do").read_text(encoding="ascii")
