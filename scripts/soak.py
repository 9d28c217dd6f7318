"""Kill server and nodes at random while fits run, and compare every estimate with the undisturbed one, bit for bit.

Usage: `python scripts/soak.py --kills 1000 [--seed S] [--folder DIR]`

Prints a line as `1000 kills survived, 73 fits, 0 differences`, and ends with 1 if there was a difference, or if
anything was left on the exchange that the format does not allow.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import setup_venv
from setup_venv import RUN_LOCK, program, say

COMMANDS = (
    "logit low age smoke",
    "logit low age lwt i.race smoke ptl ht ui",
    "logit low age i.smoke##c.lwt i.race",
    "regress bwt age lwt i.race smoke ht ui",
)
LONGEST_PAUSE = 0.6
"""Seconds between kills, at most."""
MOST_KILLS = 12
"""Kills in one fit."""
LONGEST_FIT = 300.0
"""Seconds after which a fit that does not end counts as stuck."""
ALLOWED = re.compile(r"m000000-hello\.json|m[0-9]{6}-fit[0-9]+-closing-result\.json")
"""What lies on the exchange when every fit is closed: the hellos, and each node's last receipt."""
PROCESS_KEYS = ("coef", "se", "V", "ll", "ll_0", "n", "names", "stats")


class Soak:
    """Three nodes and a server below `folder`, and what happened to them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)  # noqa: S311 - for moments, not for secrets
        self.nodes: dict[Path, subprocess.Popen[bytes]] = {}
        self.kills = self.fits = self.differences = 0

    def lay_out(self) -> None:
        """Make the places, and the data split over them."""
        from fedfolder.node.data import describe, read_variables, write_dta
        from fedfolder.resources import resource
        from fedfolder.simulation import lay_out, places_at_random

        path = resource("examples", "lbw", "lbw.dta")
        frame = read_variables(path, [variable.name for variable in describe(path).variables])
        self.data = {}
        for number, rows in enumerate(places_at_random(frame.nrows, 3, 1), start=1):
            self.data[f"node{number}"] = self.folder / f"births{number}.dta"
            write_dta(frame.take(rows), self.data[f"node{number}"])
        self.places = lay_out(self.folder / "places", "soak", self.data)

    def undisturbed(self, command: str) -> dict[str, Any]:
        """The estimate without folders or kills."""
        out = self.folder / "undisturbed.json"
        files = [str(path) for path in self.data.values()]
        subprocess.run([*FEDFOLDER, "simulate", command, *files, "--json", str(out)], check=True, **QUIET)
        return bits(out)

    def start_nodes(self) -> None:
        """Start every node that does not run."""
        for home in self.places.nodes.values():
            if home not in self.nodes or self.nodes[home].poll() is not None:
                self.nodes[home] = subprocess.Popen([*FEDFOLDER, "node", "run", str(home)], **QUIET)

    def fit(self, command: str, most_kills: int) -> None:
        """One fit, with up to `most_kills` kills; then it is left alone until it ends."""
        out = self.folder / "result.json"
        out.unlink(missing_ok=True)
        self.fits += 1
        server, again, until = None, True, time.monotonic() + LONGEST_FIT
        while not out.exists():
            if time.monotonic() > until:
                sys.exit(f"fit {self.fits} ({command}) did not end; see {self.folder}")
            self.start_nodes()
            if server is None or server.poll() is not None:
                words = [*FEDFOLDER, "run", str(self.places.server), command, "--json", str(out)]
                server = subprocess.Popen([*words, "--again"] if again else words, **QUIET)
            time.sleep(self.random.uniform(0, LONGEST_PAUSE))
            again = again and not self.asked()
            if most_kills > 0 and not again:
                most_kills -= self.kill([*self.nodes.values(), server])
        if server is not None:
            server.wait()
        if bits(out) != self.undisturbed(command):
            self.differences += 1
            say(f"fit {self.fits} ({command}) differs")

    def asked(self) -> bool:
        """Whether the server has journalled the request that opens this fit: from then on it goes on by itself."""
        from fedfolder import clock
        from fedfolder.server.study import open_study

        journal = open_study(self.places.server).journal(clock.now)
        try:
            return len({header.fit for header in journal.first_rounds()}) >= self.fits
        finally:
            journal.close()

    def kill(self, processes: list[subprocess.Popen[bytes]]) -> int:
        """Kill one of them, if it still runs."""
        victim = self.random.choice(processes)
        if victim.poll() is not None:
            return 0
        victim.kill()
        victim.wait()
        self.kills += 1
        return 1

    def left_over(self) -> list[str]:
        """Files on the exchange that should not be there once the nodes have had time to tidy."""
        until = time.monotonic() + 30
        while True:
            self.start_nodes()
            found = [p.name for p in self.places.exchange.rglob("*") if p.is_file() and not ALLOWED.fullmatch(p.name)]
            if not found or time.monotonic() > until:
                return found
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the nodes."""
        for process in self.nodes.values():
            process.kill()
            process.wait()


def bits(path: Path) -> dict[str, Any]:
    """The numbers of a result, as text with all their digits."""
    found = json.loads(path.read_text(encoding="utf-8"), parse_float=str)
    return {key: found[key] for key in PROCESS_KEYS}


FEDFOLDER = (program("python"), "-m", "fedfolder")
QUIET: dict[str, Any] = {
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
    "stdin": subprocess.DEVNULL,
    "env": {**os.environ, "PYTHONUTF8": "1"},
}


def soak(kills: int, seed: int, folder: Path) -> int:
    """Fit and kill until `kills` processes have been killed; return 1 if anything was wrong."""
    run = Soak(folder, seed)
    run.lay_out()
    try:
        while run.kills < kills:
            run.fit(run.random.choice(COMMANDS), min(kills - run.kills, run.random.randint(1, MOST_KILLS)))
        left = run.left_over()
    finally:
        run.stop()
    say(f"{run.kills} kills survived, {run.fits} fits, {run.differences} differences")
    if left:
        say(f"left on the exchange: {', '.join(left[:10])}")
    return int(run.differences > 0 or bool(left))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Kill server and nodes at random while fits run.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="a new folder to work in, which is kept")
    options = parser.parse_args()
    if Path(sys.prefix) != setup_venv.VENV:
        setup_venv.ensure(RUN_LOCK)
        words = [program("python"), str(Path(__file__).resolve()), *sys.argv[1:]]
        sys.exit(subprocess.run(words, check=False).returncode)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        sys.exit(soak(options.kills, options.seed, options.folder or Path(scratch)))


if __name__ == "__main__":
    main()
