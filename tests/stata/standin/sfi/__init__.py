"""What a Stata gives to its Python as `sfi`: our reading of https://www.stata.com/python/api17; no Stata confirmed it.

Classes, methods, argument names and defaults are those of the documentation. What is not documented is not here, and
what is documented and not used by us is not here, either: its use fails.
"""

from __future__ import annotations

from tests.stata.standin.sfi.errors import BreakError, FrameError, SFIError
from tests.stata.standin.sfi.macros import Characteristic, Macro, Missing, Scalar
from tests.stata.standin.sfi.matrix import Matrix
from tests.stata.standin.sfi.rows import Data, Frame
from tests.stata.standin.sfi.toolkit import SFIToolkit
from tests.stata.standin.sfi.value_label import ValueLabel

__all__ = [
    "BreakError",
    "Characteristic",
    "Data",
    "Frame",
    "FrameError",
    "Macro",
    "Matrix",
    "Missing",
    "SFIError",
    "SFIToolkit",
    "Scalar",
    "ValueLabel",
]
