"""`wxyc-assets explain`: the history of one library record."""

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.syntax import Syntax

from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import ScopeResource
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.explain import Explanation, NoSuchRecord
from wxyc_assets.flows.explain import explain as explain_record

TRACKS_SHOWN = 3


def explain(
    library_id: Annotated[int, typer.Argument(help="`library.id`, such as 4711.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Explain one record: its range, whether it is due, LML's answer, identity and cover."""
    with connections.cli_errors():
        try:
            story = asyncio.run(_story(library_id))
        except NoSuchRecord as missing:
            err.print(f"[bold red]Error:[/] {missing}")
            raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(story.as_json(), ensure_ascii=False))
        return
    for line in _lines(story):
        out.print(line, soft_wrap=True)


async def _story(library_id: int) -> Explanation:
    ranges = [IdRange.parse(key) for key in library_ranges.get_partition_keys()]
    async with connections.database().open() as database:
        return await explain_record(database, library_id, ScopeResource().scope(), ranges)


def _lines(story: Explanation) -> Iterator[str | Syntax]:
    facts = story.facts
    name = escape(story.artist_name or "no artist name")
    yield f"[bold]{story.library_id}[/]  {name} · {escape(story.album_title)}"
    yield f"range      {story.id_range or 'none: past the last range; raise LIBRARY_MAX_ID'}"
    yield f"cohort     {story.cohort}"
    why = f"yes: {story.due_now}" if story.due_now else f"no: {story.not_due_because}"
    yield f"due now    {why}"
    yield from _about_the_candidate(facts["candidate"])
    yield from _about_the_answer(facts["resolution"])
    yield from _about_the_tables(facts)
    yield from _about_the_cover(facts)


def _about_the_candidate(candidate: dict[str, Any] | None) -> Iterator[str]:
    if candidate is None:
        yield "candidate  no: it was not due when its range was last examined"
    else:
        yield (
            f"candidate  {candidate['reason']}, found due at {candidate['due_at']} "
            f"by run {candidate['run_id']}"
        )


def _about_the_answer(resolution: dict[str, Any] | None) -> Iterator[str | Syntax]:
    if resolution is None:
        yield "LML        was never asked"
        return
    asked = f"at {resolution['answered_at']}, run {resolution['run_id']}"
    if resolution["refusal"]:
        yield f"LML        refused it {asked}: {escape(resolution['refusal'])}"
        yield from _about_asking_again(resolution)
        return
    yield f"LML        answered {resolution['kind']} {asked}"
    if not resolution["is_about_this_artist"]:
        yield f"           but about {escape(resolution['artist_name'])}: the record was renamed"
    words = json.dumps(_shortened(resolution["answer"]), indent=2, ensure_ascii=False)
    yield Syntax(words, "json")
    if resolution["unstorable"]:
        yield f"           no table can hold: {escape(str(resolution['unstorable']))}"
    if resolution["write_error"]:
        yield f"not written  {escape(resolution['write_error'])}"
        yield "           every run over its range tries again, without asking LML"
    yield f"applied    {resolution['applied_at'] or 'not yet'}"
    yield from _about_asking_again(resolution)


def _about_asking_again(stored: dict[str, Any]) -> Iterator[str]:
    if stored["ask_again_at"]:
        yield f"           to be asked again, as of {stored['ask_again_at']}"


def _about_the_tables(facts: dict[str, Any]) -> Iterator[str]:
    identity = facts["identity"]
    if identity is None:
        yield "identity   none"
    else:
        yield (
            f"identity   {identity['method']} {identity['confidence']}, "
            f"verified at {identity['last_verified_at']}"
        )
    for source in facts["sources"] or []:
        yield f"  source   {source['source']} {escape(source['external_id'])}"
    for past in facts["history"] or []:
        yield f"  before   {past.get('method')}: {escape(past['superseded_reason'])}"
    if facts["has_credits"]:
        yield f"credits    {facts['linked_credits']} were matched"
    yield f"attempt    {facts['unresolved_attempted_at'] or 'none on the library record'}"


def _about_the_cover(facts: dict[str, Any]) -> Iterator[str]:
    yield f"cover      {escape(facts['artwork_url'] or 'none')}"
    lookup = facts["cover_lookup"]
    if lookup is None:
        yield "  lookup   never"
        return
    yield f"  lookup   {lookup['outcome']} at {lookup['looked_up_at']}, run {lookup['run_id']}"
    if lookup["confidence"] is not None:
        yield f"           LML's confidence: {lookup['confidence']}"
    if lookup["outcome_if_confirmed"]:
        yield f"           {lookup['outcome_if_confirmed']}, if LML's breaker was closed then"
    for why_not in (lookup["refusal"], lookup["write_error"]):
        if why_not:
            yield f"           {escape(why_not)}"
    yield from _about_asking_again(lookup)


def _shortened(answer: dict[str, Any]) -> dict[str, Any]:
    tracks = answer.get("tracks") or []
    if len(tracks) <= TRACKS_SHOWN:
        return answer
    return {**answer, "tracks": [*tracks[:TRACKS_SHOWN], f"... {len(tracks) - TRACKS_SHOWN} more"]}
