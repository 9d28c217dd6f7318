"""A fit that Stata's `ml` drives: `fedfolder stub` opens it, each call of the evaluator is one round, `close` ends it.

One fit is open in a Stata session at a time. It is opened by its stub, and stays open after `ml` is done, for whatever
else is asked; what was answered once is not asked again, in this session or, from the journal, in a later one.
"""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from fedfolder.cli.durations import seconds
from fedfolder.cli.progress import Plain
from fedfolder.errors import BetaError, CommandError, FedfolderError
from fedfolder.plan.proposal import read_command
from fedfolder.server.external import RADIUS, External
from fedfolder.server.study import open_study
from fedfolder.stata import fits
from fedfolder.stata.line import read
from fedfolder.stata.matching import match
from fedfolder.stata.names import require_names
from fedfolder.stata.stub import put
from fedfolder.stata.unheeded import is_stub, require_heeded
from fedfolder.stata.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.solve.derivatives import Derivatives
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.line import Option
    from fedfolder.stata.matching import Codes, Match


WOULD_BE_LOST = 4
"""Stata's return code where data in memory that were not saved would be lost."""


@dataclass(slots=True)
class OpenFit:
    """A fit that is open.

    Parameters
    ----------
    wish : Wish
        What it was opened for.
    fit : External
        Over the nodes.
    codes : mapping
        The number that stands in memory for each level.
    line : str
        The line of `ml` that goes with it.
    count : int
        The rows of its stub.
    """

    wish: Wish
    fit: External
    codes: Codes
    line: str = ""
    count: int = 0
    _matches: dict[tuple[str, ...], Match] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What tells it from all others."""
        return f"fit {self.fit.number} of {self.wish.study}"

    def match(self, columns: tuple[str, ...]) -> Match:
        """Where each of Stata's columns finds its parameter."""
        if columns not in self._matches:
            self._matches[columns] = match(columns, self.fit.names, self.codes, do=f"type: {self.line}")
        return self._matches[columns]

    def unit(self, found: Derivatives) -> float:
        """What sums are multiplied by: analytic weights are made to add up to n."""
        weight = self.wish.command.weight
        return found.nobs / found.weight if weight is not None and weight.kind == "aw" else 1.0


_open: dict[str, OpenFit] = {}
"""The fit that is open in this session, if one is, under `_NOW`."""
_NOW = "now"


def current() -> OpenFit | None:
    """The fit that is open in this session."""
    return _open.get(_NOW)


def open_fit(wish: Wish, *, again: bool = False, timeout: float | None = None) -> OpenFit:
    """Open a fit, or go on with the one that is open if it is the same; any other one is closed.

    Raises
    ------
    FedfolderError
        As `External`.
    """
    now = current()
    if now is not None and now.wish == wish and now.fit.is_open and not again:
        now.fit.wait_at_most(timeout)
        return now
    if now is not None:
        open_study(wish.study)  # what cannot be opened costs no one the fit that is open
    close()
    progress = Plain()
    progress.returns_to = "the stub"
    fit = External(
        wish.study,
        str(wish.command),
        radius=wish.radius,
        again=again,
        own_likelihoods=wish.own_likelihoods,
        timeout=timeout,
        progress=progress,
    )
    progress.returns_to = "ml"
    _open[_NOW] = OpenFit(wish, fit, {})
    return _open[_NOW]


def close() -> bool:
    """Tell the nodes that it is over, and let go of the study; whether a fit was open."""
    now = current()
    if now is None:
        return False
    # If this is stopped, or the exchange is out of reach, it is open still.
    now.fit.close()
    del _open[_NOW]
    return True


# -- fedfolder stub, fedfolder close ------------------------------------------------------------------------------

OWN = ("study", "radius", "again", "timeout", "clear", "ownlikelihoods")


