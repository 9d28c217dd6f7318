"""A program that is driven on comes to what one that is driven from its beginning comes to, whatever came between."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from fedfolder.errors import FedfolderError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan import messages
from fedfolder.plan.check import program_of
from fedfolder.plan.course import Course
from fedfolder.plan.few import FewTrips
from fedfolder.plan.messages import PUBLISHED, SCALARS, SUMS, Content
from fedfolder.plan.proposal import SEPARATE_ROUNDS, Proposal, read_command
from fedfolder.questions.question import Question
from tests.simulation.generated import births

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.estimates import FitResult
    from fedfolder.plan.fit import AnyProgram
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Sums

ROSTER = (("north", "aa"), ("south", "bb"))
SEEDS = range(20)


def proposal(text: str, **more: object) -> Proposal:
    return Proposal(read_command(text), ROSTER, **more)  # type: ignore[arg-type]


def few(text: str) -> Proposal:
    command = read_command(text)
    return Proposal(command, ROSTER, few=FewTrips.of(command, {"g": ("0", "1", "2", "3")}))


PROPOSALS = {
    "logit": proposal("logit b x i.g"),
    "robust": proposal("logit b x w, vce(robust)"),
    "regress": proposal("regress y x i.t"),
    "poisson": proposal("poisson g x w"),
    "many": proposal("mlogit g x"),
    "as before": proposal("logit b x w", wording=SEPARATE_ROUNDS),
    "few trips": few("logit b x i.g"),
    "few trips of a mean": few("regress y x i.g"),
    "external": proposal("logit b x w", driver="external", radius=1.0),
}


class Said(NamedTuple):
    """A fit's requests with its closing, what tells each from all others, and how to begin the program anew."""

    contents: tuple[Content, ...]
    digests: tuple[str, ...]
    begin: Callable[[], AnyProgram]


@functools.cache
def conversation(name: str, most: int = 12) -> Said:
    asked, published = PROPOSALS[name], None
    sample = sample_from_frame(births(1), asked.command)
    program = program_of(asked)
    contents: list[Content] = []
    question, status = next(program), "not converged"
    while len(contents) < most:
        contents.append(messages.request(question, published, None if contents else asked.to_dict()))
        published = question.read_answer(*_parts(question, sample), where="node")
        try:
            question = program.send((question, published))
        except StopIteration as end:
            status = end.value.status
            break
    contents.append(messages.closing(published, status))
    digests = tuple(f"{name} {k}" for k in range(1, len(contents) + 1))
    return Said(tuple(contents), digests, functools.partial(program_of, asked))


def _parts(question: Question, sample: Sample) -> tuple[dict[str, Any], bytes]:
    said = messages.reply(question, question.compute(sample))
    return said.body[SCALARS], said.files[question.answer_name]


def shown(reached: Question | FitResult | None) -> object:
    if isinstance(reached, Question):
        return type(reached).__name__, reached.declaration(), reached.payloads(), reached.units()
    return repr(reached)


def tried(call: Callable[[], Question | FitResult | None]) -> object:
    try:
        return shown(call())
    except FedfolderError as error:
        return type(error), str(error)


def anew(said: Said, contents: tuple[Content, ...]) -> tuple[object, list[int]]:
    """What `comes_to` makes of it, and the rounds that are held against something."""
    held: list[int] = []
    return tried(lambda: messages.comes_to(said.begin(), contents, lambda n, _q, _s: held.append(n))), held


def on(course: Course, said: Said, digests: tuple[str, ...], contents: tuple[Content, ...]) -> object:
    return tried(lambda: course.comes_to(said.begin, digests, contents))


@pytest.mark.parametrize("name", PROPOSALS)
def test_every_request_is_come_to_and_so_is_the_end(name: str) -> None:
    said, course, held = conversation(name), Course(), list[int]()
    assert len(said.contents) > 2

    def hold(round_: int, _asked: Question, _sums: Sums) -> None:
        held.append(round_)

    for k in range(1, len(said.contents)):
        there = course.comes_to(said.begin, said.digests[:k], said.contents[:k], hold)
        assert shown(there) == anew(said, said.contents[:k])[0]
        assert held == list(range(1, k)), "each round that is over is held against the answers, once"
    whole = said.contents
    ended = course.follow(said.begin, said.digests, whole, hold)
    if name != "external":
        assert shown(ended) == shown(messages.ends_with(said.begin(), whole))
    assert held == list(range(1, len(whole)))


