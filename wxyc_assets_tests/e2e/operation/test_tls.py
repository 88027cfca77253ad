"""TLS to LML and to PostgreSQL with a private certificate authority."""

import json
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import trustme

from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.e2e.operation.processes import free_port, run_program
from wxyc_assets_tests.e2e.operation.ranges import FIRST, SECOND
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.other_servers import binaries
from wxyc_sandbox.account import Account
from wxyc_sandbox.backend import create_schema
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.postgres import Postgres
from wxyc_sandbox.station import SandboxStation

JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", "library_identity_job")


class CertificateAuthority:
    """A root and an intermediate certificate authority, as PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        root = trustme.CA()
        self._intermediate = root.create_child_ca()
        self.root = folder / "root.pem"
        root.cert_pem.write_to_path(self.root)

    def certificate(self, name: str) -> Path:
        """Issue a certificate for a host; return the PEM file with its key and chain."""
        path = self._folder / f"{name}.pem"
        self._intermediate.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(path)
        return path


@pytest.fixture(scope="module")
def authority(project: Path) -> CertificateAuthority:
    return CertificateAuthority(project / "authority")


@pytest.fixture(scope="module")
def untrusted_authority(project: Path) -> CertificateAuthority:
    return CertificateAuthority(project / "untrusted")


def run_range(station: SandboxStation, id_range: IdRange, **changes: str) -> tuple[int, str]:
    """Run one range; return the exit code and the output."""
    environment = {**station.environment, **changes}
    tags = json.dumps({"dagster/partition": id_range.key})
    done = run_program(*JOB, "--tags", tags, env=environment, cwd=station.home)
    return done.returncode, done.stdout + done.stderr


def test_lml_is_reached_with_a_certificate_of_the_trusted_authority(
    station: SandboxStation, authority: CertificateAuthority
) -> None:
    with serve(station.lml, certificate=authority.certificate("127.0.0.1")) as url:
        assert url.startswith("https://")
        station.lml.counters.reset()
        code, output = run_range(
            station, FIRST, LIBRARY_METADATA_URL=url, SSL_CERT_FILE=str(authority.root)
        )
    assert code == 0, output
    assert station.lml.counters.rows["resolve"] > 0


@pytest.mark.parametrize("trusted", ["the defaults", "another authority"])
def test_an_lml_with_an_untrusted_certificate_receives_no_request(
    station: SandboxStation,
    authority: CertificateAuthority,
    untrusted_authority: CertificateAuthority,
    trusted: str,
) -> None:
    lml = PretendLml(AT_ONCE)
    changes = (
        {"SSL_CERT_FILE": str(untrusted_authority.root)} if trusted == "another authority" else {}
    )
    with serve(lml, certificate=authority.certificate("127.0.0.1")) as url:
        code, output = run_range(station, SECOND, LIBRARY_METADATA_URL=url, **changes)
    assert code != 0
    assert "CERTIFICATE_VERIFY_FAILED" in output
    assert lml.counters.calls == {}


def test_a_certificate_of_another_host_is_rejected(
    station: SandboxStation, authority: CertificateAuthority
) -> None:
    lml = PretendLml(AT_ONCE)
    with serve(lml, certificate=authority.certificate("lml.example.org")) as url:
        code, output = run_range(
            station, SECOND, LIBRARY_METADATA_URL=url, SSL_CERT_FILE=str(authority.root)
        )
    assert code != 0
    assert "CERTIFICATE_VERIFY_FAILED" in output
    assert lml.counters.calls == {}


@pytest.fixture(scope="module")
def tls_only_server(authority: CertificateAuthority) -> Generator[Postgres]:
    """A server that accepts TCP connections with TLS only; the embedded one has no TLS."""
    bin = binaries("POSTGRES_15_BIN")
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        Path(home).chmod(0o711)
        data = Path(home) / "postgres"
        with Postgres(data, bin, durable=False, tcp_port=free_port()) as server:
            account = Account.of(data)
            key = shutil.copy(authority.certificate("localhost"), data / "server.pem")
            (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all all trust\n")
            for file in (Path(key), data / "pg_hba.conf"):
                file.chmod(0o600)
                os.chown(file, account.uid, account.gid)
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                for setting, value in {
                    "ssl": "on",
                    "ssl_cert_file": "server.pem",
                    "ssl_key_file": "server.pem",
                }.items():
                    connection.execute(f"alter system set {setting} to '{value}'".encode())
            server.restart()
            server.create_database("dagster")
            with psycopg.connect(server.url("postgres")) as connection:
                create_schema(connection, "wxyc_schema")
            yield server


def tls_url(server: Postgres, database: str, **options: str) -> str:
    port = server.url(database).partition("@:")[2].partition("/")[0]
    asked = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    return f"postgresql://postgres@localhost:{port}/{database}?{asked}"


@pytest.mark.other_server
def test_both_databases_are_reached_with_tls_on_every_connection(
    station: SandboxStation, tls_only_server: Postgres, authority: CertificateAuthority
) -> None:
    def verified(database: str) -> str:
        return tls_url(
            tls_only_server, database, sslmode="verify-full", sslrootcert=str(authority.root)
        )

    changes = {"DATABASE_URL": verified("postgres"), "DAGSTER_PG_URL": verified("dagster")}
    environment = {**station.environment, **changes}
    done = run_program("wxyc-assets", "migrate", env=environment, cwd=station.home)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(tls_only_server.url("postgres"), autocommit=True) as connection:
        _record_encryption(connection)
        _insert_record(connection)
        code, output = run_range(station, FIRST, **changes)
        assert code == 0, output
        heard = connection.execute("select distinct encrypted from wxyc_assets.heard").fetchall()
        assert heard == [(True,)]
    with psycopg.connect(tls_only_server.url("dagster")) as connection:
        runs = connection.execute("select count(*) from runs").fetchone()
    assert runs == (1,)


@pytest.mark.other_server
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sslmode": "disable"}, "no encryption"),
        ({"sslmode": "verify-full"}, "certificate verify failed"),
    ],
)
def test_an_untrusted_database_is_not_used(
    station: SandboxStation,
    tls_only_server: Postgres,
    untrusted_authority: CertificateAuthority,
    options: dict[str, str],
    message: str,
) -> None:
    if options["sslmode"] == "verify-full":
        options = options | {"sslrootcert": str(untrusted_authority.root)}
    code, output = run_range(
        station, SECOND, DATABASE_URL=tls_url(tls_only_server, "postgres", **options)
    )
    assert code != 0
    assert message in output


@pytest.mark.other_server
def test_libpqs_own_variables_apply_to_a_database_given_by_its_parts(
    station: SandboxStation, tls_only_server: Postgres, authority: CertificateAuthority
) -> None:
    port = tls_url(tls_only_server, "postgres").partition("localhost:")[2].partition("/")[0]
    parts = {
        "DATABASE_URL": "",
        "DB_HOST": "localhost",
        "DB_PORT": port,
        "DB_NAME": "postgres",
        "DB_USERNAME": "postgres",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(authority.root),
    }
    environment = {**station.environment, **parts}
    done = run_program("wxyc-assets", "migrate", env=environment, cwd=station.home)
    assert done.returncode == 0, done.stderr


def _record_encryption(connection: psycopg.Connection) -> None:
    """Record for each writing session whether its connection is encrypted."""
    connection.execute("create table wxyc_assets.heard (encrypted bool)")
    connection.execute(
        "create function wxyc_assets.hear() returns trigger language plpgsql as $$ begin "
        "insert into wxyc_assets.heard "
        "select ssl from pg_stat_ssl where pid = pg_backend_pid(); "
        "return new; end $$"
    )
    connection.execute(
        "create trigger heard before insert on wxyc_assets.lml_resolution "
        "for each row execute function wxyc_assets.hear()"
    )


def _insert_record(connection: psycopg.Connection) -> None:
    connection.execute("set search_path to wxyc_schema")
    connection.execute(
        "insert into artists (id, artist_name, alphabetical_name, code_letters) "
        "values (1, 'Stereolab', 'Stereolab', 'RO')"
    )
    connection.execute(
        "insert into library (id, artist_id, genre_id, format_id, album_title, code_number, "
        "legacy_release_id, artist_name) "
        "values (1, 1, 1, 1, 'Dots and Loops', 1, 1, 'Stereolab')"
    )
