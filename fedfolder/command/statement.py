"""A command, read: the model, its outcome, terms and options, and what all of it means for the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from fedfolder.command.arguments import DEFAULT_LEVEL, HAZARDS, POINTS
from fedfolder.command.derivation import sources_of, tables_of
from fedfolder.command.families import LOG_LIKE, family_of
from fedfolder.command.lexis import Split, Stset
from fedfolder.command.models import model_of
from fedfolder.command.names import NODE
from fedfolder.command.splines import splines_of
from fedfolder.command.standardised import standsurv_of
from fedfolder.command.terms import is_name, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedfolder.command.derivation import Derivation
    from fedfolder.command.expression import Expression
    from fedfolder.command.families import Family
    from fedfolder.command.models import Weight
    from fedfolder.command.options import Option
    from fedfolder.command.splines import Spline
    from fedfolder.command.standardised import Standsurv
    from fedfolder.command.terms import Term

GLM, STCOX = "glm", "stcox"
_RATIOS: dict[tuple[str, str], Literal["or", "irr"]] = {("binomial", "logit"): "or", ("poisson", "log"): "irr"}
STRATA = ("strata", "strata2", "strata3", "strata4", "strata5")
"""The parts of the variables that `strata()` names, in their order."""
DERIVED_FROM = "source-of-derived"
"""The use of a variable that a derived one is made of."""


@dataclass(frozen=True)
class Command:
    """A model, its outcome, its terms and its options, and what stands before and around them.

    What follows from them is worked out once: a round of a fit asks for it many times.

    Parameters
    ----------
    model, depvar : str
        `"logit"` and `"low"` in `logit low age smoke`; of survival times, the outcome is what `failure()` names.
    terms : tuple of Term
        Expanded (`a##b` is three terms) and each once, in the order written.
    options : tuple of Option
        By their full names, in the order of the table of options.
    weight : Weight or None
        `[fw=pop]`.
    condition : Expression or None
        What stands after `if`.
    derivations : tuple of Derivation
        The statements before the model, which make variables from those of the data.
    random : str
        The variable whose values have a random intercept, which stands between `||` and `:`; `""` without.
    """

    model: str
    depvar: str
    terms: tuple[Term, ...] = ()
    options: tuple[Option, ...] = ()
    weight: Weight | None = None
    condition: Expression | None = None
    derivations: tuple[Derivation, ...] = ()
    random: str = ""

    def __str__(self) -> str:
        """The canonical line; `parse` of it gives this command again."""
        condition = [] if self.condition is None else [f"if {self.condition}"]
        weight = [] if self.weight is None else [str(self.weight)]
        outcome = [] if model_of(self.model).survival else [self.depvar]
        random = [f"|| {self.random}:"] if self.random else []
        line = " ".join([self.model, *outcome, *map(str, self.terms), *condition, *weight, *random])
        line = ", ".join([line, " ".join(map(str, self.options))]) if self.options else line
        return "; ".join([*map(str, self.derivations), line])

    def option(self, name: str) -> Option | None:
        """The option of this full name, None where it is not given."""
        return next((option for option in self.options if option.name == name), None)

    def argument(self, name: str) -> str | None:
        """The argument of the option of this full name, None where it is not given or has none."""
        option = self.option(name)
        return None if option is None else option.argument

    @property
    def constant(self) -> bool:
        """Whether the model has a constant."""
        return model_of(self.model).constant and self.option("noconstant") is None

    @property
    def level(self) -> float:
        """The confidence level in percent."""
        argument = self.argument("level")
        return DEFAULT_LEVEL if argument is None else float(argument)

    @cached_property
    def family(self) -> Family | None:
        """Family and link of a `glm`, with Stata's defaults; None for other models."""
        return family_of(self.argument("family"), self.argument("link")) if self.model == GLM else None

    @cached_property
    def likelihood(self) -> str:
        """The name of the likelihood: the model, for a `glm` such as `glm family(poisson) link(log)`.

        For a `stcox` with its way with ties, `stcox efron`; for a `streg` such as `streg distribution(weibull)`, with
        ` aft` where the model of hazards is one of time; for a `stpm2` such as `stpm2 scale(odds)`.
        """
        family = self.family
        if self.model == STCOX:
            return f"{STCOX} {'efron' if self.option('efron') else 'breslow'}"
        if self.splines:
            return f"{self.model} scale({self.argument('scale') or 'hazard'})"
        if (distribution := self.argument("distribution")) is not None:
            return f"{self.model} distribution({distribution}){' aft' if self.option('aft') else ''}"
        return self.model if family is None else f"{GLM} family({family.name}) link({family.link})"

    @cached_property
    def splines(self) -> tuple[Spline, ...]:
        """The splines of a `stpm2`, the baseline's first; none of another model."""
        return splines_of(self)

    @cached_property
    def standsurv(self) -> Standsurv | None:
        """Where, and of which patterns, survival is averaged over all rows; None where it is not."""
        return standsurv_of(self)

    @property
    def points(self) -> int:
        """The points of quadrature, of a model with a random intercept."""
        return int(self.argument("intpoints") or POINTS)

    @property
    def _trials(self) -> str:
        """The number of trials or its variable, `""` where neither is given."""
        return (self.family.trials if self.family else self.argument("binomial")) or ""

    @property
    def trials(self) -> float | None:
        """The number of trials of every row, where `family(binomial 10)` gives a number."""
        return float(self._trials) if self._trials and not is_name(self._trials) else None

    @property
    def base_outcome(self) -> str | None:
        """The level that `baseoutcome()` names, None where it is not given."""
        argument = self.argument("baseoutcome")
        return None if argument is None else unquoted(argument)

    @cached_property
    def roles(self) -> dict[str, str]:
        """The variables that options and weights name, by role, in a fixed order."""
        family, vce = self.family, self.argument("vce") or ""
        named = {
            "offset": self.argument("offset"),
            "exposure": self.argument("exposure"),
            "trials": self._trials if is_name(self._trials or "0") else None,
            "expected": family.expected if family else None,
            "group": self.argument("group") or self.random,
            **dict(zip(STRATA, self.strata, strict=False)),
            "site": NODE if self.site_baseline else None,
            "time": self.argument("time"),
            "entry": self.argument("entry"),
            "bhazard": self.argument("bhazard"),
            "id": self.person,
            "cluster": vce.removeprefix("cluster ").partition(",")[0] if vce.startswith("cluster ") else None,
            "weight": self.weight.variable if self.weight else None,
        }
        return {role: name for role, name in named.items() if name}

    @property
    def person(self) -> str | None:
        """The variable that says whose the rows are: `id()` of the model, or of `stset`."""
        stset = next((s for s in self.derivations if isinstance(s, Stset)), None)
        return self.argument("id") or (stset.person if stset else None)

    @property
    def parts_rows(self) -> bool:
        """Whether rows become other rows before the model: follow-up is set or cut."""
        return any(isinstance(statement, (Stset, Split)) for statement in self.derivations)

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """The tables of the sites that are looked into, each with its variables that are read."""
        return tables_of(self.derivations)

    @property
    def strata(self) -> tuple[str, ...]:
        """The variables that make strata with a baseline hazard each, without `_node`."""
        return tuple(name for name in self._strata if name != NODE)

    @property
    def common_baseline(self) -> bool:
        """Whether a baseline hazard is that of several nodes: `strata()` does not hold `_node`."""
        return self.model == STCOX and NODE not in self._strata

    @property
    def site_baseline(self) -> bool:
        """Whether each site's own baseline survival is asked for: `basesurv()`, with `_node` in `strata()`."""
        return NODE in self._strata and self.option("basesurv") is not None

    @property
    def baseline_times(self) -> tuple[float, ...]:
        """The times of `basesurv()`, ascending."""
        return tuple(map(float, (self.argument("basesurv") or "").split()))

    @property
    def grid(self) -> float | None:
        """What the times of a common baseline are rounded up to multiples of; None without rounding."""
        argument = self.argument("grid")
        return None if argument is None else float(argument)

    @property
    def _strata(self) -> tuple[str, ...]:
        return tuple((self.argument("strata") or "").split())

    @property
    def vce(self) -> Literal["oim", "robust", "cluster"]:
        """The kind of variance; sampling weights imply a robust one."""
        kind = (self.argument("vce") or "oim").partition(" ")[0]
        if kind == "cluster":
            return "cluster"
        sampled = self.weight is not None and self.weight.kind == "pw"
        return "robust" if kind == "robust" or sampled else "oim"

    @property
    def across(self) -> bool:
        """Whether clusters lie at several nodes, which `vce(cluster id, across)` says."""
        return (self.argument("vce") or "").endswith(", across")

    @property
    def hazards(self) -> bool:
        """Whether this is a model of hazards; `aft` makes a parametric one a model of time."""
        parametric = self.argument("distribution") in HAZARDS and self.option("aft") is None
        return self.model == STCOX or parametric

    @property
    def eform(self) -> Literal["", "or", "irr", "rrr", "eform", "hr", "tr"]:
        """The word for exponentiated coefficients, `""` where they are not asked for.

        A model of hazards shows their ratios unless it is told not to.
        """
        family = self.family
        if self.hazards and self.option("nohr") is None:
            return "hr"
        if self.option("tr"):
            return "tr"
        if family and self.option("eform"):
            return _RATIOS.get((family.name, family.link), "eform")
        words: tuple[Literal["or", "irr", "rrr", "eform"], ...] = ("or", "irr", "rrr", "eform")
        return next((word for word in words if self.option(word)), "")

    @property
    def takes_exposure(self) -> bool:
        """Whether `exposure()` has a meaning: the logarithm of the mean is modelled."""
        family = self.family
        return model_of(self.model).exposure and (family is None or family.link in LOG_LIKE)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables whose missing values drop a row, each once: the outcome, those of terms in order, roles.

        Derived ones by their own names. A variable that only the condition names is not among them.
        """
        return _once([self.depvar, *(name for term in self.terms for name in term.variables), *self.roles.values()])

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The variables that must be in the data, each once, those of the outcome first. The site itself is in none."""
        made_of = sources_of(self.derivations)
        named = [*self.variables, *(self.condition.names if self.condition else ())]
        return _once(source for name in named for source in made_of.get(name, (name,)) if source != NODE)

    @property
    def uses(self) -> tuple[tuple[str, str], ...]:
        """(variable, use) pairs for the custodian, each pair once.

        The uses are `outcome`, `levels`, `number`, the roles, `condition`, and `source-of-derived` for what a derived
        variable is made of; derived variables stand under their own names with the use that the model makes of them.
        """
        named = {
            "outcome": [self.depvar],
            "levels": [factor.variable for term in self.terms for factor in term.factors],
            "number": [name for term in self.terms for name in term.continuous],
            **{role: [name] for role, name in self.roles.items()},
            "condition": self.condition.names if self.condition else (),
            DERIVED_FROM: [s for sources in sources_of(self.derivations).values() for s in sources],
        }
        return tuple((name, use) for use, names in named.items() for name in _once(names))


def _once(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order of appearance."""
    return tuple(dict.fromkeys(names))
