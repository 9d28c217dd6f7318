"""The account of one fit at a node: who asked for what, who said yes, what was checked, and all that left."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder import clock
from fedfolder.custody import gate
from fedfolder.custody.approval import Approvals, Attempt
from fedfolder.custody.charges import limited
from fedfolder.custody.in_words import STAYS, STAYS_BUT_TIMES, stays
from fedfolder.custody.ledger import Ledger
from fedfolder.errors import ConfigError, FedfolderError
from fedfolder.exchange.fingerprint import fingerprint
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER
from fedfolder.exchange.trust import standing
from fedfolder.node import words
from fedfolder.node.home import KEPT
from fedfolder.plan.check import subject
from fedfolder.plan.messages import SCALARS
from fedfolder.plan.proposal import Proposal
from fedfolder.shell import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.node.home import NodeHome


def account(home: NodeHome, journal: Journal, fit: int) -> list[str]:
    """The lines of the page.

    Raises
    ------
    ConfigError
        If this node was never asked about such a fit.
    """
    asked = [m for m in journal.of_fit(fit, IN, peer=SERVER) if m.header.number > 0]
    if not asked:
        raise ConfigError(
            f"this node was never asked about fit {fit}",
            where=str(home.path),
            do=f"fedfolder node show {typed(home.path)} tells what it was asked",
        )
    sent = {m.header.number: m for m in journal.of_fit(fit, OUT, peer=SERVER) if m.header.number > 0}
    lines = [f"Fit {fit} of the study {home.study}, at the node {home.me.name}", ""]
    key = f"{fingerprint(journal.key(SERVER) or b'')} ({standing(journal, SERVER)})"
    lines += ["Who asked", f"  the server, with the key {key}", ""]
    for first in (m for m in asked if m.header.round == 1 and m.header.kind == "request"):
        lines += [*_proposal(home, journal, first, sent.get(first.header.number)), ""]
    lines += ["What left this site", *_left(asked, sent, journal), ""]
    lines += ["What did not leave", f"  {_stayed(asked)}", ""]
    lines.append(f"Copies of every file, as it came and as it left, are in {home.path / KEPT / f'fit{fit}'}.")
    return lines


def _stayed(asked: list[Message]) -> str:
    """What did not leave, in any attempt."""
    found = {STAYS}
    for first in (m for m in asked if m.header.round == 1 and m.header.kind == "request"):
        with contextlib.suppress(FedfolderError):
            proposal = gate.proposal_of([first])
            found |= {stays(proposal.command)} if isinstance(proposal, Proposal) else set()
    return STAYS_BUT_TIMES if STAYS_BUT_TIMES in found else STAYS


def _proposal(home: NodeHome, journal: Journal, first: Message, reply: Message | None) -> Iterator[str]:
    """What was asked in one attempt, of whom, and who said yes."""
    attempt = Attempt.of(first.header)
    yield f"What was asked{f', attempt {attempt.number}' if attempt.number > 1 else ''}"
    try:
        said = gate.proposal_of([first]).to_dict()
    except FedfolderError as error:
        yield f"  something that cannot be read here: {error.what}"
        return
    yield f"  {words.printable(subject(said))}"
    yield f"  of the rows: {words.printable(said.get('sample', ''))}"
    yield f"  of the sites: {', '.join(entry['node'] for entry in said['roster'])}"
    decision = Approvals(journal).of(attempt)
    if decision is None:
        yield f"  {_without_a_person(home, reply)}"
        return
    reason = f" ({decision.reason})" if decision.reason else ""
    yield f"  {'approved' if decision.approved else 'rejected'} by {decision.who} at {decision.at}{reason}"
    yield from (f"    with this in view: {concern}" for concern in decision.seen)


def _without_a_person(home: NodeHome, reply: Message | None) -> str:
    if reply is None:
        return f"nobody has decided yet; fedfolder node pending {typed(home.path)} shows what waits"
    if reply.header.kind == "refusal":
        return "no person was asked: the node refused by itself"
    return "no person was asked: the policy lets the node answer by itself"


def _left(asked: list[Message], sent: dict[int, Message], journal: Journal) -> Iterator[str]:
    total = 0
    for request in asked:
        reply = sent.get(request.header.number)
        if reply is None:
            yield f"  nothing yet in answer to {request.name}"
            continue
        at = journal.time_of(SERVER, reply.header.number, words.EVENTS[reply.header.kind])
        numbers = _numbers(reply)
        total += numbers
        told = words.sent(reply).removeprefix("sent ")
        yield f"  {at}  {told}{f': {numbers} numbers' if numbers else ''}"
    yield f"  {total} numbers in all"


def _numbers(reply: Message) -> int:
    """How many numbers a reply holds: its scalars, and the cells of its tables beside their labels."""
    scalars = reply.header.body.get(SCALARS)
    count = len(scalars) if isinstance(scalars, dict) else 0
    for content in reply.payloads.values():
        cells = [cell for line in content.decode("utf-8", "replace").splitlines()[1:] for cell in line.split(",")]
        count += sum(_is_number(cell) for cell in cells)
    return count


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def spent_in_words(home: NodeHome) -> Iterator[str]:
    """What was answered and refused, a line each, and what is left."""
    with contextlib.closing(home.journal(clock.now)) as journal:
        account = Ledger(journal, home.policy.limits).spent()
    limits = home.policy.limits
    for spent in account.attempts:
        again = f", attempt {spent.attempt}" if spent.attempt > 1 else ""
        what = spent.command or ("a preflight or a check" if spent.answers else "nothing was answered")
        amounts = {"answer": spent.answers, "beta": spent.evaluations, "refusal": spent.refusals}
        costs = ", ".join(f"{amount} {word}{'s' * (amount != 1)}" for word, amount in amounts.items())
        yield f"fit {spent.fit}{again}: {what}: {costs}"
    yield f"betas a fit: {f'at most {limits.evaluations:g}' if limited(limits.evaluations) else 'no limit'}"
    yield f"fits of one version of the data: {f'at most {limits.fits:g}' if limited(limits.fits) else 'no limit'}"
    look = f"; at {limits.refusals:g} a person must look" if limited(limits.refusals) else ""
    yield f"refusals since a person looked: {len(account.unseen)}{look}"
    yield f"versions of the data: {account.versions}; sets of rows: {account.row_sets} in {account.stored} bytes"
