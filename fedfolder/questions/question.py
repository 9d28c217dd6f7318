"""What every kind of question can do. Server, node, journal and simulation handle questions through this alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from fedfolder.errors import TamperedAnswerError
from fedfolder.questions.sums import from_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.questions.sums import Sums


class Question(ABC):
    """Something that is asked of every node, and whose answers add.

    Attributes
    ----------
    kind : str
        The word for it in messages.
    asks : str
        What leaves the node, in words for a custodian.
    answer_name : str
        The label of the answer's table, as in `derivatives.csv`.
    answer_keys : tuple of str
        The heading of its labels.
    """

    kind: ClassVar[str]
    asks: ClassVar[str]
    answer_name: ClassVar[str]
    answer_keys: ClassVar[tuple[str, ...]]

    @property
    def betas(self) -> int:
        """At how many betas it asks for derivatives."""
        return 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values, of kinds that can travel with others."""
        return ()

    @abstractmethod
    def declaration(self) -> dict[str, Any]:
        """What is asked, as plain JSON (text, whole numbers, lists): a person can read it, a node compares it."""

    def payloads(self) -> dict[str, bytes]:
        """Files that go with the declaration, by label."""
        return {}

    def units(self) -> dict[str, Any] | None:
        """The protocol constants that the answer depends on, as plain JSON; None if it depends on none."""
        return None

    @abstractmethod
    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """The question as the server asked it, when this is the question that the plan expects.

        Raises
        ------
        RefusedError
            If something else was asked than the plan says.
        BetaError
            If the beta is not one that the plan leads to.
        """

    @abstractmethod
    def compute(self, sample: Any) -> Sums:  # noqa: ANN401 - a Sample in a fit, what is Held in a check
        """The answer of one node, from what a proposal of its kind is computed from."""

    @abstractmethod
    def check(self, answer: Sums, *, where: str) -> None:
        """Hold an answer against what was asked.

        Raises
        ------
        TamperedAnswerError
            If it cannot be an answer to this question.
        """

    def read_answer(self, scalars: Mapping[str, Any], table: bytes, *, where: str) -> Sums:
        """Read and check an answer.

        Raises
        ------
        TamperedAnswerError
            If it cannot be an answer to this question.
        """
        answer = from_parts(scalars, table, self.answer_keys, where=where).require_finite(where=where)
        self.check(answer, where=where)
        return answer


LARGEST_COUNT = 2.0**53
"""Up to here every whole number is a float64 of its own."""


def whole(value: float, name: str, *, where: str) -> int:
    """A count.

    Raises
    ------
    TamperedAnswerError
        If `value` is no count.
    """
    if not 0 <= value < LARGEST_COUNT or not float(value).is_integer():
        raise TamperedAnswerError("a count in this answer is none", where=f"{where}: {name}", found=repr(value))
    return int(value)
