"""The fits of README.md, through the command line, from both kinds of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fedfolder.cli import cli

HERE = Path(__file__).parent
CASES = json.loads((HERE / "truth.json").read_text(encoding="utf-8"))
FITS = [case for case in CASES if case["status"] == "converged"]


def simulated(case, suffix, folder):
    """Run the command line as a person would; return its exit code, what it printed and the JSON object."""
    out = folder / "result.json"
    files = [str(HERE / case["case"] / f"node{number}.{suffix}") for number in (1, 2, 3)]
    ran = CliRunner().invoke(cli, ["simulate", case["command"], *files, "--json", str(out)])
    return ran, json.loads(out.read_text(encoding="utf-8"))


def test_every_folder_is_a_case_and_every_case_a_folder():
    assert {path.name for path in HERE.iterdir() if (path / "node1.csv").exists()} == {case["case"] for case in CASES}


@pytest.mark.parametrize("suffix", ["csv", "dta"])
@pytest.mark.parametrize("case", FITS, ids=[case["case"] for case in FITS])
def test_the_federated_fit_is_the_published_one(case, suffix, tmp_path):
    ran, found = simulated(case, suffix, tmp_path)
    truth = case["truth"]
    assert ran.exit_code == 0, ran.output
    assert (found["status"], found["n"]) == ("converged", truth["n"])
    assert [node["n"] for node in found["nodes"]] == case["rows"]
    assert found["names"] == list(truth["coef"])
    for name, coefficient in truth["coef"].items():
        assert abs(found["coef"][name] - coefficient) <= 1e-6 * truth["se"][name], name
        assert found["se"][name] == pytest.approx(truth["se"][name], rel=1e-6), name
    assert found["ll"] == pytest.approx(truth["ll"], abs=1e-6)
    if "ll_0" in truth:
        assert found["ll_0"] == pytest.approx(truth["ll_0"], abs=1e-6)
    for name in {"rmse", "r2"} & set(truth):
        assert found["stats"][name] == pytest.approx(truth[name], rel=1e-9)


@pytest.mark.parametrize("suffix", ["csv", "dta"])
def test_complete_separation_ends_without_numbers_and_not_in_success(suffix, tmp_path):
    (case,) = [case for case in CASES if case["status"] == "separation"]
    ran, found = simulated(case, suffix, tmp_path)
    assert ran.exit_code == 14
    assert (found["status"], found["coef"], found["se"], found["V"], found["ll"]) == ("separation", {}, {}, [], None)
    assert found["n"] == 189
    assert "predict" in ran.output
