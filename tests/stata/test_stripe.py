"""The columns of e(b), against what Stata's manuals and its users' logs show of it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fedfolder.likelihood import LIKELIHOODS
from fedfolder.simulation import pooled
from fedfolder.stata.keeping import posted, record
from fedfolder.stata.stripe import stripe
from tests.simulation.models import problem
from tests.stata.births import births

SHOWN = {
    "logit low age i.race smoke": "low:age low:1b.race low:2.race low:3.race low:smoke low:_cons",
    "regress bwt ib2.race": "1.race 2b.race 3.race _cons",
    "regress bwt ib(last).race, noconstant": "1.race 2.race 3b.race",
    "regress bwt ibn.race, noconstant": "1bn.race 2.race 3.race",
    "regress bwt i.smoke##i.ht": (
        "0b.smoke 1.smoke 0b.ht 1.ht 0b.smoke#0b.ht 0b.smoke#1o.ht 1o.smoke#0b.ht 1.smoke#1.ht _cons"
    ),
    "regress bwt i.smoke##c.age": "0b.smoke 1.smoke age 0b.smoke#co.age 1.smoke#c.age _cons",
    "regress bwt i.smoke#c.age": "0b.smoke#c.age 1.smoke#c.age _cons",
    "regress bwt i.smoke#i.ht": "0b.smoke#0b.ht 0b.smoke#1.ht 1.smoke#0b.ht 1.smoke#1.ht _cons",
    "regress bwt c.age##c.age": "age c.age#c.age _cons",
    "regress bwt age twice": "age o.twice _cons",
    "regress bwt ibn.smoke": "0bn.smoke 1o.smoke _cons",
    "mlogit race age i.smoke": (
        "1:o.age 1:0b.smoke 1:1o.smoke 1:o._cons 2:age 2:0b.smoke 2:1.smoke 2:_cons 3:age 3:0b.smoke 3:1.smoke 3:_cons"
    ),
    "mlogit race age, baseoutcome(3)": "1:age 1:_cons 2:age 2:_cons 3:o.age 3:o._cons",
    "ologit size age i.smoke": "size:age size:0b.smoke size:1.smoke /:cut1 /:cut2 /:cut3",
    "nbreg ftv age": "ftv:age ftv:_cons /:lnalpha",
    "recode age (1/20=1) (21/99=2), generate(old); regress bwt i.old": "1b.old 2.old _cons",
    "clogit low age smoke, group(pair)": "low:age low:smoke",
}


@pytest.mark.parametrize("command", SHOWN)
def test_the_columns_are_those_of_stata(command):
    result = pooled(command, births())
    found = stripe(result)
    assert " ".join(found.names) == SHOWN[command]
    assert len(set(found.places)) == len(result.names)
    wide = found.widen(result.cov)
    assert wide.shape == (len(found.names),) * 2
    assert (wide[np.ix_(found.places, found.places)] == result.cov).all()
    rest = [at for at in range(len(found.names)) if at not in found.places]
    assert not wide[rest].any()
    assert not found.widen(result.beta)[rest].any()


def test_levels_that_are_none_in_stata_are_numbered_as_encode_does():
    result = pooled("logit low i.colour", births())
    found = stripe(result)
    assert found.codes == {"colour": {"black": "1", "other": "2", "white": "3"}}
    assert found.names == ("low:1b.colour", "low:2.colour", "low:3.colour", "low:_cons")


def test_equations_that_could_not_be_told_apart_are_numbered():
    result = pooled("mlogit race age", births())
    labels = {"race": {"1": "a b", "2": "a_b", "3": "c"}}
    names = stripe(dataclasses.replace(result, labels=labels)).names
    assert names == ("1:o.age", "1:o._cons", "2:age", "2:_cons", "3:age", "3:_cons")


def test_equations_are_called_by_labels_and_texts_that_stata_takes():
    frame = births()
    frame["colour"] = frame["colour"].map({"black": "very dark", "white": "white", "other": "a:b"})
    result = pooled("mlogit colour age", frame)
    names = stripe(result).names
    equations = [name.split(":")[0] for name in names]
    assert list(dict.fromkeys(equations)) == ["a_b", "very_dark", "white"]


@pytest.mark.parametrize("name", {name.partition(" link(")[0]: name for name in LIKELIHOODS}.values())
def test_every_likelihood_has_its_columns_and_comes_back(name):
    found = problem(name)
    result = pooled(found.command("x i.g w c.w#c.w"), found.frame)
    assert result.names, result.status
    columns = stripe(result)
    b, variance = columns.widen(result.beta), columns.widen(result.cov)
    assert len(set(columns.names)) == len(columns.names) == len(b)
    assert (b[list(columns.places)] == result.beta).all()
    held = {"e(fedfolder_fit)": record(result), "e(b)": b[None, :], "e(V)": variance}
    stata: Any = SimpleNamespace(macro=held.get, matrix=held.get)
    assert posted(stata) == result


@pytest.mark.parametrize("level", ["01", "+1", "1.0", "40000", "-1"])
def test_levels_that_stata_would_take_for_another_are_numbered(level):
    frame = births()
    frame["code"] = frame["colour"].map({"black": "1", "white": level, "other": "2"})
    found = stripe(pooled("logit low i.code", frame))
    assert sorted(found.codes["code"].values()) == ["1", "2", "3"]
    assert [name.lstrip("low:")[0] for name in found.names[:3]] == ["1", "2", "3"]


def test_an_outcome_with_an_empty_label_has_an_equation_of_its_own():
    result = pooled("mlogit race age", births())
    labels = {"race": {"1": "a", "2": "", "3": "c"}}
    names = stripe(dataclasses.replace(result, labels=labels)).names
    assert {name.partition(":")[0] for name in names} == {"1", "2", "3"}