@pytest.mark.parametrize("name", [name for name in PROPOSALS if name != "external"])
def test_a_closing_ends_what_was_followed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the round before: nothing is looked at again. And from nothing, after a restart."""
    said, course, looked = conversation(name), Course(), list[Question]()
    ended = messages.ends_with(said.begin(), said.contents)
    for k in range(1, len(said.contents)):
        course.comes_to(said.begin, said.digests[:k], said.contents[:k])
    true = messages.asked

    def counted(question: Question, content: Content) -> Question:
        looked.append(question)
        return true(question, content)

    monkeypatch.setattr(messages, "asked", counted)
    assert shown(course.ends_with(said.begin, said.digests, said.contents)) == shown(ended)
    assert not looked
    for _ in range(2):
        assert shown(course.ends_with(said.begin, said.digests, said.contents)) == shown(ended)
    assert len(looked) == 2 * (len(said.contents) - 1)
    assert course.ends_with(said.begin, said.digests, (*said.contents[:-1], without(said.contents[-1]))) is None


@pytest.mark.parametrize("name", [name for name in PROPOSALS if name != "few trips of a mean"])
def test_what_a_closing_publishes_is_held_against_the_answers_should_a_request_follow_it(name: str) -> None:
    said, course, held = conversation(name), Course(), list[int]()
    course.comes_to(said.begin, said.digests[:1], said.contents[:1])
    assert course.ends_with(said.begin, said.digests[:2], said.contents[:2]) is None, "it is not at its end yet"
    course.comes_to(said.begin, said.digests[:3], said.contents[:3], lambda number, _asked, _sums: held.append(number))
    assert held == [1, 2]


def moved(content: Content) -> Content:
    """Asked at another beta, or with other columns."""
    for name, file in content.files.items():
        if name != SUMS:
            changed = file.replace(b"1", b"9") if b"1" in file else file + b"x,y,1\n"
            return Content(content.body, {**content.files, name: changed})
    return Content({**content.body, "question": {}}, content.files)


def tampered(content: Content) -> Content:
    """With other sums published."""
    if SUMS not in content.files:
        return Content({**content.body, "question": {"kind": "other"}}, content.files)
    scalars = {name: f"{value}9" for name, value in content.body[PUBLISHED][SCALARS].items()}
    return Content({**content.body, PUBLISHED: {SCALARS: scalars}}, content.files)


def without(content: Content) -> Content:
    return Content(content.body, {name: file for name, file in content.files.items() if name != SUMS})


HARMS: tuple[Callable[[Content], Content], ...] = (moved, tampered, without)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_came_before_what_is_come_to_is_the_same(seed: int) -> None:
    """Fits in turn, prefixes in any order, another attempt that begins alike, harmed messages, restarts."""
    chance = random.Random(seed)  # noqa: S311 - which comes when, no secret
    course, names = Course(), chance.sample(list(PROPOSALS), 2)
    place = dict.fromkeys(names, 0)
    for _ in range(14):
        name = chance.choice(names)
        said, before = conversation(name), place[name]
        # Mostly the next one; else the same again, or any.
        k = chance.choice([before + 1] * 4 + [before or 1, chance.randint(1, len(said.contents))])
        k = min(k, len(said.contents))
        contents, digests = list(said.contents[:k]), list(said.digests[:k])
        if chance.random() < 0.3:
            where = chance.choice([k - 1, chance.randrange(k)])
            harm = chance.choice(HARMS)
            contents[where] = harm(contents[where])
            # Whatever differs has another digest, and so has all that follows it.
            digests[where:] = [f"{digest} {harm.__name__} from {where}" for digest in digests[where:]]
        if chance.random() < 0.1:
            course = Course()
        place[name] = k
        assert on(course, said, tuple(digests), tuple(contents)) == anew(said, tuple(contents))[0]


@pytest.mark.parametrize("name", PROPOSALS)
@pytest.mark.parametrize("harm", HARMS)
def test_what_was_refused_is_refused_again_and_the_true_one_is_not(
    name: str, harm: Callable[[Content], Content]
) -> None:
    said, course = conversation(name), Course()
    for k in range(1, len(said.contents)):
        contents = (*said.contents[: k - 1], harm(said.contents[k - 1]))
        digests = (*said.digests[: k - 1], "harmed")
        expected = anew(said, contents)[0]
        assert [on(course, said, digests, contents) for _ in range(2)] == [expected] * 2
        further = (*contents, *said.contents[k : k + 1])
        assert on(course, said, (*digests, "after it"), further) == anew(said, further)[0]
        assert on(course, said, said.digests[:k], said.contents[:k]) == anew(said, said.contents[:k])[0]
