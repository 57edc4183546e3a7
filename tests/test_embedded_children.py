"""Columns come with their tables: one pass over the API, whatever is selected of the two."""

from __future__ import annotations

import gzip
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from singer import Json, Messages, catalog, make_tap, sync

if TYPE_CHECKING:
    from pathlib import Path

    from fake_aws import FakeAws

ACCOUNT = "123456789012"
TABLES, COLUMNS = 3 * 250, 3 * 250 * 5
EXPECTED = {"tables": TABLES, "columns": COLUMNS}

selections = pytest.mark.parametrize(
    "selected", [("tables", "columns"), ("tables",), ("columns",)], ids="+".join
)


@pytest.fixture
def large(endpoint: FakeAws) -> FakeAws:
    endpoint.store().generate(databases=3, tables=250, columns=5)
    return endpoint


@pytest.fixture
def small(endpoint: FakeAws) -> FakeAws:
    """Fill an endpoint with tables of no column, two columns, and a column and a partition key."""
    store = endpoint.store()
    store.add_database("sales")
    one, two = {"Name": "id", "Type": "int"}, {"Name": "day", "Type": "date", "Comment": "of sale"}
    store.add_table("sales", "bare")
    store.add_table("sales", "events", StorageDescriptor={"Columns": [one, two]}, Owner="them")
    store.add_table(
        "sales",
        "orders",
        StorageDescriptor={"Columns": [one], "Location": "s3://bucket/orders"},
        PartitionKeys=[two],
        Parameters={"CamelCase": "kept"},
        Owner="us",
    )
    return endpoint


def counts(messages: Messages) -> dict[str, int]:
    return dict(Counter(message["stream"] for message in messages.of_type("RECORD")))


@selections
def test_one_pass_serves_whatever_is_selected(
    large: FakeAws, settings: Json, selected: tuple[str, ...]
) -> None:
    messages = sync(settings, catalog(*selected))
    assert counts(messages) == {stream: EXPECTED[stream] for stream in selected}
    assert (large.count("GetDatabases"), large.count("GetTables")) == (1, 9)
    assert sorted(messages.streams("SCHEMA")) == sorted(selected)


def test_nothing_selected_calls_nothing(large: FakeAws, settings: Json) -> None:
    assert sync(settings, catalog()).all == []
    assert large.calls == []


@selections
def test_state_is_one_entry_for_each_stream(
    large: FakeAws, settings: Json, selected: tuple[str, ...]
) -> None:
    states = [message["value"] for message in sync(settings, catalog(*selected)).of_type("STATE")]
    assert 1 <= len(states) <= 2 * len(selected)
    assert all(len(json.dumps(state)) < 2000 for state in states)
    assert states[-1]["bookmarks"].keys() == set(selected)
    assert all("partitions" not in bookmark for bookmark in states[-1]["bookmarks"].values())
    assert large.count("GetTables") == 9


def test_state_of_an_earlier_run_is_taken(small: FakeAws, settings: Json) -> None:
    first = sync(settings, catalog("tables", "columns"))
    state = first.of_type("STATE")[-1]["value"]
    second = sync(settings, catalog("tables", "columns"), state)
    assert counts(second) == counts(first)
    assert small.count("GetTables") == 2


def test_children_follow_their_parent(small: FakeAws, settings: Json) -> None:
    messages = sync(settings, catalog("tables", "columns"))
    of_table = Counter(record["table_name"] for record in messages.records("columns"))
    assert of_table == {
        record["name"]: record["column_count"] + record["partition_key_count"]
        for record in messages.records("tables")
        if record["column_count"]
    }
    assert small.count("GetTables") == 1


def test_children_of_an_unselected_parent_are_the_same(small: FakeAws, settings: Json) -> None:
    alone = sync(settings, catalog("columns")).records("columns")
    assert alone == sync(settings, catalog("tables", "columns")).records("columns")
    assert len(alone) == 4
    assert small.count("GetTables") == 2


def test_children_of_a_filtered_parent_are_filtered(small: FakeAws, settings: Json) -> None:
    maps = {"tables": {"__filter__": "owner == 'us'"}}
    messages = sync(settings | {"stream_maps": maps}, catalog("tables", "columns"))
    assert [record["name"] for record in messages.records("tables")] == ["orders"]
    assert {record["table_name"] for record in messages.records("columns")} == {"orders"}
    assert small.count("GetTables") == 1


def test_a_removed_parent_removes_its_children(small: FakeAws, settings: Json) -> None:
    messages = sync(settings | {"stream_maps": {"tables": None}}, catalog("tables", "columns"))
    assert counts(messages) == {}
    assert small.count("GetTables") == 1


