"""The engine reads streams that it does not know: a declaration is enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from generate_schemas import generate
from glue_strategies import MODEL, everything
from jsonschema import Draft202012Validator
from singer import Json, Messages, catalog, sync

from tap_glue_metadata.engine.read import Each, Read
from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.catalog_reads import CATALOGS_WITH_DATABASES, DATABASES, TABLES
from tap_glue_metadata.streams.etl import Jobs
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fake_aws import FakeAws

ACCOUNT = "123456789012"
TABLE_KEYS = ("account_id", "region", "catalog_id", "database_name", "table_name")
ANSWERED = "[ColumnStatisticsList[].ColumnName, Errors[].ColumnName][]"
EACH_COLUMN = Each("ColumnNames", "StorageDescriptor.Columns[].Name", 100, ANSWERED)


class Triggers(GlueStream):
    name = "triggers"
    primary_keys = ("account_id", "region", "name")
    source = Read("GetTriggers", "Triggers")
    arn_kind = "trigger"


class UserDefinedFunctions(GlueStream):
    name = "user_defined_functions"
    primary_keys = ("account_id", "region", "catalog_id", "database_name", "function_name")
    source = Read(
        *("GetUserDefinedFunctions", "UserDefinedFunctions", DATABASES, {"DatabaseName": "Name"}),
        params={"Pattern": "*"},
        key="FunctionName",
    )
    arn_kind = "userDefinedFunction"


class Crawlers(GlueStream):
    name = "crawlers"
    primary_keys = ("account_id", "region", "name")
    source = Read(
        "BatchGetCrawlers",
        "Crawlers",
        Read("ListCrawlers", "CrawlerNames", key="@"),
        each=Each("CrawlerNames", "@", 100, "[Crawlers[].Name, CrawlersNotFound[]][]"),
    )
    arn_kind = "crawler"


class TableVersions(GlueStream):
    name = "table_versions"
    primary_keys = (*TABLE_KEYS, "version_id")
    source = Read(
        "GetTableVersions", "TableVersions", TABLES, bind={"TableName": "Name"}, key="VersionId"
    )
    open_members = frozenset({"Table"})


class ColumnStatistics(GlueStream):
    name = "column_statistics"
    primary_keys = (*TABLE_KEYS, "column_name")
    source = Read(
        *("GetColumnStatisticsForTable", "ColumnStatisticsList", TABLES, {"TableName": "Name"}),
        each=EACH_COLUMN,
        key="ColumnName",
    )


class JobRuns(GlueStream):
    name = "job_runs"
    primary_keys = ("account_id", "region", "job_name", "id")
    source = Read("GetJobRuns", "JobRuns", Jobs.source, bind={"JobName": "Name"}, key="Id")


class EncryptionSettings(GlueStream):
    name = "catalog_encryption_settings"
    primary_keys = ("account_id", "region", "catalog_id")
    source = Read(
        "GetDataCatalogEncryptionSettings",
        "DataCatalogEncryptionSettings",
        CATALOGS_WITH_DATABASES,
        bind={"CatalogId": "CatalogId"},
    )


class SchemaVersions(GlueStream):
    name = "schema_versions"
    primary_keys = ("account_id", "region", "schema_arn", "version_number")
    source = Read(
        "ListSchemaVersions",
        "Schemas",
        Read("ListSchemas", "Schemas", key="SchemaArn"),
        bind={"SchemaId": "{SchemaArn: SchemaArn}"},
        key="SchemaVersionId",
    )


class Integrations(GlueStream):
    name = "integrations"
    primary_keys = ("account_id", "region", "integration_arn")
    source = Read(
        "DescribeIntegrations", "Integrations", token=("Marker", "Marker"), key="IntegrationArn"
    )


NEW: tuple[type[GlueStream], ...] = (
    Triggers,
    UserDefinedFunctions,
    Crawlers,
    TableVersions,
    ColumnStatistics,
    JobRuns,
    EncryptionSettings,
    SchemaVersions,
    Integrations,
)
SHAPES = {Triggers: "Trigger", UserDefinedFunctions: "UserDefinedFunction", Crawlers: "Crawler"}
each_new = pytest.mark.parametrize("stream_type", NEW, ids=lambda stream: stream.name)


class WiderTap(TapGlueMetadata):
    stream_types: ClassVar[Sequence[type[GlueStream]]] = (*STREAM_TYPES, *NEW)


@pytest.fixture(scope="module", autouse=True)
def _schemas() -> None:
    """Generate the schemas, which for the streams of the package are files."""
    for stream_type in NEW:
        stream_type.schema = generate(stream_type)


def item(stream_type: type[GlueStream], **names: str) -> Json:
    return {**everything(MODEL.shape_for(SHAPES[stream_type])), **names}


@pytest.fixture
def filled(endpoint: FakeAws) -> FakeAws:
    """Fill an endpoint of small pages: at least three of each kind, with empty ones between."""
    endpoint.page_size, endpoint.empty_pages = 3, True
    endpoint.respond("GetDataCatalogEncryptionSettings", b"{}")
    endpoint.respond("DescribeIntegrations", b"{}")
    store = endpoint.store()
    for database in ("audit", "empty", "sales"):
        store.add_database(database)
    for number in range(8):
        store.add("GetTriggers", item(Triggers, Name=f"trigger_{number}"))
        store.add("BatchGetCrawlers", item(Crawlers, Name=f"crawler_{number}"))
        for database in ("audit", "sales"):
            names = {"FunctionName": f"f{number}", "DatabaseName": database, "CatalogId": ACCOUNT}
            store.add("GetUserDefinedFunctions", item(UserDefinedFunctions, **names))
    return endpoint


def run(config: Json, *streams: str) -> Messages:
    return sync(config, catalog(*streams, tap_type=WiderTap), tap_type=WiderTap)


@each_new
def test_a_declaration_is_short(stream_type: type[GlueStream]) -> None:
    lines = Path(__file__).read_text(encoding="utf-8").split(f"class {stream_type.__name__}(")[1]
    assert len(lines.split("\n\n")[0].splitlines()) <= 10


@each_new
def test_its_schema_is_generated(stream_type: type[GlueStream]) -> None:
    Draft202012Validator.check_schema(stream_type.schema)
    assert stream_type.schema["required"] == list(stream_type.primary_keys)


def is_filled(record: Json) -> bool:
    """Tell whether each field has a value, apart from what the model does not know."""
    return [field for field, value in record.items() if value is None] == ["additional_members"]


def test_a_flat_list(filled: FakeAws, settings: Json) -> None:
    messages = run(settings, "triggers")
    records = messages.records("triggers")
    assert sorted(record["name"] for record in records) == [f"trigger_{n}" for n in range(8)]
    assert filled.count("GetTriggers") == 5  # three pages, and an empty one after each but the last
    assert filled.count("GetDatabases") == 0
    assert {record["arn"] for record in records} == {
        f"arn:aws:glue:us-east-1:{ACCOUNT}:trigger/trigger_{n}" for n in range(8)
    }
    assert all(map(is_filled, records))


def test_one_listing_for_each_database(filled: FakeAws, settings: Json) -> None:
    messages = run(settings, "user_defined_functions")
    records = messages.records("user_defined_functions")
    found = sorted((record["database_name"], record["function_name"]) for record in records)
    assert found == [(d, f"f{n}") for d in ("audit", "sales") for n in range(8)]
    calls = filled.params("GetUserDefinedFunctions")
    assert len(calls) == 5 + 5 + 1
    assert all((call["Pattern"], call["CatalogId"]) == ("*", ACCOUNT) for call in calls)
    assert filled.count("GetTables") == 0
    for record in records:
        assert (record["owner_catalog_id"], record["owner_database_name"]) == (
            ACCOUNT,
            record["database_name"],
        )
        assert record["arn"].endswith(
            f":userDefinedFunction/{record['database_name']}/{record['function_name']}"
        )
        assert is_filled(record)


def test_a_list_of_names_and_a_batch_for_each_page(filled: FakeAws, settings: Json) -> None:
    records = run(settings, "crawlers").records("crawlers")
    assert sorted(record["name"] for record in records) == [f"crawler_{n}" for n in range(8)]
    assert filled.count("ListCrawlers") == 5
    batches = [call["CrawlerNames"] for call in filled.params("BatchGetCrawlers")]
    assert sorted(map(len, batches)) == [2, 3, 3]
    assert all(map(is_filled, records))


def test_a_batch_holds_no_more_names_than_the_service_takes(
    endpoint: FakeAws, settings: Json
) -> None:
    names = [f"crawler_{number:04}" for number in range(1205)]
    endpoint.store().add("BatchGetCrawlers", *({"Name": name} for name in names))
    records = run(settings, "crawlers").records("crawlers")
    assert sorted(record["name"] for record in records) == names
    most: Any = MODEL.shape_for("CrawlerNameList").metadata["max"]
    assert all(len(call["CrawlerNames"]) <= most for call in endpoint.params("BatchGetCrawlers"))


@pytest.mark.usefixtures("filled")
def test_all_streams_in_one_run(settings: Json) -> None:
    every = [stream.name for stream in WiderTap.stream_types]
    messages = run(settings, *every)
    assert sorted(messages.streams("SCHEMA")) == sorted(every)
    assert {"triggers", "user_defined_functions", "crawlers"} <= set(messages.streams("RECORD"))


# The other kinds, each with calls of its own to get there


@pytest.fixture
def two_tables(endpoint: FakeAws) -> FakeAws:
    endpoint.page_size = 2
    store = endpoint.store()
    store.add_database("sales")
    for table, columns in (("orders", 205), ("returns", 0)):
        names = [{"Name": f"c{number:03}"} for number in range(columns)]
        store.add_table("sales", table, StorageDescriptor={"Columns": names})
    return endpoint


def test_one_listing_for_each_table(two_tables: FakeAws, settings: Json) -> None:
    for table in ("orders", "returns"):
        place = {"CatalogId": ACCOUNT, "DatabaseName": "sales", "TableName": table}
        versions = [place | {"VersionId": str(number)} for number in range(5)]
        two_tables.store().add("GetTableVersions", *versions)
    records = run(settings, "table_versions").records("table_versions")
    found = sorted((record["table_name"], record["version_id"]) for record in records)
    assert found == [(t, str(n)) for t in ("orders", "returns") for n in range(5)]
    assert two_tables.count("GetTableVersions") == 6
    assert all(call["CatalogId"] == ACCOUNT for call in two_tables.params("GetTableVersions"))


def test_many_values_of_one_object(two_tables: FakeAws, settings: Json) -> None:
    def answer(params: Json) -> bytes:
        names = params["ColumnNames"]
        found = [{"ColumnName": name, "ColumnType": "int"} for name in names if name != "c007"]
        missing = [{"ColumnName": name} for name in names if name == "c007"]
        return json.dumps({"ColumnStatisticsList": found, "Errors": missing}).encode()

    two_tables.answer("GetColumnStatisticsForTable", answer)
    records = run(settings, "column_statistics").records("column_statistics")
    assert len(records) == 204
    assert {record["table_name"] for record in records} == {"orders"}
    calls = two_tables.params("GetColumnStatisticsForTable")
    assert sorted(len(call["ColumnNames"]) for call in calls) == [5, 100, 100]


def test_one_listing_for_each_job(filled: FakeAws, settings: Json) -> None:
    for name in ("daily", "nightly"):
        filled.store().add("GetJobs", {"Name": name})
        runs = [{"JobName": name, "Id": f"{name}-{number}"} for number in range(4)]
        filled.store().add("GetJobRuns", *runs)
    records = run(settings, "job_runs").records("job_runs")
    assert {(r["job_name"], r["id"]) for r in records} == {
        (name, f"{name}-{number}") for name in ("daily", "nightly") for number in range(4)
    }
    assert filled.count("GetDatabases") == 0


def test_a_single_object(endpoint: FakeAws, settings: Json) -> None:
    name = "DataCatalogEncryptionSettings"
    answer = {name: {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS"}}}
    endpoint.respond(f"Get{name}", json.dumps(answer).encode())
    [record] = run(settings, "catalog_encryption_settings").records("catalog_encryption_settings")
    assert record["catalog_id"] == ACCOUNT
    assert record["encryption_at_rest"]["catalog_encryption_mode"] == "SSE-KMS"


def test_one_listing_for_each_arn(endpoint: FakeAws, settings: Json) -> None:
    arns = [f"arn:aws:glue:us-east-1:{ACCOUNT}:schema/r/{name}" for name in "ab"]
    endpoint.store().add("ListSchemas", *({"SchemaArn": arn} for arn in arns))
    versions = [
        {"SchemaArn": arn, "VersionNumber": number, "SchemaVersionId": f"{arn}{number}"}
        for arn in arns
        for number in (1, 2)
    ]
    endpoint.answer(
        "ListSchemaVersions",
        lambda params: json.dumps(
            {"Schemas": [v for v in versions if v["SchemaArn"] == params["SchemaId"]["SchemaArn"]]}
        ).encode(),
    )
    records = run(settings, "schema_versions").records("schema_versions")
    assert sorted((record["schema_arn"], record["version_number"]) for record in records) == [
        (arn, number) for arn in arns for number in (1, 2)
    ]
    assert "schema_id" not in records[0]


def test_another_name_of_the_page_token(endpoint: FakeAws, settings: Json) -> None:
    def answer(params: Json) -> bytes:
        number = int(params.get("Marker", 0))
        page: Json = {"Integrations": [{"IntegrationArn": f"arn:{number}", "Status": "ACTIVE"}]}
        return json.dumps(page | ({"Marker": str(number + 1)} if number < 2 else {})).encode()

    endpoint.answer("DescribeIntegrations", answer)
    records = run(settings, "integrations").records("integrations")
    assert [record["integration_arn"] for record in records] == ["arn:0", "arn:1", "arn:2"]


def test_objects_that_lead_nowhere_are_denied_one_by_one(
    two_tables: FakeAws, settings: Json
) -> None:
    two_tables.store().add("GetTableVersions", {"TableName": "returns", "VersionId": "1"})
    two_tables.fail(
        "GetTableVersions",
        "AccessDeniedException",
        when=lambda params: params["TableName"] == "orders",
    )
    messages = run(settings, "table_versions", "extraction_issues")
    assert [r["table_name"] for r in messages.records("table_versions")] == ["returns"]
    [issue] = messages.records("extraction_issues")
    assert issue["resource"] == f"catalog/{ACCOUNT}/database/sales/table/orders"


def test_parents_are_listed_once_for_all_that_need_them(
    two_tables: FakeAws, settings: Json
) -> None:
    run(settings, "databases", "tables", "user_defined_functions", "table_versions")
    assert two_tables.count("GetCatalogs") == two_tables.count("GetDatabases") == 1
    assert two_tables.count("GetTables") == 1
