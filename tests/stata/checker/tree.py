"""The folder `fedfolder/stata` as a whole: each file by itself, and what they say of one another."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.stata.checker.ado import Ado, do_file, entries_called, programs_called
from tests.stata.checker.findings import Finding, bytes_of
from tests.stata.checker.help import Help, linked, markers
from tests.stata.checker.mata import mata
from tests.stata.checker.package import contents, package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = (".ado", ".sthlp", ".mata", ".do", ".pkg", ".toc")
NO_PROGRAMS = {"_fedfolder"}
"""Words like a program's that are none: the name by which our lines of Python know the entries."""


def alone(file: str, text: str) -> list[Finding]:
    """What is wrong with a file by itself."""
    findings = list(bytes_of(file, text.encode("utf-8")))
    if file.endswith(".ado"):
        findings += Ado(file, text).findings
    elif file.endswith(".sthlp"):
        findings += Help(file, text).findings
    elif file.endswith(".do"):
        findings += do_file(file, text)
    elif file.endswith(".mata"):
        findings += mata(file, 1, text)
    return findings


def check(root: Path) -> list[Finding]:
    """All that is wrong in a folder like `fedfolder/stata`."""
    texts = {path: path.read_bytes().decode("utf-8") for path in sorted(root.rglob("*")) if path.suffix in TEXTS}
    findings = [finding for path, text in texts.items() for finding in alone(path.name, text)]
    ados = {path.stem: Ado(path.name, text) for path, text in texts.items() if path.suffix == ".ado"}
    helps = {path.stem: Help(path.name, text) for path, text in texts.items() if path.suffix == ".sthlp"}
    findings += _entries(ados, (root / "ado.py").read_text(encoding="utf-8"))
    findings += _programs(ados)
    pages = {name: markers(page.text) for name, page in helps.items()}
    for page in helps.values():
        findings += linked(page, pages)
    there = {path.relative_to(root).as_posix() for path in (root / "ado").iterdir() if path.suffix != ".py"}
    packages = [path for path in texts if path.suffix == ".pkg"]
    for path in packages:
        findings += package(path.name, texts[path], there)
    toc = root / "stata.toc"
    findings += contents(toc.name, texts.get(toc, ""), [path.stem for path in packages])
    return findings


def entries_of(source: str) -> dict[str, int]:
    """The entries of ado.py: `NAME = entry(work)`, each with its line."""
    return {
        target.id: node.lineno
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "entry"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _entries(ados: dict[str, Ado], source: str) -> Iterator[Finding]:
    """Entries that are called and do not exist, and the other way round."""
    entries = entries_of(source)
    called = {name: entries_called(ado.reader.statements) for name, ado in ados.items()}
    for name, names in called.items():
        for entry in sorted(names - entries.keys()):
            yield Finding("entries", f"{name}.ado", 1, f"ado.py has no entry {entry}")
    for entry in sorted(entries.keys() - set().union(*called.values())):
        yield Finding("entries", "ado.py", entries[entry], f"no ado calls {entry}")


def _programs(ados: dict[str, Ado]) -> Iterator[Finding]:
    """Programs of ours that are called and that no ado file holds."""
    for ado in ados.values():
        for name, line in programs_called(ado.reader.statements).items():
            if name.endswith("*"):
                found = any(other.startswith(name[:-1]) and other != name[:-1] for other in ados)
            else:
                found = name in ados or name in ado.programs or name in NO_PROGRAMS
            if not found:
                yield Finding("programs", ado.file, line, f"there is no {name}.ado")
