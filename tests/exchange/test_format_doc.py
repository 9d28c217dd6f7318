"""docs/exchange-format.md prints the golden files, and states the limits and rules that the code has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fedfolder.exchange import acceptance, envelope, files, names, strict_json, watching
from tests.exchange.fixed_fit import GOLDEN

PAGE = (Path(__file__).parents[2] / "docs" / "exchange-format.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^`(to-[a-z]+/m\d+[^`]*)`( \(shortened\))?:\n\n```(?:json|csv)\n(.*?)```$", re.MULTILINE | re.DOTALL
)
EXAMPLES = EXAMPLE.findall(PAGE)


def golden(name):
    """The golden files of that name: the two stories share their beginning."""
    return [path.read_text(encoding="utf-8") for path in GOLDEN.glob(f"*/{name}")]


def is_part(shown, whole):
    """Whether every field shown stands in the file with that value."""
    if isinstance(shown, dict) and isinstance(whole, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in shown.items())
    return shown == whole


@pytest.mark.parametrize(("name", "shortened", "shown"), EXAMPLES, ids=[f"{e[0]}-{i}" for i, e in enumerate(EXAMPLES)])
def test_an_example_is_a_golden_file(name, shortened, shown):
    if shortened:
        assert any(is_part(json.loads(shown), json.loads(content)) for content in golden(name))
    else:
        assert shown in golden(name)


def test_every_fence_is_an_example_and_every_kind_of_message_has_one():
    assert PAGE.count("\n```") == 2 * len(EXAMPLES)
    shown = {json.loads(text)["signed"]["kind"] for name, _, text in EXAMPLES if name.endswith(".json")}
    assert shown == envelope.REQUESTS | envelope.REPLIES


def test_every_field_of_the_header_and_the_manifest_is_described():
    table = PAGE.split("| field of `signed` |")[1].split("\n\n")[0]
    for field in (*envelope.Header.__struct_fields__, *envelope.Payload.__struct_fields__):
        assert f"`{field}`" in table


def test_the_limits_are_those_of_the_code():
    table = PAGE.split("### Limits")[1].split("##")[0]
    rows = {
        cells[1].strip(): cells[2].strip().replace(" ", "")
        for line in table.splitlines()
        if (cells := line.split("|"))[1:3]
    }
    assert rows["JSON file"] == str(envelope.LARGEST_ENVELOPE)
    assert rows["payload file"] == str(envelope.LARGEST_PAYLOAD)
    assert rows["payloads of a message"] == str(envelope.MOST_PAYLOADS)
    assert rows["depth of the JSON"] == str(strict_json.DEEPEST)
    assert rows["number, fit, attempt, round"] == str(names.LARGEST_NUMBER)
    assert rows["file name"] == str(names.LONGEST_NAME)
    assert rows["path of a file"] == str(names.LONGEST_PATH)
    assert float(rows["pause between looks, at most"]) == watching.LONGEST_PAUSE


def test_the_rules_are_numbered_as_in_the_code():
    rules = PAGE.split("### The rules of acceptance, in order")[1].split("\n\n")[1]
    numbers = re.findall(r"^(\d+)\. ", rules, re.MULTILINE)
    assert numbers == re.findall(r"^(\d+)\. ", acceptance.__doc__ or "", re.MULTILINE) == [str(n) for n in range(1, 11)]


def test_the_pattern_of_names_is_the_codes():
    (pattern,) = re.findall(r"must match `([^`]*)`", PAGE)
    printed = re.compile(pattern, re.ASCII)
    for name in (
        "m000001-a.json",
        "m000001-a-b1.csv",
        "m000001-a.txt",
        "m1-a.json",
        "m000001-A.json",
        "m000001-a-.csv",
    ):
        assert bool(printed.fullmatch(name)) == (names.FileName.parse(name) is not None)


def test_the_format_and_the_temporary_names_are_the_codes():
    assert f"`{envelope.FORMAT}`" in PAGE
    assert f"`{files.TEMPORARY}`" in PAGE
