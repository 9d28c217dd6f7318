"""A stand-in for Stata, for the tests: our reading of its manuals; no Stata has confirmed it.

`Session` is one Stata: what is in its memory, its Results window, and as much of its language as our ado files and
do-files use. What is outside of that fails loudly (`OutsideSubset`), so that nothing passes by accident.
"""

from __future__ import annotations

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.session import Session

__all__ = ["OutsideSubset", "Session", "StataError"]
