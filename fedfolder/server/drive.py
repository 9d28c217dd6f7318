"""A fit being driven over the nodes of a study: attempt after attempt, until one comes to its end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError, TamperedAnswerError, UnknownNameError, VariableError
from fedfolder.likelihood import find
from fedfolder.plan.proposal import Proposal
from fedfolder.plan.restart import MOST_STARTS, Restart
from fedfolder.server import place
from fedfolder.server.absence import SilentNodesError
from fedfolder.server.attempt import Attempt, Published
from fedfolder.server.place import CONTRADICTED, LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.command import Command
    from fedfolder.estimates import FitResult
    from fedfolder.exchange.journal import Journal
    from fedfolder.plan.few import FewTrips
    from fedfolder.server.channels import Channels
    from fedfolder.server.progress import Progress


class Fit:
    """One fit: the plan, driven with what the nodes answer.

    Parameters
    ----------
    command : Command
        What is fitted.
    channels : Channels
        To all nodes, opened.
    again : bool
        Begin anew even if the journal holds this fit's result.
    units_differ : bool
        Go on when a site's variable looks as if it were in other units.
    own_likelihoods : bool
        Go on when a node computes with a likelihood of its own.
    absent : sequence of str
        Nodes that have not introduced themselves in time.
    few : FewTrips, optional
        That a new fit is to take few trips; one that was begun goes on as it was put.
    """

    def __init__(
        self,
        command: Command,
        channels: Channels,
        journal: Journal,
        progress: Progress,
        *,
        again: bool,
        units_differ: bool = False,
        own_likelihoods: bool = False,
        absent: Sequence[str] = (),
        few: FewTrips | None = None,
    ) -> None:
        self._few = few
        self._channels = channels
        self._journal = journal
        self._progress = progress
        self._units_differ = units_differ
        self._own_likelihoods = own_likelihoods
        self.place = place.find(journal, command, list(channels.boxes), again=again)
        self._attempt = self._next(self._proposal(command, absent))

    def _proposal(self, command: Command, absent: Sequence[str]) -> Proposal:
        """The proposal of the place's attempt: the one that was put, or what follows from how the last one ended."""
        found = self.place.proposal
        if found is None:
            roster = tuple((node, (self._journal.key(node) or b"").hex()) for node in self._channels.boxes)
            found = Proposal(command, roster, few=self._few)
        elif self.place.without:
            return _without(found, self.place.without, self._published(found))
        new = [node for node in absent if node in found.nodes]
        return _without(found, new, Published()) if new else found

    def _published(self, ended: Proposal) -> Published:
        """What the attempt before this one published."""
        last = dataclasses.replace(self.place, attempt=self.place.attempt - 1)
        attempt = Attempt(last, ended, self._channels, self._journal, self._progress, units_differ=True)
        return attempt.published()

    def _next(self, proposal: Proposal) -> Attempt:
        return Attempt(
            self.place,
            proposal,
            self._channels,
            self._journal,
            self._progress,
            units_differ=self._units_differ,
            own_likelihoods=self._own_likelihoods,
        )

    def run(self) -> FitResult:
        """Drive the fit to its end and tell the nodes.

        Raises
        ------
        RefusedError, WaitingError, TamperedAnswerError, VariableError, ExchangeError
        ConfigError
            If nodes fell silent too often to begin once more.
        """
        self._tell_place()
        while True:
            try:
                return self._run_attempt()
            except SilentNodesError as silent:
                self._progress.note(str(silent))
                self._go_on_without(silent.nodes)

    def _run_attempt(self) -> FitResult:
        attempt = self._attempt
        try:
            if not self.place.status:
                attempt.settle()
            result, published = attempt.drive()
        except (UnknownNameError, VariableError, TamperedAnswerError):
            # The journal would say the same again for ever: what is mended is asked anew, as another attempt.
            attempt.close(None, CONTRADICTED)
            raise
        attempt.close(published, result.status, result.message)
        return dataclasses.replace(result, nodes=attempt.rows)

    def _go_on_without(self, nodes: Sequence[str]) -> None:
        """Prepare the next attempt, or this one if it has not begun, without nodes that stayed silent."""
        ended = self._attempt
        published = ended.published()
        if ended.has_begun():
            ended.close(None, LEFT_OUT, without=nodes)
            self.place = dataclasses.replace(self.place, attempt=self.place.attempt + 1, is_new=True)
        self._attempt = self._next(_without(ended.proposal, nodes, published))
        if published.events is not None and published.moments is None:
            who = " and ".join(nodes)
            self._progress.note(f"Knots are placed by the event times of all sites, those of {who} too.")
        if published.moments is not None:
            self._tell_what_can_be_learnt(" and ".join(nodes))

    def _tell_what_can_be_learnt(self, who: str) -> None:
        self._progress.note(
            f"Sums with {who} were published. No sum at one beta stands with and without it: the fit begins at another "
            "beta, with the units that were published, and the log-likelihood of the constant alone is not asked for. "
            "What is near can still be compared: how many rows were left out is known, and roughly what they say."
        )
        if find(self._attempt.proposal.command.likelihood).least_squares:
            self._progress.note(
                f"The sums of a linear regression are the same at every beta but for known factors: those of {who} are "
                "the difference, for everyone who sees both."
            )

    def _tell_place(self) -> None:
        if self.place.status:
            self._progress.note(
                f"Fit {self.place.fit} of this command has ended before; this is its result from the journal. "
                "--again asks the nodes anew."
            )
        elif not self.place.is_new:
            self._progress.note(f"Going on with fit {self.place.fit}.")
        if self.place.proposal is not None and self._attempt.proposal.without:
            self._progress.note(f"Fit {self.place.fit} is without {' and '.join(self._attempt.proposal.without)}.")
        if len(self._attempt.proposal.nodes) == 2 and not self.place.status:  # noqa: PLR2004 - two
            self._progress.note("With two nodes, the published sums show each node the other's part.")


def _without(proposal: Proposal, nodes: Sequence[str], published: Published) -> Proposal:
    """The proposal with a smaller roster.

    Raises
    ------
    ConfigError
        If it has been made smaller too often since sums were published.
    """
    restart = (proposal.restart or Restart(())).also_without(nodes, published.moments, published.events)
    if published.times:
        raise ConfigError(
            "a fit with a common baseline hazard does not go on without a site once failure times were published: "
            "those of the sites that are left would tell its own",
            found=f"no answer from {' and '.join(nodes)}",
            do="wait for the site; or write strata(_node), with which a fit goes on",
        )
    if restart.start > MOST_STARTS:
        raise ConfigError(
            "nodes have fallen silent too often in this fit to begin once more",
            found=f"{restart.start} times after sums were published",
            expected=f"at most {MOST_STARTS}",
            do="wait until the sites are there, and run the command with --again",
        )
    roster = tuple(entry for entry in proposal.roster if entry[0] not in nodes)
    # What has been published with the larger roster is asked for once: then the plan begins elsewhere.
    few = None if restart.moments is not None else proposal.few
    return Proposal(proposal.command, roster, restart, few=few)
