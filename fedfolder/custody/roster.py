"""Who takes part in a fit, with fingerprints, for a person to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from fedfolder.exchange.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADING: Final = "who takes part, as the server says; phone the other sites and compare:"
_LONGEST: Final = 32
_KEY_BYTES: Final = 32


class _Proposed(Protocol):
    @property
    def roster(self) -> Sequence[tuple[str, str]]: ...


def roster_page(proposal: _Proposed) -> list[str]:
    """The roster of a proposal: a heading, and a line for each node, its name and the fingerprint of its key.

    The server says who takes part, keys included, and could invent nodes. Only their custodians can tell.
    """
    width = max((min(len(name), _LONGEST) for name, _ in proposal.roster), default=0)
    return [HEADING, *(f"  {_shown(name):<{width}}  {_of(key)}" for name, key in proposal.roster)]


def _shown(name: str) -> str:
    """A name that the server chose, on one line."""
    return "".join(character if character.isprintable() else "?" for character in name[:_LONGEST])


def _of(key: str) -> str:
    try:
        content = bytes.fromhex(key)
    except ValueError:
        content = b""
    return fingerprint(content) if len(content) == _KEY_BYTES else "NO KEY"
