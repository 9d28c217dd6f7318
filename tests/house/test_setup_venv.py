"""What scripts/setup_venv.py trusts: a finished stamp of the same Python, place, lock and pyproject.toml."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import checks
import pytest
import setup_venv
from setup_venv import RUN_LOCK, TEST_LOCK

if TYPE_CHECKING:
    from typing import BinaryIO


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give setup_venv a folder of its own, and record what it would have done there."""
    done: list[str] = []
    venv = tmp_path / ".venv"
    venv.mkdir()
    monkeypatch.setattr(setup_venv, "VENV", venv)
    monkeypatch.setattr(setup_venv, "STAMP", venv / "stamp.json")
    monkeypatch.setattr(setup_venv, "program", lambda _name: sys.executable)
    monkeypatch.setattr(setup_venv, "create", lambda: done.append("create"))
    monkeypatch.setattr(setup_venv, "install", done.append)
    return done


def test_the_second_start_does_nothing(calls: list[str]) -> None:
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK]
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK]


def test_the_tests_install_on_top_and_serve_the_demo_too(calls: list[str]) -> None:
    setup_venv.ensure(RUN_LOCK)
    setup_venv.ensure(TEST_LOCK)
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK, TEST_LOCK]


@pytest.mark.parametrize("key", ["python", "place"])
def test_another_python_or_place_starts_afresh(calls: list[str], key: str) -> None:
    setup_venv.ensure(RUN_LOCK)
    stamp = json.loads(setup_venv.STAMP.read_text(encoding="utf-8"))
    setup_venv.STAMP.write_text(json.dumps(stamp | {key: "other"}), encoding="utf-8")
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK] * 2


@pytest.mark.parametrize("key", ["pyproject.toml", RUN_LOCK])
def test_a_changed_lock_or_pyproject_installs_again(calls: list[str], key: str) -> None:
    setup_venv.ensure(RUN_LOCK)
    stamp = json.loads(setup_venv.STAMP.read_text(encoding="utf-8"))
    setup_venv.STAMP.write_text(json.dumps(stamp | {key: "other"}), encoding="utf-8")
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK, RUN_LOCK]


@pytest.mark.parametrize("content", ["", "[]", "{", "null", "\x00"])
def test_a_stamp_that_cannot_be_read_starts_afresh(calls: list[str], content: str) -> None:
    setup_venv.STAMP.write_text(content, encoding="utf-8")
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK]


def test_a_python_that_no_longer_starts_is_made_again(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    setup_venv.ensure(RUN_LOCK)
    monkeypatch.setattr(setup_venv, "program", lambda name: str(setup_venv.VENV / name))
    setup_venv.ensure(RUN_LOCK)
    assert calls == ["create", RUN_LOCK] * 2


def test_an_installation_that_failed_leaves_no_stamp(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_lock: str) -> None:
        raise setup_venv.SetupError

    setup_venv.ensure(RUN_LOCK)
    monkeypatch.setattr(setup_venv, "install", fail)
    with pytest.raises(setup_venv.SetupError):
        setup_venv.ensure(TEST_LOCK)
    assert not setup_venv.STAMP.exists()
    assert calls == ["create", RUN_LOCK]


@pytest.mark.parametrize("lock", [RUN_LOCK, TEST_LOCK])
def test_each_pin_is_installed_once_and_only_what_has_no_wheel_is_built(
    lock: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[tuple[str, bool]] = []

    def pip(*arguments: str) -> None:
        assert "--no-deps" in arguments
        if "-r" in arguments:
            assert "--require-hashes" in arguments
            built = "--only-binary" not in arguments
            assert not built or "--no-build-isolation" in arguments, "setuptools is the lock's"
            installed.extend((pin, built) for pin in setup_venv.pins(Path(arguments[-1])))

    monkeypatch.setattr(setup_venv, "VENV", tmp_path)
    monkeypatch.setattr(setup_venv, "pip", pip)
    setup_venv.install(lock)
    assert sorted(pin for pin, _ in installed) == sorted(setup_venv.pins(setup_venv.LOCKED / lock))
    sources = setup_venv.SOURCES if lock == TEST_LOCK else ()
    assert [pin.split("==")[0] for pin, built in installed if built] == [*sources]


def test_what_is_not_ours_goes_to_pytest() -> None:
    options = checks.parse(["--only", "pytest", "tests/house", "-k", "lock", "-x"])
    assert options == checks.Options(("pytest",), ("tests/house", "-k", "lock", "-x"))
    assert checks.parse([]) == checks.Options(tuple(checks.CHECKS), ())


def test_a_check_that_failed_is_in_the_summary_and_in_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "run_one", lambda name, *_: 3 if name == "mypy" else 0)
    assert checks.run(checks.parse([])) == 1
    summary = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in summary[-5:]] == [
        [name, "FAILED" if name == "mypy" else "passed"] for name in checks.CHECKS
    ]
    assert checks.run(checks.parse(["--only", "ruff"])) == 0


def test_what_the_tests_start_keeps_what_it_has_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    started: dict[str, str] = {}

    def run(_command: list[str], *, cwd: Path, env: dict[str, str], output: object) -> int:
        started.update(env, cwd=str(cwd), output=str(output))
        return 0

    monkeypatch.setattr(setup_venv, "run", run)
    assert checks.run(checks.parse(["--only", "pytest"])) == 0
    assert started["cwd"]
    assert "PYTHONDONTWRITEBYTECODE" not in started


def test_mypy_and_the_tests_run_side_by_side_and_what_it_says_comes_after_them(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    meet = threading.Barrier(2, timeout=30)
    said = {"pytest": "5 passed", "mypy": "5 errors"}

    def run(command: list[str], *, output: BinaryIO | None, **_: object) -> int:
        (name,) = said.keys() & {*command}
        meet.wait()
        if output is None:
            print(said[name])  # noqa: T201 - as the tool would
        else:
            output.write(said[name].encode())
        return 0

    monkeypatch.setattr(setup_venv, "run", run)
    monkeypatch.setattr(checks, "program", lambda name: name)
    assert checks.run(checks.parse(["--only", "mypy", "--only", "pytest"])) == 0
    printed = capfd.readouterr().out
    assert printed.index("--- pytest") < printed.index("5 passed") < printed.index("--- mypy") < printed.index("5 err")
