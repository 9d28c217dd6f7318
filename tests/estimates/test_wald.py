from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fedfolder.errors import CommandError, FedfolderError, FitError, UnknownNameError
from fedfolder.estimates.naming import Naming, shown
from tests.estimates.models import NAMES

# Made by statsmodels' fits; the layout is Stata's.
RACE = """
 ( 1)  [low]2.race = 0
 ( 2)  [low]3.race = 0

           chi2(  2) =    7.01
         Prob > chi2 =    0.0301
"""
LINEAR = """
 ( 1)  2.race = 0
 ( 2)  3.race = 0

       F(  2,   181) =    8.01
            Prob > F =    0.0005
"""


def matrix(result, rows):
    """The constraints as statsmodels takes them."""
    return np.array([[float(row.get(name, 0)) for name in result.names] for row in rows])


def by_hand(result, R, r=None):
    """Wald's statistic by an explicit inverse, and its p-value."""
    distance = R @ result.beta - (0 if r is None else r)
    chi2, df = float(distance @ np.linalg.inv(R @ result.cov @ R.T) @ distance), len(R)
    if result.statistic == "t":
        return chi2 / df, stats.f.sf(chi2 / df, df, result.df_resid)
    return chi2, stats.chi2.sf(chi2, df)


@pytest.mark.parametrize("text", ["2.race 3.race", "age = lwt = ptl", "(age=0) (smoke=1)"])
def test_the_test_is_that_of_statsmodels(fits, lbw, text, design_of):
    import statsmodels.api as sm

    theirs = {
        "2.race 3.race": "x3 = 0, x4 = 0",
        "age = lwt = ptl": "x1 = x2, x1 = x6",
        "(age=0) (smoke=1)": "x1 = 0, x5 = 1",
    }
    result = fits["published"]
    _, matrix, _ = design_of(result.command, lbw)
    fit = sm.Logit(lbw["low"].to_numpy(), matrix).fit(method="newton", tol=1e-14, disp=0)
    expected = fit.wald_test(theirs[text], scalar=True)
    found = result.test(text)
    assert found.statistic == pytest.approx(float(expected.statistic), rel=1e-9)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-9)


def test_after_regress_it_is_statsmodels_f_test(fits, lbw, design_of):
    import statsmodels.api as sm

    result = fits["regress"]
    _, matrix, _ = design_of(result.command, lbw)
    expected = sm.OLS(lbw["bwt"].to_numpy(), matrix).fit().f_test("x3 = 0, x4 = 0")
    found = result.test("2.race 3.race")
    assert found.statistic == pytest.approx(float(expected.fvalue), rel=1e-9)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-8)
    assert found.df_resid == 181


def test_the_text_is_statas(fits):
    assert str(fits["published"].test("2.race 3.race")) == RACE
    assert str(fits["regress"].test("2.race 3.race")) == LINEAR


def test_one_coefficient_gives_its_z_squared(fits, name):
    result = fits[name]
    for label, z, p in zip(result.names, result.tvalues, result.pvalues, strict=True):
        found = result.test(label)
        assert found.statistic == pytest.approx(z * z, rel=1e-10)
        assert found.p == pytest.approx(p, rel=1e-8)
        assert found.df == 1


def test_one_parameter_of_any_model_gives_its_z_squared(models, shape):
    result = models[shape]
    for label, z in zip(result.names, result.tvalues, strict=True):
        assert result.test(f"{label} = 0").statistic == pytest.approx(z * z, rel=1e-10)
        assert result.test(f"_b[{label}] = 0").statistic == pytest.approx(z * z, rel=1e-10)
        assert result.test(f"{shown(result, label)} = 0").statistic == pytest.approx(z * z, rel=1e-10)


CASES = [
    ("2.race 3.race", [{"2.race": 1}, {"3.race": 1}], [0, 0]),
    ("age = lwt", [{"age": 1, "lwt": -1}], [0]),
    ("age = lwt = ptl", [{"age": 1, "lwt": -1}, {"age": 1, "ptl": -1}], [0, 0]),
    ("(age=0) (smoke=1)", [{"age": 1}, {"smoke": 1}], [0, 1]),
    ("(2.race ht) (smoke = 0.5)", [{"2.race": 1}, {"ht": 1}, {"smoke": 1}], [0, 0, 0.5]),
    ("2*age + .5*lwt - smoke/4 = 1e-1", [{"age": 2, "lwt": 0.5, "smoke": -0.25}], [0.1]),
    ("(age + lwt)/2 = smoke", [{"age": 0.5, "lwt": 0.5, "smoke": -1}], [0]),
    ("-(age - 3) == -2*(lwt + 1)", [{"age": -1, "lwt": 2}], [-5]),
    ("[low]2.race = [low]3.race", [{"2.race": 1, "3.race": -1}], [0]),
    ("_b[2.race] = _b[3.race]", [{"2.race": 1, "3.race": -1}], [0]),
    ("1.race = 2.race", [{"2.race": -1}], [0]),
]


