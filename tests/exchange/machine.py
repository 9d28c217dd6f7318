"""Two homes, a share at its worst and crashes anywhere, driven at random, each step held against the model.

After each step what the code can be seen to do must be what the model says: whose turn it is, what is journalled, what
lies on the share, what is mended, deleted, accepted or stopped at.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import shutil
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from fedfolder.errors import AlarmError, ExchangeError, HomeInUseError, JournalError
from fedfolder.exchange import files
from fedfolder.exchange.journal import IN, OUT, Journal
from fedfolder.exchange.mailbox import Mailbox
from fedfolder.exchange.names import HELLO, FileName
from tests.exchange.helpers import BETA, STUDY, clock, identity, made, messages
from tests.exchange.model import (
    ABOVE,
    ACCEPTED,
    GREETED,
    GREETING,
    HELLO_LOST,
    LOST,
    NEW,
    OUT_OF_REACH,
    OWING,
    OWN,
    RELEASED,
    SIDES,
    SPOKE,
    STARTED,
    STARTED_ALONE,
    STARTED_BESIDE,
    STATES,
    TIME_OVER,
    TROUBLES,
    TURN,
    TWO,
    WAITING,
    Model,
    parts_of,
    said,
)
from tests.exchange.perils import AWAY, COPIES, FAILED, HARMS, JUNK, KILLED, Crash, Doom, Fault, View, copied

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedfolder.exchange.channel import Identity
    from fedfolder.exchange.envelope import Message
    from tests.exchange.model import Row

OTHER = {"server": "node", "node": "server"}
NAMES = {"server": "server", "node": "north"}
ROUNDS = 3
"""Messages of a fit: two questions and the closing."""
MOST = 9
"""Messages after which nobody hurries on."""

# -- homes ----------------------------------------------------------------------------------------------------------


class Home:
    """One home: a journal on the disk, and at most one process. `model` is what the document says of it."""

    def __init__(self, me: Identity, path: Path, model: Model, outgoing: View, incoming: View) -> None:
        self.me, self.path, self.model = me, path, model
        self.outgoing, self.incoming = outgoing, incoming
        self.journal: Journal | None = None
        self.box: Mailbox | None = None
        self.written: set[str] = set()

    @property
    def peer(self) -> str:
        return NAMES[OTHER[self.model.side]]

    def open(self) -> None:
        """Start a process."""
        self.journal = Journal(self.path, clock=clock)
        self.box = Mailbox(
            STUDY, self.me, self.peer, incoming=self.incoming, outgoing=self.outgoing, journal=self.journal
        )
        self.box.open({"role": self.model.side})

    def end(self) -> None:
        """End the process, if there is one, as it should end."""
        if self.journal is not None:
            self.journal.close()
        self.journal = self.box = None

    def killed(self) -> None:
        """Go on from the files as the process left them: closing a database tidies what a kill does not."""
        self.path = copied(self.path)
        self.end()


class Outlook(NamedTuple):
    """What a look may come to: messages by content, of which one must be accepted if `sure`; events that stop it."""

    messages: Mapping[bytes, Message]
    sure: bool
    must_stop: frozenset[str]
    may_stop: frozenset[str]


class Aim(NamedTuple):
    """Whom to bring into which state, and how many messages further on."""

    place: tuple[str, str]
    further: int


class Bench:
    """What a run of the machine shares: a folder, the seams, and the rows that were taken."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.doom = Doom(monkeypatch)
        self.taken: dict[str, Counter[Row]] = {side: Counter() for side in SIDES}
        self._places = (folder / str(number) for number in itertools.count())

    def place(self) -> Path:
        return next(self._places)


# -- the machine ---------------------------------------------------------------------------------------------------

