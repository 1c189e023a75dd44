"""Databases of a real PostgreSQL server, and a separate server for tests that damage one."""

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
    """Make a database for the context; yields its address. Skips the test without a server."""
    name = f"im_bot_tests_{os.getpid()}"
    try:
        admin = psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=30)
    except psycopg.OperationalError:
        pytest.skip(f"no PostgreSQL server at {SERVER}")
    with admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield f"{SERVER}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def new_schema(server: str, script: str = "") -> str:
    """Make a schema in a database, empty or with what a script makes; returns its address."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}; SET search_path TO {name}; {script}".encode())
    return f"{server}?options=-csearch_path%3D{name}"


@contextmanager
def new_server() -> Iterator[str]:
    """Start a server for the context; yields its address. Skips the test without PostgreSQL's programs.

    A full disk or a read-only database blocks the checkpoints of the whole server, and would fail other
    tests.
    """
    newest = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=which("initdb"))
    if newest is None:
        pytest.skip("needs PostgreSQL's own programs: initdb and pg_ctl")
    programs = Path(newest).parent
    # The server does not run as root, and its own user cannot enter a test's folder.
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
