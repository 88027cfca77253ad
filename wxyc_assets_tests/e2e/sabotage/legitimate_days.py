"""Days on which nothing is wrong: what happens, and which job is run then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wxyc_assets_tests.e2e.sabotage import tampered_lml as tampered
from wxyc_assets_tests.e2e.sabotage.sabotages import (
    UNTIL_IDENTITIES_ARE_STALE,
    WRITE_RELEASES,
    faults,
    lml,
    sql,
)
from wxyc_assets_tests.e2e.sabotage.station import CEILING, RANGE_WIDTH, Station
from wxyc_sandbox.lml.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The events of a day, and the job that a person runs then."""

    name: str
    do: Callable[[Station], object]
    job: str = "coverage_gates"
    run_config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_first_run: bool = False
    """True on a station where none of our jobs has run yet."""


NEW_RECORDS = """
    insert into library (
        id, artist_id, genre_id, format_id, album_title, code_number, legacy_release_id, artist_name
    )
    select 9200 + n, a.id, 11, 1, 'Halo ' || n, 2, 1600000 + n, a.artist_name
    from generate_series(1, 5) n
    join artists a on a.id = 40 + n
"""
WITHDRAWN = """
    create temp table withdrawn on commit drop as
    select i.library_id as id from library_identity i order by i.library_id limit 3;
    delete from library_identity_source where library_id in (select id from withdrawn);
    delete from library_identity where library_id in (select id from withdrawn);
    delete from compilation_track_artist where library_id in (select id from withdrawn);
    delete from library where id in (select id from withdrawn)
"""
DECIDED_BY_HAND = """
    create temp table decided on commit drop as
    select library_id from library_identity where notes = 'consumer:lml-bulk'
    order by library_id limit 5;
    update library_identity
    set method = 'manual', notes = 'the music director', spotify_id = 'by hand',
        last_verified_at = now()
    where library_id in (select library_id from decided);
    update library_identity_source
    set external_id = 'by hand', method = 'manual', notes = 'the music director',
        last_verified_at = now()
    where library_id in (select library_id from decided)
    and source = 'spotify'
"""
DELETED_BY_HAND = """
    create temp table deleted on commit drop as
    select library_id from library_identity order by library_id limit 1;
    delete from library_identity_source where library_id in (select library_id from deleted);
    delete from library_identity where library_id in (select library_id from deleted)
"""
LINKED_BY_HAND = """
    update compilation_track_artist
    set track_artist_id = 20, track_artist_link_method = 'librarian'
    where id in (
        select id from compilation_track_artist where track_artist_id is not null
        order by id limit 10
    )
"""
ROTATION_TURNED_OVER = """
    update rotation set kill_date = current_date - 1
    where id in (select id from rotation where kill_date is null order by id limit 12);
    insert into rotation (rotation_bin, artist_name, album_title, lml_identity_id)
    select 'H', 'Stereolab', 'Dots and Loops ' || n, 70000 + n from generate_series(1, 12) n
"""


def one_range_after_the_other(station: Station) -> None:
    """Roll the jobs out range by range; each range is judged by itself."""
    for first in range(1, CEILING, RANGE_WIDTH):
        tags = {"dagster/partition": f"{first:07}-{first + RANGE_WIDTH - 1:07}"}
        for job in ("library_identity_job", "library_artwork_job"):
            done = station.run(job, tags=tags)
            assert done.succeeded, done.story


def healed(station: Station) -> None:
    """Let LML fail about one range, and recover."""
    faults(
        Fault("status", route="resolve", status=503, rows=frozenset(range(2_501, 5_000))),
        days=UNTIL_IDENTITIES_ARE_STALE,
    )(station)
    assert not station.run("library_full").succeeded
    station.lml.behave()


def a_night_of_retries(station: Station) -> None:
    """Let the records without an identity become due, when all others are fresh."""
    station.pass_days(24)
    weekly = station.run("library_full")
    assert weekly.succeeded, weekly.story
    station.pass_days(4)


