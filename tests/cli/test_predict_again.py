"""Predictions for a file that lacks what statements made in the fit: made again where rows stay rows, else named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import fedfolder as product
from tests.cli.commands import fedfolder

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult

NAN = np.nan
RNG = np.random.default_rng(11)
POP = pd.DataFrame({"age": np.repeat(np.arange(40.0, 60), 2), "sex": np.tile([1.0, 2], 20)})
POP["rate"] = 0.01 * np.exp((POP["age"] - 40) / 30) * POP["sex"]
RATE = POP.set_index(["age", "sex"])["rate"]


def people(count: int = 120) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": np.arange(count),
            "days": np.ceil(RNG.exponential(900, count)) + 1,
            "dx": RNG.integers(0, 300, count).astype(float),
            "d": RNG.integers(0, 2, count).astype(float),
            "age": RNG.integers(40, 60, count).astype(float),
            "sex": RNG.integers(1, 3, count).astype(float),
        }
    ).assign(exit=lambda frame: frame["days"] + frame["dx"])


FRAME = people()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predicted(fit: FitResult, frame: pd.DataFrame, *options: object) -> pd.DataFrame:
    """What the command line writes for a frame."""
    Path("fit.json").write_text(fit.to_json(), encoding="utf-8")
    frame.to_csv("data.csv", index=False)
    found = fedfolder("predict", "fit.json", "data.csv", "--out", "p.csv", "--keep", "id", *options)
    assert found.exit_code == 0, found.output
    return pd.read_csv("p.csv")


def refused(fit: FitResult, frame: pd.DataFrame, *options: object) -> str:
    Path("fit.json").write_text(fit.to_json(), encoding="utf-8")
    frame.to_csv("data.csv", index=False)
    found = fedfolder("predict", "fit.json", "data.csv", "--out", "p.csv", *options)
    assert found.exit_code == 4, found.output
    return " ".join(found.output.split())


@pytest.mark.usefixtures("here")
def test_times_are_set_again_and_rows_that_are_not_at_risk_have_no_prediction() -> None:
    said = "stset exit, failure(d) origin(time dx) scale(365.25); streg age i.sex, distribution(weibull)"
    fit = product.pooled(said, FRAME)
    frame = people().iloc[::-1]
    frame.loc[frame["id"] == 5, "exit"] = NAN
    found = predicted(fit, frame, "--kind", "surv")
    expected = fit.predict(frame.assign(_t=(frame["exit"] - frame["dx"]) / 365.25, _t0=0.0), "surv")
    assert found["id"].tolist() == frame["id"].tolist()
    assert found["surv"].isna().tolist() == (frame["id"] == 5).tolist()
    np.testing.assert_allclose(found["surv"], expected.to_numpy(), rtol=1e-14)
    # A part that the file has is taken as it is.
    late = frame.assign(_t0=0.001)
    expected = fit.predict(late.assign(_t=(frame["exit"] - frame["dx"]) / 365.25), "surv")
    np.testing.assert_allclose(predicted(fit, late, "--kind", "surv")["surv"], expected.to_numpy(), rtol=1e-14)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("keep", ["", "keep(match) ", "keep(match master) "])
def test_a_table_is_looked_into_again(keep: str) -> None:
    fit = product.pooled(
        f"merge m:1 age sex using pop, {keep}keepusing(rate); logit d rate i.sex", FRAME, tables={"pop": POP}
    )
    frame = people()
    frame.loc[3, "age"] = 90.0 if keep else NAN
    POP.to_csv("pop.csv", index=False)
    rates = [RATE.get(key, NAN) for key in zip(frame["age"], frame["sex"], strict=True)]
    expected = fit.predict(frame.assign(rate=rates))
    found = predicted(fit, frame, "--table", "pop=pop.csv")
    assert np.flatnonzero(found["pr"].isna()).tolist() == [3]
    np.testing.assert_allclose(found["pr"], expected, rtol=1e-14)
    # What the file has is taken as it is.
    np.testing.assert_allclose(predicted(fit, frame.assign(rate=rates))["pr"], expected, rtol=1e-14)
    assert "under [tables.pop]; simulate and predict take it by --table" in refused(fit, frame)
    lacks = refused(fit, frame.drop(columns="age"), "--table", "pop=pop.csv")
    assert "no variable age" in lacks
    assert "rate was taken from the table pop by age sex in the fit" in lacks


SPLIT = "stset days, failure(d); stsplit fu, at(0 365 730); generate y = _t - _t0; poisson _d i.fu age, exposure(y)"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("said", "frame", "message"),
    [
        (SPLIT, FRAME, "fu was made by stsplit in the fit: add a column with where each row's interval begins"),
        (SPLIT, FRAME.assign(fu=0), "y was made in the fit: generate y = _t - _t0; add it"),
        (
            SPLIT.replace("at(0 365 730)", "at(0 365 730) icodes"),
            FRAME,
            "add a column with the number of each row's interval, from 0",
        ),
        (
            "stset days, failure(d); stsplit fu, at(0 365 730); streg i.fu age, distribution(exponential)",
            FRAME.assign(fu=0),
            "_t was made by stset in the fit: add a column with when each row ends, in analysis time",
        ),
        (SPLIT, FRAME.drop(columns="age").assign(fu=0, y=1), "no variable age"),
    ],
)
def test_what_cannot_be_made_again_is_said_with_what_made_it(said: str, frame: pd.DataFrame, message: str) -> None:
    fit = product.pooled(said, FRAME)
    kind = ("--kind", "surv") if "streg" in said else ()
    assert message in refused(fit, frame, *kind)


@pytest.mark.usefixtures("here")
def test_the_site_is_a_column_that_can_be_added() -> None:
    parts = {"north": FRAME.iloc[:60], "south": FRAME.iloc[60:]}
    fit = product.simulate("logit d age i._node", list(parts.values()))
    assert "add a column _node with the name of each row's site there" in refused(fit, FRAME)
    node = np.repeat(["node1", "node2"], 60)
    assert predicted(fit, FRAME.assign(_node=node))["pr"].notna().all()
    with pytest.raises(product.errors.UnknownNameError, match="add a column _node"):
        fit.predict(FRAME)
