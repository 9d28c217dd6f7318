"""The format, byte for byte: a fit of the lbw example with fixed keys, as it lay on the share.

`FEDFOLDER_OVERWRITE_GOLDEN=1` writes the files anew from a real fit; then say in the changelog why.

From round 2 on the sums depend in the last digits on the machine's exp and log, so there the files are held to what the
code does with the same numbers: seal them again, accept them, and let the node's own plan lead to each question.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from fedfolder.custody import gate
from fedfolder.exchange.acceptance import Acceptance, Due
from fedfolder.exchange.envelope import Header, seal
from fedfolder.exchange.journal import Journal
from fedfolder.exchange.mailbox import Identity, Mailbox
from fedfolder.exchange.names import HELLO
from fedfolder.exchange.store import MemoryStore
from tests.exchange import fixed_fit
from tests.exchange.fixed_fit import GOLDEN
from tests.exchange.helpers import clock

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Message

OVERWRITE = os.environ.get("FEDFOLDER_OVERWRITE_GOLDEN") == "1"
STORIES = {"fit": False, "refused": True}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")


def stored(story):
    """The golden files of a story, by direction and name."""
    root = GOLDEN / story
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob("*/*"))}


@pytest.fixture(scope="module", params=list(STORIES))
def story(request):
    return request.param


@pytest.fixture(scope="module")
def made(story, tmp_path_factory):
    """The same story told by the code as it is now."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = fixed_fit.run(tmp_path_factory.mktemp(story), monkeypatch, refused=STORIES[story])
    if OVERWRITE:
        shutil.rmtree(GOLDEN / story, ignore_errors=True)
        for name, content in found.items():
            (GOLDEN / story / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / story / name).write_bytes(content)
    return found


def is_exact(name):
    """Whether a file says nothing that was computed with exp or log, and points at nothing that does."""
    number = int(name.split("/m")[1][:6])
    return number <= 1 or (number == 2 and (name.startswith("to-node") or "closing" in name))


def test_the_code_makes_the_same_files(story, made):
    expected = stored(story)
    assert sorted(made) == sorted(expected)
    for name, content in expected.items():
        if is_exact(name):
            assert made[name] == content, name


def without_digests(value):
    """A header without what depends on the digits of the numbers."""
    if isinstance(value, dict):
        hidden = {"answers", "previous", "sha256", "bytes", "signature", "statement", "statements"}
        return {key: without_digests(inner) for key, inner in value.items() if key not in hidden}
    return [without_digests(inner) for inner in value] if isinstance(value, list) else value


def test_where_digits_may_differ_only_digits_differ(story, made):
    for name, content in stored(story).items():
        ours, theirs = made[name].decode(), content.decode()
        if name.endswith(".json"):
            ours, theirs = (json.dumps(without_digests(json.loads(text))) for text in (ours, theirs))
        assert NUMBER.sub("#", ours) == NUMBER.sub("#", theirs), name
        if "sums.csv" in name or "derivatives.csv" in name:
            for one, other in zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True):
                assert float(one) == pytest.approx(float(other), rel=1e-9, abs=1e-7), name


# -- the files by themselves ---------------------------------------------------------------------------------------


def messages(story, direction):
    """Header, name, content and payloads of each message in one direction, in order."""
    files = {name.split("/")[1]: content for name, content in stored(story).items() if name.startswith(direction)}
    found = []
    for name in sorted(name for name in files if name.endswith(".json")):
        header = msgspec.convert(json.loads(files[name])["signed"], Header)
        payloads = {payload.name: files.pop(payload.name) for payload in header.payloads}
        found.append((header, name, files.pop(name), payloads))
    assert files == {}, "every payload belongs to a message"
    return found


@pytest.mark.parametrize("direction", ["to-node", "to-server"])
def test_sealing_the_same_content_again_gives_the_same_bytes(story, direction):
    for header, name, content, payloads in messages(story, direction):
        key = fixed_fit.private_key(header.sender)
        parts = {part.removeprefix(re.split("instruction|result|[.]json", name)[0]): p for part, p in payloads.items()}
        bare = msgspec.structs.replace(header, payloads=[])
        again = seal(bare, parts, key.sign, key=key.public_key().public_bytes_raw())
        assert (again.name, again.content, dict(again.payloads)) == (name, content, payloads)


def test_the_rules_accept_the_whole_story(story):
    judges: dict[str, Acceptance] = {}
    sent: dict[str, list[Message]] = {"server": [], "north": []}
    for sender, recipient, direction in (("server", "north", "to-node"), ("north", "server", "to-server")):
        header, name, content, _ = messages(story, direction)[0]
        assert name == HELLO
        hello = Acceptance("lbw", sender, recipient, None).hello(name, content)
        judges[sender] = Acceptance("lbw", sender, recipient, bytes.fromhex(header.body["key"]))
        sent[sender].append(hello)
    pairs = zip(messages(story, "to-node")[1:], messages(story, "to-server")[1:], strict=True)
    for request, reply in pairs:
        for sender, (header, name, content, payloads) in (("server", request), ("north", reply)):
            asked = sent["server"][-1] if sender == "north" else None
            due = Due(header.number, sent[sender][-1].digest, asked)
            read = lambda part, _limit, lying=payloads: lying[part]  # noqa: E731 - a dictionary as a store
            sent[sender].append(judges[sender].message(name, content, due, read))
    kinds = [message.header.kind for message in sent["north"]]
    assert kinds == ["hello", "refusal", "receipt"] if story == "refused" else ["hello", *["sums"] * 6, "receipt"]


def test_a_node_with_its_home_accepts_the_story_and_its_plan_leads_to_each_question(tmp_path):
    """The node answers with what it answered then, so the next request follows."""
    key = fixed_fit.private_key("north")
    incoming, outgoing = MemoryStore(), MemoryStore()
    journal = Journal(tmp_path / "journal.sqlite3", clock=clock)
    me = Identity("north", key.public_key().public_bytes_raw(), key.sign)
    box = Mailbox("lbw", me, "server", incoming=incoming, outgoing=outgoing, journal=journal)
    box.open({"role": "node", "software": fixed_fit.SOFTWARE})
    asked = []
    replies = {header.number: (header, payloads) for header, _, _, payloads in messages("fit", "to-server")}
    for _, name, content, payloads in messages("fit", "to-node"):
        for part, data in [*payloads.items(), (name, content)]:
            incoming.write(part, data)
        message = box.receive()
        assert message is not None, box.findings
        if message.header.kind == "request":
            asked.append(message)
            assert gate.question(gate.proposal_of(asked), asked).kind in {"moments", "derivatives"}
        if message.header.kind != "hello":
            header, answer = replies[message.header.number]
            fields = {
                f: getattr(header, f) for f in ("kind", "fit", "attempt", "round", "proposal", "protocol", "roster")
            }
            parts = {part.split("-", 3)[3]: data for part, data in answer.items()}
            box.post(parts, event="answered", body=header.body, **fields)
            box.publish()
    journal.close()
    expected = {name.split("/")[1]: data for name, data in stored("fit").items() if name.startswith("to-server")}
    assert outgoing.contents == expected
