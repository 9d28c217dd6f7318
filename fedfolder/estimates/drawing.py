"""Curves as a picture, PNG or SVG, by matplotlib: the extra `plot`.

The bytes depend on the curves and on matplotlib's version alone: no date, no random names.
"""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Literal

import numpy as np

from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fedfolder.estimates.quantities import Curves

FORMS: tuple[Literal["png", "svg"], ...] = ("png", "svg")
_STYLES = ("-", "--", ":", "-.")
"""So that curves are told apart without colours, too."""

_BAND = 0.15
_DOTS = 200
"""Of a .png, per inch."""


def draw(curves: Curves, form: Literal["png", "svg"], *, time: str = "time") -> bytes:
    """The curves with their intervals as bands, beneath one another's legend.

    Parameters
    ----------
    time : str
        What the horizontal axis is called.

    Raises
    ------
    ConfigError
        matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(
            "pictures are drawn by matplotlib, which is not installed",
            do="pip install fedfolder[plot], or leave the picture out: the numbers are the same",
        ) from None
    # Text stays text in an .svg: it can be searched, and edited for a paper.
    with mpl.rc_context({"svg.hashsalt": "fedfolder", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.0, 4.5), layout="constrained")
        _fill(figure.subplots(), curves, time)
        picture = io.BytesIO()
        figure.savefig(
            picture, format=form, dpi=_DOTS, metadata={"Date": None} if form == "svg" else {"Software": None}
        )
    return picture.getvalue()


def _fill(axes: Axes, curves: Curves, time: str) -> None:
    for place, (name, style) in enumerate(zip(curves.names, itertools.cycle(_STYLES), strict=False)):
        step: Literal["post"] | None = "post" if curves.stepped else None
        (line,) = axes.plot(curves.times, curves.estimate[place], style, label=name)
        line.set_drawstyle("steps-post" if curves.stepped else "default")
        band = (curves.lower[place], curves.upper[place])
        axes.fill_between(curves.times, *band, color=line.get_color(), alpha=_BAND, linewidth=0, step=step)
    if curves.nothing is not None:
        axes.axhline(curves.nothing, color="0.5", linewidth=0.8)
    if curves.what == "survival":
        axes.set_ylim(0.0, 1.0)
    axes.set_xlim(0.0, float(np.max(curves.times)) or 1.0)
    axes.set_xlabel(time)
    axes.set_ylabel(f"{curves.what} ({curves.level:g}% intervals)")
    axes.spines[["top", "right"]].set_visible(False)
    if any(curves.names):
        axes.legend(frameon=False)
