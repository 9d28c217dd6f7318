"""Numbers as Stata shows them: our reading of [D] format."""

from __future__ import annotations

import re

from tests.stata.standin.errors import OutsideSubset
from tests.stata.standin.values import is_missing, missing_text

SMALLEST = 1e-5
"""Below this an exponent shows more digits than the point does."""
_FORMAT = re.compile(r"%(-?)(0?)(\d+)(?:\.(\d+))?([gfex])(c?)")


def formatted(value: float, form: str) -> str:
    """A number in `%w.dg`, `%w.df`, `%w.de` or `%21x`, right-aligned (left with `-`).

    Raises
    ------
    OutsideSubset
        Another format.
    """
    match = _FORMAT.fullmatch(form)
    if match is None:
        raise OutsideSubset(f"format {form}")
    left, zero, width, digits, kind, commas = match.groups()
    if is_missing(value):
        text = missing_text(value)
    elif kind == "x":
        text = hexadecimal(value)
    elif kind == "g":
        wide = int(width)
        text = significant(value, wide, int(digits)) if int(digits or 0) else general(value, wide)
    else:
        text = f"{value:{',' if commas else ''}.{digits or 0}{kind}}"
    fill = text.rjust(int(width), "0" if zero else " ")
    return text.ljust(int(width)) if left else fill


def general(value: float, width: int) -> str:
    """`%w.0g`: w - 2 digits, no zero before the point, an exponent below 1e-5 and where the digits do not fit."""
    if value == int(value) and len(str(abs(int(value)))) < width:
        return str(int(value))
    size, digits = abs(value), width - 2
    whole = len(str(int(size))) if size >= 1 else 0
    if size >= SMALLEST and whole <= digits:
        text = f"{value:.{digits - whole}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return re.sub(r"^(-?)0\.", r"\1.", text)
    exponent = len(f"{value:e}".partition("e")[2]) + 1
    return f"{value:.{max(0, digits - exponent - 1)}e}"


def significant(value: float, width: int, digits: int) -> str:
    """`%w.dg`: d digits."""
    return general(float(f"{value:.{digits}g}"), width)


def hexadecimal(value: float) -> str:
    """`+1.921fb54442d18X+001`, which Stata reads back exactly ([U] 12.2.2)."""
    sign = "-" if value < 0 else "+"
    if value == 0:
        return f"{sign}0.0000000000000X-3ff"
    mantissa, exponent = abs(value).hex().removeprefix("0x").split("p")
    whole, _, rest = mantissa.partition(".")
    power = int(exponent)
    return f"{sign}{whole}.{rest.ljust(13, '0')}X{'-' if power < 0 else '+'}{abs(power):03x}"


def macro_text(value: float) -> str:
    """A number as `local x = 1/3` and `=1/3' leave it: up to 17 characters ([P] macro)."""
    if is_missing(value):
        return missing_text(value)
    return general(value, 18)
