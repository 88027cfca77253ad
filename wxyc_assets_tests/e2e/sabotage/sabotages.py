"""Sabotages of a healthy station: what is done, which job is run then, and which checks fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from wxyc_assets_tests.e2e.sabotage import tampered_lml as tampered
from wxyc_assets_tests.e2e.sabotage.station import NARROW, Station
from wxyc_sandbox.lml.faults import Fault

UNTIL_IDENTITIES_ARE_STALE = 8

COVERED = "the_library_is_covered"
IDENTITIES = "identity_coverage_holds"
COVERS = "artwork_coverage_holds"
TARGET = "artwork_reaches_its_target"
COMPILATIONS = "compilations_are_classified"
ASKED_TWICE = "nothing_is_asked_twice"
RANGES = "no_row_lies_past_the_last_range"
AGREEMENT = "answers_agree_with_tables"
ORPHANS = "no_source_is_orphaned"
DISAPPEARED = "nothing_has_disappeared"
ANSWERS = "answers_have_yield"
LOOKUPS = "lookups_have_yield"
WRITTEN = "answers_are_written"
FRESH = "identities_are_fresh"
RECENT = "runs_are_recent"
FLIPS = "decisions_are_stable"
EXTERNAL_IDS = "external_ids_are_distinct"
SAME_COVERS = "covers_are_distinct"
ROTATION = "rotation_is_identified"
RUN_ANSWERS = "identity_answers_make_sense"
RUN_IDENTITIES = "identities_are_written"
RUN_LOOKUPS = "lookups_make_sense"
RUN_COVERS = "covers_are_written"
RUN_RELEASES = "release_ids_are_written"
WRITE_RELEASES = {"ops": {"library_releases": {"config": {"write_release_ids": True}}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """A sabotage, the job that a person runs then, and the checks that fail."""

    name: str
    do: Callable[[Station], object]
    failed: frozenset[str]
    job: str = "coverage_gates"
    run_config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    next_day: frozenset[str] = frozenset()
    """The checks that fail in `coverage_gates` after a run that stopped before them."""
    trouble: str = ""
    """What a step says that fails before the checks."""
    is_first_run: bool = False
    """True on a station where none of our jobs has run yet."""


def sql(statements: LiteralString) -> Callable[[Station], None]:
    """Return the execution of statements by somebody else."""
    return lambda station: station.execute(statements)


def lml(
    *,
    resolution: tampered.Change | None = None,
    lookup: tampered.Change | None = None,
    days: int,
) -> Callable[[Station], None]:
    """Return a change of LML's answers, some days after the last run."""

    def do(station: Station) -> None:
        station.pass_days(days)
        station.lml.resolution, station.lml.lookup = resolution, lookup

    return do


def refusing_writes(trigger: LiteralString, *, days: int) -> Callable[[Station], None]:
    """Return a trigger by which the database refuses writes, some days after the last run."""

    def do(station: Station) -> None:
        station.pass_days(days)
        station.execute(REFUSE_WRITE)
        station.execute(trigger)

    return do


def faults(*faults: Fault, days: int) -> Callable[[Station], None]:
    """Return faults of LML, some days after the last run."""

    def do(station: Station) -> None:
        station.pass_days(days)
        station.lml.lml.faults = faults

    return do


