"""Statements by themselves: what a node accepts as shown, and what it never does."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.custody import statements
from fedfolder.errors import DifferentQuestionsError, TamperedAnswerError, VersionError
from fedfolder.exchange import strict_json
from fedfolder.exchange.envelope import Header
from fedfolder.plan.messages import STATEMENT, STATEMENTS
from tests.exchange.helpers import NODE, SERVER, STUDY, forged, identity

SOUTH = identity("south")
NODES = {"north": NODE, "south": SOUTH}
ROSTER = tuple((name, who.key.hex()) for name, who in NODES.items())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def request(recipient, round_, body, beta=b"b\n", **more):
    fields = {"study": STUDY, "sender": "server", "recipient": recipient, "kind": "request", "fit": 1, "attempt": 1}
    header = Header(**{**fields, "number": round_, "round": round_, "body": body, **more})
    return forged(header, {"beta.csv": beta}, SERVER)


def reply(who, **body):
    header = Header(study=STUDY, sender=who.name, recipient="server", kind="sums", number=1, fit=1, attempt=1, round=1)
    return forged(msgspec.structs.replace(header, body=body), {}, who)


FIRST = {name: request(name, 1, {"question": 1}) for name in NODES}
REPLIES = {name: reply(who, **{STATEMENT: statements.state(who, FIRST[name])}) for name, who in NODES.items()}
SHOWN = statements.of_round(FIRST, REPLIES, ROSTER)


def shown_to_north(shown, own=REPLIES["north"]):
    return statements.require_alike([FIRST["north"], request("north", 2, {STATEMENTS: shown})], own, ROSTER)


def test_what_all_state_is_shown_and_accepted():
    assert SHOWN.keys() == NODES.keys()
    assert shown_to_north(SHOWN)


def test_the_number_and_the_recipient_do_not_matter_and_all_that_is_asked_does():
    asked = statements.asked_by(FIRST["north"])
    assert statements.asked_by(request("south", 1, {"question": 1}, number=9, previous="1" * 64)) == asked
    digest = "2" * 64
    for other in (
        request("north", 1, {"question": 2}),
        request("north", 1, {"question": 1}, beta=b"c\n"),
        *(request("north", 1, {"question": 1}, **{name: digest}) for name in ("proposal", "protocol", "roster")),
    ):
        assert statements.asked_by(other) != asked


@pytest.mark.parametrize("field", ["study", "fit", "attempt", "round", "node"])
def test_a_statement_of_another_place_is_none(field):
    elsewhere = FIRST["south"]
    if field == "node":
        forged_one = statements.state(renamed(SOUTH, "west"), elsewhere)
    else:
        value = "other" if field == "study" else 2
        header = msgspec.structs.replace(elsewhere.header, payloads=[], **{field: value})
        forged_one = statements.state(SOUTH, forged(header, {"beta.csv": b"b\n"}, SERVER))
    with pytest.raises(DifferentQuestionsError, match="not signed by it, or is of another round"):
        shown_to_north({**SHOWN, "south": forged_one})


def renamed(who, name):
    """The same key under another name."""
    return type(who)(name, who.key, who.sign)


def test_a_message_is_no_statement_and_a_statement_no_message():
    canonical = strict_json.canonical({"study": STUDY})
    assert not statements._NAME.startswith(b"{")  # noqa: SLF001 - what keeps the two apart
    signed = {"asked": statements.asked_by(FIRST["south"]), "signature": SOUTH.sign(canonical).hex()}
    with pytest.raises(DifferentQuestionsError):
        shown_to_north({**SHOWN, "south": signed})


@given(JSON)
def test_any_json_is_refused_by_our_own_error(junk):
    for shown in (junk, {**SHOWN, "south": junk}, {"north": junk, "south": junk}):
        with pytest.raises(DifferentQuestionsError):
            shown_to_north(shown)


def test_a_node_that_made_no_statement_demands_none():
    older = reply(NODE)
    assert not shown_to_north(None, older)
    assert not statements.require_alike([FIRST["north"]], None, ROSTER)


@given(JSON)
def test_the_server_takes_no_statement_that_is_not_the_node_s(junk):
    bad = {**REPLIES, "south": reply(SOUTH, **{STATEMENT: junk})}
    with pytest.raises(TamperedAnswerError, match="statement"):
        statements.of_round(FIRST, bad, ROSTER)


def test_none_make_one_or_all_do():
    none = {name: reply(who) for name, who in NODES.items()}
    assert statements.of_round(FIRST, none, ROSTER) == {}
    with pytest.raises(VersionError, match="south did not state"):
        statements.of_round(FIRST, {**REPLIES, "south": none["south"]}, ROSTER)
