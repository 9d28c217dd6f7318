"""Names of coefficients: our reading of [U] 13.5, [P] matrix rownames and [U] 11.4.3."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.stata.standin.errors import StataError

_PART = re.compile(r"(?:(?P<level>\d*)(?P<flags>[a-z]*)\.)?(?P<name>\w+)\Z")


@dataclass(frozen=True)
class Part:
    """A factor of a term: `1b.race`, `c.age`, `o.x`, `_cons`."""

    name: str
    level: str
    flags: str


def parts(term: str) -> tuple[Part, ...]:
    """The factors of a term; a free parameter `/lnalpha` is one."""
    found = [_PART.match(piece) for piece in term.removeprefix("/").split("#")]
    if not all(found):
        raise StataError(198, f"{term} invalid name")
    return tuple(Part(m["name"], m["level"] or "", m["flags"] or "") for m in found if m)


def is_zero(term: str) -> bool:
    """A base level or an omitted term: its coefficient is 0 by construction."""
    return any(set(part.flags) & {"b", "o"} for part in parts(term.rpartition(":")[2]))


def split(full: str) -> tuple[str, str]:
    """Equation and term of a full name; `/lnalpha` is an equation `/`."""
    if full.startswith("/"):
        return "/", full[1:].removeprefix(":")
    equation, colon, term = full.rpartition(":")
    return (equation if colon else "_", term)


def find_coefficient(name: str, names: list[str]) -> int:
    """Where the coefficient is: `age`, `2.race`, `1.race` for a base, `xb:age`; the first equation without one.

    Raises
    ------
    StataError
        111 if it is not among them.
    """
    name = name.strip()
    equation, term = split(name)
    default = split(names[0])[0]
    for want in dict.fromkeys([equation if equation != "_" else default, "/" if equation == "_" else equation]):
        for at, full in enumerate(names):
            have_equation, have = split(full)
            if have_equation == want and _same(term, have):
                return at
    raise StataError(111, f"[{equation}]_b[{term}] not found" if equation != "_" else f"_b[{name}] not found")


def _same(wanted: str, have: str) -> bool:
    if wanted == have:
        return True
    return sorted(map(_plain, parts(wanted))) == sorted(map(_plain, parts(have)))


def _plain(part: Part) -> tuple[str, str]:
    return part.name, part.level
