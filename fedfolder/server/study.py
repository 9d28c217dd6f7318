"""A study: the server's home, with its settings, key, journal and an end of the channel to each node."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from fedfolder import clock, settings
from fedfolder import dictionary as dictionaries
from fedfolder.custody import keys
from fedfolder.errors import ConfigError, ExchangeError, HomeInUseError
from fedfolder.exchange import files, names, trust
from fedfolder.exchange.fingerprint import read_fingerprint
from fedfolder.exchange.journal import Journal
from fedfolder.exchange.mailbox import Mailbox
from fedfolder.exchange.store import FolderStore
from fedfolder.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fedfolder.dictionary import Dictionary
    from fedfolder.exchange.mailbox import Identity

SETTINGS = "study.toml"
DICTIONARY = "dictionary.csv"
JOURNAL = "journal.sqlite3"
RUNS = "runs"
LOCK = "running.lock"

_NODES = re.compile(r"^nodes\s*=\s*\[[^\]]*\]", re.MULTILINE)


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds: how long a run waits for the nodes (0: for ever), and between looks at most."""

    timeout: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    longest_pause: Annotated[float, msgspec.Meta(gt=0)] = 5.0


class StudySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in study.toml. The dictionary is a table beside it, or the tables [variables.NAME]."""

    format: int
    name: str
    exchange: str
    nodes: list[str]
    waiting: Waiting = Waiting()
    dictionary: str = ""
    variables: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Study:
    """A study's home at `path`, opened. `exchange` is the folder that the study's folder lies in.

    `dictionary_file` and `variables` are what study.toml says of the dictionary, which is read when it is needed.
    """

    path: Path
    name: str
    exchange: Path
    nodes: tuple[str, ...]
    waiting: Waiting
    me: Identity
    dictionary_file: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)

    def dictionary(self) -> Dictionary | None:
        """The dictionary that study.toml holds or names, or that lies beside it; None if there is none.

        Raises
        ------
        ConfigError
            If there are two, or it cannot be read; with the line.
        """
        file = self.path / (Path(self.dictionary_file).expanduser() if self.dictionary_file else DICTIONARY)
        is_there = bool(self.dictionary_file) or file.exists()
        if self.variables and is_there:
            do = f"keep the tables [variables.NAME] in {SETTINGS}, or the file"
            raise ConfigError("the study has two dictionaries", where=f"{self.path / SETTINGS} and {file}", do=do)
        if self.variables:
            text = (self.path / SETTINGS).read_text(encoding="utf-8-sig")
            return dictionaries.from_tables(self.variables, text, where=str(self.path / SETTINGS))
        return read_dictionary(file) if is_there else None

    def require_dictionary(self) -> Dictionary:
        """The study's dictionary.

        Raises
        ------
        ConfigError
            If it has none.
        """
        found = self.dictionary()
        if found is None or not found.variables:
            raise ConfigError(
                "the study has no dictionary",
                where=str(self.path / DICTIONARY),
                expected=f"a table {DICTIONARY}, or tables [variables.NAME] in {SETTINGS}",
                do="draft one from a data file: fedfolder study dictionary STUDY --from DATA",
            )
        return found

    def levels(self) -> dict[str, tuple[str, ...]]:
        """The levels that the dictionary names, by variable; empty without one."""
        found = self.dictionary()
        return {} if found is None else {v.name: tuple(v.levels) for v in found.variables if v.levels}

    def labels(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The dictionary's labels of these variables, by level."""
        found = self.dictionary()
        return {} if found is None else found.labels(names)

    def folder(self, node: str) -> Path:
        """The folder of a node on the exchange."""
        return self.exchange / self.name / node

    def journal(self, clock: Callable[[], str]) -> Journal:
        """The study's journal, bound to it."""
        journal = Journal(self.path / JOURNAL, clock=clock)
        journal.bind("study", self.name)
        return journal

    def mailboxes(self, journal: Journal) -> dict[str, Mailbox]:
        """The server's end of each node's channel, in the study's order."""
        return {
            node: Mailbox(
                self.name,
                self.me,
                node,
                incoming=FolderStore(self.folder(node) / names.TO_SERVER),
                outgoing=FolderStore(self.folder(node) / names.TO_NODE),
                journal=journal,
            )
            for node in self.nodes
        }


