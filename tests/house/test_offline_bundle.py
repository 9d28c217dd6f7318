"""The bundle installs without any network what the lock says and nothing else, and says truly what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import offline_bundle
import pytest
from filelock import FileLock
from offline_bundle import PLATFORMS, PYTHONS, Target
from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags, sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.tags import Tag

HERE = Target(
    {"win32": "win_amd64", "linux": "linux_x86_64", "darwin": "macosx_arm64"}.get(sys.platform, sys.platform),
    f"{sys.version_info.major}.{sys.version_info.minor}",
)
ROOT = Path(__file__).resolve().parents[2]
TARGETS = [Target(platform, python) for platform in PLATFORMS for python in PYTHONS]
FOREIGN = Target("win_amd64" if HERE.platform != "win_amd64" else "linux_x86_64", "3.14")
INSTALL = ["cmd", "/c", "install.bat", sys.executable] if os.name == "nt" else ["sh", "install.sh"]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def name_of(target: Target) -> str:
    """Return the identifier of a target in the list of tests."""
    return f"{target.platform}-{target.python}"


# ------------------------------------------------------------------------------------- what needs no network


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
def test_the_locks_give_each_target_one_version_of_each_package(target: Target) -> None:
    names = [line.split("==")[0] for line in offline_bundle.pins(target)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(names) == len(set(names))
    assert {canonicalize_name(Requirement(line).name) for line in project["dependencies"]} <= set(names)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
def test_markers_are_judged_for_the_target_and_not_for_this_computer(target: Target, tmp_path: Path) -> None:
    holds = {
        "sys_platform == 'win32'": target.platform == "win_amd64",
        "platform_system == 'Linux'": target.platform == "linux_x86_64",
        "platform_machine == 'arm64' and os_name == 'posix'": target.platform == "macosx_arm64",
        "python_full_version < '3.12'": target.python == "3.11",
        "python_version >= '3.14'": target.python == "3.14",
        "implementation_name != 'pypy'": True,
    }
    lock = tmp_path / "lock.txt"
    lines = [f"p{i}==1 ; {marker} \\\n    --hash=sha256:{i}" for i, marker in enumerate(holds)]
    lock.write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected = [f"p{i}==1 --hash=sha256:{i}" for i, held in enumerate(holds.values()) if held]
    assert offline_bundle.pins(target, [lock]) == expected


def wheel(name: str, *requires: str) -> offline_bundle.Wheel:
    """Return a wheel in name only."""
    asked = tuple(map(Requirement, requires))
    return offline_bundle.Wheel(Path(f"{name}.whl"), "0" * 64, name, "1.0", {}, asked)


def test_a_bundle_holds_what_is_needed_there_and_not_what_only_a_build_needs() -> None:
    wheels = [
        wheel("fedfolder", "a[fast]", "w ; sys_platform == 'win32'", "t ; extra == 'test'"),
        wheel("a", "B-c>=1", "f ; extra == 'fast'", "s ; extra == 'slow'", "fedfolder"),
        *map(wheel, ("b-c", "f", "pip", "hatchling")),
    ]
    graph = offline_bundle.needed(wheels, Target("linux_x86_64", "3.11"))
    assert graph == {"fedfolder": ("a",), "a": ("b-c", "f", "fedfolder"), "b-c": (), "f": (), "pip": ()}
    with pytest.raises(SystemExit, match=r"(?s)win_amd64.*needed: w.*nothing of that name"):
        offline_bundle.needed(wheels, Target("win_amd64", "3.11"))


def test_a_bundle_of_versions_that_do_not_fit_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"(?s)needed: a>=2 \(by fedfolder\).*found: +a==1.0"):
        offline_bundle.needed([wheel("fedfolder", "a>=2"), wheel("a"), wheel("pip")], Target("linux_x86_64", "3.11"))


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
def test_pages_are_filled_in_and_say_nothing_of_where_packages_came_from(target: Target) -> None:
    pages = offline_bundle.pages(target, "1.2.3")
    assert set(pages) == {"README.txt", "install.bat", "install.py", "install.sh"}
    for data in pages.values():
        text = data.decode("ascii")
        assert re.findall(r"@[A-Z]+@|://", text) == []
        assert {"1.2.3", target.python} <= set(re.findall(r"\d[\d.]*\d", text))


def test_install_bat_is_what_cmd_can_read_whatever_the_folder_is_called() -> None:
    data = offline_bundle.pages(HERE, "1.2.3")["install.bat"]
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    lines = [line for line in data.decode("ascii").splitlines() if not line.startswith("rem ")]
    for line in lines:
        # A path may hold spaces, &, ( and ): it stands in double quotes. Nothing else that cmd would read as its own.
        assert set(re.findall(r'"[^"]*%[^"]*"', line)) <= {'"%~dp0install.py"', '"%~1"', '"%errorlevel%"'}
        bare = re.sub(r'"[^"]*"', "", line)
        assert set("%()!&|<>^") & set(bare.removesuffix("exit /b %errorlevel%")) == set()
    labels = {line[1:] for line in lines if line.startswith(":")}
    assert labels == {found for line in lines for found in re.findall(r"goto (\w+)", line)}


@pytest.mark.parametrize("other", [Target("win_amd64", "3.10"), Target("other_cpu", HERE.python)], ids=name_of)
def test_another_python_or_computer_is_refused_by_name(other: Target, tmp_path: Path) -> None:
    (tmp_path / "install.py").write_bytes(offline_bundle.pages(other, "1.2.3")["install.py"])
    done = subprocess.run([sys.executable, "install.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"for Python {other.python} on {other.platform}; this is Python {HERE.python} on" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["install.py"]


# ------------------------------------------------------------------------------------- what pip must fetch for


def bundle(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle for a target, made once a test run; skip where there can be none."""
    if HERE not in TARGETS:
        pytest.skip(f"there are no bundles for {name_of(HERE)}")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "bundles"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / f"{name_of(target)}.lock"):
        made = list(shared.glob(f"*-{target.platform}-py{target.python.replace('.', '')}.zip"))
        if not made:
            skip_offline(shared / "probe")
            made = [offline_bundle.make(target, shared)]
    return made[0]


