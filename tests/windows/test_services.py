"""The node as a service: the Task Scheduler's file and systemd's, for homes with any name."""

from __future__ import annotations

import codecs
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder import errors
from fedfolder.node import home as node_home
from fedfolder.node import service
from fedfolder.node.home import create
from tests import needs
from tests.node.places import data
from tests.windows.helpers import WindowsOs

NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
A_PERSON = {
    errors.HomeInUseError,
    errors.AlarmError,
    errors.VersionError,
    errors.ConfigError,
    errors.JournalError,
    errors.RevokedKeyError,
}
"""What a restart does not mend: a person must look at it first."""
STOPS = {2, *(error.exit_code for error in A_PERSON)}
WINDOWS_HOMES = [
    r"C:\fedfolder\north",
    r"C:\Users\Jörg Müller\a & b <c>\north",
    r"D:\100% 'sure' %TEMP\north",
    "C:\\Users\\Ольга\\north",
]
POSIX_HOMES = [
    "/srv/north",
    "/home/jörg müller/a & b/north",
    "/srv/100% $HOME ${x} %h/north",
    """/srv/it's "quoted" \\n back\\slash\\""",
    "/srv/-dash #hash;semi/north",
]
TEMPLATES = Path(__file__).resolve().parents[2] / "node_templates"


# -- the Task Scheduler ------------------------------------------------------------------------------------------------

DURATION = r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?"
ONE_OF = {
    "LogonType": {
        "S4U",
        "Password",
        "InteractiveToken",
        "InteractiveTokenOrPassword",
        "Group",
        "ServiceAccount",
        "None",
    },
    "RunLevel": {"LeastPrivilege", "HighestAvailable"},
    "MultipleInstancesPolicy": {"Parallel", "Queue", "IgnoreNew", "StopExisting"},
}
CHILDREN = {
    "Task": {"RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"},
    "RegistrationInfo": {
        "URI",
        "SecurityDescriptor",
        "Source",
        "Date",
        "Author",
        "Version",
        "Description",
        "Documentation",
    },
    "Triggers": {"BootTrigger"},
    "BootTrigger": {"Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "Delay"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"},
    "Settings": {
        *("AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy", "DisallowStartIfOnBatteries"),
        *("StopIfGoingOnBatteries", "AllowHardTerminate", "StartWhenAvailable", "NetworkProfileName"),
        *("RunOnlyIfNetworkAvailable", "WakeToRun", "Enabled", "Hidden", "DeleteExpiredTaskAfter", "IdleSettings"),
        *("NetworkSettings", "ExecutionTimeLimit", "Priority", "RunOnlyIfIdle"),
    },
    "RestartOnFailure": {"Interval", "Count"},
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}
"""Which element may stand in which, by Microsoft's description of the format ([MS-TSCH] 2.5), version 1.2."""
FLAGS = re.compile("^(Allow|Disallow|Stop|StartWhen|RunOnly|Enabled)")


def task_of(home: str, user: str = "REGISTRY\\node") -> ET.Element:
    return ET.fromstring(service.task(PureWindowsPath(home), "lbw north", user))  # noqa: S314 - our own


def check_against_schema(element: ET.Element) -> None:
    name = element.tag.removeprefix(NAMESPACE)
    assert element.tag == NAMESPACE + name
    children = [child.tag.removeprefix(NAMESPACE) for child in element]
    assert len(set(children)) == len(children), f"{name}: each at most once"
    if children:
        assert set(children) <= CHILDREN[name], name
        for child in element:
            check_against_schema(child)
        return
    text = element.text or ""
    assert text == text.strip() != ""
    if name in {"ExecutionTimeLimit", "Interval", "Delay"}:
        assert re.fullmatch(DURATION, text)
    if FLAGS.match(name):
        assert text in {"true", "false"}
    assert text in ONE_OF.get(name, {text})


