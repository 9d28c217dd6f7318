"""The rules by themselves: bytes in, a message or our own error out. Each test is named after an attack."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.errors import AlarmError, MessageError, VersionError
from fedfolder.exchange.acceptance import Acceptance, Due
from fedfolder.exchange.envelope import LARGEST_PAYLOAD, Header
from fedfolder.exchange.names import HELLO
from tests.exchange.helpers import BETA, NODE, SERVER, STRANGER, STUDY, forged, header, identity, raw

PREVIOUS, OTHER = "1" * 64, "2" * 64
REQUEST = forged(header("server", "north", previous=PREVIOUS, body={"a": "ä"}), {"beta.csv": BETA}, SERVER)
REPLY = forged(
    header("north", "server", previous=PREVIOUS, answers=REQUEST.digest), {"derivatives.csv": b"1,2\n"}, NODE
)
HELLO_NODE = forged(Header(study=STUDY, sender="north", recipient="server", kind="hello", number=0,
                           body={"key": NODE.key.hex()}), {}, NODE)  # fmt: skip
FROM_SERVER = Acceptance(STUDY, "server", "north", SERVER.key)
FROM_NODE = Acceptance(STUDY, "north", "server", NODE.key)
REQUEST_DUE, REPLY_DUE = Due(1, PREVIOUS, None), Due(1, PREVIOUS, REQUEST)


def judge(message, content=None, *, payloads=None, name=None, rules=FROM_SERVER, due=REQUEST_DUE):
    """Let the rules see a message, with some of it changed."""
    lying = dict(message.payloads if payloads is None else payloads)
    seen = message.content if content is None else content
    return rules.message(name or message.name, seen, due, lambda part, _limit: lying.get(part))


def signed(message=REQUEST, **changes):
    """The `signed` of a message as plain JSON, with some fields changed; None takes one out."""
    found = {**msgspec.to_builtins(message.header), **changes}
    return {name: value for name, value in found.items() if value is not None}


def refused(content, match=None, **how):
    with pytest.raises(MessageError, match=match):
        judge(REQUEST, content, **how)


def test_the_true_ones_are_accepted():
    assert judge(REQUEST) == REQUEST
    assert judge(REPLY, rules=FROM_NODE, due=REPLY_DUE) == REPLY
    assert FROM_NODE.hello(HELLO, HELLO_NODE.content) == HELLO_NODE
    assert Acceptance(STUDY, "north", "server", None).hello(HELLO, HELLO_NODE.content) == HELLO_NODE


# -- bytes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_flipped_anywhere_in_the_json(bit):
    for place in range(len(REQUEST.content)):
        flipped = bytearray(REQUEST.content)
        flipped[place] ^= 1 << bit
        with pytest.raises((MessageError, VersionError)):
            judge(REQUEST, bytes(flipped))


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_flipped_anywhere_in_a_payload(bit):
    (name,) = REQUEST.payloads
    for place in range(len(BETA)):
        flipped = bytearray(BETA)
        flipped[place] ^= 1 << bit
        with pytest.raises(MessageError, match=r"not .yet. what its message states"):
            judge(REQUEST, payloads={name: bytes(flipped)})


def test_truncated_at_any_length():
    for length in range(len(REQUEST.content) - 1):
        refused(REQUEST.content[:length])
    assert judge(REQUEST, REQUEST.content[:-1]).digest == REQUEST.digest, "the line end at the end says nothing"
    (name,) = REQUEST.payloads
    for length in range(len(BETA)):
        refused(REQUEST.content, payloads={name: BETA[:length]})


def test_a_payload_that_is_missing_swapped_or_longer():
    other = forged(header("server", "north", number=2, previous=PREVIOUS), {"beta.csv": BETA + b"!"}, SERVER)
    (name,) = REQUEST.payloads
    refused(REQUEST.content, "not arrived", payloads={})
    refused(REQUEST.content, payloads={name: next(iter(other.payloads.values()))})
    refused(REQUEST.content, payloads={name: BETA + b"\0"})


@given(st.binary(max_size=300))
def test_any_bytes_give_our_own_errors(content):
    for call in (lambda: judge(REQUEST, content), lambda: FROM_NODE.hello(HELLO, content)):
        with pytest.raises((MessageError, VersionError)):
            call()


keys = st.sampled_from([*signed(), "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, json_values, max_size=3))
def test_any_field_of_any_type_even_if_signed_gives_our_own_errors(changes):
    fields = {**signed(), **changes}
    try:
        content = raw(fields, SERVER)
    except MessageError:
        return  # it has no canonical form, so nobody can sign it
    try:
        accepted = judge(REQUEST, content)
    except (MessageError, VersionError):
        return
    assert msgspec.to_builtins(accepted.header) == fields
    fixed = ("format", "study", "sender", "recipient", "number", "answers", "previous")
    assert [fields[name] for name in fixed] == [signed()[name] for name in fixed]


# -- who, where, to whom -------------------------------------------------------------------------------------------

FOREIGN = {
    "another study": {"study": "other"},
    "another recipient": {"recipient": "south"},
    "another sender": {"sender": "south"},
    "a message of a node in the server's folder": {"sender": "north", "recipient": "server"},
}


@pytest.mark.parametrize("attack", list(FOREIGN))
def test_forwarded_from(attack):
    refused(raw(signed(**FOREIGN[attack]), SERVER), "belongs elsewhere")


@pytest.mark.parametrize("kind", ["sums", "refusal", "receipt"])
def test_a_reply_from_the_server(kind):
    refused(raw(signed(kind=kind, payloads=[]), SERVER), "nothing of this kind")


@pytest.mark.parametrize("kind", ["request", "closing"])
def test_a_request_from_a_node(kind):
    with pytest.raises(MessageError, match="nothing of this kind"):
        judge(REPLY, raw(signed(REPLY, kind=kind, payloads=[]), NODE), rules=FROM_NODE, due=REPLY_DUE)


def test_a_message_put_into_the_folder_of_the_other_direction():
    refused(REPLY.content, name=REPLY.name)
    with pytest.raises(MessageError):
        judge(REQUEST, rules=FROM_NODE, due=REPLY_DUE)


def test_a_terminal_is_not_written_to_by_a_foreign_field():
    with pytest.raises(MessageError) as caught:
        judge(REQUEST, raw(signed(study="\x1b[2J\n"), SERVER))
    assert "\x1b" not in str(caught.value)
    with pytest.raises(VersionError) as newer:
        judge(REQUEST, raw(signed(format="\x1b[2J\n" * 50), SERVER))
    assert "\x1b" not in str(newer.value)
    assert len(str(newer.value)) < 400


# -- signatures ----------------------------------------------------------------------------------------------------


def test_unsigned():
    refused(raw(signed()), "this is no message")


def test_two_signatures():
    refused(raw(signed(), SERVER, STRANGER), "this is no message")
    refused(raw(signed(), SERVER, SERVER), "this is no message")


def test_an_unknown_key():
    refused(raw(signed(), STRANGER), "not signed by server")


def test_the_key_of_the_peer_beside_the_signature_of_a_stranger():
    content = raw(signed(), STRANGER).replace(STRANGER.key.hex().encode(), SERVER.key.hex().encode())
    refused(content, "signature does not hold")


def test_the_key_of_another_role():
    refused(raw(signed(), NODE), "not signed by server")


@pytest.mark.parametrize("change", [str.upper, lambda t: t + "00", lambda t: t[2:], lambda t: " " + t, lambda _: "zz"])
def test_a_key_or_signature_written_otherwise(change):
    for part in (SERVER.key.hex(), raw(signed(), SERVER).split(b'"signature": "')[1][:128].decode()):
        content = raw(signed(), SERVER).replace(part.encode(), change(part).encode())
        refused(content, "malformed")


def test_nobody_is_known_before_the_hello():
    with pytest.raises(MessageError, match="nobody is known"):
        judge(REQUEST, rules=Acceptance(STUDY, "server", "north", None))


# -- order ---------------------------------------------------------------------------------------------------------


def test_a_number_that_is_not_due():
    for number in (0, 2, 999_999):
        with pytest.raises(MessageError, match="not due"):
            judge(REQUEST, due=Due(number, PREVIOUS, None))


def test_named_after_another_number():
    refused(
        REQUEST.content,
        "named after another message",
        name="m000002-fit1-round1-instruction.json",
        due=Due(2, "", None),
    )


def test_the_digest_of_the_message_before_is_wrong():
    for previous in ("", OTHER):
        refused(raw(signed(previous=previous), SERVER), "does not follow")


def test_an_answer_to_another_request():
    for answers in ("", OTHER):
        with pytest.raises(MessageError, match="answers another request"):
            judge(REPLY, raw(signed(REPLY, answers=answers), NODE), rules=FROM_NODE, due=REPLY_DUE)
    refused(raw(signed(answers=OTHER), SERVER), "answers another request")


@pytest.mark.parametrize("field", ["fit", "attempt", "proposal", "protocol", "roster"])
def test_a_reply_that_is_filed_under_another_fit(field):
    value = 2 if field in {"fit", "attempt"} else OTHER
    reply = forged(msgspec.structs.replace(REPLY.header, **{field: value, "payloads": []}), {}, NODE)
    with pytest.raises(MessageError, match="does not fit its request"):
        judge(reply, rules=FROM_NODE, due=REPLY_DUE)


def test_a_receipt_for_a_request_and_sums_for_a_closing():
    closing = forged(header("server", "north", kind="closing", previous=PREVIOUS), {}, SERVER)
    receipt = forged(header("north", "server", kind="receipt", previous=PREVIOUS, answers=REQUEST.digest), {}, NODE)
    sums = forged(header("north", "server", previous=PREVIOUS, answers=closing.digest), {}, NODE)
    for reply, request in [(receipt, REQUEST), (sums, closing)]:
        with pytest.raises(MessageError, match="does not fit its request"):
            judge(reply, rules=FROM_NODE, due=Due(1, PREVIOUS, request))


# -- fields --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [name for name in signed() if name != "format"])
def test_a_field_that_is_missing(field):
    with pytest.raises(MessageError):
        judge(REQUEST, raw(signed(**{field: None}), SERVER))


@pytest.mark.parametrize("place", ["signed", "payload", "signature", "top"])
def test_a_field_too_many(place):
    content = {"signed": signed(), "signatures": [{"key": SERVER.key.hex(), "signature": "0" * 128}]}
    if place == "signed":
        refused(raw(signed(extra=1), SERVER), "field of this message is wrong")
    elif place == "payload":
        payload = {**signed()["payloads"][0], "extra": 1}
        refused(raw(signed(payloads=[payload]), SERVER), "field of this message is wrong")
    else:
        from fedfolder.exchange import strict_json

        target = content if place == "top" else content["signatures"][0]
        target["extra"] = 1
        refused(strict_json.pretty(content), "this is no message")


WRONG: dict[str, list[object]] = {
    "number": [-1, 1_000_000, "1", True, [1]],
    "fit": [-1, "1", False],
    "kind": ["other", "", 1, "Request"],
    "study": [1, [], {}],
    "previous": ["x", "1" * 63, "A" * 64, "1" * 64 + "\n", 1],
    "body": [[], "text", 1],
    "payloads": [{}, "text", [1], [[]]],
}


@pytest.mark.parametrize("field", list(WRONG))
def test_a_field_of_a_wrong_type_or_range(field):
    for value in WRONG[field]:
        refused(raw(signed(**{field: value}), SERVER))


def test_a_newer_format_is_another_version_and_no_attack():
    for version in ("fedfolder/2", "", 1):
        with pytest.raises(VersionError, match="another version"):
            judge(REQUEST, raw(signed(format=version), SERVER))


# -- payload names -------------------------------------------------------------------------------------------------

PATHS = [
    "../m000001-fit1-round1-beta.csv",
    "m000001-fit1-round1-../beta.csv",
    "m000001-fit1-round1-..\\beta.csv",
    "/etc/passwd",
    "C:\\secret.csv",
    "\\\\server\\share\\m000001-fit1-round1-beta.csv",
    "con.csv",
    "m000001-fit1-round1-beta.csv:stream",
    "m000001-fit1-round1-beta.exe",
    "m000001-fit1-round1-beta.json",
    "m000002-fit1-round1-beta.csv",
    "m000001-beta.csv",
    "m000001-fit2-round1-beta.csv",
    "m000001-fit1-round1-beta.csv\n",
    "M000001-fit1-round1-beta.csv",
    "m000001-fit1-round1-" + "x" * 50 + ".csv",
    "",
    ".",
]


@pytest.mark.parametrize("name", PATHS)
def test_a_payload_name_that_is_not_the_messages_own_is_never_opened(name):
    payload = {**signed()["payloads"][0], "name": name}
    content = raw(signed(payloads=[payload]), SERVER)
    with pytest.raises(MessageError):
        FROM_SERVER.message(REQUEST.name, content, REQUEST_DUE, lambda *_: pytest.fail("opened"))


def test_a_payload_listed_twice_or_too_many_of_them():
    payload = signed()["payloads"][0]
    refused(raw(signed(payloads=[payload, payload]), SERVER), "wrongly")
    many = [{**payload, "name": f"m000001-fit1-round1-p{n}.csv"} for n in range(9)]
    refused(raw(signed(payloads=many), SERVER), "wrongly")


@pytest.mark.parametrize("size", [-1, LARGEST_PAYLOAD + 1, 1 << 52, "86", True])
def test_a_payload_of_an_impossible_size(size):
    payload = {**signed()["payloads"][0], "bytes": size}
    refused(raw(signed(payloads=[payload]), SERVER), "field of this message is wrong")


# -- hellos --------------------------------------------------------------------------------------------------------


def hello(who, body=None, **fields):
    body = {"key": who.key.hex()} if body is None else body
    first = {"study": STUDY, "sender": "north", "recipient": "server", "kind": "hello", "number": 0}
    return raw({**signed(HELLO_NODE), **first, "body": body, **fields}, who)


def test_a_changed_key_in_the_hello_is_an_alarm():
    with pytest.raises(AlarmError, match="another key than before"):
        FROM_NODE.hello(HELLO, hello(STRANGER))


def test_a_second_hello_under_another_name_is_nothing():
    with pytest.raises(MessageError, match="not the hello"):
        FROM_NODE.hello("m000000-hello-2.json", hello(STRANGER))


@pytest.mark.parametrize(
    "content",
    [
        hello(NODE, {}),
        hello(NODE, {"key": STRANGER.key.hex()}),
        hello(NODE, {"key": 1}),
        hello(NODE, study="other"),
        hello(NODE, sender="south"),
        hello(NODE, number=1),
        hello(NODE, kind="sums"),
        hello(NODE, payloads=[{"name": "m000000-hello-x.csv", "bytes": 0, "sha256": "0" * 64}]),
    ],
)
def test_a_hello_that_is_none(content):
    with pytest.raises(MessageError):
        FROM_NODE.hello(HELLO, content)


def test_a_hello_is_never_a_request():
    content = raw(signed(kind="hello", payloads=[]), SERVER)
    refused(content, "hello in one way")


def test_two_identities_differ():
    assert identity("north").key == NODE.key != STRANGER.key
