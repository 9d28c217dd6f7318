"""What the server says of a refusal, which is a stranger's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedfolder.about import SOFTWARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_NAMES = 10
"""Names of a refusal that are shown, at most."""
LONGEST = 32
"""Characters of a name that are shown, at most."""

LONGEST_REASON = 300
"""Characters of a reason that are shown, at most."""


def refusal_in_words(body: Mapping[str, Any]) -> str:
    """A refusal's code and names as a sentence. The body is a stranger's text: it is cut and made printable."""
    names = [str(name)[:LONGEST] for name in _list(body.get("names"))]
    near = [str(name)[:LONGEST] for name in _list(body.get("nearest"))]
    said = _REFUSALS.get(str(body.get("code")), "it gave a reason that this version does not know")
    rule, reason = str(body.get("rule", ""))[:LONGEST], str(body.get("reason", ""))[:LONGEST_REASON]
    said += (f" (rule {rule})" if rule else "") + (f" ({reason})" if reason else "")
    text = (
        f"{said}{': ' + ', '.join(names) if names else ''}{'; did you mean ' + ' or '.join(near) + '?' if near else ''}"
        f"{_other_software(str(body.get('software', SOFTWARE))[:LONGEST])}"
    )
    return "".join(c if c.isprintable() else "?" for c in text)


def after_refusal(bodies: Iterable[Mapping[str, Any]]) -> str:
    """What to do after refusals, by the first kind of them that is known."""
    bodies = list(bodies)
    codes, rules = {str(body.get("code")) for body in bodies}, {str(body.get("rule")) for body in bodies}
    if "Policy" in codes and "event_times" in rules:
        return _EVENT_TIMES
    if "Policy" in codes and "site_baseline" in rules:
        return _SITE_BASELINE
    return next((do for code, do in _AFTER.items() if code in codes), _MEND)


def _other_software(theirs: str) -> str:
    return "" if theirs == SOFTWARE else f"; it runs {theirs}, and this is {SOFTWARE}: update the older one"


def _list(value: object) -> list[object]:
    return value[:MOST_NAMES] if isinstance(value, list) else []


_REFUSALS = {
    "UnknownName": "it has no such variable or table, or has not released it",
    "Variable": "a variable cannot be used in this way there",
    "DataFile": "its data file cannot be read",
    "DataChanged": "its data have changed since an earlier round of this fit",
    "Refused": "the request is not one that it answers",
    "Beta": "the beta is not the one that the plan leads to",
    "TamperedAnswer": "the published sums cannot be sums",
    "Policy": "its policy does not allow it",
    "Rejected": "its custodian said no",
    "DifferentQuestions": "it was not shown that all nodes were asked the same in the round before",
}

_MEND = "mend it there or change the command, and run it again as a new attempt; the node's log.txt says more"
_EVENT_TIMES = (
    "write strata(_node): each site then has a baseline hazard of its own, and no failure times leave; or ask the "
    "custodians to set event_times = true in policy.toml"
)
_SITE_BASELINE = (
    "leave basesurv() out: coefficients and phtest() need none; or ask the custodians to set site_baseline = true in "
    "policy.toml; or fit survival by streg or stpm2, of which only sums leave"
)
_AFTER = {
    "Rejected": "speak with the custodian. A no holds for this fit: --again asks anew, as another fit",
    "Policy": "change the command, or ask the custodian for a waiver; fedfolder preflight names all rules of all sites",
}
