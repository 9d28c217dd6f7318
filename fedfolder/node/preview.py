"""What a node's policy would say of a command: the data are read here, and nothing leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.node.data import read_sample
from fedfolder.node.progress import Told
from fedfolder.plan.knots import likely
from fedfolder.plan.proposal import read_command
from fedfolder.questions.specification import Specification

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.custody.finding import Finding
    from fedfolder.node.home import NodeHome

UNKNOWN = frozenset({"roster", "servers"})
"""Rules on who takes part and who asks, which only a proposal can tell."""


def preview(home: NodeHome, text: str, say: Callable[[str], None] = lambda _line: None) -> list[Finding]:
    """What a command breaks at this node, waived or not; `say` shows how far the data are read.

    Knots that follow from event times are put where this node's own would; those of all may lie elsewhere.

    Raises
    ------
    FedfolderError
        If it is no command, uses what is not released, or the data cannot be read for it.
    """
    command = read_command(text)
    policy = home.policy
    policy.check(command)
    asked = [found for found in policy.found_in_command(command, ()) if found.rule not in UNKNOWN]
    sample = read_sample(
        home.data,
        command,
        home.reading,
        persons=policy.person,
        tables=home.tables,
        node=home.me.name,
        watch=Told(home.data.name, say),
    )
    return [*asked, *policy.found_in_sample(likely(Specification.of(command), [sample]), sample)]