sides = st.sampled_from(SIDES)
views = st.sampled_from(["written", "seen", "both"])
which = st.integers(0, 30)
early = st.integers(0, 3) | st.integers(0, 14)
kills = st.builds(Fault, st.integers(0, 6), st.sampled_from(KILLED))
away = st.just(Fault(0, AWAY))
breaks = st.builds(Fault, early, st.sampled_from([*KILLED, *FAILED]))
writing = st.none() | away | breaks | breaks
looking = st.none() | away | kills
speaking = st.none() | kills
perils = st.sampled_from([*HARMS, *COPIES, *JUNK, "back", "back"])
aims = st.builds(
    Aim, st.sampled_from([(side, state) for side in SIDES for state in STATES[side][1:]]), st.sampled_from([0, 0, 1, 3])
)
hiding = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 3])


class InnocentShare(RuleBasedStateMachine):
    """Two homes over a share that loses, delays, reorders, doubles and tears files, and processes that are killed.

    A file goes from its writer to its reader through two folders for each direction, the writer's view (`written`) and
    the reader's (`seen`); what is carried from one to the other, when and how, is the share's.
    """

    innocent = True

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench, self.doom = bench, bench.doom
        self.doom.arm(None)
        self.doom.sealed = {}
        self.place = bench.place()
        views = {side: {view: View(self.place / f"{side}-{view}") for view in ("written", "seen")} for side in SIDES}
        self.views = views
        self.homes = {side: self.made_home(side, identity(NAMES[side])) for side in SIDES}
        self.ledger: dict[bytes, tuple[Message, bytes]] = {}
        self.nonce = itertools.count(1)
        self.sound = True

    def made_home(self, side: str, me: Identity) -> Home:
        path = made(self.place) / f"{side}-{me.key.hex()[:8]}.sqlite3"
        outgoing, incoming = self.views[side]["written"], self.views[OTHER[side]]["seen"]
        return Home(me, path, Model(side, me.key), outgoing, incoming)

    # -- one step of a home, and what must hold after it -----------------------------------------------------------

    def do(self, side, act, event, *, fault=None, hidden=0, expected=None, deletes=False):
        """Let a home do one thing; its model moves by `event` when a message was journalled.

        Returns what came of it, and the error that ended it. `expected` are the messages that it may accept.
        """
        home = self.homes[side]
        self.sound = False
        before = self.lying()
        result, error = None, None
        away = fault is not None and fault.how == AWAY
        self.doom.arm(fault)
        try:
            with contextlib.ExitStack() as stack:
                for view in (home.incoming, home.outgoing):
                    stack.enter_context(view.gone() if away else view.hiding(hidden))
                result = act(home)
        except (Crash, ExchangeError, HomeInUseError, AlarmError) as caught:
            error = caught
        stored = self.doom.stored
        self.doom.arm(None)
        assert isinstance(error, ExchangeError) or deletes or not away, "absence was taken for an empty folder"
        assert len(stored) <= 1, "two messages in one step"
        for direction, content in stored:
            self.journalled(home, direction, content, expected)
            self.take(home, event)
        if isinstance(error, Crash):
            home.killed()
        elif isinstance(error, HomeInUseError | AlarmError):
            home.end()
            if self.innocent:
                raise error
        self.require_conduct(home, before, may_leave_temporary=error is not None, deletes=deletes)
        if home.box is not None:
            self.require_agreement(home)
        self.sound = True
        return result, error

    def take(self, home, event):
        self.bench.taken[home.model.side][home.model.take(event)] += 1

    def journalled(self, home, direction, content, expected):
        """A transaction that holds a message was committed."""
        model = home.model
        if direction == OUT:
            message, key = self.doom.sealed[content]
            assert message.header.number == len(model.sent)
            assert key == home.me.key
            model.sent += (message,)
            self.ledger[said(content)] = (message, key)
            twins = {m.digest for m, k in self.ledger.values() if (k, m.header.number) == (key, message.header.number)}
            assert not self.innocent or len(twins) == 1, "a number stands for two contents"
        else:
            assert expected is not None, "a message was accepted that nobody looked for"
            assert said(content) in expected, "a message was accepted that was not sent, or not whole, or not now"
            model.received += (dataclasses.replace(expected[said(content)], content=content),)

    def require_conduct(self, home, before, *, may_leave_temporary, deletes):
        """Of the folders, only its own changed, and there only whole files of its journal, or what it may delete."""
        after, own = self.lying(), (home.model.side, "written")
        assert {place: held for place, held in after.items() if place != own} == {
            place: held for place, held in before.items() if place != own
        }
        journalled = {n: c for m in home.model.sent for n, c in parts_of(m).items()}
        wanted = [n for m in [*home.model.to_mend, *home.model.may_mend] for n in parts_of(m)]
        for name in {*before[own], *after[own]}:
            old, new = before[own].get(name), after[own].get(name)
            if old == new:
                continue
            if name.startswith(files.TEMPORARY):
                assert new is None or may_leave_temporary
            elif new is None:
                parsed = FileName.parse(name)
                assert deletes, f"{name} was deleted"
                assert parsed, f"{name} was deleted"
                assert 0 < parsed.number <= home.model.acknowledged, f"{name} was deleted"
            else:
                assert journalled.get(name) == new, f"{name} was written, and is not what was journalled"
                assert name in wanted, f"{name} was written, and nobody needs it"
                home.written.add(name)

    def require_agreement(self, home):
        """What the code can be seen to think is what the model says."""
        model, box, journal, peer = home.model, home.box, home.journal, home.peer
        sent, received, due = journal.last(peer, OUT), journal.last(peer, IN), box.waits_for()
        assert observed(model.side, sent, received, due) == (model.state, model.n)
        assert due == model.due
        assert sent == (model.sent or [None])[-1]
        assert received == (model.received or [None])[-1]
        outstanding = [m.digest for m in box.outstanding()]
        also = [m.digest for m in model.may_mend]
        assert [d for d in outstanding if d not in also] == model.outstanding

    def require_journal(self, home):
        """Every message that was ever journalled is still there, byte for byte, and no other."""
        for direction, held in ((OUT, home.model.sent), (IN, home.model.received)):
            found = messages(home.journal, home.peer, direction)
            assert found == {m.header.number: (m.name, m.content, dict(m.payloads), m.digest) for m in held}

    def lying(self):
        return {(side, view): self.views[side][view].contents() for side in SIDES for view in ("written", "seen")}

    def lost(self, home):
        """What of a home's messages is not on the share as it is in the journal: all, and what may be written."""
        lying = home.outgoing.contents()
        must, may = (
            [name for m in of for name, content in parts_of(m).items() if lying.get(name) != content]
            for of in (home.model.to_mend, home.model.may_mend)
        )
        return must, may

    # -- what a home does ------------------------------------------------------------------------------------------

    def start(self, side, *, fault=None):
        """Start a home, or start it again. Returns whether it runs."""
        home = self.homes[side]
        home.end()
        was, forgotten = home.model.state, self.forgotten(home, at_start=True)
        _, error = self.do(side, Home.open, STARTED_ALONE, fault=fault)
        if isinstance(error, ExchangeError):
            self.take(home, OUT_OF_REACH)
            home.end()
        elif isinstance(error, HomeInUseError | AlarmError):
            assert forgotten == {OWN}
            self.take(home, STARTED_BESIDE if was == NEW else OWN)
        elif error is None:
            assert not forgotten
            if was != NEW:
                self.take(home, STARTED)
            self.require_in_order(home)
            self.require_journal(home)
        return home.box is not None

    def up(self, side):
        """Whether a home runs; it is started if it does not."""
        return self.homes[side].box is not None or self.start(side)

    def require_in_order(self, home):
        assert self.lost(home)[0] == [], "what is unacknowledged does not lie there"
        assert not [name for name in home.outgoing.contents() if name.startswith(files.TEMPORARY)]

    def publish(self, side, *, fault=None, hidden=0):
        home = self.homes[side]
        (must, may), known = self.lost(home), set(home.written)
        forgotten = self.forgotten(home)
        written, error = self.do(side, lambda home: home.box.publish(), SPOKE, fault=fault, hidden=hidden)
        if isinstance(error, ExchangeError):
            assert fault
            self.take(home, OUT_OF_REACH)
        elif isinstance(error, HomeInUseError | AlarmError):
            assert OWN in forgotten
            self.take(home, OWN)
        elif error is None:
            assert hidden or forgotten != {OWN}
            assert [name for name in written if name not in may] == must
            assert set(written) <= {*must, *may}
            assert self.lost(home)[0] == []
            self.tell_lost(home, known.intersection(written))

    def tell_lost(self, home, again):
        """Move by what was on the share before and had to be written again."""
        if HELLO in again:
            self.take(home, HELLO_LOST)
        if home.model.state == WAITING and again - {HELLO}:
            self.take(home, LOST)

    def receive(self, side, *, fault=None, hidden=0):
        """Look, and accept what is due if it is there."""
        home = self.homes[side]
        with home.incoming.hiding(hidden):
            outlook = self.outlook(home)
        event = GREETED if home.model.state == GREETING else ACCEPTED
        look = lambda home: home.box.receive()  # noqa: E731 - a call to be made inside a step
        accepted, error = self.do(side, look, event, fault=fault, hidden=hidden, expected=outlook.messages)
        if isinstance(error, ExchangeError):
            assert fault
            self.take(home, OUT_OF_REACH)
        elif isinstance(error, HomeInUseError | AlarmError):
            stopped = ABOVE if isinstance(error, HomeInUseError) else TWO
            assert stopped in outlook.must_stop | outlook.may_stop
            self.take(home, stopped)
        elif error is None:
            assert not outlook.must_stop
            if accepted is None:
                assert not outlook.sure or outlook.may_stop, "what is due lies there whole, and was not accepted"
            else:
                assert accepted == home.model.received[-1]
        return accepted

    def post(self, side, kind="sums", *, fault=None):
        """Ask or answer. What is computed is new each time, so that nothing can be computed twice unseen."""
        home = self.homes[side]
        assert home.box is not None
        fields, payloads = self.composed(home.model, kind)
        self.do(side, lambda home: home.box.post(payloads, event="asked", **fields), SPOKE, fault=fault)

    def composed(self, model, kind):
        nonce, number = next(self.nonce), model.n + (model.side == "server")
        body = {"nonce": nonce}
        if model.side == "node":
            asked = model.received[-1].header
            kind = "receipt" if asked.kind == "closing" else kind
            fields = {"fit": asked.fit, "attempt": asked.attempt, "round": asked.round, "kind": kind, "body": body}
            return fields, {"derivatives.csv": b"%d\n" % nonce} if kind == "sums" else {}
        fit, round_ = (number - 1) // ROUNDS + 1, (number - 1) % ROUNDS + 1
        kind = "closing" if round_ == ROUNDS else "request"
        fields = {"fit": fit, "attempt": 1, "round": round_, "kind": kind, "body": body}
        sums = {"sums.csv": b"%d\n" % nonce} if round_ > 1 else {}
        return fields, sums | ({} if kind == "closing" else {"beta.csv": BETA + b"%d\n" % nonce})

    def release(self, side, *, fault=None):
        home = self.homes[side]
        assert home.box is not None
        _, error = self.do(side, lambda home: home.box.release(), SPOKE, fault=fault, deletes=True)
        if error is None:
            self.take(home, RELEASED)

    def turn(self, side):
        """One pass of a program: mend, look, and if it is its turn delete what may go, speak, publish."""
        home = self.homes[side]
        if not self.up(side):
            return
        for act in (self.publish, self.receive, self.tidy, self.speak, self.publish, self.tidy):
            act(side)
            yield
            if home.box is None:
                return

    def tidy(self, side):
        if self.homes[side].model.closed:
            self.release(side)

    def speak(self, side):
        if self.homes[side].model.state in {TURN, OWING}:
            self.post(side)

    # -- what the model expects ------------------------------------------------------------------------------------

    def told(self, view, sender):
        """The true messages of `sender` that a listing shows: name to message and key."""
        found = {}
        for name, content in view.contents().items():
            message, key = self.ledger.get(said(content), (None, b""))
            parsed = FileName.parse(name)
            if message is None or parsed is None or parsed.suffix != "json" or view.hides(name):
                continue
            header = message.header
            if (header.sender, header.number) == (NAMES[sender], parsed.number) and (
                header.number > 0 or name == HELLO
            ):
                found[name] = (message, key)
        return found

    def outlook(self, home):
        """What a look into the other side's folder may come to, by the rules of acceptance and by the tables."""
        model, shown = home.model, home.incoming.contents()
        told = self.told(home.incoming, OTHER[model.side])
        key = self.ledger[said(model.received[0].content)][1] if model.received else None
        last = len(model.received) - 1
        newest_possible = last if model.due is None else model.due
        must: set[str] = set()
        may: set[str] = set()
        for name, (message, by) in told.items():
            number = message.header.number
            if number <= last:
                other = message.digest != model.received[number].digest and (number == 0 or by == key)
                (must if name in {HELLO, model.received[-1].name} else may).update({TWO} if other else ())
            elif key is not None and by == key and number > newest_possible:
                may.add(ABOVE)
        holding = {
            name: message
            for name, (message, by) in told.items()
            if message.header.number == model.due and self.holds(model, message, shown, by == key)
        }
        if len({message.digest for message in holding.values()}) > 1:
            may.add(TWO)
        sure = any(name == message.name for name, message in holding.items())
        found = {said(message.content): message for message in holding.values()}
        return Outlook(found, sure, frozenset(must), frozenset(may))

    @staticmethod
    def holds(model, message, shown, is_pinned):
        header = message.header
        if header.number == 0:
            return True
        asked = model.sent[-1].digest if model.side == "server" else ""
        whole = all(shown.get(name) == content for name, content in message.payloads.items())
        return is_pinned and whole and (header.previous, header.answers) == (model.received[-1].digest, asked)

    def forgotten(self, home, *, at_start=False):
        """`{OWN}` if a message lies in its own folder at which a home must stop; with `None` if it only may."""
        model = home.model
        found: set[str | None] = set()
        for name, (message, key) in self.told(home.outgoing, model.side).items():
            number = message.header.number
            if not model.sent:
                found.add(OWN)
            elif key == home.me.key and (number >= len(model.sent) or message.digest != model.sent[number].digest):
                sure = at_start or name == model.sent[-1].name
                found |= {OWN} if sure else {OWN, None} if number >= len(model.sent) - 1 else set()
        return found

    # -- rules: homes ----------------------------------------------------------------------------------------------

    @initialize(side=sides, fault=writing, trouble=st.sampled_from(TROUBLES), aim=st.none() | aims)
    def they_begin(self, side, fault, trouble, aim):
        self.start(side, fault=fault)
        self.meet(side, trouble)
        if aim is not None:
            self.work(side, aim)

    @rule(side=sides, fault=writing)
    def a_home_is_started(self, side, fault):
        self.start(side, fault=fault)

    @rule(side=sides)
    def a_process_is_killed(self, side):
        self.homes[side].killed()

    def end(self, side):
        """A process is told to end; a run of the server that waits ends when the time is over."""
        home = self.homes[side]
        if home.box is not None and side == "server" and home.model.state in {GREETING, WAITING}:
            self.take(home, TIME_OVER)
        home.end()

    @rule(side=sides, fault=writing, hidden=hiding, harm=st.sampled_from(["", "", *HARMS]), which=which)
    def a_home_publishes(self, side, fault, hidden, harm, which):
        """What it has to say, if it is its turn; and what it said may have suffered just before."""
        if not self.up(side):
            return
        self.speak(side)
        if harm:
            self.harm_needed(self.homes[side], self.homes[side].outgoing, harm, which)
        self.publish(side, fault=fault, hidden=hidden)

    def harm_needed(self, home, view, harm, which):
        """Harm a file that the other side of a home still needs: of its last message, or the hello."""
        needed = [*reversed([name for message in home.model.to_mend for name in parts_of(message)])]
        name = needed[which % len(needed)]
        view.put(name, HARMS[harm](view.contents().get(name, b"")))

    @rule(side=sides, aim=aims, harm=st.sampled_from(sorted(HARMS)), which=which, trouble=st.sampled_from(TROUBLES))
    def a_home_comes_to_a_state_and_meets(self, side, aim, harm, which, trouble):
        """Whatever state it is in, something happens to it there."""
        if self.homes["node"].model.n < MOST:
            self.work(side, aim)
        self.meet(aim.place[0], trouble, harm=harm, which=which)

    def meet(self, side, trouble, *, harm="lost", which=0):
        home = self.homes[side]
        if trouble == OUT_OF_REACH:
            self.start(side, fault=Fault(0, AWAY))
        elif trouble == TIME_OVER:
            self.end(side)
        elif self.up(side) and trouble == STARTED:
            self.start(side)
        elif home.box is not None and trouble in {HELLO_LOST, LOST}:
            self.publish(side)
            needed = len(parts_of(home.model.to_mend[-1]))
            self.harm_needed(home, home.outgoing, harm, which % needed if trouble == LOST else -1)
            self.publish(side)

    @rule(side=sides, fault=looking, hidden=hiding, harm=st.sampled_from(["", "", *HARMS]), which=which)
    def a_home_looks(self, side, fault, hidden, harm, which):
        """The other side may just have spoken, and all of it have arrived, but for one file."""
        other = OTHER[side]
        if harm and self.up(other):
            self.speak(other)
            self.publish(other)
            self.carry_all(other)
            self.harm_needed(self.homes[other], self.homes[side].incoming, harm, which)
        if self.up(side):
            self.receive(side, fault=fault, hidden=hidden)

    @rule(side=sides, kind=st.sampled_from(["sums", "sums", "refusal"]), fault=speaking)
    def a_home_speaks(self, side, kind, fault):
        self.work(side, Aim((side, TURN if side == "server" else OWING), 0))
        if self.homes[side].box is not None and self.homes[side].model.state in {TURN, OWING}:
            self.post(side, kind, fault=fault)

    @rule(side=sides)
    def a_home_cannot_speak_out_of_turn(self, side):
        home = self.homes[side]
        if not self.up(side) or home.model.state in {TURN, OWING}:
            return
        before = self.lying()
        assert home.box is not None
        with pytest.raises(JournalError):
            home.box.post({}, event="asked", kind="request" if side == "server" else "sums", fit=1, attempt=1, round=1)
        assert self.lying() == before
        self.require_agreement(home)

    @rule(side=sides, fault=writing)
    def a_home_deletes(self, side, fault):
        if self.up(side) and self.homes[side].model.closed:
            self.release(side, fault=fault)

    @rule(side=sides, aim=aims)
    def things_go_well_for_a_while(self, side, aim):
        self.work(side, aim)

    def work(self, first, aim):
        """Both work in turn, and all arrives, until one of them is in some state."""
        model = self.homes[aim.place[0]].model
        least = model.n + aim.further
        for each in itertools.islice(itertools.cycle([first, OTHER[first]]), 4 + 2 * aim.further):
            for _ in self.turn(each):
                model = self.homes[aim.place[0]].model
                if self.homes["node"].model.n >= MOST or (model.state == aim.place[1] and model.n >= least):
                    return
            self.carry_all(each)

    # -- rules: the share ------------------------------------------------------------------------------------------

    def carry_all(self, side):
        """Everything that was written arrives, and what was deleted goes."""
        written, seen = (self.views[side][view] for view in ("written", "seen"))
        there, here = written.contents(), seen.contents()
        for name in {*there, *here}:
            if FileName.parse(name) is not None and there.get(name) != here.get(name):
                seen.put(name, there.get(name))

    def where(self, side, view):
        return [self.views[side][each] for each in ("written", "seen") if view in {each, "both"}]

    def chosen(self, side, view, which):
        """A file of one view, and its content."""
        held = self.where(side, view)[0].contents()
        names = sorted(name for name in held if not name.startswith(files.TEMPORARY))
        name = names[which % len(names)] if names else ""
        return name, held.get(name, b"")

    @rule(side=sides, which=which, harm=st.sampled_from(["", "", *HARMS]))
    def a_file_arrives(self, side, which, harm):
        name, content = self.chosen(side, "written", which)
        if name:
            self.views[side]["seen"].put(name, HARMS[harm](content) if harm else content)

    @rule(side=sides)
    def all_arrives(self, side):
        self.carry_all(side)

    @rule(side=sides, view=views)
    def all_is_lost(self, side, view):
        for each in self.where(side, view):
            for name in each.contents():
                each.put(name, None)

    @rule(side=sides, view=views, which=which, content=st.binary(max_size=9), peril=perils)
    def the_share_errs(self, side, view, which, content, peril):
        """A file is harmed, comes under another name, or comes back after it was deleted; or junk appears."""
        name, held = self.chosen(side, view, which)
        if peril in JUNK:
            name, held = peril, content
        elif peril == "back":
            old = {
                n: c for m, _ in self.ledger.values() if m.header.sender == NAMES[side] for n, c in parts_of(m).items()
            }
            name = sorted(old)[which % len(old)] if old else ""
            held = old.get(name)
        elif peril in HARMS:
            held = HARMS[peril](held)
        elif FileName.parse(name):
            stem, _, end = name.partition(".")
            name = peril.format(stem=stem, end=end, upper=name.upper(), tail=name[7:])
        for each in self.where(side, view) if name else ():
            each.put(name, held)

    # -- the end ---------------------------------------------------------------------------------------------------

    def behave(self):
        """From now on the share does what a share should, and both homes are started again."""
        for side in SIDES:
            self.start(side)

    def finish(self):
        """Let both work until a fit is closed. Returns whether it came to that in a bounded number of turns."""
        closed = self.closings()
        for _, side in itertools.product(range(ROUNDS + 3), SIDES):
            for _ in self.turn(side):
                pass
            self.carry_all(side)
            if self.closings() > closed:
                return True
        return False

    def closings(self):
        return sum(message.header.kind == "receipt" for message in self.homes["server"].model.received)

    def teardown(self):
        if self.sound:
            self.sound = False
            self.behave()
            self.require_end()
        self.clear()

    def clear(self):
        for home in self.homes.values():
            home.end()
        shutil.rmtree(self.place, ignore_errors=True)

    def require_end(self):
        assert self.finish(), "the share behaves, and the conversation comes to no end"
        self.require_same()

    def require_same(self):
        """Both journals hold the same messages, and all that they ever held."""
        for home in self.homes.values():
            self.require_journal(home)
        server, node = (self.homes[side].model for side in SIDES)
        for sent, received in ((server.sent, node.received), (node.sent, server.received)):
            assert all(m == dataclasses.replace(n, content=m.content) for m, n in zip(sent, received, strict=False))
        assert len(server.sent) - len(node.received) in {0, 1}


