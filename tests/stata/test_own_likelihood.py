"""A site's own likelihood in the place of a model's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fedfolder.command import parse
from fedfolder.custody.limits import at_beta
from fedfolder.custody.profiles import PROFILES
from fedfolder.errors import ConfigError, FedfolderError, TamperedAnswerError
from fedfolder.node.data import read_sample
from fedfolder.plan.protocol import first_design
from fedfolder.questions.at_beta import AtBeta
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.specification import Specification
from fedfolder.simulation import pooled
from fedfolder.stata.bridge import Stata
from fedfolder.stata.computing import InStata
from fedfolder.stata.likelihoods import require_derivatives
from fedfolder.stata.mata import Computing, Replaced
from fedfolder.stata.node import replaced_in
from tests.stata import mata_twin
from tests.stata.standin import current
from tests.stata.test_stata_node import DEMO, NAMES, calls, close, files, study, table  # noqa: F401 - fixtures


def half(y, eta):
    """Half a logit's."""
    return tuple(part / 2 for part in mata_twin.fedfolder_logit(y, eta))


def only_yes(y, eta):
    """A logit's where y is 1; the other rows say nothing."""
    return tuple(y * part for part in mata_twin.fedfolder_logit(y, eta))


def wrong_slope(y, eta):
    ll, s, h = mata_twin.fedfolder_logit(y, eta)
    return ll, 1.001 * s, h


def wrong_bend(y, eta):
    ll, s, h = mata_twin.fedfolder_logit(y, eta)
    return ll, s, h - 0.001


def upward(y, eta):
    """The derivatives are right; but it curves upward."""
    return np.square(eta) - 10 + 0 * y, 2 * eta + 0 * y, 2 + 0 * y


def everywhere(function):
    return {name: {"logit": function} for name in NAMES}


def test_probit_in_the_place_of_logit(study):  # noqa: F811
    mata_twin.OWN["my_probit"] = mata_twin.fedfolder_probit
    found = study(NAMES, **everywhere("my_probit")).run("logit low age smoke, vce(robust)", own_likelihoods=True)
    expected = pooled("probit low age smoke, vce(robust)", table())
    np.testing.assert_allclose(found.beta, expected.beta, rtol=1e-10)
    np.testing.assert_allclose(found.cov, expected.cov, rtol=1e-9)
    assert found.llf == pytest.approx(expected.llf, rel=1e-13)
    assert found.llf != pytest.approx(pooled(DEMO, table()).llf, rel=1e-6)


def test_half_a_logit(study):  # noqa: F811
    mata_twin.OWN["my_half"] = half
    found, expected = study(NAMES, **everywhere("my_half")).run(DEMO, own_likelihoods=True), pooled(DEMO, table())
    np.testing.assert_allclose(found.beta, expected.beta, rtol=1e-9)
    np.testing.assert_allclose(found.cov, 2 * expected.cov, rtol=1e-9)
    assert found.llf == pytest.approx(expected.llf / 2, rel=1e-13)
    assert "my_half at north, my_half at south, my_half at west" in found.notes[-1]


def test_the_server_does_not_take_it_for_the_model_unless_told(study):  # noqa: F811
    mata_twin.OWN["my_half"] = half
    bench = study(("south",), south={"logit": "my_half"})
    with pytest.raises(TamperedAnswerError, match="south computes with a likelihood of its own in the place of logit"):
        bench.run(DEMO)
    found = bench.run(DEMO, own_likelihoods=True)
    assert "my_half at south" in found.notes[-1]
    assert bench.run(DEMO).notes == found.notes
    kept = "".join(path.read_text(encoding="utf-8") for path in bench.home("south").path.rglob("kept/**/*.json"))
    assert '"likelihood": "my_half"' in kept


def test_the_example_that_ships_is_a_logit_where_it_says_so():
    y, eta = np.repeat([0.0, 1.0], 9)[:, None], np.tile(np.linspace(-4, 4, 9), 2)[:, None]
    source = Path(mata_twin.__file__).read_text(encoding="utf-8")
    start = source.index("def my_logit")
    code = source[start : source.index("# -- Mata's functions")].replace(
        "a = 0.5\n    # mata: p", "a = 1\n    # mata: p"
    )
    names = dict(vars(mata_twin))
    exec(code, names)  # noqa: S102 - our own twin with another constant
    for found, expected in zip(names["my_logit"](y, eta), mata_twin.fedfolder_logit(y, eta), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_other_models_stay_as_they_are(study):  # noqa: F811
    mata_twin.OWN["my_half"] = half
    close(study(NAMES, **everywhere("my_half")).run("probit low age smoke"), "probit low age smoke")


def test_what_a_server_would_not_believe_is_not_sent(study):  # noqa: F811
    mata_twin.OWN["upward"] = upward
    bench = study(("south",), south={"logit": "upward"})
    with pytest.raises(FedfolderError):
        bench.run(DEMO)
    assert "what Mata's upward() gives" in bench.log("south")
    assert bench.study_messages("south")[-2].header.kind == "refusal"


def test_a_function_that_is_not_there_stops_the_node_and_answers_nothing(study):  # noqa: F811
    bench = study(("south",), south={"logit": "absent"})
    with pytest.raises(ConfigError, match="Stata did not compute"):
        bench.run(DEMO)
    assert {m.header.kind for m in bench.study_messages("south")} == {"sums"}
    mata_twin.OWN["absent"] = mata_twin.fedfolder_logit
    close(bench.run(DEMO, own_likelihoods=True), DEMO)


@pytest.mark.parametrize("right", [half, only_yes, mata_twin.fedfolder_probit, mata_twin.my_logit])
def test_right_derivatives_are_accepted(stata, calls, right):  # noqa: F811
    assert stata.rc == 0
    mata_twin.OWN["mine"] = right
    require_derivatives(Computing(Stata(), {"logit": "mine"}))
    assert len(calls) == 3


@pytest.mark.usefixtures("stata", "calls")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [(wrong_slope, "the first"), (wrong_bend, "the second"), (upward, "cannot stand")],
)
def test_wrong_derivatives_are_not(wrong, says):
    mata_twin.OWN["mine"] = wrong
    with pytest.raises(ConfigError, match=says):
        require_derivatives(Computing(Stata(), {"logit": "mine"}))


