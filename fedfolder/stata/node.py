"""`fedfolder_node`: a node whose data are in Stata's memory. Experimental."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.errors import ConfigError
from fedfolder.node.home import open_home
from fedfolder.node.loop import once, run
from fedfolder.plan.messages import NAME
from fedfolder.stata.computing import InStata
from fedfolder.stata.likelihoods import require_derivatives
from fedfolder.stata.mata import BUILT_IN, Computing
from fedfolder.stata.paths import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.node.home import NodeHome
    from fedfolder.stata.bridge import Stata


def run_node(stata: Stata) -> None:
    """Work until Break; the locals `home`, `likelihood`, `frame` and `current` are those of fedfolder_node.ado."""
    with opened(stata) as home:
        run(home, echo=print)


def once_node(stata: Stata) -> None:
    """Answer what has come, once."""
    with opened(stata) as home:
        worked = once(home, echo=print)
    if worked is None:
        print(f"this node is running already, and looks at its folder by itself: {home.path}")  # noqa: T201
    elif not worked:
        print("nothing has come")  # noqa: T201


def desk_of(stata: Stata) -> None:
    """`pending`, `approve`, `reject` and `release`: the custodian decides, with the data in view that are in memory."""
    from fedfolder.cli import approval

    word, place = stata.local("word"), str(place_of(stata))
    command: click.Command = getattr(approval, word)
    options = [f"--{name}={text}" for name in ("by", "reason") if (text := stata.local(name))]
    with opened(stata) as home:
        try:
            command.main(
                [*options, "--", place, *stata.local("fit").split()], word, standalone_mode=False, obj=lambda _: home
            )
        except click.ClickException as error:
            raise ConfigError(error.format_message(), where=f"fedfolder_node {word}") from None
    if word == "pending":
        for model, function in replaced_in(stata.local("likelihood")).items():
            print(f"note: this node has its own likelihood {function} in the place of {model}, as its answers say.")  # noqa: T201


def place_of(stata: Stata) -> Path:
    """The home in the local `home`; Python's working folder is not Stata's."""
    return Path(stata.folder(), typed(stata.local("home")))


@contextlib.contextmanager
def opened(stata: Stata) -> Iterator[NodeHome]:
    """The home, with Stata in the place of its data file."""
    home = open_home(place_of(stata))
    computing = Computing(stata, replaced_in(stata.local("likelihood")))
    current = stata.local("current")
    holding = InStata(stata, stata.local("frame") or current, current, home.reading, computing, home.tables)
    try:
        holding.require_data()
        require_derivatives(computing)
        yield dataclasses.replace(home, elsewhere=holding)
    finally:
        computing.close()


def replaced_in(text: str) -> dict[str, str]:
    """What the option likelihood() says: models, each followed by the Mata function in its place.

    Raises
    ------
    ConfigError
        If it cannot be read so.
    """
    words = text.replace("()", "").split()
    models, functions = words[::2], words[1::2]
    wrong = len(models) != len(functions) or len(set(models)) < len(models) or not all(map(_is_name, functions))
    if wrong or not set(models) <= set(BUILT_IN):
        raise ConfigError(
            "the option likelihood() cannot be read",
            found=text,
            expected="a model and the Mata function in its place: likelihood(logit my_logit)",
            do=f"the models are {', '.join(BUILT_IN)}",
        )
    return dict(zip(models, functions, strict=True))


def _is_name(word: str) -> bool:
    return NAME.fullmatch(word) is not None