class TwoHomes(InnocentShare):
    """As before; but homes are restored from old copies of themselves, work on, and give way to newer ones again.

    Of each home there is a copy as it was after each message that it journalled.
    """

    innocent = False

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.copies: dict[str, list[Copy]] = {side: [] for side in SIDES}

    def journalled(self, home, direction, content, expected):
        super().journalled(home, direction, content, expected)
        self.must_copy = True

    def do(self, side, act, event, **options):
        self.must_copy = False
        done = super().do(side, act, event, **options)
        if self.must_copy:
            self.copies[side].append(self.copy(side))
        return done

    def copy(self, side):
        home = self.homes[side]
        return Copy(copied(home.path), dataclasses.replace(home.model), home.me, frozenset(home.written))

    def go_back(self, side, copy, *, lost=""):
        """Work goes on with a copy of a home as it once was; the share may have lost what it held."""
        old = self.homes[side]
        old.end()
        self.homes[side] = Home(copy.me, copied(copy.path), dataclasses.replace(copy.model), old.outgoing, old.incoming)
        self.homes[side].written = set(copy.written)
        for each in self.where(side, lost) if lost else ():
            for name in each.contents():
                each.put(name, None)

    @rule(side=sides, which=which, lost=st.sampled_from(["", "", "written", "both"]), alone=st.booleans())
    def a_home_is_restored_from_an_old_copy(self, side, which, lost, alone):
        if not self.copies[side]:
            return
        self.go_back(side, self.copies[side][-1 - which % len(self.copies[side])], lost=lost)
        if alone:
            for _ in self.turn(side):
                pass
            self.carry_all(side)
            if self.up(OTHER[side]):
                self.receive(OTHER[side])

    @rule(side=sides, lost=st.sampled_from(["", "both"]))
    def a_home_is_made_anew(self, side, lost):
        """Under the old name, with another key."""
        home, me = self.homes[side], identity(NAMES[side], f"{side} {next(self.nonce)}")
        home.end()
        path = self.place / f"{side}-{me.key.hex()[:8]}.sqlite3"
        self.go_back(side, Copy(path, Model(side, me.key), me, frozenset()), lost=lost)

    def require_end(self):
        """Both have the same and come to the end, or one has stopped, or it waits and says what does not fit."""
        done, stopped = self.finish(), [side for side in SIDES if self.homes[side].box is None]
        if done and not stopped:
            self.require_same()
            return
        findings = [reason for home in self.homes.values() if home.box for reason in home.box.findings.values()]
        assert stopped or any(re.search("does not follow|answers another", reason) for reason in findings), findings
        newest = [self.newest(side) for side in SIDES]
        if None not in newest:
            # Nobody went on from an old copy: the way out is to go on with the newest.
            for side, copy in zip(SIDES, newest, strict=True):
                self.go_back(side, copy)
            self.behave()
            assert self.finish(), "with the newest homes, the conversation comes to no end"
            self.require_same()

    def newest(self, side):
        """The copy that holds all that any home of this side ever journalled; None if there are two histories."""
        copies = sorted([*self.copies[side], self.copy(side)], key=lambda copy: len(copy.history))
        copies = [copy for copy in copies if copy.history]
        if not all(copies[-1].history[: len(copy.history)] == copy.history for copy in copies):
            return None
        return copies[-1]


class Copy(NamedTuple):
    """A home as it was: its journal's files, and what the model said of it."""

    path: Path
    model: Model
    me: Identity
    written: frozenset[str]

    @property
    def history(self) -> list[str]:
        """What was journalled, in the order in which it can only have been."""
        sent, received = ([message.digest for message in of] for of in (self.model.sent, self.model.received))
        first, second = (sent, received) if self.model.side == "server" else (received, sent)
        greeted = [self.me.key.hex(), *sent[:1], *received[:1]] if sent else []
        return greeted + [d for pair in itertools.zip_longest(first[1:], second[1:]) for d in pair if d]


def observed(side, sent, received, due):
    """The state that the code is in, by the last messages in its journal and the number that it waits for."""
    if sent is None:
        return NEW, 0
    if received is None:
        return GREETING, 0
    if due is None:
        return TURN if side == "server" else OWING, received.header.number
    return WAITING, due
