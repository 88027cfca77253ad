"""A single high-confidence match, rule by rule."""

import unicodedata
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.artwork import (
    MOST_CHARACTERS,
    Album,
    Choice,
    Cover,
    Found,
    Match,
    NoCover,
    NoCoverReason,
    Picture,
    Result,
    Rules,
    agree,
    choose,
    normalized,
)
from wxyc_assets.domain.web_addresses import discogs_address, is_https, is_web_address

MOON_PIX = Album(
    library_id=1, artist_name="Cat Power", album_title="Moon Pix", legacy_release_id=77
)
FIRST = Rules(match=Match.FIRST)


def image(kind: str = "R", *, cut: bool = True) -> str:
    address = f"s3://discogs-database-images/{kind}-242-1234567890-1234.jpeg"
    encoded = urlsafe_b64encode(address.encode()).decode().rstrip("=")
    if cut:
        encoded = "/".join(encoded[at : at + 16] for at in range(0, len(encoded), 16))
    return f"https://i.discogs.com/0a1b/rs:fit/g:sm/q:90/h:600/w:600/{encoded}.jpeg"


RELEASE = Picture(artist="Cat Power", album="Moon Pix", release_id=242, url=image(), confidence=1.0)
RIGHT = Found(results=(Result(77, RELEASE),), search_type="direct", is_incomplete=False)


def with_picture(**changes: object) -> Found:
    return replace(RIGHT, results=(Result(77, replace(RELEASE, **changes)),))


def judged(found: Found, rules: Rules | None = None) -> Choice:
    return choose(found, MOON_PIX, rules or Rules())


def reason(found: Found, rules: Rules | None = None) -> NoCoverReason:
    choice = judged(found, rules)
    assert isinstance(choice, NoCover)
    return choice.reason


def test_the_right_picture_is_a_cover() -> None:
    assert judged(RIGHT) == Cover(image(), 1.0)


OTHER = Result(5, replace(RELEASE, album="Covers"))


@pytest.mark.parametrize(
    ("found", "refusal"),
    [
        (replace(RIGHT, is_incomplete=True), NoCoverReason.UNKNOWN),
        (replace(RIGHT, search_type="fallback"), NoCoverReason.NOT_DIRECT),
        (replace(RIGHT, search_type="none", results=()), NoCoverReason.NOT_DIRECT),
        (replace(RIGHT, results=()), NoCoverReason.NO_ROW),
        (replace(RIGHT, results=(OTHER,)), NoCoverReason.NO_ROW),
        (replace(RIGHT, results=(Result(0, RELEASE),)), NoCoverReason.NO_ROW),
        (replace(RIGHT, results=RIGHT.results * 2), NoCoverReason.SEVERAL_ROWS),
        (replace(RIGHT, results=(Result(77, None),)), NoCoverReason.NO_ARTWORK),
        (with_picture(release_id=0), NoCoverReason.STREAMING_ONLY),
        (with_picture(confidence=0.4), NoCoverReason.BELOW_FLOOR),
        (with_picture(confidence=None), NoCoverReason.BELOW_FLOOR),
        (with_picture(artist="Car Power"), NoCoverReason.NAME_MISMATCH),
        (with_picture(artist=None), NoCoverReason.NAME_MISMATCH),
        (with_picture(album="Covers"), NoCoverReason.NAME_MISMATCH),
        (with_picture(url=None), NoCoverReason.NO_ARTWORK),
        (with_picture(url=""), NoCoverReason.NO_ARTWORK),
        (with_picture(url="http://i.discogs.com/a.jpeg"), NoCoverReason.NOT_HTTPS),
        (with_picture(url="https://i.discogs.com/a\x00.jpeg"), NoCoverReason.NOT_HTTPS),
        (with_picture(url="https://s.discogs.com/images/spacer.gif"), NoCoverReason.PLACEHOLDER),
        (with_picture(url=image("A")), NoCoverReason.NOT_A_COVER),
        (with_picture(url=image("L", cut=False)), NoCoverReason.NOT_A_COVER),
        (
            with_picture(url="https://img.discogs.com/x=/fit-in/discogs-images/A-7-1.jpeg.jpg"),
            NoCoverReason.NOT_A_COVER,
        ),
        (with_picture(url="https://i.discogs.com/".ljust(513, "x")), NoCoverReason.TOO_LONG),
    ],
)
def test_each_rule_has_its_reason(found: Found, refusal: NoCoverReason) -> None:
    assert reason(found) is refusal


