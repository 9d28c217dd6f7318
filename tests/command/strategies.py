"""Expressions, derived variables and whole commands for hypothesis, with every construct that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from fedfolder.command import (
    MODELS,
    Command,
    CubicSpline,
    Cut,
    Factor,
    Generate,
    LinearSpline,
    Option,
    Range,
    Recode,
    Rule,
    Term,
    Weight,
)
from fedfolder.command.arguments import DISTRIBUTIONS, EITHER, HAZARDS
from fedfolder.command.expression import (
    BINARY,
    FUNCTIONS,
    LARGEST,
    Binary,
    Call,
    Estimate,
    Missing,
    Name,
    Number,
    Text,
    Unary,
)
from fedfolder.command.families import LINKS, LOG_LIKE
from fedfolder.command.models import model_of
from fedfolder.command.options import in_order
from fedfolder.command.terms import RULES

if TYPE_CHECKING:
    from fedfolder.command import Derivation

VARIABLES = ["age", "lwt", "race", "smoke", "Größe", "_x", "år2", "a" * 32]
NAMES = st.sampled_from(VARIABLES)
LEVELS = st.one_of(st.integers(0, 99).map(str), st.text(max_size=6))
SIZES = st.one_of(st.integers(0, 100).map(float), st.floats(0, LARGEST, exclude_max=True))
NUMBERS = st.builds(lambda size, sign: size * sign + 0.0, SIZES, st.sampled_from([1, -1]))
PARAMETERS = st.sampled_from(["age", "2:age", "/lnalpha", "1.smoke#c.lwt", '"a]b".x', "_cons"])


def expressions(names=NAMES, *, estimates=False):
    leaves = [
        st.builds(Number, SIZES),
        st.builds(Name, names),
        st.builds(Text, st.text(max_size=4)),
        st.just(Missing()),
    ]
    if estimates:
        leaves.append(st.builds(Estimate, st.sampled_from(["b", "se"]), PARAMETERS))
    return st.recursive(st.one_of(leaves), _joined, max_leaves=12)


def _joined(parts):
    return st.one_of(
        st.builds(Binary, st.sampled_from(sorted(BINARY)), parts, parts),
        st.builds(Unary, st.sampled_from("-!"), parts),
        st.sampled_from(sorted(FUNCTIONS)).flatmap(lambda name: _calls(name, parts)),
        st.builds(lambda code, rest: Call("cond", (rest, Missing(code), rest)), st.sampled_from("az"), parts),
    )


def _calls(name, parts):
    fewest, most = FUNCTIONS[name]
    return st.lists(parts, min_size=fewest, max_size=most or fewest + 2).map(lambda found: Call(name, tuple(found)))


def ascending(fewest):
    return st.lists(NUMBERS, min_size=fewest, max_size=6, unique=True).map(lambda found: tuple(sorted(found)))


@st.composite
def ranges(draw):
    low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
    return draw(
        st.sampled_from([Range(low, high), Range(low, low), Range(None, high), Range(low, None), Range(None, None)])
    )


@st.composite
def rules(draw):
    targets = st.one_of(st.none(), NUMBERS)
    found = [
        Rule(tuple(draw(st.lists(ranges(), min_size=1, max_size=3))), draw(targets), draw(st.booleans()))
        for _ in range(draw(st.integers(0, 3)))
    ]
    last = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
    if not found or draw(st.booleans()):
        found.append(Rule((), draw(targets), *last))
    return tuple(found)


@st.composite
def derivations(draw, number, sources):
    """One statement, which defines variables whose names begin with `number`."""
    source, name = draw(sources), f"d{number}"
    kind = draw(st.sampled_from([Generate, Cut, Recode, CubicSpline, LinearSpline]))
    if kind is Generate:
        return Generate(name, draw(expressions(sources)))
    if kind is Cut:
        return Cut(name, source, draw(ascending(2)), draw(st.booleans()))
    if kind is Recode:
        return Recode(name, source, draw(rules()))
    knots = draw(ascending(3 if kind is CubicSpline else 1))
    if kind is CubicSpline:
        return CubicSpline(f"{name}_", source, knots)
    return LinearSpline(tuple(f"{name}_{i}" for i in range(len(knots) + 1)), source, knots, draw(st.booleans()))


@st.composite
def terms(draw, factors):
    chosen = draw(st.lists(NAMES, unique=True, max_size=3))
    continuous = draw(st.lists(NAMES, min_size=not chosen, max_size=3))
    return Term(tuple(factors[name] for name in chosen), tuple(continuous))


def _of_survival(draw, model, found, maybe):
    """The options of a model of survival times beside its times."""
    if model == "stcox":
        maybe("strata", st.sampled_from(["_node", "_node size", "size", "size pair _node"]))
        within = "_node" in (found.get("strata") or "")
        maybe("phtest", st.sampled_from(["log", "time", "rank"]))
        if not within:
            maybe("grid", st.sampled_from(["0.5", "30"]))
        maybe("basesurv", st.just("1 2.5"))
        maybe(draw(st.sampled_from(["breslow", "efron"])))
    if model == "streg":
        found["distribution"] = draw(st.sampled_from(sorted({meant for meant, _ in DISTRIBUTIONS.values()})))
        if found["distribution"] in EITHER:
            maybe("aft")
        hazards = found["distribution"] in HAZARDS and "aft" not in found
        maybe("nohr" if hazards else "tr")
        maybe("standsurv", st.sampled_from(["1", "0.5 2 10"]))
        if "standsurv" in found:
            maybe("at2", st.just("."))


@st.composite
def options(draw, model, terms):  # noqa: C901, PLR0912 - one line an option
    takes, found = model_of(model), {}

    def maybe(name, arguments=None):
        if draw(st.booleans()):
            found[name] = None if arguments is None else draw(arguments)

    link = ""
    if model == "glm":
        family = draw(st.sampled_from(sorted(LINKS)))
        link = draw(st.sampled_from(LINKS[family]))
        trials = draw(st.sampled_from(["", " trials", " 12"])) if family == "binomial" else ""
        found |= {"family": family + trials, "link": "rs dstar" if link == "rs" else link}
        if family == "gaussian" and draw(st.booleans()):
            del found["family"]
        if link == LINKS[family][0] and draw(st.booleans()):
            del found["link"]
    if model == "clogit":
        found["group"] = "set"
    if takes.random:
        maybe("intpoints", st.integers(1, 100).map(str))
        maybe("intmethod", st.just("mcaghermite"))
    if model == "melogit":
        maybe("binomial", st.sampled_from(["trials", "12"]))
    if takes.survival:
        found |= {"time": "t", "failure": "low"}
        maybe("entry", st.just("t0"))
    if takes.survival:
        _of_survival(draw, model, found, maybe)
    if model == "stpm2":
        found |= draw(flexible(terms))
    if model == "mestreg":
        found["distribution"] = draw(st.sampled_from(sorted(EITHER)))
        maybe("nohr")
    if model == "mlogit":
        maybe("baseoutcome", st.sampled_from(["1", "-2", '"no"', '"say ""x"")"', '""']))
    if takes.offset:
        maybe("offset", st.just("off"))
    if takes.exposure and (model != "glm" or link in LOG_LIKE) and "offset" not in found:
        maybe("exposure", st.just("pyears"))
    if takes.constant and terms and (model != "stpm2" or "noorthog" in found):
        maybe("noconstant")
    maybe("vce", st.sampled_from(["oim", "robust", "cluster id", "cluster id, across"]))
    maybe("level", st.integers(1000, 9999).map(lambda level: f"{level / 100:g}"))
    ratios = [takes.ratio] if takes.ratio and not takes.survival else []
    ratio = draw(st.sampled_from(["", *ratios, *(["eform"] if takes.eform else [])]))
    if ratio:
        found[ratio] = None
    return in_order([Option(name, argument) for name, argument in found.items()])


@st.composite
def flexible(draw, terms):
    """The options of a `stpm2`."""
    found = {"scale": draw(st.sampled_from(["hazard", "odds", "normal"]))}
    found |= {"df": str(draw(st.integers(1, 10)))} if draw(st.booleans()) else {"knots": "1 2.5"}
    found |= {"bknots": "0.25 6"} if draw(st.booleans()) else {}
    found |= {"noorthog": None} if draw(st.booleans()) else {}
    found |= {"bhazard": "rate"} if draw(st.booleans()) else {}
    plain = [continuous[0] for factors, continuous in terms if not factors and len(continuous) == 1]
    if plain and draw(st.booleans()):
        found |= {"tvc": plain[0]}
        found |= draw(st.sampled_from([{"dftvc": "2"}, {"dftvc": f"{plain[0]}: 3"}, {"knotstvc": f"{plain[0]}: 2"}]))
        return found
    levels = [name for factors, continuous in terms if not continuous and len(factors) == 1 for name in factors]
    if levels and draw(st.booleans()):
        of = f"i.{levels[0]}"
        found |= {"tvc": of} | draw(st.sampled_from([{"dftvc": "2"}, {"dftvc": f"{of}: 3"}, {"knotstvc": f"{of}: 2"}]))
    return found


@st.composite
def commands(draw):
    bases = st.one_of(
        st.builds(lambda level: (level, ""), LEVELS), st.sampled_from(sorted(RULES)).map(lambda rule: (None, rule))
    )
    factors = {name: Factor(name, *draw(bases)) for name in VARIABLES}
    made: list[Derivation] = []
    for number in range(draw(st.integers(0, 3))):
        known = [name for derivation in made for name in derivation.names]
        made.append(draw(derivations(number, st.sampled_from(["s1", "s2", *known]))))
    used = [Term((), (derivation.names[0],)) for derivation in made]
    unique = {term.key: term for term in [*draw(st.lists(terms(factors), max_size=4)), *used]}
    model = draw(st.sampled_from(sorted(MODELS)))
    if model == "clogit" and not unique:
        unique = {"x": Term((), ("x",))}
    chosen = draw(options(model, tuple(unique)))
    command = Command(model, "low", tuple(unique.values()), chosen, random="ward" if model_of(model).random else "")
    kinds = [kind for kind in model_of(model).weights if kind != "aw" or model == "regress"]
    vce = command.argument("vce")
    kinds = [k for k in kinds if not (k == "pw" and vce == "oim") and not (k == "iw" and vce not in {None, "oim"})]
    weight = draw(st.one_of(st.none(), st.builds(Weight, st.sampled_from(kinds), st.just("w"))))
    condition = draw(st.one_of(st.none(), expressions()))
    return Command(model, "low", command.terms, chosen, weight, condition, tuple(made), command.random)
