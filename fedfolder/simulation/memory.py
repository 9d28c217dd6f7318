"""The plan of a fit, driven over samples in memory."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command import Option
from fedfolder.custody.finding import refuse
from fedfolder.errors import VariableError
from fedfolder.plan.few import FewTrips
from fedfolder.plan.fit import fit
from fedfolder.plan.knots import likely
from fedfolder.plan.opening import published_moments
from fedfolder.plan.own import without_own
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.moments import require_one_kind
from fedfolder.questions.sites import Site
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add
from fedfolder.simulation.naming import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command import Command
    from fedfolder.custody.finding import Finding
    from fedfolder.custody.policy import Policy
    from fedfolder.estimates import FitResult
    from fedfolder.node.readers import Frame
    from fedfolder.node.tables import TableFile
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Sums
    from fedfolder.server.progress import Progress


def fit_samples(
    command: Command,
    samples: Mapping[str, Sample],
    progress: Progress | None = None,
    *,
    few: FewTrips | None = None,
    own_estimates: bool = True,
) -> FitResult:
    """Drive the plan over samples in memory, a node each, by name.

    Answers are held against their question as the server of a study holds them. Clusters that lie at several nodes are
    added up over them, which a study would have to ask its nodes for: here all rows are in one place anyway.

    Parameters
    ----------
    few : FewTrips, optional
        That the fit is to take few trips.
    own_estimates : bool
        Whether the nodes' own estimates may leave then.
    """
    samples = {name: s if s.site else dataclasses.replace(s, site=name) for name, s in samples.items()}
    command = checked(command, samples, progress)
    proposal = Proposal(command, tuple((name, "") for name in samples), few=few)
    program = fit(proposal, progress.iteration if progress else None)
    sites = {name: Site(name) for name in samples}
    try:
        question = next(program)
        while True:
            asked = question if own_estimates else without_own(question)
            answers = {name: _answer(asked, sites[name], sample) for name, sample in samples.items()}
            moments = {name: published_moments(question, answer) for name, answer in answers.items()}
            require_one_kind({name: found for name, found in moments.items() if found is not None})
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


def few_of(command: Command, samples: Mapping[str, Sample]) -> FewTrips:
    """What is known beforehand of a fit in few trips, as if a dictionary named every level that there is."""
    levels: dict[str, tuple[str, ...]] = {}
    for sample in samples.values():
        for name, factor in sample.factors.items():
            present = np.unique(factor.codes)
            levels[name] = (*levels.get(name, ()), *(factor.levels[code] for code in present.tolist() if code >= 0))
    return FewTrips.of(command, levels)


def simulate_files(command: Command, parts: Mapping[str, Frame], progress: Progress | None = None) -> FitResult:
    """Fit `command` in memory, each node's data as they were read from its file."""
    return fit_samples(command, samples_of(command, parts), progress)


def samples_of(
    command: Command,
    parts: Mapping[str, Frame],
    policy: Policy | None = None,
    progress: Progress | None = None,
    tables: Mapping[str, TableFile] | None = None,
) -> dict[str, Sample]:
    """The rows of each node that enter, held against a policy if there is one; see `require_allowed`.

    All have the same `tables`.
    """
    from fedfolder.node.data import make_sample
    from fedfolder.node.tables import read_tables

    beside = read_tables(tables or {}, command.tables)
    samples = {}
    for node, frame in parts.items():
        with naming(node):
            samples[node] = make_sample(frame, command, policy.person if policy else None, beside, node=node)
    require_allowed(policy, command, samples, progress)
    return samples


def refused(policy: Policy, command: Command, samples: Mapping[str, Sample]) -> list[tuple[str, Finding]]:
    """What nodes with this policy would refuse, each with the node's name, before any sum over columns leaves.

    Knots that follow from event times are where those of all nodes put them.
    """
    roster = [(name, "") for name in samples]
    specification = likely(Specification.of(command), samples.values())
    return [
        (name, finding)
        for name, sample in samples.items()
        for finding in [*policy.of_command(command, roster), *policy.of_sample(specification, sample)]
        if finding.rule != "servers"
    ]


def require_allowed(
    policy: Policy | None, command: Command, samples: Mapping[str, Sample], progress: Progress | None = None
) -> None:
    """Refuse what a node with this policy would refuse.

    Raises
    ------
    PolicyError
        With the first node's name in front; `progress` is told of all.
    """
    if policy is None:
        return
    found = refused(policy, command, samples)
    if progress is not None:
        for node, finding in found:
            progress.note(f"{node} refuses: {finding.rule}: {finding.says}")
    for name in samples:
        with naming(name):
            refuse([finding for node, finding in found if node == name])


def checked(command: Command, samples: Mapping[str, Sample], progress: Progress | None = None) -> Command:
    """The command for what is known of data that lie in one place: sets within nodes, clusters where they are.

    Raises
    ------
    VariableError
        If a matched set lies at more than one node.
    """
    if command.random:
        _tell_of_values_in_common(command.random, samples, progress)
    else:
        _require_sets_within_nodes(command, samples)
    return _with_clusters_across(command, samples, progress)


def _tell_of_values_in_common(name: str, samples: Mapping[str, Sample], progress: Progress | None) -> None:
    """Say where values of what has a random intercept are found at several nodes. Over a study nobody can see it."""
    from fedfolder.node.sampling import ids_in_common

    if progress is not None and ids_in_common(samples, name):
        progress.note(f"Values of {name} are found at more than one node: each has an intercept of its own there.")


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
