"""The text of an expression to its tree, by recursive descent of a bounded depth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from fedfolder.command.expression import (
    BINARY,
    COMPARISON,
    FUNCTIONS,
    LARGEST,
    OR,
    POWER,
    SYNONYMS,
    Binary,
    Call,
    Estimate,
    Missing,
    Name,
    Number,
    Text,
    Unary,
    depth,
)
from fedfolder.command.lexer import Token, Tokens
from fedfolder.command.terms import is_name, unquoted
from fedfolder.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fedfolder.command.expression import (
        Expression,
    )

DEEPEST = 30
"""Parentheses, functions and signs within one another."""

LONGEST = 100
"""Parts on the longest way down a tree, such as a chain of `|`; a list belongs into inlist()."""

MOST_PARTS = 1000
"""Numbers, names, signs and functions in one expression."""

_LEXEME = re.compile(
    r"""\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!\w))
    |(?P<missing>\.[a-z]?(?!\w))
    |(?P<name>[^\W\d]\w*)
    |(?P<string>"(?:[^"]|"")*")
    |(?P<sign>[=!~<>]=|&&|\|\||.)
    |(?P<end>\Z))""",
    re.DOTALL | re.VERBOSE,
)
_ESTIMATE = re.compile(r'\s*\[((?:[^\]"]|(?>"(?:[^"]|"")*"))+)\]')
_NOT_OURS = ("_n", "_N", "_pi", "_rc", "_cons")
_HINTS = {
    "=": "to compare, write ==",
    "&&": "write &",
    "||": "write |",
    "[": "values of other rows (x[1]) are not to be had",
    "'": "macros are not to be had",
    "`": "macros are not to be had",
}


def parse_expression(text: str, *, estimates: bool = False) -> Expression:
    """Read a text that is an expression and nothing else.

    Parameters
    ----------
    text : str
        Such as `sex==2 & age>=50`.
    estimates : bool
        Whether `_b[age]` and `_se[age]` may stand in it.

    Returns
    -------
    Expression
        `parse_expression(str(expression)) == expression`.

    Raises
    ------
    CommandError
        With a caret under the place.
    """
    tokens = Tokens(text)
    expression = read_expression(tokens, estimates=estimates)
    if tokens.next.kind != "end":
        refuse_rest(tokens, "the end of the expression")
    return expression


def read_expression(tokens: Tokens, *, estimates: bool = False) -> Expression:
    """Take an expression; what cannot belong to it any more is left, for the caller to judge.

    Raises
    ------
    CommandError
        If there is none, or it is too long or too deep.
    """
    reader = _Reader(tokens, estimates=estimates)
    start = reader.next.start
    expression = reader.chain(OR)
    if depth(expression) > LONGEST:
        tokens.fail("this expression is too long", start, do="shorten it; inlist(x, 1, 2, 3) tests for a list")
    tokens.take_until(reader.next.start)
    return expression


def refuse_rest(tokens: Tokens, expected: str) -> NoReturn:
    """Raise for what follows an expression and should not."""
    token = tokens.next
    tokens.fail(f"found {token.text[0]} after an expression", token, expected=expected, do=_HINTS.get(token.text, ""))


class _Reader:
    """Reads one expression, by lexemes of its own: `1.5e-3` and `<=` are several tokens to the rest of a command."""

    def __init__(self, tokens: Tokens, *, estimates: bool) -> None:
        self._tokens = tokens
        self._estimates = estimates
        self._deep = 0
        self._parts = 0
        self._move(tokens.next.start)

    def _move(self, position: int) -> None:
        """Make the lexeme at `position` the next one."""
        found = _LEXEME.match(self._tokens.text, position, self._tokens.stop)
        # Something always matches: any sign, or the end.
        kind = str(found.lastgroup) if found else "end"
        self.next = Token(kind, found[kind], found.start(kind)) if found else Token("end", "", position)

    def _take(self) -> Token:
        taken = self.next
        self._parts += 1
        if self._parts > MOST_PARTS:
            self._tokens.fail(f"an expression has at most {MOST_PARTS} parts", taken)
        self._move(taken.end)
        return taken

    def _take_sign(self, *signs: str) -> bool:
        """Take the next lexeme if it is one of these signs."""
        found = self.next.kind == "sign" and self.next.text in signs
        if found:
            self._take()
        return found

    def _deeper(self, read: Callable[[], Expression]) -> Expression:
        """Read one level further down."""
        self._deep += 1
        if self._deep > DEEPEST:
            self._tokens.fail("this expression is nested too deeply", self.next, do="compute a part of it by generate")
        expression = read()
        self._deep -= 1
        return expression

    def chain(self, loosest: int) -> Expression:
        """Operands with signs between them that hold at least as tightly as `loosest`, from the left."""
        left = self._negation()
        while (hold := self._sign_ahead()) >= loosest:
            sign = self._take()
            left = Binary(_canonical(sign.text), left, self.chain(hold + 1))
            if hold == COMPARISON:
                self._one_kind_of_missing(left.parts, sign)
                self._no_chain()
        if self.next.text in {"=", "&&", "||"}:
            self._tokens.fail(f"found {self.next.text} in an expression", self.next, do=_HINTS[self.next.text])
        return left

    def _no_chain(self) -> None:
        """Refuse `1<x<5`, which compares the 0 or 1 of `1<x` with 5."""
        if self._sign_ahead() == COMPARISON:
            do = "write two comparisons: 1<x & x<5, or (a<b)==c"
            self._tokens.fail("a comparison of a comparison", self.next, do=do)

    def _one_kind_of_missing(self, compared: Iterable[Expression], sign: Token) -> None:
        """Refuse to compare with one kind of missing value."""
        if any(isinstance(part, Missing) and part.code for part in compared):
            what = "the kinds of missing value (.a to .z) are one here, and cannot be told apart"
            self._tokens.fail(what, sign, do="write x<. or missing(x)")

    def _sign_ahead(self) -> int:
        """How tightly the sign that comes next holds; 0 if what comes next stands between no operands."""
        if self.next.kind != "sign":
            return 0
        return BINARY.get(_canonical(self.next.text), 0)

    def _negation(self) -> Expression:
        if self._take_sign("-"):
            return Unary("-", self._deeper(self._negation))
        if self._take_sign("+"):
            return self._deeper(self._negation)
        base = self._tight()
        if not self._take_sign("^"):
            return base
        power = Binary("^", base, self._exponent())
        if self._sign_ahead() == POWER:
            self._tokens.fail("a power of a power", self.next, do="write (a^b)^c or a^(b^c)")
        return power

    def _exponent(self) -> Expression:
        """What stands after `^`: it may have a sign of its own."""
        return Unary("-", self._deeper(self._exponent)) if self._take_sign("-") else self._tight()

    def _tight(self) -> Expression:
        return Unary("!", self._deeper(self._exponent)) if self._take_sign("!", "~") else self._primary()

    def _primary(self) -> Expression:
        kind = self.next.kind
        if kind == "number":
            return self._number()
        if kind == "missing":
            return Missing(self._take().text[1:])
        if kind == "string":
            return Text(unquoted(self._take().text))
        if kind == "name":
            return self._name()
        opening = self.next
        if not self._take_sign("("):
            found = f"found {opening.text} instead of" if opening.text else "the expression ends before"
            what = "a number, text, name or function"
            self._tokens.fail(f"{found} {what}", opening, expected=what, do=_HINTS.get(opening.text, ""))
        inside = self._deeper(lambda: self.chain(OR))
        self._close(opening)
        return inside

    def _number(self) -> Number:
        value = float(self.next.text)
        if value >= LARGEST:
            self._tokens.fail("this number is too large", self.next, expected="numbers below 8.9e307")
        self._take()
        return Number(value)

    def _name(self) -> Expression:
        word = self._take()
        if word.text in ("_b", "_se", "_coef"):
            return self._estimate(word)
        if self.next.text == "(":
            return self._call(word)
        if word.text in _NOT_OURS or not is_name(word.text):
            what = f"{word.text[:32]} is not the name of a variable"
            self._tokens.fail(what, word, expected="a variable of the data, or one derived from them")
        return Name(word.text)

    def _estimate(self, word: Token) -> Estimate:
        """`_b[…]`: what is in the brackets is the name of a parameter."""
        if not self._estimates:
            self._tokens.fail("estimates are known only after a fit", word, do="use them in nlcom or lincom")
        found = _ESTIMATE.match(self._tokens.text, word.end, self._tokens.stop)
        if found is None or not found[1].strip():
            self._tokens.fail("this names no parameter", word, expected="the name in brackets, as in _b[age]")
        self._move(found.end())
        return Estimate("se" if word.text == "_se" else "b", found[1].strip())

    def _call(self, word: Token) -> Call:
        name = SYNONYMS.get(word.text, word.text)
        if name not in FUNCTIONS:
            known = [*FUNCTIONS, *SYNONYMS]
            self._tokens.fail(f"there is no function {word.text[:32]} here", word, do=nearest(word.text, known))
        opening = self._take()
        arguments = [self._deeper(lambda: self.chain(OR))]
        while self._take_sign(","):
            arguments.append(self._deeper(lambda: self.chain(OR)))
        self._close(opening)
        fewest, most = FUNCTIONS[name]
        if len(arguments) < fewest or (most is not None and len(arguments) > most):
            count = f"{fewest} arguments" if most == fewest else f"{fewest} to {most} arguments" if most else ""
            expected = count or f"{fewest} arguments or more"
            self._tokens.fail(f"{name}() has {len(arguments)} arguments here", word, expected=expected)
        if name in {"inlist", "inrange"}:
            self._one_kind_of_missing(arguments, word)
        return Call(name, tuple(arguments))

    def _close(self, opening: Token) -> None:
        """Take the closing parenthesis."""
        if self._take_sign(")"):
            return
        if self.next.kind == "end":
            self._tokens.fail("the parenthesis that opens here is not closed", opening, expected=")")
        do = _HINTS.get(self.next.text, "")
        self._tokens.fail(f"found {self.next.text} within parentheses", self.next, expected=")", do=do)


def _canonical(sign: str) -> str:
    """`~=` is another `!=`."""
    return "!=" if sign == "~=" else sign
