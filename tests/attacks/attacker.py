"""A malicious server: it writes properly signed messages, has two nodes of its own, and lies about the sums.

The victim is a real node over real folders. The attacker's own nodes have a row each and no policy; they answer what
they are told to, so that everything that the victim sees is signed by those whom the roster names.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder import clock
from fedfolder.custody import gate
from fedfolder.custody.approval import Attempt
from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.errors import WaitingError
from fedfolder.exchange.journal import IN
from fedfolder.node.loop import Node
from fedfolder.node.step import Answered, Answerer
from fedfolder.plan import messages
from fedfolder.plan.fit import fit
from fedfolder.plan.preflight import Preflight
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.at_beta import AtBeta, read_beta
from fedfolder.questions.evaluation import LOGLIKE, Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.refusals import Refusals
from fedfolder.questions.sums import add
from fedfolder.server.attempt import Attempt as Put
from fedfolder.server.each import Each
from fedfolder.server.place import Place
from fedfolder.server.progress import Silent
from fedfolder.server.run import reached
from fedfolder.simulation import lay_out
from tests.node.places import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from fedfolder.custody.desk import Held
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Channels

VICTIM = "north"
OPEN = Policy((), profile="open", limits=PROFILES["open"])
REGISTRY = Policy((), profile="registry", limits=PROFILES["registry"])
LIMITS = PROFILES["registry"]
PATIENCE = 0.7
"""Seconds that the server waits for a node, by a clock that stands still while any node is at work."""
WAITED = 60.0
"""Seconds that pass when no node has anything to do: longer than the server waits for anything."""


def without(*guards: str) -> Policy:
    """The profile `registry` but for these limits."""
    return dataclasses.replace(
        REGISTRY, limits=dataclasses.replace(LIMITS, **{name: getattr(OPEN.limits, name) for name in guards})
    )


def alone(guard: str) -> Policy:
    """The profile `open` with this limit of `registry`."""
    return dataclasses.replace(OPEN, limits=dataclasses.replace(OPEN.limits, **{guard: getattr(LIMITS, guard)}))


def world(folder: Path, frame: pd.DataFrame, policy: Policy, other: pd.DataFrame | None = None) -> Bench:
    """The victim with `frame` and a policy, and the attacker's nodes with `other`, by default the victim's first row.

    They are as many as the policy asks for. A policy without variables releases all.
    """
    (folder / "data").mkdir(parents=True)
    files = {
        name: folder / "data" / f"{name}.csv" for name in (VICTIM, "mine1", "mine2")[: max(2, policy.limits.roster)]
    }
    for name, path in files.items():
        rows = frame if name == VICTIM else frame.iloc[:1] if other is None else other
        rows.to_csv(path, index=False, lineterminator="\n")
    bench = Bench(folder / "study")
    lay_out(bench.folder, "lbw", files)
    for name in files:
        home = bench.home(name)
        if name == VICTIM:
            variables = policy.variables or home.policy.variables
            home = dataclasses.replace(home, policy=dataclasses.replace(policy, variables=variables, study="lbw"))
        bench.nodes[name] = Node(home)
        if name != VICTIM:
            clerk = bench.nodes[name].clerk
            clerk._answerer = _Accomplice(home.me, clerk._desk, home.holding(), clerk._journal)  # noqa: SLF001
    return bench


class _Accomplice(Answerer):
    """Answers what the server has told it to, and does not look whether the plan leads there."""

    told: Question | None = None

    def answer(self, requests: Sequence[Message]) -> Answered | Held:
        if self.told is None:
            return Answerer.answer(self, requests)
        read = self.read(Attempt.of(requests[-1].header), gate.proposal_of(requests).command)  # type: ignore[union-attr]
        return Answered(messages.reply(self.told, self.told.compute(read.sample)), self.told)


@dataclass(frozen=True)
class Leak:
    """What the victim answered to one question."""

    question: AtBeta
    sums: Sums


class _Put(Put):
    accomplices: Sequence[_Accomplice] = ()

    def put(self, round_: int, question: Question, published: Sums | None) -> dict[str, Sums] | None:
        """The nodes' sums, None if the victim refuses or waits for a person."""
        self._channels._deadline = self._channels._clock() + PATIENCE  # noqa: SLF001 - each wait has its own time
        for accomplice in self.accomplices:
            accomplice.told = question
        try:
            asked, replies, _ = self._put(round_, question, published, until_refused=True)
        except WaitingError:
            return None
        if any(reply.header.kind != "sums" for reply in replies.values()):
            self.close(None, "refused")
            return None
        return {
            node: messages.read_reply(asked, messages.content(reply), where=node) for node, reply in replies.items()
        }


