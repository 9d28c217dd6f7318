"""What was typed after `fedfolder`, done: a fit, or a command of the command line."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder.cli.fits import run
from fedfolder.errors import CommandError
from fedfolder.estimates import FitResult
from fedfolder.stata import commands, fits, keeping
from fedfolder.stata.codes import BREAK
from fedfolder.stata.line import read
from fedfolder.stata.paths import typed
from fedfolder.stata.showing import options_of

if TYPE_CHECKING:
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.line import Line

_ARGUMENTS_OF_RUN = 3


def do(stata: Stata) -> int:
    """Do what the local `0` says; return a return code.

    After a fit with numbers, the local `posts` is set, and `display` to how it is to be shown.

    Raises
    ------
    FedfolderError
    """
    text = stata.local("0")
    line = read(text)
    folder = Path(stata.folder())
    with contextlib.chdir(folder) if folder.is_dir() else contextlib.nullcontext():
        ended = _done(stata, line)
    if not isinstance(ended, keeping.Pending):
        return BREAK if stata.stopped else ended
    keeping.wait_for_post(ended)
    stata.set_local("posts", "posts")
    stata.set_local("display", options_of(ended.result))
    return 0


def _done(stata: Stata, line: Line) -> keeping.Pending | int:
    words, cmdline = line.words, f"fedfolder {stata.local('0').strip()}"
    if line.is_fit:
        study = fits.study_of(stata, line)
        return _pending(fits.fit(line, study), cmdline, study)
    if not words:
        raise CommandError("the command is empty", text=cmdline, position=len(cmdline), expected="a model or a command")
    if words[0] == run.name and len(words) == _ARGUMENTS_OF_RUN:
        options, study = commands.as_arguments(run, line.options), str(Path(typed(words[1])).absolute())
        return _pending(fits.run_fit(options, study, words[2]), cmdline, study)
    return commands.run(line)


def _pending(found: FitResult | int, cmdline: str, study: str) -> keeping.Pending | int:
    return keeping.Pending(found, cmdline, study) if isinstance(found, FitResult) else found
