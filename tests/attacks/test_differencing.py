"""Two answers that differ by a person give that person away: what a server would learn, and that it does not.

Each attack asks fits of a registry one after the other, and subtracts answers. It returns the rows that it recovered,
in full. With the ledger it recovers none, since a person is asked before the second answer; without it, it does, so
that these tests can fail.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fedfolder.plan.proposal import read_command
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification
from tests.custody.ledgers import OFF, Asked, Bounds, attempt, look, opened, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fedfolder.questions.sums import Sums

VICTIM = 17
ON = Bounds(evaluations=20, fits=20, refusals=3, differing_rows=5)


def registry(n: int = 200) -> dict[str, Any]:
    """People, each with a day of birth of their own; the victim alone is 51 years old."""
    rng = np.random.default_rng(5)
    age = rng.choice([*range(25, 51), *range(52, 80)], n).astype(float)
    age[VICTIM] = 51.0
    return {
        "dead": rng.normal(5, 1, n).round(3),
        "age": age,
        "dose": rng.normal(20, 4, n).round(2),
        "born": rng.permutation(n).astype(float),
    }


class Site:
    """A node, as far as its ledger goes; nobody sits at it who could approve anything."""

    def __init__(self, path: Path, limits: Bounds) -> None:
        self.path, self.limits = path, limits
        self.columns = registry()
        self.fits = itertools.count(1)
        self.start()

    def start(self) -> None:
        """As a new process."""
        self.ledger = opened(self.path, self.limits)

    def sums(self, text: str) -> Sums | None:
        """The moments of a fit; nothing, and nothing remembered, if a person must look first."""
        this, question = attempt(next(self.fits)), Moments(Specification.of(read_command(text)))
        seen = look(self.ledger, self.columns, text)
        if self.ledger.must_look() or self.ledger.concerns(this, seen) or self.ledger.budget(this, question):
            return None
        answer = question.compute(read(self.columns, text))
        with self.ledger._journal.transaction():  # noqa: SLF001 - as a node does
            self.ledger.admit(this, seen)
            self.ledger.charge_answer(this, 1, question)
        return answer


def difference(more: Sums | None, fewer: Sums | None) -> list[dict[str, float]]:
    """The row that two sums of moments differ by, if it is one."""
    if more is None or fewer is None or more.scalars["nobs"] - fewer.scalars["nobs"] != 1:
        return []
    return [{label[0]: row[0] - fewer.rows[label][0] for label, row in more.rows.items() if label in fewer.rows}]


def by_if(site: Site) -> list[dict[str, float]]:
    """All, and all but one."""
    born = site.columns["born"][VICTIM]
    return difference(site.sums("regress dead age dose"), site.sums(f"regress dead age dose if born != {born:g}"))


def by_missing(site: Site) -> list[dict[str, float]]:
    """Nested models: the larger one lacks the one row at which its further variable is missing."""
    site.columns["size"] = np.random.default_rng(6).normal(size=200)
    site.columns["size"][VICTIM] = np.nan
    return difference(site.sums("regress dead age dose"), site.sums("regress dead age dose size"))


def by_derived_missing(site: Site) -> list[dict[str, float]]:
    """The same with a variable that is made for it."""
    born = site.columns["born"][VICTIM]
    text = f"generate s = dose / (born != {born:g}); regress dead age dose s"
    return difference(site.sums("regress dead age dose"), site.sums(text))


def by_cut(site: Site) -> list[dict[str, float]]:
    """A cut point moved by one: the levels' sums of another variable differ by whoever is between."""
    told = [site.sums(f"egen g = cut(age), at(0 {at} 200); regress dead i.g#c.dose") for at in (51, 52)]
    one, other = told
    if one is None or other is None:
        return []
    low, lower = other.rows[("0.g#c.dose",)][0], one.rows[("0.g#c.dose",)][0]
    return [{"age": 51.0, "dose": low - lower}]


