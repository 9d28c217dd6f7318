"""A node's home: its settings, key, journal, log, and its end of the channel."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from fedfolder import settings
from fedfolder.custody import keys, policy_file
from fedfolder.errors import ConfigError, ExchangeError, HomeInUseError
from fedfolder.exchange import files, names
from fedfolder.exchange.journal import Journal
from fedfolder.exchange.mailbox import Mailbox
from fedfolder.exchange.store import FolderStore
from fedfolder.node import service
from fedfolder.node.holding import DataFile
from fedfolder.node.kept_columns import KeptColumns
from fedfolder.node.reading import Reading, ReadingSettings, Recodes, reading_of  # noqa: TC001 - msgspec reads the annotation
from fedfolder.node.tables import TableSettings, files_of  # noqa: TC001 - msgspec reads the annotation
from fedfolder.process import interpreter
from fedfolder.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fedfolder.custody.policy import Approval, Policy
    from fedfolder.exchange.mailbox import Identity
    from fedfolder.exchange.store import Store
    from fedfolder.node.holding import Holding
    from fedfolder.node.tables import TableFile

SETTINGS = "node.toml"
POLICY = policy_file.FILE
JOURNAL = "journal.sqlite3"
KEPT = "kept"
LOG = "log.txt"
LOCK = "running.lock"


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds between looks at the exchange, at most."""

    longest_pause: Annotated[float, msgspec.Meta(gt=0)] = 5.0


