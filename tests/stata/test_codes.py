"""Each error of ours ends in Stata with a return code that means in Stata what it means here."""

from __future__ import annotations

import pytest

from fedfolder.errors import FedfolderError, PolicyError, RefusedError
from fedfolder.stata.codes import CODES, of_exit_code, return_code

STATA = {
    1: "--Break--",
    9: "assertion is false",
    111: "not found",
    198: "invalid syntax",
    310: "not possible because object(s) in use",
    430: "convergence not achieved",
    459: "something that should be true of your data is not",
    480: "starting values invalid or some RHS variables have missing values",
    498: "various messages",
    601: "file not found",
    603: "file could not be opened",
    610: "file not Stata format",
    688: "file is corrupt",
}
"""Stata's own words for the codes that we use: [P] error, Summary."""


def every_class(cls=FedfolderError):
    """Return a class of errors and all below it."""
    return [cls, *(below for child in cls.__subclasses__() for below in every_class(child))]


def made(cls):
    """Return an error of a class."""
    if cls.__name__ == "CommandError":
        return cls("what", text="text", position=0)
    return cls("what", rule="rule") if issubclass(cls, PolicyError) else cls("what")


OURS = [cls for cls in every_class() if cls.__module__ == "fedfolder.errors"]


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_every_class_has_a_code_that_stata_knows(cls):
    assert cls in CODES
    assert return_code(made(cls)) == CODES[cls]
    assert CODES[cls] in STATA


def test_a_class_that_is_not_in_the_table_has_the_code_of_what_it_is():
    class DerivedError(PolicyError):
        """One of someone else's."""

    assert return_code(made(DerivedError)) == CODES[PolicyError]


@pytest.mark.parametrize(
    ("codes", "code"),
    [({"UnknownName"}, 111), ({"Variable"}, 459), ({"Policy"}, 498), ({"UnknownName", "Policy"}, 498), ({"?"}, 498)],
)
def test_a_refusal_for_one_reason_has_the_code_of_that_reason(codes, code):
    assert return_code(RefusedError("north refused", codes=codes)) == code


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_the_exit_code_of_a_command_becomes_the_same_return_code(cls):
    assert of_exit_code(cls.exit_code) == CODES[cls]


@pytest.mark.parametrize(("exit_code", "code"), [(0, 0), (2, 198), (130, 1), (99, 498)])
def test_exit_codes_that_are_no_error_of_ours(exit_code, code):
    assert of_exit_code(exit_code) == code
