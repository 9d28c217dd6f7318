from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from fedfolder.estimates import iteration_line
from fedfolder.estimates.number import display

# Printed by Stata 18: logit low age smoke on lbw.dta.
DEMO = """\
Logistic regression                                     Number of obs =    189
                                                        LR chi2(2)    =   7.40
                                                        Prob > chi2   = 0.0248
Log likelihood = -113.63815                             Pseudo R2     = 0.0315

------------------------------------------------------------------------------
         low | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
         age |  -.0497793    .031972    -1.56   0.119    -.1124432    .0128846
       smoke |   .6918487   .3218061     2.15   0.032     .0611203    1.322577
       _cons |   .0609055   .7573199     0.08   0.936    -1.423414    1.545225
------------------------------------------------------------------------------
"""

# Printed by Stata 18 for other data: regress y x1 x2, four rows.
ANOVA = """\
      Source |       SS           df       MS      Number of obs   =         4
-------------+----------------------------------   F(2, 1)         =      1.00
       Model |          .5         2         .25   Prob > F        =    0.5774
    Residual |         .25         1         .25   R-squared       =    0.6667
-------------+----------------------------------   Adj R-squared   =    0.0000
       Total |         .75         3         .25   Root MSE        =        .5

"""


def test_the_demos_table_is_statas_to_the_character(fits):
    assert fits["demo"].summary() == DEMO


def test_the_analysis_of_variance_is_statas_to_the_character(fits):
    stats = {"rss": 0.25, "tss": 0.75, "rmse": 0.5, "r2": 2 / 3, "r2_a": 0.0, "F": 1.0}
    base = fits["regress-noconstant"]
    result = dataclasses.replace(
        base, names=("x1", "x2", "_cons"), beta=[0.5, 0.5, -0.25], cov=[[1, 0, 0]] * 3, nobs=4, df_resid=1, stats=stats
    )
    assert result.summary().startswith(ANOVA)


def test_printed_tables_are_the_golden_files(fits, golden, name):
    golden(f"{name}.txt", fits[name].summary())


def test_printed_tables_of_every_shape_are_the_golden_files(models, golden, shape):
    golden(f"{shape}.txt", models[shape].summary())


def test_tables_of_every_shape_keep_to_their_lines(models, shape):
    text = models[shape].summary()
    lines = text.rstrip("\n").split("\n")
    assert all(len(line) <= 78 and line == line.rstrip() for line in lines)
    rules = [line for line in lines if set(line) == {"-"}]
    assert len(rules) == 2
    assert {line[13] for line in lines[lines.index(rules[0]) + 1 : -1] if line[12:15] in {" | ", "-+-"}} == {"|", "+"}


def test_every_parameter_of_every_shape_has_its_row_once(models, shape):
    result = models[shape]
    table = result.summary()
    for p, b in zip(result.names, result.beta, strict=True):
        value = b if p.startswith("/") or not result.eform else math.exp(b)
        assert table.count(f"|  {display(value, '%9.0g')}  ") == 1, p
    assert table.count("(omitted)") == len(result.omitted)


# Printed by Stata, other data: the three kinds of rows that a table of one equation has not.
PIECES = {
    "nbreg": "Dispersion: mean                                        Prob > chi2   = ",
    "logit-robust": "             |               Robust\n         low | Coefficient  std. err.      z    P>|z|",
    "glm-gamma": "             |                 OIM\n         bwt | Coefficient  std. err.      z    P>|z|",
    "poisson": "         ftv |        IRR   Std. err.      z    P>|z|     [95% conf. interval]\n",
    "mlogit-labels": "\nwhite        |  (base outcome)\n-------------+-",
    "logit-cluster": "\n                               (Std. err. adjusted for 7 clusters in agegroup)\n-----",
}


@pytest.mark.parametrize("shape", PIECES)
def test_what_stata_prints_around_the_numbers(models, shape):
    assert PIECES[shape] in models[shape].summary()


def test_lines_have_at_most_80_characters_and_no_spaces_at_their_ends(fits, name):
    text = fits[name].summary()
    assert text.endswith(("-\n", "odds.\n"))
    assert all(len(line) <= 80 and line == line.rstrip() for line in text.split("\n"))


def test_every_coefficient_has_its_row_once(fits, name):
    result = fits[name]
    lines = result.summary().split("\n")
    if not result.odds_ratios:
        for b in result.beta:
            assert sum(f"|  {display(b, '%9.0g')}  " in line for line in lines) == 1
    assert sum("(omitted)" in line for line in lines) == len(result.omitted)


def test_bars_and_rules_stand_in_one_column(fits, name):
    lines = fits[name].summary().rstrip("\n").split("\n")
    cross = max(i for i, line in enumerate(lines) if "-+-" in line)
    at = lines[cross].index("+")
    body = lines[cross - 1 : lines.index(lines[cross - 2], cross)]
    assert {line[at] for line in body} == {"|", "+"}
    assert len(lines[cross]) == len(lines[cross - 2])


@pytest.mark.parametrize("level", [10, 50, 90, 95, 99, 99.9, 99.99])
def test_the_interval_is_headed_by_its_level(fits, level):
    heading = dataclasses.replace(fits["demo"], level=level).summary().split("\n")[6]
    assert heading.endswith(f"  [{level}% conf. interval]")
    assert len(heading) == 78


def test_no_blank_row_at_the_top_or_bottom_and_never_two(fits):
    for result in fits.values():
        lines = result.summary().split("\n")
        blank = [line.strip() == "|" for line in lines]
        for before, here in itertools.pairwise(lines):
            if here.strip() == "|":
                assert not before.startswith("-")
                assert before.strip() != "|"
            if before.strip() == "|":
                assert not here.startswith("-")
        assert not blank[-1]


def test_a_fit_without_numbers_says_why_and_shows_no_table(nothing, golden):
    text = nothing.summary()
    assert "Status: separation. age predicts the outcome perfectly\n" in text
    assert "|" not in text
    golden("separation.txt", text)


def test_a_fit_that_did_not_converge_says_so_below_its_table(fits):
    text = dataclasses.replace(fits["demo"], status="not converged", message="The last step did not help.").summary()
    assert text == DEMO + "Status: not converged. The last step did not help.\n"


def test_large_samples_move_the_heading_to_the_left_and_keep_its_end(fits):
    result = dataclasses.replace(fits["demo"], nobs=12_345_678, stats={"chi2": 123456.5, "r2_p": 0.5})
    heading = result.summary().split("\n")[:4]
    assert {len(line) for line in heading} == {78}
    assert heading[0].endswith("Number of obs = 12,345,678")


@pytest.mark.parametrize(
    ("number", "loglike", "line"),
    [
        (0, -131.00481978, "Iteration 0:  Log likelihood = -131.00482"),
        (4, -100.7239956, "Iteration 4:  Log likelihood =   -100.724"),
    ],
)
def test_iteration_lines_are_statas(number, loglike, line):
    assert iteration_line(number, loglike) == line
