"""A policy on a page, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.custody.policy_file import number
from fedfolder.custody.profiles import LIMITS, PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.custody.policy import Policy


def lines(policy: Policy) -> Iterator[str]:
    """The profile, who says yes, every limit in force with its source, what is allowed, and the waivers."""
    study = f" for study {policy.study}" if policy.study else ""
    yield f"profile    {policy.profile}{study}"
    yield f"approval   {policy.approval}"
    yield f"persons    {f'by {policy.person}' if policy.person else 'each row is one'}"
    yield from _limits(policy)
    yield from _allowed(policy)
    for waiver in policy.waivers:
        about = f" for {', '.join(waiver.names)}" if waiver.names else ""
        note = "" if waiver.study == policy.study else ", which is not this one"
        yield f"waived     {waiver.rule}{about}, in study {waiver.study}{note}: {waiver.reason}"


def _limits(policy: Policy) -> Iterator[str]:
    for limit in LIMITS:
        value, usual = getattr(policy.limits, limit.name), getattr(PROFILES[policy.profile], limit.name)
        shown = number(limit, value)
        changed = "" if value == usual else f" (the profile has {number(limit, usual)})"
        yield f"limit      {limit.name} = {'none' if shown == '0' else shown}{changed}"
        yield f"             {limit.meaning}."
        yield f"             Source: {limit.source}."


def _allowed(policy: Policy) -> Iterator[str]:
    for name in ("models", "derivations", "conditions", "weights"):
        found = getattr(policy.allowed, name)
        yield f"allowed    {name}: {'all' if found is None else ', '.join(found) or 'none'}"
    yield f"allowed    servers: {', '.join(policy.allowed.servers) or 'the one that introduced itself first'}"
