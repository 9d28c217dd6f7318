"""The options that this release knows, in one table, and how they are written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import splines
from fedfolder.command.families import FAMILY_EXPECTED, LINK_EXPECTED, canonical_family, canonical_link
from fedfolder.command.models import model_of
from fedfolder.command.terms import is_name, quoted, unquoted
from fedfolder.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedfolder.command.lexer import Token, Tokens

SMALLEST_LEVEL, LARGEST_LEVEL = 10.0, 99.99
"""Percent: the confidence levels that Stata takes."""

DEFAULT_LEVEL = 95.0

_VCE_NOT_OURS = ("bootstrap", "jackknife", "jackknife1", "opg", "eim", "hac", "hc2", "hc3", "unbiased")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command, by its full name; `argument` is the canonical text in its parentheses, or None."""

    name: str
    argument: str | None = None

    def __str__(self) -> str:
        """`noconstant`, `level(90)`."""
        return self.name if self.argument is None else f"{self.name}({self.argument})"


def _level(text: str) -> str | None:
    """The canonical text of a confidence level, None if it is not one."""
    number = re.fullmatch(r"([0-9]{2})(\.[0-9]{0,2})?", text)
    if number is None or not SMALLEST_LEVEL <= float(text) <= LARGEST_LEVEL:
        return None
    return f"{float(text):g}"


def _variable(text: str) -> str | None:
    """The name of a variable, None if it is not one."""
    return text if is_name(text) else None


def _vce(text: str) -> str | None:
    """The canonical text of a kind of variance: `oim`, `robust`, `cluster id` or `cluster id, across`."""
    kinds = {"oim": "oim", "ols": "ols", "robust": "r"}
    for kind, shortest in kinds.items():
        if abbreviates(text, kind, shortest):
            return "oim" if kind == "ols" else kind
    cluster = re.fullmatch(r"(cl\w*)\s+(\w+)\s*(,\s*across)?", text)
    if cluster is None or not abbreviates(cluster[1], "cluster", "cl") or not is_name(cluster[2]):
        return None
    return f"cluster {cluster[2]}{', across' if cluster[3] else ''}"


def _grid(text: str) -> str | None:
    """The canonical text of a number above zero."""
    number = re.fullmatch(r"[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?", text)
    try:
        value = float(text) if number else 0.0
    except ValueError:
        return None
    return repr(value).removesuffix(".0") if value > 0 and math.isfinite(value) else None


def _phtest(text: str) -> str | None:
    """What time a test of proportional hazards is about."""
    return text if text in {"log", "time"} else None


MOST_TIMES = 100
"""Times that `basesurv()` takes."""


def _times(text: str) -> str | None:
    """The canonical text of some times above zero, ascending."""
    found = [_grid(word) for word in text.split()]
    times = sorted({float(time) for time in found if time is not None})
    return " ".join(f"{_grid(repr(time))}" for time in times) if times and None not in found[:MOST_TIMES] else None


MOST_STRATA = 5
"""Variables that `strata()` takes, as Stata's."""


def _strata(text: str) -> str | None:
    """The names of the variables of `strata()`, each once."""
    names = tuple(dict.fromkeys(text.split()))
    good = len(names) > 0 and len([name for name in names if name != "_node"]) <= MOST_STRATA
    return " ".join(names) if good and all(map(is_name, names)) else None


def _base_outcome(text: str) -> str | None:
    """The canonical text of a level: bare where it is a whole number, otherwise in quotes."""
    if re.fullmatch('"([^"]|"")*"', text):
        text = unquoted(text)
    elif not re.fullmatch("-?[0-9]+", text):
        return None
    return text if re.fullmatch("-?[0-9]+", text) else quoted(text)


POINTS, MOST_POINTS = 7, 100
"""Points of quadrature where a command names none, as in Stata, and at most."""

METHOD = "mcaghermite"
"""Adaptive Gauss-Hermite quadrature about the mode, by the curvature there."""

DISTRIBUTIONS = {
    "exponential": ("exponential", "e"),
    "weibull": ("weibull", "w"),
    "gompertz": ("gompertz", "gom"),
    "loglogistic": ("loglogistic", "logl"),
    "llogistic": ("loglogistic", "ll"),
    "lognormal": ("lognormal", "logn"),
    "lnormal": ("lognormal", "ln"),
}
"""The words for a distribution of survival times, each with what it means and its shortest abbreviation."""

HAZARDS = frozenset({"exponential", "weibull", "gompertz"})
"""The distributions that are models of hazards, unless `aft` is given."""

EITHER = frozenset({"exponential", "weibull"})
"""Those of them that can be models of time, too."""


def _binomial(text: str) -> str | None:
    """The name of the variable with the trials, or their number; None if it is neither."""
    number = re.fullmatch("[0-9]{1,9}", text)
    return str(int(text)) if number and int(text) > 0 else _variable(text)


def _points(text: str) -> str | None:
    """The number of points of a quadrature, None if it is none."""
    number = re.fullmatch("[0-9]{1,3}", text)
    return str(int(text)) if number and 1 <= int(text) <= MOST_POINTS else None


def _method(text: str) -> str | None:
    """The word for the only way in which points are placed, None if it is another."""
    return METHOD if abbreviates(text, METHOD, "mc") else None


