from __future__ import annotations

import os
import stat

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fedfolder.custody import keys
from fedfolder.errors import ConfigError

POSIX = pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")


@pytest.fixture
def home(tmp_path):
    keys.create(tmp_path)
    return tmp_path


def test_what_the_identity_signs_its_key_verifies(home):
    me = keys.load(home, "north")
    assert (me.name, len(me.key)) == ("north", 32)
    public = Ed25519PublicKey.from_public_bytes(me.key)
    public.verify(me.sign(b"text"), b"text")
    with pytest.raises(InvalidSignature):
        public.verify(me.sign(b"text"), b"Text")
    assert keys.load(home, "north").key == me.key


def test_a_key_is_never_replaced(home):
    before = (home / keys.FOLDER / keys.FILE).read_bytes()
    with pytest.raises(ConfigError, match="a key already"):
        keys.create(home)
    assert (home / keys.FOLDER / keys.FILE).read_bytes() == before


@POSIX
def test_only_the_owner_reads_the_key(home):
    path = home / keys.FOLDER / keys.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for mode in (0o640, 0o604, 0o666):
        path.chmod(mode)
        with pytest.raises(ConfigError, match="others can read"):
            keys.load(home, "north")


@pytest.mark.parametrize("content", [None, b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_cannot_be_read_is_said_with_its_path(home, content):
    path = home / keys.FOLDER / keys.FILE
    path.unlink()
    if content is not None:
        path.touch(mode=0o600)
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        keys.load(home, "north")
    assert caught.value.where == str(path)