def test_the_first_rule_that_fails_names_the_reason() -> None:
    everything_wrong = with_picture(
        release_id=0, confidence=0.2, artist="Wire", url="http://s.discogs.com/spacer.gif"
    )
    steps = [
        (replace(everything_wrong, search_type="none", is_incomplete=True), NoCoverReason.UNKNOWN),
        (replace(everything_wrong, search_type="none"), NoCoverReason.NOT_DIRECT),
        (everything_wrong, NoCoverReason.STREAMING_ONLY),
        (with_picture(confidence=0.2, artist="Wire", url=None), NoCoverReason.BELOW_FLOOR),
        (
            with_picture(artist="Wire", url="http://s.discogs.com/spacer.gif"),
            NoCoverReason.NAME_MISMATCH,
        ),
        (with_picture(url="http://s.discogs.com/spacer.gif"), NoCoverReason.NOT_HTTPS),
        (
            with_picture(url="https://s.discogs.com/spacer.gif".ljust(600, "x")),
            NoCoverReason.PLACEHOLDER,
        ),
        (with_picture(url=image("A") + "x" * 600), NoCoverReason.NOT_A_COVER),
    ]
    assert [reason(found) for found, _ in steps] == [refusal for _, refusal in steps]


def test_the_row_is_looked_for_among_all_results() -> None:
    assert judged(replace(RIGHT, results=(OTHER, *RIGHT.results))) == Cover(image(), 1.0)


def test_a_refused_release_keeps_its_confidence() -> None:
    assert judged(with_picture(confidence=0.4)) == NoCover(NoCoverReason.BELOW_FLOOR, 0.4)


def test_a_url_as_long_as_the_column_fits() -> None:
    url = "https://i.discogs.com/".ljust(MOST_CHARACTERS, "x")
    assert judged(with_picture(url=url)) == Cover(url, 1.0)


def test_a_streaming_service_may_have_the_cover_of_a_release() -> None:
    url = "https://i.scdn.co/image/ab67616d0000b273"
    assert judged(with_picture(url=url)) == Cover(url, 1.0)


@pytest.mark.parametrize(
    ("confidence", "floor", "is_enough"),
    [
        (0.8, 0.8, True),
        (0.8999999761581421, 0.9, True),
        (0.8999999999999999, 0.9, True),
        (0.89, 0.9, False),
        (None, 0.0, False),
        (float("nan"), 0.0, False),
    ],
)
def test_the_floor_has_a_tolerance(confidence: float | None, floor: float, is_enough: bool) -> None:
    choice = judged(with_picture(confidence=confidence), Rules(min_confidence=floor))
    assert isinstance(choice, Cover) is is_enough


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ("Cat Power", "Cat Power"),
        ("CAT  POWER", "cat power"),
        ("Nilufer Yanya", "Nilüfer Yanya"),
        ("Bjo\u0308rk", "Björk"),
        ("Moon Pix (Deluxe Edition)", "Moon Pix"),
        ("Moon Pix", "Moon Pix [LP]"),
        ("Wire (4)", "Wire"),
        ("Wire (4)", "Wire (12)"),
        ("ΣΤΕΛΛΑΣ", "Στελλάς"),
        ("ﬁligree", "Filigree"),
        ("(2)", "(2)"),
    ],
)
def test_names_agree_however_they_are_written(found: str, asked: str) -> None:
    assert agree(found, asked)
    assert agree(asked, found)


@pytest.mark.parametrize(
    ("found", "asked"),
    [("Wire", "Wye Oak"), ("", "Wire"), ("Wire", ""), ("", ""), (" ", "Wire"), ("\u0301", "Wire")],
)
def test_other_names_and_no_names_do_not(found: str, asked: str) -> None:
    assert not agree(found, asked)


