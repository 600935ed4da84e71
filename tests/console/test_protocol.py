from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shakeout.console import protocol

SUBSCRIBE = {"type": "subscribe", "protocol": 1, "id": "1", "run": "*"}


@pytest.mark.parametrize("message", [SUBSCRIBE, SUBSCRIBE | {"since": 0}, SUBSCRIBE | {"more": [1]},
                                     {"type": "ping", "protocol": 1, "id": "x"}])  # fmt: skip
def test_a_message_that_keeps_the_schema_has_no_fault(message):
    assert protocol.fault_of(message) is None


@pytest.mark.parametrize(
    ("message", "code", "field", "reason", "event"),
    [
        ([], "MALFORMED_EVENT", None, "not-an-object", None),
        ({}, "MALFORMED_EVENT", "type", "missing", None),
        ({"type": 1}, "MALFORMED_EVENT", "type", "not-a-string", None),
        ({"type": "shout"}, "UNKNOWN_TYPE", "type", "unknown", "shout"),
        ({"type": "ping", "id": "1"}, "MALFORMED_EVENT", "protocol", "missing", "ping"),
        ({"type": "ping", "id": "1", "protocol": 2}, "PROTOCOL_MISMATCH", "protocol", "not-accepted", "ping"),
        ({"type": "ping", "id": "1", "protocol": True}, "MALFORMED_EVENT", "protocol", "not-an-integer", "ping"),
        ({"type": "subscribe", "protocol": 1, "id": "1"}, "MALFORMED_EVENT", "run", "missing", "subscribe"),
        (SUBSCRIBE | {"run": None}, "MALFORMED_EVENT", "run", "not-a-string", "subscribe"),
        (SUBSCRIBE | {"since": "0"}, "MALFORMED_EVENT", "since", "not-an-integer", "subscribe"),
        (SUBSCRIBE | {"since": 1.5}, "MALFORMED_EVENT", "since", "not-an-integer", "subscribe"),
    ],
)
def test_a_fault_names_field_reason_and_event(message, code, field, reason, event):
    fault = protocol.fault_of(message)
    assert fault is not None
    assert (fault.code, fault.field, fault.reason, fault.event) == (code, field, reason, event)


def test_a_mismatch_names_both_versions():
    assert protocol.mismatch(9) == "the client speaks protocol 9, the server speaks protocol 1"


@pytest.mark.parametrize(
    ("offered", "version", "token"),
    [
        (["shakeout.1", "bearer.a.b.c"], 1, "a.b.c"),
        (["bearer.x", "shakeout.12"], 12, "x"),
        (["shakeout.one"], None, None),
        (["shakeout."], None, None),
        ([], None, None),
    ],
)
def test_version_and_token_are_read_from_the_subprotocols(offered, version, token):
    assert protocol.offered_version(offered) == version
    assert protocol.offered_token(offered) == token


def test_every_type_of_the_schema_is_known_and_described():
    document = json.loads(protocol.SCHEMA_FILE.read_text())
    assert document["protocol"] in document["accepts"]
    for side in ("client", "server"):
        for fields in document[side].values():
            assert {"type", "protocol"} <= set(fields)
            for rule in fields.values():
                assert set(rule) == {"type", "required", "description"}
                assert rule["description"]
                assert set(rule["type"].split("|")) <= {"string", "integer", "object", "array", "boolean", "null"}


def test_the_reference_names_every_message_and_field():
    page = protocol.render_markdown()
    for side in ("client", "server"):
        for name, fields in protocol.schema()[side].items():
            assert f"### `{name}`" in page
            for field in fields:
                assert f"| `{field}` |" in page


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    anything
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["subscribe", "unsubscribe", "ping"]) | anything},
        optional={"protocol": anything | st.just(1), "id": anything, "run": anything, "since": anything},
    )
)
def test_whatever_comes_in_the_answer_is_a_fault_or_none(message):
    fault = protocol.fault_of(message)
    assert fault is None or (fault.message and " " not in fault.reason)
