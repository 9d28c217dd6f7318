"""What `ml` can be told that no node would hear of is refused, and nothing is asked then."""

from __future__ import annotations

import pytest

from tests.stata.driven import births, call, rounds, stub, study

NAMES = "xb:age xb:smoke xb:_cons"
LINE = "ml model d2 fedfolder_d2 (xb: low = age smoke)"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    yield from study(tmp_path, monkeypatch)


@pytest.mark.parametrize("typed", ["if smoke", "in 1/50"])
def test_some_of_the_rows(stata, bench, typed):
    stub(stata, bench)
    before = rounds(bench)
    assert stata.run(f"{LINE} {typed}, search(off) maximize") == 459
    assert "expected: 189" in stata.errors
    assert "put the condition into the command" in stata.errors
    assert rounds(bench) == before
    assert stata.memory.data.nobs == 189
    assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text


def test_some_of_the_rows_that_stay_in_memory(stata, bench):
    stub(stata, bench)
    before = rounds(bench)
    assert stata.run(f"{LINE} if smoke, search(off) nopreserve maximize") == 459
    assert rounds(bench) == before


@pytest.mark.parametrize("given", [{"ML_wtyp": "fweight"}, {"ML_xo1": "age"}, {"ML_n": "2", "ML_xe2": "age"}])
def test_weights_and_offsets(stata, bench, given):
    stub(stata, bench)
    before = rounds(bench)
    stata.memory.globals.update({"ML_n": "1"} | given)
    assert call(stata, NAMES, [0, 0, 0], 2) == 198
    assert "put it into the command" in stata.errors
    assert rounds(bench) == before
    stata.memory.globals.clear()
    assert call(stata, NAMES, [0, 0, 0], 2) == 0


@pytest.mark.parametrize("done", ["clear\nset obs 189\ngen low = 1\ngen age = 1\ngen smoke = 1\n", "keep in 1/100\n",
                                  "frame create mine\nframe change mine\n"])  # fmt: skip
def test_data_that_are_not_the_stub(stata, bench, done):
    stub(stata, bench)
    before = rounds(bench)
    stata.run(done)
    assert call(stata, NAMES, [0, 0, 0], 2) == 459
    assert rounds(bench) == before


def test_the_stub_of_another_fit(stata, bench):
    """Its line is the same, its levels and its number of rows need not be."""
    stub(stata, bench)
    stata.memory.data.characteristics["_dta", "fedfolder_stub"] = "fit 1 of another study: low age smoke"
    assert call(stata, NAMES, [0, 0, 0], 2) == 459


def test_what_does_not_change_the_result_is_no_matter(stata, bench):
    stub(stata, bench)
    stata.run("sort age\ngen more = age\nreplace age = 2 * age\n")
    assert stata.run("$FEDFOLDER_ML\n") == 0, stata.text
    assert len(births()) == 189


def test_a_stub_takes_the_place_of_a_stub_whatever_stata_says_of_changes(stata, bench):
    """Temporary variables, such as those of `ml`, may count as a change."""
    stub(stata, bench)
    stata.memory.data.changed = True
    assert stub(stata, bench, "logit low age") == 0, stata.text
    stata.run("gen mine = 1\n")
    assert stub(stata, bench) == 4
