"""The data set in memory is read as the .dta that was used."""

from __future__ import annotations

import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedfolder.errors import DataFileError, UnknownNameError
from fedfolder.node.data import held_in, read_held
from fedfolder.node.reading import Reading
from fedfolder.node.sources import opened
from fedfolder.stata import memory
from fedfolder.stata.bridge import Stata
from tests.data.test_readers_dta import everything, patch, write
from tests.stata.bench import use


def same(stata, path, frame="default", reading=None):
    """What is read from memory is what is read from the file, column by column, label by label."""
    reading = reading or Reading()
    use(stata, path, frame)
    there, here = opened(path, reading), memory.opened(Stata(), frame, stata.memory.frame, reading)
    assert here.source.fields == there.source.fields
    names = [info.name for info in there.description().variables]
    assert here.description().variables == there.description().variables
    mine, theirs = here.frame(names), there.frame(names)
    assert (mine.nrows, mine.typeless) == (theirs.nrows, theirs.typeless)
    for name in names:
        left, right = mine.columns[name], theirs.columns[name]
        if isinstance(right, np.ndarray):
            np.testing.assert_array_equal(left, right, strict=True)
        else:
            assert not isinstance(left, np.ndarray)
            np.testing.assert_array_equal(left.codes, right.codes, strict=True)
            assert left.levels == right.levels
    held = held_in(here, [*names, "absent"], [*names[1:], "absent"])
    assert held.variables.keys() == read_held(path, [*names, "absent"], reading).variables.keys()
    assert (held.variables[names[0]], held.variables["absent"]) == ("not released", "no such variable")


def test_everything_that_a_dta_can_hold(stata, tmp_path):
    same(stata, write(tmp_path / "node.dta", everything()))


def test_every_missing_value_is_missing(stata, tmp_path):
    path = tmp_path / "missing.dta"
    frame = pd.DataFrame({"d": np.arange(1.0, 28.0) * 1.5})
    frame.to_stata(path, write_index=False, version=118, byteorder="<")
    for k in range(1 + len(string.ascii_lowercase)):
        bits = 0x7FE0000000000000 + (k << 40)
        patch(path, "<d", (1.5 * (k + 1),), bits.to_bytes(8, "little"))
    same(stata, path)
    (column,) = memory.opened(Stata(), "default", "default", Reading()).frame(["d"]).columns.values()
    assert isinstance(column, np.ndarray)
    assert np.isnan(column).all()


def test_names_and_recodes_of_the_site(stata, tmp_path):
    path = write(tmp_path / "node.dta", everything())
    reading = Reading(
        names={"age": "a_byte"}, recodes={"age": {"1": 10.0, "100": None}, "text": {"a": "b"}},
        missing=frozenset({"-2"}),
    )  # fmt: skip
    same(stata, path, reading=reading)


def test_a_frame_beside_the_current_one(stata, tmp_path):
    same(stata, write(tmp_path / "node.dta", everything()), frame="births")
    assert stata.memory.frame == "default"


def test_no_rows_and_one_row(stata, tmp_path):
    for rows in (0, 1):
        path = tmp_path / f"{rows}.dta"
        pd.DataFrame({"x": [1.5], "t": ["a"]}).iloc[:rows].astype({"t": object}).to_stata(
            path, write_index=False, version=118
        )
        same(stata, path)


@pytest.mark.usefixtures("stata")
def test_a_frame_or_a_variable_that_is_not_there():
    with pytest.raises(DataFileError, match="no such frame"):
        memory.opened(Stata(), "births", "default", Reading())
    with pytest.raises(UnknownNameError):
        memory.opened(Stata(), "default", "default", Reading()).frame(["age"])


COLUMNS = {
    "i": st.integers(-127, 100),
    "x": st.one_of(st.none(), st.floats(-1e300, 1e300)),
    "t": st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
}


@given(rows=st.lists(st.fixed_dictionaries(COLUMNS), min_size=1, max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_data(stata, tmp_path, rows):
    path = tmp_path / "any.dta"
    frame = pd.DataFrame(rows).astype({"i": np.int8, "x": float, "t": object})
    frame.to_stata(path, write_index=False, version=118, convert_strl=["t"], value_labels={"i": {1: "one", -3: "low"}})
    same(stata, path)
