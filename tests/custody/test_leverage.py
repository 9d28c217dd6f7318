"""The leverage on the least squares of a fit: what makes it fast does not change it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody import columns as places
from fedfolder.custody import leverage as module
from fedfolder.custody.leverage import largest_leverage
from fedfolder.custody.profiles import Limits
from fedfolder.custody.sample_rules import SAMPLE_RULES
from fedfolder.custody.view import View
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions import patterns
from fedfolder.questions.specification import Specification

COMMAND = "logit y x d i.g i.g#c.x i.h"


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 600
    return pd.DataFrame(
        {
            "y": rng.integers(0, 2, n),
            "x": rng.integers(0, 9, n),
            "d": rng.integers(0, 2, n),
            "g": rng.integers(1, 8, n),
            "h": rng.integers(1, 5, n),
            "id": np.arange(n) // 3,
        }
    )


def leverage(frame: pd.DataFrame, persons: str | None = None, at_least: float = 0.0) -> float:
    command = read_command(COMMAND)
    sample = sample_from_frame(frame, command, persons=persons)
    return largest_leverage(View.of(Specification.of(command), sample), at_least=at_least)


def by_hand(frame: pd.DataFrame, owner: np.ndarray) -> float:
    """Of the hat matrix of all columns, without a short cut."""
    dummies = [pd.get_dummies(frame[name]).to_numpy(dtype=float) for name in ("g", "h")]
    x = frame[["x", "d"]].to_numpy(dtype=float)
    columns = np.hstack([np.ones((len(frame), 1)), x, *dummies, dummies[0] * x[:, :1]])
    hat = np.diagonal(columns @ np.linalg.pinv(columns))
    return float(np.bincount(owner, hat).max())


@pytest.mark.parametrize("fewest", [0, 10**9], ids=["patterns", "rows"])
@pytest.mark.parametrize("some", [1, 10**9], ids=["places", "numbers"])
@pytest.mark.parametrize("thin", [0, 5, 100])
def test_it_is_that_of_the_hat_matrix(frame, fewest, some, thin, monkeypatch):
    monkeypatch.setattr(patterns, "FEWEST", fewest)
    monkeypatch.setattr(places, "SOME", some)
    monkeypatch.setattr(module, "THIN", thin)
    twice = pd.concat([frame, frame], ignore_index=True)
    exact = by_hand(twice, np.arange(len(twice)))
    assert leverage(twice) == pytest.approx(exact, rel=1e-9)
    of_one = by_hand(frame, frame["id"].to_numpy())
    assert leverage(frame, persons="id") == pytest.approx(of_one, rel=1e-9)
    for at_least in (exact * 0.9, exact * 1.1):
        found = leverage(twice, at_least=at_least)
        assert found == pytest.approx(exact, rel=1e-9) or exact <= found <= at_least
    for at_least in (of_one * 0.9, of_one * 1.1):
        found = leverage(frame, "id", at_least)
        assert found == pytest.approx(of_one, rel=1e-9) or of_one <= found <= at_least


@pytest.mark.parametrize("seed", range(8))
def test_half_each_is_not_more_than_a_half_in_whatever_order_the_rows_are(seed):
    """Sums of the columns of two persons in a level come to 1/2 but for rounding, which depends on all other rows."""
    rng = np.random.default_rng(seed)
    g = rng.permutation(np.repeat([1, 2, 3], [2, 150, 148]))
    frame = pd.DataFrame({"y": rng.integers(0, 2, 300), "x": rng.normal(size=300), "g": g})
    command = read_command("logit y i.g i.g#c.x")
    frame.loc[frame["g"] == 1, "x"] = 0.0
    view = View.of(Specification.of(command), sample_from_frame(frame, command))
    (rule,) = [rule for rule in SAMPLE_RULES if rule.name == "leverage"]
    assert not list(rule.find(Limits(leverage=0.5), view))
    assert list(rule.find(Limits(leverage=0.499), view))
