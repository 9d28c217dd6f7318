"""A study on one machine, laid out in real folders, and a fit through them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedfolder.estimates import FitResult
    from fedfolder.server.progress import Progress


@dataclass(frozen=True, slots=True)
class Places:
    """The three places of a study on one machine, laid out below one folder."""

    server: Path
    exchange: Path
    nodes: Mapping[str, Path]


def lay_out(
    folder: Path,
    study: str,
    data: Mapping[str, Path],
    *,
    cluster_scores: bool = False,
    tables: Mapping[str, Path] | None = None,
) -> Places:
    """Make a server home, an exchange and a home for each node, all below `folder`.

    The nodes have the policy `open`, and approve by themselves.

    Parameters
    ----------
    data : mapping of str to Path
        Each node's data file.
    cluster_scores : bool
        Whether the nodes allow scores by the names of clusters.
    tables : mapping of str to Path, optional
        Tables that all nodes have beside their data, by name.

    Raises
    ------
    FedfolderError
        If something is there already, or a file cannot be read.
    """
    from fedfolder.node.data import describe
    from fedfolder.node.home import create as create_node
    from fedfolder.server.study import add_node
    from fedfolder.server.study import create as create_study

    places = Places(folder / "server", folder / "exchange", {node: folder / node for node in data})
    places.exchange.mkdir(parents=True, exist_ok=True)
    opened = create_study(places.server, study, places.exchange)
    for node, path in data.items():
        opened = add_node(opened, node)
        variables = [variable.name for variable in describe(path).variables]
        create_node(
            places.nodes[node],
            path,
            opened.folder(node),
            variables,
            profile="open",
            approval="auto",
            cluster_scores=cluster_scores,
            tables=tables,
        )
    return places


def simulate_over_folders(
    command: str, places: Places, progress: Progress | None = None, *, few_trips: bool = False
) -> FitResult:
    """Fit `command` through the folders of `places`, server and nodes taking turns in this process.

    Keys, signatures, journals and files are those of real nodes; only the processes are one.
    """
    from fedfolder.node.home import open_home
    from fedfolder.node.loop import Node, only_one
    from fedfolder.server.run import run as run_over_folders

    with contextlib.ExitStack() as stack:
        nodes = []
        for path in places.nodes.values():
            home = open_home(path)
            stack.enter_context(only_one(home))
            nodes.append(Node(home))
            stack.callback(nodes[-1].close)

        def let_nodes_work(_seconds: float) -> None:
            for node in nodes:
                node.work()

        return run_over_folders(places.server, command, few_trips=few_trips, progress=progress, idle=let_nodes_work)
