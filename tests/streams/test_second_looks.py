"""What a listing leaves out: visual jobs' nodes, the targets of links to tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from singer import Json, catalog, sync

if TYPE_CHECKING:
    from fake_aws import FakeAws

NODES = {"node-1": {"S3CsvSource": {"Name": "orders"}}}
OTHER = "999999999999"


def visual(endpoint: FakeAws, *, batch: bool = True) -> None:
    """Fill in two visual jobs, whose nodes the list leaves out, and maybe a batch too; a script."""
    jobs = [{"Name": name, "JobMode": "VISUAL", "Role": "r"} for name in ("a", "b")]
    whole = [{**job, "CodeGenConfigurationNodes": NODES} for job in jobs]
    endpoint.store().add("GetJobs", *whole, {"Name": "script", "JobMode": "SCRIPT"})
    if not batch:
        answer = {"Jobs": jobs, "JobsNotFound": []}
        endpoint.answer("BatchGetJobs", lambda _: json.dumps(answer).encode())


def nodes(messages: Any) -> Json:
    records = messages.records("jobs")
    return {record["name"]: record.get("code_gen_configuration_nodes") for record in records}


def test_nodes_come_from_one_batch(endpoint: FakeAws, settings: Json) -> None:
    visual(endpoint)
    assert nodes(sync(settings, catalog("jobs"))) == {"a": NODES, "b": NODES, "script": None}
    assert endpoint.params("BatchGetJobs") == [{"JobNames": ["a", "b"]}]
    assert endpoint.count("GetJob") == 0


def test_nodes_come_one_by_one_where_the_batch_has_none(endpoint: FakeAws, settings: Json) -> None:
    visual(endpoint, batch=False)
    assert nodes(sync(settings, catalog("jobs"))) == {"a": NODES, "b": NODES, "script": None}
    assert sorted(p["JobName"] for p in endpoint.params("GetJob")) == ["a", "b"]


def test_no_second_look_where_nodes_are_deselected(endpoint: FakeAws, settings: Json) -> None:
    visual(endpoint)
    field = ("code_gen_configuration_nodes",)
    sync(settings, catalog("jobs", deselected={"jobs": [field]}))
    assert endpoint.count("BatchGetJobs") == endpoint.count("GetJob") == 0


def test_no_second_look_where_the_list_has_nodes(endpoint: FakeAws, settings: Json) -> None:
    job = {"Name": "a", "JobMode": "VISUAL", "CodeGenConfigurationNodes": NODES}
    endpoint.answer("GetJobs", lambda _: json.dumps({"Jobs": [job]}).encode())
    assert nodes(sync(settings, catalog("jobs"))) == {"a": NODES}
    assert endpoint.count("BatchGetJobs") == 0


def test_a_second_look_that_is_denied_leaves_the_job_and_an_issue(
    endpoint: FakeAws, settings: Json
) -> None:
    endpoint.fail("GetJob", "AccessDeniedException", when=lambda p: p["JobName"] == "a")
    visual(endpoint, batch=False)
    messages = sync(settings, catalog("jobs", "extraction_issues"))
    assert nodes(messages) == {"a": None, "b": NODES, "script": None}
    [issue] = messages.records("extraction_issues")
    assert (issue["operation"], issue["resource"]) == ("glue:GetJob", "Jobs/a")


def linked(endpoint: FakeAws, region: str | None = None) -> None:
    """Fill in a resource link to a table of another account."""
    store = endpoint.store()
    store.add_database("sales")
    store.add_table("sales", "plain", StorageDescriptor={"Columns": [{"Name": "x"}]})
    target = {"CatalogId": OTHER, "DatabaseName": "finance", "Name": "ledger"}
    target |= {"Region": region} if region else {}
    store.add_table("sales", "link", TargetTable=target, UpdateTime=1_700_000_000.0)
    columns = [{"Name": "id", "Type": "int"}, {"Name": "total", "Type": "double"}]
    table = {
        "Name": "ledger",
        "DatabaseName": "finance",
        "CatalogId": OTHER,
        "StorageDescriptor": {"Columns": columns},
        "PartitionKeys": [{"Name": "day"}],
        "UpdateTime": 1_800_000_000.0,
    }
    endpoint.answer("GetTable", lambda _: json.dumps({"Table": table}).encode())


def test_a_link_to_a_table_has_the_columns_of_its_target(endpoint: FakeAws, settings: Json) -> None:
    linked(endpoint)
    messages = sync(settings, catalog("tables", "columns"))
    columns = [r for r in messages.records("columns") if r["table_name"] == "link"]
    assert [column["name"] for column in columns] == ["id", "total", "day"]
    assert {(c["catalog_id"], c["database_name"]) for c in columns} == {("123456789012", "sales")}
    [table] = [r for r in messages.records("tables") if r["name"] == "link"]
    assert table["target_table"]["name"] == "ledger"
    assert (table["column_count"], table["partition_key_count"]) == (2, 1)
    assert table["update_time"].startswith("2027-")
    [asked] = endpoint.params("GetTable")
    assert asked == {
        "CatalogId": OTHER,
        "DatabaseName": "finance",
        "Name": "ledger",
        "IncludeStatusDetails": True,
    }


def test_a_link_to_another_region_is_followed_there(endpoint: FakeAws, settings: Json) -> None:
    linked(endpoint, region="eu-west-1")
    messages = sync(settings, catalog("columns"))
    assert {r["region"] for r in messages.records("columns")} == {"us-east-1"}
    [call] = [call for call in endpoint.calls if call.operation == "GetTable"]
    assert call.region == "eu-west-1"


def test_links_that_are_ignored_are_not_looked_up(endpoint: FakeAws, settings: Json) -> None:
    linked(endpoint)
    messages = sync({**settings, "resource_links": "ignore"}, catalog("columns"))
    assert {r["table_name"] for r in messages.records("columns")} == {"plain"}
    assert endpoint.count("GetTable") == 0


def test_a_target_that_is_denied_is_one_issue(endpoint: FakeAws, settings: Json) -> None:
    endpoint.fail("GetTable", "AccessDeniedException")
    linked(endpoint)
    messages = sync(settings, catalog("tables", "columns", "extraction_issues"))
    assert {r["name"] for r in messages.records("tables")} == {"plain", "link"}
    assert {r["table_name"] for r in messages.records("columns")} == {"plain"}
    [issue] = messages.records("extraction_issues")
    assert issue["operation"] == "glue:GetTable"
    assert issue["resource"] == "catalog/123456789012/database/sales/TableList/link"


def test_a_target_that_is_gone_is_none(endpoint: FakeAws, settings: Json) -> None:
    endpoint.fail("GetTable", "EntityNotFoundException", message="Table ledger not found.")
    linked(endpoint)
    messages = sync(settings, catalog("tables", "columns", "extraction_issues"))
    assert {r["name"] for r in messages.records("tables")} == {"plain", "link"}
    assert messages.records("extraction_issues") == []


def test_a_target_region_that_is_not_enabled_is_one_issue(
    endpoint: FakeAws, settings: Json
) -> None:
    endpoint.fail("GetTable", "UnrecognizedClientException")
    linked(endpoint, region="eu-west-1")
    messages = sync(settings, catalog("columns", "extraction_issues"))
    assert {r["table_name"] for r in messages.records("columns")} == {"plain"}
    [issue] = messages.records("extraction_issues")
    assert issue["operation"] == "glue:GetTable"


def test_default_streams_without_links_or_visual_jobs_cost_no_further_call(
    endpoint: FakeAws, settings: Json
) -> None:
    store = endpoint.store()
    store.add_database("sales")
    store.add_table("sales", "orders")
    store.add("GetJobs", {"Name": "script"})
    sync(settings)
    called = sorted(call.operation for call in endpoint.calls if call.service == "glue")
    lists = ["GetDatabases", "GetJobs", "GetTables", "ListWorkflows"]
    assert called == ["GetCatalogs", "GetCatalogs", *lists]
    [tables] = endpoint.params("GetTables")
    assert tables["IncludeStatusDetails"] is True
