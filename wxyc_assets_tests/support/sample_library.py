"""A small sample library: two records in three by a single artist, the rest compilations."""

from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_sandbox import names
from wxyc_sandbox.credits import Credit
from wxyc_sandbox.credits import credits as usual_credits

RECORDS = 240
ALL_IDS = frozenset(range(1, RECORDS + 1))
MOST_CREDITS = 8


def few_credits(library_id: int, seed: int) -> tuple[Credit, ...]:
    """Return the first credits of a compilation, for the Backend and the pretend LML alike."""
    return usual_credits(library_id, seed)[:MOST_CREDITS]


def is_compilation(library_id: int) -> bool:
    """Return True for every third id."""
    return library_id % 3 == 0


def is_canonical(library_id: int) -> bool:
    """Return True for even ids."""
    return library_id % 2 == 0


def fill_sample_library(backend_db: BackendDb, *, step: int = 1) -> None:
    """Insert RECORDS records, every `step`th id from `step` on."""
    backend_db.execute("set session_replication_role to replica")
    with backend_db.connection.transaction():
        for number in range(40):
            backend_db.artist(names.artist(number))
        for library_id in range(step, step * RECORDS + 1, step):
            compiled = is_compilation(library_id)
            name = "Various Artists" if compiled else names.artist(library_id)
            letters = "ZA" if library_id % 6 == 0 else None
            canonical = is_canonical(library_id)
            backend_db.record(library_id, name, canonical=canonical, letters=letters)
            for each in few_credits(library_id, 1) if compiled else ():
                position = each.track_position
                backend_db.credit(
                    library_id, each.artist_name, each.track_title, track_position=position
                )
    backend_db.execute("set session_replication_role to origin")
    backend_db.execute("analyze")
