"""What a verdict needs: counts and rules in snapshots, acceptances, completed ranges of runs."""

from alembic import op

revision = "0008"
down_revision = "0007"

SNAPSHOT_COMMENTS = {
    "identities": "records in scope with an identity, whatever their state; null before 0008",
    "counts": "numbers of the whole library, by name; of the slice `all` only, null before 0008",
    "rules": "the scope and the rules that the snapshot was taken by; of the slice `all` only",
    "samples": "examples in words for the numbers in `counts`, by name",
    "completed_at": "when every range with records had been completed, by the oldest of them",
}
ACCEPTANCE_COMMENTS = {
    "run_id": "the accepted snapshot; without one of this run, the baseline is lost",
    "accepted_by": "checks, or the person who accepted it although checks had failed",
    "why": "the reason of a person; null when every check had passed",
}
RANGE_COMMENTS = {
    "pipeline": "identity or artwork",
    "completed_at": "when a run last left no record of the range without an answer",
}


def upgrade() -> None:
    op.execute(
        """
        alter table coverage_snapshot
            add column identities int,
            add column counts jsonb check (jsonb_typeof(counts) = 'object'),
            add column rules jsonb check (jsonb_typeof(rules) = 'object'),
            add column samples jsonb check (jsonb_typeof(samples) = 'object'),
            add column completed_at timestamptz
        """
    )
    op.execute(
        """
        create table coverage_acceptance (
            run_id text primary key,
            taken_at timestamptz not null,
            accepted_at timestamptz not null,
            accepted_by text not null,
            why text
        )
        """
    )
    op.execute("create index coverage_acceptance_newest on coverage_acceptance (taken_at desc)")
    op.execute(
        """
        create table library_run (
            pipeline text not null check (pipeline in ('identity', 'artwork')),
            run_id text not null,
            started_at timestamptz not null,
            is_whole bool not null,
            ranges text[] not null,
            rules jsonb not null check (jsonb_typeof(rules) = 'object'),
            primary key (pipeline, run_id)
        )
        """
    )
    op.execute("create index library_run_newest on library_run (pipeline, started_at desc)")
    op.execute(
        """
        create table library_range_run (
            pipeline text not null check (pipeline in ('identity', 'artwork')),
            first_id int not null,
            last_id int not null,
            run_id text not null,
            is_wide bool not null,
            completed_at timestamptz not null,
            primary key (pipeline, first_id, last_id, is_wide)
        )
        """
    )
    op.execute("comment on table library_run is 'runs, and the rules that each ran by'")
    op.execute("comment on column library_run.is_whole is 'the run was asked for every range'")
    op.execute("comment on table library_range_run is 'the last completion of each range'")
    for table, comments in (
        ("coverage_snapshot", SNAPSHOT_COMMENTS),
        ("coverage_acceptance", ACCEPTANCE_COMMENTS),
        ("library_range_run", RANGE_COMMENTS),
    ):
        for column, comment in comments.items():
            op.execute(f"comment on column {table}.{column} is '{comment}'")
    _audit_lookups()


def _audit_lookups() -> None:
    # A trigger, so that the writer that is judged does not keep its own books.
    op.execute(
        "alter table artwork_lookup add column previous_outcome text, add column previous_url text"
    )
    op.execute(
        """
        create function note_lookup()
        returns trigger
        language plpgsql
        as $$
        begin
            if (new.artist_name, new.album_title, new.legacy_release_id, new.match)
                = (old.artist_name, old.album_title, old.legacy_release_id, old.match) then
                new.previous_outcome := old.outcome;
                new.previous_url := old.url;
            else
                new.previous_outcome := null;
                new.previous_url := null;
            end if;
            return new;
        end
        $$
        """
    )
    op.execute(
        """
        create trigger artwork_lookup_noted
        before update of looked_up_at on artwork_lookup
        for each row
        when (new.looked_up_at is distinct from old.looked_up_at)
        execute function note_lookup()
        """
    )
    comments = {
        "previous_outcome": "the result of the lookup before, under the same names and rule",
        "previous_url": "the cover that it found",
    }
    for column, comment in comments.items():
        op.execute(f"comment on column artwork_lookup.{column} is '{comment}'")


def downgrade() -> None:
    op.execute("drop trigger artwork_lookup_noted on artwork_lookup")
    op.execute("drop function note_lookup")
    op.execute("alter table artwork_lookup drop column previous_outcome, drop column previous_url")
    op.execute("drop table library_range_run, library_run, coverage_acceptance")
    op.execute(
        "alter table coverage_snapshot drop column identities, drop column counts, "
        "drop column rules, drop column samples, drop column completed_at"
    )
