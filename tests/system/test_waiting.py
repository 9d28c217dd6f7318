"""Nodes that sleep, die or never come: the server says whom it waits for, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.system.places import COMMAND, answers, assert_explained, bits, end, finished, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.system.places import World

posix = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
SINCE = r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"


def test_a_node_that_was_never_started(world: World, undisturbed: str) -> None:
    with world.nodes("node1", "node3"):
        done = world.run("logit low age smoke", "--timeout", 3)
        assert done.returncode == 12
        assert_explained(
            done.stderr, "node2 has not introduced itself", "run the same command again", "fedfolder status"
        )
        assert "node1" not in done.stderr
        lines = world.status().splitlines()
        assert re.search(rf"node2 +has not introduced itself, {SINCE}", lines[2])
        assert re.fullmatch(r"node1 +owes nothing", lines[1])
        with world.nodes("node2"):
            done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)


@posix
@pytest.mark.parametrize("how", ["slept", "killed"])
def test_a_node_that_falls_out_in_the_middle(world: World, undisturbed: str, how: str) -> None:
    with world.nodes("node2", "node3") as nodes:
        with world.by_hand("node1") as node1:
            running = world.start_run("logit low age smoke", "--timeout", 5)
            answers(node1, 1)
            world.wait_for_request("node2", 2)
            # The fit cannot go on, however late we come: the server waits for what node1 has to say.
            if how == "slept":
                _stop(nodes["node2"])
            else:
                nodes["node2"].kill()
            while running.poll() is None:
                node1.work()
                time.sleep(0.02)
        code, output = finished(running)
        assert code == 12, output
        owed = re.search(r"node2 owes the answer to (m\d{6}-fit1-round\d-instruction\.json)", output)
        assert owed, output
        assert_explained(output, "the time to wait is over", "not answered", "run the same command again")
        line = next(line for line in world.status().splitlines() if line.startswith("node2"))
        assert re.search(rf"node2 +owes the answer to {owed[1]} \(fit 1, round \d\), {SINCE}", line)
        before = sorted(path.name for path in world.to_node("node2").iterdir())
        assert owed[1] in before
        if how == "slept":
            nodes["node2"].send_signal(signal.SIGCONT)
        else:
            end(nodes["node2"])
            world.node("node2")
        with world.nodes("node1"):
            done = world.run()
    assert done.returncode == 0, done.stderr
    assert "Going on with fit 1." in done.stdout
    assert bits(world.result()) == undisturbed


@pytest.fixture
def heeding_interrupts() -> Iterator[None]:
    """What a script starts in its background ignores Ctrl-C, as does whatever that starts: here it is not ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@posix
@pytest.mark.usefixtures("heeding_interrupts")
def test_a_run_that_is_interrupted_says_how_to_go_on(world: World, undisturbed: str) -> None:
    with world.nodes("node2", "node3"):
        with world.by_hand("node1") as node1:
            running = world.start_run()
            answers(node1, 1)
            # Whoever is interrupted is at rest: it waits for node1 alone, and without an end.
            until(
                lambda: all(list(world.to_server(node).glob("m000002-*result.json")) for node in ("node2", "node3")),
                what="the other nodes' answers",
            )
            running.send_signal(signal.SIGINT)
            code, output = finished(running)
        assert code == 130, output
        assert "Nothing is lost: run the same command again" in output
        assert "Traceback" not in output
        with world.nodes("node1"):
            done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed


@posix
def test_a_stopped_daemon_says_so_in_its_log_and_ends_well(world: World) -> None:
    with world.nodes("node1") as nodes:
        nodes["node1"].send_signal(signal.SIGTERM)
        code, output = finished(nodes["node1"])
    assert code == 0, output
    assert "stopped by hand; nothing is lost" in world.log("node1")
    assert "stopped by hand; nothing is lost" in output


def test_only_one_at_a_time(world: World) -> None:
    with world.nodes("node1"):
        second, _ = first = finished(world.node("node1"))
        assert second == 8
        assert_explained(first[1], "this node is running already", str(world.homes["node1"]))
        once = world.start("node", "once", world.homes["node1"])
        code, output = finished(once)
        assert code == 0
        assert "running already" in output
        running = world.start_run()
        world.wait_for_request("node1", 0)
        done = world.run("logit low age")
        assert done.returncode == 8
        assert_explained(done.stderr, "a fit or a check of this study is running already")
        assert running.poll() is None, "the first goes on"


def test_a_site_on_holiday_is_left_out_and_is_back_in_the_next_fit(world: World) -> None:
    """With real processes: two of three nodes run, and the run goes on without the third after some seconds."""
    with world.nodes("node1", "node2"):
        done = world.run(COMMAND, "--drop-after", "2s", "--min-nodes", "2")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "node3 has not answered in time: going on without." in done.stdout
        assert "Note: without node3, from which no answer came in time." in done.stdout
        found = json.loads(world.result().read_text(encoding="utf-8"))
        assert found["without"] == ["node3"]
        assert [node["name"] for node in found["nodes"]] == ["node1", "node2"]
        with world.nodes("node3"):
            done = world.run("logit low age")
            assert done.returncode == 0, done.stdout + done.stderr
            assert len(json.loads(world.result(2).read_text(encoding="utf-8"))["nodes"]) == 3


def test_min_nodes_alone_and_a_time_that_is_none(world: World) -> None:
    for options, said in ((["--min-nodes", "2"], "--drop-after"), (["--drop-after", "soon"], "48h or 2d")):
        done = world.run(COMMAND, *options)
        assert done.returncode == 2
        assert said in done.stderr
