"""Attacks through beta: a malicious server asks where one row is all that counts. Rows recovered: none.

Each is run again with its guard off, and then recovers rows: otherwise it would prove nothing.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody import gate
from fedfolder.exchange.journal import OUT
from tests.attacks import attacker as attacker_module
from tests.attacks.attacker import (
    OPEN,
    REGISTRY,
    VICTIM,
    Attacker,
    believe_any_beta,
    crossed,
    recovered,
    single_rows,
    world,
)
from tests.attacks.test_not_bounded import FRAME as FEW
from tests.attacks.test_not_bounded import singles

RNG = np.random.default_rng(11)
N = 120
AGE, LWT = RNG.normal(23, 5, N).round(1), RNG.normal(130, 30, N).round(1)
FRAME = pd.DataFrame(
    {
        "low": (RNG.random(N) < 1 / (1 + np.exp(0.05 * (AGE - 22) + 0.01 * (LWT - 120)))).astype(int),
        "age": AGE,
        "lwt": LWT,
        "smoke": (RNG.random(N) < 0.4).astype(int),
    }
)
COLUMNS = ["age", "lwt", "smoke"]
COMMAND = "logit low age lwt smoke"


def hyperplanes(size, step, first=8.0, tilt=0.01, most=24):
    """Betas of this size, each a hyperplane that moves from beyond the rows in one direction by `step` to the next."""
    rng = np.random.default_rng(5)
    count = 0

    def choose(question):
        nonlocal count
        if count >= most:
            return None
        count += 1
        p = len(question.design.columns)
        direction = np.eye(p)[0] + tilt * rng.normal(size=p)
        return size * np.append(direction, -(first - step * count))

    return choose


def attack(folder, policy, choose, *, steer, fits=1):
    bench = world(folder, FRAME, policy)
    try:
        attacker = Attacker(bench)
        leaks = [leak for _ in range(fits) for leak in attacker.fit(COMMAND, choose, steer=steer)]
        refusals = [h for h in bench.nodes[VICTIM].journal.headers("server", OUT) if h.kind == "refusal"]
        return leaks, recovered(single_rows(leaks) + crossed(leaks), FRAME, COLUMNS), [h.body["code"] for h in refusals]
    finally:
        bench.close()


BETAS = {
    "a hyperplane at one row": lambda: hyperplanes(60.0, 0.25, most=6),
    "a blind scan of thresholds": lambda: hyperplanes(1e5, 0.05, first=3.0, tilt=0.0, most=6),
}


@pytest.mark.parametrize("name", BETAS)
def test_asked_straight_away(name, tmp_path):
    _, rows, codes = attack(tmp_path, OPEN, BETAS[name](), steer=False)
    assert (rows, codes) == (0, ["Beta"])


@pytest.mark.parametrize("name", BETAS)
def test_asked_straight_away_with_the_gate_off(name, tmp_path, monkeypatch):
    believe_any_beta(monkeypatch)
    _, rows, codes = attack(tmp_path, OPEN, BETAS[name](), steer=False)
    assert rows > 0
    assert codes == []


@pytest.mark.parametrize("name", BETAS)
def test_led_there_by_lies_about_the_sums(name, tmp_path):
    _, rows, codes = attack(tmp_path, REGISTRY, BETAS[name](), steer=True)
    assert (rows, codes) == (0, ["Policy"])


@pytest.mark.parametrize("name", BETAS)
def test_led_there_by_lies_with_the_limits_off(name, tmp_path):
    _, rows, codes = attack(tmp_path, OPEN, BETAS[name](), steer=True)
    assert rows > 0
    assert codes == []


def less_than_its_own(sums):
    """Sums in which the others have less than nothing: steps from them are as long as the server wants."""
    rows = {label: (row[0], *(1e-6 * cell for cell in row[1:])) for label, row in sums.rows.items()}
    return dataclasses.replace(sums, rows=rows)


@pytest.mark.parametrize("is_on", [True, False])
def test_sums_that_leave_out_the_node_s_own_curvature(is_on, tmp_path, monkeypatch):
    if not is_on:
        monkeypatch.setattr(gate, "possible", lambda *_: None)
    lie = attacker_module.lie

    def without_it(question, true, number, choose):
        found = lie(question, true, number, choose)
        return found if found is None or number == 1 else less_than_its_own(found)

    monkeypatch.setattr(attacker_module, "lie", without_it)
    leaks, _, codes = attack(tmp_path, OPEN, hyperplanes(1.0, 0.1, most=3), steer=True)
    if is_on:
        assert (len(leaks), codes) == (3, ["TamperedAnswer"])
    else:
        assert len(leaks) > 3


# -- betas that are not strange -----------------------------------------------------------------------------------


def moderate(most=9):
    """Betas within what any policy allows, of the server's choice."""
    rng, count = np.random.default_rng(1), itertools.count()

    def choose(question):
        return rng.uniform(-0.7, 0.7, len(question.beta)) if next(count) < most else None

    return choose


def scan(folder, policy):
    """Ask at betas of choice straight away; persons alone in their cell who come out of the equations."""
    bench = world(folder, FEW, policy)
    try:
        leaks = Attacker(bench).fit("logit low age smoke", moderate(), steer=False)
        refusals = [h for h in bench.nodes[VICTIM].journal.headers("server", OUT) if h.kind == "refusal"]
        chosen = leaks[3:]
        return singles(chosen)[0] if chosen else 0, len(leaks), [h.body["code"] for h in refusals]
    finally:
        bench.close()


def test_a_scan_of_moderate_betas(tmp_path, monkeypatch):
    """No limit at beta is in its way: the gate is, and by itself, since no beta is what the plan leads to."""
    assert scan(tmp_path / "gate alone", OPEN) == (0, 3, ["Beta"])
    believe_any_beta(monkeypatch)
    rows, answered, codes = scan(tmp_path / "all but the gate", REGISTRY)
    assert rows > 2
    assert (answered, codes) == (12, [])
