"""JSON that no two readers understand alike."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.adapters.lml.wire import NotAnAnswer, dump, load, parse, parse_strictly

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a": 1, "a": 2}',
        b'[[{"b":{"a":1,"c":2,"a":{}}}]]',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN,"a":1}',
        b'\xef\xbb\xbf{"a":1,"a":2}',
    ],
)
def test_a_repeated_key_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotAnAnswer, match=r"^an object repeats the key 'a'$"):
        parse(body)


@given(JSON)
def test_whatever_a_server_writes_is_read(value: Any) -> None:
    for body in (orjson.dumps(value), json.dumps(value).encode(), json.dumps([value]).encode()):
        assert parse(body) == orjson.loads(body)


def test_numbers_and_depths_that_we_would_not_write_are_read() -> None:
    deep = b"[" * 500 + b"]" * 500
    assert parse_strictly(deep) == orjson.loads(deep)
    assert parse(b'{"id":%d,"share":1e-1}' % 2**70) == {"id": 2**70, "share": 0.1}


@pytest.mark.parametrize("depth", [990, 100_000])
def test_what_is_nested_too_deeply_to_be_checked_is_no_answer(depth: int) -> None:
    with pytest.raises(NotAnAnswer, match="the body is not JSON"):
        parse(b"[" * depth + b" " + b"]" * depth)


def test_a_long_key_is_cut_in_the_message() -> None:
    key = "k" * 10_000
    with pytest.raises(NotAnAnswer) as caught:
        parse(f'{{"{key}":1,"{key}":2}}'.encode())
    assert len(str(caught.value)) < 100


@given(JSON)
def test_what_is_stored_is_read_again(value: Any) -> None:
    assert load(dump(value)) == value


def test_a_stored_number_may_be_larger_than_a_float() -> None:
    assert load(b'{"share": 1e400, "id": 1}') == {"share": float("inf"), "id": 1}
