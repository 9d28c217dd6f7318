"""Numbers as Stata prints them: the general format `%w.0g` and the fixed one `%w.df`.

Source: Stata's User's Guide, section 12.5 (formats), and printed output where the manual is silent: a general format of
width w shows w - 2 digits, drops the zero before the point and the zeros at the end, and turns to an exponent when that
shows more.
"""

from __future__ import annotations

import math
import re

MISSING = "."
_SMALLEST_FIXED = 1e-5  # below this an exponent shows more digits than the point does, at every width
_FORMAT = re.compile(r"%(\d+)\.(\d+)([gf])")


def general(number: float, width: int) -> str:
    """Print a number in Stata's `%w.0g`.

    Parameters
    ----------
    number : float
        Any float; NaN and infinities are missing.
    width : int
        Characters at most, 7 or more.

    Returns
    -------
    str
        Not padded, at most `width` characters: `".0609055"`, `"-131.00482"`, `"1.20e-06"`, `"."`.
    """
    if not math.isfinite(number):
        return MISSING
    if number == 0:
        return "0"
    digits = width - 2
    whole = len(str(int(abs(number)))) if abs(number) >= 1 else 0
    if abs(number) < _SMALLEST_FIXED or whole > digits:
        return _exponent(number, width)
    text = f"{number:.{digits - whole}f}"
    if len(text.lstrip("-").split(".")[0]) > digits:  # 9999999.6 has rounded up to one digit more
        return _exponent(number, width)
    return _trimmed(text)


def fixed(number: float, width: int, decimals: int) -> str:
    """Print a number in Stata's `%w.df`; one that is too long for it in the general format of that width.

    Returns
    -------
    str
        Not padded, at most `width` characters (7 or more where the number may be long): `"-1.56"`, `"0.119"`, `"."`.
    """
    if not math.isfinite(number):
        return MISSING
    text = f"{number:.{decimals}f}"
    return text if len(text) <= width else general(number, width)


def display(number: float, style: str) -> str:
    """Print a number in a Stata format and pad it on the left to the format's width.

    Parameters
    ----------
    number : float
        Any float.
    style : str
        `"%9.0g"` and the like, or `"%8.2f"` and the like.

    Raises
    ------
    ValueError
        The format is neither.
    """
    match = _FORMAT.fullmatch(style)
    if match is None or (match[3] == "g" and match[2] != "0"):
        raise ValueError(f"no number format: {style}")
    width, decimals = int(match[1]), int(match[2])
    text = general(number, width) if match[3] == "g" else fixed(number, width, decimals)
    return text.rjust(width)


def _exponent(number: float, width: int) -> str:
    """As many digits before `e` as leave room for a sign; zeros at the end stay, as in Stata's `1.20e-06`."""
    exponent = len(f"{number:.16e}".split("e")[1]) + 1
    return f"{number:.{max(width - 1 - exponent - 2, 0)}e}"


def _trimmed(text: str) -> str:
    """Without zeros at the end and without the zero before the point."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text)
