"""The value and the derivatives of an expression in coefficients.

f(b + i h e) has the imaginary part h f'(b): with h = 1e-200 that is exact to rounding, and nothing cancels (Squire and
Trapp 1998).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.expression import Estimate, Name
from fedfolder.errors import FedfolderError, FitError
from fedfolder.estimates.coefficients import standard_errors
from fedfolder.estimates.naming import Naming
from fedfolder.questions.expressions import evaluate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.command.expression import Expression
    from fedfolder.estimates.result import FitResult

STEP = 1e-200
"""The imaginary step; its square is zero."""


def value_and_gradient(result: FitResult, expression: Expression) -> tuple[float, NDArray[np.float64]]:
    """The value of an expression at the estimates, and its derivatives by the coefficients, `(p,)`.

    Raises
    ------
    UnknownNameError
        It names a coefficient that the fit does not have.
    FitError
        It names a variable or a text, or has no value at the estimates.
    """
    _check_names(expression)
    p = len(result.names)
    columns = {str(part): _column(result, part) for part in expression.walk() if isinstance(part, Estimate)}
    try:
        # One row a coefficient, in which that one has moved, and one in which none has.
        found = np.broadcast_to(np.asarray(evaluate(expression, columns), dtype=np.complex128), (p + 1,))
    except FedfolderError as error:
        if isinstance(error, FitError):
            raise
        raise FitError("this has no value after a fit", found=str(expression), expected=error.what) from None
    value, gradient = float(found[p].real), found[:p].imag / STEP
    if not np.isfinite(found).all() or not np.isfinite(gradient).all():
        raise FitError(
            "this expression has no value or no derivative at the estimates",
            found=str(expression),
            do="look for a division by zero, or the logarithm of what is not positive",
        )
    return value, gradient


def _check_names(expression: Expression) -> None:
    """Refuse a variable: it has no value here."""
    for part in expression.walk():
        if isinstance(part, Name):
            raise FitError(
                "this has no value after a fit",
                found=str(part),
                expected="numbers, coefficients and functions of them",
                do=f"write _b[{part}] for the coefficient of {part}",
            )


def _column(result: FitResult, part: Estimate) -> NDArray[np.complex128]:
    """An estimate in each row, `(p + 1,)`."""
    name = _name(result, part)
    p = len(result.names)
    values = np.zeros(p + 1, dtype=np.complex128)
    if name is not None:
        i = result.names.index(name)
        values += result.beta[i] if part.kind == "b" else standard_errors(result)[i]
        values[i] += STEP * 1j if part.kind == "b" else 0
    return values


def _name(result: FitResult, part: Estimate) -> str | None:
    found = Naming(result).meant(part.name)
    if len(found) > 1:
        raise FitError(
            "this coefficient stands in several equations",
            found=str(part),
            expected=f"one of {', '.join(name for name in found if name)}",
            do=f"name the equation, as in _{part.kind}[{found[0]}]",
        )
    return found[0]
