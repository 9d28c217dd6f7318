"""What follows from e() in the stand-in: posting, tables, tests; held to published numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.stata.standin import OutsideSubset
from tests.stata.standin.memory import StoredMatrix

GOLDEN = Path(__file__).parents[1] / "estimates" / "golden"


def matrices(stata, names, b, V, rows=None):
    stata.memory.matrices["b"] = StoredMatrix(np.array([b]), ["r1"], list(names))
    stata.memory.matrices["V"] = StoredMatrix(np.array(V), list(rows or names), list(names))


@pytest.fixture
def fitted(stata):
    """The demo's estimates, posted."""
    names = ["age", "1b.race", "2.race", "3.race", "o.x", "_cons"]
    V = np.diag([0.01, 0, 0.25, 0.04, 0, 1.0])
    V[2, 3] = V[3, 2] = 0.05
    matrices(stata, names, [-0.05, 0, 1.25, 0.8, 0, 0.4], V.tolist())
    assert stata.run("ereturn post b V, depname(low) obs(189)") == 0
    stata.run("ereturn local cmd test\nereturn scalar ll = -100.723995")
    stata.run("ereturn scalar ll_0 = -117.33599\nereturn scalar rank = 9")
    return stata


def test_post_moves_the_matrices(fitted):
    assert fitted.memory.matrices == {}
    assert fitted.memory.e.matrices["b"].rows == ["y1"]
    assert fitted.memory.e.scalars["N"] == 189
    assert fitted.memory.e.macros == {"properties": "b V", "depvar": "low", "cmd": "test"}


@pytest.mark.parametrize(
    ("names", "b", "V", "rows", "rc"),
    [
        ("xy", [1.0, 2.0], [[1.0]], "x", 503),
        ("xy", [1.0, 2.0], [[1.0, 0.5], [0.4, 1.0]], "xy", 505),
        ("xy", [1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]], "yx", 507),
        ("xx", [1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]], "xx", 507),
        ("xy", [1.0, 2.0**1023], [[1.0, 0.0], [0.0, 1.0]], "xy", 504),
    ],
)
def test_post_refuses_what_are_no_estimates(stata, names, b, V, rows, rc):  # noqa: PLR0917 - a table
    stata.memory.matrices["b"] = StoredMatrix(np.array([b]), ["r1"], list(names))
    stata.memory.matrices["V"] = StoredMatrix(np.array(V), list(rows), list(names[: len(V)]))
    assert stata.run("ereturn post b V") == rc


def test_only_an_eclass_program_may_change_e(stata):
    stata.run("program p\n    ereturn clear\nend\nprogram q, eclass\n    ereturn clear\nend")
    assert stata.run("q") == 0
    with pytest.raises(OutsideSubset):
        stata.run("p")
    stata.loud = None


def test_an_rclass_program_returns_in_r(stata):
    stata.run('program p, rclass\n    return scalar x = 3\n    return local y z\n    display "[`r(y)\']"\nend\np')
    stata.run("display r(x) r(y)")
    assert stata.text == "[]\n3z\n"


def test_the_published_table_to_the_character(stata):
    golden = (GOLDEN / "published.txt").read_text(encoding="utf-8").split("\n")
    table = golden[golden.index("-" * 78) :]
    found = {
        "age": (-0.0271003, 0.0364504),
        "lwt": (-0.0151508, 0.0069259),
        "1b.race": (0, 0),
        "2.race": (1.262647, 0.5264101),
        "3.race": (0.8620792, 0.4391532),
        "smoke": (0.9233448, 0.4008266),
        "ptl": (0.5418366, 0.346249),
        "ht": (1.832518, 0.6916292),
        "ui": (0.7585135, 0.4593768),
        "_cons": (0.4612239, 1.20459),
    }
    b = [value for value, _ in found.values()]
    matrices(stata, found, b, np.diag([se**2 for _, se in found.values()]).tolist())
    stata.run("ereturn post b V, depname(low)\nereturn display")
    shown = stata.text.split("\n")
    stubs = [line.partition("|")[0] for line in table]
    assert [line.partition("|")[0] for line in shown] == stubs
    # The interval follows from seven published digits, so its last one may not be the published one.
    assert [line[:56] for line in shown] == [line[:56] for line in table]


def test_a_table_has_no_base_levels_and_says_what_is_omitted(fitted):
    fitted.run("ereturn display, level(90)")
    assert "[90% conf. interval]" in fitted.text
    assert "          o.x |" not in fitted.text
    assert "           x |          0  (omitted)" in fitted.text
    assert "          1  |" not in fitted.text


def test_a_table_of_ratios(fitted):
    fitted.run("ereturn display, eform(Odds ratio)")
    line = next(line for line in fitted.text.split("\n") if line.startswith("         age"))
    assert line.split()[2:4] == [".9512294", ".0951229"]
    assert "| Odds ratio" in fitted.text


def test_ratios_are_those_of_the_first_equation_and_of_no_free_parameter(stata):
    names = ["a:x", "b:x", "/:lnalpha"]
    matrices(stata, names, [1.0, 2.0, 0.5], np.eye(3).tolist())
    stata.run("ereturn post b V, depname(y)\nereturn display, eform(RRR)")
    values = [line.split()[2] for line in stata.text.split("\n") if line.partition("|")[0].strip() in {"x", "/lnalpha"}]
    assert values == ["2.718282", "2", ".5"]
    stata.run("ereturn scalar k_eform = 2\nereturn display, eform(RRR)")
    assert "7.389056" in stata.text
    stata.run("ereturn display, first plus")
    assert stata.text.endswith(f"{'-' * 13}+{'-' * 64}\n")


