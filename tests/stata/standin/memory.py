"""What a Stata holds in memory: our reading of [P] macro, [P] matrix, [P] return, [D] frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.stata.standin.data import DataSet
from tests.stata.standin.errors import StataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class StoredMatrix:
    """A matrix (r, c) with the names of its rows and columns, `equation:name` where there is an equation."""

    values: NDArray[np.float64]
    rows: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        r, c = self.values.shape
        self.rows = self.rows or [f"r{i + 1}" for i in range(r)]
        self.columns = self.columns or [f"c{i + 1}" for i in range(c)]

    def copy(self) -> StoredMatrix:
        """A matrix of its own."""
        return StoredMatrix(self.values.copy(), list(self.rows), list(self.columns))


@dataclass
class Returned:
    """The stored results of one kind: e(), r() or s()."""

    macros: dict[str, str] = field(default_factory=dict)
    scalars: dict[str, float] = field(default_factory=dict)
    matrices: dict[str, StoredMatrix] = field(default_factory=dict)
    sample: list[bool] | None = None

    def clear(self) -> None:
        """Nothing is stored."""
        self.macros.clear()
        self.scalars.clear()
        self.matrices.clear()
        self.sample = None

    def drop(self, name: str) -> None:
        """Forget what has a name: one name stands for one thing."""
        kinds: tuple[dict[str, Any], ...] = (self.macros, self.scalars, self.matrices)
        for kind in kinds:
            kind.pop(name, None)

    def copy(self) -> Returned:
        """The same, to be kept."""
        matrices = {name: matrix.copy() for name, matrix in self.matrices.items()}
        return Returned(dict(self.macros), dict(self.scalars), matrices, self.sample)


class Memory:
    """Data sets, macros, scalars, matrices and stored results."""

    def __init__(self) -> None:
        self.frames = {"default": DataSet()}
        self.frame = "default"
        self.levels: list[dict[str, str]] = [{}]
        self.globals: dict[str, str] = {}
        self.scalars: dict[str, float | str] = {}
        self.matrices: dict[str, StoredMatrix] = {}
        self.returned = {"e": Returned(), "r": Returned(), "s": Returned()}
        self.kept: dict[str, Returned] = {}
        self.rc = 0

    @property
    def data(self) -> DataSet:
        """The data set of the current frame."""
        return self.frames[self.frame]

    @property
    def locals(self) -> dict[str, str]:
        """The local macros of the program that runs."""
        return self.levels[-1]

    @property
    def e(self) -> Returned:
        """The stored results of the last estimation."""
        return self.returned["e"]

    @property
    def r(self) -> Returned:
        """The stored results of the last general command."""
        return self.returned["r"]

    def matrix(self, name: str) -> StoredMatrix:
        """A matrix, also `e(b)` or `r(table)`.

        Raises
        ------
        StataError
            111 if there is none.
        """
        kind, inside = split_result(name)
        found = (self.returned[kind].matrices if kind else self.matrices).get(inside)
        if found is None:
            raise StataError(111, f"matrix {name} not found")
        return found

    def set_matrix(self, name: str, matrix: StoredMatrix) -> None:
        """Set a matrix, also `e(Z)`; a matrix and a scalar share their names ([P] scalar)."""
        kind, inside = split_result(name)
        if kind:
            self.returned[kind].drop(inside)
            self.returned[kind].matrices[inside] = matrix
        else:
            self.scalars.pop(name, None)
            self.matrices[name] = matrix

    def set_scalar(self, name: str, value: float | str) -> None:
        """Set a scalar; a matrix of that name is gone ([P] scalar)."""
        self.matrices.pop(name, None)
        self.scalars[name] = value


def split_result(name: str) -> tuple[str, str]:
    """`e(b)` is b of e; a plain name is of nothing."""
    if name.endswith(")") and name[:2] in {"e(", "r(", "s("}:
        return name[0], name[2:-1]
    return "", name
