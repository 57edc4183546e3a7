"""Hive type strings, as Glue's columns hold them, from the JSON types of Spark and of Iceberg."""

from __future__ import annotations

from typing import Final

CHAR_VARCHAR: Final = "__CHAR_VARCHAR_TYPE_STRING"
"""Key in the metadata of a Spark field (`CharVarcharUtils`) that holds its true Hive type."""

_SPARK: Final = {
    "long": "bigint",
    "integer": "int",
    "short": "smallint",
    "byte": "tinyint",
    "null": "void",
    "decimal": "decimal(10,0)",
}
_ICEBERG: Final = {
    "long": "bigint",
    "time": "string",
    "uuid": "string",
    "timestamptz": "timestamp",
}


def from_spark(type_: object) -> str:
    """Return the Hive type of a Spark type.

    The mapping is Spark's `DataType.catalogString`.

    Args:
        type_: What Spark's `DataType.json` holds: a name such as `"long"`, or an object whose
            `type` is `struct`, `array`, `map` or `udt`.

    Returns:
        The type string, e.g. `struct<id:bigint,tags:array<string>>`. Unknown names stay.

    Raises:
        ValueError: If this is no type, or is nested too deep to read.
    """
    try:
        return _spark(type_)
    except RecursionError:
        raise ValueError("Spark type is nested too deep") from None


def from_iceberg(type_: object) -> str:
    """Return the Hive type of an Iceberg type.

    The mapping is Iceberg's `IcebergToGlueConverter.toTypeString`.

    Args:
        type_: What the Iceberg table spec's JSON holds: a name such as `"long"`, or an object
            whose `type` is `struct`, `list` or `map`.

    Returns:
        The type string, e.g. `struct<id:bigint,tags:array<string>>`. Unknown names stay.

    Raises:
        ValueError: If this is no type, or is nested too deep to read.
    """
    try:
        return _iceberg(type_)
    except RecursionError:
        raise ValueError("Iceberg type is nested too deep") from None


def _spark(type_: object) -> str:
    match type_:
        case str() if type_:
            return _SPARK.get(type_, type_)
        case {"type": "struct", "fields": [*fields]}:
            return f"struct<{','.join(map(_spark_field, fields))}>"
        case {"type": "array", "elementType": element}:
            return f"array<{_spark(element)}>"
        case {"type": "map", "keyType": key, "valueType": value}:
            return f"map<{_spark(key)},{_spark(value)}>"
        case {"type": "udt", "sqlType": sql_type}:
            return _spark(sql_type)
    raise ValueError("not a Spark type")


def _spark_field(field: object) -> str:
    match field:
        case {"name": str(name), "metadata": {**metadata}} if metadata.get(CHAR_VARCHAR):
            return f"{name}:{metadata[CHAR_VARCHAR]}"
        case {"name": str(name), "type": type_}:
            return f"{name}:{_spark(type_)}"
    raise ValueError("not a field of a Spark struct")


def _iceberg(type_: object) -> str:
    match type_:
        case str() if type_:
            return _iceberg_primitive(type_)
        case {"type": "struct", "fields": [*fields]}:
            return f"struct<{','.join(map(_iceberg_field, fields))}>"
        case {"type": "list", "element": element}:
            return f"array<{_iceberg(element)}>"
        case {"type": "map", "key": key, "value": value}:
            return f"map<{_iceberg(key)},{_iceberg(value)}>"
    raise ValueError("not an Iceberg type")


def _iceberg_primitive(name: str) -> str:
    if name.startswith("decimal("):
        return name.replace(" ", "")
    if name.startswith("fixed["):
        return "binary"
    return _ICEBERG.get(name, name)


def _iceberg_field(field: object) -> str:
    match field:
        case {"name": str(name), "type": type_}:
            return f"{name}:{_iceberg(type_)}"
    raise ValueError("not a field of an Iceberg struct")
