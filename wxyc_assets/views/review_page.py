"""Records to review, as one self-contained HTML page that is worked through with the keyboard.

The page asks nobody but for the pictures of covers. Decisions stay in the browser until they are
saved as a verdict file; each has its word beside its colour.
"""

import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from itertools import count

from wxyc_assets.domain.review import ReviewCandidate, ReviewCard
from wxyc_assets.domain.verdict_file import COLUMNS
from wxyc_assets.domain.verdicts import Topic
from wxyc_assets.domain.web_addresses import through_proxy
from wxyc_assets.views.labels import DOUBT_LABELS, SOURCE_LABELS

SCRIPT = files("wxyc_assets.views").joinpath("review_page.js").read_text(encoding="utf-8")
TOPIC_LABELS = {**SOURCE_LABELS, Topic.COVER: "Cover"}
POLICY = (
    "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
STYLE = """
:root { color-scheme: light; --ink: #1b1b1b; --paper: #fff; --line: #6b6b6b; --soft: #f1f1f1; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { line-height: 1.2; } h2 { margin: 0; font-size: 1.1rem; overflow-wrap: anywhere; }
a { color: #003f7f; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid #8a3b00; outline-offset: 2px; }
header { position: sticky; top: 0; background: var(--paper); border-bottom: 1px solid var(--line);
  padding: .5rem 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1rem;
  align-items: center; }
article { border: 1px solid var(--line); padding: .75rem; margin: .75rem 0;
  scroll-margin-top: 6rem; }
article p { margin: .25rem 0; } article ul { list-style: none; padding: 0; margin: .5rem 0 0; }
.candidate { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center;
  padding: .35rem .5rem; border-top: 1px solid #c9c9c9; scroll-margin-top: 8rem; }
.candidate .name { min-width: 7rem; font-weight: bold; }
.candidate .value { flex: 1 1 14rem; }
.candidate img { width: 9rem; height: 9rem; object-fit: contain; background: var(--soft); }
.candidate output { font-weight: bold; min-width: 9rem; }
.candidate[data-decision=confirm] output { color: #00604a; }
.candidate[data-decision=reject] output { color: #8a0000; }
button, input { font: inherit; padding: .2rem .6rem; }
kbd { border: 1px solid var(--line); border-radius: 3px; padding: 0 .3rem;
  background: var(--soft); }
[role=alert]:empty { display: none; } [role=alert] { font-weight: bold; color: #8a0000; }
"""
BUTTONS = (("confirm", "Confirm"), ("reject", "Reject"), ("replace", "Replace"), ("later", "Later"))
KEYS = (
    ("j", "next"),
    ("k", "previous"),
    ("c", "confirm"),
    ("r", "reject"),
    ("e", "replace"),
    ("l", "later"),
    ("u", "undecided"),
    ("Shift+C", "confirm the record's other values, too"),
    ("Shift+R", "reject the record's other values, too"),
    ("s", "save"),
)


def page(
    title: str,
    introduction: str,
    cards: Sequence[ReviewCard],
    *,
    page_id: str,
    sample_id: str | None = None,
    proxy: str = "",
) -> str:
    """Return the whole file; `page_id` names it in the browser's storage and in what is saved.

    Pictures are loaded through the proxy, if there is one.
    """
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(proxy)}">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1><p>{escape(introduction)}</p>",
            *_help(),
            *_header(),
            "<main>",
            *_cards(cards, proxy),
            "</main>",
            _data(page_id, sample_id),
            f"<script>{SCRIPT}</script></body></html>\n",
        ]
    )


def _policy(proxy: str) -> str:
    origin = "/".join(proxy.split("/")[:3])
    return POLICY.format(pictures=" ".join(("https:", "data:", escape(origin))).rstrip())


def _help() -> Iterator[str]:
    keys = ", ".join(f"<kbd>{key}</kbd> {escape(what)}" for key, what in KEYS)
    yield f"<details open><summary>Keys</summary><p>{keys}. In the field for another value,"
    yield "<kbd>Enter</kbd> keeps it and <kbd>Esc</kbd> leaves it. Decisions are kept in this"
    yield "browser until you save them; take the saved file in with"
    yield "<code>wxyc-assets verdicts FILE</code>.</p></details>"


def _header() -> Iterator[str]:
    yield '<header><label>Your name <input id="by" autocomplete="name" required></label>'
    yield '<span id="progress" role="status"></span>'
    yield '<button type="button" id="save">Save verdicts</button>'
    yield '<span id="trouble" role="alert"></span></header>'


def _cards(cards: Sequence[ReviewCard], proxy: str) -> Iterator[str]:
    numbers = count()
    for place, card in enumerate(cards, start=1):
        names = f"{escape(card.artist_name)} · {escape(card.album_title)}"
        yield f'<article data-record="{card.library_id}" data-release="{card.legacy_release_id}">'
        yield f"<h2>{names}</h2><p>{_about(card, place, len(cards))}</p>"
        yield from (
            f"<p>{escape(DOUBT_LABELS[each.reason])}: {escape(each.words)}</p>"
            for each in card.doubts
        )
        yield "<ul>"
        yield from (_candidate(each, next(numbers), proxy) for each in card.candidates)
        yield "</ul></article>"


def _about(card: ReviewCard, place: int, cards: int) -> str:
    plays = "" if card.plays is None else f", played {card.plays:,} times"
    return f"{place} of {cards}: record {card.library_id}{plays}"


def _candidate(candidate: ReviewCandidate, number: int, proxy: str) -> str:
    label, value = TOPIC_LABELS[candidate.topic], escape(candidate.value)
    buttons = "".join(
        f'<button type="button" data-action="{action}" tabindex="-1">{name}</button>'
        for action, name in BUTTONS
    )
    return (
        f'<li class="candidate" id="c{number}" tabindex="0" data-topic="{candidate.topic}" '
        f'data-value="{value}" aria-label="{label} {value}"><span class="name">{label}</span>'
        f'<span class="value">{_shown(candidate, proxy)}</span>{buttons}<output></output></li>'
    )


def _shown(candidate: ReviewCandidate, proxy: str) -> str:
    value = escape(candidate.value)
    if candidate.link is None:
        return value
    picture = (
        f'<img src="{escape(through_proxy(candidate.link, proxy))}" alt="cover" loading="lazy">'
        if candidate.topic is Topic.COVER
        else value
    )
    return (
        f'<a href="{escape(candidate.link)}" target="_blank" rel="noopener noreferrer" '
        f'tabindex="-1">{picture}</a>'
    )


def _data(page_id: str, sample_id: str | None) -> str:
    said = {"page": page_id, "sample": sample_id or "", "columns": COLUMNS}
    return f'<script type="application/json" id="data">{_in_html(said)}</script>'


def _in_html(value: object) -> str:
    """Return JSON that cannot end the script element that holds it."""
    return json.dumps(value).replace("<", "\\u003c")
