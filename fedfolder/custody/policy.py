"""What a site allows, as its custodian wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import RefusedError, UnknownNameError

if TYPE_CHECKING:
    from fedfolder.command import Command


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be used in this study.

    Parameters
    ----------
    variables : tuple of str
        Those that are released.
    cluster_scores : bool
        Whether scores may leave by the names of clusters, for `vce(cluster id, across)`.
    """

    variables: tuple[str, ...]
    cluster_scores: bool = False

    def check(self, command: Command) -> None:
        """Refuse a command that uses anything else.

        Raises
        ------
        UnknownNameError
            Naming the first variable that is not released.
        RefusedError
            If scores of clusters are asked for by name, and that is not allowed.
        """
        if command.across and not self.cluster_scores:
            raise RefusedError(
                f"scores by the names of clusters may not leave here, and {command.roles['cluster']} asks for them",
                where=command.roles["cluster"],
                expected="vce(cluster …) for clusters that lie within sites",
                do="leave across out of the command, or ask the site to set cluster_scores in its node.toml",
            )
        for name in command.sources:
            if name not in self.variables:
                raise UnknownNameError(
                    f"the variable {name} is not released for this study",
                    where=name,
                    expected="a variable in the list in node.toml",
                )
