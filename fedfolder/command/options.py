"""The options that this release knows, in one table, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import arguments, splines, standardised
from fedfolder.command.families import FAMILY_EXPECTED, LINK_EXPECTED, canonical_family, canonical_link
from fedfolder.command.models import TABLE, model_of
from fedfolder.command.names import abbreviates
from fedfolder.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedfolder.command.lexer import Token, Tokens

_VCE_NOT_OURS = ("bootstrap", "jackknife", "jackknife1", "opg", "eim", "hac", "hc2", "hc3", "unbiased")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command, by its full name; `argument` is the canonical text in its parentheses, or None."""

    name: str
    argument: str | None = None

    def __str__(self) -> str:
        """`noconstant`, `level(90)`."""
        return self.name if self.argument is None else f"{self.name}({self.argument})"


@dataclass(frozen=True, slots=True)
class OptionRule:
    """How an option is written.

    Parameters
    ----------
    name, shortest : str
        The full name and its shortest abbreviation; every prefix between them will do.
    models : frozenset of str or None
        The models that have it, None for all.
    canonical : callable or None
        From the text in parentheses to its canonical text, or to None where that text will not do. None for an option
        without an argument.
    expected : str
        What the argument is, for a person.
    has : callable or None
        Whether a model has it, by its name; used where `models` is None.
    stands_for : tuple of (str, str) or None
        Another option and the beginning of its argument, for an older word: `cluster(id)` is `vce(cluster id)`.
    bare : str
        Another option that the word alone stands for, without an argument: `time` is `aft`, and `time(t)` is not.
    """

    name: str
    shortest: str
    models: frozenset[str] | None = None
    canonical: Callable[[str], str | None] | None = None
    expected: str = ""
    has: Callable[[str], bool] | None = None
    stands_for: tuple[str, str] | None = None
    bare: str = ""

    def serves(self, model: str) -> bool:
        """Whether the model of this name has the option."""
        if self.models is not None:
            return model in self.models
        return self.has is None or self.has(model)

    def option(self, argument: str | None) -> Option:
        """The option with its canonical argument, by its present name."""
        if argument is None and self.bare:
            return Option(self.bare)
        if self.stands_for is None:
            return Option(self.name, argument)
        name, beginning = self.stands_for
        return Option(name, " ".join(part for part in (beginning, argument) if part) or None)


def _ratio(name: str) -> OptionRule:
    """The rule of an option that names exponentiated coefficients."""
    return OptionRule(
        name,
        {"irr": "ir", "rrr": "rr"}.get(name, name),
        has=lambda model: model_of(model).ratio == name,
    )


_GLM, _SETS, _NAME = frozenset({"glm"}), frozenset({"clogit"}), "the name of a variable"
_STREG, _STCOX, _STPM2 = frozenset({"streg"}), frozenset({"stcox"}), frozenset({splines.STPM2})
_AVERAGED = _STREG | _STPM2
_TIMES = "at most {} times above zero, such as 1 5 10 or 1/10"
_KNOTS = "times above zero in rising order, such as 1 2.5 or 1/5"
_DF = f"a whole number from 1 to {splines.MOST_COLUMNS}"
_WITH_DISTRIBUTION = frozenset({"streg", "mestreg"})
_WITH_NOHR = _WITH_DISTRIBUTION | _STCOX
_DISTRIBUTIONS = ", ".join(dict.fromkeys(meant for meant, _ in arguments.DISTRIBUTIONS.values()))


def _is_survival(model: str) -> bool:
    return model_of(model).survival


def _is_random(model: str) -> bool:
    return model_of(model).random


