"""The version, in one place."""

from __future__ import annotations

__version__ = "0.1.0"

SOFTWARE = f"fedfolder {__version__}"
"""How this program names itself to others."""
