"""Follow-up as declarations: what is read, what is printed, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import parse
from fedfolder.command.expression import Missing
from fedfolder.command.guards import notes
from fedfolder.command.lexis import Event, Merge, Split, Stset, When
from fedfolder.errors import CommandError
from tests.command.strategies import NUMBERS, ascending, expressions

MODEL = "poisson _d i.fu, exposure(y)"
STSET = (
    "stset exit if sex==2, failure(cause==1 2) id(pid) origin(time dx) enter(time b) exit(time dx + 3650) scale(365.25)"
)
WHOLE = """stset exit if sex==2, fail(cause==1 2) id(pid) origin(time dx) enter(time b) exit(time dx + 3650) sc(365.25)
stsplit fu, at(0 1/3, 5(5)20) trim
stsplit attained, every(5) after(t = -age)
merge m:1 sex attained using popmort, keepusing(rate) nogenerate
generate y = (_t - _t0)*rate
poisson _d i.fu, exposure(y)"""


def test_the_canonical_line_is_what_a_custodian_reads_and_is_read_again():
    command = parse(WHOLE)
    assert str(command).split("; ") == [
        STSET,
        "stsplit fu, at(0 1 2 3 5 10 15 20) trim",
        "stsplit attained, every(5) after(_t = -age)",
        "merge m:1 sex attained using popmort, keepusing(rate)",
        "generate y = (_t - _t0)*rate",
        "poisson _d i.fu, exposure(y)",
    ]
    assert parse(str(command)) == command


def test_what_is_read_of_the_data_and_of_the_table():
    command = parse(WHOLE)
    assert set(command.sources) == {"exit", "cause", "pid", "dx", "b", "sex", "age"}
    assert command.tables == {"popmort": ("sex", "attained", "rate")}
    assert command.roles == {"exposure": "y", "id": "pid"}
    assert command.parts_rows


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("stset t, f(d)", Stset),
        ("stset t, failure(d) time0(b) noshow", Stset),
        ("stsplit fu, every(0.5)", Split),
        ("stsplit fu, at(2(1)2)", Split),
        ("mer m:1 a using b, keepusing(fu)", Merge),
        ("merge m:1 a using b, keep(1 3) keepusing(fu) nogen assert(match using) noreport", Merge),
    ],
)
def test_short_forms(text, kind):
    (statement,) = parse(f"{text}; poisson _d {'_t' if kind is Stset else 'fu'}").derivations
    assert isinstance(statement, kind)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stset t", "where , should be"),
        ("stset t, id(p)", "what a failure is"),
        ("stset t, failure(d) failure(d)", "given twice"),
        ("stset t, failure(d) strata(x)", "no option here"),
        ("stset t, failure(d) scale(0)", "above zero"),
        ("stset t, failure(d) origin(first)", "where time should be"),
        ("stset t, failure(d) id(p) origin(min)", r"origin\(min\).* not supported.*\n.*\n.*\n.*origin\(time"),
        ("stset t, failure(d) origin(e==1)", "one person's"),
        ("stset t, failure(d) enter(e==1)", "one person's"),
        ("stset t, failure(d) id(p) enter(e==1 time b)", "an event and a time"),
        ("stset t, failure(d) id(p) exit(failure time b)", "stands alone"),
        ("stset t, failure(d) id(p) enter(time .)", "leaves nobody"),
        ("stset t, failure(d) id(p) if(x==1)", r"the option if is.*\n.*\n.*\n.*after the model"),
        ("stset t, failure(d) id(p) ever(x==1)", r"the option ever is.*\n.*\n.*\n.*stset time if"),
        ("stset t, failure(d) id(p) never(x==1)", "the option never is"),
        ("stset t, failure(d) id(p) after(x==1)", r"the option after is.*\n.*\n.*\n.*enter\(variable==1\)"),
        ("stset t, failure(d) id(p) before(x==1)", r"the option before is.*\n.*\n.*\n.*exit\(variable==1\)"),
        ("stset t [pw=w], failure(d)", r"weights in stset are.*\n.*\n.*\n.*\[pw=w\]"),
        ("stsplit, at(failures)", r"cutting at failure times.*\n.*\n.*\n.*stcox"),
        ("stsplit fu, at(failures)", "cutting at failure times"),
        ("stsplit fu if x==1, at(1)", r"`if` in stsplit.*\n.*\n.*\n.*stset time if"),
        ("stsplit fu, at(1) after(time = b)", r"after\(_t = \.\.\.\) in analysis time"),
        ("stsplit fu, at(1) after(_t = min(b))", "chooses among the records"),
        ("stsplit fu, at(1) after(_t = asis(b))", "chooses among the records"),
        ("stsplit fu, at(1) after(b = 3)", "a moment in analysis time"),
        ("stset t, failure(d==2 1)", "do not ascend"),
        ("stsplit fu", "where , should be"),
        ("stsplit fu, trim", "where to cut"),
        ("stsplit fu, at(1) every(2)", "where to cut"),
        ("stsplit fu, every(1) trim", "a first and a last"),
        ("stsplit fu, at()", "no list of numbers"),
        ("stsplit fu, at(2 1)", "do not ascend"),
        ("stsplit fu, at(1 1e999)", "too large"),
        ("stsplit fu, at(1(0)5)", "lead nowhere"),
        ("stsplit fu, at(0(1)500)", "more than 200"),
        ("stsplit fu, at(1) after(age)", "a moment in analysis time"),
        ("stsplit _t, at(1)", "time of every row"),
        ("merge 1:1 a using b, keepusing(c)", "where m should be"),
        ("merge m:1 a using C:/popmort.dta, keepusing(c)", "no path travels"),
        ('merge m:1 a using "popmort.dta", keepusing(c)', "no path travels"),
        ("merge m:1 a using b", "where , should be"),
        ("merge m:1 a using b, keepusing(a)", "and no key"),
        ("merge m:1 a using b, keepusing(c) keep(match using)", "rows of a table persons"),
        ("merge m:1 a using b, keepusing(c) keep(master)", r"expected: keep\(match\)"),
        ("merge m:1 a using b, keepusing(c) assert(match)", r"assert\(match using\), or nothing"),
        ("merge m:1 a using b, keepusing(c) update", "under names that the data do not have"),
        ("merge m:1 a using b, keepusing(c) generate(m)", "write nogenerate"),
        ("merge m:1 using b, keepusing(c)", "to look up by"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text, said):
    with pytest.raises(CommandError, match=said):
        parse(f"{text}; {MODEL}")


@pytest.mark.parametrize(
    ("text", "vce"),
    [
        ("streg x, d(w) time(t) failure(d) id(p) vce(robust)", "cluster p"),
        ("streg x [pw=w], d(w) time(t) failure(d) id(p)", "cluster p"),
        ("stset t, f(d) id(p); streg x, d(w) robust", "cluster p"),
        ("streg x, d(w) time(t) failure(d) id(p) vce(cluster c)", "cluster c"),
        ("streg x, d(w) time(t) failure(d) vce(robust)", "robust"),
        ("streg x, d(w) time(t) failure(d) id(p)", None),
    ],
)
def test_a_robust_variance_is_by_persons_where_they_are_named_and_the_line_says_so(text, vce):
    command = parse(text)
    assert command.argument("vce") == vce
    assert parse(str(command)) == command


def test_data_that_were_stset_are_cut_as_they_are():
    command = parse("stsplit fu, at(1 2); streg i.fu, d(e)")
    assert set(command.sources) == {"_t", "_t0", "_d", "_st"}
    assert str(command.condition) == "_st==1"
    assert parse("stset t, failure(d); streg x, d(e)").condition is None


def test_two_names_of_persons_are_one_too_many():
    with pytest.raises(CommandError, match="another id"):
        parse("stset t, failure(d) id(a); streg x, d(e) id(b)")


def test_a_condition_of_stset_that_a_missing_value_makes_true_is_said_loudly():
    (note,) = notes(parse("stset t if grade>2, failure(d); poisson _d x, exposure(_t)"))
    assert note.startswith("the condition of stset can be true where grade is missing")
    assert notes(parse("stset t if grade>2 & grade<., failure(d); poisson _d x, exposure(_t)")) == ()


def test_moments_are_events_times_and_what_holds_where_nothing_is_given():
    text = "stset t, f(e==3) id(p) origin(e==1 2) enter(time b) exit(e == 3/4 time b + 10)"
    (found,) = parse(f"{text}; poisson _d _t").derivations
    assert str(found) == ("stset t, failure(e==3) id(p) origin(e==1 2) enter(time b) exit(e==3 4 time b + 10)")
    assert found.sources == ("t", "e", "p", "b")
    (default,) = parse("stset t, failure(d) id(p) exit(failure); poisson _d _t").derivations
    assert default == parse("stset t, failure(d) id(p); poisson _d _t").derivations[0]
    (never,) = parse("stset t, failure(d) id(p) exit(time .); poisson _d _t").derivations
    assert str(never) == "stset t, failure(d) id(p) exit(time .)"
    (named,) = parse("stset t, failure(d) id(p) exit(failure==2) enter(time==1); poisson _d _t").derivations
    assert named.sources == ("t", "d", "p", "time", "failure")


@pytest.mark.parametrize(
    ("text", "keep"), [("3", "match"), ("match", "match"), ("1 3", "match master"), ("mat mas", "match master")]
)
def test_what_merge_keeps_is_written_in_words(text, keep):
    (found,) = parse(f"merge m:1 a using b, keepusing(c) keep({text}); poisson y c").derivations
    assert isinstance(found, Merge)
    assert found.keep == keep
    assert str(found) == f"merge m:1 a using b, keep({keep}) keepusing(c)"


def test_a_cut_can_count_from_a_moment_in_units_of_the_data():
    said = "stset t, failure(d) origin(time dx); stsplit a, every(1) after(time = birth)"
    command = parse(f"{said}; poisson _d a")
    split = command.derivations[1]
    assert isinstance(split, Split)
    assert split.in_data
    assert str(command) == f"{said}; poisson _d a"


WORDS = st.sampled_from(["a", "b2", "_c"])
MAYBE = st.one_of(st.none(), expressions(st.sampled_from(["x", "z"])))
EVENTS = st.builds(Event, st.sampled_from(["x", "time"]), ascending(1))
TIMES = expressions(st.sampled_from(["x", "z"]))
SOMETIME = TIMES.filter(lambda time: not isinstance(time, Missing))  # nobody begins at no time
MOMENTS = st.one_of(st.none(), EVENTS.map(When), SOMETIME.map(lambda time: When(None, time)))
LEAVING = st.one_of(MOMENTS, TIMES.map(lambda time: When(None, time)), st.builds(When, EVENTS, TIMES))
STSETS = st.builds(
    Stset,
    time=WORDS,
    failure=st.just("d"),
    values=st.one_of(st.just(()), ascending(1)),
    person=WORDS,
    time0=st.one_of(st.none(), WORDS),
    origin=MOMENTS,
    enter=MOMENTS,
    exit=LEAVING,
    scale=NUMBERS.filter(lambda number: number > 0),
    condition=MAYBE,
)
SPLITS = st.one_of(
    st.builds(Split, st.just("fu"), ascending(1), st.none(), MAYBE, st.booleans(), st.booleans()),
    st.builds(Split, st.just("fu"), st.just(()), NUMBERS.filter(lambda number: number > 0), MAYBE),
)
MERGES = st.builds(
    Merge,
    st.lists(WORDS, min_size=1, unique=True).map(tuple),
    WORDS,
    st.lists(st.sampled_from(["rate", "prob"]), min_size=1, unique=True).map(tuple),
    st.sampled_from(["", "match", "match master"]),
)


@given(STSETS)
def test_any_stset_is_read_as_it_is_printed(statement):
    assert parse(f"{statement}; poisson _d _t").derivations == (statement,)


@given(SPLITS)
def test_any_stsplit_is_read_as_it_is_printed(statement):
    assert parse(f"{statement}; poisson y fu").derivations == (statement,)


@given(MERGES)
def test_any_merge_is_read_as_it_is_printed(statement):
    assert parse(f"{statement}; poisson y {statement.names[0]}").derivations == (statement,)
