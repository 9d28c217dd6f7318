"""The Stata-style command: one line of text to a `Command`, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import grammar
from fedfolder.command.lexer import Tokens
from fedfolder.command.options import DEFAULT_LEVEL, abbreviates, read_options
from fedfolder.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from fedfolder.command.lexer import Token
    from fedfolder.command.options import Option
    from fedfolder.command.terms import Term

MODELS = {"logit": "logit", "regress": "reg"}
"""The models of this release, each with its shortest abbreviation. A model not listed here has none."""


@dataclass(frozen=True, slots=True)
class Command:
    """A model, its outcome, its terms and its options.

    Parameters
    ----------
    model, depvar : str
        `"logit"` and `"low"` in `logit low age smoke`.
    terms : tuple of Term
        Expanded (`a##b` is three terms) and each once, in the order written.
    options : tuple of Option
        By their full names, in the order of the table of options.
    """

    model: str
    depvar: str
    terms: tuple[Term, ...] = ()
    options: tuple[Option, ...] = ()

    def __str__(self) -> str:
        """The canonical line; `parse` of it gives this command again."""
        line = " ".join([self.model, self.depvar, *map(str, self.terms)])
        return ", ".join([line, " ".join(map(str, self.options))]) if self.options else line

    def option(self, name: str) -> Option | None:
        """The option of this full name, None where it is not given."""
        return next((option for option in self.options if option.name == name), None)

    @property
    def constant(self) -> bool:
        """Whether the model has a constant."""
        return self.option("noconstant") is None

    @property
    def level(self) -> float:
        """The confidence level in percent."""
        option = self.option("level")
        return DEFAULT_LEVEL if option is None or option.argument is None else float(option.argument)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of all variables, each once, the outcome first and then in order of appearance."""
        return tuple(dict.fromkeys([self.depvar, *(name for term in self.terms for name in term.variables)]))


def parse(text: str, models: Collection[str] | None = None) -> Command:
    """Read a command.

    Parameters
    ----------
    text : str
        Such as `logit low age ib2.race##c.lwt, level(90)`.
    models : collection of str, optional
        The models to know, by their full names; those of this release if not given.

    Returns
    -------
    Command
        `parse(str(command)) == command`.

    Raises
    ------
    CommandError
        If the text is not a command of this release, with a caret under the place.
    UnknownNameError
        If the model or an option is not known, with the nearest known name.

    References
    ----------
    Stata User's Guide, 11 Language syntax; 11.4.3 Factor variables.
    """
    tokens = Tokens(text)
    model = _read_model(tokens, MODELS if models is None else models)
    outcome = _read_outcome(tokens)
    found: list[tuple[Term, Token]] = []
    while tokens.next.kind != "end" and not tokens.at(","):
        found += grammar.read_terms(tokens)
    for term, token in found:
        if outcome.text in term.variables:
            tokens.fail(f"the outcome {outcome.text} is among the terms", token, do="take it out of one place")
    terms = grammar.one_base_each(tokens, found)
    comma = tokens.take()
    options = read_options(tokens, model)
    command = Command(model, outcome.text, terms, options)
    if not terms and not command.constant:
        tokens.fail("a model without terms needs its constant", comma, do="leave noconstant out, or name a term")
    return command


def _read_model(tokens: Tokens, models: Collection[str]) -> str:
    """Take the model's name and return it in full."""
    word = tokens.next
    expected = "a command such as logit low age smoke"
    if word.kind == "end":
        tokens.fail("the command is empty", 0, expected=expected)
    for at in range(2):  # `by x:` and `quietly:` would otherwise be unknown models
        if tokens.peek(at + 1).text == ":":
            tokens.unsupported("prefixes (by x:) are", word)
    if word.kind != "word":
        tokens.fail("a command begins with the name of a model", word, expected=expected)
    tokens.take()
    for name in sorted(models):
        if abbreviates(word.text, name, MODELS.get(name, name)):
            return name
    raise UnknownNameError("there is no such model in this release", found=word.text, do=nearest(word.text, models))


def _read_outcome(tokens: Tokens) -> Token:
    """Take the name of the outcome."""
    word = tokens.next
    if grammar.read_operator(tokens) is not None:
        tokens.fail("the outcome cannot be a factor term", word, expected="the plain name of a variable")
    outcome = grammar.read_name(tokens, "the name of the outcome")
    if tokens.at("#", "##"):
        tokens.fail("the outcome cannot be a factor term", outcome, expected="the plain name of a variable")
    return outcome