OPTIONS = (
    OptionRule("family", "f", _GLM, canonical_family, FAMILY_EXPECTED),
    OptionRule("link", "l", _GLM, canonical_link, LINK_EXPECTED),
    OptionRule("group", "gr", _SETS, arguments.variable, _NAME),
    OptionRule("strata", "str", _SETS, arguments.variable, _NAME, stands_for=("group", "")),
    OptionRule(
        "strata", "st", _STCOX, arguments.strata, "up to five variables; _node among them for a baseline of each node"
    ),
    OptionRule("grid", "grid", _STCOX, arguments.grid, "a number above zero, in the unit of the times"),
    OptionRule("phtest", "pht", _STCOX, arguments.phtest, "log, time, rank or km"),
    OptionRule("basesurv", "base", _STCOX, arguments.times, _TIMES.format(arguments.MOST_TIMES)),
    OptionRule("breslow", "bre", _STCOX),
    OptionRule("efron", "efr", _STCOX),
    OptionRule("distribution", "d", _WITH_DISTRIBUTION, arguments.distribution, _DISTRIBUTIONS),
    OptionRule("time", "time", None, arguments.variable, _NAME, _is_survival, bare="aft"),
    OptionRule("failure", "f", None, arguments.variable, _NAME, _is_survival),
    OptionRule("entry", "en", None, arguments.variable, _NAME, _is_survival),
    OptionRule("id", "id", None, arguments.variable, _NAME, _is_survival),
    OptionRule("aft", "aft", _STREG),
    OptionRule("bhazard", "bh", _STPM2, arguments.variable, _NAME),
    OptionRule("scale", "sca", _STPM2, splines.scale, "hazard, odds or normal"),
    OptionRule("df", "df", _STPM2, splines.df, _DF),
    OptionRule("knots", "kn", _STPM2, splines.knots, _KNOTS),
    OptionRule("bknots", "bk", _STPM2, splines.boundary_knots, "two times, the smaller first"),
    OptionRule("noorthog", "noorth", _STPM2),
    OptionRule("lrmodel", "lrmodel", _STPM2),
    OptionRule("tvc", "tvc", _STPM2, splines.terms, "terms, such as x or i.g, of names of 24 characters at most"),
    OptionRule("dftvc", "dft", _STPM2, splines.df_by_term, f"{_DF}, or one for each variable: x: 3 z: 2"),
    OptionRule("knotstvc", "knotst", _STPM2, splines.knots_by_term, f"{_KNOTS}, for each variable: x: 1 2.5 z: 2"),
    OptionRule("binomial", "bin", frozenset({"melogit"}), arguments.binomial, "the number of trials, or its variable"),
    OptionRule(
        "baseoutcome", "b", frozenset({"mlogit"}), arguments.base_outcome, 'a whole number, or a level in quotes: "no"'
    ),
    OptionRule("offset", "off", None, arguments.variable, _NAME, lambda model: model_of(model).offset),
    OptionRule("exposure", "e", None, arguments.variable, _NAME, lambda model: model_of(model).exposure),
    OptionRule("lnoffset", "lnoff", _GLM, arguments.variable, _NAME, stands_for=("exposure", "")),
    OptionRule("noconstant", "nocons", has=lambda model: model_of(model).constant),
    OptionRule("standsurv", "stand", _AVERAGED, standardised.times, _TIMES.format(standardised.MOST_TIMES)),
    *(
        OptionRule(name, name, _AVERAGED, standardised.pattern, "variables with values, such as stage 3 sex 2; or .")
        for name in standardised.AT
    ),
    OptionRule("intpoints", "intp", None, arguments.points, f"a number from 1 to {arguments.MOST_POINTS}", _is_random),
    OptionRule("intmethod", "intm", None, arguments.method, arguments.METHOD, _is_random),
    OptionRule(
        "vce", "vce", canonical=arguments.vce, expected="oim, robust, cluster variable, or cluster variable, across"
    ),
    OptionRule("robust", "r", stands_for=("vce", "robust")),
    OptionRule("cluster", "cl", canonical=arguments.variable, expected=_NAME, stands_for=("vce", "cluster")),
    OptionRule(
        "level", "l", canonical=arguments.level, expected="a number from 10 to 99.99, with at most two decimals"
    ),
    _ratio("or"),
    _ratio("irr"),
    _ratio("rrr"),
    OptionRule("nohr", "nohr", _WITH_NOHR),
    _ratio("tr"),
    OptionRule("tratio", "tra", _STREG, stands_for=("tr", "")),
    OptionRule("eform", "ef", has=lambda model: model_of(model).eform),
)
"""Every option of this release. Options of a command are kept in this order, and a word means the first that fits."""

OPTION_NAMES = {rule.name: rule for rule in OPTIONS}


