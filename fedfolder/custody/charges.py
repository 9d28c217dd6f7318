"""What a node has given out and refused, in its journal: betas, fits, refusals; and what of it is too much."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.exchange import strict_json
from fedfolder.latest import Latest

if TYPE_CHECKING:
    from fedfolder.custody.answered import Attempt
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.question import Question

ANSWER, REFUSAL, LOOKED = "answer", "refusal", "looked"
_UNSEEN = "what = ? AND number > (SELECT coalesce(max(number), 0) FROM charges WHERE what = ?)"


def limited(limit: float) -> bool:
    """Whether a limit is one; 0 and infinity are none."""
    return 0 < limit < math.inf


@dataclass(frozen=True, slots=True)
class Spent:
    """What one attempt has used, for people.

    Parameters
    ----------
    version : int
        Of the data, counted from 1; 0 if it was never admitted, and then its command is not known here.
    answers, evaluations, refusals : int
        Rounds answered, betas asked about, and rounds refused.
    """

    fit: int
    attempt: int
    proposal: str
    command: str
    version: int
    answers: int
    evaluations: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: of which round, by which rule, and when."""

    fit: int
    attempt: int
    round: int
    rule: str
    at: str


class Charges:
    """The charges in `journal`, in the order in which they were made."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def answer(self, attempt: Attempt, round_: int, question: Question) -> None:
        """Charge an answer with the betas that it is about."""
        self._add(attempt, round_, ANSWER, question.betas, _asked(question))

    def refusal(self, attempt: Attempt, round_: int, rule: str) -> None:
        """Charge a refusal."""
        self._add(attempt, round_, REFUSAL, 1, rule)

    def looked(self, who: str) -> None:
        """Note that a person has looked at the refusals."""
        self._add((0, 0, ""), 0, LOOKED, 0, who)

    def _add(self, attempt: Attempt, round_: int, what: str, amount: int, detail: str) -> None:
        self.journal.write(
            "INSERT INTO charges (fit, attempt, proposal, round, what, amount, detail, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*attempt, round_, what, amount, detail, self.journal.now()),
        )

    def evaluations_with(self, attempt: Attempt, question: Question, version: int) -> int:
        """Betas that were asked about, this question's included: in this fit, or in fits of this proposal if more.

        Among fits of the proposal on one version of the data, a question that is asked again at the same betas has
        the same answer, and counts once.
        """
        sql = "SELECT coalesce(sum(amount), 0) FROM charges WHERE what = ? AND fit = ?"
        in_fit = int(self.journal.row(sql, ANSWER, attempt[0])[0]) + question.betas
        sql = (
            "SELECT DISTINCT detail, amount FROM charges JOIN admitted USING (fit, attempt, proposal) "
            "WHERE what = ? AND proposal = ? AND version = ?"
        )
        of_proposal: dict[str, int] = dict(self.journal.rows(sql, ANSWER, attempt[2], version))
        of_proposal[_asked(question)] = question.betas
        return max(in_fit, sum(of_proposal.values()))

    def unseen(self) -> list[Refused]:
        """What was refused since a person last looked."""
        sql = f"SELECT fit, attempt, round, detail, at FROM charges WHERE {_UNSEEN} ORDER BY number"  # noqa: S608 - a constant of this module
        return [Refused(*row) for row in self.journal.rows(sql, REFUSAL, LOOKED)]

    def spent(self) -> tuple[Spent, ...]:
        """What each attempt has used."""
        rows = self.journal.rows(
            "SELECT fit, attempt, proposal, coalesce(max(command), ''), coalesce(max(version), 0), "
            "sum(what = 'answer'), sum(CASE WHEN what = 'answer' THEN amount ELSE 0 END), sum(what = 'refusal') "
            "FROM charges LEFT JOIN admitted USING (fit, attempt, proposal) WHERE what <> 'looked' "
            "GROUP BY fit, attempt, proposal ORDER BY fit, attempt, proposal"
        )
        return tuple(Spent(*row) for row in rows)


def _digest_of(question: Question) -> str:
    """A digest of a question as it was asked, betas included."""
    payloads = {name: hashlib.sha256(content).hexdigest() for name, content in question.payloads().items()}
    return strict_json.digest([question.declaration(), payloads, question.units()])


_asked = Latest(_digest_of, most=2)
"""The same, made once for a question that is weighed, and charged right after when its answer leaves."""
