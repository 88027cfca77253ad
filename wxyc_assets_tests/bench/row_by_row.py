"""Stored answers written as the job before us writes them: one statement a row, one after another.

Kept to the least that such a job needs, so that the comparison is fair: no history, no comparing.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import dict_row

ANSWERS = """
select library_id, kind, is_matched, answer, answered_at
from lml_resolution
where answer is not null and not is_poisoned
order by library_id
"""
IDENTITY = """
insert into library_identity
    (library_id, wikidata_qid, spotify_id, apple_music_id, last_verified_at, method, confidence,
    notes)
values (%s, %s, %s, %s, %s, %s, %s, 'consumer:lml-bulk')
on conflict (library_id) do update set
    wikidata_qid = excluded.wikidata_qid, spotify_id = excluded.spotify_id,
    apple_music_id = excluded.apple_music_id, last_verified_at = excluded.last_verified_at,
    method = excluded.method, confidence = excluded.confidence
"""
SOURCE = """
insert into library_identity_source
    (library_id, source, external_id, method, confidence, last_verified_at, notes)
values (%s, %s, %s, %s, %s, %s, 'consumer:lml-bulk')
on conflict (library_id, source) do update set
    external_id = excluded.external_id, method = excluded.method,
    confidence = excluded.confidence, last_verified_at = excluded.last_verified_at
"""
STAMP = "update library set unresolved_attempted_at = %s where id = %s"
ARTIST = "select id from artists where fold_artist_name(artist_name) = fold_artist_name(%s)"
CREDIT = """
update compilation_track_artist
set track_artist_id = %s, track_artist_link_confidence = %s,
    track_artist_link_method = 'lml_backfill'
where library_id = %s and artist_name = %s and track_title is not distinct from %s
"""


def write_row_by_row(connection: psycopg.Connection) -> int:
    """Writes every stored answer, a transaction a library row; returns how many."""
    count = 0
    for answer in connection.cursor(row_factory=dict_row).execute(ANSWERS).fetchall():
        with connection.transaction():
            for statement, values in _statements(connection, answer):
                connection.execute(statement.encode(), values)
        count += 1
    return count


def _statements(
    connection: psycopg.Connection, answer: dict[str, Any]
) -> Iterator[tuple[str, list[Any]]]:
    library_id, at, words = answer["library_id"], answer["answered_at"], answer["answer"]
    if answer["kind"] == "single_artist":
        main = words["main"]
        ids = [main["wikidata_qid"], main["spotify_artist_id"], main["apple_music_artist_id"]]
        yield IDENTITY, [library_id, *ids, at, words["method"], words["confidence"]]
        for said in words["provenance"]:
            if said["confidence"] is not None and said["external_id"] is not None:
                fields = [said[name] for name in ("source", "external_id", "method", "confidence")]
                yield SOURCE, [library_id, *fields, at]
        return
    for said in words["tracks"] if answer["is_matched"] else ():
        if said["resolved_artist_name"] is not None:
            found = connection.execute(ARTIST, [said["resolved_artist_name"]]).fetchall()
            artist_id = found[0][0] if len(found) == 1 else None
            key = [library_id, said["artist_name"], said["track_title"]]
            yield CREDIT, [artist_id, said["confidence"], *key]
    yield STAMP, [at, library_id]
