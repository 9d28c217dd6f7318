"""The models that this release knows, in one table: how each is called and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedfolder.command.lexer import Tokens

WEIGHTS = {"fw": ("fweight", "frequency"), "pw": ("pweight",), "aw": ("aweight", "cellsize"), "iw": ("iweight",)}
"""The kinds of weight, each with Stata's longer words."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model takes.

    Parameters
    ----------
    shortest : str
        The shortest abbreviation of its name.
    weights : tuple of str
        The kinds of weight.
    constant : bool
        Whether it has a constant; cutpoints and matched sets take its place.
    offset, exposure, eform : bool
        Whether it has these options. `exposure` depends on the link, too, where there is one.
    ratio : str
        The option that exponentiates its coefficients under the name they have in this model: `"or"`, `"irr"`,
        `"rrr"`, `"tr"` or `""`.
    survival : bool
        Whether it is of survival times: `time()`, `failure()` and `entry()` name what is observed, and no outcome
        stands before the terms.
    random : bool
        Whether it has a random intercept, which `|| variable:` names after the terms.
    """

    shortest: str
    weights: tuple[str, ...] = ("fw", "pw", "iw")
    constant: bool = True
    offset: bool = True
    exposure: bool = False
    eform: bool = True
    ratio: str = ""
    survival: bool = False
    random: bool = False


TABLE = {
    "logit": Model("logit", ratio="or"),
    "probit": Model("prob"),
    "cloglog": Model("cloglog"),
    "regress": Model("reg", weights=("fw", "pw", "aw", "iw"), offset=False, eform=False),
    "poisson": Model("poisson", exposure=True, ratio="irr"),
    "nbreg": Model("nbreg", exposure=True, ratio="irr"),
    "glm": Model("glm", weights=("fw", "pw", "aw", "iw"), exposure=True),
    "mlogit": Model("mlogit", offset=False, ratio="rrr"),
    "ologit": Model("olog", constant=False, ratio="or"),
    "oprobit": Model("oprob", constant=False),
    "clogit": Model("clog", constant=False, ratio="or"),
    "stcox": Model("stcox", constant=False, eform=False, survival=True),
    "streg": Model("streg", eform=False, ratio="tr", survival=True),
    "stpm2": Model("stpm2", survival=True),
    "melogit": Model("melogit", weights=("fw", "iw"), eform=False, ratio="or", random=True),
    "mepoisson": Model("mepoisson", weights=("fw", "iw"), exposure=True, eform=False, ratio="irr", random=True),
    "mestreg": Model("mestreg", weights=("fw", "iw"), eform=False, survival=True, random=True),
}
"""Each model by its full name."""

MODELS = {name: model.shortest for name, model in TABLE.items()}
"""The models of this release, each with its shortest abbreviation. A model not listed here has none."""

WITH_OPTION = {"logistic": ("logit", "or"), "stpm3": ("stpm2", "")}
"""Commands that are another one with an option, or with none."""


def model_of(name: str) -> Model:
    """What the model of this name takes; one that is not in the table, such as a site's own, takes what all do."""
    return TABLE.get(name, Model(name))


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight; `kind` is `"fw"`, `"pw"`, `"iw"` or `"aw"`."""

    kind: str
    variable: str

    def __str__(self) -> str:
        """`[fw=pop]`."""
        return f"[{self.kind}={self.variable}]"


def read_kind(tokens: Tokens) -> str:
    """Take the word for a kind of weight.

    Raises
    ------
    CommandError
        If it is none.
    """
    word = tokens.next
    found = next((kind for kind in WEIGHTS if _is_kind(word.text, kind)), None)
    if found is None:
        expected = "[fw=variable] with one of fw (frequency), pw (sampling), aw (analytic) or iw (importance)"
        do = "say which kind of weight it is" if word.text in {"w", "weight"} else ""
        tokens.fail("this is no kind of weight", word, expected=expected, do=do)
    tokens.take()
    return found


def _is_kind(word: str, kind: str) -> bool:
    """Whether a word is this kind of weight, or an abbreviation of one of its longer words."""
    return word == kind or any(len(word) > len(kind) and longer.startswith(word) for longer in WEIGHTS[kind])
