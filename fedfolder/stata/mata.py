"""Sums of an evaluation, and rows of a likelihood, by Mata. Experimental."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import ConfigError, RefusedError
from fedfolder.likelihood.base import ObservationDerivatives, RowLikelihood
from fedfolder.questions.compute import Contribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows
    from fedfolder.questions.evaluation import Evaluation
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.frame import DataFrame

BUILT_IN = {model: f"fedfolder_{model}" for model in ("logit", "probit", "cloglog", "poisson", "regress")}
"""The Mata function of each model that `_fedfolder_compute.ado` has."""
HEAD = ("y", "offset", "weight", "ll", "s", "h")
FRAME, CONSTANT_FRAME, ROWS_FRAME = "_fedfolder", "_fedfolder_constant", "_fedfolder_rows"
"""Frames for an evaluation, for that of the constant alone beside it, and for rows whose eta is known."""


class Computing:
    """Sums by Mata.

    Parameters
    ----------
    stata : Stata
    replaced : mapping of str to str
        Models and the Mata functions that this site puts in their place.
    """

    def __init__(self, stata: Stata, replaced: Mapping[str, str]) -> None:
        self.replaced = dict(replaced)
        self._stata = stata
        self._filled: dict[str, tuple[Any, ...]] = {}

    def function(self, specification: Specification) -> str:
        """The Mata function for a likelihood; `""` if there is none.

        The least squares that prepare another model's fit are ours, whatever stands in the place of a regression.
        """
        name = specification.name
        return self.replacement(specification) or BUILT_IN.get(name, "")

    def replacement(self, specification: Specification) -> str:
        """What this site has put in the place of the model that was asked for; `""` for nothing."""
        name = specification.name
        return self.replaced.get(name, "") if name == specification.command.likelihood else ""

    def require_room(self, count: int) -> None:
        """Refuse more parameters than this Stata has room for.

        Raises
        ------
        RefusedError
        """
        rows, variables = self._stata.largest_matrix, self._stata.most_variables
        if count > rows or count + len(HEAD) > variables:
            raise RefusedError(
                f"the matrices of this Stata end at {rows} rows, and its data sets at {variables} variables",
                found=f"{count} parameters",
                do="use a larger edition of Stata, or run this node outside of Stata: fedfolder node run",
            )

    def contribution(self, question: Evaluation, sample: Sample) -> Contribution:
        """Log-likelihood, score and Hessian over the rows of `sample`.

        Raises
        ------
        ConfigError
            If Stata does not compute them.
        VariableError
            If an outcome cannot be one of the model's.
        """
        p, frame = question.parameters.count, FRAME if question.design.columns else CONSTANT_FRAME
        sample = self._fill(frame, question, sample)
        if not sample.nobs:
            return Contribution.nothing(p)
        self._compute(frame, self.function(question.specification), question.beta)
        loglike = math.nan if self._stata.scalar("_fedfolder_missing") else self._stata.scalar("_fedfolder_ll")
        score, hessian = self._stata.matrix("_fedfolder_s"), self._stata.matrix("_fedfolder_h")
        return Contribution(loglike, score.reshape(p), hessian.reshape(p, p))

    def rows(self, function: str, y: Array, eta: Array) -> tuple[Array, Array, Array]:
        """The log-likelihood of rows and its derivatives by `eta`, (n,) each; NaN where it is not defined.

        Raises
        ------
        ConfigError
            If Stata does not compute them.
        """
        if not len(y):
            return np.zeros(0), np.zeros(0), np.zeros(0)
        made = self._new(ROWS_FRAME, {"y": y, "offset": eta, "weight": np.ones_like(y)}, {"z1": np.zeros_like(y)})
        self._compute(ROWS_FRAME, function, np.zeros(1))
        return made.numbers("ll"), made.numbers("s"), made.numbers("h")

    def close(self) -> None:
        """Let go of the frames."""
        for frame in (FRAME, CONSTANT_FRAME, ROWS_FRAME):
            self._require_ours(frame)
            self._stata.drop_frame(frame)
        self._filled.clear()

    def _compute(self, frame: str, function: str, beta: NDArray[np.float64]) -> None:
        self._stata.set_matrix("_fedfolder_b", beta[:, np.newaxis])
        self._stata.set_scalar("_fedfolder_missing", math.nan)
        ran = self._stata.runs(f"frame {frame}: _fedfolder_compute {function}")
        if not ran or math.isnan(self._stata.scalar("_fedfolder_missing")):
            raise ConfigError(
                "Stata did not compute the log-likelihood",
                where=f"the Mata function {function}()",
                do="see the message above; nothing was answered, and the question still stands",
            )

    def _fill(self, frame: str, question: Evaluation, sample: Sample) -> Sample:
        """Put the rows into a frame, unless they are there; return those that are computed with."""
        key = (question.specification, question.design, question.excluded)
        before = self._filled.get(frame)
        if before is not None and before[0] is sample and before[1] == key:
            return before[2]  # type: ignore[no-any-return]
        included, specification = question.included(sample), question.specification
        ones, offset, weights = np.ones(included.nobs), specification.offset(included), specification.weights(included)
        observed = {
            "y": specification.rows(included)["y"],
            "offset": 0.0 * ones if offset is None else offset,
            "weight": ones if weights is None else weights,
        }
        z = np.empty((included.nobs, len(question.design.terms)))
        for rows, block in question.design.blocks(included):
            z[rows] = block
        self._filled.pop(frame, None)
        if included.nobs:
            self._new(frame, observed, {f"z{j + 1}": column for j, column in enumerate(z.T)})
        self._filled[frame] = sample, key, included
        return included

    def _new(self, frame: str, observed: Mapping[str, Array], columns: Mapping[str, Array]) -> DataFrame:
        """A frame in the order that `_fedfolder_compute.ado` expects."""
        self._require_ours(frame)
        made, nothing = self._stata.new_frame(frame), np.zeros(len(observed["y"]))
        try:
            made.fill({**observed, **dict.fromkeys(HEAD[3:], nothing), **columns})
        except BaseException:
            # Half of it would be taken for a user's.
            self._stata.drop_frame(frame)
            raise
        return made

    def _require_ours(self, frame: str) -> None:
        """Never drop a frame of the user's."""
        found = self._stata.frame(frame)
        if found is not None and tuple(found.names[: len(HEAD)]) != HEAD:
            raise ConfigError(
                f"the frame {frame} holds other data",
                where="Stata's memory",
                do="rename it: fedfolder makes frames of this name",
            )


class Replaced(RowLikelihood):
    """A model whose likelihood this site has replaced, row by row; the rest is the model's."""

    def __init__(self, model: RowLikelihood, function: str, computing: Computing) -> None:
        self.model = model
        self.name, self.title, self.expected = model.name, model.title, model.expected
        self.concave, self.curved, self.highest = model.concave, model.curved, model.highest
        self._function, self._computing = function, computing

    def outcome(self, values: Array) -> Array:
        """The model's."""
        return self.model.outcome(values)

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """As the model has it."""
        return self.model.can_have(rows)

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """Those of the Mata function."""
        value, slope, bend = self._computing.rows(self._function, rows["y"], eta[0])
        return ObservationDerivatives(value, slope[None], bend[None, None])
