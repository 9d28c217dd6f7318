"""An exported audit: whatever is done to the file is found, and so is a node that signs another one."""

from __future__ import annotations

import io
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fedfolder import clock
from fedfolder.custody import audit_file, keys
from fedfolder.custody.audit_against import require_agreement
from fedfolder.errors import AuditError, VersionError
from fedfolder.exchange import audit, strict_json
from fedfolder.exchange.audit import START
from fedfolder.server.study import open_study
from tests.cli.commands import fedfolder
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fedfolder.exchange.audit import Line
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Identity


@dataclass
class Done:
    """A study after a fit: the homes' folders, and what node north exported."""

    folder: Path
    me: Identity
    lines: list[Line]
    content: bytes
    other: bytes

    def server(self) -> Journal:
        return open_study(self.folder / "server").journal(clock.now)

    def signed(self, lines: Sequence[Line], *, chained: bool = True) -> bytes:
        """What a node can always do: sign other lines, numbered and chained anew."""
        made: list[Line] = []
        for number, line in enumerate(lines, start=1):
            new = line._replace(line=number).after(made[-1].digest if made else START) if chained else line
            made.append(new)
        return b"".join(audit_file.export("lbw", self.me, made))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    bench = Bench(folder / "all").open(data(folder / "data", "north", "south"))
    bench.run()
    with closing(bench):
        homes = [bench.nodes[name] for name in ("north", "south")]
        lines = [home.journal.verify() for home in homes]
        north, south = (
            b"".join(audit_file.export("lbw", home.home.me, found)) for home, found in zip(homes, lines, strict=True)
        )
        yield Done(bench.folder, homes[0].home.me, lines[0], north, south)


def read(content: bytes) -> audit_file.Exported:
    return audit_file.read(io.BytesIO(content), where="north.jsonl")


def test_what_was_exported_is_read_back(done):
    found = read(done.content)
    assert list(found.lines) == done.lines
    assert (found.header.study, found.header.node, found.key) == ("lbw", "north", done.me.key)
    assert b"".join(audit_file.export("lbw", done.me, found.lines)) == done.content
    assert {"greeted", "pinned", "accepted", "answered", "closed"} <= {line.event for line in found.lines}


def test_an_audit_without_a_line_is_whole_too(done):
    assert read(done.signed([])).lines == ()


# ------------------------------------------------------------------------------------------------ any change is found


def changed(content: bytes, other: bytes, draw: st.DataObject) -> bytes:
    """A mutation of the bytes or of the lines of a file; `other` is another home's."""
    lines, others = content.splitlines(keepends=True), other.splitlines(keepends=True)
    row = st.integers(0, len(lines) - 1)
    place = st.integers(0, len(content) - 1)
    match draw.draw(st.sampled_from(["flip", "cut", "insert", "swap", "double", "drop", "prefix", "tails", "foreign"])):
        case "flip":
            i, bit = draw.draw(place), draw.draw(st.integers(0, 7))
            return content[:i] + bytes([content[i] ^ (1 << bit)]) + content[i + 1 :]
        case "cut":
            i, j = sorted((draw.draw(place), draw.draw(place)))
            return content[:i] + content[j:]
        case "insert":
            i = draw.draw(place)
            return (
                content[:i]
                + draw.draw(st.binary(min_size=1, max_size=9) | st.sampled_from([b" ", b"\n"]))
                + content[i:]
            )
        case "swap":
            i, j = draw.draw(row), draw.draw(row)
            lines[i], lines[j] = lines[j], lines[i]
        case "double":
            lines.insert(draw.draw(row), lines[draw.draw(row)])
        case "drop":
            del lines[draw.draw(row)]
        case "prefix":
            del lines[draw.draw(row) :]
        case "tails":
            i = draw.draw(row)
            lines[i:] = others[i:]
        case "foreign":
            lines[draw.draw(row)] = others[draw.draw(st.integers(0, len(others) - 1))]
    return b"".join(lines)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_any_change_of_the_file_is_found(done, draw):
    found = changed(done.content, done.other, draw)
    if found in {done.content, done.other}:
        return
    with pytest.raises((AuditError, VersionError)):
        read(found)


def test_every_byte_counts(done):
    """Each byte of the header, of one line and of the end, flipped."""
    rows = done.content.splitlines(keepends=True)
    for index in (0, 3, len(rows) - 1):
        start = sum(map(len, rows[:index]))
        for i in range(start, start + len(rows[index])):
            harmed = done.content[:i] + bytes([done.content[i] ^ 1]) + done.content[i + 1 :]
            with pytest.raises((AuditError, VersionError)) as caught:
                read(harmed)
            assert f"north.jsonl, line {index + 1}" in caught.value.where or index == 0


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=200) | st.text(alphabet='{}[]",:01 \n', max_size=80).map(str.encode))
@example(b"{" * 5000)
@example(b'{"format":"fedfolder-audit/2"}\n')
@example(b'{"detail":"\\ud800"}\n')
@example(b"1\n")
def test_no_bytes_but_an_audits_are_read(content):
    with pytest.raises((AuditError, VersionError)):
        read(content)


