"""What a site allows, as its custodian wrote it down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from fedfolder.custody.command_rules import COMMAND_RULES, WORDS, Asked
from fedfolder.custody.profiles import LIMITS, PROFILES
from fedfolder.custody.sample_rules import SAMPLE_RULES
from fedfolder.custody.view import View
from fedfolder.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedfolder.command import Command
    from fedfolder.custody.finding import Finding
    from fedfolder.custody.profiles import Limits
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification

Approval: TypeAlias = Literal["auto", "proposal", "every-file"]

RULES = tuple(
    dict.fromkeys(
        [*(r.name for r in COMMAND_RULES), *(r.name for r in SAMPLE_RULES), *(found.name for found in LIMITS)]
    )
)
"""Everything that a request can break, and a waiver can name: the rules here, and the limits of those elsewhere."""
DERIVATIONS = tuple(dict.fromkeys(WORDS.values()))
"""The words of the statements that derive variables."""
OWN_ESTIMATES = EVENT_TIMES = SITE_BASELINE = "open"
"""The profile in which a site's own estimate, failure times, and a site's own baseline hazard may leave."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be asked, and by whom. None, and no server, is no restriction.

    Parameters
    ----------
    models : tuple of str or None
        By name: `logit`, `glm`, or a family and link of `glm`.
    derivations : tuple of str or None
        Those of `DERIVATIONS`.
    conditions : tuple of str or None
        Variables by which rows may be chosen with `if`.
    weights : tuple of str or None
        The kinds `fw`, `pw`, `aw` and `iw`.
    own_estimates : bool or None
        Whether the site's own estimate may leave, for fits in few trips; None as the profile has it.
    event_times : bool or None
        Whether failure times, and sums over those at risk at each, may leave; None as the profile has it.
    standardised : bool or None
        Whether average survival may leave, for `standsurv()`; None as if it may.
    site_baseline : bool or None
        Whether the site's own baseline hazard at agreed times may leave; None as the profile has it.
    servers : tuple of str
        Fingerprints; without one, whoever introduced itself first.
    """

    models: tuple[str, ...] | None = None
    derivations: tuple[str, ...] | None = None
    conditions: tuple[str, ...] | None = None
    weights: tuple[str, ...] | None = None
    own_estimates: bool | None = None
    event_times: bool | None = None
    standardised: bool | None = None
    site_baseline: bool | None = None
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A rule that does not hold in one study, for a reason.

    Parameters
    ----------
    rule : str
        One of `RULES`.
    study : str
        The only study it is for.
    reason : str
        Why; it is never empty.
    names : tuple of str
        What in a command it is for; everything if there is none.
    """

    rule: str
    study: str
    reason: str
    names: tuple[str, ...] = ()

    def covers(self, finding: Finding, study: str) -> bool:
        """Whether this is what the finding is about."""
        about = not self.names or bool(finding.names and set(finding.names) <= set(self.names))
        return self.study == study and self.rule == finding.rule and about


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be used in this study, by whom, and how much of it.

    Parameters
    ----------
    variables : tuple of str
        Those that are released.
    cluster_scores : bool
        Whether scores may leave by the names of clusters, for `vce(cluster id, across)`.
    profile : str
        The profile that the limits were taken from.
    limits : Limits
        Its limits, and what the site changed.
    approval : {"auto", "proposal", "every-file"}
        What a person says yes to: nothing, each proposal, each file.
    person : str or None
        The variable that says whose a row is, which need not be released; None if each row is a person.
    allowed : Allowed
        What may be asked, and by whom.
    study : str
        The study that this is for; waivers for others do not count.
    waivers : tuple of Waiver
        Which rules do not hold.
    """

    variables: tuple[str, ...]
    cluster_scores: bool = False
    profile: str = "open"
    limits: Limits = PROFILES["open"]
    approval: Approval = "auto"
    person: str | None = None
    allowed: Allowed = field(default_factory=Allowed)
    study: str = ""
    waivers: tuple[Waiver, ...] = ()

    @property
    def own_estimates(self) -> bool:
        """Whether the site's own estimate may leave; unless the file says, in the profile `open` alone."""
        said = self.allowed.own_estimates
        return self.profile == OWN_ESTIMATES if said is None else said

    @property
    def event_times(self) -> bool:
        """Whether failure times may leave; unless the file says, in the profile `open` alone."""
        said = self.allowed.event_times
        return self.profile == EVENT_TIMES if said is None else said

    @property
    def site_baseline(self) -> bool:
        """Whether the site's own baseline hazard may leave; unless the file says, in the profile `open` alone."""
        said = self.allowed.site_baseline
        return self.profile == SITE_BASELINE if said is None else said

    def check(self, command: Command) -> None:
        """Refuse a command that uses variables which are not released.

        Raises
        ------
        UnknownNameError
            Naming the first variable that is not released.
        """
        for name in command.sources:
            if name not in self.variables:
                raise UnknownNameError(
                    f"the variable {name} is not released for this study",
                    where=name,
                    expected="a variable in the list in node.toml",
                )

    def of_command(
        self, command: Command, roster: Sequence[tuple[str, str]], server: bytes | None = None
    ) -> list[Finding]:
        """What a command breaks, before any data are read, without what is waived.

        Parameters
        ----------
        roster : sequence of (str, str)
            Each node that takes part and its key in hex, as the proposal has them.
        server : bytes, optional
            The key of the server that asks.
        """
        return self.standing(self.found_in_command(command, roster, server))

    def of_sample(self, specification: Specification, sample: Sample) -> list[Finding]:
        """What the rows at this node break, before any sum leaves, without what is waived."""
        return self.standing(self.found_in_sample(specification, sample))

    def found_in_command(
        self, command: Command, roster: Sequence[tuple[str, str]], server: bytes | None = None
    ) -> list[Finding]:
        """What a command breaks, waived or not; the arguments are those of `of_command`."""
        asked = Asked(command, tuple(roster), server)
        return [finding for rule in COMMAND_RULES for finding in rule.find(self, asked)]

    def found_in_sample(self, specification: Specification, sample: Sample) -> list[Finding]:
        """What the rows at this node break, waived or not."""
        view = View.of(specification, sample)
        return [finding for rule in SAMPLE_RULES for finding in rule.find(self.limits, view)]

    def standing(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that no waiver covers."""
        return [finding for finding in findings if self._waiver(finding) is None]

    def waived(self, findings: Iterable[Finding]) -> list[tuple[Finding, Waiver]]:
        """Those that a waiver covers, each with the first that does: what an audit notes."""
        covered = ((finding, self._waiver(finding)) for finding in findings)
        return [(finding, waiver) for finding, waiver in covered if waiver is not None]

    def _waiver(self, finding: Finding) -> Waiver | None:
        return next((waiver for waiver in self.waivers if waiver.covers(finding, self.study)), None)
