"""Ledgers in a test: files of a few rows, fits of them, and questions that cost so much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.custody.ledger import Ledger
from fedfolder.exchange.journal import Journal
from fedfolder.node.readers import Frame
from fedfolder.node.sampling import make_sample
from fedfolder.plan.proposal import read_command
from fedfolder.questions.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedfolder.custody.answered import Attempt
    from fedfolder.custody.finding import Finding
    from fedfolder.custody.seen import Seen
    from fedfolder.node.readers import RawColumn
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Sums


@dataclass(frozen=True)
class Bounds:
    """The limits that a ledger reads."""

    evaluations: float = 20
    fits: float = 50
    refusals: float = 3
    differing_rows: float = 5


OFF = Bounds(0, 0, 0, 0)


class Asked(Question):
    """A question about `betas` betas, which are `which`."""

    def __init__(self, betas: int = 1, which: object = 0) -> None:
        self._betas = betas
        self.which = which

    @property
    def betas(self) -> int:
        return self._betas

    def declaration(self) -> dict[str, Any]:
        return {"which": str(self.which), "candidates": self.betas}

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        raise AssertionError(f"a ledger asks nothing: {declaration}, {payloads}")

    def compute(self, sample: Any) -> Sums:
        raise AssertionError(f"a ledger computes nothing: {sample}")

    def check(self, answer: Sums, *, where: str) -> None:
        raise AssertionError(f"a ledger checks nothing: {answer}, {where}")


def clock() -> str:
    return "2024-01-01T00:00:00+00:00"


def opened(path: Path, limits: Bounds = Bounds()) -> Ledger:
    """The ledger of a home, as a new process finds it."""
    return Ledger(Journal(path, clock=clock), limits)


def read(columns: Mapping[str, RawColumn], text: str) -> Sample:
    """The rows of a file that enter."""
    command = read_command(text)
    nrows = max(len(c) if isinstance(c, np.ndarray) else len(c.codes) for c in columns.values())
    return make_sample(Frame("a file", nrows, columns), command, node="here")


def look(ledger: Ledger, columns: Mapping[str, RawColumn], text: str, person: str | None = None) -> Seen:
    """What a node shows its ledger before a fit: the columns of the command alone are read."""
    command = read_command(text)
    named = {name: columns[name] for name in [*command.sources, *([person] if person else [])]}
    return ledger.seen(named, command, read(columns, text), person)


def attempt(fit: int, number: int = 1, proposal: str | None = None) -> Attempt:
    return (fit, number, proposal or f"proposal of {fit}")


def put(
    ledger: Ledger,
    fit: int,
    columns: Mapping[str, RawColumn],
    text: str,
    person: str | None = None,
    *,
    anyway: bool = False,
) -> list[Finding]:
    """Ask for a fit: what a person must look at, and the fit is admitted if that is nothing, or `anyway`."""
    seen = look(ledger, columns, text, person)
    found = ledger.concerns(attempt(fit), seen)
    if anyway or not found:
        ledger.admit(attempt(fit), seen)
    return found


def rules(found: list[Finding]) -> list[str]:
    return [finding.rule for finding in found]
