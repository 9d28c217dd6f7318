"""A question as a fit comes to it, where one node has all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.standardised import Standardised

if TYPE_CHECKING:
    import pandas as pd

    from fedfolder.plan.fit import Program
    from fedfolder.questions.sample import Sample


class Averaging(NamedTuple):
    """The last round of a fit with `standsurv()`."""

    question: Standardised
    sample: Sample
    program: Program


def averaging(command: str, frame: pd.DataFrame, person: str | None = None) -> Averaging:
    """Drive a fit of `frame` up to its question of average survival."""
    parsed = read_command(command)
    program, sample = fit(Proposal(parsed, (("n", ""),))), sample_from_frame(frame, parsed, persons=person)
    question = next(program)
    while not isinstance(question, Standardised):
        question = program.send((question, question.compute(sample)))
    return Averaging(question, sample, program)
