"""A count of the moves of the library's watermark, kept by a trigger of the tests."""

import psycopg


def count_moves(connection: psycopg.Connection) -> None:
    """Count the watermark's moves from now on, in this database and its copies."""
    for statement in (
        "create table public.watermark_moves as select 0 as moves",
        "create function public.count_move() returns trigger language plpgsql security definer "
        "as $$ begin update public.watermark_moves set moves = moves + 1; return null; end $$",
        "create trigger count_move after update on wxyc_schema.library_watermark "
        "for each row execute function public.count_move()",
    ):
        connection.execute(statement)
