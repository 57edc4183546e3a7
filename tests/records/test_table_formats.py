from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.table_formats import (
    classification,
    location,
    statistics,
    table_format,
    whole_number,
)

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}


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
        ({"Parameters": {"classification": "csv"}}, "csv"),
        ({"StorageDescriptor": {"Parameters": {"classification": "json"}}}, "json"),
        (
            {
                "Parameters": {"classification": "csv"},
                "StorageDescriptor": {"Parameters": {"classification": "json"}},
            },
            "csv",
        ),
        ({"Name": "t"}, None),
    ],
)
def test_classification(table: dict[str, Any], expected: str | None) -> None:
    assert classification(table) == expected


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


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {
                "recordCount": "1200",
                "sizeKey": "48000",
                "objectCount": "3",
                "averageRecordSize": "40",
            },
            (1200, 48000, 3, 40),
        ),
        ({"numRows": "7", "totalSize": "700", "numFiles": "1"}, (7, 700, 1, None)),
        (
            {
                "numRows": "-1",
                "spark.sql.statistics.numRows": "9",
                "spark.sql.statistics.totalSize": "90",
            },
            (9, 90, None, None),
        ),
        ({"recordCount": "0", "numRows": "5"}, (0, None, None, None)),
        ({"recordCount": None, "averageRecordSize": 12.0}, (None, None, None, 12)),
        (None, (None, None, None, None)),
    ],
)
def test_statistics(parameters: dict[str, Any] | None, expected: tuple[int | None, ...]) -> None:
    assert statistics({"Parameters": parameters}) == dict(
        zip(
            ("record_count", "size_bytes", "object_count", "average_record_size"),
            expected,
            strict=True,
        )
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", 12),
        ("12.0", 12),
        (" 12 ", 12),
        (12, 12),
        (12.0, 12),
        ("0", 0),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("9" * 100_000, None),
        ("12.5", None),
        ("-1", None),
        ("", None),
        ("n/a", None),
        ("NaN", None),
        ("inf", None),
        ("1_000", None),
        ("١٢", None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
    ],
)
def test_whole_number(value: object, expected: int | None) -> None:
    assert whole_number(value) == expected


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_any_whole_number_is_read_back(number: int) -> None:
    assert whole_number(str(number)) == whole_number(f"{number}.0") == number


@given(st.text() | st.floats() | st.integers() | st.none())
def test_anything_is_a_whole_number_or_none(value: object) -> None:
    number = whole_number(value)
    assert number is None or 0 <= number < 10**18
