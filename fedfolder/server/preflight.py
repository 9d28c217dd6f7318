"""`fedfolder preflight`: which rules of which site a command would break, before anyone waits for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fedfolder.plan.preflight import Preflight
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.refusals import Refusals
from fedfolder.server.each import ask_each
from fedfolder.server.study import open_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.questions.refusals import Refusal
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Idle
    from fedfolder.server.progress import Progress

ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class SiteRefusals:
    """What one node said: `state` is "answered", or why there is nothing."""

    node: str
    refusals: tuple[Refusal, ...] = ()
    state: str = ANSWERED

    @property
    def is_open(self) -> bool:
        """Whether nothing would be refused there."""
        return self.state == ANSWERED and all(refusal.by_person for refusal in self.refusals)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What all nodes said of a command."""

    command: str
    sites: tuple[SiteRefusals, ...]

    @property
    def refusing(self) -> tuple[str, ...]:
        """The nodes that would refuse."""
        return tuple(site.node for site in self.sites if site.state == ANSWERED and not site.is_open)

    @property
    def silent(self) -> tuple[str, ...]:
        """The nodes that gave no answer."""
        return tuple(site.node for site in self.sites if site.state != ANSWERED)

    def summary(self) -> str:
        """For people, site by site."""
        return "\n".join(line for site in self.sites for line in _lines(site))

    def to_json(self) -> str:
        """As JSON: sites with their state, and what each would refuse."""
        said: dict[str, Any] = {
            "format": 1,
            "command": self.command,
            "sites": [
                {
                    "node": site.node,
                    "state": site.state,
                    "rules": [
                        {"rule": r.rule, "name": r.name, "a person may let it pass": r.by_person} for r in site.refusals
                    ],
                }
                for site in self.sites
            ],
        }
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _lines(site: SiteRefusals) -> Iterator[str]:
    if site.state != ANSWERED:
        yield f"{site.node}: {site.state}"
        return
    if not site.refusals:
        yield f"{site.node}: nothing would be refused"
    named: dict[tuple[bool, str], list[str]] = {}
    for refusal in site.refusals:
        named.setdefault((refusal.by_person, refusal.rule), []).extend([refusal.name] if refusal.name else [])
    for (by_person, rule), about in named.items():
        told = "a person would be asked by" if by_person else "would be refused by"
        yield f"{site.node}: {told} the rule {rule}{': ' if about else ''}{', '.join(dict.fromkeys(about))}"


def preflight(
    study: Path | str,
    command: str,
    *,
    timeout: float | None = None,
    progress: Progress | None = None,
    idle: Idle | None = None,
) -> Forecast:
    """Ask every node of a study whether it would refuse `command`, and by which rule.

    Each line of an answer is charged to the node's ledger as a refusal, and an answer without any as one, so that
    nobody can search with preflights.

    Parameters
    ----------
    timeout : float, optional
        Seconds to wait for the nodes, 0 for ever; what study.toml says by default.

    Raises
    ------
    CommandError
        If the command does not parse.
    FedfolderError
        For an exchange out of reach, and so on.
    """
    parsed = read_command(command)
    answers = ask_each(
        open_study(Path(study)),
        lambda roster: Preflight(Proposal(parsed, roster)),
        name="preflight",
        timeout=timeout,
        progress=progress,
        idle=idle,
    )
    return Forecast(str(parsed), tuple(_site(node, answer) for node, answer in answers.of.items()))


def _site(node: str, answer: Sums | str) -> SiteRefusals:
    return SiteRefusals(node, state=answer) if isinstance(answer, str) else SiteRefusals(node, Refusals.said(answer))
