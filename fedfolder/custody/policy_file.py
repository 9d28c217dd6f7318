"""policy.toml: the profile, what a site changed in it, who says yes, and the waivers."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fedfolder import settings
from fedfolder.command.models import WEIGHTS
from fedfolder.custody.policy import (  # noqa: TC001 - the same
    DERIVATIONS,
    EVENT_TIMES,
    OWN_ESTIMATES,
    RULES,
    SITE_BASELINE,
    Allowed,
    Approval,
    Policy,
    Waiver,
)
from fedfolder.custody.profiles import LIMITS, PROFILES, Limit, Limits, ProfileName  # noqa: TC001 - msgspec reads the annotation
from fedfolder.errors import ConfigError, nearest
from fedfolder.exchange import files
from fedfolder.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = "policy.toml"
MAKE = "fedfolder policy init HOME --profile registry"


class ApprovalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who says yes, and to what."""

    mode: Approval


class PersonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose a row is."""

    id: str | None = None


class AllowedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See `Allowed`."""

    models: tuple[str, ...] | None = None
    derivations: tuple[str, ...] | None = None
    conditions: tuple[str, ...] | None = None
    weights: tuple[str, ...] | None = None
    own_estimates: bool | None = None
    event_times: bool | None = None
    standardised: bool | None = None
    site_baseline: bool | None = None
    servers: tuple[str, ...] = ()


class WaiverSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See `Waiver`."""

    rule: str
    study: str
    reason: str
    names: tuple[str, ...] = ()


class PolicySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in policy.toml."""

    format: int
    profile: ProfileName
    approval: ApprovalSettings
    persons: PersonSettings = PersonSettings()
    limits: dict[str, float] = {}
    allowed: AllowedSettings = AllowedSettings()
    waiver: tuple[WaiverSettings, ...] = ()


def load(path: Path, *, variables: Iterable[str] = (), cluster_scores: bool = False, study: str = "") -> Policy:
    """Read a policy.toml.

    Parameters
    ----------
    path : Path
        The file.
    variables, cluster_scores : collection of str, bool
        What node.toml says.
    study : str
        The study that the home is for.

    Raises
    ------
    ConfigError, VersionError
        If it is missing, or not as it should be.
    """
    found = settings.load(path, PolicySettings, make=MAKE)
    with settings.located(path):
        _require_known("models' weights", found.allowed.weights or (), WEIGHTS)
        _require_known("words that derive variables", found.allowed.derivations or (), DERIVATIONS)
        return Policy(
            variables=tuple(variables),
            cluster_scores=cluster_scores,
            profile=found.profile,
            limits=_limits(found),
            approval=found.approval.mode,
            person=found.persons.id,
            allowed=Allowed(**msgspec.structs.asdict(found.allowed)),
            study=study,
            waivers=tuple(_waiver(waiver) for waiver in found.waiver),
        )


def named(text: str) -> Policy:
    """The policy of a profile, or of a policy.toml, for a simulation: everything is released.

    Raises
    ------
    ConfigError
        If it is neither, or the file is not as it should be.
    """
    if text in PROFILES:
        return Policy((), cluster_scores=True, profile=text, limits=PROFILES[text])
    path = Path(text)
    if not path.is_file():
        raise ConfigError(
            "there is no such policy",
            found=text,
            expected=f"a file, or {', '.join(PROFILES)}",
            do=nearest(text, PROFILES),
        )
    return load(path, cluster_scores=True)


def _limits(found: PolicySettings) -> Limits:
    """Those of the profile, and what the file changes."""
    known = {limit.name: limit for limit in LIMITS}
    _require_known("limits", found.limits, known)
    changed = {}
    for name, value in found.limits.items():
        if not known[name].accepts(value):
            raise ConfigError(
                f"the limit {name} cannot have this value",
                found=f"{value:g}",
                expected="a whole number of 0 or more" if known[name].whole else "a number of 0 or more",
                do="correct it; 0 switches a limit off",
            )
        changed[name] = known[name].stored(value)
    return dataclasses.replace(PROFILES[found.profile], **changed)  # type: ignore[arg-type]


def _require_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = tuple(known)
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no {name} among the {what}", found=name, do=nearest(name, known))


def _waiver(found: WaiverSettings) -> Waiver:
    _require_known("rules", [found.rule], RULES)
    if not found.reason.strip() or not found.study.strip():
        raise ConfigError(
            f"a waiver of {found.rule} lacks its {'study' if found.reason.strip() else 'reason'}",
            expected="the study that it is for, and why, in words that somebody can read in five years",
            do="write it, or take the waiver out",
        )
    return Waiver(found.rule, found.study, found.reason, found.names)


# -- written --------------------------------------------------------------------------------------------------------


def create(path: Path, profile: str, approval: Approval) -> None:
    """Write a new policy.toml.

    Raises
    ------
    ConfigError
        If there is one already.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text(profile, approval))
    except FileExistsError:
        do = "edit it; or move it away, and look afterwards which of its lines are still wanted"
        raise ConfigError("there is a policy here already", where=str(path), do=do) from None


def text(profile: str, approval: Approval) -> str:
    """A policy.toml of a profile: its limits as comments, each with what it means and where it is from."""
    lines = "\n".join(_commented(limit, profile) for limit in LIMITS)
    values = {"PROFILE": settings.quoted(profile), "APPROVAL": settings.quoted(approval), "LIMITS": lines}
    values["OWN"] = str(profile == OWN_ESTIMATES).lower()
    values["TIMES"] = str(profile == EVENT_TIMES).lower()
    values["CURVE"] = str(profile == SITE_BASELINE).lower()
    return settings.fill(resource("node_templates", FILE).read_text(encoding="utf-8"), values)


def _commented(limit: Limit, profile: str) -> str:
    return f"# {limit.meaning}.\n#   Source: {limit.source}.\n# {limit.name} = {number(limit, limit.of(profile))}\n"


def number(limit: Limit, value: float) -> str:
    """A value as policy.toml has it; 0 where there is no limit."""
    if math.isinf(value) or value == 0:
        return "0"
    return str(int(value)) if limit.whole else repr(float(value))


def waive(path: Path, waiver: Waiver) -> None:
    """Add a waiver at the end of policy.toml, which is read first: nothing is added to a file that is wrong.

    Raises
    ------
    ConfigError
        If the file or the waiver is not as it should be.
    ExchangeError
        If it cannot be written.
    """
    load(path)
    _waiver(WaiverSettings(waiver.rule, waiver.study, waiver.reason, waiver.names))
    quoted = settings.quoted
    lines = ["", "[[waiver]]", f"rule = {quoted(waiver.rule)}"]
    if waiver.names:
        lines.append(f"names = [{', '.join(map(quoted, waiver.names))}]")
    lines += [f"study = {quoted(waiver.study)}", f"reason = {quoted(waiver.reason)}", ""]
    before = path.read_text(encoding="utf-8-sig")
    files.write(path, (before + ("" if before.endswith("\n") else "\n") + "\n".join(lines)).encode())
