"""The demo, end to end, as a newcomer starts it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.system.places import ENVIRONMENT, LONG, assert_explained, fedfolder, until

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = """\
         low | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
         age |  -.0497793    .031972    -1.56   0.119    -.1124432    .0128846
       smoke |   .6918487   .3218061     2.15   0.032     .0611203    1.322577
       _cons |   .0609055   .7573199     0.08   0.936    -1.423414    1.545225
"""
FAR = 1e-12

posix = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of Unix")


def daemons_in(folder: Path) -> list[str]:
    """Process ids of node daemons whose homes lie in `folder`."""
    ran = subprocess.run(
        [str(shutil.which("ps")), "-ww", "-e", "-o", "pid=", "-o", "args="], capture_output=True, text=True, check=True
    )
    lines = [line for line in ran.stdout.splitlines() if "node run" in line and str(folder) in line]
    return [line.split()[0] for line in lines]


def test_the_layout_alone_starts_nothing_and_its_advice_works(tmp_path: Path) -> None:
    folder = tmp_path / "my demo"
    done = fedfolder("demo", folder, "--layout")
    assert done.returncode == 0, done.stderr
    homes = re.findall(r'^  fedfolder node run "(.*)"', done.stdout, re.MULTILINE)
    assert homes == [str(folder / f"node{k}") for k in (1, 2, 3)]
    assert not [path for path in (folder / "exchange").rglob("*") if path.is_file()]
    assert fedfolder("node", "once", homes[0]).returncode == 0


def test_the_demo_prints_what_the_talk_printed_and_twice_into_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "my demo"
    for _ in range(2):
        done = fedfolder("demo", folder)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    text = done.stdout
    assert PUBLISHED in text
    iterations = re.findall(r"^Iteration (\d+):  Log likelihood = (\S+)", text, re.MULTILINE)
    assert [number for number, _ in iterations] == [str(k) for k in range(len(iterations))]
    assert iterations[0][1] == "-131.00482"
    assert iterations[-1][1] == "-113.63815"
    rounds = text.split("Main server, ")[1:]
    assert len(rounds) == len(iterations) + 2, "levels and moments, an evaluation each, the closing"
    for part in rounds[1:-1]:
        heading, *lines = [line.split(" copied")[0] for line in part.splitlines() if line.startswith(("--", "round"))]
        assert heading.startswith("round")
        assert lines[0] == "-- Copying beta matrix and instruction to each node."
        assert [f"-- node{k}:" in lines for k in (1, 2, 3)] == [True] * 3
        assert {f"-- node{k}: reading in log likelihood, gradient and Hessian." for k in (1, 2, 3)} <= set(lines)
        assert "-- Summing contributions over 3 nodes." in lines
        assert "-- Returning log likelihood, gradient and Hessian to Newton's method." in lines
    assert "-- Waiting for " in text
    largest = re.search(r"Largest difference: (\S+) of", text)
    assert largest is not None
    assert float(largest[1]) < FAR
    assert "ll | -113.6381458   -113.6381458" in text
    assert "is -131.00482 (iteration 0); that of the constant alone is -117.336." in text
    assert not set(re.findall(r"[\x00-\x1f\x7f]", text)) - {"\n"}, "control characters in a log"
    guide = text.split("To look at:\n")[1].split("To fit more")[0]
    named = [line.split("  ")[1] for line in guide.splitlines()]
    assert len(named) >= 5
    assert all((folder / name).exists() for name in named)
    if os.name != "nt":
        assert daemons_in(folder) == []


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = fedfolder("demo", tmp_path)
    assert done.returncode == 8
    assert_explained(done.stderr, str(tmp_path), "fedfolder demo FOLDER")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_demo_leaves_no_process(tmp_path: Path, name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "fedfolder", "demo", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as process:
        until(lambda: daemons_in(tmp_path), what="a daemon")
        process.send_signal(getattr(signal, name))
        output, _ = process.communicate(timeout=LONG)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert daemons_in(tmp_path) == []


@posix
def test_on_a_terminal_there_is_live_progress(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fedfolder", "demo", str(tmp_path / "demo")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**ENVIRONMENT, "TERM": "xterm", "COLUMNS": "120"},
        start_new_session=True,
    )
    os.close(theirs)
    output = b""
    # Linux ends a terminal that everybody left with an error, other systems with nothing.
    try:
        while chunk := os.read(ours, 65536):
            output += chunk
    except OSError:
        pass
    os.close(ours)
    assert process.wait(timeout=LONG) == 0, output.decode()
    text = output.decode()
    assert re.search(r"\x1b\[.*waiting \d+ s for node", text), "no line that moves"
    assert "Iteration 0:  Log likelihood = -131.00482" in text
    assert PUBLISHED in text.replace("\r\n", "\n")
