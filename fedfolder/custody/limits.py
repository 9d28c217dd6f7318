"""What a node checks of a beta beyond the plan: that no few rows make up what leaves there.

The plan says which beta follows from the published sums, and these the server can lie about. So whoever asks, and
however the beta was come to: slopes are bounded, and what leaves is the sum of many units of which none determines a
direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from fedfolder.custody.cells import Persons
from fedfolder.custody.charges import limited
from fedfolder.custody.finding import Finding
from fedfolder.custody.looks_at_cells import few_small_groups
from fedfolder.custody.view import groups_of
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.likelihood.links import PowerLink
from fedfolder.questions import kept
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.event_groups import LEAST_EVENTS, EventGroups
from fedfolder.questions.influence import influences
from fedfolder.questions.patterns import with_counts
from fedfolder.questions.together import single

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.likelihood import Likelihood
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.influence import Influence
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample


class AtBetaLimits(Protocol):
    """The limits that are read here; 0, or infinity for one from above, is none."""

    @property
    def largest_beta(self) -> float:
        """What no slope may exceed, per standard deviation of its column at this node."""

    @property
    def effective_size(self) -> float:
        """The least effective size of the information."""

    @property
    def effective_share(self) -> float:
        """The same as a share of the units."""

    @property
    def leverage(self) -> float:
        """What the leverage of every unit must be below."""

    @property
    def smallest_cell(self) -> int:
        """How many persons a cell holds, at least."""

    @property
    def trust_radius(self) -> float:
        """How far from its path another program may ask about a beta."""


def at_beta(limits: AtBetaLimits, question: Question, sample: Sample) -> list[Finding]:
    """What a question at a beta breaks; nothing for questions at none.

    Parameters
    ----------
    sample : Sample
        The rows of this node.

    Raises
    ------
    VariableError, RefusedError
        As when the question is answered.
    """
    findings = [f for asked in single(question) if isinstance(asked, AtBeta) for f in _of_one(limits, asked, sample)]
    return list(dict.fromkeys(findings))


def of_groups(limits: AtBetaLimits, question: Question) -> list[Finding]:
    """What is said against counts of events by their times: groups of too few."""
    few = [asked for asked in single(question) if isinstance(asked, EventGroups) and asked.least < limits.smallest_cell]
    says = (
        f"events are to be counted in groups of {LEAST_EVENTS}, and fewer than {limits.smallest_cell} in a cell are few"
    )
    return [Finding("cells", (asked.specification.roles["time"],), says) for asked in few]


def of_driver(limits: AtBetaLimits, proposal: Proposal) -> list[Finding]:
    """What is said against who drives, and how freely."""
    if proposal.driver == "newton" or not 0 < limits.trust_radius < proposal.radius:
        return []
    says = (
        f"another program is to choose beta within {proposal.radius:g} standard deviations of the path; "
        f"at most {limits.trust_radius:g} are allowed"
    )
    return [Finding("trust_radius", (), says)]


def _of_one(limits: AtBetaLimits, question: AtBeta, sample: Sample) -> Iterator[Finding]:
    yield from _largest_beta(limits, question, sample)
    yield from _groups_left(limits, question, sample)
    # Where there is no limit, nothing of the rows is looked at.
    if not (limited(limits.leverage) or limits.effective_size > 0 or limits.effective_share > 0):
        return
    if not question.parameters.count:
        return
    for part, found in influences(question, sample, at_least=limits.leverage):
        findings = [*_of_influence(limits, part, found)] if found.units else []
        yield from findings
        if findings:
            return  # which others there are would be one bit more


def _of_influence(limits: AtBetaLimits, part: str, found: Influence) -> Iterator[Finding]:
    least, here = max(limits.effective_size, limits.effective_share * found.units), f"at this beta{part}"
    if found.effective < least:
        says = (
            f"{here} too few rows carry the information: the limit is {limits.effective_size:g}, and "
            f"{100 * limits.effective_share:g} % of the rows"
        )
        yield Finding("effective_size", (), says)
    if limited(limits.leverage) and limits.leverage <= found.leverage:
        says = (
            f"{here} what leaves says in some direction little but what one person says: a person's share must be "
            f"below {limits.leverage:g}"
        )
        yield Finding("leverage", (), says)


def _groups_left(limits: AtBetaLimits, question: AtBeta, sample: Sample) -> Iterator[Finding]:
    """Rows that a column predicts perfectly are left out, which may leave a few of a group."""
    if question.excluded and limits.smallest_cell:
        left = question.included(sample)
        yield from few_small_groups(groups_of(question.specification, left), Persons.of(left), limits.smallest_cell)


def _largest_beta(limits: AtBetaLimits, question: AtBeta, sample: Sample) -> Iterator[Finding]:
    if not limited(limits.largest_beta) or _has_a_unit(question.specification.likelihood):
        return
    sizes = standardised(question, sample).max(axis=0, initial=0.0)
    # Written so that what is no number is too large.
    small = sizes <= limits.largest_beta
    large = [name for name, is_small in zip(question.design.columns, small, strict=True) if not is_small]
    # What is unseen has a standard deviation of one, so that its own is a slope like any other.
    random = isinstance(question.specification.likelihood, ClusterLikelihood)
    if random and not abs(question.beta[-1]) <= limits.largest_beta:
        large.append(question.parameters.ancillaries[-1])
    if large:
        says = (
            f"this beta has a slope above {limits.largest_beta:g} per standard deviation of its column: "
            f"{', '.join(large)}"
        )
        yield Finding("largest_beta", tuple(large), says)


def standardised(question: AtBeta, sample: Sample) -> NDArray[np.float64]:
    """|b_j| sd(z_j) of the slopes of each equation, (q, p) without the constant, over the rows of this node."""
    p = len(question.design.columns)
    spread = kept.once(
        sample, "spreads", (question.design, question.excluded), lambda: _spreads(question, question.included(sample))
    )
    parameters = question.parameters
    slopes = [np.abs(question.beta[parameters.block(e)][:p]) for e in range(len(parameters.equations))]
    return np.array(slopes).reshape(len(slopes), p) * spread


def _spreads(question: AtBeta, sample: Sample) -> NDArray[np.float64]:
    """The standard deviation of each column of the design here, (p,); in one pass, block by block.

    References
    ----------
    Chan, Golub, LeVeque (1983). Algorithms for computing the sample variance. The American Statistician 37.
    """
    p, n = len(question.design.columns), 0.0
    mean, about = np.zeros(p), np.zeros(p)
    sample, counts = with_counts(sample)
    for place, z in question.design.blocks(sample):
        often = np.ones(len(z)) if counts is None else counts[place]
        rows = float(often.sum())
        here = often @ z[:, :p] / rows
        away, n = here - mean, n + rows
        about += often @ np.square(z[:, :p] - here) + np.square(away) * ((n - rows) * rows / n)
        mean += away * (rows / n)
    return np.asarray(np.sqrt(about / max(n, 1.0)))


def _has_a_unit(likelihood: Likelihood) -> bool:
    """Whether slopes are in a unit of the outcome, so that no number is large.

    A regression's derivatives say the same at every beta. Where a mean has a unit, a beta that makes few rows count
    takes them towards the bound of the domain: what that does is seen in the effective size and the leverage.
    """
    return likelihood.least_squares or isinstance(getattr(likelihood, "link", None), PowerLink)
