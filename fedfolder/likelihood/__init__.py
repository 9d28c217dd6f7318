"""The likelihoods: pure functions of outcome and linear predictor, in one registry."""

from __future__ import annotations

from fedfolder.likelihood.base import Likelihood, ObservationDerivatives
from fedfolder.likelihood.logit import Logit
from fedfolder.likelihood.regress import Regress

LIKELIHOODS: dict[str, Likelihood] = {likelihood.name: likelihood for likelihood in (Logit(), Regress())}
"""Every likelihood by its name, which is the name of its command."""

__all__ = ["LIKELIHOODS", "Likelihood", "ObservationDerivatives"]
