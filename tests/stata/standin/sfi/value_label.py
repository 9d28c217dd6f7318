"""`ValueLabel` of `sfi`, after its page in Stata's Python API documentation."""

from __future__ import annotations

from tests.stata.standin import current
from tests.stata.standin.errors import StataError
from tests.stata.standin.values import is_name


class ValueLabel:
    """Access to value labels."""

    @staticmethod
    def createLabel(name):  # noqa: N802
        """A new value label without values."""
        if not is_name(name):
            raise ValueError(f"invalid value label name: {name}")
        _labels().setdefault(name, {})

    @staticmethod
    def getLabel(name, value):  # noqa: N802
        """The text of a value."""
        return _found(name).get(value, "")

    @staticmethod
    def getNames():  # noqa: N802
        """The names of all value labels."""
        return list(_labels())

    @staticmethod
    def getValueLabels(name):  # noqa: N802
        """The values with their texts."""
        return dict(_found(name))

    @staticmethod
    def getVarValueLabel(var):  # noqa: N802
        """The name of a variable's value label; empty if it has none."""
        return _column(var).value_label

    @staticmethod
    def removeLabel(name):  # noqa: N802
        """Drop a value label."""
        _found(name)
        del _labels()[name]

    @staticmethod
    def setLabelValue(name, value, label):  # noqa: N802
        """Set the text of a value."""
        _found(name)[value] = label

    @staticmethod
    def setVarValueLabel(var, labelName):  # noqa: N802
        """Give a variable a value label."""
        _column(var).value_label = labelName


def _labels():
    return current.session().memory.data.labels


def _found(name):
    if name not in _labels():
        raise ValueError(f"value label {name} not found")
    return _labels()[name]


def _column(var):
    data = current.session().memory.data
    try:
        return data.column(var) if isinstance(var, str) else data.columns[var]
    except (StataError, IndexError) as error:
        raise ValueError(f"variable {var} not found") from error
