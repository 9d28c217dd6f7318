"""Likelihoods that others install as entry points."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

import fedfolder.likelihood
from fedfolder.errors import ConfigError, UnknownNameError
from fedfolder.likelihood import LIKELIHOODS, ObservationDerivatives, RowLikelihood, find, installed, names


class Halves(RowLikelihood):
    name = "halves"
    title = "Regression of halves"

    def derivatives(self, rows, eta):
        residual = rows["y"] - 0.5 * eta[0]
        return ObservationDerivatives(-np.square(residual), residual[None], np.full((1, 1, len(residual)), -0.5))


class Greedy(Halves):
    def __init__(self, more):
        self.more = more


INSTANCE = Halves()
NO_LIKELIHOOD = {"name": "halves"}


@pytest.fixture(autouse=True)
def _forgetful():
    def forget():
        installed.entry_points.cache_clear()
        fedfolder.likelihood._installed.cache_clear()  # noqa: SLF001

    forget()
    yield
    forget()


@pytest.fixture
def install(monkeypatch):
    """Pretend that packages with these entry points are installed."""
    monkeypatch.setitem(sys.modules, "halves", sys.modules[__name__])

    def pretend(**points):
        found = [EntryPoint(name.replace("__", "-"), value, installed.GROUP) for name, value in points.items()]

        def entry_points(*, group):
            return importlib.metadata.EntryPoints(point for point in found if point.group == group)

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
        return found

    return pretend


@pytest.mark.parametrize("value", ["halves:Halves", "halves:INSTANCE"])
def test_an_installed_likelihood_is_found_by_its_name(install, value):
    install(halves=value)
    assert isinstance(find("halves"), Halves)
    assert find("halves") is find("halves")
    assert names() == (*LIKELIHOODS, "halves")


def test_one_that_is_built_in_is_found_without_a_search(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", None)
    assert all(find(name) is likelihood for name, likelihood in LIKELIHOODS.items())


def test_one_that_nobody_knows(install):
    install(halves="halves:Halves")
    with pytest.raises(UnknownNameError, match="did you mean halves"):
        find("halve")
    with pytest.raises(UnknownNameError, match="logit"):
        find("logti")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("no_such_module_at_all:Halves", "ModuleNotFoundError"),
        ("halves:NoSuchName", "AttributeError"),
        ("halves:Greedy", "TypeError"),
        ("halves:RowLikelihood", "TypeError"),
        ("halves:NO_LIKELIHOOD", "an object of class dict"),
        ("halves:find", "an object of class function"),
    ],
)
def test_a_broken_one_says_what_where_and_what_to_do(install, value, found):
    install(halves=value)
    assert "halves" in names()
    with pytest.raises(ConfigError) as error:
        find("halves")
    assert found in error.value.found
    assert value in error.value.where
    assert error.value.expected
    assert "uninstall" in error.value.do


def test_one_of_another_name_than_its_entry_point(install):
    install(thirds="halves:Halves")
    with pytest.raises(ConfigError, match="the name 'halves'"):
        find("thirds")


@pytest.mark.parametrize("name", ["logit", "glm", "mlogit", "My_Model", "my__model", "2sls", "_x"])
def test_a_name_that_is_taken_or_no_command(install, name):
    install(**{name: "halves:Halves"})
    written = name.replace("__", "-")
    assert names() == tuple(LIKELIHOODS)
    with pytest.raises(ConfigError, match="halves:Halves"):
        find("halves")
    if written in LIKELIHOODS:
        assert find(written) is LIKELIHOODS[written]


def test_a_bad_neighbour_does_no_harm(install):
    install(halves="halves:Halves", logit="halves:Halves")
    assert isinstance(find("halves"), Halves)


def test_a_name_that_two_packages_have(install, monkeypatch):
    (one,) = install(halves="halves:Halves")
    both = [one, EntryPoint("halves", "halves:INSTANCE", installed.GROUP)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: importlib.metadata.EntryPoints(both))  # noqa: ARG005
    with pytest.raises(ConfigError, match="two packages"):
        find("halves")


def test_the_registry_is_ready_without_scipy_and_without_a_search():
    program = (
        "import sys, importlib.metadata as m; m.entry_points = None\n"
        "import fedfolder.likelihood\n"
        "assert not [name for name in sys.modules if name.startswith(('scipy', 'pandas'))]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
