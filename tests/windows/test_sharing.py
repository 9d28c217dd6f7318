"""Virus scanners and open readers: Windows refuses to rename, delete or open what another program holds."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import pytest

from fedfolder.errors import ExchangeError
from fedfolder.exchange import files
from tests.exchange.helpers import Pair, stores
from tests.node.places import Bench, data
from tests.windows.helpers import VIOLATIONS, Held, WindowsOs, violation

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.estimates import FitResult

OLD, NEW = b"old\n", b"the new content\n"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; how long it would have been."""
    found: list[float] = []
    monkeypatch.setattr("fedfolder.exchange.files.time.sleep", found.append)
    return found


@pytest.mark.parametrize("winerror", VIOLATIONS)
def test_held_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float], winerror: int):
    """Fault 10, with the errors of Windows: a rename and a delete that another program holds up twice."""
    path = tmp_path / "file"
    path.write_bytes(OLD)
    replace, unlink = Held(os.replace, winerror, 2, argument=1), Held(os.unlink, winerror, 2)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "unlink", unlink)
    files.write(path, NEW)
    assert path.read_bytes() == NEW
    files.remove(path)
    assert list(tmp_path.iterdir()) == []
    assert (replace.tried[str(path)], unlink.tried[str(path)]) == (3, 3)
    assert slept == [0.01, 0.02] * 2


@pytest.mark.parametrize("winerror", VIOLATIONS)
@pytest.mark.parametrize("operation", ["replace", "unlink"])
def test_held_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float], winerror: int, operation: str
):
    """Fault 11: it ends, in some seconds, names the path, and says what to do."""
    path = tmp_path / "file"
    path.write_bytes(OLD)
    held = Held(getattr(os, operation), winerror, math.inf, argument=int(operation == "replace"))
    monkeypatch.setattr(os, operation, held)
    with pytest.raises(ExchangeError) as caught:
        files.write(path, NEW) if operation == "replace" else files.remove(path)
    assert caught.value.where == str(path)
    assert "another program holds the file" in caught.value.do
    assert held.tried[str(path)] == len(files.RENAME_PAUSES) + 1
    assert 2 < sum(slept) < 10
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path], "nothing half-written stays"


@pytest.mark.parametrize("winerror", VIOLATIONS)
def test_a_folder_that_nothing_may_be_put_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winerror: int):
    """A new file has a name that no program can know: that it cannot be made means that rights are missing."""
    path = tmp_path / "file"
    path.write_bytes(OLD)
    monkeypatch.setattr(os, "open", Held(os.open, winerror, math.inf))
    for call in (lambda: files.write(path, NEW), lambda: files.read(path, 100)):
        with pytest.raises(ExchangeError) as caught:
            call()
        assert caught.value.where == str(path)
        assert "rights" in caught.value.do
    monkeypatch.undo()
    assert path.read_bytes() == OLD


@pytest.mark.parametrize("winerror", VIOLATIONS)
def test_a_message_that_cannot_be_opened_yet_is_taken_at_a_later_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winerror: int
):
    pair = Pair(tmp_path, *stores("folders", tmp_path / "share"))
    pair.greet()
    asked = pair.ask()
    opened = Held(os.open, winerror, 2)
    monkeypatch.setattr(os, "open", opened)
    for _ in range(2):
        assert pair.node.box.receive() is None
        assert "could not be read" in pair.node.box.findings[asked.name]
    received = None
    for _ in range(2 * len(asked.payloads) + 1):  # each payload is held twice, too
        received = received or pair.node.box.receive()
    assert received is not None
    assert received.digest == asked.digest
    pair.close()


def test_no_folder_is_synced_where_there_is_no_such_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fault 7, on Windows: a folder cannot even be opened there."""
    performed = []

    def perform(operation, _path, call):
        performed.append(operation)
        return call()

    system = WindowsOs()
    monkeypatch.setattr(files, "os", system)
    monkeypatch.setattr(files, "perform", perform)
    files.write(tmp_path / "file", NEW)
    assert files.read(tmp_path / "file", 100) == NEW
    assert system.folders_opened == []
    assert performed == ["create", "write", "fsync", "close", "rename"]


def fitted(folder: Path) -> tuple[FitResult, list[list[str]]]:
    bench = Bench(folder / "study").open(data(folder / "data", "north", "south"))
    try:
        result = bench.run()
        return result, [bench.on_share(name, way) for name in bench.nodes for way in ("to-node", "to-server")]
    finally:
        bench.close()


def test_a_whole_fit_among_scanners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]):
    """Every file of the exchange is held at its first renaming and its first deletion, each time another way."""
    expected, left = fitted(tmp_path / "calm")
    replace, unlink, calls = os.replace, os.unlink, []

    def once(call, place):
        seen = set()

        def held(*arguments, **options):
            path = arguments[place]
            if "exchange" in str(path) and (call, path) not in seen:
                seen.add((call, path))
                calls.append(path)
                raise violation(VIOLATIONS[len(calls) % 3], path)
            return call(*arguments, **options)

        return held

    system = WindowsOs()
    system.replace = once(replace, 1)  # type: ignore[attr-defined]
    monkeypatch.setattr(files, "os", system)
    monkeypatch.setattr(os, "unlink", once(unlink, 0))
    found, left_now = fitted(tmp_path / "held")
    assert len(calls) > 20
    assert len(slept) >= len(calls)
    assert found.beta.tobytes() == expected.beta.tobytes()
    assert left_now == left


def test_a_node_whose_answer_is_held_goes_on_when_it_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
):
    bench = Bench(tmp_path / "study").open(data(tmp_path / "data", "north"))
    held = Held(os.replace, 32, math.inf, argument=1)
    failures = []

    def idle(_seconds: float) -> None:
        try:
            bench.work()
        except ExchangeError as error:
            failures.append(error)
            monkeypatch.undo()
        else:
            if not failures and bench.on_share("north", "to-server"):
                node = str(bench.home("north").exchange / "to-server")
                monkeypatch.setattr(os, "replace", lambda a, b: held(a, b) if str(b).startswith(node) else real(a, b))

    real = os.replace
    try:
        result = bench.run(idle=idle)
    finally:
        bench.close()
    assert result.nobs == 30
    assert "another program holds the file" in failures[0].do
    assert sum(slept) > 2
