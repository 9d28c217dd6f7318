"""The line of Stata's `ml` that goes with a fit that it drives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY, Parameter, brief
from fedfolder.command.terms import CONSTANT_NAME
from fedfolder.likelihood import ClusterLikelihood, RowLikelihood
from fedfolder.questions.parameters import ONLY
from fedfolder.stata import columns

if TYPE_CHECKING:
    from fedfolder.server.external import External
    from fedfolder.stata.matching import Codes

EVALUATOR = "fedfolder_d2"


def line(fit: External, codes: Codes, *, as_is: bool, rows: int) -> str:
    """The line to type.

    Parameters
    ----------
    codes : mapping
        The number that stands in memory for each level.
    as_is : bool
        Whether Stata leaves out by itself what the fit leaves out; otherwise every column is written out.
    rows : int
        Rows in memory.
    """
    names = _Names(fit, codes)
    terms = _terms(fit, codes, as_is=as_is)
    depvar, n = fit.specification.outcome, observations(fit)
    equations = [
        f"({names.equation(equation)}: {f'{depvar} = ' if place == 0 else ''}{terms}{rest})"
        for place, (equation, rest) in enumerate(_equations(fit).items())
    ]
    ancillaries = [brief(name) for name in fit.names if name.startswith(ANCILLARY)]
    options = ["search(off)", *_begin(fit, names), *([f"obs({n})"] if rows != n else []), "maximize"]
    return f"ml model d2 {EVALUATOR} {' '.join([*equations, *ancillaries])}, {' '.join(options)}"


def observations(fit: External) -> int:
    """What `ml` takes for n: importance weights may add up to less than 1, and it takes no 0."""
    return max(1, round(fit.observations))


def is_defined_at_zero(fit: External) -> bool:
    """Whether the likelihood of any outcome is defined where all parameters are zero, as `ml` begins.

    A random intercept with no deviation is, and all the same no place to begin: the slope along it is zero there.
    """
    likelihood = fit.specification.likelihood
    if isinstance(likelihood, ClusterLikelihood):
        return False
    if not isinstance(likelihood, RowLikelihood):
        return True
    levels = len(fit.specification.levels)
    outcomes = np.arange(levels, dtype=np.float64) if levels else np.array([fit.layout.totals.mean])
    rows = {role: np.ones(len(outcomes)) for role in likelihood.roles} | {"y": outcomes}
    with np.errstate(all="ignore"):
        found = likelihood.derivatives(rows, np.zeros((likelihood.predictors, len(outcomes))))
    return bool(np.isfinite(found.loglike).all() and np.isfinite(found.hessian).all())


def has_constant(fit: External) -> bool:
    """Whether an equation has a constant in Stata; cut points take its place."""
    return any(Parameter.parse(name).term == CONSTANT_NAME for name in fit.names)


class _Names:
    """What parameters are called in Stata, where the names of equations are free: the fit finds them by their place."""

    def __init__(self, fit: External, codes: Codes) -> None:
        self._codes = codes
        self._outcomes = codes.get(fit.specification.outcome, {})

    def equation(self, equation: str) -> str:
        """`xb`, or `level2` of a level of the outcome."""
        return f"level{self._outcomes[equation]}" if equation else ONLY

    def parameter(self, name: str) -> str:
        """`xb:2.race`, `/cut1`."""
        found = Parameter.parse(name)
        if found.equation == ANCILLARY:
            return brief(name)
        return f"{self.equation(found.equation)}:{columns.named(found.term, self._codes)}"


def _terms(fit: External, codes: Codes, *, as_is: bool) -> str:
    terms, bases = fit.specification.terms, fit.layout.bases
    if as_is and columns.is_plain(terms, bases):
        return columns.typed(terms, codes, bases)
    return columns.written_out(terms, fit.levels, codes, bases, fit.columns)


def _equations(fit: External) -> dict[str, str]:
    """Each equation with the options that it has in Stata."""
    parameters = [Parameter.parse(name) for name in fit.names]
    rest = "" if has_constant(fit) else ", noconstant"
    return {p.equation: rest for p in parameters if p.equation != ANCILLARY}


def _begin(fit: External, names: _Names) -> list[str]:
    """Where `ml` has to begin, if it cannot at zero."""
    if is_defined_at_zero(fit):
        return []
    given = zip(fit.names, fit.start.tolist(), strict=True)
    return [f"init({' '.join(f'{names.parameter(name)}={value!r}' for name, value in given if value)})"]
