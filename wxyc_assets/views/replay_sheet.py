"""The effects of a replay: in lines for a terminal, as Markdown, and as an HTML page of covers."""

from collections.abc import Iterator, Sequence
from html import escape

from wxyc_assets.domain.artwork import Cover
from wxyc_assets.domain.replay import Effect, Redecision, ReplayTotals
from wxyc_assets.domain.web_addresses import through_proxy
from wxyc_assets.views.contact_sheet import picture, plain

WORDS = {
    Effect.GAINED: "gained",
    Effect.LOST: "lost",
    Effect.CHANGED: "changed",
    Effect.OTHER_REASON: "no cover, for another reason",
}
STYLE = """
body { font: 1rem/1.4 system-ui, sans-serif; margin: 1rem; color: #1b1b1b; background: #fff; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem;
  list-style: none; padding: 0; }
li { border: 1px solid #6b6b6b; padding: .5rem; overflow-wrap: anywhere; }
img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #f1f1f1; }
small { display: block; }
"""


def summary(totals: ReplayTotals) -> Iterator[str]:
    """Return the numbers, one line each."""
    answers, covers = _plural(totals.decisions, "stored answer"), _plural(totals.covers, "cover")
    yield f"{answers}, {covers} of ours in the library"
    for effect, words in WORDS.items():
        by_reason = [(reason, n) for (each, reason), n in totals.effects.items() if each is effect]
        reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in sorted(by_reason))
        yield f"{words}: {totals.count(effect):,}" + (f" ({reasons})" if reasons else "")
    if totals.of_others:
        yield f"covered by somebody else, and left alone: {totals.of_others:,}"
    if totals.not_kept:
        yield f"lookups whose answer was not kept, and which are left alone: {totals.not_kept:,}"


def as_json(totals: ReplayTotals) -> dict[str, object]:
    """Return the numbers for programs."""
    effects = {
        effect.value: {
            reason: rows
            for (each, reason), rows in sorted(totals.effects.items())
            if each is effect
        }
        for effect in WORDS
    }
    return {
        "decisions": totals.decisions,
        "covers": totals.covers,
        "not_kept": totals.not_kept,
        "of_others": totals.of_others,
        **effects,
    }


def markdown(samples: Sequence[Redecision], proxy: str = "") -> str:
    """Return one row per record; nothing in a name or a URL can break out of its cell."""
    rows = [
        f"| {WORDS[each.effect]} | {plain(each.reason)} | {_cell(each.kept.choice, proxy)} "
        f"| {_cell(each.after, proxy)} | {plain(each.kept.album.artist_name)} "
        f"| {plain(each.kept.album.album_title)} |"
        for each in samples
    ]
    head = ["| Effect | Rule | Before | After | Artist | Title |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def page(totals: ReplayTotals, samples: Sequence[Redecision], proxy: str = "") -> str:
    """Return a self-contained page; the covers are loaded from a proxy, or from where they are."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="referrer" content="no-referrer"><title>Replay of covers</title>',
        f"<style>{STYLE}</style></head><body><h1>Replay of covers</h1>",
        *(f"<p>{escape(line)}</p>" for line in summary(totals)),
    ]
    for effect, words in WORDS.items():
        if mine := [each for each in samples if each.effect is effect]:
            shown = f", {len(mine):,} of them" if len(mine) < totals.count(effect) else ""
            items = "".join(_item(each, proxy) for each in mine)
            parts.append(f"<h2>{words}: {totals.count(effect):,}{shown}</h2><ul>{items}</ul>")
    return "\n".join([*parts, "</body></html>\n"])


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _cell(choice: object, proxy: str) -> str:
    return picture(choice.url, proxy) if isinstance(choice, Cover) else ""


def _item(each: Redecision, proxy: str) -> str:
    album = each.kept.album
    images = "".join(
        f"<small>{when}</small>{_image(choice.url, proxy)}"
        for when, choice in (("before", each.kept.choice), ("after", each.after))
        if isinstance(choice, Cover)
    )
    return (
        f"<li>{images}{escape(album.artist_name)} · {escape(album.album_title)}"
        f"<small>record {album.library_id}: {escape(each.reason)}</small></li>"
    )


def _image(url: str, proxy: str) -> str:
    if not url.startswith("https://"):
        return escape(url)
    return f'<img src="{escape(through_proxy(url, proxy))}" alt="cover" loading="lazy">'
