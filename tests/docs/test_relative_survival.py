"""examples/relative-survival: its lines, run as they stand, give the numbers that its page shows, and the truth."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import fedfolder as product
from fedfolder.plan.proposal import read_command
from tests.cli.commands import fedfolder

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "relative-survival"
PAGE = (EXAMPLE / "README.md").read_text(encoding="utf-8")
COMMAND = (EXAMPLE / "command.txt").read_text(encoding="utf-8")


def registries() -> ModuleType:
    spec = importlib.util.spec_from_file_location("registries", EXAMPLE / "registries.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["registries"] = module
    spec.loader.exec_module(module)
    return module


def lines(first: str) -> list[list[str]]:
    """The arguments of the page's lines that begin with these words."""
    found = [line.strip() for line in PAGE.splitlines() if line.startswith(f"    {first} ")]
    return [shlex.split(line.replace('"$(cat command.txt)"', shlex.quote(COMMAND)))[1:] for line in found]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("relative survival")
    registries().main(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (fit,) = lines("fedfolder simulate")
        assert fedfolder(*fit).exit_code == 0
        shown, written = lines("fedfolder curve")
        assert fedfolder(*shown).output.rstrip() in PAGE
        assert fedfolder(*written).exit_code == 0
    return folder


def test_the_page_shows_the_command_line_by_line() -> None:
    assert all(f"    {line}\n" in PAGE for line in COMMAND.splitlines())


def test_what_is_found_is_the_truth_within_its_intervals(place: Path) -> None:
    known, found = registries(), product.load(place / "fit.json")
    patterns = {str(stage): {"stage": stage, "sex": 1} for stage in (1, 2, 3)}
    curves = found.curves(patterns, [0.5, 1, 2, 5, 10], level=99.9)
    for stage, low, high in zip((1, 2, 3), curves.lower, curves.upper, strict=True):
        truth = [known.relative_survival(years, stage, 1) for years in (0.5, 1, 2, 5, 10)]
        assert all(a < b < c for a, b, c in zip(low, truth, high, strict=True))
    assert found.stats["N_sub"] == sum(known.SITES.values())


def test_numbers_and_picture_are_there_and_no_record_is_on_the_share(place: Path) -> None:
    frame = pd.read_csv(place / "curve.csv")
    assert frame.groupby("pattern")["estimate"].apply(lambda s: s.iloc[0] == 1 and s.is_monotonic_decreasing).all()
    assert (place / "curve.svg").read_bytes().startswith(b"<?xml")
    sent = b"".join(path.read_bytes() for path in (place / "study" / "exchange").rglob("*") if path.is_file())
    assert sent
    assert not any(pid.encode() in sent for pid in pd.read_csv(place / "data" / "north.csv")["pid"])


def test_the_page_tells_the_truth() -> None:
    known = registries()
    truth = ", ".join(f"{known.relative_survival(years, 1, 1):.3f}" for years in (1, 5, 10))
    assert truth in PAGE


def test_the_commands_of_the_page_on_survival_are_read_as_they_stand() -> None:
    text = (EXAMPLE.parents[1] / "docs" / "survival.md").read_text(encoding="utf-8")
    _, splitting, rest = text.partition("## Splitting follow-up")
    statements = [line.strip() for line in splitting_lines(rest)]
    model = "glm _d i.fu i.sex, family(poisson) link(rs dstar) exposure(y)"
    assert len(read_command("\n".join([*statements, model])).derivations) == len(statements) == 7
    piecewise = rest.partition("## Piecewise")[2].partition("##")[0]
    models = [line.strip() for line in piecewise.splitlines() if line.startswith("    stset")]
    assert [read_command(line).model for line in models] == ["poisson", "streg"]
    assert splitting


def splitting_lines(text: str) -> list[str]:
    """The first block of code."""
    _, _, after = text.partition("\n\n    ")
    return after.partition("\n\n")[0].splitlines()
