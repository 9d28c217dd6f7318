"""Every reader of bytes that somebody else wrote, with valid ones to begin from.

A reader takes any bytes. It may read them, or end with one of our own errors; anything else is a fault, and so is a
reader that takes its time. `READERS` is what tests/fuzz/test_fuzz.py and scripts/fuzz.py run.
"""

from __future__ import annotations

import atexit
import functools
import io
import itertools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from fedfolder import dictionary as dictionaries
from fedfolder import settings
from fedfolder.custody import audit_file, keys
from fedfolder.dictionary import tables
from fedfolder.errors import FedfolderError, MessageError
from fedfolder.estimates import FitResult
from fedfolder.exchange import audit, parcel, strict_json
from fedfolder.exchange.acceptance import Acceptance, Due
from fedfolder.exchange.audit import START, Line
from fedfolder.exchange.envelope import seal
from fedfolder.exchange.journal import Journal
from fedfolder.exchange.keeping import kept_header
from fedfolder.exchange.names import FileName
from fedfolder.exchange.parcel import Place
from fedfolder.node import words
from fedfolder.node.data import describe, read_held, read_variables, sample_from_frame, write_dta
from fedfolder.node.home import NodeSettings, place
from fedfolder.node.reading import reading_of
from fedfolder.plan import messages
from fedfolder.plan.check import Check, program_of, read_proposal, subject
from fedfolder.plan.few import FewTrips
from fedfolder.plan.messages import Content
from fedfolder.plan.preflight import Preflight
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.plan.restart import Restart
from fedfolder.questions.question import Question
from fedfolder.questions.refusals import Refusal
from fedfolder.questions.sums import read_table
from fedfolder.questions.together import single
from fedfolder.server.study import StudySettings
from fedfolder.server.words import refusal_in_words
from tests.exchange.helpers import BETA, NODE, SERVER, STUDY, clock, header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fedfolder.plan.check import AnyProposal
    from fedfolder.questions.sums import Sums


@dataclass(frozen=True)
class Reader:
    """Reads bytes with `read`; `seeds` are valid. `slow` ones read a file, perhaps in a process of its own."""

    name: str
    seeds: Sequence[bytes]
    read: Callable[[bytes], object]
    slow: bool = False


def attempt(reader: Reader, content: bytes) -> bool:
    """Read; whether the bytes were taken. Anything but one of our own errors is raised."""
    try:
        reader.read(content)
    except FedfolderError as error:
        str(error)
        return False
    return True


