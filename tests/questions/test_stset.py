"""`stset` against a reading of its manual by units of time: each unit of each record is at risk, or it is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.command import parse
from fedfolder.errors import VariableError
from fedfolder.questions.records import Records

NEVER = 1000
BEFORE_ALL = -30


@dataclass(frozen=True)
class Record:
    person: int
    begin: int
    end: int
    d: int
    event: int
    moments: tuple[int | None, int | None, int | None]
    chosen: bool


@st.composite
def people(draw):
    """The records of some persons, in any order, each person with moments of its own."""
    found = []
    for person in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, 3))
        moments = tuple(draw(st.one_of(st.none(), st.integers(-2, 9))) for _ in range(3))
        for _ in range(draw(st.integers(1, 4))):
            begin = at + draw(st.integers(0, 2))
            at = begin + draw(st.integers(1, 4))
            d, event = draw(st.integers(0, 2)), draw(st.sampled_from([0, 0, 1, 2, 3]))
            found.append(Record(person, begin, at, d, event, moments, draw(st.sampled_from([True, True, True, False]))))
    return draw(st.permutations(found))


@st.composite
def said(draw):
    """The options: which values are failures, time0 or not, and the three moments as time, event, or neither."""
    event = st.sampled_from([(1,), (1, 2), (3,)])
    either = st.one_of(st.just(("", ())), st.just(("time", ())), event.map(lambda values: ("event", values)))
    both = event.map(lambda values: ("both", values))
    leaving = st.one_of(either, both, both, st.just(("never", ())))
    return {
        "failure": draw(st.sampled_from([(), (1,), (2,)])),
        "time0": draw(st.booleans()),
        "scale": draw(st.sampled_from([1, 2])),
        "if": draw(st.booleans()),
        "moments": (draw(either), draw(either), draw(leaving)),
    }


def written(options):
    """The statement."""
    names = ("origin", "enter", "exit")
    numbers = " ".join(map(str, options["failure"]))
    text = "stset t if u==1" if options["if"] else "stset t"
    text += f", id(p) failure(d=={numbers})" if numbers else ", id(p) failure(d)"
    text += " time0(b)" if options["time0"] else ""
    for name, (kind, values) in zip(names, options["moments"], strict=True):
        event = f"e=={' '.join(map(str, values))}"
        argument = {"time": f"time {name}m", "event": event, "both": f"{event} time {name}m", "never": "time ."}
        text += f" {name}({argument[kind]})" if kind else ""
    return text + (f" scale({options['scale']})" if options["scale"] != 1 else "")


def moment(kind, values, records, place, otherwise):
    """When it comes for the person of these records; NEVER, if it does not."""
    at = records[0].moments[place]
    times = [at if at is not None else NEVER] if kind in {"time", "both"} else []
    times += [r.end for r in records if kind in {"event", "both"} and r.event in values]
    return min(times, default=otherwise if kind == "" else NEVER)


def by_hand(options, records):
    """(person, end in the data): t0, t, d of each record that is at risk; None where a person has no time at all."""
    found = {}
    for person in {r.person for r in records}:
        own = sorted(
            (r for r in records if r.person == person and (r.chosen or not options["if"])), key=lambda r: r.end
        )
        if not own:
            continue
        origin, enter, leaves = (
            moment(kind, values, own, place, otherwise)
            for place, ((kind, values), otherwise) in enumerate(
                zip(options["moments"], (0, BEFORE_ALL, NEVER), strict=True)
            )
        )
        if options["moments"][0][0] != "event" and origin != NEVER and own[-1].end <= origin:
            return None
        failed, previous = False, BEFORE_ALL
        for record in own:
            begin = record.begin if options["time0"] else previous
            previous = record.end
            units = [k for k in range(begin, record.end) if k >= max(origin, enter) and k + 1 <= leaves]
            if failed or not units:
                continue
            fails = record.d in (options["failure"] or (1, 2)) and units[-1] + 1 == record.end
            failed = fails and options["moments"][2][0] == ""
            scale = options["scale"]
            span = ((units[0] - origin) / scale, (units[-1] + 1 - origin) / scale)
            found[person, record.end] = (*span, int(fails))
    return found


def columns_of(records):
    columns = {
        "p": [r.person for r in records],
        "b": [r.begin for r in records],
        "t": [r.end for r in records],
        "d": [r.d for r in records],
        "e": [r.event for r in records],
        "u": [r.chosen for r in records],
    }
    for place, name in enumerate(("originm", "enterm", "exitm")):
        columns[name] = [np.nan if r.moments[place] is None else r.moments[place] for r in records]
    return {name: np.array(values, dtype=np.float64) for name, values in columns.items()}


def after(text, columns, model="poisson _d _t"):
    rows = len(next(iter(columns.values())))
    return Records.after(parse(f"{text}; {model}").derivations, columns, rows)


@given(people(), said())
@settings(max_examples=300)
def test_a_record_is_at_risk_in_the_units_of_time_that_the_manual_says(records, options):
    columns = columns_of(records)
    expected = by_hand(options, records)
    if expected is None:
        with pytest.raises(VariableError, match="end where they begin"):
            after(written(options), columns)
        return
    found = after(written(options), columns)
    assert found.origins is not None
    times = zip(*(found.made[name].tolist() for name in ("_t0", "_t", "_d")), strict=True)
    places = found.origins.tolist()
    assert places == sorted(places)
    assert {(records[n].person, records[n].end): span for n, span in zip(places, times, strict=True)} == expected


@given(people(), said())
def test_stset_by_id_of_persons_with_one_record_is_stset_without(records, options):
    alone = [next(r for r in records if r.person == person) for person in sorted({r.person for r in records})]
    if any(kind == "event" for kind, _ in options["moments"][:2]) or by_hand(options, alone) is None:
        return
    text, columns = written(options), columns_of(alone)
    one, other = after(text, columns), after(text.replace("id(p) ", ""), columns)
    for name in ("_t0", "_t", "_d"):
        assert one.made[name].tolist() == other.made[name].tolist()


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("stset t, failure(d) id(p)", {"t": [2, 2], "d": [0, 0], "p": [7, 7]}, "overlap in time, or end at the same"),
        (
            "stset t, failure(d) id(p) time0(b)",
            {"t": [2, 3], "b": [0, 1], "d": [0, 0], "p": [7, 7]},
            "records of one p overlap",
        ),
        ("stset t, failure(d)", {"t": [2, 3], "d": [0, np.nan]}, "whether they end with a failure"),
        (
            "stset t, failure(d) id(p) origin(time b)",
            {"t": [2, 3], "d": [0, 0], "b": [0, 1], "p": [7, 7]},
            r"origin\(\) differs",
        ),
    ],
)
def test_what_stata_calls_a_probable_error_stops_the_fit_and_no_value_is_said(text, columns, said):
    with pytest.raises(VariableError, match=said) as raised:
        after(text, {name: np.array(values, dtype=np.float64) for name, values in columns.items()})
    assert "7" not in str(raised.value)


def test_a_missing_cause_is_none_of_those_that_are_named_and_a_record_of_nobody_is_left_out():
    nan = np.nan
    columns = {"t": [1, 2, 3.0], "c": [1, nan, nan], "p": [1, 2, nan]}
    found = after("stset t, failure(c==1) id(p)", {name: np.array(values) for name, values in columns.items()})
    assert found.made["_t"].tolist() == [1, 2]
    assert found.made["_d"].tolist() == [1, 0]


@given(people(), st.integers(1, 3))
def test_cuts_in_units_of_the_data_are_those_in_analysis_time(records, scale):
    first = [next(r for r in records if r.person == person) for person in sorted({r.person for r in records})]
    columns = columns_of(first)
    columns["dx"], columns["birth"] = columns["b"], columns["b"] - 3.0
    stset = f"stset t, failure(d) origin(time dx) scale({scale}); stsplit a, every(1) "
    one, other = (
        after(stset + said, columns, "poisson _d a") for said in ("after(time = birth)", f"after(_t = -3/{scale})")
    )
    for name in ("_t0", "_t", "_d", "a"):
        assert one.made[name].tolist() == other.made[name].tolist()
