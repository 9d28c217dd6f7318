"""The twin quotes the Mata, all of it; and what it computes is what our likelihoods say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import fedfolder.stata
from fedfolder.likelihood import RowLikelihood, find
from fedfolder.resources import resource
from fedfolder.stata.mata import BUILT_IN
from tests.stata import mata_twin

ADO = Path(fedfolder.stata.__file__).with_name("ado") / "_fedfolder_compute.ado"
DECLARATION = re.compile(r"(real (scalar|colvector|matrix)|pointer\(function\) scalar) [\w, ]+\Z")
HEAD = re.compile(r"(?:void|real colvector|pointer\(function\) scalar) (\w+)\(.*\)")
MATH = {"J", "abs", "exp", "hasmissing", "ln", "lngamma", "lnnormal", "lnnormalden", "quadcross", "rowmax", "rowmin"}
INTERFACE = {"st_data", "st_matrix", "st_numscalar", "st_nvar", "st_store"}
OTHERS = {"_error", "findexternal", "rows"}
LANGUAGE = {"for", "if", "return"}
"""All of Mata that is used, besides operators."""
PAGE = Path(__file__).resolve().parents[2] / "docs" / "stata.md"


def ado() -> str:
    return ADO.read_text(encoding="ascii")


def template() -> str:
    return resource("node_templates", "stata/my_likelihood.do").read_text(encoding="ascii")


def mata() -> dict[str, list[str]]:
    """The statements of each Mata function, without declarations."""
    found: dict[str, list[str]] = {}
    blocks = [text[text.index("\nmata:\n") + 7 : text.rindex("\nend")] for text in (ado(), template())]
    for raw in "\n".join(blocks).split("\n"):
        line = raw.partition("//")[0].strip()
        if head := HEAD.fullmatch(line):
            found[head[1]] = []
        elif line not in {"", "{", "}"} and not DECLARATION.match(line):
            found[list(found)[-1]].append(line)
    return found


def twin() -> dict[str, list[str]]:
    """What each function of the twin quotes; a quote stands above one statement."""
    lines = Path(mata_twin.__file__).read_text(encoding="utf-8").split("\n")
    found = {}
    for function in ast.parse("\n".join(lines)).body:
        if not isinstance(function, ast.FunctionDef) or not function.name.startswith(("fedfolder_", "my_")):
            continue
        body = function.body
        if isinstance(body[-1], ast.Return) and not _quote(lines, body[-1].lineno):
            body = body[:-1]  # the arguments that Mata fills are what Python returns
        quotes = [_quote(lines, statement.lineno) for statement in body]
        every = [line for line in lines[function.lineno : function.end_lineno] if line.lstrip().startswith("#")]
        assert len(every) == len(quotes)
        found[function.name] = quotes
    return found


def _quote(lines: list[str], lineno: int) -> str:
    """The quote above a line; none is no quote of anything."""
    mark, _, quoted = lines[lineno - 2].partition("# mata: ")
    return "" if mark.strip() else quoted


def test_every_statement_of_the_mata_stands_above_one_line_of_its_twin():
    assert twin() == mata()


def test_few_functions_of_mata_are_used():
    statements = " ".join(re.sub(r'"[^"]*"', "", line) for lines in mata().values() for line in lines)
    called = set(re.findall(r"([A-Za-z_]\w*)\s*\(", statements)) - set(mata())
    assert called == MATH | INTERFACE | OTHERS | LANGUAGE
    listed = re.findall(r"^\| (`.*`) \| \[M-5\]", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(listed))) == MATH | INTERFACE | OTHERS


def test_every_model_has_a_function():
    assert set(BUILT_IN.values()) <= set(mata())
    quoted = re.findall(r'name == "(\w+)"', "\n".join(mata()["fedfolder_function"]))
    assert sorted(quoted) == sorted(BUILT_IN.values())


def rows_of(model):
    found = find(model)
    assert isinstance(found, RowLikelihood)
    return found


ETAS = np.concatenate([np.linspace(-45, 45, 361), np.linspace(-3, 3, 121), [-700, -200, -1e-9, 0.0, 1e-9, 200]])
OUTCOMES = {"poisson": (0.0, 1.0, 7.0), "regress": (-3.0, 0.0, 2.5)}


@pytest.mark.parametrize("model", BUILT_IN)
def test_rows_are_those_of_our_likelihood(model):
    with np.errstate(all="ignore"):
        for outcome in OUTCOMES.get(model, (0.0, 1.0)):
            y = np.full(len(ETAS), outcome)
            ours = rows_of(model).derivatives({"y": y}, ETAS[None])
            theirs = getattr(mata_twin, BUILT_IN[model])(y[:, None], ETAS[:, None])
            for mine, found in zip(ours, theirs, strict=True):
                expected = np.where(np.isfinite(mine), mine, np.nan).ravel()
                np.testing.assert_allclose(found.ravel(), expected, rtol=1e-11, atol=1e-15)


def test_what_overflows_is_missing():
    with np.errstate(all="ignore"):
        for model in ("poisson", "cloglog"):
            ll, s, h = getattr(mata_twin, BUILT_IN[model])(np.zeros((1, 1)), np.full((1, 1), 800.0))
            assert np.isnan([ll, s, h]).all()
