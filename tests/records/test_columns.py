from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.columns import DERIVED, Resolved, columns, is_current, resolve
from tap_glue_metadata.redaction import OFF

SCHEMA = "spark.sql.sources.schema"
PLACEHOLDER = {"Name": "col", "Type": "array<string>", "Comment": "from deserializer"}
FIELDS = [
    "table_name",
    "name",
    "occurrence",
    "ordinal_position",
    "type",
    "comment",
    "parameters",
    "is_partition_key",
    "partition_position",
    "is_current",
    "is_nullable",
    "iceberg_field_id",
    "source",
    "table_version_id",
    "table_update_time",
    "additional_members",
]


def spark_table(
    parameters: dict[str, str],
    glue_columns: list[dict[str, Any]] | None = None,
    partition_keys: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "Name": "orders",
        "StorageDescriptor": {"Columns": [PLACEHOLDER] if glue_columns is None else glue_columns},
        "PartitionKeys": partition_keys or [],
        "Parameters": {"spark.sql.sources.provider": "delta", **parameters},
    }


def spark_field(name: str, type_: Any, **metadata: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "nullable": True, "metadata": metadata}


def spark_schema(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "struct", "fields": fields})


def in_parts(text: str, size: int) -> dict[str, str]:
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return {
        f"{SCHEMA}.numParts": str(len(parts)),
        **{f"{SCHEMA}.part.{number}": part for number, part in enumerate(parts)},
    }


def names(found: list[dict[str, Any]]) -> list[str]:
    return [column["Name"] for column in found]


def records(table: dict[str, Any]) -> list[dict[str, Any]]:
    return list(columns(table, resolve(table), "2025-01-02T03:04:05Z", {}, OFF))


def test_parquet_table_with_partitions() -> None:
    table = {
        "Name": "orders",
        "VersionId": "7",
        "StorageDescriptor": {
            "Columns": [
                {"Name": "id", "Type": "bigint", "Comment": "key"},
                {"Name": "Amount", "Type": "decimal(9,2)", "Parameters": {"unit": "EUR"}},
            ]
        },
        "PartitionKeys": [{"Name": "year", "Type": "string"}, {"Name": "month", "Type": "string"}],
    }
    found = records(table)
    assert found[0] == {
        "table_name": "orders",
        "name": "id",
        "occurrence": 1,
        "ordinal_position": 1,
        "type": "bigint",
        "comment": "key",
        "parameters": None,
        "is_partition_key": False,
        "partition_position": None,
        "is_current": True,
        "is_nullable": None,
        "iceberg_field_id": None,
        "source": "glue",
        "table_version_id": "7",
        "table_update_time": "2025-01-02T03:04:05Z",
        "additional_members": None,
    }
    assert [list(record) for record in found] == [FIELDS] * 4
    assert [
        (record["name"], record["ordinal_position"], record["partition_position"])
        for record in found
    ] == [("id", 1, None), ("Amount", 2, None), ("year", 3, 1), ("month", 4, 2)]
    assert found[1]["parameters"] == {"unit": "EUR"}
    assert [record["is_partition_key"] for record in found] == [False, False, True, True]


def test_derived_fields_are_those_of_a_record_in_their_order() -> None:
    aws = {"name", "type", "parameters", "additional_members"}
    assert list(DERIVED) == [field for field in FIELDS if field not in aws]
    for schema in DERIVED.values():
        assert schema["description"].endswith(".")


def test_delta_table_in_parts_with_partition_columns() -> None:
    schema = spark_schema(
        spark_field("Id", "long", comment="the key"),
        spark_field("day", "date"),
        spark_field("Region", "string", __CHAR_VARCHAR_TYPE_STRING="char(2)"),
        spark_field(
            "items",
            {"type": "array", "elementType": json.loads(spark_schema(spark_field("n", "short")))},
            **{"delta.columnMapping.id": 4, "owner": "ops", "empty": None},
        ),
    )
    parameters = in_parts(schema, 50) | {
        f"{SCHEMA}.numPartCols": "2",
        f"{SCHEMA}.partCol.0": "Region",
        f"{SCHEMA}.partCol.1": "DAY",
    }
    assert resolve(spark_table(parameters)) == Resolved(
        [
            {"Name": "Id", "Type": "bigint", "Comment": "the key"},
            {
                "Name": "items",
                "Type": "array<struct<n:smallint>>",
                "Parameters": {"delta.columnMapping.id": "4", "owner": "ops"},
            },
        ],
        [{"Name": "Region", "Type": "char(2)"}, {"Name": "day", "Type": "date"}],
        "spark",
    )


