"""The preflight of a command: whether the sites would refuse it, asked before anyone waits.

A proposal of its own kind with a program of one question. What a node answers goes to the server's side alone; it is
not published to the other nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedfolder.errors import RefusedError
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFLIGHT = "preflight"
PUBLISHED = "nothing: each site's answer goes to the server's side alone"


@dataclass(frozen=True, slots=True)
class Preflight:
    """A preflight that is proposed to the nodes.

    Parameters
    ----------
    proposal : Proposal
        The fit that is meant.
    """

    proposal: Proposal

    @property
    def roster(self) -> tuple[tuple[str, str], ...]:
        """As in `Proposal`."""
        return self.proposal.roster

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of those who take part."""
        return self.proposal.nodes

    @property
    def question(self) -> Refusals:
        """The only one."""
        return Refusals(str(self.proposal.command))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON; what is signed."""
        said = self.proposal.to_dict()
        return {
            PREFLIGHT: said["command"],
            "model": said["model"],
            "variables": said["variables"],
            "sample": said["sample"],
            "asked": [{"kind": Refusals.kind, "times at most": 1, "leaves": Refusals.asks}],
            "published": PUBLISHED,
            "roster": said["roster"],
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Preflight:
        """Read a proposal.

        Raises
        ------
        RefusedError
            If it is not what such a proposal says here.
        """
        meant = Proposal.of(found.get(PREFLIGHT), found.get("roster"))
        preflight = cls(meant)
        if preflight.to_dict() != dict(found):
            raise RefusedError(
                "this preflight says something else than its command means here",
                expected="a server of the same version of fedfolder",
                do="compare `fedfolder --version` at both ends",
            )
        return preflight
