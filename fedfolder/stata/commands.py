"""The commands of the command line as commands of Stata: words before the comma, options after it.

`fedfolder node reject S:/home 3, reason("not covered")` is `fedfolder node reject S:/home 3 --reason "not covered"`.
What there is, is read from the command line itself; nothing is listed here but what Stata alone has.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fedfolder.cli import Failure, cli
from fedfolder.command.models import MODELS, WITH_OPTION
from fedfolder.errors import CommandError, nearest
from fedfolder.stata import codes
from fedfolder.stata.line import unknown
from fedfolder.stata.paths import typed
from fedfolder.stata.wording import in_stata_words, name_in_stata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fedfolder.stata.line import Line, Option

OF_STATA = ("stub", "close", "nodes", "setup")
"""What fedfolder.ado answers by itself, for the hint where a word was misspelt."""

T = TypeVar("T")


def run(line: Line) -> int:
    """Run a command here; return the return code of how it ended."""
    words, command = found(line.words)
    rest = map(typed, _checked(line.words[len(words) :]))
    arguments = [*words, *as_arguments(command, line.options), "--", *rest]
    return called(cli, arguments)


def called(command: click.Command, arguments: Sequence[str]) -> int:
    """Call a command of click's; what it raises becomes words and a return code.

    Raises
    ------
    FedfolderError
        As the command itself.
    KeyboardInterrupt
        If Break was pressed.
    """
    ended = _told(lambda: command.main([*arguments], prog_name="fedfolder", standalone_mode=False) or 0)
    return codes.SYNTAX if ended is None else codes.of_exit_code(ended) if isinstance(ended, int) else 0


def parsed(command: click.Command, name: str, arguments: Sequence[str]) -> dict[str, Any] | None:
    """The parameters of a command from its arguments, None where they are wrong, which is then said."""
    return _told(lambda: dict(command.make_context(name, [*arguments], **cli.context_settings).params))


def _told(work: Callable[[], T]) -> T | None:
    """What `work` returns; None where click could not read something, which is then said."""
    try:
        with _no_questions():
            return work()
    except Failure as failure:
        raise failure.error from None
    except click.ClickException as error:
        click.echo(in_stata_words(error.format_message()), err=True)
        return None
    except click.Abort as abort:
        raise KeyboardInterrupt from abort


def found(words: Sequence[str]) -> tuple[list[str], click.Command]:
    """The command that words begin with, and those that name it.

    Raises
    ------
    CommandError
        If there is none.
    """
    named: list[str] = []
    command: click.Command = cli
    while isinstance(command, click.Group):
        text = " ".join(words[: len(named) + 1])
        if len(named) == len(words):
            raise CommandError(
                "another word must follow", text=text, position=len(text), expected=", ".join(command.commands)
            )
        word = words[len(named)]
        if word not in command.commands:
            raise unknown(text, [" ".join([*named, name]) for name in _known(command)])
        named.append(word)
        command = command.commands[word]
    return named, command


def _known(command: click.Group) -> list[str]:
    return [*(MODELS | WITH_OPTION if command is cli else ()), *command.commands, *(OF_STATA if command is cli else ())]


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by their words in Stata, `help` among them."""
    # With the group's settings: click keeps the option `help` that it makes here.
    with click.Context(command, **cli.context_settings) as context:
        return {
            name_in_stata(max(p.opts, key=len)): p for p in command.get_params(context) if isinstance(p, click.Option)
        }


def as_arguments(command: click.Command, options: Iterable[Option]) -> list[str]:
    """Options as the command line has them.

    Raises
    ------
    CommandError
        If the command has no such option, or an argument is missing or one too many.
    """
    known = options_of(command)
    return [_as_argument(known, option) for option in options]


def _as_argument(known: dict[str, click.Option], option: Option) -> str:
    its = known.get(option.name)
    if its is None:
        do = nearest(option.name, known)
        raise CommandError("this command has no option of this name", text=option.text, position=0, do=do)
    if its.is_flag != (option.argument is None):
        do = f"write {option.name}{'' if its.is_flag else '(...)'}"
        raise CommandError(
            f"this option takes {'no' if its.is_flag else 'an'} argument", text=option.text, position=0, do=do
        )
    name = max(its.opts, key=len)
    if its.is_flag:
        return name
    argument = option.argument or ""
    return f"{name}={typed(argument) if isinstance(its.type, click.Path) else argument}"


def _checked(words: Sequence[str]) -> Sequence[str]:
    wrong = next((word for word in words if word.startswith("--")), None)
    if wrong is not None:
        do = f"write them after a comma: , {wrong.lstrip('-').partition('=')[0].replace('-', '')}"
        raise CommandError("options have no hyphens in Stata", text=wrong, position=0, do=do)
    return words


@contextlib.contextmanager
def _no_questions() -> Iterator[None]:
    """Nothing can be asked at a terminal: there is none."""

    def ask(_prompt: str) -> str:
        raise click.UsageError(
            "This asks for a yes, which Stata cannot: if it is one, type it again with the option yes."
        )

    terminal = click.termui
    before = terminal.visible_prompt_func
    terminal.visible_prompt_func = ask
    try:
        yield
    finally:
        terminal.visible_prompt_func = before
