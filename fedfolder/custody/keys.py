"""The key of a home: Ed25519, made at home, readable by its owner only, never on the share."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from fedfolder.custody import windows_rights
from fedfolder.errors import ConfigError
from fedfolder.exchange.fingerprint import fingerprint
from fedfolder.exchange.mailbox import Identity

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE", "FOLDER", "create", "fingerprint", "load"]

FOLDER = "keys"
FILE = "private.pem"


def create(home: Path) -> None:
    """Make the key of a new home.

    Raises
    ------
    ConfigError
        If there is one already: a key is never replaced; or if it cannot be kept from others.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise ConfigError("this home has a key already", where=str(folder / FILE), do="keep it") from None
    with os.fdopen(descriptor, "wb") as file:
        if os.name == "nt":
            # While it is empty: nobody has read it then.
            windows_rights.keep_private(folder / FILE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def load(home: Path, name: str) -> Identity:
    """The identity of a home, under its name in the study.

    Raises
    ------
    ConfigError
        If the key is missing, readable by others, or no Ed25519 key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = home / FOLDER / FILE
    try:
        _require_private(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ConfigError(
            "the key of this home cannot be read",
            where=str(path),
            found=type(error).__name__,
            do="use the home as it was made; if the key is lost, make a new home and enrol it under a new name",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("this is no Ed25519 key", where=str(path), do="use the home as it was made")
    return Identity(name=name, key=key.public_key().public_bytes_raw(), sign=key.sign)


def _require_private(path: Path) -> None:
    if os.name == "nt":
        # Mode bits say nothing there.
        path.stat()
        windows_rights.require_private(path)
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(
            "others can read the key of this home",
            where=str(path),
            found=f"mode {stat.S_IMODE(path.stat().st_mode):o}",
            expected="600",
            do=f"chmod 600 '{path}', and think about who may have read it",
        )
