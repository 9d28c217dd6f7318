"""What waits for the custodian of a node: proposals to decide on, answers to read. From the home's files alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from fedfolder import clock
from fedfolder.custody import gate
from fedfolder.custody.approval import APPROVED, REJECTED, Attempt, Drafts
from fedfolder.custody.desk import Desk
from fedfolder.custody.page import Review, Size, page
from fedfolder.errors import ConfigError, FedfolderError
from fedfolder.exchange import strict_json
from fedfolder.exchange.fingerprint import fingerprint
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER
from fedfolder.exchange.trust import standing
from fedfolder.node.record import Record
from fedfolder.node.replies import Outbox
from fedfolder.node.step import Answerer, requests_up_to
from fedfolder.node.words import printable
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.specification import Specification
from fedfolder.shell import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from fedfolder.custody.finding import Finding
    from fedfolder.exchange.envelope import Message
    from fedfolder.node.home import NodeHome
    from fedfolder.plan.check import AnyProposal


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that no reply has been sent to.

    Parameters
    ----------
    asked : Message
        The request.
    page : str
        What is asked, for a person.
    answer : Path or None
        The folder of the answer that waits to be read; None while the proposal waits to be approved.
    needs_yes : bool
        Whether the proposal waits to be approved.
    concerns : tuple of Finding
        What on the page calls for a person.
    """

    asked: Message
    page: str
    answer: Path | None
    needs_yes: bool
    concerns: tuple[Finding, ...] = ()

    @property
    def fit(self) -> int:
        """The number of the fit."""
        return self.asked.header.fit


