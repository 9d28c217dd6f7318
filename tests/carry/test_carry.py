"""A fit by a stick, between homes that share nothing."""

from __future__ import annotations

import zipfile

import pytest

from fedfolder import carry
from fedfolder.errors import ConfigError, ExchangeError, MessageError, WaitingError
from fedfolder.node import home as node_home
from fedfolder.node.data import describe, read_variables, write_dta
from fedfolder.node.loop import once
from fedfolder.plan.proposal import read_command
from fedfolder.resources import resource
from fedfolder.server import study as server_study
from fedfolder.server.run import run
from fedfolder.simulation import places_at_random, simulate_files

COMMAND = "logit low age smoke"
NODES = ("north", "south", "west")


class World:
    """A server and three nodes, each with an exchange of its own, and a stick."""

    def __init__(self, folder):
        self.stick = folder / "stick"
        self.server = folder / "server"
        self.nodes = {node: folder / node / "home" for node in NODES}
        self.parts = {}
        for path in (self.stick, folder / "server-exchange"):
            path.mkdir()
        study = server_study.create(self.server, "lbw", folder / "server-exchange")
        path = resource("examples", "lbw", "lbw.dta")
        names = [variable.name for variable in describe(path).variables]
        frame = read_variables(path, names)
        for node, rows in zip(NODES, places_at_random(frame.nrows, 3, 1), strict=True):
            study = server_study.add_node(study, node)
            (folder / node / "exchange").mkdir(parents=True)
            data = folder / node / "births.dta"
            self.parts[node] = frame.take(rows)
            write_dta(self.parts[node], data)
            node_home.create(
                self.nodes[node],
                data,
                folder / node / "exchange" / "lbw" / node,
                names,
                profile="open",
                approval="auto",
            )

    def ask(self):
        """The server looks at what it has, goes on as far as it can, and packs."""
        try:
            return run(self.server, COMMAND, timeout=0.001)
        except WaitingError:
            return None

    def trip(self, *, lost=lambda _node: False, twice=False):
        """The stick goes to every node and back."""
        carry.out(self.server, self.stick)
        for node, home in self.nodes.items():
            if lost(node):
                continue
            for _ in range(2 if twice else 1):
                carry.into(home, self.stick)
                once(node_home.open_home(home), echo=lambda _: None)
                carry.out(home, self.stick)
        carry.into(self.server, self.stick)

    def fit(self, **how):
        """Trips until there is a result; returns it with the number of trips."""
        for trips in range(40):
            result = self.ask()
            if result is not None:
                return result, trips
            self.trip(**{name: value(trips) if name == "lost" else value for name, value in how.items()})
        raise AssertionError("no result after 40 trips")


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def expected(world):
    return simulate_files(read_command(COMMAND), {f"node{i}": part for i, part in enumerate(world.parts.values())})


def same_bits(a, b):
    return a.beta.tobytes() == b.beta.tobytes() and a.cov.tobytes() == b.cov.tobytes() and a.llf == b.llf


def test_a_whole_fit_goes_by_a_stick(world):
    result, trips = world.fit()
    assert same_bits(result, expected(world))
    # One trip to be introduced, and one a round.
    assert trips == 1 + result.rounds


def test_a_stick_that_is_brought_twice_or_not_to_everybody_costs_trips_and_no_digit(world):
    result, _ = world.fit(twice=True, lost=lambda trip: lambda node: (trip + len(node)) % 3 == 0 and trip % 2 == 0)
    assert same_bits(result, expected(world))


def test_an_old_stick_changes_nothing(world):
    world.ask()
    world.trip()
    world.ask()
    carry.out(world.server, world.stick)
    old = {path.name: path.read_bytes() for path in world.stick.iterdir()}
    for _ in range(2):
        world.trip()
        world.ask()
    for name, content in old.items():
        (world.stick / name).write_bytes(content)
    report = carry.into(world.nodes["north"], world.stick)
    assert report.carried == []
    assert any("known already" in line for line in report.left)
    result, _ = world.fit()
    assert same_bits(result, expected(world))


def test_a_parcel_holds_what_the_other_side_lacks_and_nothing_else(world):
    for _ in range(2):
        world.ask()
        world.trip()
    world.ask()
    report = carry.out(world.server, world.stick)
    files = [f"m000002-fit1-round2-{part}" for part in ("beta.csv", "instruction.json", "sums.csv")]
    assert sorted(report.carried) == [f"lbw/{node}/to-node/{name}" for node in NODES for name in files]
    with zipfile.ZipFile(report.parcel) as archive:
        assert archive.namelist() == ["READ ME FIRST.txt", *sorted(report.carried)]
        page = archive.read("READ ME FIRST.txt").decode()
    assert "No record of any person is in it" in page
    assert all(f"{node} owes message 2" in page for node in NODES)


def test_a_node_takes_its_own_files_only(world):
    world.ask()
    carry.out(world.server, world.stick)
    carry.into(world.nodes["north"], world.stick)
    exchange = world.nodes["north"].parent / "exchange"
    taken = sorted(str(path.relative_to(exchange).as_posix()) for path in exchange.rglob("*.json"))
    assert taken == ["lbw/north/to-node/m000000-hello.json"]


def test_a_parcel_from_another_study_or_with_paths_that_climb_is_left_alone(world):
    with zipfile.ZipFile(world.stick / "x.fedfolder.zip", "w") as archive:
        for name in (
            "other/north/to-node/m000000-hello.json",
            "lbw/north/../m000000-hello.json",
            "lbw/north/to-server/m000000-hello.json",
            "../north/to-node/m000000-hello.json",
            "lbw/north/to-node/../../m000000-hello.json",
        ):
            archive.writestr(name, b"{}")
    before = sorted(world.stick.parent.rglob("*.json"))
    assert carry.into(world.nodes["north"], world.stick).carried == []
    assert sorted(world.stick.parent.rglob("*.json")) == before


@pytest.mark.parametrize("content", [b"", b"PK", b"\0" * 1000])
def test_a_parcel_that_was_pulled_out_too_early_is_said_to_be_so(world, content):
    (world.stick / "torn.fedfolder.zip").write_bytes(content)
    report = carry.into(world.nodes["north"], world.stick)
    assert report.carried == []
    assert report.left == ["torn.fedfolder.zip: this parcel cannot be opened"]


def test_a_torn_parcel_beside_a_whole_one_does_not_hide_it(world):
    world.ask()
    whole = carry.out(world.server, world.stick).parcel
    (world.stick / "a.fedfolder.zip").write_bytes(whole.read_bytes()[:-40])
    assert carry.into(world.nodes["north"], world.stick).carried == ["lbw/north/to-node/m000000-hello.json"]


def test_no_stick_no_parcel_and_no_home_are_said(world, tmp_path):
    with pytest.raises(ExchangeError, match="not there"):
        carry.out(world.server, tmp_path / "nowhere")
    with pytest.raises(MessageError, match="no parcel"):
        carry.into(world.server, world.stick)
    with pytest.raises(ConfigError, match="no home"):
        carry.out(tmp_path, world.stick)


def test_the_same_state_makes_the_same_parcel(world):
    world.ask()
    first = carry.out(world.server, world.stick).parcel.read_bytes()
    assert carry.out(world.server, world.stick).parcel.read_bytes() == first
