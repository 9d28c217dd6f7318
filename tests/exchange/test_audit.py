"""The audit of a home: chained, and a line that was changed, taken out or moved is found."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import fedfolder
from fedfolder.errors import AuditError, JournalError
from fedfolder.exchange import audit, database
from fedfolder.exchange.journal import Journal
from tests.exchange.helpers import clock

LINES = 7


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.sqlite3"
    with closing(Journal(path, clock=clock)) as journal:
        for number in range(1, LINES + 1):
            journal.audit("checked", "server", number, {"rule": "levels", "result": "held", "fit": str(number // 4)})
    return path


def changed(path, *statements):
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def opened(path):
    return closing(Journal(path, clock=clock))


def test_an_audit_that_nobody_touched_holds(path):
    with opened(path) as journal:
        lines = journal.verify()
        assert [line.line for line in lines] == list(range(1, LINES + 1))
        assert lines[0].digest == lines[0].chained(audit.START)
        assert lines[0].detail == {"rule": "levels", "result": "held", "fit": "0"}


SET = "UPDATE audit SET"
DAMAGE = {
    # name: (what somebody does to the table, the first line that is wrong)
    "time": (f"{SET} at = '2024-01-02' WHERE line = 3", 3),
    "event": (f"{SET} event = 'approved' WHERE line = 3", 3),
    "peer": (f"{SET} peer = 'other' WHERE line = 3", 3),
    "number": (f"{SET} number = NULL WHERE line = 3", 3),
    "detail": (f"{SET} detail = '{{}}' WHERE line = 3", 3),
    "no JSON": (f"{SET} detail = '{{' WHERE line = 3", 3),
    "no object": (f"{SET} detail = '1e999' WHERE line = 3", 3),
    "numbers": (f"{SET} detail = '{{\"n\": 1e999}}' WHERE line = 3", 3),
    "digest": (f"{SET} digest = '{'0' * 64}' WHERE line = 3", 3),
    "taken out": ("DELETE FROM audit WHERE line = 3", 3),
    "the first": ("DELETE FROM audit WHERE line = 1", 1),
    "two changed places": (f"{SET} line = CASE line WHEN 3 THEN 103 ELSE 104 END WHERE line IN (3, 4)", 3),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_first_line_that_is_wrong_is_named(path, name):
    statement, line = DAMAGE[name]
    changed(path, statement, f"{SET} line = 107 - line WHERE line > 100")
    with opened(path) as journal, pytest.raises(AuditError) as caught:  # its last lines are whole, so it opens
        journal.verify()
    assert f"line {line}" in f"{caught.value}"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE line = (SELECT max(line) FROM audit)",
        "DELETE FROM audit WHERE line > 2",
        "DELETE FROM audit",
        f"{SET} event = 'approved' WHERE line = {LINES}",
        f"{SET} digest = '' WHERE line = {LINES - 1}",
    ],
)
def test_a_home_whose_audit_lost_its_end_does_not_open(path, statement):
    changed(path, statement)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="does not end as it was written"):
        Journal(path, clock=clock)
    assert path.read_bytes() == before


def test_a_new_home_has_an_audit_that_holds(tmp_path):
    with opened(tmp_path / "new.sqlite3") as journal:
        assert journal.verify() == []


HELLO, ROUND = "m000000-hello.json", "m000012-fit3-round2-result.json"
OLD = {
    ("pinned", f"key {'ab' * 32}"): {"key": "ab" * 32},
    ("accepted", f"{HELLO} sha256 {'0' * 64}"): {"message": HELLO, "digest": "0" * 64, "direction": "in"},
    ("answered", f"{ROUND} sha256 {'1' * 64}"): {
        "message": ROUND,
        "fit": "3",
        "digest": "1" * 64,
        "direction": "out",
    },
    ("not accepted", f"{ROUND}: torn: so"): {"file": ROUND, "reason": "torn: so"},
    ("closed", '{"æ"'): {"text": '{"æ"'},
}


def test_lines_of_version_1_are_chained_when_the_journal_is_brought_up(tmp_path):
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as db, db:
        for statement in database._FIRST.split(";"):  # noqa: SLF001 - a journal as version 1 made it
            db.execute(statement)
        for event, detail in OLD:
            old = (clock(), event, "north", 1, detail)
            db.execute("INSERT INTO audit (at, event, peer, number, detail) VALUES (?, ?, ?, ?, ?)", old)
        db.execute("PRAGMA user_version = 1")
    with opened(path) as journal:
        assert [line.detail for line in journal.verify()] == list(OLD.values())
        journal.audit("asked", "north", 3, "as ever")
        assert len(journal.verify()) == len(OLD) + 1
    with opened(path) as journal:
        assert journal.verify()[-1].detail == {"text": "as ever"}


def test_a_line_that_was_rolled_back_leaves_no_gap(path):
    with opened(path) as journal:

        def fail():
            with journal.transaction():
                journal.audit("asked", "north", 1, "")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert len(journal.verify()) == LINES
        journal.audit("asked", "north", 1, "")
        assert len(journal.verify()) == LINES + 1


def test_an_event_without_a_sentence_is_refused(path):
    with opened(path) as journal:
        with pytest.raises(ValueError, match="EVENTS"):
            journal.audit("frobnicated", "north", 1, "")
        assert len(journal.verify()) == LINES


@pytest.mark.parametrize("event", audit.EVENTS)
def test_every_event_has_a_sentence_and_can_be_written(path, event):
    assert re.fullmatch(r"[A-Z].*\.", audit.EVENTS[event])
    with opened(path) as journal:
        journal.audit(event, "north", 8, {"reason": "because"})
        said = audit.in_words(journal.verify()[-1])
    assert said.endswith("  north message 8  reason: because")
    assert f"  {event} " in said


def test_every_event_that_the_program_writes_is_in_the_registry():
    """The words are literals, so they can be read from the source."""
    source = "\n".join(p.read_text(encoding="utf-8") for p in Path(fedfolder.__file__).parent.rglob("*.py"))
    written = set(re.findall(r"event=\"([a-z ]+)\"|\.audit\(\s*\"([a-z ]+)\"", source))
    found = {a or b for a, b in written}
    assert found >= {"greeted", "asked", "accepted", "closed", "pinned", "not accepted"}
    assert found <= set(audit.EVENTS)


def test_the_lines_of_a_fit_are_those_that_name_it_and_those_of_its_messages():
    def line(number, **detail):
        return audit.Line("", "checked", "server", number, detail, 1, "")

    lines = [line(1, fit="1"), line(1), line(2, fit="2"), line(None), line(None, fit="1"), line(2)]
    assert audit.of_fit(lines, 1) == [lines[0], lines[1], lines[4]]


def test_a_strangers_words_cannot_drive_a_terminal():
    line = audit.Line("now", "checked", "server", 1, {"rea\nson": "\x1b[2J"}, 1, "")
    assert audit.in_words(line).isprintable()


def test_the_page_lists_every_event_with_its_sentence():
    page = (Path(fedfolder.__file__).parents[1] / "docs" / "audit.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `([a-z ]+)` \| (.+) \|$", page, re.MULTILINE)) == audit.EVENTS
