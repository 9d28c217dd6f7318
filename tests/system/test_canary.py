"""A value of the data shows up nowhere but in the data: not on the exchange, in no log, no error, no journal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import fedfolder
from tests.system.places import World, write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NUMBER = "47114711.8125"
TEXT = "Brunhilde4711"
ROWS = 40
Y = [k % 3 % 2 for k in range(ROWS)]
X = [float(k * k % 17) for k in range(ROWS)]
WITH_NUMBER = [*X[1:], float(NUMBER)]
WITH_TEXT = [*["a", "b"] * (ROWS // 2 - 1), "a", TEXT]

CASES: dict[str, tuple[dict[str, Sequence[object]], str, int]] = {
    # name: (columns at node1, command, exit code)
    "a good fit": ({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT}, "regress y x", 0),
    "text where a number is needed": ({"y": Y, "x": X, "name": WITH_TEXT}, "logit y x name", 13),
    "numbers that are no levels": ({"y": Y, "x": WITH_NUMBER}, "logit y i.x", 13),
    "an outcome that is not 0 or 1": ({"y": WITH_NUMBER, "x": X}, "logit y x", 0),
    "a variable that is not there": ({"y": Y, "z": WITH_NUMBER, "name": WITH_TEXT}, "logit y x", 13),
    "text in a column of numbers": ({"y": Y, "x": [*X[1:], TEXT]}, "regress y x", 13),
    "an infinite number": ({"y": Y, "x": [*WITH_NUMBER[1:], float("inf")]}, "regress y x", 13),
    "a torn row": ({"y": Y, "x": [*X[1:], f'{TEXT}"{NUMBER}']}, "regress y x", 13),
}


def found_in(folder: Path, leave_out: Path) -> list[str]:
    """The files in which a canary sits."""
    marks = [mark.encode(code) for mark in (NUMBER, TEXT) for code in ("utf-8", "utf-16-le")]
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(leave_out)]
    return [str(path) for path in files if any(mark in path.read_bytes() for mark in marks)]


@pytest.mark.parametrize("name", CASES)
def test_no_value_leaves(tmp_path: Path, name: str) -> None:
    columns, command, code = CASES[name]
    other: Mapping[str, Sequence[object]] = {"y": Y[::-1], "x": X, "name": ["a", "b"] * (ROWS // 2)}
    data = {
        "node1": write_csv(tmp_path / "data" / "one.csv", columns),
        "node2": write_csv(tmp_path / "data" / "two.csv", other),
    }
    made = World(tmp_path / "world", data)
    said = [fedfolder("node", "check", home).output for home in made.homes.values()]
    with contextlib.closing(made), made.nodes() as nodes:
        done = made.run(command)
        assert done.returncode == code, done.stderr
        for process in nodes.values():
            process.terminate()
            said.append(process.communicate()[0])
    said += [done.stdout, done.stderr, made.status()]
    said += [fedfolder("node", "show", home).output for home in made.homes.values()]
    for text in said:
        assert "Traceback" not in text
        assert NUMBER not in text
        assert TEXT not in text
    assert found_in(tmp_path, tmp_path / "data") == []
    assert found_in(tmp_path, tmp_path / "nowhere") == [str(data["node1"])], "the canary lives"
