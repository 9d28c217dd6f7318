"""A key on Windows: who may read it is what `icacls` says, in SDDL, whatever the language of the system."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from fedfolder.custody import keys, windows_rights
from fedfolder.errors import ConfigError
from tests.windows.helpers import WindowsOs

ME, OTHER = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1105"
INHERITED = f"D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;FA;;;{ME})"


class Windows:
    """Stands in for `subprocess`: `icacls` and `whoami` of a computer with one file that matters."""

    SubprocessError = subprocess.SubprocessError

    def __init__(self) -> None:
        self.rights = INHERITED
        self.who = f'"KLINIK\\Jørgen, A","{ME}"\r\n'.encode("cp850")
        self.calls: list[list[str]] = []
        self.missing = False

    def run(self, command: list[str], **_options: Any) -> subprocess.CompletedProcess[bytes]:
        self.calls.append(command)
        if self.missing:
            raise FileNotFoundError(2, "not found", command[0])
        if command[0] == "whoami":
            return subprocess.CompletedProcess(command, 0, self.who)
        program, file, *rest = command
        assert program == "icacls"
        assert Path(file).exists()
        if rest[0] == "/save":
            Path(rest[1]).write_bytes(f"{Path(file).name}\r\n{self.rights}\r\n".encode("utf-16-le"))
        else:
            assert rest[:2] == ["/inheritance:r", "/grant:r"]
            assert Path(file).read_bytes() == b"", "before anything is in it"
            account, _, right = rest[2].removeprefix("*").partition(":")
            self.rights = f"D:PAI(A;;{'FA' if right == 'F' else right};;;{account})"
        return subprocess.CompletedProcess(command, 0, b"")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    made = Windows()
    monkeypatch.setattr(keys, "os", WindowsOs())
    monkeypatch.setattr(windows_rights, "subprocess", made)
    return made


def test_a_new_key_is_its_owner_s_alone_and_loads(windows: Windows, tmp_path: Path) -> None:
    keys.create(tmp_path)
    assert windows.rights == f"D:PAI(A;;FA;;;{ME})"
    assert keys.load(tmp_path, "north").name == "north"


@pytest.mark.parametrize(
    ("rights", "who"),
    [
        (INHERITED, "BU"),
        ("D:(A;;0x1200a9;;;WD)", "WD"),
        (f"D:P(A;;FA;;;{ME})(A;;FR;;;AU)", "AU"),
        (f"D:P(A;;FA;;;{ME})(A;;FR;;;{OTHER})", OTHER),
        (f"D:P(A;;FA;;;{ME})(XA;;FR;;;BU;(a == 1))", "BU"),
        (f"D:P(A;;FA;;;{ME})(what is this)", ""),
        ("D:NO_ACCESS_CONTROL", "everybody"),
        ("", "everybody"),
    ],
)
def test_a_key_that_others_may_read_is_refused(windows: Windows, tmp_path: Path, rights: str, who: str) -> None:
    keys.create(tmp_path)
    windows.rights = rights
    with pytest.raises(ConfigError, match="others can read") as found:
        keys.load(tmp_path, "north")
    assert found.value.found == who
    assert windows.rights == rights, "the way out is a person's"


@pytest.mark.parametrize("more", ["(A;;FA;;;SY)", "(A;;FA;;;BA)", "(D;;FA;;;WD)", "(A;;FA;;;S-1-5-18)"])
def test_the_system_may_read_it_and_who_is_denied_may_not(windows: Windows, tmp_path: Path, more: str) -> None:
    keys.create(tmp_path)
    windows.rights += more
    assert keys.load(tmp_path, "north").name == "north"


def test_an_account_that_runs_the_node_is_allowed_by_name_in_a_list(windows: Windows, tmp_path: Path) -> None:
    keys.create(tmp_path)
    windows.rights += f"(A;;FR;;;{OTHER})(A;;FR;;;NS)"
    with pytest.raises(ConfigError) as found:
        keys.load(tmp_path, "north")
    assert found.value.found == f"S-1-5-20, {OTHER}"
    (tmp_path / keys.FOLDER / windows_rights.ACCOUNTS).write_text(f"{OTHER}\r\nS-1-5-20\r\n", encoding="utf-8")
    assert keys.load(tmp_path, "north").name == "north"


@pytest.mark.parametrize("said", [b"", b'"KLINIK\\x"\r\n', b"FEIL: ingen tilgang"])
def test_an_account_that_is_not_said_stops(windows: Windows, tmp_path: Path, said: bytes) -> None:
    keys.create(tmp_path)
    windows.who = said
    with pytest.raises(ConfigError, match="which account"):
        keys.load(tmp_path, "north")


def test_without_icacls_there_is_no_key(windows: Windows, tmp_path: Path) -> None:
    windows.missing = True
    with pytest.raises(ConfigError, match="who may read the key"):
        keys.create(tmp_path)
