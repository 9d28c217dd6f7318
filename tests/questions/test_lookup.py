"""A site's own table: each row has the number of its cell, and a row without one stops the fit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command.lexis import Merge
from fedfolder.errors import VariableError
from fedfolder.questions.lookup import Table, looked_up
from fedfolder.questions.sample import FactorValues

CELLS = list(itertools.product((1.0, 2.0), (40.0, 41.5, 99.0)))
RATES = {cell: 0.001 * number for number, cell in enumerate(CELLS)}
SAID = Merge(("sex", "age"), "popmort", ("rate",))


def table(cells):
    sex, age, rate = (np.array(column, dtype=np.float64) for column in zip(*cells, strict=True))
    return Table("popmort", "popmort.csv", {"sex": sex, "age": age, "rate": rate})


def rates(keys, cells=None):
    cells = [(*cell, rate) for cell, rate in RATES.items()] if cells is None else cells
    return looked_up(SAID, [np.array(column, dtype=np.float64) for column in keys], table(cells))[0]["rate"]


@given(st.lists(st.sampled_from(CELLS), min_size=1), st.permutations(CELLS))
def test_each_row_has_the_number_of_its_cell_whatever_the_order_of_the_table(rows, order):
    found = rates(zip(*rows, strict=True), [(*cell, RATES[cell]) for cell in order])
    assert found.tolist() == [RATES[row] for row in rows]


def test_a_row_without_a_key_has_a_missing_value():
    assert np.isnan(rates([[1, np.nan], [np.nan, 40]])).all()


def test_a_row_without_a_cell_is_an_error_that_holds_no_value():
    with pytest.raises(VariableError) as raised:
        rates([[1, 2, 3], [40, 77, 40]])
    said = str(raised.value)
    for part in ("2 rows", "1 where it lacks the sex", "1 where it lacks the age"):
        assert part in said
    assert "77" not in said


@given(st.lists(st.sampled_from([*CELLS, (1.0, 77.0), (3.0, 40.0), (np.nan, 40.0)]), min_size=1))
def test_a_row_without_a_cell_has_no_value_where_the_statement_says_what_becomes_of_it(rows):
    said = Merge(SAID.keys, SAID.table, SAID.names, "match master")
    keys = [np.array(column) for column in zip(*rows, strict=True)]
    found, matched = looked_up(said, keys, table([(*cell, rate) for cell, rate in RATES.items()]))
    assert matched.tolist() == [row in RATES for row in rows]
    assert found["rate"][matched].tolist() == [RATES[row] for row in rows if row in RATES]
    assert np.isnan(found["rate"][~matched]).all()


def test_a_combination_that_is_not_there_is_found_though_each_key_is():
    cells = [(*cell, RATES[cell]) for cell in CELLS if cell != (2.0, 99.0)]
    with pytest.raises(VariableError, match="no rate for some rows"):
        rates([[2], [99]], cells)


def test_an_empty_table_has_nothing():
    with pytest.raises(VariableError, match="no rate for some rows"):
        looked_up(
            SAID, [np.ones(1), np.ones(1)], Table("popmort", "", dict.fromkeys(("sex", "age", "rate"), np.zeros(0)))
        )


@pytest.mark.parametrize(
    ("cells", "said"),
    [([(1, 40, 0.1), (1, 40, 0.2)], "the same sex age"), ([(1, 40, 0.1), (np.nan, 40, 0.2)], "rows without sex")],
)
def test_a_table_that_says_two_things_or_none_is_an_error(cells, said):
    with pytest.raises(VariableError, match=said):
        rates([[1], [40]], cells)


def test_texts_are_matched_by_what_they_say_and_not_by_their_places():
    rows = FactorValues(np.array([0, 1, -1]), ("men", "women"))
    own = FactorValues(np.array([0, 1]), ("women", "men"))
    said, found = (
        Merge(("sex",), "popmort", ("rate",)),
        Table("popmort", "", {"sex": own, "rate": np.array([0.1, 0.2])}),
    )
    assert looked_up(said, [rows], found)[0]["rate"][:2].tolist() == [0.2, 0.1]
    assert np.isnan(looked_up(said, [rows], found)[0]["rate"][2])
    with pytest.raises(VariableError, match="text on one side"):
        looked_up(said, [np.ones(1)], found)