@pytest.mark.usefixtures("stata", "calls")
def test_our_own_functions_have_right_derivatives():
    computing = Computing(Stata(), {})
    require_derivatives(Computing(Stata(), {model: f"fedfolder_{model}" for model in ("probit", "cloglog", "poisson")}))
    assert computing.replaced == {}


@pytest.mark.usefixtures("stata", "calls")
def test_limits_at_a_beta_are_about_the_likelihood_that_is_computed(tmp_path):
    command = parse(DEMO)
    sample = read_sample(files(tmp_path)["south"], command)
    specification = Specification.of(command)
    moments = {
        name: (float(sample.outcome(name).sum()), float(np.square(sample.outcome(name)).sum()))
        for name in ("age", "smoke")
    }
    design = first_design(("age", "smoke"), moments, float(sample.nobs), constant=True)
    question = Evaluation(specification, design, np.zeros(3), np.zeros(3))
    mata_twin.OWN["only_yes"] = only_yes
    computing = Computing(Stata(), {"logit": "only_yes"})
    holding = InStata(Stata(), "default", "default", None, computing)  # type: ignore[arg-type]
    meant = holding.meant(question)
    assert isinstance(meant, Evaluation)
    assert isinstance(meant.specification.likelihood, Replaced)
    limits = dataclasses.replace(PROFILES["open"], effective_share=0.5, leverage=0.99)
    assert at_beta(limits, question, sample) == []
    assert [finding.rule for finding in at_beta(limits, meant, sample)] == ["effective_size"]


def test_a_node_holds_its_limits_against_the_likelihood_that_it_computes(study, monkeypatch):  # noqa: F811
    weighed: list[AtBeta] = []

    def at_beta_of(_limits, question, _sample):
        weighed.extend([question] if isinstance(question, AtBeta) else [])
        return []

    monkeypatch.setattr("fedfolder.custody.desk.at_beta", at_beta_of)
    mata_twin.OWN["my_half"] = half
    study(("south",), south={"logit": "my_half"}).run(DEMO, own_likelihoods=True)
    replaced = [isinstance(question.specification.likelihood, Replaced) for question in weighed]
    assert replaced.count(True) * 2 == replaced.count(False) > 4


def test_a_regression_of_ones_own_does_not_prepare_the_fits_of_others():
    computing = Computing(None, {"regress": "mine", "logit": "mine"})  # type: ignore[arg-type]
    logit = Specification.of(parse(DEMO))
    assert computing.function(logit) == computing.function(Specification.of(parse("regress low age"))) == "mine"
    assert computing.function(logit.least_squares()) == "fedfolder_regress"


@pytest.mark.parametrize(
    "text",
    ["my_logit", "logit", "logit a probit", "mlogit mine", "logit a logit b", "logit 1a", "logit a;b", "logit é"],
)
def test_what_the_option_cannot_mean(text):
    with pytest.raises(ConfigError, match="likelihood"):
        replaced_in(text)


def test_what_the_option_means():
    assert replaced_in("") == {}
    assert replaced_in("logit my_logit() poisson  my_poisson") == {"logit": "my_logit", "poisson": "my_poisson"}


def test_ml_drives_nodes_with_likelihoods_of_their_own_where_it_is_told_to(study, monkeypatch):  # noqa: F811
    mata_twin.OWN["my_half"] = half
    bench = study(("south",), south={"logit": "my_half"})
    server = current.session()

    def idle(_seconds):
        bench.work()
        current.start(server)

    monkeypatch.setattr("fedfolder.server.run._watch", lambda *_: idle)
    stub = f'fedfolder stub {DEMO}, study("{bench.study.path}") again'
    assert server.run(stub) == 9
    assert "ownlikelihoods" in server.errors
    assert server.run(f"{stub} ownlikelihoods") == 0, server.text
    assert server.run("$FEDFOLDER_ML\n") == 0, server.text
    assert server.run("fedfolder close") == 0
    assert server.memory.e.scalars["ll"] != pytest.approx(-113.63814580140382, rel=1e-6)
