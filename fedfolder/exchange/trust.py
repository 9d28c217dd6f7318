"""Whose key is trusted, and why: because a person compared its fingerprint, or because it was the first one seen.

A home keeps two things that persons decided, in its journal: the fingerprint that the other side read out, and that a
key is revoked. Both count from the moment they are written, for a node that is running, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedfolder.errors import AlarmError, RevokedKeyError
from fedfolder.exchange.fingerprint import differing, fingerprint, read_fingerprint

if TYPE_CHECKING:
    from fedfolder.exchange.journal import Journal

COMPARED: Final = "trusted by fingerprint"
SEEN_FIRST: Final = "seen first, not compared"
AWAITED: Final = "not seen yet; its fingerprint is known"
UNKNOWN: Final = "not seen yet"
OTHER: Final = "NOT the key whose fingerprint was given"
REVOKED: Final = "revoked"

_FINGERPRINT, _REVOKED = "fingerprint", "revoked"
_MISREAD = 2
"""Groups that may differ between fingerprints of one key, one of them misread. Two keys have hardly one in common."""


def trust(journal: Journal, peer: str, text: str) -> str:
    """Note the fingerprint that the other side read out, and hold the key that is pinned against it, if one is.

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    str
        The standing of the peer's key.

    Raises
    ------
    ConfigError
        If a group is mistyped; nothing is noted then.
    AlarmError
        If the key that is pinned is another one. It is noted all the same: nothing more is accepted from there.
    RevokedKeyError
        If the peer's key is revoked.
    """
    given = read_fingerprint(text)
    require_not_revoked(journal, peer)
    if given != expected(journal, peer):
        journal.decide(peer, _FINGERPRINT, given, event="trusted")
    require_expected(journal, peer)
    return standing(journal, peer)


def expected(journal: Journal, peer: str) -> str | None:
    """The fingerprint that a person gave for `peer`; None if nobody did."""
    return journal.decided(peer, _FINGERPRINT)


def standing(journal: Journal, peer: str) -> str:
    """What is known of the key of `peer`, in words; one of the constants above."""
    key, given = journal.key(peer), expected(journal, peer)
    if revoked(journal, peer) is not None:
        return REVOKED
    if key is None:
        return AWAITED if given else UNKNOWN
    if given is None:
        return SEEN_FIRST
    return COMPARED if fingerprint(key) == given else OTHER


def revoke(journal: Journal, who: str, reason: str) -> None:
    """Accept nothing more that the key of `who` signs; if that is this home, sign nothing more with it."""
    if revoked(journal, who) is None:
        journal.decide(who, _REVOKED, reason, event="revoked")


def revoked(journal: Journal, who: str) -> str | None:
    """Why the key of `who` was revoked; None if it was not."""
    return journal.decided(who, _REVOKED)


def require_not_revoked(journal: Journal, who: str, *, own: bool = False) -> None:
    """Stop if the key of `who` is revoked.

    Raises
    ------
    RevokedKeyError
    """
    reason = revoked(journal, who)
    if reason is None:
        return
    if own:
        raise RevokedKeyError(
            "the key of this home was revoked: nothing is signed with it any more",
            where=str(journal.path.parent),
            found=reason,
            do="make a new home, and have it enrolled under a new name",
        )
    raise RevokedKeyError(
        f"the key of {who} was revoked: nothing that it signs is accepted",
        where=who,
        found=reason,
        do=f"take {who} out of the list of nodes in study.toml, and enrol a new home of that site under a new name"
        if who != "server"
        else "enrol this site, with a new home, in a study that the server's side makes anew",
    )


def require_expected(journal: Journal, peer: str) -> None:
    """Stop if the key that is pinned for `peer` is not the one whose fingerprint a person gave.

    Raises
    ------
    AlarmError
    """
    key, given = journal.key(peer), expected(journal, peer)
    if key is not None and given is not None and fingerprint(key) != given:
        raise another_key(peer, key, given, where=str(journal.path.parent))


def another_key(peer: str, key: bytes, given: str, *, where: str) -> AlarmError:
    """The alarm for a key whose fingerprint is not the one that was read out."""
    found = fingerprint(key)
    groups = differing(found, given)
    read_again = f"group{'s' * (len(groups) > 1)} {' and '.join(map(str, groups))}"
    return AlarmError(
        f"the key of {peer} is not the one whose fingerprint was given",
        where=where,
        found=found,
        expected=given,
        do=f"have {read_again} read out again: all others are right, so that was misread"
        if len(groups) <= _MISREAD
        else f"stop, and phone {peer}: somebody may have put a key of his own in its place",
    )