@given(st.text(min_size=1), st.integers(min_value=2, max_value=99))
def test_a_name_agrees_with_itself_in_any_spelling(name: str, number: int) -> None:
    if normalized(name):
        assert agree(f"{name} ({number})", name)
        assert agree(unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))


@pytest.mark.parametrize("kind", ["R", "A", "L"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_discogs_address_is_read(kind: str, cut: bool) -> None:
    address = discogs_address(image(kind, cut=cut))
    assert address.startswith(f"s3://discogs-database-images/{kind}-242-")


@given(st.text())
def test_any_text_is_read_for_an_address(text: str) -> None:
    assert discogs_address(f"https://x/{text}") == ""
    assert discogs_address(image() + text).startswith("s3://discogs-database-images/R-")


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://x/a.jpeg", True),
        ("HTTPS://x/a.jpeg", True),
        ("https://x/ä.jpeg", True),
        ("http://x/a.jpeg", False),
        ("javascript:alert(1)", False),
        ("https://x/a b", False),
        ("https://x/a\n", False),
        ("https://x/\ud800", False),
    ],
)
def test_a_secure_address(url: str, is_one: bool) -> None:
    assert is_https(url) is is_one


@pytest.mark.parametrize(
    ("found", "is_empty"),
    [
        (RIGHT, False),
        (replace(RIGHT, results=()), True),
        (replace(RIGHT, results=(Result(77, None),)), True),
        (with_picture(url=None), True),
        (replace(RIGHT, results=(Result(77, None), OTHER)), False),
    ],
)
def test_an_answer_without_any_picture_is_empty(found: Found, is_empty: bool) -> None:
    assert found.is_empty is is_empty


def test_first_takes_the_first_result_unseen() -> None:
    found = replace(RIGHT, search_type="fallback", results=(OTHER, *RIGHT.results))
    assert judged(found, FIRST) == Cover(image(), 1.0)
    assert judged(with_picture(url="http://x", release_id=0, confidence=None), FIRST) == Cover(
        "http://x", None
    )


@pytest.mark.parametrize(
    ("found", "refusal"),
    [
        (replace(RIGHT, is_incomplete=True), NoCoverReason.UNKNOWN),
        (replace(RIGHT, results=()), NoCoverReason.NO_ARTWORK),
        (replace(RIGHT, results=(Result(77, None), *RIGHT.results)), NoCoverReason.NO_ARTWORK),
        (with_picture(url="https://s.discogs.com/images/spacer.gif"), NoCoverReason.PLACEHOLDER),
    ],
)
def test_first_refuses_no_picture_and_a_placeholder(found: Found, refusal: NoCoverReason) -> None:
    assert reason(found, FIRST) is refusal


@pytest.mark.parametrize(
    "url",
    [
        "https://x/\0",
        "https://x/\ud800",
        "javascript:alert(1)",
        "JavaScript://x/%0Aalert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//x/a.jpeg",
        "/a.jpeg",
        "x",
        "https:",
        "https://",
        "https:///a.jpeg",
        "https://key@x/a.jpeg",
        "https://dj:key@x/a.jpeg",
        'https://x/" onerror="alert(1)',
        'https://x/">',
        "https://x/[hidden]",
        " https://x/a.jpeg",
        "https://x/a\tb",
        "https://x\\@y/a.jpeg",
    ],
)
def test_what_is_no_web_address_is_never_a_cover(url: str) -> None:
    assert not is_web_address(url)
    assert reason(with_picture(url=url), FIRST) is NoCoverReason.NOT_HTTPS
    assert reason(with_picture(url=url)) is NoCoverReason.NOT_HTTPS


@pytest.mark.parametrize(
    "url",
    ["http://x", "https://x:8080/a?b=c&d#e", "https://i.discogs.com/a/rs:fit/q:90/czM6Ly9.jpeg"],
)
def test_a_web_address_has_a_host(url: str) -> None:
    assert is_web_address(url)


@given(st.text())
def test_whatever_text_comes_no_web_address_runs_a_script(text: str) -> None:
    assert not is_web_address(text) or text.lower().startswith(("http://", "https://"))
