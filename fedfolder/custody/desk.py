"""The custodian's desk: what a site makes of a request before anything is computed, and what it remembers of it.

The order is that of what each step may give away. Rules about the command need no data. Rules about the rows come
before the first sum, since a refusal is one bit about them and is charged. A person is asked before anything leaves.
Limits on the beta come last, at each round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from fedfolder.custody.approval import Approvals, Attempt
from fedfolder.custody.finding import refuse
from fedfolder.custody.ledger import Ledger
from fedfolder.custody.limits import at_beta, of_groups
from fedfolder.custody.policy import RULES
from fedfolder.errors import PolicyError, RejectedError
from fedfolder.exchange.names import SERVER
from fedfolder.plan.own import OwnEstimate
from fedfolder.questions import kept
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.moments import Moments
from fedfolder.questions.together import Together, single

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fedfolder.command import Command
    from fedfolder.custody.finding import Finding
    from fedfolder.custody.policy import Policy
    from fedfolder.custody.seen import Seen
    from fedfolder.errors import FedfolderError
    from fedfolder.exchange.envelope import Header
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification


BY_PLAN: Final = ("proposal", "plan", "published sums", "same question to all")
"""What every request is held against by the node's own copy of the plan."""
BETA_RULES: Final = ("evaluations", "largest_beta", "effective_size", "leverage")
"""Rules that are asked at every beta."""


@dataclass(frozen=True, slots=True)
class Held:
    """A request that waits for a person, and what calls for one; nothing where every proposal does."""

    concerns: tuple[Finding, ...] = ()


