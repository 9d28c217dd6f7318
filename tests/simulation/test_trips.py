"""A fit in few trips through real folders: what travels, what is kept at a site, and that nothing is asked twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fedfolder.custody.approval import Attempt
from fedfolder.custody.page import Review, page
from fedfolder.custody.policy_file import named
from fedfolder.errors import RefusedError
from fedfolder.node.data import describe, read_sample, read_variables, write_dta
from fedfolder.plan.few import FewTrips
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.simulation import few_of, fit_samples, lay_out, places_at_random, simulate_over_folders
from tests.system.places import LBW

DEMO = "logit low age smoke"
EIGHT = "logit low age lwt i.race smoke ptl ht ui"
DICTIONARY = "name,type,level,label\nrace,category,1,white\n,,2,black\n,,3,other\n"


@pytest.fixture
def places(tmp_path):
    """The demo's split, and a dictionary at the server's home."""
    frame = read_variables(LBW, [variable.name for variable in describe(LBW).variables])
    data = {}
    for number, rows in enumerate(places_at_random(frame.nrows, 3, 1), start=1):
        data[f"node{number}"] = tmp_path / f"births{number}.dta"
        write_dta(frame.take(rows), data[f"node{number}"])
    found = lay_out(tmp_path, "lbw", data)
    (found.server / "dictionary.csv").write_text(DICTIONARY, encoding="utf-8")
    return found, data


def in_memory(command, data, **more):
    parsed = read_command(command)
    samples = {node: read_sample(path, parsed) for node, path in data.items()}
    return fit_samples(parsed, samples), fit_samples(parsed, samples, few=few_of(parsed, samples), **more)


def set_policy(home, text):
    path = home / "policy.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[allowed]\n", f"[allowed]\n{text}\n"), encoding="utf-8")


def sent(home, name):
    """The files of this name that left a node, by round."""
    return [path.read_text(encoding="utf-8") for path in sorted((home / "kept").rglob(f"*{name}"))]


@pytest.mark.parametrize(("command", "trips"), [(DEMO, 4), (EIGHT, 5)])
def test_the_levels_come_from_the_dictionary_and_the_bits_are_those_in_memory(places, command, trips):
    found, data = places
    result = simulate_over_folders(command, found, few_trips=True)
    cold, few = in_memory(command, data)
    assert (result.rounds, few.rounds) == (trips, trips)
    assert cold.rounds > trips
    np.testing.assert_array_equal(result.beta, few.beta)
    np.testing.assert_array_equal(result.cov, few.cov)
    np.testing.assert_array_less(np.abs(result.beta - cold.beta), 1e-9 * np.sqrt(np.diag(cold.cov)))
    text = (found.server / "runs" / "fit1" / "result.txt").read_text(encoding="utf-8")
    assert f"Trips to the nodes: {trips}, with {few.evaluations} evaluations." in text
    again = simulate_over_folders(command, found)
    assert (again.rounds, again.beta.tolist()) == (trips, result.beta.tolist()), "it has ended, and is shown again"


def test_a_site_that_keeps_its_estimate_sends_zeros_and_the_fit_goes_on(places):
    found, data = places
    set_policy(found.nodes["node2"], "own_estimates = false")
    result = simulate_over_folders(DEMO, found, few_trips=True)
    cold, _ = in_memory(DEMO, data)
    assert result.status == "converged"
    np.testing.assert_array_less(np.abs(result.beta - cold.beta), 1e-9 * np.sqrt(np.diag(cold.cov)))
    for node, is_kept in (("node1", False), ("node2", True)):
        (opening,) = sent(found.nodes[node], "answers.csv")
        numbers = [float(x) for line in opening.splitlines() if line.startswith("2,") for x in line.split(",")[4:]]
        assert (not any(numbers)) == is_kept
        charged = [line for line in account(found.nodes[node]) if line.startswith("fit 1:")]
        assert f"{result.evaluations - is_kept} betas" in charged[0]


def account(home):
    from fedfolder.node.account import spent_in_words
    from fedfolder.node.home import open_home

    return list(spent_in_words(open_home(home)))


def test_an_estimate_beyond_a_limit_on_betas_stays_where_it_is(places):
    """The site's own beta is held against what holds for those that are asked about; no refusal says so."""
    found, _ = places
    home = found.nodes["node1"]
    path = home / "policy.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("# largest_beta = 0", "largest_beta = 0.01"), encoding="utf-8"
    )
    with pytest.raises(RefusedError):
        simulate_over_folders(DEMO, found, few_trips=True)
    (opening,) = sent(home, "answers.csv")
    assert not any(float(x) for line in opening.splitlines() if line.startswith("2,") for x in line.split(",")[4:])


@pytest.mark.parametrize(("profile", "says"), [("open", "own estimate LEAVES"), ("registry", "keeps its own estimate")])
def test_the_custodian_reads_whether_the_site_s_own_estimate_leaves(profile, says):
    command = read_command(DEMO)
    policy = named(profile)
    for few in (FewTrips(), None):
        proposal = Proposal(command, (("north", "00"), ("south", "11")), few=few)
        text = page(Attempt(1, 1, ""), proposal, me="north", server=("", ""), policy=policy, review=Review())
        said = " ".join(text.split())
        assert (says in said) == ("questions travel together" in said) == (few is not None)


def test_the_registry_profile_keeps_it_and_the_open_one_does_not(tmp_path):
    from fedfolder.custody.policy_file import create, load

    for profile, leaves in (("open", True), ("registry", False), ("strict", False)):
        path = tmp_path / f"{profile}.toml"
        create(path, profile, "auto")
        assert load(path).own_estimates is leaves
        text = path.read_text(encoding="utf-8")
        assert f"# own_estimates = {str(leaves).lower()} " in text
        path.write_text(text.replace("[allowed]\n", f"[allowed]\nown_estimates = {str(not leaves).lower()}\n"))
        assert load(path).own_estimates is not leaves


def test_a_fit_that_loses_a_site_after_the_opening_begins_elsewhere(places):
    """What was published with the larger roster is held against the node's own answer, and is not asked for again."""
    from fedfolder.plan.messages import Content, own_opening
    from fedfolder.plan.opening import first_question, published_moments
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.moments import Moments
    from fedfolder.questions.sums import to_parts
    from fedfolder.questions.together import Together

    _, data = places
    command = read_command(DEMO)
    samples = {node: read_sample(path, command) for node, path in data.items()}
    question = first_question(Proposal(command, (("node1", ""),), few=few_of(command, samples)))
    assert isinstance(question, Together)
    answer = question.compute(samples["node1"])
    scalars, table = to_parts(answer)
    asked = question.questions[0]
    assert isinstance(asked, Moments)
    moments = asked.compute(samples["node1"])
    said = Content({"scalars": scalars}, {question.answer_name: table})
    assert own_opening(asked, said) == moments == published_moments(question, answer)
    assert own_opening(asked, Content({"scalars": {}}, {"scores.csv": b""})) is None


def test_the_command_line_has_it(tmp_path):
    from click.testing import CliRunner

    from fedfolder.cli import cli

    out = tmp_path / "few.json"
    shown = CliRunner().invoke(cli, ["simulate", DEMO, str(LBW), "--few-trips", "--json", str(out)])
    assert shown.exit_code == 0, shown.output
    said = json.loads(out.read_text(encoding="utf-8"))
    assert (said["rounds"], said["evaluations"]) == (4, 5)
    assert "Trips to the nodes: 4, with 5 evaluations." in shown.output
