"""The failure times of all nodes, which a Cox model with a common baseline hazard asks for before its first beta."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fedfolder.questions.event_times import EventTimes, baseline_of
from fedfolder.questions.moments import NOBS, WEIGHT

if TYPE_CHECKING:
    from collections.abc import Generator

    from fedfolder.questions.question import Question
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Sums


def with_baseline(
    specification: Specification, moments: Sums
) -> Generator[Question, tuple[Question, Sums], Specification]:
    """The specification with the failure times of all nodes, where these have a common baseline hazard."""
    if not specification.command.common_baseline:
        return specification
    _, sums = yield EventTimes(specification)
    offset, name = 0.0, specification.roles.get("offset")
    if name is not None:
        offset = moments.rows[(name,)][0] / moments.scalars.get(WEIGHT, moments.scalars[NOBS])
    return dataclasses.replace(specification, baseline=baseline_of(sums, offset))