SCRATCH = Path(tempfile.mkdtemp(prefix="fedfolder-fuzz-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)
COUNT = itertools.count()

# ------------------------------------------------------------------------------------------------ messages

REQUEST = seal(header("server", "north", number=1, fit=1, attempt=1, round=1, body={"question": {"kind": "moments"}}),
               {"beta.csv": BETA}, SERVER.sign, key=SERVER.key)  # fmt: skip
HELLO = seal(header("server", "north", kind="hello", number=0, body={"key": SERVER.key.hex(), "role": "server"}), {},
             SERVER.sign, key=SERVER.key)  # fmt: skip
RULES = Acceptance(STUDY, "server", "north", SERVER.key)
DUE = Due(1, "", None)


def _message(content: bytes) -> object:
    return RULES.message(REQUEST.name, content, DUE, lambda name, _most: REQUEST.payloads.get(name))


def _hello(content: bytes) -> object:
    return Acceptance(STUDY, "server", "north", None).hello(HELLO.name, content)


def _signed(content: bytes) -> object:
    """What is signed may be anything: who signs is the other side itself."""
    signed = strict_json.loads(content, where="")
    canonical = strict_json.canonical(signed)
    signature = {"key": SERVER.key.hex(), "signature": SERVER.sign(canonical).hex()}
    message = RULES.message(
        REQUEST.name,
        strict_json.pretty({"signed": signed, "signatures": [signature]}),
        DUE,
        lambda name, _most: REQUEST.payloads.get(name),
    )
    return words.received(message)


def _words(content: bytes) -> object:
    """What a log and a screen say of a body."""
    body = _object(content)
    said = [refusal_in_words(body), subject(body)]
    for kind in ("request", "closing", "sums", "refusal", "receipt"):
        message = msgspec.structs.replace(REQUEST.header, kind=kind, body=body)
        shown = type(REQUEST)(message, REQUEST.name, b"", "", REQUEST.payloads)
        said.append(words.received(shown))
    return said


def _object(content: bytes) -> dict[str, Any]:
    """The body of a message, as far as acceptance lets one through."""
    found = strict_json.loads(content, where="")
    strict_json.canonical(found)
    if not isinstance(found, dict):
        raise MessageError("no object")
    return found


def _json(value: object) -> bytes:
    return strict_json.pretty(value)


# ------------------------------------------------------------------------------------------------ what a plan reads

ROSTER = (("north", "aa"), ("south", "bb"))
RNG = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "y": RNG.integers(0, 4, 90).astype(float),
        "low": RNG.integers(0, 2, 90).astype(float),
        "x": RNG.normal(size=90),
        "g": RNG.integers(0, 3, 90).astype(float),
        "id": RNG.integers(0, 9, 90).astype(float),
        "t": RNG.integers(1, 4, 90).astype(float),
        "years": RNG.exponential(2.0, 90) + 0.01,
    }
)
BY_DF = "stpm2 x, scale(hazard) df(2) bknots(0.001 30) time(years) failure(low)"
COMMANDS = (
    "logit low x i.g",
    "nbreg y x",
    "logit low x, vce(cluster id, across)",
    "regress y x, vce(robust)",
    "mlogit y x",
    "stcox x, time(t) failure(low) efron",
    "stcox x, time(t) failure(low) strata(_node) phtest(log)",
    "stcox x, time(t) failure(low) phtest(km)",
    "stcox x, time(t) failure(low) strata(_node) basesurv(1 2)",
    BY_DF,
    "streg x i.g, distribution(weibull) time(years) failure(low) standsurv(1 2.5) at1(g 1) at2(.)",
    "melogit low x || id:, intpoints(3)",
    "stset years, failure(low==1) id(id) exit(low==1 time 5); stsplit fu, at(0 1); streg i.fu, d(e)",
)
DICTIONARY = dictionaries.parse(
    b"name,type,level,label,unit,low,high\nx,number,,,kg,-5,5\ng,category,0,none,,,\n,,1,one,,,\n,,2,two,,,\n",
    where="seed",
)
CHECK = Check(DICTIONARY, ROSTER)
PREFLIGHT = Preflight(Proposal(read_command("logit y x i.g"), ROSTER))


@dataclass(frozen=True)
class Conversation:
    """A fit as its messages: what was asked, and each answer with its question."""

    proposal: AnyProposal
    contents: tuple[Content, ...]
    replies: tuple[tuple[Question, Content], ...]


def _fitted(command: str, few: FewTrips | None = None) -> Conversation:
    proposal = Proposal(read_command(command), ROSTER, few=few)
    return _conversation(proposal, sample_from_frame(FRAME, proposal.command, node="north"))


def _checked() -> Conversation:
    FRAME.to_csv(SCRATCH / "seed.csv", index=False, lineterminator="\n")
    return _conversation(CHECK, read_held(SCRATCH / "seed.csv", ["x", "g"]))


def _conversation(proposal: AnyProposal, data: Any) -> Conversation:
    program, published = program_of(proposal), None
    requests: list[Content] = []
    replies: list[tuple[Question, Content]] = []
    question: Any = next(program)
    status = ""
    while not status:
        requests.append(messages.request(question, published, None if requests else proposal.to_dict()))
        replies.append((question, messages.reply(question, question.compute(data))))
        published = messages.read_reply(*replies[-1], where="seed")
        try:
            question = program.send((question, published))
        except StopIteration as end:
            status = end.value.status if end.value is not None else "checked"
    return Conversation(proposal, (*requests, messages.closing(published, status)), tuple(replies))


