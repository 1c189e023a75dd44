"""A PostgreSQL database on a disk that can be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from tempfile import mkdtemp
from typing import Self

import psycopg

SIZE = 48
"""Megabytes of the disk."""


class SmallDisk:
    """A database on a small disk that can be filled; an ordinary one without the rights to mount.

    Args:
        server: The address of a server that nothing else uses.
    """

    name = "im_bot_chaos"

    def __init__(self, server: str) -> None:
        self.server = server
        self.mounted = False
        self.address = f"{server}/{self.name}"
        # The server's own user cannot enter a test's folder.
        self._folder = Path(mkdtemp(prefix="im-bot-disk-"))
        self._filler = self._folder / "filler"

    def __enter__(self) -> Self:
        self.mounted = self._mount()
        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as admin:
            place = ""
            if self.mounted:
                admin.execute(f"CREATE TABLESPACE {self.name} LOCATION '{self._folder / 'data'}'".encode())
                place = f" TABLESPACE {self.name}"
            admin.execute(f"CREATE DATABASE {self.name}{place}".encode())
        return self

    def __exit__(self, *_: object) -> None:
        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())
            if self.mounted:
                admin.execute(f"DROP TABLESPACE {self.name}".encode())
        if self.mounted:
            subprocess.run(["umount", self._folder], check=True)
        self._folder.rmdir()

    def _mount(self) -> bool:
        if os.geteuid() or not which("mount"):
            return False
        options = f"size={SIZE}m,mode=0755"
        mount = ["mount", "-t", "tmpfs", "-o", options, "im-bot-chaos", str(self._folder)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            return False
        (self._folder / "data").mkdir(mode=0o700)
        subprocess.run(["chown", "postgres", self._folder / "data"], check=True)
        return True

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill the disk while the context is open."""
        with self._filler.open("wb") as filler, suppress(OSError):
            while True:
                filler.write(bytes(65536))
                filler.flush()
        try:
            yield
        finally:
            self._filler.unlink()
