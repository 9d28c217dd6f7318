"""A fit over nodes on one machine: in memory, or through real folders with real messages."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import Option
from fedfolder.errors import ConfigError, FedfolderError, VariableError
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.moments import Moments, require_one_kind
from fedfolder.questions.sites import Site
from fedfolder.questions.sums import add

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.estimates import FitResult
    from fedfolder.node.readers import Frame
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Sums
    from fedfolder.server.progress import Progress


def simulate(
    command: str,
    data: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    nodes: int = 3,
    seed: int = 1,
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

    Returns
    -------
    FitResult

    Raises
    ------
    FedfolderError
        As `fedfolder.run` would, with the node's name in front.
    """
    import pandas as pd

    from fedfolder.node.data import sample_from_frame

    parsed = read_command(command)
    frames = split(data, nodes, seed) if isinstance(data, pd.DataFrame) else list(data)
    if not frames:
        raise ConfigError("there is no data to fit to", found="no data frame", expected="one, or one a node")
    samples = {}
    for number, frame in enumerate(frames, start=1):
        with naming(f"node{number}"):
            samples[f"node{number}"] = sample_from_frame(frame, parsed)
    return fit_samples(parsed, samples, progress)


def pooled(command: str, data: pd.DataFrame) -> FitResult:
    """Fit `command` on all rows at once: the same program, asked of one node that holds everything.

    Raises
    ------
    FedfolderError
    """
    from fedfolder.node.data import sample_from_frame

    parsed = read_command(command)
    return fit_samples(parsed, {"pooled": sample_from_frame(data, parsed)})


def run(
    command: str,
    *,
    study: Path | str,
    again: bool = False,
    timeout: float | None = None,
    drop_after: float | None = None,
    min_nodes: int = 3,
    units_differ: bool = False,
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
        progress=progress,
    )


def fit_samples(command: Command, samples: Mapping[str, Sample], progress: Progress | None = None) -> FitResult:
    """Drive the plan over samples in memory, a node each, by name.

    Answers are held against their question as the server of a study holds them. Clusters that lie at several nodes are
    added up over them, which a study would have to ask its nodes for: here all rows are in one place anyway.
    """
    command = checked(command, samples, progress)
    program = fit(Proposal(command, tuple((name, "") for name in samples)), progress.iteration if progress else None)
    sites = {name: Site(name) for name in samples}
    try:
        question = next(program)
        while True:
            answers = {name: _answer(question, sites[name], sample) for name, sample in samples.items()}
            if isinstance(question, Moments):
                require_one_kind(answers)
            question = program.send((question, add(answers.values())))
    except StopIteration as end:
        result: FitResult = end.value
        return dataclasses.replace(result, nodes=tuple((name, site.nobs) for name, site in sites.items()))


def _answer(question: Question, site: Site, sample: Sample) -> Sums:
    with naming(site.node):
        answer = question.compute(sample)
    question.check(answer.require_finite(where=site.node), where=site.node)
    site.hold(question, answer, where=site.node)
    return answer


def checked(command: Command, samples: Mapping[str, Sample], progress: Progress | None = None) -> Command:
    """The command for what is known of data that lie in one place: sets within nodes, clusters where they are.

    Raises
    ------
    VariableError
        If a matched set lies at more than one node.
    """
    _require_sets_within_nodes(command, samples)
    return _with_clusters_across(command, samples, progress)


def _require_sets_within_nodes(command: Command, samples: Mapping[str, Sample]) -> None:
    """Refuse matched sets that lie at several nodes: no node could compute their likelihood."""
    from fedfolder.node.sampling import ids_in_common

    name = command.roles.get("group")
    if name is not None and ids_in_common(samples, name):
        raise VariableError(
            f"sets of {name} lie at more than one node",
            where=name,
            expected="all rows of a set at one node",
            do=f"split the data by {name}, or number the sets apart if they are different ones",
        )


def _with_clusters_across(command: Command, samples: Mapping[str, Sample], progress: Progress | None) -> Command:
    """The same command, or with `across` if a cluster lies at more than one node."""
    from fedfolder.node.sampling import ids_in_common

    name = command.roles.get("cluster")
    if name is None or command.across or not ids_in_common(samples, name):
        return command
    if progress is not None:
        progress.note(
            f"Clusters of {name} lie at more than one node: their scores are added up by cluster. Over a study, write "
            f"vce(cluster {name}, across), which every node has to allow."
        )
    options = (Option("vce", f"cluster {name}, across") if o.name == "vce" else o for o in command.options)
    return dataclasses.replace(command, options=tuple(options))


