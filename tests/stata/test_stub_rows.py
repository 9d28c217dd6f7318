"""The data set that `ml` looks at: Stata sees in it the columns that a fit over the nodes has, and no one's rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.command import terms as of_commands
from fedfolder.errors import FedfolderError
from fedfolder.stata import columns, ml
from fedfolder.stata.matching import match
from fedfolder.stata.rows import column_of, make, of_length
from fedfolder.stata.stub import model_of
from tests.server.test_external import in_memory
from tests.stata.standin.data import Column, DataSet
from tests.stata.standin.factors import Expander, terms_of, without_collinear

TERMS = ["x", "z", "d", "i.g", "i.h", "ib3.g", "ibn.g", "ib(last).h", "ib(freq).h", "i.g#i.h", "g#c.x", "c.x#c.x",
         "c.x#c.z", "i.g#i.h#c.z", "c.d#c.d", "i.h#c.d", "copy", "i.t", "i.k", "i.g#i.k", "c.copy#i.g"]  # fmt: skip


def frame(seed: int, rows: int = 60, *, thin: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "y": rng.integers(2, size=rows),
            "x": rng.normal(40, 9, rows),
            "z": rng.normal(0, 1, rows),
            "d": rng.integers(2, size=rows),
            "g": rng.choice([1, 3, 4], size=rows, p=[0.6, 0.3, 0.1] if thin else None),
            "h": rng.integers(2, size=rows),
            "t": rng.choice(["low", "mid", "high"], size=rows),
        }
    )
    found["copy"] = 2 * found["x"] + 1
    found["k"] = (found["g"] == 4).astype(int)
    if thin:
        found["y"] = np.where(found["g"] == 4, 1, found["y"])
        found.loc[(found["g"] == 3) & (found["h"] == 1), "h"] = 0
    return found


def opened(terms, seed=1, *, thin=False, options=""):
    command = f"logit y {' '.join(terms)}{options}"
    fit, _ = in_memory(command, [frame(seed, thin=thin)])
    return fit


def design(labels, values, codes, *, constant):
    found = [column_of(label, values, codes) for label in labels]
    found = [*found, np.ones(len(next(iter(values.values()))))] if constant else found
    return np.array(found).T


def rank(matrix):
    scaled = matrix / np.maximum(np.linalg.norm(matrix, axis=0), 1e-300)
    return np.linalg.matrix_rank(scaled, tol=1e-7) if matrix.size else 0


@settings(max_examples=50, deadline=None)
@given(
    terms=st.lists(st.sampled_from(TERMS), min_size=1, max_size=5, unique=True),
    seed=st.integers(0, 5),
    thin=st.booleans(),
    options=st.sampled_from(["", ", noconstant"]),
)
def test_memory_has_the_columns_of_the_fit(terms, seed, thin, options):
    try:
        fit = opened(terms, seed, thin=thin, options=options)
    except FedfolderError:
        return  # no such model, or no estimate of it
    codes = columns.codes(fit.levels)
    model = model_of(fit, codes)
    rows = make(model)
    assert rows is not None
    rows = of_length(rows, round(fit.observations), model)
    kept = design(model.kept, rows.variables, codes, constant=model.constant)
    assert rank(kept) == len(fit.names)
    if rows.as_is:
        for label in set(model.labels) - set(model.kept):
            assert rank(np.column_stack([kept, column_of(label, rows.variables, codes)])) == len(fit.names)
    assert rows.count == round(fit.observations)
    for name, values in rows.variables.items():
        assert np.isfinite(values).all()
        if name in codes:
            assert set(values) <= set(codes[name].values())
    used = {(v, codes[v][level]) for label in model.kept for v, level in of_commands.Column.parse(label).factors}
    assert all(number in rows.variables[name] for name, number in used)


@settings(max_examples=40, deadline=None)
@given(
    terms=st.lists(st.sampled_from([*TERMS, "i.t#c.z"]), min_size=1, max_size=5, unique=True),
    seed=st.integers(0, 5),
    thin=st.booleans(),
    options=st.sampled_from(["", ", noconstant"]),
)
def test_ml_expands_the_line_to_the_parameters_of_the_fit(terms, seed, thin, options):
    try:
        fit = opened(terms, seed, thin=thin, options=options)
    except FedfolderError:
        return  # no such model, or no estimate of it
    codes = columns.codes(fit.levels)
    model = model_of(fit, codes)
    made = make(model)
    assert made is not None
    rows = of_length(made, round(fit.observations), model)
    line = ml.line(fit, codes, as_is=rows.as_is, rows=rows.count)
    equation = line[line.index("= ") + 2 : line.index(")")].removesuffix(", noconstant")
    if rows.as_is and columns.is_plain(fit.specification.terms, fit.layout.bases):
        names = [Column(name, "double", found.tolist()) for name, found in rows.variables.items()]
        expanded = Expander(DataSet(names, rows.count), range(rows.count), terms_of(equation)).columns()
        seen = [column.name for column in without_collinear(expanded, constant=model.constant)[0]]
    else:
        seen = equation.split()
    found = match([f"xb:{name}" for name in [*seen, *["_cons"] * model.constant]], fit.names, codes)
    assert sorted(found.places[found.places >= 0]) == list(range(len(fit.names)))


@pytest.mark.parametrize(("terms", "as_is", "thin"), [
    (["x", "copy"], True, False),
    (["x", "copy", "i.g#c.copy"], False, False),
    (["i.g", "i.k"], True, False),
    (["ibn.g"], True, False),
    (["d", "c.d#c.d"], True, False),
    (["i.g#i.h", "i.g", "i.h"], True, True),
    (["x", "copy", "c.copy#c.copy"], False, False),
])  # fmt: skip
def test_stata_is_told_what_to_leave_out_only_where_the_rows_cannot_say_it(terms, as_is, thin):
    fit = opened(terms, thin=thin)
    codes = columns.codes(fit.levels)
    rows = make(model_of(fit, codes))
    assert rows is not None
    assert rows.as_is == as_is
    line = ml.line(fit, codes, as_is=rows.as_is, rows=rows.count)
    assert ("o.copy" in line) == (not as_is)


@pytest.mark.parametrize(("terms", "line"), [
    ("x i.g i.g#c.x", "x i.g i.g#c.x"),
    ("i.g##i.h", "i.g i.h i.g#i.h"),
    ("i.g#i.h", "i.g#i.h"),
    ("ibn.g x", "ibn.g x"),
    ("z i.g#i.h#c.z", "z 1b.g#0b.h#co.z 1b.g#1.h#c.z 3.g#0b.h#c.z 3.g#1.h#c.z 4.g#0b.h#c.z 4.g#1.h#c.z"),
    ("ibn.d ibn.d#c.x, noconstant", "0bn.d 1.d 0bn.d#c.x 1.d#c.x"),
])  # fmt: skip
def test_every_column_is_named_where_stata_might_take_another_for_the_base(terms, line):
    fit, _ = in_memory(f"logit y {terms}", [frame(1, 200)])
    assert f"y = {line}" in ml.line(fit, columns.codes(fit.levels), as_is=True, rows=200)


def test_the_rows_are_the_same_whatever_the_data_are():
    first, second = (
        make(model_of(fit, columns.codes(fit.levels))) for fit in (opened(["x", "i.g"], 1), opened(["x", "i.g"], 2))
    )
    assert first is not None
    assert second is not None
    for name in ("x", "g"):
        assert np.array_equal(first.variables[name], second.variables[name])
