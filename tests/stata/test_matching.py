"""Which column of Stata's is which parameter: held against how e(b) is named, which was written without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import FedfolderError
from fedfolder.simulation import pooled
from fedfolder.stata.matching import match, read_column
from fedfolder.stata.stripe import stripe
from tests.stata.test_ml import COMMANDS
from tests.stata.test_stub_rows import frame


@pytest.mark.parametrize("what", COMMANDS)
@pytest.mark.parametrize("thin", [False, True])
def test_every_column_of_e_b_finds_its_parameter(what, thin):
    data = frame(3, 240, thin=thin).assign(n=2, w=1.5)
    result = pooled(COMMANDS[what], data)
    if not result.names:
        assert thin
        return
    full = stripe(result)
    codes = {name: {level: int(code) for level, code in found.items()} for name, found in full.codes.items()}
    codes = {name: {str(level): level for level in range(10)} for name in ("g", "h", "k", "old")} | codes
    found = match(full.names, result.names, codes)
    assert [full.names[place] for place in full.places] == [
        full.names[int(np.flatnonzero(found.places == j)[0])] for j in range(found.count)
    ]
    beta = np.arange(1.0, len(result.names) + 1)
    assert np.array_equal(found.widen(beta), full.widen(beta))
    assert np.array_equal(found.narrow(full.widen(beta)), beta)
    square = np.outer(beta, beta)
    assert np.array_equal(found.widen(square), full.widen(square))


@pytest.mark.parametrize(("name", "is_zero"), [
    ("xb:age", False),
    ("age", False),
    ("xb:o.age", True),
    ("xb:1b.race", True),
    ("xb:2.race", False),
    ("xb:2o.race", True),
    ("xb:1bn.race", False),
    ("xb:1b.race#2.smoke", False),
    ("xb:1b.race#0b.smoke", True),
    ("xb:2o.race#0b.smoke", True),
    ("xb:0b.smoke#co.age", True),
    ("xb:0b.smoke#c.age", False),
    ("xb:c.age#c.age", False),
    ("xb:co.age#co.age", True),
    ("/lnalpha", False),
    ("/:lnalpha", False),
    ("xb:o._cons", True),
])  # fmt: skip
def test_what_a_name_says_of_its_coefficient(name, is_zero):
    assert read_column(name).is_zero == is_zero


@pytest.mark.parametrize("ancillary", ["/lnalpha", "/:lnalpha", "lnalpha:_cons"])
def test_a_parameter_that_stands_for_itself_has_three_spellings(ancillary):
    found = match(["xb:age", "xb:_cons", ancillary], ["age", "_cons", "/lnalpha"], {})
    assert found.places.tolist() == [0, 1, 2]


def test_equations_are_matched_by_their_place_and_terms_by_their_names():
    names = ["2:age", "2:_cons", "3:age", "3:_cons"]
    found = match(["b:_cons", "b:age", "a:age", "a:_cons"], names, {})
    assert found.places.tolist() == [1, 0, 2, 3]


@given(st.permutations(["2.race", "1.smoke", "c.age", "c.lwt"]))
def test_the_order_of_an_interaction_does_not_matter(pieces):
    codes = {"race": {"2": 2}, "smoke": {"1": 1}}
    assert match([f"xb:{'#'.join(pieces)}"], ["2.race#1.smoke#c.lwt#c.age"], codes).places.tolist() == [0]


@given(st.text(alphabet="xb:ocn.1#/_ age", max_size=20))
def test_any_other_name_is_an_error_that_is_ours(name):
    try:
        found = match([name], ["age"], {})
    except FedfolderError as error:
        assert "age" in error.expected  # noqa: PT017
    else:
        assert found.places.tolist() == [0]