def test_a_line_without_an_end_is_not_read_to_the_end():
    class Endless(io.BytesIO):
        def readline(self, size=-1):
            assert 0 < size <= audit_file.LONGEST_LINE
            return b"x" * size

    with pytest.raises(AuditError, match="not as it was written"):
        audit_file.read(Endless(), where="endless")


# ------------------------------------------------------------------------------------------------ the first wrong line

KINDS = {
    # name: (what is done to the lines of the file, the line of the file that is named)
    "cut out": (lambda rows: [*rows[:4], *rows[5:]], "line 5"),
    "edited": (lambda rows: [*rows[:4], rows[4].replace(b'"at":"2', b'"at":"3'), *rows[5:]], "line 5"),
    "doubled": (lambda rows: [*rows[:5], rows[4], *rows[5:]], "line 6"),
    "moved": (lambda rows: [*rows[:4], rows[5], rows[4], *rows[6:]], "line 5"),
    "the whole tail cut": (lambda rows: rows[:6], "north.jsonl"),
    "the tail cut, the end kept": (lambda rows: [*rows[:6], rows[-1]], "line 7"),
    "something after the end": (lambda rows: [*rows, rows[3]], "after"),
    "written with blanks": (lambda rows: [*rows[:4], rows[4].replace(b":", b": "), *rows[5:]], "line 5"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_line_that_is_wrong_is_named(done, tmp_path, kind):
    change, named = KINDS[kind]
    rows = done.content.splitlines(keepends=True)
    file = tmp_path / "north.jsonl"
    file.write_bytes(b"".join(change(rows)))
    before = file.read_bytes()
    said = fedfolder("audit", "verify", file)
    assert said.exit_code == 22
    assert (f"line {len(rows) + 1}" if named == "after" else named) in said.output
    assert file.read_bytes() == before


def test_a_changed_line_is_found_though_the_chain_was_made_anew(done):
    """Whoever has not the key can make the chain anew, but not sign it."""
    lines = [line._replace(event="approved") if line.line == 4 else line for line in done.lines]
    forged = done.signed(lines).splitlines(keepends=True)
    forged[-1] = done.content.splitlines(keepends=True)[-1]
    with pytest.raises(AuditError):
        read(b"".join(forged))
    end = strict_json.loads(forged[-1], where="")
    again = strict_json.loads(done.signed(lines).splitlines()[-1], where="")
    forged[-1] = strict_json.canonical({**again, "signature": end["signature"]}) + b"\n"
    with pytest.raises(AuditError, match="signature"):
        read(b"".join(forged))


@pytest.mark.parametrize("field", audit_file.Header.__struct_fields__)
def test_a_wrong_header_is_found(done, field):
    rows = done.content.splitlines(keepends=True)
    header = strict_json.loads(rows[0], where="")
    header[field] = header[field] + 1 if isinstance(header[field], int) else header[field][::-1]
    rows[0] = strict_json.canonical(header) + b"\n"
    with pytest.raises(AuditError):
        read(b"".join(rows))


# ------------------------------------------------------------------------------------------------ who signed


@pytest.mark.parametrize("given", ["fingerprint", "key"])
def test_a_foreign_signature_is_found(done, tmp_path, given):
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    keys.create(stranger)
    other = keys.load(stranger, "north")
    file = tmp_path / "audit.jsonl"
    file.write_bytes(b"".join(audit_file.export("lbw", other, done.lines)))
    for who, code in ((other, 0), (done.me, 22)):
        expected = keys.fingerprint(who.key).upper() if given == "fingerprint" else who.key.hex()
        said = fedfolder("audit", "verify", file, f"--{given}", expected)
        assert said.exit_code == code, said.output
    said = fedfolder("audit", "verify", file, "--server", done.folder / "server")
    assert said.exit_code == 22
    assert "not signed by the key that the server knows" in said.output


# ------------------------------------------------------------------------------------------------ against the server


def hold(done, content):
    with closing(done.server()) as journal:
        return require_agreement(read(content), journal, "lbw", where="north.jsonl")


def test_a_true_audit_agrees_with_the_server(done):
    found = hold(done, done.content)
    assert found.replies == sum(line.detail.get("direction") == "out" for line in done.lines)
    assert found.under_way == 0


def test_a_node_that_leaves_out_a_line_about_any_message_is_found(done):
    messages = [line for line in done.lines if "digest" in line.detail]
    assert len(messages) > 8
    for missing in messages:
        shortened = done.signed([line for line in done.lines if line is not missing])
        with pytest.raises(AuditError, match=f"{missing.number}, which the server has"):
            hold(done, shortened)


def test_a_node_that_cuts_the_end_and_signs_again_is_found(done):
    for left in range(len(done.lines) - 1):
        with pytest.raises(AuditError):
            hold(done, done.signed(done.lines[:left]))


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_node_that_tells_of_another_message_is_found(done, direction):
    for index, line in enumerate(done.lines):
        if line.detail.get("direction") == direction:
            detail = {**line.detail, "digest": "0" * 64}
            for lines in (
                [*done.lines[:index], line._replace(detail=detail), *done.lines[index + 1 :]],
                [*done.lines, line._replace(detail=detail)],
                [*done.lines, line._replace(detail=detail, number=999)],
            ):
                with pytest.raises(AuditError, match=r"than the server has|does not have|two messages"):
                    hold(done, done.signed(lines))


def test_a_reply_that_is_on_its_way_is_no_contradiction(done):
    """The server has asked for it, and has not fetched it: what a node answers while the server sleeps."""
    last = max(line.number for line in done.lines if line.number is not None)
    with closing(done.server()) as journal, sqlite3.connect(":memory:") as copy:
        journal._db.backup(copy)  # noqa: SLF001 - a server that has not got the last reply
        copy.execute("DELETE FROM messages WHERE number = ? AND direction = 'in'", (last,))
        monkey, journal._db = journal._db, copy  # noqa: SLF001
        try:
            found = require_agreement(read(done.content), journal, "lbw", where="north.jsonl")
        finally:
            journal._db = monkey  # noqa: SLF001
    assert found.under_way == 1


def test_the_audit_of_another_study_or_of_a_server_is_not_held_against_it(done):
    for study, name in (("other", "north"), ("lbw", "server"), ("lbw", "nobody")):
        me = type(done.me)(name, done.me.key, done.me.sign)
        content = b"".join(audit_file.export(study, me, done.lines))
        with pytest.raises(AuditError):
            hold(done, content)


# ------------------------------------------------------------------------------------------------ the commands


@pytest.mark.parametrize("home", ["north", "server"])
def test_a_home_is_exported_checked_and_shown(done, tmp_path, home):
    file = tmp_path / "out.jsonl"
    said = fedfolder("audit", "export", done.folder / home, "--out", file)
    assert said.exit_code == 0, said.output
    exported = read(file.read_bytes())
    assert exported.header.node == home
    assert fedfolder("audit", "export", done.folder / home).stdout_bytes == file.read_bytes()
    assert f"all {len(exported.lines)} lines hold" in fedfolder("audit", "verify", file).output
    shown = fedfolder("audit", "show", done.folder / home)
    assert shown.exit_code == 0
    for event in {line.event for line in exported.lines}:
        assert audit.EVENTS[event] in shown.output
    assert len(fedfolder("audit", "show", done.folder / home, "--last", 2).output.splitlines()) < 6
    of_fit = fedfolder("audit", "show", done.folder / home, "--fit", 1).output
    assert "m000001-fit1-round1" in of_fit
    assert "hello" not in of_fit
    assert ": 0 of" in fedfolder("audit", "show", done.folder / home, "--fit", 7).output


def test_with_the_servers_home_the_command_says_what_agrees(done, tmp_path):
    file = tmp_path / "out.jsonl"
    file.write_bytes(done.content)
    said = fedfolder("audit", "verify", file, "--server", done.folder / "server")
    assert (said.exit_code, "has from it stands in it" in said.output) == (0, True)
    file.write_bytes(done.signed(done.lines[:-2]))
    assert fedfolder("audit", "verify", file).exit_code == 0, "signed by its own key, it holds by itself"
    said = fedfolder("audit", "verify", file, "--server", done.folder / "server")
    assert said.exit_code == 22
    assert "which the server has" in said.output


def test_a_home_whose_audit_was_changed_is_shown_and_not_exported(done, tmp_path):
    home = tmp_path / "north"
    shutil.copytree(done.folder / "north", home)
    with closing(sqlite3.connect(home / "journal.sqlite3")) as db, db:
        db.execute("UPDATE audit SET detail = '{}' WHERE line = 3")
    out = tmp_path / "out.jsonl"
    said = fedfolder("audit", "export", home, "--out", out)
    assert (said.exit_code, out.exists()) == (22, False)
    assert "line 3" in said.output
    said = fedfolder("audit", "show", home)
    assert said.exit_code == 22
    assert "line 3 of this audit is not what was written" in said.output
    assert "answered" in said.output
