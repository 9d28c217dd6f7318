"""Stata, as Python sees it from inside: the only module that imports `sfi`.

`sfi` is Stata's own and exists in its embedded Python alone, from Stata 16 on. Its methods and their conventions are
those of Stata's Python API documentation; docs/decisions/0012 lists what is assumed about them.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import FitError
from fedfolder.stata.frame import MISSING_FROM, DataFrame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray


class Stata:
    """The Stata that Python runs in.

    Missing values are NaN on our side, `.` on Stata's. `stopped` says whether Break was pressed.

    Raises
    ------
    ImportError
        Outside of Stata.
    """

    def __init__(self) -> None:
        import sfi

        self.sfi: Any = sfi
        self.stopped = False

    # -- macros and scalars -----------------------------------------------------------------------------------------

    def local(self, name: str) -> str:
        """A local macro of the program that called Python; empty if there is none."""
        return str(self.sfi.Macro.getLocal(name))

    def set_local(self, name: str, value: str) -> None:
        """Set a local macro of the program that called Python."""
        self.sfi.Macro.setLocal(name, value)

    def macro(self, name: str) -> str:
        """A global macro, or one such as `e(cmd)`; empty if there is none."""
        return str(self.sfi.Macro.getGlobal(name))

    def set_macro(self, name: str, value: str, *, hidden: bool = False) -> None:
        """Set a global macro, or one such as `e(cmd)`, which may be hidden from `ereturn list`."""
        if hidden:
            self.sfi.Macro.setGlobal(name, value, "hidden")
        else:
            self.sfi.Macro.setGlobal(name, value)

    def scalar(self, name: str) -> float:
        """A scalar, or one such as `e(N)`."""
        value = self.sfi.Scalar.getValue(name)
        return math.nan if value is None else _from_stata(value)

    def set_scalar(self, name: str, value: float) -> None:
        """Set a scalar, or one such as `e(N)`."""
        self.sfi.Scalar.setValue(name, self._to_stata(value))

    # -- matrices ---------------------------------------------------------------------------------------------------

    def matrix(self, name: str) -> NDArray[np.float64]:
        """A matrix (r, c)."""
        found = np.array(self.sfi.Matrix.get(name), dtype=np.float64)
        return np.where(found >= MISSING_FROM, np.nan, found)

    def columns(self, name: str) -> list[str]:
        """The names of a matrix's columns, with their equations: `xb:age`."""
        return [str(column) for column in self.sfi.Matrix.getColNames(name)]

    def set_matrix(
        self,
        name: str,
        values: NDArray[np.float64],
        *,
        columns: Sequence[str] | None = None,
        rows: Sequence[str] | None = None,
    ) -> None:
        """Make a matrix (r, c) anew, or replace it.

        Raises
        ------
        FitError
            If it is larger than a matrix can be here.
        """
        r, c = values.shape
        self.require_matrix(max(r, c))
        self.sfi.Matrix.create(name, r, c, 0.0)
        self.sfi.Matrix.store(name, [[self._to_stata(value) for value in row] for row in values.tolist()])
        if columns is not None:
            self.sfi.Matrix.setColNames(name, list(columns))
        if rows is not None:
            self.sfi.Matrix.setRowNames(name, list(rows))

    @property
    def largest_matrix(self) -> int:
        """Rows and columns that a matrix can have: 800 in Stata/BE, 11,000 in Stata/SE."""
        return int(float(self.macro("c(max_matdim)")))

    @property
    def most_variables(self) -> int:
        """Variables that a data set can have, as `set maxvar` has it."""
        return int(float(self.macro("c(maxvar)")))

    def require_matrix(self, count: int) -> None:
        """Refuse a matrix of more rows or columns than there can be.

        Raises
        ------
        FitError
        """
        if count > self.largest_matrix:
            raise FitError(
                f"a matrix of this Stata has at most {self.largest_matrix} rows and columns",
                found=str(count),
                do="use a larger edition of Stata, or type the command outside of Stata: fedfolder run",
            )

    # -- the data in memory -------------------------------------------------------------------------------------------

    def new_data(self, count: int, values: Mapping[str, NDArray[np.float64]], label: str) -> None:
        """Replace the data in memory by `count` rows of these variables (count,)."""
        self.do("clear")
        self.sfi.Data.setObsTotal(count)
        for name, column in values.items():
            self.add_variable(name, column.tolist(), "")
        self.do(f'label data "{label}"')

    def label_values(self, name: str, labels: Mapping[int, str]) -> None:
        """Label the values of a variable."""
        self.sfi.ValueLabel.createLabel(name)
        for value, label in labels.items():
            self.sfi.ValueLabel.setLabelValue(name, value, label)
        self.sfi.ValueLabel.setVarValueLabel(name, name)

    def say_unchanged(self) -> None:
        """Tell Stata that nothing would be lost with the data in memory."""
        self.do("mata: st_updata(0)")

    def characteristic(self, name: str) -> str:
        """A characteristic of the data in memory; empty if there is none."""
        return str(self.sfi.Characteristic.getDtaChar(name))

    def set_characteristic(self, name: str, value: str) -> None:
        """Set a characteristic of the data in memory."""
        self.sfi.Characteristic.setDtaChar(name, value)

    def rows(self) -> int:
        """The number of observations in memory."""
        return int(self.sfi.Data.getObsTotal())

    def variables(self) -> list[str]:
        """The names of the variables in memory."""
        data = self.sfi.Data
        return [str(data.getVarName(place)) for place in range(data.getVarCount())]

    def column(self, name: str) -> NDArray[np.float64] | list[str]:
        """A variable in memory, for all observations: numbers, or texts."""
        data = self.sfi.Data
        if not data.getObsTotal():
            return np.empty(0)
        found = np.asarray(data.get(name)).ravel()
        if data.isVarTypeString(name):
            return [str(text) for text in found]
        return np.where(found >= MISSING_FROM, np.nan, found.astype(np.float64))

    def add_variable(self, name: str, values: Sequence[float], label: str) -> None:
        """Make a variable of the type double, with a value for each observation."""
        data = self.sfi.Data
        data.addVarDouble(name)
        data.setVarLabel(name, label)
        if len(values):
            data.store(name, None, [self._to_stata(value) for value in values])

    def folder(self) -> str:
        """The folder that Stata works in."""
        return str(self.sfi.SFIToolkit.getWorkingDir())

    # -- the Results window, commands, Break ------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Show a line as it is: nothing in it is SMCL."""
        with self._noticing_break():
            self.sfi.SFIToolkit.displayln(text, asis=True)

    def warn(self, text: str) -> None:
        """Show a line as an error."""
        with self._noticing_break():
            self.sfi.SFIToolkit.errprintln(text, asis=True)

    def do(self, command: str) -> None:
        """Run a command, with what it shows."""
        with self._noticing_break():
            self.sfi.SFIToolkit.stata(command, False)  # noqa: FBT003 - sfi names it `echo`

    def runs(self, command: str) -> bool:
        """Run a command; whether it came to its end. What went wrong stands in the Results window."""
        try:
            self.do(command)
        except (self.sfi.SFIError, SystemError):  # the second in Stata 16
            return False
        return True

    # -- frames -----------------------------------------------------------------------------------------------------

    def frame(self, name: str) -> DataFrame | None:
        """The data set in a frame; None if there is no such frame."""
        try:
            return DataFrame(self.sfi.Frame.connect(name))
        except self.sfi.FrameError:
            return None

    def new_frame(self, name: str) -> DataFrame:
        """An empty frame in place of the one of this name, which is not the current one."""
        self.drop_frame(name)
        return DataFrame(self.sfi.Frame.create(name))

    def drop_frame(self, name: str) -> None:
        """Drop a frame, where there is one of this name."""
        with contextlib.suppress(self.sfi.FrameError):
            self.sfi.Frame.connect(name).drop()

    def value_labels(self, frame: str, current: str, variables: Iterable[str]) -> dict[str, dict[float, str]]:
        """The value labels of those variables of a frame that have any: values and their texts.

        `sfi` knows those of the current frame alone.
        """
        labels = self.sfi.ValueLabel
        if frame != current:
            self.sfi.Frame.connect(frame).changeToCWF()
        try:
            named = {variable: labels.getVarValueLabel(variable) for variable in variables}
            there = set(labels.getNames())
            return {variable: dict(labels.getValueLabels(of)) for variable, of in named.items() if of in there}
        finally:
            if frame != current:
                self.sfi.Frame.connect(current).changeToCWF()

    def poll(self) -> None:
        """Let Stata do what it has to, and notice Break.

        Raises
        ------
        KeyboardInterrupt
            If Break was pressed.
        """
        with self._noticing_break():
            self.sfi.SFIToolkit.pollnow()

    @contextlib.contextmanager
    def _noticing_break(self) -> Iterator[None]:
        """Break is Ctrl-C, whichever call of Stata's notices it."""
        try:
            yield
        except self.sfi.BreakError:
            self.stopped = True
            raise KeyboardInterrupt from None

    def _to_stata(self, value: float) -> float:
        return float(value) if math.isfinite(value) else float(self.sfi.Missing.getValue())


def _from_stata(value: float) -> float:
    return math.nan if value >= MISSING_FROM else float(value)
