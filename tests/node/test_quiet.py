"""A pass that finds nothing is told without getting ready for an answer; whatever is otherwise is not passed over."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from fedfolder import clock
from fedfolder.errors import FedfolderError, WaitingError
from fedfolder.exchange.envelope import seal
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import HELLO, SERVER
from fedfolder.exchange.trust import revoke
from fedfolder.node import loop
from fedfolder.node.home import open_home
from fedfolder.node.quiet import is_quiet
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fedfolder.exchange.envelope import Message


def say_nothing(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """After a fit, and a pass that has found nothing."""
    folder = tmp_path_factory.mktemp("quiet")
    bench = Bench(folder / "study").open(data(folder / "data", "north"))
    bench.run("regress low age")
    bench.close()
    assert loop.once(bench.home("north"), echo=say_nothing) is False
    return bench


@pytest.fixture
def settled(answered: Bench, tmp_path: Path) -> Bench:
    """A copy of its own."""
    shutil.copytree(answered.folder, tmp_path / "study", copy_function=shutil.copy2)
    bench = Bench(tmp_path / "study")
    for settings in (bench.folder / "north" / "node.toml", bench.folder / "server" / "study.toml"):
        text = settings.read_text(encoding="utf-8").replace(str(answered.folder), str(bench.folder))
        settings.write_text(text, encoding="utf-8", newline="\n")
    assert not is_quiet(bench.folder / "north"), "its settings are others"
    assert loop.once(bench.home("north"), echo=say_nothing) is False
    assert is_quiet(bench.folder / "north")
    return bench


def share(bench: Bench, direction: str) -> Path:
    return bench.home("north").exchange / direction


def last(bench: Bench, direction: str) -> Message:
    journal = bench.home("north").journal(clock.now)
    found = journal.last(SERVER, direction)
    journal.close()
    assert found is not None
    return found


def by_the_server(bench: Bench, **changed: object) -> Message:
    """Another message than the last one of the server's, signed with its key."""
    me = bench.study.me
    header = msgspec.structs.replace(last(bench, IN).header, payloads=[], **changed)
    return seal(header, {}, me.sign, key=me.key)


def put(bench: Bench, direction: str, name: str, content: bytes) -> None:
    (share(bench, direction) / name).write_bytes(content)


def revoked(bench: Bench, who: str) -> None:
    journal = bench.home("north").journal(clock.now)
    revoke(journal, who, "it was lost")
    journal.close()


def added(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def asked_again(bench: Bench) -> None:
    with pytest.raises(WaitingError):
        bench.run("regress low smoke", timeout=0.01, idle=say_nothing)  # type: ignore[arg-type]


def second(bench: Bench) -> None:
    found = by_the_server(bench, fit=7, round=9, kind="request")
    put(bench, "to-node", found.name, found.content)


def swapped(bench: Bench) -> None:
    put(bench, "to-node", last(bench, IN).name, by_the_server(bench, fit=7).content)


CHANGES: dict[str, Callable[[Bench], object]] = {
    "a question": asked_again,
    "a message further on": lambda b: put(b, "to-node", "m000044-fit9-round1-instruction.json", b"{}"),
    "a second message of one number": second,
    "another content of the last one": swapped,
    "another hello": lambda b: put(b, "to-node", HELLO, by_the_server(b, kind="hello", number=0).content),
    "a copy by a sync tool": lambda b: put(
        b, "to-node", f"m{last(b, IN).header.number + 1:06d}-fit2-round1-instruction (1).json", b"{}"
    ),
    "our hello is torn": lambda b: put(b, "to-server", HELLO, b"{"),
    "our hello is gone": lambda b: (share(b, "to-server") / HELLO).unlink(),
    "our last message is gone": lambda b: (share(b, "to-server") / last(b, OUT).name).unlink(),
    "another home's message": lambda b: put(b, "to-server", "m000044-fit9-round1-result.json", b"{}"),
    "the server's key is revoked": lambda b: revoked(b, SERVER),
    "our key is revoked": lambda b: revoked(b, "north"),
    "the policy": lambda b: added(b.folder / "north" / "policy.toml"),
    "the settings": lambda b: added(b.folder / "north" / "node.toml"),
    "the policy is gone": lambda b: (b.folder / "north" / "policy.toml").unlink(),
    "our private key": lambda b: added(b.folder / "north" / "keys" / "private.pem"),
    "the share is away": lambda b: (b.folder / "exchange").rename(b.folder / "away"),
    "the journal is damaged": lambda b: (b.folder / "north" / "journal.sqlite3").write_bytes(b"no database" * 999),
    "a copy for the custodian is gone": lambda b: shutil.rmtree(b.folder / "north" / "kept"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_not_as_it_was_needs_a_whole_pass(settled: Bench, change: str) -> None:
    CHANGES[change](settled)
    assert not is_quiet(settled.folder / "north")


def test_a_question_that_waits_for_a_person_is_looked_at_in_each_pass(settled: Bench) -> None:
    policy = settled.folder / "north" / "policy.toml"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("mode = 'auto'", "mode = 'every-file'"), encoding="utf-8", newline="\n")
    assert open_home(settled.folder / "north").policy.approval == "every-file"
    asked_again(settled)
    for _ in range(2):
        loop.once(settled.home("north"), echo=say_nothing)
        assert not is_quiet(settled.folder / "north")


def test_settings_that_are_changed_during_a_pass_were_not_read_by_it(
    settled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass may compute for an hour; a mistake that is saved meanwhile is told by the next one."""
    home, work = settled.folder / "north", loop.Node.work

    def meanwhile(node: loop.Node) -> bool:
        (home / "policy.toml").write_text("format = 1\nthis is no policy\n", encoding="utf-8", newline="\n")
        return work(node)

    monkeypatch.setattr(loop.Node, "work", meanwhile)
    assert loop.once(settled.home("north"), echo=say_nothing) is False
    assert not is_quiet(home)
    with pytest.raises(FedfolderError):
        open_home(home)