@functools.cache
def conversations() -> tuple[Conversation, ...]:
    """A fit of each of `COMMANDS`, one in few trips, a check, and a preflight."""
    preflight = _conversation(PREFLIGHT, [Refusal("smallest_cell", "g"), Refusal("data_version", "", by_person=True)])
    few = _fitted("logit low x i.g, vce(robust)", FewTrips({"g": ("0", "1", "2")}))
    return (*map(_fitted, COMMANDS), few, _checked(), preflight)


def _plan_readers() -> Iterator[Reader]:
    for conversation in conversations():
        name = type(conversation.proposal).__name__.lower()
        command = str(getattr(conversation.proposal, "command", name)).replace(" ", "_")
        contents = conversation.contents
        for k in sorted({0, 1, 2, len(contents) - 1} & set(range(len(contents)))):
            content = contents[k]
            for part in ["", *content.files]:
                seed = content.files[part] if part else _json(dict(content.body))
                read = functools.partial(_request, conversation, k, part)
                yield Reader(f"{name} {command} request {k + 1} {part or 'body'}", [seed], read)
        seen = set()
        for question, reply in conversation.replies:
            kinds = (question.kind, *(part.kind for part in single(question)))
            if kinds in seen:
                continue
            seen.add(kinds)
            for part in ["", *reply.files]:
                seed = reply.files[part] if part else _json(dict(reply.body))
                answer = functools.partial(_reply, question, reply, part)
                yield Reader(f"{command} reply to {' '.join(kinds)} {part or 'body'}", [seed], answer)


def _with(content: Content, part: str, new: bytes) -> Content:
    return Content(content.body, {**content.files, part: new}) if part else Content(_object(new), content.files)


def _request(conversation: Conversation, k: int, part: str, new: bytes) -> object:
    """A node reads the k-th request, or the closing, as the gate does."""
    contents = [*conversation.contents[:k], _with(conversation.contents[k], part, new)]
    proposal = read_proposal(contents[0].part(messages.PROPOSAL))
    program = program_of(proposal)
    if k == len(conversation.contents) - 1:
        return messages.ends_with(program, contents)
    return messages.comes_to(program, contents)


def _reply(question: Question, reply: Content, part: str, new: bytes) -> Sums:
    return messages.read_reply(question, _with(reply, part, new), where="north")


def _proposal(content: bytes) -> object:
    found = read_proposal(_object(content))
    return found.to_dict()


def _restart(content: bytes) -> object:
    return Restart.from_dict(strict_json.loads(content, where=""), read_command(COMMANDS[0]))


def _restart_of_knots(content: bytes) -> object:
    return Restart.from_dict(strict_json.loads(content, where=""), read_command(BY_DF))


def _restarted(command: str = COMMANDS[0]) -> bytes:
    replies = conversations()[COMMANDS.index(command)].replies[: 1 + (command == BY_DF)]
    *events, moments = (messages.read_reply(question, reply, where="") for question, reply in replies)
    return _json(Restart(("east",), 1, moments, *events).to_dict())


# ------------------------------------------------------------------------------------------------ files


def _lying(content: bytes, name: str) -> Path:
    path = SCRATCH / name
    path.write_bytes(content)
    return path


def _data(suffix: str, content: bytes) -> object:
    path = _lying(content, f"data{suffix}")
    found = describe(path)
    return read_variables(path, [variable.name for variable in found.variables[:4] if not variable.problem])


def _csv_seeds() -> list[bytes]:
    texts = (
        "y,x,name\n1,2.5,a\n0,,b\n1,.a,\u00e6\n",
        'y;x;"name of it"\n1;2,5;01.02.2003\n0;;13.02.2003\n',
        "a|b\n1|1.234,5\n2|NA\n",
        "a\tb\r\n1\t2\r\n",
    )
    return [*(text.encode() for text in texts), texts[0].encode("cp1252"), texts[0].encode("utf-8-sig")]


