"""The ledger: near-identical sums and other data are seen, what is spent is refused, and a restart forgets nothing."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.command.terms import Column
from fedfolder.custody.charges import REFUSAL
from fedfolder.custody.row_sets import Comparison, Member, RowSet
from fedfolder.errors import AlarmError, HomeInUseError
from fedfolder.exchange.journal import OUT, Journal
from fedfolder.exchange.store import MemoryStore
from fedfolder.node.readers import TextColumn
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from tests.custody.ledgers import OFF, Asked, Bounds, attempt, clock, look, opened, put, read, rules
from tests.exchange.helpers import NODE, Pair, forged, header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.custody.ledger import Ledger
    from fedfolder.questions.sample import Sample

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def stored(path: Path) -> dict[str, list[Any]]:
    """Every row of the ledger's tables, as they are on disk."""
    with sqlite3.connect(path) as db:
        tables = ("charges", "admitted", "columns", "row_sets", "parts")
        found = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608 - listed here
    db.close()
    return found


def people(n: int = 120, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "y": rng.integers(0, 2, n).astype(float),
        "age": np.sort(rng.integers(20, 80, n)).astype(float),
        "sex": rng.integers(1, 3, n).astype(float),
        "z": rng.normal(size=n),
        "t": TextColumn(rng.integers(0, 2, n).astype(np.int32), ("a", "b")),
    }


# -- sets of rows, against brute force -------------------------------------------------------------------------------


def by_hand(sample: Sample, text: str) -> tuple[list[set[int]], list[set[int]]]:
    """Every set of rows over which sums of a fit are known, and every one that a number's sums are due to, by place."""
    command, rows = read_command(text), places(sample)
    found = [set(rows)]
    for factor in sample.factors.values():
        levels = [{r for r, c in zip(rows, factor.codes, strict=True) if c == k} for k in range(len(factor.levels))]
        found += [*levels, *(set().union(*levels[: k + 1]) for k in range(len(levels)))]
    columns = [Column(continuous=(name,)) for name in sample.numeric]
    for term in command.terms:
        names = [f.variable for f in term.factors]
        for combination in itertools.product(*(sample.factors[name].levels for name in names)):
            cell = tuple(zip(names, combination, strict=True))
            columns += [Column(cell), Column(cell, term.continuous)]
    few: list[set[int]] = []
    for column in columns:
        values = [float(v) for v in sample.column(column)]
        distinct = sorted(set(values))
        if len(distinct) <= 3:
            found += [{r for r, v in zip(rows, values, strict=True) if v == d} for d in distinct[1:]]
        elif column.continuous and 0.0 in distinct:
            few.append({r for r, v in zip(rows, values, strict=True) if v != 0})
    return [s for s in [*found, *(set(rows) - s for s in found)] if s], few


def places(sample: Sample) -> list[int]:
    """Where its rows stand in the file."""
    return list(range(sample.nobs)) if sample.places is None else sample.places.tolist()


