"""A warehouse for tests: loads Singer messages as SDK targets do, into DuckDB or PostgreSQL."""

from __future__ import annotations

import importlib.util
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from singer import Json

Key: TypeAlias = "tuple[Any, ...]"

ROOT: Final = Path(__file__).parent.parent
_METADATA: Final = {
    "_sdc_extracted_at": "TIMESTAMP",
    "_sdc_deleted_at": "TIMESTAMP",
    "_sdc_table_version": "BIGINT",
}
_TYPES: Final = {"integer": "BIGINT", "number": "DOUBLE PRECISION", "boolean": "BOOLEAN"}


def generator() -> ModuleType:
    """Return the script that writes the views."""
    path = ROOT / "scripts" / "generate_views.py"
    spec = importlib.util.spec_from_file_location("generate_views", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Warehouse:
    """Tables of streams, and the views of current rows.

    Rows are upserted by the key properties of their stream, with `_sdc_extracted_at`, as SDK
    targets with `add_record_metadata` do. An ACTIVATE_VERSION marks the rows of older versions in
    `_sdc_deleted_at`, or removes them.
    """

    def __init__(self, connection: Any, *groups: str, hard_delete: bool = False) -> None:
        """Create empty tables and their views.

        Args:
            connection: Of DuckDB or psycopg, to an empty database.
            groups: The groups of streams whose tables it has, besides the default ones.
            hard_delete: Whether rows of older versions are removed.
        """
        self._connection, self._hard_delete = connection, hard_delete
        self._rows: dict[str, dict[Key, Json]] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._views = generator()
        for group in ("default", *groups):
            for stream in self._views.streams_of(group):
                self._create(stream.name)
            for statement in self._views.script(group).split(";\n"):
                if statement.strip():
                    connection.execute(statement)

    def take(self, messages: Iterable[Json]) -> None:
        """Load the messages of a run."""
        keys: dict[str, list[str]] = {}
        touched: set[str] = set()
        for message in messages:
            stream = message.get("stream", "")
            rows = self._rows.get(stream, {})
            if message["type"] == "SCHEMA":
                keys[stream] = message["key_properties"]
            elif message["type"] == "RECORD":
                touched.add(stream)
                rows[tuple(message["record"][name] for name in keys[stream])] = {
                    **message["record"],
                    "_sdc_extracted_at": message["time_extracted"],
                    "_sdc_table_version": message.get("version"),
                }
            elif message["type"] == "ACTIVATE_VERSION":
                touched.add(stream)
                self._activate(rows, message["version"])
        for stream in touched:
            self._fill(stream)

    def drop(self, stream: str, **values: Any) -> None:
        """Lose the rows of a stream that have these values."""
        rows = self._rows[stream]
        for key in [key for key, row in rows.items() if row.items() >= values.items()]:
            del rows[key]
        self._fill(stream)

    def rows(self, view: str, *columns: str) -> list[Key]:
        """Return columns of a view, sorted."""
        names = ", ".join(columns)
        return sorted(self._connection.execute(f"SELECT {names} FROM {view}").fetchall())  # noqa: S608 - ours

    def _activate(self, rows: dict[Key, Json], version: int) -> None:
        now = datetime.now(tz=timezone.utc).isoformat()
        for key, row in list(rows.items()):
            if (row["_sdc_table_version"] or 0) < version and self._hard_delete:
                del rows[key]
            elif (row["_sdc_table_version"] or 0) < version:
                row.setdefault("_sdc_deleted_at", now)

    def _create(self, stream: str) -> None:
        path = ROOT / "tap_glue_metadata" / "schemas" / f"{stream}.json"
        properties = json.loads(path.read_text(encoding="utf-8"))["properties"]
        columns = {name: _type(field) for name, field in properties.items()} | _METADATA
        self._columns[stream], self._rows[stream] = columns, {}
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self._connection.execute(f"CREATE TABLE {stream} ({declared})")

    def _fill(self, stream: str) -> None:
        """Write the rows of a stream, all at once."""
        rows = json.dumps(list(self._rows[stream].values()))
        self._connection.execute(f"DELETE FROM {stream}")  # noqa: S608 - ours
        if isinstance(self._connection, psycopg.Connection):
            query = f"SELECT * FROM json_populate_recordset(NULL::{stream}, %s)"  # noqa: S608 - ours
            self._connection.execute(f"INSERT INTO {stream} {query}", [rows])
        else:
            query = "SELECT UNNEST(FROM_JSON(?::JSON, ?), recursive := true)"
            shape = json.dumps([self._columns[stream]])
            self._connection.execute(f"INSERT INTO {stream} {query}", [rows, shape])


def _type(field: Json) -> str:
    kinds = {field["type"]} if isinstance(field["type"], str) else {*field["type"]}
    [kind] = kinds - {"null"}
    if field.get("format") == "date-time":
        return "TIMESTAMP"
    return _TYPES.get(kind, "JSON" if kind in {"object", "array"} else "VARCHAR")
