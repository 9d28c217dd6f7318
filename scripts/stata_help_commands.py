"""The help file of all that fedfolder does in a terminal, as typed in Stata: made from the command line itself."""

from __future__ import annotations

import inspect
import re
import shlex
from typing import TYPE_CHECKING

import click
import reference

from fedfolder.cli import cli
from fedfolder.stata.commands import options_of
from fedfolder.stata.wording import in_stata_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Paragraph = Callable[[str, str], Iterator[str]]

NAME = "fedfolder_commands"
SECTIONS = ("Syntax", "Description", "Commands", "Examples", "Also see")
EXAMPLES = ("status", "node pending", "estimates table")
"""Commands whose examples stand under that heading, too."""

_CHARACTERS = {"{": "{c -(}", "}": "{c )-}", "\u2026": "..."}


def commands() -> dict[str, click.Command]:
    """Every command by the words that follow `fedfolder`."""
    return {" ".join(path[1:]): command for path, command in reference.commands(cli, ("fedfolder",))}


def page(paragraph: Paragraph) -> str:
    """The help file; `paragraph` breaks a text into lines."""
    lines = [*_head(), *_syntax(), *_description(paragraph), *_section("Commands")]
    for name, command in commands().items():
        lines += _command(name, command, paragraph)
    lines += _section("Examples")
    for name in EXAMPLES:
        lines += [f"{{phang2}}{{cmd:. {example}}}{{p_end}}" for example in examples(commands()[name])]
    lines += [*_section("Also see"), "{psee}Help:  {helpb fedfolder}, {helpb fedfolder_node}{p_end}"]
    return "\n".join(lines) + "\n"


def _marker(text: str) -> str:
    return re.sub("[^a-z]", "_" if text in commands() else "", text.lower())


def _section(section: str) -> list[str]:
    return ["", "", f"{{marker {_marker(section)}}}{{...}}", f"{{title:{section}}}", ""]


def _head() -> Iterator[str]:
    yield "{smcl}"
    yield "{* *! fedfolder: written by scripts/stata_help.py}{...}"
    yield '{vieweralsosee "fedfolder" "help fedfolder"}{...}'
    for section in SECTIONS:
        yield f'{{viewerjumpto "{section}" "{NAME}##{_marker(section)}"}}{{...}}'
    yield "{marker title}{...}"
    yield "{title:Title}"
    yield ""
    yield "{p2colset 5 27 29 2}{...}"
    yield "{p2col:{cmd:fedfolder commands} {hline 2}}What fedfolder does in a terminal, from Stata{p_end}"
    yield "{p2colreset}{...}"


def _syntax() -> Iterator[str]:
    yield from _section("Syntax")
    yield "{p 8 12 2}"
    yield "{cmd:fedfolder} {it:command} [{it:arguments}] [{cmd:,} {it:options}]{p_end}"
    yield ""
    yield "{synoptset 24 tabbed}{...}"
    yield "{synopthdr:command}"
    yield "{synoptline}"
    for name, command in commands().items():
        words = words_of(command.get_short_help_str(limit=200)).rstrip(".")
        yield f"{{synopt:{{help {NAME}##{_marker(name)}:{name}}}}}{words}{{p_end}}"
    yield "{synoptline}"
    yield "{p2colreset}{...}"


def _description(paragraph: Paragraph) -> Iterator[str]:
    yield from _section("Description")
    text = (
        "Whatever {cmd:fedfolder} does in a terminal it does in Stata, too. Options follow a comma, without hyphens "
        "and with the value in parentheses: {cmd:--drop-after 48h} is {cmd:dropafter(48h)}. Text with blanks stands "
        "in quotes."
    )
    yield from paragraph("{pstd}", text)


def _command(name: str, command: click.Command, paragraph: Paragraph) -> Iterator[str]:
    yield f"{{marker {_marker(name)}}}{{...}}"
    yield f"{{dlgtab:{name}}}"
    yield ""
    yield "{p 8 12 2}"
    arguments = "".join(f" {_argument(p)}" for p in command.params if isinstance(p, click.Argument))
    options = {word: option for word, option in options_of(command).items() if word != "help"}
    yield f"{{cmd:fedfolder {name}}}{arguments}{' [{cmd:,} {it:options}]' if options else ''}{{p_end}}"
    yield ""
    for text in prose(command):
        yield from paragraph("{pstd}", words_of(text))
        yield ""
    if options:
        yield from _options(options)
    for example in examples(command):
        yield f"{{phang2}}{{cmd:. {example}}}{{p_end}}"
    yield ""


def _argument(parameter: click.Argument) -> str:
    named = (parameter.metavar or parameter.name or "").lower()
    shown = "".join(part if part in "|. []" else f"{{it:{part}}}" for part in re.split(r"([|. \[\]])", named) if part)
    return shown if parameter.required or shown.startswith("[") else f"[{shown}]"


def _options(options: dict[str, click.Option]) -> Iterator[str]:
    yield "{synoptset 24 tabbed}{...}"
    yield "{synopthdr}"
    yield "{synoptline}"
    for word, option in options.items():
        required = "; required" if option.required else ""
        words = words_of(option.help or "").rstrip(".")
        yield f"{{synopt:{{opt {word}{_value(option)}}}}}{words[:1].lower()}{words[1:]}{required}{{p_end}}"
    yield "{synoptline}"
    yield "{p2colreset}{...}"
    yield ""


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if option.metavar is None and isinstance(option.type, click.Choice):
        return f"({'|'.join(option.type.choices)})"
    numbers = isinstance(option.type, (click.IntRange, click.FloatRange)) or option.type in {click.INT, click.FLOAT}
    return f"({(option.metavar or ('#' if numbers else option.type.name)).lower()})"


def blocks(command: click.Command) -> tuple[str, str]:
    """The prose of a command's help, and its examples."""
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    before, _, after = re.split(r"(Examples?:\n)", text, maxsplit=1)
    return before, after


def prose(command: click.Command) -> list[str]:
    """The paragraphs of a command's help."""
    return [" ".join(part.split()) for part in blocks(command)[0].split("\n\n") if part.strip()]


def words_of(text: str) -> str:
    """A text of the command line's help in SMCL and in Stata's words."""
    text = text.replace("exit code", "return code")
    text = "".join(_CHARACTERS.get(one, one) for one in text)
    return re.sub("`([^`]+)`", lambda found: f"{{cmd:{in_stata_words(found[1])}}}", in_stata_words(text))


def examples(command: click.Command) -> list[str]:
    """The examples of a command as they are typed in Stata."""
    return [in_stata(line.strip()) for line in blocks(command)[1].split("\n") if line.strip().startswith("fedfolder ")]


def in_stata(line: str) -> str:
    """A line of a terminal as it is typed in Stata.

    `fedfolder node reject north 1 --reason "not covered"` is `fedfolder node reject north 1, reason("not covered")`.
    """
    words, options = shlex.split(line)[1:], list[str]()
    path = next(path for count in range(1, len(words) + 1) if " ".join(path := words[:count]) in commands())
    command, words = commands()[" ".join(path)], words[len(path) :]
    known = {name: option for option in command.params if isinstance(option, click.Option) for name in option.opts}
    arguments = []
    while words:
        word = words.pop(0)
        if word not in known:
            arguments.append(f'"{word}"' if " " in word else word)
            continue
        name = max(known[word].opts, key=len).replace("-", "")
        options.append(name if known[word].is_flag else f"{name}({_quoted(words.pop(0))})")
    typed = " ".join(["fedfolder", *path, *arguments])
    return typed + (f", {' '.join(options)}" if options else "")


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[ :\\/,]", text) else text
