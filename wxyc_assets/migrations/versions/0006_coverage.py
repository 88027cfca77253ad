"""Snapshots of how much is covered, and what tells whether a row was asked about twice."""

from alembic import op

revision = "0006"
down_revision = "0005"

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
OFFENCES = (
    "uncovered",
    "without_cover",
    "unclassified",
    "asked_twice",
    "disagreeing",
    "orphaned",
    "outside",
)
COMPILATIONS = ("compilations", "compilations_matched")


def upgrade() -> None:
    numbers = ",\n".join(
        f"{name} int not null" for name in (*STATES, *COVERS, *COMPILATIONS, *OFFENCES)
    )
    every_state = " + ".join(STATES)
    every_cover = " + ".join(COVERS)
    op.execute(
        f"""
        create table coverage_snapshot (
            run_id text not null,
            dimension text not null
                check (dimension in ('all', 'cohort', 'id_range', 'genre')),
            member text not null,
            taken_at timestamptz not null,
            is_wide bool not null,
            eligibility text not null,
            {numbers},
            sources jsonb not null,
            methods jsonb not null,
            confidences jsonb not null,
            offenders jsonb not null,
            largest_id int not null,
            library_rows int generated always as ({every_state}) stored,
            primary key (run_id, dimension, member),
            check ({every_state} = {every_cover})
        )
        """
    )
    op.execute(
        "create index coverage_snapshot_newest on coverage_snapshot (taken_at desc) "
        "where dimension = 'all'"
    )
    comments = {
        "member": "which cohort, range of ids, or genre id; outside: in no range",
        "is_wide": "whether rows without a canonical entity were in scope",
        "eligibility": "which rows wanted a cover",
        "attempted_elsewhere": "dated on the library row within the retry window, "
        "but not by an answer of ours",
        "attempted_long_ago": "attempted, without an identity, and due again",
        "not_written": "an answer is stored, but has not reached the tables",
        "cover_denied": "a dated no, younger than the retry window",
        "cover_waiting": "found, but not written",
        "cover_unknown": "wanted, and nobody knows: not looked up, or LML could not say",
        "unclassified": "of the compilation cohort, and LML has not said what it is",
        "orphaned": "sources without an identity",
        "asked_twice": "asked about again before the window of the answer before was over",
        "disagreeing": "an applied answer that the tables do not show",
        "sources": "library rows with an identity, by its number of sources",
        "offenders": "library ids, the first few of each kind",
    }
    for column, comment in comments.items():
        op.execute(f"comment on column coverage_snapshot.{column} is '{comment}'")
    _audit_answers()


def _audit_answers() -> None:
    # A trigger, so that the writer that is judged does not keep its own books.
    op.execute(
        """
        alter table lml_resolution
            add column previous_answered_at timestamptz,
            add column previous_kind text,
            add column asked_because text
        """
    )
    op.execute(
        """
        create function note_answer()
        returns trigger
        language plpgsql
        set search_path from current
        as $$
        begin
            new.asked_because := (
                select reason from library_candidate where library_id = new.library_id
            );
            if new.artist_name = old.artist_name then
                new.previous_answered_at := old.answered_at;
                new.previous_kind := coalesce(old.kind, 'refused');
            else
                new.previous_answered_at := null;
                new.previous_kind := null;
            end if;
            return new;
        end
        $$
        """
    )
    op.execute(
        """
        create trigger lml_resolution_noted
        before update of answered_at on lml_resolution
        for each row
        when (new.answered_at is distinct from old.answered_at)
        execute function note_answer()
        """
    )
    comments = {
        "previous_answered_at": "when LML had answered about the same artist name before",
        "previous_kind": "what it had answered then, or refused",
        "asked_because": "why the row was due when it was asked about again",
    }
    for column, comment in comments.items():
        op.execute(f"comment on column lml_resolution.{column} is '{comment}'")


def downgrade() -> None:
    op.execute("drop trigger lml_resolution_noted on lml_resolution")
    op.execute("drop function note_answer")
    op.execute(
        "alter table lml_resolution drop column previous_answered_at, drop column previous_kind, "
        "drop column asked_because"
    )
    op.execute("drop table coverage_snapshot")
