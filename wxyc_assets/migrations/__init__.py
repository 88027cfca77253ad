"""Our schema, created by Alembic; `HEAD` is the revision that this version of the code needs."""

HEAD = "0014"
