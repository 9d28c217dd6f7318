"""Two ends of a channel with fixed keys, stores that behave badly, and what a forger needs."""

from __future__ import annotations

import hashlib
import random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedfolder.exchange import strict_json
from fedfolder.exchange.envelope import Header, seal
from fedfolder.exchange.journal import IN, OUT, Journal
from fedfolder.exchange.mailbox import Identity, Mailbox
from fedfolder.exchange.store import FolderStore, MemoryStore

STUDY = "lbw"
BETA = b"equation,term,b1\nxb,age,0\nxb,_cons,0\n"


def identity(name, seed=None):
    """The home `name`, its key made from a text."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256((seed or name).encode()).digest())
    return Identity(name, key.public_key().public_bytes_raw(), key.sign)


SERVER, NODE, STRANGER = identity("server"), identity("north"), identity("north", "a stranger")


def clock():
    return "2024-01-01T00:00:00+00:00"


class RoughStore(MemoryStore):
    """A share at its worst: files come late, torn and in any order, copies appear, and files are lost, for a while."""

    def __init__(self, seed, faults=60):
        super().__init__()
        self.chance = random.Random(seed)  # noqa: S311 - which fault comes when, no secret
        self.faults = faults
        self.coming = {}

    def _strikes(self):
        struck = self.faults > 0 and self.chance.random() < 0.4
        self.faults -= struck
        return struck

    def write(self, name, content, *, lasting=True):  # noqa: ARG002 - there is no power to cut
        self.coming[name] = bytes(content)
        if self._strikes():
            self.contents[name] = content[: self.chance.randrange(len(content) + 1)]

    def names(self):
        for name in list(self.coming):
            if not self._strikes():
                self.contents[name] = self.coming.pop(name)
        if self.contents and self._strikes():
            self._harm(self.chance.choice(list(self.contents)))
        found = list(self.contents)
        self.chance.shuffle(found)
        return found[1:] if self._strikes() else found

    def _harm(self, name):
        content = self.contents[name]
        stem, _, suffix = name.partition(".")
        match self.chance.randrange(5):
            case 0:
                del self.contents[name]
            case 1:
                self.contents[name] = content[: self.chance.randrange(len(content) + 1)]
            case 2:
                self.contents[name] = bytes(len(content))
            case 3:
                self.contents[f"{stem} (1).{suffix}"] = content
            case 4:
                self.contents[f"{stem}-copy.{suffix}"] = content


class End:
    """One home: journal and mailbox; `restart` is a new process on the same home."""

    def __init__(self, path, me, peer, incoming, outgoing):
        self.path, self.me, self.peer = path, me, peer
        self.incoming, self.outgoing = incoming, outgoing
        self.computed = []
        self.start()

    def start(self):
        self.journal = Journal(self.path, clock=clock)
        self.box = Mailbox(
            STUDY, self.me, self.peer.name, incoming=self.incoming, outgoing=self.outgoing, journal=self.journal
        )

    def restart(self):
        self.journal.close()
        self.start()

    def open(self):
        self.box.open({"role": "server" if self.me.name == "server" else "node"})

    def post(self, number):
        """Ask question `number`, or answer it; what is computed is new each time, as a clock would be."""
        self.computed.append(number)
        fields = {"fit": 1, "attempt": 1, "round": number, "body": {"n": number, "by": self.me.name}}
        if self.me.name == "server":
            return self.box.post({"beta.csv": BETA + b"%d" % number}, event="asked", kind="request", **fields)
        times = len(self.computed)
        return self.box.post({"derivatives.csv": b"%d,%d" % (number, times)}, event="answered", kind="sums", **fields)

    def turn(self, rounds):
        """What a program does in one pass, step by step."""
        self.open()
        yield
        while True:
            self.box.publish()
            yield
            self.box.receive()
            yield
            sent = newest(self.journal, self.peer.name, OUT)
            if self.box.waits_for() is None and not (self.me.name == "server" and sent >= rounds):
                self.post(sent + 1)
            yield

    def sent(self):
        return messages(self.journal, self.peer.name, OUT)

    def received(self):
        return messages(self.journal, self.peer.name, IN)


def newest(journal, peer, direction):
    """The highest number in a journal, -1 if there is none."""
    last = journal.last(peer, direction)
    return last.header.number if last else -1


def messages(journal, peer, direction):
    """Every message in a journal: number to its bytes."""
    numbers = range(newest(journal, peer, direction) + 1)
    found = [journal.message(peer, direction, number) for number in numbers]
    return {m.header.number: (m.name, m.content, dict(m.payloads), m.digest) for m in found if m}


class Pair:
    """A server and a node on two stores."""

    def __init__(self, path, to_node, to_server):
        path.mkdir(exist_ok=True)
        self.to_node, self.to_server = to_node, to_server
        self.server = End(path / "server.sqlite3", SERVER, NODE, to_server, to_node)
        self.node = End(path / "node.sqlite3", NODE, SERVER, to_node, to_server)

    def close(self):
        self.server.journal.close()
        self.node.journal.close()

    def greet(self):
        self.server.open()
        self.node.open()
        for end in (self.server, self.node):
            hello = end.box.receive()
            assert hello is not None
            assert hello.header.kind == "hello"

    def ask(self, number=1):
        message = self.server.post(number)
        self.server.box.publish()
        return message

    def answer(self, number=1):
        asked = self.node.box.receive()
        assert asked is not None
        assert asked.header.number == number
        message = self.node.post(number)
        self.node.box.publish()
        return message

    def converse(self, rounds, disturb=lambda _step: (), limit=4000):
        """Let both work in turn until the server has all answers; `disturb` says who is restarted after a step."""
        ends = {"server": self.server, "node": self.node}
        turns = {name: end.turn(rounds) for name, end in ends.items()}
        for step in range(limit):
            next(turns["server" if step % 2 == 0 else "node"])
            for name in disturb(step):
                ends[name].restart()
                turns[name] = ends[name].turn(rounds)
            if newest(self.server.journal, NODE.name, IN) == rounds:
                return step
        raise AssertionError("the conversation came to no end")


STORES = ("folders", "memory", "rough")


def stores(kind, path):
    """The two stores of a channel, to the node and to the server."""
    if kind == "folders":
        return [FolderStore(made(path / name)) for name in ("to-node", "to-server")]
    return [MemoryStore(), MemoryStore()] if kind == "memory" else [RoughStore(1), RoughStore(2)]


def made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def contents(store):
    """What lies in a store: name to bytes."""
    return {name: store.read(name, 1 << 30) for name in store.names()}


def header(sender, recipient, **fields):
    """A header of a request (or a reply) with number 1, to be changed by name."""
    first = {"kind": "request" if sender == "server" else "sums", "number": 1, "fit": 1, "attempt": 1, "round": 1}
    return Header(study=STUDY, sender=sender, recipient=recipient, **{**first, **fields})


def forged(header, payloads, who):
    """A message sealed with any key."""
    return seal(header, payloads, who.sign, key=who.key)


def raw(signed, *signers):
    """An envelope around any object, signed by each of `signers`, however wrong it is."""
    canonical = strict_json.canonical(signed)
    found = [{"key": who.key.hex(), "signature": who.sign(canonical).hex()} for who in signers]
    return strict_json.pretty({"signed": signed, "signatures": found})