@pytest.mark.parametrize("home", WINDOWS_HOMES)
def test_the_task_is_one_that_the_scheduler_takes(home: str):
    root = task_of(home, "REGISTRY & Co\\jörg")
    assert root.attrib == {"version": "1.2"}
    check_against_schema(root)

    def text(path: str) -> str | None:
        return root.findtext("/".join(NAMESPACE + part for part in path.split("/")))

    assert text("Principals/Principal/UserId") == "REGISTRY & Co\\jörg"
    assert text("Principals/Principal/LogonType") == "Password", "it runs whether anybody is logged on or not"
    principal, actions = (root.find(f".//{NAMESPACE}{name}") for name in ("Principal", "Actions"))
    assert principal is not None
    assert actions is not None
    assert principal.get("id") == actions.get("Context")
    assert text("Triggers/BootTrigger/Enabled") == "true"
    assert text("Settings/ExecutionTimeLimit") == "PT0S", "else Windows ends it after three days"
    assert text("Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text("Settings/DisallowStartIfOnBatteries") == text("Settings/StopIfGoingOnBatteries") == "false"
    assert 1 <= int(text("Settings/RestartOnFailure/Count") or 0) <= 255
    assert text("Actions/Exec/WorkingDirectory") == home
    assert text("Actions/Exec/Arguments") == r"/d /c .\run-node.bat service", "no path in it that cmd could misread"


def test_the_task_is_utf_16_as_its_readers_expect():
    content = service.task(PureWindowsPath(WINDOWS_HOMES[1]), "lbw north", "a\\b")
    assert content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16")
    assert text.startswith('<?xml version="1.0"?>'), "PowerShell hands it on decoded: a named encoding would be wrong"
    assert text.count("\r\n") == text.count("\n")
    assert "@" not in text


def test_the_batch_file_starts_the_node_again_but_not_after_what_a_person_must_see():
    lines = [line.strip() for line in (TEMPLATES / "run-node.bat").read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if not line.startswith("rem ")]
    (held,) = [line for line in commands if line.startswith("for ")]
    found = re.fullmatch(r'for %%c in \(([0-9 ]+)\) do if "%code%"=="%%c" exit /b %code%', held)
    assert found is not None
    assert {int(code) for code in found[1].split()} == STOPS
    labels = [line for line in commands if line.startswith(":")]
    assert {":" + line.split()[-1] for line in commands if "goto " in line} == set(labels)
    as_a_service = commands[commands.index(":start") : commands.index(":ask")]
    assert as_a_service[-1] == "goto start"
    assert not any("pause" in line or "timeout" in line for line in as_a_service), "nobody is there to press a key"
    assert commands.index('if "%code%"=="0" exit /b 0') < commands.index(held)


# -- systemd -----------------------------------------------------------------------------------------------------------


def settings_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        if line and not line.startswith(("#", "[")):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def unit_of(home: str, exchange: str = "/mnt/exchange/lbw/north") -> dict[str, list[str]]:
    return settings_of(service.unit(PurePosixPath(home), PurePosixPath(exchange), "lbw north", "1000").decode())


def command_line(value: str) -> list[str]:
    """As systemd takes a command line apart: quotes and backslashes as a shell does, then %% and $$."""
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(value)]


def paths(value: str) -> list[str]:
    """As systemd takes a list of paths apart: the same, and $ is a letter like any other."""
    return [word.replace("%%", "%") for word in shlex.split(value)]


texts = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=12)


@given(texts, texts)
def test_any_home_and_exchange_survive_the_unit(home: str, exchange: str):
    found = unit_of(f"/srv/{home} x/north", f"/mnt/{exchange} y/lbw/north")
    assert command_line(found["ExecStart"][0]) == ["/bin/sh", f"/srv/{home} x/north/run-node.sh"]
    assert paths(found["ReadWritePaths"][0]) == [f"/srv/{home} x/north", f"-/mnt/{exchange} y/lbw/north"]
    for value in (found["ExecStart"][0], found["ReadWritePaths"][0]):
        assert re.search(r"(?<!%)%(%%)*(?!%)", value) is None, "a single percent sign would be a specifier"
    assert re.search(r"(?<!\$)\$(\$\$)*(?!\$)", found["ExecStart"][0]) is None, "a single dollar would be a variable"


