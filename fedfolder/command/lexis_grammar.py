"""`stsplit` and `merge`, from text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.command.expression_grammar import read_expression
from fedfolder.command.grammar import read_name
from fedfolder.command.lexis import BEGIN, END, Merge, Split
from fedfolder.command.names import abbreviates
from fedfolder.command.pieces import above_zero, expect, listed, options_of

if TYPE_CHECKING:
    from fedfolder.command.expression import Expression
    from fedfolder.command.lexer import Token, Tokens

_SPLIT = "as in stsplit fu, at(0 1 2 5 10)"
_MERGE = "as in merge m:1 sex age year using popmort, keepusing(rate)"
_AFTER = "as in after(_t = -age), the moment of birth in analysis time"


_AT_FAILURES = "stcox holds each failure against those at risk then, without cutting; or write at() with numbers"
_NOT_SPLIT = {
    "strata": _AT_FAILURES,
    "riskset": _AT_FAILURES,
    "nopreserve": "leave it out",
    "if": "write stset time if ..., or the condition after the model",
}
_NOT_MERGED = {
    "update": "take the variables of the table under names that the data do not have",
    "replace": "take the variables of the table under names that the data do not have",
    "force": "let the types agree: recode in node.toml",
    "generate": "write nogenerate, and keep(match) to leave out what the table has nothing for",
}
_MERGING = {
    "keepusing": "keepus",
    "keep": "keep",
    "assert": "assert",
    "nogenerate": "nogen",
    "noreport": "norep",
    "nolabel": "nol",
    "nonotes": "nonote",
    "sorted": "sorted",
}
_RESULTS = {"match": "mat", "master": "mas", "using": "us", "matched": "matched"}
_NUMBERED = {"1": "master", "2": "using", "3": "match", "matched": "match"}
_KEEPS = {("match",): "match", ("master", "match"): "match master"}


def read_split(tokens: Tokens) -> Split:
    """Take what follows the word `stsplit`; `CommandError` if it is not as it should be."""
    if tokens.at(","):
        _refuse_failures(tokens)
    name = read_name(tokens, "the name of the new variable")
    if name.text in {BEGIN, END}:
        tokens.fail(f"{name.text} is a time of every row", name, do="give the new variable another name")
    if tokens.at("if"):
        tokens.unsupported("`if` in stsplit is", tokens.next, do=_NOT_SPLIT["if"])
    expect(tokens, ",", _SPLIT)
    at: tuple[float, ...] = ()
    every: float | None = None
    after: Expression | None = None
    in_data = False
    alone: set[str] = set()
    known = {name: name for name in ("at", "every", "after", "trim", "icodes")}
    for option, word in options_of(tokens, known, _SPLIT, _NOT_SPLIT):
        if option in {"trim", "icodes"}:
            alone.add(option)
            continue
        expect(tokens, "(", _SPLIT)
        if option == "at":
            _refuse_failures(tokens)
            at = listed(tokens, _SPLIT)
        elif option == "every":
            every = above_zero(tokens, word, "every")
        else:
            in_data, after = _after(tokens)
        expect(tokens, ")", _SPLIT)
    if bool(at) == (every is not None):
        tokens.fail("stsplit needs to know where to cut", tokens.next, expected=f"at() or every(), {_SPLIT}")
    if alone and every is not None:
        what = f"{min(alone)} needs a first and a last number"
        tokens.fail(what, tokens.next, do="write at() instead of every()")
    return Split(name.text, at, every, after, "trim" in alone, "icodes" in alone, in_data)


def _refuse_failures(tokens: Tokens) -> None:
    """Say what to do instead of cutting at the times of failures."""
    ahead = 0 if tokens.at("failures") else next((n + 2 for n in range(9) if tokens.peek(n).text == "at"), None)
    if ahead is not None and tokens.peek(ahead).text == "failures":
        what = "cutting at failure times would tell each site when persons of the others failed, and is"
        tokens.unsupported(what, tokens.peek(ahead), do=_AT_FAILURES)


def _after(tokens: Tokens) -> tuple[bool, Expression]:
    """Take `_t = ` and a moment in analysis time, or `time = ` and one in units of the data."""
    if not tokens.at(END, "t", "time"):
        what = "after() takes a moment in analysis time (_t =), or in units of the data (time =)"
        tokens.fail(what, tokens.next, expected=_AFTER)
    in_data = tokens.take().text == "time"
    expect(tokens, "=", _AFTER)
    # `min(x, y)` is a function of one row; `min(x)` and `asis(x)` choose among the records of a person.
    if tokens.at("asis") or (tokens.at("min") and tokens.peek(3).text == ")"):
        what = f"{tokens.next.text}() of after() chooses among the records of a person, and is"
        tokens.unsupported(what, tokens.next, do="write what each record has: after(time = birth)")
    return in_data, read_expression(tokens)


def read_merge(tokens: Tokens) -> Merge:
    """Take what follows the word `merge`; `CommandError` if it is not as it should be."""
    for sign in ("m", ":", "1"):
        expect(tokens, sign, _MERGE)
    keys: list[str] = []
    while not tokens.at("using"):
        keys.append(read_name(tokens, "a variable to look up by").text)
    if not keys or len(set(keys)) < len(keys):
        tokens.fail("merge needs the variables to look up by, each once", tokens.next, expected=_MERGE)
    tokens.take()
    if tokens.next.kind == "string" or tokens.peek(1).text not in {",", ""}:
        do = "each site names its own file in node.toml, under [tables.popmort]"
        tokens.fail("a table is called by its name; no path travels", tokens.next, expected=_MERGE, do=do)
    table = read_name(tokens, "the name of a table").text
    expect(tokens, ",", _MERGE)
    names, keep = _read_merging(tokens)
    if not names or len({*names, *keys}) < len(names) + len(keys):
        tokens.fail("merge needs the variables to take, each once, and no key", tokens.next, expected=_MERGE)
    return Merge(tuple(keys), table, tuple(names), keep)


def _read_merging(tokens: Tokens) -> tuple[list[str], str]:
    """Take the options: the variables to take, and what becomes of rows that the table has nothing for."""
    names: list[str] = []
    keep = ""
    for option, word in options_of(tokens, _MERGING, _MERGE, _NOT_MERGED):
        if option == "keepusing":
            expect(tokens, "(", _MERGE)
            while not tokens.at(")"):
                names.append(read_name(tokens, "a variable of the table").text)
            tokens.take()
        elif option == "keep":
            keep = _keep(tokens, word)
        elif option == "assert":
            _assert(tokens, word)
    return names, keep


def _results(tokens: Tokens) -> tuple[str, ...]:
    """Take the words of `keep()` or `assert()`, in the order of the alphabet."""
    expect(tokens, "(", "as in keep(match)")
    found: list[str] = []
    while not tokens.at(")") and tokens.next.kind != "end":
        word = tokens.take().text
        full = next((name for name, short in _RESULTS.items() if abbreviates(word, name, short)), word)
        found.append(_NUMBERED.get(full, full))
    expect(tokens, ")", "as in keep(match)")
    return tuple(sorted(set(found)))


def _keep(tokens: Tokens, word: Token) -> str:
    """What becomes of rows that the table has nothing for."""
    found = _results(tokens)
    if "using" in found:
        do = "write keep(match), or keep(match master); a row of the table that nobody has is nobody's"
        tokens.fail("keep(using) would make rows of a table persons", word, do=do)
    if found not in _KEEPS:
        tokens.fail("this is nothing that merge can keep", word, expected="keep(match) or keep(match master)")
    return _KEEPS[found]


def _assert(tokens: Tokens, word: Token) -> None:
    """What is asserted is what holds without `keep()`: each row has a match, and the table may have more."""
    if _results(tokens) != ("match", "using"):
        do = "write assert(match using), or nothing: a row without a match is an error, unless keep() says otherwise"
        tokens.fail("merge asserts that each row has a match, and nothing else", word, do=do)