OF_DISPLAY = {"nolog": "nolo", "noshow": "nosh"}
"""Options of Stata's that say what a run shows, each with its shortest abbreviation: they are read, and left out."""


def in_order(options: Sequence[Option]) -> tuple[Option, ...]:
    """Options in the order of the table."""
    places = {rule.name: place for place, rule in enumerate(OPTIONS)}
    return tuple(sorted(options, key=lambda option: places[option.name]))


def read_options(tokens: Tokens, model: str) -> dict[str, tuple[Option, Token]]:
    """Take everything after the comma.

    Returns
    -------
    dict of str to (Option, Token)
        By name, in the order of the table, each with the word it begins with.

    Raises
    ------
    CommandError
        With the caret under the place.
    UnknownNameError
        If the model has no such option.
    """
    found: dict[str, tuple[Option, Token]] = {}
    while tokens.next.kind != "end":
        word = tokens.next
        if word.text == ",":
            tokens.fail("options follow one comma; this is another one", word, do="leave it out")
        if word.kind != "word":
            tokens.fail("this is not the name of an option", word, expected="an option such as level(90)")
        if any(abbreviates(word.text, name, shortest) for name, shortest in OF_DISPLAY.items()):
            tokens.take()
            continue
        rule = _rule(word.text, model)
        tokens.take()
        option = rule.option(_read_argument(tokens, word, rule, model))
        if option.name in found:
            tokens.fail(f"the option {option.name} is given twice", word, do="leave one of them out")
        found[option.name] = (option, word)
    return {rule.name: found[rule.name] for rule in OPTIONS if rule.name in found}


def joined(
    tokens: Tokens, before: dict[str, tuple[Option, Token]], after: dict[str, tuple[Option, Token]]
) -> dict[str, tuple[Option, Token]]:
    """The options of two places in a command, which has each once.

    Raises
    ------
    CommandError
        With the caret under the second one.
    """
    for name in before.keys() & after.keys():
        tokens.fail(f"the option {name} is given twice", after[name][1], do="leave one of them out")
    both = before | after
    return {rule.name: both[rule.name] for rule in OPTIONS if rule.name in both}


def _rule(word: str, model: str) -> OptionRule:
    """The rule of the option that this word names or abbreviates."""
    known = [rule for rule in OPTIONS if rule.serves(model)]
    for rule in known:
        if abbreviates(word, rule.name, rule.shortest):
            return rule
    others = [other for other in TABLE if any(rule.name == word and rule.serves(other) for rule in OPTIONS)]
    raise UnknownNameError(
        f"{model} has no option of this name in this release",
        found=word,
        expected=f"an option of {model}; this one is that of {', '.join(others)}" if others else "",
        do=nearest(word, [rule.name for rule in known]),
    )


def _closing(tokens: Tokens, opening: Token) -> Token:
    """Take what stands in parentheses, lists such as `0(0.5)10` among it, and return the last one."""
    depth, last = 0, opening
    while depth or last is opening:
        depth += tokens.at("(") - tokens.at(")")
        last = tokens.take()
        if last.kind == "end":
            tokens.fail("the parenthesis that opens here is not closed", opening, expected=")")
    return last


def _read_argument(tokens: Tokens, word: Token, rule: OptionRule, model: str) -> str | None:
    """The canonical argument that follows in parentheses, where the rule asks for one."""
    opening = tokens.next
    if rule.canonical is None:
        if opening.text == "(":
            tokens.fail(f"the option {rule.name} takes no argument", opening, do=f"write {rule.name} alone")
        return None
    if opening.text != "(" and rule.bare and OPTION_NAMES[rule.bare].serves(model):
        return None
    if opening.text != "(":
        tokens.fail(f"the option {rule.name} needs an argument", word.end, expected=f"{rule.name}(…): {rule.expected}")
    argument = tokens.text[opening.end : _closing(tokens, opening).start].strip()
    canonical = rule.canonical(argument)
    if rule.name == "vce" and argument.split(" ")[0] in _VCE_NOT_OURS:
        tokens.unsupported(f"vce({argument.split(' ')[0]}) is", opening.end)
    if canonical is None or (rule.name == "vce" and argument == "ols" and model != "regress"):
        tokens.fail(f"this is not an argument of {rule.name}()", opening.end, expected=rule.expected)
    return canonical