REFUSE_WRITE = """
    create function refuse_write() returns trigger language plpgsql as
    $$ begin raise check_violation using message = 'refused'; end $$
"""
HALF = """
    create temp table withdrawn on commit drop as
    select id
    from (
        select l.id, row_number() over (
            partition by i.library_id is null, l.artwork_url is null, a.discogs_artist_id is null,
                l.canonical_entity_id is null
            order by l.id
        ) as number
        from library l
        join artists a on a.id = l.artist_id
        left join library_identity i on i.library_id = l.id
    ) numbered
    where number % 2 = 0;
"""
"""Every second record of each kind, so that no share changes."""
ONE_RANGE = """
    create temp table withdrawn on commit drop as
    select id from library where id between 2501 and 5000;
"""
WITHDRAW = """
    delete from library_identity_source where library_id in (select id from withdrawn);
    delete from library_identity where library_id in (select id from withdrawn);
    delete from compilation_track_artist where library_id in (select id from withdrawn);
    delete from library where id in (select id from withdrawn)
"""
DELETE_LIBRARY = """
    delete from library_identity_source;
    delete from library_identity;
    delete from compilation_track_artist;
    delete from library
"""
SWAP_ANSWERS = """
    with numbered as (
        select library_id, answer, row_number() over (order by library_id) as number
        from lml_resolution
        where library_id <= 2500 and kind = 'single_artist'
    )
    update lml_resolution r
    set answer = theirs.answer || jsonb_build_object('library_id', r.library_id)
    from numbered ours
    join numbered theirs on (theirs.number - 1) / 2 = (ours.number - 1) / 2
        and theirs.number <> ours.number
    where r.library_id = ours.library_id
"""
SWAP_SOURCES = """
    create temp table swapped on commit drop as
    select i.*, r.other
    from library_identity_source i
    join (
        select
            library_id,
            coalesce(
                lead(library_id) over (order by library_id), min(library_id) over ()
            ) as other
        from library_identity
        where library_id <= 2500 and notes = 'consumer:lml-bulk'
    ) r using (library_id);
    delete from library_identity_source where library_id in (select library_id from swapped);
    insert into library_identity_source (
        library_id, source, external_id, method, confidence, last_verified_at, notes
    )
    select other, source, external_id, method, confidence, last_verified_at, notes from swapped
"""

