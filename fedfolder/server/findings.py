"""What a check found, site by site, as a table and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedfolder.questions import facts
from fedfolder.questions.differences import FILE, Differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fedfolder.dictionary import Dictionary, Variable
    from fedfolder.questions.facts import Fact
    from fedfolder.questions.sums import Sums

ANSWERED = "answered"
_FEW_OUTSIDE = "under 5 %"


@dataclass(frozen=True, slots=True)
class SiteFindings:
    """What one node said: `state` is "answered", or why there are no facts."""

    node: str
    facts: tuple[Fact, ...] = ()
    state: str = ANSWERED

    @classmethod
    def of(cls, node: str, answer: Sums) -> SiteFindings:
        """The facts of an answer that was checked."""
        return cls(node, Differences.said(answer))

    @property
    def rows(self) -> str:
        """The class of the number of its rows; empty without an answer."""
        return next((fact.which for fact in self.facts if fact.variable == FILE), "")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table; `differs` says whether somebody should look into it before there is a fit."""

    node: str
    variable: str
    words: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What all nodes said of a dictionary."""

    dictionary: Dictionary
    sites: tuple[SiteFindings, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """What there is to say, in the order of the dictionary, and of the sites."""
        return tuple(
            line for variable in self.dictionary.variables for site in self.sites for line in _lines(site, variable)
        )

    @property
    def differences(self) -> tuple[Line, ...]:
        """The lines that somebody should look into."""
        return tuple(line for line in self.lines if line.differs)

    @property
    def unanswered(self) -> tuple[SiteFindings, ...]:
        """The sites that refused, or have not answered."""
        return tuple(site for site in self.sites if site.state != ANSWERED)

    def summary(self) -> str:
        """The table, for people: first what differs, then what is worth knowing."""
        parts = ["\n".join(f"{site.node}: {_site(site)}" for site in self.sites)]
        remarks = [line for line in self.lines if not line.differs]
        for heading, lines in (("Differs from the dictionary", self.differences), ("To know", remarks)):
            if lines:
                parts.append(f"{heading}:\n{_table(lines)}")
        if not self.differences:
            answered = len(self.sites) - len(self.unanswered)
            who = "1 site that has" if answered == 1 else f"{answered} sites that have"
            parts.append(f"Nothing differs at the {who} answered.")
        return "\n\n".join(parts)

    def to_json(self) -> str:
        """As JSON: sites with their state, and a line for each finding."""
        said: dict[str, Any] = {
            "format": 1,
            "variables": list(self.dictionary.names),
            "sites": [{"node": site.node, "state": site.state, "rows": site.rows} for site in self.sites],
            "findings": [
                {"node": site.node, "variable": fact.variable, "fact": fact.fact, "which": fact.which}
                for site in self.sites
                for fact in site.facts
                if fact.variable != FILE
            ],
            "differences": len(self.differences),
        }
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _site(site: SiteFindings) -> str:
    return f"{site.rows} rows" if site.state == ANSWERED else site.state


def _table(lines: Iterable[Line]) -> str:
    """A row a variable and finding, with all sites that have it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        rows.setdefault((line.variable, line.words), []).append(line.node)
    sites = max(len(", ".join(nodes)) for nodes in rows.values())
    variable = max(len(name) for name, _ in rows)
    return "\n".join(
        f"  {name:<{variable}}  {', '.join(nodes):<{sites}}  {words}" for (name, words), nodes in rows.items()
    )


def _lines(site: SiteFindings, variable: Variable) -> Iterator[Line]:
    mine = [fact for fact in site.facts if fact.variable == variable.name]
    for kind in dict.fromkeys(fact.fact for fact in mine):
        which = [fact.which for fact in mine if fact.fact == kind]
        if which != [facts.NONE]:
            yield Line(site.node, variable.name, _in_words(kind, which, variable), _differs(kind, which[0]))


_WORDS = {
    facts.ABSENT: "{which}",
    facts.TYPE: "is {which}, where the dictionary says {type}",
    facts.MISSING: "missing in {which} of the rows",
    facts.UNKNOWN: "has {which} levels that the dictionary does not have",
    facts.LABEL: "another label in the site's file for {which}",
    facts.UNUSED: "no row with {which}",
    facts.SCALE: "looks {which}{unit}",
    facts.RANGE: "{which} of the values are outside {range}",
}
_WORDS_OF_ALL = {facts.MISSING: "no value in any row", facts.RANGE: "all values are outside {range}"}


def _in_words(kind: str, which: list[str], variable: Variable) -> str:
    """One fact, or several of a kind about levels."""
    text = _WORDS_OF_ALL[kind] if which == [facts.ALL] and kind in _WORDS_OF_ALL else _WORDS[kind]
    unit = f"; the unit is {variable.unit}" if variable.unit else ""
    return text.format(which=", ".join(which), type=variable.type, unit=unit, range=_range(variable))


def _differs(kind: str, which: str) -> bool:
    """Whether somebody should look into it: some missing, few outside a range, and a level less are no difference."""
    if kind == facts.MISSING:
        return which == facts.ALL
    return kind != facts.UNUSED and (kind, which) != (facts.RANGE, _FEW_OUTSIDE)


def _range(variable: Variable) -> str:
    low, high = variable.end(variable.low), variable.end(variable.high)
    return f"{low} to {high}" if low and high else f"{low} and more" if low else f"what is at most {high}"
