"""What single streams behind `extra_streams` do beyond the common way."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest
from fake_glue import FakeGlue
from glue_strategies import MODEL
from singer import catalog, sync
from test_extra_streams import CALLING, filled, run, table

from tap_glue_metadata.redaction import REDACTED
from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.streams.etl import Connections
from tap_glue_metadata.streams.governance import LfTags, ResourceTags
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

    from tap_glue_metadata.streams.base import GlueStream

FIVE_TABLES = 5


def test_partitions_of_more_than_a_page_are_listed_side_by_side() -> None:
    with filled(Partitions) as endpoint:
        records = run(endpoint, "partitions").records("partitions")
    calls = endpoint.params("GetPartitions")
    segments = [call["Segment"]["SegmentNumber"] for call in calls if "Segment" in call]
    assert sorted(set(segments)) == [0, 1, 2, 3]
    assert all(call["ExcludeColumnSchema"] for call in calls)
    assert len(records) == 2 * FIVE_TABLES * 20
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
    streams = (
        TableVersions,
        Partitions,
        PartitionIndexes,
        ColumnStatistics,
        TableOptimizers,
        LfTags,
    )
    with FakeGlue([read for stream in streams for read in stream.calls()]) as endpoint:
        endpoint.store().add_database("sales")
        endpoint.store().add_table("sales", "orders").update(table("orders"))
        messages = run(endpoint, *(stream.name for stream in streams), "tables")
    assert endpoint.count("GetCatalogs") == endpoint.count("GetDatabases") == 1
    assert endpoint.count("GetTables") == 1
    assert all(messages.records(stream.name) for stream in streams)


def test_all_streams_together_list_what_they_share_once() -> None:
    with FakeGlue([read for stream in CALLING for read in stream.calls()]) as endpoint:
        store = endpoint.store()
        for database in ("audit", "sales"):
            store.add_database(database)
            for name in ("t1", "t2", "t3"):
                store.add_table(database, name).update(table(name))
        names = [stream.name for stream in (*CALLING, *STREAM_TYPES)]
        messages = run(endpoint, *names)
    assert messages.records("extraction_issues") == []
    assert {name for name in names if not messages.records(name)} <= {
        *("extraction_issues", "jobs", "workflows")
    }
    pages = {"GetCatalogs": 2, "GetDatabases": 1, "GetTables": 4}
    listed = ("Crawlers", "DataQualityResults", "Glossaries", "Jobs", "Registries", "Schemas")
    pages |= {f"List{noun}": 3 for noun in (*listed, "Workflows")}
    assert {operation: endpoint.count(operation) for operation in pages} == pages


def test_whether_tags_are_inherited_takes_no_call_where_it_is_not_wanted() -> None:
    with filled(LfTags) as endpoint:
        config = {"aws_endpoint_url": endpoint.url, "aws_regions": ["us-east-1"]}
        chosen = catalog("lf_tags", deselected={"lf_tags": [("is_inherited",)]})
        records = sync({**config, "extra_streams": ["lf_tags"]}, chosen).records("lf_tags")
    assert records
    assert not any("is_inherited" in record for record in records)
    calls = endpoint.params("GetResourceLFTags")
    assert not any("ShowAssignedLFTags" in params for params in calls)


def test_a_connection_never_has_a_password() -> None:
    secret = secrets.token_hex(8)
    with FakeGlue(Connections.calls()) as endpoint:
        properties = {"PASSWORD": secret, "JDBC_CONNECTION_URL": f"jdbc:x://u:{secret}@h/db"}
        answer = {"ConnectionList": [{"Name": "a", "ConnectionProperties": properties}]}
        endpoint.answer("GetConnections", lambda _: json.dumps(answer).encode())
        [record] = run(endpoint, "connections").records("connections")
        run(endpoint, "connections", redact_secrets=False)
    asked, *others = endpoint.params("GetConnections")
    assert asked["HidePassword"] is True
    assert others == [asked]
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


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_tags_come_one_by_one_where_the_tagging_api_is_denied(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    reads = (*ResourceTags.calls(), *ResourceTags.substitutes())
    with FakeGlue(reads) as endpoint:
        endpoint.store().add_database("sales")
        endpoint.answer("ListJobs", lambda _: b'{"JobNames": ["nightly"]}')
        endpoint.fail("GetResources", code)
        endpoint.fail("ListCrawlers", "AccessDeniedException")
        messages = run(endpoint, "resource_tags", "extractions")
    records = messages.records("resource_tags")
    arns = {params["ResourceArn"] for params in endpoint.params("GetTags")}
    assert {record["resource_arn"] for record in records} == arns
    prefix = "arn:aws:glue:us-east-1:123456789012:"
    assert {f"{prefix}database/sales", f"{prefix}job/nightly"} < arns
    kinds = {arn.removeprefix(prefix).partition("/")[0] for arn in arns if arn.startswith(prefix)}
    assert kinds == {
        *("blueprint", "connection", "customEntityType", "dataQualityRuleset", "database"),
        *("devEndpoint", "job", "mlTransform", "session", "trigger", "usageProfile", "workflow"),
    }
    assert all(params["HidePassword"] for params in endpoint.params("GetConnections"))
    assert len(records) == 2 * len(arns)
    # What cannot be listed is a gap, and the unit that it is in is not read wholly.
    [issue] = messages.records("extraction_issues")
    assert issue["operation"] == "glue:ListCrawlers"
    assert messages.records("extractions") == []
    assert "glue:GetTags is called for each object instead" in caplog.text


def test_records_are_counted_where_an_object_has_several() -> None:
    with filled(ResourceTags) as endpoint:
        messages = run(endpoint, "resource_tags", "extractions")
    [told] = [r for r in messages.records("extractions") if r["stream"] == "resource_tags"]
    count = len(messages.records("resource_tags"))
    assert count == 2 * FIVE_TABLES
    assert (told["record_count"], told["emitted_count"]) == (count, count)
    assert {params["ResourcesPerPage"] for params in endpoint.params("GetResources")} == {100}


@pytest.mark.parametrize("stream_type", [LfTags, ResourceTags], ids=lambda stream: stream.name)
def test_a_map_filters_the_records_of_an_object(stream_type: type[GlueStream]) -> None:
    name = stream_type.name
    with filled(stream_type) as endpoint:
        keys = {record["tag_key"] for record in run(endpoint, name).records(name)}
        kept, *_ = sorted(keys)
        maps = {name: {"__filter__": f"tag_key == '{kept}'"}}
        filtered = run(endpoint, name, stream_maps=maps).records(name)
    assert {record["tag_key"] for record in filtered} == {kept} < keys


def test_all_that_glue_tags_can_be_had_one_by_one() -> None:
    created = {
        name.removeprefix("Create")
        for name in MODEL.operation_names
        if name.startswith("Create")
        and "Tags" in getattr(MODEL.operation_model(name).input_shape, "members", ())
    }
    listed = {read.operation for read in ResourceTags.substitutes()} - {"GetTags"}
    nouns = {
        name.removeprefix("List").removeprefix("Get").removeprefix("Describe") for name in listed
    }
    # No ARN tells them, or nothing lists them: settings of a table, and what integrations have.
    beside = {"Catalog", "ColumnStatisticsTaskSettings", "IntegrationResourceProperty"}
    beside |= {"DataQualityEvaluationConfig"}
    singular = {noun.removesuffix("s").replace("Registrie", "Registry") for noun in nouns}
    assert created - beside == singular


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
