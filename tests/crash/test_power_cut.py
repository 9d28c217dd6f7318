"""Power cuts on a real file system: an ext4 of its own on a loop device, which its shutdown ioctl stops dead.

What was not synced is gone then, as in a computer whose plug is pulled. The tests prove themselves: with an fsync left
out, the same checks fail.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder.exchange import files
from fedfolder.exchange.journal import IN, Journal
from tests import needs
from tests.crash.injection import Crash, Fault
from tests.crash.mounts import Disk, Mounts, can_cut_power
from tests.crash.study import (
    TEMPORARY,
    Living,
    assert_journals_agree,
    assert_share_holds_what_is_journalled,
)
from tests.exchange.helpers import BETA, clock, forged, header
from tests.exchange.helpers import SERVER as SIGNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.crash.conftest import Undisturbed
    from tests.crash.injection import Event, Seam

pytestmark = [needs.root, needs.programs("mkfs.ext4", "mount")]
NAME = "m000001-fit1-round1-beta.csv"
OLD, NEW = b"the old content\n", b"the new content, which is longer\n" * 200
STEPS = ("create", "write", "fsync", "close", "rename", "fsync-folder", "returned")


@pytest.fixture(scope="module")
def reason(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Why no power can be cut here, if so."""
    return can_cut_power(tmp_path_factory.mktemp("power"))


@pytest.fixture
def disk(tmp_path: Path, reason: str) -> Iterator[Disk]:
    if reason:
        pytest.skip(reason)
    mounts = Mounts()
    with contextlib.closing(mounts):
        yield Disk(mounts, tmp_path / "image", tmp_path / "disk")


def without(*left_out: str) -> Callable[..., Any]:
    """`files.perform`, but that some operations are said to be done and are not."""
    return lambda operation, _path, call: None if operation in left_out else call()


def write_and_cut(disk: Disk, monkeypatch: pytest.MonkeyPatch, when: str, *, left_out: tuple[str, ...] = ()) -> None:
    """Write NEW, cut the power just before the step `when`, and start the computer again."""
    lazy = without(*left_out)

    def perform(operation: str, path: Path, call: Callable[[], Any]) -> Any:
        if operation == when:
            disk.cut_power()
            raise Crash
        return lazy(operation, path, call)

    with monkeypatch.context() as patched:
        patched.setattr(files, "perform", perform)
        with contextlib.suppress(Crash):
            files.write(disk.folder / NAME, NEW)
            disk.cut_power()
    disk.power_on()


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
@pytest.mark.parametrize("when", STEPS)
def test_a_cut_at_each_step_of_a_write(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, when: str, old: bytes | None
) -> None:
    """The old file or the new one, never half; once `write` has returned, the new one."""
    path = disk.folder / NAME
    if old is not None:
        path.write_bytes(old)
    disk.settle()
    write_and_cut(disk, monkeypatch, when)
    allowed = {"returned": (NEW,), "fsync-folder": (old, NEW)}.get(when, (old,))
    assert content(path) in allowed
    assert all(p.name == NAME or TEMPORARY.fullmatch(p.name) for p in disk.folder.iterdir() if p.is_file())
    files.remove_temporary(disk.folder)
    files.write(path, NEW)
    assert content(path) == NEW


@pytest.mark.parametrize("left_out", [("fsync", "fsync-folder"), ("fsync",), ("fsync-folder",)], ids="+".join)
def test_the_tests_find_an_fsync_that_is_left_out(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, left_out: tuple[str, ...]
) -> None:
    """Fault 2: without it, a file of which `write` has returned is gone, empty or half after a power cut."""
    disk.settle()
    write_and_cut(disk, monkeypatch, "returned", left_out=left_out)
    assert content(disk.folder / NAME) != NEW
    write_and_cut(disk, monkeypatch, "returned")
    assert content(disk.folder / NAME) == NEW


# -- the journal -----------------------------------------------------------------------------------------------------


def append(journal: Journal, number: int) -> None:
    fields = {"number": number, "round": number, "body": {"n": number}}
    message = forged(header("server", "north", **fields), {"beta.csv": BETA * 50}, SIGNER)
    journal.append("server", IN, message, event="accepted")


