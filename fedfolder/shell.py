"""A command as it is typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath


def typed(path: PurePath) -> str:
    """`path` as it is typed in a shell or in Stata: in quotes where it has a blank or another sign that needs them."""
    text = str(path)
    return text if re.fullmatch(r"[\w.:/\\+~-]+", text) else f'"{text}"'
