"""`fedfolder nodes`: node daemons beside Stata."""

from __future__ import annotations

import pytest

from fedfolder.resources import resource
from fedfolder.simulation import lay_out
from fedfolder.stata import nodes


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """Two node homes in a folder with a blank, which is Stata's working folder."""
    folder = tmp_path / "a study"
    lbw = resource("examples", "lbw", "lbw.dta")
    lay_out(folder, "lbw", {"north": lbw, "south": lbw})
    monkeypatch.chdir(tmp_path)
    yield folder
    nodes._daemons().stop()  # noqa: SLF001 - they are this process's


def test_nodes_are_started_by_relative_paths_and_stopped(stata, homes):
    assert stata.run('fedfolder nodes start "a study/north" "a study/south"') == 0, stata.text
    assert sorted(line for line in stata.text.splitlines() if "ready" in line) == [
        "-- north is ready.",
        "-- south is ready.",
    ]
    assert nodes._daemons().running == [homes / "north", homes / "south"]  # noqa: SLF001
    assert stata.run('fedfolder nodes start "a study/north"') == 310
    assert stata.run("fedfolder nodes stop") == 0
    assert "2 nodes are stopped." in stata.text
    assert nodes._daemons().running == []  # noqa: SLF001


def test_none_is_started_if_one_is_no_home(stata, homes):
    assert stata.run('fedfolder nodes start "a study/north" nowhere') == 198
    assert "nowhere" in stata.errors
    assert nodes._daemons().running == []  # noqa: SLF001
    assert not (homes / "north" / "terminal.txt").exists()


@pytest.mark.parametrize("line", ["", "start", "stop all", "begin x", "start x, quietly"])
def test_what_is_no_way_to_say_it_is_explained(stata, line):
    assert stata.run(f"fedfolder nodes {line}") == 198
    assert nodes.EXPECTED in stata.errors
