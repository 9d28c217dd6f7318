"""Names and paths that Windows cannot have: found before anything starts."""

from __future__ import annotations

import os
import tomllib
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder import settings
from fedfolder.errors import ConfigError, ExchangeError, FedfolderError
from fedfolder.exchange import doctor, files, names
from fedfolder.exchange.names import FileName
from fedfolder.exchange.store import MemoryStore
from fedfolder.node import home as node_home
from fedfolder.node.home import create, open_home, place
from fedfolder.node.loop import once
from fedfolder.node.readers import check_readable
from fedfolder.resources import resource
from fedfolder.server import study as studies
from tests.exchange.helpers import Pair
from tests.node.places import Bench, data
from tests.system.places import fedfolder
from tests.windows.helpers import WindowsOs

if TYPE_CHECKING:
    from pathlib import Path

BAD_NAMES = [
    *("con", "nul", "aux", "prn", "com1", "lpt9", "CON", "nul.txt", "lpt1.txt", "com1.", "north.", "north ", " north"),
    *("a:b", "c:", "köln", "åre", "NORTH", "north*", "nor?th", "a|b", "a<b", "x" * 33, "..", ".", "a.b", ""),
]
ODD_FOLDERS = ["Jörg Müller", "con", "nul.txt", "data.", "data ", "a:b", "Ω & 100%", "it's"]
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="Windows cannot make such folders")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_windows_cannot_have_is_refused_and_nothing_is_made(tmp_path: Path, name: str):
    """Fault 34: reserved names, trailing dots and spaces, colons, other letters; wherever the study is made."""
    share = tmp_path / "share"
    share.mkdir()
    with pytest.raises(ConfigError):
        studies.create(tmp_path / "home", name, share)
    made = studies.create(tmp_path / "server", "lbw", share)
    with pytest.raises(ConfigError):
        studies.add_node(made, name)
    file = data(tmp_path, "north")["north"]
    for folder in (share / "lbw" / name, share / name / "north"):
        if place_of(folder) is not None:
            continue  # "." and the empty name leave another, shorter path
        with pytest.raises(ConfigError):
            create(tmp_path / "home", file, folder, [])
    assert not (tmp_path / "home").exists()
    assert [path.name for path in share.rglob("*")] == ["lbw"]


def place_of(folder: Path) -> tuple[str, str] | None:
    try:
        return place(folder)
    except ConfigError:
        return None


@pytest.mark.parametrize("name", ["con", "north.", "lpt1.txt", "köln"])
def test_the_commands_say_what_is_expected(tmp_path: Path, name: str):
    (tmp_path / "share").mkdir()
    file = data(tmp_path, "north")["north"]
    new = fedfolder("study", "new", tmp_path / "home", "--name", name, "--exchange", tmp_path / "share")
    made = ["--data", file, "--exchange", tmp_path / "share" / "lbw" / name]
    for done in (new, fedfolder("node", "init", tmp_path / "home", *made)):
        assert done.returncode == 15
        assert "no name that Windows reserves" in done.stderr
        assert "choose another name" in done.stderr
    assert not (tmp_path / "home").exists()


@POSIX_ONLY
@pytest.mark.parametrize("folder", ODD_FOLDERS)
def test_above_the_study_any_folder_works(tmp_path: Path, folder: str):
    """Fault 34, the other part: what lies above the share is the share's business, and works."""
    bench = Bench(tmp_path / folder).open(data(tmp_path / folder / "data", "north"))
    try:
        assert {found.verdict for found in doctor.examine(bench.folder / "exchange")} <= {"good", "note"}
        assert bench.run().nobs == 30
    finally:
        bench.close()


# -- 260 characters ----------------------------------------------------------------------------------------------------


def deep(folder: Path, length: int) -> Path:
    """A folder below `folder` whose path has so many characters."""
    while len(str(folder)) < length - 50:
        folder = folder / ("d" * 40)
    return folder / ("d" * (length - len(str(folder)) - 1))


