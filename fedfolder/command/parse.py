"""The Stata-style command: text to a `Command`."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from fedfolder.command import grammar, random, survival
from fedfolder.command.checks import check_derivations, check_model
from fedfolder.command.derivation_grammar import changes_data, derives, read_derivation
from fedfolder.command.expression_grammar import read_expression, refuse_rest
from fedfolder.command.lexer import Tokens
from fedfolder.command.models import MODELS, WITH_OPTION, Weight, model_of, read_kind
from fedfolder.command.names import abbreviates
from fedfolder.command.options import Option, in_order, joined, read_options
from fedfolder.command.statement import Command
from fedfolder.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from fedfolder.command.derivation import Derivation
    from fedfolder.command.expression import Expression
    from fedfolder.command.lexer import Token
    from fedfolder.command.terms import Term

__all__ = ["MODELS", "Command", "parse"]

MOST_STATEMENTS = 200
"""Derived variables in one command, at most."""


def parse(text: str, models: Collection[str] | None = None) -> Command:
    """Read a command.

    Parameters
    ----------
    text : str
        Such as `logit low age ib2.race##c.lwt if age<40 [fw=n], level(90)`, after statements that derive variables.
        Statements end with `;`, those that derive also with their line.
    models : collection of str, optional
        The models, or likelihoods, to know by their full names; the models of this release if not given.

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
    Stata User's Guide, 11 Language syntax; 11.4.3 Factor variables; 13 Functions and expressions.
    """
    known = MODELS if models is None else models
    statements = list(Tokens(text).statements(lambda word: _is_derivation(word, known)))
    before = list(takewhile(lambda statement: _is_derivation(statement.next.text, known), statements))
    tokens, *after = statements[len(before) :] or [Tokens(text, len(text))]
    if len(before) > MOST_STATEMENTS:
        tokens.fail(f"a command has at most {MOST_STATEMENTS} statements", before[MOST_STATEMENTS].next)
    derivations = [(statement.next, read_derivation(statement)) for statement in before]
    if before and tokens.next.kind == "end":
        tokens.fail("there is no model", tokens.stop, expected="a model after what it needs, such as logit low x")
    command = _read_model_statement(tokens, known, tuple(derivation for _, derivation in derivations))
    if after:
        do = "put the statements that derive variables before it"
        tokens.fail("there is more after the model", after[0].next, do=do)
    check_derivations(tokens, derivations, command)
    return command


def _is_derivation(word: str, models: Collection[str]) -> bool:
    """Whether a statement that begins with this word derives a variable: a model's name in full comes first."""
    return derives(word) and word not in models


def _read_model_statement(tokens: Tokens, models: Collection[str], derivations: tuple[Derivation, ...]) -> Command:
    """Take the statement that names the model."""
    model, implied = _read_model(tokens, models)
    tokens, beyond = tokens.parted(random.SIGN) if model_of(model).random else (tokens, None)
    outcome = None if model_of(model).survival else _read_outcome(tokens)
    found: list[tuple[Term, Token]] = []
    while tokens.next.kind != "end" and not tokens.at(",", "if", "["):
        found += grammar.read_terms(tokens)
    terms = grammar.one_base_each(tokens, found)
    condition, weight, weight_token = _read_restrictions(tokens)
    comma = tokens.take()
    options = read_options(tokens, model)
    places = {"": comma, "weight": weight_token or comma}
    if beyond is not None:
        variable, tokens = random.read_random(beyond), beyond
        places |= {"": tokens.take(), "group": variable}
        options = joined(tokens, options, read_options(tokens, model))
    group = "" if beyond is None else variable.text
    places |= {name: token for name, (_, token) in options.items()}
    chosen = tuple(option for option, _ in options.values())
    if outcome is None and survival.is_of_stset(options):
        chosen, condition = survival.as_stset(chosen, condition, derivations)
    if implied and implied not in options:
        chosen = in_order([*chosen, Option(implied)])
    depvar = survival.failure_of(chosen) if outcome is None else outcome.text
    _require_apart(tokens, depvar, found)
    command = Command(model, depvar, terms, chosen, weight, condition, derivations, group)
    if outcome is None:
        chosen = survival.by_person(chosen, weight, command.person)
        command = replace(command, options=chosen)
    check_model(tokens, command, places)
    if models is not MODELS and command.likelihood not in models and model not in models:
        what = "there is no such family with this link in this release"
        raise UnknownNameError(what, found=command.likelihood, do=nearest(command.likelihood, models))
    return command


