"""policy.toml: written with every limit and its source, read back, overridden, waived; and what commands say of it."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

from fedfolder.cli import cli
from fedfolder.custody import policy_file
from fedfolder.custody.command_rules import COMMAND_RULES
from fedfolder.custody.finding import Finding
from fedfolder.custody.policy import RULES, Policy, Waiver
from fedfolder.custody.profiles import LIMITS, PROFILES, Limits
from fedfolder.custody.sample_rules import SAMPLE_RULES
from fedfolder.errors import ConfigError, PolicyError, VariableError
from fedfolder.node.data import read_sample
from fedfolder.node.home import open_home
from fedfolder.plan.proposal import read_command
from fedfolder.resources import resource
from fedfolder.simulation import refused, simulate

if TYPE_CHECKING:
    from click.testing import Result

    from fedfolder.custody.policy import Approval

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
TRUTH = ROOT / "tests" / "truth"
CASES = json.loads((TRUTH / "truth.json").read_text(encoding="utf-8"))
LBW = resource("examples", "lbw", "lbw.csv")


def fedfolder(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "exchange").mkdir()
    place = tmp_path / "exchange" / "lbw" / "north"
    made = fedfolder("node", "init", tmp_path / "home", "--data", LBW, "--exchange", place)
    assert made.exit_code == 0, made.output
    return tmp_path / "home"


def written(folder: Path, text: str, profile: str = "registry") -> Path:
    path = folder / "policy.toml"
    path.write_text(policy_file.text(profile, "proposal") + text, encoding="utf-8", newline="\n")
    return path


# -- the registry of limits -----------------------------------------------------------------------------------------


def test_the_registry_has_every_limit_once() -> None:
    assert sorted(limit.name for limit in LIMITS) == sorted(field.name for field in fields(Limits))
    assert all(limit.source and limit.meaning and limit.unit for limit in LIMITS)


def test_the_open_profile_limits_evaluations_alone() -> None:
    limited = {limit.name for limit in LIMITS if limit.open not in {0, math.inf}}
    assert limited == {"evaluations"}
    assert Policy(()).limits == PROFILES["open"]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_strict_is_at_least_as_strict_as_registry_and_no_limit_is_left_out(limit) -> None:
    least = limit.name not in {
        "parameters_per_person", "levels", "largest_share", "leverage", "evaluations", "fits", "refusals",
        "largest_beta", "trust_radius", "averages_per_person",
    }  # fmt: skip
    assert 0 < limit.registry < math.inf
    assert limit.strict >= limit.registry if least else limit.strict <= limit.registry


# -- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("approval", ["auto", "proposal", "every-file"])
def test_a_new_file_is_read_as_its_profile(tmp_path: Path, profile: str, approval: Approval) -> None:
    policy_file.create(tmp_path / "policy.toml", profile, approval)
    found = policy_file.load(tmp_path / "policy.toml", variables=["a"], study="lbw")
    assert found == Policy(("a",), profile=profile, approval=approval, limits=PROFILES[profile], study="lbw")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_each_limit_stands_as_a_note_with_its_source_and_a_line_without_its_sign_counts(
    tmp_path: Path, profile: str, limit
) -> None:
    text = policy_file.text(profile, "proposal")
    note = f"# {limit.name} = {policy_file.number(limit, limit.of(profile))}\n"
    assert f"#   Source: {limit.source}.\n{note}" in text
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(note, note[2:]), encoding="utf-8", newline="\n")
    assert policy_file.load(path).limits == PROFILES[profile]
    path.write_text(text.replace(note, f"{limit.name} = 7\n"), encoding="utf-8", newline="\n")
    assert policy_file.load(path).limits == replace(PROFILES[profile], **{limit.name: 7})
    for none in ("0", "inf"):
        path.write_text(text.replace(note, f"{limit.name} = {none}\n"), encoding="utf-8", newline="\n")
        found = getattr(policy_file.load(path).limits, limit.name)
        assert found in {0, math.inf}


def test_every_line_of_the_file_can_be_used(tmp_path: Path) -> None:
    """Without the signs of its notes, what is a line of TOML is read."""
    lines = []
    for line in policy_file.text("registry", "proposal").splitlines():
        bare = line.removeprefix("# ")
        try:
            tomllib.loads(bare)
        except tomllib.TOMLDecodeError:
            continue
        lines.append(bare)
    path = tmp_path / "policy.toml"
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    found = policy_file.load(path, study="lbw")
    assert found.person == "pid"
    assert found.allowed.weights == ("fw", "pw", "aw", "iw")
    assert [waiver.rule for waiver in found.waivers] == ["roster"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[[waiver]]\nrule = 'cell'\nstudy = 'lbw'\nreason = 'x'", "did you mean cells"),
        ("[[waiver]]\nrule = 'cells'\nstudy = 'lbw'\nreason = ' '", "lacks its reason"),
        ("[[waiver]]\nrule = 'cells'\nstudy = ''\nreason = 'x'", "lacks its study"),
        ("[[waiver]]\nrule = 'cells'\nreason = 'x'", "study"),
    ],
)
def test_a_waiver_without_what_it_needs_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as found:
        policy_file.load(written(tmp_path, f"\n{line}\n"))
    assert said in str(found.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("person = 5", "did you mean persons"),
        ("persons = -1", "0 or more"),
        ("persons = 2.5", "whole number"),
        ("leverage = nan", "0 or more"),
        ("persons = 'many'", "limits"),
    ],
)
def test_a_limit_that_is_none_is_refused(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "policy.toml"
    text = policy_file.text("registry", "proposal").replace("[limits]\n", f"[limits]\n{line}\n")
    path.write_text(text, encoding="utf-8", newline="\n")
    with pytest.raises(ConfigError) as found:
        policy_file.load(path)
    assert said in str(found.value)


def test_a_word_that_is_no_kind_of_weight_or_derivation_is_refused(tmp_path: Path) -> None:
    for line in ('weights = ["fweight"]', 'derivations = ["gen"]'):
        path = tmp_path / "policy.toml"
        text = policy_file.text("registry", "proposal").replace("[allowed]\n", f"[allowed]\n{line}\n")
        path.write_text(text, encoding="utf-8", newline="\n")
        with pytest.raises(ConfigError):
            policy_file.load(path)


# -- waivers ----------------------------------------------------------------------------------------------------------


def test_a_waiver_is_for_its_rule_its_names_and_its_study() -> None:
    waiver = Waiver("pairs", "lbw", "agreed", ("race", "ht"))
    policy = Policy((), study="lbw", waivers=(waiver,))
    covered, other = Finding("pairs", ("race",), ""), Finding("pairs", ("race", "ui"), "")
    findings = [covered, other, Finding("cells", ("race",), ""), Finding("pairs", (), "")]
    assert policy.standing(findings) == findings[1:]
    assert policy.waived(findings) == [(covered, waiver)]
    assert replace(policy, study="other").standing(findings) == findings
    assert len(replace(policy, waivers=(replace(waiver, names=()),)).standing(findings)) == 1


def test_a_waived_rule_is_left_out_of_what_is_refused() -> None:
    command, roster = read_command("logit b x"), (("a", "01"), ("b", "02"))
    policy = Policy((), limits=PROFILES["registry"], study="lbw")
    assert [finding.rule for finding in policy.of_command(command, roster)] == ["roster"]
    waived = replace(policy, waivers=(Waiver("roster", "lbw", "two registries"),))
    assert waived.of_command(command, roster) == []
    assert [found.rule for found, _ in waived.waived(waived.found_in_command(command, roster))] == ["roster"]


# -- the commands -----------------------------------------------------------------------------------------------------


def test_a_new_node_has_the_profile_registry_and_asks_for_each_proposal(home: Path) -> None:
    found = open_home(home).policy
    assert (found.profile, found.approval, found.limits) == ("registry", "proposal", PROFILES["registry"])


def test_init_leaves_a_policy_that_is_there_alone(home: Path) -> None:
    before = (home / "policy.toml").read_bytes()
    again = fedfolder("policy", "init", home, "--profile", "open")
    assert again.exit_code == 15
    assert (home / "policy.toml").read_bytes() == before
    assert fedfolder("policy", "init", home.parent).exit_code == 15
    assert not (home.parent / "policy.toml").exists()


def test_check_names_rule_and_variables_and_a_waiver_lets_them_go(home: Path) -> None:
    assert fedfolder("policy", "check", home, "logit low age smoke").exit_code == 0
    refusing = fedfolder("policy", "check", home, "logit low i.race ht")
    assert refusing.exit_code == 21
    assert "refused  pairs: a cell of race by ht holds fewer than 5 persons here" in refusing.output
    assert "outcome" not in refusing.output
    for rule, about in (("pairs", "race ht"), ("outcome_cells", "")):
        done = fedfolder("policy", "waive", home, rule, "--names", about, "--reason", "the board agreed")
        assert done.exit_code == 0, done.output
    allowed = fedfolder("policy", "check", home, "logit low i.race ht")
    assert allowed.exit_code == 0, allowed.output
    assert "waived   pairs:" in allowed.output
    assert "(the board agreed)" in allowed.output
    shown = fedfolder("policy", "show", home).output
    assert "waived     pairs for race, ht, in study lbw: the board agreed" in shown


def test_a_waiver_that_is_none_changes_nothing(home: Path) -> None:
    before = (home / "policy.toml").read_bytes()
    assert fedfolder("policy", "waive", home, "cell", "--reason", "x").exit_code == 15
    assert fedfolder("policy", "waive", home, "cells", "--reason", " ").exit_code == 15
    assert (home / "policy.toml").read_bytes() == before


def test_show_has_every_limit_with_its_source_and_what_the_site_changed(home: Path) -> None:
    path = home / "policy.toml"
    text = path.read_text(encoding="utf-8").replace("# persons = 50", "persons = 30")
    path.write_text(text, encoding="utf-8", newline="\n")
    shown = fedfolder("policy", "show", home).output
    for limit in LIMITS:
        assert f"limit      {limit.name} = " in shown
        assert f"Source: {limit.source}." in shown
    assert "persons = 30 (the profile has 50)" in shown


def test_the_variable_of_the_persons_need_not_be_released_and_must_be_complete(home: Path) -> None:
    frame = pd.read_csv(LBW)
    frame["pid"] = frame.index % 40
    frame.to_csv(home / "births.csv", index=False)
    for file, old, new in (
        ("node.toml", str(LBW), str(home / "births.csv")),
        ("policy.toml", '# id = "pid"', 'id = "pid"'),
    ):
        text = (home / file).read_text(encoding="utf-8")
        assert old in text
        (home / file).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    refusing = fedfolder("policy", "check", home, "logit low age")
    assert "persons: fewer than 50 persons enter this fit here" in refusing.output
    assert "pid" not in open_home(home).policy.variables
    frame["pid"] = frame["pid"].where(frame.index != 3)
    frame.to_csv(home / "births.csv", index=False)
    opened = open_home(home)
    with pytest.raises(VariableError, match="pid has missing values"):
        read_sample(opened.data, read_command("logit low age"), persons="pid")


# -- simulations ------------------------------------------------------------------------------------------------------


def test_a_simulation_looks_at_a_policy_only_if_one_is_named() -> None:
    births = pd.read_csv(LBW)
    command = "logit low age i.race ht"
    assert simulate(command, births).status == "converged"
    with pytest.raises(PolicyError) as found:
        simulate(command, births, policy="registry")
    assert found.value.where.startswith("node1: ")
    assert simulate("logit low age smoke", births, policy="registry").status == "converged"
    with pytest.raises(PolicyError, match="fewer than 3 nodes"):
        simulate("logit low age smoke", births, nodes=2, policy="registry")


def test_the_command_names_node_rule_and_variable(tmp_path: Path) -> None:
    refusing = fedfolder("simulate", "logit low age i.race ht", LBW, "--policy", "registry")
    assert refusing.exit_code == 21
    assert "node1 refuses: pairs: a cell of race by ht holds fewer than 5 persons here" in refusing.output
    path = written(tmp_path, "", "open")
    assert fedfolder("simulate", "logit low age i.race ht", LBW, "--policy", path).exit_code == 0
    unknown = fedfolder("simulate", "logit low age", LBW, "--policy", "registri")
    assert unknown.exit_code == 15
    assert "did you mean registry" in unknown.output


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_page_has_every_limit(limit) -> None:
    shown = [policy_file.number(limit, limit.of(profile)) for profile in PROFILES]
    values = " | ".join("none" if value == "0" else value for value in shown)
    assert f"| `{limit.name}` | {limit.meaning} ({limit.unit}) | {values} | {limit.source} |" in PAGE


@pytest.mark.parametrize("rule", [*COMMAND_RULES, *SAMPLE_RULES], ids=lambda rule: rule.name)
def test_the_page_has_every_rule(rule) -> None:
    assert rule.name in RULES
    assert f"| `{rule.name}` | {rule.meaning} |" in PAGE


def refusals(case: dict[str, object]) -> str:
    """Which rules of the profile registry refuse a case, node by node; without data beside the files."""
    command = read_command(str(case["command"]))
    samples = {f"node{k}": read_sample(TRUTH / str(case["case"]) / f"node{k}.csv", command) for k in (1, 2, 3)}
    found = refused(policy_file.named("registry"), command, samples)
    return "; ".join(
        f"{node}: " + (", ".join(dict.fromkeys(f.rule for at, f in found if at == node)) or "passes")
        for node in samples
    )


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_page_says_which_published_fits_pass(case) -> None:
    rows = ", ".join(str(n) for n in case["rows"])
    command = str(case["command"]).replace("|", r"\|")
    line = f"| `{case['case']}` | `{command}` | {rows} | {refusals(case)} | "
    assert line in PAGE
    why = PAGE.split(line)[1].split(" |\n")[0]
    assert why or "refuse" not in line