def test_single_spark_schema_with_glue_partition_keys() -> None:
    schema = spark_schema(spark_field("dt", "date"), spark_field("ID", "integer"))
    glue_keys = [{"Name": "DT", "Type": "string"}, {"Name": "hour", "Type": "int"}]
    for glue_columns in ([PLACEHOLDER], []):
        assert resolve(spark_table({SCHEMA: schema}, glue_columns, glue_keys)) == Resolved(
            [{"Name": "ID", "Type": "int"}],
            [{"Name": "dt", "Type": "date"}, {"Name": "hour", "Type": "int"}],
            "spark",
        )


def test_partition_columns_match_their_very_case_first() -> None:
    schema = spark_schema(spark_field("dt", "date"), spark_field("DT", "string"))
    parameters = {SCHEMA: schema, f"{SCHEMA}.numPartCols": "1", f"{SCHEMA}.partCol.0": "DT"}
    resolved = resolve(spark_table(parameters))
    assert names(resolved.columns) == ["dt"]
    assert names(resolved.partition_keys) == ["DT"]


def test_a_placeholder_over_an_empty_spark_schema_is_no_column() -> None:
    assert resolve(spark_table({SCHEMA: spark_schema()})) == Resolved([], [], "spark")


def test_columns_of_glue_stand_beside_a_spark_schema() -> None:
    glue_columns = [{"Name": "id", "Type": "bigint"}]
    table = spark_table({SCHEMA: spark_schema(spark_field("ID", "long"))}, glue_columns)
    assert resolve(table) == Resolved(glue_columns, [], "glue")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {f"{SCHEMA}.numParts": "2", f"{SCHEMA}.part.0": spark_schema()},
        {f"{SCHEMA}.numParts": "many", f"{SCHEMA}.part.0": spark_schema()},
        {f"{SCHEMA}.numParts": "9" * 18, f"{SCHEMA}.part.0": "{"},
        {f"{SCHEMA}.numParts": "9" * 5000},
        {f"{SCHEMA}.numParts": "0"},
        {SCHEMA: "{"},
        {SCHEMA: "[" * 100_000},
        {SCHEMA: "[]"},
        {SCHEMA: '{"fields": [{"name": 1, "type": "long"}]}'},
        {SCHEMA: '{"fields": [{"name": "a", "type": {}}]}'},
        {SCHEMA: spark_schema(), f"{SCHEMA}.numPartCols": "1"},
        {SCHEMA: spark_schema(), f"{SCHEMA}.numPartCols": "?"},
    ],
)
def test_columns_of_glue_stand_where_the_spark_schema_cannot_be_read(
    parameters: dict[str, str],
) -> None:
    assert resolve(spark_table(parameters)) == Resolved([PLACEHOLDER], [], "glue")


def iceberg_column(name: str, field_id: str, current: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "string",
        "Parameters": {
            "iceberg.field.id": field_id,
            "iceberg.field.optional": "true",
            "iceberg.field.current": current,
        },
    }


def test_iceberg_column_that_was_dropped_and_a_name_twice() -> None:
    table = {
        "Name": "events",
        "Parameters": {"table_type": "ICEBERG"},
        "StorageDescriptor": {
            "Columns": [
                iceberg_column("id", "1", "true"),
                iceberg_column("note", "4", "true"),
                iceberg_column("note", "2", "false"),
                iceberg_column("x", "no number", "FALSE"),
            ]
        },
    }
    assert [
        (record["name"], record["occurrence"], record["is_current"], record["iceberg_field_id"])
        for record in records(table)
    ] == [("id", 1, True, 1), ("note", 1, True, 4), ("note", 2, False, 2), ("x", 1, False, None)]


NESTED = {
    "type": "struct",
    "fields": [
        {"id": 4, "name": "lat", "required": True, "type": "double"},
        {
            "id": 5,
            "name": "seen",
            "required": False,
            "type": {"type": "list", "element-id": 6, "element": "timestamptz"},
        },
    ],
}
SCHEMAS = [
    {"SchemaId": 0, "Fields": [{"Id": 1, "Name": "old", "Type": "int", "Required": True}]},
    {
        "SchemaId": 1,
        "Fields": [
            {"Id": 1, "Name": "Id", "Type": "long", "Required": True, "Doc": "the key"},
            {"Id": 2, "Name": "place", "Type": NESTED, "Required": False},
        ],
    },
]


