"""What a user tells `ml` and no node hears of.

The nodes compute what was proposed to them. A condition, weights or an offset in the line of `ml`, or other data than
the stub, would change nothing but what the result is taken for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError, VariableError

if TYPE_CHECKING:
    from fedfolder.stata.bridge import Stata

MARK = "fedfolder_stub"
"""The characteristic of a data set that says of which fit it is the stub."""


def mark(fit: str, variables: list[str]) -> str:
    """The mark of a fit's stub with these variables."""
    return f"{fit}: {' '.join(variables)}"


def is_stub(stata: Stata) -> bool:
    """Whether there is nothing in memory but a stub."""
    found = stata.characteristic(MARK)
    return bool(found) and found == mark(found.rpartition(": ")[0], stata.variables())


def require_heeded(stata: Stata, fit: str, count: int) -> None:
    """Refuse what the nodes would not hear of; asked within a call of an evaluator.

    Parameters
    ----------
    fit : str
        The fit that is open, as its mark names it.
    count : int
        The rows of its stub.

    Raises
    ------
    VariableError
        If the data in memory are others, or `ml` leaves out rows of them.
    ConfigError
        If `ml` was given weights or an offset.
    """
    if stata.characteristic(MARK).rpartition(": ")[0] != fit:
        raise VariableError(
            "the data in memory are not the stub of the fit that is open",
            where="ml",
            do="type the line of fedfolder stub again, then that of ml",
        )
    used = _used(stata)
    if used != count:
        raise VariableError(
            "ml leaves out rows of the stub, and the nodes would leave out none",
            where="ml",
            found=f"{used} rows",
            expected=str(count),
            do="put the condition into the command: fedfolder stub ... if ...",
        )
    for what in _options(stata):
        raise ConfigError(
            f"ml was given {what}, of which the nodes do not hear",
            where="ml",
            do="put it into the command: fedfolder stub ...",
        )


def _used(stata: Stata) -> int:
    """The rows that `ml` uses: it drops the others from memory, or marks those that it uses ([R] ml, nopreserve)."""
    marked = stata.macro("ML_samp")
    if marked not in stata.variables():
        return stata.rows()
    return sum(1 for used in stata.column(marked) if used == 1)


def _options(stata: Stata) -> list[str]:
    """What else `ml` was told, as its global macros say."""
    equations = range(1, 1 + int(stata.macro("ML_n") or 0))
    found = ["weights"] if stata.macro("ML_wtyp") else []
    return found + ["an offset" for i in equations if stata.macro(f"ML_xo{i}") or stata.macro(f"ML_xe{i}")]
