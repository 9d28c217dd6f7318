"""`Macro`, `Scalar`, `Missing` and `Characteristic` of `sfi`, after their pages in Stata's Python API documentation."""

from __future__ import annotations

import re

from tests.stata.standin import current
from tests.stata.standin.errors import OutsideSubset
from tests.stata.standin.memory import split_result
from tests.stata.standin.system import c_macro
from tests.stata.standin.values import LETTERS, LOCAL_LENGTH, MISSING, is_missing, is_name, missing

_VTYPES = {"visible", "hidden", "historical"}


class Macro:
    """Access to macros."""

    @staticmethod
    def getGlobal(name):  # noqa: N802 - Stata's name, as all in this package
        """A global macro, or `e(cmd)`, `r(fn)`, `c(version)`, `s(x)`; empty if there is none."""
        memory = current.session().memory
        kind, inside = split_result(_text(name))
        if kind:
            return memory.returned[kind].macros.get(inside, "")
        if name.startswith("c("):
            return c_macro(current.session(), name[2:-1])
        return memory.globals.get(name, "")

    @staticmethod
    def getLocal(name):  # noqa: N802
        """A local macro; empty if there is none."""
        return current.session().memory.locals.get(_text(name), "")

    @staticmethod
    def setGlobal(name, value, vtype="visible"):  # noqa: N802
        """Set a global macro, or `e(x)`, `r(x)`, `s(x)`."""
        memory = current.session().memory
        kind, inside = split_result(_text(name))
        _one_of(vtype)
        if kind:
            _named(inside)
            memory.returned[kind].drop(inside)
            memory.returned[kind].macros[inside] = _text(value)
        else:
            _named(name)
            memory.globals[name] = _text(value)

    @staticmethod
    def setLocal(name, value):  # noqa: N802
        """Set a local macro of the program that called Python."""
        if not re.fullmatch(r"\w+", _text(name)) or len(name) > LOCAL_LENGTH:
            raise ValueError(f"invalid macro name: {name}")
        current.session().memory.locals[name] = _text(value)


class Scalar:
    """Access to scalars."""

    @staticmethod
    def getString(name):  # noqa: N802
        """A string scalar; empty if there is none."""
        found = current.session().memory.scalars.get(_text(name), "")
        return found if isinstance(found, str) else ""

    @staticmethod
    def getValue(name):  # noqa: N802
        """A numeric scalar, also `e(N)` and `r(N)`; None if there is none."""
        memory = current.session().memory
        kind, inside = split_result(_text(name))
        found = (memory.returned[kind].scalars if kind else memory.scalars).get(inside)
        return None if isinstance(found, str) else found

    @staticmethod
    def setString(name, value):  # noqa: N802
        """Set a string scalar."""
        _named(name)
        current.session().memory.set_scalar(name, _text(value))

    @staticmethod
    def setValue(name, value, vtype="visible"):  # noqa: N802
        """Set a numeric scalar, also `e(x)` and `r(x)`."""
        memory = current.session().memory
        kind, inside = split_result(_text(name))
        _one_of(vtype)
        _named(inside)
        if kind:
            memory.returned[kind].drop(inside)
            memory.returned[kind].scalars[inside] = number(value)
        else:
            memory.set_scalar(name, number(value))


class Missing:
    """Stata's missing values."""

    @staticmethod
    def getValue(val=None):  # noqa: N802
        """The number that stands for `.`, or for `.a` to `.z`."""
        if val is not None and (not isinstance(val, str) or val not in set(LETTERS)):
            raise ValueError("val must be one of 'a' to 'z'")
        return missing(val or "")

    @staticmethod
    def isMissing(val):  # noqa: N802
        """Whether a number is a missing value."""
        return is_missing(number(val))

    @staticmethod
    def parseIsMissing(s):  # noqa: N802
        """Whether a text is a missing value."""
        return bool(re.fullmatch(r"\.[a-z]?", _text(s)))


class Characteristic:
    """Access to characteristics."""

    @staticmethod
    def getDtaChar(name):  # noqa: N802
        """A characteristic of the data set; empty if there is none."""
        return current.session().memory.data.characteristics.get(("_dta", _text(name)), "")

    @staticmethod
    def getVariableChar(var, name):  # noqa: N802
        """A characteristic of a variable; empty if there is none."""
        return current.session().memory.data.characteristics.get((_text(var), _text(name)), "")

    @staticmethod
    def setDtaChar(name, value):  # noqa: N802
        """Set a characteristic of the data set."""
        _named(name)
        current.session().memory.data.characteristics["_dta", name] = _text(value)

    @staticmethod
    def setVariableChar(var, name, value):  # noqa: N802
        """Set a characteristic of a variable."""
        _named(name)
        current.session().memory.data.characteristics[_text(var), name] = _text(value)


def number(value):
    """A number as C takes it; what Stata would make of NaN or of infinity is not documented."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a real number is required, not {type(value).__name__}")
    if value != value or abs(value) >= 2 * MISSING:  # noqa: PLR0124 - NaN differs from itself
        raise OutsideSubset("NaN or infinity was handed to Stata: say Missing.getValue()")
    return float(value)


def _text(value):
    if not isinstance(value, str):
        raise TypeError(f"a str is required, not {type(value).__name__}")
    return value


def _named(name):
    if not is_name(_text(name)):
        raise ValueError(f"invalid name: {name}")


def _one_of(vtype):
    if vtype not in _VTYPES:
        raise ValueError("vtype must be 'visible', 'hidden' or 'historical'")
