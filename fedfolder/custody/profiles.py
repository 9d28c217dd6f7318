"""The limits of a site's policy, and the three profiles that set them all at once.

`LIMITS` is the one list: policy.toml, docs/policy.md, `fedfolder policy show` and the tests are made from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

INF = math.inf
ProfileName: TypeAlias = Literal["open", "registry", "strict"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit by its name, see `LIMITS`; those of the profile `open` unless given.

    Of a least number, and of a whole number, 0 is no limit; of a largest share or distance, infinity.
    """

    persons: int = 0
    events: int = 0
    parameters_per_person: float = INF
    residual_degrees: int = 0
    smallest_cell: int = 0
    levels: int = 0
    same_time: int = 0
    averages_per_person: float = INF
    largest_share: float = INF
    leverage: float = INF
    roster: int = 0
    evaluations: int = 80
    fits: int = 0
    refusals: int = 0
    differing_rows: int = 0
    largest_beta: float = INF
    effective_size: float = 0.0
    effective_share: float = 0.0
    trust_radius: float = INF


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, as people read it.

    Parameters
    ----------
    name : str
        The field of `Limits`, and the line in policy.toml.
    meaning : str
        What it asks for, in a sentence without a full stop.
    source : str
        Where the numbers come from: what other tools and output checkers use.
    unit : str
        What is counted or measured.
    registry, strict : float
        The values of these profiles; `open` has the default of `Limits`.
    """

    name: str
    meaning: str
    source: str
    unit: str
    registry: float
    strict: float

    @property
    def open(self) -> float:
        """The value of the profile `open`."""
        value: float = getattr(Limits(), self.name)
        return value

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return isinstance(self.open, int)

    def of(self, profile: str) -> float:
        """The value of a profile."""
        return {"open": self.open, "registry": self.registry, "strict": self.strict}[profile]

    def accepts(self, value: float) -> bool:
        """Whether policy.toml may set it to this value."""
        return value >= 0 and (not self.whole or math.isinf(value) or float(value).is_integer())

    def stored(self, value: float) -> float:
        """The value as `Limits` holds it: what means "no limit" is always the value that the profile `open` has.

        0 and infinity both say so in policy.toml; only what the open profile limits too (evaluations) has 0 for it.
        """
        none: float = 0 if self.whole else self.open
        if value == 0 or math.isinf(value):
            return none
        return int(value) if self.whole else float(value)


LIMITS = (
    Limit(
        "persons",
        "At least so many persons at this node in the rows that enter a fit",
        "vantage6: 10 rows for a GLM; DataSHIELD: subsets of 3. Fifty is ours: five cells of ten",
        "persons",
        50,
        50,
    ),
    Limit(
        "events",
        "Each level of the outcome has nobody here, or at least so many persons; for counts, no event or so many",
        "as smallest_cell; acro (UK output checking): 10 a cell",
        "persons or events",
        5,
        10,
    ),
    Limit(
        "parameters_per_person",
        "At most so many parameters for each person here",
        "DataSHIELD nfilter.glm: 0.33; vantage6 GLM: 0.10",
        "parameters a person",
        0.2,
        0.1,
    ),
    Limit(
        "residual_degrees",
        "At least so many more persons than parameters here",
        "acro (UK output checking): 10 residual degrees of freedom",
        "persons",
        10,
        10,
    ),
    Limit(
        "smallest_cell",
        "Each side of every 0/1 column, and each cell of any two, has nobody here or at least so many persons",
        "DataSHIELD nfilter.tab: 3; vantage6: 3 rows a level, 5 in tables; acro (UK output checking): 10",
        "persons",
        5,
        10,
    ),
    Limit(
        "levels",
        "At most so many levels of a categorical variable here",
        "DataSHIELD nfilter.levels.max: 40",
        "levels",
        40,
        40,
    ),
    Limit(
        "same_time",
        "Of a common baseline hazard: at each time (of grid()) at which rows enter, end or fail, at least so many do",
        "as smallest_cell: sums over those at risk at two times differ by who entered or left between them",
        "persons",
        5,
        10,
    ),
    Limit(
        "averages_per_person",
        "Of standsurv(): at most so many numbers for each person here, an average and its gradient for each time and "
        "pattern",
        "ours, no other tool has one: fewer numbers than persons",
        "numbers a person",
        1.0,
        0.5,
    ),
    Limit(
        "largest_share",
        "At most this share of a column's sum of squares about its mean is one person's; of weights, of their sum",
        "acro (UK output checking): two hold at most 0.90 of a total; half of that for one in the profile strict",
        "share, 0 to 1",
        0.5,
        0.45,
    ),
    Limit(
        "leverage",
        "Every person's leverage on a fit is at most this: more, and the fit goes through that person",
        "ours, no other tool has one; half of the leverage at which a row is fitted exactly",
        "leverage, 0 to 1",
        0.5,
        0.5,
    ),
    Limit(
        "roster",
        "At least so many nodes take part: of fewer, each learns the others' sums",
        "vantage6 GLM: 3 organisations, looked at by its aggregator only; here each node looks itself",
        "nodes",
        3,
        3,
    ),
    Limit(
        "evaluations",
        "At most so many betas are evaluated in a fit; each candidate that travels counts",
        "ours; the published examples that the tests fit take 2 to 18, and up to as many more of the constant alone",
        "betas",
        50,
        25,
    ),
    Limit(
        "fits",
        "At most so many fits of one version of the data",
        "ours, no other tool has one: enough to build a model, too few to search with",
        "fits",
        100,
        25,
    ),
    Limit(
        "refusals",
        "After so many refusals a person must look: each tells one bit of the data",
        "ours, no other tool has one",
        "refusals",
        5,
        3,
    ),
    Limit(
        "differing_rows",
        "Rows that differ from those of an earlier fit by fewer than this need a person's approval",
        "as smallest_cell; no other tool has one (a request of DataSHIELD's users)",
        "rows",
        5,
        10,
    ),
    Limit(
        "largest_beta",
        "No coefficient is evaluated beyond this, with columns in standard deviations",
        "ours: betas near 1e5 turned a likelihood into a search for single rows; published fits stay below 3",
        "standardised units",
        5.0,
        4.0,
    ),
    Limit(
        "effective_size",
        "The rows that a Hessian is made of are worth at least so many, (sum w)^2 / sum w^2",
        "ours, after Kish; the number is that of acro's smallest cell",
        "rows",
        10.0,
        10.0,
    ),
    Limit(
        "effective_share",
        "The same, as a share of the rows here",
        "ours, after Kish",
        "share, 0 to 1",
        0.05,
        0.05,
    ),
    Limit(
        "trust_radius",
        "With a driver outside (Stata's ml), betas lie within this distance of the path of the plan",
        "ours, no other tool has one",
        "standardised units",
        2.0,
        1.0,
    ),
)
"""Every limit, in the order of policy.toml."""


def limit(name: str) -> Limit:
    """The limit of this name."""
    return next(found for found in LIMITS if found.name == name)


def _limits(profile: str) -> Limits:
    return Limits(**{found.name: found.of(profile) for found in LIMITS})  # type: ignore[arg-type]


PROFILES: dict[str, Limits] = {name: _limits(name) for name in ("open", "registry", "strict")}
"""The limits of each profile: `open` for demos and simulations, `registry`, and `strict`."""
