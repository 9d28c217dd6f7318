"""Functions of time that a test of proportional hazards may ask whether coefficients change with.

Of the time itself and its logarithm, each failure time tells its own. Ranks and Kaplan-Meier's estimate are of the
failures and of those at risk in one place: of all sites where failure times are known to all, otherwise of each stratum
of a site. The test is the same for g and for a g + b; ranks, less a half, are counted in shares of the failures, so
that strata of any size are on one scale.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TIME, LOG, RANK, KM = "time", "log", "rank", "km"

IN_WORDS: Final = {TIME: "t", LOG: "ln(t)", RANK: "the rank of t", KM: "one minus Kaplan-Meier's estimate"}
"""Each function, as a note says it."""


def ranks(times: Array, weight: Array) -> Array:
    """The mean rank of the failures at each time, less a half, as a share of all of them, (T,).

    Parameters
    ----------
    times, weight : (T,) float64
        A time may come twice, in two strata. The weight is that of those who fail.
    """
    order = np.argsort(times, kind="stable")
    distinct, place = np.unique(times, return_inverse=True)
    each = np.bincount(place[order], weight[order], minlength=len(distinct))
    return np.asarray(((np.cumsum(each) - 0.5 * each) / each.sum())[place])


def failed_before(weight: Array, at_risk: Array) -> Array:
    """One minus Kaplan-Meier's estimate just before each of some ascending times, (T,).

    Parameters
    ----------
    weight, at_risk : (T,) float64
        Of those who fail at each time, and of all who are at risk then.
    """
    surviving = np.cumprod(1.0 - weight / at_risk)
    return np.asarray(1.0 - np.concatenate([[1.0], surviving[:-1]])[: len(weight)])


def within(strata: NDArray[Any]) -> Iterator[slice]:
    """The places of each stratum, where those of one follow each other."""
    cuts = [0, *(np.flatnonzero(strata[1:] != strata[:-1]) + 1).tolist(), len(strata)]
    return (slice(start, end) for start, end in itertools.pairwise(cuts))


def by_stratum(transform: str, times: Array, strata: NDArray[Any], weight: Array, at_risk: Array) -> Array:
    """Ranks, or Kaplan-Meier's estimate, of each stratum by itself, (T,); times ascend within strata."""
    found = np.empty(len(times))
    for part in within(strata):
        of_ranks = transform == RANK
        found[part] = ranks(times[part], weight[part]) if of_ranks else failed_before(weight[part], at_risk[part])
    return found


def of_times(transform: str, times: Array, centre: float) -> Array:
    """T or ln(t), (T,), less that of a time `centre`, which changes nothing but rounding."""
    return np.log(times / centre) if transform == LOG else times - centre
