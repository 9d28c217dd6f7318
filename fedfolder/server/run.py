"""`fedfolder run`: one fit of a study, from its settings to the files of its result."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from fedfolder import clock
from fedfolder.command.names import NODE
from fedfolder.errors import ConfigError, HomeInUseError
from fedfolder.exchange.names import TO_SERVER
from fedfolder.exchange.watching import Wake
from fedfolder.plan.few import FewTrips
from fedfolder.plan.proposal import read_command
from fedfolder.server.absence import FEWEST_NODES, Absence
from fedfolder.server.channels import Channels
from fedfolder.server.drive import Fit
from fedfolder.server.place import find
from fedfolder.server.progress import Silent
from fedfolder.server.results import write_result
from fedfolder.server.study import LOCK, RUNS, open_study

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Mailbox
    from fedfolder.server.channels import Idle
    from fedfolder.server.progress import Progress
    from fedfolder.server.study import Study


def run(
    study: Path | str,
    command: str,
    *,
    again: bool = False,
    timeout: float | None = None,
    drop_after: float | None = None,
    min_nodes: int = FEWEST_NODES,
    units_differ: bool = False,
    own_likelihoods: bool = False,
    few_trips: bool = False,
    progress: Progress | None = None,
    idle: Idle | None = None,
) -> FitResult:
    """Fit `command` over the nodes of a study, and keep the result in its home.

    Parameters
    ----------
    study : path
        The study's home.
    command : str
        Such as `logit low age i.race smoke`.
    again : bool
        Ask anew even if the journal holds this fit's result.
    timeout : float, optional
        Seconds to wait for the nodes, 0 for ever; what study.toml says by default.
    drop_after : float, optional
        Seconds after which a node that has not answered is left out, and the fit begun anew without it; never by
        default.
    min_nodes : int
        Nodes that must then be left, or it is waited for all the same.
    units_differ : bool
        Go on when a variable at one site looks as if it were in other units.
    own_likelihoods : bool
        Go on when a node computes with a likelihood of its own in the place of the model's.
    few_trips : bool
        Let questions travel together, where a trip costs more than an answer: sites whose policy allows it send their
        own estimates to begin with, and the last step is taken without asking once it is proven.
    progress : Progress, optional
        Told what happens.
    idle : callable, optional
        Lets time pass between looks; sleeping and watching the folders by default.

    Returns
    -------
    FitResult
        Its `status` says whether there are numbers.

    Raises
    ------
    WaitingError
        When the time is over. Nothing is lost; the same call goes on.
    RefusedError
        If a node refuses.
    FedfolderError
        For a command that cannot be read, an exchange out of reach, and so on.
    """
    parsed = read_command(command)
    opened = open_study(Path(study))
    labels = opened.labels(parsed.variables)
    progress = progress or Silent()
    with contextlib.ExitStack() as stack:
        absence = Absence(drop_after, min_nodes) if drop_after is not None else None
        journal, channels = reached(opened, stack, progress, timeout=timeout, idle=idle, absence=absence)
        # A fit that has ended is shown again without its nodes.
        ended = find(journal, parsed, opened.nodes, again=again).status
        absent = [] if ended else channels.open()
        fit = Fit(
            parsed,
            channels,
            journal,
            progress,
            again=again,
            units_differ=units_differ,
            own_likelihoods=own_likelihoods,
            absent=absent,
            few=FewTrips.of(parsed, {**opened.levels(), NODE: tuple(opened.nodes)}) if few_trips else None,
        )
        result = dataclasses.replace(fit.run(), labels=labels)
        write_result(opened.path / RUNS / f"fit{fit.place.fit}", result)
        return result


def reached(
    study: Study,
    stack: contextlib.ExitStack,
    progress: Progress,
    *,
    timeout: float | None = None,
    idle: Idle | None = None,
    absence: Absence | None = None,
) -> tuple[Journal, Channels]:
    """A study's journal and its channels, held until `stack` closes.

    Raises
    ------
    ConfigError
        If the study has no nodes.
    HomeInUseError
        If a run of this study is going on.
    """
    if not study.nodes:
        raise ConfigError(
            "the study has no nodes", where=str(study.path), do="add one: fedfolder study add-node STUDY NODE"
        )
    _hold(study, stack)
    journal = study.journal(clock.now)
    stack.callback(journal.close)
    boxes = study.mailboxes(journal)
    channels = Channels(
        boxes,
        journal,
        progress,
        timeout=study.waiting.timeout if timeout is None else timeout,
        longest_pause=study.waiting.longest_pause,
        idle=idle or _watch(study, boxes, progress, stack),
        absence=absence,
    )
    return journal, channels


def _watch(study: Study, boxes: Mapping[str, Mailbox], progress: Progress, stack: contextlib.ExitStack) -> Idle:
    """Sleep between looks, but for no longer than until something moves in a node's folder."""

    def heeds(name: str) -> bool:
        # With its JSON a message is mostly whole; while one lies there that is not, whatever appears may be the rest.
        return name.endswith(".json") or any(box.findings for box in boxes.values())

    wake = Wake([study.folder(node) / TO_SERVER for node in study.nodes], progress.note, heeds)
    stack.callback(wake.close)
    return wake.wait


def _hold(study: Study, stack: contextlib.ExitStack) -> None:
    try:
        stack.enter_context(filelock.FileLock(study.path / LOCK).acquire(blocking=False))
    except filelock.Timeout:
        raise HomeInUseError(
            "a fit or a check of this study is running already",
            where=str(study.path),
            do="wait for it to end, or stop it and run it again later: it goes on where it was",
        ) from None