def slow(station: Station) -> None:
    """Let LML take a tenth of a second for a call."""
    station.pass_days(UNTIL_IDENTITIES_ARE_STALE)
    station.lml.lml.configure(base_latency_seconds=0.1)


DAYS = (
    Day(name="an ordinary night", do=lambda _: None),
    Day(name="the end of an ordinary week", do=lambda station: station.pass_days(4)),
    Day(
        name="the weekly run",
        do=lambda station: station.pass_days(UNTIL_IDENTITIES_ARE_STALE),
        job="library_full",
    ),
    Day(
        name="the run after two weeks, as one was missed",
        do=lambda station: station.pass_days(11),
        job="library_full",
    ),
    Day(name="a night on which only retries are due", do=a_night_of_retries, job="library_full"),
    Day(name="new records that nobody was asked about yet", do=sql(NEW_RECORDS)),
    Day(name="new records", do=sql(NEW_RECORDS), job="library_full"),
    Day(
        name="new records that LML does not know",
        do=lambda station: (
            sql(NEW_RECORDS)(station),
            lml(resolution=tampered.as_unresolved, lookup=tampered.without_results, days=0)(
                station
            ),
        ),
        job="library_full",
    ),
    Day(name="records are withdrawn", do=sql(WITHDRAWN)),
    Day(
        name="a genre is re-shelved",
        do=sql(
            "update library set genre_id = 15, code_number = code_number + 1 where genre_id = 3"
        ),
    ),
    Day(
        name="LML changes its mind about 3% of the library",
        do=lml(
            resolution=tampered.other_artist_for(lambda library_id: library_id % 33 == 0),
            days=UNTIL_IDENTITIES_ARE_STALE,
        ),
        job="library_full",
    ),
    Day(name="LML is slow", do=slow, job="library_full"),
    Day(
        name="LML refuses two records",
        do=faults(
            Fault("status", route="resolve", status=422, rows=frozenset({13, 26, 39})),
            days=UNTIL_IDENTITIES_ARE_STALE,
        ),
        job="library_full",
    ),
    Day(
        name="LML fails now and then",
        do=faults(
            Fault("status", route="resolve", status=503, every=5), days=UNTIL_IDENTITIES_ARE_STALE
        ),
        job="library_full",
    ),
    Day(name="a range failed once, and was run again", do=healed, job="library_full"),
    Day(name="the first run", do=lambda _: None, job="library_full", is_first_run=True),
    Day(
        name="identities get their releases",
        do=lambda _: None,
        job="library_artwork_full",
        run_config=WRITE_RELEASES,
    ),
    Day(
        name="a roll-out range by range",
        do=one_range_after_the_other,
        is_first_run=True,
    ),
    Day(name="the music director decided about five records", do=sql(DECIDED_BY_HAND)),
    Day(name="somebody deleted an identity", do=sql(DELETED_BY_HAND)),
    Day(name="a librarian linked credits", do=sql(LINKED_BY_HAND)),
    Day(
        name="somebody replaced three covers",
        do=sql(
            "update library set artwork_url = 'https://wxyc.org/' || id || '.jpeg' "
            "where id in (select id from library where artwork_url is not null order by id limit 3)"
        ),
    ),
    Day(
        name="records are not on Discogs after all",
        do=sql(
            "update library set discogs_unavailable = true where id in ("
            "select id from library where artwork_url is null order by id limit 3)"
        ),
    ),
    Day(
        name="an artist was renamed",
        do=lambda station: station.tables.execute(
            "update artists set artist_name = artist_name || ' Trio' where id in "
            "(select artist_id from library where artist_id > 20 group by artist_id "
            "having count(*) = 2 order by artist_id limit 1)"
        ),
        job="library_full",
    ),
    Day(name="the rotation turned over", do=sql(ROTATION_TURNED_OVER)),
)
