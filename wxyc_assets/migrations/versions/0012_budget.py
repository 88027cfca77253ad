"""What calls of LML reserve and cost in Discogs requests; the one trial of its circuit breaker."""

from alembic import op

revision = "0012"
down_revision = "0011"

SPENDING = """
    create table lml_spending (
        number bigint generated always as identity primary key,
        requests float8 not null,
        expires_at timestamptz not null
    )
"""
PRICE = """
    create table lml_price (
        kind text primary key,
        recent float8[] not null
    )
"""
# One at a time, so that whoever has a number sees all earlier ones.
RESERVE = """
    create function reserve_requests(wanted text, units int, guess float8, per_minute float8)
    returns bigint
    language plpgsql
    as $$
        declare
            estimate float8;
            reserved bigint;
        begin
            perform from lml_budget where id = 1 for update;
            delete from lml_spending where expires_at < clock_timestamp();
            select percentile_disc(0.95) within group (order by cost) into estimate
            from lml_price, unnest(recent) cost where kind = wanted;
            insert into lml_spending (requests, expires_at)
            values (
                least(units * coalesce(estimate, guess), per_minute),
                clock_timestamp() + interval '10 seconds'
            )
            returning number into reserved;
            return reserved;
        end
    $$
"""
COMMENTS = {
    "table lml_budget": "one row: the lock of lml_spending, and the trial",
    "column lml_budget.debt": "unused since 0012",
    "column lml_budget.settled_at": "unused since 0012",
    "column lml_budget.trial_at": "when a process last claimed the trial call while the breaker of "
    "LML was open",
    "table lml_spending": "Discogs requests that calls have reserved, or spent within the last "
    "minute",
    "table lml_price": "what the last 100 calls that Discogs contributed to have cost, a unit each",
}


def upgrade() -> None:
    op.execute("alter table lml_budget add column trial_at timestamptz")
    for statement in (SPENDING, PRICE, RESERVE):
        op.execute(statement)
    for thing, comment in COMMENTS.items():
        op.execute(f"comment on {thing} is '{comment}'")


def downgrade() -> None:
    op.execute("drop function reserve_requests(text, int, float8, float8)")
    op.execute("drop table lml_spending, lml_price")
    op.execute("alter table lml_budget drop column trial_at")
    op.execute("comment on column lml_budget.debt is null")
    op.execute("comment on column lml_budget.settled_at is null")
    op.execute(
        "comment on table lml_budget is "
        "'one bucket: tokens drawn and not yet drained at the rate, as of settled_at'"
    )
