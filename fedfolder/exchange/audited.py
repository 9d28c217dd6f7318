"""A home's database with its audit: lines are added at the end, chained, and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.errors import AuditError, JournalError
from fedfolder.exchange import audit
from fedfolder.exchange.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fedfolder.exchange.audit import Detail, Line

_HEAD = "the last line of the audit"


class Audited(Database):
    """The database at `path`; `clock` gives the time of a line as text.

    Raises
    ------
    JournalError
        If the file is damaged, no home's, or its audit does not end as it was written.
    VersionError
        If a newer version of fedfolder wrote it.
    """

    def __init__(self, path: Path, *, clock: Callable[[], str]) -> None:
        super().__init__(path)
        self._clock = clock
        try:
            self._require_head()
        except BaseException:
            self.close()
            raise

    def audit(self, event: str, peer: str, number: int | None, detail: str | Detail) -> None:
        """Add a line to the audit, in the transaction that is open or in one of its own.

        Parameters
        ----------
        event : str
            One of `audit.EVENTS`.
        peer : str
            The other side that it is about.
        number : int or None
            The number of the message that it is about.
        detail : str or mapping of str to str
            What there is to say, by name; plain text is named `text`. Nothing of the data.
        """
        with self.transaction():
            number_, before = self.known(_HEAD, self._head)
            said = audit.structured(detail)
            line = audit.Line(self._clock(), audit.known(event), peer, number, said, number_ + 1, "").after(before)
            self._db.execute(audit.INSERT, audit.as_row(line))
            self._known.put(_HEAD, (line.line, line.digest))

    def audit_lines(self) -> list[Line]:
        """All lines of the audit, oldest first."""
        return [audit.from_row(row) for row in self.rows(f"{audit.SELECT} ORDER BY line")]

    def verify(self) -> list[Line]:
        """All lines of the audit, when they hold: each chained to the one before, none missing at the end.

        Raises
        ------
        AuditError
            That names the first line that is wrong.
        """
        lines = self.audit_lines()
        audit.require_chained(lines, where=str(self.path))
        if len(lines) != self._lines_written():
            raise AuditError(
                "the last lines of this audit are missing",
                where=str(self.path),
                found=f"{len(lines)} lines",
                expected=f"{self._lines_written()} lines",
            )
        return lines

    def _head(self) -> tuple[int, str]:
        """The number and the digest of the last line, which the next one is chained to."""
        row = self.row("SELECT line, digest FROM audit ORDER BY line DESC LIMIT 1")
        return (row[0], row[1]) if row else (0, audit.START)

    def _lines_written(self) -> int:
        """The highest number that a line ever had: SQLite keeps it, also when the line is gone."""
        row = self.row("SELECT seq FROM sqlite_sequence WHERE name = 'audit'")
        return int(row[0]) if row else 0

    def _require_head(self) -> None:
        """Check the last line alone, at each start: it is there, and fits the one before it."""
        rows = self.rows(f"{audit.SELECT} ORDER BY line DESC LIMIT 2")
        last, before = (rows[0], rows[1][-1] if len(rows) > 1 else audit.START) if rows else (None, audit.START)
        try:
            if last is not None:
                audit.require_next(audit.from_row(last), self._lines_written(), before, where=str(self.path))
            intact = last is not None or self._lines_written() == 0
        except AuditError:
            intact = False
        if not intact:
            raise JournalError(
                "the audit of this home does not end as it was written",
                where=str(self.path),
                expected="the last line that was written, and its digest",
                do="look after the disk, and who can write here; do not restore an old copy: make a new home and have "
                "it enrolled under a new name",
            )