def by_inner_cut(site: Site) -> list[dict[str, float]]:
    """The same between other cuts that move far: no level is like another, but the first two together are."""
    rng = np.random.default_rng(8)
    others = np.arange(200) != VICTIM
    site.columns["age"][others] = rng.integers(0, 50, 200)[others] + 25.0 * (np.arange(200)[others] % 2)
    site.columns["age"][site.columns["age"] == 51] = 53.0
    site.columns["age"][VICTIM] = 51.0
    told = [
        site.sums(f"egen g = cut(age), at(0 {a} {b} {c} 200); regress dead i.g#c.dose")
        for a, b, c in ((15, 51, 60), (30, 52, 66))
    ]
    one, other = told
    if one is None or other is None:
        return []
    sums = [
        sum(row[0] for (label,), row in t.rows.items() if label in names)
        for t, names in ((one, ("0.g#c.dose", "15.g#c.dose")), (other, ("0.g#c.dose", "30.g#c.dose")))
    ]
    return [{"age": 51.0, "dose": sums[1] - sums[0]}]


def by_data(site: Site) -> list[dict[str, float]]:
    """The same fit before and after a row was added to the file."""
    before = site.sums("regress dead age dose")
    row = {name: column[VICTIM] for name, column in site.columns.items()}
    site.columns = {name: np.append(column, row[name]) for name, column in site.columns.items()}
    return difference(site.sums("regress dead age dose"), before)


def by_start_again(site: Site) -> list[dict[str, float]]:
    """One after the other, with the node restarted in between."""
    born = site.columns["born"][VICTIM]
    all_of_them = site.sums("regress dead age dose")
    site.start()
    return difference(all_of_them, site.sums(f"regress dead age dose if born != {born:g}"))


ATTACKS = (by_if, by_missing, by_derived_missing, by_cut, by_inner_cut, by_data, by_start_again)


def recovered(attack: Callable[[Site], list[dict[str, float]]], site: Site) -> int:
    """How many of the rows that an attack came to are true."""
    found = attack(site)
    truth = {name: site.columns[name][VICTIM] for name in ("dead", "age", "dose")}
    return sum(all(abs(row[name] - truth[name]) < 1e-6 for name in truth if name in row) for row in found)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_rows_recovered_by_differencing(attack, tmp_path):
    assert recovered(attack, Site(tmp_path / "off", OFF)) == 1, "with the guard off, the attack works"
    site = Site(tmp_path / "on", ON)
    assert recovered(attack, site) == 0
    site.start()
    assert [spent.fit for spent in site.ledger.spent().attempts] == [1], "the first was answered, and only that"


# -- search by refusals, and budgets ---------------------------------------------------------------------------------


def search(site: Site, most: int = 60) -> float | None:
    """Find the victim's dose by halving: a set that is too small is refused, which says on which side they are.

    The refusal stands for any rule of the policy that looks at the data, such as the smallest number of persons.
    """
    low, high, born = 0.0, 64.0, site.columns["born"][VICTIM]
    for step in range(most):
        middle = (low + high) / 2
        if site.ledger.must_look():
            return None
        # All others enter; the victim does if the dose is below, and their absence is what is told.
        within = bool(((site.columns["born"] == born) & (site.columns["dose"] < middle)).any())
        if within:
            site.ledger.charge_refusal(attempt(1), step, "persons")
        low, high = (low, middle) if within else (middle, high)
        if high - low < 1e-3:
            return high
        site.start()
    return None


def test_search_by_refusals(tmp_path):
    off = Site(tmp_path / "off", OFF)
    found = search(off)
    assert found is not None
    assert abs(found - off.columns["dose"][VICTIM]) < 1e-2
    on = Site(tmp_path / "on", ON)
    assert search(on) is None
    assert len(on.ledger.spent().unseen) == ON.refusals
    assert search(on) is None, "until a person has looked"
    assert len(on.ledger.spent().unseen) == ON.refusals


def evaluations(site: Site, most: int = 60) -> int:
    """At how many betas a fit is answered by a node that is restarted before each, as new attempts and new fits."""
    answered = 0
    for k in range(most):
        site.start()
        this, question = (1 + k // 10, 1 + k // 5, "p"), Asked(1, k)
        text = "regress dead dose"
        seen = look(site.ledger, site.columns, text)
        assert site.ledger.concerns(this, seen) == []
        if not site.ledger.budget(this, question):
            site.ledger.admit(this, seen)
            site.ledger.charge_answer(this, k, question)
            answered += 1
    return answered


def test_budget_by_restart(tmp_path):
    assert evaluations(Site(tmp_path / "off", OFF)) == 60
    on = Site(tmp_path / "on", ON)
    assert evaluations(on) == ON.evaluations
    assert sum(spent.evaluations for spent in on.ledger.spent().attempts) == ON.evaluations
