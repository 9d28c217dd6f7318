"""Whole fits of which some nodes, or all, compute in Stata."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from fedfolder import clock
from fedfolder.custody import policy_file
from fedfolder.errors import FedfolderError, RefusedError
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import SERVER
from fedfolder.node.data import read_variables, write_dta
from fedfolder.node.pending import Tray
from fedfolder.resources import resource
from fedfolder.server.preflight import preflight
from fedfolder.simulation import pooled
from fedfolder.simulation.splitting import places_at_random
from fedfolder.stata.frame import DataFrame
from fedfolder.stata.mata import HEAD
from tests.stata import mata_twin
from tests.stata.bench import StataBench, use

if TYPE_CHECKING:
    from fedfolder.node.readers import Frame

NAMES = ("north", "south", "west")
LBW = ("low", "age", "lwt", "race", "smoke", "ptl", "ht", "ui", "ftv")
SOME = [(), ("south",), ("north", "west"), NAMES]
DEMO = "logit low age smoke"


@pytest.fixture
def calls(stata, monkeypatch):
    assert stata.rc == 0
    return mata_twin.install(monkeypatch)


@pytest.fixture
def study(tmp_path, calls):
    made = []
    assert not calls

    def opened(which=NAMES, **replaced: Any):
        bench = StataBench(tmp_path / "study", replaced=replaced)
        made.append(bench)
        return bench.open(files(tmp_path / "data"), stata=which)

    yield opened
    for bench in made:
        bench.close()


def whole() -> Frame:
    return read_variables(resource("examples", "lbw/lbw.dta"), LBW)


def files(folder):
    folder.mkdir(parents=True, exist_ok=True)
    frame = whole()
    for name, places in zip(NAMES, places_at_random(frame.nrows, 3, seed=1), strict=True):
        write_dta(frame.take(places), folder / f"{name}.dta")
    return {name: folder / f"{name}.dta" for name in NAMES}


def table():
    return pd.DataFrame(dict(whole().columns))


def close(found, command, *, digits=1e-12):
    """As docs/numbers.md says: 1e-12 of the larger of estimate and standard error."""
    expected = pooled(command, table())
    se = np.sqrt(np.diag(expected.cov))
    assert found.names == expected.names
    assert (np.abs(found.beta - expected.beta) <= digits * np.maximum(np.abs(expected.beta), se)).all()
    np.testing.assert_allclose(found.cov, expected.cov, rtol=1e-9, atol=1e-12 * np.abs(expected.cov).max())
    assert found.llf == pytest.approx(expected.llf, rel=1e-13)


@pytest.mark.parametrize("which", SOME, ids=lambda names: "-".join(names) or "none")
def test_the_demo(study, calls, which):
    found = study(which).run(DEMO)
    assert found.llf == pytest.approx(-113.63814580140382, rel=1e-14)
    assert found.beta.tolist() == pytest.approx([-0.0497792742582770, 0.691848676936729, 0.0609055366130124], rel=1e-8)
    close(found, DEMO)
    assert bool(calls) == bool(which)


COMMANDS = [
    "logit low age lwt i.race smoke ptl ht ui",
    "cloglog low age smoke, vce(robust)",
    "poisson ftv age i.race, exposure(lwt) irr",
    "stset lwt, failure(low) enter(time 85); stsplit fu, at(100 120); generate y = _t - _t0; poisson _d i.fu age, e(y)",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_as_pooled(study, command):
    close(study(("north", "west")).run(command), command)


@pytest.mark.parametrize("command", ["mlogit race age", "nbreg ftv age", "clogit low age, group(race)"])
def test_other_models_are_refused_before_anything_is_looked_at(study, command):
    bench = study(("south",))
    with pytest.raises(RefusedError):
        bench.run(command)
    assert "this node computes in Stata, which has no likelihood for" in bench.log("south")
    assert [message.header.kind for message in bench.study_messages("south")] == ["refusal", "receipt"]


@pytest.mark.parametrize(
    ("command", "model", "do"),
    [
        (
            "stcox age, strata(_node) time(lwt) failure(low)",
            "stcox breslow",
            "save the data, and run this node outside",
        ),
        ("stcox age, time(lwt) failure(low)", "stcox breslow", "save the data"),
        ("streg age, distribution(weibull) time(lwt) failure(low)", "streg distribution(weibull)", "save the data"),
        (
            "stset lwt, failure(low); streg age, d(e)",
            "streg distribution(exponential)",
            "poisson of the failure, with the",
        ),
        ("stpm2 age, scale(odds) df(2) time(lwt) failure(low)", "stpm2 scale(odds)", "save the data"),
        ("melogit low age || race:", "melogit", "save the data"),
        ("mestreg age || _node:, distribution(weibull) time(lwt) failure(low)", "mestreg", "save the data"),
        ("glm low age, family(binomial)", "glm family(binomial) link(logit)", "logit is the same model; or save"),
    ],
)
def test_the_servers_side_reads_which_model_is_not_there_and_what_to_do(study, command, model, do):
    with pytest.raises(RefusedError) as refused:
        study(("south",)).run(command)
    said = str(refused.value)
    assert f"this node computes in Stata, which has no likelihood for {model}" in said
    assert f"here, but for logit, probit, cloglog, poisson, regress: {do}" in said


def test_a_table_that_a_node_lacks_is_named(study):
    with pytest.raises(RefusedError, match="or has not released it: popmort"):
        study(("south",)).run("merge m:1 race using popmort, keepusing(rate); logit low rate")


def test_rows_are_put_into_the_frame_once_a_design(study, calls, monkeypatch):
    bench, filled, fill = study(("south",)), [], DataFrame.fill

    def counted(self, columns):
        filled.append(list(columns))
        fill(self, columns)

    monkeypatch.setattr(DataFrame, "fill", counted)
    bench.run(DEMO)
    # The columns are freed of each other after the first evaluation, and stay as they are.
    assert filled == 2 * [[*HEAD, "z1", "z2", "z3"]]
    assert len(calls) > 3


# -- the custodian's side is the same ------------------------------------------------------------------------------


def refuses(bench, name):
    """The node's log, which says the same wherever it computes."""
    with pytest.raises(FedfolderError) as caught:
        bench.run("logit low age i.race smoke ptl ht ui if age<20")
    log = bench.log(name)
    (line,) = [line for line in log.split("\n") if "refused m" in line]
    return type(caught.value), line.partition("refused ")[2]


