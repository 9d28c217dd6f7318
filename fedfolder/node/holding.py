"""Who holds a node's data and computes with them: a file and this program, or another program that has them open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fedfolder.node.data import read_held, read_variables
from fedfolder.node.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from fedfolder.node.readers import Frame
    from fedfolder.questions.held import Held
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Sums


class Holding(Protocol):
    """What a node needs of whoever holds its data."""

    @property
    def where(self) -> str:
        """The place of the data, for messages."""

    def variables(self, names: Iterable[str]) -> Frame:
        """The named columns, every row, with the study's names and codes; see `fedfolder.node.data.read_variables`."""

    def held(self, names: Iterable[str], released: Collection[str]) -> Held:
        """What there is of the variables of a dictionary; see `fedfolder.node.data.read_held`."""

    def require(self, specification: Specification) -> None:
        """Refuse what cannot be computed here, before anything of the data is looked at.

        Raises
        ------
        RefusedError
        """

    def meant(self, question: Question) -> Question:
        """The question as it is computed here: limits on what leaves are held against this one."""

    def own_likelihood(self, question: Question) -> str:
        """What stands here in the place of the likelihood that a question is about; empty for nothing. It is told."""

    def compute(self, question: Question, sample: Sample) -> Sums:
        """The answer over the rows of `sample`.

        Raises
        ------
        VariableError, RefusedError
            If there is none.
        """


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file, read as node.toml says, and this program, which computes."""

    path: Path
    reading: Reading = field(default_factory=Reading)

    @property
    def where(self) -> str:
        """The file."""
        return str(self.path)

    def variables(self, names: Iterable[str]) -> Frame:
        """As the protocol says."""
        return read_variables(self.path, names, self.reading)

    def held(self, names: Iterable[str], released: Collection[str]) -> Held:
        """As the protocol says."""
        return read_held(self.path, names, self.reading, released=released)

    def require(self, specification: Specification) -> None:
        """All that is installed here can be computed."""

    def meant(self, question: Question) -> Question:
        """Itself."""
        return question

    def own_likelihood(self, question: Question) -> str:  # noqa: ARG002 - that of every question is the model's
        """None."""
        return ""

    def compute(self, question: Question, sample: Any) -> Sums:  # noqa: ANN401 - see `Question.compute`
        """As the question says."""
        return question.compute(sample)
