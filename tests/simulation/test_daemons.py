"""Node daemons as processes: started, ready, stopped, and no process left."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from fedfolder.errors import FedfolderError, HomeInUseError
from fedfolder.node.home import open_home
from fedfolder.node.loop import only_one
from fedfolder.resources import resource
from fedfolder.simulation import lay_out
from fedfolder.simulation.daemons import INTERRUPTS, Daemons, interruptible, not_now

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path):
    return lay_out(tmp_path / "a study", "lbw", {"north": resource("examples", "lbw", "lbw.dta")})


def test_a_daemon_is_ready_when_it_has_introduced_itself_and_gone_when_it_is_stopped(places):
    daemons, home = Daemons(), places.nodes["north"]
    try:
        daemons.start(home)
        assert list(daemons.until_ready()) == ["north"]
        assert daemons.running == [home]
        with pytest.raises(HomeInUseError, match="running already"):
            daemons.start(home)
    finally:
        stopped = daemons.stop()
    assert (stopped, daemons.running, daemons.stop()) == (1, [], 0)


def test_a_daemon_that_ends_before_it_is_ready_says_why(places):
    daemons, home = Daemons(), places.nodes["north"]
    try:
        with only_one(open_home(home)):
            daemons.start(home)
            with pytest.raises(FedfolderError, match="ended before it was ready") as caught:
                list(daemons.until_ready())
    finally:
        daemons.stop()
    assert "running already" in caught.value.found


@pytest.mark.parametrize("number", INTERRUPTS)
def test_an_interrupt_waits_and_the_handlers_are_put_back(number):
    before = [signal.getsignal(one) for one in INTERRUPTS]
    reached = []
    with pytest.raises(KeyboardInterrupt), interruptible(), not_now():  # noqa: PT012 - what comes after is the point
        signal.raise_signal(number)
        reached.append(True)
    assert reached == [True]
    assert [signal.getsignal(one) for one in INTERRUPTS] == before


def test_in_another_thread_nothing_is_handled():
    entered = []

    def work() -> None:
        with interruptible(), not_now():
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [True]
