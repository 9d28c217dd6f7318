"""The journal: all or nothing, the same bytes for ever, and no journal but this home's."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from fedfolder.errors import JournalError, MessageError, VersionError
from fedfolder.exchange import journal as journal_module
from fedfolder.exchange.audit import DIGEST
from fedfolder.exchange.database import VERSION
from fedfolder.exchange.journal import IN, OUT, Journal
from fedfolder.exchange.recent import Recent
from tests.exchange.helpers import BETA, NODE, SERVER, clock, forged, header


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path):
    found = Journal(path, clock=clock)
    yield found
    found.close()


def message(number=1, **fields):
    fields = {"number": number, "round": number, "body": {"ä": "ö \u2028", "n": number}, **fields}
    payloads = {"beta.csv": BETA, "sums.csv": bytes(range(256))}
    return forged(header("server", "north", **fields), payloads, SERVER)


def everything(path):
    """Every row of every table."""
    with sqlite3.connect(path) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608 - its own names
    db.close()
    rows.pop("sqlite_sequence", None)
    return rows


def test_what_was_appended_is_read_back_byte_for_byte(journal, path):
    first = message()
    journal.append("server", IN, first, event="accepted")
    journal.close()
    again = Journal(path, clock=clock)
    assert again.message("server", IN, 1) == first
    assert again.last("server", IN) == first
    assert again.message("server", OUT, 1) is None
    assert again.message("north", IN, 1) is None
    assert list(getattr(again.last("server", IN), "payloads", ())) == list(first.payloads)
    again.close()


def test_a_number_never_stands_for_other_bytes(journal):
    first = message()
    journal.append("server", IN, first, event="accepted")
    for other in (message(body={"other": True}), first):
        with pytest.raises(JournalError):
            journal.append("server", IN, other, event="accepted")
    assert journal.message("server", IN, 1) == first
    assert len(journal.audit_lines()) == 1


class Crash(BaseException):
    """The process is gone."""


class Counted:
    """A database that dies at the n-th statement."""

    def __init__(self, db, last):
        self._db, self._left = db, last

    def __getattr__(self, name):
        return getattr(self._db, name)

    def _count(self):
        self._left -= 1
        if self._left < 0:
            raise Crash

    def execute(self, *args):
        if args[0] != "ROLLBACK":
            self._count()
        return self._db.execute(*args)

    def executemany(self, sql, rows):
        for row in rows:
            self._count()
            self._db.execute(sql, row)


@pytest.mark.parametrize("statements", range(10))
def test_a_crash_between_statements_leaves_nothing_or_all(journal, path, monkeypatch, statements):
    before = everything(path)
    monkeypatch.setattr(journal, "_db", Counted(journal._db, statements))  # noqa: SLF001 - to die inside

    def pin_and_append():
        with journal.transaction():
            journal.pin("server", SERVER.key)
            journal.append("server", IN, message(), event="accepted")

    with pytest.raises(Crash):
        pin_and_append()
    monkeypatch.undo()
    assert everything(path) == before
    journal.append("server", IN, message(), event="accepted")
    assert journal.last("server", IN) == message()


def test_a_crash_leaves_none_of_a_round(journal, path):
    before = everything(path)

    def post_to_all():
        with journal.transaction():
            for node in ("north", "south"):
                journal.append(node, OUT, message(), event="asked")
            raise Crash

    with pytest.raises(Crash):
        post_to_all()
    assert everything(path) == before


def test_a_message_and_its_audit_line_come_together(journal, path):
    broken = Journal(path, clock=lambda: "\ud800")
    with pytest.raises(MessageError):
        broken.append("server", IN, message(), event="accepted")
    broken.close()
    assert journal.last("server", IN) is None
    journal.append("server", IN, message(), event="accepted")
    (line,) = journal.audit_lines()
    assert line[:4] == (clock(), "accepted", "server", 1)
    assert line.detail[DIGEST] == message().digest


def test_a_file_whose_damage_sqlite_cannot_put_into_words_is_said_to_be_damaged(journal, path):
    """Its message quotes what stands in the file, and Python cannot read that."""
    journal.close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = CAST(x'435245415445205441424C4520FFFE20FF' AS TEXT) WHERE rowid = 1")
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(path, clock=clock)


@pytest.mark.parametrize("damage", ["text", "truncated", "overwritten"])
def test_a_damaged_file_is_said_to_be_one(journal, path, damage):
    for number in range(1, 40):
        journal.append("server", IN, message(number), event="accepted")
    journal.close()
    content = path.read_bytes()
    harmed = {
        "text": b"this is no database" * 100,
        "truncated": content[: len(content) // 2],
        "overwritten": content[:100] + b"\xff" * (len(content) - 100),
    }[damage]
    path.write_bytes(harmed)

    def use():
        found = Journal(path, clock=clock)
        try:
            for number in range(1, 40):
                assert found.message("server", IN, number) == message(number)
        finally:
            found.close()

    with pytest.raises(JournalError) as caught:
        use()
    assert str(path) in str(caught.value)
    assert "do not restore an old copy" in caught.value.do


def test_another_database_is_no_journal(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE cookies (name TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="not the journal"):
        Journal(path, clock=clock)
    assert everything(path) == {"cookies": []}
    assert path.read_bytes()[:16] == before[:16]


def test_a_newer_journal_is_left_alone(journal, path):
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = everything(path)
    with pytest.raises(VersionError, match="newer"):
        Journal(path, clock=clock)
    assert everything(path) == before


def test_a_journal_belongs_to_one_study(journal):
    journal.bind("study", "lbw")
    journal.bind("study", "lbw")
    with pytest.raises(JournalError, match="another study") as caught:
        journal.bind("study", "other")
    assert (caught.value.found, caught.value.expected) == ("lbw", "other")


def test_a_key_is_pinned_once(journal):
    assert journal.key("north") is None
    journal.pin("north", NODE.key)
    with pytest.raises(JournalError):
        journal.pin("north", SERVER.key)
    assert journal.key("north") == NODE.key
    assert [line[1:3] for line in journal.audit_lines()] == [("pinned", "north")]


def test_messages_are_found_by_fit_and_round(journal):
    for node, number, round_ in [("north", 1, 1), ("north", 2, 2), ("south", 1, 1), ("south", 2, 2)]:
        journal.append(node, OUT, message(number, round=round_), event="asked")
    journal.append("north", OUT, message(3, round=3, kind="closing"), event="closed")
    assert list(journal.of_round(1, 1, 2, OUT)) == ["north", "south"]
    assert journal.of_round(1, 1, 3, OUT) == {}, "a closing is no request of a round"
    assert journal.of_round(1, 2, 1, OUT) == {}
    assert [m.header.number for m in journal.of_fit(1, OUT, peer="north")] == [1, 2, 3]
    assert [h.round for h in journal.first_rounds()] == [1, 1]
    assert journal.time_of("north", 3, "closed") == clock()
    assert journal.time_of("north", 3, "asked") == ""


def test_what_another_process_writes_is_seen_at_once(journal, path):
    """A custodian decides beside the daemon: what is remembered counts until somebody writes, whoever that is."""
    assert journal.fact("who") is None
    assert journal.decided("server", "revoked") is None
    assert journal.last("north", OUT) is None
    other = Journal(path, clock=clock)
    other.note("who", "a custodian")
    other.decide("server", "revoked", "it was lost", event="revoked")
    other.append("north", OUT, message(), event="asked")
    other.close()
    assert journal.fact("who") == "a custodian"
    assert journal.decided("server", "revoked") == "it was lost"
    assert journal.last("north", OUT) == message()


def test_what_another_process_writes_while_something_is_read_is_seen_at_once(journal, path):
    """What is read in parts, some of them remembered on their own, may be older than its last part."""

    def read():
        first = journal.decided("server", "revoked")
        other = Journal(path, clock=clock)
        other.note("what", "a write")
        if first is None:
            other.decide("server", "revoked", "it was lost", event="revoked")
        other.close()
        journal.fact("who")
        return first

    assert journal.remembered("both", read) is None
    assert journal.remembered("both", read) == "it was lost"


def test_what_was_taken_back_is_not_remembered(journal):
    def fail():
        with journal.transaction():
            journal.append("north", OUT, message(), event="asked")
            journal.note("who", "nobody")
            assert journal.last("north", OUT) == message()
            assert journal.fact("who") == "nobody"
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert journal.last("north", OUT) is None
    assert journal.message("north", OUT, 1) is None
    assert journal.fact("who") is None
    other = message(body={"n": "other"})
    journal.append("north", OUT, other, event="asked")
    assert journal.last("north", OUT) == other


def test_messages_in_memory_are_bounded(journal):
    size = len(message().content) + sum(map(len, message().payloads.values()))
    recent = Recent(3 * size)
    for number in range(1, 9):
        recent.put(("north", OUT, number), message(number))
    assert [recent.get(("north", OUT, number)) for number in (1, 5)] == [None, None]
    assert recent.get(("north", OUT, 8)) == message(8)
    assert Recent(0).get(("north", OUT, 1)) is None
    # What is no longer in memory is read, and held against its signature, once more.
    journal._recent = Recent(0)  # noqa: SLF001 - a journal without room
    for number in (1, 2):
        journal.append("north", OUT, message(number), event="asked")
    assert [journal.message("north", OUT, number) for number in (1, 2)] == [message(1), message(2)]


def test_the_last_opening_that_is_about_a_text_is_found_without_the_others(journal):
    for fit in range(1, 40):
        said = f"logit low x{fit % 7}"
        body = {"proposal": {"command": said}}
        journal.append("north", OUT, message(fit, fit=fit, attempt=1, round=1, body=body), event="asked")
    assert journal.newest_fit() == 39
    found = list(journal.openings("logit low x3"))
    assert [header.fit for header in found] == [38, 31, 24, 17, 10, 3]
    assert list(journal.openings("logit low y")) == []
    assert [header.fit for header in journal.openings("")] == list(range(39, 0, -1))
    steps = [row[-1] for row in journal.rows(f"EXPLAIN QUERY PLAN {journal_module.OPENINGS}", "in", "")]
    assert not any(step.startswith("SCAN messages") for step in steps), steps


def test_in_a_steady_while_others_are_asked_about_once_and_afterwards_again(journal, path):
    statements = list[str]()
    with journal.steady():
        journal._db.set_trace_callback(statements.append)  # noqa: SLF001 - what is counted
        assert journal.fact("who") is None
        other = Journal(path, clock=clock)
        other.note("who", "a custodian")
        other.close()
        with journal.steady():
            assert journal.fact("who") is None
        assert "PRAGMA data_version" not in statements
    assert journal.fact("who") == "a custodian"


def test_a_transaction_in_a_steady_while_begins_with_what_others_have_written(journal, path):
    with journal.steady():
        assert journal.last("north", OUT) is None
        other = Journal(path, clock=clock)
        other.append("north", OUT, message(), event="asked")
        other.close()
        with journal.transaction():
            assert journal.last("north", OUT) == message()
            journal.audit("looked", "north", None, "here")
    assert [line.event for line in journal.verify()] == ["asked", "looked"]


def test_what_this_process_writes_is_known_at_once(journal):
    """Also where another room's statement does it."""
    assert journal.fact("who") is None
    assert journal.key("north") is None
    assert journal.decided("north", "revoked") is None
    journal.write("INSERT INTO home VALUES (?, ?)", ("who", "a room"))
    assert journal.fact("who") == "a room"
    journal.pin("north", b"k" * 32)
    assert journal.key("north") == b"k" * 32
    journal.decide("north", "revoked", "it was lost", event="revoked")
    assert journal.decided("north", "revoked") == "it was lost"


def test_no_table_has_a_trigger(journal):
    """What is known is let go of by the tables that a statement names."""
    assert journal.rows("SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')") == []


def test_what_need_not_last_by_itself_lasts_with_the_next_that_does(journal):
    levels = []
    for lasting in (True, False, False, True):
        with journal.transaction(lasting=lasting):
            levels.append(journal.row("PRAGMA synchronous")[0])
    normal, full = 1, 2
    assert levels == [full, normal, normal, full]


def test_a_late_fit_is_read_in_as_many_steps_as_an_early_one(journal):
    """Steps of the database, and not statements: a fit is found without a look at those before it."""
    steps = []
    for number in range(1, 301):
        journal.append("north", OUT, message(number, fit=number), event="asked")
        if number in {10, 300}:
            count = list[int]()
            journal._db.set_progress_handler(lambda count=count: count.append(1), 1)  # noqa: SLF001 - what is counted
            assert len(journal.of_fit(number, OUT, peer="north")) == 1
            journal._db.set_progress_handler(None, 1)  # noqa: SLF001 - no more
            steps.append(len(count))
    assert 0 < steps[1] <= steps[0] + 10
