"""Our tables, made by Alembic; `HEAD` is the revision this version of the code works with."""

HEAD = "0007"
