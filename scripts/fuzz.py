"""Give changed bytes to every reader of foreign bytes, for minutes, and tell what did not end as it should.

Usage: `python scripts/fuzz.py [--minutes 5] [--seed S] [--plain]`

Runs the readers of tests/fuzz/readers.py. With atheris (`pip install atheris`) the changes are guided by which lines
of fedfolder they reach; without it, or with `--plain`, they are made blindly. Prints a line as
`1,234,567 runs of 97 readers in 5 minutes (guided by atheris), 0 findings`, and ends with 1 if there was a finding.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from setup_venv import ROOT

SECONDS = 5.0
"""Of processor time that one reading may take."""
MEMORY = 4 << 30
"""Bytes that this process may have."""
SLOW_SHARE = 0.02
"""Of the runs, when changes are blind: of readers that read a file, or start a process."""
OTHER_READER, OWN_CHANGE = 0.2, 0.5
"""How often an input is given to another reader, and how often libFuzzer makes the change instead of us."""
GUIDED_SHARE = 0.8
"""Of the time, when atheris guides; the rest is for the readers of files, blindly."""


@dataclass
class Tally:
    """What was run, and what was found: each place once, with the bytes that reach it."""

    how: str
    minutes: float
    begun: float = field(default_factory=time.monotonic)
    runs: int = 0
    found: dict[str, bytes] = field(default_factory=dict)

    def over(self, share: float = 1.0) -> bool:
        """Whether a share of the time is over."""
        return time.monotonic() - self.begun > 60 * self.minutes * share

    def run(self, reader: Any, content: bytes) -> None:  # noqa: ANN401 - a Reader of the tests
        """One reading."""
        from tests.fuzz.readers import attempt

        self.runs += 1
        begun = time.process_time()
        try:
            attempt(reader, content)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._note(f"{reader.name}: {type(error).__name__} at {frame.filename}:{frame.lineno}", content)
        if time.process_time() - begun > SECONDS:
            self._note(f"{reader.name}: took longer than {SECONDS:.0f} s", content)

    def _note(self, place: str, content: bytes) -> None:
        if place not in self.found:
            self.found[place] = content
            print(f"{place}\n    {content[:300]!r}", flush=True)

    def end(self, readers: int) -> int:
        """Print the sum; the exit code."""
        said = f"{self.runs:,} runs of {readers} readers in {self.minutes:g} minutes ({self.how})"
        print(f"{said}, {len(self.found)} findings", flush=True)
        return 1 if self.found else 0


def plain(tally: Tally, chance: random.Random, only: list[Any] | None = None) -> int:
    """Blind changes, reader after reader."""
    from tests.fuzz.mutation import mutated
    from tests.fuzz.readers import READERS

    while not tally.over():
        for reader in only or READERS.values():
            if only or not reader.slow or chance.random() < SLOW_SHARE:
                tally.run(reader, mutated(chance, reader.seeds))
    return tally.end(len(READERS))


def guided(atheris: Any, tally: Tally, chance: random.Random) -> int:  # noqa: ANN401 - a module without types
    """Changes that atheris keeps when they reach something new. The first two bytes of an input name the reader."""
    with atheris.instrument_imports(include=["fedfolder"], enable_loader_override=False):
        from tests.fuzz.mutation import mutated
        from tests.fuzz.readers import READERS
    readers = [reader for reader in READERS.values() if not reader.slow]

    def chosen(content: bytes) -> Any:  # noqa: ANN401
        return readers[int.from_bytes(content[:2], "little") % len(readers)]

    def one(content: bytes) -> None:
        tally.run(chosen(content), content[2:])
        if tally.over(GUIDED_SHARE):
            # libFuzzer ends a process in its own way, and would leave out the rest.
            os._exit(plain(tally, chance, [reader for reader in READERS.values() if reader.slow]))

    def change(content: bytes, most: int, seed: int) -> bytes:
        own = random.Random(seed)  # noqa: S311 - no secret
        if own.random() < OTHER_READER:
            return own.randbytes(2) + content[2:most]
        if own.random() < OWN_CHANGE:
            return bytes(content[:2] + atheris.Mutate(content[2:], most - 2))
        return (content[:2] + mutated(own, [content[2:], *chosen(content).seeds]))[:most]

    with tempfile.TemporaryDirectory() as corpus:
        for number, reader in enumerate(readers):
            for k, seed in enumerate(reader.seeds):
                (Path(corpus) / f"{number}-{k}").write_bytes(number.to_bytes(2, "little") + seed)
        options = [
            f"-seed={chance.randrange(1, 2**31)}",
            "-max_len=70000",
            "-verbosity=0",
            "-rss_limit_mb=0",
            "-timeout=600",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], one, custom_mutator=change)
        atheris.Fuzz()
    return tally.end(len(READERS))


def _bound_memory() -> None:
    """A reader that asks for too much gets a MemoryError, which is a finding."""
    if os.name == "nt":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main(arguments: list[str] | None = None) -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    chosen = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT))
    _bound_memory()
    chance = random.Random(chosen.seed)  # noqa: S311 - no secret
    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris is None or chosen.plain:
        return plain(Tally("blind", chosen.minutes), chance)
    return guided(atheris, Tally("guided by atheris", chosen.minutes), chance)


if __name__ == "__main__":
    sys.exit(main())
