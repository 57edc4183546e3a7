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

from tap_glue_metadata.records import columns
from tap_glue_metadata.records.tables import DERIVED, derive

if TYPE_CHECKING:
    from botocore.model import Shape


NOTHING = {
    "table_format": None,
    "classification": None,
    "location": None,
    "record_count": None,
    "size_bytes": None,
    "object_count": None,
    "average_record_size": None,
    "column_count": 0,
    "partition_key_count": 0,
    "is_partitioned": False,
    "is_view": False,
    "view_sql": None,
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
    view = base64.b64encode(b'{"originalSql": "SELECT 1 a"}').decode()
    table = {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": ""},
        "ViewOriginalText": f"/* Presto View: {view} */",
        "ViewExpandedText": "/* Presto View */",
    }
    assert derive(table) == NOTHING | {
        "table_format": "view",
        "column_count": 1,
        "is_view": True,
        "view_sql": "SELECT 1 a",
    }


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
        '{"fields": [{"name": "a", "type": "long", "metadata": {"comment": 1}}]}',
        '{"fields": [{"name": "a", "type": "struct"}, null]}',
    ]
)
KEYS = TEXTS | st.sampled_from(
    [
        "table_type",
        "classification",
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
    validator = Draft7Validator({"properties": columns.DERIVED})
    for record in columns.columns(table, columns.resolve(table), None):
        validator.validate(record)
        assert msgspec.json.encode(record)
