"""`ml model`: equations, sample and the full-width names of b; our reading of [R] ml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.factors import Expander, terms_of, variables_of, without_collinear
from tests.stata.standin.text import closing, options, split_options
from tests.stata.standin.values import is_missing, is_name
from tests.stata.standin.varlists import parted, qualified

if TYPE_CHECKING:
    from tests.stata.standin.session import Session

_KNOWN = {
    *["collinear", "missing", "nopreserve", "obs", "search", "maximize", "iterate", "tolerance"],
    *["ltolerance", "nrtolerance", "init", "nolog", "log", "title", "nooutput"],
}
"""The rest of [R] Maximize is outside of the subset."""


@dataclass
class Equation:
    """An equation as it is typed."""

    name: str
    depvar: str
    terms: str
    constant: bool


@dataclass
class Model:
    """What `ml model` leaves for `ml maximize`."""

    method: str
    program: str
    equations: list[Equation]
    ancillary: list[str]
    options: dict[str, str | None]
    names: list[str] = field(default_factory=list)
    zero: list[bool] = field(default_factory=list)
    nobs: float = 0
    rows: list[int] = field(default_factory=list)

    @property
    def depvars(self) -> list[str]:
        """The dependent variables."""
        return list(dict.fromkeys(equation.depvar for equation in self.equations if equation.depvar))


def read_model(session: Session, text: str) -> Model:
    """Read `method program (eq) … /anc … [if] [in], options`, mark the sample, expand the columns."""
    main, found = _split(text)
    unknown = [name for name in found if name not in _KNOWN]
    if unknown:
        raise OutsideSubset(f"ml model, {unknown[0]}")
    method, program, rest = [*main.split(None, 2), "", ""][:3]
    if method not in {"d0", "d1", "d2", "d2debug"}:
        raise OutsideSubset(f"ml method {method}")
    equations, ancillary, tail = _equations(rest)
    model = Model(method, program, equations, ancillary, found)
    _columns(session, model, tail)
    return model


def _split(text: str) -> tuple[str, dict[str, str | None]]:
    return split_options(text)


def _equations(text: str) -> tuple[list[Equation], list[str], str]:
    equations: list[Equation] = []
    ancillary: list[str] = []
    rest = text.strip()
    while rest.startswith(("(", "/")):
        if rest.startswith("/"):
            match = re.match(r"/(\w+)\s*", rest)
            if match is None:
                raise StataError(198, "invalid syntax")
            ancillary.append(match[1])
            rest = rest[match.end() :]
            continue
        end = closing(rest, 0)
        equations.append(_equation(rest[1:end], len(equations) + 1))
        rest = rest[end + 1 :].strip()
    if not equations:
        raise OutsideSubset("ml model without an equation in parentheses")
    return equations, ancillary, rest


def _equation(text: str, number: int) -> Equation:
    main, _, wanted = text.partition(",")
    found = options(wanted)
    if set(found) - {"noconstant", "nocons", "noc"}:
        raise OutsideSubset(f"option of an equation: {wanted.strip()}")
    named = re.match(r"\s*(\w+)\s*:(.*)", main, re.DOTALL)
    name, rest = (named[1], named[2]) if named else (f"eq{number}", main)
    if not is_name(name):
        raise StataError(198, f"{name} invalid name")
    depvar, equal, terms = rest.partition("=")
    return Equation(name, depvar.strip() if equal else "", (terms if equal else depvar).strip(), not found)


def _columns(session: Session, model: Model, tail: str) -> None:
    data = session.memory.data
    before, _, _ = parted(f" {tail}")
    if before:
        raise OutsideSubset(f"ml model … {before}")
    _, rows = qualified(session, f" {tail}")
    used = [name for equation in model.equations for name in [*equation.depvar.split(), *variables_of(equation.terms)]]
    columns = [data.column(name) for name in dict.fromkeys(used)]
    if "missing" not in model.options:
        rows = [i for i in rows if not any(column.values[i] == "" or _gone(column.values[i]) for column in columns)]
    if not rows:
        raise StataError(2000, "no observations")
    for equation in model.equations:
        made = Expander(data, rows, terms_of(equation.terms)).columns()
        if "collinear" not in model.options:
            made, omitted = without_collinear(made, constant=equation.constant)
            for name in omitted:
                session.results.line(f"note: {name} omitted because of collinearity.", asis=True)
        model.names += [f"{equation.name}:{column.name}" for column in made]
        model.zero += [column.zero for column in made]
        if equation.constant:
            model.names.append(f"{equation.name}:_cons")
            model.zero.append(False)
    model.names += [f"/:{name}" for name in model.ancillary]
    model.zero += [False] * len(model.ancillary)
    given = model.options.get("obs")
    model.nobs = float(given) if given else float(len(rows))
    model.rows = rows


def _gone(value: float | str) -> bool:
    return not isinstance(value, str) and is_missing(value)
