"""Stata's return codes for our errors: one of Stata's own where it means the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder import errors

if TYPE_CHECKING:
    from fedfolder.errors import FedfolderError

BREAK = 1
"""`--Break--`."""
SYNTAX = 198
"""Also what click cannot read: an option or a command that there is not."""
OTHERWISE = 498
"""Free for programs; its meaning is in the message."""

CODES: dict[type[FedfolderError], int] = {
    errors.FedfolderError: OTHERWISE,
    errors.CommandError: SYNTAX,
    errors.UnknownNameError: 111,  # variable not found
    errors.VariableError: 459,  # something that should be true of your data is not
    errors.DataFileError: 601,  # file not found
    errors.ExchangeError: 603,  # file could not be opened
    errors.HomeInUseError: 310,  # not possible because object(s) in use
    errors.MessageError: 688,  # file is corrupt
    errors.AlarmError: 9,  # assertion is false
    errors.VersionError: 610,  # file not Stata format: what Stata says of a file of a newer release
    errors.WaitingError: OTHERWISE,
    errors.RefusedError: OTHERWISE,
    errors.FitError: 430,  # convergence not achieved
    errors.ConfigError: SYNTAX,
    errors.JournalError: 688,
    errors.BetaError: 480,  # starting values invalid or some RHS variables have missing values
    errors.TamperedAnswerError: 9,
    errors.DataChangedError: 9,
    errors.DifferenceError: 9,
    errors.PolicyError: OTHERWISE,
    errors.RejectedError: OTHERWISE,
    errors.AuditError: 9,
    errors.RevokedKeyError: 9,
    errors.DifferentQuestionsError: 9,
}
"""The return code of each class."""

AS_REFUSED = {"UnknownName": CODES[errors.UnknownNameError], "Variable": CODES[errors.VariableError]}
"""The return codes of refusals that are about the command, by what nodes call them."""


def return_code(error: FedfolderError) -> int:
    """The return code of an error: that of its class, or of the nearest above it.

    Where nodes refused for a reason that Stata has a code for, it is that one: a variable that they have not is 111.
    """
    if isinstance(error, errors.RefusedError) and len(error.codes) == 1:
        return AS_REFUSED.get(next(iter(error.codes)), OTHERWISE)
    return next(CODES[cls] for cls in type(error).__mro__ if cls in CODES)


def of_exit_code(exit_code: int) -> int:
    """The return code of what ended with one of our exit codes; see docs/errors.md."""
    codes = {cls.exit_code: code for cls, code in CODES.items()}
    return {0: 0, 2: SYNTAX, 130: BREAK}.get(exit_code, codes.get(exit_code, OTHERWISE))
