"""The check of a study's dictionary: a proposal of its own kind, with a program of one question.

A custodian reads in it what every variable should be, and what is said of those that are not so. What a node answers
goes to the server's side alone; it is not published to the other nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from fedfolder.dictionary.entry import from_plain
from fedfolder.errors import FedfolderError, RefusedError
from fedfolder.plan.external import external
from fedfolder.plan.fit import fit
from fedfolder.plan.preflight import PREFLIGHT, Preflight
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.differences import Differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedfolder.dictionary import Dictionary
    from fedfolder.plan.fit import AnyProgram
    from fedfolder.questions.question import Question
    from fedfolder.solve.newton import Iteration

CHECK, DICTIONARY = "check", "dictionary"
TITLE = "what differs from the study's dictionary"
ROWS = "all rows of the data file"
PUBLISHED = "nothing: each site's answer goes to the server's side alone"


@dataclass(frozen=True, slots=True)
class Check:
    """A check that is proposed to the nodes.

    Parameters
    ----------
    dictionary : Dictionary
        What every site should have.
    roster : tuple of (str, str)
        As in `Proposal`.
    """

    dictionary: Dictionary
    roster: tuple[tuple[str, str], ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of those who take part."""
        return tuple(name for name, _ in self.roster)

    @property
    def question(self) -> Differences:
        """The only one."""
        return Differences(self.dictionary)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON; what is signed and approved."""
        return {
            CHECK: TITLE,
            DICTIONARY: self.dictionary.to_plain(),
            "sample": ROWS,
            "asked": [{"kind": Differences.kind, "times at most": 1, "leaves": Differences.asks}],
            "published": PUBLISHED,
            "roster": [{"node": name, "key": key} for name, key in self.roster],
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Check:
        """Read a proposal.

        Raises
        ------
        RefusedError
            If it is not what such a proposal says here.
        """
        roster = found.get("roster")
        # What is malformed comes out otherwise than it went in, which the comparison finds.
        entries = [entry for entry in roster if isinstance(entry, dict)] if isinstance(roster, list) else []
        try:
            dictionary = from_plain(found.get(DICTIONARY))
        except FedfolderError as error:
            raise RefusedError("the dictionary of this check cannot be read here", found=error.what) from None
        check = cls(dictionary, tuple((str(e.get("node")), str(e.get("key"))) for e in entries))
        if check.to_dict() != dict(found):
            raise RefusedError(
                "this check says something else than a check means here",
                expected="a server of the same version of fedfolder",
                do="compare `fedfolder --version` at both ends",
            )
        return check


AnyProposal: TypeAlias = Proposal | Check | Preflight


def read_proposal(found: Mapping[str, Any]) -> AnyProposal:
    """Read a proposal of any kind.

    Raises
    ------
    RefusedError
        If it is not what it should be here.
    """
    if CHECK in found:
        return Check.from_dict(found)
    return Preflight.from_dict(found) if PREFLIGHT in found else Proposal.from_dict(found)


def subject(found: Mapping[str, Any]) -> str:
    """What a proposal in plain JSON is about, for people: the command of a fit, or that it is something else."""
    if PREFLIGHT in found:
        return f"preflight: {found[PREFLIGHT]}"
    return str(found.get("command") or f"check: {found.get(CHECK, '?')}")


def only(question: Question) -> AnyProgram:
    """The program of one question, which comes to no result."""
    yield question
    return None


def program_of(proposal: AnyProposal, report: Callable[[Iteration], None] | None = None) -> AnyProgram:
    """The program of a proposal of any kind, whoever drives it; see `fedfolder.plan.fit.fit`."""
    if not isinstance(proposal, Proposal):
        return only(proposal.question)
    return external(proposal) if proposal.driver == "external" else fit(proposal, report)
