"""What the ado files call: each entry is one line of Python in a program of Stata's.

An entry takes what it needs from the local macros of the program that called it, and leaves its return code in the
local `rc`; nothing is raised, so that Stata never shows a traceback.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from fedfolder.errors import FedfolderError, HomeInUseError, unforeseen
from fedfolder.stata.bridge import Stata
from fedfolder.stata.codes import BREAK, return_code
from fedfolder.stata.console import in_stata
from fedfolder.stata.wording import in_stata_words, words_of_a_node

if TYPE_CHECKING:
    from collections.abc import Callable


def entry(module: str, name: str, words: Callable[[str], str] = in_stata_words) -> Callable[[], None]:
    """Make an entry: the function `name` of a module beside this one, which is imported when it is called.

    The function takes a `Stata`, and returns one of Stata's return codes, or nothing where all is well. `words` puts
    into Stata's words what is written for the command line.
    """

    def called() -> None:
        stata = Stata()
        stata.set_local("rc", str(_done(stata, module, name, words)))

    called.__doc__ = f"`fedfolder.stata.{module}.{name}`."
    return called


def _done(stata: Stata, module: str, name: str, words: Callable[[str], str]) -> int:
    try:
        with in_stata(stata, words):
            return getattr(importlib.import_module(f"fedfolder.stata.{module}"), name)(stata) or 0
    except FedfolderError as error:
        return _told(stata, error, words)
    except KeyboardInterrupt:
        stata.warn("--Break--")
        return BREAK
    except Exception as error:  # noqa: BLE001 - a traceback quotes what it was about, and that may be data
        return _told(stata, unforeseen(error), words)


def _told(stata: Stata, error: FedfolderError, words: Callable[[str], str]) -> int:
    for line in str(error).split("\n"):
        stata.warn(words(line))
    if isinstance(error, HomeInUseError):
        from fedfolder.stata import driving

        if driving.current() is not None:
            stata.warn("  a fit that ml drives is open in this session: fedfolder close lets go of its study")
    return return_code(error)


# What was typed, a fit in e(), and what follows it.
line = entry("typed", "do")
numbers = entry("posting", "post_numbers")
statistics = entry("posting", "post_statistics")
header = entry("showing", "show_header")
footer = entry("showing", "show_footer")
predict = entry("prediction", "predict")

# Stata's ml drives.
stub = entry("driving", "stub")
d2 = entry("driving", "evaluate")
close = entry("driving", "end")

# Nodes beside this Stata, and a node inside it.
nodes = entry("nodes", "nodes")
node_run = entry("node", "run_node", words_of_a_node)
node_once = entry("node", "once_node", words_of_a_node)
node_desk = entry("node", "desk_of", words_of_a_node)

doctor = entry("doctor", "doctor")
