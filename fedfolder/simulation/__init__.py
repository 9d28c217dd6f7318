"""A fit over nodes on one machine: in memory, or through real folders with real messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.custody import policy_file
from fedfolder.errors import ConfigError
from fedfolder.plan.proposal import read_command
from fedfolder.simulation.memory import (
    checked,
    few_of,
    fit_samples,
    refused,
    require_allowed,
    samples_of,
    simulate_files,
)
from fedfolder.simulation.naming import naming
from fedfolder.simulation.places import Places, lay_out, simulate_over_folders
from fedfolder.simulation.splitting import Split, places_at_random, split, split_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from fedfolder.custody.policy import Policy
    from fedfolder.estimates import FitResult
    from fedfolder.server.progress import Progress

__all__ = [
    "Places",
    "Split",
    "checked",
    "few_of",
    "fit_samples",
    "lay_out",
    "naming",
    "places_at_random",
    "pooled",
    "refused",
    "require_allowed",
    "run",
    "samples_of",
    "simulate",
    "simulate_files",
    "simulate_over_folders",
    "split",
    "split_file",
]


def simulate(
    command: str,
    data: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    nodes: int = 3,
    seed: int = 1,
    policy: Policy | str | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    few_trips: bool = False,
    progress: Progress | None = None,
) -> FitResult:
    """Fit `command` as if the data lay at several nodes, in memory.

    Parameters
    ----------
    command : str
        Such as `logit low age i.race smoke`.
    data : data frame, or sequence of data frames
        One frame is split at random into `nodes` parts of nearly equal size; several are a node each.
    nodes, seed : int
        Of the split.
    policy : Policy or str, optional
        What every node allows: `"open"`, `"registry"`, `"strict"`, or the path of a policy.toml. None is looked at
        unless it is given.
    tables : mapping of str to data frame, optional
        Tables that every node has, for `merge ... using` their names.
    few_trips : bool
        As in `run`; the levels of factors are those in the data.

    Returns
    -------
    FitResult

    Raises
    ------
    PolicyError
        If a node would refuse; it names the node, the rule and the variables.
    FedfolderError
        As `fedfolder.run` would, with the node's name in front.
    """
    import pandas as pd

    from fedfolder.node.data import sample_from_frame

    parsed = read_command(command)
    held = policy_file.named(policy) if isinstance(policy, str) else policy
    frames = split(data, nodes, seed) if isinstance(data, pd.DataFrame) else list(data)
    if not frames:
        raise ConfigError("there is no data to fit to", found="no data frame", expected="one, or one a node")
    samples = {}
    for number, frame in enumerate(frames, start=1):
        with naming(f"node{number}"):
            node, persons = f"node{number}", held.person if held else None
            samples[node] = sample_from_frame(frame, parsed, persons=persons, tables=tables, node=node)
    require_allowed(held, parsed, samples)
    return fit_samples(
        parsed,
        samples,
        progress,
        few=few_of(parsed, samples) if few_trips else None,
        own_estimates=held is None or held.own_estimates,
    )


def pooled(command: str, data: pd.DataFrame, *, tables: Mapping[str, pd.DataFrame] | None = None) -> FitResult:
    """Fit `command` on all rows at once: the same program, asked of one node that holds everything.

    Parameters
    ----------
    command, data, tables
        As in `simulate`.

    Raises
    ------
    FedfolderError
    """
    from fedfolder.node.data import sample_from_frame

    parsed = read_command(command)
    return fit_samples(parsed, {"pooled": sample_from_frame(data, parsed, tables=tables)})


def run(
    command: str,
    *,
    study: Path | str,
    again: bool = False,
    timeout: float | None = None,
    drop_after: float | None = None,
    min_nodes: int = 3,
    units_differ: bool = False,
    few_trips: bool = False,
    progress: Progress | None = None,
) -> FitResult:
    """Fit `command` over the nodes of a study; see `fedfolder.server.run.run`."""
    from fedfolder.server.run import run as run_over_folders

    return run_over_folders(
        study,
        command,
        again=again,
        timeout=timeout,
        drop_after=drop_after,
        min_nodes=min_nodes,
        units_differ=units_differ,
        few_trips=few_trips,
        progress=progress,
    )
