"""A person's verdicts, the rules by which they stand, and samples that precision is measured on."""

from alembic import op

revision = "0014"
down_revision = "0013"

TOPICS = ("discogs", "musicbrainz", "wikidata", "spotify", "apple_music", "bandcamp", "cover")
DECISIONS = ("confirm", "reject", "replace", "later")
OUTCOMES = (
    "cover",
    "unknown",
    "not_direct",
    "no_row",
    "several_rows",
    "no_artwork",
    "streaming_only",
    "below_floor",
    "name_mismatch",
    "not_https",
    "placeholder",
    "not_a_cover",
    "too_long",
    "lml_refused",
    "unconfirmed",
)
STATES = (
    "fresh",
    "stale",
    "compilation_matched",
    "compilation_unmatched",
    "unresolved",
    "refused",
    "attempted_elsewhere",
    "attempted_long_ago",
    "not_written",
    "never_asked",
    "no_artist_name",
    "no_canonical_entity",
)
COVERS = ("cover_there", "cover_denied", "cover_waiting", "cover_unknown", "cover_not_wanted")
SAMPLE = """
    create table precision_sample (
        sample_id text primary key,
        seed bigint not null,
        drawn_at timestamptz not null,
        lml_version text,
        lml_commit text
    )
"""
STRATUM = """
    create table precision_stratum (
        sample_id text not null references precision_sample,
        subject text not null check (subject in ('identity', 'cover')),
        method text not null,
        band text not null,
        cohort text not null check (cohort in ('va', 'non_va')),
        population int not null check (population > 0),
        claimed float8,
        primary key (sample_id, subject, method, band, cohort)
    )
"""
UNIT = """
    create table precision_unit (
        sample_id text not null,
        legacy_release_id int not null,
        library_id int not null,
        subject text not null,
        method text not null,
        band text not null,
        cohort text not null,
        topics text[] not null,
        shown_values text[] not null,
        primary key (sample_id, subject, legacy_release_id),
        foreign key (sample_id, subject, method, band, cohort) references precision_stratum,
        check (cardinality(topics) = cardinality(shown_values))
    )
"""
ESTIMATE = """
    create table precision_estimate (
        sample_id text not null references precision_sample,
        subject text not null check (subject in ('identity', 'cover')),
        measured_at timestamptz not null,
        precision float8 not null,
        low float8 not null,
        high float8 not null,
        labelled int not null,
        right_labels int not null,
        population int not null,
        represented int not null,
        labels_to_halve int,
        primary key (sample_id, subject),
        check (low <= high)
    )
"""
VERDICT = f"""
    create table verdict (
        verdict_id bigint generated always as identity primary key,
        library_id int not null,
        legacy_release_id int not null,
        topic text not null check (topic in ({", ".join(f"'{each}'" for each in TOPICS)})),
        value text not null check (value <> ''),
        decision text not null check (decision in ({", ".join(f"'{each}'" for each in DECISIONS)})),
        decided_by text not null check (decided_by <> ''),
        decided_at timestamptz not null,
        note text,
        sample_id text references precision_sample,
        taken_in_at timestamptz not null default now(),
        unique (legacy_release_id, topic, value, decision, decided_by, decided_at)
    )
"""
STANDING = """
    create view standing_verdict as
    select distinct on (legacy_release_id, topic, value) *
    from verdict
    order by legacy_release_id, topic, value, decided_at desc, verdict_id desc
"""
CHOSEN = """
    create view chosen_value as
    select distinct on (legacy_release_id, topic)
        legacy_release_id, topic, value, decided_by, decided_at
    from standing_verdict
    where decision in ('confirm', 'replace')
    order by legacy_release_id, topic, decided_at desc, verdict_id desc
"""
REJECTED = """
    create view rejected_value as
    select legacy_release_id, topic, value
    from standing_verdict
    where decision = 'reject'
"""
WITHOUT_REJECTED = """
    create function without_rejected(answer jsonb, rejected text[])
    returns jsonb
    language sql immutable parallel safe
    as $$
        select case
            when rejected is null or answer is null then answer
            else answer || jsonb_build_object(
                'main', (
                    select jsonb_object_agg(
                        key,
                        case
                            when case key
                                when 'discogs_artist_id' then 'discogs'
                                when 'musicbrainz_artist_id' then 'musicbrainz'
                                when 'wikidata_qid' then 'wikidata'
                                when 'spotify_artist_id' then 'spotify'
                                when 'apple_music_artist_id' then 'apple_music'
                                when 'bandcamp_id' then 'bandcamp'
                                else ''
                            end || ':' || (value #>> '{}') = any(rejected) then 'null'
                            else value
                        end
                    )
                    from jsonb_each(
                        case jsonb_typeof(answer -> 'main')
                            when 'object' then answer -> 'main'
                            else '{}'
                        end
                    )
                ),
                'provenance', (
                    select coalesce(jsonb_agg(said order by place), '[]')
                    from jsonb_array_elements(
                        case jsonb_typeof(answer -> 'provenance')
                            when 'array' then answer -> 'provenance'
                            else '[]'
                        end
                    ) with ordinality entry (said, place)
                    where coalesce(
                        (said ->> 'source') || ':' || (said ->> 'external_id') <> all(rejected),
                        true
                    )
                )
            )
        end
    $$
"""
COMMENTS = {
    "column verdict.library_id": "the record''s id when it was judged; restored, it has a new one",
    "column verdict.value": "an artist''s id in the source, or the address of a cover",
    "column verdict.decision": "the newest by decided_at about a value stands; later withdraws",
    "column verdict.sample_id": "the sample that this is a label of; null for any other verdict",
    "view standing_verdict": "the newest verdict about each value of a record",
    "view chosen_value": "the value that a person confirmed or gave, for each part of a record",
    "view rejected_value": "values that are never written again for a record",
    "column lml_resolution.is_rejected": "a person rejected everything that the answer says",
    "function without_rejected": "an answer without the ids that a person rejected; source:id each",
    "column precision_stratum.claimed": "the mean confidence of its records",
    "column precision_unit.shown_values": "what is to be judged, by the topic of the same place",
    "column precision_estimate.labels_to_halve": "labels more that would halve the interval",
    "column coverage_snapshot.rejected": "waiting to retry: a person rejected all that LML said",
}


