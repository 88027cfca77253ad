import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.telemetry.redaction import HIDDEN, SHORTEST_SECRET, Redaction

nested = st.recursive(
    st.text() | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgresql://dj:hush@db/wxyc", "postgresql://[hidden]@db/wxyc"),
        ("host=db password=hush user=dj", "host=db password=[hidden] user=dj"),
        ("host=db password='hush now' user=dj", "host=db password=[hidden] user=dj"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer [hidden]"),
        ("POST https://hooks.slack.com/services/T0/B0/x", "POST https://hooks.slack.com/[hidden]"),
        ("token ghp_0123456789abcdefghij01", "token [hidden]"),
        ("https://lml.example.org/api/v1", "https://lml.example.org/api/v1"),
        ("Stereolab: Aluminum Tunes", "Stereolab: Aluminum Tunes"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, clean: str) -> None:
    assert Redaction().text(text) == clean


def test_a_known_value_is_hidden_in_every_spelling() -> None:
    redaction = Redaction(["postgresql://dj:p%40ss-word@db/wxyc", "key/with slash"])
    said = "p@ss-word p%40ss-word key/with slash key%2Fwith%20slash"
    assert redaction.text(said) == " ".join([HIDDEN] * 4)


def test_a_value_too_short_to_be_a_secret_leaves_text_alone() -> None:
    assert Redaction(["dj", ""]).text("the dj") == "the dj"


def test_what_cannot_be_stored_becomes_a_question_mark() -> None:
    assert Redaction().text("a\x00b\ud800c") == "a?b?c"


@given(nested, st.text("QWXZ", min_size=SHORTEST_SECRET))
def test_nothing_nested_keeps_a_secret_and_numbers_stay(value: object, secret: str) -> None:
    hidden = Redaction([secret]).everywhere({"deep": [secret, value, {secret: f"-{secret}-"}]})
    assert secret not in json.dumps(hidden, ensure_ascii=False)
    assert Redaction([secret]).everywhere([7, 0.5, None, True]) == [7, 0.5, None, True]


@given(nested)
def test_what_is_left_can_be_written_as_utf8(value: object) -> None:
    json.dumps(Redaction().everywhere(value), ensure_ascii=False).encode()
