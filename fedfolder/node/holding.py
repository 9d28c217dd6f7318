"""Who holds a node's data and computes with them: a file and this program, or another program that has them open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fedfolder.node.data import read_held, read_variables
from fedfolder.node.progress import Told
from fedfolder.node.reading import Reading
from fedfolder.node.tables import read_tables
from fedfolder.questions import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from fedfolder.node.kept_columns import KeptColumns
    from fedfolder.node.readers import Frame
    from fedfolder.node.tables import TableFile
    from fedfolder.questions.held import Held
    from fedfolder.questions.lookup import Table
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

    def tables(self, wanted: Mapping[str, tuple[str, ...]]) -> Mapping[str, Table]:
        """Tables of the site, with the variables that are wanted of each; see `fedfolder.node.tables`."""

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
    """A data file, read as node.toml says, and this program, which computes with so many workers.

    `say` shows a line to whoever waits while the file is read. `kept` has columns that were read before, where
    node.toml says so. `beside` are the site's tables.
    """

    path: Path
    reading: Reading = field(default_factory=Reading)
    workers: int = 1
    say: Callable[[str], None] = lambda _line: None
    kept: KeptColumns | None = None
    beside: Mapping[str, TableFile] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The file."""
        return str(self.path)

    def variables(self, names: Iterable[str]) -> Frame:
        """As the protocol says."""
        wanted = list(dict.fromkeys(names))
        return self._read(wanted) if self.kept is None else self.kept.frame(self.path, self.reading, wanted, self._read)

    def _read(self, names: Sequence[str]) -> Frame:
        return read_variables(self.path, names, self.reading, watch=Told(self.path.name, self.say))

    def held(self, names: Iterable[str], released: Collection[str]) -> Held:
        """As the protocol says."""
        watch = Told(self.path.name, self.say)
        return read_held(self.path, names, self.reading, released=released, watch=watch)

    def tables(self, wanted: Mapping[str, tuple[str, ...]]) -> Mapping[str, Table]:
        """As the protocol says."""
        return read_tables(self.beside, wanted)

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
        with workers.using(self.workers):
            return question.compute(sample)