def skip_offline(folder: Path) -> None:
    """Skip where pip reaches nothing; where it reaches one small package, the rest must come as well."""
    one = next(line.split()[0] for line in offline_bundle.pins(HERE) if line.startswith("mdurl=="))
    options = ["--no-deps", "--only-binary=:all:", "--retries=0", "--timeout=20", "-d", str(folder)]
    command = [sys.executable, "-I", "-m", "pip", "download", *options, one]
    probe = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if probe.returncode:
        pytest.skip(f"pip reaches nothing: {probe.stderr.strip().splitlines()[-1]}")


def unpacked(path: Path, folder: Path) -> Path:
    """Return a folder with a name that users have, and the bundle in it."""
    home = folder / "Jörg Müller"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(home)
    return home


@pytest.mark.parametrize("target", [HERE, FOREIGN], ids=["here", "foreign"])
def test_a_bundle_says_truly_what_is_in_it(target: Target, tmp_path_factory: pytest.TempPathFactory) -> None:
    with zipfile.ZipFile(bundle(target, tmp_path_factory)) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    sums = {line[66:]: line[:64] for line in files.pop("SHA256SUMS").decode().splitlines()}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert {name for name in files if "/" not in name} == {
        *offline_bundle.pages(target, ""), "requirements.txt", "sbom.cdx.json",
    }  # fmt: skip
    wheels = {PurePosixPath(name).name: sums[name] for name in files if name.startswith("wheels/")}
    assert files["requirements.txt"].decode() == listed(wheels)
    assert [name for name in wheels if not parse_wheel_filename(name)[3] & tags(target)] == []
    locked = dict(line.split(" ", 1) for line in offline_bundle.pins(target))
    for line in listed(wheels).splitlines():
        pin, found = line.split(" ")
        assert pin.startswith("fedfolder==") or found in locked[pin]
    check_bill(json.loads(files["sbom.cdx.json"]), files["requirements.txt"].decode().splitlines())


def listed(wheels: Mapping[str, str]) -> str:
    """Return the requirements that wheels with these hashes meet."""
    parsed = sorted((*parse_wheel_filename(name)[:2], found) for name, found in wheels.items())
    return "".join(f"{name}=={version} --hash=sha256:{found}\n" for name, version, found in parsed)


def tags(target: Target) -> set[Tag]:
    """Return the tags that the installer's own rules allow there: those of this Python, or those of a Windows."""
    if target == HERE:
        return set(sys_tags())
    major, minor = map(int, target.python.split("."))
    further = compatible_tags((major, minor), f"cp{major}{minor}", [target.platform])
    return {*cpython_tags((major, minor), platforms=[target.platform]), *further}


