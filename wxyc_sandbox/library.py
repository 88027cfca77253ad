"""A library with the station's real distribution at any scale, and its loading into a database.

Ids, names and counts depend on `seed` and `scale` alone; dates are relative to `now`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

import psycopg

from wxyc_sandbox import names
from wxyc_sandbox.backend import FORMATS, GENRES, copy_rows, create_schema, move_sequence
from wxyc_sandbox.credits import Credit, credits
from wxyc_sandbox.identities import Identity, identities
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.real_world import artist_ids, first_release, release_cover
from wxyc_sandbox.records import FIRST_MINTED, Record, RecordGenerator

# The same at any scale: 99.5 % of the active rotation is identified, 95 % has a Discogs release.
ACTIVE, ACTIVE_UNIDENTIFIED, KILLED = 400, 2, 400

OWN_IDS = {
    "discogs": 1000, "musicbrainz": 500, "wikidata": 400, "spotify": 400, "apple_music": 300,
    "bandcamp": 150,
}  # fmt: skip
"""Of the artists with a Discogs id, per mille."""
MISTYPED_PER_MILLE = 10
MOST_PLAYS = 300

LABELS = ("Sonamos", "Duophonic", "Matador Records", "Drag City", "self-released", "TAL", None)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class SandboxLibrary:
    """Rows of the Backend's tables, columns in the order of `TABLES`; `scale` is at most 14."""

    scale: float = 1.0
    seed: int = 1994
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    mistakes: float = 0.0
    """Multiple of the rates of wrong identities among those that are there from the start."""
    credits_of: Callable[[int, int], Sequence[Credit]] = credits
    """Returns the track credits of a compilation, by its id and the seed."""

    @cached_property
    def generator(self) -> RecordGenerator:
        return RecordGenerator(self.scale, self.seed)

    def artists(self) -> Iterator[Row]:
        random = self.generator.random("artists")
        for id, name in enumerate(self.generator.artist_names, start=1):
            code = random.choice(("RO", "EL", "JA", "LA"))
            added = self._days_ago(random, 200, 9_000)
            yield id, name, name, code, added.date(), added, *self._own_ids(id)

    def library(self) -> Iterator[Row]:
        random = self.generator.random("library")
        for record in self.generator.records():
            yield *self._catalogued_columns(record, random), *self._derived_columns(record, random)

    def identities(self) -> Iterator[Row]:
        for each in self._identities():
            known = each.external_ids.get
            ids = known("wikidata"), known("spotify"), known("apple_music")
            yield each.library_id, *ids, each.verified_at, each.method, each.confidence, each.notes

    def sources(self) -> Iterator[Row]:
        for each in self._identities():
            decision = each.method, each.confidence, each.verified_at, each.notes
            for source, external_id in each.external_ids.items():
                yield each.library_id, source, external_id, *decision

    def credits(self) -> Iterator[Row]:
        for record in self.generator.records():
            for credit in self.credits_of(record.id, self.seed) if record.credited else ():
                yield record.id, credit.artist_name, credit.track_title, credit.track_position

    def rotation(self) -> Iterator[Row]:
        random = self.generator.random("rotation")
        identities: list[int | None] = list(random.sample(range(1, 50_000), ACTIVE + KILLED))
        identities[1:3] = [identities[0]] * 2  # one release, in rotation three times
        identities[ACTIVE - ACTIVE_UNIDENTIFIED : ACTIVE] = [None] * ACTIVE_UNIDENTIFIED
        for number, identity in enumerate(identities):
            added, killed = self._rotation_dates(random, active=number < ACTIVE)
            album = random.choice(self.generator.ids) if random.random() < 0.9 else None
            record = names.artist(number), names.title(number), random.choice(LABELS)
            release = None if number % 20 == 19 else 1_000 + number
            yield album, random.choice("SLMH"), added, killed, *record, release, identity

    def flowsheet(self) -> Iterator[Row]:
        """Yield plays: most records have few, and some have very many."""
        random = self.generator.random("flowsheet")
        for record in self.generator.records():
            plays = min(int(random.paretovariate(0.9)) - 1, MOST_PLAYS)
            for number in range(plays):
                yield record.id, number, self._days_ago(random, 1, 3_000)

    def catalogue(self) -> Iterator[tuple[int, str, str]]:
        """Yield LML's own catalogue: (legacy_release_id, artist_name, album_title)."""
        for record in self.generator.records():
            if record.legacy_release_id < FIRST_MINTED:
                yield record.legacy_release_id, self._artist_name(record), record.title

    def _catalogued_columns(self, record: Record, random: Random) -> Row:
        """Return the columns that librarians fill in."""
        letters = random.choice((None, None, "A", "B", "C", "AB"))
        return (
            record.id,
            record.artist_id,
            random.choice([*GENRES.values()]),
            random.choice([*FORMATS.values()]),
            record.title,
            random.choice(LABELS),
            random.randrange(1, 200),
            "Z" + random.choice("ABCR") if record.lettered else letters,
            random.randrange(500),
            record.legacy_release_id,
            self._days_ago(random, 200, 9_000),
            self._days_ago(random, 30, 200),
            None if record.role == "nameless" else self._artist_name(record),
        )

    def _derived_columns(self, record: Record, random: Random) -> Row:
        """Return the columns that jobs filled in later."""
        off_discogs, canonical = record.role == "off discogs", record.canonical
        noted = off_discogs and random.random() < 0.5
        return (
            random.choice((None, True, False)),
            self._cover(record) if record.role == "has artwork" else None,
            f"discogs:release:{random.randrange(1, 30_000_000)}" if canonical else None,
            random.choice((0.8, 0.9, 1.0)) if canonical else None,
            self._days_ago(random, 40, 300) if canonical else None,
            self._days_ago(random, 60, 400) if record.attempted else None,
            off_discogs,
            "a tape from the band's own hands" if noted else None,
            self._days_ago(random, 60, 400) if off_discogs else None,
        )

    def _identities(self) -> Iterator[Identity]:
        identified = set(self.generator.identified_ids)
        names = {
            record.id: fold(self._artist_name(record))
            for record in self.generator.records()
            if record.id in identified
        }
        return identities(names, self.now, self.generator.random("identities"), self.mistakes)

    def _cover(self, record: Record) -> str:
        return release_cover(first_release(fold(self._artist_name(record)), fold(record.title)))

    def _own_ids(self, artist_id: int) -> Row:
        """Return the ids that librarians gave an artist: the Discogs id, and some of the others."""
        if artist_id not in self.generator.artists_on_discogs:
            return (None,) * len(OWN_IDS)
        random = SeededRandom(self.seed, "own ids", artist_id)
        known = artist_ids(*self.generator.known_as[artist_id - 1])
        if random.happens(MISTYPED_PER_MILLE):
            known["discogs"] = artist_ids("mistyped", artist_id)["discogs"]
        return tuple(
            known[source] if random.happens(per_mille) else None
            for source, per_mille in OWN_IDS.items()
        )

    def _rotation_dates(self, random: Random, *, active: bool) -> tuple[date, date | None]:
        if not active:
            added = self._days_ago(random, 1_001, 1_400).date()
            return added, self._days_ago(random, 2, 1_000).date()
        killed = self._days_ago(random, -90, -2).date() if random.random() < 0.3 else None
        return self._days_ago(random, 1, 200).date(), killed

    def _artist_name(self, record: Record) -> str:
        return self.generator.artist_names[record.artist_id - 1]

    def _days_ago(self, random: Random, fewest_days: int, most_days: int) -> datetime:
        return self.now - timedelta(days=random.uniform(fewest_days, most_days))


