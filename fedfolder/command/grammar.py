"""The right-hand side of a command: factor-variable notation after Stata's, expanded to terms.

    product  = operand { "#" operand } | operand { "##" operand }
    operand  = [ operator ] name | [ operator ] "(" product … ")"
    operator = "i." | "c." | "ib" level "." | "ib(first)." | "ib(last)." | "ib(freq)." | "ibn."

An operand stands for a list of terms. `A#B` joins each term of A with each of B; `A##B` is A, then B, then `A#B`, so
that `a##b##c` comes in Stata's order: a b a#b c a#c b#c a#b#c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from fedfolder.command.terms import CONSTANT_NAME, LONGEST_NAME, Factor, Term, is_name, unquoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.command.lexer import Token, Tokens

LARGEST_ORDER = 8
"""Variables in one interaction, as in Stata. It also bounds what a short text can expand to."""

MOST_TERMS = 2000
"""Terms in one command."""

_SIGNS = {
    "*": "wildcards (x*) are",
    "?": "wildcards (x?) are",
    "~": "wildcards (x~y) are",
    "-": "ranges of variables (a-b) are",
    ":": "prefixes (by x:) are",
    "|": "nested terms (a|b) are",
}
_WORDS = {"in": "`in` is", "using": "`using` is", "_all": "`_all` is"}
_OPERATORS = (
    (r"bn|i?[0-9]+bn", "this way of leaving no level out is"),
    (r"i?b[0-9]*", "this way of giving a base is"),
    (r"[0-9]+|i[0-9]+|i?[0-9]+b", "single levels (2.race) are"),
    (r"i?[0-9]*o|co", "the operator for omitted terms (o.) is"),
    (r"(?i:[lfds][0-9]*)+", "time-series operators (l. f. d. s.) are"),
)
_USE_BASE = 'write ib2.race, or ib"East".region for a level that is text'
_CHOICES = {"first", "last", "freq"}


@dataclass(frozen=True, slots=True)
class _Operator:
    """What stands before the dot: `continuous`, or a factor with perhaps a base or a rule for it."""

    continuous: bool
    base: str | None = None
    rule: str = ""

    def term(self, name: str) -> Term:
        return Term(continuous=(name,)) if self.continuous else Term((Factor(name, self.base, self.rule),))


def read_name(tokens: Tokens, what: str = "the name of a variable") -> Token:
    """Take the next token, which must be a name that a variable can have.

    Raises
    ------
    CommandError
        If it is not, or if it is something that Stata knows and this release does not.
    """
    token = tokens.next
    refuse_unsupported(tokens)
    if token.text == "if" and token.kind == "word":
        tokens.fail(f"found `if` instead of {what}", token, expected=what)
    if token.text == CONSTANT_NAME:
        tokens.fail("_cons is the constant's own name", token, do="the constant is there without being named")
    if token.kind != "word":
        found = f"found {token.text[0]} instead of" if token.text else "the command ends before"
        tokens.fail(f"{found} {what}", token, expected=what)
    if len(token.text) > LONGEST_NAME:
        tokens.fail(f"a name has at most {LONGEST_NAME} characters", token)
    if not is_name(token.text):
        tokens.fail(f"this is not {what}", token, expected="letters, digits and _, not a digit first")
    return tokens.take()


def refuse_unsupported(tokens: Tokens) -> None:
    """Raise if the next token begins something that Stata has and this release has not."""
    token = tokens.next
    known = _WORDS if token.kind == "word" else _SIGNS if token.kind == "sign" else {}
    if token.text in known:
        tokens.unsupported(known[token.text], token)


def read_operator(tokens: Tokens) -> _Operator | None:
    """Take the operator that begins here, with its dot; None, and nothing taken, if there is none.

    Raises
    ------
    CommandError
        For an operator of Stata's that this release has not, and for one that nobody has.
    """
    word, after = tokens.next, tokens.peek(1)
    if word.kind != "word" or not tokens.touches():
        return None
    if word.text == "ib" and after.kind == "string" and tokens.peek(2).text == "." and tokens.touches(2):
        base = unquoted(after.text)
        operator = _Operator(continuous=False, base=base)
        tokens.take()
    elif after.text == ".":
        operator = _operator(tokens, word)
    elif after.kind == "string":
        tokens.fail("text in quotes stands only as a base", after, do=_USE_BASE)
    elif after.text == "(":
        operator = _chosen_base(tokens, word)
        for _ in range(3):  # and the dot below
            tokens.take()
    else:
        return None
    tokens.take()
    dot = tokens.take()
    if tokens.next.start != dot.end:
        tokens.fail("a variable stands right after its operator, without a space", dot.end)
    return operator


def _operator(tokens: Tokens, word: Token) -> _Operator:
    """The operator that is this word before a dot."""
    if word.text in ("i", "c"):
        return _Operator(continuous=word.text == "c")
    if word.text == "ibn":
        return _Operator(continuous=False, rule="none")
    base = re.fullmatch("ib([0-9]+)", word.text)
    if base is None:
        _refuse_operator(tokens, word)
    return _Operator(continuous=False, base=base[1])


def _chosen_base(tokens: Tokens, word: Token) -> _Operator:
    """The operator that begins with this word and a parenthesis: `ib(last).`."""
    rule = tokens.peek(2).text
    whole = tokens.peek(3).text == ")" and tokens.peek(4).text == "." and all(tokens.touches(n) for n in (2, 3, 4))
    if word.text != "ib" or rule not in _CHOICES or not whole:
        _refuse_operator(tokens, word)
    return _Operator(continuous=False, rule=rule)


def _refuse_operator(tokens: Tokens, word: Token) -> NoReturn:
    """Raise for an operator that is not ours, saying whether Stata has it."""
    for pattern, what in _OPERATORS:
        if re.fullmatch(pattern, word.text, flags=re.ASCII):
            tokens.unsupported(what, word, do=_USE_BASE if "base" in what else "")
    tokens.fail(f"{word.text[:LONGEST_NAME]} is not an operator", word, expected="i., c. or ib#.", do=_USE_BASE)


def read_terms(tokens: Tokens) -> list[tuple[Term, Token]]:
    """Take one item of the right-hand side and expand it.

    Returns
    -------
    list of (Term, Token)
        In Stata's order, each with the token that its item begins with; a term may occur twice.

    Raises
    ------
    CommandError
        With the caret under the place.
    """
    first = tokens.next
    return [(_Operator(continuous=True).term(t) if isinstance(t, str) else t, first) for t in _product(tokens)]


def _product(tokens: Tokens, *, inside: bool = False) -> list[Term | str]:
    """Take a product and expand it; a name that stands alone stays a name, since what it means depends on where."""
    first = tokens.next
    operator = read_operator(tokens)
    operand = _operand(tokens, operator, inside=inside)
    if not tokens.at("#", "##"):
        if operator is None and first.text == "(":
            tokens.fail("this list in parentheses stands alone", first, expected="i.(a b), c.(a b) or a#(b c)")
        return operand
    join = tokens.next.text
    terms = _as_factors(operand)
    while tokens.at("#", "##"):
        sign = tokens.take()
        if sign.text != join:
            tokens.unsupported("# and ## in one term are", sign, do="write the terms out")
        right = _as_factors(_operand(tokens, read_operator(tokens), inside=inside))
        crossed = _cross(tokens, sign, terms, right)
        terms = crossed if join == "#" else [*terms, *right, *crossed]
    return list(terms)


def _as_factors(operand: list[Term | str]) -> list[Term]:
    """Bare names become factors, which is what they are in an interaction."""
    return [_Operator(continuous=False).term(item) if isinstance(item, str) else item for item in operand]


def _operand(tokens: Tokens, operator: _Operator | None, *, inside: bool) -> list[Term | str]:
    """Take a name or a list in parentheses, and apply to it the operator that came before."""
    if not tokens.at("("):
        name = read_name(tokens).text
        return [operator.term(name) if operator else name]
    opening = tokens.take()
    if inside:
        tokens.unsupported("parentheses within parentheses are", opening)
    items: list[Term | str] = []
    while not tokens.at(")"):
        if tokens.next.kind == "end" or tokens.at(","):
            tokens.fail("the parenthesis that opens here is not closed", opening, expected=")")
        start = tokens.next
        for item in _product(tokens, inside=True):
            if operator and not isinstance(item, str):
                tokens.fail("an operator before a list applies to plain names", start, expected="as in i.(a b)")
            items.append(operator.term(item) if operator and isinstance(item, str) else item)
        _limit(tokens, start, len(items))
    if not items:
        tokens.fail("there is nothing between the parentheses", opening, expected="names of variables")
    tokens.take()
    return items


def _cross(tokens: Tokens, sign: Token, left: Sequence[Term], right: Sequence[Term]) -> list[Term]:
    """Each term of `left` joined with each of `right`, the left one slowest."""
    _limit(tokens, sign, len(left) * len(right))
    crossed = [Term(a.factors + b.factors, a.continuous + b.continuous) for a in left for b in right]
    for term in crossed:
        names = [factor.variable for factor in term.factors]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            tokens.fail(f"the factor {twice} meets itself in one term", sign, expected="different factors")
        if len(names) + len(term.continuous) > LARGEST_ORDER:
            tokens.fail(f"an interaction has at most {LARGEST_ORDER} variables", sign)
    return crossed


def _limit(tokens: Tokens, at: Token | int, count: int) -> None:
    """Raise if there are too many terms, before they fill the memory."""
    if count > MOST_TERMS:
        tokens.fail(f"a command has at most {MOST_TERMS} terms", at)


def one_base_each(tokens: Tokens, found: Sequence[tuple[Term, Token]]) -> tuple[Term, ...]:
    """The terms without repetitions, each factor with its one base wherever it stands.

    Raises
    ------
    CommandError
        If the command gives a factor two bases, or there are too many terms.
    """
    rules: dict[str, Factor] = {}
    for term, token in found:
        for factor in term.factors:
            given = factor.base is not None or factor.rule
            if given and rules.setdefault(factor.variable, factor) != factor:
                tokens.fail(f"{factor.variable} has another base earlier in the command", token, expected="one base")
    _limit(tokens, found[-1][1] if found else 0, len(found))
    unique: dict[object, Term] = {}
    for term, _ in found:
        factors = tuple(rules.get(f.variable, f) for f in term.factors)
        unique.setdefault(term.key, Term(factors, term.continuous))
    return tuple(unique.values())
