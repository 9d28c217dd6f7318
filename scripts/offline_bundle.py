"""Make one zip that installs fedfolder where nothing can be downloaded.

Usage: `python scripts/offline_bundle.py --platform win_amd64 --python 3.11 [--out FOLDER]`

The zip holds fedfolder's own wheel, the wheels that it needs on that platform and Python, as scripts/locked/run.txt
pins them, and the files of scripts/offline/, which install them for one user. The same checkout gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

import setup_venv
from setup_venv import LOCKED, ROOT, RUN_LOCK, VENV, program, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

OFFLINE = ROOT / "scripts" / "offline"
# pipx asks for a new pip before it installs anything, and the one that comes with Python may be years old.
LOCKS = (LOCKED / RUN_LOCK, OFFLINE / "pip.lock")
ROOTS = ("fedfolder", "pip")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Old tags, so that old systems can take the wheels: the C library 2.28 is that of Red Hat 8 and of Debian 10. pip adds
# the older macOS releases itself, but no older C library.
PLATFORMS: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "win_amd64": (
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
        ("win_amd64",),
    ),
    "linux_x86_64": (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
        (*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), "manylinux2014_x86_64"),
    ),
    "macosx_arm64": (
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
        ("macosx_12_0_arm64",),
    ),
}
"""For each platform what markers see there, and the tags of the wheels that it takes."""


@dataclass(frozen=True, slots=True)
class Target:
    """The kind of computer and the Python that a bundle is for."""

    platform: str
    python: str

    def takes(self, requirement: Requirement, extras: Iterable[str] = ()) -> bool:
        """Say whether a requirement's marker holds there; pip's --platform would judge it for this computer."""
        from packaging.markers import default_environment

        there: dict[str, str] = {
            **cast("dict[str, str]", default_environment()),
            **PLATFORMS[self.platform][0],
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
        marker = requirement.marker
        return marker is None or any(marker.evaluate({**there, "extra": extra}) for extra in ("", *extras))


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel's file and hash, and what its metadata say."""

    path: Path
    sha256: str
    name: str
    version: str
    licence: dict[str, object]
    requires: tuple[Requirement, ...]

    @property
    def ref(self) -> str:
        """The name by which the bill of materials refers to it."""
        return f"{self.name}=={self.version}"


Graph = dict[str, tuple[str, ...]]
"""For each package the names of those that it asks for."""


def pins(target: Target, locks: Iterable[Path] = LOCKS) -> list[str]:
    """Return the pins of the locks that hold for a target, with their hashes and without markers."""
    from packaging.requirements import Requirement

    found = []
    for line in chain.from_iterable(map(setup_venv.pins, locks)):
        pin, *hashes = line.split(" --hash=")
        requirement = Requirement(pin)
        if target.takes(requirement):
            found.append(" ".join([f"{requirement.name}{requirement.specifier}", *(f"--hash={h}" for h in hashes)]))
    return found


def fetch(pinned: list[str], target: Target, folder: Path) -> None:
    """Let pip fetch the wheels for a target, from wherever pip is set up to look, and hold it to the lock's hashes."""
    listed = folder.parent / "pins.txt"
    listed.write_text("\n".join(pinned) + "\n", encoding="utf-8", newline="\n")
    tags = [f"--platform={tag}" for tag in PLATFORMS[target.platform][1]]
    kind = ["--only-binary=:all:", "--implementation=cp", f"--python-version={target.python}", *tags]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run("pip", "download", *quiet, "--no-deps", "--require-hashes", *kind, "-r", str(listed), "-d", str(folder))