TABLES: dict[str, tuple[str, Callable[[SandboxLibrary], Iterator[Row]]]] = {
    "artists": (
        "id artist_name alphabetical_name code_letters add_date last_modified discogs_artist_id "
        "musicbrainz_artist_id wikidata_qid spotify_artist_id apple_music_artist_id bandcamp_id",
        SandboxLibrary.artists,
    ),
    "library": (
        "id artist_id genre_id format_id album_title label code_number code_volume_letters plays "
        "legacy_release_id add_date last_modified artist_name "
        "on_streaming artwork_url canonical_entity_id canonical_entity_confidence "
        "canonical_entity_resolved_at unresolved_attempted_at discogs_unavailable "
        "discogs_unavailable_note last_discogs_recheck_at",
        SandboxLibrary.library,
    ),
    "library_identity": (
        "library_id wikidata_qid spotify_id apple_music_id last_verified_at method confidence "
        "notes",
        SandboxLibrary.identities,
    ),
    "library_identity_source": (
        "library_id source external_id method confidence last_verified_at notes",
        SandboxLibrary.sources,
    ),
    "compilation_track_artist": (
        "library_id artist_name track_title track_position",
        SandboxLibrary.credits,
    ),
    "rotation": (
        "album_id rotation_bin add_date kill_date artist_name album_title record_label "
        "discogs_release_id lml_identity_id",
        SandboxLibrary.rotation,
    ),
    "flowsheet": ("album_id play_order add_time", SandboxLibrary.flowsheet),
}


def seed_library(url: str, schema: str, library: SandboxLibrary) -> dict[str, int]:
    """Create and fill the schema; return the row count of each table. Needs a superuser."""
    with psycopg.connect(url) as connection:
        create_schema(connection, schema)
        connection.execute("set session_replication_role to replica")  # disables triggers
        counts = {
            table: copy_rows(connection, table, columns.split(), rows(library))
            for table, (columns, rows) in TABLES.items()
        }
        for table in ("artists", "library"):
            move_sequence(connection, table)
        connection.execute("refresh materialized view album_plays")
        connection.execute("analyze")
    return counts
