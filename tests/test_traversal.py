from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, OTHER, read_all, sync

from tap_glue_metadata.aws.errors import AwsError, DeniedError, SettingError
from tap_glue_metadata.streams.catalog_reads import CATALOGS, DATABASES, TABLES
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from conftest import Json
    from fake_aws import FakeAws

    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.read import Read

S3_TABLES, BUCKET = f"{ACCOUNT}:s3tablescatalog", f"{ACCOUNT}:s3tablescatalog/bucket"


@pytest.fixture
def nested(endpoint: FakeAws) -> None:
    """Nest a catalog that holds a database into one that can hold none."""
    store = endpoint.store()
    assert store.catalogs is not None
    store.catalogs.append({"CatalogId": S3_TABLES, "Name": "s3tablescatalog", "_container": True})
    store.catalogs.append({"CatalogId": BUCKET, "Name": "bucket"})
    store.add_database("sales")
    store.add_table("sales", "orders")
    store.add_database("lake", catalog_id=BUCKET)
    store.add_table("lake", "events", catalog_id=BUCKET)


def found(settings: Json, read: Read, **changes: Any) -> list[tuple[Context, Any]]:
    return read_all(TapGlueMetadata(config=settings | changes).traversal, read)


def catalogs(settings: Json, **changes: Any) -> list[str]:
    return sorted(raw["CatalogId"] for _, raw in found(settings, CATALOGS, **changes))


def databases(settings: Json, **changes: Any) -> list[tuple[str, str]]:
    pairs = found(settings, DATABASES, **changes)
    return sorted((context.bound["CatalogId"], raw["Name"]) for context, raw in pairs)


def tables(settings: Json, **changes: Any) -> list[tuple[str, str, str]]:
    pairs = found(settings, TABLES, **changes)
    return sorted((*context.bound.values(), raw["Name"]) for context, raw in pairs)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# Catalogs


@pytest.mark.usefixtures("nested")
def test_nested_catalogs(endpoint: FakeAws, settings: Json) -> None:
    assert catalogs(settings) == [ACCOUNT, S3_TABLES, BUCKET]
    assert databases(settings) == [(ACCOUNT, "sales"), (BUCKET, "lake")]
    assert tables(settings) == [(ACCOUNT, "sales", "orders"), (BUCKET, "lake", "events")]
    assert {params["CatalogId"] for params in endpoint.params("GetDatabases")} == {ACCOUNT, BUCKET}


@pytest.mark.usefixtures("nested")
def test_records_of_a_nested_catalog(settings: Json) -> None:
    output = sync(settings, "catalogs", "databases", "tables", "columns")
    (database,) = (r for r in output.records("databases") if r["catalog_id"] == BUCKET)
    (table,) = (r for r in output.records("tables") if r["catalog_id"] == BUCKET)
    assert database["name"] == table["database_name"] == "lake"
    prefix = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    assert database["arn"] == f"{prefix}:database/s3tablescatalog/bucket/lake"
    assert table["arn"] == f"{prefix}:table/s3tablescatalog/bucket/lake/events"


@pytest.mark.usefixtures("nested")
def test_catalogs_and_databases_are_listed_once_for_all_streams(
    endpoint: FakeAws, settings: Json
) -> None:
    sync(settings, "databases", "tables")
    assert endpoint.count("GetCatalogs") == 1
    assert endpoint.count("GetDatabases") == 2


@pytest.mark.usefixtures("nested")
def test_pinned_catalogs(endpoint: FakeAws, settings: Json) -> None:
    assert tables(settings, catalog_ids=[BUCKET]) == [(BUCKET, "lake", "events")]
    assert databases(settings, catalog_ids=[BUCKET]) == [(BUCKET, "lake")]
    assert endpoint.count("GetCatalogs") == 0
    assert {params["CatalogId"] for params in endpoint.params("GetDatabases")} == {BUCKET}


@pytest.mark.usefixtures("nested")
def test_a_catalog_that_is_pinned_twice_is_read_once(settings: Json) -> None:
    assert databases(settings, catalog_ids=[BUCKET, BUCKET]) == [(BUCKET, "lake")]
    assert catalogs(settings, catalog_ids=[BUCKET, BUCKET]) == [BUCKET]


