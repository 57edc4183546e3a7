from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_glue_metadata.records.column_fields import DEEPEST, DERIVED, column_fields
from tap_glue_metadata.records.columns import columns, resolve
from tap_glue_metadata.redaction import OFF, redactor

SPARK = "spark.sql.sources.schema"


def fields(table: dict[str, Any]) -> list[dict[str, Any]]:
    return list(column_fields(table, resolve(table), "2025-01-02T03:04:05Z", {"region": "r"}, OFF))


def table(*types: str | None, **members: Any) -> dict[str, Any]:
    found = [{"Name": f"c{number}", "Type": type_} for number, type_ in enumerate(types)]
    return {"Name": "t", "StorageDescriptor": {"Columns": found}, **members}


def paths(table: dict[str, Any]) -> list[str]:
    return [record["field_path"] for record in fields(table)]


def test_a_column_and_what_is_in_it() -> None:
    found = fields(table("int", "struct<Id:decimal(9,2),tags:map<varchar(5),int>>", VersionId="7"))
    assert found[1] == {
        "region": "r",
        "table_name": "t",
        "field_path": "c1",
        "occurrence": 1,
        "column_name": "c1",
        "parent_path": None,
        "depth": 0,
        "ordinal_position": 2,
        "field_name": "c1",
        "type": "struct<Id:decimal(9,2),tags:map<varchar(5),int>>",
        "base_type": "struct",
        "precision": None,
        "scale": None,
        "length": None,
        "is_leaf": False,
        "comment": None,
        "is_nullable": None,
        "is_current": True,
        "table_version_id": "7",
        "table_update_time": "2025-01-02T03:04:05Z",
    }
    assert found[2] == found[1] | {
        "field_path": "c1.Id",
        "parent_path": "c1",
        "depth": 1,
        "ordinal_position": 1,
        "field_name": "Id",
        "type": "decimal(9,2)",
        "base_type": "decimal",
        "precision": 9,
        "scale": 2,
        "is_leaf": True,
    }
    assert [(record["field_path"], record["parent_path"]) for record in found[3:]] == [
        ("c1.tags", "c1"),
        ("c1.tags.key", "c1.tags"),
        ("c1.tags.value", "c1.tags"),
    ]
    assert found[4]["length"] == 5
    assert [list(record)[1:] for record in found] == [list(DERIVED)] * len(found)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Id_1", "Id_1"),
        ("a.b", "`a.b`"),
        ("a`b", "`a``b`"),
        ("12", "`12`"),
        ("größe", "`größe`"),
        ("", "``"),
    ],
)
def test_names_are_quoted_as_spark_does(name: str, path: str) -> None:
    found = {"StorageDescriptor": {"Columns": [{"Name": name, "Type": f"struct<{name}:int>"}]}}
    assert paths(found) == [path, f"{path}.{path}"]
    assert [record["field_name"] for record in fields(found)] == [name, name]


@pytest.mark.parametrize("type_", [None, "", "array<int", "struct<a int>", "?<>"])
def test_a_type_that_cannot_be_parsed_is_one_leaf(type_: str | None) -> None:
    (found,) = fields(table(type_))
    assert (found["type"], found["base_type"], found["is_leaf"]) == (type_, None, True)


def test_a_struct_of_nothing_is_a_leaf() -> None:
    (found,) = fields(table("struct<>"))
    assert (found["base_type"], found["is_leaf"]) == ("struct", True)


def test_the_same_path_twice_is_two_occurrences() -> None:
    twice = [
        {"Name": "a", "Type": "struct<x:int,x:int>"},
        {"Name": "a", "Type": "struct<x:int,y:int>"},
    ]
    assert [
        (record["field_path"], record["occurrence"])
        for record in fields({"StorageDescriptor": {"Columns": twice}})
    ] == [("a", 1), ("a.x", 1), ("a.x", 2), ("a", 2), ("a.x", 3), ("a.y", 2)]


@pytest.mark.parametrize(
    ("type_", "rows"),
    [
        ("array<" * 142_857 + "int" + ">" * 142_857, DEEPEST + 1),
        ("array<" * DEEPEST + "int" + ">" * DEEPEST, DEEPEST + 1),
        ("array<" * 166_667, 1),
    ],
)
def test_the_deepest_field_keeps_its_type(type_: str, rows: int) -> None:
    count = 0
    for record in column_fields(found := table(type_), resolve(found), None, {}, OFF):
        last = record
        count += 1
    assert count == rows
    assert last["is_leaf"]
    assert last["depth"] == rows - 1
    assert last["type"] == type_[6 * (rows - 1) : len(type_) - (rows - 1 if rows > 1 else 0)]


