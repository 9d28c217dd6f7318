"""docs/own-likelihood.md: its example is installed, fitted by real nodes, and refused where it is not installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fedfolder.likelihood
from fedfolder import pooled, simulate
from fedfolder.errors import FedfolderError, TamperedAnswerError
from fedfolder.likelihood import LIKELIHOODS, installed
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.sums import Sums
from tests.system import places

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "own-likelihood"
PAGE = (ROOT / "docs" / "own-likelihood.md").read_text(encoding="utf-8")
COMMAND = "screened y age i.smoke"


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory):
    """A folder with the example, installed by pip from a copy, without the network."""
    folder = tmp_path_factory.mktemp("installed")
    source = tmp_path_factory.mktemp("source")
    for file in EXAMPLE.iterdir():
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--target", folder, source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def forget():
    installed.entry_points.cache_clear()
    fedfolder.likelihood._installed.cache_clear()  # noqa: SLF001


@pytest.fixture
def here(site_packages, monkeypatch):
    """The example, importable in this process."""
    monkeypatch.syspath_prepend(str(site_packages))
    forget()
    yield
    forget()


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    n = 600
    age, smoke = np.round(rng.normal(50, 10, n)), (rng.random(n) < 0.4).astype(float)
    ill = rng.random(n) < 1 / (1 + np.exp(-(-0.8 + 0.05 * (age - 50) + 0.9 * smoke)))
    y = np.where(ill, rng.random(n) < 0.90, rng.random(n) < 0.02).astype(float)
    return pd.DataFrame({"y": y, "age": age, "smoke": smoke})


def test_the_page_shows_the_package_as_it_is():
    shown = [part.strip("\n") for part in re.findall(r"^```\w*\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    sources = [(EXAMPLE / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "fedfolder_screened.py")]
    assert len(shown) > 1
    for part in shown:
        assert any(part in source for source in sources), part


@pytest.mark.usefixtures("here")
def test_it_is_fitted_and_any_split_gives_the_pooled_fit(frame):
    whole, found = pooled(COMMAND, frame), simulate(COMMAND, frame, nodes=4, seed=3)
    assert whole.status == found.status == "converged"
    assert np.max(np.abs(found.beta - whole.beta) / whole.bse) < 1e-12
    assert whole.params["age"] == pytest.approx(0.05, abs=4 * whole.bse["age"])
    blunt = pooled(COMMAND.replace("screened", "logit"), frame)
    assert abs(whole.params["1.smoke"]) > abs(blunt.params["1.smoke"])  # errors of the test dilute what it shows
    # The maximum is one: central differences of the log-likelihood, written out here.
    z = np.column_stack([frame["age"], frame["smoke"], np.ones(len(frame))])

    def loglike(beta):
        q = 0.02 + 0.88 / (1 + np.exp(-z @ beta))
        return np.where(frame["y"] == 1, np.log(q), np.log1p(-q)).sum()

    assert whole.llf == pytest.approx(loglike(whole.beta), rel=1e-13)
    for step in np.diag(1e-3 * whole.bse.to_numpy()):
        assert loglike(whole.beta + step) < whole.llf > loglike(whole.beta - step)
    weighted = pooled(COMMAND.replace("smoke", "smoke [fw=two]"), frame.assign(two=2))
    np.testing.assert_allclose(weighted.bse, whole.bse / np.sqrt(2), rtol=1e-8)


@pytest.mark.usefixtures("here")
def test_it_gets_the_checks_that_it_declares(frame):
    with pytest.raises(FedfolderError, match="y") as caught:
        simulate(COMMAND, frame.assign(y=frame["y"] * 2))
    assert "0 for a negative test" in str(caught.value) + str(caught.value.expected)
    assert simulate(COMMAND, frame.assign(y=1.0)).status == "outcome does not vary"
    command = read_command(COMMAND)
    sample = sample_from_frame(frame, command)
    program = fit(Proposal(command, ()))
    question = next(program)
    answer = question.compute(sample)
    total, _ = answer.rows[("y",)]
    lying = Sums(answer.scalars, answer.keys, answer.columns, {**answer.rows, ("y",): (total, total + 1)})
    with pytest.raises(TamperedAnswerError, match="no outcome of a screened"):
        question.check(lying, where="north")
    evaluation = program.send((question, answer))
    answer = evaluation.compute(sample)
    # The first is that of another model, by which columns are freed of each other.
    raised = Sums({**answer.scalars, "2 loglike b1": 1.0}, answer.keys, answer.columns, answer.rows)
    with pytest.raises(TamperedAnswerError, match="higher than any can be"):
        evaluation.check(raised, where="north")


@pytest.fixture
def world(tmp_path, frame):
    files = {}
    for number in range(3):
        path = tmp_path / "data" / f"births{number}.csv"
        path.parent.mkdir(exist_ok=True)
        frame[number::3].to_csv(path, index=False)
        files[f"node{number + 1}"] = path
    made = places.World(tmp_path / "a place", files)
    yield made
    made.close()


def with_it(site_packages):
    return os.pathsep.join([str(ROOT), str(site_packages)])


@pytest.mark.usefixtures("here")
def test_real_nodes_fit_it_over_folders(world, frame, site_packages, monkeypatch, tmp_path):
    monkeypatch.setitem(places.ENVIRONMENT, "PYTHONPATH", with_it(site_packages))
    out = tmp_path / "result.json"
    with world.nodes():
        done = world.run(COMMAND, "--json", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Logistic regression behind a test" in done.stdout
    found, whole = json.loads(out.read_text(encoding="utf-8")), pooled(COMMAND, frame)
    for name in whole.names:
        assert abs(found["coef"][name] - whole.params[name]) < 1e-12 * max(abs(whole.params[name]), whole.bse[name])
        assert found["se"][name] == pytest.approx(whole.bse[name], rel=1e-12)


def test_a_node_without_it_refuses_and_says_why(world, site_packages, monkeypatch):
    with world.nodes("node3"):  # started before the package is known: this site has not installed it
        monkeypatch.setitem(places.ENVIRONMENT, "PYTHONPATH", with_it(site_packages))
        with world.nodes("node1", "node2"):
            done = world.run(COMMAND)
    assert done.returncode not in {0, 1}
    places.assert_explained(done.stderr, "node3")
    assert "no such model" in world.log("node3")


def test_a_server_without_it_says_so_before_anything_is_sent(world):
    done = world.run(COMMAND)
    assert done.returncode not in {0, 1}
    assert "screened" in done.stderr
    assert "screened" not in LIKELIHOODS
