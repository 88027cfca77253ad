"""The table of covers: nothing in a name or a URL breaks out of its cell."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.artwork import ShownCover
from wxyc_assets.views.contact_sheet import contact_sheet, picture, plain

MOON_PIX = ShownCover("Cat Power", "Moon Pix", "https://i.discogs.com/a/b:c/w:600/czM6.jpeg")


def test_a_cover_is_a_row_with_its_picture() -> None:
    assert contact_sheet([MOON_PIX]).splitlines() == [
        "| Cover | Artist | Title |",
        "|---|---|---|",
        "| ![cover](https://i.discogs.com/a/b:c/w:600/czM6.jpeg) | Cat Power | Moon Pix |",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("M.I.A.", r"M\.I\.A\."),
        ("a|b", r"a\|b"),
        ("[x](https://y)", r"\[x\]\(https\:\/\/y\)"),
        ("<img src=x>", r"\<img src\=x\>"),
        ("two\nlines\tand more", "two lines and more"),
        ("\u202eReversed\u202c\x00", "Reversed"),
        ("Σtella 武満徹 🎸", "Σtella 武満徹 🎸"),
    ],
)
def test_names_are_escaped(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x/a b)|<c>\n", "![cover](https://x/a%20b%29%7C%3Cc%3E%0A)"),
        ("https://x/%20", "![cover](https://x/%20)"),
        ("https://x/\ud800", "![cover](https://x/?)"),
        ("javascript:alert(1)", r"javascript\:alert\(1\)"),
        ("http://x", r"http\:\/\/x"),
    ],
)
def test_a_url_cannot_break_out(url: str, shown: str) -> None:
    assert picture(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x/a.jpeg", "![cover](http://127.0.0.1:8080/covers/x/a.jpeg)"),
        ("https://x/a b)", "![cover](http://127.0.0.1:8080/covers/x/a%20b%29)"),
        ("javascript:alert(1)", r"javascript\:alert\(1\)"),
        ("http://127.0.0.1:8080/covers/x", r"http\:\/\/127\.0\.0\.1\:8080\/covers\/x"),
    ],
)
def test_a_proxy_serves_only_covers_with_https(url: str, shown: str) -> None:
    assert picture(url, "http://127.0.0.1:8080/covers") == shown
    assert picture(url, "http://127.0.0.1:8080/covers/") == shown


@given(st.text(), st.text(), st.text())
def test_a_cover_stays_in_its_row(artist: str, title: str, rest: str) -> None:
    sheet = contact_sheet([ShownCover(artist, title, f"https://{rest}")])
    lines = sheet.splitlines()
    assert len(lines) == 3
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", lines[2])) == 4