def upgrade() -> None:
    for statement in (SAMPLE, STRATUM, UNIT, ESTIMATE, VERDICT, STANDING, CHOSEN, REJECTED):
        op.execute(statement)
    op.execute(WITHOUT_REJECTED)
    op.execute("alter table lml_resolution add column is_rejected bool not null default false")
    _allow((*OUTCOMES, "rejected"))
    op.execute("alter table coverage_snapshot add column rejected int not null default 0")
    _count_states((*STATES, "rejected"))
    for named, comment in COMMENTS.items():
        op.execute(f"comment on {named} is '{comment}'")


def downgrade() -> None:
    op.execute("update coverage_snapshot set unresolved = unresolved + rejected, rejected = 0")
    _count_states(STATES)
    op.execute("alter table coverage_snapshot drop column rejected")
    op.execute("update artwork_lookup set outcome = 'unknown' where outcome = 'rejected'")
    _allow(OUTCOMES)
    op.execute("alter table lml_resolution drop column is_rejected")
    op.execute("drop function without_rejected")
    op.execute("drop view rejected_value, chosen_value, standing_verdict")
    op.execute(
        "drop table verdict, precision_estimate, precision_unit, precision_stratum, "
        "precision_sample"
    )


def _allow(outcomes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{each}'" for each in outcomes)
    op.execute(
        "alter table artwork_lookup drop constraint artwork_lookup_outcome_check, "
        f"add constraint artwork_lookup_outcome_check check (outcome in ({listed}))"
    )


def _count_states(states: tuple[str, ...]) -> None:
    """Replace the sum of the states, and the rule that the covers add up to the same."""
    every_state, every_cover = " + ".join(states), " + ".join(COVERS)
    op.execute(
        "alter table coverage_snapshot drop constraint coverage_snapshot_check, "
        "drop column library_rows"
    )
    op.execute(
        "alter table coverage_snapshot "
        f"add column library_rows int generated always as ({every_state}) stored, "
        f"add constraint coverage_snapshot_check check ({every_state} = {every_cover})"
    )
