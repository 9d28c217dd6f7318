"""A node answers what its own copy of the plan leads to, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from fedfolder.custody import gate
from fedfolder.custody.policy import Policy
from fedfolder.errors import FedfolderError, RefusedError, UnknownNameError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan import messages
from fedfolder.plan.course import Course
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.evaluation import Evaluation
from tests.simulation.generated import births

PLAN = Proposal(read_command("logit b x w"), (("north", "aa"),))
SAMPLE = sample_from_frame(births(1), PLAN.command)


@dataclass(frozen=True)
class Header:
    round: int
    body: dict[str, Any]
    proposal: str = ""
    roster: str = ""
    protocol: str = ""


@dataclass(frozen=True)
class Carried:
    """A message as far as the gate looks into it."""

    header: Header
    parts: dict[str, bytes]

    @property
    def digest(self) -> str:
        return repr((self.header, sorted(self.parts.items())))


def requests():
    """Every request of a fit, and its closing."""
    program, published = fit(PLAN), None
    found: list[Carried] = []
    question = next(program)
    while True:
        said = messages.request(question, published, None if found else PLAN.to_dict())
        header = Header(len(found) + 1, dict(said.body), **gate.digests(PLAN, question))
        found.append(Carried(header, dict(said.files)))
        published = question.compute(SAMPLE)
        try:
            question = program.send((question, published))
        except StopIteration as end:
            said = messages.closing(published, end.value.status)
            return [*found, Carried(Header(len(found) + 1, dict(said.body)), dict(said.files))]


REQUESTS = requests()


def test_the_proposal_is_that_of_the_first_request():
    assert gate.proposal_of(REQUESTS[:3]) == PLAN


@pytest.mark.parametrize("sent", [[], REQUESTS[1:], [replace(REQUESTS[0], header=Header(1, {}))]])
def test_without_a_first_request_there_is_no_proposal(sent):
    with pytest.raises(RefusedError):
        gate.proposal_of(sent)


@pytest.mark.parametrize("junk", [None, 1, "logit b x w", [], [PLAN.to_dict()], {}])
def test_a_proposal_may_be_any_json(junk):
    with pytest.raises(RefusedError):
        gate.proposal_of([replace(REQUESTS[0], header=Header(1, {"proposal": junk}))])


def test_every_question_of_the_plan_is_let_through():
    for k in range(1, len(REQUESTS)):
        assert gate.question(PLAN, REQUESTS[:k]).kind == ("moments" if k == 1 else "derivatives")


@pytest.mark.parametrize("name", ["proposal", "roster", "protocol"])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_digest_that_does_not_come_out_here_is_refused(name, k):
    header = replace(REQUESTS[k - 1].header, **{name: "0" * 64})
    with pytest.raises(RefusedError, match=f"the {name} of this request"):
        gate.question(PLAN, [*REQUESTS[: k - 1], replace(REQUESTS[k - 1], header=header)])


def test_the_beta_that_is_let_through_is_the_server_s():
    found = gate.question(PLAN, REQUESTS[:4])
    assert isinstance(found, Evaluation)
    assert found.payloads()["beta.csv"] == REQUESTS[3].parts["beta.csv"]


@pytest.mark.parametrize("chosen", [[0, 2], [0, 1, 3], [0, 0], [1], [0, 1, 1], []])
def test_rounds_that_do_not_follow_each_other_are_refused(chosen):
    with pytest.raises(RefusedError):
        gate.question(PLAN, [REQUESTS[k] for k in chosen] or [REQUESTS[1]])


def test_rounds_renumbered_are_refused():
    with pytest.raises(FedfolderError):
        gate.question(PLAN, [REQUESTS[0], replace(REQUESTS[2], header=replace(REQUESTS[2].header, round=2))])


def test_derivatives_at_a_beta_of_choice_are_refused_in_every_round():
    for k in range(1, len(REQUESTS) - 1):
        beta = REQUESTS[k].parts["beta.csv"].decode().replace("b1\nxb,x,", "b1\nxb,x,9", 1).encode()
        chosen = replace(REQUESTS[k], parts={**REQUESTS[k].parts, "beta.csv": beta})
        with pytest.raises(FedfolderError):
            gate.question(PLAN, [*REQUESTS[:k], chosen])


def test_after_the_end_no_question_is_let_through():
    last = REQUESTS[-1]
    body = {**last.header.body, **REQUESTS[-2].header.body}
    more = replace(last, header=replace(REQUESTS[-2].header, round=last.header.round, body=body))
    with pytest.raises(RefusedError):
        gate.question(PLAN, [*REQUESTS[:-1], more])


def lies():
    """What a server may send in place of each request, and after it, by what is wrong with it."""
    for k in range(1, len(REQUESTS) - 1):
        true = REQUESTS[k]
        beta = true.parts["beta.csv"].decode().replace("b1\nxb,x,", "b1\nxb,x,9", 1).encode()
        chosen = replace(true, parts={**true.parts, "beta.csv": beta})
        sums = replace(true, parts={**true.parts, "sums.csv": REQUESTS[k - 1].parts.get("sums.csv", b"")})
        for lie in (chosen, sums, replace(true, header=replace(true.header, roster="", proposal="0" * 64))):
            yield [*REQUESTS[:k], lie]
            yield [*REQUESTS[:k], lie, *REQUESTS[k + 1 : k + 2]]
        yield [*REQUESTS[:k], replace(REQUESTS[k - 1], header=replace(REQUESTS[k - 1].header, round=k + 1))]
        yield [REQUESTS[0], *REQUESTS[2 : k + 2]]


def said(requests, course=None):
    try:
        found = gate.question(PLAN, requests, course=course)
    except FedfolderError as error:
        return type(error), str(error)
    return found.declaration(), found.payloads()


def test_what_went_before_lets_no_lie_through_and_stops_no_true_request():
    """A node goes on from the round before, and from nothing that was refused."""
    course = Course()
    for number, requests in enumerate(lies()):
        without = said(requests)
        assert said(requests, course) == without
        assert said(requests, course) == without, "nor the second time"
        true = REQUESTS[: 1 + number % (len(REQUESTS) - 1)]
        assert said(true, course) == said(true)
        # As a fit goes on: what was true up to there has just been followed.
        assert said(requests[:-1], course) == said(requests[:-1])
        assert said(requests, course) == without


def test_another_proposal_s_requests_are_refused():
    other = Proposal(read_command("logit b w x"), PLAN.roster)
    with pytest.raises(RefusedError):
        gate.question(other, REQUESTS[:1])


def test_the_result_follows_from_the_closing():
    found = gate.result(PLAN, REQUESTS)
    assert found is not None
    assert found.status == "converged"
    bare = replace(REQUESTS[3], header=Header(4, {"status": "refused"}), parts={})
    assert gate.result(PLAN, [*REQUESTS[:3], bare]) is None


def test_a_policy_names_the_variable_that_it_does_not_release():
    Policy(("w", "x", "b", "other")).check(PLAN.command)
    for missing in ("b", "x", "w"):
        with pytest.raises(UnknownNameError, match=f"variable {missing} is not released"):
            Policy(tuple({"b", "x", "w", "X"} - {missing})).check(PLAN.command)
