"""The exceptions of `sfi`: its pages SFIError, FrameError and BreakError."""

from __future__ import annotations


class SFIError(Exception):
    """The base of the others."""


class FrameError(SFIError):
    """Something about a frame went wrong."""


class BreakError(SFIError):
    """Break was pressed."""


class Ended(BaseException):
    """`SFIToolkit.exit(rc)` was called."""

    def __init__(self, rc: int) -> None:
        super().__init__(rc)
        self.rc = rc
