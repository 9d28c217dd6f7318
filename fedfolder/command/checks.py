"""What does not go together in a command, each with a caret under its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.command.arguments import EITHER, HAZARDS
from fedfolder.command.families import LINKS
from fedfolder.command.lexis import Split, Stset
from fedfolder.command.models import model_of
from fedfolder.command.names import NODE
from fedfolder.command.splines import FACTOR, STPM2, TERM, boundaries_of
from fedfolder.command.standardised import check_standsurv
from fedfolder.command.statement import STRATA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedfolder.command.derivation import Derivation
    from fedfolder.command.lexer import Token, Tokens
    from fedfolder.command.statement import Command

_OPTION_OF_ROLE = {"trials": "family", "expected": "link", "cluster": "vce"} | dict.fromkeys(STRATA, "strata")

_OF_NODE = frozenset({"levels", "group", "cluster", "strata", "site"})
"""Uses that a variable may have which is the site itself."""


def check_model(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """Raise for options, weights and variables that do not go together.

    Parameters
    ----------
    tokens : Tokens
        The statement, to point into.
    command : Command
        What was read.
    places : mapping of str to Token
        Where each option stands, `"weight"` the weight's variable, and `""` what follows the terms.

    Raises
    ------
    CommandError
        With a caret under the place.
    """
    if model_of(command.model).survival:
        _check_times(tokens, command, places)
        _check_distribution(tokens, command, places)
        _check_strata(tokens, command, places)
        _check_splines(tokens, command, places)
        check_standsurv(tokens, command, places)
    _check_random(tokens, command, places)
    _check_terms(tokens, command, places)
    _check_link(tokens, command, places)
    _check_roles(tokens, command, places)
    _check_weight(tokens, command, places)
    ratios = [places[name] for name in ("or", "irr", "rrr", "eform") if name in places]
    if len(ratios) > 1:
        tokens.fail("two options exponentiate the coefficients", ratios[1], do="leave one of them out")


def _check_terms(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """A model has something to estimate, and the options without which it is none."""
    if command.model == "clogit" and "group" not in places:
        tokens.fail("clogit needs its sets", places[""], expected="group(variable) among the options")
    if command.terms or command.constant:
        return
    if command.model == "clogit":
        tokens.fail("clogit has no constant: it needs a term", places[""], do="name a term")
    if command.model == "stcox":
        tokens.fail("stcox has no constant: it needs a term", places[""], do="name a term")
    if model_of(command.model).constant:
        tokens.fail("a model without terms needs its constant", places[""], do="leave noconstant out, or name a term")


def _check_random(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """A model with a random intercept names it, and has no intercept of each of its values beside it."""
    if not model_of(command.model).random:
        return
    name = command.random
    if not name:
        do = f"without one, use {command.model.removeprefix('me')}"
        tokens.fail(f"{command.model} needs a random intercept", places[""], expected="such as || hospital:", do=do)
    if any(name == factor.variable for term in command.terms for factor in term.factors):
        what = f"{name} has a random intercept, and its levels are among the terms"
        tokens.fail(what, places["group"], do="take it out of one place")


def _check_times(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """Times are known to the end of a row and its failure; where all come of `stset`, nothing of them was written."""
    for needed in ("time", "failure"):
        if command.argument(needed) is None:
            what = f"{command.model} needs {needed}(variable) with the other times"
            do = "leave time(), failure() and entry() all out for data that were stset"
            tokens.fail(what, places[""], expected="time(variable) and failure(variable)", do=do)
    stset = next((statement for statement in command.derivations if isinstance(statement, Stset)), None)
    if "id" in places and stset is not None and stset.person not in {None, command.argument("id")}:
        tokens.fail("stset has another id()", places["id"], do="leave one of them out")
    time, entry = command.argument("time"), command.argument("entry")
    if time == entry:
        tokens.fail(f"{time} is both time and entry", places["entry"], expected="two variables")
    if any(time in term.variables for term in command.terms):
        what = f"{time} is the time, which is observed, and among the terms"
        tokens.fail(what, places.get("time", places[""]), do="take it out of one place")


def _check_distribution(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """A parametric model has its distribution, and says hazard ratios or time ratios, never both."""
    if command.model not in {"streg", "mestreg"}:
        return
    distribution = command.argument("distribution")
    if distribution is None:
        tokens.fail(
            f"{command.model} needs a distribution", places[""], expected="distribution(weibull), or another one"
        )
    if command.random and distribution not in EITHER:
        do = f"use {' or '.join(sorted(EITHER))}"
        tokens.fail(f"mestreg has no {distribution} distribution in this release", places["distribution"], do=do)
    if "aft" in places and distribution not in EITHER:
        is_one = "is one of time already" if distribution not in HAZARDS else "has no form of its own in time"
        do = "leave it out" if distribution not in HAZARDS else f"use {' or '.join(sorted(EITHER))}"
        tokens.fail(f"the {distribution} model {is_one}", places["aft"], do=do)
    if "nohr" in places and not command.hazards:
        tokens.fail("a model of time has no hazard ratios", places["nohr"], do="leave nohr out")
    if "tr" in places and command.hazards:
        do = "write aft, too (Stata's `time`)" if distribution in EITHER else "leave it out"
        tokens.fail("a model of hazards has no time ratios", places["tr"], do=do)


def _check_strata(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """A Cox model has one way with ties; its strata are no terms, and no times."""
    if "breslow" in places and "efron" in places:
        later = max(places["breslow"], places["efron"], key=lambda token: token.start)
        tokens.fail("breslow and efron are two ways with ties", later, do="leave one of them out")
    if "grid" in places and not command.common_baseline:
        do = "leave it out: with strata(_node), no times leave"
        tokens.fail("grid() is for a baseline that several nodes have in common", places["grid"], do=do)
    if command.argument("phtest") == "km" and command.common_baseline and "offset" in places:
        do = "use phtest(rank), or write strata(_node), too"
        tokens.fail("phtest(km) counts who is at risk, and sums with offset() do not", places["phtest"], do=do)
    for name in command.strata:
        if any(name in term.variables for term in command.terms):
            what = f"{name} makes strata, within which it does not vary, and is among the terms"
            tokens.fail(what, places["strata"], do="take it out of one place")
        if name in (command.argument("time"), command.argument("entry")):
            tokens.fail(f"{name} is a time, and cannot make strata", places["strata"], do="name another variable")


def _check_splines(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """Splines have their columns or their knots, which lie within the boundary knots; `tvc()` names terms."""
    if command.model != STPM2:
        return
    if "scale" not in places:
        tokens.fail("stpm2 needs a scale", places[""], expected="scale(hazard), or another one")
    if ("df" in places) == ("knots" in places):
        said = "knots() and df() are given both" if "df" in places else "stpm2 needs df(#) or knots(times)"
        tokens.fail(said, places.get("df", places[""]), do="give one of them")
    if "noconstant" in places and "noorthog" not in places:
        what = "orthogonalised splines are taken less their means, which only a constant takes up"
        tokens.fail(what, places["noconstant"], do="write noorthog, too, or leave noconstant out")
    if "lrmodel" in places and "noconstant" in places:
        what = "lrmodel compares with a constant and the baseline's splines, and there is no constant"
        tokens.fail(what, places["lrmodel"], do="leave lrmodel or noconstant out")
    if "lrmodel" in places and command.vce != "oim":
        what = f"lrmodel compares log-likelihoods, which vce({command.vce}) makes no test of"
        tokens.fail(what, places["lrmodel"], do="leave lrmodel out: the test is Wald's")
    _check_knots(tokens, command, places)
    _check_time_varying(tokens, command, places)


def _check_knots(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    boundaries = boundaries_of(command)
    for spline in command.splines:
        option = "knotstvc" if spline.of else "knots"
        if boundaries and spline.knots and not (boundaries[0] < spline.knots[0] and spline.knots[-1] < boundaries[1]):
            tokens.fail(
                "a knot is not between those of bknots()", places[option], expected="smallest < knots < largest"
            )


def _check_time_varying(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    names = {name for spline in command.splines for name in spline.names}
    if clash := names.intersection(command.variables):
        what = f"{min(clash)} is a column of a spline, and a variable of the command"
        tokens.fail(what, places[""], do="leave it out: the splines are made anew, with common knots")
    varying = {spline.of for spline in command.splines if spline.of}
    plain = {term.continuous[0] for term in command.terms if not term.factors and len(term.continuous) == 1}
    plain |= {f"{FACTOR}{t.factors[0].variable}" for t in command.terms if not t.continuous and len(t.factors) == 1}
    if not varying <= plain:
        name = min(varying - plain)
        do = "name it among the terms as tvc() does: x as a number, i.g as a factor"
        tokens.fail(f"the effect of {name} varies with time, and it is no term by itself", places["tvc"], do=do)
    if varying and not {"dftvc", "knotstvc"} & set(places):
        tokens.fail(
            "tvc() needs to know how its effects vary", places["tvc"], expected="dftvc(#) or knotstvc(x: times)"
        )
    for option in ("dftvc", "knotstvc"):
        if option in places:
            _check_varying(tokens, places[option], option, command.argument(option) or "", varying)


def _check_varying(tokens: Tokens, place: Token, option: str, argument: str, varying: set[str]) -> None:
    """`dftvc()` and `knotstvc()` name what `tvc()` names, as it does."""
    if not varying:
        tokens.fail(f"{option}() is about terms of tvc(), and there is none", place, expected="tvc(), too")
    others = sorted(set(re.findall(f"({TERM}):", argument)) - varying)
    if others:
        what = f"{option}() is about {others[0]}, which tvc() does not name"
        tokens.fail(what, place, expected=", ".join(sorted(varying)), do="name terms in it as tvc() does")


def _check_link(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """A family has its links, and `exposure()` needs a logarithm."""
    family = command.family
    if family is not None and family.link not in LINKS[family.name]:
        links = ", ".join(LINKS[family.name])
        place = places.get("link", places[""])
        tokens.fail(f"family({family.name}) has no link({family.link})", place, expected=f"one of {links}")
    if "exposure" in places and not command.takes_exposure:
        do = "use offset(), or a link that is a logarithm"
        tokens.fail("exposure() needs a model of the logarithm of a rate", places["exposure"], do=do)
    if "exposure" in places and "offset" in places:
        later = max(places["exposure"], places["offset"], key=lambda token: token.start)
        do = "give one of them; generate can add ln(exposure) to the offset"
        tokens.fail("exposure() and offset() are given both", later, do=do)


def _check_roles(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """The outcome has no other role, and sets no coefficient; the site's name is no number."""
    others = [use for name, use in command.uses if name == NODE and use not in _OF_NODE]
    if others:
        what = f"{NODE} is the site itself, which cannot be the {others[0]} here"
        do = f"write i.{NODE} among the terms; to leave a site out, take it out of the study"
        tokens.fail(what, places[""], do=do)
    for role, name in command.roles.items():
        option = "binomial" if "binomial" in places and role == "trials" else _OPTION_OF_ROLE.get(role, role)
        place = places.get(option, places[""])
        if name == command.depvar:
            tokens.fail(f"{name} is the outcome, and cannot be the {role} too", place, expected="another variable")
    group = command.argument("group")
    if group is not None and any(group in term.variables for term in command.terms):
        what = f"{group} makes the sets, within which it does not vary, and is among the terms"
        tokens.fail(what, places["group"], do="take it out of the terms")


