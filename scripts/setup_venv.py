"""Set up .venv in the checkout from a lock, with nothing but Python's own library; by itself, for the tests.

The stamp in .venv says for which Python, place, lock and pyproject.toml the installation was finished. It is removed
before anything changes and written last: whatever was interrupted is made again, and a second start does nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "fedfolder-setup.json"
LOCKED = ROOT / "scripts" / "locked"
RUN_LOCK = "run.txt"
TEST_LOCK = "test.txt"
SOURCES = ("autograd-gamma",)
"""What the test lock pins and nobody has a wheel of: built here, with the setuptools of the lock."""
FETCH = ("--no-deps", "--only-binary", ":all:", *(f"--no-binary={name}" for name in SOURCES))
IDENTITY = "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())"

Stamp = dict[str, str]


class SetupError(Exception):
    """The environment cannot be set up; the text says what to do."""


def say(text: str) -> None:
    """Print a line at once, so that it stands before what a child process prints."""
    print(text, flush=True)


def program(name: str) -> str:
    """Return the path of a program in .venv, `python` or one that a package brings."""
    return str(VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name)


def ensure(lock: str) -> None:
    """Make .venv hold what `lock` says and the package itself, doing only what is not done yet.

    Raises
    ------
    SetupError
        Python lacks venv, the old .venv cannot be removed, or pip fails.
    """
    want = wanted(lock)
    have = read_stamp()
    if not usable(have, want):
        create()
    elif want.items() <= have.items():
        return
    STAMP.unlink(missing_ok=True)
    install(lock)
    # The test lock holds all pins of the run lock (tests/house checks it): who has the one has the other.
    STAMP.write_text(json.dumps(want | wanted(RUN_LOCK), indent=1), encoding="utf-8", newline="\n")


def wanted(lock: str) -> Stamp:
    """Return what the stamp must say for `lock` to count as installed."""
    return {
        "python": f"{sys.implementation.cache_tag} {sysconfig.get_platform()}",
        "place": str(VENV),
        "pyproject.toml": digest(ROOT / "pyproject.toml"),
        lock: digest(LOCKED / lock),
    }


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, the same whether git gave it LF or CRLF."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def read_stamp() -> Stamp:
    """Return the stamp of the last finished installation; empty if there is none that can be read."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in stamp.items()} if isinstance(stamp, dict) else {}


def usable(have: Stamp, want: Stamp) -> bool:
    """Say whether .venv was finished once, here, by this kind of Python, and still starts."""
    if any(have.get(key) != want[key] for key in ("python", "place")):
        return False
    try:
        answer = subprocess.run(
            [program("python"), "-I", "-c", IDENTITY], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == want["python"]


def create() -> None:
    """Make an empty .venv with pip, in place of whatever stands there."""
    # Debian ships venv without ensurepip; the first then fails half-way with a long text about the second.
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        msg = (
            f"This Python has no module {missing[0]}, which makes virtual environments.\n"
            f"  python: {sys.executable} ({version})\n"
            f"  to do:  on Debian or Ubuntu, `sudo apt install python{version}-venv`; elsewhere, use python.org's"
        )
        raise SetupError(msg)
    remove()
    say(f"Making {VENV}")
    # A Python that runs inside a .venv makes a new one that hangs on it; its base does not go away.
    base = getattr(sys, "_base_executable", None) or sys.executable
    command = [base, "-I", "-m", "venv", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if made.returncode:
        msg = f"Python could not make {VENV}:\n{(made.stdout + made.stderr).strip()}"
        raise SetupError(msg)


def remove() -> None:
    """Remove a .venv that is broken, unfinished, or of another Python or place."""
    if not os.path.lexists(VENV):
        return
    say(f"Removing {VENV}: it is unfinished, broken, or was made by another Python or in another place")
    try:
        shutil.rmtree(VENV)
    except OSError as error:
        msg = (
            f"The old {VENV} cannot be removed: {error}\n"
            "  to do:  close the programs that use it (`deactivate` in an open terminal, an editor), then start again"
        )
        raise SetupError(msg) from error


def install(lock: str) -> None:
    """Install what `lock` pins, then the package itself as an editable install."""
    pinned = pins(LOCKED / lock)
    sources = [pin for pin in pinned if pin.split("==")[0] in SOURCES]
    say(f"Installing up to {len(pinned)} packages of scripts/locked/{lock} (once; this can take a few minutes)")
    install_pins([pin for pin in pinned if pin not in sources], "--only-binary", ":all:")
    if sources:
        install_pins(sources, "--no-binary", ":all:", "--no-build-isolation", "--use-pep517")
    say("Installing fedfolder")
    pip("--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    for pth in VENV.glob("**/site-packages/_fedfolder.pth"):
        # The backend writes the path as UTF-8, and Python before 3.13 reads it as cp1252 on Windows: an umlaut in it
        # would break. A path from there to here is ASCII whatever the folders are called.
        pth.write_text(Path(os.path.relpath(ROOT, pth.parent)).as_posix() + "\n", encoding="ascii", newline="\n")


def pins(path: Path) -> list[str]:
    """Return what a lock pins, each with its hashes on one line."""
    return re.sub(r" *\\\n +", " ", path.read_text(encoding="utf-8")).splitlines()


def install_pins(pinned: list[str], *arguments: str) -> None:
    """Install these and nothing that they ask for: the lock is complete, and pip does not know what it overrides."""
    path = VENV / "pins.txt"
    path.write_text("\n".join(pinned) + "\n", encoding="utf-8", newline="\n")
    pip("--require-hashes", "--no-deps", *arguments, "-r", str(path))


def pip(*arguments: str) -> None:
    """Run `pip install`, quiet but for errors."""
    command = [program("python"), "-I", "-m", "pip", "install", "--quiet", *arguments]
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0"}
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        msg = (
            "pip could not install the packages; its own words stand above.\n"
            "  Behind a proxy:    set HTTPS_PROXY=http://NAME:PORT, then start again.\n"
            "  Without internet:  on a machine of the same kind and Python that has it,\n"
            f"                     python -m pip download {' '.join(FETCH)} -d wheels -r scripts/locked/{TEST_LOCK}\n"
            "                     carry the folder wheels over, set PIP_NO_INDEX=1 and PIP_FIND_LINKS to its path,\n"
            "                     then start again."
        )
        raise SetupError(msg)


def run(
    command: list[str],
    *,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    output: BinaryIO | None = None,
) -> int:
    """Run a program to its end and return its exit code; all that it prints goes to `output`, if that is given.

    On Ctrl-C the program gets the signal as well and has its own tidying to do (`fedfolder demo` stops its daemons):
    it is waited for, where `subprocess.run` would kill it.
    """
    stderr = None if output is None else subprocess.STDOUT
    with subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=stderr) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    try:
        ensure(TEST_LOCK)
    except SetupError as error:
        sys.exit(str(error))
