"""Whole fits: the line that the stub prints, typed as it is, leads `ml` to the pooled result."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fedfolder.exchange.journal import OUT
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.simulation import pooled, simulate
from fedfolder.stata import driving
from tests.server.test_external import in_memory
from tests.simulation.models import parts, problem, within_nodes
from tests.stata.driven import NODES, bench_of, births, call, rounds, running, stub, study, the_open_fit
from tests.stata.test_stub_rows import frame


@pytest.fixture
def bench(tmp_path, monkeypatch):
    yield from study(tmp_path, monkeypatch)


def estimates(stata):
    e = stata.memory.e
    return e.matrices["b"].columns, e.matrices["b"].values[0], e.matrices["V"].values


def test_the_demo_is_stata_s_own(stata, bench):
    stub(stata, bench)
    assert stata.run("ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize") == 0, stata.text
    assert stata.run("ml display") == 0
    text = stata.text
    assert "Iteration 0:  Log likelihood = -131.00482" in text
    # The demo's own log ends so. Without its steps forward, ml would need one more.
    assert "Iteration 3:  Log likelihood = -113.63815\n" in text
    assert "Iteration 4:" not in text
    assert "Number of obs =    189" in text
    for line in (
        "         age |  -.0497793    .031972    -1.56   0.119    -.1124432    .0128846",
        "       smoke |   .6918487   .3218061     2.15   0.032     .0611203    1.322577",
        "       _cons |   .0609055   .7573199     0.08   0.936    -1.423414    1.545225",
    ):
        assert line in text
    names, b, covariance = estimates(stata)
    assert names == ["xb:age", "xb:smoke", "xb:_cons"]
    # Where ml stopped, everything is the pooled data's.
    whole, _ = in_memory("logit low age smoke", [births()])
    found, se = whole.evaluate(b), np.sqrt(np.diag(covariance))
    assert abs(stata.memory.e.scalars["ll"] - found.loglike) <= 1e-12 * abs(found.loglike)
    there = np.linalg.inv(-found.hessian)
    assert np.all(np.abs(covariance - there) <= 1e-12 * np.outer(se, se))
    # And it stopped where ml stops: within its own tolerance of the maximum.
    expected = [-0.0497792742582770, 0.691848676936729, 0.0609055366130124]
    assert np.all(np.abs(b - expected) <= 1e-3 * se)
    np.testing.assert_allclose(se, [0.031971957, 0.321806118, 0.757319899], rtol=1e-5)
    stata.run("fedfolder close")
    for name in NODES:
        kinds = {header.kind for header in bench.nodes[name].journal.headers("server", OUT) if header.fit == 1}
        assert kinds == {"sums", "receipt"}


def test_nodes_that_run_by_themselves(stata, tmp_path):
    made = bench_of(tmp_path, births())
    with running(made):
        assert stub(stata, made) == 0, stata.text
        assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text
        assert stata.run("fedfolder close") == 0
    assert "Log likelihood = -113.63815" in stata.text
    _, b, _ = estimates(stata)
    np.testing.assert_allclose(b, [-0.0497792742582770, 0.691848676936729, 0.0609055366130124], rtol=1e-4)


def test_what_follows_an_estimation_follows_this_one(stata, bench):
    stub(stata, bench, "logit low age lwt i.race smoke ptl ht ui")
    assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text
    names, b, covariance = estimates(stata)
    assert names[:6] == ["xb:age", "xb:lwt", "xb:1b.race", "xb:2.race", "xb:3.race", "xb:smoke"]
    assert (b[2], covariance[2, 2]) == (0, 0)
    published = [-0.0271003, -0.0151508, 0, 1.262647, 0.8620792, 0.9233448, 0.5418366, 1.832518, 0.7585135, 0.4612239]
    np.testing.assert_allclose(b, published, atol=2e-6)
    assert stata.run("test 2.race 3.race") == 0, stata.text
    assert stata.run("fedfolder close") == 0


def test_break_in_the_middle_and_the_same_line_goes_on(stata, bench):
    stub(stata, bench)
    whole = stata.run("$FEDFOLDER_ML\n")
    assert whole == 0
    _, b, covariance = estimates(stata)
    stub(stata, bench, options="again")
    number = rounds(bench)[0]
    stata.press_break(after=3)
    assert stata.run("$FEDFOLDER_ML\n") == 1, stata.text
    interrupted = rounds(bench)[0]
    assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text
    assert number < interrupted < rounds(bench)[0]
    _, again, other = estimates(stata)
    assert np.array_equal(again, b)
    assert np.array_equal(other, covariance)


def test_another_line_is_stopped_with_both_models_named(stata, bench):
    stub(stata, bench, "logit low age lwt smoke")
    assert stata.run("ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize") == 111
    assert "only in the fit: lwt" in stata.errors


def test_derivatives_are_what_d2debug_takes_them_for(stata, bench):
    stub(stata, bench, "logit low age i.smoke")
    assert stata.run("ml model d2debug fedfolder_d2 (xb: low = age i.smoke), search(off) iterate(1) maximize") == 0
    found = [float(value) for value in re.findall(r"mreldif\(.+\) += (\S+)", stata.text)]
    assert len(found) == 4
    assert max(found) < 1e-5


def test_d2debug_runs_out_of_evaluations_in_so_many_words(stata, bench, monkeypatch):
    monkeypatch.setattr("fedfolder.plan.external.MOST_EVALUATIONS", 6)
    stub(stata, bench)
    line = stata.memory.globals["FEDFOLDER_ML"].replace(" d2 ", " d2debug ")
    assert stata.run(line) == 498
    assert "the evaluations that the proposal allows are used up" in stata.errors
    before = rounds(bench)
    assert stata.run(line) == 498
    assert rounds(bench) == before


# -- every model --------------------------------------------------------------------------------------------------


class InMemory:
    """A fit over samples in this process, where `External` is expected."""

    frames = ()

    def __new__(cls, study, command, *, radius, **_):  # noqa: ARG004
        fit, _ = in_memory(command, cls.frames, radius)
        fit.number = 1
        return fit


def stub_in_memory(stata, monkeypatch, command, frames, radius=1.0):
    monkeypatch.setattr(InMemory, "frames", frames)
    monkeypatch.setattr(driving, "External", InMemory)
    monkeypatch.setattr("fedfolder.stata.stub._label", lambda *_: None)
    comma = "" if "," in command else ","
    assert stata.run(f'fedfolder stub {command}{comma} study("x") radius({radius})') == 0, stata.text


def drive(stata, monkeypatch, command, frames, radius=1.0):
    """Type the stub and then what it says; return e(b) and its names without what is zero."""
    stub_in_memory(stata, monkeypatch, command, frames, radius)
    try:
        assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text
        now = the_open_fit()
        names, b, covariance = estimates(stata)
        places = now.match(tuple(names))
        kept = [int(np.flatnonzero(places.places == j)[0]) for j in range(places.count)]
        return now.fit.names, b[kept], covariance[np.ix_(kept, kept)]
    finally:
        driving.close()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_any_model_without_a_scale(stata, monkeypatch, name):
    given = problem(name)
    likelihood = LIKELIHOODS[name]
    frames = parts(given, "at random", 1)
    scale = likelihood.scale(-1.0, 10.0, 2, dict.fromkeys(likelihood.also, 5.0))
    if scale != 1.0 or len(likelihood.views) > 1:
        assert stata.run(f'fedfolder stub {given.command()}, study("x")') == 198
        return
    more = within_nodes(name)
    command, radius = given.command(more=more), 1.0 if likelihood.concave else 100.0
    names, b, covariance = drive(stata, monkeypatch, command, frames, radius)
    whole = simulate(command, frames) if more else pooled(command, given.frame)
    assert names == whole.names
    se = whole.bse.to_numpy()
    assert np.all(np.abs(b - whole.beta) <= 1e-2 * se), stata.text
    assert np.all(np.abs(covariance - whole.cov) <= 1e-2 * np.outer(se, se))


def test_trials_beyond_the_radius_are_halved_without_a_round(stata, monkeypatch):
    given = problem("poisson")
    frame = given.frame.assign(y=given.frame["y"] + 30)
    names, b, _ = drive(stata, monkeypatch, "poisson y x w", [frame])
    whole = pooled("poisson y x w", frame)
    assert names == whole.names
    assert np.all(np.abs(b - whole.beta) <= 1e-3 * whole.bse.to_numpy())
    assert stata.text.count("beyond the trust radius of 1:") >= 2


COMMANDS = {
    "interactions": "logit y c.x##i.g i.g#i.h",
    "cells": "logit y i.g#i.h, noconstant",
    "slopes": "logit y i.g#c.x",
    "another base": "logit y ib3.g##ib1.h x",
    "last and most frequent": "logit y ib(last).g ib(freq).h",
    "no base": "logit y ibn.g x",
    "no base, no constant": "logit y ibn.g x, noconstant",
    "texts": "logit y i.t##c.x",
    "base of texts": 'logit y ib"low".t x',
    "a copy": "logit y x copy z",
    "a copy that is multiplied": "logit y x copy c.copy#c.copy",
    "slopes in cells": "logit y z i.g#i.h#c.z",
    "no base, and its slopes": "logit y ibn.h ibn.h#c.x, noconstant",
    "a coarser factor": "logit y i.g i.k x",
    "powers": "logit y x c.x#c.x c.x#c.z",
    "a condition": "logit y x i.g if z > -1",
    "a derived variable": "gen old = x > 40; logit y i.old z",
    "frequencies": "logit y x i.g [fw=n]",
    "importance": "logit y x i.g [iw=w]",
    "analytic weights": "glm y x [aw=w], family(poisson)",
    "offset": "logit y x i.g, offset(z)",
    "exposure": "poisson y x i.g, exposure(w)",
    "odds ratios": "logit y x i.g, or level(90)",
    "outcomes": 'mlogit t x i.g, baseoutcome("high")',
    "ordered, no base": "ologit g x ibn.h",
    "constant alone": "logit y",
}


SEPARATED = {"slopes", "slopes in cells", "last and most frequent"}
"""Commands that have no estimate in thin data: a base level, or a slope, would have to run off without end."""
EVERY = [(what, thin) for what in COMMANDS for thin in (False, True) if not (thin and what in SEPARATED)]


@pytest.mark.parametrize(("what", "thin"), EVERY)
def test_every_way_of_writing_a_model(stata, monkeypatch, what, thin):
    data = frame(3, 240, thin=thin)
    rng = np.random.default_rng(1)
    data = data.assign(n=rng.integers(1, 4, len(data)), w=np.round(rng.uniform(0.5, 2, len(data)), 2))
    names, b, covariance = drive(stata, monkeypatch, COMMANDS[what], [data.iloc[:25], data.iloc[25:]])
    whole = pooled(COMMANDS[what], data)
    se = whole.bse.to_numpy()
    assert names == whole.names
    assert stata.memory.e.scalars["N"] == whole.nobs
    assert abs(stata.memory.e.scalars["ll"] - whole.llf) <= 1e-6 * abs(whole.llf)
    assert np.all(np.abs(b - whole.beta) <= 1e-2 * se)
    assert np.all(np.abs(covariance - whole.cov) <= 1e-2 * np.outer(se, se))


def test_of_a_large_sample_ml_is_told_how_many_there_are(stata, monkeypatch):
    monkeypatch.setattr("fedfolder.stata.stub.MOST_ROWS", 100)
    drive(stata, monkeypatch, "logit y x i.g", [frame(3, 240)])
    assert stata.memory.data.nobs < 100
    assert "obs(240)" in stata.memory.globals["FEDFOLDER_ML"]
    assert stata.memory.e.scalars["N"] == 240


def test_labels_and_texts_are_value_labels(stata, bench):
    text = "name,type,level,label\nrace,category,1,white\nrace,category,2,black\nrace,category,3,other\n"
    (bench.study.path / "dictionary.csv").write_text(text, encoding="utf-8", newline="\n")
    assert stub(stata, bench, "logit low age i.race") == 0, stata.text
    assert stata.memory.data.labels == {"race": {1: "white", 2: "black", 3: "other"}}
    assert stata.memory.data.column("race").value_label == "race"


@pytest.mark.parametrize("command", ["logit y x copy c.copy#c.copy", "logit y x copy i.g#c.copy i.g##i.h"])
def test_where_the_rows_cannot_say_it_the_line_names_every_column_as_stata_would(stata, monkeypatch, command):
    stub_in_memory(stata, monkeypatch, command, [frame(3, 240, thin=True)])
    line = stata.memory.globals["FEDFOLDER_ML"]
    columns = line[line.index("= ") + 2 : line.index(")")].split()
    assert "o.copy" in columns
    names = [f"xb:{column}" for column in [*columns, "_cons"]]
    assert call(stata, " ".join(names), np.zeros(len(names)), 2) == 0, stata.text
    driving.close()


def test_importance_weights_that_add_up_to_less_than_one(stata, monkeypatch):
    data = frame(3, 240).assign(w=0.001)
    names, b, _ = drive(stata, monkeypatch, "logit y x [iw=w]", [data])
    whole = pooled("logit y x [iw=w]", data)
    assert names == whole.names
    assert np.all(np.abs(b - whole.beta) <= 1e-2 * whole.bse.to_numpy())
    assert stata.memory.e.scalars["N"] == 1


HOSTILE = ("{stata exit}", "`c(pwd)' $HOME", "\"'); import os", "{bf:x}{p}", "\\")


def test_levels_that_look_like_commands_are_texts(stata, monkeypatch):
    data = frame(3, 240)
    data["t"] = np.array(HOSTILE)[np.arange(240) % len(HOSTILE)]
    stub_in_memory(stata, monkeypatch, "logit y i.t", [data])
    assert stata.memory.globals["FEDFOLDER_ML"] == "ml model d2 fedfolder_d2 (xb: y = i.t), search(off) maximize"
    assert all(f"is {level}" in stata.text for level in HOSTILE)
    assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text
    driving.close()


@pytest.mark.parametrize("todo", ["2", "2.0", "2.000000"])
def test_however_ml_writes_todo(stata, bench, todo):
    stub(stata, bench)
    stata.run("matrix b = (0, 0, 0)\nmatrix colnames b = xb:age xb:smoke xb:_cons\n")
    assert stata.run(f"fedfolder_d2 {todo} b lnf g H") == 0, stata.text
    assert {"g", "H"} <= set(stata.memory.matrices)
