"""Records to be asked about again on a person's word, and lookups that wait for confirmation."""

from alembic import op

revision = "0009"
down_revision = "0008"

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
)
WITHOUT_ANSWER = ("unknown", "unconfirmed")
COMMENTS = {
    "lml_resolution.ask_again_at": "when a person wanted it asked again; null once that is done",
    "artwork_lookup.ask_again_at": "when a person wanted it looked up again; null once that is "
    "done",
    "artwork_lookup.outcome_if_confirmed": "what an empty answer will have meant if the breaker "
    "of LML turns out to have been closed",
}


def upgrade() -> None:
    op.execute("alter table lml_resolution add column ask_again_at timestamptz")
    op.execute(
        "alter table artwork_lookup add column ask_again_at timestamptz, "
        "add column outcome_if_confirmed text, "
        "add check ((outcome = 'unconfirmed') = (outcome_if_confirmed is not null))"
    )
    _allow((*OUTCOMES, "unconfirmed"))
    _treat_as_unanswered(WITHOUT_ANSWER)
    for column, comment in COMMENTS.items():
        op.execute(f"comment on column {column} is '{comment}'")


def downgrade() -> None:
    op.execute(
        "update artwork_lookup set outcome = 'unknown', outcome_if_confirmed = null "
        "where outcome = 'unconfirmed'"
    )
    op.execute(
        "alter table artwork_lookup drop column ask_again_at, drop column outcome_if_confirmed"
    )
    op.execute("alter table lml_resolution drop column ask_again_at")
    _allow(OUTCOMES)
    _treat_as_unanswered(("unknown",))


def _allow(outcomes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{each}'" for each in outcomes)
    op.execute(
        "alter table artwork_lookup drop constraint artwork_lookup_outcome_check, "
        f"add constraint artwork_lookup_outcome_check check (outcome in ({listed}))"
    )


def _treat_as_unanswered(outcomes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{each}'" for each in outcomes)
    op.execute(
        f"""
        create or replace function lookup_state(
            outcome text, looked_up_at timestamptz, applied_at timestamptz, write_error text,
            retry_from timestamptz
        )
        returns text
        language sql immutable parallel safe
        as $$
            select case
                when outcome = 'cover' and applied_at is null
                    and (write_error is null or looked_up_at > retry_from) then 'to_write'
                when outcome not in ('cover', {listed}) and looked_up_at > retry_from
                    then 'waiting_to_retry'
                else 'due'
            end
        $$
        """
    )
