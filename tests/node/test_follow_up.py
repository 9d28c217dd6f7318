"""Follow-up that is set and cut at the node: times, persons, and what the ledger remembers of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from fedfolder.command import parse
from fedfolder.custody.cells import Persons
from fedfolder.errors import UnknownNameError, VariableError
from fedfolder.node.readers import Frame, TextColumn
from fedfolder.node.sampling import make_sample, records_of
from fedfolder.questions.lookup import Table
from fedfolder.questions.records import Records
from tests.custody.ledgers import attempt, look, opened

if TYPE_CHECKING:
    from pathlib import Path

NAN = np.nan
MODEL = "poisson _d y t0 t1"
TIMES = "generate y = _t - _t0; generate t0 = _t0; generate t1 = _t"


def sample(statements, model=f"{TIMES}; {MODEL}", tables=None, person=None, **columns):
    found = {name: v if isinstance(v, TextColumn) else np.array(v, dtype=np.float64) for name, v in columns.items()}
    nrows = len(next(c for c in found.values() if isinstance(c, np.ndarray)))
    return make_sample(Frame("a file", nrows, found), parse(f"{statements}; {model}"), person, tables)


def times(found):
    return list(zip(*(found.outcome(name).tolist() for name in ("t0", "t1", "_d")), strict=True))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("stset t, failure(d)", [(0, 4, 1), (0, 2, 0)]),
        ("stset t, failure(d==1)", [(0, 4, 0), (0, 2, 0)]),
        ("stset t, failure(d==2 3)", [(0, 4, 1), (0, 2, 0)]),
        ("stset t if t>3, failure(d)", [(0, 4, 1)]),
        ("stset t, failure(d) scale(2)", [(0, 2, 1), (0, 1, 0)]),
        ("stset t, failure(d) origin(time 1)", [(0, 3, 1), (0, 1, 0)]),
        ("stset t, failure(d) origin(time -b)", [(0, 5, 1), (0, 2.5, 0)]),
        ("stset t, failure(d) time0(b)", [(1, 4, 1), (0.5, 2, 0)]),
        ("stset t, failure(d) time0(b) origin(time 0.75)", [(0.25, 3.25, 1), (0, 1.25, 0)]),
        ("stset t, failure(d) enter(time b + 1)", [(2, 4, 1), (1.5, 2, 0)]),
        ("stset t, failure(d) enter(time 3)", [(3, 4, 1)]),
        ("stset t, failure(d) exit(time 3)", [(0, 3, 0), (0, 2, 0)]),
        ("stset t, failure(d) exit(time 4)", [(0, 4, 1), (0, 2, 0)]),
        ("stset t, failure(d) enter(time 2) exit(time 3)", [(2, 3, 0)]),
        ("stset t, failure(d) exit(time .)", [(0, 4, 1), (0, 2, 0)]),
    ],
)
def test_stset_says_from_when_to_when_and_how_it_ends(statement, expected):
    assert times(sample(statement, t=[4, 2], d=[2, 0], b=[1, 0.5])) == expected


@pytest.mark.parametrize("name", ["t", "b", "o", "n", "p"])
def test_a_record_without_a_time_or_of_nobody_is_left_out(name):
    columns = {"t": [4.0, 2.0], "d": [1.0, 0.0], "b": [1.0, 1.0], "o": [0.0, 0.0], "n": [0.0, 0.0], "p": [1.0, 2.0]}
    columns[name] = [NAN, columns[name][1]]
    found = sample("stset t, failure(d) time0(b) origin(time o) enter(time n) id(p)", **columns)
    assert found.nobs == 1
    assert found.places.tolist() == [1]


def test_who_has_no_time_of_exit_stays():
    found = sample("stset t, failure(d) exit(time e)", t=[4, 4], d=[1, 1], e=[NAN, 3])
    assert times(found) == [(0, 4, 1), (0, 3, 0)]


@pytest.mark.parametrize(
    ("statement", "columns", "said"),
    [
        ("stset t, failure(d)", {"t": [0, 1], "d": [0, 0]}, "t is not above the origin"),
        ("stset t, failure(d) time0(b)", {"t": [2, 1], "b": [2, 0], "d": [0, 0]}, "t is not above b"),
        ("stset t, failure(d) id(p)", {"t": [2, 2], "d": [0, 0], "p": [7, 7]}, "records of one p overlap"),
    ],
)
def test_a_record_that_cannot_be_stops_the_fit_and_no_value_is_said(statement, columns, said):
    with pytest.raises(VariableError, match=said) as raised:
        sample(statement, **columns)
    assert "7" not in str(raised.value)


def test_records_of_one_person_follow_each_other():
    found = sample("stset t, failure(d) id(p) time0(b)", t=[5, 2, 3], b=[2, 0, 0], d=[1, 0, 0], p=[7, 7, 8])
    assert times(found) == [(2, 5, 1), (0, 2, 0), (0, 3, 0)]
    assert Persons.of(found).number == 2


def test_a_person_is_followed_up_to_the_first_failure_unless_an_exit_is_given():
    columns = {"t": [2, 5, 9], "d": [0, 1, 1], "p": [7, 7, 7]}
    assert times(sample("stset t, failure(d) id(p)", **columns)) == [(0, 2, 0), (2, 5, 1)]
    assert times(sample("stset t, failure(d) id(p) exit(time .)", **columns)) == [(0, 2, 0), (2, 5, 1), (5, 9, 1)]
    assert times(sample("stset t, failure(d) id(p) exit(d==2 time 6)", **columns)) == [(0, 2, 0), (2, 5, 1), (5, 6, 0)]


def test_a_failure_is_that_of_the_last_piece_also_where_it_is_at_a_cut():
    found = sample("stset t, failure(d); stsplit fu, at(1 2)", f"{TIMES}; {MODEL} fu", t=[2, 3], d=[1, 1])
    assert times(found) == [(0, 1, 0), (1, 2, 1), (0, 1, 0), (1, 2, 0), (2, 3, 1)]
    assert found.places.tolist() == [0, 0, 1, 1, 1]


def test_cuts_on_several_scales_cut_at_each():
    said = "stset t, failure(d); stsplit fu, at(1 2); stsplit old, at(50 60) after(_t = -age); stsplit y2, every(1)"
    found = sample(said, f"{TIMES}; {MODEL} fu old y2", t=[3], d=[1], age=[58.5])
    assert times(found) == [(0, 1, 0), (1, 1.5, 0), (1.5, 2, 0), (2, 3, 1)]
    assert found.outcome("old").tolist() == [50, 50, 60, 60]
    assert found.outcome("fu").tolist() == [0, 1, 1, 2]


def test_a_condition_of_the_model_is_about_pieces_and_a_missing_value_leaves_pieces_out():
    found = sample(
        "stset t, failure(d); stsplit fu, at(1 2)", f"{TIMES}; {MODEL} if fu>=1", t=[3, NAN, 1.5], d=[1, 1, 0]
    )
    assert times(found) == [(1, 2, 0), (2, 3, 1), (1, 1.5, 0)]
    assert found.places.tolist() == [0, 0, 2]


def test_data_that_were_stset_are_cut():
    found = sample(
        "stsplit fu, at(1)", "streg i.fu, d(e)", _t=[2, NAN, 3], _t0=[0.5, NAN, 0], _d=[1, NAN, 0], _st=[1, 0, 1]
    )
    assert found.outcome("_t").tolist() == [1, 2, 1, 3]
    assert found.outcome("_d").tolist() == [0, 1, 0, 0]


def test_a_table_is_looked_into_by_pieces_and_by_text():
    sex = TextColumn(np.array([0, 1]), ("women", "men"))
    own = Table(
        "pop",
        "",
        {
            "sex": TextColumn(np.array([0, 0, 1, 1]), ("men", "women")),
            "fu": np.array([0.0, 1, 0, 1]),
            "rate": np.array([0.1, 0.2, 0.3, 0.4]),
        },
    )
    said = "stset t, failure(d); stsplit fu, at(1); merge m:1 sex fu using pop, keepusing(rate)"
    found = sample(said, "poisson _d rate", {"pop": own}, t=[2, 1], d=[0, 1], sex=sex)
    assert found.outcome("rate").tolist() == [0.3, 0.4, 0.1]


def test_rows_that_a_table_has_nothing_for_are_left_out_or_have_no_value_where_merge_says_so():
    own = {"pop": Table("pop", "", {"fu": np.array([0.0, 2]), "rate": np.array([0.1, 0.3])})}
    said = "stset t, failure(d); stsplit fu, at(1 2); merge m:1 fu using pop, {}keepusing(rate)"
    columns = {"t": np.array([3.0, 1]), "d": np.array([1.0, 0])}
    with pytest.raises(VariableError, match="no rate for some rows"):
        sample(said.format(""), "poisson _d rate", own, **columns)
    for keep, pieces in (("keep(match) ", 3), ("keep(match master) ", 4)):
        command = parse(f"{said.format(keep)}; poisson _d rate")
        made = Records.after(command.derivations, columns, 2, own)
        assert made.rows == pieces
        assert made.notes[0].startswith("1 of 4 rows")
        assert sample(said.format(keep), "poisson _d rate", own, **columns).outcome("rate").tolist() == [0.1, 0.3, 0.1]


def test_a_table_that_the_site_has_not_is_an_error_that_says_where_to_name_it():
    said = "stset t, failure(d); merge m:1 t using pop, keepusing(rate)"
    with pytest.raises(UnknownNameError, match="no table pop"):
        sample(said, "poisson _d rate", t=[2], d=[0])
    with pytest.raises(UnknownNameError, match="no variable rate"):
        sample(said, "poisson _d rate", {"pop": Table("pop", "", {"t": np.array([2.0])})}, t=[2], d=[0])


@pytest.mark.parametrize(
    ("person", "statement", "persons"),
    [(None, "stset t, failure(d)", 3), (None, "stset t, failure(d) id(p)", 2), ("h", "stset t, failure(d) id(p)", 1)],
)
def test_pieces_are_no_persons(person, statement, persons):
    said = f"{statement} time0(b); stsplit fu, at(1 2 3)"
    found = sample(
        said, f"{TIMES}; {MODEL} fu", person=person, t=[3, 4, 4], b=[0, 3, 0], d=[0, 1, 1], p=[1, 1, 2], h=[5, 5, 5]
    )
    assert found.nobs == 8
    assert Persons.of(found).number == persons


@pytest.mark.parametrize(
    ("said", "expected"),
    [("0 0.5 2", [0, 1, 2]), ("0.5 2", [0, 1, 2]), ("0 0.5 2) trim dropped(", [0, 1])],
)
def test_intervals_that_begin_at_no_whole_number_are_numbered_from_0(said, expected):
    at = said.replace(") trim dropped(", "")
    trim = "trim " if "trim" in said else ""
    found = sample(f"stset t, failure(d); stsplit fu, at({at}) {trim}icodes", "poisson _d i.fu", t=[3], d=[1])
    assert [int(found.levels("fu").levels[code]) for code in found.levels("fu").codes] == expected


def test_no_name_of_a_command_makes_persons_of_pieces():
    said = "stset t, failure(d); stsplit fu, at(1 2 3); generate own = p*10 + fu"
    found = sample(said, "streg i.fu, d(e) id(own)", t=[3, 4], d=[0, 1], p=[1, 2])
    assert found.nobs == 7
    assert len(found.ids["own"].levels) == 7
    assert Persons.of(found).number == 2


# -- the ledger --------------------------------------------------------------------------------------------------------


def follow_up(rows: int = 40) -> dict[str, np.ndarray]:
    times = np.linspace(0.6, 8.0, rows)
    return {
        "t": times,
        "d": (np.arange(rows) % 2).astype(float),
        "x": np.arange(rows, dtype=float),
        "p": np.arange(rows) // 2 + 0.0,
    }


SPLIT = "stset t, failure(d); stsplit fu, at({}) icodes; poisson _d i.fu x"


def concerns(tmp_path: Path, first: str, second: str) -> list[str]:
    tmp_path.mkdir(exist_ok=True)
    ledger = opened(tmp_path / "journal.sqlite3")
    columns = follow_up()
    seen = look(ledger, columns, first)
    ledger.concerns(attempt(1), seen)
    ledger.admit(attempt(1), seen)
    return [finding.says for finding in ledger.concerns(attempt(2), look(ledger, columns, second))]


def test_a_cut_that_moves_past_a_few_persons_is_put_before_a_person(tmp_path):
    # Between 4 and 4.3 one record ends: whose covariates would follow from the difference.
    assert any(
        "differ from sums of fit 1" in said for said in concerns(tmp_path, SPLIT.format("2 4"), SPLIT.format("2 4.3"))
    )


def test_a_cut_that_moves_past_nobody_or_many_is_no_concern(tmp_path):
    assert not concerns(tmp_path, SPLIT.format("2 4"), SPLIT.format("2 6"))


HIDDEN = "stset t, failure(d); stsplit fu, every({}); generate zero = 0*fu; poisson _d x zero"


@pytest.mark.parametrize(("first", "second"), [("2", "2.05"), ("2.05", "2"), ("4", "4.2")])
def test_a_cut_that_no_level_shows_and_that_gives_a_few_one_piece_more_is_found(tmp_path, first, second):
    # A sum over pieces counts a record as often as it has pieces: the difference is who has one more.
    found = concerns(tmp_path, HIDDEN.format(first), HIDDEN.format(second))
    assert any("differ from sums of fit 1" in said for said in found)


def test_pieces_are_held_against_whole_records_too(tmp_path):
    whole, cut = "stset t, failure(d); poisson _d x", HIDDEN.replace("every({})", "at(7.7)")
    assert any("differ from sums of fit 1" in said for said in concerns(tmp_path / "a", whole, cut))
    assert any("differ from sums of fit 1" in said for said in concerns(tmp_path / "b", cut, whole))
    assert not concerns(tmp_path / "c", whole, HIDDEN.format("3"))


def test_the_same_cut_again_has_the_same_rows(tmp_path):
    assert not concerns(tmp_path, SPLIT.format("2 4"), SPLIT.format("2 4") + " if t<.")


def test_what_is_remembered_is_records_of_the_file(tmp_path):
    columns = follow_up()
    seen = look(opened(tmp_path / "journal.sqlite3"), columns, SPLIT.format("2 4"))
    assert seen.nrows == 40
    by_kind = {(part.kind, part.about): seen.sets[part.digest].counts.sum() for part in seen.parts}
    assert by_kind["rows", ""] == 40
    assert by_kind["cell", "fu"] == (columns["t"] > 4).sum()  # the last of its three levels
    assert by_kind["value", "_d"] == columns["d"].sum()


def test_levels_that_a_record_keeps_add_up_and_those_that_it_passes_through_do_not(tmp_path):
    columns = follow_up()
    said = SPLIT.format("2 4").replace("i.fu x", "i.fu i.g")
    seen = look(opened(tmp_path / "journal.sqlite3"), {**columns, "g": columns["p"] % 3}, said)
    kinds = {part.about: part.kind for part in seen.parts if part.about in {"fu", "g"}}
    assert kinds == {"fu": "cell", "g": "level"}


def test_persons_that_the_command_names_count_for_the_ledger(tmp_path):
    ledger = opened(tmp_path / "journal.sqlite3")
    named = look(ledger, follow_up(), "streg x, d(e) time(t) failure(d) id(p)")
    assert named.persons is not None
    assert len(set(named.persons.tolist())) == 20
    assert look(ledger, follow_up(), "streg x, d(e) time(t) failure(d)").persons is None


# Twenty persons of three records each; of one, an event of another kind comes first.
SEVERAL = {
    "p": np.repeat(np.arange(20.0), 3),
    "t": np.tile([2.0, 5.0, 9.0], 20) + np.repeat(np.arange(20.0), 3) / 100,
    "e": np.where(np.arange(60) == 33, 2.0, np.tile([1.0, 0.0, 3.0], 20)),
    "x": np.arange(60.0) % 7,
    "k": np.where(np.arange(60) == 30, 6.0, 0.0),
}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("id(p) failure(e==3) origin(e==1)", "id(p) failure(e==3) origin(e==1 2)"),
        ("id(p) failure(e==3) enter(e==1)", "id(p) failure(e==3) enter(e==1 2)"),
        ("id(p) failure(e==3) exit(e==3)", "id(p) failure(e==3) exit(e==2 3)"),
        ("id(p) failure(e==3)", "id(p) failure(e==2 3)"),
        ("id(p) failure(e==3)", "id(q) failure(e==3)"),
        ("failure(e==3) exit(time 9.1)", "failure(e==3) exit(time 9.12)"),
        ("failure(e==3) enter(time 1.9)", "failure(e==3) enter(time 1.9 + (k==6))"),
    ],
)
def test_a_statement_that_gives_one_person_other_times_is_put_before_a_person(tmp_path, first, second):
    own = "generate q = p + 100*(k==6); "
    said = [f"{own if 'q' in options else ''}stset t, {options}; poisson _d _t x" for options in (first, second)]
    ledger = opened(tmp_path / "journal.sqlite3")
    for number, text in enumerate(said, 1):
        seen = look(ledger, SEVERAL, text)
        found = [finding.says for finding in ledger.concerns(attempt(number), seen)]
        assert bool(found) == (number == 2), found
        ledger.admit(attempt(number), seen)


@pytest.mark.parametrize(
    ("options", "few"),
    [
        ("id(p) origin(e==1)", False),
        ("id(p) origin(e==1 2)", True),
        ("exit(time 9.175)", True),
        ("exit(time 9.105)", False),
        ("enter(time n)", True),
        ("id(p)", False),
        ("id(one)", True),
    ],
)
def test_times_that_a_few_records_have_for_a_part_of_the_statement_are_found_though_the_rows_are_those_of_before(
    tmp_path, options, few
):
    ledger = opened(tmp_path / "journal.sqlite3")
    place = np.arange(60)
    columns = {
        **SEVERAL,
        "t": SEVERAL["t"] + (place % 3 == 0) * np.sqrt(place) / 100,  # a length of its own of each
        "e": np.select([place == 33, place == 34], [2.0, 1.0], np.tile([1.0, 0.0, 3.0], 20)),
        "n": np.where(place == 35, 6.0, 0.0),
        "one": np.where(place // 3 == 11, 11.0, 100.0 + place),
    }
    text = f"stset t, failure(e==9) {options}; poisson x _t if t>=9"
    assert bool(ledger.concerns(attempt(1), look(ledger, columns, text))) == few


def test_rows_that_a_table_leaves_out_are_held_against_those_that_were_there_before(tmp_path):
    ledger = opened(tmp_path / "journal.sqlite3")
    made = "merge m:1 k using pop, {}keepusing(rate); poisson e rate x"
    pop = {"pop": Table("pop", "", {"k": np.array([0.0, 6]), "rate": np.ones(2)})}
    fewer = {"pop": Table("pop", "", {"k": np.array([0.0]), "rate": np.ones(1)})}
    for number, (keep, tables) in enumerate([("", pop), ("keep(match) ", fewer)], 1):
        command = parse(made.format(keep))
        records = records_of(Frame("a file", 60, dict(SEVERAL)), command, None, tables)
        sample = make_sample(Frame("a file", 60, dict(SEVERAL)), command, None, records=records)
        seen = ledger.seen(SEVERAL, command, sample, records=records)
        found = [finding.says for finding in ledger.concerns(attempt(number), seen)]
        assert bool(found) == (number == 2), found
        ledger.admit(attempt(number), seen)
