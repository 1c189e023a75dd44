"""PgBouncer in transaction mode before a database."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree, which
from tempfile import mkdtemp
from urllib.parse import urlsplit

import pytest

from tests.support.slack import wait_until

CONNECTIONS = 3
"""Connections to the server that all clients share."""


@contextmanager
def run_pooler(database: str) -> Iterator[str]:
    """Run a pooler until the context ends; yields the database's address behind it.

    Skips the test without PgBouncer.
    """
    program = which("pgbouncer") or which("pgbouncer", path="/usr/sbin")
    if not program:
        pytest.skip("needs pgbouncer (Debian: pgbouncer)")
    end = urlsplit(database)
    name = end.path.strip("/")
    # It does not run as root, and its own user cannot enter a test's folder.
    folder = Path(mkdtemp(prefix="im-bot-pgbouncer-"))
    folder.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host={end.hostname} port={end.port or 5432} user={end.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
    )
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [program, "-q", *as_user, str(folder / "pgbouncer.ini")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _listens(port))
            yield f"postgresql://{end.username}@127.0.0.1:{port}/{name}"
        finally:
            process.kill()
            rmtree(folder)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
