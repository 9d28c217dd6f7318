"""Carrying by hand: what the other side lacks goes into a parcel, and what came in one goes into its folder.

A home that shares no drive with the other side has an exchange of its own, a folder on its own disk. `carry out` puts
into one file exactly what this home has sent and the other side has not shown to have; `carry in` lays what a parcel
holds for this home where its mailbox looks. Nothing is accepted by it: that is the mailbox's business, by content, as
ever. So a parcel may be brought twice, late, or not at all.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder import clock
from fedfolder.about import SOFTWARE
from fedfolder.errors import ConfigError, ExchangeError, MessageError
from fedfolder.exchange import files, names, parcel
from fedfolder.exchange.names import FileName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedfolder.exchange.mailbox import Mailbox

STICK = "fedfolder-"
"""Start of the names of parcels."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home as a carrier sees it: its study and name, and its end of each channel by node."""

    study: str
    name: str
    boxes: Mapping[str, Mailbox]

    @property
    def incoming(self) -> str:
        """The direction that is written by the other side."""
        return names.TO_SERVER if self.name == names.SERVER else names.TO_NODE

    @property
    def outgoing(self) -> str:
        """The direction that this home writes."""
        return names.TO_NODE if self.name == names.SERVER else names.TO_SERVER


@dataclass(slots=True)
class Report:
    """What was carried (and into which parcel, on the way out), what was left, and what is still owed."""

    parcel: Path = Path()
    carried: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Home]:
    """The home at `path`, a server's or a node's, ready to carry for.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    from fedfolder.node import home as node_home
    from fedfolder.server import study as server_study

    with contextlib.ExitStack() as stack:
        if (path / node_home.SETTINGS).exists():
            node = node_home.open_home(path)
            journal = node.journal(clock.now)
            stack.callback(journal.close)
            yield Home(node.study, node.me.name, {node.me.name: node.mailbox(journal)})
        elif (path / server_study.SETTINGS).exists():
            study = server_study.open_study(path)
            journal = study.journal(clock.now)
            stack.callback(journal.close)
            yield Home(study.name, names.SERVER, study.mailboxes(journal))
        else:
            raise ConfigError(
                "no home lives here",
                where=str(path),
                expected="a folder with node.toml or study.toml",
                do="name the home: fedfolder carry out HOME --to FOLDER",
            )


def out(home: Path, to: Path) -> Report:
    """Put what the other side may lack into one parcel in the folder `to`.

    Raises
    ------
    ExchangeError
        If the folder is not there or cannot be written.
    ConfigError
        As `opened`.
    HomeInUseError
        If another home writes for this one.
    """
    _require_folder(to)
    report = Report()
    with opened(home) as found:
        _introduce(found)
        entries = {
            parcel.Place(found.study, node, found.outgoing, name): content
            for node, box in found.boxes.items()
            for message in box.outstanding()
            for name, content in [*message.payloads.items(), (message.name, message.content)]
        }
        report.carried = [str(place) for place in entries]
        report.owed = _owed(found)
        title = f"From {found.name} of the study {found.study}"
        lines = [f"Files: {len(entries)}", *report.carried, "", "Still owed:", *report.owed]
        report.parcel = to / f"{STICK}{found.study}-from-{found.name}{parcel.SUFFIX}"
        files.write(report.parcel, parcel.pack(entries, parcel.page(title, lines)))
    return report


def into(home: Path, source: Path) -> Report:
    """Lay what the parcels in the folder `source` hold for this home where it will look.

    Raises
    ------
    ExchangeError
        If the folder is not there.
    MessageError
        If there is no parcel, or none can be opened.
    ConfigError
        As `opened`.
    """
    _require_folder(source)
    parcels = sorted(source.glob(f"*{parcel.SUFFIX}"))
    if not parcels:
        raise MessageError("there is no parcel here", where=str(source), expected=f"a file *{parcel.SUFFIX}")
    report = Report()
    with opened(home) as found:
        for path in parcels:
            _unpack(found, path, report)
        report.owed = _owed(found)
    return report


def _unpack(home: Home, path: Path, report: Report) -> None:
    try:
        content = files.read(path, parcel.LARGEST) or b""
        entries = parcel.unpack(content, where=str(path))
    except MessageError as error:
        report.left.append(f"{path.name}: {error.what}")
        return
    for place, data in entries.items():
        box = home.boxes.get(place.node)
        if place.study != home.study or place.direction != home.incoming or box is None:
            continue
        parsed, due = FileName.parse(place.name), box.waits_for()
        if parsed is None or due is None or parsed.number < due:
            report.left.append(f"{place}: known already")
        elif box.incoming.read(place.name, parcel.LARGEST) != data:
            box.incoming.write(place.name, data)
            report.carried.append(str(place))


def _introduce(home: Home) -> None:
    """Write the hello of a home that has never run. One that runs has, and must not be disturbed in its folder."""
    for box in home.boxes.values():
        if not box.has_greeted():
            box.open({"role": "server" if home.name == names.SERVER else "node", "software": SOFTWARE})


def _owed(home: Home) -> list[str]:
    """Who has to do what next, a line a channel."""
    asks = home.name == names.SERVER
    lines = []
    for node, box in home.boxes.items():
        due = box.waits_for()
        other = node if asks else names.SERVER
        if due is None:
            lines.append(f"{home.name} is to write to {other} next" if asks else f"{home.name} owes its next answer")
        else:
            lines.append(f"{other} owes message {due}" if due else f"{other} has not introduced itself")
    return lines


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ExchangeError(
            "the folder is not there", where=str(folder), do="plug in the stick, or name another folder"
        )
