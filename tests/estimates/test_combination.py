from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import CommandError, ConfigError, FedfolderError, FitError, UnknownNameError

LINCOM = """
 ( 1)  2*[low]age + [low]smoke = 0

------------------------------------------------------------------------------
         low | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
         (1) |   .8691442   .4099682     2.12   0.034     .0656212    1.672667
------------------------------------------------------------------------------
"""
NLCOM = """
       ratio:  _b[age]/_b[smoke]

------------------------------------------------------------------------------
         low | Coefficient  Std. err.      z    P>|z|     [90% conf. interval]
-------------+----------------------------------------------------------------
       ratio |  -.0293502   .0419146    -0.70   0.484    -.0982935    .0395932
------------------------------------------------------------------------------
"""


def test_the_text_is_statas(fits):
    assert str(fits["published"].lincom("2*age + smoke")) == LINCOM
    assert str(fits["published"].nlcom("(ratio: _b[age]/_b[smoke]), level(90)")) == NLCOM


def test_one_term_is_its_row(models, shape):
    result = models[shape]
    table = result.coefficients()
    for i, name in enumerate(result.names):
        found = result.lincom(name)
        assert (found.estimate, found.se) == pytest.approx((table.b[i], table.se[i]), rel=1e-12)
        assert (found.statistic, found.p) == pytest.approx((table.statistic[i], table.p[i]), rel=1e-10)
        assert found.interval == pytest.approx((table.lower[i], table.upper[i]), rel=1e-10)
        same = result.nlcom(f"_b[{name}]")
        assert (same.estimate, same.se, same.p) == pytest.approx((found.estimate, found.se, found.p), rel=1e-12)


@given(st.lists(st.floats(-3, 3).map(lambda x: round(x, 3)), min_size=9, max_size=9), st.integers(-3, 3))
def test_any_combination_is_read_as_it_is_meant(fits, weights, constant):
    result = fits["published"]
    if not any(weights):
        return
    text = " + ".join(f"{w:f}*{name}" for w, name in zip(weights, result.names, strict=True)) + f" + {constant}"
    found, w = result.lincom(text), np.array(weights)
    assert found.estimate == pytest.approx(w @ result.beta + constant, rel=1e-9, abs=1e-12)
    assert found.se == pytest.approx(np.sqrt(w @ result.cov @ w), rel=1e-9)
    assert sum(found.interval) / 2 == pytest.approx(found.estimate, rel=1e-9, abs=1e-12)


def test_a_combination_is_that_of_statsmodels(fits, lbw, design_of):
    import statsmodels.api as sm

    result = fits["published"]
    _, matrix, _ = design_of(result.command, lbw)
    fit = sm.Logit(lbw["low"].to_numpy(), matrix).fit(method="newton", tol=1e-14, disp=0)
    expected, found = fit.t_test("2*x1 + x5 = 0"), result.lincom("2*age + smoke")
    assert found.estimate == pytest.approx(float(expected.effect[0]), rel=1e-9)
    assert found.se == pytest.approx(float(np.squeeze(expected.sd)), rel=1e-9)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-8)
    assert found.interval == pytest.approx(tuple(np.squeeze(expected.conf_int())), rel=1e-9)


def test_after_regress_it_is_t(fits):
    found = fits["regress"].lincom("2.race - 3.race")
    assert "P>|t|" in str(found)
    result = fits["regress"]
    i, j = result.names.index("2.race"), result.names.index("3.race")
    se = np.sqrt(result.cov[i, i] + result.cov[j, j] - 2 * result.cov[i, j])
    from scipy import stats

    assert found.se == pytest.approx(se, rel=1e-12)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.estimate / se), 181), rel=1e-9)


@pytest.mark.parametrize("word", ["or", "irr", "rrr", "hr", "eform"])
def test_exponentiated_is_the_exponential_of_the_combination(fits, word):
    plain, found = (fits["published"].lincom(f"2.race - 3.race{end}") for end in ("", f", {word} level(80)"))
    assert found.estimate == pytest.approx(np.exp(plain.estimate), rel=1e-14)
    assert found.se == pytest.approx(np.exp(plain.estimate) * plain.se, rel=1e-14)
    assert (found.statistic, found.p) == (plain.statistic, plain.p)
    low, high = np.log(found.interval)
    assert high - low == pytest.approx(2 * 1.2815515655446004 * plain.se, rel=1e-12)
    assert "[80% conf. interval]" in str(found)


@pytest.mark.parametrize("text", ["age, level(5)", "age, level(0.95)", "age, l(100)"])
def test_a_level_is_in_percent(fits, text):
    with pytest.raises(ConfigError, match="no confidence level"):
        fits["published"].lincom(text)


@pytest.mark.parametrize(
    "text", ["age = 3", "age, foo", "age age", "", "age + ", "age*lwt", "age, level(9.9.9)", "1/age"]
)
def test_what_is_no_combination_is_refused_with_a_caret(fits, text):
    with pytest.raises(CommandError):
        fits["published"].lincom(text)