class Cache(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether columns are kept at home as they were read."""

    columns: bool = False


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in node.toml; `variables` is a list, or a table of the study's names and the file's."""

    format: int
    data: str
    exchange: str
    variables: list[str] | dict[str, str]
    waiting: Waiting = Waiting()
    reading: ReadingSettings = ReadingSettings()
    cache: Cache = Cache()
    recode: Recodes = {}
    tables: dict[str, TableSettings] = {}
    cluster_scores: bool = False
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


@dataclass(frozen=True, slots=True)
class NodeHome:
    """A node's home at `path`, opened.

    `exchange` is the node's folder on the share, whose last two parts name study and node. `reading` is what node.toml
    fixes about the data. `elsewhere` holds the data in place of the file `data`. `workers` compute at the same time.
    `kept` has columns that were read before, where node.toml says so. `tables` are files of the site beside the data.
    """

    path: Path
    data: Path
    exchange: Path
    policy: Policy
    longest_pause: float
    study: str
    me: Identity
    reading: Reading = field(default_factory=Reading)
    elsewhere: Holding | None = None
    workers: int = 1
    kept: KeptColumns | None = None
    tables: Mapping[str, TableFile] = field(default_factory=dict)

    def holding(self, say: Callable[[str], None] = lambda _line: None) -> Holding:
        """Who holds the data and computes; `say` shows how far they are read, where that takes long."""
        return self.elsewhere or DataFile(self.data, self.reading, self.workers, say, self.kept, self.tables)

    def journal(self, clock: Callable[[], str]) -> Journal:
        """The node's journal, bound to its study and name."""
        journal = Journal(self.path / JOURNAL, clock=clock)
        journal.bind("study", self.study)
        journal.bind("node", self.me.name)
        return journal

    def mailbox(self, journal: Journal, *, incoming: Store | None = None, outgoing: Store | None = None) -> Mailbox:
        """The node's end of its channel, on its folder or on other stores."""
        return Mailbox(
            self.study,
            self.me,
            names.SERVER,
            incoming=incoming or FolderStore(self.exchange / names.TO_NODE),
            outgoing=outgoing or FolderStore(self.exchange / names.TO_SERVER),
            journal=journal,
        )


def place(exchange: Path) -> tuple[str, str]:
    """Study and node, the last two parts of the node's folder.

    Raises
    ------
    ConfigError
        If they cannot be names.
    """
    if len(exchange.parts) < 3:  # noqa: PLR2004 - an exchange, a study, a node
        raise ConfigError(
            "this is no node's folder",
            where=str(exchange),
            expected="<exchange>/<study>/<node>",
            do="ask the server's side which folder is yours",
        )
    return names.check_place("study", exchange.parts[-2]), names.check_place("node", exchange.parts[-1])


def open_home(path: Path) -> NodeHome:
    """Read the home at `path`; columns that were kept there are deleted where node.toml does not say so any more.

    Raises
    ------
    ConfigError, VersionError
        If its settings or key are not as they should be.
    """
    found = settings.load(path / SETTINGS, NodeSettings, make="fedfolder node init")
    exchange = _absolute(found.exchange, path)
    with settings.located(path / SETTINGS):
        study, node = place(exchange)
        names_in_file = found.variables if isinstance(found.variables, dict) else {}
        reading = reading_of(found.reading, names_in_file, found.recode)
        tables = files_of(found.tables, lambda text: _absolute(text, path))
    kept = KeptColumns(path.absolute())
    if not found.cache.columns:
        # The line was taken out, and with it the reason to have data outside their file.
        kept.forget()
    return NodeHome(
        path=path.absolute(),
        data=_absolute(found.data, path),
        exchange=exchange,
        policy=policy_file.load(
            path / POLICY, variables=found.variables, cluster_scores=found.cluster_scores, study=study
        ),
        longest_pause=found.waiting.longest_pause,
        study=study,
        me=keys.load(path, node),
        reading=reading,
        workers=found.workers,
        kept=kept if found.cache.columns else None,
        tables=tables,
    )


def _absolute(text: str, home: Path) -> Path:
    """A path from a settings file: relative ones count from the home, wherever the program was started."""
    return (home.absolute() / Path(text).expanduser()).absolute()


def create(
    path: Path,
    data: Path,
    exchange: Path,
    variables: Iterable[str],
    *,
    profile: str = "registry",
    approval: Approval = "proposal",
    cluster_scores: bool = False,
    tables: Mapping[str, Path] | None = None,
) -> NodeHome:
    """Make a home: settings, policy and scripts from the templates, a new key, and the node's folder on the exchange.

    Parameters
    ----------
    variables : iterable of str
        Those that are released.
    profile, approval : str
        Of the policy, see `fedfolder.custody.policy.Policy`.
    tables : mapping of str to Path, optional
        Tables of the site that commands may look into, by name.

    Raises
    ------
    HomeInUseError
        If a node lives at `path` already.
    ConfigError
        If the names or paths cannot be used, or the home would lie on the exchange.
    ExchangeError
        If the exchange is out of reach; nothing is made then.
    """
    exchange = exchange.absolute()
    place(exchange)
    names.check_length(exchange / names.TO_SERVER)
    if (path / SETTINGS).exists():
        raise HomeInUseError(
            "a node lives here already", where=str(path), do="choose another folder, or edit its node.toml"
        )
    settings.require_private(path, exchange.parent.parent)
    _require_short(path.absolute())
    # First what can go wrong outside: a home that was made half could not be made again.
    make_folders(exchange)
    path.mkdir(parents=True, exist_ok=True)
    (path / KEPT).mkdir(exist_ok=True)
    keys.create(path)
    # In a batch file a percent sign stands doubled.
    _write_template(path, "run-node.bat", {"PYTHON": f'"{interpreter().replace("%", "%%")}"'}, newline="\r\n")
    _write_template(path, "run-node.sh", {"PYTHON": "'" + interpreter().replace("'", "'\\''") + "'"})
    (path / "run-node.sh").chmod(0o755)
    _write_service(path.absolute(), exchange)
    values = {
        "DATA": settings.quoted(str(data.absolute())),
        "EXCHANGE": settings.quoted(str(exchange)),
        "VARIABLES": "\n".join(f"    {settings.quoted(name)}," for name in variables),
        "CLUSTERSCORES": str(cluster_scores).lower(),
        "TABLES": "".join(
            f"\n[tables.{name}]\ndata = {settings.quoted(str(table.absolute()))}\n"
            for name, table in (tables or {}).items()
        ),
    }
    policy_file.create(path / POLICY, profile, approval)
    _write_template(path, SETTINGS, values)
    return open_home(path)


def _require_short(home: Path) -> None:
    """Windows stops at 260 characters, at home too: found here, and not when the first copy is kept."""
    if os.name != "nt":
        return
    try:
        names.check_length(home / KEPT / "fit000000")
    except ConfigError as error:
        error.where, error.do = str(home), "choose a home nearer to the root of its drive"
        raise


def _write_service(home: Path, exchange: Path) -> None:
    """What runs the node as a service here; a path that such a file cannot name goes without one."""
    title, user = " ".join(place(exchange)), service.user_here()
    if not service.can_be_written(home, exchange):
        return
    if os.name == "nt":
        (home / service.TASK).write_bytes(service.task(home, title, user))
    else:
        (home / service.UNIT).write_bytes(service.unit(home, exchange, title, user))


def _write_template(home: Path, name: str, values: dict[str, str], *, newline: str = "\n") -> None:
    text = settings.fill(resource("node_templates", name).read_text(encoding="utf-8"), values)
    (home / name).write_text(text, encoding="utf-8", newline=newline)


def make_folders(exchange: Path) -> None:
    """Make the node's folder and its two directions, when the exchange above them is there.

    Raises
    ------
    ExchangeError
        If the exchange is missing: a drive that is not connected must not be taken for an empty one.
    """
    root = exchange.parent.parent
    if not root.is_dir():
        raise ExchangeError(
            "the exchange is not there",
            where=str(root),
            expected="a folder that both sides can reach",
            do=files.missing_drive(root) or "connect the drive, or correct the path",
        )
    for folder in (exchange.parent, exchange, exchange / names.TO_NODE, exchange / names.TO_SERVER):
        files.make_folder(folder)