def test_the_longest_file_in_the_deepest_folder_is_short_enough():
    folder = PureWindowsPath("S:\\" + "d" * (names.LONGEST_PATH - names.LONGEST_NAME - 4))
    names.check_length(folder)  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        names.check_length(folder.with_name(folder.name + "d"))  # type: ignore[arg-type]
    assert len(str(folder / ("m" * names.LONGEST_NAME))) < 260
    assert FileName.parse("m000001-" + "a" * names.LONGEST_NAME + ".json") is None
    assert len(f"{files.TEMPORARY}{'0' * 16}") < names.LONGEST_NAME


def test_a_path_over_260_is_found_before_the_start(tmp_path: Path):
    """Fault 33: at the study's making of a node's folder, at the site, and by the doctor."""
    exchange = deep(tmp_path, names.LONGEST_PATH - names.LONGEST_NAME - len("/lbw/north/to-server"))
    exchange.mkdir(parents=True)
    study = studies.create(tmp_path / "server", "lbw", exchange)
    file = data(tmp_path, "north")["north"]
    too_long = "a-long-name"
    with pytest.raises(ConfigError, match="too long") as caught:
        studies.add_node(study, too_long)
    assert "nearer to the root" in caught.value.do
    with pytest.raises(ConfigError, match="too long"):
        create(tmp_path / "home", file, exchange / "lbw" / too_long, [])
    assert not (tmp_path / "home").exists()
    assert {found.name: found.verdict for found in doctor.examine(exchange)}["path length"] == "bad"


def test_an_exchange_too_deep_for_any_node_is_found_when_the_study_is_made(tmp_path: Path):
    """Fault 33, at the first step of all."""
    exchange = deep(tmp_path, names.LONGEST_PATH - names.LONGEST_NAME - len("/lbw/n/to-server") + 1)
    exchange.mkdir(parents=True)
    with pytest.raises(ConfigError, match="too long"):
        studies.create(tmp_path / "server", "lbw", exchange)
    assert not (tmp_path / "server").exists()


