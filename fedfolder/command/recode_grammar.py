"""The rules of `recode`, from text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.command.derivation import Range, Recode, Rule
from fedfolder.command.grammar import read_name
from fedfolder.command.names import abbreviates
from fedfolder.command.pieces import MOST_NUMBERS, expect, number
from fedfolder.command.terms import is_name

if TYPE_CHECKING:
    from fedfolder.command.lexer import Tokens

_RULES = "as in recode race (1 2 = 0) (3/5 = 1) (else = .), generate(r2)"


def read_recode(tokens: Tokens) -> Recode:
    """Take what follows the word `recode`; `CommandError` if it is not as it should be."""
    source = read_name(tokens)
    if is_name(tokens.next.text):
        tokens.fail("one statement recodes one variable", tokens.next, expected=_RULES)
    rules: list[Rule] = []
    while not tokens.at(","):
        opening = expect(tokens, "(", _RULES)
        if any(rule.missing and rule.nonmissing and not rule.ranges for rule in rules):
            tokens.fail("nothing is left for a rule after else", opening, do="put else last")
        rules.append(_rule(tokens))
        if len(rules) > MOST_NUMBERS:
            tokens.fail(f"there are more than {MOST_NUMBERS} rules", opening)
    if not rules:
        tokens.fail("there are no rules", tokens.next, expected=_RULES)
    tokens.take()
    word = tokens.next
    if word.kind != "word" or not abbreviates(word.text, "generate", "g"):
        tokens.fail("data are not changed: a new variable needs its name", word, expected=_RULES)
    tokens.take()
    expect(tokens, "(", _RULES)
    name = read_name(tokens, "the name of the new variable")
    expect(tokens, ")", _RULES)
    return Recode(name.text, source.text, tuple(rules))


def _rule(tokens: Tokens) -> Rule:
    """Take what stands in the parentheses of a rule, and the closing one."""
    word = tokens.next
    ranges: list[Range] = []
    missing = nonmissing = False
    if word.text in {"else", "*"}:
        missing = nonmissing = bool(tokens.take())
    elif abbreviates(word.text, "missing", "mis"):
        missing = bool(tokens.take())
    elif abbreviates(word.text, "nonmissing", "nonm"):
        nonmissing = bool(tokens.take())
    else:
        while not tokens.at("="):
            if _at_missing(tokens):
                missing = bool(tokens.take())
            else:
                ranges.append(_range(tokens))
            if len(ranges) > MOST_NUMBERS:
                tokens.fail(f"there are more than {MOST_NUMBERS} numbers", word)
        if not ranges and not missing:
            tokens.fail("this rule is for no value", word, expected=_RULES)
    expect(tokens, "=", _RULES)
    target = None
    if _at_missing(tokens):
        tokens.take()
    else:
        target = number(tokens, _RULES)
    if tokens.next.kind == "string":
        tokens.unsupported("labels of values are", tokens.next, do="leave it out")
    expect(tokens, ")", _RULES)
    return Rule(tuple(ranges), target, missing, nonmissing)


def _at_missing(tokens: Tokens) -> bool:
    """Whether `.` comes next, not as the beginning of a number such as .5."""
    if not tokens.at(".") or not tokens.touches() or tokens.peek(1).kind != "word":
        return tokens.at(".")
    if re.fullmatch("[a-z]", tokens.peek(1).text):
        do = "write . alone; the kinds of missing value are one here"
        tokens.fail("the kinds of missing value (.a to .z) are not told apart", tokens.next, do=do)
    return False


def _range(tokens: Tokens) -> Range:
    """Take a number or a range."""
    first = tokens.next
    low = _end(tokens, "min")
    if not tokens.at("/"):
        if low is None:
            tokens.fail("min stands only in a range", first, expected="as in min/20")
        return Range(low, low)
    tokens.take()
    high = _end(tokens, "max")
    if low is not None and high is not None and low > high:
        tokens.fail("this range is empty", first, expected="the smaller number first")
    return Range(low, high)


def _end(tokens: Tokens, word: str) -> float | None:
    """Take an end of a range: a number, or None for the word that means no bound."""
    if tokens.at(word):
        tokens.take()
        return None
    return number(tokens, _RULES)
