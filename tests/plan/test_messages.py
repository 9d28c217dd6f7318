"""What comes out of any message: a question, a result, or one of our own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.errors import FedfolderError, RefusedError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan import messages
from fedfolder.plan.fit import fit
from fedfolder.plan.messages import PROPOSAL, PUBLISHED, QUESTION, SCALARS, SUMS, Content
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.evaluation import Evaluation
from tests.simulation.generated import births

if TYPE_CHECKING:
    from fedfolder.questions.question import Question

COMMAND = Proposal(read_command("logit b x i.g"), (("north", "aa"), ("south", "bb")))
SAMPLE = sample_from_frame(births(1), COMMAND.command)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def conversation():
    """The requests of a fit, and its closing, as a server writes them; and the replies."""
    program, published = fit(COMMAND), None
    requests: list[Content] = []
    replies: list[tuple[Question, Content]] = []
    question = next(program)
    while True:
        requests.append(messages.request(question, published, None if requests else COMMAND.to_dict()))
        replies.append((question, messages.reply(question, question.compute(SAMPLE))))
        published = messages.read_reply(*replies[-1], where="node")
        try:
            question = program.send((question, published))
        except StopIteration as end:
            return [*requests, messages.closing(published, end.value.status)], replies, end.value


CONTENTS, REPLIES, RESULT = conversation()


def bits(question):
    return question.declaration(), question.payloads(), question.units()


def test_a_node_comes_to_the_server_s_questions_bit_for_bit():
    for k, (question, _) in enumerate(REPLIES, start=1):
        assert bits(messages.comes_to(fit(COMMAND), CONTENTS[:k])) == bits(question)


def moved(content, tolerance):
    """The request with each beta moved by half of what is let pass."""
    head, *lines = content.files["beta.csv"].decode().splitlines()
    cells = [line.rsplit(",", 1) for line in lines]
    beta = [f"{name},{float(b) + t / 2!r}" for (name, b), t in zip(cells, tolerance.tolist(), strict=True)]
    return Content(content.body, {**content.files, "beta.csv": "\n".join([head, *beta, ""]).encode()})


def test_a_node_goes_on_from_the_server_s_beta_not_from_its_own():
    program, published = fit(COMMAND), None
    requests: list[Content] = []
    question = next(program)
    for number in range(5):
        request = messages.request(question, published, COMMAND.to_dict() if number == 0 else None)
        requests.append(moved(request, question.tolerance) if isinstance(question, Evaluation) else request)
        question = messages.asked(question, requests[-1])
        assert bits(messages.comes_to(fit(COMMAND), requests)) == bits(question)
        published = question.compute(SAMPLE)
        question = program.send((question, published))


def test_a_node_derives_the_result_bit_for_bit():
    found = messages.ends_with(fit(COMMAND), CONTENTS)
    assert found is not None
    assert found.beta.tobytes() == RESULT.beta.tobytes()
    assert found.cov.tobytes() == RESULT.cov.tobytes()
    assert (found.llf, found.stats, found.iterations) == (RESULT.llf, RESULT.stats, RESULT.iterations)


def test_a_closing_before_the_end_has_no_result():
    assert messages.ends_with(fit(COMMAND), [*CONTENTS[:2], messages.closing(None, "refused")]) is None
    sums = messages.read_reply(*REPLIES[1], where="")
    assert messages.ends_with(fit(COMMAND), [*CONTENTS[:2], messages.closing(sums, "refused")]) is None


def test_after_the_end_nothing_is_answered():
    last = CONTENTS[-1]
    again = Content({**CONTENTS[-2].body, PUBLISHED: last.body[PUBLISHED]}, {**CONTENTS[-2].files, **last.files})
    with pytest.raises(RefusedError, match="at its end"):
        messages.comes_to(fit(COMMAND), [*CONTENTS[:-1], again])


def test_rounds_cannot_be_skipped_or_swapped():
    for chosen in ([0, 2], [1], [0, 1, 3], [1, 0], [0, 2, 1], [0, 0]):
        with pytest.raises(FedfolderError):
            messages.comes_to(fit(COMMAND), [CONTENTS[k] for k in chosen])


def test_a_request_without_its_question_is_refused():
    bare = Content({k: v for k, v in CONTENTS[1].body.items() if k != QUESTION}, CONTENTS[1].files)
    with pytest.raises(RefusedError, match="has no question"):
        messages.comes_to(fit(COMMAND), [CONTENTS[0], bare])


@pytest.mark.parametrize("old", [b"column,", b"0.g", b"x,"])
def test_published_sums_with_other_labels_are_refused(old):
    forged = CONTENTS[1].files[SUMS].replace(old, b"z" + old, 1)
    assert forged != CONTENTS[1].files[SUMS]
    with pytest.raises(FedfolderError):
        messages.comes_to(fit(COMMAND), [CONTENTS[0], Content(CONTENTS[1].body, {**CONTENTS[1].files, SUMS: forged})])


def test_published_sums_that_are_missing_are_refused():
    files = {k: v for k, v in CONTENTS[1].files.items() if k != SUMS}
    body = {k: v for k, v in CONTENTS[1].body.items() if k != PUBLISHED}
    for bad in (Content(CONTENTS[1].body, files), Content(body, CONTENTS[1].files)):
        with pytest.raises(RefusedError):
            messages.comes_to(fit(COMMAND), [CONTENTS[0], bad])


def test_other_sums_lead_to_another_beta_which_is_refused():
    lines = CONTENTS[2].files[SUMS].decode().splitlines()
    cells = lines[1].split(",")
    cells[3] = repr(float(cells[3]) + 1.0)  # a gradient
    forged = "\n".join([lines[0], ",".join(cells), *lines[2:], ""]).encode()
    bad = Content(CONTENTS[2].body, {**CONTENTS[2].files, SUMS: forged})
    with pytest.raises(FedfolderError, match="this beta is not the one"):
        messages.comes_to(fit(COMMAND), [*CONTENTS[:2], bad])


@pytest.mark.parametrize("place", [QUESTION, PUBLISHED, SCALARS])
@given(junk=JSON, k=st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_any_json_in_a_request_is_answered_by_our_own_errors(place, junk, k):
    said = dict(CONTENTS[k].body)
    said |= {PUBLISHED: {SCALARS: junk}} if place == SCALARS else {place: junk}
    with pytest.raises(FedfolderError):
        messages.comes_to(fit(COMMAND), [*CONTENTS[:k], Content(said, CONTENTS[k].files)])


@given(junk=st.binary(max_size=40), name=st.sampled_from(["sums.csv", "beta.csv"]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_in_a_request_are_answered_by_our_own_errors(junk, name):
    bad = Content(CONTENTS[1].body, {**CONTENTS[1].files, name: junk})
    with pytest.raises(FedfolderError):
        messages.comes_to(fit(COMMAND), [CONTENTS[0], bad])


@given(junk=JSON, table=st.none() | st.binary(max_size=40), k=st.integers(0, 1))
@settings(deadline=None)
def test_any_reply_is_read_or_turned_away_by_our_own_errors(junk, table, k):
    question, reply = REPLIES[k]
    files = reply.files if table is None else {question.answer_name: table}
    with pytest.raises(FedfolderError):
        messages.read_reply(question, Content({SCALARS: junk}, files), where="north")
    with pytest.raises(FedfolderError):
        messages.read_reply(question, Content({}, {}), where="north")


@given(junk=JSON)
def test_any_json_is_a_proposal_or_refused(junk):
    found = junk if isinstance(junk, dict) else {"command": junk}
    with pytest.raises(RefusedError):
        Proposal.from_dict(found)


GOOD = COMMAND.to_dict()


@pytest.mark.parametrize("key", GOOD)
@given(junk=JSON)
@settings(max_examples=30)
def test_a_proposal_says_what_its_command_compiles_to_or_is_refused(key, junk):
    for bad in ({**GOOD, key: junk}, {k: v for k, v in GOOD.items() if k != key}, {**GOOD, "more": junk}):
        if bad == GOOD or bad.get("roster") == []:  # a roster may be empty: then no node answers
            continue
        with pytest.raises(RefusedError):
            Proposal.from_dict(bad)
    assert Proposal.from_dict(GOOD) == COMMAND


@pytest.mark.parametrize(
    "command",
    ["logit b  x i.g", "logit b x", "probit b x i.g", "logit b x i.g,", "(" * 5000, "logit b \0"],
)
def test_another_command_with_the_same_specification_is_refused(command):
    with pytest.raises(RefusedError):
        Proposal.from_dict({**GOOD, "command": command})


@pytest.mark.parametrize(
    "roster",
    [
        [{"node": "north"}],
        [{"node": 1, "key": "aa"}],
        [{"node": "n", "key": "a", "x": 1}],
        ["north"],
        [["north", "aa"]],
        {"north": "aa"},
        "north",
    ],
)
def test_a_roster_of_another_shape_is_refused(roster):
    with pytest.raises(RefusedError):
        Proposal.from_dict({**GOOD, PROPOSAL: None, "roster": roster})
    with pytest.raises(RefusedError):
        Proposal.from_dict({**GOOD, "roster": roster})
