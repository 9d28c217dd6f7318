"""Rules on when persons enter, end and fail, where what leaves is by time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.custody.finding import Finding
from fedfolder.questions import strata
from fedfolder.questions.baseline_hazards import intervals
from fedfolder.questions.event_times import follow_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.custody.cells import Persons
    from fedfolder.custody.profiles import Limits
    from fedfolder.custody.view import View


def same_time(limits: Limits, view: View) -> Iterator[Finding]:
    """Of a common baseline hazard: times at which a few persons enter, end or fail."""
    specification, least = view.specification, limits.same_time
    if not least or not specification.command.common_baseline or not view.sample.nobs:
        return
    rows, _ = follow_up(specification, view.sample)
    late, ends = rows.entry > rows.entry.min(), np.ones(view.sample.nobs, dtype=np.bool_)
    looked_at = ((late, rows.entry), (ends, rows.time), (rows.fails, rows.time))
    if any(_few_at_once(at, rows.stratum, some, view.persons, least) for some, at in looked_at):
        said = (
            f"at some time fewer than {least} persons enter, end or fail here: give a wider grid(), or write "
            "strata(_node)"
        )
        yield Finding("same_time", (specification.command.roles["time"],), said)


def baseline_events(limits: Limits, view: View) -> Iterator[Finding]:
    """Of this site's own baseline: intervals between its times in which a few persons of a stratum fail."""
    specification, least = view.specification, limits.events
    if not least or not specification.command.site_baseline or not view.sample.nobs:
        return
    rows, times = strata.follow_up(specification, view.sample), specification.command.baseline_times
    place = intervals(times, rows.time)
    if _few_at_once(place, rows.stratum, rows.fails & (place < len(times)), view.persons, least):
        said = (
            f"between two times of basesurv() fewer than {least} persons fail here in some stratum: name times that "
            "lie farther apart"
        )
        yield Finding("baseline_events", (specification.command.roles["time"],), said)


def _few_at_once(
    at: NDArray[Any], stratum: NDArray[np.int64], some: NDArray[np.bool_], persons: Persons, least: int
) -> bool:
    """Whether at some time in a stratum there is somebody, but fewer than `least` persons."""
    _, code = np.unique(np.stack([stratum[some].astype(np.float64), at[some]]), axis=1, return_inverse=True)
    code = code.reshape(-1)
    who = np.flatnonzero(some) if persons.codes is None else np.asarray(persons.codes)[some]
    pairs = np.unique(np.stack([code, who]), axis=1)
    return bool((np.bincount(pairs[0]) < least).any()) if pairs.size else False
