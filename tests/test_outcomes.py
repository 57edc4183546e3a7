"""What a run could not read: named, remembered, and never taken for deleted or for old."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ACCOUNT, OTHER, UnevenAws, warnings_told
from fake_aws import FakeAws, Role
from singer import Json, Messages, catalog, incremental, make_tap, marks, sync

from tap_glue_metadata.aws.errors import AwsError, TapError
from tap_glue_metadata.engine.outcomes import counted
from tap_glue_metadata.records.projection import moment

DENIED = "AccessDeniedException"
ALL = ("catalogs", "databases", "tables", "columns", "jobs", "workflows", "extraction_issues")
SCOPE = (ACCOUNT, "us-east-1")
NOW = 1_700_000_000.0  # of the fake's objects, long before any run


@pytest.fixture
def fifty(endpoint: FakeAws) -> FakeAws:
    """Fifty databases, one of them denied, with a table of two columns each."""
    store = endpoint.store()
    for number in range(50):
        store.add_database(f"db_{number:02}")
        columns = [{"Name": "id"}, {"Name": "day"}]
        store.add_table(f"db_{number:02}", "orders", StorageDescriptor={"Columns": columns})
    store.add("GetJobs", {"Name": "nightly", "LastModifiedOn": NOW})
    store.add("BatchGetWorkflows", {"Name": "weekly", "LastModifiedOn": NOW})
    endpoint.fail("GetTables", DENIED, message="No.", when=of_database("db_07"))
    return endpoint


def nest(endpoint: FakeAws, catalog_id: str) -> None:
    catalogs = endpoint.store().catalogs
    assert catalogs is not None
    catalogs.append({"CatalogId": catalog_id, "Name": "nested", "UpdateTime": NOW})


def of_database(name: str) -> Any:
    return lambda params: params["DatabaseName"] == name


def activated(messages: Messages) -> list[str]:
    """Name the streams whose version was activated, once each, after their last record."""
    names = [message["stream"] for message in messages.of_type("ACTIVATE_VERSION")]
    for name in names:
        own = [m for m in messages.all if m.get("stream") == name]
        assert own[-1]["type"] == "ACTIVATE_VERSION"
        assert {m["version"] for m in own if m["type"] != "SCHEMA"} == {own[-1]["version"]}
    assert len(names) == len(set(names))
    return sorted(names)


@pytest.mark.usefixtures("fifty")
def test_one_database_of_fifty_is_denied(settings: Json, caplog: pytest.LogCaptureFixture) -> None:
    state = {
        "bookmarks": {
            "tables": {
                "replication_key": "update_time",
                "replication_key_value": "2020-01-01T00:00:00.000000+00:00",
            }
        }
    }
    chosen = incremental({"tables": "update_time"}, *ALL)
    caplog.set_level("INFO")
    messages = sync(settings | {"emit_activate_version_messages": True}, chosen, state)
    assert len(messages.records("tables")) == 49
    assert len(messages.records("columns")) == 98
    unit, summary = warnings_told(caplog)
    assert "glue:GetTables" in unit
    assert "db_07" in unit
    assert DENIED in unit
    assert summary == "1 unit could not be read: the run is incomplete"
    [of_tables] = [text for text in caplog.messages if text.startswith("tables: 49 records, ")]
    assert of_tables.endswith(
        "(bookmark kept, nothing announced as deleted: 1 unit missing; name them in "
        "exclude_databases to leave them out on purpose)"
    )
    assert activated(messages) == [
        "catalogs",
        "databases",
        "extraction_issues",
        "jobs",
        "workflows",
    ]
    bookmarks = marks(messages.of_type("STATE")[-1]["value"], "tables")
    before = state["bookmarks"]["tables"]["replication_key_value"]
    assert bookmarks.pop((*SCOPE, ACCOUNT, "db_07")) == before
    assert bookmarks.keys() == {SCOPE}
    assert str(bookmarks[SCOPE]) > before
    [issue] = messages.records("extraction_issues")
    assert issue.pop("run_started_at") < issue.pop("observed_at")
    assert issue.pop("message") in unit
    assert issue == {
        "account_id": ACCOUNT,
        "region": "us-east-1",
        "stream": "tables",
        "operation": "glue:GetTables",
        "resource": f"catalog/{ACCOUNT}/database/db_07",
        "catalog_id": ACCOUNT,
        "database_name": "db_07",
        "error_code": DENIED,
    }


def test_complete_passes_activate_their_version(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().generate(3, 4, 2)
    messages = sync(settings | {"emit_activate_version_messages": True}, catalog(*ALL))
    assert activated(messages) == sorted(ALL)
    assert messages.records("extraction_issues") == []


@pytest.mark.parametrize("parent", [True, False])
def test_children_follow_their_parent(settings: Json, endpoint: FakeAws, *, parent: bool) -> None:
    endpoint.store().generate(2, 2, 2)
    chosen = catalog(*(["tables"] if parent else []), "columns")
    config = settings | {"emit_activate_version_messages": True}
    assert activated(sync(config, chosen)) == (["columns", "tables"] if parent else ["columns"])
    endpoint.fail("GetTables", DENIED, when=of_database("db_001"))
    assert activated(sync(config, chosen)) == []


def test_stream_maps_activate_what_they_write(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().generate(1, 2, 2)
    maps = {"columns": {"__alias__": "fields"}, "databases": {"__filter__": "False"}}
    config = settings | {"emit_activate_version_messages": True, "stream_maps": maps}
    messages = sync(config, catalog("databases", "tables", "columns"))
    assert activated(messages) == ["databases", "fields", "tables"]


def test_a_later_run_has_a_higher_version(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().generate(1, 1, 1)
    config = settings | {"emit_activate_version_messages": True}
    first, second = (
        sync(config, catalog("tables")).of_type("ACTIVATE_VERSION")[0]["version"] for _ in range(2)
    )
    assert second > first


def test_an_error_activates_nothing(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().generate(3, 2, 1)
    endpoint.fail("GetTables", "InvalidInputException", when=of_database("db_002"))
    config = settings | {"emit_activate_version_messages": True, "concurrency": 1}
    tap, messages = make_tap(config, catalog("databases", "tables", "columns"))
    with pytest.raises(AwsError):
        tap.sync_all()
    assert activated(messages) == ["databases"]
    assert "tables" not in messages.of_type("STATE")[-1]["value"]["bookmarks"]


def test_a_connection_test_activates_nothing(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().generate(1, 3, 3)
    tap, messages = make_tap(settings | {"emit_activate_version_messages": True})
    assert tap.run_sync_dry_run(1)
    assert messages.of_type("ACTIVATE_VERSION") == []


def test_denied_catalogs_leave_all_below_incomplete(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().generate(1, 1, 1)
    endpoint.fail("GetCatalogs", DENIED)
    config = settings | {"emit_activate_version_messages": True}
    messages = sync(config, catalog(*ALL))
    assert activated(messages) == ["extraction_issues", "jobs", "workflows"]
    streams = [issue["stream"] for issue in messages.records("extraction_issues")]
    assert streams == ["catalogs", "databases", "tables"]
    pinned = sync(config | {"catalog_ids": [ACCOUNT]}, catalog("databases", "tables"))
    assert activated(pinned) == ["databases", "tables"]


@pytest.mark.parametrize(
    "code",
    [
        "FederationSourceException",
        "FederationSourceRetryableException",
        "GlueEncryptionException",
        "ResourceNotReadyException",
    ],
)
def test_one_catalog_that_cannot_be_read(
    endpoint: FakeAws, settings: Json, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = endpoint.store()
    nested = f"{ACCOUNT}:s3tablescatalog/bucket"
    nest(endpoint, nested)
    for catalog_id in (ACCOUNT, nested):
        store.add_database("sales", catalog_id=catalog_id)
    endpoint.fail("GetDatabases", code, when=lambda params: params["CatalogId"] == nested)
    config = settings | {"emit_activate_version_messages": True}
    messages = sync(config, catalog("databases", "extraction_issues"))
    assert [record["catalog_id"] for record in messages.records("databases")] == [ACCOUNT]
    assert activated(messages) == ["extraction_issues"]
    [issue] = messages.records("extraction_issues")
    assert (issue["catalog_id"], issue["error_code"]) == (nested, code)
    assert len(warnings_told(caplog)) == 2
    with pytest.raises(AwsError, match=code):
        sync(settings | {"on_access_denied": "fail"}, catalog("databases"))


def test_a_nested_catalog_that_vanishes_is_no_gap(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    store = endpoint.store()
    nested = f"{ACCOUNT}:s3tablescatalog/bucket"
    nest(endpoint, nested)
    store.add_database("sales")
    endpoint.fail(
        "GetDatabases",
        "EntityNotFoundException",
        message="Gone.",
        when=lambda params: params["CatalogId"] == nested,
    )
    config = settings | {"emit_activate_version_messages": True}
    assert activated(sync(config, catalog("databases"))) == ["databases"]
    assert warnings_told(caplog) == []
    with pytest.raises(AwsError, match="found nothing"):  # one that the settings name must be there
        sync(config | {"catalog_ids": [nested]}, catalog("databases"))


def test_one_workflow_of_a_batch_is_denied(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.store().add("BatchGetWorkflows", *({"Name": f"w{n}"} for n in range(40)))
    endpoint.fail("BatchGetWorkflows", DENIED, when=lambda params: "w3" in params["Names"])
    messages = sync(settings, catalog("workflows", "extraction_issues"))
    names = {record["name"] for record in messages.records("workflows")}
    assert names == {f"w{n}" for n in range(40)} - {"w3"}
    [issue] = messages.records("extraction_issues")
    assert issue["resource"] == "Workflows/w3"
    assert "Workflows/w3" in warnings_told(caplog)[0]


def test_accounts_and_regions_that_cannot_be_opened_are_rows_of_each_stream(
    uneven: UnevenAws,
) -> None:
    roles = {account: f"arn:aws:iam::{account}:role/reader" for account in (ACCOUNT, OTHER)}
    uneven.roles[roles[ACCOUNT]] = Role(ACCOUNT)  # the other trusts nobody
    for region in ("us-east-1", "eu-west-1"):
        uneven.store(ACCOUNT, region).add("GetJobs", {"Name": "nightly"})
    uneven.closed.add((ACCOUNT, "eu-west-1"))
    config = {
        "aws_endpoint_url": uneven.url,
        "aws_regions": ["us-east-1", "eu-west-1"],
        "aws_accounts": [{"role_arn": role} for role in roles.values()],
        "emit_activate_version_messages": True,
    }
    messages = sync(config, catalog("jobs", "workflows", "extraction_issues"))
    assert activated(messages) == ["extraction_issues"]
    found = {
        (issue["account_id"], issue["region"], issue["stream"], issue["operation"])
        for issue in messages.records("extraction_issues")
    }
    assert found == {
        (OTHER, "*", "jobs", "sts:AssumeRole"),
        (OTHER, "*", "workflows", "sts:AssumeRole"),
        (ACCOUNT, "eu-west-1", "jobs", "glue:GetJobs"),
        (ACCOUNT, "eu-west-1", "workflows", "glue:ListWorkflows"),
    }


# INCREMENTAL

BOTH = {"tables": "update_time", "columns": "table_update_time"}


def tables_of(messages: Messages) -> set[str]:
    return {record["name"] for record in messages.records("tables")}


def columns_of(messages: Messages) -> set[str]:
    return {record["table_name"] for record in messages.records("columns")}


def state_of(messages: Messages) -> Json:
    state: Json = messages.of_type("STATE")[-1]["value"]
    return state


@pytest.fixture
def changing(endpoint: FakeAws) -> FakeAws:
    store = endpoint.store()
    store.add_database("sales")
    for name, updated in (("old", NOW), ("new", NOW + 100), ("timeless", None)):
        columns = [{"Name": "id"}]
        table = store.add_table("sales", name, StorageDescriptor={"Columns": columns})
        table["UpdateTime"] = updated
        if updated is None:
            del table["UpdateTime"]
    return endpoint


def change(endpoint: FakeAws, name: str, updated: float) -> None:
    for table in endpoint.store().tables[ACCOUNT, "sales"]:
        if table["Name"] == name:
            table["UpdateTime"] = updated


@pytest.mark.parametrize(
    ("chosen", "tables", "columns"),
    [
        (BOTH, {"new", "old", "timeless"}, {"new", "old", "timeless"}),
        ({"columns": "table_update_time"}, {"new", "old", "timeless"}, {"new", "old", "timeless"}),
    ],
)
def test_the_first_run_reads_all(
    changing: FakeAws, settings: Json, chosen: Json, tables: set[str], columns: set[str]
) -> None:
    messages = sync(settings, incremental(chosen, "tables", "columns"))
    assert (tables_of(messages), columns_of(messages)) == (tables, columns)
    assert changing.count("GetTables") == 1


@pytest.mark.parametrize(
    ("chosen", "tables", "columns"),
    [
        (BOTH, {"old", "new", "timeless"}, {"old", "new", "timeless"}),
        ({"columns": "table_update_time"}, {"new", "old", "timeless"}, {"old", "new", "timeless"}),
        ({"tables": "update_time"}, {"old", "new", "timeless"}, {"new", "old", "timeless"}),
    ],
)
def test_the_next_run_emits_what_changed(
    changing: FakeAws, settings: Json, chosen: Json, tables: set[str], columns: set[str]
) -> None:
    selected = incremental(chosen, "tables", "columns")
    state = state_of(sync(settings, selected))
    for stream, key in chosen.items():
        [partition] = state["bookmarks"][stream]["partitions"]
        assert partition.pop("extent")
        assert partition.pop("full_started_at")
        assert partition == {
            "context": {"account_id": ACCOUNT, "region": "us-east-1"},
            "replication_key": key,
            "replication_key_value": "2023-11-14T22:15:00.000000+00:00",
        }
    state = state_of(sync(settings, selected))
    unchanged = sync(settings, selected, state)
    expected = {"new", "timeless"}  # the bookmark itself counts as changed
    everything = {"new", "old", "timeless"}
    assert tables_of(unchanged) == (expected if "tables" in chosen else everything)
    assert columns_of(unchanged) == (expected if "columns" in chosen else everything)
    assert state_of(unchanged) == state
    change(changing, "old", NOW + 500)
    changed = sync(settings, selected, state)
    assert (tables_of(changed), columns_of(changed)) == (tables, columns)
    for stream in chosen:
        assert marks(state_of(changed), stream) == {SCOPE: "2023-11-14T22:21:40.000000+00:00"}


def test_catalogs_jobs_and_workflows_are_incremental_too(endpoint: FakeAws, settings: Json) -> None:
    store = endpoint.store()
    for operation in ("GetJobs", "BatchGetWorkflows"):
        store.add(operation, {"Name": "old", "LastModifiedOn": NOW})
        store.add(operation, {"Name": "new", "LastModifiedOn": NOW + 1})
    nested = f"{ACCOUNT}:s3tablescatalog/bucket"
    nest(endpoint, nested)
    keys = {"catalogs": "update_time", "jobs": "last_modified_on", "workflows": "last_modified_on"}
    state = state_of(sync(settings, incremental(keys)))
    messages = sync(settings, incremental(keys), state)
    for stream in ("jobs", "workflows"):
        assert [record["name"] for record in messages.records(stream)] == ["new"]
    assert nested in [record["catalog_id"] for record in messages.records("catalogs")]


def test_the_bookmark_never_passes_the_start_of_the_run(changing: FakeAws, settings: Json) -> None:
    change(changing, "new", 4_000_000_000.0)  # a clock that is far ahead, or a change in the run
    tap, messages = make_tap(settings, incremental({"tables": "update_time"}))
    tap.sync_all()
    reached = moment(marks(state_of(messages), "tables")[SCOPE])
    assert reached is not None
    assert reached.timestamp() * 1000 <= tap.initialized_at
    assert tables_of(
        sync(settings, incremental({"tables": "update_time"}), state_of(messages))
    ) == {
        "new",
        "timeless",
    }


@pytest.mark.parametrize(
    "start_date", ["2023-11-14T22:14:00Z", "2023-11-15", "2023-11-14 23:14+01:00"]
)
@pytest.mark.usefixtures("changing")
def test_the_start_date_is_the_floor(settings: Json, start_date: str) -> None:
    config = settings | {"start_date": start_date}
    expected = {"timeless"} if start_date == "2023-11-15" else {"new", "timeless"}
    assert tables_of(sync(config, incremental({"tables": "update_time"}))) == expected
    older = {
        "replication_key": "update_time",
        "replication_key_value": "2020-01-01T00:00:00+00:00",
    }
    state = {"bookmarks": {"tables": older}}
    assert tables_of(sync(config, incremental({"tables": "update_time"}), state)) == expected
    assert len(sync(config, catalog("tables")).records("tables")) == 3  # FULL_TABLE reads all


def test_back_to_full_table(changing: FakeAws, settings: Json) -> None:
    state = state_of(sync(settings, incremental(BOTH)))
    full = sync(settings | {"emit_activate_version_messages": True}, catalog(*BOTH), state)
    assert len(full.records("tables")) == 3
    assert activated(full) == ["columns", "tables"]
    assert changing.count("GetTables") == 2


def test_an_incremental_pass_activates_nothing(changing: FakeAws, settings: Json) -> None:
    config = settings | {"emit_activate_version_messages": True}
    messages = sync(config, incremental({"columns": "table_update_time"}, "tables"))
    assert activated(messages) == ["tables"]
    assert not any("version" in m for m in messages.all if m.get("stream") == "columns")
    assert changing.count("GetTables") == 1


def test_the_bookmark_of_another_key_does_not_count(changing: FakeAws, settings: Json) -> None:
    state = {"bookmarks": {"tables": {"replication_key": "name", "replication_key_value": "z"}}}
    messages = sync(settings, incremental({"tables": "update_time"}), state)
    assert tables_of(messages) == {"new", "old", "timeless"}
    assert state_of(messages)["bookmarks"]["tables"].keys() == {"partitions"}
    assert changing.count("GetTables") == 1


def test_the_catalog_offers_the_keys(settings: Json) -> None:
    tap, _ = make_tap(settings)
    offered = {}
    for entry in tap.catalog_dict["streams"]:
        by_path = {tuple(item["breadcrumb"]): item["metadata"] for item in entry["metadata"]}
        assert entry["replication_method"] == "FULL_TABLE"
        assert "replication-key" not in by_path[()]
        offered[entry["tap_stream_id"]] = keys = by_path[()].get("valid-replication-keys", [])
        assert {by_path["properties", key]["inclusion"] for key in keys} <= {"automatic"}
    assert offered == {
        "catalogs": ["update_time"],
        "columns": ["table_update_time"],
        "databases": [],
        "extraction_issues": [],
        "extractions": [],
        "jobs": ["last_modified_on"],
        "tables": ["update_time"],
        "workflows": ["last_modified_on"],
    }


def test_schema_messages_name_the_key_of_an_incremental_stream(
    changing: FakeAws, settings: Json
) -> None:
    messages = sync(settings, incremental({"tables": "update_time"}, "columns"))
    found = {m["stream"]: m.get("bookmark_properties") for m in messages.of_type("SCHEMA")}
    assert found == {"tables": ["update_time"], "columns": None}
    assert changing.count("GetTables") == 1


@pytest.mark.parametrize(
    ("stream", "metadata", "message"),
    [
        ("databases", {"replication-method": "INCREMENTAL"}, "'databases': it has no replication"),
        ("tables", {"replication-key": "name"}, "choose 'update_time'"),
        ("tables", {"replication-method": "LOG_BASED"}, "'LOG_BASED' is not supported"),
    ],
)
def test_choices_that_cannot_be(stream: str, metadata: Json, message: str) -> None:
    chosen = catalog(stream)
    for entry in chosen["streams"]:
        if entry["tap_stream_id"] == stream:
            next(m for m in entry["metadata"] if not m["breadcrumb"])["metadata"].update(metadata)
    with pytest.raises(TapError, match=message):
        assert make_tap({}, chosen)[0].streams


@pytest.mark.parametrize(
    "metadata",
    [
        {"replication-method": "INCREMENTAL"},
        {"replication-key": "update_time"},
        {"forced-replication-method": "INCREMENTAL", "replication-key": "update_time"},
    ],
)
def test_ways_to_choose_incremental(metadata: Json) -> None:
    chosen = catalog("tables")
    for entry in chosen["streams"]:
        if entry["tap_stream_id"] == "tables":
            next(m for m in entry["metadata"] if not m["breadcrumb"])["metadata"].update(metadata)
    stream = make_tap({}, chosen)[0].streams["tables"]
    assert (stream.replication_method, stream.replication_key) == ("INCREMENTAL", "update_time")


def test_state_and_start_date_that_are_no_times(changing: FakeAws, settings: Json) -> None:
    bad = {"replication_key": "update_time", "replication_key_value": "soon"}
    chosen = incremental({"tables": "update_time"})
    with pytest.raises(TapError, match="the bookmark 'soon' is not a valid date"):
        sync(settings, chosen, {"bookmarks": {"tables": bad}})
    with pytest.raises(TapError, match="Setting 'start_date': 'soon' is not a valid date"):
        make_tap(settings | {"start_date": "soon"})
    assert changing.count("GetTables") == 0


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "unit", "0 units"),
        (1, "unit", "1 unit"),
        (2, "call", "2 calls"),
        (3, "retry", "3 retries"),
    ],
)
def test_a_number_of_things(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text