def create(path: Path, name: str, exchange: Path) -> Study:
    """Make a study's home, and its folder on the exchange.

    Raises
    ------
    HomeInUseError
        If a study lives at `path` already.
    ConfigError, ExchangeError
        If the name or the exchange cannot be used.
    """
    names.check_place("study", name)
    exchange = exchange.absolute()
    _require_exchange(exchange)
    # The shortest node's folder must fit; add-node looks at the one that is meant.
    names.check_length(exchange / name / "n" / names.TO_SERVER)
    if (path / SETTINGS).exists():
        raise HomeInUseError(
            "a study lives here already", where=str(path), do="choose another folder, or add nodes to this one"
        )
    settings.require_private(path, exchange)
    # First what can go wrong outside: a home that was made half could not be made again.
    files.make_folder(exchange / name)
    path.mkdir(parents=True, exist_ok=True)
    (path / RUNS).mkdir(exist_ok=True)
    keys.create(path)
    values = {"NAME": settings.quoted(name), "EXCHANGE": settings.quoted(str(exchange))}
    text = settings.fill(resource("node_templates", SETTINGS).read_text(encoding="utf-8"), values)
    (path / SETTINGS).write_text(text, encoding="utf-8", newline="\n")
    return open_study(path)


def open_study(path: Path) -> Study:
    """Read the study at `path`.

    Raises
    ------
    ConfigError, VersionError
        If its settings or key are not as they should be.
    """
    found = settings.load(path / SETTINGS, StudySettings, make="fedfolder study new")
    with settings.located(path / SETTINGS):
        names.check_place("study", found.name)
        for node in found.nodes:
            names.check_place("node", node)
    if len(set(found.nodes)) != len(found.nodes):
        raise ConfigError("a node stands twice in the list", where=str(path / SETTINGS), do="take one of them out")
    return Study(
        path=path.absolute(),
        name=found.name,
        exchange=(path.absolute() / Path(found.exchange).expanduser()).absolute(),
        nodes=tuple(found.nodes),
        waiting=found.waiting,
        me=keys.load(path, names.SERVER),
        dictionary_file=found.dictionary,
        variables=found.variables,
    )


def read_dictionary(file: Path) -> Dictionary:
    """A dictionary as a table of its own.

    Raises
    ------
    ConfigError
        If it is not there, or cannot be read; with the line.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            "the dictionary cannot be read",
            where=str(file),
            found=error.strerror or type(error).__name__,
            do="check the path, and that no other program holds the file",
        ) from None
    return dictionaries.parse(content, where=str(file))


def trust_node(study: Study, node: str, fingerprint: str) -> str:
    """Note the fingerprint that a node's site has read out; return what its key is now, as `trust.standing` says.

    Raises
    ------
    ConfigError
        If the fingerprint is mistyped.
    AlarmError, RevokedKeyError
        If the node has another key, or its key is revoked.
    """
    with contextlib.closing(study.journal(clock.now)) as journal:
        return trust.trust(journal, node, fingerprint)


def _require_not_revoked(study: Study, node: str) -> None:
    with contextlib.closing(study.journal(clock.now)) as journal:
        trust.require_not_revoked(journal, node)


def add_node(study: Study, node: str, *, fingerprint: str | None = None) -> Study:
    """Add a node: its folder on the exchange, and its name in study.toml.

    Parameters
    ----------
    fingerprint : str, optional
        Of its key, as its site has read it out.

    Raises
    ------
    HomeInUseError
        If the study has it already.
    ConfigError, ExchangeError
        If the name, the fingerprint or the exchange cannot be used.
    RevokedKeyError
        If a node of that name was revoked.
    """
    names.check_place("node", node)
    if fingerprint is not None:
        read_fingerprint(fingerprint)
    if node in study.nodes:
        raise HomeInUseError(f"the study has a node {node} already", where=str(study.path), do="choose another name")
    _require_exchange(study.exchange)
    _require_not_revoked(study, node)
    folder = study.folder(node)
    names.check_length(folder / names.TO_SERVER)
    for part in (folder.parent, folder, folder / names.TO_NODE, folder / names.TO_SERVER):
        files.make_folder(part)
    path = study.path / SETTINGS
    listed = ", ".join(settings.quoted(name) for name in (*study.nodes, node))
    text, found = _NODES.subn(lambda _: f"nodes = [{listed}]", path.read_text(encoding="utf-8-sig"), count=1)
    if not found:
        raise ConfigError(
            "the list of nodes was not found",
            where=str(path),
            expected="a line nodes = [...]",
            do=f"write the node into the list by hand: {settings.quoted(node)}",
        )
    if fingerprint is not None:
        # Before the name: whoever is in the list is asked, and by then only that key counts.
        trust_node(study, node, fingerprint)
    files.write(path, text.encode())
    return open_study(study.path)


def _require_exchange(exchange: Path) -> None:
    if not exchange.is_dir():
        raise ExchangeError(
            "the exchange is not there",
            where=str(exchange),
            expected="a folder that the nodes can reach",
            do="connect the drive, make the folder, or correct the path",
        )
