"""A fit that another program drives over the nodes of a study: it asks for derivatives at a beta, in its own units."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Self

from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.server.attempt import Attempt
from fedfolder.server.driven import Driven
from fedfolder.server.place import find
from fedfolder.server.progress import Silent
from fedfolder.server.run import reached
from fedfolder.server.study import open_study

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fedfolder.command import Command
    from fedfolder.exchange.journal import Journal
    from fedfolder.server.channels import Channels, Idle
    from fedfolder.server.place import Place
    from fedfolder.server.progress import Progress
    from fedfolder.solve.derivatives import Derivatives

RADIUS = 1.0
"""Standard deviations that a beta may lie beside the path, where nothing else is said."""


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
    own_likelihoods : bool
        Take answers that nodes computed by a likelihood of their own.
    timeout : float, optional
        As in `fedfolder.server.run.run`; it begins anew with each evaluation.
    progress, idle
        As there.

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
        own_likelihoods: bool = False,
        timeout: float | None = None,
        progress: Progress | None = None,
        idle: Idle | None = None,
    ) -> None:
        parsed, opened = read_command(command), open_study(Path(study))
        progress = progress or Silent()
        with contextlib.ExitStack() as stack:
            journal, channels = reached(opened, stack, progress, timeout=timeout, idle=idle)
            channels.open()
            place, proposal = _placed(parsed, radius, journal, channels, again=again)
            allowed = {"units_differ": False, "own_likelihoods": own_likelihoods}
            attempt = Attempt(place, proposal, channels, journal, progress, **allowed)
            if not attempt.place.is_new:
                progress.note(f"Going on with fit {attempt.place.fit}.")
            attempt.settle()
            super().__init__(attempt.proposal, attempt)
            self.number = attempt.place.fit
            self._channels = channels
            self._stack = stack.pop_all()

    def wait_at_most(self, timeout: float | None) -> None:
        """From now on, wait this many seconds for each evaluation; for None, as long as was said before."""
        if timeout is not None:
            self._channels.timeout = timeout

    def evaluate(self, beta: ArrayLike) -> Derivatives:
        """As `Driven.evaluate`."""
        self._channels.wait_anew()
        return super().evaluate(beta)

    def close(self, status: str = "closed", message: str = "") -> None:
        """Tell the nodes that it is over, and let go of the study."""
        if hasattr(self, "_channels"):
            self._channels.wait_anew()
        super().close(status, message)
        if hasattr(self, "_stack"):
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _placed(
    command: Command, radius: float, journal: Journal, channels: Channels, *, again: bool
) -> tuple[Place, Proposal]:
    """The attempt to go on with, or a new one: what was closed has no result that could be shown again."""
    roster = tuple((node, (journal.key(node) or b"").hex()) for node in channels.boxes)
    proposal = Proposal(command, roster, driver="external", radius=radius)
    place = find(journal, command, list(channels.boxes), again=again, driver="external")
    if place.status or (place.proposal is not None and place.proposal != proposal):
        place = find(journal, command, list(channels.boxes), again=True, driver="external")
    return place, proposal