def by_parts(sample: Sample, columns: dict[str, Any], a: int) -> list[set[int]]:
    """The rows at which a part of `z * (age > a)` is true, is not, and is another number than the one in the middle."""
    rows = set(places(sample))
    above = {int(r) for r in np.flatnonzero(columns["age"] > a)}
    middle = np.sort(columns["z"])[len(columns["z"]) // 2]
    return [rows & above, rows - above, {r for r in rows if columns["z"][r] != middle}]


def three_make_a_few(new: set[int], old: list[set[int]], person: list[float], fewest: int) -> bool:
    """Whether sums over a few persons follow from those over `new` and two of `old`, added and taken off."""
    different = [s for k, s in enumerate(old) if s != new and s not in old[:k]]
    for one, other in itertools.combinations(different, 2):
        for a, b in ((-1, -1), (-1, 1), (1, -1)):
            left = {r for r in new | one | other if (r in new) + a * (r in one) + b * (r in other)}
            if 0 < len({person[r] for r in left}) < fewest:
                return True
    return False


def differ_by_few(some: list[set[int]], others: list[set[int]], person: list[float], fewest: int) -> bool:
    return any(0 < len({person[r] for r in a ^ b}) < fewest for a in some for b in others)


TEXTS = (
    "regress y z if age >= {a}",
    "regress y i.g if age >= {a}",
    "regress y i.g##c.z",
    "regress y i.g#i.h if age < {a}",
    "regress y d",
    "egen c = cut(age), at(0 {a} 200); regress y i.c",
    "generate e = z * (age > {a}); regress y e",
    "generate e = z * (age > {a}); regress y i.h#c.e c.d#c.z",
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(1, 60))
    y = rng.normal(size=n)
    y[rng.random(n) < draw(st.sampled_from([0.0, 0.1]))] = np.nan
    return {
        "y": y,
        "z": rng.normal(size=n),
        "age": rng.integers(0, 90, n).astype(float),
        "g": rng.integers(0, 3, n).astype(float),
        "h": rng.integers(0, 2, n).astype(float),
        "d": (rng.random(n) < draw(st.sampled_from([0.1, 0.5, 0.9]))).astype(float),
        "id": rng.integers(0, draw(st.sampled_from([3, 30, 1000])), n).astype(float),
    }


@settings(max_examples=50)
@given(
    files(),
    st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(5, 80)), min_size=2, max_size=3),
    st.sampled_from([0, 1, 2, 4, 10]),
    st.sampled_from([None, "id"]),
)
def test_a_person_must_look_if_and_only_if_two_sets_differ_by_a_few_persons(
    tmp_path_factory, columns, fits, fewest, person
):
    path = tmp_path_factory.mktemp("home") / "journal.sqlite3"
    persons = list(columns["id"]) if person else list(range(len(columns["y"])))
    earlier: dict[str, tuple[list[set[int]], list[set[int]]]] = {}
    for number, (form, a) in enumerate(fits, start=1):
        text = form.format(a=a)
        command, (here, due_to) = str(read_command(text)), by_hand(read(columns, text), text)
        *found_true, unusual = by_parts(read(columns, text), columns, a) if "generate" in form else [set()]
        due_to, every = [*due_to, *found_true, unusual], [s for s in found_true if s]
        true = [s for s in every if not differ_by_few([s], [set(), here[0]], persons, fewest)]
        before = [s for pair in earlier.values() for sets in pair for s in sets]
        new = tuple([s for s in sets if s not in before] for sets in (here, true))
        due, allowed = (
            {
                other
                for other, (sets, parts) in earlier.items()
                if differ_by_few(here, sets, persons, fewest)
                or differ_by_few(mine, parts, persons, fewest)
                or differ_by_few(numbers, [*sets, *parts], persons, fewest)
            }
            for mine, numbers in (new, (here, true))
        )
        within = differ_by_few(here, here, persons, fewest) or differ_by_few(due_to, [set()], persons, fewest)
        ledger = opened(path, Bounds(differing_rows=fewest))  # a new process for each fit
        found = put(ledger, number, columns, text, person, anyway=True)
        if command in earlier:
            assert found == [], "the same answers again"
            continue
        of_three = [finding for finding in found if finding.says.startswith("together with")]
        samples = [sets[0] if sets else set() for sets, _ in earlier.values()]
        assert bool(of_three) == three_make_a_few(here[0] if here else set(), samples, persons, fewest)
        found = [finding for finding in found if finding not in of_three]
        named = {other for other in earlier if any(f"({other})" in finding.says for finding in found)}
        assert rules(found) == ["differing_rows"] * (len(named) + within)
        # Of fits with the same set, the first is named.
        # What was there before, made up otherwise, may be compared once more.
        assert named <= allowed
        assert bool(named) >= bool(due)
        earlier[command] = here, every


@settings(max_examples=100)
@given(st.data())
def test_sets_are_compared_as_brute_force_would(data):
    n = data.draw(st.integers(1, 2000))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    person = rng.integers(0, data.draw(st.sampled_from([2, 20, 2000])), n)
    first = rng.random(n) < 0.5
    flipped = rng.permutation(n)[: data.draw(st.integers(0, min(n, 30)))]
    second = first.copy()
    second[flipped] = ~second[flipped]
    fewest = data.draw(st.integers(1, 20))
    sets = [RowSet.of(mask, b"key") for mask in (first, second)]
    some = [Member("", frozenset([s.digest]), s.counts) for s in sets]
    packed = {s.digest: s.packed for s in sets}
    for persons in (None, person):
        each = np.arange(n) if persons is None else persons
        wanted = 0 < len(set(each[flipped].tolist())) < fewest
        comparison = Comparison(fewest, persons, packed.__getitem__)
        assert list(comparison.between(some[:1], some[1:])) == ([(0, 0)] if wanted else [])


def test_a_person_of_many_rows_is_one_person(path):
    columns = people() | {"id": np.repeat(np.arange(12.0), 10)}
    opened(path).concerns(attempt(1), look(opened(path), columns, "regress z age", "id"))
    assert put(opened(path), 1, columns, "regress z age", "id") == []
    narrowed = columns | {"keep": (columns["id"] != 3).astype(float)}
    found = put(opened(path), 2, narrowed, "regress z age if keep == 1", "id")
    assert rules(found) == ["differing_rows"], "ten rows of one person"
    assert put(opened(path), 3, narrowed, "regress z age if keep == 1") == [], "ten rows, each a person"


