"""`stset`, from text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.command.expression import Missing
from fedfolder.command.expression_grammar import read_expression
from fedfolder.command.grammar import read_name
from fedfolder.command.lexis import Event, Stset, When
from fedfolder.command.pieces import above_zero, expect, listed, options_of

if TYPE_CHECKING:
    from fedfolder.command.expression import Expression
    from fedfolder.command.lexer import Token, Tokens

_STSET = "as in stset years, failure(died) id(pid)"
_OPTIONS = {
    "failure": "f",
    "id": "id",
    "time0": "time0",
    "origin": "o",
    "enter": "en",
    "exit": "ex",
    "scale": "sc",
    "noshow": "nosh",
}
"""The options, each with its shortest abbreviation."""

_PERSONS = "let each site make a variable that is 1 for these persons, and write stset time if thatvariable==1, ..."
_ELSEWHERE = {
    "if": "put the condition after the model, as in streg x if sex==2; it is then asked once it is known when records "
    "begin. `if` before the comma takes records out first",
    "ever": _PERSONS,
    "never": _PERSONS,
    "after": "write enter(variable==1), where variable is 1 in the record that ends with what is waited for",
    "before": "write exit(variable==1), where variable is 1 in the record that ends with what is waited for",
}
"""Options of Stata's that are not taken, each with what to write instead."""


def read_stset(tokens: Tokens) -> Stset:
    """Take what follows the word `stset`; `CommandError` if it is not as it should be."""
    time = read_name(tokens, "the variable with the time at which a record ends").text
    condition = _condition(tokens)
    names: dict[str, str] = {}
    moments: dict[str, When | None] = {}
    places: dict[str, Token] = {}
    values: tuple[float, ...] = ()
    scale = 1.0
    for name, word in options_of(tokens, _OPTIONS, _STSET, _ELSEWHERE):
        places[name] = word
        if name == "noshow":
            continue
        expect(tokens, "(", _STSET)
        if name in {"origin", "enter", "exit"}:
            moments[name] = _moment(tokens, name)
        elif name == "scale":
            scale = above_zero(tokens, word, "scale")
        else:
            names[name] = read_name(tokens).text
            values = _values(tokens) if name == "failure" and tokens.at("=") else values
        expect(tokens, ")", _STSET)
    if "failure" not in names:
        tokens.fail("stset needs to know what a failure is", tokens.next, expected=f"failure(variable), {_STSET}")
    for name in moments if "id" not in names else ():
        found = moments[name]
        if name != "exit" and found is not None and found.event is not None:
            what = f"{name}() at an event needs to know which records are one person's"
            tokens.fail(what, places[name], expected="id(variable) among the options of stset")
    return Stset(
        time, names["failure"], values, names.get("id"), names.get("time0"), **moments, scale=scale, condition=condition
    )


def _condition(tokens: Tokens) -> Expression | None:
    """Take what stands between the time and the options, and the comma."""
    found: Expression | None = None
    if tokens.at("if"):
        tokens.take()
        found = read_expression(tokens)
    if tokens.at("["):
        do = "give the weight to the model, as in streg x [pw=w], distribution(weibull)"
        tokens.unsupported("weights in stset are", tokens.next, do=do)
    expect(tokens, ",", _STSET)
    return found


def _values(tokens: Tokens) -> tuple[float, ...]:
    """Take `==` and numbers."""
    expected = "as in failure(cause==1 2)"
    for _ in range(2):
        expect(tokens, "=", expected)
    return listed(tokens, expected, until="time")


def _moment(tokens: Tokens, name: str) -> When | None:
    """Take an event, or `time` and when; None is what holds where nothing is given."""
    first = tokens.next
    equals = tokens.peek(1).text == "="
    if first.text == "min" and name == "origin" and not equals:
        do = "write origin(time variable) with the moment of each person"
        tokens.unsupported("origin(min), the first time in all data, is", first, do=do)
    if first.text == "failure" and name == "exit" and not equals:
        tokens.take()
        if not tokens.at(")"):
            do = "name the events: exit(died==1 time end)"
            tokens.fail("exit(failure) stands alone, as in Stata", tokens.next, do=do)
        return None
    event: Event | None = None
    if equals:
        event = Event(read_name(tokens).text, _values(tokens))
    if event is not None and tokens.at(")"):
        return When(event)
    if event is not None and name != "exit":
        tokens.unsupported(f"an event and a time in one {name}() are", tokens.next, do="write one of them")
    expect(tokens, "time", f"as in {name}(time diagnosis), or {name}(status==1) for what happens as a record ends")
    time = read_expression(tokens)
    if isinstance(time, Missing) and name != "exit":
        tokens.fail(f"{name}() at no time leaves nobody", first, do=f"leave {name}() out")
    return When(event, time)
