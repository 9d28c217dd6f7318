"""Freeze the formats of this version: a study in the middle of its second fit, as later versions will find it.

Usage: `python scripts/freeze.py FOLDER`, once for each tagged version whose formats differ; see tests/frozen/README.md.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

FIRST, SECOND = "logit low age smoke", "logit low age i.race smoke"
ROWS = 60
HOMES = {"server": "study.toml", "north": "node.toml", "south": "node.toml"}
LEFT_BEHIND = ("log.txt", "running.lock", "run-node.*", "node.service", "node-task.xml", "kept")
"""What names this computer, or is only for reading."""


class Stopped(BaseException):
    """Ends the second fit in the middle, as a kill would."""


def make_study(folder: Path) -> None:
    """Lay out a study whose settings name places relative to its homes."""
    import pandas as pd

    from fedfolder.resources import resource
    from fedfolder.simulation import lay_out

    births = pd.read_csv(resource("examples", "lbw", "lbw.csv"))
    (folder / "data").mkdir(parents=True)
    for name, part in (("north", births[:ROWS]), ("south", births[ROWS:])):
        part.to_csv(folder / "data" / f"{name}.csv", index=False, lineterminator="\n")
    lay_out(folder, "frozen", {name: folder / "data" / f"{name}.csv" for name in ("north", "south")})
    for home, settings in HOMES.items():
        path = folder / home / settings
        text = path.read_text(encoding="utf-8").replace(f"{folder}{'/'}", "../")
        path.write_text(text, encoding="utf-8", newline="\n")


def work(folder: Path, command: str, passes: int) -> str:
    """Run a fit, in which the nodes work for so many passes; return its result as JSON, or an empty text."""
    from fedfolder.node.home import open_home
    from fedfolder.node.loop import Node
    from fedfolder.server.run import run

    nodes = [Node(open_home(folder / name)) for name in ("north", "south")]

    def idle(_seconds: float) -> None:
        nonlocal passes
        passes -= 1
        if passes < 0:
            raise Stopped
        for node in nodes:
            node.work()

    try:
        return run(folder / "server", command, idle=idle).to_json()
    except Stopped:
        return ""
    finally:
        for node in nodes:
            node.close()


def main(target: Path) -> None:
    """Write the frozen study to `target`, which must be new."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "study"
        make_study(folder)
        expected = {FIRST: json.loads(work(folder, FIRST, 100))}
        if work(folder, SECOND, 3):
            raise SystemExit("the second fit should have been stopped before its end")
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        expected[SECOND] = json.loads(work(folder, SECOND, 100))
    (target / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