def test_a_row_of_which_the_person_is_not_known_is_one_of_its_own(path):
    columns = people() | {"id": np.full(120, np.nan)}
    assert put(opened(path), 1, columns, "regress z age", "id") == []
    cut = columns | {"keep": (np.arange(120) >= 5).astype(float)}
    assert put(opened(path), 2, cut, "regress z age if keep", "id") == []
    cut = columns | {"keep": (np.arange(120) >= 4).astype(float)}
    assert rules(put(opened(path), 3, cut, "regress z age if keep", "id")).count("differing_rows") == 2


@pytest.mark.parametrize("rare", [0.0, 1.0])
def test_what_a_column_leaves_is_a_set_too(path, rare):
    columns = people() | {"d": np.full(120, 1 - rare)}
    columns["d"][:4] = rare
    assert rules(put(opened(path), 1, columns, "regress z d")) == ["differing_rows"]
    columns["d"][:5] = rare
    assert put(opened(path), 1, columns, "regress z d") == []


def test_a_set_is_held_against_what_another_column_leaves(path):
    columns = people() | {"d": np.tile([0.0, 1.0], 60)}
    columns["e"] = 1 - columns["d"]
    assert put(opened(path), 1, columns, "regress z d") == []
    assert put(opened(path), 2, columns, "regress z e") == []
    columns["e"] = columns["e"].copy()
    columns["f"] = columns["e"].copy()
    columns["f"][7] = 1.0 - columns["f"][7]
    assert rules(put(opened(path), 3, columns, "regress z f")) == ["differing_rows"] * 2