def split(frame: pd.DataFrame, nodes: int, seed: int) -> list[pd.DataFrame]:
    """Split the rows at random into parts whose sizes differ by one at most; the same seed gives the same parts.

    Raises
    ------
    ConfigError
        If there are fewer rows than nodes, or no node.
    """
    return [frame.iloc[places].reset_index(drop=True) for places in places_at_random(len(frame), nodes, seed)]


def places_at_random(rows: int, nodes: int, seed: int) -> list[NDArray[np.intp]]:
    """The places of each node's rows in a random split, each in the order of the file.

    Raises
    ------
    ConfigError
        If there are fewer rows than nodes, or no node.
    """
    import numpy as np

    if not 1 <= nodes <= max(rows, 1):
        raise ConfigError(
            "the data cannot be split into so many nodes",
            found=f"{nodes} nodes, {rows} rows",
            expected="at least one node, and a row for each",
            do="split into fewer nodes",
        )
    order = np.random.default_rng(seed).permutation(rows)
    return [np.sort(part) for part in np.array_split(order, nodes)]


@dataclass(frozen=True, slots=True)
class Split:
    """How one file becomes several nodes: by the values of the variable `by`, or else at random."""

    nodes: int
    seed: int
    by: str | None = None


def split_file(path: Path, command: Command, how: Split) -> dict[str, Frame]:
    """The variables of `command` in one file, split; a node each, by name.

    Raises
    ------
    FedfolderError
        If the file cannot be read or split so.
    """
    from fedfolder.node.data import read_variables

    frame = read_variables(path, [*command.sources, *([how.by] if how.by else [])])
    places = _places_by(frame, how.by) if how.by else places_at_random(frame.nrows, how.nodes, how.seed)
    return {f"node{number}": frame.take(rows) for number, rows in enumerate(places, start=1)}


def _places_by(frame: Frame, by: str) -> list[NDArray[np.intp]]:
    import numpy as np

    from fedfolder.node.readers import MISSING_CODE, TextColumn

    column = frame.columns[by]
    values = np.asarray(column.codes if isinstance(column, TextColumn) else column, dtype=np.float64)
    missing = values == MISSING_CODE if isinstance(column, TextColumn) else np.isnan(values)
    if missing.any():
        raise ConfigError(f"{by} has missing values", where=frame.source, do="choose a variable that every row has")
    return [np.flatnonzero(values == value) for value in np.unique(values)]


def simulate_files(command: Command, parts: Mapping[str, Frame], progress: Progress | None = None) -> FitResult:
    """Fit `command` in memory, each node's data as they were read from its file."""
    from fedfolder.node.data import make_sample

    samples = {}
    for node, frame in parts.items():
        with naming(node):
            samples[node] = make_sample(frame, command)
    return fit_samples(command, samples, progress)


@dataclass(frozen=True, slots=True)
class Places:
    """The three places of a study on one machine, laid out below one folder."""

    server: Path
    exchange: Path
    nodes: Mapping[str, Path]


def lay_out(folder: Path, study: str, data: Mapping[str, Path], *, cluster_scores: bool = False) -> Places:
    """Make a server home, an exchange and a home for each node, all below `folder`.

    Parameters
    ----------
    data : mapping of str to Path
        Each node's data file.
    cluster_scores : bool
        Whether the nodes allow scores by the names of clusters.

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
        create_node(places.nodes[node], path, opened.folder(node), variables, cluster_scores=cluster_scores)
    return places


def simulate_over_folders(command: str, places: Places, progress: Progress | None = None) -> FitResult:
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

        return run_over_folders(places.server, command, progress=progress, idle=let_nodes_work)


class naming:  # noqa: N801 - reads as a statement
    """Puts a node's name in front of an error from it."""

    def __init__(self, node: str) -> None:
        self._node = node

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FedfolderError):
            error.where = f"{self._node}: {error.where}" if error.where else self._node
