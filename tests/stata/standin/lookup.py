"""What a name in an expression stands for: our reading of [U] 13, [P] scalar, [P] matrix and [U] 13.5."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import MATRIX_FUNCTIONS, Expression, numeric
from tests.stata.standin.formats import macro_text
from tests.stata.standin.functions import call
from tests.stata.standin.stripes import find_coefficient
from tests.stata.standin.system import c_macro
from tests.stata.standin.text import words as split_words
from tests.stata.standin.values import MISSING, is_missing

if TYPE_CHECKING:
    from tests.stata.standin.expressions import Value
    from tests.stata.standin.session import Session


class Lookup:
    """Gives values to the names in expressions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def expression(self, text: str, obs: int | None = None) -> Expression:
        """An expression; `obs` is the observation (from 0) that a variable's name means."""
        return Expression(text, lambda name: self._name(name, obs), call, lambda kind, what: self._raw(kind, what, obs))

    def as_text(self, text: str) -> str:
        """The value of an expression as a macro holds it."""
        value = self.expression(text).value()
        return value if isinstance(value, str) else macro_text(value)

    def extended(self, text: str) -> str:
        """An extended macro function ([P] macro): those that our files use."""
        words = text.split()
        if words[:2] == ["word", "count"]:
            return str(len(words) - 2)
        if words[:1] == ["word"] and words[2:3] == ["of"]:
            at = int(words[1])
            return words[2 + at] if 2 + at < len(words) else ""
        if words[:1] in (["environment"], ["env"]):
            return os.environ.get(words[1], "")
        if words[:1] == ["dir"]:
            return self._files(text)
        if words[:2] == ["list", "sizeof"]:
            return str(len(self._session.memory.locals.get(words[2], "").split()))
        if words[:1] in (["colnames"], ["colfullnames"]):
            names = self._session.memory.matrix(words[1]).columns
            return " ".join(name.rpartition(":")[2] if words[0] == "colnames" else name for name in names)
        raise OutsideSubset(f"`: {text}'")

    def _files(self, text: str) -> str:
        _, folder, kind, pattern = split_words(text)
        if kind not in {"files", "dirs"}:
            raise OutsideSubset(f"`: {text}'")
        paths = sorted(Path(folder).glob(pattern)) if Path(folder).is_dir() else []
        return " ".join(f'"{path.name}"' for path in paths if path.is_dir() == (kind == "dirs"))

    def _name(self, name: str, obs: int | None) -> Value:
        memory = self._session.memory
        if name == "_rc":
            return float(memory.rc)
        if name in {"_N", "_n"}:
            return float(memory.data.nobs if name == "_N" else (obs or 0) + 1)
        if name == "_pi":
            return 3.141592653589793
        matching = [column for column in memory.data.columns if column.name == name]
        if not matching:
            # [U] 11.2.3: a variable may be abbreviated; a scalar of that very name comes after it ([P] scalar).
            matching = [column for column in memory.data.columns if column.name.startswith(name)]
            if len(matching) > 1 and name not in memory.scalars:
                raise StataError(111, f"{name} ambiguous abbreviation")
        if len(matching) == 1:
            return matching[0].values[obs or 0] if memory.data.nobs else matching[0].empty
        if name in memory.scalars:
            return memory.scalars[name]
        raise StataError(111, f"{name} not found")

    def _raw(self, kind: str, inside: str, obs: int | None) -> Value:
        memory = self._session.memory
        if kind in _ELSEWHERE:
            return _ELSEWHERE[kind](self, inside)
        if (kind, inside) == ("e()", "sample"):
            return float(bool(memory.e.sample and memory.e.sample[obs or 0]))
        if kind in {"e()", "r()", "s()"}:
            return self._stored(kind[0], inside)
        if kind in {"_b", "_coef", "_se"}:
            return self._coefficient(kind, inside)
        if kind.removesuffix("()") in MATRIX_FUNCTIONS and kind.endswith("()"):
            from tests.stata.standin.matrix_expressions import matrix_value

            return float(matrix_value(self._session, f"{kind[:-1]}{inside})").values[0, 0])
        return self._element(kind, inside)

    def _c(self, name: str) -> Value:
        text = c_macro(self._session, name)
        return float(text) if text.replace(".", "", 1).isdigit() else text

    def _scalar(self, name: str) -> Value:
        if name not in self._session.memory.scalars:
            raise StataError(111, f"{name} not found")
        return self._session.memory.scalars[name]

    def _stored(self, kind: str, name: str) -> Value:
        found = self._session.memory.returned[kind]
        if name in found.scalars:
            return found.scalars[name]
        if name in found.macros:
            return found.macros[name]
        if name in found.matrices:
            raise StataError(509, "matrix operators that return matrices not allowed in this context")
        return MISSING

    def _coefficient(self, kind: str, name: str) -> float:
        b = self._session.memory.e.matrices.get("b")
        if b is None:
            raise StataError(301, "last estimates not found")
        at = find_coefficient(name, b.columns)
        if kind != "_se":
            return float(b.values[0, at])
        return float(self._session.memory.matrix("e(V)").values[at, at] ** 0.5)

    def _element(self, name: str, inside: str) -> Value:
        column = next((one for one in self._session.memory.data.columns if one.name == name), None)
        if column is not None:
            at = numeric(self.expression(inside).value())
            return column.values[int(at) - 1] if 1 <= at <= self._session.memory.data.nobs else column.empty
        matrix = self._session.memory.matrix(name)
        row, comma, col = inside.partition(",")
        if not comma:
            raise StataError(198, f"{name}[{inside}]")
        i, j = self._at(row, matrix.rows), self._at(col, matrix.columns)
        return MISSING if i is None or j is None else float(matrix.values[i, j])

    def _at(self, text: str, names: list[str]) -> int | None:
        text = text.strip()
        if text.startswith('"'):
            return find_coefficient(text.strip('"'), names)
        value = numeric(self.expression(text).value())
        return int(value) - 1 if not is_missing(value) and 1 <= value <= len(names) else None


_ELSEWHERE = {"c()": Lookup._c, "scalar()": Lookup._scalar}  # noqa: SLF001 - they are this module's
