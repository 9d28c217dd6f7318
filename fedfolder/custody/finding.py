"""What a rule of a site's policy says against a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a request breaks.

    Nothing in it is derived from a value of the data but that the rule is broken: no count, no level that is in the
    data alone.

    Parameters
    ----------
    rule : str
        Its name in policy.toml.
    names : tuple of str
        The names in the command that it is about.
    says : str
        In one sentence, what is asked and what the limit is.
    data : str
        For what a person may let pass: a keyed digest of the data that it was found in. It does not leave.
    """

    rule: str
    names: tuple[str, ...]
    says: str
    data: str = ""

    @property
    def in_view(self) -> str:
        """As a decision remembers it: the same said of other data is something else to decide on."""
        return f"{self.says} [data {self.data}]" if self.data else self.says


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse if there is any finding.

    Raises
    ------
    PolicyError
        Naming the first rule and what it is about; the others are counted.
    """
    if not findings:
        return
    first, others = findings[0], len(findings) - 1
    raise PolicyError(
        f"{first.says}{f' (and {others} more)' if others else ''}",
        rule=first.rule,
        where=", ".join(first.names),
        do="change the command, or ask the site's custodian for a waiver",
    )


def product(names: Iterable[str]) -> str:
    """Variables as a command joins them, each once: `race#smoke`."""
    return "#".join(dict.fromkeys(names))