def test_a_profile_refuses_the_same(tmp_path, calls):
    found = []
    for which in ((), NAMES):
        bench = StataBench(tmp_path / f"study{len(which)}").open(files(tmp_path / "data"), stata=which)
        for name in NAMES:
            policy(bench, name, "registry")
        found.append([refuses(bench, "south")])
        bench.close()
    assert found[0] == found[1]
    assert not calls


def policy(bench, name, profile, approval="auto"):
    path = bench.folder / name / "policy.toml"
    path.unlink()
    policy_file.create(path, profile, approval)
    bench.wake(name)


def test_a_preflight_says_what_such_a_node_would_refuse(study):
    bench = study(("south",))
    asked = {"timeout": 20.0, "idle": bench.work}
    assert preflight(bench.study.path, DEMO, **asked).refusing == ()
    assert preflight(bench.study.path, "mlogit race age", **asked).refusing == ("south",)
    assert preflight(bench.study.path, "logit low weight", **asked).refusing == NAMES


def test_a_person_reads_every_file(study):
    bench = study(("south",))
    policy(bench, "south", "open", approval="every-file")
    released = []

    def idle(_seconds):
        bench.work()
        with bench.at("south"), Tray(bench.home("south")) as tray:
            waiting = tray.show()
            if waiting is not None and waiting.needs_yes:
                tray.approve(waiting.fit, "a custodian", "")
            elif waiting is not None and waiting.answer is not None:
                released.append(sorted(path.name for path in waiting.answer.iterdir()))
                tray.release(waiting.fit, "a custodian")

    close(bench.run(DEMO, idle=idle), DEMO)
    assert len(released) > 3
    assert any("derivatives" in name for names in released for name in names)


def test_a_node_that_is_started_again_answers_the_same(study):
    bench = study(("south",))
    rounds = 0

    def idle(_seconds):
        nonlocal rounds
        rounds += 1
        bench.wake("south")  # a new Stata session each time: nothing but the home is left
        use(bench.statas["south"], files(bench.folder.parent / "data")["south"])
        bench.work()

    close(bench.run(DEMO, idle=idle), DEMO)
    again = bench.run(DEMO)
    assert rounds > 3
    sent = {m.header.number: m.payloads for m in bench.study_messages("south")}
    with contextlib.closing(bench.home("south").journal(clock.now)) as journal:
        journalled = {h.number: journal.message(SERVER, OUT, h.number) for h in journal.headers(SERVER, OUT)}
    assert all(journalled[number].payloads == payloads for number, payloads in sent.items())
    assert again.llf == pytest.approx(-113.63814580140382, rel=1e-14)


def test_data_that_change_in_memory_are_noticed(study):
    bench = study(("south",))

    def idle(_seconds):
        bench.work()
        if len(bench.study_messages("south")) == 2:
            bench.statas["south"].memory.data.column("age").values[3] += 1  # noqa: PD011 - no pandas
            bench.wake("south")

    with pytest.raises(FedfolderError):
        bench.run(DEMO, idle=idle)
    assert "the data have changed since an earlier round of this fit" in bench.log("south")
    assert "Stata's memory (frame default)" in bench.log("south")
