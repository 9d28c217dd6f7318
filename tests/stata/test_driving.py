"""Stata's `ml` drives the nodes: each call of the evaluator is one round, at Stata's width, in Stata's words."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from fedfolder.exchange.journal import OUT
from fedfolder.questions.within import Within
from fedfolder.stata import driving
from tests.node.places import Clock
from tests.stata.driven import NODES, answer, births, call, logit, rounds, stub, study, the_open_fit


@pytest.fixture
def bench(tmp_path, monkeypatch):
    yield from study(tmp_path, monkeypatch)


def test_the_demo(stata, bench):
    assert stub(stata, bench) == 0, stata.text
    assert "189 observations at 3 nodes (north, south, west)" in stata.text
    line = "ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize"
    assert f"    {line}\n" in stata.text
    assert stata.memory.globals["FEDFOLDER_ML"] == line
    data = stata.memory.data
    assert (data.names, data.nobs) == (["low", "age", "smoke"], 189)
    assert stata.text.count("-- Returning log likelihood, gradient and Hessian to the stub.\n") == 1
    assert "Newton" not in stata.text
    names = "xb:age xb:smoke xb:_cons"
    assert call(stata, names, [0, 0, 0], 2) == 0, stata.text
    assert answer(stata)[0] == pytest.approx(-131.00482, abs=5e-6)
    assert "-- Summing contributions over 3 nodes.\n" in stata.text
    assert stata.text.count("-- Returning log likelihood, gradient and Hessian to ml.\n") == 1
    beta = [-0.0497792742582770, 0.691848676936729, 0.0609055366130124]
    assert call(stata, names, beta, 2) == 0
    lnf, g, hessian = answer(stata)
    frame = births()
    ll, score, curved = logit(frame, [frame["age"], frame["smoke"]], beta)
    assert lnf == pytest.approx(-113.63814580140382, abs=1e-12)
    assert lnf == pytest.approx(ll, rel=1e-14)
    assert g.shape == (1, 3)
    np.testing.assert_allclose(g[0], score, atol=1e-10)
    np.testing.assert_allclose(hessian, curved, rtol=1e-12)
    assert np.array_equal(hessian, hessian.T)
    np.testing.assert_allclose(
        np.sqrt(np.diag(np.linalg.inv(-hessian))), [0.031971957, 0.321806118, 0.757319899], atol=1e-9
    )


# -- Stata's width ------------------------------------------------------------------------------------------------


def test_base_levels_are_in_b_and_add_nothing(stata, bench):
    assert stub(stata, bench, "logit low age i.race smoke") == 0, stata.text
    names = "xb:age xb:1b.race xb:2.race xb:3.race xb:smoke xb:_cons"
    beta = [-0.03, 0, 0.4, 0.5, 0.6, -0.2]
    assert call(stata, names, beta, 2) == 0, stata.text
    lnf, g, hessian = answer(stata)
    frame = births()
    columns = [frame["age"], frame["race"] == 2, frame["race"] == 3, frame["smoke"]]
    ll, score, curved = logit(frame, columns, [beta[0], *beta[2:]])
    kept = [0, 2, 3, 4, 5]
    assert lnf == pytest.approx(ll, rel=1e-14)
    np.testing.assert_allclose(g[0, kept], score, atol=1e-10)
    np.testing.assert_allclose(hessian[np.ix_(kept, kept)], curved, rtol=1e-12, atol=1e-12)
    assert not g[0, 1]
    assert not hessian[1].any()
    assert not hessian[:, 1].any()


def test_interactions_and_another_base_have_the_names_that_stata_gives(stata, bench):
    assert stub(stata, bench, "logit low ib2.race##i.smoke i.smoke#c.age c.lwt#c.lwt") == 0, stata.text
    assert "(xb: low = ib2.race i.smoke ib2.race#i.smoke i.smoke#c.age c.lwt#c.lwt)" in stata.text
    names = (
        "xb:1.race xb:2b.race xb:3.race xb:0b.smoke xb:1.smoke xb:1o.race#0b.smoke xb:1.race#1.smoke "
        "xb:2b.race#0b.smoke xb:2b.race#1o.smoke xb:3o.race#0b.smoke xb:3.race#1.smoke "
        "xb:0b.smoke#c.age xb:1.smoke#c.age xb:c.lwt#c.lwt xb:_cons"
    )
    beta = np.zeros(15)
    beta[[0, 2, 4, 6, 10, 11, 12, 14]] = [0.2, 0.1, 0.3, -0.1, 0.2, -0.01, -0.02, -0.4]
    assert call(stata, names, beta, 2) == 0, stata.text
    frame = births()
    one, three, smoke, age = frame["race"] == 1, frame["race"] == 3, frame["smoke"], frame["age"]
    columns = [one, three, smoke, one * smoke, three * smoke, (1 - smoke) * age, smoke * age, frame["lwt"] ** 2.0]
    kept = [0, 2, 4, 6, 10, 11, 12, 13, 14]
    ll, score, curved = logit(frame, columns, beta[kept])
    lnf, g, hessian = answer(stata)
    assert lnf == pytest.approx(ll, rel=1e-13)
    np.testing.assert_allclose(g[0, kept], score, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(hessian[np.ix_(kept, kept)], curved, rtol=1e-10, atol=1e-6)


@pytest.mark.parametrize("todo", [0, 1, 2])
def test_only_what_is_asked_for_is_filled(stata, bench, todo):
    stub(stata, bench)
    assert call(stata, "xb:age xb:smoke xb:_cons", [0, 0, 0], todo) == 0
    assert "lnf" in stata.memory.scalars
    assert ("g" in stata.memory.matrices, "H" in stata.memory.matrices) == (todo >= 1, todo == 2)


def test_a_beta_is_asked_of_the_nodes_once_however_often_ml_calls(stata, bench):
    stub(stata, bench)
    names = "xb:age xb:smoke xb:_cons"
    call(stata, names, [0, 0, 0], 0)
    before = rounds(bench)
    for todo in (1, 2, 0, 2):
        assert call(stata, names, [0, 0, 0], todo) == 0
    assert rounds(bench) == before
    call(stata, names, [0, 0, 0.01], 0)
    assert rounds(bench) == [number + 1 for number in before]


# -- what is wrong ------------------------------------------------------------------------------------------------


OTHERS = [
    ("xb:age xb:ht xb:_cons", "xb:ht", "smoke"),
    ("xb:age xb:smoke", "nothing", "_cons"),
    ("xb:age xb:smoke xb:lwt xb:_cons", "xb:lwt", "nothing"),
    ("xb:age xb:o.smoke xb:_cons", "nothing", "smoke"),
    ("xb:age xb:0b.smoke xb:1.smoke xb:_cons", "xb:1.smoke", "smoke"),
    ("xb:age xb:smoke xb:_cons zz:_cons", "zz:_cons", "nothing"),
    ("xb:age xb:age xb:smoke xb:_cons", "xb:age", "nothing"),
]


def test_another_model_is_named_on_both_sides_and_nothing_is_asked(stata, bench):
    stub(stata, bench)
    before = rounds(bench)
    for names, theirs, ours in OTHERS:
        seen = len(stata.errors)
        assert call(stata, names, np.zeros(len(names.split())), 2) == 111
        said = stata.errors[seen:]
        assert f"only in ml: {theirs}\n" in said
        assert f"only in the fit: {ours}\n" in said
        assert "ml model d2 fedfolder_d2 (xb: low = age smoke)" in said
    assert rounds(bench) == before


def test_beyond_the_radius_lnf_is_missing_and_nothing_is_asked(stata, bench):
    stub(stata, bench)
    before = rounds(bench)
    assert call(stata, "xb:age xb:smoke xb:_cons", [0, 50, 0], 2) == 0
    assert stata.memory.scalars["lnf"] >= 8.9e307
    assert "g" not in stata.memory.matrices
    assert "beyond the trust radius of 1" in stata.text
    assert rounds(bench) == before


def test_a_larger_radius_is_proposed(stata, bench):
    stub(stata, bench, options="radius(100)")
    assert call(stata, "xb:age xb:smoke xb:_cons", [0, 50, 0], 2) == 0
    assert stata.memory.scalars["lnf"] < 0


def test_without_a_fit_the_evaluator_says_what_to_type(stata):
    stata.run("matrix b = (0)\n")
    assert stata.run("fedfolder_d2 0 b lnf g H") == 498
    assert "fedfolder stub" in stata.errors


CANNOT = [
    ("regress bwt age", 198, "scale that is no parameter"),
    ("glm bwt age, family(gamma)", 198, "scale that is no parameter"),
    ("logit low age, vce(robust)", 198, "vce(robust)"),
    ("logit low age [pw=lwt]", 198, "vce(robust)"),
    ("gen int = age; logit low int", 459, "no variable of this name"),
    ("logit low age, radius(-1)", 198, "trust radius"),
    ("logit low age, timeout(soon)", 198, "no length of time"),
    ("logit low age, nosuch(1)", 111, "no option"),
]


def test_what_ml_cannot_drive_is_said_before_anything_is_asked(stata, bench):
    for command, rc, text in CANNOT:
        seen = len(stata.errors)
        assert stub(stata, bench, command) == rc
        assert text in stata.errors[seen:]
    assert driving.current() is None
    assert not bench.on_share("north", "to-node")


# -- data in memory -----------------------------------------------------------------------------------------------


def test_data_that_were_not_saved_are_kept(stata, bench):
    stata.run("set obs 3\ngen precious = 1\n")
    assert stub(stata, bench) == 4
    assert stata.memory.data.names == ["precious"]
    assert not bench.on_share("north", "to-node")
    assert stub(stata, bench, options="clear") == 0
    assert stata.memory.data.names == ["low", "age", "smoke"]
    assert stub(stata, bench) == 0, "a stub is nothing that could be lost"


def test_no_row_is_anyones(stata, bench):
    stub(stata, bench, "logit low age i.race")
    data = {column.name: column.values for column in stata.memory.data.columns}
    assert set(data["race"]) == {1, 2, 3}
    assert not set(data["age"]) & set(births()["age"])


# -- Break, resuming, the end -------------------------------------------------------------------------------------


def test_break_stops_and_the_same_line_goes_on(stata, bench):
    stub(stata, bench)
    names = "xb:age xb:smoke xb:_cons"
    before = rounds(bench)
    bench.asleep.update(NODES)
    stata.press_break(after=3)
    assert call(stata, names, [0, 0, 0], 2) == 1
    assert "--Break--" in stata.errors
    assert "Nothing is lost" in stata.errors
    assert rounds(bench) == before
    bench.asleep.clear()
    assert call(stata, names, [0, 0, 0], 2) == 0, stata.text
    assert answer(stata)[0] == pytest.approx(-131.00482, abs=5e-6)


def test_a_new_session_goes_on_from_the_journal(stata, bench):
    stub(stata, bench)
    names = "xb:age xb:smoke xb:_cons"
    call(stata, names, [0, 0, 0], 2)
    first, before = answer(stata), rounds(bench)
    # The session ends without a word to anyone.
    the_open_fit().fit.__exit__(None, None, None)
    driving._open.clear()  # noqa: SLF001
    assert stub(stata, bench) == 0, stata.text
    assert stata.text.count("note: Going on with fit 1.\n") == 1
    assert call(stata, names, [0, 0, 0], 2) == 0, stata.text
    assert rounds(bench) == before
    again = answer(stata)
    assert again[0] == first[0]
    assert np.array_equal(again[2], first[2])


def test_the_same_stub_again_keeps_the_fit(stata, bench):
    stub(stata, bench)
    before, fit = rounds(bench), the_open_fit().fit
    assert stub(stata, bench) == 0
    assert the_open_fit().fit is fit
    assert rounds(bench) == before


@pytest.mark.parametrize(("command", "options"), [("logit low age", ""), ("logit low age smoke", "radius(2)"),
                                                  ("logit low age smoke", "again")])  # fmt: skip
def test_another_stub_closes_the_one_before(stata, bench, command, options):
    stub(stata, bench)
    old = the_open_fit().fit
    assert stub(stata, bench, command, options) == 0, stata.text
    assert not old.is_open
    assert the_open_fit().fit.is_open
    assert the_open_fit().fit.number == 2


def test_close_tells_the_nodes(stata, bench):
    stub(stata, bench)
    assert stata.run("fedfolder close") == 0, stata.text
    assert "The fit is closed" in stata.text
    assert all(bench.nodes[name].journal.last("server", OUT).header.kind == "receipt" for name in NODES)
    assert stata.run("fedfolder close") == 0
    assert "No fit is open" in stata.text
    assert bench.run("logit low age smoke").status == "converged"


def test_a_study_that_ml_holds_is_said_to_be(stata, bench):
    stub(stata, bench)
    assert stata.run(f'fedfolder logit low age, study("{bench.study.path}")') == 310
    assert "fedfolder close" in stata.errors


def _boundless(question: Any) -> Any:
    fit: Any = the_open_fit().fit
    return dataclasses.replace(question, radius=np.inf) if question is fit._next else question  # noqa: SLF001


def test_a_node_that_refuses_stops_ml(stata, bench, monkeypatch):
    stub(stata, bench)
    at = Within.at
    # This server has no radius; the nodes have theirs.
    monkeypatch.setattr(Within, "at", lambda question, beta: at(_boundless(question), beta))
    assert call(stata, "xb:age xb:smoke xb:_cons", [0, 50, 0], 2) == 498
    assert "north and south and west refused" in stata.errors
    assert not the_open_fit().fit.is_open
    assert call(stata, "xb:age xb:smoke xb:_cons", [0.0, 0, 0.01], 2) == 498
    assert "fedfolder stub" in stata.errors


def test_more_parameters_than_a_matrix_of_this_stata_holds(stata, bench, monkeypatch):
    monkeypatch.setattr("tests.stata.standin.values.MAX_MATRIX", 2)
    assert stub(stata, bench) == 430
    assert "a matrix of this Stata has at most 2 rows and columns" in stata.errors
    assert driving.current() is None


def test_a_silent_node_is_waited_for_as_long_as_is_said_and_nothing_is_lost(stata, bench, monkeypatch):
    bench.clock = Clock(monkeypatch)
    bench.asleep.add("west")
    assert stub(stata, bench, options="timeout(1s)") == 498
    assert "west" in stata.errors
    assert driving.current() is None
    bench.asleep.clear()
    assert stub(stata, bench, options="timeout(3s)") == 0, stata.text
    assert the_open_fit().fit.number == 1
    bench.asleep.add("west")
    names = "xb:age xb:smoke xb:_cons"
    assert call(stata, names, [0, 0, 0.01], 2) == 498
    bench.asleep.clear()
    assert call(stata, names, [0, 0, 0.01], 2) == 0, stata.text
    assert the_open_fit().fit.rounds == 3


def test_the_same_study_by_another_path_is_the_same_fit(stata, bench, monkeypatch):
    stub(stata, bench)
    fit = the_open_fit().fit
    place = bench.study.path
    monkeypatch.setattr("tests.stata.standin.sfi.SFIToolkit.getWorkingDir", lambda: str(place / "runs"))
    for path in ("..", f"../../{place.name}/.", f"{place}/runs/.."):
        assert stata.run(f'fedfolder stub logit low age smoke, study("{path}")') == 0, stata.text
        assert the_open_fit().fit is fit


def test_a_study_that_is_not_there_costs_no_one_the_fit_that_is_open(stata, bench):
    stub(stata, bench)
    fit = the_open_fit().fit
    assert stata.run(f'fedfolder stub logit low age, study("{bench.study.path}x")') == 198
    assert the_open_fit().fit is fit
    assert fit.is_open


def test_the_time_to_wait_is_each_evaluation_s(stata, bench):
    stub(stata, bench, options="timeout(1h)")
    channels = the_open_fit().fit._channels  # noqa: SLF001 - an hour has passed
    channels._deadline = 0.0  # noqa: SLF001
    assert call(stata, "xb:age xb:smoke xb:_cons", [0, 0, 0.01], 2) == 0, stata.text
    channels._deadline = 0.0  # noqa: SLF001
    assert stata.run("fedfolder close") == 0, stata.text


def test_another_time_to_wait_holds_for_the_fit_that_is_open(stata, bench, monkeypatch):
    bench.clock = Clock(monkeypatch)
    stub(stata, bench)
    fit = the_open_fit().fit
    assert stub(stata, bench, options="timeout(1s)") == 0
    assert the_open_fit().fit is fit
    bench.asleep.update(NODES)
    assert call(stata, "xb:age xb:smoke xb:_cons", [0, 0, 0.01], 2) == 498
    assert "the time to wait is over" in stata.errors
