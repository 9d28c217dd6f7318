"""What a test needs of the machine; it skips, with the reason, where that is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
"""Marks a test for Linux alone."""


def _root() -> bool:
    return sys.platform.startswith("linux") and os.geteuid() == 0


root = pytest.mark.skipif(not _root(), reason="needs root on Linux")
"""Marks a test that mounts, or makes namespaces."""


def programs(*names: str) -> pytest.MarkDecorator:
    """Mark a test that runs programs of the system."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)} (a package of the system)")


def works(*command: str) -> bool:
    """Whether a command runs here and says that it succeeded."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