@pytest.mark.parametrize(("text", "rows", "values"), CASES)
def test_hypotheses_are_read_as_they_are_meant(fits, text, rows, values):
    result = fits["published"]
    found = result.test(text)
    statistic, p = by_hand(result, matrix(result, rows), np.array(values, dtype=float))
    assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-8)
    assert found.df == len(rows)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=9, max_size=9), min_size=1, max_size=4), st.integers(-2, 2))
def test_any_combinations_are_read_and_tested_alike(fits, weights, value):
    result = fits["published"]
    R = np.array(weights, dtype=float)
    if np.linalg.matrix_rank(R) < len(R):
        return
    sums = [" + ".join(f"{w}*{name}" for w, name in zip(row, result.names, strict=True)) for row in weights]
    found = result.test(" ".join(f"({text} = {value})" for text in sums))
    assert found.statistic == pytest.approx(by_hand(result, R, np.full(len(R), float(value)))[0], rel=1e-6)


@pytest.mark.parametrize(
    ("text", "df", "dropped"),
    [
        ("age age", 1, (2,)),
        ("(age = lwt) (lwt = ptl) (age = ptl)", 2, (3,)),
        ("(age = 1) (2*age = 2) (smoke = 0)", 2, (2,)),
        ("1.race 2.race", 1, (1,)),
        ("1.race", 0, (1,)),
    ],
)
def test_what_follows_from_other_hypotheses_is_dropped(fits, text, df, dropped):
    found = fits["published"].test(text)
    assert (found.df, found.dropped) == (df, dropped)
    assert all(f"Constraint {number} dropped" in str(found) for number in dropped)


@pytest.mark.parametrize("text", ["(age = 0) (age = 1)", "(age = lwt) (lwt = 1) (age = 2)", "(1.race = 1) (age = 0)"])
def test_hypotheses_that_contradict_are_refused(fits, text):
    with pytest.raises((FitError, CommandError), match=r"cannot all be true|never true"):
        fits["published"].test(text)


def test_dropping_does_not_depend_on_the_units_of_the_data(fits):
    result = fits["published"]
    units = np.array([1e-9, 1e9, *[1.0] * 7])
    scaled = dataclasses.replace(result, beta=result.beta * units, cov=result.cov * np.outer(units, units))
    for text in ("age lwt smoke", "(age = 0) (lwt = 0) (2*age = 0)"):
        one, other = result.test(text), scaled.test(text)
        assert (one.df, one.dropped) == (other.df, other.dropped)
        assert other.statistic == pytest.approx(one.statistic, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("age + 2", CommandError, 7),
        ("age*lwt = 0", CommandError, 3),
        ("age/0 = 1", CommandError, 3),
        ("age = ", CommandError, 6),
        ("age 3", CommandError, 4),
        ("", CommandError, 0),
        ("(age", CommandError, 4),
        ("(age=0) smoke", CommandError, None),
        ("(age=0) (smoke=1), mtest", CommandError, None),
        ("(" * 60 + "age", CommandError, None),
        ("3 = 4", CommandError, 0),
        ("4.race", UnknownNameError, None),
        ("agee", UnknownNameError, None),
        ("[bwt]age", UnknownNameError, None),
        ("_b[] = 0", UnknownNameError, None),
        ("_se[age] = 0", FedfolderError, None),
        ("age ~= 0", CommandError, None),
    ],
)
def test_what_is_no_hypothesis_is_an_error_of_ours(fits, text, error, place):
    with pytest.raises(error) as caught:
        fits["published"].test(text)
    if place is not None:
        assert caught.value.position == place


@given(st.text('agelwt2.rc=+-*/()[]_b 01:#,"', max_size=30))
def test_nothing_but_our_own_errors_comes_out(fits, text):
    for result in (fits["published"], fits["strings"]):
        try:
            found = result.test(text)
        except FedfolderError:
            continue
        assert found.df <= len(result.names)


@pytest.mark.parametrize(
    ("terms", "labels"),
    [
        ("i.race", ["2.race", "3.race"]),
        ("race#smoke", ["2.race#1.smoke", "3.race#1.smoke"]),
        ("i.race##i.smoke", ["2.race", "3.race", "1.smoke", "2.race#1.smoke", "3.race#1.smoke"]),
        ("i.smoke#c.lwt", ["0.smoke#c.lwt", "1.smoke#c.lwt"]),
        ("c.lwt#smoke i.race", ["0.smoke#c.lwt", "1.smoke#c.lwt", "2.race", "3.race"]),
    ],
)
def test_terms_stand_for_their_coefficients(fits, terms, labels):
    result = fits["interaction"]
    found, expected = result.testparm(terms), result.test(" ".join(labels))
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert sorted(found.constraints) == sorted(expected.constraints)


def test_terms_may_be_tested_for_equality(fits):
    result = fits["published"]
    found, expected = result.testparm("smoke ptl ht", equal=True), result.test("smoke = ptl = ht")
    assert (found.statistic, found.df) == (pytest.approx(expected.statistic, rel=1e-10), 2)
    with pytest.raises(FitError):
        result.testparm("smoke", equal=True)


