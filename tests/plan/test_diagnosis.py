"""What a fit without an estimate names: the level without an event, and not what is counted against it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedfolder import simulate

RNG = np.random.default_rng(4)
N = 300
FRAME = pd.DataFrame({"age": RNG.uniform(40, 80, N), "stage": RNG.integers(1, 4, N), "years": RNG.exponential(4.0, N)})
FRAME["site"], FRAME["sex"] = np.repeat([1, 2, 3], [150, 120, 30]), RNG.integers(0, 2, N)
FRAME["d"] = RNG.integers(0, 2, N).astype(float)
COMMANDS = {
    "poisson": "poisson d age i.stage {}, exposure(years)",
    "weibull": "streg age i.stage {}, distribution(weibull) time(years) failure(d)",
    "cox": "stcox age i.stage {}, time(years) failure(d)",
    "splines": "stpm2 age i.stage {}, scale(hazard) knots(4) bknots(0.2 15) time(years) failure(d)",
}


def named(command, quiet):
    """What the message names, of a fit in which these rows have no event."""
    frame = FRAME.assign(d=np.where(quiet, 0.0, FRAME["d"]))
    found = simulate(command, [part for _, part in frame.groupby("site")])
    assert found.status == "separation"
    return found.message.partition("Most involved: ")[2].split(", ")


@pytest.mark.parametrize("site", [1, 2, 3])
@pytest.mark.parametrize("model", COMMANDS)
def test_a_site_without_events_is_named_alone(model, site):
    """The first is the base, whose level is no column: all others and the constant are counted against it."""
    assert named(COMMANDS[model].format("i._node"), FRAME["site"] == site) == [f"node{site}._node"]


@pytest.mark.parametrize("model", COMMANDS)
def test_so_is_a_level_of_any_factor_and_a_column_of_zeros_and_ones(model):
    assert named(COMMANDS[model].format("i.site"), FRAME["site"] == 3) == ["3.site"]
    assert named(COMMANDS[model].format("i.site"), FRAME["stage"] == 1) == ["1.stage"]
    assert named(COMMANDS[model].format("sex"), FRAME["sex"] == 1) == ["sex"]


def test_a_column_of_zeros_and_ones_that_has_no_event_at_zero_goes_with_the_constant():
    assert set(named(COMMANDS["poisson"].format("sex"), FRAME["sex"] == 0)) == {"sex", "_cons"}
    assert named(COMMANDS["poisson"].format("i.sex"), FRAME["sex"] == 0) == ["0.sex"]
    assert named(COMMANDS["cox"].format("i.sex"), FRAME["sex"] == 0) == ["1.sex"]


def test_two_levels_without_events_are_both_named():
    quiet = FRAME["site"].isin([2, 3])
    frame = FRAME.assign(d=np.where(quiet, 0.0, FRAME["d"]))
    found = simulate("poisson d age i._node, exposure(years)", [part for _, part in frame.groupby("site")])
    assert found.status == "separation"
    assert "node2._node" in found.message or "node3._node" in found.message
    assert "age" not in found.message.partition("Most involved: ")[2]