class Tray:
    """What lies before the custodian of `home`; works beside a running node."""

    def __init__(self, home: NodeHome) -> None:
        self._home = home
        self._journal = home.journal(clock.now)
        self._desk = Desk(self._journal, home.policy)
        self._drafts = Drafts(self._journal)
        self._record = Record(home.path, clock.now, lambda _: None)

    def __enter__(self) -> Self:
        """Open the journal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the journal."""
        self._journal.close()

    def pending(self) -> Pending | None:
        """What waits; at most one request does, since each is answered before the next."""
        asked, sent = self._journal.last(SERVER, IN), self._journal.last(SERVER, OUT)
        if asked is None or asked.header.kind != "request":
            return None
        number = asked.header.number
        if (sent is not None and sent.header.number >= number) or self._drafts.is_released(number):
            return None
        requests = requests_up_to(asked, self._journal)
        try:
            proposal = gate.proposal_of(requests)
        except FedfolderError:
            return None  # the node refuses it by itself
        attempt = Attempt.of(asked.header)
        review = self._review(attempt, proposal, requests)
        drafted = self._drafts.of(number) is not None
        needs_yes = not drafted and self._needs_yes(attempt, review)
        if not drafted and not needs_yes:
            return None
        text = page(
            attempt,
            proposal,
            me=self._home.me.name,
            server=(fingerprint(self._journal.key(SERVER) or b""), standing(self._journal, SERVER)),
            policy=self._home.policy,
            review=review,
        )
        folder = Outbox(self._home.path, lambda _: None).place(asked) if drafted else None
        return Pending(asked, text, folder, needs_yes, tuple(review.concerns))

    def show(self) -> Pending | None:
        """What waits, for a person who reads it now: what is shown is noted, and what is let go later is that."""
        waiting = self.pending()
        if waiting is not None and self._shown(waiting.asked) != self._digest(waiting):
            self._journal.audit("looked", "", waiting.asked.header.number, {"page": self._digest(waiting)})
        return waiting

    def _shown(self, asked: Message) -> str:
        row = self._journal.row(
            "SELECT detail FROM audit WHERE event = 'looked' AND number = ? ORDER BY line DESC LIMIT 1",
            asked.header.number,
        )
        return str(json.loads(row[0])["page"]) if row else ""

    def _digest(self, waiting: Pending) -> str:
        """A keyed digest of the page and of the answer that waits: the audit goes to others, and they stay here."""
        draft = self._drafts.of(waiting.asked.header.number)
        content = [waiting.page, "" if draft is None else hashlib.sha256(msgspec.json.encode(draft)).hexdigest()]
        key = self._desk.ledger.key
        return hashlib.blake2b(strict_json.canonical(content), key=key, digest_size=16).hexdigest()

    def _require_shown(self, waiting: Pending) -> None:
        """Refuse to go by what nobody has read: the data, or what waits, may have changed since.

        Raises
        ------
        ConfigError
        """
        if self._shown(waiting.asked) != self._digest(waiting):
            raise ConfigError(
                f"what waits of fit {waiting.fit} was not shown to anybody as it is now",
                where=str(self._home.path),
                do=f"read it first: fedfolder node pending {typed(self._home.path)}",
            )

    def _needs_yes(self, attempt: Attempt, review: Review) -> bool:
        decision = self._desk.approvals.of(attempt)
        if decision is not None and not decision.approved:
            return False
        return (self._desk.must_look() or self._desk.ask(attempt, review.concerns)) is not None

    def _review(self, attempt: Attempt, proposal: AnyProposal, requests: Sequence[Message]) -> Review:
        """What the rules say of a proposal, over the data as they are now; nothing is charged for it."""
        if not isinstance(proposal, Proposal):
            return Review(concerns=tuple(self._desk.ledger.must_look()))
        policy, command, specification = self._home.policy, proposal.command, Specification.of(proposal.command)
        answerer = Answerer(self._home.me, self._desk, self._home.holding(), self._journal)
        if self._desk.ledger.is_admitted(attempt):
            try:
                found = answerer.concerns_of_knots(requests, proposal)
            except FedfolderError as error:
                return Review(trouble=error.what)
            return Review(concerns=(*self._desk.ledger.must_look(), *found))
        try:
            policy.check(command)
            found = policy.found_in_command(command, proposal.roster, self._journal.key(SERVER))
            read = answerer.read(attempt, command)
            found += policy.found_in_sample(specification, read.sample)
        except FedfolderError as error:
            return Review(trouble=error.what)
        concerns = self._desk.concerns(attempt, read.seen)
        waived = tuple(finding for finding, _ in policy.waived(found))
        return Review(policy.standing(found), waived, concerns, Size.of(proposal, read.sample))

    # -- deciding --------------------------------------------------------------------------------------------------

    def approve(self, fit: int, who: str, reason: str) -> Pending:
        """Say yes to the proposal of `fit`, with what the page says in view.

        Raises
        ------
        ConfigError
            If nothing of this fit waits, or if something calls for a person that was not shown before.
        """
        waiting = self._waiting(fit)
        if not waiting.needs_yes:
            raise ConfigError(
                f"the proposal of fit {fit} does not wait to be approved",
                where=str(self._home.path),
                do=f"fedfolder node release {typed(self._home.path)} {fit} lets its answer go",
            )
        if waiting.concerns:
            self._require_shown(waiting)
        self._desk.decide(Attempt.of(waiting.asked.header), APPROVED, who, reason, waiting.concerns)
        self._record.say(f"fit {fit} is approved by {printable(who)}")
        return waiting

    def reject(self, fit: int, who: str, reason: str) -> None:
        """Say no to the proposal of `fit`, approved before or not; the reason goes to the server's side.

        Raises
        ------
        ConfigError
            If this fit is not under way.
        """
        asked = self._journal.last(SERVER, IN)
        if asked is None or asked.header.kind != "request" or asked.header.fit != fit:
            raise self._not_here(fit, "is under way", asked.header.fit if asked else 0)
        self._desk.decide(Attempt.of(asked.header), REJECTED, who, reason)
        self._record.say(f"fit {fit} is rejected by {printable(who)}: {printable(reason)}")

    def release(self, fit: int, who: str) -> Pending:
        """Let the answer go that waits.

        Raises
        ------
        ConfigError
            If none of this fit waits, or it was not shown before.
        """
        waiting = self._waiting(fit)
        if waiting.answer is None:
            raise ConfigError(
                f"no answer of fit {fit} waits to be released",
                where=str(self._home.path),
                do=f"its proposal waits: fedfolder node approve {typed(self._home.path)} {fit}",
            )
        self._require_shown(waiting)
        self._drafts.release(waiting.asked.header.number, who)
        self._record.say(f"the answer to {waiting.asked.name} is released by {printable(who)}")
        return waiting

    def _waiting(self, fit: int) -> Pending:
        waiting = self.pending()
        if waiting is None or waiting.fit != fit:
            raise self._not_here(fit, "waits for a person", waiting.fit if waiting else 0)
        return waiting

    def _not_here(self, fit: int, what: str, other: int) -> ConfigError:
        return ConfigError(
            f"nothing of fit {fit} {what} here",
            where=str(self._home.path),
            found=f"fit {other}" if other else "no fit",
            do=f"fedfolder node pending {typed(self._home.path)} shows what waits",
        )


@contextlib.contextmanager
def tray(home: NodeHome) -> Iterator[Tray]:
    """The tray of a home, with what has come in it: fetched from the exchange if no node is running."""
    from fedfolder.errors import ExchangeError, HomeInUseError
    from fedfolder.node.loop import Node, only_one

    with contextlib.suppress(HomeInUseError, ExchangeError), only_one(home):
        node = Node(home)
        try:
            node.fetch()
        finally:
            node.close()
    with Tray(home) as found:
        yield found
