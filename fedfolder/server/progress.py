"""What a run tells of itself while it goes. The run never prints; whoever watches does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedfolder.questions.question import Question
    from fedfolder.solve.newton import Iteration


class Progress(Protocol):
    """Told what happens, in order."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def greeting(self, nodes: Sequence[str]) -> None:
        """These nodes have not introduced themselves yet."""

    def asking(self, round_: int, question: Question) -> None:
        """A round begins."""

    def copied(self, node: str, names: Sequence[str]) -> None:
        """Files were written to a node's folder."""

    def waiting(self, nodes: Mapping[str, str]) -> None:
        """These nodes owe an answer; with what stands in the way, if anything is known."""

    def reading(self, node: str) -> None:
        """A node's answer was accepted."""

    def summing(self, nodes: int) -> None:
        """All answers are there and are added."""

    def iteration(self, iteration: Iteration) -> None:
        """The solver accepted a beta."""

    def closing(self) -> None:
        """The fit has ended; the nodes are told."""


class Silent:
    """Tells nobody."""

    def note(self, text: str) -> None:
        """Nothing."""

    def greeting(self, nodes: Sequence[str]) -> None:
        """Nothing."""

    def asking(self, round_: int, question: Question) -> None:
        """Nothing."""

    def copied(self, node: str, names: Sequence[str]) -> None:
        """Nothing."""

    def waiting(self, nodes: Mapping[str, str]) -> None:
        """Nothing."""

    def reading(self, node: str) -> None:
        """Nothing."""

    def summing(self, nodes: int) -> None:
        """Nothing."""

    def iteration(self, iteration: Iteration) -> None:
        """Nothing."""

    def closing(self) -> None:
        """Nothing."""
