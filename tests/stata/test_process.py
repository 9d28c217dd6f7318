"""What this process is, inside another program too."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fedfolder.process import handling, interpreter


def test_outside_of_another_program_it_is_the_python_that_runs():
    assert interpreter() == sys.executable


@pytest.mark.parametrize("host", ["/usr/local/stata17/stata-mp", r"C:\Program Files\Stata17\StataMP-64.exe", "", None])
def test_inside_of_one_it_is_the_python_that_was_installed(host, monkeypatch):
    monkeypatch.setattr(sys, "executable", host)
    found = interpreter()
    code = "import sys; print(sys.version_info[:2], sys.prefix)"
    ran = subprocess.run([found, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"{sys.version_info[:2]} {sys.prefix}"


def test_where_none_is_found_it_is_what_python_says(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", "stata-mp")
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    assert interpreter() == "stata-mp"


def test_a_child_that_reads_data_is_started_from_inside_of_stata(monkeypatch, tmp_path):
    from fedfolder.node.readstat import read_labels
    from fedfolder.resources import resource

    monkeypatch.setattr(sys, "executable", str(tmp_path / "StataMP-64.exe"))
    assert "low" in read_labels(Path(resource("examples", "lbw", "lbw.dta"))).variables


def test_a_signal_is_handled_for_a_while_and_then_as_before():
    came = []
    before = signal.getsignal(signal.SIGTERM)
    with handling([signal.SIGTERM], lambda *_: came.append(1)):
        signal.raise_signal(signal.SIGTERM)
    assert came == [1]
    assert signal.getsignal(signal.SIGTERM) is before


def test_beside_the_main_thread_signals_stay_as_they_are():
    inside = []

    def work():
        with handling([signal.SIGTERM], lambda *_: None):
            inside.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [signal.getsignal(signal.SIGTERM)]


def test_a_handler_of_the_program_around_python_is_left_alone(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(signal, "getsignal", lambda _number: None)
    with handling([signal.SIGTERM], lambda *_: None):
        monkeypatch.undo()
        assert signal.getsignal(signal.SIGTERM) is before
