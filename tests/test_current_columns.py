"""The README's way to tell current columns from dropped ones in the warehouse."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ACCOUNT
from singer import Json, Messages, catalog, sync

if TYPE_CHECKING:
    from fake_aws import FakeAws

README = Path(__file__).parent.parent / "README.md"
NOW = 1_700_000_000.0


def load(warehouse: sqlite3.Connection, messages: Messages) -> None:
    """Land records the way a target does that knows key properties."""
    for message in messages.all:
        stream = message.get("stream")
        if message["type"] == "SCHEMA":
            names = ", ".join(f'"{name}"' for name in message["schema"]["properties"])
            keys = ", ".join(f'"{name}"' for name in message["key_properties"])
            warehouse.execute(
                f'CREATE TABLE IF NOT EXISTS "{stream}" ({names}, PRIMARY KEY ({keys}))'
            )
        elif message["type"] == "RECORD":
            record = {
                name: value if isinstance(value, (str, int, float)) else None
                for name, value in message["record"].items()
            }
            names = ", ".join(f'"{name}"' for name in record)
            marks = ", ".join("?" for _ in record)
            warehouse.execute(
                f'INSERT OR REPLACE INTO "{stream}" ({names}) VALUES ({marks})',  # noqa: S608 - names are ours
                list(record.values()),
            )


def incremental(*streams: str) -> Json:
    keys = {"tables": "update_time", "columns": "table_update_time"}
    chosen = catalog("tables", "columns")
    for entry in chosen["streams"]:
        if entry["tap_stream_id"] in streams:
            [root] = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
            root["replication-method"] = "INCREMENTAL"
            root["replication-key"] = keys[entry["tap_stream_id"]]
    return chosen


@pytest.mark.parametrize("streams", [("columns",), ("tables",), ("tables", "columns"), ()])
def test_current_columns(endpoint: FakeAws, settings: Json, streams: tuple[str, ...]) -> None:
    text = README.read_text(encoding="utf-8").partition("<!-- current columns -->")[2]
    sql = re.search("```sql\n(.*?)```", text, re.DOTALL)
    assert sql
    store = endpoint.store()
    store.add_database("sales")

    def shape(table: Json, moment: float | None, *names: str) -> None:
        table["StorageDescriptor"] = {"Columns": [{"Name": name} for name in names]}
        table.pop("UpdateTime", None)
        if moment is not None:
            table["UpdateTime"] = moment

    orders, timeless, kept = (store.add_table("sales", n) for n in ("orders", "timeless", "kept"))
    shape(orders, NOW, "id", "dropped")
    shape(timeless, None, "id")
    shape(kept, NOW, "id")
    warehouse = sqlite3.connect(":memory:")
    first = sync(settings, incremental(*streams))
    load(warehouse, first)
    shape(orders, NOW + 9, "id", "added")
    load(warehouse, sync(settings, incremental(*streams), first.of_type("STATE")[-1]["value"]))
    cursor = warehouse.execute(sql[1])
    fields = [column[0] for column in cursor.description]
    rows = [dict(zip(fields, row, strict=True)) for row in cursor]
    warehouse.close()
    assert {row["account_id"] for row in rows} == {ACCOUNT}
    assert sorted((row["table_name"], row["name"]) for row in rows) == [
        ("kept", "id"),
        ("orders", "added"),
        ("orders", "id"),
        ("timeless", "id"),
    ]