# f and its derivatives, by hand.
FUNCTIONS = [
    ("exp(_b[smoke])", lambda b: np.exp(b["smoke"]), {"smoke": lambda b: np.exp(b["smoke"])}),
    (
        "_b[age]/_b[smoke]",
        lambda b: b["age"] / b["smoke"],
        {"age": lambda b: 1 / b["smoke"], "smoke": lambda b: -b["age"] / b["smoke"] ** 2},
    ),
    ("_b[age]^2", lambda b: b["age"] ** 2, {"age": lambda b: 2 * b["age"]}),
    ("_b[age]^-3", lambda b: b["age"] ** -3, {"age": lambda b: -3 * b["age"] ** -4}),
    ("_b[smoke]^0.5", lambda b: b["smoke"] ** 0.5, {"smoke": lambda b: 0.5 * b["smoke"] ** -0.5}),
    ("_b[age]^201", lambda b: b["age"] ** 201, {"age": lambda b: 201 * b["age"] ** 200}),
    (
        "_b[smoke]^_b[ptl]",
        lambda b: b["smoke"] ** b["ptl"],
        {
            "smoke": lambda b: b["ptl"] * b["smoke"] ** (b["ptl"] - 1),
            "ptl": lambda b: np.log(b["smoke"]) * b["smoke"] ** b["ptl"],
        },
    ),
    (
        "ln(_b[smoke]) + sqrt(_b[ptl])",
        lambda b: np.log(b["smoke"]) + np.sqrt(b["ptl"]),
        {"smoke": lambda b: 1 / b["smoke"], "ptl": lambda b: 0.5 / np.sqrt(b["ptl"])},
    ),
    ("abs(_b[age])", lambda b: -b["age"], {"age": lambda _: -1.0}),
    ("max(_b[age], _b[smoke], 0)", lambda b: b["smoke"], {"smoke": lambda _: 1.0}),
    ("min(_b[age], _b[smoke])", lambda b: b["age"], {"age": lambda _: 1.0}),
    ("cond(_b[age]<0 & !(_b[smoke]<=0), _b[ptl], 7)", lambda b: b["ptl"], {"ptl": lambda _: 1.0}),
    ("-_b[age]*_se[smoke]", lambda b: -b["age"] * 0.4008266424, {"age": lambda _: -0.4008266424}),
    ("floor(_b[smoke]*10) + round(_b[age], 0.01) + int(2.7) + ceil(1.2)", lambda _: 9 - 0.03 + 2 + 2, {}),
]


@pytest.mark.parametrize(("text", "value", "derivatives"), FUNCTIONS, ids=[text for text, _, _ in FUNCTIONS])
def test_functions_are_those_of_the_delta_method_by_hand(fits, text, value, derivatives):
    result = fits["published"]
    b = result.params.to_dict()
    found = result.nlcom(text)
    gradient = np.array([derivatives[name](b) if name in derivatives else 0.0 for name in result.names])
    assert found.estimate == pytest.approx(value(b), rel=1e-9)
    assert found.se == pytest.approx(np.sqrt(gradient @ result.cov @ gradient), rel=1e-9)


def test_several_functions_have_a_joint_covariance(fits):
    result = fits["published"]
    found = result.nlcom("(a: _b[age]) (_b[age] + 2*_b[smoke])")
    G = np.array([[1.0 if name == "age" else 0.0 for name in result.names], [0.0] * 9])
    G[1] = G[0] + 2 * np.array([name == "smoke" for name in result.names])
    np.testing.assert_allclose(found.cov, G @ result.cov @ G.T, rtol=1e-12)
    assert found.table.names == ("a", "_nl_2")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ln(_b[age])", FitError),
        ("1/(_b[age] - _b[age])", FitError),
        ("_b[age]^0.5", FitError),
        ("sqrt(_b[1.race])*_b[age]", FitError),
        ("exp(1000*_b[ht])", FitError),
        ("age/2", FitError),
        ('"x"', FitError),
        (".", FitError),
        ('inlist(_b[age], "x")', FitError),
        ("_b[foo]", UnknownNameError),
        ("_b[age", CommandError),
        ("", CommandError),
        ("(a: _b[age]) x", CommandError),
    ],
)
def test_what_has_no_value_is_an_error_of_ours(fits, text, error):
    with pytest.raises(error):
        fits["published"].nlcom(text)


def test_a_coefficient_of_several_equations_has_to_say_which(models):
    with pytest.raises(FitError, match="several equations"):
        models["mlogit"].nlcom("_b[age]")
    assert models["mlogit"].nlcom("_b[2:age]/_b[3:age]").se > 0


def test_the_base_is_a_coefficient_that_is_zero(fits):
    result = fits["published"]
    assert result.nlcom("_b[2.race] - _b[1.race]").se == pytest.approx(result.bse["2.race"], rel=1e-12)


@given(st.text("_b[age]smok2.r()+-*/^ln,:x", max_size=30))
def test_nothing_but_our_own_errors_comes_out(fits, text):
    for ask in (fits["published"].lincom, fits["published"].nlcom):
        try:
            ask(text)
        except FedfolderError:
            continue


def test_a_fit_without_numbers_has_no_combination(nothing):
    for ask in (nothing.lincom, nothing.nlcom):
        with pytest.raises(FitError):
            ask("_b[age]")
