"""Newton's method as a generator: it asks for derivatives and knows nothing of where they come from."""

from __future__ import annotations

from fedfolder.solve.derivatives import Derivatives
from fedfolder.solve.information import NotConcave, condition, invert, solve
from fedfolder.solve.newton import Iteration, Solution, Status, maximize

__all__ = ["Derivatives", "Iteration", "NotConcave", "Solution", "Status", "condition", "invert", "maximize", "solve"]
