"""A study of births over three nodes with real folders, whose nodes work whenever the server waits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from fedfolder.node.home import open_home
from fedfolder.node.loop import Node
from fedfolder.resources import resource
from fedfolder.server import run as run_module
from fedfolder.simulation import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODES = ("north", "south", "west")


def births() -> pd.DataFrame:
    """lbw, with a text, an exposure, an offset, sets, a positive count and columns that are collinear or separate."""
    frame = pd.read_stata(resource("examples", "lbw", "lbw.dta"), convert_categoricals=False)
    row = np.arange(len(frame))
    return frame.assign(
        colour=frame["race"].map({1: "white", 2: "black", 3: "other"}),
        weeks=37.0 + frame["lwt"] / 100,
        lnweeks=np.log(37.0 + frame["lwt"] / 100),
        pair=row // 6,
        pop=1 + row % 3,
        size=np.searchsorted([2300, 2800, 3400], frame["bwt"]) + 1,
        twice=2.0 * frame["age"],
        same=frame["low"],
    )


class Study:
    """A study whose nodes take turns with the server, in this process.

    Parameters
    ----------
    folder : Path
        Has a blank in its name, as folders have.
    """

    def __init__(self, folder: Path, frame: pd.DataFrame | None = None) -> None:
        frame = births() if frame is None else frame
        files = {}
        (folder / "the data").mkdir(parents=True)
        for number, node in enumerate(NODES):
            files[node] = folder / "the data" / f"{node}.dta"
            frame[(frame["pair"] % len(NODES)) == number].to_stata(files[node], write_index=False, version=118)
        self.places = lay_out(folder, "lbw", files, cluster_scores=True)
        self.asleep: set[str] = set()

    @property
    def home(self) -> Path:
        """The server's home."""
        return self.places.server

    @contextlib.contextmanager
    def awake(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The nodes work while the server waits, all but those that are asleep."""
        with contextlib.ExitStack() as stack:
            nodes = {name: Node(open_home(path)) for name, path in self.places.nodes.items()}
            for node in nodes.values():
                stack.callback(node.close)
            watch = run_module._watch  # noqa: SLF001 - the seam between looks

            def turns(*about):
                idle = watch(*about)

                def wait(seconds: float) -> None:
                    for name, node in nodes.items():
                        if name not in self.asleep:
                            node.work()
                    idle(min(seconds, 0.05) if self.asleep else 0.0)

                return wait

            monkeypatch.setattr(run_module, "_watch", turns)
            yield


_SHARED: list[Study] = []


@contextlib.contextmanager
def shared(factory: pytest.TempPathFactory) -> Iterator[Study]:
    """One study for all modules that only ask it for fits: what was fitted once is shown again from its journal."""
    if not _SHARED:
        _SHARED.append(Study(factory.mktemp("Studie") / "my köln study"))
    with pytest.MonkeyPatch.context() as patch, _SHARED[0].awake(patch):
        yield _SHARED[0]
