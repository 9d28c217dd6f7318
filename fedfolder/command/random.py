"""How commands name a random intercept: `|| variable:` after the terms, as in Stata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.command import grammar

if TYPE_CHECKING:
    from fedfolder.command.lexer import Token, Tokens

SIGN = "||"
"""What stands before it."""

EXPECTED = "such as || hospital:"


def read_random(tokens: Tokens) -> Token:
    """Take the variable whose values have an intercept each, up to the comma.

    Raises
    ------
    CommandError
        If there is more than one random intercept, or anything else that is random.
    """
    variable = grammar.read_name(tokens, "the variable whose values have a random intercept")
    if not tokens.at(":"):
        tokens.fail("a random intercept ends with a colon", tokens.next, expected=f"{variable.text}:")
    tokens.take()
    if tokens.at("|"):
        tokens.unsupported("random intercepts at several levels are", tokens.next)
    if tokens.next.kind != "end" and not tokens.at(","):
        tokens.unsupported("random coefficients are", tokens.next, do="leave only the colon after the variable")
    return variable
