"""When two fits are the same but for rounding."""

from __future__ import annotations

import numpy as np
import pytest


def alike(found, other, tolerance=1e-9, *, loglike=1e-11, names=True):
    """Both converged, with estimates within so many standard errors, and standard errors and log-likelihoods so near.

    Parameters
    ----------
    tolerance, loglike : float
        Of estimates and standard errors; of the log-likelihood, relative.
    names : bool
        Whether parameters have the same names.
    """
    assert (found.status, other.status) == ("converged", "converged")
    assert found.names == other.names or not names
    bse = other.bse.to_numpy()
    assert np.max(np.abs(found.beta - other.beta) / bse) <= tolerance
    np.testing.assert_allclose(found.bse.to_numpy(), bse, rtol=tolerance)
    assert found.llf == pytest.approx(other.llf, rel=loglike)
