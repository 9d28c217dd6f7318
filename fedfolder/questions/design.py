"""The design matrix in protocol units.

The columns that a person names are freed of each other by constants that every node derives alike: each is centred and
scaled, then what the columns before it say linearly is taken out:

    u_j = (x_j - c_j) s_j,        z_j = m_j (u_j - a_j0 - sum_{k<j} a_jk u_k)

Scales s and m are powers of two; centres c and coefficients a are rounded. With z = (Z b) for x g: g = B b, see
`to_user`. Rows are computed one by one with elementwise operations, so that a row's z is the same bits in every split
of the data.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import CONSTANT_NAME, Column
from fedfolder.likelihood.base import AT_END, SLOPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample

BLOCK = 8192
"""Rows that are worked on at a time: few enough for a processor's cache, enough that Python between them costs little.

They fix the order of summation."""

_parsed = functools.lru_cache(maxsize=4096)(Column.parse)


def blocks_of(nobs: int) -> list[slice]:
    """The rows of each block, in their order."""
    return [slice(start, min(start + BLOCK, nobs)) for start in range(0, nobs, BLOCK)]


@dataclass(frozen=True, slots=True)
class Design:
    """The columns of a fit and the constants that free them of each other.

    Parameters
    ----------
    columns : tuple of str
        Labels in the order of the command, without the constant.
    constant : bool
        Whether a column of ones follows them.
    centres, scales : tuple of float
        c_j and s_j, one a column.
    mixing : tuple of tuple of float
        Row j holds a_j0 (for the constant), a_j1 … a_j,j-1. Rows of zeros leave u as it is.
    rescaling : tuple of float
        m_j.
    """

    columns: tuple[str, ...]
    constant: bool
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    mixing: tuple[tuple[float, ...], ...]
    rescaling: tuple[float, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of the parameters, the constant last."""
        return (*self.columns, CONSTANT_NAME) if self.constant else self.columns

    def declaration(self) -> dict[str, Any]:
        """The constants as plain JSON, numbers as text."""
        return {
            "columns": list(self.columns),
            "constant": self.constant,
            "centres": [repr(c) for c in self.centres],
            "scales": [repr(s) for s in self.scales],
            "mixing": [[repr(a) for a in row] for row in self.mixing],
            "rescaling": [repr(m) for m in self.rescaling],
        }

    def blocks(self, sample: Sample) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """The matrix Z of `sample`, `BLOCK` rows at a time, each block (rows, p) in column order."""
        for rows in blocks_of(sample.nobs):
            yield rows, self.block(sample.rows(rows.start, rows.stop))

    def matrix(self, sample: Sample) -> NDArray[np.float64]:
        """The matrix Z (n, p) of all rows, for what holds rows against each other."""
        found = [block for _, block in self.blocks(sample)]
        return np.vstack(found) if found else np.empty((0, len(self.terms)))

    def block(self, sample: Sample, places: tuple[int, ...] | None = None, view: str = AT_END) -> NDArray[np.float64]:
        """The matrix Z (n, p) of a few rows, in column order; or some columns of it.

        Parameters
        ----------
        places : tuple of int, optional
            Those of the columns among the terms.
        view : str
            How the likelihood sees them. In a derivative, what is constant is zero: the centres, too.
        """
        still = 0.0 if view == SLOPE else 1.0
        chosen = range(len(self.terms)) if places is None else places
        block = np.empty((sample.nobs, len(chosen)), order="F")
        u, part = np.empty((len(self.columns), sample.nobs)), np.empty(sample.nobs)
        for k, (label, centre, scale) in enumerate(zip(self.columns, self.centres, self.scales, strict=True)):
            np.subtract(sample.column(_parsed(label), view), still * centre, out=u[k])
            u[k] *= scale
        for place, j in enumerate(chosen):
            z = block[:, place]
            if j == len(self.columns):
                z[:] = still
                continue
            np.subtract(u[j], still * self.mixing[j][0], out=z)
            for k, a in enumerate(self.mixing[j][1:]):
                if a:
                    z -= np.multiply(u[k], a, out=part)
            z *= self.rescaling[j]
        return block

    def centred(self) -> Design:
        """The same columns before they are freed of each other: u in the place of z."""
        p = len(self.columns)
        return replace(self, mixing=tuple((0.0,) * (j + 1) for j in range(p)), rescaling=(1.0,) * p)

    def unmixing(self) -> NDArray[np.float64]:
        """M (p, p), which leads between the units of u and those of z: g_u = M' b, s_z = M s_u, H_z = M H_u M'."""
        p = len(self.columns)
        m = np.eye(len(self.terms))
        for j in range(p):
            m[j, :j] = [-a for a in self.mixing[j][1:]]
            if self.constant:
                m[j, p] = -self.mixing[j][0]
            m[j] *= self.rescaling[j]
        return m

    def from_user(self, g: Sequence[float]) -> list[float]:
        """B of g = B b, with Python's own arithmetic: the same on every machine."""
        p = len(self.columns)
        left = [g[k] / self.scales[k] for k in range(p)]
        if self.constant:
            left.append(math.fsum([g[p], *(c * x for c, x in zip(self.centres, g, strict=False))]))
        found = [0.0] * p
        for j in reversed(range(p)):
            found[j] = left[j] / self.rescaling[j]
            for k, a in enumerate(self.mixing[j][1:]):
                left[k] += left[j] * a
            if self.constant:
                left[p] += left[j] * self.mixing[j][0]
        return [*found, left[p]] if self.constant else found

    def to_user(self) -> NDArray[np.float64]:
        """B (p, p), which leads to the units of the data: g = B b."""
        p = len(self.columns)
        u = self.unmixing()
        b = np.zeros_like(u)
        for k in range(p):
            b[k] = u[:, k] * self.scales[k]
        if self.constant:
            for j in range(len(self.terms)):
                b[p, j] = math.fsum([u[j, p], *(-self.centres[k] * b[k, j] for k in range(p))])
        return b


NOTHING = Design((), constant=True, centres=(), scales=(), mixing=(), rescaling=())
"""The constant alone."""
