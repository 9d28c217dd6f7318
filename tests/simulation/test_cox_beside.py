"""What a Cox model says beside its table: tests of proportional hazards, and baseline survival."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import chdtrc
from scipy.stats import rankdata

from fedfolder import simulate
from fedfolder.command import parse
from fedfolder.errors import CommandError
from tests.simulation.followed import FRAME, columns, command, each, nodes

# -- proportional hazards ----------------------------------------------------------------------------------------------


def scale_of(part, transform, weight):
    """The function of time of a test, row by row, from those who fail and those at risk in `part`."""
    t = part["t"].to_numpy()
    if transform in {"log", "time"}:
        return np.log(t) if transform == "log" else t
    often = np.repeat(np.arange(len(part)), part[weight].astype(int)) if weight else np.arange(len(part))
    fails = part["d"].to_numpy()[often] > 0
    if transform == "rank":  # only those of rows that fail are asked for
        found = np.full(len(part), np.nan)
        found[often[fails]] = (rankdata(t[often][fails]) - 0.5) / fails.sum()
        return found
    surviving, before = 1.0, {}
    for time in np.unique(t[often][fails]):
        before[time] = 1 - surviving
        at_risk = ((part["t0"] < time) & (part["t"] >= time)).to_numpy()[often].sum()
        surviving *= 1 - (fails & (t[often] == time)).sum() / at_risk
    return np.array([before.get(time, np.nan) for time in t])


def score_and_information(part, g, beta, *, ties, weight, offset):
    """Of the model with each column times g beside it, at coefficients of zero for these: by their definition."""
    x, w = columns(part), part[weight].to_numpy() if weight else np.ones(len(part))
    r = w * np.exp(x @ beta + (part[offset].to_numpy() if offset else 0.0))
    time, entry, d = (part[name].to_numpy() for name in ("t", "t0", "d"))
    score, information = np.zeros(6), np.zeros((6, 6))
    for t in np.unique(time[d > 0]):
        fails = (time == t) & (d > 0)
        wide, number = np.hstack([x, g[fails][0] * x]), int(w[fails].sum())
        score += w[fails] @ wide[fails]
        for case in range(number):
            share = 1 - case / number if ties == "efron" else 1.0
            at_risk = ((entry < t) & (time >= t)) * np.where(fails, share, 1.0) * r
            mean = at_risk @ wide / at_risk.sum()
            score -= mean
            information += ((wide - mean) * at_risk[:, None]).T @ (wide - mean) / at_risk.sum()
    return score, information


def chi2_of(found, parts, scales, **how):
    """The test of all columns together, and that of 2.stage alone, over strata with their own function of time."""
    each_part = [score_and_information(p, g, found.beta, **how) for p, g in zip(parts, scales, strict=True)]
    score, information = (sum(these) for these in zip(*each_part, strict=True))
    alone = [0, 1, 2, 4]  # the model, and one column times time
    chi2 = score @ np.linalg.solve(information, score)
    return chi2, score[alone] @ np.linalg.solve(information[np.ix_(alone, alone)], score[alone])


@each
@pytest.mark.parametrize("transform", ["log", "time", "rank", "km"])
@pytest.mark.parametrize("strata", ["strata(_node)", "strata(_node sex)", "", "strata(sex)"])
def test_proportional_hazards_are_tested_by_the_score_of_columns_times_time(ties, transform, strata):
    """Over sites and over all rows together; ranks and Kaplan-Meier's estimate are of what the note says."""
    sites = nodes(FRAME)[:3]
    found = simulate(command(f"{strata} {ties} phtest({transform})"), sites)
    by = (["site"] if "_node" in strata else []) + (["sex"] if "sex" in strata else [])
    whole = pd.concat(sites)
    parts = [part for _, part in whole.groupby(by)] if by else [whole]
    if transform == "rank" and "_node" not in strata:
        whole = whole.assign(g=scale_of(whole, "rank", ""))
        scales = [whole.loc[part.index, "g"].to_numpy() for part in parts]
    else:
        scales = [scale_of(part, transform, "") for part in parts]
    together, alone = chi2_of(found, parts, scales, ties=ties, weight="", offset="")
    assert found.stats["phtest_chi2"] == pytest.approx(together, rel=1e-6)
    assert found.stats["phtest_df"] == 3
    assert found.stats["phtest_p 2.stage"] == pytest.approx(chdtrc(1, alone), rel=1e-6)
    (note,) = (note for note in found.notes if note.startswith("Note: proportional hazards"))
    assert ("within strata" in note) == (
        (transform == "km" and strata != "") or (transform == "rank" and "_node" in strata)
    )
    assert found.rounds == simulate(command(f"{strata} {ties}"), sites).rounds + 1


@each
@pytest.mark.parametrize("transform", ["rank", "km"])
@pytest.mark.parametrize("strata", ["strata(_node)", ""])
def test_a_weight_of_two_is_two_rows_in_ranks_and_among_those_at_risk(ties, transform, strata):
    weighted = simulate(command(f"{strata} {ties} phtest({transform})", weight="[fw=f]"), nodes(FRAME)[:3])
    rows = [part.loc[part.index.repeat(part["f"])] for part in nodes(FRAME)[:3]]
    found = simulate(command(f"{strata} {ties} phtest({transform})"), rows)
    for name in ("phtest_chi2", "phtest_p age", "phtest_p 3.stage"):
        assert weighted.stats[name] == pytest.approx(found.stats[name], rel=1e-6)


@pytest.mark.parametrize("transform", ["log", "rank"])
def test_an_offset_counts_in_the_test_of_a_common_baseline(transform):
    frame = FRAME.assign(off=FRAME["off"] - 1000.0)
    found = simulate(command(f"offset(off) phtest({transform}) vce(robust) basesurv(5)"), nodes(frame))
    how = {"ties": "breslow", "weight": "", "offset": "off"}
    together, _ = chi2_of(found, [frame], [scale_of(frame, transform, "")], **how)
    assert found.stats["phtest_chi2"] == pytest.approx(together, rel=1e-6)


def test_km_of_a_common_baseline_needs_who_is_at_risk_which_an_offset_hides():
    with pytest.raises(CommandError, match="counts who is at risk"):
        parse(command("phtest(km) offset(off)"))
    assert parse(command("strata(_node) phtest(km) offset(off)")).argument("phtest") == "km"
    with pytest.raises(CommandError, match="not an argument"):
        parse(command("phtest(t)"))


# -- the baseline ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strata", ["", "strata(sex)"])
def test_the_baseline_is_breslows_with_all_terms_at_zero(strata):
    frame = FRAME.assign(off=FRAME["off"] - 998.0)
    found = simulate(command(f"{strata} offset(off) basesurv(30 5 10)"), nodes(frame))
    x = columns(FRAME)
    r = np.exp(x @ found.beta + frame["off"])
    for t in (5, 10, 30):
        for sex in ("f", "m") if strata else ("",):
            here = FRAME["sex"] == sex if sex else FRAME["sex"] != ""
            fails = FRAME[here & (FRAME["d"] > 0) & (FRAME["t"] <= t)]["t"]
            hazard = sum(1 / r[here & (FRAME["t0"] < s) & (FRAME["t"] >= s)].sum() for s in fails)
            name = f"basesurv {t}{f' {sex}' if sex else ''}"
            assert -np.log(found.stats[name]) == pytest.approx(hazard, rel=1e-8)