@pytest.mark.parametrize("synchronous", ["FULL", "OFF"])
def test_a_journal_after_a_power_cut(disk: Disk, synchronous: str) -> None:
    """What was committed is there, what was not is not; and fault 2 once more: without syncing, it is lost."""
    disk.settle()
    journal = Journal(disk.folder / "journal.sqlite3", clock=clock)
    with contextlib.closing(journal):
        if synchronous == "OFF":
            journal._db.execute("PRAGMA synchronous = OFF")  # noqa: SLF001 - the mutation
        for number in range(1, 8):
            append(journal, number)

        def half() -> None:
            with journal.transaction():
                append(journal, 8)
                disk.cut_power()
                raise Crash

        with contextlib.suppress(Crash):
            half()
    disk.power_on()
    with contextlib.closing(Journal(disk.folder / "journal.sqlite3", clock=clock)) as found:
        numbers = [header.number for header in found.headers("server", IN)]
        assert [found.message("server", IN, number) is not None for number in numbers] == [True] * len(numbers)
        events = [(line.event, line.number) for line in found.audit_lines()]
    assert events == [("accepted", number) for number in numbers]
    assert (numbers == list(range(1, 8))) == (synchronous == "FULL")


# -- whole fits ------------------------------------------------------------------------------------------------------


class PowerCut(Fault):
    """The power fails just before the n-th event."""

    def __init__(self, folder: Path, disk: Disk, n: int) -> None:
        super().__init__(folder)
        self._disk = disk
        self.n = n
        self._dark = False

    def happen(self, event: Event, call: Callable[[], Any]) -> Any:
        if self._dark:
            raise Crash
        if len(self.seen) == self.n:
            self._disk.cut_power()
            self._dark = True
            raise Crash
        return super().happen(event, call)


EVERY = 23
"""Every so many events of a fit the power is cut: a number that goes well with none of a file's steps."""


def cuts(undisturbed: Undisturbed) -> list[int]:
    """Many moments, and the ones before a folder is synced in which a file of each direction is put."""
    folders = [n for n, event in enumerate(undisturbed.events) if event.operation == "fsync-folder"]
    return sorted({*range(0, len(undisturbed.events), EVERY), *folders[2:6], *folders[-1:]})


def test_power_cuts_in_the_middle_of_a_fit(disk: Disk, undisturbed: Undisturbed, seam: Seam) -> None:
    """Fault 3: what the share has lost is there again, from the journal; homes and share are on one disk here.

    What was published and seen by the other side is never lost by the journals: no message has another content.
    """
    for n in cuts(undisturbed):
        study = disk.folder / f"study {n}"
        shutil.copytree(undisturbed.study, study)
        disk.settle()
        disturb(Living(study, seam.clock), seam, PowerCut(study, disk, n))
        disk.power_on()
        assert_share_holds_what_is_journalled(study)
        living = Living(study, seam.clock)
        assert living.fit() == undisturbed.result
        living.let_all_go()
        assert_journals_agree(study, undisturbed.messages)
        shutil.rmtree(study)


def close_quietly(living: Living) -> None:
    """Let go of processes whose disk is gone."""
    for name in list(living.nodes):
        with contextlib.suppress(Exception):
            living.let_go(name)


def test_a_share_that_lost_the_name_of_a_file(
    reason: str, undisturbed: Undisturbed, seam: Seam, tmp_path: Path
) -> None:
    """Fault 3: the share's computer fails between a rename and the folder's fsync; the homes keep what they have."""
    if reason:
        pytest.skip(reason)
    events = undisturbed.events
    moments = [n for n, event in enumerate(events) if event.operation == "fsync-folder" and not event.is_home]
    lost = 0
    for n in moments[::5]:
        mounts, study = Mounts(), tmp_path / f"study {n}"
        with contextlib.closing(mounts):
            shutil.copytree(undisturbed.study, study)
            (study / "exchange").rename(study / "before")
            disk = Disk(mounts, tmp_path / "image", study / "exchange")
            shutil.copytree(study / "before", study / "exchange", dirs_exist_ok=True)
            disk.settle()
            disturb(Living(study, seam.clock), seam, PowerCut(study, disk, n))
            disk.power_on()
            assert_share_holds_what_is_journalled(study)
            name = study.joinpath(*events[n - 1].at)
            is_lost = not name.exists()
            lost += is_lost
            living, fault = Living(study, seam.clock), Fault(study)
            with seam.with_fault(fault):
                assert living.fit() == undisturbed.result
            living.let_all_go()
            assert not is_lost or events[n - 1] in fault.seen, "what was lost is published again"
            assert_journals_agree(study, undisturbed.messages)
    assert lost > 0


def disturb(living: Living, seam: Seam, fault: PowerCut) -> None:
    """Run a fit until the power fails, and let go of its processes."""
    with seam.with_fault(fault):
        with pytest.raises(Crash):
            living.fit()
        close_quietly(living)
    assert len(fault.seen) == fault.n