def stub(stata: Stata) -> int:
    """Open the fit of the line in the local `0`, and put its stub into memory; return Stata's return code.

    The local `changed` is c(changed).

    Raises
    ------
    FedfolderError
        As `External`; if `ml` cannot drive the model.
    """
    line = read(stata.local("0"))
    own = {option.name: option for option in line.options if option.name in OWN}
    command = line.command(option for option in line.options if option.name not in OWN)
    # One study is one, by whatever path.
    study = Path(os.path.normpath(fits.study_of(stata, line)))
    wish = Wish(study, read_command(command), _radius(own.get("radius")), "ownlikelihoods" in own)
    require_names(wish.command)
    if stata.local("changed") != "0" and "clear" not in own and not is_stub(stata):
        stata.warn("no; dataset in memory has changed since last saved")
        stata.warn("a stub takes its place: save it, or add the option clear")
        return WOULD_BE_LOST
    timeout = own["timeout"].argument if "timeout" in own else None
    waiting = None if timeout is None else _seconds(timeout)
    with _resumable(f"the same line{', without again,' if 'again' in own else ''}"):
        _open_and_put(stata, wish, again="again" in own, timeout=waiting)
    return 0


def _open_and_put(stata: Stata, wish: Wish, *, again: bool, timeout: float | None) -> None:
    now = open_fit(wish, again=again, timeout=timeout)
    try:
        put(stata, now)
    except FedfolderError:
        # Nothing that ml could drive is left open.
        close()
        raise


@contextlib.contextmanager
def _resumable(line: str) -> Iterator[None]:
    """Say, after Break, how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nStopped. Nothing is lost: {line} goes on.", err=True)
        raise


def _radius(option: Option | None) -> float:
    try:
        radius = RADIUS if option is None else float(option.argument or "")
    except ValueError:
        radius = math.nan
    if not 0 < radius < math.inf:
        raise CommandError(
            "this is no trust radius",
            text=option.text if option else "",
            position=0,
            expected="a number above 0, in standard deviations of the columns, such as radius(2)",
        )
    return radius


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except click.BadParameter as error:
        raise CommandError(error.message, text=text, position=0) from None


def end(_stata: Stata) -> None:
    """Close the fit that is open, if one is, and say so."""
    click.echo("The fit is closed." if close() else "No fit is open in this session.")


# -- the evaluator ------------------------------------------------------------------------------------------------


def evaluate(stata: Stata) -> None:
    """Answer a call of `ml`'s evaluator of type d2.

    Locals of the program: `todo` 0, 1 or 2; the names of the row vector `b`, of the scalar `lnf`, of the row vector `g`
    and of the matrix `H`, to be filled; and `names`, the full names of the columns of `b`.

    A beta outside of the trust radius, and one at which the likelihood is not defined, has a missing `lnf`: `ml` takes
    a shorter step then.

    Raises
    ------
    FedfolderError
        If `ml` has another model, other data or more to it, a node refuses, and so on.
    """
    now = current()
    if now is None:
        raise FedfolderError(
            "no fit is open in this session that ml could drive",
            do="open it: fedfolder stub ..., study(...); one that was stopped goes on there",
        )
    require_heeded(stata, now.title, now.count)
    full = stata.matrix(stata.local("b"))[0]
    places = now.match(tuple(stata.local("names").split()))
    with _resumable("the same line of ml"):
        found = _at(now, places.narrow(full))
    lnf = stata.local("lnf")
    if found is None or not found.is_finite:
        stata.set_scalar(lnf, math.nan)
        return
    unit, todo = now.unit(found), float(stata.local("todo"))
    stata.set_scalar(lnf, unit * found.loglike)
    if todo >= 1:
        stata.set_matrix(stata.local("g"), unit * places.widen(found.score)[np.newaxis])
    if todo >= 2:  # noqa: PLR2004 - value, gradient, Hessian
        stata.set_matrix(stata.local("H"), unit * places.widen(found.hessian))


def _at(now: OpenFit, beta: NDArray[np.float64]) -> Derivatives | None:
    """The derivatives at a beta; None if it is too far to be asked."""
    try:
        return now.fit.evaluate(beta)
    except BetaError:
        click.echo(
            f"-- This beta is beyond the trust radius of {now.wish.radius:g}: nothing is asked of the nodes, and ml "
            "takes a shorter step."
        )
        return None
