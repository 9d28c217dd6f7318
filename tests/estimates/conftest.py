"""Fits of the lbw example, made once by statsmodels (the independent program) and held as `FitResult`.

Data: Stata, lbw.dta (Hosmer and Lemeshow; 189 births), as examples/lbw/lbw.csv.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fedfolder.command.parse import parse
from fedfolder.command.terms import CONSTANT, base_levels, columns
from fedfolder.estimates import TITLES, FitResult, logit_stats, regress_stats
from fedfolder.estimates.columns import level_text
from tests.estimates.models import NAMES as MODELS
from tests.estimates.models import all_models

LBW = Path(__file__).parents[2] / "examples" / "lbw" / "lbw.csv"
GOLDEN = Path(__file__).parent / "golden"
OVERWRITE = "FEDFOLDER_OVERWRITE_GOLDEN"


def design_matrix(command, frame):
    """Columns and design matrix of a command, row by row and by the definition of a column."""
    parsed = parse(command)
    names = {f.variable for term in parsed.terms for f in term.factors}
    texts = {name: [level_text(value) or "" for value in frame[name]] for name in names}
    levels = {name: sorted(set(texts[name])) for name in names}
    bases = base_levels(parsed.terms, levels)
    found = [*columns(parsed.terms, levels, bases), *([CONSTANT] if parsed.constant else [])]
    matrix = np.ones((len(frame), len(found)))
    for j, column in enumerate(found):
        for variable, level in column.factors:
            matrix[:, j] *= [text == level for text in texts[variable]]
        for variable in column.continuous:
            matrix[:, j] *= frame[variable].to_numpy(dtype=float)
    return found, matrix, bases


def fitted(command, frame, omitted=()):
    """Fit a command with statsmodels, after leaving out the columns in `omitted`."""
    import statsmodels.api as sm

    parsed = parse(command)
    found, matrix, bases = design_matrix(command, frame)
    keep = [j for j, column in enumerate(found) if column.label not in omitted]
    names, matrix = tuple(found[j].label for j in keep), matrix[:, keep]
    y = frame[parsed.depvar].to_numpy(dtype=float)
    linear = parsed.model == "regress"
    if linear:
        model = sm.OLS(y, matrix, hasconst=parsed.constant).fit()
        tss = model.centered_tss if parsed.constant else model.uncentered_tss
        llnull = -len(y) / 2 * (math.log(2 * math.pi * tss / len(y)) + 1)
        stats = regress_stats(model.ssr, tss, len(y), len(names), constant=parsed.constant)
    else:
        model = sm.Logit(y, matrix).fit(method="newton", tol=1e-14, disp=0)
        share = y.mean()
        llnull = len(y) * (share * math.log(share) + (1 - share) * math.log(1 - share))
        stats = logit_stats(model.llf, llnull if parsed.constant else None, names, model.params, model.cov_params())
    return FitResult(
        command=str(parsed),
        model=parsed.model,
        title=TITLES[parsed.model],
        depvar=parsed.depvar,
        status="converged",
        nobs=len(y),
        llf=float(model.llf),
        llnull=llnull if parsed.constant else None,
        names=names,
        beta=model.params,
        cov=model.cov_params(),
        omitted=tuple(omitted),
        bases=bases,
        statistic="t" if linear else "z",
        df_resid=len(y) - len(names) if linear else None,
        level=parsed.level,
        eform="or" if parsed.option("or") is not None else "",
        rounds=1 if linear else 6,
        evaluations=1 if linear else 6,
        nodes=(("north", 63), ("south", 63), ("west", 63)),
        condition=12.5,
        stats=stats,
    )


def without_numbers(status="separation", message="age predicts the outcome perfectly"):
    return FitResult(
        command="logit low age",
        model="logit",
        title=TITLES["logit"],
        depvar="low",
        status=status,
        message=message,
        nobs=189,
        llf=float("nan"),
        llnull=None,
        names=(),
        beta=np.array([]),
        cov=np.array([]),
        bases={},
        statistic="z",
        rounds=9,
        evaluations=9,
        condition=float("nan"),
        stats={},
    )


COMMANDS = {
    "demo": ("logit low age smoke", ()),
    "published": ("logit low age lwt i.race smoke ptl ht ui", ()),
    "odds-ratios": ("logit low age i.race i.smoke, or level(90)", ()),
    "interaction": ("logit low i.smoke#c.lwt c.age#c.age i.race##i.smoke", ()),
    "strings": ("logit low i.ethnicity i.ethnicity#i.smoker age", ("latin.ethnicity#yes.smoker",)),
    "omitted": ("logit low age twice i.race smoke", ("twice", "3.race")),
    "omitted-or": ("logit low age twice smoke, or", ("twice",)),
    "noconstant": ("logit low age smoke, noconstant", ()),
    "constant-only": ("logit low", ()),
    "long-names": ("logit low_birthweight age_of_the_mother i.race#i.smoked_in_pregnancy", ()),
    "regress": ("regress bwt age lwt i.race smoke ht ui", ()),
    "regress-level": ("regress bwt age i.smoke, level(99.9)", ()),
    "regress-noconstant": ("regress bwt age lwt, noconstant", ()),
    "regress-constant": ("regress bwt", ()),
}
"""Every layout that has a golden file: a command, and the columns to leave out of it."""


@pytest.fixture(scope="session")
def lbw():
    frame = pd.read_csv(LBW)
    return frame.assign(
        twice=2 * frame["age"],
        low_birthweight=frame["low"],
        age_of_the_mother=frame["age"],
        smoked_in_pregnancy=frame["smoke"],
        ethnicity=frame["race"].map({1: "white", 2: "black", 3: "latin"}),
        smoker=frame["smoke"].map({0: "no", 1: "yes"}),
    )


@pytest.fixture(scope="session")
def fits(lbw):
    return {name: fitted(command, lbw, omitted) for name, (command, omitted) in COMMANDS.items()}


@pytest.fixture(scope="session")
def models(lbw):
    """A result of every shape, by name."""
    return all_models(lbw)


@pytest.fixture(params=MODELS)
def shape(request):
    """Every shape in turn."""
    return request.param


@pytest.fixture(params=list(COMMANDS))
def name(request):
    """Every command in turn."""
    return request.param


@pytest.fixture(scope="session")
def fit():
    return fitted


@pytest.fixture(scope="session")
def design_of():
    return design_matrix


@pytest.fixture(scope="session")
def nothing():
    return without_numbers()


@pytest.fixture
def golden():
    """Compare a text with a file byte for byte; with FEDFOLDER_OVERWRITE_GOLDEN=1 write the file instead."""

    def compare(name, text):
        path = GOLDEN / name
        if os.environ.get(OVERWRITE) == "1":
            path.write_bytes(text.encode())
        assert path.read_bytes() == text.encode()

    return compare
