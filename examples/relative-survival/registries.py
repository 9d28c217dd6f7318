# ruff: noqa: INP001 - run by its path, as a user's own script
"""Simulated registry data: cancer patients at three sites, and the mortality of the population that they come from.

Usage: `python registries.py FOLDER`

Nobody in them lives. A patient dies of the cancer at a rate by stage and time since diagnosis (`EXCESS`), and of
anything else at the rate of the population (`population`). The same folder gets the same files, on any machine.
"""

from __future__ import annotations

import csv
import math
import random
import sys
from datetime import date, timedelta
from pathlib import Path

SITES = {"north": 1200, "south": 900, "west": 700}
"""Patients of each."""
CUTS = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Years since diagnosis at which the rate of dying of the cancer changes."""
EXCESS = (0.25, 0.20, 0.15, 0.10, 0.05)
"""That rate a year from each of them on, of a man in stage 1."""
STAGES = {1: 1.0, 2: 1.6, 3: 2.5}
"""How many times as high it is by stage."""
SEXES = {1: 1.0, 2: 0.8}
"""And by sex; 2 are women."""
ENDS = date(2020, 12, 31)
"""Until when it is known who lives."""
DAYS, MONTHS, LONGEST = 365.25, 12, 25.0
"""Of a year; and the years that a patient is followed at most."""


def population(age: int, year: int, sex: int) -> float:
    """Deaths a person-year, by Gompertz's law: higher with age, lower in later years, and in women."""
    return 0.00004 * math.exp(0.095 * age) * 0.985 ** (year - 2000) * {1: 1.0, 2: 0.7}[sex]


def excess(years: float, stage: int, sex: int) -> float:
    """Deaths of the cancer a person-year, so many years after the diagnosis."""
    rate = EXCESS[sum(cut <= years for cut in CUTS) - 1]
    return rate * STAGES[stage] * SEXES[sex]


def relative_survival(years: float, stage: int, sex: int) -> float:
    """The truth that a fit is to find: survival if the cancer were the only cause of death."""
    ends = [*CUTS[1:], math.inf]
    total = sum(
        excess(begin, stage, sex) * max(0.0, min(years, end) - begin) for begin, end in zip(CUTS, ends, strict=True)
    )
    return math.exp(-total)


def lifetime(rng: random.Random, birth: date, diagnosis: date, stage: int, sex: int) -> float:
    """Years from the diagnosis to death: where the rates, month by month, have added up to a number from Exp(1)."""
    left, month = rng.expovariate(1.0), 0
    while month < LONGEST * MONTHS:
        years = month / MONTHS
        now = diagnosis + timedelta(days=round(years * DAYS))
        age = int((now - birth).days / DAYS)
        rate = population(age, now.year, sex) + excess(years, stage, sex)
        if left < rate / MONTHS:
            return years + left / rate
        left, month = left - rate / MONTHS, month + 1
    return LONGEST


def patients(site: str, count: int) -> list[list[object]]:
    """The records of a site: who, sex, stage, and the dates of birth, diagnosis and exit; 1 for a death."""
    rng = random.Random(f"patients of {site}")  # noqa: S311 - nobody's data
    rows: list[list[object]] = []
    for number in range(count):
        sex, stage = rng.choice((1, 2)), rng.choices((1, 2, 3), (5, 3, 2))[0]
        diagnosis = date(2000, 1, 1) + timedelta(days=rng.randrange(15 * 365))
        birth = diagnosis - timedelta(days=round(rng.uniform(45, 85) * DAYS))
        years = lifetime(rng, birth, diagnosis, stage, sex)
        death = diagnosis + timedelta(days=max(1, round(years * DAYS)))
        rows.append([f"{site}-{number}", sex, stage, birth, diagnosis, min(death, ENDS), int(death <= ENDS)])
    return rows


def write(path: Path, names: str, rows: list[list[object]]) -> None:
    """A .csv with these columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([names.split(), *rows])


def main(folder: Path) -> None:
    """Write `north.csv`, `south.csv`, `west.csv` and `popmort.csv` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for site, count in SITES.items():
        write(folder / f"{site}.csv", "pid sex stage birth diagnosis exit died", patients(site, count))
    cells: list[list[object]] = [
        [age, year, sex, f"{population(age, year, sex):.8f}"]
        for age in range(40, 111)
        for year in range(2000, 2021)
        for sex in (1, 2)
    ]
    write(folder / "popmort.csv", "attained year sex rate", cells)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
