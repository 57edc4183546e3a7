from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_glue_metadata.records import column_fields, columns
from tap_glue_metadata.records.tables import DERIVED, derive
from tap_glue_metadata.redaction import OFF

if TYPE_CHECKING:
    from botocore.model import Shape


NOTHING = {
    "description": None,
    "table_format": None,
    "file_format": None,
    "classification": None,
    "location": None,
    "record_count": None,
    "size_bytes": None,
    "object_count": None,
    "average_record_size": None,
    "column_count": 0,
    "partition_key_count": 0,
    "is_partitioned": False,
    "partition_fields": None,
    "is_view": False,
    "view_sql": None,
    "view_dialect": None,
    "view_default_catalog": None,
    "view_default_database": None,
}


def test_table_with_nothing_but_a_name() -> None:
    derived = derive({"Name": "t"})
    assert derived == NOTHING
    assert list(derived) == list(DERIVED)


def test_crawled_csv() -> None:
    table = {
        "Name": "orders_csv",
        "DatabaseName": "sales",
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "total", "Type": "double"}],
            "Location": "s3://lake/orders_csv/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {"field.delim": ","},
            },
            "Parameters": {"classification": "csv"},
        },
        "PartitionKeys": [{"Name": "year", "Type": "string"}],
        "Parameters": {
            "CrawlerSchemaSerializerVersion": "1.0",
            "classification": "csv",
            "recordCount": "1200",
            "sizeKey": "48000",
            "objectCount": "3",
            "averageRecordSize": "40",
            "skip.header.line.count": "1",
        },
    }
    assert derive(table) == NOTHING | {
        "table_format": "hive",
        "file_format": "csv",
        "classification": "csv",
        "location": "s3://lake/orders_csv/",
        "record_count": 1200,
        "size_bytes": 48000,
        "object_count": 3,
        "average_record_size": 40,
        "column_count": 2,
        "partition_key_count": 1,
        "is_partitioned": True,
    }


def test_delta_table_of_spark() -> None:
    fields = [{"name": name, "type": "long", "nullable": True, "metadata": {}} for name in "abc"]
    schema = json.dumps({"type": "struct", "fields": fields})
    table = {
        "Name": "orders",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "col", "Type": "array<string>", "Comment": "from deserializer"}],
            "Location": "s3://lake/sales.db/orders-__PLACEHOLDER__",
            "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
            "SerdeInfo": {"Parameters": {"path": "s3://lake/orders"}},
        },
        "Parameters": {
            "spark.sql.sources.provider": "delta",
            "spark.sql.sources.schema.numParts": "1",
            "spark.sql.sources.schema.part.0": schema,
            "spark.sql.sources.schema.numPartCols": "1",
            "spark.sql.sources.schema.partCol.0": "c",
        },
    }
    assert derive(table) == NOTHING | {
        "table_format": "delta",
        "file_format": "parquet",
        "location": "s3://lake/orders",
        "column_count": 2,
        "partition_key_count": 1,
        "is_partitioned": True,
    }


def test_column_count_leaves_out_what_iceberg_dropped() -> None:
    table = {
        "StorageDescriptor": {
            "Columns": [
                {"Name": "id", "Parameters": {"iceberg.field.current": "true"}},
                {"Name": "old", "Parameters": {"iceberg.field.current": "false"}},
            ]
        }
    }
    assert derive(table)["column_count"] == 1


def test_athena_view() -> None:
    view = {"originalSql": "SELECT 1 a", "catalog": "awsdatacatalog", "schema": "sales"}
    encoded = base64.b64encode(json.dumps(view).encode()).decode()
    table = {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": ""},
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "Parameters": {"comment": "Presto View", "presto_view": "true"},
    }
    assert derive(table) == NOTHING | {
        "table_format": "view",
        "column_count": 1,
        "is_view": True,
        "view_sql": "SELECT 1 a",
        "view_dialect": "athena",
        "view_default_catalog": "awsdatacatalog",
        "view_default_database": "sales",
    }


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"Description": "Glue's", "Parameters": {"comment": "Iceberg's"}}, "Glue's"),
        ({"Description": "", "Parameters": {"comment": "Iceberg's"}}, "Iceberg's"),
        ({"Parameters": {"comment": "Iceberg's"}}, "Iceberg's"),
        ({"Parameters": {"comment": "Presto View"}}, None),
        ({"Description": "", "Parameters": {"comment": ""}}, ""),
        ({"Description": "", "Parameters": None}, ""),
    ],
)
def test_description_falls_back_to_the_comment(table: dict[str, Any], expected: str) -> None:
    assert derive(table)["description"] == expected


def test_description_of_a_trino_view_is_the_comment_in_its_envelope() -> None:
    encoded = base64.b64encode(b'{"originalSql": "SELECT 1", "comment": "Revenue"}').decode()
    table = {
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "Parameters": {"comment": "Presto View"},
    }
    assert derive(table)["description"] == "Revenue"


