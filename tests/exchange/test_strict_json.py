"""JSON that everybody reads alike, and nothing else."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import MessageError
from fedfolder.exchange import strict_json
from fedfolder.exchange.envelope import seal
from tests.exchange.helpers import SERVER, header

ATTACKS = {
    "nothing": b"",
    "nan": b'{"a": NaN}',
    "infinity": b"[Infinity]",
    "minus infinity": b"[-Infinity]",
    "a float": b"[0.5]",
    "an exponent": b"[1e3]",
    "a number beyond every float": b"[1e999]",
    "a number beyond 2^53": b"[9007199254740992]",
    "a huge number": b"[" + b"9" * 100_000 + b"]",
    "the same key twice": b'{"a": 1, "a": 2}',
    "the same key twice, written differently": b'{"a": 1, "\\u0061": 2}',
    "the same key twice, inside": b'{"b": [{"a": 1, "a": 1}]}',
    "nested too deep": b"[" * 17 + b"]" * 17,
    "a bomb of brackets": b"[" * 100_000,
    "a bomb of objects": b'{"a":' * 100_000,
    "a byte order mark": b"\xef\xbb\xbf[]",
    "UTF-16": "[]".encode("utf-16"),
    "Latin-1": b'["\xe9"]',
    "an overlong encoding": b'["\xc0\xaf"]',
    "an encoded surrogate": b'["\xed\xa0\x80"]',
    "a raw control character": b'["\x00"]',
    "two values": b"[] []",
    "a trailing comma": b"[1,]",
    "a comment": b"[] // x",
    "a leading zero": b"[01]",
    "a plus sign": b"[+1]",
    "hexadecimal": b"[0x1]",
    "single quotes": b"['a']",
    "NUL bytes": bytes(100),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_refused(attack):
    with pytest.raises(MessageError) as caught:
        strict_json.loads(ATTACKS[attack], where="m000001-x.json")
    assert caught.value.where == "m000001-x.json"
    assert len(str(caught.value)) < 400, "a reason quotes nothing of the content"


@pytest.mark.parametrize("value", [["\ud800"], {"\udfff": 1}, [math.nan], [1 << 60]])
def test_what_has_no_canonical_form_is_not_signed(value):
    with pytest.raises(MessageError):
        strict_json.canonical(value)


def test_a_lone_surrogate_in_an_escape_is_no_text():
    with pytest.raises(MessageError):
        strict_json.canonical(strict_json.loads(b'["\\ud800"]', where="x"))


def test_sixteen_levels_are_enough_and_allowed():
    content = b"[" * 16 + b"1" + b"]" * 16
    assert strict_json.loads(content, where="x") is not None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(values)
def test_what_is_written_is_read_and_has_one_canonical_form(value):
    try:
        read = strict_json.loads(strict_json.pretty(value), where="x")
    except MessageError as error:
        assert "levels deep" in error.found  # noqa: PT017 - the only reason there may be
        return
    assert read == value
    assert strict_json.loads(strict_json.canonical(value), where="x") == value
    shuffled = json.dumps(value, sort_keys=True).encode()
    assert strict_json.canonical(strict_json.loads(shuffled, where="x")) == strict_json.canonical(value)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_our_own_error(content):
    with contextlib.suppress(MessageError):
        strict_json.loads(content, where="x")


@given(st.text(alphabet='{}[]",:0123456789.eE+-\\u truefalsn', max_size=60))
def test_anything_like_json_gives_a_value_or_our_own_error(text):
    with contextlib.suppress(MessageError):
        strict_json.canonical(strict_json.loads(text.encode(), where="x"))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(ANY_JSON)
def test_the_short_way_to_the_canonical_form_is_the_long_one(value):
    """What is plain is written by a fast writer, and comes to the same bytes as by the library that knows the rules."""
    try:
        expected = strict_json._canonical_of_anything(value)  # noqa: SLF001 - the way without the trick
    except MessageError:
        with pytest.raises(MessageError):
            strict_json.canonical(value)
    else:
        assert strict_json.canonical(value) == expected
    if strict_json.is_plain(value):
        written = strict_json.pretty(value)
        assert written == (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
        assert strict_json.loads(written, where="x") == value


@pytest.mark.parametrize("leaf", ["x", 1, None])
@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_what_is_nested_too_deep_is_not_plain(leaf, wrap):
    value = leaf
    for _ in range(strict_json.DEEPEST):
        value = wrap(value)
    assert strict_json.is_plain(value)
    assert not strict_json.is_plain(wrap(value))


def sealed(body):
    """What is sealed with this body, or what is said against it."""
    try:
        return seal(header("server", "north", body=body), {"beta.csv": b"x"}, SERVER.sign, key=SERVER.key)
    except MessageError as error:
        return error.what


@given(st.dictionaries(st.text(), ANY_JSON, max_size=3))
def test_a_message_is_the_same_where_nothing_is_taken_for_plain(body):
    """What is plain is not read back to see what a reader would make of it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(strict_json, "is_plain", lambda _: False)
        expected = sealed(body)
    assert sealed(body) == expected
