"""A check through real folders: what each site answers, broken off, refused, by nodes of another kind."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from fedfolder.custody import gate
from fedfolder.custody.approval import Attempt
from fedfolder.custody.desk import Held
from fedfolder.custody.page import Review, page
from fedfolder.custody.policy import Policy
from fedfolder.dictionary import parse
from fedfolder.errors import ConfigError, RefusedError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.node import holding, step
from fedfolder.node.data import read_held
from fedfolder.plan import check as plan_check
from fedfolder.plan import messages
from fedfolder.plan.check import Check, read_proposal
from fedfolder.plan.proposal import Proposal
from fedfolder.server.check import NO_ANSWER, check_study
from fedfolder.server.findings import ANSWERED
from tests.node.places import Bench, Clock, data
from tests.server.test_drive import Killed, Teller, stopping_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NUMBER, TEXT = "47114711.8125", "Brunhilde4711"
DICTIONARY = """name;type;level;label;unit;low;high
low;yes/no;;;;;
age;whole;;;years;10;60
smoke;category;0;never;;;
;;1;ever;;;
;;2;sometimes;;;
bmi;number;;;;15;60
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    written(made, DICTIONARY)
    yield made
    made.close()


def written(bench: Bench, text: str) -> None:
    (bench.folder / "server" / "dictionary.csv").write_text(text, encoding="utf-8")


def rewritten(bench: Bench, node: str, old: str, new: str) -> None:
    """Change a node's node.toml, and start the node anew."""
    path = bench.folder / node / "node.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    bench.wake(node)


def check(bench: Bench, **options):
    return check_study(bench.study.path, **{"idle": bench.work, "timeout": 60.0, **options})


def said(found, node):
    (site,) = (site for site in found.sites if site.node == node)
    return {(fact.variable, fact.fact, fact.which) for fact in site.facts}


def messages_of(bench: Bench, direction: str):
    """Every message of the server's journal, with all bytes."""
    journal = bench.study.journal(lambda: "")
    with contextlib.closing(journal):
        fits = {header.fit for header in journal.first_rounds()}
        return [
            (node, m.header.kind, m.header.number, m.content, dict(m.payloads))
            for node in ("north", "south")
            for fit in sorted(fits)
            for m in journal.of_fit(fit, direction, peer=node)
        ]


def test_each_site_is_told_apart(bench: Bench) -> None:
    text = bench.home("south").data.read_text(encoding="utf-8")
    head, *rows = text.splitlines()
    months = [f"{low},{int(age) * 12},{smoke}" for low, age, smoke in (row.split(",") for row in rows)]
    bench.home("south").data.write_text("\n".join([head, *months]) + "\n", encoding="utf-8")
    found = check(bench)
    alike = {
        ("(file)", "rows", "10 to 99"),
        ("low", "missing", "none"),
        ("age", "missing", "none"),
        ("smoke", "missing", "none"),
        ("smoke", "level without rows", "2"),
        ("bmi", "absent", "not released"),
    }
    assert said(found, "north") == alike
    assert said(found, "south") == alike | {("age", "scale", "ten times too large"), ("age", "out of range", "all")}
    folder = bench.folder / "server" / "runs" / "check1"
    assert (folder / "check.txt").read_text(encoding="utf-8") == found.summary() + "\n"
    kept = json.loads((folder / "check.json").read_text(encoding="utf-8"))
    assert kept["differences"] == len(found.differences) == 4
    assert [site["state"] for site in kept["sites"]] == [ANSWERED] * 2
    assert {"node": "south", "variable": "age", "fact": "scale", "which": "ten times too large"} in kept["findings"]


def test_a_node_s_own_names_and_codes_come_first(bench: Bench) -> None:
    own = bench.home("south").data
    text = own.read_text(encoding="utf-8").replace("low,age,smoke", "lavvekt,alder,smoke")
    own.write_text(text.replace(",1\n", ",2\n").replace(",0\n", ",1\n"), encoding="utf-8")
    path = bench.folder / "south" / "node.toml"
    head, listed = path.read_text(encoding="utf-8").split("variables = [\n", 1)
    names = '[variables]\nlow = "lavvekt"\nage = "alder"\nsmoke = "smoke"\nbmi = "kmi"\n'
    codes = "\n[recode.smoke]\n1 = 0\n2 = 1\n"
    path.write_text(head + names + listed.split("]\n", 1)[1] + codes, encoding="utf-8")
    bench.wake("south")
    found = check(bench)
    assert said(found, "south") - said(found, "north") == {("bmi", "absent", "no such variable")}


