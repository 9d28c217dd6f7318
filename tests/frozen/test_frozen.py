"""What earlier versions wrote is read and gone on from; what later versions write is named as such."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fedfolder.about import SOFTWARE
from fedfolder.cli import cli
from fedfolder.errors import ConfigError, RefusedError, VersionError
from fedfolder.exchange import strict_json
from fedfolder.exchange.database import VERSION
from fedfolder.exchange.envelope import FORMAT
from fedfolder.node import step
from fedfolder.node.home import POLICY, open_home
from fedfolder.node.loop import Node
from fedfolder.server.run import run
from fedfolder.server.study import open_study
from fedfolder.server.words import refusal_in_words
from fedfolder.settings import FORMAT as SETTINGS_FORMAT

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult

HERE = Path(__file__).parent
FROZEN = sorted(path.name for path in HERE.iterdir() if path.is_dir() and path.name.startswith("format-"))
NODES = ("north", "south")


@pytest.fixture(params=FROZEN)
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy, with the keys as private as they were, and the policies that this version asks for."""
    copy = copied(request.param, tmp_path)
    for name in NODES:
        if not (copy / name / POLICY).exists():
            made = CliRunner().invoke(
                cli, ["policy", "init", str(copy / name), "--profile", "open", "--approval", "auto"]
            )
            assert made.exit_code == 0, made.output
    return copy


def copied(name: str, folder: Path) -> Path:
    copy = folder / "study"
    shutil.copytree(HERE / name, copy)
    for key in copy.glob("*/keys/private.pem"):
        key.chmod(0o600)
    return copy


def fitted(study: Path, command: str) -> FitResult:
    nodes = [Node(open_home(study / name)) for name in NODES]

    def work(_seconds: float) -> None:
        for node in nodes:
            node.work()

    try:
        return run(study / "server", command, timeout=60.0, idle=work)
    finally:
        for node in nodes:
            node.close()


def counted(study: Path) -> int:
    with closing(sqlite3.connect(study / "server" / "journal.sqlite3")) as journal:
        found: int = journal.execute("SELECT count(*) FROM messages").fetchone()[0]
    return found


def expected(study: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((study / "expected.json").read_text(encoding="utf-8"))
    return found


def assert_same(found: FitResult, promised: dict[str, Any]) -> None:
    assert found.status == promised["status"]
    assert dict(zip(found.names, found.beta, strict=True)) == pytest.approx(promised["coef"], rel=1e-10)
    assert [{"name": name, "n": n} for name, n in found.nodes] == promised["nodes"]


def test_the_current_formats_are_frozen() -> None:
    """A format that changes gets a new number and a new folder; an old folder stays as it is."""
    assert f"format-{VERSION}" in FROZEN
    assert (FORMAT, VERSION, SETTINGS_FORMAT) == ("fedfolder/1", 2, 1)


def test_a_home_that_was_made_without_a_policy_says_how_to_get_one(tmp_path: Path) -> None:
    home = copied("format-1", tmp_path) / "north"
    with pytest.raises(ConfigError, match=r"there is no policy\.toml here") as found:
        open_home(home)
    assert "fedfolder policy init HOME --profile registry" in found.value.do
    made = CliRunner().invoke(cli, ["policy", "init", str(home)])
    assert made.exit_code == 0, made.output
    assert (open_home(home).policy.profile, open_home(home).policy.approval) == ("registry", "proposal")


def test_a_fit_that_had_ended_is_shown_from_the_journal(study: Path) -> None:
    first, _ = expected(study)
    before = counted(study)
    assert_same(fitted(study, first), expected(study)[first])
    assert counted(study) == before


def test_a_fit_in_the_middle_goes_on_to_its_end(study: Path) -> None:
    _, second = expected(study)
    before = counted(study)
    found = fitted(study, second)
    assert_same(found, expected(study)[second])
    # It went on, and did not begin anew.
    asked_anew = 2 * 2 * (found.rounds + 1)
    assert 0 < counted(study) - before < asked_anew


def test_a_new_fit_begins(study: Path) -> None:
    assert fitted(study, "regress bwt age smoke").status == "converged"


# -- versions over sites ---------------------------------------------------------------------------------------------


def with_format(study: Path, path: str, old: str, new: str) -> None:
    file = study / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def test_newer_settings_say_what_to_update(study: Path) -> None:
    with_format(study, "server/study.toml", "format = 1", "format = 2")
    with pytest.raises(VersionError, match="newer") as found:
        open_study(study / "server")
    assert "update fedfolder" in found.value.do


def test_a_newer_journal_says_what_to_update(study: Path) -> None:
    with closing(sqlite3.connect(study / "north" / "journal.sqlite3")) as journal:
        journal.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(VersionError, match="newer") as found:
        Node(open_home(study / "north"))
    assert found.value.do == "update fedfolder here"


@pytest.mark.parametrize(("version", "who"), [("fedfolder/2", "here"), ("fedfolder/0", "at server")])
def test_a_node_says_who_has_to_update_and_goes_on_afterwards(study: Path, version: str, who: str) -> None:
    """The server's request is of another format than the node's: it waits, and says so; then it is mended."""
    _, second = expected(study)
    folder = study / "exchange" / "frozen" / "north" / "to-node"
    newest = max(folder.glob("m*-instruction.json"))
    content = newest.read_bytes()
    value = strict_json.loads(content, where="")
    value["signed"]["format"] = version
    newest.write_bytes(strict_json.pretty(value))
    node = Node(open_home(study / "north"))
    node.work()
    node.close()
    said = (study / "north" / "log.txt").read_text(encoding="utf-8")
    assert f"this message is of another version: update fedfolder {who} (found '{version}')" in said
    newest.write_bytes(content)
    assert_same(fitted(study, second), expected(study)[second])


def test_a_server_says_which_of_two_versions_with_one_format_is_older(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that does not know what a newer server asks refuses, and the refusal names its version."""
    monkeypatch.setattr(step, "SOFTWARE", "fedfolder 0.0.9")
    with_format(study, "north/node.toml", "    'smoke',\n", "")
    with pytest.raises(RefusedError) as found:
        fitted(study, "logit low age smoke ht")
    assert f"it runs fedfolder 0.0.9, and this is {SOFTWARE}: update the older one" in found.value.found
    assert "update" not in refusal_in_words({"code": "Refused", "names": [], "software": SOFTWARE})
