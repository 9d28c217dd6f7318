"""A study that has not begun, and what comes of it when nothing goes wrong."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fedfolder.exchange.names import SERVER
from tests.crash.injection import Fault, Seam
from tests.crash.processes import Spare
from tests.crash.steps import Recorder, Trial
from tests.crash.study import NODES, Living, assert_journals_agree, copied, journalled, lay_out_movable, left_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.crash.injection import Event
    from tests.crash.study import Sent


@dataclass(frozen=True)
class Undisturbed:
    """A fit that nothing disturbed: its result, every message, and every event on the way."""

    study: Path
    result: str
    messages: frozenset[Sent]
    events: tuple[Event, ...]


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """A folder in memory, where there is one: what is written thousands of times is not written for its own sake."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def seam(monkeypatch: pytest.MonkeyPatch) -> Seam:
    return Seam(monkeypatch)


@pytest.fixture(scope="session")
def undisturbed(quick_folder: Path) -> Undisturbed:
    """The same keys and data as in every other study here: so not only the estimate, but every message is the same."""
    study = lay_out_movable(quick_folder / "undisturbed")
    with pytest.MonkeyPatch.context() as monkeypatch:
        seam = Seam(monkeypatch)
        with copied(study, quick_folder / "recorded", seam.clock) as living:
            fault = Fault(living.folder)
            with seam.with_fault(fault):
                result = living.fit()
            assert left_over(living.folder) == []
            homes = [journalled(living.folder / name, name) for name in (SERVER, *NODES)]
    return Undisturbed(study, result, frozenset(set().union(*homes)), tuple(fault.seen))


@pytest.fixture
def living(
    undisturbed: Undisturbed, quick_folder: Path, seam: Seam, request: pytest.FixtureRequest
) -> Iterator[Living]:
    """The study, begun nowhere yet, in a place of its own."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[-40:]
    with copied(undisturbed.study, quick_folder / name, seam.clock) as made:
        yield made


@pytest.fixture(scope="session")
def recorder(
    undisturbed: Undisturbed, quick_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorder]:
    """A fit's steps, and a process to do them."""
    spare, folder = Spare(tmp_path_factory.mktemp("spare")), quick_folder / "steps"
    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            seam = Seam(monkeypatch)
            with copied(undisturbed.study, folder / "living", seam.clock) as living:
                made = Recorder(living.folder, folder, spare)
                made.take_apart(living)
        yield made
    finally:
        spare.close()


@pytest.fixture
def trial(recorder: Recorder, quick_folder: Path) -> Iterator[Callable[[str], Trial]]:
    """Makes trials of a step, by its name, one after the other."""
    folder = quick_folder / "trial"

    def make(name: str) -> Trial:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(recorder.steps[name].before, folder)
        return Trial(recorder.steps[name], folder, recorder.spare)

    yield make
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def finish(seam: Seam, undisturbed: Undisturbed) -> Callable[[Trial], None]:
    """Goes on with a fit to its end: the bits are those of a fit that nothing disturbed, and so is every message."""

    def go_to_the_end(trial: Trial) -> None:
        living = Living(trial.folder, seam.clock)
        try:
            assert living.fit() == undisturbed.result
            assert_journals_agree(trial.folder, undisturbed.messages)
        finally:
            living.let_all_go()

    return go_to_the_end