@pytest.mark.parametrize(("terms", "hint"), [("race", "i.race"), ("i.smoke", "smoke"), ("foo", "known are")])
def test_a_term_that_is_not_in_the_fit_is_named_with_the_nearest(fits, terms, hint):
    with pytest.raises(UnknownNameError) as caught:
        fits["published"].testparm(terms)
    assert hint in caught.value.do


def test_terms_of_nothing_are_refused(fits):
    with pytest.raises(CommandError):
        fits["published"].testparm("")


EQUATIONS = [
    ("age", ["2:age", "3:age"]),
    ("[2]age", ["2:age"]),
    ("2:age 3:smoke", ["2:age", "3:smoke"]),
    ("[2]", ["2:age", "2:smoke"]),
    ("[2]_b[age] [3]_b[smoke]", ["2:age", "3:smoke"]),
    ("[black]age", ["2:age"]),
]


@pytest.mark.parametrize(("text", "names"), EQUATIONS)
def test_equations_are_named_as_in_stata(models, text, names):
    result = models["mlogit-labels"]
    expected = by_hand(result, matrix(result, [{name: 1} for name in names]))
    assert result.test(text).statistic == pytest.approx(expected[0], rel=1e-9)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("[2=3]", ["age", "smoke"]),
        ("[2=3]: smoke", ["smoke"]),
        ("[black = other]", ["age", "smoke"]),
        ("[1=2]: age", ["age"]),
    ],
)
def test_two_equations_may_be_equal(models, text, pairs):
    result = models["mlogit-labels"]
    first = -1 if "1" in text else 1
    rows = [{f"2:{label}": 1 if first > 0 else -1, **({f"3:{label}": -1} if first > 0 else {})} for label in pairs]
    assert result.test(text).statistic == pytest.approx(by_hand(result, matrix(result, rows))[0], rel=1e-9)


def test_testparm_looks_in_all_equations_or_in_one(models):
    result = models["mlogit"]
    assert result.testparm("smoke").df == 2
    assert result.testparm("smoke", equation="3").statistic == pytest.approx(result.test("3:smoke").statistic)
    with pytest.raises(UnknownNameError):
        result.testparm("smoke", equation="7")


def test_a_coefficient_of_several_equations_has_to_say_which(models):
    with pytest.raises(CommandError, match="several equations"):
        models["mlogit"].test("age = 0")


def test_a_singular_covariance_is_an_error(fits):
    result = fits["demo"]
    for cov in (np.ones((3, 3)), np.zeros((3, 3)), np.full((3, 3), np.nan)):
        with pytest.raises(FitError, match="singular"):
            dataclasses.replace(result, cov=cov).test("age smoke")


def test_a_small_unit_is_no_dependence(fits):
    """With age in trillionths, `1e12*age + smoke` and `1e12*age` are nearly parallel as numbers, not as hypotheses."""
    result = fits["demo"]
    units = np.array([1e-12, 1.0, 1.0])
    scaled = dataclasses.replace(result, beta=result.beta * units, cov=result.cov * np.outer(units, units))
    found = scaled.test("(1e12*age + smoke = 0) (1e12*age = 0)")
    assert (found.df, found.dropped) == (2, ())
    assert found.statistic == pytest.approx(result.test("age smoke").statistic, rel=1e-6)


def test_a_level_with_a_hyphen_is_no_difference(fits):
    result = dataclasses.replace(fits["demo"], names=("a", "a-b.race", "_cons"), bases={"race": "a-a"})
    assert result.test("a-b.race").constraints == ("[low]a-b.race = 0",)
    assert result.test("a - _cons = 0").constraints == ("[low]a - [low]_cons = 0",)


def test_more_constraints_than_clusters_allow_are_an_error(fits):
    """A covariance of rank 1, as two clusters give."""
    direction = np.array([1.0, 2.0, 0.5])
    result = dataclasses.replace(fits["demo"], cov=np.outer(direction, direction))
    assert result.test("smoke").df == 1
    with pytest.raises(FitError, match="singular"):
        result.test("age smoke")


def test_a_fit_without_numbers_tests_nothing(nothing):
    for ask in (lambda: nothing.test("age"), lambda: nothing.testparm("age")):
        with pytest.raises(FitError, match="no coefficients"):
            ask()


@pytest.mark.parametrize("shape", NAMES)
def test_every_parameter_is_found_by_every_way_of_writing_it(models, shape):
    result = models[shape]
    naming = Naming(result)
    for name in result.names:
        for text in (name, shown(result, name)):
            assert naming.meant(text) == [name]
        for text in (name, shown(result, name), f"_b[{name}]"):
            assert naming.read(f"{text} ", 0) == (len(text), [name])


def test_levels_that_are_text_are_read(fits):
    result = fits["strings"]
    assert result.testparm("i.ethnicity").df == 2
    found = result.test("latin.ethnicity = white.ethnicity")
    assert found.df == 1