def test_a_cell_of_two_factors_is_a_set(path):
    k = np.arange(120)
    columns = people() | {"a": (k % 2).astype(float), "b": (k // 2 % 2).astype(float)}
    columns["b"][(k % 4 == 3) & (k > 12)] = 0.0  # three rows have both
    assert put(opened(path), 1, columns, "regress z i.a i.b") == []
    (found,) = put(opened(path), 2, columns, "regress z i.a#i.b")[-1:]
    assert (found.rule, found.names) == ("differing_rows", ("z", "a", "b"))
    assert "a#b" in found.says


def test_a_number_that_is_zero_but_for_a_few_is_about_a_few(path):
    columns = people() | {"born": np.arange(120.0)}
    assert rules(put(opened(path), 1, columns, "generate e = z * (born < 4); regress z e")) == ["differing_rows"]
    assert put(opened(path), 1, columns, "generate e = z * (born < 5); regress z e") == []
    found = put(opened(path), 2, columns, "generate e = z * (born != 5); regress z e")
    assert rules(found) == ["differing_rows"], "one zero is no sum, but what is left of the sum of z is"


def test_a_finding_names_the_variables_of_both_commands_and_nothing_of_the_data(path):
    columns = people() | {"odd": np.full(120, 4711.0)}
    columns["odd"][7] = 4712.0
    assert put(opened(path), 1, columns, "regress y z i.t") == []
    found = put(opened(path), 2, columns, "regress y z if odd == 4711")
    assert [(f.rule, f.names) for f in found] == [("differing_rows", ("y", "z", "odd", "t"))]
    assert "fit 1 (regress y z i.t)" in found[0].says
    assert "4712" not in repr(found)


def test_differing_from_oneself_is_no_concern(path):
    columns = people()
    assert put(opened(path), 1, columns, "regress y z if age != 30", anyway=True) == []
    before = stored(path)
    again = opened(path)
    assert again.concerns(attempt(1), look(again, columns, "regress y z if age != 30")) == []
    again.admit(attempt(1), look(again, columns, "regress y z if age != 30"))
    assert stored(path) == before


def test_the_same_fit_again_is_fine_and_takes_no_room(path):
    columns = people()
    assert put(opened(path), 1, columns, "regress y z i.t") == []
    before = opened(path).spent()
    assert put(opened(path), 2, columns, "regress y z i.t") == []
    assert (opened(path).spent().row_sets, opened(path).spent().stored) == (before.row_sets, before.stored)


def test_what_was_not_admitted_is_not_compared_with(path):
    columns = people()
    ledger = opened(path)
    ledger.concerns(attempt(1), look(ledger, columns, "regress y z"))
    columns["one"] = (np.arange(120) != 7).astype(float)
    assert rules(put(ledger, 2, columns, "regress y z if one")) == []
    assert stored(path)["admitted"][0][:3] == attempt(2)


# -- versions of the data --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["a number", "a text", "missing", "row more", "row less", "order"])
def test_other_data_are_another_version(path, change):
    columns = people()
    assert put(opened(path), 1, columns, "regress y z i.t") == []
    other: dict[str, Any] = {
        name: c.copy() if isinstance(c, np.ndarray) else TextColumn(c.codes.copy(), c.levels)
        for name, c in columns.items()
    }
    match change:
        case "a number":
            other["z"][3] += 1e-9
        case "a text":
            other["t"].codes[3] = 1 - other["t"].codes[3]
        case "missing":
            other["y"][3] = np.nan
        case _:
            places = np.arange(120)
            places = {"row more": np.append(places, 0), "row less": places[1:], "order": places[::-1]}[change]
            other = {
                n: c[places] if isinstance(c, np.ndarray) else TextColumn(c.codes[places], c.levels)
                for n, c in other.items()
            }
    before = stored(path)
    found = put(opened(path), 2, other, "regress y z i.t")
    assert rules(found)[0] == "data_version"
    changed = {"a number": ("z",), "a text": ("t",), "missing": ("y",)}.get(change, ("y", "z", "t"))
    assert found[0].names == changed
    assert stored(path) == before, "nothing is remembered of what was not answered"
    put(opened(path), 2, other, "regress y z i.t", anyway=True)
    assert opened(path).spent().versions == 2


def test_columns_that_were_never_seen_are_recorded(path):
    columns = people()
    for number, text in enumerate(["regress y z", "regress y age", "regress z i.t"], start=1):
        assert put(opened(path), number, columns, text) == []
    assert {(version, name) for version, name, *_ in stored(path)["columns"]} == {
        (1, n) for n in ("y", "z", "age", "t")
    }


def test_another_number_of_rows_is_another_version_whatever_is_read(path):
    assert put(opened(path), 1, people(), "regress y z") == []
    found = put(opened(path), 2, people(121), "regress age i.t")
    assert found[0].rule == "data_version"
    assert found[0].names == ("age", "t")


def test_rows_that_do_not_enter_make_a_version_too(path):
    columns = people()
    assert put(opened(path), 1, columns, "regress y z if age < 60") == []
    columns["z"] = columns["z"].copy()
    columns["z"][-1] += 1
    assert columns["age"][-1] >= 60
    assert rules(put(opened(path), 2, columns, "regress y z if age < 60")) == ["data_version"]


def test_missing_is_missing_and_zero_is_zero(path):
    columns = people()
    columns["z"][:2] = 0.0, np.nan
    assert put(opened(path), 1, columns, "regress y z") == []
    columns["z"] = columns["z"].copy()
    columns["z"][0] = -0.0
    columns["z"].view(np.uint64)[1] |= 1
    assert put(opened(path), 2, columns, "regress y z") == []


def test_the_same_command_on_a_version_that_was_approved_is_looked_at_too(path):
    columns = people()
    assert put(opened(path), 1, columns, "regress y age") == []
    assert put(opened(path), 2, columns, "regress y z") == []
    other = columns | {"y": columns["y"][::-1].copy()}
    assert "data_version" in rules(put(opened(path), 3, other, "regress y age", anyway=True))
    assert "data_version" in rules(put(opened(path), 4, other, "regress y z")), "answered on the version before"
    assert "data_version" not in rules(put(opened(path), 4, other, "regress y c.z#c.z"))


def test_an_attempt_whose_data_change_is_looked_at_again(path):
    columns = people()
    assert put(opened(path), 1, columns, "regress y z") == []
    columns["y"] = columns["y"][::-1].copy()
    ledger = opened(path)
    assert "data_version" in rules(ledger.concerns(attempt(1), look(ledger, columns, "regress y z")))


def test_digests_are_keyed_with_a_secret_of_the_home(tmp_path):
    columns = people()
    for name in ("one", "other"):
        put(opened(tmp_path / name), 1, columns, "regress y z")
    ours, theirs = stored(tmp_path / "one"), stored(tmp_path / "other")
    assert {row[3] for row in ours["columns"]}.isdisjoint({row[3] for row in theirs["columns"]})
    assert {row[0] for row in ours["row_sets"]}.isdisjoint({row[0] for row in theirs["row_sets"]})
    assert opened(tmp_path / "one").key == opened(tmp_path / "one").key


# -- budgets ---------------------------------------------------------------------------------------------------------


def answer(
    ledger: Ledger, fit: int, round_: int, question: Asked, *, number: int = 1, proposal: str | None = None
) -> bool:
    """Answer within the budget; whether it was answered."""
    this = attempt(fit, number, proposal)
    if ledger.budget(this, question):
        return False
    with ledger._journal.transaction():  # noqa: SLF001 - as a node does
        ledger.admit(this, look(ledger, people(), "regress y z"))
        ledger.charge_answer(this, round_, question)
    return True


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 3)),
        max_size=25,
    ),
    st.integers(0, 8),
    st.booleans(),
)
def test_evaluations_are_counted_by_fit_and_by_proposal(tmp_path_factory, asked, most, restarts):
    """A fit counts all that it asked; a proposal counts each of its questions once."""
    path = tmp_path_factory.mktemp("home") / "journal.sqlite3"
    ledger = opened(path, Bounds(evaluations=most, fits=0))
    fits: dict[int, int] = {}
    proposals: dict[str, dict[tuple[int, int], int]] = {}
    for round_, (fit_, number, proposal, betas, which) in enumerate(asked):
        ledger = opened(path, Bounds(evaluations=most, fits=0)) if restarts else ledger
        of_proposal = {**proposals.get(proposal, {}), (betas, which): betas}
        spent = max(fits.get(fit_, 0) + betas, sum(of_proposal.values()))
        allowed = betas == 0 or most == 0 or spent <= most
        assert answer(ledger, fit_, round_, Asked(betas, which), number=number, proposal=proposal) is allowed
        if allowed:
            fits[fit_] = fits.get(fit_, 0) + betas
            proposals[proposal] = of_proposal
    assert sum(row[6] for row in stored(path)["charges"]) == sum(fits.values())