def test_iceberg_metadata_with_nested_types() -> None:
    keys = [{"Name": "day", "Type": "date"}]
    table = {
        "Name": "events",
        "StorageDescriptor": {"Columns": []},
        "PartitionKeys": keys,
        "IcebergTableMetadata": {"Schemas": SCHEMAS, "CurrentSchemaId": 1},
    }
    assert resolve(table) == Resolved(
        [
            {
                "Name": "Id",
                "Type": "bigint",
                "Comment": "the key",
                "Parameters": {"iceberg.field.id": "1", "iceberg.field.optional": "false"},
            },
            {
                "Name": "place",
                "Type": "struct<lat:double,seen:array<timestamp>>",
                "Parameters": {"iceberg.field.id": "2", "iceberg.field.optional": "true"},
            },
        ],
        keys,
        "iceberg",
    )
    assert [record["iceberg_field_id"] for record in records(table)] == [1, 2, None]


def test_the_only_iceberg_schema_needs_no_current_id() -> None:
    resolved = resolve({"IcebergTableMetadata": {"Schemas": SCHEMAS[:1]}})
    assert names(resolved.columns) == ["old"]


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"Schemas": []},
        {"Schemas": SCHEMAS},
        {"Schemas": SCHEMAS, "CurrentSchemaId": 2},
        {"Schemas": [{"Fields": [{"Name": "a", "Type": None}]}]},
        {"Schemas": [{"Fields": [{"Name": "a", "Type": {"type": "list"}}]}]},
    ],
)
def test_columns_of_glue_stand_where_the_iceberg_schema_cannot_be_read(metadata: Any) -> None:
    assert resolve({"IcebergTableMetadata": metadata}) == Resolved([], [], "glue")


def notes(table: dict[str, Any]) -> list[tuple[str, str | None, bool | None]]:
    return [(record["name"], record["comment"], record["is_nullable"]) for record in records(table)]


def test_comment_and_nullability_come_from_the_spark_schema_beside_columns_of_glue() -> None:
    schema = spark_schema(
        spark_field("Id", "long", comment="the key") | {"nullable": False},
        spark_field("note", "string", comment="Spark's"),
        spark_field("Day", "date"),
    )
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "note", "Comment": "Glue's"}]
    table = spark_table(in_parts(schema, 40), columns, [{"Name": "day"}, {"Name": "hour"}])
    assert notes(table) == [
        ("id", "the key", False),
        ("note", "Glue's", True),
        ("day", None, True),
        ("hour", None, None),
    ]


def test_nullability_of_columns_that_spark_keeps() -> None:
    schema = spark_schema(
        spark_field("id", "long", comment="the key") | {"nullable": False},
        {"name": "x", "type": "long", "nullable": "yes"},
    )
    assert notes(spark_table({SCHEMA: schema})) == [("id", "the key", False), ("x", None, None)]


def test_comment_and_nullability_come_from_iceberg_beside_columns_of_glue() -> None:
    optional = {"iceberg.field.optional": "false", "iceberg.field.current": "true"}
    dropped = {"iceberg.field.optional": "true", "iceberg.field.current": "false"}
    table = {
        "StorageDescriptor": {
            "Columns": [
                {"Name": "id", "Comment": ""},
                {"Name": "place", "Parameters": optional},
                {"Name": "Id", "Parameters": dropped},
                {"Name": "odd", "Parameters": {"iceberg.field.optional": "maybe"}},
            ]
        },
        "IcebergTableMetadata": {"Schemas": SCHEMAS, "CurrentSchemaId": 1},
    }
    assert notes(table) == [
        ("id", "the key", False),
        ("place", None, False),
        ("Id", None, True),
        ("odd", None, None),
    ]


@pytest.mark.parametrize("wrong", ["\0", "\ud800"])
def test_what_no_text_may_hold_is_replaced_in_a_spark_schema_too(wrong: str) -> None:
    nested = {"type": "struct", "fields": [spark_field(f"in{wrong}", "long")]}
    field = spark_field(f"a{wrong}", nested, comment=f"x{wrong}") | {"nullable": False}
    field["metadata"][f"key{wrong}"] = wrong
    [column] = records(spark_table({SCHEMA: spark_schema(field)}))
    assert (column["name"], column["type"]) == ("a\ufffd", "struct<in\ufffd:bigint>")
    assert column["parameters"] == {"key\ufffd": "\ufffd"}
    assert notes(spark_table({SCHEMA: spark_schema(field)}, [{"Name": "a\ufffd"}])) == [
        ("a\ufffd", "x\ufffd", False)
    ]


