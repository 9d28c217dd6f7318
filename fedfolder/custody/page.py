"""The page on which a custodian decides: what is asked, of whom, what leaves, and what the site's policy says of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedfolder.custody import in_words
from fedfolder.custody.roster import roster_page
from fedfolder.errors import FedfolderError
from fedfolder.plan.check import DICTIONARY, subject
from fedfolder.plan.few import FEW, TRIPS
from fedfolder.plan.layout import lay_out
from fedfolder.plan.own import OwnEstimate
from fedfolder.plan.proposal import read_command
from fedfolder.questions.baseline_hazards import BaselineHazards
from fedfolder.questions.moments import Moments
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.risk_sums import RiskSums
from fedfolder.questions.specification import Specification
from fedfolder.questions.standardised import Standardised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedfolder.command import Command
    from fedfolder.custody.approval import Attempt
    from fedfolder.custody.finding import Finding
    from fedfolder.custody.policy import Policy
    from fedfolder.plan.check import AnyProposal
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.sample import Sample

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Size:
    """How many numbers leave, as far as this site can tell alone: other sites may have more levels.

    Parameters
    ----------
    once : int
        With the first answer.
    each : int
        At each beta after it.
    averages : int
        Of average survival.
    """

    once: int
    each: int
    averages: int = 0

    @classmethod
    def of(cls, proposal: Proposal, sample: Sample) -> Size | None:
        """That of a fit, from the levels here; None if the rows here do not make a model."""
        specification = Specification.of(proposal.command)
        try:
            moments = Moments(specification).compute(sample)
            layout = lay_out(specification, moments)
            count = Parameters.of(layout.specification.likelihood, layout.design).count
        except (FedfolderError, ArithmeticError, ValueError):
            return None
        once = len(moments.scalars) + sum(map(len, moments.rows.values()))
        asked = proposal.command.standsurv
        averages = 0 if asked is None else 2 + len(asked.patterns) * len(asked.times) * (1 + count)
        # As the file has them: the Hessian in full, beside the number of rows and the log-likelihood.
        return cls(once if proposal.asks_moments else 0, 2 + count + count * count, averages)


@dataclass(frozen=True, slots=True)
class Review:
    """What this site found out for a person who decides.

    Parameters
    ----------
    findings, waived, concerns : sequence of Finding
        Rules that the proposal breaks; those that a waiver lets pass; what calls for a person.
    size : Size, optional
        If it could be told.
    trouble : str
        Why the data could not be looked at, if they could not.
    """

    findings: Sequence[Finding] = ()
    waived: Sequence[Finding] = ()
    concerns: Sequence[Finding] = ()
    size: Size | None = None
    trouble: str = ""


def page(
    attempt: Attempt, proposal: AnyProposal, *, me: str, server: tuple[str, str], policy: Policy, review: Review
) -> str:
    """The page, as lines of text that a person can read and print.

    Parameters
    ----------
    me : str
        This site's name in the study.
    server : (str, str)
        The fingerprint of who asks, and whether it was compared.
    """
    said = proposal.to_dict()
    again = f", attempt {attempt.number}" if attempt.number > 1 else ""
    sections = [
        (f"Fit {attempt.fit}{again}", ["asked by the server", f"its key: {server[0]}", f"this key: {server[1]}"]),
        ("What is asked", _asked(said)),
        ("Who takes part, as the server says; custodians can compare by phone", list(_members(proposal, me))),
        ("What leaves this site", _leaving(said, review.size, policy)),
        (f"What this site's policy says (profile {policy.profile})", _policy(review)),
    ]
    return "\n\n".join(f"{title}\n" + "\n".join(_indented(lines)) for title, lines in sections)


def _indented(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        hanging = " " * (4 + (line.index("  ") + 2 if "  " in line else 0))
        yield textwrap.fill(line.replace("\t", " "), WIDTH, initial_indent="  ", subsequent_indent=hanging)


def _asked(said: dict[str, Any]) -> list[str]:
    if "command" not in said:
        return [subject(said), *map(_expected, said.get(DICTIONARY, []))]
    command = read_command(said["command"])
    lines = [*in_words.asked(command), f"model: {said['model']}"]
    lines += [_variable(command, entry["name"], entry["use"]) for entry in said["variables"]]
    lines += [
        f"table {name} of this site: {' '.join(variables)}; of it only sums leave"
        for name, variables in command.tables.items()
    ]
    lines.append(f"rows: {said['sample']}")
    without = said.get("restart", {}).get("without", [])
    lines += [f"begun anew without: {', '.join(without)}"] if without else []
    lines.append(_driver(said))
    if said.get(TRIPS) == FEW:
        lines.append(
            "few trips: questions travel together, several betas may be asked about in one round, and the last step is "
            "taken without asking"
        )
    return lines


def _variable(command: Command, name: str, use: str) -> str:
    meaning = in_words.meaning(command, name, use)
    return f"variable {name}: {use}{f' ({meaning})' if meaning else ''}"


def _driver(said: dict[str, Any]) -> str:
    """Who chooses the betas, and how freely."""
    if said["driver"] == "newton":
        return "each beta is the next Newton step from the published sums, which this site computes again by itself"
    return (
        "each beta is chosen by another program on the server's side, such as Stata's ml; this site computes from the "
        f"published sums where Newton's steps lead, and answers no beta farther than {said['trust radius']} standard "
        "deviations of the columns from that path"
    )


def _expected(variable: dict[str, Any]) -> str:
    """What a check holds a variable against: an answer is yes or no to this."""
    said = [variable["type"]]
    if "low" in variable or "high" in variable:
        said.append(f"from {variable.get('low', 'anything')} to {variable.get('high', 'anything')}")
    if "levels" in variable:
        said.append(f"one of {' '.join(entry['level'] for entry in variable['levels'])}")
    return f"variable {variable['name']}: {', '.join(said)}"


def _members(proposal: AnyProposal, me: str) -> Iterable[str]:
    for (name, _), line in zip(proposal.roster, roster_page(proposal)[1:], strict=True):
        yield f"{line.strip()}{' (this site)' if name == me else ''}"


def _leaving(said: dict[str, Any], size: Size | None, policy: Policy) -> list[str]:
    lines = []
    for question in said["asked"]:
        times = question["times at most"]
        numbers = "" if size is None else f" (here {_numbers(question['kind'], size)})"
        lines.append(f"{'once' if times == 1 else f'up to {times} times'}: {question['leaves']}{numbers}")
        if question["kind"] == Moments.kind:
            lines += in_words.counted(read_command(said["command"]))
        if question["kind"] == OwnEstimate.kind:
            lines.append(_own(policy))
        if question["kind"] == RiskSums.kind:
            lines.append(_AT_RISK)
        if question["kind"] == BaselineHazards.kind:
            lines.append(_own_curve(policy))
    return [*lines, in_words.stays(read_command(said["command"])) if "command" in said else in_words.STAYS]


_AT_RISK = (
    "these LEAVE at each failure time: two of them differ by who entered or left in between, of whom they tell every "
    "column, and that may be one person"
)


def _own_curve(policy: Policy) -> str:
    """What leaves of this site's own baseline, and how many persons stand behind each number of it."""
    least = policy.limits.events
    between = (
        f"at least {least} persons fail, or nobody, unless that rule is waived"
        if least
        else "one person alone may fail: this policy has no limit (events)"
    )
    return (
        "this site's own baseline survival LEAVES, under its name: the server and all other sites see it. Between two "
        f"of its times, in a stratum, {between}"
    )


def _own(policy: Policy) -> str:
    """What this site's policy says of its own estimate, in words."""
    if not policy.own_estimates:
        return "this site's policy keeps its own estimate here: zeros leave in its place, and the fit goes on"
    return (
        "this site's own estimate LEAVES: it is what this site would publish of its rows alone. The server sees it; "
        "the other sites see the sum over the sites that send one"
    )


def _numbers(kind: str, size: Size) -> str:
    number = {Moments.kind: size.once, Standardised.kind: size.averages}.get(kind, size.each)
    return f"at least {number} numbers"


def _policy(review: Review) -> list[str]:
    lines = [f"REFUSED by the rule {finding.rule}: {finding.says}" for finding in review.findings]
    lines += [f"a person must look ({concern.rule}): {concern.says}" for concern in review.concerns]
    lines += [f"waived ({finding.rule}): {finding.says}" for finding in review.waived]
    if review.trouble:
        lines.append(f"the data could not be looked at: {review.trouble}")
    return lines or ["nothing that is asked is against it"]
