"""Several fits of one study: refused, begun again, set aside, finished, and fetched late."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from fedfolder import simulate
from tests.system.places import (
    COMMAND,
    LBW,
    World,
    assert_explained,
    bits,
    fedfolder,
    finished,
    split_data,
    until,
    write_csv,
)

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "logit low lwt"


def requests(world: World) -> set[str]:
    """Every request ever kept by the custodians."""
    return {path.name for path in world.homes["node1"].glob("kept/**/*-instruction.json")}


def test_a_refusal_ends_the_attempt_and_the_next_run_is_a_new_one(world: World, undisturbed: str) -> None:
    settings = world.homes["node2"] / "node.toml"
    whole = settings.read_text(encoding="utf-8")
    settings.write_text(whole.replace("    'smoke',\n", ""), encoding="utf-8", newline="\n")
    with world.nodes():
        done = world.run()
        assert done.returncode == 13
        assert_explained(done.stderr, "node2 refused", "smoke", "fit 1, attempt 1", "new attempt")
        assert "node1 refused" not in done.stderr
        again = world.run()
        assert again.returncode == 13
        assert "fit 1, attempt 2" in again.stderr
    assert "is not released" in world.log("node2")
    assert "refused (UnknownName: smoke)" in fedfolder("node", "show", world.homes["node2"]).stdout
    settings.write_text(whole, encoding="utf-8", newline="\n")
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed
    assert (world.homes["node2"] / "kept" / "fit1-attempt3" / "result.txt").is_file()


def test_again_and_a_finished_fit(world: World, undisturbed: str) -> None:
    with world.nodes():
        first = world.run()
        asked = requests(world)
        anew = world.run(COMMAND, "--again")
        assert first.returncode == anew.returncode == 0, first.stderr + anew.stderr
        assert requests(world) > asked
    assert bits(world.result(1)) == bits(world.result(2)) == undisturbed
    # Without any node, and without the exchange.
    shutil.rmtree(world.server / "runs")
    world.exchange.rename(world.folder / "elsewhere")
    done = world.run(COMMAND, "--json", world.folder / "out.json", "--csv", world.folder / "out.csv")
    assert done.returncode == 0, done.stderr
    assert "Fit 2 of this command has ended before" in done.stdout
    assert "copied" not in done.stdout
    assert "Iteration 0:" in done.stdout
    assert bits(world.result(2)) == bits(world.folder / "out.json") == undisturbed
    assert (world.folder / "out.csv").read_text(encoding="utf-8").count("\n") == 4


@pytest.mark.skipif(os.name == "nt", reason="SIGSTOP")
def test_an_unfinished_fit_is_set_aside_and_comes_back(world: World, undisturbed: str) -> None:
    with world.nodes() as nodes:
        running = world.start_run(COMMAND, "--timeout", 4)
        world.wait_for_request("node3", 2)
        nodes["node3"].send_signal(signal.SIGSTOP)
        assert finished(running)[0] == 12
        nodes["node3"].send_signal(signal.SIGCONT)
        other = world.run(OTHER)
        assert other.returncode == 0, other.stderr
        assert "set aside" in world.log("node1")
        done = world.run()
        assert done.returncode == 0, done.stderr
    assert bits(world.result(1)) == undisturbed
    assert (world.homes["node1"] / "kept" / "fit1-attempt2" / "result.txt").is_file()
    expected = fedfolder("simulate", OTHER, *world.data.values(), "--json", world.folder / "other.json")
    assert expected.returncode == 0
    assert bits(world.result(2)) == bits(world.folder / "other.json")


def without_ages(status: str) -> str:
    return re.sub(r" \([0-9][0-9a-z ]*\)", "", status)


@pytest.mark.skipif(os.name == "nt", reason="SIGSTOP")
def test_showing_a_finished_fit_leaves_an_unfinished_one_alone(world: World) -> None:
    with world.nodes() as nodes:
        assert world.run(OTHER).returncode == 0
        running = world.start_run(COMMAND, "--timeout", 4)
        world.wait_for_request("node3", 9)
        nodes["node3"].send_signal(signal.SIGSTOP)
        assert finished(running)[0] == 12
        owed = without_ages(world.status())
        shown = world.run(OTHER)
        assert shown.returncode == 0, shown.stderr
        assert "Fit 1 of this command has ended before" in shown.stdout
        assert without_ages(world.status()) == owed
        nodes["node3"].send_signal(signal.SIGCONT)
        done = world.run()
    assert done.returncode == 0, done.stderr
    assert "Going on with fit 2" in done.stdout
    assert not list((world.homes["node1"] / "kept").glob("*attempt*"))


def test_a_closing_that_a_node_has_not_fetched(world: World, undisturbed: str) -> None:
    from fedfolder.node.home import open_home
    from fedfolder.node.loop import Node

    with world.nodes("node1", "node2"):
        node = Node(open_home(world.homes["node3"]))
        running = world.start_run()
        # A node that is carried by hand, and stays away once the last of six rounds is answered.
        while running.poll() is None and not node.journal.message("server", "out", 6):
            node.work()
        node.close()
        code, output = finished(running)
        assert code == 0, output
        assert "not yet fetched by node3: the last message" in output
        assert bits(world.result()) == undisturbed
        assert "node3        owes the receipt for m" in world.status()
        shown = world.run()
        assert shown.returncode == 0, shown.stderr
        assert "has ended before" in shown.stdout
        with world.nodes("node3"):
            other = world.run(OTHER)
        assert other.returncode == 0, other.stderr
    assert (world.homes["node3"] / "kept" / "fit1" / "result.txt").is_file()


def test_passes_by_the_clock_instead_of_daemons(tmp_path: Path) -> None:
    world = World(tmp_path / "world", split_data(tmp_path / "data", nodes=2))
    running = world.start_run("regress bwt age")
    try:
        while running.poll() is None:
            for home in world.homes.values():
                done = fedfolder("node", "once", home)
                assert done.returncode == 0, done.stdout + done.stderr
        code, output = finished(running)
    finally:
        world.close()
    assert code == 0, output
    frames = [pd.read_stata(path, convert_categoricals=False) for path in world.data.values()]
    expected = json.loads(simulate("regress bwt age", frames).to_json())
    found = json.loads(world.result().read_text(encoding="utf-8"))
    assert [found[name] for name in ("coef", "se", "ll", "V")] == [expected[name] for name in ("coef", "se", "ll", "V")]


def test_a_second_home_for_one_node(world: World) -> None:
    with world.nodes():
        assert world.run().returncode == 0
    second = world.folder / "second"
    made = fedfolder("node", "init", second, "--data", LBW, "--exchange", world.exchange / "lbw" / "node1")
    assert made.returncode == 0, made.stderr
    before = {path.name: path.read_bytes() for path in world.to_server("node1").iterdir()}
    for way in ("run", "once"):
        done = fedfolder("node", way, second)
        assert done.returncode == 8
        assert_explained(done.stdout + done.stderr, "another home", str(world.to_server("node1")))
    assert "stopped: another home" in (second / "log.txt").read_text(encoding="utf-8")
    assert {path.name: path.read_bytes() for path in world.to_server("node1").iterdir()} == before


def test_text_here_and_numbers_there_is_mended_by_a_new_attempt(tmp_path: Path) -> None:
    y, x = [0, 1, 0, 1, 1, 0], [1, 2, 3, 4, 5, 6]
    data = {
        "node1": write_csv(tmp_path / "one.csv", {"y": y, "x": x, "g": ["a", "b"] * 3}),
        "node2": tmp_path / "two.dta",
    }

    def second(g: list[object]) -> None:
        pd.DataFrame({"y": y, "x": x, "g": g}).to_stata(data["node2"], write_index=False)

    second([1, 2] * 3)
    world = World(tmp_path / "world", data)
    try:
        with world.nodes():
            for _ in range(2):
                done = world.run("regress y x i.g")
                assert done.returncode == 5
                assert_explained(done.stderr, "g is text at one node", "text at node1; numbers at node2")
            second(["b", "a"] * 3)
            done = world.run("regress y x i.g")
        assert done.returncode == 0, done.stderr
    finally:
        world.close()


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_data_that_are_replaced_during_a_fit(world: World) -> None:
    with world.nodes("node1", "node2"):
        with world.nodes("node3") as nodes:
            running = world.start_run()
            world.wait_for_request("node3", 2)
            nodes["node3"].kill()
        shutil.copy(LBW, world.data["node3"])
        with world.nodes("node3"):
            code, output = finished(running)
            assert code == 13, output
            assert_explained(output, "node3 refused", "its data have changed since an earlier round", "new attempt")
            done = world.run()
            assert done.returncode == 0, done.stderr
    until(lambda: world.result().is_file(), what="the result")
    assert '"name": "node3", "n": 189' in world.result().read_text(encoding="utf-8")
