"""Enrolment as two people type it, with a phone between them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from fedfolder import clock
from fedfolder.cli import cli
from fedfolder.custody.roster import HEADING, roster_page
from fedfolder.exchange import trust
from fedfolder.exchange.fingerprint import fingerprint
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    yield made
    made.close()


def typed(*words: object, code: int = 0, answer: str | None = None) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in words], input=answer)
    assert done.exit_code == code, done.output
    return done.output


def decided(bench: Bench, name: str) -> list[tuple[str, str]]:
    home = bench.study if name == "server" else bench.home(name)
    with closing(home.journal(clock.now)) as journal:
        return [(line.event, line.peer) for line in journal.audit_lines() if line.event in {"trusted", "revoked"}]


def mistyped(text: str) -> str:
    """The fingerprint with the last digit of its third group changed."""
    return text[:16] + str((int(text[16]) + 1) % 10) + text[17:]


def test_the_ceremony_before_anything_was_sent(bench: Bench) -> None:
    server, north, home = bench.study.path, bench.home("north").me, bench.folder / "north"
    assert fingerprint(north.key) in typed("node", "check", home)
    assert "north" in typed("study", "add-node", server, "north", "--fingerprint", fingerprint(north.key))
    said = typed("node", "trust", home, "--fingerprint", fingerprint(bench.study.me.key).replace(" ", "-"))
    assert trust.AWAITED in said
    assert f"keys {trust.AWAITED}: north" in typed("status", server)
    bench.run()
    status = typed("status", server)
    assert f"keys {trust.COMPARED}: north" in status
    assert f"keys {trust.SEEN_FIRST}: south" in status
    for name, state in (("north", trust.COMPARED), ("south", trust.SEEN_FIRST)):
        shown = f"{fingerprint(bench.study.me.key)}: {state}"
        assert f"server     its key is {shown}" in typed("node", "check", bench.folder / name)
        assert f"the server's key  {shown}" in typed("node", "show", bench.folder / name)
    assert decided(bench, "server") == [("trusted", "north")]
    assert decided(bench, "north") == [("trusted", "server")]


def test_a_slip_names_its_group_and_changes_nothing(bench: Bench) -> None:
    wrong = mistyped(fingerprint(bench.home("north").me.key))
    for words in (
        ("study", "add-node", bench.study.path, "north", "--fingerprint", wrong),
        ("study", "add-node", bench.study.path, "west", "--fingerprint", wrong),
        ("node", "trust", bench.folder / "north", "--fingerprint", wrong),
    ):
        assert "group 3 of the fingerprint was misheard or mistyped" in typed(*words, code=15)
    assert decided(bench, "server") == decided(bench, "north") == []
    assert bench.study.nodes == ("north", "south")
    assert not (bench.folder / "exchange" / "lbw" / "west").exists()


def test_a_node_may_be_added_with_its_fingerprint(bench: Bench) -> None:
    typed("study", "add-node", bench.study.path, "west", "--fingerprint", fingerprint(b"\1" * 32))
    assert bench.study.nodes == ("north", "south", "west")
    assert "already" in typed("study", "add-node", bench.study.path, "west", code=8)


def test_without_a_fingerprint_a_person_says_yes(bench: Bench) -> None:
    home = bench.folder / "north"
    assert "has not introduced itself" in typed("node", "trust", home, code=15)
    bench.run()
    shown = fingerprint(bench.study.me.key)
    assert shown in typed("node", "trust", home, answer="n\n", code=1)
    assert decided(bench, "north") == []
    assert trust.COMPARED in typed("node", "trust", home, answer="y\n")
    assert trust.COMPARED in typed("node", "trust", bench.folder / "south", "--yes")
    assert decided(bench, "north") == [("trusted", "server")]


def test_another_fingerprint_than_that_of_the_key_that_was_seen_stops_the_node(bench: Bench) -> None:
    bench.run()
    other = fingerprint(b"\1" * 32)
    assert "is not the one whose" in typed("node", "trust", bench.folder / "north", "--fingerprint", other, code=10)
    assert "is not the one whose" in typed("node", "once", bench.folder / "north", code=10)
    assert trust.OTHER in typed("key", "show", bench.folder / "north")
    assert "is not the one whose" in typed("node", "check", bench.folder / "north", code=10)


def test_keys_are_shown_and_revoked(bench: Bench) -> None:
    bench.run()
    server = bench.study.path
    typed("key", "revoke", server, "--peer", "north", "--reason", "stolen", answer="n\n", code=1)
    assert decided(bench, "server") == []
    typed("key", "revoke", server, "--peer", "nroth", "--reason", "stolen", "--yes", code=4)
    typed("key", "revoke", server, "--peer", "north", "--reason", "stolen", "--yes")
    typed("key", "revoke", bench.folder / "south", "--reason", "replaced", "--yes")
    assert decided(bench, "server") == [("revoked", "north")]
    lines = typed("key", "show", server).splitlines()
    assert [line.split()[0] for line in lines] == ["server", "north", "south"]
    assert lines[1].endswith("revoked: stolen")
    assert fingerprint(bench.home("south").me.key) in lines[2]
    assert "keys revoked: north" in typed("status", server)
    assert "this home's own, revoked: replaced" in typed("key", "show", bench.folder / "south")
    assert "the key of north was revoked" in typed("run", server, "logit low age", code=23)
    assert "the key of this home was revoked" in typed("node", "once", bench.folder / "south", code=23)


def test_custodians_compare_who_takes_part(bench: Bench) -> None:
    bench.run()
    shown = typed("node", "show", bench.folder / "north")
    assert HEADING in shown
    for name in ("north", "south"):
        assert f"  {name}  {fingerprint(bench.home(name).me.key)}\n" in shown


def test_the_page_says_what_is_shown() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "enrolment.md").read_text(encoding="utf-8")
    for words in (trust.AWAITED, trust.COMPARED, trust.SEEN_FIRST):
        assert words in page


class Invented:
    roster = (("north", "aa"), ("x\n2026 sent\x1b[2J", "zz"), ("west", "01" * 32))


def test_a_roster_may_be_any_text() -> None:
    page = roster_page(Invented())
    assert [line.split()[-2:] for line in page[1:3]] == [["NO", "KEY"]] * 2
    assert page[3].endswith(fingerprint(b"\1" * 32))
    assert all(line.isprintable() for line in page)
