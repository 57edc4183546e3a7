"""What single streams behind `extra_streams` do beyond the common way."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest
from fake_glue import FakeGlue
from test_extra_streams import filled, run, table

from tap_glue_metadata.redaction import REDACTED
from tap_glue_metadata.streams.etl import Connections
from tap_glue_metadata.streams.governance import LfTags
from tap_glue_metadata.streams.runs import JobBookmarks, JobRuns
from tap_glue_metadata.streams.tables import (
    ColumnStatistics,
    PartitionIndexes,
    Partitions,
    TableOptimizers,
    TableVersions,
)

if TYPE_CHECKING:
    from singer import Json

FIVE_TABLES = 5


def test_partitions_of_more_than_a_page_are_listed_side_by_side() -> None:
    with filled(Partitions) as endpoint:
        records = run(endpoint, "partitions").records("partitions")
    calls = endpoint.params("GetPartitions")
    segments = [call["Segment"]["SegmentNumber"] for call in calls if "Segment" in call]
    assert sorted(set(segments)) == [0, 1, 2, 3]
    assert all(call["ExcludeColumnSchema"] for call in calls)
    assert len(records) == 2 * FIVE_TABLES * 5
    assert {record["partition_name"].partition("=")[0] for record in records} == {"year"}


def test_one_page_of_partitions_takes_one_call_and_other_tables_none() -> None:
    with FakeGlue(Partitions.calls()) as endpoint:
        endpoint.store().add_database("sales")
        endpoint.store().add_table("sales", "plain")
        endpoint.store().add_table("sales", "orders").update(table("orders"))
        endpoint.answer("GetPartitions", lambda _: b'{"Partitions": [{"Values": ["1", "2"]}]}')
        [record] = run(endpoint, "partitions").records("partitions")
    assert record["partition_name"] == "year=1/month=2"
    assert [call["TableName"] for call in endpoint.params("GetPartitions")] == ["orders"]


def test_tables_are_listed_once_for_all_streams_that_need_them() -> None:
    streams = (TableVersions, Partitions, PartitionIndexes)
    with FakeGlue([read for stream in streams for read in stream.calls()]) as endpoint:
        endpoint.store().add_database("sales")
        endpoint.store().add_table("sales", "orders").update(table("orders"))
        messages = run(endpoint, *(stream.name for stream in streams), "tables")
    assert endpoint.count("GetTables") == 1
    assert all(messages.records(stream.name) for stream in streams)


def test_a_connection_never_has_a_password() -> None:
    secret = secrets.token_hex(8)
    with FakeGlue(Connections.calls()) as endpoint:
        properties = {"PASSWORD": secret, "JDBC_CONNECTION_URL": f"jdbc:x://u:{secret}@h/db"}
        answer = {"ConnectionList": [{"Name": "a", "ConnectionProperties": properties}]}
        endpoint.answer("GetConnections", lambda _: json.dumps(answer).encode())
        [record] = run(endpoint, "connections").records("connections")
    [asked] = endpoint.params("GetConnections")
    assert asked["HidePassword"] is True
    assert asked["CatalogId"] == record["catalog_id"] == "123456789012"
    assert record["connection_properties"]["PASSWORD"] == REDACTED
    assert secret not in json.dumps(record)
    assert endpoint.count("GetCatalogs") == 0


def test_a_job_without_a_bookmark_is_ordinary(caplog: pytest.LogCaptureFixture) -> None:
    with FakeGlue(JobBookmarks.calls()) as endpoint:
        endpoint.fail("GetJobBookmark", "EntityNotFoundException", message="none", times=3)
        messages = run(endpoint, "job_bookmarks")
    assert len(messages.records("job_bookmarks")) == FIVE_TABLES - 3
    assert messages.records("extraction_issues") == []
    assert "was deleted" not in caplog.text


def failed(code: str) -> Json:
    return {"ErrorCode": code, "ErrorMessage": "no"}


@pytest.mark.parametrize(("code", "issues"), [("EntityNotFoundException", 0), ("AccessDenied", 1)])
def test_what_an_answer_names_as_failed_is_an_issue_unless_it_is_not_there(
    code: str, issues: int
) -> None:
    def statistics(params: Json) -> bytes:
        first, *rest = params["ColumnNames"]
        found = [{"ColumnName": name, "ColumnType": "int"} for name in rest]
        errors = [{"ColumnName": first, "Error": failed(code)}]
        return json.dumps({"ColumnStatisticsList": found, "Errors": errors}).encode()

    with FakeGlue(ColumnStatistics.calls()) as endpoint:
        endpoint.store().add_database("sales")
        endpoint.store().add_table("sales", "orders").update(table("orders"))
        endpoint.answer("GetColumnStatisticsForTable", statistics)
        messages = run(endpoint, "column_statistics")
    assert len(messages.records("column_statistics")) == 1
    assert len(messages.records("extraction_issues")) == issues


def test_a_table_without_an_optimizer_has_no_record() -> None:
    def optimizers(params: Json) -> bytes:
        entries = params["Entries"]
        found = [e for e in entries if e["type"] == "compaction"]
        answer = {
            "TableOptimizers": [
                {"tableName": e["tableName"], "tableOptimizer": {"type": e["type"]}} for e in found
            ],
            "Failures": [
                {**e, "error": failed("EntityNotFoundException")} for e in entries if e not in found
            ],
        }
        return json.dumps(answer).encode()

    with FakeGlue(TableOptimizers.calls()) as endpoint:
        store = endpoint.store()
        store.add_database("sales")
        store.add_table("sales", "hive")
        for name in ("a", "b"):
            store.add_table("sales", name).update(table(name))
        endpoint.answer("BatchGetTableOptimizer", optimizers)
        messages = run(endpoint, "table_optimizers")
    records = messages.records("table_optimizers")
    assert {(r["table_name"], r["type"]) for r in records} == {
        ("a", "compaction"),
        ("b", "compaction"),
    }
    assert messages.records("extraction_issues") == []


@pytest.mark.parametrize("others", [(), ("tables",)])
def test_lf_tags_of_an_empty_database_are_read_too(others: tuple[str, ...]) -> None:
    with filled(LfTags) as endpoint:
        records = run(endpoint, "lf_tags", *others).records("lf_tags")
    of_databases = [r for r in records if r["resource_type"] == "DATABASE"]
    assert {r["database_name"] for r in of_databases} == {"audit", "empty", "sales"}
    assert {r["table_name"] for r in of_databases} == {"*"}
    resources = [params["Resource"] for params in endpoint.params("GetResourceLFTags")]
    assert {next(iter(resource)) for resource in resources} == {"Database", "Table"}


def test_a_run_that_is_not_completed_comes_again() -> None:
    runs = [
        {"Id": "done", "CompletedOn": 1_700_000_000.0},
        {"Id": "later", "CompletedOn": 1_750_000_000.0},
        {"Id": "running"},
    ]
    with FakeGlue(JobRuns.calls()) as endpoint:
        endpoint.answer("ListJobs", lambda _: b'{"JobNames": ["nightly"]}')
        endpoint.answer("GetJobRuns", lambda _: json.dumps({"JobRuns": runs}).encode())
        records = run(
            endpoint, "job_runs", incremental=True, start_date="2025-01-01T00:00:00Z"
        ).records("job_runs")
    assert {record["id"] for record in records} == {"later", "running"}


@pytest.mark.parametrize("code", ["InvalidInputException", "InvalidStateException"])
def test_a_table_that_an_operation_does_not_take_is_one_issue(code: str) -> None:
    with filled(TableVersions) as endpoint:
        endpoint.fail("GetTableVersions", code, when=lambda p: p["TableName"] == "t3", times=1)
        messages = run(endpoint, "table_versions")
    [issue] = messages.records("extraction_issues")
    assert issue["resource"].endswith("/table/t3")
    assert issue["error_code"] == code
    assert len(messages.records("table_versions")) == 9 * FIVE_TABLES
