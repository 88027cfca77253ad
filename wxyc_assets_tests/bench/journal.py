"""The cost of the journal: the writers' statements beside those of a revision without it.

mkdir /tmp/before && git archive c9347a3 | tar -x -C /tmp/before
python -m wxyc_assets_tests.bench.journal /tmp/before --scale 0.1
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, LiteralString

import psycopg
import typer

from wxyc_assets.adapters.postgres.connections import PREPARE_THRESHOLD
from wxyc_assets_tests.bench.__main__ import console, covers, identity, open_station
from wxyc_sandbox.station import ASSETS_SCHEMA, SCHEMA

ROUNDS = 9
SQL = Path("wxyc_assets/adapters/postgres/sql")
OPTIONS = f"-c search_path={ASSETS_SCHEMA},{SCHEMA},public -c synchronous_commit=off -c jit=off"
PARAMETERS = {
    "mark": "consumer:lml-bulk",
    "run_id": "00000000-0000-4000-8000-000000000000",
    "now": None,
    "rules_version": 1,
}


@dataclass(frozen=True)
class Write:
    """One writing statement over a batch of a station's records, made writable by `unwrite`."""

    subject: str
    statement: str
    batch: LiteralString
    unwrite: tuple[LiteralString, ...]


WRITES = (
    Write(
        "identity",
        "identity/put_identities",
        "select library_id from lml_resolution where kind = 'single_artist' order by 1 limit 500",
        (
            "delete from library_identity_source where library_id = any(%s)",
            "delete from library_identity where library_id = any(%s)",
        ),
    ),
    Write(
        "identity, verified again",
        "identity/put_identities",
        "select library_id from lml_resolution where kind = 'single_artist' order by 1 limit 500",
        (
            "update lml_resolution set answered_at = answered_at + interval '8 days' "
            "where library_id = any(%s)",
        ),
    ),
    Write(
        "credits",
        "identity/put_credit_artists",
        "select library_id from lml_resolution where is_matched order by 1 limit 100",
        (
            "update compilation_track_artist set track_artist_id = null, track_position = null, "
            "track_artist_link_method = null, track_artist_link_confidence = null "
            "where library_id = any(%s)",
        ),
    ),
    Write(
        "attempt",
        "identity/stamp_attempts",
        "select library_id from lml_resolution where kind = 'unresolved' order by 1 limit 500",
        ("update library set unresolved_attempted_at = null where id = any(%s)",),
    ),
    Write(
        "cover",
        "artwork/put_covers",
        "select library_id from library_journal where subject = 'cover' order by 1 limit 5000",
        ("update library set artwork_url = null where id = any(%s)",),
    ),
)


def main(
    before: Annotated[Path, typer.Argument(help="A revision whose writers keep no journal.")],
    scale: Annotated[float, typer.Option()] = 0.1,
) -> None:
    """Print CPU seconds of a run, and the journal's part of them; noise is in both."""
    with open_station(scale) as station:
        runs = {"identities": identity(station, 4), "covers": covers(station, 4)}
        with psycopg.connect(
            station.database_url, options=OPTIONS, prepare_threshold=PREPARE_THRESHOLD
        ) as connection:
            costs = {each.subject: _cost(connection, before, each) for each in WRITES}
            rows = connection.execute(
                "select subject, count(*) from library_journal group by subject"
            ).fetchall()
    journaled = {str(subject): int(count) for subject, count in rows}
    for subject, cost in costs.items():
        console.print(f"{subject}: {cost * 1e6:.1f} us per record")
    for run, subjects in (
        ("identities", ("identity", "credits", "attempt")),
        ("covers", ("cover",)),
    ):
        spent = sum(costs[each] * journaled.get(each, 0) for each in subjects)
        whole = runs[run].postgres_cpu
        console.print(
            f"{run}: {spent:.2f} of {whole:.2f} s, {spent / (whole - spent):.1%} of the rest"
        )


def _cost(connection: psycopg.Connection, before: Path, write: Write) -> float:
    """Return the CPU seconds per record that the journal adds to a statement."""
    ids = [row[0] for row in connection.execute(write.batch).fetchall()]
    statements = [(root / SQL / f"{write.statement}.sql").read_bytes() for root in (before, Path())]
    least = [
        min(_spent(connection, write, ids, statement) for _ in range(ROUNDS))
        for statement in statements
    ]
    return (least[1] - least[0]) / len(ids)


def _spent(connection: psycopg.Connection, write: Write, ids: list[int], statement: bytes) -> float:
    cpu = _cpu_of(connection)
    with connection.transaction(force_rollback=True):
        for each in write.unwrite:
            connection.execute(each, [ids])
        started = cpu()
        connection.execute(statement, {"library_ids": ids, **PARAMETERS})
        return cpu() - started


def _cpu_of(connection: psycopg.Connection) -> Callable[[], float]:
    schedule = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    return lambda: int(schedule.read_text().split()[0]) / 1e9


if __name__ == "__main__":
    typer.run(main)