def test_comment_and_nullability_of_nested_fields_of_spark() -> None:
    inner = {
        "type": "struct",
        "fields": [
            {"name": "City", "type": "string", "nullable": False, "metadata": {"comment": "Where"}}
        ],
    }
    schema = {
        "type": "struct",
        "fields": [
            {
                "name": "Places",
                "type": {"type": "array", "elementType": inner, "containsNull": False},
                "nullable": True,
                "metadata": {"comment": "All"},
            },
            {
                "name": "m",
                "type": {
                    "type": "map",
                    "keyType": "string",
                    "valueType": {"type": "udt", "sqlType": inner},
                    "valueContainsNull": True,
                },
            },
        ],
    }
    glue = [
        {"Name": "places", "Type": "array<struct<city:string>>"},
        {"Name": "m", "Type": "map<string,struct<City:string>>"},
        {"Name": "n", "Type": "array<int>"},
    ]
    beside = {"StorageDescriptor": {"Columns": glue}, "Parameters": {SPARK: json.dumps(schema)}}
    expected = [
        ("places", "All", True),
        ("places.element", None, False),
        ("places.element.city", "Where", False),
        ("m", None, None),
        ("m.key", None, False),
        ("m.value", None, True),
        ("m.value.City", "Where", False),
        ("n", None, None),
        ("n.element", None, None),
    ]
    assert notes(beside) == expected
    instead = beside | {"StorageDescriptor": {"Columns": []}}
    assert [told for _, *told in notes(instead)] == [told for _, *told in expected[:7]]


def notes(table: dict[str, Any]) -> list[tuple[str, str | None, bool | None]]:
    return [
        (record["field_path"], record["comment"], record["is_nullable"]) for record in fields(table)
    ]


def test_comment_and_nullability_of_nested_fields_of_iceberg() -> None:
    place = {
        "type": "struct",
        "fields": [{"id": 3, "name": "city", "required": True, "type": "string", "doc": "Where"}],
    }
    listed = {"type": "list", "element-id": 2, "element": place, "element-required": True}
    mapped = {"type": "map", "key": "string", "value": "int", "value-required": False}
    schema = {
        "Fields": [
            {"Id": 1, "Name": "places", "Type": listed, "Required": False, "Doc": "All"},
            {"Id": 4, "Name": "m", "Type": mapped, "Required": True},
        ]
    }
    dropped = {"iceberg.field.current": "false"}
    glue = [
        {"Name": "places", "Type": "array<struct<city:string>>"},
        {"Name": "m", "Type": "map<string,int>"},
        {"Name": "places", "Type": "array<struct<city:string>>", "Parameters": dropped},
    ]
    found = {
        "StorageDescriptor": {"Columns": glue},
        "IcebergTableMetadata": {"Schemas": [schema]},
    }
    expected = [
        ("places", "All", True),
        ("places.element", None, False),
        ("places.element.city", "Where", False),
        ("m", None, False),
        ("m.key", None, False),
        ("m.value", None, True),
    ]
    assert notes(found) == [
        *expected,
        ("places", None, None),
        ("places.element", None, None),
        ("places.element.city", None, None),
    ]
    assert [record["is_current"] for record in fields(found)] == [True] * 6 + [False] * 3
    assert notes(found | {"StorageDescriptor": None}) == expected


def test_partition_keys_come_last() -> None:
    found = table("int", PartitionKeys=[{"Name": "day", "Type": "date"}])
    assert [(r["field_path"], r["ordinal_position"]) for r in fields(found)] == [
        ("c0", 1),
        ("day", 2),
    ]


TYPES = st.recursive(
    st.sampled_from(["int", "decimal(10,2)", "varchar(3)", "", "?<", "row(a int)"]),
    lambda inner: (
        inner.map(lambda type_: f"array<{type_}>")
        | st.lists(st.tuples(st.sampled_from(["a", "A", "b.c", "`", "é"]), inner), max_size=3).map(
            lambda found: "struct<" + ",".join(f"{name}:{type_}" for name, type_ in found) + ">"
        )
    ),
)


@pytest.mark.parametrize("make", [columns, column_fields])
def test_no_secret_is_in_a_record(make: Any) -> None:
    url = "ftp://reader:canary@example.com/x"
    schema = {"fields": [{"name": url, "type": "int", "metadata": {"comment": url}}]}
    docs = {"Schemas": [{"Fields": [{"Id": 1, "Name": url, "Type": "long", "Doc": url}]}]}
    nested = f"struct<`{url}`:int comment '{url}'>"
    for secret in (
        table(nested, Name=url, VersionId=url),
        table(nested, IcebergTableMetadata=docs),
        {"Name": url, "Parameters": {SPARK: json.dumps(schema)}},
    ):
        records = list(make(secret, resolve(secret), None, {}, redactor()))
        assert "example.com" in str(records)
        assert "canary" not in str(records)


COLUMNS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"Name": st.sampled_from(["a", "A", "a.b", ""]) | st.text(), "Type": TYPES}
    ),
    max_size=4,
)


@given(COLUMNS)
def test_each_column_has_a_record_and_each_record_a_key(found: list[dict[str, Any]]) -> None:
    any_table = {"Name": "t", "StorageDescriptor": {"Columns": found}}
    records = fields(any_table)
    keys = {(record["field_path"], record["occurrence"]) for record in records}
    assert len(keys) == len(records)
    assert {record["parent_path"] for record in records} - {None} <= {path for path, _ in keys}
    at_top = [record for record in records if record["depth"] == 0]
    assert [(r["column_name"], r["occurrence"], r["type"]) for r in at_top] == [
        (r["name"], r["occurrence"], r["type"])
        for r in columns(any_table, resolve(any_table), None, {}, OFF)
    ]
    validator = Draft7Validator({"properties": DERIVED})
    for record in islice(records, 20):
        validator.validate(record)
