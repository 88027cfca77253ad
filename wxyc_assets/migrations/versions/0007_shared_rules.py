"""The rules that several statements share, each as one function.

Plain SQL expressions, so that the planner inlines them; over values rather than tables, because a
view would keep the Backend from altering the columns that it reads.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

COHORT = """
    create function library_cohort(code_volume_letters text, has_credits bool)
    returns text
    language sql immutable parallel safe
    as $$
        select case
            when coalesce(code_volume_letters, '') ^@ 'Z' or has_credits then 'va'
            else 'non_va'
        end
    $$
"""
UNIDENTIFIED_AT = """
    create function unidentified_at(kind text, refusal text, answered_at timestamptz)
    returns timestamptz
    language sql immutable parallel safe
    as $$
        select case
            when refusal is not null or kind in ('unresolved', 'compilation') then answered_at
        end
    $$
"""
WANTS_COVER = """
    create function wants_cover(
        eligibility text, artist_name text, album_title text, discogs_artist_id int,
        discogs_unavailable bool, has_discogs_source bool
    )
    returns bool
    language sql immutable parallel safe
    as $$
        select not discogs_unavailable and case eligibility
            when 'all' then btrim(artist_name) <> '' and btrim(album_title) <> ''
            when 'identity' then discogs_artist_id is not null or has_discogs_source
            else discogs_artist_id is not null
        end
    $$
"""
LOOKUP_COUNTS = """
    create function lookup_counts(
        outcome text, confidence float8, match text, wanted_match text, least_confidence float8
    )
    returns bool
    language sql immutable parallel safe
    as $$
        select match = wanted_match and case
            when match = 'careful' and outcome in ('cover', 'below_floor')
            then (outcome = 'cover') = coalesce(confidence >= least_confidence, false)
            else true
        end
    $$
"""
LOOKUP_STATE = """
    create function lookup_state(
        outcome text, looked_up_at timestamptz, applied_at timestamptz, write_error text,
        retry_from timestamptz
    )
    returns text
    language sql immutable parallel safe
    as $$
        select case
            when outcome = 'cover' and applied_at is null
                and (write_error is null or looked_up_at > retry_from) then 'to_write'
            when outcome not in ('cover', 'unknown') and looked_up_at > retry_from
                then 'waiting_to_retry'
            else 'due'
        end
    $$
"""
FUNCTIONS = (COHORT, UNIDENTIFIED_AT, WANTS_COVER, LOOKUP_COUNTS, LOOKUP_STATE)
COMMENTS = {
    "library_cohort": "the compilation cohort (va) or the rest, for a record",
    "unidentified_at": "the date of an answer without an identity",
    "wants_cover": "whether a record is eligible for a cover",
    "lookup_counts": "whether a stored lookup counts under the rules of this run",
    "lookup_state": "whether a record has a cover to write, is waiting to retry, or is due",
}


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    for name, comment in COMMENTS.items():
        op.execute(f"comment on function {name} is '{comment}'")


def downgrade() -> None:
    op.execute(f"drop function {', '.join(COMMENTS)}")
