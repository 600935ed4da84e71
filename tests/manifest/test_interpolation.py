"""References, escapes, and what the target fills in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.errors import DeploymentError
from shakeout.manifest.interpolation import BadReference, LateValues, escape, resolve_late, split, template, words

VALUES = LateValues(port=8001, data="/data", services={"auth": "http://127.0.0.1:9000/", "web": "https://example.com"})


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("plain", "plain"),
        ("${port}", "8001"),
        ("${data}/spool", "/data/spool"),
        ("${services.auth.url}/me", "http://127.0.0.1:9000/me"),
        ("${services.auth.host}:${services.auth.port}", "127.0.0.1:9000"),
        ("${services.web.address}", "example.com:443"),
        ("$${port}", "${port}"),
        ("$$${port}", "$8001"),
        ("$$$${port}", "$${port}"),
        ("$5 {port} $", "$5 {port} $"),
        ("$${", "${"),
    ],
)
def test_late_references_and_escapes(text: str, resolved: str) -> None:
    assert resolve_late(text, VALUES) == resolved


def test_the_address_for_people_is_another_one_where_services_have_a_network_of_their_own() -> None:
    values = LateValues(services={"auth": "http://auth:8080"}, public={"auth": "http://127.0.0.1:9000/"})
    text = "${services.auth.url} ${services.auth.public_url}"
    assert resolve_late(text, values) == "http://auth:8080 http://127.0.0.1:9000"
    assert resolve_late("${services.auth.public_url}", VALUES) == "http://127.0.0.1:9000"


@pytest.mark.parametrize("text", ["${services.other.url}", "${env.HOME}", "${port"])
def test_what_is_not_known_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(DeploymentError, match=r"\$\{"):
        resolve_late(text, VALUES)


def test_nothing_is_known_before_the_target_says_so() -> None:
    with pytest.raises(DeploymentError, match=r"\$\{port\} is not known"):
        resolve_late("${port}", LateValues())


pieces = st.lists(
    st.text("ab${} ", max_size=4)
    | st.sampled_from(["${port}", "${data}", "${services.auth.url}"]).map(lambda t: split(t)[0])
)


@given(pieces)
@settings(deadline=None)
def test_a_template_splits_into_the_pieces_it_was_made_of(parts: list[str]) -> None:
    text = template(parts)
    assert template(split(text)) == text
    values = LateValues(port=1, data="D", services={"auth": "U"})
    plain = [part if isinstance(part, str) else {"port": "1", "data": "D"}.get(part.root, "U") for part in parts]
    assert resolve_late(text, values) == "".join(plain)


@given(st.text("ab${}.env-:port "))
@settings(deadline=None)
def test_an_escaped_text_comes_out_as_it_was(text: str) -> None:
    assert resolve_late(escape(text), LateValues()) == text


@given(st.text("ab${}.env-:port"))
@settings(deadline=None)
def test_any_text_splits_or_is_refused_with_what_was_expected(text: str) -> None:
    try:
        split(text)
    except BadReference as error:
        assert error.expected and error.seen


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("a 'b c' d", ["a", "b c", "d"]),
        ("a ${env.X:-b c}", ["a", "${env.X:-b c}"]),
        ("a --url=${services.auth.url}/x\\ y", ["a", "--url=${services.auth.url}/x y"]),
        ("a '${port}'\"${data}\"", ["a", "${port}${data}"]),
    ],
)
def test_a_command_is_split_around_its_references(command: str, expected: list[str]) -> None:
    assert [template(word) for word in words(command)] == expected
