"""A study whose server and nodes each reach the exchange in a way of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.exchange.names import TO_NODE, TO_SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.places import World

SERVER = "server"


def reach(world: World, who: str, way: Path) -> None:
    """Let the server, or a node, find the exchange at `way`, and look there often."""
    settings = world.server / "study.toml" if who == SERVER else world.homes[who] / "node.toml"
    text = settings.read_text(encoding="utf-8")
    for old, new in ((str(world.exchange), str(way)), ("longest_pause = 0.2", "longest_pause = 0.05")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    settings.write_text(text, encoding="utf-8", newline="\n")


def lay_out_empty(world: World, exchange: Path) -> None:
    """Make the folders of all nodes."""
    for node in world.homes:
        for direction in (TO_NODE, TO_SERVER):
            (exchange / "lbw" / node / direction).mkdir(parents=True)


def part(world: World, far: Path) -> Path:
    """Give the nodes an exchange of their own, laid out like the server's; nothing joins the two yet."""
    lay_out_empty(world, far)
    for node in world.homes:
        reach(world, node, far)
    return far
