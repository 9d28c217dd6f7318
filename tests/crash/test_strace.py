"""Real processes, killed and failed at their system calls.

A fit is taken apart into steps, each a process: `node once`, or `run` with no time to wait. A step is recorded once,
call by call; then it is started again from the same disks for each of its calls, and strace kills it there.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from fedfolder.exchange import files
from fedfolder.exchange.names import TO_SERVER
from tests import needs
from tests.crash.processes import options, read_calls
from tests.crash.steps import (
    ANSWER,
    ASK,
    EXCHANGE,
    HELLO,
    JOURNAL,
    RECEIPT,
    RESULT,
    TIME_IS_OVER,
    disks,
    publishing,
)
from tests.crash.study import (
    NODES,
    TEMPORARY,
    assert_share_holds_what_is_journalled,
    on_share,
)
from tests.system.places import ENVIRONMENT, assert_explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.crash.processes import Call, Ended
    from tests.crash.steps import Recorder, Step, Trial

pytestmark = [
    needs.linux,
    needs.programs("strace"),
    pytest.mark.skipif(
        sys.platform.startswith("linux") and not needs.works("strace", "-o", "/dev/null", "true"),
        reason="needs to be allowed to trace processes",
    ),
]

KILLED = -9
MOST_TRIES = 4


@pytest.fixture(scope="module", autouse=True)
def watched(recorder: Recorder) -> None:
    """Every step, with what it calls."""
    recorder.watch()


# -- killed ------------------------------------------------------------------------------------------------------------

EVERY = {"pwrite64": 7, "ftruncate": 2, "mkdir": 3, "write": 2}
"""Calls off the share of which every so many are tried; all others are, and all on the share."""


def enumerated(step: Step) -> Iterator[Call]:
    """The calls at which a step is killed: each one on the exchange, and many of those at home."""
    counts: Counter[str] = Counter()
    for call in step.calls:
        counts[call.name] += 1
        if call.touches("exchange/") or counts[call.name] % EVERY.get(call.name, 1) == 0:
            yield call


def kill(make: Callable[[], Trial], call: Call) -> Trial:
    """Kill a step at a call. What Python and SQLite do on their own varies now and then: then it is tried again."""
    for _ in range(MOST_TRIES):
        disturbed = make()
        ended = disturbed.fail(call.inject("signal=KILL"))
        assert ended.code == KILLED
        if ended.calls[-1] == call:
            return disturbed
    raise AssertionError(f"{call} is never where it was")


@pytest.mark.parametrize("name", [HELLO, ASK, ANSWER, RECEIPT, RESULT])
def test_a_process_that_is_killed_at_a_system_call_goes_on(
    trial: Callable[[str], Trial], finish: Callable[[Trial], None], name: str
) -> None:
    """Fault 1: SIGKILL at each call of publishing, and at many of the journal's: the restart resumes, one reply."""
    tried: Counter[str] = Counter()
    for call in enumerated(trial(name).step):
        disturbed = kill(lambda: trial(name), call)
        disturbed.go_on()
        tried[call.name] += 1
    assert tried.keys() >= {"openat", "write", "pwrite64", "fdatasync"}
    assert tried.keys() >= {"unlink"} if name == RESULT else {"fsync", "rename"}
    finish(disturbed)


@pytest.mark.parametrize("nth", [1, 2])
def test_python_itself_killed_between_the_files_of_a_reply(
    trial: Callable[[str], Trial], tmp_path: Path, nth: int
) -> None:
    """Fault 1, with `python -m fedfolder` from its first to its last breath."""
    disturbed = trial(ANSWER)
    trace = tmp_path / "trace.txt"
    words = [word.replace("@", str(disturbed.folder)) for word in disturbed.step.arguments]
    command = ["strace", *options(trace, [f"inject=rename:signal=KILL:when={nth}"]), sys.executable, "-m", "fedfolder"]
    environment = {**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*command, *words], capture_output=True, check=False, timeout=60, env=environment)
    assert done.returncode == KILLED
    assert "/exchange/" in read_calls(trace)[-1].paths[-1]
    assert len(disturbed.new_names()) == nth - 1
    assert_share_holds_what_is_journalled(disturbed.folder)
    again = subprocess.run(
        [sys.executable, "-m", "fedfolder", *words], capture_output=True, check=False, timeout=60, env=environment
    )
    assert again.returncode == 0, again.stderr
    assert disks(disturbed.folder) == disturbed.step.after


