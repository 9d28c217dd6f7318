"""How a fit goes on without a site that fell silent: from sums that say as little of that site as can be had.

Two sums over the same rows but for one site's, at one beta, differ by that site's contribution, and everyone who sees
both has it. So a plan that begins again with a smaller roster asks for nothing that was asked with the larger one: the
moments that were published stay the units, the counts of events the knots, and the start is at another beta, with
slopes that are not zero (at zero slopes a logit's sums over both rosters would give the site's again, whatever the
constant).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.errors import RefusedError
from fedfolder.plan.knots import curves_of
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.moments import Moments
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import to_parts
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.plan.layout import Layout
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums

MOST_STARTS = 8
"""Starts beside the usual one, at most: so often a fit that has published sums may lose a site."""
STEP = 0.25
"""Standard deviations of the columns between one start and the next, over all columns together."""


@dataclass(frozen=True, slots=True)
class Restart:
    """What differs from a plan that begins with everyone.

    Parameters
    ----------
    without : tuple of str
        The nodes that are left out, in the order in which they were.
    start : int
        0: the usual start. k > 0: the k-th other one, for sums were published at the earlier ones.
    moments : Sums or None
        The moments that were published with a larger roster, from which the units follow; None to ask for them.
    events : Sums or None
        The counts of events that were published with a larger roster, from which knots follow; None to ask for them, or
        where knots are given.
    """

    without: tuple[str, ...]
    start: int = 0
    moments: Sums | None = None
    events: Sums | None = None

    def also_without(self, nodes: Iterable[str], published: Sums | None, events: Sums | None = None) -> Restart:
        """What to begin with when more nodes fall silent.

        Parameters
        ----------
        published : Sums or None
            The moments of the attempt that ends, if they were published; then a beta was asked about, too.
        events : Sums or None
            Its counts of events, if they were published.
        """
        moments = self.moments or published
        return Restart((*self.without, *nodes), self.start + (moments is not None), moments, self.events or events)

    def placed(self, specification: Specification) -> Specification:
        """The specification with the knots that follow from the counts of events, if there are such counts.

        Raises
        ------
        VariableError
            If events are too few for so many knots.
        """
        if self.events is None or not specification.lacks_knots:
            return specification
        return specification.with_knots(curves_of(specification.command, self.events))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        said: dict[str, Any] = {"without": list(self.without), "start": self.start}
        for name, sums in (("moments", self.moments), ("events", self.events)):
            if sums is not None:
                scalars, table = to_parts(sums)
                said[name] = {"scalars": scalars, "table": table.decode()}
        return said

    @classmethod
    def from_dict(cls, found: object, command: Command) -> Self:
        """Read it; what is malformed comes out otherwise than it went in.

        Raises
        ------
        RefusedError
            If it cannot be read, or asks for more starts than there are.
        TamperedAnswerError
            If the moments, or the counts of events, cannot be those of `command`.
        VariableError
            If the events are too few for the knots of `command`.
        """
        specification = Specification.of(command)
        match found:
            case {"without": list() as without, "start": int() as start, **rest} if 0 <= start <= MOST_STARTS:
                events = _read(rest["events"], EventGroups(specification)) if "events" in rest else None
                found_knots = cls((), events=events).placed(specification)
                moments = _read(rest["moments"], Moments(found_knots)) if "moments" in rest else None
            case _:
                raise RefusedError("this restart cannot be read here", expected=f"a start from 0 to {MOST_STARTS}")
        if (start > 0) != (moments is not None):
            raise RefusedError("this restart contradicts itself", expected="another start where sums were published")
        if (moments is not None and found_knots.lacks_knots) or (events is not None and not specification.lacks_knots):
            expected = "counts of events where knots follow from them"
            raise RefusedError("this restart contradicts itself", expected=expected)
        return cls(tuple(map(str, without)), start, moments, events)

    def shift(self, layout: Layout) -> NDArray[np.float64]:
        """How far this start lies from the usual one, every parameter alike; (p,) in the units of the first design.

        A line from which a model with splines begins stays one, which rises faster: off it, hazards may be below zero.
        """
        design, splines = layout.design, layout.specification.splines
        p = Parameters.of(layout.specification.likelihood, design).count
        shift = np.full(p, self.start * STEP / p * layout.unit) if p else np.zeros(0)
        if layout.lines and splines is not None:
            made = {name for curve in splines.curves for name in curve.spline.names}
            columns = map(Column.parse, design.columns)
            shift[[place for place, column in enumerate(columns) if made.intersection(column.continuous)]] = 0.0
            first = design.columns.index(splines.curves[0].spline.names[0])
            shift[first] = layout.lines[0].slope * self.start * STEP / p / design.scales[first]
        return shift


def without_of(proposal: Mapping[str, Any]) -> tuple[str, ...]:
    """The nodes that a proposal in plain JSON says are left out."""
    return tuple(proposal.get("restart", {}).get("without", ()))


def _read(found: object, question: Question) -> Sums:
    match found:
        case {"scalars": dict() as scalars, "table": str() as table}:
            return question.read_answer(scalars, table.encode(), where=f"the {question.kind} of the restart")
        case _:
            raise RefusedError(
                f"the {question.kind} of this restart cannot be read here", expected="scalars and a table"
            )


def moved(found: Derivatives, by: NDArray[np.float64]) -> Derivatives:
    """The derivatives of a quadratic `by` (p,) further on: l + s'd + d'Hd/2, s + Hd, H."""
    step = found.hessian @ by
    loglike = found.loglike + float(found.score @ by) + float(by @ step) / 2
    return Derivatives(found.nobs, loglike, found.score + step, found.hessian, found.further)
