"""The question after a site's own estimate: where the fit of all may begin.

Each site takes Newton's steps over its own rows, from where a fit begins to near its maximum. With the score s_k and
the information I_k at the last beta, b_k = beta + I_k^-1 s_k is its estimate. It answers with I_k and with
I_k b_k = I_k beta + s_k, in the units of the data. Both add: (sum I_k)^-1 sum I_k b_k is the mean of the estimates
weighted by what each site knows, and a site that knows nothing of a coefficient has no say in it. A site without an
estimate answers with zeros.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.likelihood.base import ROUNDING
from fedfolder.plan.protocol import first_design
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums
from fedfolder.questions.together import Together
from fedfolder.solve.information import scaled, scaling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.plan.few import FewTrips
    from fedfolder.questions.evaluation import Evaluation
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

    Array = NDArray[np.float64]

SITES = "sites"
WEIGHTED = "weighted"
"""The column of I b."""


@dataclass(frozen=True, eq=False)
class OwnEstimate(Question):
    """A site's own estimate, multiplied by its information; and its information.

    The answer is `equation,term` with the column `weighted` (I b) and a column of the information for each parameter,
    in the units of the data; the scalar `sites` is 1 from a site that has an estimate. Without one, all is zero.

    Parameters
    ----------
    specification : Specification
        What is fitted.
    few : FewTrips
        With the levels that columns are made from.
    terms : tuple of str
        The columns that everyone knows, without the constant.
    found : Evaluation or None
        The site's own estimate, once it is known there.
    is_withheld : bool
        Whether this site answers with zeros, whatever its estimate.
    """

    specification: Specification
    few: FewTrips
    terms: tuple[str, ...]
    found: Evaluation | None = None
    is_withheld: bool = False

    kind: ClassVar[str] = "own estimate"
    asks: ClassVar[str] = (
        "this site's own estimate of every coefficient, from its rows alone, and its information, where its policy "
        "lets these leave; what is published is their sum over the sites"
    )
    answer_name: ClassVar[str] = "estimate.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("equation", "term")

    @property
    def betas(self) -> int:
        """One, which the site finds itself; none where nothing leaves."""
        return int(not self.is_withheld)

    @property
    def parameters(self) -> Parameters:
        """How estimates are laid out."""
        design = first_design(self.terms, {}, 1.0, constant=self.specification.constant)
        return Parameters.of(self.specification.likelihood, design)

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Equation and term of each parameter."""
        return self.parameters.labels

    @property
    def columns(self) -> tuple[str, ...]:
        """The heading of the answer's values."""
        return (WEIGHTED, *(f"{equation}:{term}" for equation, term in self.labels))

    def declaration(self) -> dict[str, Any]:
        """What is fitted, and its columns."""
        said = {"kind": self.kind, **self.specification.declaration(), "units": "of the data"}
        return {**said, "terms": [term for _, term in self.labels]}

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """Itself: there is nothing in it that may differ. RefusedError otherwise."""
        if declaration != self.declaration() or payloads:
            raise RefusedError("the question is not the one that the plan begins with", expected=self.kind)
        return self

    # -- at a node -------------------------------------------------------------------------------------------------

    def withheld(self) -> OwnEstimate:
        """The same, answered with zeros."""
        return dataclasses.replace(self, found=None, is_withheld=True)

    def estimated(self, sample: Sample) -> OwnEstimate:
        """The same with the site's estimate; withheld where there is none."""
        if self.found is not None or self.is_withheld:
            return self
        # It runs the program of a fit, whose proposals name this kind of question.
        from fedfolder.plan.own_fit import estimate

        found = estimate(self, sample)
        return self.withheld() if found is None else dataclasses.replace(self, found=found)

    def compute(self, sample: Sample) -> Sums:
        """I b and I at the site's own estimate b."""
        found, count = self.estimated(sample).found, len(self.labels)
        nothing = self._answer(0.0, np.zeros(count), np.zeros((count, count)))
        if found is None:
            return nothing
        to_protocol = from_user(found.parameters)
        there = found.derivatives(found.compute(sample))
        information = -there.hessian
        weighted = to_protocol.T @ (information @ found.beta + there.score)
        information = to_protocol.T @ information @ to_protocol
        if not (np.isfinite(information).all() and np.isfinite(weighted).all()):
            return nothing
        lower = np.tril(information)
        answer = self._answer(1.0, weighted, lower + np.tril(information, -1).T)
        return answer if _is_upward(self.information(answer)) else nothing

    def _answer(self, sites: float, weighted: Array, information: Array) -> Sums:
        rows: dict[Labels, Values] = {
            label: (float(weighted[j]), *map(float, information[j])) for j, label in enumerate(self.labels)
        }
        return Sums({SITES: sites}, self.answer_keys, self.columns, rows)

    # -- the sums --------------------------------------------------------------------------------------------------

    def check(self, answer: Sums, *, where: str) -> None:
        """Rows and columns as asked, and an information that can be one at a maximum."""
        if list(answer.rows) != list(self.labels) or answer.columns != self.columns:
            raise TamperedAnswerError("this answer has other parameters than were asked for", where=where)
        if set(answer.scalars) != {SITES}:
            raise TamperedAnswerError("this answer has other scalars than were asked for", where=where)
        if not whole(answer.scalars[SITES], SITES, where=where) and any(map(any, answer.rows.values())):
            raise TamperedAnswerError("there is an estimate in this answer, and no site that has one", where=where)
        information = self.information(answer)
        if not np.array_equal(information, information.T):
            raise TamperedAnswerError("the information in this answer is not symmetric", where=where)
        if not _is_upward(information):
            raise TamperedAnswerError("the information in this answer is none at a maximum", where=where)

    def information(self, sums: Sums) -> Array:
        """The sum of the I_k (P, P)."""
        count = len(self.labels)
        return np.array([row[1:] for row in sums.rows.values()]).reshape(count, count)


def without_own(question: Question) -> Question:
    """The question, answered with zeros where it asks for a site's own estimate."""
    match question:
        case Together():
            return question.each(without_own)
        case OwnEstimate():
            return question.withheld()
        case _:
            return question


def _is_upward(information: Array) -> bool:
    """Whether it is a sum of squares but for rounding: of a likelihood that is not concave it may not be."""
    if not information.size:
        return True
    by = scaling(information)
    return float(np.linalg.eigvalsh(scaled(information, by))[0]) >= -ROUNDING * len(information)


def from_user(parameters: Parameters) -> Array:
    """V (P, P), which leads from the units of the data to those of a design without mixing: b = V g."""
    design = parameters.design
    v = np.diag([*(1.0 / scale for scale in design.scales), *([1.0] if design.constant else [])])
    if design.constant:
        v[-1, : len(design.columns)] = design.centres
    return parameters.spread(v)
