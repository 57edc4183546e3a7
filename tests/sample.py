"""A small catalog with one of everything that needs a second look, as Glue's own JSON."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fake_aws import FakeAws, Store

ACCOUNT: Final = "123456789012"
OWNER: Final = "999999999999"
S3_TABLES: Final = f"{ACCOUNT}:s3tablescatalog"
BUCKET: Final = f"{S3_TABLES}/bucket"

_SQL: Final = "SELECT year, sum(total) AS revenue FROM sales.orders GROUP BY year"
_SPARK_SCHEMA: Final = {
    "type": "struct",
    "fields": [
        {"name": "sku", "type": "string", "nullable": True, "metadata": {"comment": "Article"}},
        {"name": "stock", "type": "long", "nullable": True, "metadata": {}},
        {"name": "day", "type": "date", "nullable": True, "metadata": {}},
    ],
}
_PARQUET: Final[dict[str, Any]] = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}


def fill(endpoint: FakeAws) -> None:
    """Put the sample into the endpoint's default account and region."""
    store = endpoint.store()
    store.catalogs = [
        {"CatalogId": ACCOUNT, "Name": ACCOUNT},
        {
            "CatalogId": S3_TABLES,
            "Name": "s3tablescatalog",
            "Parameters": {"purpose": "tables in S3"},
            "FederatedCatalog": {"ConnectionName": "aws:s3tables"},
            "CatalogProperties": {"CustomProperties": {"owner": "data"}},
            "_container": True,
        },
        {"CatalogId": BUCKET, "Name": "bucket", "CreateTime": 1700000000.25},
        {
            "CatalogId": f"{ACCOUNT}:shop",
            "Name": "shop",
            "TargetRedshiftCatalog": {"CatalogArn": f"arn:aws:glue:us-east-1:{OWNER}:catalog/shop"},
        },
    ]
    _fill_sales(store)
    _fill_lakehouse(store)
    finance = endpoint.store(OWNER)
    finance.add_database("finance")
    finance.add_table("finance", "ledger", TableType="EXTERNAL_TABLE")
    store.add_database(
        "shared_finance", TargetDatabase={"CatalogId": OWNER, "DatabaseName": "finance"}
    )
    store.add_database("events", catalog_id=BUCKET)
    store.add_table("events", "clicks", catalog_id=BUCKET, Parameters={"table_type": "ICEBERG"})
    _fill_etl(store)


def _fill_sales(store: Store) -> None:
    store.add_database("sales", Description="Orders and views", LocationUri="s3://example/sales")
    store.add_table(
        "sales",
        "orders",
        TableType="EXTERNAL_TABLE",
        UpdateTime=1700000000.5,
        VersionId="7",
        Parameters={"classification": "parquet", "recordCount": "1200", "sizeKey": "34567"},
        StorageDescriptor=_PARQUET
        | {
            "Location": "s3://example/sales/orders",
            "Columns": [
                {"Name": "id", "Type": "bigint", "Comment": "Order number"},
                {"Name": "total", "Type": "decimal(10,2)"},
            ],
        },
        PartitionKeys=[{"Name": "year", "Type": "int"}],
    )
    text = base64.b64encode(json.dumps({"originalSql": _SQL}).encode()).decode()
    store.add_table(
        "sales",
        "revenue",
        TableType="VIRTUAL_VIEW",
        ViewOriginalText=f"/* Presto View: {text} */",
        StorageDescriptor={"Columns": [{"Name": "year", "Type": "int"}]},
    )
    store.add_table("sales", "bare")


def _fill_lakehouse(store: Store) -> None:
    store.add_database("lakehouse")
    store.add_table(
        "lakehouse",
        "shipments",
        Parameters={"table_type": "ICEBERG", "metadata_location": "s3://example/m.json"},
        StorageDescriptor={
            "Columns": [
                _iceberg("id", 1, current=True),
                _iceberg("state", 3, current=True),
                _iceberg("state", 2, current=False),
            ]
        },
    )
    store.add_table(
        "lakehouse",
        "inventory",
        Parameters={
            "spark.sql.sources.provider": "delta",
            "spark.sql.sources.schema": json.dumps(_SPARK_SCHEMA),
            "spark.sql.sources.schema.numPartCols": "1",
            "spark.sql.sources.schema.partCol.0": "day",
        },
        StorageDescriptor={
            "Columns": [{"Name": "col", "Type": "array<string>", "Comment": "from deserializer"}],
            "Location": "s3://example/inventory-__PLACEHOLDER__",
            "SerdeInfo": {"Parameters": {"path": "s3://example/inventory"}},
        },
    )


def _iceberg(name: str, number: int, *, current: bool) -> dict[str, Any]:
    parameters = {"iceberg.field.id": str(number), "iceberg.field.current": str(current).lower()}
    return {"Name": name, "Type": "string", "Parameters": parameters}


def _fill_etl(store: Store) -> None:
    store.add(
        "GetJobs",
        {
            "Name": "load-orders",
            "Role": "arn:aws:iam::123456789012:role/glue",
            "CreatedOn": 1690000000,
            "LastModifiedOn": 1700000000.123,
            "Command": {"Name": "glueetl", "ScriptLocation": "s3://example/load.py"},
            "DefaultArguments": {"--job-language": "python"},
            "Connections": {"Connections": ["warehouse"]},
            "MaxCapacity": 2.0,
            "JobRunQueuingEnabled": True,
            "CodeGenConfigurationNodes": {"node-1": {"S3CsvSource": {"Name": "csv", "Paths": []}}},
        },
    )
    store.add(
        "BatchGetWorkflows",
        {
            "Name": "nightly",
            "DefaultRunProperties": {"env": "prod"},
            "LastRun": {"WorkflowRunId": "wr_1", "Status": "COMPLETED"},
            "Graph": {
                "Nodes": [
                    {
                        "Type": "TRIGGER",
                        "Name": "at-night",
                        "UniqueId": "n1",
                        "TriggerDetails": {
                            "Trigger": {"Name": "at-night", "Actions": [{"JobName": "load-orders"}]}
                        },
                    },
                    {
                        "Type": "JOB",
                        "Name": "load-orders",
                        "UniqueId": "n2",
                        "JobDetails": {"JobRuns": [{"Id": "jr_1"}]},
                    },
                ],
                "Edges": [{"SourceId": "n1", "DestinationId": "n2"}],
            },
        },
    )
