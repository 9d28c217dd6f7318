"""The walk-through of the README, typed as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = [sys.executable, "-m", "fedfolder"]


def blocks(heading):
    """The indented blocks below a heading, each a list of lines."""
    section = re.split(r"^## ", README.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.MULTILINE)
    return [[line[4:] for line in block.split("\n") if line.strip()] for block in found]


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def words(line):
    """A line of the README as a command to start."""
    first, *rest = shlex.split(line)
    assert first == "fedfolder", line
    return [*PROGRAM, *rest]


def typed(line, folder):
    if line.startswith("mkdir "):
        (folder / shlex.split(line)[1]).mkdir()
        return ""
    done = subprocess.run(words(line), cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def patiently(line, folder, wanted):
    """Type a line again until it says what is wanted: a person would wait a moment."""
    for _ in range(60):
        done = subprocess.run(words(line), cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        if wanted in done.stdout:
            return done.stdout
        time.sleep(0.25)
    raise AssertionError(f"{line}\n{done.stdout}\n{done.stderr}")


def test_the_walk_through_with_three_terminals_works_as_it_stands(folder):
    server, north, south, (fit,), (pending, *approve), (status_of,), (show,) = blocks("By hand, with three terminals")
    for line in server:
        typed(line, folder)
    daemons = []
    try:
        for site in (north, south):
            for line in site[:-1]:
                typed(line, folder)
            assert " node run " in site[-1]
            daemons.append(subprocess.Popen(words(site[-1]), cwd=folder, stdout=subprocess.DEVNULL))
        with subprocess.Popen(words(fit), cwd=folder, stdout=subprocess.PIPE, text=True) as run:
            asked = patiently(pending, folder, "logit low age smoke")
            for line in approve:
                patiently(line, folder, "approved")
            table, _ = run.communicate(timeout=120)
        assert run.returncode == 0
        status = typed(status_of, folder)
    finally:
        for daemon in daemons:
            daemon.terminate()
            daemon.wait(timeout=20)
    assert "Number of obs =    378" in table
    assert "-.0497793" in table
    assert status.count("owes nothing") == 2
    assert "asked for moments" not in asked
    assert "log-likelihood, gradient and Hessian" in asked
    page = typed(show, folder)
    assert "logit low age smoke" in page
    assert "approved by" in page
    for place in re.findall(r"`(try/[a-z/.]+)`", README):
        assert (folder / place).exists(), place


def test_the_simulation_and_the_python_lines_work_as_they_stand(folder):
    simulate, python = blocks("Without any folders")
    assert "Number of obs" in typed(simulate[0], folder)
    lines = [line for line in python if "fedfolder.run(" not in line]
    assert len(lines) == len(python) - 1
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.strip().split("\n")[-1]) < 1e-12
