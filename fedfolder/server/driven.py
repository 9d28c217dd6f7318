"""A fit whose betas come from outside, whoever puts its questions to the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from fedfolder.errors import (
    BetaError,
    FitError,
    RefusedError,
    TamperedAnswerError,
    UnknownNameError,
    VariableError,
)
from fedfolder.plan.external import external
from fedfolder.plan.layout import lay_out
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.units import names, to_user
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import NOBS, WEIGHT, Moments, factors_of, levels_of
from fedfolder.questions.specification import COUNTING, Specification
from fedfolder.questions.within import Within
from fedfolder.server.place import CONTRADICTED
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from fedfolder.plan.layout import Layout
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums


class Asker(Protocol):
    """Who puts questions to the nodes: an `Attempt`, or samples in memory."""

    def ask(self, round_: int, question: Question, published: Sums | None) -> tuple[Question, Sums]:
        """The question as it was put, and the sum of the answers."""

    def was_asked(self, round_: int, question: Question) -> Question | None:
        """The question as it was put before, if it was."""

    def close(self, published: Sums | None, status: str, message: str = "") -> None:
        """Tell the nodes that it is over."""


class Driven:
    """A fit whose betas come from outside.

    Parameters
    ----------
    proposal : Proposal
        With the driver `external`.
    asker : Asker
        Puts its questions.

    Attributes
    ----------
    names : tuple of str
        The parameters (p,) as in Stata's e(b). What is collinear, or predicts perfectly, is not among them.
    columns : tuple of str
        The columns of each equation, without the constant.
    specification : Specification
        With the levels of a categorical outcome.

    Raises
    ------
    FitError
        If the first sums show that there can be no estimate; the fit is closed.
    """

    def __init__(self, proposal: Proposal, asker: Asker) -> None:
        self.proposal = proposal
        self._asker = asker
        self._program = external(proposal)
        self._published: Sums | None = None
        self._rounds = 0
        self._closed = False
        self._known: dict[bytes, Derivatives] = {}
        self._next: Within | None = None
        question: Question | None = next(self._program)
        while not isinstance(question, Within):
            if question is None:
                raise FitError(self._end, do="change the command")
            if isinstance(question, Moments):
                question, self._moments = self._ask(question), self._sums
            else:
                question = self._ask(question)
        self._next = question
        self._first = self._sums
        self.specification, self.columns = question.specification, question.design.columns
        self._to_user = to_user(question.parameters, question.specification.likelihood)
        self._from_user = np.linalg.inv(self._to_user)
        (_, self._begins), _ = question.path
        self.names = names(question.parameters, question.specification)

    @property
    def layout(self) -> Layout:
        """What the moments settled: levels, bases, and all columns of the command."""
        return lay_out(Specification.of(self.specification.command), self._moments)

    @property
    def levels(self) -> dict[str, dict[str, float]]:
        """The levels of each factor and of a categorical outcome, sorted, each with its weighted number of rows."""
        categorical = [self.specification.outcome] if self.specification.likelihood.categorical else []
        factors = [factor.variable for factor in factors_of(self.specification.terms)]
        return levels_of(self._moments, dict.fromkeys([*categorical, *factors]))

    def occurs(self, label: str) -> bool:
        """Whether a column that the terms can have, bases included, is anything but zero."""
        return any(self._moments.rows.get((label,), ()))

    @property
    def observations(self) -> float:
        """What counts as n, without the rows that a perfect predictor takes out."""
        counts = self.specification.weighted in COUNTING
        return self._first.scalars[WEIGHT if counts else NOBS]

    @property
    def start(self) -> NDArray[np.float64]:
        """Where the plan itself begins (p,): slopes of zero, where the likelihood is defined."""
        return self._to_user @ self._begins

    @property
    def rounds(self) -> int:
        """Rounds so far."""
        return self._rounds

    @property
    def is_open(self) -> bool:
        """Whether the nodes have not been told that it is over."""
        return not self._closed

    @property
    def _sums(self) -> Sums:
        """The sums of the round before."""
        if self._published is None:
            raise TypeError("nothing was asked")
        return self._published

    def _ask(self, question: Question) -> Question | None:
        """Put a question; return the next one, None at the end of the plan."""
        try:
            # An interrupted wait is this round's still: whoever asks again waits on.
            asked, self._published = self._asker.ask(self._rounds + 1, question, self._published)
            self._rounds += 1
            return self._program.send((asked, self._published))
        except StopIteration as end:
            self._end = str(end.value.message)
            self.close(end.value.status, self._end)
            return None
        except RefusedError:
            # The asker has told the nodes.
            self._closed = True
            raise
        except (UnknownNameError, VariableError, TamperedAnswerError):
            # The journal would say the same again for ever: what is mended is asked anew.
            self._published = None
            self.close(CONTRADICTED)
            raise

    @property
    def _question(self) -> Within:
        if self._next is None:
            raise RefusedError(
                "the evaluations that the proposal allows are used up",
                expected=f"at most {MOST_EVALUATIONS}",
                do="propose the fit again, and let the other program start nearer or take fewer steps",
            )
        if self._closed:
            raise RefusedError("this fit is over: the nodes were told so", do="open it again: in Stata, fedfolder stub")
        return self._next

    def evaluate(self, beta: ArrayLike) -> Derivatives:
        """The derivatives at `beta` (p,), both in the units of the data: one round, or none at a beta that was asked.

        Raises
        ------
        BetaError
            If it has another length, or lies too far from the path; nothing is asked then.
        RefusedError
            If a node refuses, or no evaluation is left.
        WaitingError, TamperedAnswerError, ExchangeError
        """
        given = np.asarray(beta, dtype=np.float64)
        if given.shape != (len(self.names),):
            raise BetaError(
                "the beta has another length than the model",
                found=str(given.shape),
                expected=f"({len(self.names)},): {', '.join(self.names)}",
            )
        wanted = self._from_user @ given
        while wanted.tobytes() not in self._known:
            # What the journal holds was asked before this program began, or before it was interrupted, and whatever is
            # asked now, the nodes must answer that first.
            self._evaluate(self._asker.was_asked(self._rounds + 1, self._question) or self._question.at(wanted))
        return self._known[wanted.tobytes()]

    def _evaluate(self, question: Question) -> None:
        if not isinstance(question, Evaluation):
            raise TypeError("another kind of question was put than is asked now")
        following = self._ask(question)
        self._next = following if isinstance(following, Within) else None
        self._known[question.beta.tobytes()] = self._in_user_units(question)

    def _in_user_units(self, asked: Evaluation) -> Derivatives:
        found, a = asked.derivatives(self._sums), self._from_user
        hessian = a.T @ found.hessian @ a
        return Derivatives(
            found.nobs, found.loglike, a.T @ found.score, (hessian + hessian.T) / 2, found.further, found.weight
        )

    def close(self, status: str = "closed", message: str = "") -> None:
        """Tell the nodes that it is over, once."""
        if not self._closed:
            self._closed = True
            self._asker.close(self._published, status, message)
