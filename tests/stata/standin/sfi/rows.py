"""`Data` and `Frame` of `sfi`, after their pages in Stata's Python API documentation. Indices begin at 0.

The two have the same methods: those of `Data` are static and work on the current frame, those of a `Frame` on its own.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

from tests.stata.standin import current
from tests.stata.standin.data import DataSet
from tests.stata.standin.sfi.errors import FrameError
from tests.stata.standin.sfi.operations import OPERATIONS
from tests.stata.standin.values import is_name


def _on_current(operation):
    def called(*args, **kwargs):
        return operation(current.session().memory.data, *args, **kwargs)

    return staticmethod(_as(operation, called, inspect.signature(operation)))


def _on_frame(operation):
    def called(self, *args, **kwargs):
        return operation(self._data(), *args, **kwargs)

    return _as(operation, called, inspect.signature(operation))


def _as(operation, called, signature):
    """Named and documented as the operation, whose first parameter, the data set, is not the caller's business."""
    called.__name__, called.__doc__ = operation.__name__, operation.__doc__
    called.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
    return called


class _Named:
    """A frame by its name."""

    def __init__(self, name):
        self.name = name

    @classmethod
    def connect(cls, name):
        """The frame of that name."""
        if name not in current.session().memory.frames:
            raise FrameError(f"frame {name} not found")
        return cls(name)

    @classmethod
    def create(cls, name):
        """A new frame; the current one stays the current one."""
        frames = current.session().memory.frames
        if not is_name(name):
            raise FrameError(f"invalid frame name: {name}")
        if name in frames:
            raise FrameError(f"frame {name} already exists")
        frames[name] = DataSet()
        return cls(name)

    def changeToCWF(self):  # noqa: N802
        """Make it the current frame."""
        self._data()
        current.session().memory.frame = self.name

    def clone(self, newName):
        """A copy under another name."""
        made = Frame.create(newName)
        current.session().memory.frames[newName] = copy.deepcopy(self._data())
        return made

    def drop(self):
        """Drop the frame, which is not the current one."""
        self._data()
        memory = current.session().memory
        if memory.frame == self.name:
            raise FrameError("the current frame cannot be dropped")
        del memory.frames[self.name]

    def rename(self, newName):
        """Give it another name."""
        frames = current.session().memory.frames
        if not is_name(newName) or newName in frames:
            raise FrameError(f"invalid frame name: {newName}")
        memory = current.session().memory
        frames[newName] = frames.pop(self.name)
        if memory.frame == self.name:
            memory.frame = newName
        self.name = newName

    def _data(self):
        try:
            return current.session().memory.frames[self.name]
        except KeyError:
            raise FrameError(f"frame {self.name} not found") from None


Data: Any = type("Data", (), {operation.__name__: _on_current(operation) for operation in OPERATIONS})
"""Access to the current data set."""

Frame: Any = type("Frame", (_Named,), {operation.__name__: _on_frame(operation) for operation in OPERATIONS})
"""Access to a frame."""