class Attacker:
    """The server of `bench`."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.refused = 0
        self._now = 0.0

    def _idle(self, _seconds: float) -> None:
        """Let the nodes work. Where none has anything to do, none will have until a person comes: the wait is over."""
        if not self.bench.has_worked():
            self._now += WAITED

    def _journal_ends(self) -> int:
        journal = self.bench.study.journal(clock.now)
        with contextlib.closing(journal):
            return max((header.fit for header in journal.first_rounds()), default=0)

    def fit(
        self,
        command: str,
        choose: Callable[[AtBeta], np.ndarray | None] | None = None,
        *,
        steer: bool = False,
        most: int | None = None,
    ) -> list[Leak]:
        """One fit, up to a refusal: what the victim answered.

        Parameters
        ----------
        choose : callable, optional
            The next beta in the units of a question's design, None to stop; without it the fit is an honest one.
        steer : bool
            Whether to come to that beta by lies about the sums, or to ask about it straight away.
        most : int, optional
            How many answers are enough.
        """
        with contextlib.ExitStack() as stack:
            place, journal, channels, proposal = self._begin(command, stack)
            attempt = _Put(place, proposal, channels, journal, Silent(), units_differ=True)
            attempt.accomplices = self._accomplices()
            try:
                attempt.settle()
            except WaitingError:
                return []  # the victim waits for a person, and answers nothing more
            leaks = list(self._rounds(attempt, choose, steer=steer, most=most))
            assert journal.of_round(place.fit, 1, 1, IN) or not leaks
            return leaks

    def preflight(self, command: str) -> bool | None:
        """Whether the victim says to a preflight that it would refuse; None if it says nothing."""
        for accomplice in self._accomplices():
            accomplice.told = None
        with contextlib.ExitStack() as stack:
            place, journal, channels, proposal = self._begin(command, stack)
            meant = Preflight(proposal)
            answer = Each(place, meant, channels, journal, Silent()).answers(meant)[VICTIM]
            if isinstance(answer, str):
                return None
            return not all(refusal.by_person for refusal in Refusals.said(answer))

    def _begin(self, command: str, stack: contextlib.ExitStack) -> tuple[Place, Journal, Channels, Proposal]:
        number = self._journal_ends() + 1
        journal, channels = reached(self.bench.study, stack, Silent(), timeout=PATIENCE, idle=self._idle)
        channels._clock = lambda: self._now  # noqa: SLF001
        channels._deadline = self._now + PATIENCE  # noqa: SLF001
        channels.open()
        roster = tuple((node, (journal.key(node) or b"").hex()) for node in channels.boxes)
        return Place(number, 1), journal, channels, Proposal(read_command(command), roster)

    def _accomplices(self) -> list[_Accomplice]:
        clerks = [node.clerk for name, node in self.bench.nodes.items() if name != VICTIM]
        return [clerk._answerer for clerk in clerks]  # type: ignore[misc]  # noqa: SLF001

    def _rounds(
        self, attempt: _Put, choose: Callable[[AtBeta], np.ndarray | None] | None, *, steer: bool, most: int | None
    ) -> Iterator[Leak]:
        program, published, round_ = fit(attempt.proposal), None, 0
        question, evaluations = next(program), 0
        while True:
            round_ += 1
            target = None
            if isinstance(question, Evaluation) and choose is not None and evaluations >= 2 and not steer:
                target = choose(question)
                if target is None:
                    break
                question = dataclasses.replace(question, beta=target)
            answers = attempt.put(round_, question, published)
            if answers is None:
                self.refused += 1
                return
            yield Leak(question, answers[VICTIM])  # type: ignore[arg-type]
            if round_ == most:
                break
            published = add(answers.values())
            if isinstance(question, Evaluation):
                evaluations += 1
                if choose is not None:
                    published = lie(question, published, evaluations, choose if steer and evaluations > 1 else None)
                    if published is None:
                        break
            try:
                question = program.send((question, published))
            except StopIteration:
                break
        attempt.close(None, "set aside")


def lie(
    question: Evaluation, true: Sums, number: int, choose: Callable[[AtBeta], np.ndarray | None] | None
) -> Sums | None:
    """Sums from which Newton's step leads where `choose` wants: a score of choice, and a log-likelihood that rises.

    They differ from the true ones by what other nodes could have answered, as far as the victim can know.
    """
    loglike = -1e6 + 1e3 * number + (true.scalars[LOGLIKE] - 1e3)
    scalars = {**true.scalars, LOGLIKE: min(loglike, true.scalars[LOGLIKE])}
    if choose is None:
        return dataclasses.replace(true, scalars=scalars)
    target, found = choose(question), question.derivatives(true)
    if target is None:
        return None
    score = -found.hessian @ (target - question.beta)
    rows = {label: (float(s), *row[1:]) for (label, row), s in zip(true.rows.items(), score, strict=True)}
    return dataclasses.replace(true, scalars=scalars, rows=rows)


def believe_any_beta(monkeypatch: object) -> None:
    """A node without the gate on beta: whatever is asked is taken for what the plan leads to."""

    def as_asked(self: AtBeta, declaration: object, payloads: dict[str, bytes]) -> AtBeta:  # noqa: ARG001
        return dataclasses.replace(self, beta=read_beta(payloads["beta.csv"], self.parameters.labels))

    monkeypatch.setattr(AtBeta, "as_asked", as_asked)  # type: ignore[attr-defined]


# -- what is read off the answers -----------------------------------------------------------------------------------


def single_rows(leaks: list[Leak]) -> list[np.ndarray]:
    """Rows (p,) in the units of the data: where a Hessian is of rank one, it is one row's z z'."""
    found = []
    for leak in leaks:
        if not isinstance(leak.question, Evaluation) or not leak.question.design.constant:
            continue
        information = -leak.question.derivatives(leak.sums).hessian
        values, vectors = np.linalg.eigh(information)
        if values[-1] > 0 and values[-2] < 1e-8 * values[-1]:
            z = vectors[:, -1] / vectors[-1, -1]
            found.append(in_user_units(leak.question, z))
    return found


def in_user_units(question: AtBeta, z: np.ndarray) -> np.ndarray:
    """The columns of a row, from those of the design: z = B' x, with the constant last."""
    return np.linalg.solve(question.design.to_user().T, z)[:-1]


