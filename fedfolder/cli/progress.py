"""What a run tells of itself, on a terminal or in a log."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fedfolder.node.progress import Watch
    from fedfolder.questions.question import Question
    from fedfolder.solve.newton import Iteration

REMINDERS = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""Seconds of waiting after which a plain log names again who is waited for; then once an hour."""

_WHAT = {
    "moments": ("question on levels and moments", "moments"),
    "event times": ("question on event times", "counts of events"),
    "standardised survival": ("question on average survival", "average survival and its gradient"),
    "together": ("several questions", "the answers to all of them"),
    "derivatives": ("beta matrix", "log likelihood, gradient and Hessian"),
    "differences": ("question on the dictionary", "what differs"),
    "refusals": ("question on the policies", "what would be refused"),
}
_ENDS = {"question on the dictionary": "the end of the check", "question on the policies": "the end of the preflight"}


class Plain:
    """A line for each thing that happens, in the words of the Stata demo.

    Attributes
    ----------
    returns_to : str
        What asks for the sums.
    """

    def __init__(self, *, iterations_only: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.returns_to = "Newton's method"
        self._iterations_only = iterations_only
        self._clock = clock
        self._sent, self._answer = "", ""
        self._greeted: set[str] = set()
        self._since = 0.0
        self._reminders = 0
        self._waiting = False

    def _say(self, line: str) -> None:
        if not self._iterations_only:
            click.echo(line)

    def note(self, text: str) -> None:
        """A note, always."""
        click.echo(f"note: {text}")

    def greeting(self, nodes: Sequence[str]) -> None:
        """Nodes that are not known yet."""
        self._greeted.update(nodes)
        self._say(f"Waiting for {', '.join(nodes)} to introduce {'itself' if len(nodes) == 1 else 'themselves'}.")

    def asking(self, round_: int, question: Question) -> None:
        """A heading for the round."""
        self._sent, self._answer = _WHAT.get(question.kind, (question.kind, "answer"))
        self._waiting, self._reminders = False, 0
        self._say(f"\nMain server, round {round_}:")
        self._say(f"-- Copying {self._sent} and instruction to each node.")

    def copied(self, node: str, names: Sequence[str]) -> None:
        """A node's files were written."""
        self._say(f"-- {node}: copied {', '.join(names)}")

    def waiting(self, nodes: Mapping[str, str]) -> None:
        """Once a round, and again when it takes long."""
        now = self._clock()
        if not self._waiting:
            self._waiting, self._since = True, now
            self._say(f"-- Waiting for {self._answer or 'an answer'}.")
            return
        last = len(REMINDERS) - 1
        due = REMINDERS[min(self._reminders, last)] + max(0, self._reminders - last) * REMINDERS[last]
        if now - self._since >= due:
            self._reminders += 1
            self._say(f"-- Still waiting, for {_owing(nodes)}.")

    def reading(self, node: str) -> None:
        """A node's answer."""
        due = "its key" if node in self._greeted else "what was due of an earlier fit"
        self._greeted.discard(node)
        self._say(f"-- {node}: reading in {self._answer or due}.")

    def summing(self, nodes: int) -> None:
        """All answers."""
        self._say(f"-- Summing contributions over {nodes} nodes.")
        if self._sent == "beta matrix":
            self._say(f"-- Returning {self._answer} to {self.returns_to}.")

    def iteration(self, iteration: Iteration) -> None:
        """A line of the iteration log, always."""
        from fedfolder.estimates import iteration_line

        click.echo(iteration_line(iteration.number, iteration.loglike))

    def closing(self) -> None:
        """A heading for the end."""
        last = _ENDS.get(self._sent, "the last sums")
        self._sent, self._answer = "the end of the fit", "receipt"
        self._waiting, self._reminders = False, 0
        self._say("\nMain server, closing:")
        self._say(f"-- Copying {last} to each node.")


class Live(Plain):
    """As `Plain`, with a line at the bottom that moves while nodes are waited for."""

    def __init__(self, status: Any) -> None:  # noqa: ANN401 - rich's Status
        super().__init__()
        self._status = status
        self._began: float | None = None

    def waiting(self, nodes: Mapping[str, str]) -> None:
        """Show who is waited for, and for how long."""
        super().waiting(nodes)
        if self._began is None:
            self._began = self._clock()
            self._status.start()
        self._status.update(f"waiting {self._clock() - self._began:.0f} s for {_owing(nodes)}")

    def asking(self, round_: int, question: Question) -> None:
        """A new round: a new wait."""
        self._rest()
        super().asking(round_, question)

    def summing(self, nodes: int) -> None:
        """Nothing is waited for any more."""
        self._rest()
        super().summing(nodes)

    def closing(self) -> None:
        """The last wait."""
        self._rest()
        super().closing()

    def _rest(self) -> None:
        self._began = None
        self._status.stop()


def aside(line: str) -> None:
    """A line for whoever waits, beside what is printed for programs."""
    click.echo(line, err=True)


def told(path: Path) -> Watch:
    """Says how far a data file is read, once that takes long."""
    from fedfolder.node.progress import Told

    return Told(path.name, aside)


def _owing(nodes: Mapping[str, str]) -> str:
    return "; ".join(f"{node} ({problem})" if problem else node for node, problem in nodes.items())


@contextlib.contextmanager
def for_terminal() -> Iterator[Plain]:
    """Live progress on a terminal, plain lines elsewhere."""
    if not sys.stdout.isatty():
        yield Plain()
        return
    from rich.console import Console

    # The spinner that every console can draw, whatever its code page.
    status = Console(highlight=False, markup=False).status("", spinner="line")
    try:
        yield Live(status)
    finally:
        status.stop()
