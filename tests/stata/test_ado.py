"""The entries: each leads to a function that takes a Stata; whatever goes wrong becomes lines and a return code."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from fedfolder.errors import ConfigError
from fedfolder.stata import ado

ENTRIES = [name for name, found in vars(ado).items() if getattr(found, "__qualname__", "") == "entry.<locals>.called"]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_leads_to_a_function_of_one_stata(name):
    found = re.fullmatch(r"`(fedfolder\.stata\.\w+)\.(\w+)`\.", getattr(ado, name).__doc__)
    assert found is not None
    function = getattr(importlib.import_module(found[1]), found[2])
    assert len(inspect.signature(function).parameters) == 1


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("this is wrong", do="mend it"), 198, "this is wrong\n  to do:    mend it\n"),
        (KeyboardInterrupt(), 1, "--Break--\n"),
        (ValueError("could not convert string to float: 'Smith'"), 498, "something happened that fedfolder does not"),
    ],
)
def test_what_goes_wrong_becomes_lines_in_red_and_a_return_code(stata, monkeypatch, error, code, said):
    def wrong(_stata):
        raise error

    monkeypatch.setattr("fedfolder.stata.doctor.doctor", wrong)
    stata.run(
        "program failing\nversion 16\npython: from fedfolder.stata import ado\npython: ado.doctor()\nexit `rc'\nend\n"
    )
    assert stata.run("failing") == code
    assert said in stata.errors
    assert "Smith" not in stata.text
    assert "Traceback" not in stata.text