def recovered(rows: list[np.ndarray], frame: pd.DataFrame, columns: list[str]) -> int:
    """How many rows of the victim are among those that were read off, to six digits."""
    truth = frame[columns].to_numpy(float)
    scale = np.maximum(np.abs(truth).max(axis=0), 1.0)
    hit = {i for row in rows for i in np.flatnonzero((np.abs(truth - row) < 1e-6 * scale).all(axis=1)).tolist()}
    return len(hit)


def crossed(leaks: list[Leak]) -> list[np.ndarray]:
    """Rows between two thresholds: far out, a score is a sum over one side, and two differ by what lies between."""
    found, far = [], [leak for leak in leaks if isinstance(leak.question, Evaluation)]
    for before, after in itertools.pairwise(far):
        if len(before.question.beta) != len(after.question.beta):
            continue
        score = [leak.question.derivatives(leak.sums).score for leak in (before, after)]  # type: ignore[attr-defined]
        difference = score[1] - score[0]
        if abs(abs(difference[-1]) - 1) < 1e-9:
            found.append(in_user_units(after.question, difference / difference[-1]))
    return found


def means_of_cells(leaks: list[Leak]) -> list[np.ndarray]:
    """The means of all columns where one column is 1: of few rows, or many of one person, these are a person's.

    At the start of a logit all rows weigh alike, so that the information is a multiple of X'X.
    """
    for leak in leaks:
        if isinstance(leak.question, Evaluation):
            back = np.linalg.inv(leak.question.design.to_user())
            crossproducts = back.T @ -leak.question.derivatives(leak.sums).hessian @ back
            return [row / row[-1] for row in crossproducts[:-1] if row[-1] > 0]
    return []


def the_one_event(leaks: list[Leak]) -> list[np.ndarray]:
    """The row of the only event: at the start of a logit all have one probability, and a score is its row less that."""
    for leak in leaks:
        if isinstance(leak.question, Evaluation):
            found = leak.question.derivatives(leak.sums)
            p = 1 / (1 + np.exp(-leak.question.beta[-1]))
            events = found.score - found.hessian[:, -1] / (1 - p)
            return [in_user_units(leak.question, events / events[-1])] if abs(events[-1] - 1) < 1e-6 else []
    return []


def difference_of_sums(before: list[Leak], after: list[Leak]) -> dict[str, float]:
    """What one more row adds to every column, from two fits' moments; nothing if more than one row differs."""
    first, second = (
        next((leak.sums for leak in leaks if isinstance(leak.question, Moments)), None) for leaks in (before, after)
    )
    if first is None or second is None or abs(first.scalars["nobs"] - second.scalars["nobs"]) != 1:
        return {}
    sign = first.scalars["nobs"] - second.scalars["nobs"]
    return {label: sign * (row[0] - second.rows[(label,)][0]) for (label,), row in first.rows.items()}


def solved_for(leaks: list[Leak], cells: np.ndarray) -> np.ndarray:
    """How many rows each of the possible rows `cells` (C, 1 + p) occurs in, from a logit's sums; NaN where unclear.

    Each evaluation is linear in these counts, which are whole and not negative: 1 + P + P (P + 1) / 2 equations to
    sixteen digits. The first of a cell is its outcome.
    """
    from scipy.optimize import nnls

    equations, values = [], []
    for leak in leaks:
        question = leak.question
        if not isinstance(question, Evaluation):
            continue
        z = np.column_stack([cells[:, 1:], np.ones(len(cells))]) @ question.design.to_user()
        eta, found = z @ question.beta, question.derivatives(leak.sums)
        p = 1 / (1 + np.exp(-eta))
        lower = np.tril_indices(z.shape[1])
        equations += [cells[:, 0] * eta - np.logaddexp(0, eta), *((cells[:, 0] - p)[:, None] * z).T]
        equations += list(-(p * (1 - p))[None] * z.T[lower[0]] * z.T[lower[1]])
        values += [found.loglike, *found.score, *found.hessian[lower]]
    scale = np.linalg.norm(equations, axis=1)
    counts, _ = nnls(np.array(equations) / scale[:, None], np.array(values) / scale, maxiter=100_000)
    return np.where(np.abs(counts - np.round(counts)) < 0.05, np.round(counts), np.nan)
