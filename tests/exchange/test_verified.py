"""A signature that was verified is not verified again; nothing else is taken for it."""

from __future__ import annotations

import pytest

from fedfolder.exchange.envelope import is_signed_by, verify
from tests.exchange.helpers import NODE, SERVER

CONTENT = b"what was asked"
SIGNATURE = SERVER.sign(CONTENT)


@pytest.fixture(autouse=True)
def known():
    """One signature holds, and is known to hold."""
    assert verify(SERVER.key, SIGNATURE, CONTENT)
    assert verify(SERVER.key, SIGNATURE, CONTENT)


PAIR = SERVER.key + SIGNATURE
OTHERS = {
    "key": (NODE.key, SIGNATURE, CONTENT),
    "signature": (SERVER.key, NODE.sign(CONTENT), CONTENT),
    "content": (SERVER.key, SIGNATURE, CONTENT + b"?"),
    **{f"cut after {n}": (PAIR[:n], PAIR[n:], CONTENT) for n in range(len(PAIR) + 1) if n != len(SERVER.key)},
}


@pytest.mark.parametrize("other", list(OTHERS))
def test_nothing_else_is_taken_for_what_was_verified(other):
    key, signature, content = OTHERS[other]
    assert not verify(key, signature, content)
    assert not verify(key, signature, content), "nor the second time"
    assert not is_signed_by(key.hex(), signature.hex(), content)
