"""`fedfolder node check`: reads the data, looks at the exchange, and says what is wrong before anyone waits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder import clock
from fedfolder.custody import keys
from fedfolder.errors import FedfolderError, UnknownNameError, nearest
from fedfolder.exchange import files, names
from fedfolder.node.data import describe
from fedfolder.node.home import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedfolder.node.home import NodeHome

PROBE = ".fedfolder-check"


def check(home: NodeHome, say: Callable[[str], None]) -> list[FedfolderError]:
    """Say what is found; return what is wrong, an error each."""
    wrong: list[FedfolderError] = []

    @contextlib.contextmanager
    def noted() -> Iterator[None]:
        try:
            yield
        except FedfolderError as error:
            wrong.append(error)

    say(f"node       {home.me.name} of study {home.study}")
    say(f"key        {keys.fingerprint(home.me.key)}")
    with noted():
        _data(home, say)
    with noted():
        _exchange(home, say)
        _server(home, say)
    return wrong


def _data(home: NodeHome, say: Callable[[str], None]) -> None:
    found = describe(home.data)
    say(f"data       {home.data}: {found.nrows} rows")
    released = set(home.policy.variables)
    for variable in found.variables:
        used = "released" if variable.name in released else "not released"
        labels = f", {variable.value_labels} value labels" if variable.value_labels else ""
        note = f"  ({variable.note})" if variable.note else ""
        say(f"  {variable.name:<16} {variable.type:<8} {variable.missing:>8} missing  {used}{labels}{note}")
    known = [variable.name for variable in found.variables]
    absent = [name for name in home.policy.variables if name not in known]
    if absent:
        raise UnknownNameError(
            f"node.toml releases {', '.join(absent)}, which the data do not have",
            where=str(home.data),
            do=f"correct the list in {home.path / SETTINGS}: "
            + "; ".join(f"{name}: {nearest(name, known)}" for name in absent),
        )


def _exchange(home: NodeHome, say: Callable[[str], None]) -> None:
    waiting = names.envelopes(files.listing(home.exchange / names.TO_NODE))
    probe = home.exchange / names.TO_SERVER / PROBE
    files.write(probe, b"")
    files.remove(probe)
    say(f"exchange   {home.exchange}: can be read and written; messages from the server: {len(waiting)}")


def _server(home: NodeHome, say: Callable[[str], None]) -> None:
    """Whether the server is known; until it is, nothing can be asked."""
    journal = home.journal(clock.now)
    try:
        key = journal.key(names.SERVER)
    finally:
        journal.close()
    if key is not None:
        say(f"server     its key is {keys.fingerprint(key)}")
    elif 0 in names.envelopes(files.listing(home.exchange / names.TO_NODE)):
        say("server     has introduced itself; its key is taken when the node runs")
    else:
        say("server     WARNING: has not introduced itself yet; it does when it first runs a fit of the study")
