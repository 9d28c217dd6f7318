"""What the questions of the rounds share: they are asked at a beta, in protocol units (see `design`)."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.errors import BetaError, RefusedError, TamperedAnswerError
from fedfolder.questions import kept
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.prepared import specification_key
from fedfolder.questions.question import Question
from fedfolder.questions.sums import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.design import Design
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

BETA = "beta.csv"
CANDIDATE = "b1"


@dataclass(frozen=True, slots=True)
class Excluded:
    """Rows that no node computes with: those at which the 0/1 column `column` has `value`.

    Their outcome is always `outcome`, which is why they are left out, and which each node sees for itself.
    """

    column: str
    value: int
    outcome: int

    def declaration(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"column": self.column, "value": self.value, "outcome": self.outcome}


@dataclass(frozen=True, eq=False)
class AtBeta(Question):
    """Something that is computed at `beta`.

    `beta.csv` is `equation,term,b1`.

    Parameters
    ----------
    specification : Specification
        The likelihood and its variables.
    design : Design
        The columns and the protocol constants.
    beta : (P,) float64
        In protocol units, laid out as `Parameters` says.
    tolerance : (P,) float64
        How far a beta that is asked may lie from this one, parameter by parameter.
    excluded : tuple of Excluded
        The rows that are left out.
    """

    specification: Specification
    design: Design
    beta: NDArray[np.float64]
    tolerance: NDArray[np.float64]
    excluded: tuple[Excluded, ...] = ()

    wanted: ClassVar[str] = "derivatives at its beta"

    @functools.cached_property
    def parameters(self) -> Parameters:
        """How beta is laid out."""
        return Parameters.of(self.specification.likelihood, self.design)

    def declaration(self) -> dict[str, Any]:
        """What is computed, and of which parameters."""
        said = {
            "kind": self.kind,
            **self.specification.declaration(),
            "candidates": 1,
            "terms": list(self.design.terms),
            "units": "protocol",
        }
        if self.excluded:
            said["excluded"] = [rows.declaration() for rows in self.excluded]
        return said

    def payloads(self) -> dict[str, bytes]:
        """`beta.csv`."""
        rows: dict[Labels, Values] = {
            label: (float(b),) for label, b in zip(self.parameters.labels, self.beta, strict=True)
        }
        return {BETA: write_table(("equation", "term"), (CANDIDATE,), rows)}

    def units(self) -> dict[str, Any]:
        """The design's constants."""
        return self.design.declaration()

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Self:
        """The same at the server's beta, which must be the plan's to within `tolerance`."""
        if declaration != self.declaration() or set(payloads) != {BETA}:
            raise RefusedError("the question is not the one that the plan comes to", expected=self.wanted)
        return self.at_beta(read_beta(payloads[BETA], self.parameters.labels))

    def at_beta(self, beta: NDArray[np.float64]) -> Self:
        """The same at a `beta` (P,) that lies within `tolerance`.

        Raises
        ------
        BetaError
            If it does not.
        """
        if not np.all(np.abs(beta - self.beta) <= self.tolerance):
            raise BetaError(
                "this beta is not the one that the plan leads to from the published sums",
                expected="the next Newton step",
                do="ask whoever runs the server: nothing was computed",
            )
        return dataclasses.replace(self, beta=beta)

    def included(self, sample: Sample) -> Sample:
        """The rows that are computed with.

        Raises
        ------
        RefusedError
            If rows that are to be left out have another outcome than they are said to have: sums with and without
            chosen rows would give these away.
        """
        sample = self.specification.prepared(sample)
        if not self.excluded:
            return sample
        key = (specification_key(self.specification), self.excluded)
        return kept.once(sample, "included", key, lambda: self._included(sample))

    def _included(self, sample: Sample) -> Sample:
        keep = np.ones(sample.nobs, dtype=np.bool_)
        for place, part in sample.blocks():
            left, y = keep[place], self.specification.rows(part)["y"]
            for rows in self.excluded:
                here = left & (part.column(Column.parse(rows.column)) == rows.value)
                if not np.equal(y[here], rows.outcome).all():
                    raise RefusedError(
                        f"rows at which {rows.column} is {rows.value} are to be left out, and their outcome does vary",
                        where=rows.column,
                        do="ask whoever runs the server: nothing was computed",
                    )
                left &= ~here
        return sample.where(keep)


def read_beta(content: bytes, labels: tuple[tuple[str, str], ...]) -> NDArray[np.float64]:
    """The only beta of `beta.csv`; see `read_betas`."""
    (beta,) = read_betas(content, labels, (CANDIDATE,))
    return beta


def read_betas(
    content: bytes, labels: tuple[tuple[str, str], ...], names: tuple[str, ...]
) -> tuple[NDArray[np.float64], ...]:
    """The candidates (P,) of `beta.csv` with these `names`, for parameters with these equations and terms.

    Raises
    ------
    BetaError
        If one is not finite, lacks terms, has too many, or has others.
    """
    try:
        columns, rows = read_table(content, ("equation", "term"), where=BETA)
    except TamperedAnswerError as error:
        raise BetaError(f"the beta cannot be read: {error.what}", where=error.where, found=error.found) from None
    if columns != names or list(rows) != list(labels):
        raise BetaError(
            "the beta has other terms than the model",
            where=BETA,
            found=", ".join(term for _, term in rows)[:200],
            expected=", ".join(term for _, term in labels),
        )
    return tuple(np.array([rows[label][k] for label in labels]) for k in range(len(names)))
