"""A node whose data are in Stata's memory and whose likelihood is Mata. Experimental.

All that a node checks and remembers stays as it is. What differs is who holds the data and who makes the sums of an
evaluation: Mata, over a frame of its own that holds outcome, offset, weight and the columns in protocol units.

The site can put a likelihood of its own in the place of a model's. Then no Python knows the model: limits on what
leaves at a beta, and scores, are computed from the rows that this Mata function gives (`Replaced`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from fedfolder.errors import DataFileError, RefusedError
from fedfolder.likelihood.base import RowLikelihood
from fedfolder.node.data import held_in
from fedfolder.node.tables import read_tables
from fedfolder.plan.own import OwnEstimate
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.together import Together, single
from fedfolder.stata import memory
from fedfolder.stata.mata import BUILT_IN, Replaced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from fedfolder.likelihood import Likelihood
    from fedfolder.node.readers import Frame
    from fedfolder.node.reading import Reading
    from fedfolder.node.sources import Opened
    from fedfolder.node.tables import TableFile
    from fedfolder.questions.held import Held
    from fedfolder.questions.lookup import Table
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Sums
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.mata import Computing

Asked = TypeVar("Asked", bound=AtBeta)


@dataclass(frozen=True, slots=True)
class InStata:
    """Data in a frame of Stata, and Mata, which computes: a `fedfolder.node.holding.Holding`.

    Parameters
    ----------
    frame, current : str
        The frame with the data, and the current one.
    reading : Reading
        What node.toml fixes.
    beside : mapping of str to TableFile
        The site's tables.
    """

    stata: Stata
    frame: str
    current: str
    reading: Reading
    computing: Computing = field(repr=False)
    beside: Mapping[str, TableFile] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The frame, and what is computed by other likelihoods than a model's."""
        own = "".join(f"; {model} by {name}()" for model, name in self.computing.replaced.items())
        return f"{memory.where(self.frame)}{own}"

    def require_data(self) -> None:
        """Refuse a frame that is not there, or holds nothing.

        Raises
        ------
        DataFileError
        """
        if not self._opened().source.fields:
            raise DataFileError("there are no data in this frame", where=self.where, do="use them first")

    def variables(self, names: Iterable[str]) -> Frame:
        """The named columns, every row."""
        return self._opened().frame(list(dict.fromkeys(names)))

    def held(self, names: Iterable[str], released: Collection[str]) -> Held:
        """What there is of the variables of a dictionary."""
        return held_in(self._opened(), names, released)

    def _opened(self) -> Opened:
        return memory.opened(self.stata, self.frame, self.current, self.reading)

    def tables(self, wanted: Mapping[str, tuple[str, ...]]) -> Mapping[str, Table]:
        """Tables of the site beside its data, which are files as at any node."""
        return read_tables(self.beside, wanted)

    def require(self, specification: Specification) -> None:
        """Refuse models that Mata has no function for, or that are about more than an outcome and one predictor."""
        require_simple(specification.likelihood)
        if not self.computing.function(specification):
            raise _not_here(specification.name)

    def meant(self, question: Question) -> Question:
        """The question with the likelihood that this site has put in the model's place."""
        match question:
            case Together():
                return question.each(self.meant)
            case Candidates():
                return question.each(self._replaced)
            case AtBeta():
                return self._replaced(question)
            case _:
                return question

    def _replaced(self, question: Asked) -> Asked:
        specification = question.specification
        function = self.computing.replacement(specification)
        if not function:
            return question
        likelihood = Replaced(require_simple(specification.likelihood), function, self.computing)
        return dataclasses.replace(question, specification=dataclasses.replace(specification, likelihood=likelihood))

    def own_likelihood(self, question: Question) -> str:
        """The Mata function in the place of the model's likelihood."""
        asked = [part.specification for part in single(question) if isinstance(part, AtBeta)]
        return next(filter(None, map(self.computing.replacement, asked)), "")

    def compute(self, question: Question, sample: Sample) -> Sums:
        """Evaluations by Mata; all else by Python on the same rows."""
        match question:
            case Together():
                return question.together([self.compute(part, sample) for part in question.questions])
            case Candidates():
                return question.together(*(self._evaluated(part, sample) for part in question.evaluations))
            case OwnEstimate() if self.computing.replacement(question.specification):
                # The search for a site's own estimate would be one in the model's likelihood, not in this site's.
                return question.withheld().compute(sample)
            case Evaluation():
                return self._evaluated(question, sample)
            case _:
                return self.meant(question).compute(sample)

    def _evaluated(self, question: Evaluation, sample: Sample) -> Sums:
        self.require(question.specification)
        self.computing.require_room(question.parameters.count)
        answer = question.answer(self.computing.contribution(question, sample), sample)
        # A server takes a likelihood for the model that it asked for: what it would call tampering is said here.
        question.check(answer, where=f"what Mata's {self.computing.function(question.specification)}() gives")
        return answer


def require_simple(likelihood: Likelihood) -> RowLikelihood:
    """A likelihood of an outcome and one linear predictor.

    Raises
    ------
    RefusedError
        For another one.
    """
    simple = isinstance(likelihood, RowLikelihood) and likelihood.predictors == 1 and not likelihood.categorical
    if not isinstance(likelihood, RowLikelihood) or not simple or likelihood.roles or likelihood.also:
        raise _not_here(likelihood.name)
    return likelihood


SAME = {
    "glm family(binomial) link(logit)": "logit",
    "glm family(binomial) link(probit)": "probit",
    "glm family(poisson) link(log)": "poisson",
    "glm family(gaussian) link(identity)": "regress",
    "streg distribution(exponential)": "poisson of the failure, with the time at risk as exposure()",
}
"""Models that Mata computes under another name."""


def _not_here(model: str) -> RefusedError:
    same = f"{SAME[model]} is the same model; or " if model in SAME else ""
    do = f"{same}save the data, and run this node outside of Stata: fedfolder node run"
    what = f"this node computes in Stata, which has no likelihood for {model} here"
    models = ", ".join(BUILT_IN)
    return RefusedError(what, where=model, expected=models, do=do, reason=f"{what}, but for {models}: {do}")
