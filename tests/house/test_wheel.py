"""The wheel carries the templates and the example, and both are found wherever fedfolder runs from."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fedfolder.errors import FedfolderError
from fedfolder.resources import resource

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files of a wheel built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def names(folder: Path) -> set[str]:
    """Return the files below a folder, by their path from it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("shipped", ["node_templates", "examples/lbw"])
def test_the_wheel_carries_what_ships_byte_for_byte(unpacked: Path, shipped: str) -> None:
    inside = unpacked / "fedfolder" / shipped
    assert names(inside) == names(ROOT / shipped) != set()
    for name in names(inside):
        assert (inside / name).read_bytes() == (ROOT / shipped / name).read_bytes()


def test_the_wheel_holds_nothing_but_the_package(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {"fedfolder"}


def test_a_resource_is_found_beside_the_package_and_inside_it(unpacked: Path) -> None:
    parts = ("examples", "lbw", "lbw.dta")
    assert resource(*parts, package=ROOT / "fedfolder") == ROOT.joinpath(*parts)
    assert resource(*parts, package=unpacked / "fedfolder") == unpacked.joinpath("fedfolder", *parts)


def test_a_missing_resource_is_named(tmp_path: Path) -> None:
    with pytest.raises(FedfolderError, match="examples/lbw/nothing") as caught:
        resource("examples", "lbw", "nothing", package=tmp_path / "fedfolder")
    assert str(tmp_path) in str(caught.value)


def test_the_wheel_carries_what_stata_reads(unpacked: Path) -> None:
    read_by_stata = {name for name in names(ROOT / "fedfolder" / "stata") if not name.endswith((".py", ".pyc"))}
    assert {"fedfolder.pkg", "stata.toc", "ado/fedfolder.ado", "ado/fedfolder.sthlp"} <= read_by_stata
    assert {name for name in names(unpacked / "fedfolder" / "stata") if not name.endswith(".py")} == read_by_stata
