"""Random intercepts over nodes: groups within them, the site as a group, and no variance at all."""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fedfolder import pooled, simulate
from fedfolder.command import parse
from fedfolder.errors import CommandError, VariableError
from fedfolder.node.data import sample_from_frame
from fedfolder.server.progress import Silent
from fedfolder.simulation.memory import fit_samples
from tests.simulation import comparing

alike = functools.partial(comparing.alike, tolerance=1e-10, loglike=1e-12, names=False)
ROOT = Path(__file__).resolve().parents[2]


def patients(sd, hospitals=12, each=15, seed=2):
    """Patients of hospitals that differ by so much, with times, counts and a yes or no."""
    rng = np.random.default_rng(seed)
    n = hospitals * each
    frame = pd.DataFrame({"hospital": np.repeat(np.arange(hospitals), each), "age": np.round(rng.normal(size=n), 2)})
    eta = -0.3 + 0.5 * frame["age"] + sd * rng.standard_normal(hospitals)[frame["hospital"]]
    frame["died"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    frame["count"] = rng.poisson(np.exp(eta)).astype(float)
    frame["years"] = np.round(rng.exponential(size=n) * np.exp(-eta), 3) + 0.001
    return frame


FRAME = patients(1.0)
MODELS = {
    "melogit died age || hospital:": "logit died age",
    "mepoisson count age || hospital:": "poisson count age",
    "mestreg age || hospital:, distribution(weibull) time(years) failure(died)": (
        "streg age, distribution(weibull) time(years) failure(died)"
    ),
}


def nodes(frame, number=3):
    """Some hospitals each."""
    return [frame[frame["hospital"] % number == k] for k in range(number)]


@pytest.mark.parametrize("command", MODELS)
def test_the_model_without_is_fitted_beside(command):
    found, without = simulate(command, nodes(FRAME)), pooled(MODELS[command], FRAME)
    assert found.stats["ll_c"] == pytest.approx(without.llf, rel=1e-12)
    assert found.stats["chi2_c"] == pytest.approx(2 * (found.llf - without.llf), rel=1e-9)
    assert 0 < found.stats["p_c"] < 1e-3
    assert found.llnull is None
    assert found.rounds <= 15
    assert "Prob >= chibar2 = 0.000" in found.summary()


@pytest.mark.parametrize("command", MODELS)
def test_without_variance_it_ends_at_zero_with_the_model_without(command):
    frame = patients(0.0, seed=3)
    found, without = simulate(command, nodes(frame)), pooled(MODELS[command], frame)
    assert found.status == "converged", found.message
    assert 0 <= found.beta[-1] < 1e-7
    assert np.max(np.abs(found.beta[:-1] - without.beta) / without.bse.to_numpy()) < 1e-7
    np.testing.assert_allclose(found.bse.to_numpy()[:-1], without.bse.to_numpy(), rtol=1e-6)
    assert (found.stats["chi2_c"], found.stats["p_c"]) == (0.0, 1.0)
    assert "no variance between values of hospital" in found.summary()


def test_more_points_come_to_the_integral():
    found = {k: pooled(f"melogit died age || hospital:, intpoints({k})", FRAME) for k in (1, 7, 25, 60)}
    assert found[7].llf == pooled("melogit died age || hospital:, intmethod(mcaghermite)", FRAME).llf
    alike(found[25], found[60], tolerance=1e-8)
    assert 1e-4 < abs(found[1].llf - found[60].llf) < 1.0
    assert 1e-9 < abs(found[7].llf - found[60].llf) < 1e-4


def test_values_at_two_nodes_are_two():
    """No site sees the other's; where all data lie in one place, it is said."""
    command = parse("melogit died age || hospital:")
    parts = [FRAME[::2], FRAME[1::2]]
    apart = [part.assign(hospital=part["hospital"] + 100 * k) for k, part in enumerate(parts)]
    notes: list[str] = []

    class Told(Silent):
        def note(self, text):
            notes.append(text)

    found = fit_samples(command, {f"n{k}": sample_from_frame(part, command) for k, part in enumerate(parts)}, Told())
    alike(found, simulate(str(command), apart))
    assert any("more than one node" in note for note in notes)


@pytest.mark.parametrize("model", ["logit died", "regress age", "poisson count"])
def test_the_site_is_a_factor_in_any_model(model):
    term = "died" if model == "regress age" else "age"
    parts = nodes(FRAME)
    named = pd.concat(part.assign(site=f"node{k}") for k, part in enumerate(parts, start=1))
    found, other = simulate(f"{model} {term} i._node", parts), pooled(f"{model} {term} i.site", named)
    assert [name.replace("_node", "site") for name in found.names] == list(other.names)
    assert "node2._node" in found.names
    alike(found, other, tolerance=1e-9)


def test_the_site_is_a_group():
    parts = nodes(FRAME, 5)
    named = [part.assign(site=f"node{k}") for k, part in enumerate(parts, start=1)]
    alike(simulate("melogit died age || _node:", parts), simulate("melogit died age || site:", named))
    clustered = simulate("logit died age, vce(cluster _node)", parts)
    alike(clustered, simulate("logit died age, vce(cluster site)", named))


@pytest.mark.parametrize(
    "command",
    ["logit died _node", "logit died age if _node==1", "logit _node age", "logit died age, offset(_node)",
     "generate g = _node; logit died i.g", "poisson count age [fw=_node]", "melogit died i._node || _node:",
     "melogit died i.hospital || hospital:", "melogit died age", "melogit died age || hospital: age",
     "melogit died age || hospital: || ward:", "melogit died age || hospital:, intmethod(mvaghermite)",
     "melogit died age [pw=age] || hospital:", "melogit died age || hospital:, intpoints(0)",
     "mestreg age || hospital:, distribution(lognormal) time(years) failure(died)", "melogit died age || died:"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_place(command):
    with pytest.raises(CommandError, match=r"\^"):
        parse(command)


def test_rows_of_no_site_have_none():
    with pytest.raises(VariableError, match="name of the site"):
        pooled("logit died i._node", FRAME)


def test_clusters_hold_whole_groups():
    frame = FRAME.assign(region=FRAME["hospital"] // 3, wrong=np.arange(len(FRAME)) % 2)
    parts = [frame[frame["region"] % 2 == k] for k in (0, 1)]
    found = simulate("melogit died age || hospital:, vce(cluster region)", parts)
    assert found.clusters == 4
    with pytest.raises(VariableError, match="differs between rows of one set"):
        simulate("melogit died age || hospital:, vce(cluster wrong)", parts)


def test_without_trials_every_value_but_zero_is_a_yes():
    found = simulate("melogit died age || hospital:", nodes(FRAME.assign(died=2.0 * FRAME["died"])))
    alike(found, simulate("melogit died age || hospital:, binomial(1)", nodes(FRAME)))
    with pytest.raises(VariableError, match="cannot be about"):
        simulate("melogit died age || hospital:, binomial(1)", nodes(FRAME.assign(died=2.0 * FRAME["died"])))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
@pytest.mark.parametrize("terms", ["age i.stage", "age flag", "flag, noconstant"])
def test_a_column_that_predicts_perfectly_is_omitted_with_its_rows(terms, outcome):
    """As in logit: the fit of the other rows, the test against the model without included."""
    frame = FRAME.assign(stage=np.arange(len(FRAME)) % 7 % 3, flag=(np.arange(len(FRAME)) % 7 == 3).astype(float))
    told, column = (frame["stage"] == 2, "2.stage") if "stage" in terms else (frame["flag"] == 1, "flag")
    frame["died"] = np.where(told, outcome, frame["died"])
    terms, _, more = terms.partition(",")
    if more:
        terms += " age"
    line = f"melogit died {terms},{more} || hospital:"
    found, others = simulate(line, nodes(frame)), simulate(line, nodes(frame[~told]))
    ((name, sentence, rows),) = found.excluded
    says = f"{column} != 0 predicts {'success' if outcome else 'failure'} perfectly"
    assert (name, sentence, rows) == (column, says, told.sum())
    assert column in found.omitted
    assert (found.names, found.nobs) == (others.names, others.nobs)
    alike(found, others, tolerance=1e-8)
    assert found.stats == pytest.approx(others.stats, rel=1e-8)


def test_a_group_without_its_name_is_left_out():
    frame = FRAME.assign(hospital=FRAME["hospital"].where(FRAME.index % 9 != 0))
    found = simulate("melogit died age || hospital:", nodes(FRAME.assign(hospital=frame["hospital"]).dropna()))
    missing = [FRAME.assign(hospital=frame["hospital"]).iloc[part.index] for part in nodes(FRAME)]
    alike(simulate("melogit died age || hospital:", missing), found)


def test_the_page_shows_what_is_printed():
    folder = ROOT / "tests" / "truth" / "melogit_cbpp"
    parts = [pd.read_csv(folder / f"node{k}.csv") for k in (1, 2, 3)]
    printed = simulate("melogit incidence i.period || herd:, binomial(size) intpoints(25)", parts).summary()
    page = (ROOT / "docs" / "survival.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(Mixed-effects.*?)```", page, re.DOTALL)
    assert shown
    assert printed.startswith(shown[1])


def test_a_robust_variance_that_rounding_makes_negative_is_shown_as_missing():
    """Of fewer clusters than parameters, the variance of the deviation may come out as -1e-17."""
    found = simulate("melogit died age || hospital:, vce(robust)", nodes(FRAME))
    cov = found.cov.copy()
    cov[-1, -1] = -1e-17
    (line,) = re.findall(r"var\(_cons\).*", dataclasses.replace(found, cov=cov).summary())
    assert line.split("|")[1].split()[1:] == [".", ".", "."]


def test_the_deviation_has_a_short_name_after_a_fit():
    found = pooled("melogit died age || hospital:", FRAME)
    place = found.names.index("/sd(_cons[hospital])")
    squared = found.nlcom("_b[/sd]^2")
    sd, se = found.beta[place], found.bse.to_numpy()[place]
    np.testing.assert_allclose([*squared.table.b, *squared.table.se], [sd**2, 2 * sd * se], rtol=1e-6)


def test_predictions_are_at_an_intercept_of_zero():
    found = pooled("melogit died age || hospital:", FRAME)
    row = FRAME[["age"]].iloc[:3]
    xb = found.params["_cons"] + found.params["age"] * row["age"]
    np.testing.assert_allclose(found.predict(row), 1 / (1 + np.exp(-xb)))
    hazards = pooled("mestreg age || hospital:, distribution(exponential) time(years) failure(died)", FRAME)
    np.testing.assert_allclose(
        hazards.predict(row, "hr"), np.exp(hazards.params["_cons"] + hazards.params["age"] * row["age"])
    )