def _require_apart(tokens: Tokens, depvar: str, found: list[tuple[Term, Token]]) -> None:
    """Refuse an outcome that is among the terms, too."""
    for term, token in found:
        if depvar in term.variables:
            tokens.fail(f"the outcome {depvar} is among the terms", token, do="take it out of one place")


def _read_model(tokens: Tokens, models: Collection[str]) -> tuple[str, str]:
    """Take the model's name and return it in full, with the option that the name implies, or `""`."""
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
    names = sorted({name.partition(" ")[0] for name in models})
    for name in names:
        if abbreviates(word.text, name, MODELS.get(name, name)):
            return name, ""
    if word.text in WITH_OPTION and WITH_OPTION[word.text][0] in names:
        return WITH_OPTION[word.text]
    if changes_data(word.text):
        do = "derive variables by generate, egen … = cut(), recode …, generate() and mkspline; data stay as they are"
        tokens.unsupported(f"{word.text} is", word, do=do)
    raise UnknownNameError("there is no such model in this release", found=word.text, do=nearest(word.text, names))


def _read_outcome(tokens: Tokens) -> Token:
    """Take the name of the outcome."""
    word = tokens.next
    if grammar.read_operator(tokens) is not None:
        tokens.fail("the outcome cannot be a factor term", word, expected="the plain name of a variable")
    outcome = grammar.read_name(tokens, "the name of the outcome")
    if tokens.at("#", "##"):
        tokens.fail("the outcome cannot be a factor term", outcome, expected="the plain name of a variable")
    return outcome


def _read_restrictions(tokens: Tokens) -> tuple[Expression | None, Weight | None, Token | None]:
    """Take the condition and the weight, with the place of the weight's variable."""
    condition: Expression | None = None
    weight: Weight | None = None
    place: Token | None = None
    while tokens.at("if", "["):
        opening = tokens.next
        if tokens.at("if") and condition is None:
            tokens.take()
            condition = read_expression(tokens)
        elif tokens.at("[") and weight is None:
            weight, place = _read_weight(tokens)
        else:
            tokens.fail(
                f"there is a second {opening.text}", opening, do="leave one of them out; & joins two conditions"
            )
    if condition is not None and weight is None and tokens.next.kind != "end" and not tokens.at(","):
        grammar.refuse_unsupported(tokens)
        refuse_rest(tokens, "a weight, a comma and options, or the end")
    if tokens.next.kind != "end" and not tokens.at(","):
        tokens.fail(f"found {tokens.next.text[0]} after the weight", tokens.next, expected="a comma and options")
    return condition, weight, place


def _read_weight(tokens: Tokens) -> tuple[Weight, Token]:
    """Take a weight in its brackets."""
    opening = tokens.take()
    kind = read_kind(tokens)
    if not tokens.at("="):
        tokens.fail("a weight is written with =", tokens.next, expected="such as [fw=pop]")
    tokens.take()
    variable = grammar.read_name(tokens, "the variable with the weights")
    if tokens.next.kind == "end":
        tokens.fail("the bracket that opens here is not closed", opening, expected="]")
    if not tokens.at("]"):
        do = "compute it before the model: generate w = 1/p"
        tokens.fail("a weight is one variable", tokens.next, expected="]", do=do)
    tokens.take()
    return Weight(kind, variable.text), variable