@pytest.mark.usefixtures("nested")
def test_records_of_pinned_catalogs(settings: Json) -> None:
    pins = {**settings, "catalog_ids": [BUCKET, OTHER]}
    records = {r["catalog_id"]: r for r in sync(pins, "catalogs").records("catalogs")}
    assert records[BUCKET]["name"] == "bucket"
    assert records[OTHER]["name"] is None  # shared by another account, which alone lists it
    assert len(records) == 2


@pytest.mark.parametrize(
    ("code", "status"), [("UnknownOperationException", 400), ("NotImplemented", 501)]
)
def test_an_endpoint_without_catalogs(
    endpoint: FakeAws,
    settings: Json,
    code: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint.fail("GetCatalogs", code, status=status)
    endpoint.store().add_database("sales")
    assert catalogs(settings, aws_max_attempts=1) == [ACCOUNT]
    assert databases(settings, aws_max_attempts=1) == [(ACCOUNT, "sales")]
    assert not warnings(caplog)


@pytest.mark.usefixtures("impatient")
def test_an_emulator_that_fails_over_catalogs(endpoint: FakeAws, settings: Json) -> None:
    html = b"<!DOCTYPE html><title>500 Internal Server Error</title>"
    endpoint.respond("GetCatalogs", html, status=500, content_type="text/html")
    endpoint.store().add_database("sales")
    assert databases(settings) == [(ACCOUNT, "sales")]
    assert endpoint.count("GetCatalogs") == 1


@pytest.mark.usefixtures("nested")
def test_denied_catalogs_are_told_once(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.fail("GetCatalogs", "AccessDeniedException", message="No.")
    output = sync(settings, "catalogs", "databases", "tables")
    assert [record["catalog_id"] for record in output.records("catalogs")] == [ACCOUNT]
    assert [record["name"] for record in output.records("tables")] == ["orders"]
    warning, summary = warnings(caplog)
    assert "catalog_ids" in warning
    assert "grant glue:GetCatalogs" in warning
    assert summary == "1 unit could not be read: the run is incomplete"


@pytest.mark.usefixtures("nested")
def test_denied_catalogs_alone_are_told_too(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.fail("GetCatalogs", "AccessDeniedException", message="No.")
    assert catalogs(settings) == [ACCOUNT]
    (warning,) = warnings(caplog)
    assert "grant glue:GetCatalogs" in warning


@pytest.mark.usefixtures("nested")
def test_pins_need_no_right_to_list_catalogs(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.fail("GetCatalogs", "AccessDeniedException")
    pins = {**settings, "catalog_ids": [ACCOUNT, BUCKET]}
    assert len(sync(pins, "catalogs", "tables").records("tables")) == 2
    assert not warnings(caplog)


@pytest.mark.usefixtures("nested")
def test_other_errors_of_catalogs_fail(endpoint: FakeAws, settings: Json) -> None:
    endpoint.fail("GetCatalogs", "InvalidInputException")
    for read in (catalogs, databases, tables):
        with pytest.raises(AwsError, match=r"glue:GetCatalogs .*InvalidInputException"):
            read(settings)


def test_a_pinned_catalog_that_does_not_exist_fails(settings: Json) -> None:
    with pytest.raises(AwsError, match=f"glue:GetDatabases for CatalogId {OTHER}.*found nothing"):
        databases(settings, catalog_ids=[OTHER])


# Resource links


@pytest.fixture
def link(endpoint: FakeAws) -> None:
    """Link a database of another account and region, beside one that is the account's own."""
    owner = endpoint.store(OTHER, "eu-west-1")
    owner.add_database("sales")
    owner.add_table("sales", "orders", StorageDescriptor={"Columns": [{"Name": "id"}]})
    store = endpoint.store()
    target = {"CatalogId": OTHER, "DatabaseName": "sales", "Region": "eu-west-1"}
    store.add_database("linked", TargetDatabase=target)
    store.add_database("own")
    store.add_table("own", "orders")


@pytest.mark.usefixtures("link")
def test_links_are_followed(settings: Json) -> None:
    output = sync(settings, "databases", "tables", "columns")
    tables = {record["database_name"]: record for record in output.records("tables")}
    assert tables.keys() == {"linked", "own"}
    linked = tables["linked"]
    assert (linked["account_id"], linked["region"]) == (ACCOUNT, "us-east-1")
    assert linked["catalog_id"] == ACCOUNT
    assert (linked["owner_catalog_id"], linked["owner_database_name"]) == (OTHER, "sales")
    assert linked["arn"] == f"arn:aws:glue:eu-west-1:{OTHER}:table/sales/orders"
    own = tables["own"]
    assert (own["owner_catalog_id"], own["owner_database_name"]) == (ACCOUNT, "own")
    assert own["arn"] == f"arn:aws:glue:us-east-1:{ACCOUNT}:table/own/orders"
    (column,) = output.records("columns")
    assert (column["catalog_id"], column["database_name"]) == (ACCOUNT, "linked")


@pytest.mark.usefixtures("link")
def test_a_link_is_a_database_of_the_account_that_links(settings: Json) -> None:
    for choice in ("follow", "ignore"):
        output = sync({**settings, "resource_links": choice}, "databases")
        records = {record["name"]: record for record in output.records("databases")}
        assert records.keys() == {"linked", "own"}
        arn = f"arn:aws:glue:us-east-1:{ACCOUNT}:database/linked"
        assert records["linked"]["arn"] == arn
        assert records["linked"]["target_database"]["database_name"] == "sales"


@pytest.mark.usefixtures("link")
def test_links_are_ignored(endpoint: FakeAws, settings: Json) -> None:
    assert tables(settings, resource_links="ignore") == [(ACCOUNT, "own", "orders")]
    assert [params["DatabaseName"] for params in endpoint.params("GetTables")] == ["own"]


@pytest.mark.usefixtures("link")
def test_a_link_to_what_is_no_more(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store(OTHER, "eu-west-1").databases.clear()
    assert tables(settings) == [(ACCOUNT, "own", "orders")]


@pytest.mark.parametrize("share", ["FOREIGN", "ALL", "FEDERATED"])
def test_shared_databases(endpoint: FakeAws, settings: Json, share: str) -> None:
    store = endpoint.store()
    store.add_database("shared", CatalogId=OTHER)  # as ResourceShareType lists it
    store.add_database("shared", catalog_id=OTHER)
    store.add_table("shared", "orders", catalog_id=OTHER)
    output = sync(
        {**settings, "resource_share_type": share, "catalog_ids": [ACCOUNT]},
        "databases",
        "tables",
    )
    (listed,) = endpoint.params("GetDatabases")[:1]
    assert listed["ResourceShareType"] == share
    (database,) = output.records("databases")
    (table,) = output.records("tables")
    assert database["catalog_id"] == table["catalog_id"] == OTHER
    assert database["account_id"] == ACCOUNT
    assert database["arn"] == f"arn:aws:glue:us-east-1:{OTHER}:database/shared"
    assert endpoint.params("GetTables")[0]["CatalogId"] == OTHER


def test_no_share_type_goes_out_by_default(endpoint: FakeAws, settings: Json) -> None:
    databases(settings)
    assert "ResourceShareType" not in endpoint.params("GetDatabases")[0]


# What goes missing between the calls


@pytest.mark.parametrize("page", [1, 2])
def test_a_database_that_vanishes(
    endpoint: FakeAws, settings: Json, page: int, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.page_size = 1
    store = endpoint.store()
    for name in ("going", "staying"):
        store.add_database(name)
        store.add_table(name, "a")
        store.add_table(name, "b")

    def vanished(params: Json) -> bool:
        return params["DatabaseName"] == "going" and ("NextToken" in params) == (page == 2)

    endpoint.fail("GetTables", "EntityNotFoundException", message="Gone.", when=vanished)
    caplog.set_level(logging.INFO)
    expected = [(ACCOUNT, "going", "a")][: page - 1]
    staying = [(ACCOUNT, "staying", "a"), (ACCOUNT, "staying", "b")]
    assert tables(settings) == [*expected, *staying]
    assert not warnings(caplog)
    assert "catalog/123456789012/database/going was deleted while it was read" in caplog.messages


def test_what_lake_formation_hides_is_not_taken_for_gone(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.store().add_database("sales")
    message = "Insufficient Lake Formation permission(s): Required Describe on sales"
    endpoint.fail("GetTables", "EntityNotFoundException", message=message)
    with pytest.raises(DeniedError, match="grant glue:GetTables"):
        tables(settings, on_access_denied="fail")
    assert not warnings(caplog)
    assert tables(settings) == []
    (warning,) = warnings(caplog)
    assert "grant glue:GetTables" in warning


# Filters


@pytest.fixture
def three(endpoint: FakeAws) -> None:
    store = endpoint.store()
    for database in ("hr", "sales", "sales_eu"):
        store.add_database(database)
        for table in ("orders", "returns"):
            store.add_table(database, table)


@pytest.mark.usefixtures("three")
def test_filters_of_databases_hold_for_their_tables(endpoint: FakeAws, settings: Json) -> None:
    changes: Json = {"include_databases": ["sales*"], "exclude_databases": ["*_eu"]}
    assert databases(settings, **changes) == [(ACCOUNT, "sales")]
    assert {table[1] for table in tables(settings, **changes)} == {"sales"}
    assert [params["DatabaseName"] for params in endpoint.params("GetTables")] == ["sales"]


@pytest.mark.usefixtures("three")
def test_filters_of_tables(endpoint: FakeAws, settings: Json) -> None:
    changes: Json = {"include_tables": ["sales*.*"], "exclude_tables": ["*_eu.orders"]}
    found = [(database, table) for _, database, table in tables(settings, **changes)]
    assert found == [("sales", "orders"), ("sales", "returns"), ("sales_eu", "returns")]
    assert {params["DatabaseName"] for params in endpoint.params("GetTables")} == {
        "sales",
        "sales_eu",
    }
    assert len(databases(settings, **changes)) == 3
    assert "Expression" not in json.dumps([call.params for call in endpoint.calls])


@pytest.mark.usefixtures("three")
def test_a_pattern_that_matches_nothing_is_told_once(
    settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    filters = {
        "include_databases": ["SALES*", "finance"],
        "exclude_databases": ["tmp_*"],
        "include_tables": ["*.orders", "finance.*"],
        "exclude_tables": ["*.tmp"],
    }
    sync(settings | filters, "databases", "tables", "columns")
    assert sorted(warnings(caplog)) == [
        "Setting 'exclude_databases': 'tmp_*' matched none of the databases",
        "Setting 'exclude_tables': '*.tmp' matched none of the tables",
        (
            "Setting 'include_databases': 'finance' matched none of the databases; nothing is "
            "announced as deleted"
        ),
        (
            "Setting 'include_tables': 'finance.*' matched none of the tables; nothing is "
            "announced as deleted"
        ),
    ]


def test_a_pattern_that_can_match_no_table_fails_before_any_call(
    endpoint: FakeAws, settings: Json
) -> None:
    with pytest.raises(SettingError, match="include_tables"):
        tables(settings, include_tables=["orders"])
    assert not endpoint.calls


# Workflows


def test_workflows_are_read_in_batches(endpoint: FakeAws, settings: Json) -> None:
    names = {f"w{i:02}" for i in range(60)}
    endpoint.store().add(
        "BatchGetWorkflows", *({"Name": name, "Graph": {"Nodes": []}} for name in names)
    )
    records = sync(settings, "workflows").records("workflows")
    assert {record["name"] for record in records} == names
    assert len(records) == 60
    assert all(record["graph"]["nodes"] == [] for record in records)
    sent = endpoint.params("BatchGetWorkflows")
    assert sorted(len(params["Names"]) for params in sent) == [10, 25, 25]
    assert all(params["IncludeGraph"] for params in sent)


def test_a_workflow_that_vanishes(endpoint: FakeAws, settings: Json) -> None:
    endpoint.store().add("BatchGetWorkflows", {"Name": "here"})
    endpoint.respond("ListWorkflows", b'{"Workflows": ["here", "gone"]}')
    records = sync(settings, "workflows").records("workflows")
    assert [record["name"] for record in records] == ["here"]


# Concurrency


@pytest.mark.parametrize("concurrency", [1, 2, 32])
def test_the_same_is_found_at_any_concurrency(
    endpoint: FakeAws, settings: Json, concurrency: int
) -> None:
    endpoint.page_size, endpoint.empty_pages = 2, True
    endpoint.store().generate(databases=5, tables=5, columns=1)
    found = tables(settings, concurrency=concurrency)
    assert len(found) == len(set(found)) == 25
    assert endpoint.in_flight_peak <= concurrency
