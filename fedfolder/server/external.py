"""A fit that another program drives over the nodes of a study: it asks for derivatives at a beta, in its own units."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

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
from fedfolder.plan.proposal import MOST_EVALUATIONS, Proposal, read_command
from fedfolder.plan.units import names, to_user
from fedfolder.questions.within import Within
from fedfolder.server.attempt import Attempt
from fedfolder.server.place import CONTRADICTED, find
from fedfolder.server.progress import Silent
from fedfolder.server.run import reached
from fedfolder.server.study import open_study
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from fedfolder.command import Command
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.evaluation import Evaluation
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Channels, Idle
    from fedfolder.server.progress import Progress

RADIUS = 1.0
"""Standard deviations that a beta may lie beside the path, where nothing else is said."""


class Asker(Protocol):
    """Who puts questions to the nodes: an `Attempt`, or samples in memory."""

    def ask(self, round_: int, question: Question, published: Sums | None) -> tuple[Question, Sums]:
        """The question as it was put, and the sum of the answers."""

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

    Raises
    ------
    FitError
        If the first sums show that there can be no estimate; the fit is closed.
    """

    def __init__(self, proposal: Proposal, asker: Asker) -> None:
        self._asker = asker
        self._program = external(proposal)
        self._published: Sums | None = None
        self._round = 0
        self._closed = False
        self._known: dict[bytes, Derivatives] = {}
        self._next: Within | None = None
        question = next(self._program)
        while not isinstance(question, Within):
            following = self._ask(question)
            if following is None:
                raise FitError(self._end, do="change the command")
            question = following
        self._next = question
        self._to_user = to_user(question.parameters, question.specification.likelihood)
        self._from_user = np.linalg.inv(self._to_user)

    def _ask(self, question: Question) -> Question | None:
        """Put a question; return the next one, None at the end of the plan."""
        self._round += 1
        try:
            asked, self._published = self._asker.ask(self._round, question, self._published)
            return self._program.send((asked, self._published))
        except StopIteration as end:
            self._end = str(end.value.message)
            self.close(end.value.status, self._end)
            return None
        except (UnknownNameError, VariableError, TamperedAnswerError):
            # The journal would say the same again for ever: what is mended is asked anew.
            self._published = None
            self.close(CONTRADICTED)
            raise

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters (p,) as in Stata's e(b). What is collinear, or predicts perfectly, is not among them."""
        question = self._question
        return names(question.parameters, question.specification.likelihood)

    @property
    def _question(self) -> Within:
        if self._next is None:
            raise RefusedError(
                "the evaluations that the proposal allows are used up",
                expected=f"at most {MOST_EVALUATIONS}",
                do="propose the fit again, and let the other program start nearer or take fewer steps",
            )
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
        known = self._known.get(given.tobytes())
        return known if known is not None else self._evaluate(given)

    def _evaluate(self, given: NDArray[np.float64]) -> Derivatives:
        question = self._question
        if given.shape != (question.parameters.count,):
            raise BetaError(
                "the beta has another length than the model",
                found=str(given.shape),
                expected=f"({question.parameters.count},): {', '.join(self.names)}",
            )
        asked = question.at(self._from_user @ given)
        following = self._ask(asked)
        self._next = following if isinstance(following, Within) else None
        found = self._in_user_units(asked)
        self._known[given.tobytes()] = found
        return found

    def _in_user_units(self, asked: Evaluation) -> Derivatives:
        if self._published is None:
            raise TypeError("nothing was asked")
        found, a = asked.derivatives(self._published), self._from_user
        hessian = a.T @ found.hessian @ a
        return Derivatives(
            found.nobs, found.loglike, a.T @ found.score, (hessian + hessian.T) / 2, found.further, found.weight
        )

    def close(self, status: str = "closed", message: str = "") -> None:
        """Tell the nodes that it is over, once."""
        if not self._closed:
            self._closed = True
            self._asker.close(self._published, status, message)


class External(Driven):
    """A fit over the nodes of a study, driven from outside; a context manager that lets go of the study.

    One that was interrupted goes on: a program that asks for the same betas again is answered from the journal.

    Parameters
    ----------
    study : path
        The study's home.
    command : str
        Such as `logit low age i.race smoke`, without options about standard errors.
    radius : float
        The trust radius that is proposed, in standard deviations of the columns.
    again : bool
        Begin anew, whatever the journal holds.
    timeout, progress, idle
        As in `fedfolder.server.run.run`.

    Raises
    ------
    FedfolderError
        As `fedfolder.server.run.run`.
    """

    def __init__(
        self,
        study: Path | str,
        command: str,
        *,
        radius: float = RADIUS,
        again: bool = False,
        timeout: float | None = None,
        progress: Progress | None = None,
        idle: Idle | None = None,
    ) -> None:
        parsed, opened = read_command(command), open_study(Path(study))
        with contextlib.ExitStack() as stack:
            journal, channels = reached(opened, stack, progress or Silent(), timeout=timeout, idle=idle)
            channels.open()
            attempt = _attempt(parsed, radius, journal, channels, progress or Silent(), again=again)
            attempt.settle()
            super().__init__(attempt.proposal, attempt)
            self._stack = stack.pop_all()

    def close(self, status: str = "closed", message: str = "") -> None:
        """Tell the nodes that it is over, and let go of the study."""
        super().close(status, message)
        if hasattr(self, "_stack"):
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _attempt(
    command: Command, radius: float, journal: Journal, channels: Channels, progress: Progress, *, again: bool
) -> Attempt:
    """The attempt to go on with, or a new one: what was closed has no result that could be shown again."""
    roster = tuple((node, (journal.key(node) or b"").hex()) for node in channels.boxes)
    proposal = Proposal(command, roster, driver="external", radius=radius)
    place = find(journal, command, list(channels.boxes), again=again, driver="external")
    if place.status or (place.proposal is not None and place.proposal != proposal):
        place = find(journal, command, list(channels.boxes), again=True, driver="external")
    return Attempt(place, proposal, channels, journal, progress, units_differ=False)
