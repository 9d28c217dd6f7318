"""What everyone was told in the first rounds of an attempt, which is not asked again of fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.plan.knots import curves_of
from fedfolder.plan.messages import published
from fedfolder.plan.opening import published_moments, question_of_moments, specification_of
from fedfolder.questions.event_groups import EventGroups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.plan.messages import Content
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.sums import Sums


def published_opening(proposal: Proposal, contents: Sequence[Content]) -> tuple[Sums | None, Sums | None]:
    """The moments and the counts of events that everyone was told of.

    Parameters
    ----------
    contents : sequence of Content
        The requests of the attempt, from its first; each carries the sums of the round before.
    """
    specification, events = specification_of(proposal), None
    if len(contents) > 1 and specification.lacks_knots:
        events = published(EventGroups(specification), contents[1])
        specification, contents = specification.with_knots(curves_of(proposal.command, events)), contents[1:]
    if len(contents) < 2 or specification.lacks_knots or not proposal.asks_moments:  # noqa: PLR2004 - the next one
        return None, events
    asked = question_of_moments(proposal, specification)
    return published_moments(asked, published(asked, contents[1])), events
