from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import ANCILLARY, Column, Parameter

TEXTS = st.one_of(st.text(min_size=1, max_size=5), st.text('a1:"/. c#', min_size=1, max_size=5))
EQUATIONS = st.one_of(st.just(""), TEXTS.filter(lambda text: text != ANCILLARY))
COLUMNS = st.builds(
    Column,
    st.lists(st.tuples(st.sampled_from(["age", "_x", "år"]), TEXTS), max_size=3).map(tuple),
    st.lists(st.sampled_from(["age", "c"]), max_size=2).map(tuple),
)


@given(st.builds(Parameter, COLUMNS.map(lambda column: column.label), EQUATIONS))
def test_the_name_of_a_columns_parameter_parses_to_it(parameter):
    assert Parameter.parse(parameter.name) == parameter


@given(st.sampled_from(["lnalpha", "cut1", "ln_p"]))
def test_an_ancillary_parameter_stands_for_itself(term):
    parameter = Parameter(term, ANCILLARY)
    assert parameter.name == f"/{term}"
    assert Parameter.parse(parameter.name) == parameter


@given(
    st.builds(Parameter, COLUMNS.map(lambda c: c.label), EQUATIONS),
    st.builds(Parameter, COLUMNS.map(lambda c: c.label), EQUATIONS),
)
def test_two_parameters_have_two_names(one, other):
    assert (one.name == other.name) == (one == other)


@given(st.text())
def test_every_text_is_read_as_some_parameter(text):
    Parameter.parse(text)


@pytest.mark.parametrize(
    ("name", "term", "equation"),
    [
        ("age", "age", ""),
        ("2:age", "age", "2"),
        ("/lnalpha", "lnalpha", ANCILLARY),
        ('"a:b":2.race#c.age', "2.race#c.age", "a:b"),
        ('"a:b".g', '"a:b".g', ""),
        ('"/x".g', '"/x".g', ""),
        ('2:"/x".g', '"/x".g', "2"),
    ],
)
def test_names(name, term, equation):
    assert Parameter.parse(name) == Parameter(term, equation)
    assert Parameter(term, equation).name == name
