"""`Matrix` of `sfi`, after its page in Stata's Python API documentation. Indices begin at 0."""

from __future__ import annotations

import numpy as np

from tests.stata.standin import current
from tests.stata.standin import values as limits
from tests.stata.standin.errors import StataError
from tests.stata.standin.memory import StoredMatrix, split_result
from tests.stata.standin.sfi.macros import number
from tests.stata.standin.values import is_name, is_stripe_name


class Matrix:
    """Access to matrices, also `e(b)` and `r(table)`."""

    @staticmethod
    def convertSymmetricToStd(name):  # noqa: N802
        """A symmetric matrix becomes one of all its elements; here each is already."""
        _found(name)

    @staticmethod
    def create(name, nrows, ncols, initialValue, isSymmetric=False):  # noqa: FBT002
        """Create a matrix, or put another in its place."""
        kind, inside = split_result(name)
        if not is_name(inside):
            raise ValueError(f"invalid matrix name: {name}")
        if not 0 < nrows <= limits.MAX_MATRIX or not 0 < ncols <= limits.MAX_MATRIX:
            raise ValueError("nrows and ncols must be positive, and no larger than Stata's matrices may be")
        if isSymmetric and nrows != ncols:
            raise ValueError("a symmetric matrix has as many rows as columns")
        if kind not in {"", "e", "r"}:
            raise ValueError(f"invalid matrix name: {name}")
        values = np.full((nrows, ncols), number(initialValue))
        current.session().memory.set_matrix(name, StoredMatrix(values))

    @staticmethod
    def get(name, rows=None, cols=None):
        """The elements: a list of rows."""
        values = _found(name).values
        at_rows, at_columns = _indices(rows, values.shape[0]), _indices(cols, values.shape[1])
        return [[float(values[i, j]) for j in at_columns] for i in at_rows]

    @staticmethod
    def getAt(name, row, col):  # noqa: N802
        """An element."""
        values = _found(name).values
        return float(values[_index(row, values.shape[0]), _index(col, values.shape[1])])

    @staticmethod
    def getColNames(name):  # noqa: N802
        """The names of the columns, with their equations."""
        return list(_found(name).columns)

    @staticmethod
    def getColTotal(name):  # noqa: N802
        """The number of columns."""
        return int(_found(name).values.shape[1])

    @staticmethod
    def getRowNames(name):  # noqa: N802
        """The names of the rows, with their equations."""
        return list(_found(name).rows)

    @staticmethod
    def getRowTotal(name):  # noqa: N802
        """The number of rows."""
        return int(_found(name).values.shape[0])

    @staticmethod
    def setColNames(name, colNames):  # noqa: N802
        """Set the names of the columns."""
        found = _found(name)
        found.columns = _names(colNames, found.values.shape[1])

    @staticmethod
    def setRowNames(name, rowNames):  # noqa: N802
        """Set the names of the rows."""
        found = _found(name)
        found.rows = _names(rowNames, found.values.shape[0])

    @staticmethod
    def store(name, val):
        """Store all elements of a matrix, which is made if there is none; its dimensions stay."""
        rows = [list(row) for row in val] if isinstance(val[0], (list, tuple)) else [list(val)]
        values = np.array([[number(value) for value in row] for row in rows])
        kind, inside = split_result(name)
        memory = current.session().memory
        if inside not in (memory.returned[kind].matrices if kind else memory.matrices):
            Matrix.create(name, values.shape[0], values.shape[1], 0.0)
        found = _found(name)
        if found.values.shape != values.shape:
            raise ValueError("the dimensions of val and of the matrix differ")
        found.values = values

    @staticmethod
    def storeAt(name, row, col, val):  # noqa: N802
        """Store an element."""
        values = _found(name).values
        values[_index(row, values.shape[0]), _index(col, values.shape[1])] = number(val)


def _found(name):
    try:
        return current.session().memory.matrix(name)
    except StataError as error:
        raise ValueError(f"matrix {name} not found") from error


def _index(at, total):
    if isinstance(at, bool) or not isinstance(at, int):
        raise TypeError("an index is an integer")
    if not -total <= at < total:
        raise ValueError("row or col out of range")
    return at % total


def _indices(chosen, total):
    if chosen is None:
        return range(total)
    return [_index(at, total) for at in ([chosen] if isinstance(chosen, int) else chosen)]


def _names(names, total):
    if isinstance(names, str) or len(names) != total:
        raise ValueError("as many names as there are rows or columns")
    for name in names:
        if not is_stripe_name(name):
            raise ValueError(f"invalid name: {name}")
    return list(names)
