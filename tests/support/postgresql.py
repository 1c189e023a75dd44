"""Databases of a real PostgreSQL server, and a server of its own for a test that does harm to one."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from shutil import rmtree, which
from tempfile import mkdtemp

import psycopg
import pytest

SERVER = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")

_numbers = count(1)


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database for the context, and give its address; where no server answers, skip the test."""
    name = f"im_bot_tests_{os.getpid()}"
    try:
        admin = psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=30)
    except psycopg.OperationalError:
        pytest.skip(f"no PostgreSQL server at {SERVER}")
    with admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield f"{SERVER}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def new_schema(server: str) -> str:
    """Make an empty schema in a database, and give an address that leads to it."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{server}?options=-csearch_path%3D{name}"


@contextmanager
def new_server() -> Iterator[str]:
    """Start a server for the context, and give its address; without PostgreSQL's programs, skip the test.

    A full disk or a read-only database holds up the checkpoints of a whole server, so that the tests beside
    would fail with it.
    """
    newest = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=which("initdb"))
    if newest is None:
        pytest.skip("needs PostgreSQL's own programs: initdb and pg_ctl")
    programs = Path(newest).parent
    # The server refuses to run as root, and its user has to reach it: a test's folder is its user's alone.
    folder = Path(mkdtemp(prefix="im-bot-postgresql-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        subprocess.run(["chown", "postgres", folder], check=True)

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run("initdb", "-A", "trust", "-U", "postgres", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run("pg_ctl", "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "-m", "immediate", "-w", "stop")
        rmtree(folder)
