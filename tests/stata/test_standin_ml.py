"""The stand-in's `ml`, on a plain evaluator of a logit over lbw's rows."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[1] / "estimates" / "golden"
LBW = Path(__file__).parents[2] / "examples" / "lbw" / "lbw.csv"

EVALUATOR = """
program lbw_d2
    version 16
    args todo b lnf g H
    python: _logit()
end
"""


def logit(names):
    """An evaluator on rows: what a column is called says what it is."""
    import sfi

    with LBW.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    y = np.array([float(row["low"]) for row in rows])

    def column(name):
        found = np.ones(len(rows))
        for part in name.rpartition(":")[2].split("#"):
            operator, dot, variable = part.rpartition(".")
            level = operator.rstrip("bno")
            if variable == "_cons":
                continue
            values = np.array([float(row[variable]) for row in rows])
            found = found * (values == float(level) if dot and level.isdigit() else values)
        return found

    def work():
        get, store = sfi.Macro.getLocal, sfi.Matrix.store
        b = np.array(sfi.Matrix.get(get("b"))[0])
        X = np.column_stack([column(name) for name in sfi.Matrix.getColNames(get("b"))])
        names[:] = sfi.Matrix.getColNames(get("b"))
        p = 1 / (1 + np.exp(-X @ b))
        sfi.Scalar.setValue(get("lnf"), float(np.sum(np.log(np.where(y == 1, p, 1 - p)))))
        if int(get("todo")) > 0:
            store(get("g"), [list(map(float, (y - p) @ X))])
        if int(get("todo")) > 1:
            store(get("H"), [list(map(float, row)) for row in -(X.T * (p * (1 - p))) @ X])

    return work


@pytest.fixture
def lbw(stata):
    names: list[str] = []
    stata.python["_logit"] = logit(names)
    stata.seen = names
    assert stata.run(EVALUATOR) == 0
    assert stata.run(f'import delimited "{LBW}", clear') == 0
    return stata


def test_the_demo(lbw):
    assert lbw.run("ml model d2 lbw_d2 (xb: low = age smoke), search(off) maximize") == 0, lbw.text
    assert "Iteration 0:  Log likelihood = -131.00482" in lbw.text
    assert "Log likelihood = -113.63815" in lbw.text
    e = lbw.memory.e
    assert e.matrices["b"].columns == ["xb:age", "xb:smoke", "xb:_cons"]
    expected = [-0.0497792742582770, 0.691848676936729, 0.0609055366130124]
    assert np.allclose(e.matrices["b"].values[0], expected, rtol=1e-6)
    lbw.run("ml display")
    assert "         age |  -.0497793    .031972    -1.56   0.119    -.1124432    .0128846" in lbw.text


PUBLISHED = {
    "age": (-0.0271003, 0.0364504),
    "lwt": (-0.0151508, 0.0069259),
    "2.race": (1.262647, 0.5264101),
    "3.race": (0.8620792, 0.4391532),
    "smoke": (0.9233448, 0.4008266),
    "ptl": (0.5418366, 0.346249),
    "ht": (1.832518, 0.6916292),
    "ui": (0.7585135, 0.4593768),
    "_cons": (0.4612239, 1.20459),
}


def test_the_published_table_with_base_levels_in_b(lbw):
    assert lbw.run("ml model d2 lbw_d2 (xb: low = age lwt i.race smoke ptl ht ui), search(off) maximize") == 0
    assert lbw.seen[2:5] == ["xb:1b.race", "xb:2.race", "xb:3.race"]
    for term, (b, se) in PUBLISHED.items():
        assert lbw.evaluate(f"_b[{term}]") == pytest.approx(b, rel=5e-6)
        assert lbw.evaluate(f"_se[{term}]") == pytest.approx(se, rel=5e-6)
    assert lbw.evaluate("_b[1b.race]") == 0
    V = lbw.memory.e.matrices["V"].values
    assert not V[2].any()
    assert not V[:, 2].any()
    e = lbw.memory.e.scalars
    assert (e["N"], e["rank"], e["k"], e["converged"]) == (189, 9, 10, 1)
    lbw.run("ml display")
    golden = (GOLDEN / "published.txt").read_text(encoding="utf-8").split("\n")
    table = golden[golden.index("-" * 78) :]
    assert lbw.text.split("\n")[-len(table) :] == table


def test_ratios_and_a_fit_that_did_not_converge(lbw):
    lbw.run("ml model d2 lbw_d2 (xb: low = age smoke), search(off) maximize iterate(1)")
    assert "convergence not achieved" in lbw.text
    lbw.run("ml display, or")
    assert "| Odds ratio" in lbw.text
    assert "Warning: Convergence not achieved." in lbw.text


def evaluator(stata, lnf, gradient, hessian, seen=None):
    """An evaluator of one parameter (or more) that Python computes."""
    import sfi

    def work():
        get = sfi.Macro.getLocal
        b = np.array(sfi.Matrix.get(get("b"))[0])
        todo = int(get("todo"))
        if seen is not None:
            seen.append((todo, *b))
        value = lnf(b)
        sfi.Scalar.setValue(get("lnf"), sfi.Missing.getValue() if value is None else float(value))
        if value is None or todo == 0:
            return
        sfi.Matrix.store(get("g"), [[float(x) for x in gradient(b)]])
        if todo > 1:
            sfi.Matrix.store(get("H"), [[float(x) for x in row] for row in hessian(b)])

    stata.python["_logit"] = work
    stata.run(EVALUATOR)
    stata.run("set obs 4\ngenerate y = mod(_n, 2)\ngenerate x = _n")


def test_todo_0_at_trials_and_todo_2_where_one_is_accepted(stata):
    seen: list[tuple[float, ...]] = []
    evaluator(
        stata, lambda b: -(b @ b) + 2 * b[0], lambda b: -2 * b + np.array([2, 0]), lambda b: -2 * np.eye(len(b)), seen
    )
    assert stata.run("ml model d2 lbw_d2 (xb: y = x), search(off) maximize") == 0
    assert [call[0] for call in seen] == [2, 0, 0, 2, 0, 0, 2]
    assert seen[1][1:] == seen[3][1:] == (1.0, 0.0)
    assert seen[2][1:] == (1.125, 0.0), "a step forward, which is worse"


def test_a_missing_log_likelihood_is_halved_and_at_the_start_it_is_an_error(stata):
    # ln(b) - b/4 + 0*c from b = 1: the full Newton step leads beyond what is allowed.
    seen: list[tuple[float, ...]] = []

    def lnf(b):
        return None if b[0] > 1.5 else -((b[0] - 1.4) ** 4) - (b[0] - 3) ** 2 - b[1] ** 2

    def gradient(b):
        return np.array([-4 * (b[0] - 1.4) ** 3 - 2 * (b[0] - 3), -2 * b[1]])

    def hessian(b):
        return np.diag([-12 * (b[0] - 1.4) ** 2 - 2, -2])

    evaluator(stata, lnf, gradient, hessian, seen)
    stata.run("ml model d2 lbw_d2 (xb: y = x), search(off) maximize iterate(3)")
    halved = [
        (before[1], whole[1], half[1])
        for before, whole, half in zip(seen, seen[1:], seen[2:], strict=False)
        if before[0] == 2 and whole[1] > 1.5
    ]
    assert halved
    assert all(half == (before + whole) / 2 for before, whole, half in halved)
    evaluator_missing = [call[0] for call in seen]
    assert evaluator_missing.count(2) == 4
    stata.run("program drop lbw_d2\nclear")
    evaluator(stata, lambda _: None, gradient, hessian)
    assert stata.run("ml model d2 lbw_d2 (xb: y = x), search(off) maximize") == 1400
    assert "initial values not feasible" in stata.errors


def test_not_concave_is_said_and_overcome(stata):
    # A double well along the first coefficient: at 0.1 the Hessian is positive there.
    evaluator(
        stata,
        lambda b: b[0] ** 2 - b[0] ** 4 / 4 - b[1] ** 2,
        lambda b: np.array([2 * b[0] - b[0] ** 3, -2 * b[1]]),
        lambda b: np.diag([2 - 3 * b[0] ** 2, -2]),
    )
    assert stata.run("ml model d2 lbw_d2 (xb: y = x), search(off) maximize init(x=0.1)") == 0, stata.text
    assert "(not concave)" in stata.text
    assert abs(stata.evaluate("_b[x]")) == pytest.approx(2**0.5, rel=1e-6)


def test_what_the_evaluator_ends_with_ends_ml(stata):
    stata.run(
        'program lbw_d2\n    version 16\n    args todo b lnf g H\n    display as error "refused"\n    exit 498\nend'
    )
    stata.run("set obs 4\ngenerate y = 1\ngenerate x = _n")
    assert stata.run("ml model d2 lbw_d2 (xb: y = x), search(off) maximize") == 498
    assert "refused" in stata.errors
    assert not any(name.startswith("__") for name in stata.memory.matrices)


def test_a_matrix_of_another_size_is_an_error(stata):
    evaluator(stata, lambda b: -(b @ b), lambda _: np.zeros(3), lambda b: -2 * np.eye(len(b)))
    assert stata.run("ml model d2 lbw_d2 (xb: y = x), search(off) maximize") == 503


def test_d2debug_tells_a_right_hessian_from_a_wrong_one(lbw):
    lbw.run("ml model d2debug lbw_d2 (xb: low = age i.race smoke), search(off) maximize")
    report = [float(line.split("=")[1]) for line in lbw.text.split("\n") if "mreldif" in line]
    assert report
    assert max(report) < 1e-5
    right = lbw.python["_logit"]

    def wrong():
        right()
        import sfi

        name = sfi.Macro.getLocal("H")
        if name in lbw.memory.matrices:
            sfi.Matrix.store(name, [[1.01 * x for x in row] for row in sfi.Matrix.get(name)])

    lbw.python["_logit"] = wrong
    lbw.run("ml model d2debug lbw_d2 (xb: low = age i.race smoke), search(off) maximize")
    report = [float(line.split("=")[1]) for line in lbw.text.split("\n") if "mreldif" in line]
    assert max(report) > 5e-3


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ("age", "age _cons"),
        ("i.race", "1b.race 2.race 3.race _cons"),
        ("ib3.race", "1.race 2.race 3b.race _cons"),
        ("ib(last).race", "1.race 2.race 3b.race _cons"),
        ("ib(freq).race", "1b.race 2.race 3.race _cons"),
        ("ibn.race", "1bn.race 2.race 3o.race _cons"),
        ("i.smoke#c.age", "0b.smoke#c.age 1.smoke#c.age _cons"),
        ("i.smoke##c.age", "0b.smoke 1.smoke age 0b.smoke#co.age 1.smoke#c.age _cons"),
        ("c.age#c.age", "c.age#c.age _cons"),
        ("smoke##ui", "0b.smoke 1.smoke 0b.ui 1.ui 0b.smoke#0b.ui 0b.smoke#1o.ui 1o.smoke#0b.ui 1.smoke#1.ui _cons"),
        ("age twice", "age o.twice _cons"),
        ("age one", "age o.one _cons"),
        ("i.smoke#c.age c.age#c.age", "0b.smoke#c.age 1.smoke#c.age c.age#c.age _cons"),
        ("1b.race 2.race 3o.race", "1b.race 2.race 3o.race _cons"),
        ("0b.smoke#co.age 1.smoke#c.age", "0b.smoke#co.age 1.smoke#c.age _cons"),
        ("1b.race#0b.ui 2o.race#0b.ui 2.race#1.ui", "1b.race#0b.ui 2o.race#0b.ui 2.race#1.ui _cons"),
        ("age o.twice", "age o.twice _cons"),
        ("2.race", "2.race _cons"),
        ("i.race i.again", "1b.race 2.race 3.race 1b.again 2o.again 3o.again _cons"),
    ],
)
def test_columns_are_expanded_over_the_data_in_memory(lbw, terms, names):
    lbw.run("generate twice = 2 * age\ngenerate one = 1\ngenerate again = race")
    assert lbw.run(f"ml model d2 lbw_d2 (xb: low = {terms}), search(off)") == 0
    assert [name.rpartition(":")[2] for name in lbw.ml.names] == names.split()
    omitted = [name for name in names.split() if "o." in name and "#" not in name and name not in terms.split()]
    assert lbw.text.count("omitted because of collinearity") == len(omitted)


def test_collinear_columns_stay_where_ml_is_told_so(lbw):
    lbw.run("generate twice = 2 * age")
    equations = "(xb: low = age twice) (eq2: smoke, noconstant) /lnalpha"
    lbw.run(f"ml model d2 lbw_d2 {equations}, search(off) collinear missing obs(500)")
    assert lbw.ml.names == ["xb:age", "xb:twice", "xb:_cons", "eq2:smoke", "/:lnalpha"]
    assert lbw.ml.nobs == 500


def test_observations_with_missing_values_are_not_in_the_sample(lbw):
    lbw.run("replace age = . in 1/10\nml model d2 lbw_d2 (xb: low = age) if smoke == 1, search(off)")
    assert 0 < lbw.ml.nobs < 74
    assert lbw.run("ml model d2 lbw_d2 (xb: low = age) if smoke == 7, search(off)") == 2000
    assert lbw.run("ml model d2 lbw_d2 (xb: low = nothing), search(off)") == 111