def test_notes_that_cannot_be_read_are_none() -> None:
    for parameters in ({SCHEMA: "{"}, {SCHEMA: "[" * 100_000}, {f"{SCHEMA}.numParts": "2"}):
        table = spark_table(parameters, [{"Name": "id", "Type": "bigint"}])
        assert notes(table) == [("id", None, None)]


def test_nothing_is_lost() -> None:
    table = {"StorageDescriptor": {"Columns": [{"Type": "int"}, {"Name": None}]}}
    assert [(record["name"], record["occurrence"]) for record in records(table)] == [
        ("", 1),
        ("", 2),
    ]


def test_table_with_nothing_but_a_name() -> None:
    assert resolve({"Name": "t"}) == Resolved([], [], "glue")
    assert records({"Name": "t"}) == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (None, True),
        ({}, True),
        ({"iceberg.field.current": None}, True),
        ({"iceberg.field.current": "true"}, True),
        ({"iceberg.field.current": "false"}, False),
    ],
)
def test_is_current(parameters: dict[str, str | None] | None, *, expected: bool) -> None:
    assert is_current({"Name": "a", "Parameters": parameters}) is expected


COLUMNS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "Name": st.sampled_from(["a", "A", "b", "col", ""]) | st.text(),
            "Type": st.sampled_from(["int", "array<string>"]),
            "Comment": st.text(),
            "Parameters": st.none()
            | st.dictionaries(
                st.sampled_from(["iceberg.field.id", "iceberg.field.current", "x"]),
                st.sampled_from(["1", "true", "false"]) | st.text(),
            ),
        },
    ),
    max_size=6,
)
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["long", "struct"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "fields", "name", "metadata", "comment", "elementType"]),
            inner,
            max_size=4,
        )
    ),
)
SPARK_FIELDS = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "A", "b", "B", "c"]), "type": st.just("long") | JSON},
    optional={"metadata": st.dictionaries(st.text(max_size=5), JSON, max_size=2)},
)
SPARK_SCHEMAS = (
    st.text()
    | JSON.map(json.dumps)
    | st.lists(SPARK_FIELDS, max_size=5).map(lambda fields: spark_schema(*fields))
)
SPARK_PARAMETERS = st.one_of(
    st.just({}),
    st.builds(lambda schema: {SCHEMA: schema}, SPARK_SCHEMAS),
    st.builds(in_parts, SPARK_SCHEMAS, st.integers(1, 20)),
    st.dictionaries(
        st.sampled_from([SCHEMA, f"{SCHEMA}.numParts", f"{SCHEMA}.part.0", f"{SCHEMA}.part.1"]),
        st.sampled_from(["0", "1", "2", "-1"]) | SPARK_SCHEMAS,
    ),
)
SPARK_PARTITIONS = st.dictionaries(
    st.sampled_from([f"{SCHEMA}.numPartCols", f"{SCHEMA}.partCol.0", f"{SCHEMA}.partCol.1"]),
    st.sampled_from(["1", "2", "a", "B"]) | st.text(),
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "Name": draw(st.text()),
        "StorageDescriptor": {"Columns": draw(st.just([PLACEHOLDER]) | COLUMNS)},
        "PartitionKeys": draw(COLUMNS),
        "Parameters": draw(SPARK_PARAMETERS) | draw(SPARK_PARTITIONS),
    }


@given(tables())
def test_each_resolved_column_is_one_record(table: dict[str, Any]) -> None:
    resolved = resolve(table)
    found = list(columns(table, resolved, None, {}, OFF))
    assert len(found) == len(resolved.columns) + len(resolved.partition_keys)
    assert len({(record["name"], record["occurrence"]) for record in found}) == len(found)
    assert [record["ordinal_position"] for record in found] == list(range(1, len(found) + 1))
    assert [record["partition_position"] for record in found if record["is_partition_key"]] == (
        list(range(1, len(resolved.partition_keys) + 1))
    )


@given(tables())
def test_no_column_of_glue_but_the_placeholder_is_lost(table: dict[str, Any]) -> None:
    resolved = resolve(table)
    kept = {
        (column.get("Name") or "").lower() for column in resolved.columns + resolved.partition_keys
    }
    given_columns = table["PartitionKeys"] + table["StorageDescriptor"]["Columns"]
    assert {(column.get("Name") or "").lower() for column in given_columns} - kept <= {
        PLACEHOLDER["Name"]
    }
