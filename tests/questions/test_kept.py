"""What is made of a sample once has a bound, whatever the model is; without room the answers are the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder import simulate
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions import kept, prepared
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.specification import Specification
from fedfolder.questions.strata import numbers_of, strata

N = 300
RNG = np.random.default_rng(5)
FRAME = pd.DataFrame({"x": RNG.normal(size=N), "g": np.arange(N) // 5, "s": RNG.integers(1, 3, N)})
FRAME["t"] = np.ceil(RNG.exponential(size=N) * 20)
FRAME["t0"] = np.floor(FRAME["t"] * RNG.uniform(0, 0.9, N))
FRAME["d"] = (RNG.random(N) < 0.5).astype(float)
NODES = [FRAME.iloc[: N // 2], FRAME.iloc[N // 2 :]]
TIMES = "time(t) failure(d) entry(t0)"
COMMANDS = (
    "logit d x",
    "clogit d x, group(g)",
    "melogit d x || g:",
    f"stcox x, strata(_node) {TIMES}",
    f"stcox x, efron strata(s) {TIMES}",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_room_nothing_is_kept_and_the_fit_is_the_same_to_the_bit(command, monkeypatch):
    kept.forget()
    usual = simulate(command, NODES)
    seen: list[int] = []
    original = prepared.specification_key

    def looked_at(specification):
        seen.append(sum(made.nbytes for made in kept.all_of(prepared.KIND)))
        return original(specification)

    monkeypatch.setattr(prepared, "KEPT_BYTES", 0)
    monkeypatch.setattr(prepared, "specification_key", looked_at)
    kept.forget()
    found = simulate(command, NODES)
    assert max(seen) == 0
    assert (found.beta.tolist(), found.llf) == (usual.beta.tolist(), usual.llf)


def test_what_takes_most_of_the_room_is_made_once(monkeypatch):
    kept.forget()
    sample = sample_from_frame(FRAME, read_command("logit d x"))
    made: list[None] = []
    monkeypatch.setattr(prepared, "KEPT_BYTES", 100)

    def make():
        made.append(None)
        return [1, 2]

    for _ in range(3):
        assert list(prepared.kept_if_room(sample, "large", 80, make)) == [1, 2]
    assert len(made) == 1
    assert list(prepared.kept_if_room(sample, "other", 30, make)) == [1, 2]
    assert list(prepared.kept_if_room(sample, "other", 30, make)) == [1, 2]
    assert len(made) == 3


def size(whole):
    """Bytes of all arrays in something that is made of parts."""
    if isinstance(whole, np.ndarray):
        return whole.nbytes
    if dataclasses.is_dataclass(whole):
        return sum(size(getattr(whole, field.name)) for field in dataclasses.fields(whole))
    return sum(map(size, whole)) if isinstance(whole, tuple) else 0


@pytest.mark.parametrize("entry", ["", "entry(t0)"])
@pytest.mark.parametrize("rows", [60, 6000, 60000])
def test_risk_sets_take_no_more_than_they_are_given_room_for(entry, rows):
    time = RNG.exponential(size=rows) + 0.01
    frame = pd.DataFrame({"x": time, "t": time, "t0": time * RNG.random(rows), "d": RNG.integers(0, 2, rows)})
    command = read_command(f"stcox x, strata(_node) time(t) failure(d) {entry}")
    design = Design(("x",), constant=False, centres=(0.0,), scales=(1.0,), mixing=((0.0,),), rescaling=(1.0,))
    question = Evaluation(Specification.of(command), design, np.zeros(1), np.zeros(1))
    found = sum(map(size, strata(question, sample_from_frame(frame, command, node="a"))))
    room = 8 * rows * (1 + numbers_of(question, rows))
    assert 0.4 * room < found <= room
