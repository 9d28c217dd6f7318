"""Lengths of time on the command line: `90`, `90s`, `30m`, `48h`, `2d`."""

from __future__ import annotations

import re

import click

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds in each unit; a bare number is seconds."""
_LENGTH = re.compile(r"([0-9]{1,9}(?:\.[0-9]+)?) ?([smhd]?)", re.ASCII)


def seconds(text: str) -> float:
    """The seconds that `text` stands for.

    Raises
    ------
    click.BadParameter
        With examples, if it stands for none.
    """
    found = _LENGTH.fullmatch(text.strip().lower())
    if found is None:
        message = f"{text!r} is no length of time. Write 90s, 30m, 48h or 2d."
        raise click.BadParameter(message)
    return float(found[1]) * SECONDS[found[2]]