def run(module: str, *arguments: str) -> None:
    """Run a module of this environment in the checkout; its own words tell what went wrong."""
    # The time stamped on each file of our wheel: the first that a zip can hold, whenever and wherever it is built.
    environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}
    command = [sys.executable, "-I", "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        sys.exit(f"{module} could not do this:\n{(done.stdout + done.stderr).strip()}")


def read(path: Path) -> Wheel:
    """Read a wheel."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    with zipfile.ZipFile(path) as archive:
        inner = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        said = message_from_bytes(archive.read(inner))
    return Wheel(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        name=canonicalize_name(said["Name"]),
        version=said["Version"],
        licence=licence(said["License-Expression"], said.get_all("Classifier", []), said["License"]),
        requires=tuple(Requirement(line) for line in said.get_all("Requires-Dist", [])),
    )


def licence(expression: str | None, classifiers: list[str], text: str | None) -> dict[str, object]:
    """Return a licence as CycloneDX wants it: an SPDX expression if the wheel gives one, else a name."""
    if expression:
        return {"licenses": [{"expression": expression}]}
    names = [line.split("::")[-1].strip() for line in classifiers if line.startswith("License ::")]
    # Older packages put the whole text of the licence where its name should stand; its first line is the name.
    names = names or (text or "").strip().splitlines()[:1]
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def needed(wheels: Iterable[Wheel], target: Target) -> Graph:
    """Return what the bundle needs there, all the way down; the lock also holds what only building it needs."""
    from packaging.utils import canonicalize_name

    at_hand = {wheel.name: wheel for wheel in wheels}
    graph: Graph = {}
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in ROOTS]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        asked = [requirement for requirement in at_hand[name].requires if target.takes(requirement, extras)]
        for requirement in asked:
            check(requirement, at_hand.get(canonicalize_name(requirement.name)), name, target)
        further = {(str(canonicalize_name(one.name)), frozenset(one.extras)) for one in asked}
        graph[name] = tuple(sorted({*graph.get(name, ()), *(found for found, _ in further)}))
        waiting += sorted(further - seen, key=str)
        seen |= further
    return graph


def check(requirement: Requirement, wheel: Wheel | None, name: str, target: Target) -> None:
    """Stop if the lock does not give what a package asks for on the target."""
    if wheel is None or not requirement.specifier.contains(wheel.version, prereleases=True):
        have = wheel.ref if wheel else "nothing of that name"
        sys.exit(
            f"The lock is not complete for Python {target.python} on {target.platform}.\n"
            f"  needed: {requirement} (by {name})\n"
            f"  found:  {have}\n"
            "  to do:  python scripts/relock.py"
        )


def requirements(wheels: Iterable[Wheel]) -> str:
    """Return the list that pip is held to when it installs: the one hash of each wheel in the zip."""
    return "".join(f"{wheel.ref} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)


def bill(wheels: list[Wheel], graph: Graph, name: str) -> str:
    """Return the bill of materials in CycloneDX 1.6, without a time: the same wheels give the same bill."""
    refs = {wheel.name: wheel.ref for wheel in wheels}
    listed = requirements(wheels)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, f"{name}\n{listed}").urn,
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name}},
        "components": [component(wheel) for wheel in wheels],
        "dependencies": [
            {"ref": name, "dependsOn": [refs[root] for root in ROOTS]},
            *({"ref": wheel.ref, "dependsOn": [refs[need] for need in graph[wheel.name]]} for wheel in wheels),
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def component(wheel: Wheel) -> dict[str, object]:
    """Return the entry of a wheel in the bill of materials."""
    # No package URL for our own wheel: it was built here, and whatever a registry holds by its name is not it.
    where = {} if wheel.name == "fedfolder" else {"purl": f"pkg:pypi/{wheel.name}@{wheel.version}"}
    return {
        "type": "library",
        "bom-ref": wheel.ref,
        "name": wheel.name,
        "version": wheel.version,
        "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
        **wheel.licence,
        **where,
        "properties": [{"name": "fedfolder:file", "value": f"wheels/{wheel.path.name}"}],
    }


def pages(target: Target, version: str) -> dict[str, bytes]:
    """Return the files of scripts/offline/ filled in for a target; what Windows opens gets its ends of line."""
    fields = {"@VERSION@": version, "@PYTHON@": target.python, "@PLATFORM@": target.platform}
    filled = {}
    for path in sorted(OFFLINE.iterdir()):
        if path.suffix in {".bat", ".py", ".sh", ".txt"}:
            text = re.sub("|".join(fields), lambda match: fields[match.group()], path.read_text(encoding="utf-8"))
            ends = "\r\n" if path.suffix in {".bat", ".txt"} else "\n"
            filled[path.name] = text.replace("\n", ends).encode("utf-8")
    return filled


def pack(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes follow from names and contents alone: no time, no owner, nothing compressed."""
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in sorted({**files, "SHA256SUMS": sums.encode()}.items()):
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # Unix, also on Windows: else it would say where it was made, and lose the mode
            entry.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
            archive.writestr(entry, data)


def make(target: Target, out: Path) -> Path:
    """Make the zip in the folder `out`, and return its path."""
    pinned = pins(target)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "wheels"
        folder.mkdir()
        say(f"Fetching {len(pinned)} wheels for Python {target.python} on {target.platform}")
        fetch(pinned, target, folder)
        run("hatchling", "build", "-t", "wheel", "-d", str(folder))
        wheels = [read(path) for path in sorted(folder.iterdir())]
        graph = needed(wheels, target)
        wheels = sorted((wheel for wheel in wheels if wheel.name in graph), key=lambda wheel: wheel.name)
        (version,) = (wheel.version for wheel in wheels if wheel.name == "fedfolder")
        name = f"fedfolder-{version}-{target.platform}-py{target.python.replace('.', '')}"
        files = {f"wheels/{wheel.path.name}": wheel.path.read_bytes() for wheel in wheels} | pages(target, version)
        files["requirements.txt"] = requirements(wheels).encode()
        files["sbom.cdx.json"] = bill(wheels, graph, name).encode()
    out.mkdir(parents=True, exist_ok=True)
    pack(out / f"{name}.zip", files)
    return out / f"{name}.zip"


def main() -> None:
    """Read the command line, set up .venv, and make the zip with what is installed there."""
    parser = argparse.ArgumentParser(description="Make a zip that installs fedfolder without internet.")
    parser.add_argument("--platform", choices=list(PLATFORMS), required=True, help="the kind of computer it is for")
    parser.add_argument("--python", choices=PYTHONS, required=True, help="the Python that is on that computer")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip (default: dist)")
    arguments = parser.parse_args()
    try:
        setup_venv.ensure(RUN_LOCK)
    except setup_venv.SetupError as error:
        sys.exit(str(error))
    if not VENV.samefile(sys.prefix):
        sys.exit(setup_venv.run([program("python"), __file__, *sys.argv[1:]]))
    path = make(Target(arguments.platform, arguments.python), arguments.out)
    size = path.stat().st_size / 2**20
    say(f"{path}  ({size:.0f} MiB)\nsha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
