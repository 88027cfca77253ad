"""The sandbox's DJ: tracks logged in the station's flowsheet."""

from collections.abc import Callable

import psycopg
from psycopg import sql

LOG_TRACK = sql.SQL(
    "insert into {} (entry_type, artist_name, track_title, play_order) "
    "select 'track', 'Juana Molina', 'la paradoja', coalesce(max(play_order), 0) + 1 from {}"
)


def stay_on_air(database_url: str, schema: str, wait: Callable[[], bool]) -> None:
    """Log a track, and another after each `wait`, until that returns True."""
    table = sql.Identifier(schema, "flowsheet")
    with psycopg.connect(database_url, autocommit=True) as connection:
        while True:
            connection.execute(LOG_TRACK.format(table, table))
            if wait():
                return
