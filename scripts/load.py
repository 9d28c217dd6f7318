"""Load: much litter, one huge file, many nodes, many rounds. Prints a line for each.

Usage: `python scripts/load.py [--only junk|sparse|nodes|rounds] [--files 100000] [--nodes 47] [--rounds 1000]`

Ends with 1 if an estimate differed by a bit, or if something grew that must stay level. Memory and descriptors are read
from /proc, so they are told on Linux alone.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

import setup_venv
from setup_venv import ROOT, RUN_LOCK, program, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fedfolder.node.loop import Node
    from fedfolder.simulation import Places

T = TypeVar("T")

COMMAND = "logit low age smoke"
STUDY = "load"
HUGE = 10 << 30
"""Bytes of a sparse file; they take no room on the disk."""
HALF = 500_000
"""Bytes of most junk files, sparse too."""
GROWTH = 0.10
"""Memory that a process may gain after it has warmed up, as a part of what it had."""
LOOKS = 20
WARM = 0.1
"""The part of the rounds after which a process counts as warm."""


# -- what is measured ----------------------------------------------------------------------------------------------


@dataclass
class Fitted:
    """One fit by folders in a process of its own: bits of the result, seconds, seconds of each look, MiB at most."""

    bits: str
    seconds: float
    looks: list[float] = field(default_factory=list)
    memory: float = 0.0
    struck: int = 0


def apart(work: Callable[..., T], *arguments: object) -> T:
    """Do `work` in a new process, so that its memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(work, *arguments).result()


def proc(pid: int | str, name: str) -> float:
    """A line of /proc/PID/status in MiB, as VmRSS (now) or VmHWM (at most); NaN where there is none."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return float("nan")


def descriptors(pid: int) -> int:
    """Open descriptors of a process; -1 where that cannot be read."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are enough
    except OSError:
        return -1


def held(pid: int) -> int:
    """The fewest open descriptors of a few looks: a file that is just being read or listed is none that is kept."""
    found = []
    for _ in range(LOOKS):
        found.append(descriptors(pid))
        time.sleep(0.01)
    return min(found)


@contextlib.contextmanager
def timed_looks() -> Iterator[list[float]]:
    """Seconds that each look of any mailbox into a folder takes."""
    from fedfolder.exchange.mailbox import Mailbox

    looks: list[float] = []

    def timed(call: Callable[[Mailbox], T]) -> Callable[[Mailbox], T]:
        def look(box: Mailbox) -> T:
            started = time.perf_counter()
            try:
                return call(box)
            finally:
                looks.append(time.perf_counter() - started)

        return look

    with (
        mock.patch.object(Mailbox, "publish", timed(Mailbox.publish)),
        mock.patch.object(Mailbox, "receive", timed(Mailbox.receive)),
    ):
        yield looks


# -- a study in one process ----------------------------------------------------------------------------------------


def split(folder: Path, nodes: int) -> dict[str, Path]:
    """The births split at random, a .dta a node."""
    from fedfolder.node.data import describe, read_variables, write_dta
    from fedfolder.resources import resource
    from fedfolder.simulation import places_at_random

    path = resource("examples", "lbw", "lbw.dta")
    frame = read_variables(path, [variable.name for variable in describe(path).variables])
    folder.mkdir(parents=True)
    files = {}
    for number, rows in enumerate(places_at_random(frame.nrows, nodes, 1), start=1):
        files[f"node{number}"] = folder / f"births{number}.dta"
        write_dta(frame.take(rows), files[f"node{number}"])
    return files


def lay_out(folder: Path, nodes: int) -> Places:
    """Homes for a server and so many nodes, and their exchange."""
    from fedfolder.simulation import lay_out as lay_out_places

    return lay_out_places(folder, STUDY, split(folder / "data", nodes))


def in_memory(folder: Path, nodes: int) -> str:
    """The bits of the estimate of the same split, without folders."""
    from fedfolder.node.data import describe, read_variables
    from fedfolder.plan.proposal import read_command
    from fedfolder.simulation import simulate_files

    frames = {
        node: read_variables(path, [variable.name for variable in describe(path).variables])
        for node, path in split(folder / "data", nodes).items()
    }
    return simulate_files(read_command(COMMAND), frames).to_json()


def fit(places: Places, between: Callable[[Node], None] = lambda _: None) -> Fitted:
    """One fit by the folders of `places`; `between` is called before and after each pass of a node."""
    from fedfolder.node.home import open_home
    from fedfolder.node.loop import Node
    from fedfolder.server.run import run

    with contextlib.ExitStack() as stack:
        nodes = [Node(open_home(path)) for path in places.nodes.values()]
        for node in nodes:
            stack.callback(node.close)

        def let_nodes_work(_seconds: float) -> None:
            for node in nodes:
                between(node)
                node.work()
                between(node)

        looks = stack.enter_context(timed_looks())
        started = time.perf_counter()
        result = run(places.server, COMMAND, timeout=0, idle=let_nodes_work)
        seconds = time.perf_counter() - started
    return Fitted(result.to_json(), seconds, looks, proc("self", "VmHWM"))