# -- failed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [
        ("openat", "ENOSPC", "No space left on device"),
        ("write", "ENOSPC", "No space left on device"),
        ("write", "EDQUOT", "Disk quota exceeded"),
        ("write", "EIO", "Input/output error"),
        ("fsync", "EIO", "Input/output error"),
        ("rename", "EXDEV", "Invalid cross-device link"),
        ("rename", "EROFS", "Read-only file system"),
    ],
)
def test_a_call_of_a_node_that_fails(trial: Callable[[str], Trial], call: str, error: str, reason: str) -> None:
    """Faults 4, 5, 6, 8, 12: no final name, an error that names the path; once mended, the same bytes go out."""
    disturbed = trial(ANSWER)
    first, *_ = disturbed.step.publishing(call)
    ended = disturbed.fail(first.inject(f"error={error}"))
    assert ended.code == EXCHANGE, ended.output
    assert_explained(ended.output, "the exchange could not be written", reason, str(disturbed.folder))
    assert disturbed.new_names() == set()
    assert not [path for path in on_share(disturbed.folder) if TEMPORARY.fullmatch(path[-1])]
    assert publishing(ended.calls, call) == [first], "what no waiting mends is not tried again, above all no fsync"
    assert_only_renamed(ended)
    disturbed.go_on()


@pytest.mark.parametrize(
    ("call", "error"),
    [("openat", "ENOSPC"), ("write", "EDQUOT"), ("fsync", "EIO"), ("rename", "EXDEV"), ("rename", "EROFS")],
)
def test_a_call_of_a_server_that_fails_once(trial: Callable[[str], Trial], call: str, error: str) -> None:
    """Faults 4, 5, 6, 8, 12: a share that was reached before comes back; the same run tries again, with new files."""
    disturbed = trial(ASK)
    calls = disturbed.step.publishing(call)
    ended = disturbed.fail(calls[0].inject(f"error={error}"))
    assert ended.code == disturbed.step.code, ended.output
    assert len(publishing(ended.calls, call)) == len(calls) + 1
    assert len(publishing(ended.calls, "openat")) == len(disturbed.step.publishing("openat")) + 1
    assert_only_renamed(ended)
    assert disks(disturbed.folder) == disturbed.step.after


@pytest.mark.parametrize(("call", "error"), [("fsync", "EIO"), ("rename", "EXDEV"), ("rename", "EROFS")])
def test_a_call_of_a_server_that_fails_for_ever(trial: Callable[[str], Trial], call: str, error: str) -> None:
    """Faults 6, 8, 12: the run ends when its time is over, and says what was in the way; then it goes on."""
    disturbed = trial(ASK)
    first, *_ = disturbed.step.publishing(call)
    ended = disturbed.fail(first.inject(f"error={error}", when="1+"))
    assert ended.code == TIME_IS_OVER, ended.output
    assert_explained(ended.output, "the exchange could not be written", str(disturbed.folder), *NODES)
    assert disturbed.new_names() == set()
    assert_only_renamed(ended)
    disturbed.go_on()


def assert_only_renamed(ended: Ended) -> None:
    made = [call.paths[-1] for call in publishing(ended.calls, "openat")]
    assert made
    assert all(path.endswith(".fedfolder-x") for path in made), "what has a final name was renamed, never copied"