def test_a_home_too_deep_for_windows_is_found_before_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fault 33, at home: the copies for the custodian need room, too."""
    (tmp_path / "share").mkdir()
    home, exchange = deep(tmp_path, 200), tmp_path / "share" / "lbw" / "north"
    file = data(tmp_path, "north")["north"]
    monkeypatch.setattr(node_home, "os", WindowsOs())
    with pytest.raises(ConfigError, match="too long") as caught:
        create(home, file, exchange, [])
    assert (caught.value.where, "choose a home nearer" in caught.value.do) == (str(home), True)
    assert not home.exists()
    monkeypatch.undo()
    create(home, file, exchange, [])


# -- case --------------------------------------------------------------------------------------------------------------


class NoCase(MemoryStore):
    """A share that ignores case, as Windows does, and keeps the one that a file was made with."""

    def _real(self, name: str) -> str:
        return next((known for known in self.contents if known.lower() == name.lower()), name)

    def read(self, name: str, limit: int) -> bytes | None:
        return super().read(self._real(name), limit)

    def stamp(self, name: str) -> Any:
        return super().stamp(self._real(name))

    def write(self, name: str, content: bytes, *, lasting: bool = True) -> None:
        real = self._real(name)
        super().write(real, content, lasting=lasting)

    def remove(self, name: str) -> None:
        super().remove(self._real(name))


@pytest.mark.parametrize("share", [MemoryStore, NoCase])
def test_names_in_another_case(tmp_path: Path, share: type[MemoryStore]):
    """Fault 32: the message is named as none; its writer puts it right, or a person does."""
    to_node, to_server = share(), share()
    pair = Pair(tmp_path, to_node, to_server)
    pair.greet()
    asked = pair.ask()
    changed = {name: name.upper() for name in to_node.contents if name.startswith("m000001")}
    for name, other in changed.items():
        to_node.contents[other] = to_node.contents.pop(name)
    assert pair.node.box.receive() is None
    assert "no name of a message" in pair.node.box.findings[asked.name.upper()]
    pair.server.box.publish()
    if share is NoCase:
        # There, the writer sees its file in place: the reader's finding is what a person acts on.
        assert pair.node.box.receive() is None
        assert asked.name.upper() in pair.node.box.findings
        for name, other in changed.items():
            to_node.contents[name] = to_node.contents.pop(other)
    received = pair.node.box.receive()
    assert received is not None
    assert received.digest == asked.digest
    pair.close()


# -- network folders, and drives that are not there --------------------------------------------------------------------

UNC = [
    r"\\server\share\lbw\north",
    r"\\server\share\exchange\lbw\north",
    r"\\server\Jörg's share\lbw\north",
    r"\\?\UNC\server\share\lbw\north",
    r"\\server.example.org\c$\lbw\north",
    r"\\192.0.2.1\share name\lbw\north",
    "//server/share/lbw/north",
    r"\\?\C:\exchange\lbw\north",
]


@pytest.mark.parametrize("text", UNC)
def test_a_network_folder_is_a_place_like_any_other(text: str):
    folder = PureWindowsPath(text)
    assert place(folder) == ("lbw", "north")  # type: ignore[arg-type]
    root = folder.parent.parent
    assert root.is_absolute()
    assert root / "lbw" / "north" == folder
    assert str(folder / names.TO_SERVER).endswith("\\lbw\\north\\to-server")
    # A path from node.toml is joined to the home, and stays what it is.
    assert PureWindowsPath(r"C:\homes\north") / text == folder
    assert files.missing_drive(folder) == "" or "?" in text


@pytest.mark.parametrize("text", UNC)
def test_a_network_folder_survives_the_settings(text: str):
    template = resource("node_templates", "node.toml").read_text(encoding="utf-8")
    values = {"DATA": settings.quoted(text + r"\data.dta"), "EXCHANGE": settings.quoted(text)}
    values |= {"VARIABLES": "", "CLUSTERSCORES": "false", "TABLES": ""}
    found = tomllib.loads(settings.fill(template, values))
    assert found["exchange"] == text
    assert PureWindowsPath(found["data"]).name == "data.dta"


@pytest.mark.parametrize("text", [r"\\server\share\north", r"\\server\share", r"S:\north", "north"])
def test_a_folder_without_a_study_is_refused(text: str):
    with pytest.raises(ConfigError):
        place(PureWindowsPath(text))  # type: ignore[arg-type]


ADVICE = ("mapped drive", "no scheduled task or service sees it", r"\\computer\share")


class Elsewhere(PureWindowsPath):
    """A path on a drive that is not there."""

    def is_dir(self) -> bool:
        return False

    def open(self, *_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", str(self))


@pytest.mark.parametrize("drive", ["S:", "q:"])
def test_a_drive_that_is_not_there_is_explained(drive: str):
    """A scheduled task's account sees no drive S: that its user mapped."""
    folder = Elsewhere(drive + r"\exchange\lbw\north")
    with pytest.raises(ExchangeError) as caught:
        node_home.make_folders(folder)  # type: ignore[arg-type]
    errors: list[FedfolderError] = [caught.value]
    with pytest.raises(ExchangeError) as caught:
        files.listing(folder / names.TO_NODE)  # type: ignore[arg-type]
    errors.append(caught.value)
    with pytest.raises(FedfolderError) as unreadable:
        check_readable(folder / "data.dta")  # type: ignore[arg-type]
    errors.append(unreadable.value)
    for error in errors:
        assert all(word in error.do for word in (*ADVICE, drive, f"net use {drive}")), error


@pytest.mark.skipif(os.name == "nt", reason="plays a drive")
def test_a_drive_that_is_there_is_not_the_reason(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os.path, "exists", lambda path: path == "S:\\")
    assert files.missing_drive(PureWindowsPath(r"S:\exchange")) == ""
    assert "mapped drive" in files.missing_drive(PureWindowsPath(r"T:\exchange"))
    for other in (r"\\server\share\x", "/srv/exchange", "S/exchange"):
        assert files.missing_drive(PureWindowsPath(other)) == ""


def test_a_node_says_so_when_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bench = Bench(tmp_path / "study").open(data(tmp_path / "data", "north"))
    bench.close()
    said: list[str] = []
    home = bench.home("north")
    (bench.folder / "exchange").rename(tmp_path / "away")
    # The path as such an account has it; here its folder is missing in any case.
    monkeypatch.setattr(files, "PureWindowsPath", lambda _: PureWindowsPath(r"S:\exchange\lbw\north"))
    with pytest.raises(ExchangeError):
        once(home, echo=said.append)
    assert all(word in said[-1] for word in ADVICE)
    assert open_home(home.path).study == "lbw"