def _dta_seeds() -> list[bytes]:
    FRAME.to_csv(SCRATCH / "seed.csv", index=False)
    write_dta(read_variables(SCRATCH / "seed.csv", ["y", "x", "g"]), SCRATCH / "seed.dta")
    labelled = pd.DataFrame({"g": pd.Categorical(["a", "b"]), "t": ["x", "yy"]})
    found = [(SCRATCH / "seed.dta").read_bytes()]
    for version in (114, 117, 118, 119):
        labelled.to_stata(SCRATCH / "labelled.dta", write_index=False, version=version)
        found.append((SCRATCH / "labelled.dta").read_bytes())
    return found


NODE_TOML = b"""format = 1
data = 'births.csv'
exchange = '/x/lbw/north'
variables = { low = "lavvekt", age = "age" }
cluster_scores = false
[waiting]
longest_pause = 5.0
[reading]
delimiter = ";"
dates = ["dd.mm.yyyy"]
missing = ["NA", -9, 1.5]
[recode.low]
J = 1
"2" = "."
"""
STUDY_TOML = b"""format = 1
name = 'lbw'
exchange = '/x'
nodes = ['north']
[waiting]
timeout = 0.0
[variables.age]
type = "whole"
unit = "years"
low = 10
high = "60"
[variables.race]
type = "category"
levels = { 1 = "white", 2 = "black" }
"""


def _node_toml(content: bytes) -> object:
    found = settings.load(_lying(content, "node.toml"), NodeSettings, make="node init")
    names = found.variables if isinstance(found.variables, dict) else {}
    place(Path(found.exchange))
    return reading_of(found.reading, names, found.recode)


def _study_toml(content: bytes) -> object:
    found = settings.load(_lying(content, "study.toml"), StudySettings, make="study new")
    return tables.from_tables(found.variables, content.decode("utf-8-sig"), where="study.toml")


def _key(content: bytes) -> object:
    folder = SCRATCH / "home" / keys.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / keys.FILE).write_bytes(content)
    (folder / keys.FILE).chmod(0o600)
    return keys.load(SCRATCH / "home", "north")


def _key_seed() -> bytes:
    home = SCRATCH / f"key{next(COUNT)}"
    home.mkdir()
    keys.create(home)
    return (home / keys.FOLDER / keys.FILE).read_bytes()


def _journal(content: bytes) -> object:
    path = SCRATCH / "journal.sqlite3"
    for left in SCRATCH.glob("journal.sqlite3*"):
        left.unlink()
    path.write_bytes(content)
    journal = Journal(path, clock=clock)
    try:
        return journal.verify(), journal.last("server", "in"), journal.headers("server", "in")
    finally:
        journal.close()


def _journal_seed() -> bytes:
    path = SCRATCH / "seed.sqlite3"
    path.unlink(missing_ok=True)
    journal = Journal(path, clock=clock)
    journal.append("server", "in", REQUEST, event="accepted")
    journal.close()
    return path.read_bytes()


def _exported() -> bytes:
    lines: list[Line] = []
    for number in range(1, 6):
        line = Line(clock(), "checked", "server", number, {"rule": "levels", "result": "held"}, number, "")
        lines.append(line.after(lines[-1].digest if lines else START))
    return b"".join(audit_file.export(STUDY, NODE, lines))


def _parcel() -> bytes:
    files = {Place("lbw", "north", "to-node", name): content for name, content in REQUEST.payloads.items()}
    return parcel.pack({**files, Place("lbw", "north", "to-node", REQUEST.name): REQUEST.content}, "a page")


def _unpacked(content: bytes) -> object:
    found = parcel.unpack(content, where="parcel")
    return {place_: len(data) for place_, data in found.items()}


