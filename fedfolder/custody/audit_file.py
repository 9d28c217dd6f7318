"""An audit as a file: JSON lines, chained and signed, that anyone can read and check without the home.

The first line says of whom it is, then comes a line for each line of the audit, and the last line signs. Every line is
canonical JSON (RFC 8785), so a file has one form: whatever is changed in it, if only a blank, is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec

from fedfolder.about import SOFTWARE
from fedfolder.custody import keys
from fedfolder.errors import AuditError, MessageError, VersionError
from fedfolder.exchange import audit, strict_json
from fedfolder.exchange.audit import START, Line
from fedfolder.exchange.envelope import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from fedfolder.exchange.mailbox import Identity

FORMAT: Final = "fedfolder-audit/1"
LONGEST_LINE: Final = 1 << 20
"""Bytes of one line."""

Text = Annotated[str, msgspec.Meta(max_length=1024)]
Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0)]
S = TypeVar("S", bound=msgspec.Struct)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line: the study, whose home it is (a node's name, or `server`), its public key, and which lines."""

    format: Text
    study: Text
    node: Text
    key: Hash
    software: Text
    first: Count
    last: Count


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    line: Count
    at: str
    event: str
    peer: str
    number: Count | None
    detail: dict[str, str]
    digest: Hash


class _End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    head: Hash
    lines: Count
    signature: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}\Z")]


@dataclass(frozen=True, slots=True)
class Exported:
    """An audit that was read and holds: who signed it, and its lines."""

    header: Header
    lines: tuple[Line, ...]

    @property
    def key(self) -> bytes:
        """The public key of the home."""
        return bytes.fromhex(self.header.key)


def export(study: str, me: Identity, lines: Sequence[Line]) -> Iterator[bytes]:
    """The lines of the file, for the audit of the home of `me`, oldest line first."""
    header = Header(FORMAT, study, me.name, me.key.hex(), SOFTWARE, 1 if lines else 0, len(lines))
    yield _line(msgspec.to_builtins(header))
    for line in lines:
        yield _line({**line.content(), "digest": line.digest})
    head = lines[-1].digest if lines else START
    signature = me.sign(_statement(header, head, len(lines)))
    yield _line({"head": head, "lines": len(lines), "signature": signature.hex()})


def _statement(header: Header, head: str, lines: int) -> bytes:
    """What is signed. Its format is no message's, so one signature can never stand for the other."""
    return strict_json.canonical({**msgspec.to_builtins(header), "head": head, "lines": lines})


def _line(value: object) -> bytes:
    return strict_json.canonical(value) + b"\n"


def read(file: BinaryIO, *, where: str) -> Exported:
    """Read an exported audit, when it holds from its first byte to its last.

    Parameters
    ----------
    file : binary file
        Read line by line.
    where : str
        Its name, for an error.

    Raises
    ------
    AuditError
        That names the first line of the file that is wrong.
    VersionError
        If a newer fedfolder wrote it.
    """
    rows = enumerate(_rows(file, where), start=1)
    header = _header(next(rows)[1], f"{where}, line 1")
    lines: list[Line] = []
    before = START
    for number, row in rows:
        place = f"{where}, line {number}"
        if "signature" in row:
            _require_signed(header, lines, before, _as(_End, row, place), place)
            if next(rows, None) is not None:
                raise AuditError("something follows the end of this audit", where=f"{where}, line {number + 1}")
            return Exported(header, tuple(lines))
        line = Line(**msgspec.structs.asdict(_as(_Row, row, place)))
        audit.require_next(line, len(lines) + 1, before, where=place)
        before = line.digest
        lines.append(line)
    raise AuditError(
        "this audit was cut: its end, which is signed, is missing",
        where=where,
        found=f"{len(lines)} lines of an audit",
        expected=f"{header.last} lines and the end",
        do="ask for the whole file",
    )


def _rows(file: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    number = 0
    while content := file.readline(LONGEST_LINE):
        number += 1
        yield _row(content, f"{where}, line {number}")
    if number == 0:
        raise AuditError("this file is empty", where=where, expected="an exported audit")


def _row(content: bytes, where: str) -> dict[str, Any]:
    """One line of the file; it has one form only."""
    try:
        value = strict_json.loads(content, where=where)
        intact = isinstance(value, dict) and content == _line(value)
    except MessageError:
        intact = False
    if not intact:
        raise AuditError(
            "a line of this file is not as it was written",
            where=where,
            expected="one line of canonical JSON",
            do="ask for the file again, and have it sent as it is: an editor or a mail program may change it",
        )
    return value  # type: ignore[no-any-return] # a dict: looked at above


def _as(kind: type[S], row: dict[str, Any], where: str) -> S:
    try:
        return msgspec.convert(row, kind, strict=True)
    except msgspec.ValidationError:
        raise AuditError(
            "a line of this file is none of an audit", where=where, expected=", ".join(kind.__struct_fields__)
        ) from None


def _header(row: dict[str, Any], where: str) -> Header:
    found = row.get("format")
    name = FORMAT.partition("/")[0]
    if isinstance(found, str) and found != FORMAT and found.startswith(f"{name}/"):
        do = "update fedfolder here"
        raise VersionError(
            "this audit is of another version", where=where, found=ascii(found)[:40], expected=FORMAT, do=do
        )
    header = _as(Header, row, where)
    if header.format != FORMAT:
        raise AuditError("this is no exported audit", where=where, found=ascii(header.format)[:40], expected=FORMAT)
    if header.first != min(1, header.last):
        raise AuditError("this audit does not begin at its first line", where=where, found=f"line {header.first}")
    return header


def _require_signed(header: Header, lines: Sequence[Line], head: str, end: _End, where: str) -> None:
    if (header.last, end.lines, end.head) != (len(lines), len(lines), head):
        raise AuditError(
            "this audit is shorter or longer than was signed",
            where=where,
            found=f"{len(lines)} lines",
            expected=f"{header.last} lines by its header, {end.lines} by its end",
            do="ask for the whole file",
        )
    if not verify(bytes.fromhex(header.key), bytes.fromhex(end.signature), _statement(header, head, end.lines)):
        raise AuditError(
            "the signature of this audit does not hold",
            where=where,
            expected=f"a signature by the key {keys.fingerprint(bytes.fromhex(header.key))}",
            do="ask for the file again; if it comes the same, somebody wrote it who has not the key of that home",
        )


def require_key(exported: Exported, expected: str, *, where: str) -> None:
    """Check who signed: `expected` is a public key in hex, or its fingerprint; blanks and capitals do not matter.

    Raises
    ------
    AuditError
    """
    plain = "".join(expected.split()).lower()
    shown = keys.fingerprint(exported.key)
    if plain not in {exported.header.key, "".join(shown.split()).lower()}:
        raise AuditError(
            "this audit is signed by another key",
            where=where,
            found=shown,
            expected=expected,
            do=f"compare the fingerprint with whoever keeps the home of {ascii(exported.header.node)[1:-1]}, by phone",
        )
