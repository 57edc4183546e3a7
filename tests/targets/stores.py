"""Where records land: how a target is told of its store, and what is in there."""

from __future__ import annotations

import csv
import json
import sys
from abc import ABC, abstractmethod
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres import Postgres
    from typing_extensions import LiteralString

Json: TypeAlias = dict[str, Any]

SCHEMA: Final = "glue"

csv.field_size_limit(2**30)


class Store(ABC):
    """One destination of one target.

    Attributes:
        settings: What the target has to be told, beyond the defaults of its definition.
    """

    settings: Json

    @abstractmethod
    def loads(self, table: str) -> list[list[Json]]:
        """Return the rows of a table; of files, those of each run by themselves."""

    def rows(self, table: str) -> list[Json]:
        """Return the rows of a table; of files, those of the last run."""
        return self.loads(table)[-1]

    def landed(self, value: Any) -> Any:
        """Say what is to be found for a value that was emitted."""
        return value

    def types(self, schema: Json, table: str) -> Iterator[tuple[str, str]]:
        """Yield a kind of field and the type of its column, for each column of a table."""
        del schema, table
        yield from ()


class JsonLines(Store):
    """target-jsonl's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.settings = {"destination_path": str(folder)}

    @override
    def loads(self, table: str) -> list[list[Json]]:
        files = sorted(self._folder.glob(f"{table}-*.jsonl"))
        return [[json.loads(line) for line in path.read_text().splitlines()] for path in files]


class Csv(Store):
    """target-csv's files, in which all is text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.settings = {"output_path": str(folder)}

    @override
    def loads(self, table: str) -> list[list[Json]]:
        return [_read(path) for path in sorted(self._folder.glob(f"{table}-*.csv"))]

    @override
    def landed(self, value: Any) -> Any:
        if isinstance(value, (dict, list)):  # as Python would write it
            value = json.loads(json.dumps(value), parse_float=Decimal)
        return "" if value is None else str(value)


class Database(Store):
    """A database, in which runs meet."""

    _TYPES: LiteralString

    @abstractmethod
    def query(self, statement: sql.Composed) -> list[Json]:
        """Return the rows of a query."""

    @override
    def loads(self, table: str) -> list[list[Json]]:
        statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(SCHEMA, table))
        return [self.query(statement)]

    @override
    def types(self, schema: Json, table: str) -> Iterator[tuple[str, str]]:
        statement = sql.SQL(self._TYPES).format(schema=SCHEMA, table=table)
        columns = {row["name"]: row["type"] for row in self.query(statement)}
        for name, field in schema["properties"].items():
            yield kind(field), columns[name].lower()


class PostgresTables(Database):
    """target-postgres's tables, in a database of their own."""

    _TYPES = """
        SELECT attname AS name, format_type(atttypid, atttypmod) AS type
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = {schema}::regnamespace AND relname = {table}"""

    def __init__(self, server: Postgres, name: str, timezone: str = "UTC") -> None:
        self._url = f"{server.url.rpartition('/')[0]}/{name}"
        database = sql.Identifier(name)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
            zone = sql.SQL("ALTER DATABASE {} SET timezone TO {}").format(database, timezone)
            connection.execute(zone)
        self.settings = {
            "host": server.host,
            "port": server.port,
            "user": server.user,
            "password": "unused",
            "database": name,
        }

    @override
    def query(self, statement: sql.Composed) -> list[Json]:
        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            found = connection.execute(statement).fetchall()
        return [
            {name: float(v) if isinstance(v, Decimal) else v for name, v in row.items()}
            for row in found
        ]


class DuckDb(Database):
    """target-duckdb's tables, in a file."""

    _TYPES = """
        SELECT column_name AS name, data_type AS type FROM information_schema.columns
        WHERE table_schema = {schema} AND table_name = {table}"""

    def __init__(self, folder: Path) -> None:
        self._path = folder.with_suffix(".duckdb")
        self.settings = {"path": str(self._path)}

    @override
    def query(self, statement: sql.Composed) -> list[Json]:
        with duckdb.connect(self._path, read_only=True) as connection:
            found = connection.execute(statement.as_string())
            columns = [(column[0], str(column[1])) for column in found.description]
            rows = found.fetchall()
        return [
            {
                name: json.loads(value) if type_ == "JSON" and value else value
                for (name, type_), value in zip(columns, row, strict=True)
            }
            for row in rows
        ]

    @override
    def landed(self, value: Any) -> Any:
        return None if value == "" else value


def is_time(field: Json) -> bool:
    """Tell whether a field holds times."""
    return field.get("format") == "date-time"


def kind(field: Json) -> str:
    """Name what a field holds."""
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    [kind] = [name for name in types if name != "null"]
    return "date-time" if is_time(field) else str(kind)


def time_of(value: str | datetime | None) -> Any:
    """Read a time as it was emitted, or as it landed: without a zone it is one of UTC."""
    if not value:
        return None
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _read(path: Path) -> list[Json]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
