"""A real fit of the lbw example over folders with fixed keys: where the golden files come from."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedfolder.custody import keys
from fedfolder.errors import RefusedError
from fedfolder.simulation import lay_out, simulate_over_folders

LBW = Path(__file__).parents[2] / "examples" / "lbw" / "lbw.csv"
GOLDEN = Path(__file__).parent / "golden"
NODES = ("north", "south", "west")
SOFTWARE = "fedfolder 1"
"""In the hellos, in place of the version that runs."""
DIRECTIONS = {"request": "to-node", "reply": "to-server"}


def private_key(name):
    """The fixed key of a home."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"golden {name}".encode()).digest())


def _set_key(home, name):
    pem = private_key(name).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (home / keys.FOLDER / keys.FILE).write_bytes(pem)


def _data(folder):
    """Every third birth to each node, in the order of the file."""
    with LBW.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    found = {}
    for place, node in enumerate(NODES):
        found[node] = folder / f"{node}.csv"
        with found[node].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([heading, *rows[place::3]])
    return found


def run(folder, monkeypatch, *, refused=False):
    """Fit `logit low age smoke`; return the files of the channel with north, by direction and name.

    With `refused`, north does not release `smoke`.
    """
    for module in ("fedfolder.server.channels", "fedfolder.node.loop", "fedfolder.node.step"):
        monkeypatch.setattr(f"{module}.SOFTWARE", SOFTWARE)
    places = lay_out(folder, "lbw", _data(folder))
    for name, home in {"server": places.server, **places.nodes}.items():
        _set_key(home, name)
    if refused:
        settings = places.nodes["north"] / "node.toml"
        text = settings.read_text(encoding="utf-8")
        assert "'smoke'" in text
        settings.write_text(text.replace("'smoke'", "'smoked'"), encoding="utf-8", newline="\n")
    try:
        simulate_over_folders("logit low age smoke", places)
    except RefusedError:
        assert refused
    return _files(places)


def _files(places):
    """What north was sent and what it sent: the copies that it kept, and the hellos on the share."""
    found = {}
    for path in (places.nodes["north"] / "kept" / "fit1").iterdir():
        reply = path.name.endswith(("-result.json", "-moments.csv", "-derivatives.csv"))
        if path.suffix != ".txt":
            found[f"{'to-server' if reply else 'to-node'}/{path.name}"] = path.read_bytes()
    for direction in ("to-node", "to-server"):
        hello = places.exchange / "lbw" / "north" / direction / "m000000-hello.json"
        found[f"{direction}/{hello.name}"] = hello.read_bytes()
    return found