def check_bill(bill: dict[str, Any], required: list[str]) -> None:
    """Hold a bill of materials to the list that pip is held to, and to what CycloneDX 1.6 requires."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    root = bill["metadata"]["component"]
    entries = bill["components"]
    assert {(one["type"], *map(len, one["hashes"])) for one in entries} == {("library", 2)}
    found = [f"{one['name']}=={one['version']} --hash=sha256:{one['hashes'][0]['content']}" for one in entries]
    assert found == required
    assert {one["hashes"][0]["alg"] for one in entries} == {"SHA-256"}
    assert [one["name"] for one in entries if not one.get("licenses")] == []
    refs = [root["bom-ref"], *(one["bom-ref"] for one in entries)]
    needs = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    assert list(needs) == refs
    assert {need for several in needs.values() for need in several} == set(refs) - {root["bom-ref"]}


def test_the_same_checkout_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = bundle(HERE, tmp_path_factory)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setattr("zipfile.time.localtime", lambda _t=None: (2031, 1, 1, 1, 1, 1, 0, 1, 0))
    again = offline_bundle.make(HERE, tmp_path)
    assert again.name == first.name
    assert again.read_bytes() == first.read_bytes()


# ------------------------------------------------------------------------------------- installing


def without_network() -> list[str]:
    """Return what starts a program in a namespace that has no network; empty where that cannot be."""
    for command in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
        ):
            return command
    return []


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program without a network and without the settings of pip that hold here."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), own["PATH"]])
    changed = {"PATH": path, "PYTHONUTF8": "1", "PIP_CONFIG_FILE": os.devnull}
    command = [*without_network(), *command]
    return subprocess.run(
        command, cwd=folder, env=own | changed | variables, capture_output=True, encoding="utf-8", check=False
    )


def install(home: Path) -> subprocess.CompletedProcess[str]:
    """Install as a user would whose own pip is set up for something else."""
    return run(INSTALL, home, PIP_TARGET=str(home / "elsewhere"), PIP_REQUIRE_VIRTUALENV="not a truth value")


def test_the_tests_of_installing_see_no_network_but_their_own_end(tmp_path: Path) -> None:
    if not without_network():
        pytest.skip("unshare cannot make a network namespace here: they run with --no-index alone")
    devices = run(["cat", "/proc/net/dev"], tmp_path).stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_it_installs_and_shows_the_demo_without_a_network(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = unpacked(bundle(HERE, tmp_path_factory), tmp_path)
    there = set(home.iterdir())
    inside = home / "fedfolder" / SCRIPTS
    for _ in ("install", "mend"):
        done = install(home)
        assert (done.returncode, done.stderr) == (0, "")
        assert f'"{inside / "fedfolder"}" demo' in done.stdout
        (about,) = (home / "fedfolder").rglob("fedfolder/about.py")
        assert about.read_bytes() == (ROOT / "fedfolder" / "about.py").read_bytes()
        about.write_text("damaged", encoding="utf-8")
    about.write_bytes((ROOT / "fedfolder" / "about.py").read_bytes())
    assert set(home.iterdir()) - there == {home / "fedfolder"}
    shown = run([str(inside / "fedfolder"), "demo", str(tmp_path / "demo")], home)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert re.search(r"Variable \| +Pooled +Federated +Difference", shown.stdout)
    assert plain_pip(inside, home) == packages(home / "requirements.txt")


def plain_pip(inside: Path, home: Path) -> set[str]:
    """Return what pip would install by `--find-links wheels` alone, with its own way of resolving."""
    options = ["--no-index", "--find-links", "wheels", "--ignore-installed", "--dry-run", "--quiet"]
    report = run([str(inside / "python"), "-m", "pip", "install", *options, "--report", "-", "fedfolder", "pip"], home)
    return {canonicalize_name(one["metadata"]["name"]) for one in json.loads(report.stdout)["install"]}


def packages(requirements: Path) -> set[str]:
    """Return the names in a list of requirements."""
    return set(re.findall(r"^(.+?)==", requirements.read_text(encoding="utf-8"), re.MULTILINE))


def test_a_tampered_wheel_is_refused(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = unpacked(bundle(HERE, tmp_path_factory), tmp_path)
    (own,) = (home / "wheels").glob("fedfolder-*.whl")
    with zipfile.ZipFile(own, "a") as archive:
        archive.writestr("fedfolder/more.py", "print('not ours')\n")
    done = install(home)
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert hashlib.sha256(own.read_bytes()).hexdigest() in done.stderr
    assert "fedfolder was not installed" in done.stderr
    assert list((home / "fedfolder").rglob("fedfolder*")) == []
    assert list((home / "fedfolder").rglob("numpy")) == []
