"""A healthy station with a year behind it, on which people and machines do damage."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, LiteralString

from psycopg import sql

from wxyc_assets_tests.e2e.sabotage.job_runner import JobRunner, Order, Verdict
from wxyc_assets_tests.e2e.sabotage.tampered_lml import TamperedLml
from wxyc_assets_tests.support.backend_db import ASSETS_SCHEMA, SCHEMA, BackendDb
from wxyc_assets_tests.support.sample_library import few_credits
from wxyc_sandbox.credits import Credit
from wxyc_sandbox.library import SandboxLibrary
from wxyc_sandbox.records import RecordGenerator

SEED = 1994
ID_SPACING = 13
RANGE_WIDTH, CEILING = 2_500, 10_000
NIGHTS_BEFORE = 365
DAYS_SINCE_THE_RUN = 3
"""The station's last complete run was on Sunday, and today is Wednesday."""

VARIABLES = {
    "INCLUDE_NULL_CANONICAL": "1",
    "LIBRARY_MAX_ID": str(CEILING),
    "LIBRARY_RANGE_WIDTH": str(RANGE_WIDTH),
    "LML_RATE_PER_MIN": "0",
    "LML_HEALTH_INTERVAL_SECONDS": "0",
    "LOCAL_DEV": "1",
    "VA_BATCH_SIZE": "10",
}
"""The environment of the station's jobs; all floors and tolerances are the defaults."""

NARROW = {
    "ops": {"library_coverage": {"config": {"rules": "environment"}}},
    "resources": {"scope": {"config": {"include_null_canonical": False}}},
}
"""The configuration of a snapshot without the records that have no canonical entity."""

DATED_COLUMNS = """
    select c.table_schema, c.table_name, array_agg(c.column_name::text) as columns
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema in (%s, %s)
    and c.data_type in ('timestamp with time zone', 'date')
    and c.is_generated = 'NEVER'
    and t.table_type = 'BASE TABLE'
    group by c.table_schema, c.table_name
"""
OTHER_COLUMNS = """
    select array_agg(column_name::text)
    from information_schema.columns
    where table_schema = %s
    and table_name = %s
    and is_generated = 'NEVER'
    and column_name not in ('run_id', 'taken_at')
"""


@dataclass(frozen=True)
class SpacedRecords(RecordGenerator):
    """The same records with wider gaps between their ids, so that they fill four ranges."""

    @cached_property
    def ids(self) -> list[int]:
        return [ID_SPACING * each for each in RecordGenerator(self.scale, self.seed).ids]


@dataclass(frozen=True)
class StationLibrary(SandboxLibrary):
    """About 650 records with the station's distribution, and few credits of each compilation."""

    scale: float = 0.01
    seed: int = SEED
    credits_of: Callable[[int, int], Sequence[Credit]] = few_credits

    @cached_property
    def generator(self) -> RecordGenerator:
        return SpacedRecords(self.scale, self.seed)


@dataclass
class Station:
    """A station's database, its LML, and somebody who runs its jobs."""

    database_url: str
    lml: TamperedLml
    runner: JobRunner
    tables: BackendDb = field(init=False)

    def __post_init__(self) -> None:
        self.tables = BackendDb(self.database_url)

    def run(
        self,
        job: str,
        run_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Run a job to its end."""
        return self.runner.run(Order(job, self.database_url, run_config or {}, tags or {}))

    def execute(self, statements: LiteralString) -> None:
        """Execute statements of somebody else, without triggers and foreign keys."""
        with self.tables.connection.transaction():
            self.tables.execute("set local session_replication_role to replica")
            self.tables.execute(statements)

    def pass_days(self, days: int) -> None:
        """Let days pass without a run: everything that is dated becomes that much older."""
        older = sql.SQL("; ").join([_older(each, days) for each in self._dated_tables])
        with self.tables.connection.transaction():
            self.tables.execute("set local session_replication_role to replica")
            self.tables.connection.execute(older, prepare=False)

    @cached_property
    def _dated_tables(self) -> list[dict[str, Any]]:
        return self.tables.rows(DATED_COLUMNS, SCHEMA, ASSETS_SCHEMA)

    def repeat_snapshot(self, nights: int) -> None:
        """Store the newest snapshot, and its acceptance, for each of the nights before it."""
        run_id = self.tables.value(
            "select run_id from coverage_snapshot order by taken_at desc limit 1"
        )
        for table in ("coverage_snapshot", "coverage_acceptance"):
            self.tables.connection.execute(
                _repeated(table, self._columns(table)), {"run_id": run_id, "nights": nights}
            )

    def _columns(self, table: str) -> list[str]:
        return self.tables.value(OTHER_COLUMNS, ASSETS_SCHEMA, table)


def _repeated(table: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(
        "insert into {table} (run_id, taken_at, {columns}) "
        "select run_id || ' -' || night, taken_at - make_interval(days => night), {columns} "
        "from {table}, generate_series(1, %(nights)s) night where run_id = %(run_id)s"
    ).format(table=sql.Identifier(table), columns=sql.SQL(", ").join(map(sql.Identifier, columns)))


def _older(table: Mapping[str, Any], days: int) -> sql.Composed:
    columns = [
        sql.SQL("{0} = {0} - {1} * interval '1 day'").format(
            sql.Identifier(column), sql.Literal(days)
        )
        for column in table["columns"]
    ]
    return sql.SQL("update {} set {}").format(
        sql.Identifier(table["table_schema"], table["table_name"]), sql.SQL(", ").join(columns)
    )