def test_a_variable_that_is_not_released_is_not_even_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten(bench, "south", "'age',\n", "\n")
    asked: list[tuple[str, ...]] = []
    honest = read_held

    def watched(path, names, reading, *, released, watch):
        asked.append(tuple(name for name in names if name in released))
        return honest(path, names, reading, released=released, watch=watch)

    monkeypatch.setattr(holding, "read_held", watched)
    found = check(bench)
    assert {fact for fact in said(found, "south") if fact[0] == "age"} == {("age", "absent", "not released")}
    assert asked[1] == ("low", "smoke")


def test_no_value_and_no_text_of_a_site_leaves(bench: Bench) -> None:
    """Nor does it stand in any file but the data: the exchange, homes, journals and logs."""
    head, *rows = bench.home("north").data.read_text(encoding="utf-8").splitlines()
    odd = [f"{row},{NUMBER},{TEXT if k % 2 else 'b'},x" for k, row in enumerate(rows)]
    bench.home("north").data.write_text("\n".join([f"{head},bmi,name,secret", *odd]) + "\n", encoding="utf-8")
    rewritten(bench, "north", "    'smoke',", "    'smoke',\n    'bmi',\n    'name',")
    written(bench, DICTIONARY + "name;category;b;;;;\nsecret;text;;;;;\n")
    found = check(bench)
    assert ("bmi", "scale", "ten times too large") in said(found, "north")
    assert ("name", "unknown levels", "1 to 5") in said(found, "north")
    assert ("secret", "absent", "not released") in said(found, "north")
    (reply,) = [m for m in messages_of(bench, IN) if m[:2] == ("north", "sums")]
    (table,) = reply[4].values()
    allowed = {*parse((DICTIONARY + "name;category;b;;;;").encode(), where="").names, "secret", "(file)"}
    lines = [line.split(",") for line in table.decode().splitlines()]
    assert lines[0] == ["variable", "fact", "which", "sites"]
    assert {line[0] for line in lines[1:]} <= allowed
    assert {line[3] for line in lines[1:]} == {"1"}
    marks = [mark.encode(code) for mark in (NUMBER, NUMBER[:8], TEXT) for code in ("utf-8", "utf-16-le")]
    for path in bench.folder.rglob("*"):
        assert not (path.is_file() and any(mark in path.read_bytes() for mark in marks)), path


def test_one_sites_answer_goes_to_no_other(bench: Bench) -> None:
    check(bench)
    for _, kind, _, content, files in messages_of(bench, OUT):
        assert b"published" not in content or kind == "request"
        assert files == {}
        assert b'"rows, "scalars"' not in content
    closings = [json.loads(m[3])["signed"]["body"] for m in messages_of(bench, OUT) if m[1] == "closing"]
    assert closings == [{"status": "checked", "message": ""}] * 2


@pytest.mark.parametrize("passes", range(5))
def test_a_check_goes_on_from_wherever_it_stopped_with_the_same_bytes(bench: Bench, passes: int) -> None:
    with contextlib.suppress(Killed):
        check(bench, idle=stopping_after(bench, passes))
    asked, answered = messages_of(bench, OUT), messages_of(bench, IN)
    for name in ("north", "south"):
        bench.wake(name)
    found = check(bench)
    fits = {json.loads(m[3])["signed"]["fit"] for m in asked}
    if not any(kind == "closing" for _, kind, *_ in asked):
        # What was sent and answered before is what stands there after, and it was not computed again.
        assert set(map(str, asked)) <= set(map(str, messages_of(bench, OUT)))
        assert set(map(str, answered)) <= set(map(str, messages_of(bench, IN)))
        assert [kind for node, kind, *_ in messages_of(bench, OUT) if node == "north"] == ["request", "closing"]
        assert fits <= {1}
    assert said(found, "north") == said(found, "south")


def north_alone(bench: Bench, passes: int = 1000) -> Callable[[float], None]:
    """Both introduce themselves, then north alone works, then the server is killed."""
    end = stopping_after(bench, passes)

    def idle(seconds: float) -> None:
        end(seconds)
        bench.asleep = {"south"}

    return idle


def test_a_node_killed_after_it_journalled_sends_the_same_bytes(bench: Bench) -> None:
    with pytest.raises(Killed):
        check(bench, idle=north_alone(bench, 4))
    before = [m for m in messages_of(bench, IN) if m[0] == "north"]
    share = bench.folder / "exchange" / "lbw" / "north" / "to-server"
    lying = {p.name: p.read_bytes() for p in share.iterdir()}
    assert any("differences" in name for name in lying)
    for path in share.iterdir():
        path.unlink()
    bench.home("north").data.unlink()
    bench.wake("north").work()
    assert {p.name: p.read_bytes() for p in share.iterdir()} == lying
    bench.asleep = set()
    assert said(check(bench), "north")
    assert [m for m in messages_of(bench, IN) if m[0] == "north"][: len(before)] == before


