"""What goes wrong in a Stata, and what goes wrong with the stand-in: our reading of [R] Error messages."""

from __future__ import annotations

MESSAGES = {
    1: "--Break--",
    2: "connection timed out",
    7: "type mismatch",
    9: "assertion is false",
    100: "varlist required",
    101: "varlist not allowed",
    102: "too few variables specified",
    103: "too many variables specified",
    109: "type mismatch",
    110: "already defined",
    111: "not found",
    119: "statement out of context",
    121: "invalid numlist",
    132: "too many '(' or '['",
    133: "unknown function",
    197: "invalid syntax",
    198: "invalid syntax",
    199: "unrecognized command",
    301: "last estimates not found",
    321: "requested action not valid after most recent estimation command",
    322: "something that should be true of your estimation results is not",
    416: "missing values encountered",
    430: "convergence not achieved",
    459: "something that should be true of your data is not",
    480: "starting values invalid or some RHS variables have missing values",
    498: "",
    503: "conformability error",
    504: "matrix has missing values",
    505: "matrix not symmetric",
    506: "matrix not positive definite",
    507: "name conflict",
    509: "matrix operators that return matrices not allowed in this context",
    601: "file not found",
    602: "file already exists",
    603: "file could not be opened",
    608: "file is read-only",
    610: "file not Stata format",
    1400: "numerical overflow",
    2000: "no observations",
    7100: "unable to initialize Python",
    7101: "Python executable changed",
    7102: "Python error",
    7103: "Python error in script or import",
}
"""Return codes with the message that Stata's `error #` shows."""


class StataError(Exception):
    """An error in Stata: a return code, and a message unless it was shown already (or never is)."""

    def __init__(self, rc: int, message: str = "") -> None:
        super().__init__(f"r({rc}); {message}")
        self.rc = rc
        self.message = message


def standard(rc: int) -> StataError:
    """The error that `error #` makes, with Stata's own message."""
    return StataError(rc, MESSAGES.get(rc, ""))


class OutsideSubset(BaseException):
    """The stand-in was asked for something that it does not do."""