def test_more_equations_than_e_b_has_are_an_error(fitted):
    fitted.run("ereturn scalar k_eq = 2")
    assert fitted.run("ereturn display") == 322


def test_equations_and_ancillary_parameters(stata):
    names = ["low:age", "low:_cons", "/:lnalpha"]
    matrices(stata, names, [1.0, 2.0, 0.5], np.eye(3).tolist())
    stata.run("ereturn post b V, depname(low)\nereturn display")
    assert [line.partition("|")[0].strip() for line in stata.text.split("\n")][3:7] == [
        "age",
        "_cons",
        "-" * 13 + "+" + "-" * 64,
        "/lnalpha",
    ]
    stata.run("display _b[age] _b[/lnalpha] _b[low:_cons] [low]age")
    assert stata.text.endswith("1.521\n")
    stata.run("display [low]_b[age] [low]_se[_cons] [/]_b[lnalpha]")
    assert stata.text.endswith("11.5\n")


@pytest.mark.parametrize(
    ("line", "chi2", "df"),
    [
        ("test age", 0.25, 1),
        ("test 2.race 3.race", None, 2),
        ("testparm i.race", None, 2),
        ("test age = 0.05", 1.0, 1),
        ("test (age = 0) (_cons = 1.4)", 1.25, 2),
        ("test age age", 0.25, 1),
        ("test 2.race = 3.race", 0.45**2 / 0.19, 1),
    ],
)
def test_wald_tests(fitted, line, chi2, df):
    assert fitted.run(line) == 0
    V, b = np.array([[0.25, 0.05], [0.05, 0.04]]), np.array([1.25, 0.8])
    expected = float(b @ np.linalg.solve(V, b)) if chi2 is None else chi2
    assert math.isclose(fitted.memory.r.scalars["chi2"], expected, rel_tol=1e-12)
    assert fitted.memory.r.scalars["df"] == df
    assert f"chi2({df:3}) =" in fitted.text


def test_lincom(fitted):
    fitted.run("lincom 2*_b[age] - 2.race + 1")
    r = fitted.memory.r.scalars
    assert math.isclose(r["estimate"], -0.35)
    assert math.isclose(r["se"], math.sqrt(4 * 0.01 + 0.25))
    assert "         (1) |" in fitted.text
    assert fitted.run("lincom age * age") == 198
    assert fitted.run("lincom nothing") == 111


def test_nlcom(fitted):
    fitted.run("nlcom (ratio: _b[2.race] / _b[3.race]) (exp(_b[age]))")
    r = fitted.memory.r.matrices
    g = np.array([1 / 0.8, -1.25 / 0.64])
    assert np.allclose(r["b"].values, [[1.25 / 0.8, math.exp(-0.05)]])
    assert math.isclose(r["V"].values[0, 0], g @ np.array([[0.25, 0.05], [0.05, 0.04]]) @ g, rel_tol=1e-8)


def test_estat_ic_is_the_published_one(fitted):
    fitted.run("estat ic")
    golden = (GOLDEN / "estat-ic.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert fitted.text.rstrip("\n").split("\n")[:-1] == golden[:-1]
    fitted.run("matrix S = r(S)\ndisplay S[1,5]")
    assert fitted.text.endswith("219.44799\n")


def test_estimates_are_stored_restored_and_laid_side_by_side(fitted):
    fitted.run("estimates store demo")
    fitted.run("ereturn clear")
    assert fitted.run("ereturn display") == 301
    fitted.run("estimates restore demo\nestimates table demo ., b(%9.3f) se stats(N ll)")
    rows = [line.split() for line in fitted.text.split("\n")]
    assert ["age", "|", "-0.050", "-0.050"] in rows
    assert ["|", "0.100", "0.100"] in rows
    assert ["N", "|", "189", "189"] in rows
    assert ["Legend:", "b/se"] in rows
    assert fitted.run("estimates restore other") == 111


def test_predict_goes_to_the_program_in_e(fitted):
    fitted.run(
        "program my_p\n    syntax newvarlist [, XB]\n    display \"`varlist'|`xb'\"\nend\nereturn local predict my_p"
    )
    fitted.run("predict double new, xb")
    assert fitted.text.endswith("new|xb\n")


def test_matrix_expressions(stata):
    stata.run("matrix A = (1,2\\3,4)\nmatrix B = A*A' - 2*I(2)\nmatrix C = invsym(B)*B\nmatrix D = A[1..2,2], J(2,1,7)")
    assert np.allclose(stata.memory.matrices["B"].values, [[3, 11], [11, 23]])
    assert np.allclose(stata.memory.matrices["C"].values, np.eye(2))
    assert stata.memory.matrices["D"].values.tolist() == [[2, 7], [4, 7]]
    assert stata.run("matrix E = A*J(3,1,0)") == 503
    stata.run(
        'matrix colnames A = xb:age xb:_cons\nlocal names : colfullnames A\ndisplay "`names\'" colnumb(A, "xb:_cons")'
    )
    assert stata.text.endswith("xb:age xb:_cons2\n")
    stata.run("matrix list B")
    assert stata.text.endswith("symmetric B[2,2]\n           r1         r2\nr1          3\nr2         11         23\n")