def test_a_check_that_has_ended_is_made_anew(bench: Bench) -> None:
    first = check(bench)
    rewritten(bench, "south", "'age',\n", "\n")
    second = check(bench)
    assert said(first, "south") != said(second, "south")
    assert sorted(p.name for p in (bench.folder / "server" / "runs").iterdir()) == ["check1", "check2"]


def test_fits_and_checks_take_turns(bench: Bench) -> None:
    check(bench)
    fitted = bench.run()
    check(bench)
    assert bench.run().to_json() == fitted.to_json()
    assert bench.run("logit low age").status == "converged"
    runs = sorted(p.name for p in (bench.folder / "server" / "runs").iterdir())
    assert runs == ["check1", "check3", "fit2", "fit4"]


def test_a_fit_that_was_broken_off_is_set_aside_by_a_check_and_comes_back(bench: Bench) -> None:
    with pytest.raises(Killed):
        bench.run(idle=stopping_after(bench, 3))
    assert check(bench).unanswered == ()
    assert bench.run().status == "converged"


def test_a_node_that_refuses_is_named_and_the_others_are_shown(bench: Bench) -> None:
    bench.home("south").data.write_text("", encoding="utf-8")
    found = check(bench)
    states = {site.node: site.state for site in found.sites}
    assert states == {"north": ANSWERED, "south": "refused: its data file cannot be read"}
    assert "south: refused: its data file cannot be read" in found.summary()
    assert said(found, "north")
    assert said(found, "south") == set()
    assert json.loads(found.to_json())["sites"][1]["state"].startswith("refused")
    (body,) = [json.loads(m[3])["signed"]["body"] for m in messages_of(bench, IN) if m[1] == "refusal"]
    assert body["names"] == []
    # The next one is a check like any other.
    data(bench.home("south").data.parent, "south")
    assert check(bench).unanswered == ()


def test_a_refusal_does_not_end_the_wait_for_the_others(bench: Bench) -> None:
    bench.home("north").data.write_text("", encoding="utf-8")
    passes = 0

    def south_late(_seconds: float) -> None:
        nonlocal passes
        passes += 1
        bench.asleep = {"south"} if 1 < passes < 6 else set()
        bench.work()

    states = {site.node: site.state for site in check(bench, idle=south_late).sites}
    assert states == {"north": "refused: its data file cannot be read", "south": ANSWERED}


def test_a_node_that_knows_only_fits_refuses_and_says_what_it_runs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {id(bench.nodes["south"].clerk._answerer)}  # noqa: SLF001 - which node it is
    answer = step.Answerer.answer

    def of_its_kind(self, requests):
        if id(self) not in old:
            return answer(self, requests)
        with monkeypatch.context() as patch:
            patch.setattr(gate, "read_proposal", Proposal.from_dict)
            # What a process has read before it knows, and here all nodes are one process.
            patch.setattr(gate, "_read", gate._read.__wrapped__)  # noqa: SLF001 - without its memory
            patch.setattr(step, "Check", type(None))
            return answer(self, requests)

    monkeypatch.setattr(step.Answerer, "answer", of_its_kind)
    monkeypatch.setattr("fedfolder.node.step.SOFTWARE", "fedfolder 0.0.9")
    found = check(bench)
    assert {site.node: site.state.split(";")[0] for site in found.sites} == {
        "north": ANSWERED,
        "south": "refused: the request is not one that it answers",
    }
    assert "it runs fedfolder 0.0.9" in found.sites[1].state


def test_who_has_not_answered_in_time_is_named_and_asked_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.clock = Clock(monkeypatch)
    found = check(bench, timeout=1.0, idle=north_alone(bench, 10**9), progress=Teller())
    states = {site.node: site.state for site in found.sites}
    assert states == {"north": ANSWERED, "south": NO_ANSWER}
    assert said(found, "north")
    again, bench.asleep = Teller(), set()
    assert check(bench, progress=again).unanswered == ()
    assert again.told[0] == "Going on with check 1."
    assert [kind for node, kind, *_ in messages_of(bench, OUT) if node == "north"] == ["request", "closing"]


def test_a_study_without_a_dictionary_says_how_to_get_one(bench: Bench) -> None:
    (bench.folder / "server" / "dictionary.csv").unlink()
    with pytest.raises(ConfigError) as raised:
        check(bench)
    assert "fedfolder study dictionary" in raised.value.do


def test_two_dictionaries_are_one_too_many(bench: Bench) -> None:
    path = bench.folder / "server" / "study.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[variables.age]\ntype = "whole"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="two dictionaries"):
        check(bench)
    (bench.folder / "server" / "dictionary.csv").unlink()
    assert check(bench).dictionary.names == ("age",)


