"""Alembic's entry point: migrates the database that `wxyc_assets.migrations.run` configures."""

import psycopg
from alembic import context
from sqlalchemy import create_engine, pool, text

CONNECT_TIMEOUT_SECONDS = 10

schema: str = context.config.attributes["assets_schema"]
backend_schema: str = context.config.attributes["backend_schema"]

conninfo: str = context.config.attributes["conninfo"]

engine = create_engine(
    "postgresql+psycopg://",
    creator=lambda: psycopg.connect(conninfo, connect_timeout=CONNECT_TIMEOUT_SECONDS),
    poolclass=pool.NullPool,
)
with engine.connect() as connection:
    connection.execute(text("select pg_advisory_lock(hashtext('wxyc_assets.migrations'))"))
    # "create schema if not exists" needs the right to create one, even if it exists.
    there = text("select 1 from pg_namespace where nspname = :name")
    if connection.execute(there, {"name": schema}).first() is None:
        connection.execute(text(f'create schema "{schema}"'))
    connection.execute(text(f'set search_path to "{schema}", "{backend_schema}", public'))
    connection.commit()
    context.configure(connection=connection, version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()
