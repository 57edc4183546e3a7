from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.hive_types import from_iceberg, from_spark

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)


def spark_struct(*fields: tuple[str, Any]) -> dict[str, Any]:
    return {
        "type": "struct",
        "fields": [
            {"name": name, "type": type_, "nullable": True, "metadata": {}}
            for name, type_ in fields
        ],
    }


def iceberg_struct(*fields: tuple[str, Any]) -> dict[str, Any]:
    return {
        "type": "struct",
        "fields": [
            {"id": number, "name": name, "required": False, "type": type_}
            for number, (name, type_) in enumerate(fields, 1)
        ],
    }


def structs(make: Callable[..., dict[str, Any]], types: Any) -> Any:
    return st.lists(st.tuples(NAMES, types), max_size=4).map(lambda fields: make(*fields))


SPARK_TYPES = st.recursive(
    st.sampled_from(["long", "integer", "string", "decimal", "decimal(10,2)", "void", "variant"]),
    lambda types: (
        structs(spark_struct, types)
        | st.builds(
            lambda element: {"type": "array", "elementType": element, "containsNull": True}, types
        )
        | st.builds(
            lambda key, value: {"type": "map", "keyType": key, "valueType": value}, types, types
        )
        | st.builds(lambda type_: {"type": "udt", "sqlType": type_}, types)
    ),
)
ICEBERG_TYPES = st.recursive(
    st.sampled_from(["long", "int", "uuid", "decimal(9, 2)", "fixed[16]", "timestamptz", "time"]),
    lambda types: (
        structs(iceberg_struct, types)
        | st.builds(lambda element: {"type": "list", "element": element}, types)
        | st.builds(lambda key, value: {"type": "map", "key": key, "value": value}, types, types)
    ),
)


def is_balanced(type_: str) -> bool:
    depth = 0
    for character in type_:
        depth += (character == "<") - (character == ">")
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize(
    ("spark", "hive"),
    [
        ("long", "bigint"),
        ("integer", "int"),
        ("short", "smallint"),
        ("byte", "tinyint"),
        ("null", "void"),
        ("void", "void"),
        ("decimal", "decimal(10,0)"),
        ("decimal(38,18)", "decimal(38,18)"),
        ("varchar(10)", "varchar(10)"),
        ("timestamp_ntz", "timestamp_ntz"),
        ("variant", "variant"),
        ({"type": "array", "elementType": "long", "containsNull": True}, "array<bigint>"),
        ({"type": "map", "keyType": "string", "valueType": "byte"}, "map<string,tinyint>"),
        ({"type": "udt", "class": "org.apache.X", "sqlType": "short"}, "smallint"),
        (spark_struct(), "struct<>"),
        (
            spark_struct(
                ("Id", "long"), ("tags", {"type": "array", "elementType": spark_struct(("k", "x"))})
            ),
            "struct<Id:bigint,tags:array<struct<k:x>>>",
        ),
    ],
)
def test_from_spark(spark: object, hive: str) -> None:
    assert from_spark(spark) == hive


def test_from_spark_reads_the_true_type_of_a_char_or_varchar_field() -> None:
    field = {
        "name": "code",
        "type": "string",
        "nullable": True,
        "metadata": {"__CHAR_VARCHAR_TYPE_STRING": "varchar(10)"},
    }
    assert from_spark({"type": "struct", "fields": [field]}) == "struct<code:varchar(10)>"


@pytest.mark.parametrize(
    ("iceberg", "hive"),
    [
        ("boolean", "boolean"),
        ("int", "int"),
        ("long", "bigint"),
        ("time", "string"),
        ("uuid", "string"),
        ("timestamp", "timestamp"),
        ("timestamptz", "timestamp"),
        ("fixed[16]", "binary"),
        ("binary", "binary"),
        ("decimal(9, 2)", "decimal(9,2)"),
        ("decimal(9,2)", "decimal(9,2)"),
        ("variant", "variant"),
        ({"type": "list", "element-id": 3, "element": "uuid"}, "array<string>"),
        ({"type": "map", "key": "string", "value": "long"}, "map<string,bigint>"),
        (
            iceberg_struct(("lat", "double"), ("at", iceberg_struct(("t", "timestamptz")))),
            "struct<lat:double,at:struct<t:timestamp>>",
        ),
    ],
)
def test_from_iceberg(iceberg: object, hive: str) -> None:
    assert from_iceberg(iceberg) == hive


@pytest.mark.parametrize("convert", [from_spark, from_iceberg])
@pytest.mark.parametrize(
    "nothing",
    [
        None,
        "",
        1,
        [],
        {},
        {"type": "struct"},
        {"type": "struct", "fields": {}},
        {"type": "struct", "fields": ["a"]},
        {"type": "struct", "fields": [{"name": "a"}]},
        {"type": "struct", "fields": [{"name": 1, "type": "int"}]},
        {"type": "array"},
        {"type": "list"},
        {"type": "map", "keyType": "string", "key": "string"},
        {"type": "udt"},
    ],
)
def test_what_is_no_type_is_a_value_error(
    convert: Callable[[object], str], nothing: object
) -> None:
    with pytest.raises(ValueError, match="not a"):
        convert(nothing)


@pytest.mark.parametrize(
    ("convert", "kind", "element"),
    [(from_spark, "array", "elementType"), (from_iceberg, "list", "element")],
)
def test_too_deep_a_type_is_a_value_error(
    convert: Callable[[object], str], kind: str, element: str
) -> None:
    type_: object = "int"
    for _ in range(100_000):
        type_ = {"type": kind, element: type_}
    with pytest.raises(ValueError, match="too deep"):
        convert(type_)


@given(SPARK_TYPES)
def test_a_spark_type_becomes_a_balanced_and_stable_one(type_: Any) -> None:
    hive = from_spark(type_)
    assert is_balanced(hive)
    assert from_spark(hive) == hive


@given(ICEBERG_TYPES)
def test_an_iceberg_type_becomes_a_balanced_and_stable_one(type_: Any) -> None:
    hive = from_iceberg(type_)
    assert is_balanced(hive)
    assert " " not in hive
    assert from_iceberg(hive) == hive


@given(JSON)
@pytest.mark.parametrize("convert", [from_spark, from_iceberg])
def test_any_json_is_a_type_or_a_value_error(convert: Callable[[object], str], json: Any) -> None:
    with suppress(ValueError):
        assert convert(json)
