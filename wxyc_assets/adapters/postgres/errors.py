"""The errors of the database adapter.

DatabaseError
├── DatabaseUnavailable     no connection, or it was lost: running again may help
├── StatementCanceled       it took too long, waited too long for a lock, or somebody canceled it
├── Deadlocked              we and another writer waited for each other: trying again helps
├── NotPermitted            our role lacks a privilege
├── SchemaOutdated          our own tables are missing or of another version
└── RowRefused              the database will not hold what a row says
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from psycopg import errors

GRANT = "The owner of the tables grants what is missing with deploy/grants.sql (docs/deploying.md)."


class DatabaseError(Exception):
    """Anything that goes wrong between us and the database."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, or went away in the middle."""


class StatementCanceled(DatabaseError):
    """The database gave up on a statement: a timeout, or somebody canceled it."""


class NotPermitted(DatabaseError):
    """Our role lacks a privilege; `deploy/grants.sql` grants what a run needs."""


class Deadlocked(DatabaseError):
    """We and another writer waited for each other, and the database chose us to give way."""


class SchemaOutdated(DatabaseError):
    """Our own tables are not what this version of the code expects."""


class RowRefused(DatabaseError):
    """The database will not hold what one of the rows says."""


@asynccontextmanager
async def translated() -> AsyncGenerator[None]:
    """Turns psycopg's errors into ours; the message never holds the connection string."""
    try:
        yield
    except (
        psycopg.DataError,
        psycopg.IntegrityError,
        errors.ProgramLimitExceeded,
        errors.RaiseException,
    ) as error:
        raise RowRefused(first_line(error)) from error
    except errors.DeadlockDetected as error:
        raise Deadlocked(first_line(error)) from error
    except errors.InsufficientPrivilege as error:
        raise NotPermitted(f"The database refused: {first_line(error)}. {GRANT}") from error
    except errors.ReadOnlySqlTransaction as error:
        raise DatabaseUnavailable(
            f"The database takes no writes, as a standby does not: {first_line(error)}"
        ) from error
    except errors.LockNotAvailable as error:
        raise _canceled("Another session kept a lock too long", error, "lock_timeout") from error
    except errors.QueryCanceled as error:
        raise _canceled("The database stopped a statement", error, "statement_timeout") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(f"The database went away: {first_line(error)}") from error
    except TimeoutError as error:
        raise DatabaseUnavailable("The database did not answer in time") from error


@asynccontextmanager
async def connecting() -> AsyncGenerator[None]:
    """Turns psycopg's error about a connection attempt into ours."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"The database gave us no connection: {first_line(error)}"
        ) from error


def first_line(error: BaseException) -> str:
    """Return an error's message without the details that follow it."""
    return str(error).partition("\n")[0]


def _canceled(what: str, error: psycopg.Error, limit: str) -> StatementCanceled:
    where = f"The limit is {limit}, set for the role, the database or in DATABASE_URL."
    return StatementCanceled(f"{what}: {first_line(error)}. {where}")