def test_both_candidates_of_a_pair_count_and_a_fit_is_charged_what_it_reports(path):
    command = "nbreg b x w"
    rng = np.random.default_rng(3)
    columns = {"b": rng.poisson(2, 90).astype(float), "x": rng.normal(size=90), "w": rng.normal(size=90)}
    sample, ledger = read(columns, command), opened(path, Bounds(evaluations=0))
    program = fit(Proposal(read_command(command), (("north", "aa"),)))
    question, seen = next(program), look(ledger, columns, command)
    for round_ in itertools.count(1):
        with ledger._journal.transaction():  # noqa: SLF001 - as a node does
            ledger.admit(attempt(1), seen)
            ledger.charge_answer(attempt(1), round_, question)
        try:
            question = program.send((question, question.compute(sample)))
        except StopIteration as end:
            result = end.value
            break
    (spent,) = ledger.spent().attempts
    assert (spent.evaluations, spent.answers) == (result.evaluations, result.rounds)
    assert spent.evaluations > spent.answers, "pairs"


def test_starting_again_does_not_help(path):
    limits = Bounds(evaluations=3)
    for start in range(1, 4):
        assert answer(opened(path, limits), start, 1, Asked(1, start), proposal="p")
    assert not answer(opened(path, limits), 4, 1, Asked(1, 4), proposal="p")
    assert answer(opened(path, limits), 4, 1, Asked(1, 3), proposal="p"), "an answer that is there already"
    assert answer(opened(path, limits), 5, 1, Asked(1, 4), proposal="another")


def test_fits_of_a_version_are_counted(path):
    columns, limits = people(), Bounds(fits=2)
    for fit_, text in [(1, "regress y z"), (1, "regress y age"), (1, "regress y z"), (2, "regress z age")]:
        ledger = opened(path, limits)
        ledger.concerns(attempt(fit_, proposal=text), look(ledger, columns, text))
        found = ledger.budget(attempt(fit_, proposal=text), Asked(0))
        if fit_ == 1:
            assert found == []
            ledger.admit(attempt(fit_, proposal=text), look(ledger, columns, text))
        else:
            assert rules(found) == ["fits"]
    other = columns | {"z": columns["z"][::-1].copy()}
    ledger.concerns(attempt(2), look(ledger, other, "regress z age"))
    assert ledger.budget(attempt(2), Asked(0)) == [], "another version has fits of its own"


def test_no_limit_is_none(path):
    columns = people() | {"one": (np.arange(120) != 7).astype(float)}
    for limits in (OFF, Bounds(*[float("inf")] * 4)):
        ledger = opened(path, limits)
        assert put(ledger, 1, columns, "regress y z") == []
        assert put(ledger, 2, columns, "regress y z if one") == []
        for k in range(50):
            ledger.charge_answer(attempt(1), k, Asked(2, k))
            ledger.charge_refusal(attempt(1), k, "rule")
        assert ledger.budget(attempt(1), Asked(2)) == []
        assert ledger.must_look() == []


# -- refusals --------------------------------------------------------------------------------------------------------