def _check_weight(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """A model has its kinds of weight, and a kind of weight its variances."""
    if command.weight is None:
        return
    kind, place, family = command.weight.kind, places["weight"], command.family
    allowed = model_of(command.model).weights
    if kind not in allowed:
        model = command.model if family is None else f"glm with family({family.name})"
        expected = f"one of {', '.join(allowed)}"
        tokens.fail(f"{model} takes no {kind}", place, expected=expected)
    if kind == "pw" and command.argument("vce") == "oim":
        do = "leave vce() out: the variance is robust then"
        tokens.fail("sampling weights need a robust variance", places["vce"], do=do)
    if kind == "iw" and command.vce != "oim":
        tokens.fail(f"vce({command.vce}) does not go with importance weights", places["vce"], do="use pw or fw")


def _check_in_data(tokens: Tokens, derivations: Sequence[tuple[Token, Derivation]]) -> None:
    """Units of the data are known where the command itself has `stset`."""
    known = False
    for place, derivation in derivations:
        known = known or isinstance(derivation, Stset)
        if isinstance(derivation, Split) and derivation.in_data and not known:
            do = "write after(_t = ...) in analysis time, or stset before it"
            tokens.fail("after(time = ...) needs the origin and the scale of a stset in the command", place, do=do)


def check_derivations(tokens: Tokens, derivations: Sequence[tuple[Token, Derivation]], command: Command) -> None:
    """Raise if a derived variable is also one of the data, is defined twice, or is not used.

    Raises
    ------
    CommandError
        With a caret under the statement.
    """
    derived: set[str] = set()
    plain: set[str] = set()
    _check_in_data(tokens, derivations)
    for place, derivation in derivations:
        plain.update(name for name in derivation.sources if name not in derived)
        for name in derivation.names:
            if name in derived:
                tokens.fail(f"{name} is defined twice", place, do="give one of them another name")
            if name in plain:
                what = f"{name} is a variable of the data before it is derived"
                tokens.fail(what, place, do="give the new variable another name")
            derived.add(name)
    _check_use(tokens, derivations, command)


def _check_use(tokens: Tokens, derivations: Sequence[tuple[Token, Derivation]], command: Command) -> None:
    """Raise for the last derivation that nothing after it uses."""
    used = {*command.variables, *(command.condition.names if command.condition else ())}
    for place, derivation in reversed(derivations):
        if used.isdisjoint(derivation.names):
            what = f"the model does not use {' or '.join(derivation.names[:3])}"
            tokens.fail(what, place, do="leave this statement out, or name the variable in the model")
        used.update(derivation.sources)
