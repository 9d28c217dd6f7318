"""The audit of a home: what happened, a line each, every line chained to the one before it by a digest.

The digest of a line is the SHA-256 of the canonical JSON of the line together with the digest of the line before, so
a line that is changed, taken out or moved breaks the chain at that place. The journal writes a line in the
transaction of what it tells of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fedfolder.errors import AuditError, MessageError
from fedfolder.exchange import strict_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

EVENTS: Final[dict[str, str]] = {
    "greeted": "This home introduced itself to the other side.",
    "pinned": "The key of the other side was noted: no other key is accepted from it.",
    "trusted": "A person compared the fingerprint of a key, and said that it is the right one.",
    "revoked": "A key was declared invalid: nothing that it signs counts any more.",
    "asked": "The server asked: the request was signed and noted before it was sent.",
    "accepted": "A message was received and verified: it is whole, it is due, and its signature and hashes hold.",
    "not accepted": "A file lay there that does not count; the reason is given.",
    "checked": "What is asked was held against rules; each rule is given with its result.",
    "waived": "A finding was let pass, because the site's policy waives that rule for this study.",
    "looked": "A person was shown what is asked, and what would leave.",
    "approved": "A person, or the site's policy, said yes to what is asked.",
    "rejected": "A person said no to what is asked.",
    "computed": "The answer was computed from the data.",
    "drafted": "The answer was written down, and waits at home until a person lets it leave.",
    "alarm": "Something was found that no honest server does.",
    "released": "A person let the answer leave.",
    "answered": "The answer was signed and noted before it left.",
    "refused": "The node refused: a code and names from the command left, nothing of the data.",
    "closed": "The fit is over: the server said so, or the node acknowledged it.",
}
"""Every event that a line may tell of, with a sentence for people."""

START: Final = "0" * 64
"""What stands for the digest before the first line."""

MESSAGE: Final = "message"
DIGEST: Final = "digest"
DIRECTION: Final = "direction"
FIT: Final = "fit"
"""Keys of the detail of a line about a message: its name, digest and direction, and the fit that it belongs to."""

Detail = Mapping[str, str]


class Line(NamedTuple):
    """A line: when, what, with whom, about which message, and the rest as text by name.

    `line` counts from 1; `digest` chains it to the line before.
    """

    at: str
    event: str
    peer: str
    number: int | None
    detail: Detail
    line: int
    digest: str

    def content(self) -> dict[str, Any]:
        """What is digested, together with the digest of the line before."""
        return {
            "line": self.line,
            "at": self.at,
            "event": self.event,
            "peer": self.peer,
            "number": self.number,
            "detail": dict(self.detail),
        }

    def chained(self, before: str) -> str:
        """The digest that this line must have after a line with the digest `before`."""
        return strict_json.digest({**self.content(), "before": before})

    def after(self, before: str) -> Line:
        """The same line, its digest made."""
        return self._replace(digest=self.chained(before))


def structured(detail: str | Detail) -> dict[str, str]:
    """A detail as text by name; plain text is named `text`."""
    return {"text": detail} if isinstance(detail, str) else dict(detail)


def known(event: str) -> str:
    """The event, if `EVENTS` has it.

    Raises
    ------
    ValueError
        If it has not: an event without a sentence is a fault of the program.
    """
    if event not in EVENTS:
        raise ValueError(f"the audit knows no event {event!r}: give it a sentence in EVENTS")
    return event


# ---------------------------------------------------------------------------------------------- as the journal keeps it

SELECT: Final = "SELECT at, event, peer, number, detail, line, digest FROM audit"
INSERT: Final = "INSERT INTO audit (at, event, peer, number, detail, line, digest) VALUES (?, ?, ?, ?, ?, ?, ?)"


def as_row(line: Line) -> tuple[object, ...]:
    """A line as `INSERT` wants it."""
    return (*line[:4], strict_json.canonical(dict(line.detail)).decode(), line.line, line.digest)


def from_row(row: tuple[Any, ...]) -> Line:
    """A line as `SELECT` gives it; a detail that is no longer JSON stays as text, and breaks the chain.

    No more is checked here: whoever reads the audit can read a damaged one, too.
    """
    at, event, peer, number, detail, line, digest = row
    try:
        found = json.loads(detail)
    except (TypeError, ValueError, RecursionError):
        found = detail
    return Line(at, event, peer, number, found if isinstance(found, dict) else {"text": str(detail)}, line, digest)


def chain(database: sqlite3.Connection) -> None:
    """Chain the lines of a journal of version 1, whose lines were not chained and whose detail was plain text."""
    before = START
    for row in database.execute(f"{SELECT} ORDER BY line").fetchall():
        line = Line(*row)._replace(detail=_of_version_1(row[1], row[4])).after(before)
        before = line.digest
        database.execute(
            "UPDATE audit SET detail = ?, digest = ? WHERE line = ?", (as_row(line)[4], line.digest, line.line)
        )


_NAMED = re.compile(r"(?P<message>m\d+-(?:hello|fit(?P<fit>\d+)-\S+)\.json) sha256 (?P<digest>[0-9a-f]{64})")


def _of_version_1(event: str, detail: str) -> dict[str, str]:
    match event:
        case "pinned":
            return {"key": detail.removeprefix("key ")}
        case "not accepted":
            file, _, reason = detail.partition(": ")
            return {"file": file, "reason": reason}
    found = _NAMED.fullmatch(detail)
    if found is None:
        return {"text": detail}
    about = {name: text for name, text in found.groupdict().items() if text is not None}
    return {**about, DIRECTION: "in" if event == "accepted" else "out"}


# ---------------------------------------------------------------------------------------------- whether it holds


def require_chained(lines: Iterable[Line], *, where: str) -> str:
    """Check that lines are numbered from 1 and chained; return the last digest.

    Raises
    ------
    AuditError
        That names the first line that is wrong.
    """
    number, before = 0, START
    for number, line in enumerate(lines, start=1):
        require_next(line, number, before, where=where)
        before = line.digest
    return before


def require_next(line: Line, number: int, before: str, *, where: str) -> None:
    """Check that a line is the one with this number, after the digest `before`.

    Raises
    ------
    AuditError
    """
    if line.line != number:
        raise AuditError(
            "a line of this audit is missing, doubled or out of place",
            where=where,
            found=f"line {line.line}",
            expected=f"line {number}",
            do=_ASK,
        )
    if not _holds(line, before):
        raise AuditError(
            f"line {number} of this audit is not what was written",
            where=where,
            found="a line that its digest does not fit",
            expected="the digest of this line and the one before it",
            do=_ASK,
        )


def _holds(line: Line, before: str) -> bool:
    try:
        return line.digest == line.chained(before)
    except MessageError:
        return False


_ASK = "ask whoever keeps this home what happened, and believe nothing from this line on"


# ---------------------------------------------------------------------------------------------- for people


def in_words(line: Line) -> str:
    """A line for a person: when, what, about which message, and the detail."""
    about = f" message {line.number}" if line.number is not None else ""
    peer = f"  {line.peer}{about}" if line.peer or about else ""
    detail = "; ".join(_details(line.detail))
    return _printable(f"{line.line:>6}  {line.at}  {line.event:<12}{peer}" + (f"  {detail}" if detail else ""))


def _details(detail: Detail) -> Iterator[str]:
    """The detail, of a message only what its name does not say: what it is called, and the beginning of its digest."""
    of_message = MESSAGE in detail
    if of_message:
        yield f"{detail[MESSAGE]} (sha256 {detail.get(DIGEST, '')[:16]})"
    for name, text in detail.items():
        if not of_message or name not in {MESSAGE, DIGEST, DIRECTION, FIT, "round"}:
            yield f"{name}: {text}"


def of_fit(lines: Iterable[Line], fit: int) -> list[Line]:
    """The lines about a fit: those that name it, and those about a message of it."""
    lines = list(lines)
    messages = {(line.peer, line.number) for line in lines if line.number is not None and _fit(line) == str(fit)}
    return [
        line for line in lines if _fit(line) == str(fit) or (not _fit(line) and (line.peer, line.number) in messages)
    ]


def _fit(line: Line) -> str:
    return line.detail.get(FIT, "")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
