"""What a stub is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from fedfolder.errors import CommandError
from fedfolder.likelihood import find
from fedfolder.server.external import RADIUS

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.command import Command


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stub is asked for.

    Parameters
    ----------
    study : Path
        The study's home.
    command : Command
        What is fitted.
    radius : float
        The trust radius that is proposed.
    own_likelihoods : bool
        Whether nodes may compute by likelihoods of their own.
    """

    study: Path
    command: Command
    radius: float = RADIUS
    own_likelihoods: bool = False

    def __post_init__(self) -> None:
        """Refuse what `ml` cannot drive to the usual result.

        Raises
        ------
        CommandError
            If the model has a scale that is no parameter, or another variance is asked for.
        """
        command, likelihood = self.command, find(self.command.likelihood)
        # Told by what it makes of made-up sums: the models of our own and those that others install alike.
        if len(likelihood.views) > 1:
            self._refuse(f"{command.model} here: its likelihood is of a slope by time, too, which ml does not have")
        if not math.isclose(likelihood.scale(-1.0, 10.0, 2, dict.fromkeys(likelihood.also, 5.0)), 1.0):
            self._refuse(f"{command.model} here: its variance has a scale that is no parameter of the likelihood")
        if command.vce != "oim":
            self._refuse(f"vce({command.vce}): it takes scores of single rows, and no row of anyone is in memory")

    def _refuse(self, what: str) -> NoReturn:
        do = f"fit it without ml: fedfolder {self.command.model} ..."
        raise CommandError(f"ml cannot have {what}", text=str(self.command), position=0, do=do)