def _result() -> bytes:
    conversation = conversations()[0]
    found = messages.ends_with(program_of(conversation.proposal), conversation.contents)
    assert found is not None
    return found.to_json().encode()


def _fit_result(content: bytes) -> object:
    # A file is read as text by whoever asks for it; here it is what that gives.
    found = FitResult.from_json(content.decode("utf-8", "replace"), where="result.json")
    return found.summary()


def _audit_row(content: bytes) -> object:
    line = audit.from_row(("now", "checked", "server", 1, content.decode("utf-8", "replace"), 1, START))
    return audit.in_words(line), line.after(START)


def _readers() -> Iterator[Reader]:
    yield Reader("message", [REQUEST.content], _message)
    yield Reader("hello", [HELLO.content], _hello)
    yield Reader("what is signed", [_json(strict_json.loads(REQUEST.content, where="")["signed"])], _signed)
    refusal: Mapping[str, Any] = {"code": "Variable", "names": ["x"], "nearest": ["y"], "software": "fedfolder 0"}
    proposals = [_json(c.proposal.to_dict()) for c in conversations()]
    bodies = [_json({"question": {"kind": "x"}, "proposal": {"command": "c"}, "status": "s", **refusal})]
    yield Reader("words about a body", bodies, _words)
    yield Reader("strict JSON", [REQUEST.content, *proposals[:1]], lambda content: strict_json.loads(content, where=""))
    yield Reader("kept header", [msgspec.json.encode(REQUEST.header)], lambda content: kept_header(content, where=""))
    yield Reader(
        "file name", [REQUEST.name.encode()], lambda content: FileName.parse(content.decode("utf-8", "replace"))
    )
    yield Reader("proposal", proposals, _proposal)
    yield Reader("restart", [_restarted(), _json({"without": ["east"], "start": 0})], _restart)
    yield Reader("restart with knots", [_restarted(BY_DF)], _restart_of_knots)
    more = b'glm y c.x##i.g if x>1 & name=="a" [pw=w], family(poisson) link(log) vce(cluster id)'
    yield Reader(
        "command",
        [*(command.encode() for command in COMMANDS), more],
        lambda content: read_command(content.decode("utf-8", "replace")),
    )
    yield Reader("table of sums", [BETA], lambda content: read_table(content, ("equation", "term"), where="t"))
    yield Reader("dictionary", [dictionaries.write(DICTIONARY)], lambda content: dictionaries.parse(content, where="d"))
    yield Reader("parcel", [_parcel()], _unpacked)
    yield Reader("result", [_result()], _fit_result)
    yield Reader("exported audit", [_exported()], lambda content: audit_file.read(io.BytesIO(content), where="a"))
    yield Reader("line of the audit", [b'{"rule":"levels"}'], _audit_row)
    yield from _plan_readers()
    yield Reader("node.toml", [NODE_TOML], _node_toml, slow=True)
    yield Reader("study.toml", [STUDY_TOML], _study_toml, slow=True)
    yield Reader("private key", [_key_seed()], _key, slow=True)
    yield Reader("journal", [_journal_seed()], _journal, slow=True)
    yield Reader("data .csv", _csv_seeds(), functools.partial(_data, ".csv"), slow=True)
    yield Reader("data .dta", _dta_seeds(), functools.partial(_data, ".dta"), slow=True)


READERS = {reader.name: reader for reader in _readers()}


def asked_kinds() -> set[str]:
    """The kinds of question whose declaration, beta and answers some reader reads."""
    asked = [question for c in conversations() for question, _ in c.replies]
    return {part.kind for question in asked for part in (question, *single(question))}


def all_kinds() -> set[str]:
    """The kinds of question that there are."""

    def below(cls: type[Question]) -> Iterator[str]:
        for child in cls.__subclasses__():
            if "kind" in vars(child):
                yield child.kind
            yield from below(child)

    return set(below(Question))  # type: ignore[type-abstract] # only looked at