@pytest.mark.parametrize("home", POSIX_HOMES)
def test_the_unit_starts_the_node_and_lets_it_write_to_its_two_folders_only(home: str):
    found = unit_of(home)
    assert command_line(found["ExecStart"][0]) == ["/bin/sh", f"{home}/run-node.sh"]
    assert paths(found["ReadWritePaths"][0]) == [home, "-/mnt/exchange/lbw/north"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["User"] == ["1000"]
    assert "UMask" not in found, "the server must be able to read what the node writes to the exchange"
    assert found["WantedBy"] == ["multi-user.target"]


def test_the_unit_starts_again_but_not_after_what_a_person_must_see():
    found = unit_of("/srv/north")
    assert found["Restart"] == ["on-failure"]
    assert {int(code) for code in found["RestartPreventExitStatus"][0].split()} == STOPS


@needs.programs("systemd-analyze")
@pytest.mark.parametrize("number", range(len(POSIX_HOMES)))
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, number: int):
    home = PurePosixPath(POSIX_HOMES[number])
    content = service.unit(home, PurePosixPath("/mnt") / home.name / "lbw", "lbw north", str(os.getuid()))
    path = tmp_path / "fedfolder-lbw-north.service"
    path.write_bytes(content)
    done = verify(path)
    assert (done.returncode, done.stderr) == (0, "")
    path.write_bytes(content.replace(b'"-/mnt', b'"-mnt', 1))
    assert "not absolute" in verify(path).stderr, "and it does look at the paths"


def verify(path: Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "verify", "--man=no", str(path)]  # found by its name, as an administrator would
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8", timeout=60)


# -- in a home ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="the unit of a Unix home")
@pytest.mark.parametrize("name", ["north home", "Jörg's 100% & $x"])
def test_a_home_has_the_file_for_its_system(tmp_path: Path, name: str):
    (tmp_path / "share").mkdir()
    made = create(tmp_path / name, data(tmp_path, "north")["north"], tmp_path / "share" / "lbw" / "north", ["age"])
    found = settings_of((made.path / service.UNIT).read_text(encoding="utf-8"))
    assert command_line(found["ExecStart"][0])[1] == str(made.path / "run-node.sh")
    assert paths(found["ReadWritePaths"][0]) == [str(made.path), f"-{made.exchange}"]
    assert found["User"] == [str(os.getuid())]
    assert not (made.path / service.TASK).exists()


def test_a_home_on_windows_has_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("USERDOMAIN", "REGISTRY")
    monkeypatch.setenv("USERNAME", "node")
    for module in (node_home, service):
        monkeypatch.setattr(module, "os", WindowsOs())
    (tmp_path / "share").mkdir()
    made = create(tmp_path / "home", data(tmp_path, "north")["north"], tmp_path / "share" / "lbw" / "north", ["age"])
    root = ET.parse(made.path / service.TASK).getroot()  # noqa: S314 - our own
    assert root.findtext(f".//{NAMESPACE}UserId") == "REGISTRY\\node"
    assert root.findtext(f".//{NAMESPACE}WorkingDirectory") == str(made.path)
    assert not (made.path / service.UNIT).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.skipif(sys.platform == "darwin", reason="nor has macOS")
@pytest.mark.parametrize("name", ["a\nb", "a\x1bb"])
def test_a_path_that_such_a_file_cannot_name_goes_without(tmp_path: Path, name: str):
    (tmp_path / "share").mkdir()
    made = create(tmp_path / name, data(tmp_path, "north")["north"], tmp_path / "share" / "lbw" / "north", ["age"])
    assert not (made.path / service.UNIT).exists()
    assert (made.path / "run-node.sh").exists()
