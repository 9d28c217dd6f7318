"""Install fedfolder @VERSION@ from this folder alone, for one user: `python install.py [FOLDER]`.

It makes a virtual environment in FOLDER (if none is given, the folder `fedfolder` beside this file) and installs the
wheels into it, or mends and updates what is there. Nothing is fetched, and nothing outside that folder is changed.
pip takes no wheel whose SHA-256 is not the one in requirements.txt, and looks at all before it installs the first.
"""

from __future__ import annotations

import io
import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

PYTHON = "@PYTHON@"
PLATFORM = "@PLATFORM@"
# Not resolve(): on Windows that turns the letter of a network drive into a path that a console cannot enter.
HERE = Path(__file__).absolute().parent


def main(arguments: list[str]) -> None:
    """Make the environment, fill it, and say how to start fedfolder."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A folder's name may hold what the encoding of a redirected output does not.
        sys.stdout.reconfigure(errors="replace")
    check_python()
    folder = Path(arguments[0]).absolute() if arguments else HERE / "fedfolder"
    inside = folder / ("Scripts" if os.name == "nt" else "bin")
    if make(folder) or fill(inside / "python"):
        sys.exit("fedfolder was not installed; the reason stands above.")
    print(f'fedfolder is installed. Try it:\n  "{inside / "fedfolder"}" demo')


def check_python() -> None:
    """Stop if this is not the Python, or the kind of computer, that the wheels are for."""
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if (found, kind()) != (PYTHON, PLATFORM):
        sys.exit(
            f"These wheels are for Python {PYTHON} on {PLATFORM}; this is Python {found} on {kind()}.\n"
            f"  python: {sys.executable}\n"
            f"  to do:  give install.bat or install.sh the path of a Python {PYTHON}, or get the bundle for this one"
        )


def kind() -> str:
    """Return the kind of this Python's computer, by the name that the bundles use."""
    # Python from python.org says universal2 on every Mac, and a 32-bit Python on Windows has a 64-bit machine.
    return f"macosx_{platform.machine()}" if sys.platform == "darwin" else sysconfig.get_platform().replace("-", "_")


def make(folder: Path) -> int:
    """Make a virtual environment, or leave the one that is there as it is."""
    return subprocess.run([sys.executable, "-I", "-m", "venv", str(folder)], check=False).returncode


def fill(python: Path) -> int:
    """Install the wheels, whatever the pip of this user or computer is set up to do."""
    # pip's --isolated still reads some variables, and the file for the whole computer.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    wheels = ["--no-index", "--find-links", str(HERE / "wheels"), "--only-binary", ":all:"]
    # pip would else look at version numbers alone, and leave a file that was damaged since, or a wheel that differs.
    pinned = ["--force-reinstall", "--require-hashes", "-r", str(HERE / "requirements.txt")]
    # Python compiles a module when it first imports it; to compile them all here would take a minute.
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command = [str(python), "-I", "-m", "pip", "install", *quiet, *wheels, *pinned]
    return subprocess.run(command, env=environment | {"PIP_CONFIG_FILE": os.devnull}, check=False).returncode


if __name__ == "__main__":
    main(sys.argv[1:])
