"""One end of a channel between the server and a node: strictly paired messages over two stores.

The server asks with number n, the node answers with number n, and nothing else is in flight. So accepting request n+1
tells the node that its reply n arrived, and accepting reply n tells the server that its request n did. At most one
message of each writer is unacknowledged; that one, and the hello, are written again whenever the share has lost or
torn them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fedfolder.errors import AlarmError, HomeInUseError, JournalError, MessageError, VersionError
from fedfolder.exchange.acceptance import Acceptance, Due
from fedfolder.exchange.envelope import LARGEST_ENVELOPE, Header, seal
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER, FileName, envelopes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedfolder.exchange.envelope import Message, Sign
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.store import Store


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: the name in the study, the public key (32 bytes), and what signs with the private one."""

    name: str
    key: bytes
    sign: Sign = field(repr=False)


class Mailbox:
    """The end of `me` in the channel with `peer`.

    Parameters
    ----------
    study : str
        The study's name.
    me : Identity
        Who writes to `outgoing`.
    peer : str
        Who writes to `incoming`.
    incoming, outgoing : Store
        The two directions.
    journal : Journal
        Of this home.

    Attributes
    ----------
    findings : dict of str to str
        What stands in the way now: file name to the reason that it does not count (yet).
    """

    def __init__(
        self, study: str, me: Identity, peer: str, *, incoming: Store, outgoing: Store, journal: Journal
    ) -> None:
        self.study = study
        self.me = me
        self.peer = peer
        self.incoming = incoming
        self.outgoing = outgoing
        self.journal = journal
        self.findings: dict[str, str] = {}
        self._reported: set[str] = set()
        self._old: set[str] = set()

    # -- opening ---------------------------------------------------------------------------------------------------

    def open(self, hello: Mapping[str, Any]) -> None:
        """Take possession of the outgoing store: check that it is ours, greet, and bring it up to date.

        Parameters
        ----------
        hello : mapping
            What the hello says beside the public key.

        Raises
        ------
        HomeInUseError
            If messages lie there that this home did not write.
        ExchangeError
            If the store is out of reach.
        """
        self._require_own(self.outgoing.names())
        self.outgoing.tidy()
        if self.journal.last(self.peer, OUT) is None:
            body = {"key": self.me.key.hex(), **hello}
            message = self._seal(Header(**self._place(), kind="hello", number=0, body=body), {})
            self.journal.append(self.peer, OUT, message, event="greeted")
        self.publish()

    def _require_own(self, names: list[str]) -> None:
        last = self.journal.last(self.peer, OUT)
        newest = max(envelopes(names), default=-1)
        if newest > (last.header.number if last else -1):
            raise HomeInUseError(
                f"another home writes as {self.me.name} here, or this home is an old copy",
                where=str(self.outgoing),
                found=f"message {newest}",
                expected=f"none after {last.header.number}" if last else "an empty folder: this home has sent nothing",
                do="go on with the home that wrote it; if that home is lost, enrol a new home under a new name",
            )

    # -- sending ---------------------------------------------------------------------------------------------------

    def post(self, payloads: Mapping[str, bytes], *, event: str, **fields: Any) -> Message:  # noqa: ANN401 - the header's
        """Journal the next message; it goes out with the next `publish`.

        Parameters
        ----------
        payloads : mapping of str to bytes
            By short label, as in `beta.csv`.
        event : str
            The word for it in the audit.
        **fields
            The header's kind, fit, attempt, round, proposal, protocol, roster and body.

        Raises
        ------
        JournalError
            If it is not this side's turn.
        """
        sent, received = self.journal.last(self.peer, OUT), self.journal.last(self.peer, IN)
        if sent is None or received is None:
            raise JournalError("nothing can be sent before both sides have greeted", where=str(self.journal.path))
        asking = self.me.name == SERVER
        number = sent.header.number + 1 if asking else received.header.number
        its_turn = received.header.number == sent.header.number if asking else number > sent.header.number
        if not its_turn:
            raise JournalError(f"it is not the turn of {self.me.name} to write to {self.peer}")
        header = Header(
            **self._place(),
            number=number,
            previous=sent.digest,
            answers="" if asking else received.digest,
            **fields,
        )
        message = self._seal(header, payloads)
        self.journal.append(self.peer, OUT, message, event=event)
        return message

    def publish(self) -> list[str]:
        """Write what the other side has not acknowledged and the share lacks; return the names written."""
        written = []
        for message in self._unacknowledged():
            for name, content in [*message.payloads.items(), (message.name, message.content)]:
                if self._lacks(name, content):
                    self.outgoing.write(name, content)
                    written.append(name)
        return written

    def _unacknowledged(self) -> list[Message]:
        hello, last = self.journal.message(self.peer, OUT, 0), self.journal.last(self.peer, OUT)
        messages = [hello] if hello else []
        if last and last.header.number > 0 and not (self.me.name == SERVER and self.waits_for() is None):
            messages.append(last)
        return messages

    def _lacks(self, name: str, content: bytes) -> bool:
        try:
            present = self.outgoing.read(name, len(content))
        except MessageError:
            present = b""  # too long, or a link: not what we wrote
        if present and present != content and name.endswith(".json"):
            self._require_no_twin(name, present)
        return present != content

    def _require_no_twin(self, name: str, present: bytes) -> None:
        judge = Acceptance(self.study, self.me.name, self.peer, self.me.key)
        try:
            other = judge.authentic(name, present)
        except (MessageError, VersionError):
            return
        known = self.journal.message(self.peer, OUT, other.header.number)
        if known is None or known.digest != other.digest:
            raise AlarmError(
                f"a copy of this home of {self.me.name} is at work",
                where=f"{self.outgoing}: {name}",
                found="a message signed with this home's key that this home did not write",
                do="stop both, and enrol a new home under a new name",
            )

    def release(self) -> None:
        """Delete what the other side has acknowledged, when a fit is closed; the hello stays."""
        last = self.journal.last(self.peer, OUT)
        if last is None:
            return
        settled = last.header.number + (1 if self.me.name == SERVER and self.waits_for() is None else 0)
        for name in self.outgoing.names():
            parsed = FileName.parse(name)
            if parsed and 0 < parsed.number < settled:
                self.outgoing.remove(name)

    # -- receiving -------------------------------------------------------------------------------------------------

    def waits_for(self) -> int | None:
        """The number of the message that is due from the other side, None if it is this side's turn."""
        received, sent = self.journal.last(self.peer, IN), self.journal.last(self.peer, OUT)
        if received is None:
            return 0
        if self.me.name != SERVER:
            return received.header.number + 1 if sent and sent.header.number >= received.header.number else None
        return sent.header.number if sent and sent.header.number > received.header.number else None

    def receive(self) -> Message | None:
        """Accept and journal the message that is due, if it is there and holds; None otherwise.

        Raises
        ------
        AlarmError
            If the other side changed its key, or signed two messages with one number.
        ExchangeError
            If the store is out of reach.
        """
        lying = envelopes(self.incoming.names())
        self.findings = {}
        self._compare_old(lying)
        number = self.waits_for()
        if number is None:
            return None
        accepted = self._judge_hello(lying) if number == 0 else self._judge(number, lying.get(number, []))
        if accepted is not None:
            with self.journal.transaction():
                if number == 0:
                    self.journal.pin(self.peer, bytes.fromhex(accepted.header.body["key"]))
                self.journal.append(self.peer, IN, accepted, event="accepted")
        return accepted

    def _judge_hello(self, lying: Mapping[int, list[str]]) -> Message | None:
        return self._one_of(lying.get(0, []), lambda name, content: self._acceptance().hello(name, content)[0])

    def _judge(self, number: int, names: list[str]) -> Message | None:
        received, sent = self.journal.last(self.peer, IN), self.journal.last(self.peer, OUT)
        due = Due(
            number,
            previous=received.digest if received else None,
            answers=sent.digest if sent and self.me.name == SERVER else "",
        )
        return self._one_of(
            names, lambda name, content: self._acceptance().message(name, content, due, self.incoming.read)
        )

    def _one_of(self, names: list[str], judge: Callable[[str, bytes], Message]) -> Message | None:
        """The one message that holds among files of one number."""
        accepted: Message | None = None
        for name in sorted(names):
            content = self._read(name)
            if content is None:
                continue
            try:
                message = judge(name, content)
            except (MessageError, VersionError) as error:
                self._note(name, content, error)
                continue
            if accepted is not None and accepted.digest != message.digest:
                raise self._acceptance().conflict(name)
            accepted = message
        return accepted

    def _compare_old(self, lying: Mapping[int, list[str]]) -> None:
        """Hold what lies there under numbers already accepted against the journal: each once, the newest each time."""
        received = self.journal.last(self.peer, IN)
        newest = received.header.number if received else -1
        for number, names in lying.items():
            for name in names:
                if number == newest or (number < newest and name not in self._old):
                    self._compare(number, name)
                    self._old.add(name)

    def _compare(self, number: int, name: str) -> None:
        known, content = self.journal.message(self.peer, IN, number), self._read(name)
        if known is None or content is None or content == known.content:
            return
        judge = self._acceptance()
        try:
            other = judge.hello(name, content)[0] if number == 0 else judge.authentic(name, content)
        except (MessageError, VersionError) as error:
            self._note(name, content, error)
            return
        if other.digest != known.digest:
            raise judge.conflict(name)

    def _read(self, name: str) -> bytes | None:
        try:
            return self.incoming.read(name, LARGEST_ENVELOPE)
        except MessageError as error:
            self._note(name, b"", error)
            return None

    def _note(self, name: str, content: bytes, error: MessageError | VersionError) -> None:
        """Keep why a file does not count; tell the audit once per content."""
        self.findings[error.where or name] = error.what
        seen = hashlib.sha256(name.encode() + content + error.what.encode()).hexdigest()
        if seen not in self._reported:
            self._reported.add(seen)
            detail = f"{name}: {error.what}" + (f" ({error.found})" if error.found else "")
            self.journal.audit("not accepted", self.peer, None, detail)

    # -- shared ----------------------------------------------------------------------------------------------------

    def _acceptance(self) -> Acceptance:
        return Acceptance(self.study, self.peer, self.me.name, self.journal.key(self.peer))

    def _place(self) -> dict[str, Any]:
        return {"study": self.study, "sender": self.me.name, "recipient": self.peer}

    def _seal(self, header: Header, payloads: Mapping[str, bytes]) -> Message:
        return seal(header, payloads, self.me.sign, key=self.me.key)
