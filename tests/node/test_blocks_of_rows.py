"""A sample, what the ledger remembers of it, rules and moments: by blocks of rows, from columns in few bytes."""

from __future__ import annotations

import hashlib
import tracemalloc
from typing import Any

import numpy as np
import pytest

from fedfolder.custody import columns as columns_of_rules
from fedfolder.custody.limits import at_beta
from fedfolder.custody.policy_file import named
from fedfolder.custody.profiles import PROFILES
from fedfolder.custody.row_sets import PART, SUPPORT
from fedfolder.custody.sample_rules import SAMPLE_RULES
from fedfolder.custody.seen import seen
from fedfolder.custody.view import View
from fedfolder.node.readers import Frame, TextColumn
from fedfolder.node.sampling import make_sample
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions import blocks, prepared
from fedfolder.questions.blocks import smallest
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add

NEVER = 1 << 40
COMMANDS = (
    "logit y age i.region sex",
    "poisson count c.age##c.age z i.region#i.sex [fw=w], offset(off)",
    "regress z i.t#c.age i.region##i.sex d [pw=py] if age > 30 | z < 0, vce(cluster id)",
    "generate e = z * (age > 50); regress y e i.t if sex==1",
    "generate l = ln(py) + max(age, 40) + abs(z); egen c = cut(age), at(0 30 60 200); regress z l i.c",
    "recode age (min/40=1) (40/60=2) (else=3), gen(g); logit y i.g c.z#i.g",
    "mlogit t age i.sex",
    "clogit y age d, group(id)",
)


def columns(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(rows)
    found: dict[str, Any] = {
        "y": rng.integers(0, 2, rows) * 1.0,
        "z": rng.normal(size=rows),
        "age": rng.integers(20, 90, rows) * 1.0,
        "sex": rng.integers(1, 3, rows) * 1.0,
        "region": rng.integers(1, 6, rows) * 1.0,
        "d": (rng.random(rows) < 0.03) * 1.0,
        "id": rng.integers(0, rows // 3, rows) * 1.0,
        "w": rng.integers(0, 4, rows) * 1.0,
        "off": rng.normal(size=rows).astype(np.float32).astype(np.float64),
        "py": rng.random(rows) + 0.5,
        "count": rng.poisson(2, rows) * 1.0,
        "t": TextColumn(rng.integers(-1, 4, rows).astype(np.int32), ("a", "b", "c", "dd")),
    }
    for name in ("age", "z", "region"):
        found[name][rng.random(rows) < 0.05] = np.nan
    return found


def in_few_bytes(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: TextColumn(column.codes.astype(np.int8), column.levels)
        if isinstance(column, TextColumn)
        else smallest(column)
        for name, column in found.items()
    }


def told(found: dict[str, Any], text: str, person: str | None) -> list[Any]:
    """All that is made of the rows before a beta is asked about; sums by their bits."""
    command = read_command(text)
    sample = make_sample(Frame("here", len(found["y"]), found), command, person)
    named = {name: found[name] for name in [*command.sources, *([person] if person else [])]}
    remembered = seen(named, command, sample, key=b"k" * 32, person=person)
    asked, view = Specification.of(command), View.of(Specification.of(command), sample)
    return [
        sample.digest(),
        remembered.columns,
        remembered.parts,
        [rows.packed for rows in remembered.sets.values()],
        [finding for rule in SAMPLE_RULES for finding in rule.find(PROFILES["strict"], view)],
        Moments(asked).compute(sample),
    ]


@pytest.mark.parametrize("person", [None, "id"])
@pytest.mark.parametrize("text", COMMANDS)
def test_neither_blocks_nor_types_show(text, person, monkeypatch):
    wide = columns(700)
    monkeypatch.setattr(blocks, "ROWS", NEVER)
    expected = told(wide, text, person)
    monkeypatch.setattr(blocks, "ROWS", 128)  # of fewer, numpy adds up the rows in another order
    assert told(wide, text, person) == expected
    assert told(in_few_bytes(wide), text, person) == expected


@pytest.mark.parametrize("few", [False, True])
def test_homes_that_are_there_know_their_rows_again(few):
    """Digests stand in journals: these are of columns in float64, as the first version kept them."""
    rows = np.arange(300)
    found: dict[str, Any] = {
        "y": (rows % 2) * 1.0,
        "age": np.where(rows % 17 == 0, np.nan, 20.0 + rows % 60),
        "z": (rows % 7 - 3) / 8,
        "g": 1.0 + rows % 4,
        "t": TextColumn((rows % 3).astype(np.int32), ("a", "b", "c")),
    }
    found = in_few_bytes(found) if few else found
    command = read_command("generate e = z * (age > 50); logit y age e i.g i.t")
    sample = make_sample(Frame("here", 300, found), command)
    remembered = seen({name: found[name] for name in command.sources}, command, sample, key=b"k" * 32)
    # Where a derived number is another was once kept as what sums are due to; the rows are the same.
    kinds = {PART: SUPPORT}
    parts = [(kinds.get(part.kind, part.kind), part.about, part.digest) for part in remembered.parts]
    known = [dict(remembered.columns), list(dict.fromkeys(parts))]
    assert sample.digest() == "bb3775ccaf5f659d8acb4a3b6529ff9b03ae2300ea8ab763fbd3eb2ddd59c8d8"
    assert (
        hashlib.sha256(repr(known).encode()).hexdigest()
        == "a52584f9c901bf89b195ac6dc9845fb69e5b3e7ca570a297ea1658c758feabd2"
    )


def most(rows: int) -> int:
    """The most memory, in bytes, from the columns that were read to the last answer of a fit."""
    rng = np.random.default_rng(1)
    ranges = {"y": (0, 2), "age": (20, 90), "sex": (1, 3), "region": (1, 6)}
    found = {name: rng.integers(*ends, rows, dtype=np.int8) for name, ends in ranges.items()}
    command, policy = read_command("logit y age i.sex i.region"), named("registry")
    tracemalloc.start()
    try:
        sample = make_sample(Frame("here", rows, found), command)
        sample.digest()
        remembered = seen(found, command, sample, key=b"k" * 32)
        assert not policy.of_sample(Specification.of(command), sample)
        program = fit(Proposal(command, (("node", ""),)))
        question = next(program)
        for _ in range(3):
            assert not at_beta(policy.limits, question, sample)
            question = program.send((question, add([question.compute(sample)])))
        assert remembered.parts
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_row_of_a_fit_takes_few_bytes(monkeypatch):
    """Beside four columns of a byte, which were read: 1e8 rows have 3 GiB, 32 bytes a row."""
    monkeypatch.setattr(prepared, "KEPT_BYTES", 0)  # what is kept between rounds has a bound of its own
    monkeypatch.setattr(blocks, "ROWS", 4096)  # so that a block takes little beside all rows
    monkeypatch.setattr(columns_of_rules, "NUMBERS", 4096)
    few, many = 100_000, 300_000
    most(1000)  # what is imported on the way counts, too
    assert (most(many) - most(few)) / (many - few) < 8
