"""A study of which some nodes are Statas of the tests' own: each has its data in memory, and no file."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.io.stata import StataMissingValue  # type: ignore[attr-defined]

from fedfolder.node.home import open_home
from fedfolder.stata.bridge import Stata
from fedfolder.stata.computing import InStata
from fedfolder.stata.mata import Computing
from tests.node.places import Bench
from tests.stata.standin import Session, current
from tests.stata.standin.data import Column, DataSet
from tests.stata.standin.values import missing

if TYPE_CHECKING:
    from pathlib import Path


def use(session: Session, path: Path, frame: str = "default") -> None:
    """What `use PATH` puts into a frame."""
    with pd.read_stata(path, iterator=True) as reader:
        labels, texts = reader.variable_labels(), reader.value_labels()
        # pandas has no public way to either.
        of, types = reader._lbllist, reader._typlist  # type: ignore[attr-defined]  # noqa: SLF001
    raw = pd.read_stata(path, convert_categoricals=False, convert_dates=False, convert_missing=True)
    text = pd.read_stata(path, convert_categoricals=False, convert_dates=False)
    label_sets = {name: {int(value): str(label) for value, label in found.items()} for name, found in texts.items()}
    data = DataSet(nobs=len(raw), labels=label_sets)
    for name, kind, value_label in zip(raw.columns, types, of, strict=True):
        is_text = isinstance(kind, int) or kind == "Q"
        values = text[name].tolist() if is_text else [_number(value) for value in raw[name].tolist()]
        data.columns.append(Column(name, "strL" if is_text else "double", values, labels[name], value_label))
    session.memory.frames[frame] = data


def _number(value: object) -> float:
    if isinstance(value, StataMissingValue):
        return missing(str(value).removeprefix("."))
    return float(value) if not np.isnan(value) else missing()  # type: ignore[arg-type, call-overload]


@dataclass
class StataBench(Bench):
    """A bench on which the nodes in `statas` compute in Stata, each with the Mata functions that replace models."""

    statas: dict[str, Session] = field(default_factory=dict)
    replaced: dict[str, dict[str, str]] = field(default_factory=dict)

    def open(self, files, stata=()) -> StataBench:
        for name in stata:
            self.statas[name] = Session(self.folder / "stata" / name)
            use(self.statas[name], files[name])
        super().open(files)
        return self

    def home(self, name):
        home = open_home(self.folder / name)
        if name not in self.statas:
            return home
        current.start(self.statas[name])
        computing = Computing(Stata(), self.replaced.get(name, {}))
        holding = InStata(Stata(), "default", "default", home.reading, computing)
        return dataclasses.replace(home, data=home.data.with_name("gone.dta"), elsewhere=holding)

    def has_worked(self) -> bool:
        happened = []
        for name, node in self.nodes.items():
            if name not in self.asleep:
                with self.at(name):
                    happened.append(node.work())
        return any(happened)

    @contextlib.contextmanager
    def at(self, name):
        """In the Stata of a node."""
        if name in self.statas:
            current.start(self.statas[name])
        yield
