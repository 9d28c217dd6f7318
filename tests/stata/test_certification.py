"""The certification's parts that need no command of Stata's own go through the stand-in: what is sent out does run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.stata import mata_twin

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


@pytest.mark.parametrize("part", NEED_STATA)
def test_the_others_say_what_they_compare_with(part):
    assert "Stata's own" in (FOLDER / f"certify_{part}.do").read_text(encoding="ascii")
