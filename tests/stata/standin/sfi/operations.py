"""What `Data` and `Frame` of `sfi` do to a data set: after their pages in Stata's Python API documentation."""

from __future__ import annotations

from tests.stata.standin.errors import StataError
from tests.stata.standin.sfi.macros import number
from tests.stata.standin.values import MAX_STR, MISSING, is_missing, is_variable_name


class DefaultMissing:
    """The default of `missingval`: missing values stay the numbers that they are."""


_KEEP = DefaultMissing()


def addObs(data, n, nofill=False):  # noqa: ARG001, FBT002, N802
    """Add n observations."""
    if n < 1:
        raise ValueError("n must be positive")
    data.set_nobs(data.nobs + n)
    data.changed = True


def addVarByte(data, name):  # noqa: N802
    """Add a variable of type byte."""
    _add(data, name, "byte")


def addVarDouble(data, name):  # noqa: N802
    """Add a variable of type double."""
    _add(data, name, "double")


def addVarFloat(data, name):  # noqa: N802
    """Add a variable of type float."""
    _add(data, name, "float")


def addVarInt(data, name):  # noqa: N802
    """Add a variable of type int."""
    _add(data, name, "int")


def addVarLong(data, name):  # noqa: N802
    """Add a variable of type long."""
    _add(data, name, "long")


def addVarStr(data, name, length):  # noqa: N802
    """Add a variable of type str#."""
    if not 1 <= length <= MAX_STR:
        raise ValueError(f"length must be 1 to {MAX_STR}")
    _add(data, name, f"str{length}")


def addVarStrL(data, name):  # noqa: N802
    """Add a variable of type strL."""
    _add(data, name, "strL")


def dropVar(data, var):  # noqa: N802
    """Drop variables."""
    for column in _columns(data, var):
        data.columns.remove(column)


def get(data, var=None, obs=None, selectvar=None, valuelabel=False, missingval=_KEEP):  # noqa: FBT002, PLR0917
    """Values: a list of observations, each a list of the variables' values; flat where one of either is asked for."""
    columns = _columns(data, var)
    at = _chosen(data, obs, selectvar)
    rows = [[_read(data, column, i, labelled=valuelabel, missingval=missingval) for column in columns] for i in at]
    if len(columns) == 1:
        return [row[0] for row in rows] if not isinstance(obs, int) else rows[0][0]
    return rows


def getAsDict(data, var=None, obs=None, selectvar=None, valuelabel=False, missingval=_KEEP):  # noqa: FBT002, N802, PLR0917
    """Values: of each variable a list."""
    at = _chosen(data, obs, selectvar)
    return {
        column.name: [_read(data, column, i, labelled=valuelabel, missingval=missingval) for i in at]
        for column in _columns(data, var)
    }


def getAt(data, var, obs):  # noqa: N802
    """A value."""
    return _column(data, var).values[_at(obs, data.nobs)]


def getObsTotal(data):  # noqa: N802
    """The number of observations."""
    return data.nobs


def getVarCount(data):  # noqa: N802
    """The number of variables."""
    return len(data.columns)


def getVarIndex(data, name):  # noqa: N802
    """The index of a variable."""
    return data.columns.index(_column(data, name))


def getVarLabel(data, var):  # noqa: N802
    """The label of a variable."""
    return _column(data, var).label


def getVarName(data, index):  # noqa: N802
    """The name of a variable."""
    return _column(data, index).name


def getVarType(data, var):  # noqa: N802
    """The storage type of a variable."""
    return _column(data, var).type


def isVarTypeStr(data, var):  # noqa: N802
    """Whether a variable is of type str#."""
    return _column(data, var).is_string and _column(data, var).type != "strL"


def isVarTypeStrL(data, var):  # noqa: N802
    """Whether a variable is of type strL."""
    return _column(data, var).type == "strL"


def isVarTypeString(data, var):  # noqa: N802
    """Whether a variable is of type str# or strL."""
    return _column(data, var).is_string


