"""What the models say of three readings, of a catalog that changes in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from fake_aws import FakeAws
from singer import sync
from warehouse import generator
from warehouses import ROOT, Files

from demo.catalog import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_aws import Store
    from singer import Json
    from warehouses import Landing

pytest_plugins = ("landings",)

MARTS: Final = ROOT / "dbt" / "models" / "marts" / "marts.yml"
KEYS: Final = {stream.name: list(stream.primary_keys) for stream in generator().ALL}
SCOPE: Final = {"account_id": ACCOUNT, "region": "us-east-1"}
CATALOG: Final = SCOPE | {"catalog_id": ACCOUNT}
LAKE: Final = CATALOG | {"database_name": "lake"}
NOW: Final = "2030-01-01T00:00:00+00:00"


def records(stream: str, *found: Json) -> Iterator[Json]:
    """Yield the messages of a stream, as the tap would write them."""
    yield {"type": "SCHEMA", "stream": stream, "key_properties": KEYS[stream]}
    for record in found:
        yield {"type": "RECORD", "stream": stream, "record": record, "time_extracted": NOW}


def extras() -> Iterator[Json]:
    """Yield records of extra streams, with what is rare in them."""
    small = {"sizeKey": "30", "objectCount": "10"}
    unknown = {"sizeKey": "many", "objectCount": "10"}
    table = LAKE | {"table_name": "events"}
    yield from records(
        "partitions",
        table | {"partition_name": "day=1", "values": ["1"], "parameters": small},
        table | {"partition_name": "day=2", "values": ["2"], "parameters": unknown},
        table | {"partition_name": "day=3", "values": ["3"], "parameters": None},
    )
    failed = {"configuration": {"enabled": True}, "last_run": {"event_type": "failed"}}
    disabled = {"configuration": {"enabled": False}}
    yield from records(
        "table_optimizers",
        table | {"type": "compaction", "table_optimizer": failed},
        table | {"type": "retention", "table_optimizer": disabled},
    )
    targets = {"jdbc_targets": [{"connection_name": "db"}, {"path": "no"}], "s3_targets": None}
    yield from records("crawlers", SCOPE | {"name": "crawl", "targets": targets})
    used = {"connections": ["db", "unlisted"]}
    yield from records("sessions", SCOPE | {"id": "notebook", "connections": used})
    listed = [CATALOG | {"name": name, "connection_type": "JDBC"} for name in ("db", "idle")]
    yield from records("connections", *listed)
    unit = SCOPE | {"catalog_id": ACCOUNT, "database_name": "lake", "extent": ""}
    yield from records("extractions", unit | {"stream": "table_optimizers"})


def add_table(store: Store, name: str, *columns: tuple[str, str], **members: Any) -> None:
    described = {"Columns": [{"Name": name, "Type": type_} for name, type_ in columns]}
    store.add_table("lake", name, StorageDescriptor=described, **members)


def replace_table(store: Store, name: str, *columns: tuple[str, str]) -> None:
    key = ACCOUNT, "lake"
    store.tables[key] = [table for table in store.tables[key] if table["Name"] != name]
    if columns:
        add_table(store, name, *columns)


def fill(store: Store) -> None:
    store.add_database("lake")
    store.add_database("closed")
    store.add_table("closed", "hidden", StorageDescriptor={"Columns": [{"Name": "id"}]})
    iceberg = {"table_type": "ICEBERG", "metadata_location": "s3://lake/1.json"}
    add_table(store, "events", ("id", "bigint"), Parameters=iceberg, Owner=" Hadoop ")
    add_table(store, "orders", ("id", "int"), ("total", "int"), ("fax", "string"), Owner="shop")
    add_table(store, "returns", ("ID", "INT"), Parameters={"connectionName": "db"})
    command = {"Name": "gluestreaming"}
    store.add(
        "GetJobs",
        {"Name": "stream", "Command": command, "MaxRetries": 1, "Connections": {}},
        {"Name": "batch", "GlueVersion": "0.9", "Connections": {"Connections": ["db"]}},
    )


# What a query gives, in any order.
EXPECTED: Final[dict[str, list[tuple[Any, ...]]]] = {
    "SELECT table_name, column_name, change FROM schema_changes": [
        ("added", None, "table added"),
        ("orders", "fax", "column added"),  # again
        ("orders", "fax", "column dropped"),
        ("orders", "new", "column added"),
        ("orders", "total", "type changed"),  # and no other has moved
        ("returns", None, "table dropped"),
    ],
    "SELECT connection_name, connection_type, used_by FROM who_uses_connection": [
        ("db", "JDBC", "batch"),
        ("db", "JDBC", "crawl"),
        ("db", "JDBC", "notebook"),
        ("idle", "JDBC", None),
        ("unlisted", None, "notebook"),
    ],
    """SELECT table_name, compaction, retention, orphan_file_deletion, metadata_location
    FROM iceberg_health""": [("events", "failed", "off", "off", "s3://lake/1.json")],
    "SELECT partition_name, bytes_per_file FROM small_files": [("day=1", 3)],
    "SELECT table_name FROM ownerless": [("added",), ("events",), ("hidden",), ("orders",)],
    "SELECT job_name, risk FROM jobs_at_risk": [
        ("batch", "no retries"),
        ("batch", "no timeout"),
        ("batch", "unsupported version"),
    ],
    "SELECT column_name, type, column_count FROM type_conflicts": [
        ("id", "bigint", 1),
        ("id", "int", 2),
    ],
    "SELECT table_name FROM stale_tables": [],  # by the variable stale_days
    # What is denied is not taken for dropped.
    "SELECT name FROM current_tables WHERE database_name = 'closed'": [("hidden",)],
    "SELECT database_name FROM coverage WHERE status = 'not read'": [("closed",)],
    # A stream that did not land.
    "SELECT schema_version_id FROM current_schema_versions": [],
}


def test_the_answers_after_three_readings(landing: Landing) -> None:
    with FakeAws() as endpoint:
        store = endpoint.store(ACCOUNT)
        settings = {
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1"],
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }
        fill(store)
        landing.take([*sync(settings).all, *extras()])
        landing.build("+columns_snapshot")

        replace_table(store, "orders", ("new", "string"), ("total", "bigint"), ("id", "int"))
        replace_table(store, "returns")
        add_table(store, "added", ("id", "int"), ("other", "int"))
        endpoint.fail(
            "GetTables",
            "AccessDeniedException",
            when=lambda params: bool(params["DatabaseName"] == "closed"),
        )
        landing.take(sync(settings).all)
        landing.build("+columns_snapshot")

        columns = ("new", "string"), ("fax", "string"), ("total", "bigint"), ("id", "int")
        replace_table(store, "orders", *columns)
        landing.take(sync(settings).all)
    landing.build(stale_days=100000)

    found = {sql: sorted(landing.query(sql)[1], key=repr) for sql in EXPECTED}
    assert found == EXPECTED
    described = {
        mart["name"]: [column["name"] for column in mart["columns"]]
        for mart in yaml.safe_load(MARTS.read_text(encoding="utf-8"))["models"]
    }
    assert {mart: landing.query(f"SELECT * FROM {mart}")[0] for mart in described} == described  # noqa: S608 - ours


def test_nothing_is_built_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="extractions is not there"):
        Files(tmp_path).build("+columns_snapshot")
