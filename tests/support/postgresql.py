"""Databases of a real PostgreSQL server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

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