def test_a_slip_in_the_dictionary_stops_what_needs_it_and_nothing_else(bench: Bench) -> None:
    written(bench, "name,type\nage,hole\n")
    for needs_it in (lambda: check(bench), bench.run):
        with pytest.raises(ConfigError) as raised:
            needs_it()
        assert raised.value.where.endswith("dictionary.csv, line 2")
    assert bench.study.nodes == ("north", "south")


def test_study_toml_may_name_a_table_elsewhere(bench: Bench, tmp_path: Path) -> None:
    (bench.folder / "server" / "dictionary.csv").rename(tmp_path / "births.csv")
    path = bench.folder / "server" / "study.toml"
    path.write_text(f"dictionary = '{tmp_path / 'births.csv'}'\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert check(bench).dictionary.names == ("low", "age", "smoke", "bmi")
    (tmp_path / "births.csv").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        check(bench)


def test_labels_of_the_dictionary_stand_in_the_table_of_a_fit(bench: Bench) -> None:
    found = bench.run("logit low age i.smoke")
    assert found.labels == {"smoke": {"0": "never", "1": "ever", "2": "sometimes"}}
    assert "       ever  |" in found.summary()
    assert "1.smoke" in found.params.index


# -- what a server that lies can have ----------------------------------------------------------------------------------

CHECK = Check(parse(DICTIONARY.encode(), where=""), (("north", "aa"),))


@pytest.mark.parametrize("change", [
    {"sample": "some rows"}, {"asked": []}, {"published": "everything"}, {"roster": None}, {"dictionary": None},
    {"dictionary": [{"name": "age"}]}, {"dictionary": [{"name": "age", "type": "whole", "low": 10}]},
    {"dictionary": [{"name": "age", "type": "whole", "code": "x"}]}, {"command": "logit low age"}, {"check": "a fit"},
])  # fmt: skip
def test_a_proposal_that_says_anything_else_is_refused(change: dict[str, object]) -> None:
    plain = json.loads(json.dumps(CHECK.to_dict()))
    assert read_proposal(plain) == CHECK
    with pytest.raises(RefusedError):
        read_proposal({**plain, **change})


def carried(round_: int, said: messages.Content, **fields: str):
    @dataclasses.dataclass
    class Header:
        round: int
        body: dict[str, object]
        proposal: str = ""
        roster: str = ""
        protocol: str = ""

    @dataclasses.dataclass
    class Carried:
        header: Header
        parts: dict[str, bytes]

    return Carried(Header(round_, dict(said.body), **fields), dict(said.files))


def test_a_check_has_one_question_and_no_result() -> None:
    question = next(plan_check.program_of(CHECK))
    digests = gate.digests(CHECK, question)
    first = carried(1, messages.request(question, None, CHECK.to_dict()), **digests)
    assert gate.question(CHECK, [first]) == question
    sums = question.read_answer({"nodes": "1"}, b"variable,fact,which,sites\n(file),rows,none,1\n", where="")
    again = carried(2, messages.request(question, sums, None), **digests)
    with pytest.raises(RefusedError):
        gate.question(CHECK, [first, again])
    closing = carried(2, messages.closing(sums, "converged"))
    assert gate.result(CHECK, [first, closing]) is None
    with pytest.raises(RefusedError):
        gate.question(CHECK, [dataclasses.replace(first, header=dataclasses.replace(first.header, proposal="bb"))])


def test_an_answer_that_says_more_is_not_taken_and_the_others_are_heard(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = step.Answerer.answer

    def lie(self, requests):
        said = honest(self, requests)
        if self.me.name == "south" or isinstance(said, Held):
            return said
        name, table = next(iter(said.content.files.items()))
        content = messages.Content(said.content.body, {name: table + b"age,median,41,1\n"})
        return dataclasses.replace(said, content=content)

    monkeypatch.setattr(step.Answerer, "answer", lie)
    found = check(bench)
    assert found.sites[0].state == "no answer that a node can give: this answer says what no check asks"
    assert said(found, "north") == set()
    assert said(found, "south")
    assert "41" not in found.summary() + found.to_json()
    monkeypatch.setattr(step.Answerer, "answer", honest)
    assert check(bench).unanswered == ()


def test_a_custodian_reads_what_each_variable_is_held_against() -> None:
    text = page(Attempt(1, 1, "x"), CHECK, me="north", server=("", ""), policy=Policy(()), review=Review())
    for said in ("variable age: whole, from 10 to 60", "variable smoke: category, one of 0 1 2"):
        assert said in text, said
