"""Rules on what is asked, before any data are read: who asks, with whom, which model of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.derivation import CubicSpline, Cut, Generate, LinearSpline, Recode
from fedfolder.command.lexis import Merge, Split, Stset
from fedfolder.custody import keys
from fedfolder.custody.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fedfolder.command import Command
    from fedfolder.command.derivation import Derivation
    from fedfolder.custody.policy import Policy

WORDS: dict[type[Derivation], str] = {
    Generate: "generate",
    Cut: "egen",
    Recode: "recode",
    CubicSpline: "mkspline",
    LinearSpline: "mkspline",
    Stset: "stset",
    Split: "stsplit",
    Merge: "merge",
}
"""The word that each kind of derivation begins with; policy.toml allows them by it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, by whom, together with whom.

    Parameters
    ----------
    command : Command
        Of the proposal.
    roster : sequence of (str, str)
        Each node's name and its key in hex (empty in a simulation): those who take part, and nobody who was left out.
    server : bytes or None
        The key of the server that asks; None where it is not known yet.
    """

    command: Command
    roster: Sequence[tuple[str, str]]
    server: bytes | None = None


@dataclass(frozen=True, slots=True)
class CommandRule:
    """A rule by its name in policy.toml, what it holds in words, and the function that looks."""

    name: str
    meaning: str
    find: Callable[[Policy, Asked], Iterable[Finding]]


def _roster(policy: Policy, asked: Asked) -> Iterator[Finding]:
    # One key under several names is one node.
    taking_part = {key or name for name, key in asked.roster}
    if len(taking_part) < policy.limits.roster:
        yield Finding("roster", (), f"fewer than {policy.limits.roster} nodes take part")


def _models(policy: Policy, asked: Asked) -> Iterator[Finding]:
    allowed, command = policy.allowed.models, asked.command
    if allowed is not None and not {command.model, command.likelihood} & set(allowed):
        yield Finding("models", (command.model,), f"the model {command.likelihood} is not among those allowed here")


def _derivations(policy: Policy, asked: Asked) -> Iterator[Finding]:
    allowed = policy.allowed.derivations
    for derivation in asked.command.derivations:
        word = WORDS[type(derivation)]
        if allowed is not None and word not in allowed:
            made = ", ".join(derivation.names)
            yield Finding("derivations", derivation.names, f"{word} is not allowed here, and makes {made}")


def _conditions(policy: Policy, asked: Asked) -> Iterator[Finding]:
    allowed = policy.allowed.conditions
    if allowed is None:
        return
    for names in _choosing(asked.command):
        for name in names:
            if not set(_sources(asked.command, name)) <= set(allowed):
                yield Finding("conditions", (name,), f"rows may not be chosen here by {name}")
        if not names and not allowed:
            yield Finding("conditions", (), "rows may not be chosen here with if")


def _choosing(command: Command) -> Iterator[tuple[str, ...]]:
    """The variables of what chooses rows: `if`, when `stset` lets time begin and end, and a `keep()` of `merge`."""
    if command.condition is not None:
        yield command.condition.names
    for statement in command.derivations:
        if isinstance(statement, Stset):
            if statement.condition is not None:
                yield statement.condition.names
            events = () if statement.origin is None or statement.origin.event is None else (statement.origin,)
            moments = [moment for moment in (*events, statement.enter, statement.exit) if moment is not None]
            yield from (moment.names for moment in moments if moment.names)
        elif isinstance(statement, Merge) and statement.keep:
            yield statement.keys


def _sources(command: Command, name: str) -> tuple[str, ...]:
    """The variables of the data that a variable is, or is made of."""
    for derivation in command.derivations:
        if name in derivation.names:
            return tuple(source for part in derivation.sources for source in _sources(command, part))
    return (name,)


def _weights(policy: Policy, asked: Asked) -> Iterator[Finding]:
    allowed, weight = policy.allowed.weights, asked.command.weight
    if allowed is not None and weight is not None and weight.kind not in allowed:
        yield Finding("weights", (weight.variable,), f"weights of the kind {weight.kind} are not allowed here")


def _cluster_scores(policy: Policy, asked: Asked) -> Iterator[Finding]:
    if asked.command.across and not policy.cluster_scores:
        name = asked.command.roles["cluster"]
        yield Finding(
            "cluster_scores",
            (name,),
            f"scores by the names of clusters of {name} may not leave here; without across, none do",
        )


def _event_times(policy: Policy, asked: Asked) -> Iterator[Finding]:
    if asked.command.common_baseline and not policy.event_times:
        yield Finding(
            "event_times",
            (asked.command.roles["time"],),
            "a baseline hazard in common with other sites takes sums at each failure time, which may not leave here "
            "(event_times in policy.toml): write strata(_node), with which none do",
        )


def _standardised(policy: Policy, asked: Asked) -> Iterator[Finding]:
    if asked.command.standsurv is not None and policy.allowed.standardised is False:
        says = "average survival (standsurv()) may not leave here: leave the option out"
        yield Finding("standardised", (asked.command.roles["time"],), says)


def _site_baseline(policy: Policy, asked: Asked) -> Iterator[Finding]:
    if asked.command.site_baseline and not policy.site_baseline:
        yield Finding(
            "site_baseline",
            (asked.command.roles["time"],),
            "basesurv() with strata(_node) is this site's own survival curve, which may not leave here (site_baseline "
            "in policy.toml): leave basesurv() out, or fit survival with streg or stpm2",
        )


def _servers(policy: Policy, asked: Asked) -> Iterator[Finding]:
    allowed = {bare(text) for text in policy.allowed.servers}
    if allowed and (asked.server is None or bare(keys.fingerprint(asked.server)) not in allowed):
        yield Finding("servers", (), "this server is not among those that may ask here")


def bare(fingerprint: str) -> str:
    """A fingerprint without the blanks and signs that only help the eye."""
    return "".join(character for character in fingerprint.lower() if character.isalnum())


COMMAND_RULES = (
    CommandRule(
        "servers", "only the servers listed under [allowed] may ask; without a list, the one first seen", _servers
    ),
    CommandRule("roster", "at least so many nodes take part, counted by their keys", _roster),
    CommandRule("models", "only models listed under [allowed]", _models),
    CommandRule("derivations", "only variables derived by the words listed under [allowed]", _derivations),
    CommandRule("conditions", "rows are chosen with if by the variables listed under [allowed] only", _conditions),
    CommandRule("weights", "only the kinds of weight listed under [allowed]", _weights),
    CommandRule(
        "event_times",
        "no failure times, and sums over those at risk at each, unless [allowed] or the profile lets them leave",
        _event_times,
    ),
    CommandRule("standardised", "no average survival (standsurv()) where [allowed] says so", _standardised),
    CommandRule(
        "site_baseline",
        "no baseline hazard of this site alone, unless [allowed] or the profile lets it leave",
        _site_baseline,
    ),
    CommandRule("cluster_scores", "no scores by the names of clusters, unless node.toml allows them", _cluster_scores),
)
"""Every rule on a command, in the order in which they are looked at."""
