"""The UI's words about each asset: complete, and true of a migrated database."""

from pathlib import Path

import dagster as dg
import psycopg
import pytest

from wxyc_assets.definitions import defs
from wxyc_assets.defs.catalog import CATALOG
from wxyc_assets.defs.tables import TABLES, Table

COLUMNS = """
select attname::text, format_type(atttypid, atttypmod)
from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped
"""


def specs() -> list[dg.AssetSpec]:
    return sorted(defs.resolve_all_asset_specs(), key=lambda each: each.key)


@pytest.mark.parametrize("table", TABLES, ids=lambda each: each.name)
def test_the_columns_are_those_of_the_database(assets: str, table: Table) -> None:
    shown = {name: type_ for name, (type_, _) in table.columns.items()}
    with psycopg.connect(assets) as connection:
        rows = connection.execute(COLUMNS, [table.qualified_name]).fetchall()
    found = {str(name): str(type_) for name, type_ in rows}
    assert shown.items() <= found.items()
    if table.is_ours:
        assert shown == found


def test_every_asset_is_in_the_catalog() -> None:
    assert {each.key.to_user_string() for each in specs()} == {*CATALOG}


@pytest.mark.parametrize("spec", specs(), ids=lambda each: each.key.to_user_string())
def test_every_asset_says_what_it_is(spec: dg.AssetSpec) -> None:
    assert spec.description
    assert spec.owners
    assert spec.group_name in {"library", "rotation"}
    assert spec.kinds == {"postgres"}
    assert spec.freshness_policy
    assert {"dagster/table_name", "dagster/column_schema", "docs"} <= {*spec.metadata}


def test_what_runs_has_a_reference_to_its_code() -> None:
    graph = defs.resolve_asset_graph()
    for spec in specs():
        if graph.get(spec.key).is_materializable:
            assert "dagster/code_references" in spec.metadata


def test_lineage_names_columns_that_exist() -> None:
    for name, entry in CATALOG.items():
        for column, (asset, source) in entry.lineage.items():
            assert column in entry.table.columns, name
            assert source in CATALOG[asset].table.columns, name


def test_every_check_has_a_row_that_says_what_to_do() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()
    names = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert {name for name in names if f'<a id="{name}"></a>`{name}`' not in page} == set()