def test_after_some_refusals_a_person_must_look(path):
    for k in range(3):
        assert opened(path).must_look() == []
        opened(path).charge_refusal(attempt(1), k, "smallest_cell")
    (found,) = opened(path).must_look()
    assert found.rule == "refusals"
    assert [(r.round, r.rule) for r in opened(path).spent().unseen] == [(k, "smallest_cell") for k in range(3)]
    opened(path).looked("Ada")
    assert opened(path).must_look() == []
    assert opened(path).spent().unseen == ()
    for k in range(3):
        opened(path).charge_refusal(attempt(2), k, "persons")
    assert rules(opened(path).must_look()) == ["refusals"]
    assert [row[5] for row in stored(path)["charges"]].count(REFUSAL) == 6, "all are kept"


def test_the_same_round_may_be_refused_twice(path):
    for _ in range(2):
        opened(path).charge_refusal(attempt(1), 1, "persons")
    assert len(opened(path).spent().unseen) == 2


# -- crashes, restarts and copies --------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process is gone."""


class Counted:
    """A database that dies at the n-th statement, COMMIT among them."""

    def __init__(self, db: Any, last: int) -> None:
        self._db, self._left = db, last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash

    def execute(self, *args: Any) -> Any:
        if args[0] != "ROLLBACK":
            self._count()
        return self._db.execute(*args)

    def executemany(self, sql: str, rows: Any) -> None:
        for row in rows:
            self._count()
            self._db.execute(sql, row)


def test_what_is_admitted_is_so_as_a_whole(path, monkeypatch):
    ledger = opened(path)
    seen = look(ledger, people(), "regress y z i.t")
    before, db = stored(path), ledger._journal._db  # noqa: SLF001 - to die inside
    monkeypatch.setattr(ledger._journal, "_db", Counted(db, 8))  # noqa: SLF001
    with pytest.raises(Crash):
        ledger.admit(attempt(1), seen)
    monkeypatch.undo()
    assert stored(path) == before


def reply(round_: int) -> Any:
    return forged(header("north", "server", number=round_, round=round_, kind="sums"), {"a.csv": b"1"}, NODE)


def test_a_crash_before_the_commit_leaves_neither_reply_nor_charge(path, monkeypatch):
    ledger = opened(path)
    seen = look(ledger, people(), "regress y z i.t")
    journal = ledger._journal  # noqa: SLF001 - to die inside
    before = stored(path)
    for statements in itertools.count():
        monkeypatch.setattr(journal, "_db", Counted(journal._db, statements))  # noqa: SLF001
        try:
            with journal.transaction():
                journal.append("server", OUT, reply(1), event="answered")
                ledger.admit(attempt(1), seen)
                ledger.charge_answer(attempt(1), 1, Asked(2))
            died = False
        except Crash:
            died = True
        monkeypatch.undo()
        if not died:
            break
        assert stored(path) == before
        assert journal.last("server", OUT) is None
        assert opened(path).spent().attempts == ()
    assert statements > 10
    assert journal.last("server", OUT) == reply(1)
    assert [spent.evaluations for spent in opened(path).spent().attempts] == [2]


KILLED = """
import sys
from pathlib import Path
from fedfolder.exchange.journal import OUT
from tests.custody.ledgers import Asked, attempt, opened
from tests.custody.test_ledger import reply

ledger = opened(Path(sys.argv[1]))
last = ledger._journal.last("server", OUT)
for number in range(last.header.number + 1 if last else 1, 100000):
    with ledger._journal.transaction():
        ledger.charge_answer(attempt(1), number, Asked(1, number))
        ledger._journal.append("server", OUT, reply(number), event="answered")
        ledger.charge_refusal(attempt(1), number, "persons")
    print(number, flush=True)
"""


def test_a_process_that_is_killed_has_charged_what_it_answered(path):
    done = 0
    for kill in range(3):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(4 + kill):
            done = int(child.stdout.readline())
        time.sleep(0.003 * kill)
        child.kill()
        child.communicate()
        journal = Journal(path, clock=clock)
        answered = [h.number for h in journal.headers("server", OUT)]
        journal.close()
        charged = stored(path)["charges"]
        assert answered == list(range(1, len(answered) + 1))
        assert len(answered) >= done, "what it said that it did"
        for what in ("answer", "refusal"):
            assert [row[4] for row in charged if row[5] == what] == answered


