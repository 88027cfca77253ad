"""The sandbox's tables have the columns and triggers that the Backend's contract page lists."""

import re
from pathlib import Path

import psycopg
import pytest

CONTRACT = (Path(__file__).parents[3] / "docs" / "contracts" / "backend-db.md").read_text()
COLUMNS = (
    "select column_name::text from information_schema.columns "
    "where table_schema = 'wxyc_schema' and table_name = %s"
)
NULLABLE = (
    "select column_name::text from information_schema.columns "
    "where table_schema = 'wxyc_schema' and table_name = %s and is_nullable = 'YES'"
)
UPDATED_COLUMNS = (
    "select event_object_column::text from information_schema.triggered_update_columns "
    "where trigger_name = %s"
)


def test_the_library_has_the_columns_of_the_contract(backend: str) -> None:
    table = CONTRACT.partition("### library\n")[2].partition("\n\n64,676 rows")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert len(documented) == 29
    assert columns(backend, COLUMNS, "library") == documented


@pytest.mark.parametrize("table", ["artists", "rotation"])
def test_every_column_of_a_table_that_is_read_is_documented(backend: str, table: str) -> None:
    described = CONTRACT.partition("## Tables that are read")[2].partition("\n## Triggers")[0]
    found = columns(backend, COLUMNS, table)
    assert {name for name in found if f"`{name}" not in described} == set()


def test_the_watermark_has_exactly_two_columns(backend: str) -> None:
    assert columns(backend, COLUMNS, "library_watermark") == {"id", "last_modified_at"}


@pytest.mark.parametrize("table", ["library", "compilation_track_artist"])
def test_the_watermark_moves_with_the_columns_of_the_contract(backend: str, table: str) -> None:
    row = next(line for line in CONTRACT.splitlines() if line.startswith(f"    | `{table}` |"))
    documented = {*re.findall(r"`(\w+)`", row.partition(" (")[0].split("|")[2])}
    suffix = "" if table == "library" else f"_from_{table}"
    trigger = f"touch_library_watermark{suffix}"
    assert columns(backend, UPDATED_COLUMNS, trigger) == documented


@pytest.mark.parametrize(
    ("table", "nullable"),
    [("library_watermark", set[str]()), ("genres", {"description"}), ("format", set[str]())],
)
def test_what_may_be_null(backend: str, table: str, nullable: set[str]) -> None:
    assert columns(backend, NULLABLE, table) == nullable


def columns(url: str, statement: str, name: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(statement.encode(), [name]).fetchall()
    return {column for (column,) in rows}