def _distribution(text: str) -> str | None:
    """The canonical word for a distribution, None if it is none."""
    words = DISTRIBUTIONS.items()
    return next((meant for word, (meant, shortest) in words if abbreviates(text, word, shortest)), None)


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
_KNOTS = "times in rising order, with spaces between them"
_DF = f"a whole number from 1 to {splines.MOST_COLUMNS}"
_WITH_DISTRIBUTION = frozenset({"streg", "mestreg"})
_WITH_NOHR = _WITH_DISTRIBUTION | _STCOX
_DISTRIBUTIONS = ", ".join(dict.fromkeys(meant for meant, _ in DISTRIBUTIONS.values()))


def _is_survival(model: str) -> bool:
    return model_of(model).survival


def _is_random(model: str) -> bool:
    return model_of(model).random


OPTIONS = (
    OptionRule("family", "f", _GLM, canonical_family, FAMILY_EXPECTED),
    OptionRule("link", "l", _GLM, canonical_link, LINK_EXPECTED),
    OptionRule("group", "gr", _SETS, _variable, _NAME),
    OptionRule("strata", "str", _SETS, _variable, _NAME, stands_for=("group", "")),
    OptionRule("strata", "st", _STCOX, _strata, "up to five variables; _node among them for a baseline of each node"),
    OptionRule("grid", "grid", _STCOX, _grid, "a number above zero, in the unit of the times"),
    OptionRule("phtest", "pht", _STCOX, _phtest, "log or time"),
    OptionRule("basesurv", "base", _STCOX, _times, "times above zero, such as 1 2 5"),
    OptionRule("breslow", "bre", _STCOX),
    OptionRule("efron", "efr", _STCOX),
    OptionRule(
        "distribution",
        "d",
        _WITH_DISTRIBUTION,
        _distribution,
        ", ".join(dict.fromkeys(m for m, _ in DISTRIBUTIONS.values())),
    ),
    OptionRule("time", "time", None, _variable, _NAME, _is_survival, bare="aft"),
    OptionRule("failure", "f", None, _variable, _NAME, _is_survival),
    OptionRule("entry", "en", None, _variable, _NAME, _is_survival),
    OptionRule("id", "id", None, _variable, _NAME, _is_survival),
    OptionRule("aft", "aft", _STREG),
    OptionRule("bhazard", "bh", _STPM2, _variable, _NAME),
    OptionRule("scale", "sca", _STPM2, splines.scale, "hazard, odds or normal"),
    OptionRule("df", "df", _STPM2, splines.df, _DF),
    OptionRule("knots", "kn", _STPM2, splines.knots, _KNOTS),
    OptionRule("bknots", "bk", _STPM2, splines.boundary_knots, "two times, the smaller first"),
    OptionRule("noorthog", "noorth", _STPM2),
    OptionRule("tvc", "tvc", _STPM2, splines.terms, "names of variables that are terms, of 24 characters at most"),
    OptionRule("dftvc", "dft", _STPM2, splines.df_by_term, f"{_DF}, or one for each variable: x: 3 z: 2"),
    OptionRule("knotstvc", "knotst", _STPM2, splines.knots_by_term, f"{_KNOTS}, for each variable: x: 1 2.5 z: 2"),
    OptionRule("binomial", "bin", frozenset({"melogit"}), _binomial, "the number of trials, or its variable"),
    OptionRule("baseoutcome", "b", frozenset({"mlogit"}), _base_outcome, 'a whole number, or a level in quotes: "no"'),
    OptionRule("offset", "off", None, _variable, _NAME, lambda model: model_of(model).offset),
    OptionRule("exposure", "e", None, _variable, _NAME, lambda model: model_of(model).exposure),
    OptionRule("lnoffset", "lnoff", _GLM, _variable, _NAME, stands_for=("exposure", "")),
    OptionRule("noconstant", "nocons", has=lambda model: model_of(model).constant),
    OptionRule("intpoints", "intp", None, _points, f"a number from 1 to {MOST_POINTS}", _is_random),
    OptionRule("intmethod", "intm", None, _method, METHOD, _is_random),
    OptionRule("vce", "vce", canonical=_vce, expected="oim, robust, cluster variable, or cluster variable, across"),
    OptionRule("robust", "r", stands_for=("vce", "robust")),
    OptionRule("cluster", "cl", canonical=_variable, expected=_NAME, stands_for=("vce", "cluster")),
    OptionRule("level", "l", canonical=_level, expected="a number from 10 to 99.99, with at most two decimals"),
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


def abbreviates(word: str, name: str, shortest: str) -> bool:
    """Whether `word` is `name` or one of its abbreviations, none shorter than `shortest`."""
    return name.startswith(word) and len(word) >= len(shortest)


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
    raise UnknownNameError(
        f"{model} has no option of this name in this release",
        found=word,
        do=nearest(word, [rule.name for rule in known]),
    )


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
    tokens.take()
    while not tokens.at(")"):
        if tokens.take().kind == "end":
            tokens.fail("the parenthesis that opens here is not closed", opening, expected=")")
    argument = tokens.text[opening.end : tokens.take().start].strip()
    canonical = rule.canonical(argument)
    if rule.name == "vce" and argument.split(" ")[0] in _VCE_NOT_OURS:
        tokens.unsupported(f"vce({argument.split(' ')[0]}) is", opening.end)
    if canonical is None or (rule.name == "vce" and argument == "ols" and model != "regress"):
        tokens.fail(f"this is not an argument of {rule.name}()", opening.end, expected=rule.expected)
    return canonical