def test_a_restored_backup_of_the_ledger_raises_the_alarm(tmp_path):
    """Whoever puts an old journal back gets its budget back, and can answer nothing with it."""
    pair = Pair(tmp_path / "homes", MemoryStore(), MemoryStore())
    pair.greet()
    pair.ask()
    limits = Bounds(evaluations=1)
    backup = tmp_path / "backup.sqlite3"
    pair.node.journal.close()
    shutil.copyfile(pair.node.path, backup)
    pair.node.start()
    ledger = opened(pair.node.path, limits)
    assert answer(ledger, 1, 1, Asked(1, 1))
    ledger._journal.close()  # noqa: SLF001 - its own connection
    pair.answer()
    assert opened(pair.node.path, limits).budget(attempt(1), Asked(1, 2)), "spent"
    lies = dict(pair.to_server.contents)
    pair.node.journal.close()
    for beside in pair.node.path.parent.glob("node.sqlite3*"):
        beside.unlink()
    shutil.copyfile(backup, pair.node.path)
    pair.node.start()
    assert opened(pair.node.path, limits).budget(attempt(1), Asked(1, 2)) == [], "the budget is back"
    with pytest.raises((AlarmError, HomeInUseError)):
        pair.node.open()
    pair.node.box.receive()
    pair.node.post(1)
    with pytest.raises((AlarmError, HomeInUseError)):
        pair.node.box.publish()
    assert pair.to_server.contents == lies, "nothing was sent"
    pair.close()


# -- what it costs ---------------------------------------------------------------------------------------------------


def test_a_large_file_costs_little(path):
    n = 200_000
    rng = np.random.default_rng(1)
    columns = {f"b{k}": rng.integers(0, 2, n).astype(float) for k in range(20)} | {"y": rng.normal(size=n)}
    ledger, text = opened(path), "regress y " + " ".join(f"b{k}" for k in range(20))
    assert put(ledger, 1, columns, text) == []
    spent = ledger.spent()
    assert spent.row_sets == 21
    assert spent.stored < 21 * n / 8 * 1.01


def rows_of(columns: dict[str, Any], text: str) -> Iterator[int]:
    sample = read(columns, text)
    assert sample.places is not None
    yield from map(int, sample.places)


def test_a_sample_knows_where_its_rows_stand_in_the_file():
    columns = people()
    columns["z"][[3, 5]] = np.nan
    sample = read(columns, "regress y z if age < 60")
    assert sample.nrows == 120
    wanted = [k for k in range(120) if columns["age"][k] < 60 and k not in {3, 5}]
    assert list(rows_of(columns, "regress y z if age < 60")) == wanted
    assert sample.places is not None
    part = sample.rows(4, 9)
    assert part.places is not None
    assert part.places.tolist() == wanted[4:9]
    assert sample.where(np.arange(sample.nobs) == 2).places == wanted[2]


# -- values that differ for a few --------------------------------------------------------------------------------------


