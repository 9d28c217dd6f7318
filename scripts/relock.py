"""Write scripts/locked/*.txt anew from pyproject.toml: pins with hashes for every system and Python.

Usage: `python scripts/relock.py [--upgrade] [further arguments of uv pip compile]`

Needs uv (`pip install uv`); only who changes a dependency does. Without --upgrade what is pinned stays as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from setup_venv import LOCKED, ROOT, RUN_LOCK, TEST_LOCK, program, say


def main(arguments: list[str]) -> None:
    """Lock for the tests first, then for use with the same versions."""
    compile_lock(TEST_LOCK, ["--extra", "test", *arguments])
    compile_lock(RUN_LOCK, ["--constraints", str(LOCKED / TEST_LOCK), *arguments])


def compile_lock(name: str, arguments: list[str]) -> None:
    """Write one lock; the build backend is in each, since an editable install without internet needs it."""
    uv = shutil.which("uv", path=str(Path(program("uv")).parent)) or shutil.which("uv")
    if uv is None:
        sys.exit("uv is not installed.\n  to do:  python -m pip install uv")
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    settings = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    files = ["--output-file", str(LOCKED / name), "pyproject.toml", "-"]
    command = [uv, "pip", "compile", "--quiet", *settings, *arguments, *files]
    say(f"Writing scripts/locked/{name}")
    subprocess.run(command, cwd=ROOT, input="\n".join(build), text=True, encoding="utf-8", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