@pytest.mark.parametrize("error", ["EACCES", "EBUSY", "EPERM"])
def test_a_rename_that_is_held_up_twice(trial: Callable[[str], Trial], error: str) -> None:
    """Faults 10 and 12: it is tried again, a little later each time, and succeeds."""
    disturbed = trial(ANSWER)
    first, *_ = renames = disturbed.step.publishing("rename")
    ended = disturbed.fail(first.inject(f"error={error}", when="1..2"))
    assert ended.code == 0, ended.output
    assert len(publishing(ended.calls, "rename")) == len(renames) + 2
    assert disks(disturbed.folder) == disturbed.step.after


def test_a_rename_that_is_held_up_for_ever(trial: Callable[[str], Trial]) -> None:
    """Fault 11: after some seconds it is an error that names the path; nothing is lost."""
    disturbed = trial(ANSWER)
    first, *_ = disturbed.step.publishing("rename")
    began = time.monotonic()
    ended = disturbed.fail(first.inject("error=EACCES", when="1+"))
    assert sum(files.RENAME_PAUSES) < time.monotonic() - began < 5 * sum(files.RENAME_PAUSES)
    assert ended.code == EXCHANGE
    assert_explained(ended.output, "the exchange could not be written", first.paths[-1], "another program")
    assert len(publishing(ended.calls, "rename")) == len(files.RENAME_PAUSES) + 1
    assert disturbed.new_names() == set()
    disturbed.go_on()


@pytest.mark.parametrize("error", ["EINVAL", "EOPNOTSUPP", "EBADF"])
def test_a_share_that_cannot_sync_folders(trial: Callable[[str], Trial], error: str) -> None:
    """Fault 7: the files go out all the same."""
    disturbed = trial(ANSWER)
    folders = disturbed.step.publishing("fsync", TO_SERVER)
    assert [call.nth for call in folders] == [3], "one a message, with its last file"
    ended = disturbed.fail(folders[0].inject(f"error={error}"))
    assert ended.code == 0, ended.output
    assert disks(disturbed.folder) == disturbed.step.after


@pytest.mark.parametrize("call", ["openat", "write", "fsync"])
def test_a_call_that_a_signal_interrupts(trial: Callable[[str], Trial], call: str) -> None:
    """Fault 9: EINTR is no failure."""
    disturbed = trial(ANSWER)
    first, *_ = calls = disturbed.step.publishing(call)
    ended = disturbed.fail(first.inject("error=EINTR"))
    assert ended.code == 0, ended.output
    assert len(publishing(ended.calls, call)) == len(calls) + 1
    assert disks(disturbed.folder) == disturbed.step.after


@pytest.mark.parametrize("written", [0, 5])
def test_a_share_that_does_not_write_what_it_says(trial: Callable[[str], Trial], written: int) -> None:
    """Fault 9: a write that took nothing, or less than it says, gives no final name."""
    disturbed = trial(ANSWER)
    first, *_ = disturbed.step.publishing("write")
    ended = disturbed.fail(first.inject(f"retval={written}"))
    assert ended.code == EXCHANGE, ended.output
    assert_explained(ended.output, "the exchange could not be written", str(disturbed.folder))
    assert disturbed.new_names() == set()
    disturbed.go_on()


@pytest.mark.parametrize(("call", "error"), [("pwrite64", "ENOSPC"), ("fdatasync", "EIO")])
@pytest.mark.parametrize("name", [ANSWER, ASK])
def test_a_journal_that_cannot_be_written(trial: Callable[[str], Trial], name: str, call: str, error: str) -> None:
    """Faults 4 and 6 at home: what is not journalled is not published; the error names the journal."""
    calls = [c for c in trial(name).step.calls if c.name == call and c.touches("journal.sqlite3")]
    codes = set()
    for failing in calls[:: 9 if call == "pwrite64" else 1]:
        disturbed = trial(name)
        ended = disturbed.fail(failing.inject(f"error={error}", when=f"{failing.nth}+"))
        codes.add(ended.code)
        if ended.code == JOURNAL:
            assert_explained(ended.output, "the journal of this home cannot be used", str(disturbed.folder))
        else:
            # It was done with the journal but for tidying it up.
            assert ended.code == disturbed.step.code, ended.output
        disturbed.go_on()
    assert JOURNAL in codes
