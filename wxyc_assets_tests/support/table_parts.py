"""The parts of records that runs change, as values, with everything else beside them."""

from typing import Any

from wxyc_assets_tests.support.backend_db import BackendDb

Part = tuple[Any, ...]
Parts = dict[Part, Any]

LINK = (
    "track_artist_id",
    "track_artist_link_confidence",
    "track_artist_link_method",
    "track_position",
)


def parts(backend_db: BackendDb) -> Parts:
    """Return every part of every record that a run may change; a missing row has no part."""
    found: Parts = {}
    for row in backend_db.rows("select * from library"):
        found["attempt", row["id"]] = row["unresolved_attempted_at"]
        found["cover", row["id"]] = row["artwork_url"]
    for row in backend_db.rows("select * from library_identity"):
        found["identity", row["library_id"], None] = tuple(row.items())
    for row in backend_db.rows("select * from library_identity_source"):
        found["identity", row["library_id"], row["source"]] = tuple(row.items())
    for row in backend_db.rows("select * from compilation_track_artist"):
        found["credits", row["library_id"], row["id"]] = tuple(row[name] for name in LINK)
    return found


def everything_else(backend_db: BackendDb) -> list[Any]:
    """Return what a revert must never change."""
    return [
        backend_db.rows(
            "select to_jsonb(l) - '{unresolved_attempted_at,artwork_url}'::text[] as row "
            "from library l order by id"
        ),
        backend_db.rows(
            "select id, library_id, artist_name, track_title from compilation_track_artist "
            "order by id"
        ),
        backend_db.rows("select * from artists order by id"),
        backend_db.rows("select library_id, answer, answered_at from lml_resolution order by 1"),
        backend_db.rows("select library_id, url, looked_up_at from artwork_lookup order by 1"),
    ]


def expected_after_revert(before: Parts, after: Parts, now: Parts) -> tuple[Parts, set[Part]]:
    """Return the parts that a revert leaves, and those that it brings back.

    `before` and `after` are the parts around the run. An identity and its sources stand or fall
    together, as far as the run changed them; every other part does so alone.
    """
    expected, restored = dict(now), set[Part]()
    changed = {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)}
    for unit in {_unit(each) for each in changed}:
        members = {each for each in changed if _unit(each) == unit}
        if any(now.get(each) != after.get(each) for each in members):
            continue
        for each in members:
            restored.add(each)
            expected.pop(each, None)
            if each in before:
                expected[each] = before[each]
    return expected, restored


def _unit(part: Part) -> Part:
    return part[:2] if part[0] == "identity" else part