def test_jdbc_view() -> None:
    parameters = {"classification": "postgresql", "typeOfData": "view", "connectionName": "shop"}
    table = {
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "int"}],
            "Location": "shop.public.v",
        },
        "Parameters": parameters,
    }
    assert derive(table) == NOTHING | {
        "table_format": "jdbc",
        "classification": "postgresql",
        "location": "shop.public.v",
        "column_count": 1,
        "is_view": True,
    }


def partitioning(table: dict[str, Any]) -> tuple[Any, ...]:
    derived = derive(table)
    return tuple(
        derived[name] for name in ("is_partitioned", "partition_key_count", "partition_fields")
    )


ICEBERG = {"Parameters": {"table_type": "ICEBERG"}}
DAY = [{"Name": "day", "Type": "date"}]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (ICEBERG, (None, None, None)),
        (ICEBERG | {"PartitionKeys": DAY}, (True, 1, None)),
        (ICEBERG | {"IcebergTableMetadata": {"FormatVersion": "2"}}, (None, None, None)),
        ({"IcebergTableMetadata": {"PartitionSpecs": [{"Fields": []}]}}, (False, 0, [])),
        (
            {"IcebergTableMetadata": {"PartitionSpecs": [{"Fields": [{"Name": "day"}]}]}},
            (True, 1, [{"name": "day", "transform": None, "source": None}]),
        ),
        ({"PartitionKeys": DAY}, (True, 1, None)),
        ({}, (False, 0, None)),
        ({"TargetTable": {"Name": "t"}}, (None, None, None)),
    ],
)
def test_partitioning_is_unknown_where_glue_does_not_hold_it(
    table: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert partitioning(table) == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"TargetTable": {"Name": "t"}}, None),
        ({"TargetTable": {"Name": "t"}, "StorageDescriptor": {"Columns": [{"Name": "a"}]}}, 1),
        ({}, 0),
    ],
)
def test_column_count_of_a_resource_link_is_unknown(
    table: dict[str, Any], expected: int | None
) -> None:
    assert derive(table)["column_count"] == expected


@pytest.mark.parametrize("field", DERIVED)
def test_each_field_is_described_and_nullable(field: str) -> None:
    assert DERIVED[field]["type"][1] == "null"
    assert DERIVED[field]["description"].endswith(".")


TEXTS = st.text() | st.sampled_from(
    [
        "ICEBERG",
        "delta",
        "VIRTUAL_VIEW",
        "col",
        "array<string>",
        "12",
        "-1",
        "1",
        "struct",
        "/* Presto View: e30= */",
        "/* Presto View */",
        "view",
        "kinesis",
        "identity",
        "void",
        '{"fields": [{"name": "a", "type": "long", "metadata": {"comment": 1}}]}',
        '{"fields": [{"name": "a", "type": "struct"}, null]}',
    ]
)
KEYS = TEXTS | st.sampled_from(
    [
        "table_type",
        "typeOfData",
        "classification",
        "view.catalogAndNamespace.numParts",
        "iceberg.field.optional",
        "recordCount",
        "path",
        "iceberg.field.current",
        "iceberg.field.id",
        "spark.sql.sources.schema",
        "spark.sql.sources.schema.numParts",
        "spark.sql.sources.schema.part.0",
        "spark.sql.sources.schema.numPartCols",
        "spark.sql.sources.schema.partCol.0",
    ]
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "fields", "name", "element", "key", "value"]), inner
        )
    ),
    max_leaves=6,
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "boolean": st.booleans(),
    "integer": st.integers(-1, 2),
    "long": st.integers(-1, 2),
    "timestamp": st.floats(0, 2e9),
}
# What no function reads, left out so that hypothesis spends its effort on what they do.
UNREAD = {"Status", "SkewedInfo", "SchemaReference", "SubObjectsStatistics", "SortOrders"}


def answers(shape: Any) -> st.SearchStrategy[Any]:
    """JSON that Glue's service model allows for a shape, any member missing or null."""
    if getattr(shape, "is_document_type", False):
        return DOCUMENTS
    if shape.type_name == "structure":
        members = {
            name: st.none() | answers(member)
            for name, member in shape.members.items()
            if name not in UNREAD
        }
        return st.fixed_dictionaries({}, optional=members)
    if shape.type_name == "list":
        return st.lists(answers(shape.member), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(KEYS, st.none() | answers(shape.value), max_size=5)
    return SCALARS[shape.type_name]


@cache
def tables() -> st.SearchStrategy[dict[str, Any]]:
    shape: Shape = botocore.session.get_session().get_service_model("glue").shape_for("Table")
    return answers(shape)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_any_table_that_glue_may_answer_makes_valid_records(data: st.DataObject) -> None:
    table = data.draw(tables())
    derived = derive(table)
    Draft7Validator({"properties": DERIVED}).validate(derived)
    assert list(derived) == list(DERIVED)
    resolved = columns.resolve(table)
    for derived_fields, records in (
        (columns.DERIVED, columns.columns(table, resolved, None, {}, OFF)),
        (column_fields.DERIVED, column_fields.column_fields(table, resolved, None, {}, OFF)),
    ):
        validator = Draft7Validator({"properties": derived_fields})
        for record in records:
            validator.validate(record)
            assert msgspec.json.encode(record)
