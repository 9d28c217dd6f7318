"""`fedfolder policy ...`: what a site allows, for its custodian."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.custody.finding import Finding
    from fedfolder.custody.policy import Approval, Policy

FOLDER = click.Path(path_type=Path, file_okay=False)
ASKED = {
    "auto": "what it allows is answered without asking anybody",
    "proposal": "a person approves each fit",
    "every-file": "a person releases each file",
}
"""What each mode of approval means."""
PROFILE = click.option(
    "--profile",
    type=click.Choice(["registry", "strict", "open"]),
    default="registry",
    show_default=True,
    help="The limits in policy.toml; open has none, for demos.",
)
APPROVAL = click.option(
    "--approval",
    type=click.Choice(["proposal", "every-file", "auto"]),
    default="proposal",
    show_default=True,
    help="What a person says yes to: each fit, each file, or nothing.",
)


@click.group(short_help="What a site allows: its limits, waivers, and what they refuse.")
def policy() -> None:
    """Make a node's policy, show it, try a command against it, and waive a rule."""


@policy.command(short_help="Write policy.toml into a node's home.")
@click.argument("home", type=FOLDER)
@PROFILE
@APPROVAL
def init(home: Path, profile: str, approval: Approval) -> None:
    """Write policy.toml into HOME, which an earlier version made without one, or whose policy was moved away.

    \b
    Example:
      fedfolder policy init north --profile registry
    """
    from fedfolder.custody.policy_file import create
    from fedfolder.errors import ConfigError
    from fedfolder.node.home import POLICY, SETTINGS, open_home

    if not (home / SETTINGS).is_file():
        raise ConfigError(f"there is no {SETTINGS} here", where=str(home), do="make one with fedfolder node init")
    create(home / POLICY, profile, approval)
    opened = open_home(home)
    click.echo(f"Node {opened.me.name} of study {opened.study} has the policy {profile}; {ASKED[approval]}.")
    click.echo(f"Every limit stands in {home / POLICY}, with its source.")


@policy.command(short_help="Show the limits in force, their sources, and the waivers.")
@click.argument("home", type=FOLDER)
def show(home: Path) -> None:
    """Show the policy of the node in HOME: who says yes, every limit with its source, and what is waived.

    \b
    Example:
      fedfolder policy show north
    """
    from fedfolder.custody.describing import lines
    from fedfolder.node.home import open_home

    for line in lines(open_home(home).policy):
        click.echo(line)


@policy.command(short_help="Name every rule and variable that would refuse a command here.")
@click.argument("home", type=FOLDER)
@click.argument("command")
def check(home: Path, command: str) -> None:
    """Read the data of the node in HOME and say what its policy would refuse of COMMAND. Nothing leaves.

    Who takes part is in the proposal, so that the least number of nodes is not looked at here. The limits that a
    coefficient can break are looked at in each round. The exit code is 21 if anything would be refused.

    \b
    Example:
      fedfolder policy check north "logit low age i.race smoke"
    """
    from fedfolder.cli.progress import aside
    from fedfolder.errors import PolicyError
    from fedfolder.node.home import open_home
    from fedfolder.node.preview import preview

    opened = open_home(home)
    found = _findings(opened.policy, preview(opened, command, aside))
    if found:
        names = dict.fromkeys(finding.rule for finding in found)
        raise PolicyError(
            "the policy of this node refuses the command",
            rule=", ".join(names),
            where=str(home),
            do="change the command; or, with a reason, fedfolder policy waive HOME RULE",
        )
    click.echo("Nothing in the data or the command is against the policy here.")


def _findings(policy: Policy, found: Sequence[Finding]) -> list[Finding]:
    """Say each finding, waived ones as such; return those that stand."""
    for finding, waiver in policy.waived(found):
        click.echo(f"waived   {_line(finding)} ({waiver.reason})")
    standing = policy.standing(found)
    for finding in standing:
        click.echo(f"refused  {_line(finding)}")
    return standing


def _line(finding: Finding) -> str:
    return f"{finding.rule}: {finding.says}"


@policy.command(short_help="Let a rule go in this study, for a reason.")
@click.argument("home", type=FOLDER)
@click.argument("rule")
@click.option(
    "--names", metavar="VARS", default="", help="Only for these names in a command, with blanks or commas between."
)
@click.option("--reason", required=True, help="Why, in words that somebody can read in five years.")
def waive(home: Path, rule: str, names: str, reason: str) -> None:
    """Let RULE go in the study of the node in HOME: a table at the end of its policy.toml, until somebody removes it.

    \b
    Example:
      fedfolder policy waive north roster --reason "two registries only; both boards agreed on 12 May 2026"
    """
    from fedfolder.custody.policy import Waiver
    from fedfolder.custody.policy_file import waive as add
    from fedfolder.node.home import POLICY, open_home

    study = open_home(home).study
    only = tuple(names.replace(",", " ").split())
    add(home / POLICY, Waiver(rule, study, reason, only))
    about = f" for {', '.join(only)}" if only else ""
    click.echo(f"{rule} is waived{about} in study {study}: see the end of {home / POLICY}.")
    click.echo("A node that is running takes it up when it is started again.")