def test_a_filter_of_children_leaves_the_parent_alone(small: FakeAws, settings: Json) -> None:
    maps = {"columns": {"__filter__": "is_partition_key"}}
    messages = sync(settings | {"stream_maps": maps}, catalog("tables", "columns"))
    assert counts(messages) == {"tables": 3, "columns": 1}
    assert small.count("GetTables") == 1


def test_stream_maps_rename_add_and_remove(small: FakeAws, settings: Json) -> None:
    maps = {
        "tables": {"__alias__": "relations", "title": "name", "owner": None},
        "columns": {"full_name": "table_name + '.' + name", "comment": "__NULL__"},
    }
    messages = sync(settings | {"stream_maps": maps}, catalog("tables", "columns"))
    assert messages.streams("SCHEMA") == messages.streams("RECORD") == ["relations", "columns"]
    for record in messages.records("relations"):
        assert record["title"] == record["name"]
        assert "owner" not in record
    columns = messages.records("columns")
    assert [record["full_name"] for record in columns if "comment" not in record] == [
        "events.id",
        "events.day",
        "orders.id",
        "orders.day",
    ]
    assert small.count("GetTables") == 1


def test_deselected_properties_are_left_out(small: FakeAws, settings: Json) -> None:
    # What the columns are read from is deselected in the tables.
    deselected: dict[str, list[tuple[str, ...]]] = {
        "tables": [("parameters",), ("storage_descriptor", "columns"), ("partition_keys",)],
        "columns": [("comment",), ("parameters",)],
    }
    messages = sync(settings, catalog("tables", "columns", deselected=deselected))
    for stream, paths in deselected.items():
        names = {path[0] for path in paths if len(path) == 1}
        assert not names & messages.schema(stream)["properties"].keys()
        assert not any(names & record.keys() for record in messages.records(stream))
    [orders] = [r for r in messages.records("tables") if r["name"] == "orders"]
    assert orders["storage_descriptor"] == {"location": "s3://bucket/orders"}
    assert len(messages.records("columns")) == 4
    assert small.count("GetTables") == 1


def test_a_key_of_a_map_that_a_catalog_deselects_is_still_there_for_the_columns(
    endpoint: FakeAws, settings: Json
) -> None:
    schema = {"type": "struct", "fields": [{"name": "id", "type": "long", "metadata": {}}]}
    key = "spark.sql.sources.schema"
    endpoint.store().add_database("lake")
    endpoint.store().add_table("lake", "t", Parameters={key: json.dumps(schema), "other": "1"})
    chosen = catalog("tables", "columns")
    [entry] = [entry for entry in chosen["streams"] if entry["tap_stream_id"] == "tables"]
    breadcrumb = ["properties", "parameters", "properties", key]
    entry["metadata"].append({"breadcrumb": breadcrumb, "metadata": {"selected": False}})
    messages = sync(settings, chosen)
    assert [record["parameters"] for record in messages.records("tables")] == [{"other": "1"}]
    assert [record["name"] for record in messages.records("columns")] == ["id"]


def flat(settings: Json) -> Json:
    return settings | {
        "flattening_enabled": True,
        "flattening_max_depth": 2,
        "flattening_separator": ".",
    }


def test_flattening(small: FakeAws, settings: Json) -> None:
    tap, messages = make_tap(flat(settings), catalog("tables", "columns"))
    tap.sync_all()
    [orders] = [record for record in messages.records("tables") if record["name"] == "orders"]
    assert orders["storage_descriptor.location"] == "s3://bucket/orders"
    assert json.loads(orders["parameters"]) == {"CamelCase": "kept"}
    assert json.loads(orders["partition_keys"])[0]["name"] == "day"
    assert not any(isinstance(value, dict) for value in orders.values())
    assert counts(messages) == {"tables": 3, "columns": 4}
    assert small.count("GetTables") == 1


def test_flattened_records_hold_what_is_declared(small: FakeAws, settings: Json) -> None:
    # The SDK leaves an object that is null where it was before it is flattened.
    messages = sync(flat(settings))
    for stream in messages.streams("RECORD"):
        declared = {name for name in messages.schema(stream)["properties"] if "." not in name}
        assert all(declared <= record.keys() for record in messages.records(stream))
    assert "storage_descriptor" not in messages.schema("tables")["properties"]
    assert small.count("GetTables") == 1


