from __future__ import annotations

from typing import Any

import pytest

from tap_glue_metadata.records.table_formats import TABLE_FORMATS, location, table_format

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}
# As the AWS CLI's example of a stream's table has it.
KINESIS = PARQUET | {"Parameters": {"typeOfData": "kinesis", "streamName": "orders"}}
# As a crawler writes it.
JDBC = {"classification": "sqlserver", "typeOfData": "table", "connectionName": "shop"}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"TargetTable": {"DatabaseName": "d", "Name": "t"}}, "resource_link"),
        ({"TargetTable": {"Name": "t"}, "Parameters": {"table_type": "ICEBERG"}}, "resource_link"),
        ({"Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://b"}}, "iceberg"),
        ({"Parameters": {"table_type": "iceberg"}, "StorageDescriptor": PARQUET}, "iceberg"),
        ({"IcebergTableMetadata": {"FormatVersion": "2"}}, "iceberg"),
        ({"Parameters": {"classification": "iceberg"}}, "iceberg"),
        ({"Parameters": {"spark.sql.sources.provider": "iceberg"}}, "iceberg"),
        (
            {"TableType": "MATERIALIZED_VIEW", "Parameters": {"table_type": "ICEBERG"}},
            "iceberg",
        ),
        ({"Parameters": {"spark.sql.sources.provider": "DELTA"}}, "delta"),
        ({"Parameters": {"table_type": "delta"}, "StorageDescriptor": PARQUET}, "delta"),
        ({"StorageDescriptor": {"Parameters": {"classification": "delta"}}}, "delta"),
        ({"Parameters": {"spark.sql.sources.provider": "hudi"}}, "hudi"),
        ({"Parameters": {"hudi.metadata-listing-enabled": "TRUE"}}, "hudi"),
        (
            {"StorageDescriptor": {"InputFormat": "org.apache.hudi.hadoop.HoodieParquetInput"}},
            "hudi",
        ),
        ({"StorageDescriptor": {"InputFormat": "com.uber.hoodie.hadoop.HoodieInput"}}, "hudi"),
        ({"StorageDescriptor": KINESIS}, "kinesis"),
        ({"Parameters": {"typeOfData": "Kafka"}, "StorageDescriptor": PARQUET}, "kafka"),
        ({"Parameters": {"classification": "dynamodb", "typeOfData": "table"}}, "dynamodb"),
        ({"Parameters": {"classification": "mongodb", "typeOfData": "table"}}, "mongodb"),
        ({"Parameters": JDBC}, "jdbc"),
        ({"Parameters": JDBC | {"typeOfData": "view"}}, "jdbc"),
        ({"StorageDescriptor": {"Parameters": JDBC}}, "jdbc"),
        ({"Parameters": {"typeOfData": "table"}, "StorageDescriptor": PARQUET}, "hive"),
        ({"Parameters": {"typeOfData": "file"}, "StorageDescriptor": PARQUET}, "hive"),
        ({"TableType": "VIRTUAL_VIEW", "StorageDescriptor": {"SerdeInfo": {}}}, "view"),
        ({"FederatedTable": {"ConnectionName": "c"}, "StorageDescriptor": PARQUET}, "federated"),
        ({"StorageDescriptor": PARQUET, "Parameters": {"classification": "parquet"}}, "hive"),
        ({"StorageDescriptor": {"SerdeInfo": {"SerializationLibrary": "x"}}}, "hive"),
        ({"StorageDescriptor": {"InputFormat": "", "SerdeInfo": None}}, None),
        ({"Parameters": None, "StorageDescriptor": None}, None),
        ({"Name": "t"}, None),
    ],
)
def test_table_format(table: dict[str, Any], expected: str | None) -> None:
    assert table_format(table) == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"StorageDescriptor": {"Location": "s3://lake/orders/"}}, "s3://lake/orders/"),
        (
            {
                "StorageDescriptor": {
                    "Location": "s3://lake/db/orders-__PLACEHOLDER__",
                    "SerdeInfo": {"Parameters": {"path": "s3://lake/orders"}},
                }
            },
            "s3://lake/orders",
        ),
        ({"StorageDescriptor": {"Location": "s3://lake/db/orders-__PLACEHOLDER__"}}, None),
        (
            {
                "StorageDescriptor": {"Location": ""},
                "IcebergTableMetadata": {"Location": "s3://lake/iceberg"},
            },
            "s3://lake/iceberg",
        ),
        ({"Name": "t"}, None),
    ],
)
def test_location(table: dict[str, Any], expected: str | None) -> None:
    assert location(table) == expected


def test_each_format_is_told_apart_once_and_documented() -> None:
    names = [each.name for each in TABLE_FORMATS]
    assert len(set(names)) == len(names)
    assert all(each.told_by for each in TABLE_FORMATS)
