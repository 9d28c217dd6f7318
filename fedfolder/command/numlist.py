"""Lists of numbers as Stata writes them: `0 1 5`, `0,1,5`, `0/10`, `0(0.5)10`."""

from __future__ import annotations

import re
from decimal import Decimal

from fedfolder.errors import ConfigError

MOST = 10_000
"""Numbers that a list may have."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_STEPS = rf"\s*\(\s*(?P<step>{_NUMBER})\s*\)\s*(?P<to>{_NUMBER})"
_ITEM = re.compile(rf"(?P<first>{_NUMBER})(?:{_STEPS}|/(?P<last>{_NUMBER}))?")


def numlist(text: str) -> list[float]:
    """The numbers, in the order of the text; steps are counted in decimals, so that 0(0.1)1 ends with 1.

    Raises
    ------
    ConfigError
        It is no list of numbers, or one of more than `MOST`.
    """
    found: list[float] = []
    rest = text.strip()
    while rest:
        item = _ITEM.match(rest)
        if item is None or (item.end() < len(rest) and not re.match(r"\s*,\s*|\s+", rest[item.end() :])):
            raise ConfigError("this is no list of numbers", found=rest, expected="such as 0 1 5, 0/10 or 0(0.5)10")
        found += _numbers(item)
        if len(found) > MOST:
            break
        rest = re.sub(r"^(?:\s*,\s*|\s+)", "", rest[item.end() :])
    if not 0 < len(found) <= MOST:
        raise ConfigError("this is no list of numbers", found=text, expected=f"from one to {MOST:,} of them")
    return found


def _numbers(item: re.Match[str]) -> list[float]:
    first, step = Decimal(item["first"]), Decimal(item["step"] or 1)
    end = item["to"] or item["last"]
    if end is None:
        return [float(first)]
    last = Decimal(end)
    if not item["step"] and last < first:
        step = -step
    if step == 0 or (last - first) / step < 0:
        raise ConfigError("these steps lead nowhere", found=item[0], expected="such as 0(0.5)10")
    count = min(int((last - first) / step), MOST)
    return [float(first + place * step) for place in range(count + 1)]