def test_a_test_run_writes_one_record_of_each_stream(
    small: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    # The first table has no columns, so the pass must go on to the second.
    tap, messages = make_tap(settings)
    assert tap.run_sync_dry_run(dry_run_record_limit=1)
    messages.check()
    assert counts(messages) == {"catalogs": 1, "databases": 1, "tables": 1, "columns": 1}
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    assert small.count("GetTables") == 1


def test_a_test_run_stops_at_its_limit(large: FakeAws, settings: Json) -> None:
    tap, messages = make_tap(settings | {"concurrency": 1})
    assert tap.run_sync_dry_run(dry_run_record_limit=7)
    messages.check()
    assert counts(messages) == {"catalogs": 1, "databases": 3, "tables": 7, "columns": 7}
    assert large.count("GetTables") < 9


def test_a_connection_test_succeeds_without_any_table(endpoint: FakeAws, settings: Json) -> None:
    tap, messages = make_tap(settings)
    assert tap.run_connection_test()
    messages.check()
    assert counts(messages) == {"catalogs": 1}
    assert endpoint.count("GetTables") == 0


def test_children_can_be_read_by_themselves(small: FakeAws, settings: Json) -> None:
    tap, messages = make_tap(settings)
    records = list(tap.streams["columns"].get_records(None))
    assert [(r["table_name"], r["name"]) for r in records if isinstance(r, dict)] == [
        ("events", "id"),
        ("events", "day"),
        ("orders", "id"),
        ("orders", "day"),
    ]
    assert messages.all == []
    assert small.count("GetTables") == 1


def batched(messages: Messages) -> dict[str, list[Json]]:
    """Read the files that BATCH messages name."""
    found: dict[str, list[Json]] = {}
    for message in messages.of_type("BATCH"):
        assert message["encoding"]["format"] == "jsonl"
        for url in message["manifest"]:
            with gzip.open(url2pathname(urlsplit(url).path), "rt", encoding="utf-8") as file:
                found.setdefault(message["stream"], []).extend(map(json.loads, file))
    return found


def batches(folder: Path, size: int) -> Json:
    encoding = {"format": "jsonl", "compression": "gzip"}
    storage = {"root": folder.as_uri(), "prefix": "test-"}
    return {"batch_config": {"encoding": encoding, "storage": storage, "batch_size": size}}


@selections
def test_batches_hold_each_record_once(
    large: FakeAws, settings: Json, selected: tuple[str, ...], tmp_path: Path
) -> None:
    left_out: dict[str, list[tuple[str, ...]]] = {
        "tables": [("parameters",)],
        "columns": [("comment",)],
    }
    chosen = catalog(*selected, deselected=left_out)
    messages = sync(settings | batches(tmp_path, 400), chosen)
    assert large.count("GetTables") == 9
    assert messages.of_type("RECORD") == []
    assert sorted(messages.streams("SCHEMA")) == sorted(messages.streams("BATCH"))
    assert messages.streams("BATCH") == [m for m in messages.streams("BATCH") if m in selected]
    found = batched(messages)
    record_mode = sync(settings, chosen)
    for stream in selected:
        assert canonical(found[stream]) == canonical(record_mode.records(stream))
        assert len(found[stream]) == EXPECTED[stream]
    files = [url for message in messages.of_type("BATCH") for url in message["manifest"]]
    assert len(files) == len(set(files)) == sum(-(-EXPECTED[s] // 400) for s in selected)


def canonical(records: list[Json]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def test_batches_follow_stream_maps(small: FakeAws, settings: Json, tmp_path: Path) -> None:
    maps = {
        "tables": {"__filter__": "owner == 'us'", "title": "name"},
        "columns": {"__alias__": "fields"},
        "copy": {"__source__": "columns", "name": "name.upper()"},
    }
    config = settings | {"stream_maps": maps} | batches(tmp_path, 1)
    messages = sync(config, catalog("tables", "columns"))
    found = batched(messages)
    assert [record["title"] for record in found["tables"]] == ["orders"]
    assert [record["name"] for record in found["fields"]] == ["id", "day"]
    assert [record["name"] for record in found["copy"]] == ["ID", "DAY"]
    assert small.count("GetTables") == 1


@pytest.mark.parametrize("activate", [True, False])
@pytest.mark.parametrize("batch", [True, False])
def test_batches_never_activate_a_version(
    small: FakeAws, settings: Json, tmp_path: Path, *, activate: bool, batch: bool
) -> None:
    config: dict[str, Any] = {**settings, "emit_activate_version_messages": activate}
    messages = sync(config | (batches(tmp_path, 10) if batch else {}))
    # A BATCH message carries no version, so that a target would take its records for old ones.
    assert bool(messages.of_type("ACTIVATE_VERSION")) == (activate and not batch)
    assert any("version" in message for message in messages.all) == (activate and not batch)
    assert small.count("GetTables") == 1
