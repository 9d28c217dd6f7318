from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json

import numpy as np
import pytest

from fedfolder.errors import ConfigError
from fedfolder.estimates import FitResult
from fedfolder.estimates.averages import Averages
from fedfolder.estimates.baseline import FittedBaseline
from fedfolder.estimates.flexible import FittedSpline
from fedfolder.estimates.record import FIELDS, FURTHER

# "What a fit returns", in order.
PROMISED = "command status n ll ll_0 coef se V names omitted rounds evaluations nodes stats".split()  # noqa: SIM905


def test_the_object_has_the_promised_fields_first(fits, name):
    assert list(FIELDS) == PROMISED
    assert list(fits[name].to_dict()) == [*FIELDS, *FURTHER]


def test_json_holds_every_bit_of_every_number(fits, name):
    result = fits[name]
    read = json.loads(result.to_json())
    assert [read["coef"][label] for label in result.names] == result.beta.tolist()
    assert [read["se"][label] for label in result.names] == result.bse.tolist()
    assert read["V"] == result.cov.tolist()
    assert read["ll"] == result.llf
    assert read["ll_0"] == result.llnull
    assert not set(read["coef"]) & set(read["omitted"])
    assert result.to_json().endswith("}\n")
    assert "\n" not in result.to_json()[:-1]


def test_a_result_read_back_writes_the_same_bytes(fits, name):
    result = fits[name]
    again = FitResult.from_dict(json.loads(result.to_json()))
    assert again.to_json() == result.to_json()
    assert again.to_csv() == result.to_csv()
    assert again.summary() == result.summary()


def older(result):
    """The object as the first version wrote it."""
    return {name: value for name, value in result.to_dict().items() if name in FIELDS}


def test_a_result_read_back_is_the_same_result(fits, name):
    again = FitResult.from_json(fits[name].to_json())
    assert again == fits[name]
    assert hash(again) == hash(fits[name])
    assert again != dataclasses.replace(again, level=80.0)


def test_a_result_of_every_shape_survives(models, shape):
    again = FitResult.from_json(models[shape].to_json())
    assert again == models[shape]
    assert again.summary() == models[shape].summary()
    assert again.to_json() == models[shape].to_json()
    assert list(again.to_dict())[: len(PROMISED)] == PROMISED


def test_every_field_of_a_result_is_written(models):
    """A field that `to_dict` forgot would compare equal: change each, and see the difference."""
    result = models["mlogit-labels"]
    other = {
        str: lambda value: f"{value}x",
        int: lambda value: value + 1,
        float: lambda value: value + 1.0,
        tuple: lambda value: (*value, value[0]) if value else ("x",),
        dict: lambda value: (
            {**value, "x": {}} if value and isinstance(next(iter(value.values())), dict) else {"x": 1.0}
        ),
        np.ndarray: lambda value: value + 1.0,
        type(None): lambda _: 7,
    }
    special = {
        "names": ("2:other", *result.names[1:]),
        "excluded": (("x", "y", 1),),
        "bases": {"x": "y"},
        "roles": {"x": "y"},
        "splines": (FittedSpline("", ("_rcs1",), ()),),
        "averages": Averages(("as observed",), (1.0,), np.ones((1, 1)), np.zeros((1, 1, len(result.names)))),
        "baselines": (FittedBaseline({"_node": "a"}, (5.0,), (0.1,), (0.01,), ((0.0,) * len(result.names),)),),
    }
    for field in dataclasses.fields(FitResult):
        value = getattr(result, field.name)
        changed = special.get(field.name) or other[type(value)](value)
        assert dataclasses.replace(result, **{field.name: changed}) != result, field.name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "nothing"),
        ("   ", "nothing"),
        ("logit low age", "no JSON"),
        ("[1, 2]", "a list"),
        ("3", "no object"),
        ('{"command": "logit low age"}', "without status, n, ll"),
    ],
)
def test_a_file_that_is_no_result_says_what_was_found(text, found):
    with pytest.raises(ConfigError, match="not the result of a fit") as caught:
        FitResult.from_json(text, where="a.json")
    assert found in caught.value.found
    assert caught.value.where == "a.json"
    assert caught.value.do


@pytest.mark.parametrize("field", [*FIELDS, *FURTHER])
@pytest.mark.parametrize("value", [None, 3, "text", [1], {"a": []}, [[[]]]])
def test_nothing_but_our_own_error_comes_of_a_field_that_holds_something_else(fits, field, value):
    fields = fits["demo"].to_dict() | {field: value}
    with contextlib.suppress(ConfigError):
        assert FitResult.from_dict(fields).to_json()


def test_an_object_of_an_older_version_is_read(fits, name):
    again = FitResult.from_dict(older(fits[name]), bases=fits[name].bases)
    assert dataclasses.replace(again, condition=fits[name].condition) == fits[name]


def test_an_older_object_predicts_when_it_is_told_the_bases(fits, lbw):
    result = fits["published"]
    again = FitResult.from_dict(older(result), bases=result.bases)
    np.testing.assert_array_equal(again.predict(lbw), result.predict(lbw))


def test_bases_that_the_command_names_are_read_from_it(fits):
    fields = older(fits["published"]) | {"command": "logit low ib3.race"}
    assert FitResult.from_dict(fields).bases == {"race": "3"}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_null(fits, value):
    result = dataclasses.replace(
        fits["demo"], llf=value, llnull=value, beta=np.full(3, value), cov=np.full((3, 3), value), stats={"chi2": value}
    )
    read = json.loads(result.to_json(), parse_constant=pytest.fail)
    assert read["ll"] is None
    assert read["ll_0"] is None
    assert read["stats"] == {"chi2": None}
    assert set(read["coef"].values()) == set(read["se"].values()) == {None}
    assert np.isnan(FitResult.from_dict(read).beta).all()


def test_without_numbers_there_are_none(nothing):
    read = json.loads(nothing.to_json())
    assert (read["status"], read["n"]) == ("separation", 189)
    assert read["ll"] is None
    assert (read["coef"], read["se"], read["V"], read["names"]) == ({}, {}, [], [])
    again = FitResult.from_dict(read, message=nothing.message)
    assert again.summary() == nothing.summary()
    assert nothing.to_csv() == "name,coef,se,statistic,p,lower,upper\n"


def test_csv_holds_every_bit_of_the_table(fits, name):
    result = fits[name]
    rows = list(csv.DictReader(io.StringIO(result.to_csv())))
    interval = result.conf_int()
    columns = {"coef": result.params, "se": result.bse, "statistic": result.tvalues, "p": result.pvalues}
    columns |= {"lower": interval["lower"], "upper": interval["upper"]}
    assert [row["name"] for row in rows] == list(result.names)
    for column, values in columns.items():
        assert [float(row[column]) for row in rows] == values.tolist()


def test_csv_leaves_a_missing_number_empty(fits):
    text = dataclasses.replace(fits["demo"], cov=np.zeros((3, 3))).to_csv()
    assert all(line.split(",")[3] == "" for line in text.splitlines()[1:])


def test_a_label_with_quotes_survives_both_forms(fits):
    label = '"a ""b"", c".race'
    result = dataclasses.replace(fits["demo"], command="logit low i.race", names=(label, "smoke", "_cons"))
    assert next(iter(csv.DictReader(io.StringIO(result.to_csv()))))["name"] == label
    assert json.loads(result.to_json())["names"][0] == label


def test_nodes_are_named_with_their_counts(fits):
    assert fits["demo"].to_dict()["nodes"][0] == {"name": "north", "n": 63}