def folders(places: Places, node: str) -> list[Path]:
    """The two folders of a node on the exchange."""
    return [places.exchange / STUDY / node / direction for direction in ("to-node", "to-server")]


# -- junk ----------------------------------------------------------------------------------------------------------

LONG_JSON = b'{"signed": [' + b'"0123456789", ' * (HALF // 14) + b'""]}'


def litter(folder: Path, count: int) -> None:
    """Put `count` things into `folder`: names below, at and above what is due, stray ones, empty ones, folders."""
    stray = ("Thumbs ({}).db", "~$births {}.docx", "m000002-fit1-round2-result ({}).json", "M00000{}-X.JSON", ".#{}")
    for index in range(count):
        number, kind = index % 11, index % 10
        names = {
            0: f"m{number:06d}-x{index}.json",
            1: f"m{number:06d}-fit{index}-round{number}-result.json",
            2: f"m{number:06d}-fit{index}-round{number}-instruction.json",
            3: f"m{number:06d}-fit1-round{number}-beta{index}.csv",
            4: f"m{999_999 - index:06d}-fit9-round9-result.json",
        }
        path = folder / names.get(kind, stray[index % 5].format(index))
        if index % 500 == 0:
            path.mkdir()
        elif index % 1000 == 1:
            path.write_bytes(LONG_JSON)
        else:
            with path.open("wb") as file:
                file.truncate(0 if kind == 9 else HALF)  # noqa: PLR2004 - one of the kinds above


def fit_among_junk(folder: Path, count: int) -> Fitted:
    """A fit of three nodes, `count` things in each folder of one of them."""
    places = lay_out(folder, 3)
    for path in folders(places, "node1"):
        litter(path, count)
    return fit(places)


def junk(scratch: Path, options: argparse.Namespace) -> bool:
    """Junk files in both folders of a node while a fit runs."""
    clean = apart(fit_among_junk, scratch / "clean", 0)
    dirty = apart(fit_among_junk, scratch / "dirty", options.files)
    same = clean.bits == dirty.bits
    say(
        f"junk: {options.files} files in each folder of a node: fit {dirty.seconds:.1f} s ({clean.seconds:.2f} s "
        f"without), longest look {max(dirty.looks):.2f} s, peak memory {dirty.memory:.0f} MiB ({clean.memory:.0f} MiB "
        f"without), {'the same bits' if same else 'OTHER BITS'}"
    )
    return same


# -- a huge file ---------------------------------------------------------------------------------------------------


def strike(path: Path) -> None:
    """Put a sparse file in the place of `path`."""
    path.unlink()
    with path.open("wb") as file:
        file.truncate(HUGE)


def fit_struck(folder: Path, most: int) -> Fitted:
    """A fit in which each file that is written is replaced by a huge one, once, before it is read."""
    places = lay_out(folder, 1)
    struck: set[Path] = set()

    def between(_node: Node) -> None:
        new = [p for d in folders(places, "node1") for p in sorted(d.iterdir()) if p not in struck and p.is_file()]
        for path in new[: min(1, most - len(struck))]:
            strike(path)
            struck.add(path)

    fitted = fit(places, between)
    fitted.struck = len(struck)
    return fitted


def sparse(scratch: Path, _options: argparse.Namespace) -> bool:
    """A huge file in the place of each hello, message and payload in turn."""
    clean, dirty = (apart(fit_struck, scratch / f"{most}", most) for most in (0, 1000))
    same = clean.bits == dirty.bits
    say(
        f"sparse: {HUGE >> 30} GiB in the place of {dirty.struck} files, one by one: fit {dirty.seconds:.1f} s "
        f"({clean.seconds:.2f} s without), longest look {max(dirty.looks):.2f} s, peak memory {dirty.memory:.0f} MiB "
        f"({clean.memory:.0f} MiB without), {'the same bits' if same else 'OTHER BITS'}"
    )
    return same


# -- many nodes ----------------------------------------------------------------------------------------------------


def fit_of_many(folder: Path, nodes: int) -> Fitted:
    """A fit of many nodes by folders."""
    return fit(lay_out(folder, nodes))


def nodes(scratch: Path, options: argparse.Namespace) -> bool:
    """Many nodes, some with four rows."""
    expected = apart(in_memory, scratch / "memory", options.nodes)
    found = apart(fit_of_many, scratch / "folders", options.nodes)
    same = found.bits == expected
    say(
        f"nodes: {options.nodes} nodes by folders in one process: fit {found.seconds:.1f} s, peak memory "
        f"{found.memory:.0f} MiB, {'the same bits as in memory' if same else 'OTHER BITS'}"
    )
    return same


# -- many rounds ---------------------------------------------------------------------------------------------------


@dataclass
class Sample:
    """After a fit: rounds so far, seconds of a round, MiB and descriptors of the node, bytes of both journals."""

    rounds: int
    seconds: float
    memory: float
    descriptors: int
    journals: tuple[int, int]


def many_rounds(folder: Path, rounds: int) -> list[Sample]:
    """Fit after fit with the daemon of one node, until it has answered so many rounds."""
    from fedfolder.server.run import run

    places = lay_out(folder, 1)
    home = places.nodes["node1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "fedfolder", "node", "run", str(home)]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    samples: list[Sample] = []
    done = 0
    try:
        while done < rounds:
            started = time.perf_counter()
            result = run(places.server, COMMAND, again=True, timeout=120)
            seconds = (time.perf_counter() - started) / result.rounds
            done += result.rounds
            sizes = tuple(sum(p.stat().st_size for p in at.glob("journal.sqlite3*")) for at in (home, places.server))
            pid = daemon.pid
            samples.append(Sample(done, seconds, proc(pid, "VmRSS"), held(pid), (sizes[0], sizes[1])))
    finally:
        daemon.kill()
        daemon.wait()
    return samples


def slope(samples: list[Sample]) -> float:
    """MiB gained in 1,000 rounds, by least squares."""
    x, y = [s.rounds / 1000 for s in samples], [s.memory for s in samples]
    mean = sum(x) / len(x)
    spread = sum((value - mean) ** 2 for value in x)
    return sum((a - mean) * b for a, b in zip(x, y, strict=True)) / spread if spread else 0.0


def level(samples: list[Sample]) -> bool:
    """Whether memory and descriptors are at the end what they were once the process was warm."""
    first, last = samples[0], samples[-1]
    return last.descriptors == first.descriptors and not last.memory > first.memory * (1 + GROWTH)


def mean_seconds(samples: list[Sample]) -> float:
    """Milliseconds of a round, on average."""
    return 1000 * sum(s.seconds for s in samples) / len(samples)


def rounds(scratch: Path, options: argparse.Namespace) -> bool:
    """One node's daemon through many rounds."""
    samples = apart(many_rounds, scratch, options.rounds)
    warm = [s for s in samples if s.rounds >= WARM * samples[-1].rounds]
    first, last, few = warm[0], warm[-1], max(1, len(warm) // 10)
    between = 1024 * max(1, last.rounds - first.rounds)
    node, server = ((b - a) / between for a, b in zip(first.journals, last.journals, strict=True))
    say(
        f"rounds: {last.rounds} rounds in {len(samples)} fits: the node's memory {first.memory:.1f} MiB at round "
        f"{first.rounds}, {last.memory:.1f} MiB at the end ({slope(warm):+.2f} MiB in 1,000 rounds), descriptors "
        f"{first.descriptors} and {last.descriptors}; a round {mean_seconds(warm[:few]):.0f} ms and "
        f"{mean_seconds(warm[-few:]):.0f} ms; journals {node:.1f} KiB (node) and {server:.1f} KiB (server) "
        f"a round{'' if level(warm) else ': GROWS'}"
    )
    return level(warm)


# -- the command line ----------------------------------------------------------------------------------------------

LOADS: Mapping[str, Callable[[Path, argparse.Namespace], bool]] = {
    "junk": junk,
    "sparse": sparse,
    "nodes": nodes,
    "rounds": rounds,
}


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Much litter, one huge file, many nodes, many rounds.")
    parser.add_argument("--only", choices=list(LOADS), help="one of them")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=47)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="a new folder to work in, which is kept")
    return parser.parse_args(arguments)


def load(options: argparse.Namespace, scratch: Path) -> int:
    """Run the loads; return 1 if anything was wrong."""
    chosen = [options.only] if options.only else list(LOADS)
    wrong = [name for name in chosen if not LOADS[name](scratch / name, options)]
    return int(bool(wrong))


def main() -> None:
    """Set up, and run."""
    options: Any = parse(sys.argv[1:])
    if Path(sys.prefix) != setup_venv.VENV:
        setup_venv.ensure(RUN_LOCK)
        words = [program("python"), str(Path(__file__).resolve()), *sys.argv[1:]]
        sys.exit(subprocess.run(words, check=False).returncode)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        sys.exit(load(options, options.folder or Path(scratch)))


if __name__ == "__main__":
    main()
