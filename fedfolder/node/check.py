"""`fedfolder node check`: reads the data, looks at the exchange, and says what is wrong before anyone waits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder import clock
from fedfolder.custody import keys
from fedfolder.errors import ConfigError, FedfolderError, UnknownNameError, VariableError, nearest
from fedfolder.exchange import files, names, trust
from fedfolder.exchange.fingerprint import read_fingerprint
from fedfolder.likelihood import names as likelihoods
from fedfolder.node.data import describe
from fedfolder.node.home import POLICY, SETTINGS
from fedfolder.node.progress import Told
from fedfolder.shell import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fedfolder.node.home import NodeHome
    from fedfolder.node.readers import VariableInfo

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
        wrong.extend(_data(home, say))
    for name, table in home.tables.items():
        with noted():
            found = describe(table.path, table.reading)
            say(f"table      {name}, {table.path}: {found.nrows} rows of {' '.join(v.name for v in found.variables)}")
    with noted():
        _exchange(home, say)
        _server(home, say)
    return wrong


def _data(home: NodeHome, say: Callable[[str], None]) -> Iterator[FedfolderError]:
    """Say what the data file holds; what is wrong with it, for the variables that are released."""
    found = describe(home.data, home.reading, watch=Told(home.data.name, say))
    say(f"data       {home.data}: {found.nrows} rows")
    if home.kept is not None:
        say(f"  {'kept':<10} columns are kept as they were read, in {home.kept.folder}: node.toml says so")
    for subject, text in found.how:
        say(f"  {subject:<10} {text}")
    for variable in found.variables:
        say(_line(variable, home))
    for variable in found.variables:
        if variable.problem and variable.name in home.policy.variables:
            what = f"the variable {variable.name} cannot be read as it is"
            yield VariableError(what, where=str(home.data), found=variable.problem, do=f"see {home.path / SETTINGS}")
    known = [variable.name for variable in found.variables]
    yield from _absent(home, known)
    say(f"policy     {home.policy.profile}; approval {home.policy.approval}: fedfolder policy show {typed(home.path)}")
    yield from _policy(home, known)


def _policy(home: NodeHome, known: Sequence[str]) -> Iterator[FedfolderError]:
    """Names in policy.toml that stand for nothing: a slip there would refuse what it was meant to allow."""
    where, policy = str(home.path / POLICY), home.policy
    if policy.person is not None and policy.person not in known:
        what = f"policy.toml tells persons apart by {policy.person}, which the data do not have"
        yield UnknownNameError(what, where=where, do=f"correct id below [persons]; {nearest(policy.person, known)}")
    for name in policy.allowed.conditions or ():
        if name not in known:
            what = f"policy.toml allows conditions by {name}, which the data do not have"
            yield UnknownNameError(what, where=where, do=f"correct it below [allowed]; {nearest(name, known)}")
    models = dict.fromkeys(part for name in likelihoods() for part in (name, name.partition(" ")[0]))
    for name in policy.allowed.models or ():
        if name not in models:
            what = f"policy.toml allows the model {name}, which is not installed here"
            yield UnknownNameError(what, where=where, do=f"correct it below [allowed]; {nearest(name, models)}")
    for text in policy.allowed.servers:
        try:
            read_fingerprint(text)
        except ConfigError as error:
            what = f"policy.toml allows a server by what is no fingerprint: {error.what}"
            yield ConfigError(what, where=where, found=text, do="fedfolder key show, at the server, shows it")


def _line(variable: VariableInfo, home: NodeHome) -> str:
    """One variable on one line."""
    name = f"{variable.name} (from {variable.source})" if variable.source else variable.name
    used = "released" if variable.name in home.policy.variables else "not released"
    recoded = len(home.reading.recodes.get(variable.name, {}))
    parts = [
        used,
        variable.distinct,
        f"{recoded} codes recoded" if recoded else "",
        f"{variable.value_labels} value labels" if variable.value_labels else "",
    ]
    notes = "; ".join(filter(None, [variable.problem, variable.note]))
    note = f"  ({notes})" if notes else ""
    return f"  {name:<16} {variable.type:<8} {variable.missing:>8} missing  {', '.join(filter(None, parts))}{note}"


def _absent(home: NodeHome, known: Sequence[str]) -> Iterator[FedfolderError]:
    """Names in node.toml that the data do not have."""
    absent = [name for name in home.policy.variables if name not in known]
    if absent:
        spoken = [
            f"{name} (from {home.reading.in_file(name)})" if name in home.reading.names else name for name in absent
        ]
        yield UnknownNameError(
            f"node.toml releases {', '.join(spoken)}, which the data do not have",
            where=str(home.data),
            do=f"correct the list in {home.path / SETTINGS}: "
            + "; ".join(f"{name}: {nearest(home.reading.in_file(name), known)}" for name in absent),
        )
    for name in home.reading.recodes:
        if name not in known and name not in absent:
            what = f"node.toml recodes {name}, which is not the study's name of any variable of the data"
            yield UnknownNameError(what, where=str(home.path / SETTINGS), do=f"[recode.{name}]: {nearest(name, known)}")


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
        key, standing = journal.key(names.SERVER), trust.standing(journal, names.SERVER)
        if key is not None:
            say(f"server     its key is {keys.fingerprint(key)}: {standing}")
        trust.require_not_revoked(journal, home.me.name, own=True)
        trust.require_not_revoked(journal, names.SERVER)
        trust.require_expected(journal, names.SERVER)
    finally:
        journal.close()
    if key is not None:
        if standing == trust.SEEN_FIRST:
            say(f"           compare it by phone: fedfolder node trust {typed(home.path)}")
    elif 0 in names.envelopes(files.listing(home.exchange / names.TO_NODE)):
        say("server     has introduced itself; its key is taken when the node runs")
    else:
        say("server     WARNING: has not introduced itself yet; it does when it first runs a fit of the study")
