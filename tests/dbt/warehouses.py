"""The three kinds of landed streams that dbt reads, and dbt on each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import psycopg
from warehouse import Key, Warehouse

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postgres import Postgres
    from singer import Json

ROOT: Final = Path(__file__).parents[2]
DBT: Final = ROOT / ".venv-dbt" / "bin" / "dbt"
LANDED: Final = "glue"
BUILT: Final = "glue_metadata"
GROUPS: Final = ["etl", "tables"]
SECONDS: Final = 300


class Landing(ABC):
    """A destination of a target.

    Attributes:
        target: Its name in dbt's profile.
        environment: What the profile has to be told.
    """

    target: str
    environment: dict[str, str]

    def __init__(self, folder: Path) -> None:
        """Create an empty one.

        Args:
            folder: Where files of dbt, and of the destination, may be.
        """
        self._folder = folder

    @abstractmethod
    def take(self, messages: Iterable[Json]) -> None:
        """Load the messages of a run."""

    @abstractmethod
    def connect(self, schema: str) -> Any:
        """Return a connection, for `with`."""

    def build(self, *selected: str, **variables: Any) -> None:
        """Build and test models, all if none is named; dbt must succeed and may not warn."""
        options = {
            "DBT_TARGET": self.target,
            "DBT_TARGET_PATH": str(self._folder / "target"),
            "DBT_LOG_PATH": str(self._folder / "logs"),
            "DBT_QUIET": "1",
            "DBT_USE_COLORS": "0",
            "DBT_WARN_ERROR": "1",
            "DO_NOT_TRACK": "1",
        }
        names = [f"--select={name}" for name in selected]
        done = subprocess.run(
            [DBT, "build", *names, f"--vars={json.dumps(variables)}"],
            cwd=ROOT / "dbt",
            env=os.environ | self.environment | options,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def query(self, sql: str) -> tuple[list[str], list[Key]]:
        """Return the headings and the rows of a query on what dbt built."""
        with self.connect(BUILT) as connection:
            answer = connection.execute(sql)
            return [column[0] for column in answer.description], answer.fetchall()


def _open(path: str, schema: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    connection.execute(f"USE {schema}")
    return connection


class Files(Landing):
    """What target-jsonl leaves: files for each run."""

    target = "jsonl"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._runs = 0
        self.environment = {
            "TARGET_DUCKDB_PATH": str(folder / "warehouse.duckdb"),
            "TARGET_JSONL_DESTINATION_PATH": str(folder / "landed"),
        }
        (folder / "landed").mkdir()

    @override
    def take(self, messages: Iterable[Json]) -> None:
        self._runs += 1
        lines = defaultdict(list)
        for message in messages:
            if message["type"] == "RECORD":
                lines[message["stream"]].append(json.dumps(message["record"]) + "\n")
        for stream, records in lines.items():
            path = self._folder / "landed" / f"{stream}-20250101T00000{self._runs}.jsonl"
            path.write_text("".join(records), encoding="utf-8")

    @override
    def connect(self, schema: str) -> Any:
        return _open(self.environment["TARGET_DUCKDB_PATH"], schema)


class Database(Landing):
    """Tables, in which runs meet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with self.connect(LANDED) as connection:
            self._warehouse = Warehouse(connection, *GROUPS)

    @override
    def take(self, messages: Iterable[Json]) -> None:
        with self.connect(LANDED) as self._warehouse._connection:
            self._warehouse.take(messages)


class DuckDb(Database):
    """A file of DuckDB, which one process at a time may open."""

    target = "duckdb"

    def __init__(self, folder: Path) -> None:
        self.environment = {"TARGET_DUCKDB_PATH": str(folder / "warehouse.duckdb")}
        super().__init__(folder)

    @override
    def connect(self, schema: str) -> Any:
        return _open(self.environment["TARGET_DUCKDB_PATH"], schema)


class PostgreSql(Database):
    """A database of a server."""

    target = "postgres"

    def __init__(self, folder: Path, server: Postgres) -> None:
        name = f"test_{abs(hash(folder))}"
        self._url = f"{server.url.rpartition('/')[0]}/{name}"
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(self._url) as connection:
            connection.execute(f"CREATE SCHEMA {LANDED}")
        self.environment = {
            "TARGET_POSTGRES_HOST": server.host,
            "TARGET_POSTGRES_PORT": str(server.port),
            "TARGET_POSTGRES_USER": server.user,
            "TARGET_POSTGRES_DATABASE": name,
        }
        super().__init__(folder)

    @override
    def connect(self, schema: str) -> Any:
        return psycopg.connect(self._url, options=f"-c search_path={schema}")
