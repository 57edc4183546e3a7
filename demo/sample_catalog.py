"""A sample of Glue's metadata for the demo: invented, with one of each thing worth seeing."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.client import BaseClient

Call = tuple[str, dict[str, Any]]  # an operation of boto3's Glue client, and its arguments

ROLE = "arn:aws:iam::123456789012:role/example-glue"

HIVE = "org.apache.hadoop.hive"
PARQUET = {
    "InputFormat": f"{HIVE}.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": f"{HIVE}.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": f"{HIVE}.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
CSV = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": f"{HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": f"{HIVE}.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"field.delim": ","},
    },
}


def fill(glue: BaseClient) -> None:
    """Create the sample catalog, and the jobs and workflows around it.

    Args:
        glue: A boto3 Glue client of an empty emulator; never one of a real account.
    """
    for operation, arguments in (
        *_databases(),
        *_sales(),
        *_lakehouse(),
        *_jobs(),
        *_workflows(),
    ):
        getattr(glue, operation)(**arguments)


def _databases() -> Iterator[Call]:
    for database in (
        {
            "Name": "sales",
            "Description": "Orders, customers and leads of the web shop",
            "LocationUri": "s3://example-sales/",
            "Parameters": {"owner": "sales-data", "domain": "commerce"},
        },
        {
            "Name": "lakehouse",
            "Description": "Open table formats: Iceberg and Delta",
            "LocationUri": "s3://example-lake/",
        },
        {
            # A resource link: the database itself lives in another account.
            "Name": "shared_finance",
            "TargetDatabase": {"CatalogId": "999999999999", "DatabaseName": "finance"},
        },
    ):
        yield "create_database", {"DatabaseInput": database}


def _sales() -> Iterator[Call]:
    orders = "s3://example-sales/orders/"
    yield _table(
        "sales",
        "orders",
        Description="One row per order, written every night",
        StorageDescriptor=PARQUET
        | {
            "Location": orders,
            "Columns": _columns(
                ("order_id", "bigint", "Number printed on the invoice"),
                ("customer_id", "bigint", "See sales.customers"),
                ("ordered_at", "timestamp", "When the customer paid, in UTC"),
                ("status", "string", "open, shipped or returned"),
                ("amount", "decimal(12,2)", "Gross, in the order's currency"),
                ("currency", "char(3)", "ISO 4217"),
            ),
        },
        PartitionKeys=_columns(("year", "int", "Of ordered_at"), ("month", "int", "Of ordered_at")),
        Parameters={"classification": "parquet", "parquet.compression": "SNAPPY"},
    )
    yield (
        "batch_create_partition",
        {
            "DatabaseName": "sales",
            "TableName": "orders",
            "PartitionInputList": [
                {
                    "Values": ["2026", month],
                    "StorageDescriptor": PARQUET
                    | {"Location": f"{orders}year=2026/month={month}/"},
                }
                for month in ("1", "2", "3")
            ],
        },
    )
    yield _table(
        "sales",
        "customers",
        Description="One row per customer, with nested types",
        StorageDescriptor=PARQUET
        | {
            "Location": "s3://example-sales/customers/",
            "Columns": _columns(
                ("customer_id", "bigint", "Stable over renames and merges"),
                ("name", "string", None),
                ("address", "struct<street:string,city:string,postcode:string>", "Of the invoice"),
                ("phones", "array<struct<kind:string,number:string>>", None),
                ("preferences", "map<string,string>", "Set by the customer"),
                ("signed_up_on", "date", None),
            ),
        },
        Parameters={"classification": "parquet"},
    )
    # What a Glue crawler leaves behind: the figures are those that it counted.
    crawled = {
        "UPDATED_BY_CRAWLER": "sales-leads",
        "classification": "csv",
        "compressionType": "none",
        "delimiter": ",",
        "skip.header.line.count": "1",
        "recordCount": "48210",
        "averageRecordSize": "87",
        "objectCount": "12",
        "sizeKey": "4194270",
    }
    yield _table(
        "sales",
        "leads",
        StorageDescriptor=CSV
        | {
            "Location": "s3://example-sales/leads/",
            "Columns": _columns(
                ("lead_id", "bigint", None),
                ("email", "string", None),
                ("source", "string", None),
                ("score", "double", None),
            ),
            "Parameters": crawled,
        },
        Parameters=crawled,
    )
    yield _table(
        "sales",
        "monthly_revenue",
        TableType="VIRTUAL_VIEW",
        StorageDescriptor={
            "Columns": _columns(
                ("year", "int", None),
                ("month", "int", None),
                ("revenue", "decimal(38,2)", None),
            ),
        },
        Parameters={"presto_view": "true", "comment": "Presto View"},
        ViewExpandedText="/* Presto View */",
        ViewOriginalText=_athena_view(
            "SELECT year, month, sum(amount) AS revenue\n"
            "FROM sales.orders\n"
            "WHERE status <> 'returned'\n"
            "GROUP BY year, month",
            year="integer",
            month="integer",
            revenue="decimal(38,2)",
        ),
    )


def _lakehouse() -> Iterator[Call]:
    metadata = "s3://example-lake/shipments/metadata"
    yield _table(
        "lakehouse",
        "shipments",
        Description="One row per parcel",
        StorageDescriptor={
            "Location": "s3://example-lake/shipments",
            "Columns": [
                _iceberg_column(1, "shipment_id", "string"),
                _iceberg_column(2, "order_id", "bigint"),
                _iceberg_column(4, "carrier", "string"),
                _iceberg_column(5, "shipped_at", "timestamp"),
                _iceberg_column(6, "weight_kg", "decimal(8,3)"),
                # Dropped by a schema change: Glue goes on showing it.
                _iceberg_column(3, "carrier_code", "int", current=False),
            ],
        },
        Parameters={
            "table_type": "ICEBERG",
            "metadata_location": f"{metadata}/00002-example.metadata.json",
            "previous_metadata_location": f"{metadata}/00001-example.metadata.json",
        },
    )
    # Spark puts the schema of a Delta table into parameters, cut into parts, and a placeholder
    # where Glue keeps the columns.
    inventory = "s3://example-lake/inventory"
    schema = json.dumps(
        {
            "type": "struct",
            "fields": [
                {"name": name, "type": spark_type, "nullable": True, "metadata": extra}
                for name, spark_type, extra in (
                    ("sku", "string", {"comment": "Stock-keeping unit"}),
                    ("on_hand", "integer", {"comment": "Pieces on the shelf"}),
                    ("counted_at", "timestamp", {}),
                    ("warehouse", "string", {}),
                )
            ],
        }
    )
    yield _table(
        "lakehouse",
        "inventory",
        StorageDescriptor={
            "Location": inventory,
            "Columns": _columns(("col", "array<string>", "from deserializer")),
            "SerdeInfo": {"Parameters": {"path": inventory, "serialization.format": "1"}},
        },
        Parameters={
            "spark.sql.create.version": "3.5.1",
            "spark.sql.sources.provider": "delta",
            "spark.sql.sources.schema.numParts": "2",
            "spark.sql.sources.schema.part.0": schema[:200],
            "spark.sql.sources.schema.part.1": schema[200:],
            "spark.sql.sources.schema.numPartCols": "1",
            "spark.sql.sources.schema.partCol.0": "warehouse",
        },
    )


def _jobs() -> Iterator[Call]:
    yield (
        "create_connection",
        {
            "ConnectionInput": {
                "Name": "orders-db",
                "Description": "The shop's database, read-only",
                "ConnectionType": "JDBC",
                "ConnectionProperties": {
                    "JDBC_CONNECTION_URL": "jdbc:postgresql://orders.example.com:5432/orders",
                    "USERNAME": "reader",
                    "PASSWORD": "testing",
                },
            }
        },
    )
    yield (
        "create_job",
        {
            "Name": "orders-to-parquet",
            "Description": "Copies new orders from the shop's database",
            "Role": ROLE,
            "Command": {
                "Name": "glueetl",
                "ScriptLocation": "s3://example-code/orders_to_parquet.py",
                "PythonVersion": "3",
            },
            "DefaultArguments": {
                "--TempDir": "s3://example-temp/orders/",
                "--job-bookmark-option": "job-bookmark-enable",
                "--enable-metrics": "true",
                "--target_table": "sales.orders",
                "--db_password": "testing",  # which does not belong here, and is often found
            },
            "Connections": {"Connections": ["orders-db"]},
            "ExecutionProperty": {"MaxConcurrentRuns": 1},
            "GlueVersion": "5.0",
            "WorkerType": "G.1X",
            "NumberOfWorkers": 10,
            "MaxRetries": 1,
            "Timeout": 120,
        },
    )
    yield (
        "create_job",
        {
            "Name": "compact-shipments",
            "Description": "Rewrites small files of lakehouse.shipments",
            "Role": ROLE,
            "Command": {
                "Name": "glueetl",
                "ScriptLocation": "s3://example-code/compact_shipments.py",
            },
            "DefaultArguments": {"--datalake-formats": "iceberg"},
            "ExecutionClass": "FLEX",
            "GlueVersion": "5.0",
            "WorkerType": "G.2X",
            "NumberOfWorkers": 4,
            "Timeout": 480,
        },
    )
    yield (
        "create_job",
        {
            "Name": "check-leads",
            "Role": ROLE,
            "Command": {
                "Name": "pythonshell",
                "ScriptLocation": "s3://example-code/check_leads.py",
                "PythonVersion": "3.9",
            },
            "MaxCapacity": 0.0625,
            "Timeout": 15,
        },
    )


def _workflows() -> Iterator[Call]:
    yield (
        "create_crawler",
        {
            "Name": "sales-leads",
            "Role": ROLE,
            "DatabaseName": "sales",
            "Description": "Finds new files of leads",
            "Targets": {"S3Targets": [{"Path": "s3://example-sales/leads/"}]},
        },
    )
    yield (
        "create_workflow",
        {
            "Name": "nightly-sales",
            "Description": "Crawls the leads, then checks them",
            "DefaultRunProperties": {"target_database": "sales", "currency": "EUR"},
            "MaxConcurrentRuns": 1,
        },
    )
    yield (
        "create_trigger",
        {
            "Name": "nightly-sales-start",
            "WorkflowName": "nightly-sales",
            "Type": "SCHEDULED",
            "Schedule": "cron(0 2 * * ? *)",
            "Actions": [{"CrawlerName": "sales-leads"}],
            "StartOnCreation": True,
        },
    )
    yield (
        "create_trigger",
        {
            "Name": "nightly-sales-check",
            "WorkflowName": "nightly-sales",
            "Type": "CONDITIONAL",
            "Predicate": {
                "Logical": "AND",
                "Conditions": [
                    {
                        "LogicalOperator": "EQUALS",
                        "CrawlerName": "sales-leads",
                        "CrawlState": "SUCCEEDED",
                    }
                ],
            },
            "Actions": [{"JobName": "check-leads"}],
            "StartOnCreation": True,
        },
    )
    yield "create_workflow", {"Name": "weekly-compaction", "Description": "Started by hand"}
    yield (
        "create_trigger",
        {
            "Name": "weekly-compaction-start",
            "WorkflowName": "weekly-compaction",
            "Type": "ON_DEMAND",
            "Actions": [{"JobName": "compact-shipments"}],
        },
    )


def _table(database: str, name: str, **table_input: object) -> Call:
    defaults = {"Name": name, "TableType": "EXTERNAL_TABLE", "Owner": "hadoop"}
    return "create_table", {"DatabaseName": database, "TableInput": defaults | table_input}


def _columns(*columns: tuple[str, str, str | None]) -> list[dict[str, str]]:
    """Columns in Glue's form, from (name, type, comment)."""
    return [
        {"Name": name, "Type": hive_type} | ({"Comment": comment} if comment else {})
        for name, hive_type, comment in columns
    ]


def _iceberg_column(
    field_id: int, name: str, hive_type: str, *, current: bool = True
) -> dict[str, Any]:
    """A column with the parameters that Iceberg's Glue catalog writes."""
    return {
        "Name": name,
        "Type": hive_type,
        "Parameters": {
            "iceberg.field.id": str(field_id),
            "iceberg.field.optional": "true",
            "iceberg.field.current": str(current).lower(),
        },
    }


def _athena_view(sql: str, **columns: str) -> str:
    """The text that Athena stores for a view: base64 of JSON, inside a comment."""
    view = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": "sales",
        "columns": [{"name": name, "type": presto} for name, presto in columns.items()],
    }
    return f"/* Presto View: {base64.b64encode(json.dumps(view).encode()).decode()} */"
