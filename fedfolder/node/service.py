"""A node as a service: the Task Scheduler's and systemd's files, filled in for one home.

Each is written for the system that the home is made on. Both start the script that a person would start, so that there
is one place that names Python.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from fedfolder import settings
from fedfolder.resources import resource

if TYPE_CHECKING:
    from pathlib import PurePath

TASK = "node-task.xml"
UNIT = "node.service"


def task(home: PurePath, title: str, user: str) -> bytes:
    """The definition of a task of the Windows Task Scheduler.

    It is UTF-16 with a byte order mark and names no encoding: so both schtasks and Register-ScheduledTask, which hands
    on a text that it has decoded already, take it.
    """
    values = {"TITLE": title, "USER": user, "HOME": str(home)}
    text = settings.fill(_template(TASK), {key: escape(value) for key, value in values.items()})
    return text.replace("\n", "\r\n").encode("utf-16")


def unit(home: PurePath, exchange: PurePath, title: str, user: str) -> bytes:
    """A unit of systemd.

    An exchange that is not mounted when the node starts must not keep it from starting: hence the minus sign.
    """
    values = {
        "TITLE": title.replace("%", "%%"),
        "UNIT": "fedfolder-" + title.replace(" ", "-"),
        "USER": user,
        "SCRIPT": _argument(str(home / "run-node.sh")),
        "HOME": _word(str(home)),
        "EXCHANGE": _word("-" + str(exchange)),
    }
    return settings.fill(_template(UNIT), values).encode()


def user_here() -> str:
    """The account that runs this program, as this system writes it."""
    if os.name == "nt":
        return "\\".join(filter(None, [os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")]))
    return str(os.getuid())


def can_be_written(*paths: PurePath) -> bool:
    """Whether these files can name the paths: none with control characters, or with bytes that are no text."""
    return all(str(path).isprintable() for path in paths)


def _template(name: str) -> str:
    return resource("node_templates", name).read_text(encoding="utf-8")


def _word(text: str) -> str:
    r"""A word in a unit (systemd.syntax(7)): quoted, with `\` and `"` escaped and `%` doubled."""
    for sign, instead in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%")):
        text = text.replace(sign, instead)
    return f'"{text}"'


def _argument(text: str) -> str:
    """A word of a command line (systemd.service(5)), where a `$` is doubled, too."""
    return _word(text).replace("$", "$$")
