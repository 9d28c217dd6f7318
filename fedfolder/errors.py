"""Everything that can go wrong on purpose: one tree, an exit code a class.

A message says what happened, where, what was found, what was expected and what to do next. Nothing of anyone's data
stands in an error: names of files, variables and nodes do, values do not.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class FedfolderError(Exception):
    """The root of the tree.

    Parameters
    ----------
    what : str
        What happened, as a sentence without a full stop.
    where : str
        The file, folder, node, variable or message it happened at.
    found, expected : str
        What was there, and what should have been.
    do : str
        The next thing that the reader can do.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", found: str = "", expected: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.do = do

    def __str__(self) -> str:
        """One line for what happened, one for each further part that is known."""
        parts = {"where": self.where, "found": self.found, "expected": self.expected, "to do": self.do}
        return "\n".join([self.what, *(f"  {name + ':':<10}{text}" for name, text in parts.items() if text)])


class CommandError(FedfolderError):
    """A command that does not parse; `position` (0-based) is where in `text` a caret goes."""

    exit_code = 3

    def __init__(self, what: str, *, text: str, position: int, expected: str = "", do: str = "") -> None:
        super().__init__(what, expected=expected, do=do)
        self.text = text
        self.position = position

    def __str__(self) -> str:
        """The message with the command below it and a caret under the place."""
        head, *rest = super().__str__().split("\n")
        return "\n".join([head, f"    {self.text}", f"    {' ' * self.position}^", *rest])


class UnknownNameError(FedfolderError):
    """A model, option, variable or node that nobody knows."""

    exit_code = 4


class VariableError(FedfolderError):
    """A variable that cannot be used as the command asks: text for a number, types that differ between nodes."""

    exit_code = 5


class DataFileError(FedfolderError):
    """A data file that is missing, of an unknown kind, or not what its name says."""

    exit_code = 6


class ExchangeError(FedfolderError):
    """The exchange is missing, read-only, full or otherwise out of reach."""

    exit_code = 7


class HomeInUseError(FedfolderError):
    """Two homes, or two daemons, where there can be only one."""

    exit_code = 8


class MessageError(FedfolderError):
    """A message that cannot be accepted as it stands: torn, foreign, oversized, unsigned, malformed."""

    exit_code = 9


class AlarmError(FedfolderError):
    """Something that cannot happen by accident: a changed key, two contents under one identity, a rolled-back home."""

    exit_code = 10


class VersionError(FedfolderError):
    """Written by a version of fedfolder that this one does not know."""

    exit_code = 11


class WaitingError(FedfolderError):
    """The time given to wait for others is over; nothing is lost and the run can be resumed."""

    exit_code = 12


class RefusedError(FedfolderError):
    """A node refused; the reason is its own and says nothing about its data.

    `codes` are those of the refusals, as the nodes sent them: the names of classes here, without `Error`. `reason` is
    what a node sends along in words: of itself and of what was asked, and nothing of its data or files.
    """

    exit_code = 13

    def __init__(
        self,
        what: str,
        *,
        codes: Iterable[str] = (),
        reason: str = "",
        where: str = "",
        found: str = "",
        expected: str = "",
        do: str = "",
    ) -> None:
        super().__init__(what, where=where, found=found, expected=expected, do=do)
        self.codes = frozenset(codes)
        self.reason = reason


class FitError(FedfolderError):
    """There is no estimate to report: separation, no variation, no convergence."""

    exit_code = 14


class ConfigError(FedfolderError):
    """A study.toml, node.toml or policy.toml that is missing, malformed or contradicts itself."""

    exit_code = 15


class JournalError(FedfolderError):
    """The home's own journal is missing, damaged or of another home."""

    exit_code = 16


class BetaError(FedfolderError):
    """A beta that cannot be evaluated: not finite, too few or too many terms, other names."""

    exit_code = 17


class TamperedAnswerError(FedfolderError):
    """An answer that cannot be sums of derivatives: not finite, not symmetric, other labels, another number of rows."""

    exit_code = 18


class DataChangedError(FedfolderError):
    """The rows of a fit are others than they were in an earlier round of it."""

    exit_code = 19


class DifferenceError(FedfolderError):
    """Sites differ from the study's dictionary; the findings say which, and in what."""

    exit_code = 20


class PolicyError(FedfolderError):
    """What was asked is against the policy of a site; `rule` is its name in policy.toml."""

    exit_code = 21

    def __init__(
        self, what: str, *, rule: str, where: str = "", found: str = "", expected: str = "", do: str = ""
    ) -> None:
        rules = f"the rule{'s' * (',' in rule)} {rule}"
        super().__init__(what, where=where, found=found, expected=expected or rules, do=do)
        self.rule = rule


class RejectedError(FedfolderError):
    """The custodian of a site said no to a proposal; the reason is what they wrote."""

    exit_code = 25


class AuditError(FedfolderError):
    """An exported audit that was cut, edited, reordered, or is not of whom it says."""

    exit_code = 22


class RevokedKeyError(FedfolderError):
    """A key that was revoked: nothing that it signed is accepted, or nothing is signed with it any more."""

    exit_code = 23


class DifferentQuestionsError(FedfolderError):
    """The nodes of a fit were not all asked the same, or it was not shown that they were."""

    exit_code = 24


def unforeseen(error: BaseException) -> FedfolderError:
    """What may be shown of an error that nobody foresaw: its kind, and where in the program it was raised.

    Its own text is left out, for it may quote a value: Python says "could not convert string to float: 'Smith'".
    """
    import traceback  # only where it is needed: the command line starts fast
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "fedfolder" in Path(frame.filename).parts]
    return FedfolderError(
        "something happened that fedfolder does not know",
        where=" < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(ours[-_FRAMES:])),
        found=type(error).__name__,
        do="tell whoever maintains fedfolder these lines; nothing of the data stands in them",
    )


_FRAMES = 6
"""Places in the program that are named, at most."""


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """At most three of `known` that are spelt like `name`, the closest first."""
    names = list(known)
    return (
        difflib.get_close_matches(name, names, n=3, cutoff=0.6)
        or [n for n in names if n.lower() == name.lower() or n.lower().startswith(name.lower())][:3]
    )


MOST_SHOWN = 10
"""Names that a hint lists, at most."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names what is closest to `name` among `known`.

    Returns
    -------
    str
        `"did you mean age or agegrp?"`, or the known names (at most `MOST_SHOWN`) when none is close.
    """
    names = list(known)
    close = close_names(name, names)
    if close:
        return f"did you mean {' or '.join(close)}?"
    shown = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
    return f"known are {shown}" if names else "none are known"