def dosed(n=60):
    rng = np.random.default_rng(4)
    age = np.repeat([30.0, 40.0, 50.0], n // 3)
    age[7] = 87.0
    return {"y": rng.normal(size=n), "age": age, "dose": rng.normal(20, 4, n).round(2)}


@pytest.mark.parametrize(
    "derived",
    [
        "generate x = dose + (age==87)",
        "generate x = dose*(1 + 0.01*(age==87))",
        "generate x = dose - 5*inlist(age, 87, 88)",
        "generate x = cond(age>80, dose + 1, dose)",
        "generate d = (age!=87); generate x = dose + d",
        "generate x = dose + max(age, 60)",
        "generate x = dose + exp(age - 87)",
        "generate x = dose + ln(age - 86.5*(age>60))",
        "generate d = age - 80; generate x = dose + abs(d)",
        "recode age (87=60), generate(d); generate x = dose*d",
        "egen d = cut(age), at(0 60 100); generate x = dose + d",
        "mkspline d1 60 d2 = age; generate x = dose + d1",
    ],
)
def test_a_number_that_is_made_another_for_a_few(derived, path):
    """Sums over it and over `dose` differ by one person's values, and no set of rows differs."""
    assert put(opened(path), 1, dosed(), "regress y dose") == []
    (found,) = put(opened(path), 2, dosed(), f"{derived}; regress y x")
    assert found.rule == "differing_rows"
    assert "rows by" in found.says


@pytest.mark.parametrize(
    "derived",
    [
        "generate x = ln(dose) + dose^2/100",
        "generate x = dose + (age>30)",
        "generate x = max(dose, 20)",
        "recode age (30=35), generate(d); generate x = dose*d",
        "recode dose (9999=.), generate(x)",
        "mkspline x 20 z = dose",
    ],
)
def test_a_number_that_is_made_another_for_many(derived, path):
    assert put(opened(path), 1, dosed(), f"{derived}; regress y x") == []


@pytest.mark.parametrize(
    "command",
    [
        "generate x = dose*({}); regress y x",
        "generate x = dose + inrange(age, 0, 60)*({}); regress y x",
        "generate o = {}; stset t, failure(d) origin(time -o); streg dose, d(e)",
        "stset t, failure(d) exit(time cond({}, 3, 8)); streg dose, d(e)",
        "stset t, failure(d); stsplit fu, at(2 5) after(_t = 0.01*({})); streg i.fu dose, d(e)",
        "generate o = 0.01*({}); stset t, failure(d); stsplit fu, at(2 5) after(time = o); streg i.fu dose, d(e)",
        "generate w = 5 + y + ({}); streg dose [iw=w], d(e) time(t) failure(d)",
    ],
)
def test_a_number_that_is_made_another_for_a_few_more_than_in_an_earlier_fit(command, path):
    """Each is so for many; the sums of two fits differ by who is between."""
    columns = {**followed(), "age": np.arange(200) / 2.0, "dose": np.arange(200) % 7.0, "y": np.arange(200) % 11.0}
    ledger = opened(path)
    assert put(ledger, 1, columns, command.format("age>57.3")) == []
    assert rules(put(ledger, 2, columns, command.format("age>57.8"))) == ["differing_rows"]
    assert put(ledger, 3, columns, command.format("age>80.1")) == []
    again = command.replace("regress y x", "regress y x age").replace("streg dose", "streg dose age")
    assert put(ledger, 4, columns, again.format("age>57.3")) == [], "the same number in another model"


def test_powers_of_a_number_say_how_many_rows_have_each_of_more_values(path):
    """With sums up to the fourth power, five values have five counts: the one person at 4 is known."""
    columns = dosed() | {"s": np.append(np.arange(59) % 4, 4.0)}
    assert put(opened(path), 1, columns, "regress y s dose") == [], "two sums do not say it"
    found = put(opened(path), 2, columns, "regress y s c.s#c.s dose")
    assert found
    assert all("rows by s" in finding.says for finding in found)


# -- follow-up --------------------------------------------------------------------------------------------------------


def followed(n: int = 200) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    return {
        "t": np.arange(1, n + 1) / 20.0,
        "d": rng.integers(0, 2, n).astype(float),
        "age": rng.integers(20, 80, n).astype(float),
    }


def test_a_knot_past_a_few_persons_waits_for_one(path: Path) -> None:
    """Two fits whose knots lie on both sides of a few persons differ by these."""
    command = "stpm2 age, scale(hazard) knots({}) bknots(0.04 10.5) time(t) failure(d)"
    ledger, columns = opened(path), followed()
    assert put(ledger, 1, columns, command.format(5.01)) == []
    assert put(ledger, 2, columns, command.format(6.01)) == []
    assert rules(put(ledger, 3, columns, command.format(5.11))) == ["differing_rows"]
    assert "differing_rows" in rules(put(ledger, 4, columns, command.format(9.91)))
    assert put(ledger, 5, columns, command.format(5.02)) == []


def test_a_time_of_a_site_s_own_baseline_past_a_few_failures_waits_for_one(path: Path) -> None:
    """Two curves at times on both sides of a few failures differ by these; so they do within a stratum."""
    command = "stcox age, strata(_node{}) time(t) failure(d) basesurv({})"
    ledger, columns = opened(path), followed() | {"s": np.arange(200) % 2.0}
    assert put(ledger, 1, columns, command.format("", "5.01")) == []
    assert put(ledger, 2, columns, command.format("", "7.01")) == []
    assert rules(put(ledger, 3, columns, command.format("", "5.2"))) == ["differing_rows"]
    assert put(ledger, 4, columns, command.format("", "5.01 7.01")) == []
    assert put(ledger, 5, columns, command.format(" s", "3.01")) == []
    assert rules(put(ledger, 6, columns, command.format(" s", "3.5"))) == ["differing_rows"]


@pytest.mark.parametrize("use", ["strata(_node s)", "strata(_node) vce(cluster s)"])
def test_strata_and_clusters_made_for_a_few_persons_wait_for_one(path: Path, use: str) -> None:
    command = "generate s = t > {}; stcox age, time(t) failure(d) " + use
    ledger, columns = opened(path), followed()
    assert put(ledger, 1, columns, command.format(5.01)) == []
    assert rules(put(ledger, 2, columns, command.format(9.91))) == ["differing_rows"]


def test_cubic_splines_of_a_few_persons_wait_for_one(path: Path) -> None:
    command = "mkspline r = age, cubic knots(25 45 {}); regress t r1 r2"
    ledger, columns = opened(path), {**followed(), "age": np.arange(200) / 2.0}
    assert put(ledger, 1, columns, command.format(70)) == []
    assert rules(put(ledger, 2, columns, command.format(98.7))) == ["differing_rows"]