SQL_SABOTAGES = (
    Sabotage(
        name="no record has a canonical entity any more",
        do=sql("update library set canonical_entity_id = null"),
        run_config=NARROW,
        failed=frozenset({COVERED, DISAPPEARED}),
    ),
    Sabotage(
        name="half of the records have no canonical entity any more",
        do=sql(
            HALF
            + "update library set canonical_entity_id = null "
            "where id in (select id from withdrawn)"
        ),
        run_config=NARROW,
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="9 of 10 artist names are gone",
        do=sql("update library set artist_name = null where id % 10 > 0"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="the library is empty",
        do=sql(DELETE_LIBRARY),
        failed=frozenset({COVERED, DISAPPEARED}),
    ),
    Sabotage(
        name="half of the library is gone",
        do=sql(HALF + WITHDRAW),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="the records of one range are gone, with all that belonged to them",
        do=sql(ONE_RANGE + WITHDRAW),
        failed=frozenset({COVERS, DISAPPEARED}),  # this range had more covers than the others
    ),
    Sabotage(
        name="no artist has a Discogs id any more",
        do=sql("update artists set discogs_artist_id = null"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="all identities are gone",
        do=sql("delete from library_identity_source; delete from library_identity"),
        failed=frozenset({COVERED, IDENTITIES, DISAPPEARED}),
    ),
    Sabotage(
        name="identities are gone, and their sources are not",
        do=sql("delete from library_identity where library_id % 4 = 0"),
        failed=frozenset({COVERED, IDENTITIES, DISAPPEARED, ORPHANS}),
    ),
    Sabotage(
        name="all sources are gone",
        do=sql("delete from library_identity_source"),
        failed=frozenset({DISAPPEARED, AGREEMENT}),
    ),
    Sabotage(
        name="all identities were verified 400 days ago",
        do=sql("update library_identity set last_verified_at = now() - interval '400 days'"),
        failed=frozenset({FRESH, AGREEMENT}),
    ),
    Sabotage(
        name="the weekly job stopped a month ago",
        do=lambda station: station.pass_days(27),
        failed=frozenset({FRESH, RECENT}),
    ),
    Sabotage(
        name="the links of all compilations are wiped",
        do=sql(
            "update compilation_track_artist set track_artist_id = null, "
            "track_artist_link_confidence = null, track_artist_link_method = null"
        ),
        failed=frozenset({DISAPPEARED, AGREEMENT}),
    ),
    Sabotage(
        name="the credits of one range are unlinked",
        do=sql(
            "update compilation_track_artist set track_artist_id = null where library_id <= 2500"
        ),
        failed=frozenset({DISAPPEARED, AGREEMENT}),
    ),
    Sabotage(
        name="all credits are gone",
        do=sql("delete from compilation_track_artist"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="every cover is the same picture",
        do=sql(
            "update library set artwork_url = 'https://i.discogs.com/one.jpeg' "
            "where artwork_url is not null"
        ),
        failed=frozenset({SAME_COVERS, FLIPS}),
    ),
    Sabotage(
        name="all covers are gone",
        do=sql("update library set artwork_url = null"),
        failed=frozenset({COVERS, TARGET, DISAPPEARED}),
    ),
    Sabotage(
        name="the covers of one range are gone",
        do=sql("update library set artwork_url = null where id <= 2500"),
        failed=frozenset({COVERS, TARGET, DISAPPEARED}),
    ),
    Sabotage(
        name="identities are overwritten with a newer date",
        do=sql(
            "update library_identity set spotify_id = md5(library_id::text), method = 'llm', "
            "last_verified_at = now() where notes = 'consumer:lml-bulk'"
        ),
        failed=frozenset({AGREEMENT}),
    ),
    Sabotage(
        name="records marked as ours have sources that LML never named",
        do=sql(
            "insert into library_identity_source "
            "(library_id, source, external_id, method, confidence, last_verified_at, notes) "
            "select library_id, 'myspace', library_id, 'exact_match', 1, last_verified_at, notes "
            "from library_identity where notes = 'consumer:lml-bulk'"
        ),
        failed=frozenset({AGREEMENT}),
    ),
    Sabotage(
        name="a column of ids is truncated",
        do=sql(
            "update library_identity_source set external_id = left(external_id, 16) "
            "where source = 'spotify'"
        ),
        failed=frozenset({AGREEMENT}),
    ),
    Sabotage(
        name="confidences are all 1",
        do=sql("update library_identity set confidence = 1 where notes = 'consumer:lml-bulk'"),
        failed=frozenset({AGREEMENT}),
    ),
    Sabotage(
        name="all records have one Spotify id",
        do=sql(
            "update library_identity set spotify_id = '0' where spotify_id is not null;"
            "update library_identity_source set external_id = '0' where source = 'spotify'"
        ),
        failed=frozenset({AGREEMENT, EXTERNAL_IDS}),
    ),
    Sabotage(
        name="the answers of one range are swapped between its records",
        do=sql(SWAP_ANSWERS),
        failed=frozenset({AGREEMENT}),
    ),
    Sabotage(
        name="the sources of one range belong to the record before",
        do=sql(SWAP_SOURCES),
        failed=frozenset({AGREEMENT}),
    ),
    Sabotage(
        name="LML's stored answers are gone",
        do=sql("delete from lml_resolution"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="stored answers never reached the tables",
        do=sql("update lml_resolution set applied_at = null where library_id % 20 = 0"),
        failed=frozenset({COVERED, WRITTEN}),
    ),
    Sabotage(
        name="records were asked about again after a day",
        do=sql(
            "update lml_resolution set previous_answered_at = answered_at - interval '1 day', "
            "previous_kind = kind where kind = 'unresolved'"
        ),
        failed=frozenset({ASKED_TWICE}),
    ),
    Sabotage(
        name="new records lie past the last range",
        do=sql(
            "insert into library (id, artist_id, genre_id, format_id, album_title, code_number, "
            "legacy_release_id, artist_name) "
            "select 10000 + n, a.id, 11, 1, 'Moon Pix', 2, 1500000 + n, a.artist_name "
            "from generate_series(1, 3) n, "
            "(select * from artists where discogs_artist_id is null order by id desc limit 1) a"
        ),
        failed=frozenset({RANGES}),
    ),
    Sabotage(
        name="the rotation has no Discogs releases any more",
        do=sql("update rotation set discogs_release_id = null"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="the rotation has no identities any more",
        do=sql("update rotation set lml_identity_id = null"),
        job="rotation_job",
        failed=frozenset({ROTATION}),
    ),
    Sabotage(
        name="the rotation has ended",
        do=sql("update rotation set kill_date = current_date - 1"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="all snapshots are gone",
        do=sql("delete from coverage_snapshot"),
        failed=frozenset({DISAPPEARED}),
    ),
    Sabotage(
        name="the database's clock is set back",
        do=lambda station: station.pass_days(-100),
        failed=frozenset({RECENT}),
    ),
)  # fmt: skip

LML_SABOTAGES = (
    Sabotage(
        name="LML knows nobody any more",
        do=lml(resolution=tampered.as_unresolved, days=UNTIL_IDENTITIES_ARE_STALE),
        job="library_full",
        failed=frozenset({RUN_ANSWERS}),
        next_day=frozenset({ANSWERS}),
    ),
    Sabotage(
        name="LML takes every record for a compilation",
        do=lml(resolution=tampered.as_compilation, days=UNTIL_IDENTITIES_ARE_STALE),
        job="library_full",
        failed=frozenset({RUN_ANSWERS}),
        next_day=frozenset({ANSWERS}),
    ),
    Sabotage(
        name="LML takes everybody for one artist",
        do=lml(resolution=tampered.as_one_artist, days=UNTIL_IDENTITIES_ARE_STALE),
        job="library_full",
        failed=frozenset({EXTERNAL_IDS, FLIPS, DISAPPEARED}),
    ),
    Sabotage(
        name="LML changes its mind about a fifth of the library",
        do=lml(
            resolution=tampered.other_artist_for(lambda library_id: library_id % 5 == 0),
            days=UNTIL_IDENTITIES_ARE_STALE,
        ),
        job="library_full",
        failed=frozenset({FLIPS}),
    ),
    Sabotage(
        name="LML refuses every record",
        do=faults(Fault("status", route="resolve", status=422), days=UNTIL_IDENTITIES_ARE_STALE),
        job="library_full",
        failed=frozenset(),
        trouble="LML stopped us",
    ),
    Sabotage(
        name="LML refuses every fourth record",
        do=faults(
            Fault("status", route="resolve", status=422, rows=frozenset(range(0, 10_000, 4))),
            days=UNTIL_IDENTITIES_ARE_STALE,
        ),
        job="library_full",
        failed=frozenset({ANSWERS}),
    ),
    Sabotage(
        name="no lookup finds anything",
        do=lml(lookup=tampered.without_results, days=0),
        job="library_full",
        is_first_run=True,
        failed=frozenset({RUN_LOOKUPS}),
        next_day=frozenset({LOOKUPS, COVERS}),
    ),
    Sabotage(
        name="LML gives up on every lookup",
        do=lml(lookup=tampered.timed_out, days=0),
        job="library_full",
        is_first_run=True,
        failed=frozenset({RUN_LOOKUPS}),
        next_day=frozenset({LOOKUPS, COVERS, TARGET}),
    ),
    Sabotage(
        name="LML finds the same picture for every album",
        do=lml(lookup=tampered.with_one_picture, days=0),
        job="library_full",
        is_first_run=True,
        failed=frozenset({SAME_COVERS}),
    ),
    Sabotage(
        name="the database refuses new decisions",
        do=refusing_writes(
            "create trigger refused before insert or update on library_identity for each row "
            "when (new.library_id % 5 = 0) execute function refuse_write()",
            days=UNTIL_IDENTITIES_ARE_STALE,
        ),
        job="library_full",
        failed=frozenset({RUN_IDENTITIES}),
        next_day=frozenset({COVERED, WRITTEN, RECENT}),
    ),
    Sabotage(
        name="the database refuses covers",
        do=refusing_writes(
            "create trigger refused before update of artwork_url on library for each row "
            "when (new.artwork_url is not null) execute function refuse_write()",
            days=0,
        ),
        job="library_full",
        is_first_run=True,
        failed=frozenset({RUN_COVERS}),
        next_day=frozenset({COVERS, WRITTEN, TARGET}),
    ),
    Sabotage(
        name="the database refuses releases",
        do=refusing_writes(
            "create trigger refused before update of discogs_release_id on library_identity "
            "for each row when (new.discogs_release_id is not null) "
            "execute function refuse_write()",
            days=0,
        ),
        job="library_artwork_full",
        run_config=WRITE_RELEASES,
        failed=frozenset({RUN_RELEASES}),
    ),
)  # fmt: skip

SABOTAGES = SQL_SABOTAGES + LML_SABOTAGES
