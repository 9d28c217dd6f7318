"""Nodes beside Stata, each a process: to try things out on one computer. They end with Stata at the latest."""

from __future__ import annotations

import atexit
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder.errors import CommandError
from fedfolder.stata.line import read
from fedfolder.stata.paths import typed

if TYPE_CHECKING:
    from fedfolder.simulation.daemons import Daemons
    from fedfolder.stata.bridge import Stata

EXPECTED = "start HOME [HOME ...], or stop"


@functools.cache
def _daemons() -> Daemons:
    """Those of this Stata."""
    from fedfolder.simulation.daemons import Daemons

    daemons = Daemons()
    atexit.register(daemons.stop)
    return daemons


def nodes(stata: Stata) -> None:
    """`fedfolder nodes start HOME ...` and `fedfolder nodes stop`; what follows `nodes` is the local `0`.

    Raises
    ------
    CommandError
        If it is neither.
    FedfolderError
        If a node does not start.
    """
    text = stata.local("0")
    line = read(text)
    verb, *homes = line.words or ("",)
    if line.options or verb not in {"start", "stop"} or bool(homes) != (verb == "start"):
        raise CommandError(
            "this is not how nodes are started and stopped",
            text=f"nodes {text}".rstrip(),
            position=0,
            expected=EXPECTED,
        )
    if verb == "stop":
        stata.say(f"{_daemons().stop()} nodes are stopped.")
        return
    _start(stata, [Path(stata.folder(), typed(home)) for home in homes])


def _start(stata: Stata, homes: list[Path]) -> None:
    from fedfolder.node.home import open_home

    for home in homes:
        open_home(home)  # all can be opened, or none is started
    for home in homes:
        _daemons().start(home)
    for node in _daemons().until_ready():
        stata.say(f"-- {node} is ready.")
