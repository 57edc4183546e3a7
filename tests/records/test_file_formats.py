from __future__ import annotations

from typing import Any

import pytest

from tap_glue_metadata.records.file_formats import file_format
from tap_glue_metadata.records.table_formats import table_format


def storage(serde: str = "", input_format: str = "", **serde_parameters: str) -> dict[str, Any]:
    serde_info = {"SerializationLibrary": serde, "Parameters": serde_parameters}
    return {"StorageDescriptor": {"InputFormat": input_format, "SerdeInfo": serde_info}}


TEXT = "org.apache.hadoop.mapred.TextInputFormat"
SEQUENCE = "org.apache.hadoop.mapred.SequenceFileInputFormat"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"Parameters": {"classification": "parquet"}}, "parquet"),
        ({"Parameters": {"classification": "CSV"}, **storage(PARQUET)}, "csv"),
        ({"Parameters": {"classification": "glueparquet"}}, "parquet"),
        ({"Parameters": {"classification": "my_logs"}, **storage(PARQUET)}, "parquet"),
        ({"Parameters": {"classification": "UNKNOWN"}}, None),
        (storage(PARQUET), "parquet"),
        (storage("org.apache.hadoop.hive.ql.io.orc.OrcSerde"), "orc"),
        (storage("org.apache.hadoop.hive.serde2.avro.AvroSerDe"), "avro"),
        (storage("org.apache.hadoop.hive.serde2.OpenCSVSerde", TEXT), "csv"),
        (storage("org.openx.data.jsonserde.JsonSerDe", TEXT), "json"),
        (storage("org.apache.hive.hcatalog.data.JsonSerDe", TEXT), "json"),
        (storage("com.amazon.emr.hive.serde.CloudTrailSerde"), "json"),
        (storage("com.amazon.ionhiveserde.IonHiveSerDe"), "ion"),
        (storage("com.amazonaws.glue.serde.GrokSerDe", TEXT), "grok"),
        (storage("org.apache.hadoop.hive.serde2.RegexSerDe", TEXT), "regex"),
        (storage(LAZY, TEXT, **{"field.delim": ","}), "csv"),
        (storage(LAZY, TEXT), "text"),
        (storage(LAZY, SEQUENCE), "sequencefile"),
        (storage("", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"), "parquet"),
        (storage(PARQUET, "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"), "parquet"),
        (storage("com.example.SalesforceSerDe", "com.example.PartitionInputFormat"), None),
        ({"Parameters": {"spark.sql.sources.provider": "csv"}, **storage(LAZY, SEQUENCE)}, "csv"),
        (
            {"Parameters": {"spark.sql.sources.provider": "delta"}, **storage(LAZY, SEQUENCE)},
            "parquet",
        ),
        ({"Parameters": {"table_type": "ICEBERG"}}, None),
        ({"Parameters": {"table_type": "ICEBERG", "write.format.default": "orc"}}, "orc"),
        ({"IcebergTableMetadata": {"Properties": {"write.format.default": "AVRO"}}}, "avro"),
        (storage("", "org.apache.hudi.hadoop.HoodieParquetInputFormat"), "parquet"),
        (
            {
                "StorageDescriptor": {
                    "Parameters": {"typeOfData": "kinesis", "classification": "json"}
                }
            },
            "json",
        ),
        ({"TableType": "VIRTUAL_VIEW", **storage(LAZY, SEQUENCE)}, None),
        ({"Parameters": {"classification": "mysql", "typeOfData": "table"}}, None),
        ({"Parameters": None, "StorageDescriptor": None}, None),
        ({"Name": "t"}, None),
    ],
)
def test_file_format(table: dict[str, Any], expected: str | None) -> None:
    assert file_format(table, table_format(table)) == expected
