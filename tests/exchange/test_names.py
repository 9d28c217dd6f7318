"""Names on the share."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import ConfigError
from fedfolder.exchange import names
from fedfolder.exchange.names import FileName

NONE_OF_OURS = [
    "m000001-fit1-round1-instruction (1).json",
    "m000001-fit1-round1-instruction.json.tmp",
    "m000001-fit1-round1-instruction-DESKTOP-A1.json",
    "M000001-fit1-round1-instruction.json",
    "m000001-fit1-round1-instruction.JSON",
    "m00001-x.json",
    "m0000001-x.json",
    "m000001.json",
    "m000001-.json",
    "m000001-x-.json",
    "m000001-x.exe",
    "m000001-x.json\n",
    "m000001-x:stream.json",
    "m000001-ä.json",
    "m00000\N{ARABIC-INDIC DIGIT ONE}-x.json",
    "../m000001-x.json",
    "m000001-../x.json",
    "m000001-x\\y.json",
    "/m000001-x.json",
    "con.json",
    ".fedfolder-0123456789abcdef",
    "m000001-" + "x" * 60 + ".json",
    "",
]


@pytest.mark.parametrize("name", NONE_OF_OURS)
def test_none_of_ours(name):
    assert FileName.parse(name) is None


@given(st.integers(0, names.LARGEST_NUMBER), st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).map(lambda t: t))
def test_a_name_is_read_as_it_is_written(number, label):
    found = FileName(number, label, "csv")
    if len(str(found)) <= names.LONGEST_NAME and label.isascii():
        assert FileName.parse(str(found)) == found


@given(st.text(max_size=70))
def test_any_text_is_a_plain_short_name_or_none(text):
    found = FileName.parse(text)
    if found is not None:
        assert text.isascii()
        assert text == text.lower()
        assert PurePosixPath(text).name == text


def test_envelopes_are_found_by_number():
    lying = ["m000002-a.json", "m000002-b.json", "m000002-a.csv", "m000003-a.json", "Thumbs.db"]
    assert names.envelopes(lying) == {2: ["m000002-a.json", "m000002-b.json"], 3: ["m000003-a.json"]}


def test_lookalikes_are_what_sync_tools_and_old_systems_make():
    lying = ["m000002-a (1).json", "M000002-A.JSON", "m000002-a.json", "m000003-a (1).json", "x"]
    assert names.lookalikes(lying, 2) == ["m000002-a (1).json", "M000002-A.JSON"]


@pytest.mark.parametrize("name", ["north", "a", "site-1", "a_b", "0", "x" * 32])
def test_a_place(name):
    assert names.check_place("node", name) == name


@pytest.mark.parametrize(
    "name", ["", "North", "-a", "a-", "a.b", "a b", "x" * 33, "con", "nul", "com1", "lpt9", "ä", "..", "a/b", "a\n"]
)
def test_no_place(name):
    with pytest.raises(ConfigError) as caught:
        names.check_place("study", name)
    assert repr(name) in str(caught.value)


def test_no_node_is_called_server():
    assert names.check_place("study", "server") == "server"
    with pytest.raises(ConfigError):
        names.check_place("node", "server")


def test_a_path_too_long_for_windows_is_found_before_the_start():
    names.check_length(Path("/" + "x" * 178))
    with pytest.raises(ConfigError, match="too long"):
        names.check_length(Path("/" + "x" * 180))
