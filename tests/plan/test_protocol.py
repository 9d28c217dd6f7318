"""The constants that free columns of each other are the same everywhere."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.plan import protocol
from fedfolder.plan.protocol import centre_and_scale, first_design, freed_design, power_of_two, rounded

POSITIVE = st.floats(1e-280, 1e280)


def numbers(value):
    """Every number in a nest of tuples."""
    return [n for part in value for n in numbers(part)] if isinstance(value, tuple) else [value]


def constants(design):
    return numbers((design.centres, design.scales, design.mixing, design.rescaling))


def moments(X):
    return {f"x{j}": (math.fsum(X[:, j]), math.fsum(X[:, j] ** 2)) for j in range(X.shape[1])}


def designed(X, constant=True):  # noqa: FBT002
    """The first design of columns X, its information for a regression, and the freed one."""
    names = [f"x{j}" for j in range(X.shape[1])]
    first = first_design(names, moments(X), len(X), constant=constant)
    u = (X - first.centres) * first.scales
    u = np.column_stack([u, np.ones(len(X))]) if constant else u
    return first, u, freed_design(first, (u.T @ u).tolist(), len(X))


def correlated(seed, n=300, p=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p))
    return (X + 10.0 ** rng.integers(-3, 4, p)) * 10.0 ** rng.integers(-6, 7, p)


@given(value=POSITIVE)
def test_a_power_of_two_is_exact_and_next_below(value):
    power = power_of_two(value)
    assert power <= value
    assert value < 2 * power
    assert math.frexp(power)[0] == 0.5
    assert power * (1 / power) == 1.0


@given(value=st.floats(5e-324, 1e-300))
def test_the_inverse_of_a_power_of_two_is_finite_in_any_case(value):
    assert math.isfinite(1 / power_of_two(value))


@given(value=st.floats(-1e9, 1e9), k=st.integers(-20, 20))
def test_rounding_is_to_the_nearest_multiple(value, k):
    quantum = 2.0**k
    found = rounded(value, quantum)
    assert (found / quantum).is_integer()
    assert abs(found - value) <= quantum / 2


@given(seed=st.integers(0, 10**6))
def test_centres_and_scales_make_a_column_of_size_one(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(10.0 ** rng.integers(-3, 6), 10.0 ** rng.integers(-2, 3), 200)
    centre, scale = centre_and_scale(200, math.fsum(x), math.fsum(x * x), centred=True)
    u = (x - centre) * scale
    assert abs(u.mean()) <= 1 / 1024
    assert u.std() * 2 >= 1 / 2.001 or x.std() < 1e-6 * abs(x.mean())
    assert u.std() <= 2.001
    assert math.frexp(scale)[0] == 0.5
    assert centre_and_scale(200, math.fsum(x), math.fsum(x * x), centred=False)[0] == 0.0


def test_a_column_of_zeros_is_left_as_it_is():
    assert centre_and_scale(5, 0.0, 0.0, centred=True) == (0.0, 1.0)


@given(seed=st.integers(0, 10**6), constant=st.booleans())
def test_columns_are_free_of_each_other_and_of_size_one(seed, constant):
    X = correlated(seed)
    first, u, (design, kept) = designed(X, constant)
    assert design.columns == first.columns
    assert list(kept) == list(range(u.shape[1]))
    z = u @ design.unmixing().T
    size = np.sqrt((z**2).mean(axis=0))
    assert (size[:4] >= 0.99).all()
    assert (size[:4] <= 2.01).all()
    cosines = (z.T @ z) / len(X) / np.outer(size, size) - np.eye(u.shape[1])
    assert np.abs(cosines).max() <= 4 / 1024
    assert np.linalg.cond(z) < 2.5


@given(seed=st.integers(0, 10**6))
def test_without_a_constant_nothing_is_centred(seed):
    first, _, (design, _) = designed(correlated(seed), constant=False)
    assert set(first.centres) == set(design.centres) == {0.0}
    assert {row[0] for row in design.mixing} == {0.0}


@given(seed=st.integers(0, 10**6))
def test_constants_are_python_floats_and_read_back_from_their_text(seed):
    _, u, (design, _) = designed(correlated(seed))
    for value in constants(design):
        assert type(value) is float
        assert float(repr(value)) == value
    from_numpy, _ = freed_design(designed(correlated(seed))[0], (u.T @ u).tolist(), len(u))
    assert repr(from_numpy.declaration()) == repr(design.declaration())
    assert "np" not in repr(design.declaration())


def test_the_last_bits_of_the_sums_leave_the_constants_alone_almost_always():
    changed = 0
    for seed in range(200):
        rng, X = np.random.default_rng(seed), correlated(seed)
        first, u, (design, _) = designed(X)
        noise = 1 + 4e-16 * rng.standard_normal((2, 4))
        shaken = {n: (t * noise[0, j], s * noise[1, j]) for j, (n, (t, s)) in enumerate(moments(X).items())}
        information = u.T @ u
        around = information * (1 + 4e-16 * rng.standard_normal(information.shape))
        around = np.tril(around) + np.tril(around, -1).T
        other_first = first_design(list(first.columns), shaken, len(X), constant=True)
        other, _ = freed_design(first, around.tolist(), len(X))
        changed += constants(other_first) != constants(first) or constants(other) != constants(design)
    assert changed <= 2


@given(seed=st.integers(0, 10**6), j=st.integers(0, 4))
def test_what_is_collinear_is_dropped_where_it_comes_second(seed, j):
    X = correlated(seed)
    weights = np.random.default_rng(seed).choice([-2.0, -1.0, 1.0, 3.0], 4)
    # Of columns of one size, the sum is exact enough to be told.
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    X = np.insert(X, j, X @ weights, axis=1)
    _, _, (design, kept) = designed(X)
    assert list(kept) == [0, 1, 2, 3, 5]
    assert design.columns == ("x0", "x1", "x2", "x3")


@given(seed=st.integers(0, 10**6), share=st.integers(1, 5))
@settings(max_examples=30)
def test_what_is_nearly_collinear_is_kept(seed, share):
    X = correlated(seed)
    rng = np.random.default_rng(seed)
    X = np.column_stack([X, X[:, 0] + 10.0**-share * X[:, 0].std() * rng.normal(size=len(X))])
    _, _, (design, _) = designed(X)
    assert len(design.columns) == 5


def test_the_protocol_uses_no_library_whose_last_bits_differ_between_machines():
    tree = ast.parse(Path(protocol.__file__).read_text(encoding="utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    used = {
        n.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "math"
    }
    assert imported == {"math"}
    assert used <= {"sqrt", "fsum", "frexp", "ldexp"}  # correctly rounded, or exact
    powers = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    assert all(isinstance(power.left, ast.Constant) for power in powers)  # as in 2.0**-24