def keepVar(data, var):  # noqa: N802
    """Drop all other variables."""
    kept = _columns(data, var)
    data.columns[:] = [column for column in data.columns if column in kept]


def renameVar(data, var, name):  # noqa: N802
    """Give a variable another name."""
    if not is_variable_name(name) or name in data.names:
        raise ValueError(f"invalid variable name: {name}")
    _column(data, var).name = name


def setObsTotal(data, nobs):  # noqa: N802
    """Set the number of observations, which can only grow."""
    _stata(data.set_nobs, nobs)
    data.changed = True


def setVarLabel(data, var, label):  # noqa: N802
    """Set the label of a variable."""
    _column(data, var).label = label
    data.changed = True


def store(data, var, obs, val, selectvar=None):
    """Store values: those of one variable as a list, those of several as a list of observations."""
    columns, at = _columns(data, var), list(_chosen(data, obs, selectvar))
    if not isinstance(val, (list, tuple)) and not hasattr(val, "__iter__"):
        val = [val]
    rows = [[val]] if isinstance(val, str) else [list(row) if _is_row(row) else [row] for row in val]
    if len(columns) > 1 and len(at) == 1 and len(rows) == len(columns):
        rows = [[row[0] for row in rows]]
    if len(rows) != len(at) or any(len(row) != len(columns) for row in rows):
        raise ValueError("the dimensions of val and of the chosen observations and variables differ")
    for i, row in zip(at, rows, strict=True):
        for column, value in zip(columns, row, strict=True):
            _put(column, i, value)
    data.changed = True


def storeAt(data, var, obs, val):  # noqa: N802
    """Store a value."""
    _put(_column(data, var), _at(obs, data.nobs), val)
    data.changed = True


OPERATIONS = (
    *(addObs, addVarByte, addVarDouble, addVarFloat, addVarInt, addVarLong, addVarStr, addVarStrL, dropVar),
    *(get, getAsDict, getAt, getObsTotal, getVarCount, getVarIndex, getVarLabel, getVarName, getVarType),
    *(isVarTypeStr, isVarTypeStrL, isVarTypeString, keepVar, renameVar, setObsTotal, setVarLabel, store, storeAt),
)


def _stata(work, *args):
    try:
        return work(*args)
    except StataError as error:
        raise ValueError(error.message) from error


def _add(data, name, kind):
    _stata(data.add, name, kind)
    data.changed = True


def _column(data, var):
    if isinstance(var, str):
        return _stata(data.column, var)
    if isinstance(var, bool) or not isinstance(var, int):
        raise TypeError("a variable is its name or its index")
    return data.columns[_at(var, len(data.columns))]


def _columns(data, var):
    if var is None:
        return list(data.columns)
    if isinstance(var, str):
        return [_column(data, name) for name in var.split()]
    return [_column(data, one) for one in (var if isinstance(var, (list, tuple)) else [var])]


def _at(index, total):
    if not -total <= index < total:
        raise ValueError("index out of range")
    return index % total


def _chosen(data, obs, selectvar):
    if obs is not None and selectvar is not None:
        raise ValueError("obs and selectvar cannot both be given")
    if selectvar is not None:
        if selectvar == -1:
            used = [column for column in data.columns if not column.is_string]
            return [i for i in range(data.nobs) if not any(is_missing(column.values[i]) for column in used)]
        return [i for i, value in enumerate(_column(data, selectvar).values) if value != 0]
    if obs is None:
        return range(data.nobs)
    return [_at(one, data.nobs) for one in ([obs] if isinstance(obs, int) else obs)]


def _read(data, column, i, *, labelled, missingval):
    value = column.values[i]
    if column.is_string:
        return value
    if labelled and not is_missing(value) and column.value_label:
        return data.labels.get(column.value_label, {}).get(int(value), value)
    return missingval if is_missing(value) and not isinstance(missingval, DefaultMissing) else value


def _put(column, i, value):
    if value is None:
        value = "" if column.is_string else MISSING
    column.put(i, value if isinstance(value, str) else number(value))


def _is_row(value):
    return isinstance(value, (list, tuple))
