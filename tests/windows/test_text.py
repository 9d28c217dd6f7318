"""Text files: every one is given its encoding and line ends, and settings may come from Notepad."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from fedfolder.errors import ConfigError
from fedfolder.node.data import read_variables
from fedfolder.server.study import add_node, open_study
from tests.node.places import Bench, data

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "fedfolder").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")])
TEXT = {"open", "read_text", "write_text", "fdopen"}


def lacking(source: str) -> list[str]:
    """Calls that open a text file without an encoding, or write one without line ends."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [f"line {call.lineno}: {ast.unparse(call.func)}" for call in calls if _lacks(call)]


def _lacks(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {keyword.arg for keyword in call.keywords}
    if name not in TEXT or ast.unparse(call.func) == "os.open":
        return False
    place = 1 if name == "fdopen" or isinstance(call.func, ast.Name) else 0
    mode = next((k.value for k in call.keywords if k.arg == "mode"), None)
    if mode is None and name in {"open", "fdopen"} and len(call.args) > place:
        mode = call.args[place]
    if (
        name in {"open", "fdopen"}
        and isinstance(call.func, ast.Attribute)
        and call.args
        and not isinstance(mode, ast.Constant)
    ):
        return False  # not a file's: a mailbox, a channel, an archive
    if name == "open" and isinstance(call.func, ast.Attribute) and not call.args and not given:
        return _is_path(call.func.value)
    how = str(mode.value) if isinstance(mode, ast.Constant) else "r"
    if "b" in how:
        return False
    writes = name == "write_text" or set(how) & set("wax+")
    needs = {"encoding", "newline"} if writes else {"encoding"}
    return not needs <= given


def _is_path(value: ast.expr) -> bool:
    """Whether `.open()` without arguments is that of a path, as far as a name can tell; mailboxes open, too."""
    return "path" in ast.unparse(value).lower() or "folder" in ast.unparse(value).lower()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_text_file_has_its_encoding_and_its_line_ends(path: Path):
    assert lacking(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "call",
    [
        "open('x')", "path.open()", "path.open('w')", "path.open('w', encoding='utf-8')", "path.read_text()",
        "path.write_text(t, encoding='utf-8')", "path.open('a', newline='')", "os.fdopen(3, 'w')",
        "open('x', mode='w')",
    ],
)  # fmt: skip
def test_what_lacks_them_is_found(call: str):
    assert lacking(call)


@pytest.mark.parametrize(
    "call",
    [
        "path.open('rb')", "path.open(encoding='utf-8-sig', newline='')", "os.open(path, flags)",
        "mailbox.open({'a': 1})",
        "path.write_text(t, encoding='utf-8', newline='\\n')", "os.fdopen(d, 'wb', buffering=0)", "channels.open()",
        "path.open('a', encoding='utf-8', newline='\\n')", "path.read_text(encoding='utf-8')",
    ],
)  # fmt: skip
def test_what_has_them_is_left_alone(call: str):
    assert lacking(call) == []


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north"))
    yield made
    made.close()


def from_notepad(path: Path, encoding: str = "utf-8-sig") -> None:
    """Save a file as Notepad does."""
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(text.encode(encoding))


def test_settings_that_notepad_saved(bench: Bench):
    """With a byte order mark and CR LF: read, added to, and a fit goes through."""
    for path in (bench.folder / "server" / "study.toml", bench.folder / "north" / "node.toml"):
        from_notepad(path)
    bench.wake("north")
    assert bench.run().nobs == 30
    add_node(open_study(bench.folder / "server"), "south")
    assert open_study(bench.folder / "server").nodes == ("north", "south")
    text = (bench.folder / "server" / "study.toml").read_bytes()
    assert b"\r\r" not in text
    csv = bench.home("north").data
    whole = read_variables(csv, ["age"]).columns["age"]
    from_notepad(csv)
    assert np.array_equal(read_variables(csv, ["age"]).columns["age"], whole)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_settings_in_another_encoding_are_named_with_what_to_do(bench: Bench, encoding: str):
    path = bench.folder / "north" / "node.toml"
    path.write_text(path.read_text(encoding="utf-8") + "# Jörg\n", encoding="utf-8", newline="\n")
    from_notepad(path, encoding)
    with pytest.raises(ConfigError) as caught:
        bench.home("north")
    assert caught.value.where == str(path)
    assert "save the file as UTF-8" in caught.value.do


def test_what_a_home_writes_has_no_line_end_by_chance(bench: Bench):
    bench.run()
    home = bench.folder / "north"
    texts = [path for path in home.rglob("*") if path.suffix in {".txt", ".toml", ".json", ".csv", ".sh", ".service"}]
    assert len(texts) > 10
    for path in texts:
        content = path.read_bytes()
        assert b"\r" not in content, path
        content.decode("utf-8")
    assert (home / "run-node.bat").read_bytes().count(b"\r\n") > 5
