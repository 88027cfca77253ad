"""The local PostgreSQL server: start, stop, accounts and folders."""

import os
import tempfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import create_engine, text

from wxyc_assets_tests.e2e.operation.processes import free_port
from wxyc_assets_tests.support.other_servers import binaries
from wxyc_sandbox.account import Account, FolderOutOfReach, hand_over, reachable_bin
from wxyc_sandbox.backend import create_schema
from wxyc_sandbox.postgres import Postgres, PostgresFailed, default_home

WORKERS = 3
STRANGER = Account(uid=54_321, gid=54_321)


@pytest.fixture
def home() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_a_server_starts_stops_and_keeps_its_data(home: Path) -> None:
    with Postgres(home / "postgres", durable=False) as server:
        server.create_database("library")
        with psycopg.connect(server.url("library")) as connection:
            connection.execute("create table kept as select 'Stereolab' as artist")
        server.stop("immediate")
        assert not server.running
        server.start()
        server.restart()
        with psycopg.connect(server.url("library")) as connection:
            assert connection.execute("select * from kept").fetchall() == [("Stereolab",)]
    assert not server.running


def test_a_server_with_an_address_is_reachable_there(home: Path) -> None:
    data = home / "postgres"
    with Postgres(data, durable=False, tcp_port=free_port(), address="127.0.0.1") as server:
        assert server.url("library").startswith("postgresql://postgres@127.0.0.1:")
        server.create_database("library")
        with psycopg.connect(server.url("library")) as connection:
            assert connection.info.hostaddr == "127.0.0.1"


def test_a_long_and_unusual_path_works(home: Path) -> None:
    data = home / ("Nilüfer's, " + "x" * 100)
    with Postgres(data, durable=False) as server, _connected(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_starting_a_running_server_attaches_to_it(postgres: Postgres) -> None:
    pid = (postgres.data / "postmaster.pid").read_text()
    Postgres(postgres.data).start()
    assert (postgres.data / "postmaster.pid").read_text() == pid


def test_creating_a_database_again_changes_nothing(postgres: Postgres) -> None:
    postgres.create_database("again & again")
    postgres.create_database("again & again")
    with psycopg.connect(postgres.url("again & again")) as connection:
        assert connection.info.encoding == "utf-8"


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_sqlalchemy_reads_the_url(database: str, driver: str) -> None:
    engine = create_engine(database.replace("postgresql", driver, 1))
    with engine.connect() as connection:
        assert connection.scalar(text("select current_user")) == "postgres"
    engine.dispose()


def test_a_test_server_is_fast_and_counts_statements(database: str) -> None:
    names = ("fsync", "full_page_writes", "synchronous_commit", "shared_preload_libraries")
    with psycopg.connect(database) as connection:
        shown = [connection.execute(f"show {name}".encode()).fetchone() for name in names]
    assert shown == [("off",), ("off",), ("on",), ("pg_stat_statements",)]


def test_a_failed_start_shows_the_end_of_the_log(home: Path) -> None:
    server = Postgres(home / "postgres", durable=False)
    server.start()
    server.stop()
    (server.data / "postgresql.conf").write_text("volume = 11")
    with pytest.raises(PostgresFailed, match='unrecognized configuration parameter "volume"'):
        server.start()


def test_a_folder_with_other_files_is_left_alone(home: Path) -> None:
    (home / "records").mkdir()
    (home / "records" / "moon-pix.flac").touch()
    with pytest.raises((PostgresFailed, FolderOutOfReach)):
        Postgres(home / "records").start()
    assert [path.name for path in (home / "records").iterdir()] == ["moon-pix.flac"]


def test_a_closed_folder_stays_closed_to_another_account(home: Path) -> None:
    (home / "closed" / "inside").mkdir(mode=0o755, parents=True)
    (home / "closed").chmod(0o700)
    assert STRANGER.may_enter(home)
    assert not STRANGER.may_enter(home / "closed" / "inside")
    assert (home / "closed").stat().st_mode & 0o777 == 0o700


def test_unreachable_binaries_are_copied_to_a_readable_folder(home: Path) -> None:
    site = home / "closed" / "site-packages"
    bin = site / "embedded" / "install" / "bin"
    bin.mkdir(parents=True)
    (site / "embedded.libs").mkdir()
    for file, mode in ((bin / "postgres", 0o700), (site / "embedded.libs" / "libpq.so", 0o600)):
        file.touch(mode)
    (home / "closed").chmod(0o700)
    reachable = reachable_bin(bin, STRANGER, shared=home)
    assert STRANGER.may_enter(reachable)
    assert (reachable / "postgres").stat().st_mode & 0o777 == 0o755
    libraries = reachable.parents[2] / "embedded.libs"
    assert (libraries / "libpq.so").stat().st_mode & 0o777 == 0o644
    assert reachable_bin(bin, STRANGER, shared=home) == reachable


def test_processes_that_copy_the_binaries_at_once_share_one_copy(home: Path) -> None:
    hidden = home / "hidden"
    bin = hidden / "package" / "install" / "bin"
    bin.mkdir(parents=True)
    (bin / "postgres").write_text("program")
    for number in range(200):
        (bin / f"program-{number}").write_text("program")
    hidden.chmod(0o700)
    at_once = Barrier(WORKERS)

    def copy(_: int) -> Path:
        at_once.wait()
        return reachable_bin(bin, STRANGER, shared=home)

    with ThreadPoolExecutor(WORKERS) as pool:
        copies = set(pool.map(copy, range(WORKERS)))
    assert len(copies) == 1
    assert sorted(home.iterdir()) == sorted([hidden, copies.pop().parents[2]])


def test_the_home_is_in_the_clone_if_the_server_can_enter_it(home: Path) -> None:
    assert default_home(home) == home / ".sandbox"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_root_gets_an_error_for_an_unreachable_data_folder(home: Path) -> None:
    (home / "closed").mkdir(mode=0o700)
    assert default_home(home / "closed").parent == Path("/var/tmp")
    with pytest.raises(FolderOutOfReach, match="choose a data folder"):
        Postgres(home / "closed" / "postgres").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder another's")
def test_another_users_folder_is_not_taken_over(home: Path) -> None:
    (home / "theirs").mkdir()
    os.chown(home / "theirs", 12_345, 12_345)
    with pytest.raises(FolderOutOfReach, match="does not belong to uid"):
        hand_over(home / "theirs", STRANGER)


@pytest.mark.other_server
@pytest.mark.parametrize("variable", ["POSTGRES_14_BIN", "POSTGRES_15_BIN"])
def test_the_backend_loads_on_an_older_server(home: Path, schema: str, variable: str) -> None:
    bin, data = binaries(variable), home / "postgres"
    with Postgres(data, bin, durable=False) as server, _connected(server) as connection:
        create_schema(connection, schema)
        folded = connection.execute("select fold_artist_name('NILÜFER YANYA')").fetchone()
    assert folded == ("nilufer yanya",)


def _connected(server: Postgres) -> psycopg.Connection:
    return psycopg.connect(server.url("postgres"))
