"""The likelihoods: pure functions of what is observed and linear predictors, in one registry."""

from __future__ import annotations

import functools

from fedfolder.errors import UnknownNameError, nearest
from fedfolder.likelihood import installed
from fedfolder.likelihood.base import (
    Likelihood,
    ObservationDerivatives,
    RiskLikelihood,
    RowLikelihood,
    SetDerivatives,
    SetLikelihood,
    Totals,
)
from fedfolder.likelihood.binary import Cloglog, Logit, Probit
from fedfolder.likelihood.clogit import ConditionalLogit
from fedfolder.likelihood.clusters import ClusterLikelihood, Clusters
from fedfolder.likelihood.glm import every_glm, glm_name
from fedfolder.likelihood.mixed import every_mixed
from fedfolder.likelihood.mlogit import MultinomialLogit
from fedfolder.likelihood.nbreg import NegativeBinomial
from fedfolder.likelihood.ordinal import OrderedLogit, OrderedProbit
from fedfolder.likelihood.poisson import Poisson
from fedfolder.likelihood.regress import Regress
from fedfolder.likelihood.stcox import Breslow, Efron, stcox_name
from fedfolder.likelihood.stpm2 import every_stpm2, stpm2_name
from fedfolder.likelihood.streg import every_streg, streg_name

LIKELIHOODS: dict[str, Likelihood] = {
    likelihood.name: likelihood
    for likelihood in (
        Logit(),
        Probit(),
        Cloglog(),
        Regress(),
        Poisson(),
        NegativeBinomial(),
        *every_glm(),
        MultinomialLogit(),
        OrderedLogit(),
        OrderedProbit(),
        ConditionalLogit(),
        *every_streg(),
        Breslow(),
        Efron(),
        *every_stpm2(),
    )
}
"""Every likelihood that is built in by its name: the command, with family and link for a `glm`, the distribution for a
`streg` or a `mestreg`, the way with ties for a `stcox`, the scale for a `stpm2`."""

LIKELIHOODS.update(
    (likelihood.name, likelihood)
    for likelihood in every_mixed({name: rows for name, rows in LIKELIHOODS.items() if isinstance(rows, RowLikelihood)})
)

_COMMANDS = frozenset(name.split()[0] for name in LIKELIHOODS)


def names() -> tuple[str, ...]:
    """The names of all likelihoods, those first that are built in; installed ones are named without being loaded."""
    return (*LIKELIHOODS, *installed.usable(_COMMANDS))


def find(name: str) -> Likelihood:
    """The likelihood with this name: a built-in one, or else an installed one.

    Raises
    ------
    UnknownNameError
        If there is none.
    ConfigError
        If an installed one is broken. Those that are built in can be used all the same.
    """
    return LIKELIHOODS[name] if name in LIKELIHOODS else _installed(name)


@functools.cache
def _installed(name: str) -> Likelihood:
    usable = installed.usable(_COMMANDS)
    if name in usable:
        return installed.load(usable[name])
    points = installed.entry_points()
    for point in points:
        if (problem := installed.problem(point, points, _COMMANDS)) is not None:
            raise problem
    raise UnknownNameError(f"there is no model {name!r}", do=nearest(name, names()))


__all__ = [
    "LIKELIHOODS",
    "ClusterLikelihood",
    "Clusters",
    "Likelihood",
    "ObservationDerivatives",
    "RiskLikelihood",
    "RowLikelihood",
    "SetDerivatives",
    "SetLikelihood",
    "Totals",
    "find",
    "glm_name",
    "names",
    "stcox_name",
    "stpm2_name",
    "streg_name",
]
