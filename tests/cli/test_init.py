"""`fedfolder node init` where a name may be mistyped."""

from __future__ import annotations

from click.testing import CliRunner

from fedfolder.cli import cli
from fedfolder.resources import resource


def initialised(tmp_path, study):
    place = tmp_path / "exchange" / study / "north"
    data = str(resource("examples", "lbw", "lbw.csv"))
    words = ["node", "init", str(tmp_path / f"home-{study}"), "--data", data, "--exchange", str(place)]
    return CliRunner().invoke(cli, words)


def test_a_study_that_is_not_there_beside_others_is_noted(tmp_path):
    (tmp_path / "exchange" / "births").mkdir(parents=True)
    found = initialised(tmp_path, "birth")
    assert found.exit_code == 0, found.output
    assert "there was no study birth on this exchange; there is births." in found.output


def test_the_first_study_of_an_exchange_and_one_that_is_there_are_not(tmp_path):
    (tmp_path / "exchange").mkdir()
    assert "NOTE" not in initialised(tmp_path, "births").output
    (tmp_path / "home-births").rename(tmp_path / "moved")
    assert "NOTE" not in initialised(tmp_path, "births").output
