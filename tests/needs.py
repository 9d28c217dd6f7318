"""What a test needs of the machine; it skips, with the reason, where that is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
"""Marks a test for Linux alone."""


def works(*command: str) -> bool:
    """Whether a command runs here and says that it succeeded."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _root() -> bool:
    """Whether this is root, and of a machine: in many a container, root may make neither mounts nor namespaces."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    return works("unshare", "--net", "--mount", "mount", "-t", "tmpfs", "none", "/tmp")  # noqa: S108 - of its own


def _fuse() -> bool:
    return sys.platform.startswith("linux") and os.access("/dev/fuse", os.R_OK | os.W_OK)


root = pytest.mark.skipif(not _root(), reason="needs root on Linux that may mount and make namespaces")
"""Marks a test that mounts, or makes namespaces."""
fuse = pytest.mark.skipif(not _fuse(), reason="needs /dev/fuse")
"""Marks a test that mounts a file system of its own."""


def programs(*names: str) -> pytest.MarkDecorator:
    """Mark a test that runs programs of the system."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)} (a package of the system)")
