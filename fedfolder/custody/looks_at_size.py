"""Rules on a sample that count it as a whole: enough persons and events for as many parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.custody.cells import few_in_column
from fedfolder.custody.finding import Finding
from fedfolder.questions.blocks import summed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.custody.profiles import Limits
    from fedfolder.custody.view import View


def persons(limits: Limits, view: View) -> Iterator[Finding]:
    """Whether enough persons enter."""
    if view.persons.number < limits.persons:
        yield Finding("persons", (), f"fewer than {limits.persons} persons enter this fit here")


def parameters(limits: Limits, view: View) -> Iterator[Finding]:
    """Whether parameters are few beside them."""
    if view.parameters() > limits.parameters_per_person * view.persons.number:
        said = f"more than {limits.parameters_per_person:g} parameters for each person here"
        yield Finding("parameters_per_person", view.in_terms, said)


def residual_degrees(limits: Limits, view: View) -> Iterator[Finding]:
    """Whether persons are left when each parameter has taken one."""
    if limits.residual_degrees and view.persons.number - view.parameters() < limits.residual_degrees:
        said = f"fewer than {limits.residual_degrees} persons more than parameters here"
        yield Finding("residual_degrees", view.in_terms, said)


def averages(limits: Limits, view: View) -> Iterator[Finding]:
    """Whether the numbers of average survival are few beside them."""
    asked = view.specification.command.standsurv
    if asked is None:
        return
    numbers = len(asked.patterns) * len(asked.times) * (1 + view.parameters())
    if numbers > limits.averages_per_person * view.persons.number:
        said = f"more than {limits.averages_per_person:g} numbers of standsurv() for each person here"
        yield Finding("averages_per_person", (view.specification.command.roles["time"],), said)


def events(limits: Limits, view: View) -> Iterator[Finding]:
    """Whether each level of the outcome, or a sum of counts, is of enough."""
    specification, least = view.specification, limits.events
    name = specification.outcome
    if view.outcome is not None:
        if few_in_column(view.outcome, view.persons, least):
            said = f"a level of the outcome {name} holds fewer than {least} persons here, or all but so few"
            yield Finding("events", (name,), said)
        return
    if not all(_counts(part.outcome(name)) for _, part in view.sample.blocks()):
        return
    if any(0 < total < least for total in _events_and_others(view)):
        yield Finding("events", (name,), f"fewer than {least} events of {name} here")


def _counts(values: NDArray[np.float64]) -> bool:
    return bool(((values >= 0) & (values == np.floor(values))).all())


def _events_and_others(view: View) -> list[float]:
    """The sum of the outcome, and that of what is left of the trials where there are any."""
    specification = view.specification
    with_trials = "trials" in specification.likelihood.roles

    def sums(rows: slice) -> NDArray[np.float64]:
        part = view.sample.rows(rows.start, rows.stop)
        values = part.outcome(specification.outcome)
        others = [(specification.rows(part)["trials"] - values).sum()] if with_trials else []
        return np.array([values.sum(), *others])

    return [float(total) for total in summed(view.sample.nobs, sums)]


def levels(limits: Limits, view: View) -> Iterator[Finding]:
    """Whether factors have few levels."""
    outcome = [view.outcome] if view.outcome is not None else []
    for column in [*outcome, *view.factors]:
        if limits.levels and column.size > limits.levels:
            name = column.names[0]
            yield Finding("levels", (name,), f"{name} has more than {limits.levels} levels here")