class Desk:
    """Of the home that `journal` belongs to, under its `policy`."""

    def __init__(self, journal: Journal, policy: Policy) -> None:
        self.policy = policy
        self.approvals = Approvals(journal)
        self.ledger = Ledger(journal, policy.limits)
        self._waived: dict[Finding, str] = {}
        self._journal = journal

    def read(self, attempt: Attempt, command: Command, roster: Sequence[tuple[str, str]]) -> Held | None:
        """What the command alone says.

        Raises
        ------
        RejectedError
            If a person said no.
        PolicyError, UnknownNameError
            If the policy does.
        """
        self.require_not_rejected(attempt)
        refuse(self.standing(self.of_command(command, roster)))
        return self.must_look()

    def of_command(self, command: Command, roster: Sequence[tuple[str, str]]) -> list[Finding]:
        """What the policy says against a command, waived or not.

        Raises
        ------
        UnknownNameError
            If it names what is not released.
        """
        self.policy.check(command)
        return self.policy.found_in_command(command, roster, self._journal.key(SERVER))

    def standing(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that no waiver of this site lets pass; the others are noted for the audit."""
        findings = list(findings)
        self._waived.update((finding, waiver.reason) for finding, waiver in self.policy.waived(findings))
        return self.policy.standing(findings)

    def must_look(self) -> Held | None:
        """After too many refusals, nothing more is looked at in the data until a person has been here.

        An earlier approval does not count: whoever gave it has not seen what was refused since.
        """
        concerns = self.ledger.must_look()
        return Held(tuple(concerns)) if concerns else None

    def require_not_rejected(self, attempt: Attempt) -> None:
        """Refuse what a person said no to.

        Raises
        ------
        RejectedError
            With the reason that they gave.
        """
        decision = self.approvals.of(attempt)
        if decision is not None and not decision.approved:
            raise RejectedError("the custodian of this site said no to this proposal", found=decision.reason)

    def look(self, attempt: Attempt, specification: Specification, sample: Sample, seen: Seen) -> Held | None:
        """What the rows say, once an attempt.

        Raises
        ------
        PolicyError
        """
        if self.ledger.is_admitted(attempt):
            return None
        refuse(self.standing(self.policy.found_in_sample(specification, sample)))
        return self.ask(attempt, self.concerns(attempt, seen))

    def concerns(self, attempt: Attempt, seen: Seen) -> tuple[Finding, ...]:
        """What calls for a person."""
        return (*self.ledger.must_look(), *self.standing(self.ledger.concerns(attempt, seen)))

    def with_knots(self, question: Question, sample: Sample, seen: Seen) -> Seen:
        """What is remembered of a sample, with the rows beyond knots that were published, if the question has any."""
        for splines in {of.splines for of in _with_found_knots(question)}:
            if splines is not None:
                make = partial(self.ledger.with_knots, seen, splines, sample)
                seen = kept.once(sample, "rows beyond knots", splines, make)
        return seen

    def look_at_knots(self, attempt: Attempt, seen: Seen) -> Held | None:
        """Whether a person must say yes because of where knots were found to be, and has not."""
        return self._held(attempt, self.standing(self.ledger.concerns_of_knots(attempt, seen)), always=False)

    def ask(self, attempt: Attempt, concerns: Iterable[Finding] = ()) -> Held | None:
        """Whether a person must say yes first, and has not."""
        return self._held(attempt, concerns, always=self.policy.approval != "auto")

    def _held(self, attempt: Attempt, concerns: Iterable[Finding], *, always: bool) -> Held | None:
        concerns = tuple(concerns)
        if not (always or concerns) or self.approvals.covers(attempt, concerns):
            return None
        return Held(concerns)

    def weigh(self, attempt: Attempt, question: Question, sample: Sample) -> None:
        """What this round's beta would bring out, and what is left of the budget.

        Raises
        ------
        PolicyError
        """
        refuse(self.standing(self.ledger.budget(attempt, question)))
        refuse(self.standing(of_groups(self.policy.limits, question)))
        refuse(self.standing(self._of_knots(question, sample)))
        refuse(self.standing(at_beta(self.policy.limits, question, sample)))

    def _of_knots(self, question: Question, sample: Sample) -> list[Finding]:
        """What the rows say once it is known where the knots are, if the command did not say: they were published."""
        of = {specification.splines: specification for specification in _with_found_knots(question)}
        return [
            finding
            for specification in of.values()
            for finding in kept.once(
                sample, "rules on knots", specification, partial(self.policy.found_in_sample, specification, sample)
            )
        ]

    def permitted(self, question: Question, sample: Sample) -> Question:
        """The question without an estimate of this site's own that its policy keeps here: zeros leave in its place.

        It is held against the same limits as a beta that is asked about.
        """
        match question:
            case Together():
                return question.each(lambda part: self.permitted(part, sample))
            case OwnEstimate():
                if not self.policy.own_estimates:
                    return question.withheld()
                own = question.estimated(sample)
                broken = own.found and self.policy.standing(at_beta(self.policy.limits, own.found, sample))
                return own.withheld() if broken else own
            case _:
                return question

    # -- in the transaction of the reply ---------------------------------------------------------------------------

    def answered(self, asked: Header, question: Question, seen: Seen | None) -> None:
        """Remember that an answer leaves, what it was held against, and what it costs."""
        attempt = Attempt.of(asked)
        rules = [*BY_PLAN, *BETA_RULES] if seen is not None else BY_PLAN
        if seen is not None:
            rules = rules if self.ledger.is_admitted(attempt) else [*rules, *RULES]
            self.ledger.admit(attempt, seen)
        let_pass = {finding.rule for finding in self._waived}
        held = ", ".join(rule for rule in dict.fromkeys(rules) if rule not in let_pass)
        self._note(asked, "checked", {"rules": held, "result": "none is broken"})
        for finding, reason in self._waived.items():
            self._note(asked, "waived", {"rule": finding.rule, "names": ", ".join(finding.names), "reason": reason})
        self._waived.clear()
        kinds = [part.kind for part in single(question)]
        self._note(asked, "computed", {"question": ", ".join(dict.fromkeys(kinds))})
        self.ledger.charge_answer(attempt, asked.round, question)

    def refused(self, asked: Header, error: FedfolderError) -> None:
        """Remember that a refusal leaves, and why."""
        detail = {"rules": type(error).__name__.removesuffix("Error"), "result": "broken"}
        if isinstance(error, PolicyError):
            # Of other errors the place may be a file of this computer, and an audit is given to others.
            detail |= {"rules": error.rule, "names": error.where}
        self._waived.clear()
        self._note(asked, "checked", detail)
        self.ledger.charge_refusal(Attempt.of(asked), asked.round, detail["rules"])

    def told(self, asked: Header, rules: Iterable[str]) -> None:
        """Charge what a preflight, or a check, told as the refusals that it could be used instead of."""
        for rule in rules:
            self.ledger.charge_refusal(Attempt.of(asked), asked.round, rule)

    def _note(self, asked: Header, event: str, detail: Mapping[str, str]) -> None:
        self._journal.audit(event, SERVER, asked.number, {"fit": str(asked.fit), **detail})

    # -- a person --------------------------------------------------------------------------------------------------

    def decide(self, attempt: Attempt, decision: str, who: str, reason: str, concerns: Sequence[Finding] = ()) -> None:
        """Note what a person decided; whoever decides has looked."""
        with self._journal.transaction():
            self.approvals.decide(attempt, decision, who, reason, concerns)
            self.ledger.looked(who)


def _with_found_knots(question: Question) -> list[Specification]:
    """What a question is of, where knots follow from what was published."""
    asked = [part.specification for part in single(question) if isinstance(part, AtBeta | Moments)]
    return [specification for specification in asked if specification.has_found_knots]
