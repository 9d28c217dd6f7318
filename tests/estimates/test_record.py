from __future__ import annotations

import csv
import dataclasses
import io
import json

import numpy as np
import pytest

from fedfolder.estimates import FitResult
from fedfolder.estimates.record import FIELDS

# "What a fit returns", in order.
PROMISED = "command status n ll ll_0 coef se V names omitted rounds evaluations nodes stats".split()  # noqa: SIM905


def test_the_object_has_the_promised_fields_and_no_others(fits, name):
    assert list(fits[name].to_dict()) == list(FIELDS) == PROMISED


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


def test_a_result_read_back_predicts_when_it_is_told_the_bases(fits, lbw):
    result = fits["published"]
    again = FitResult.from_dict(result.to_dict(), bases=result.bases)
    np.testing.assert_array_equal(again.predict(lbw), result.predict(lbw))


def test_bases_that_the_command_names_are_read_from_it(fits):
    fields = fits["published"].to_dict() | {"command": "logit low ib3.race"}
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
