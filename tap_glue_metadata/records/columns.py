"""Records of columns: where a table's columns are read, and what each of them becomes."""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tap_glue_metadata.records.hive_types import CHAR_VARCHAR, from_iceberg, from_spark
from tap_glue_metadata.records.table_formats import whole_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_glue_metadata.redaction import Redactor

_SPARK_SCHEMA: Final = "spark.sql.sources.schema"

# Column parameters that Iceberg's IcebergToGlueConverter writes.
_FIELD_ID: Final = "iceberg.field.id"
_FIELD_OPTIONAL: Final = "iceberg.field.optional"
_FIELD_CURRENT: Final = "iceberg.field.current"

DERIVED: Final[dict[str, dict[str, Any]]] = {
    "table_name": {
        "type": "string",
        "description": "Name of the table that has the column.",
    },
    "occurrence": {
        "type": "integer",
        "description": "1, or 2 and up where Glue holds the name more than once in the table.",
    },
    "ordinal_position": {
        "type": ["integer", "null"],
        "description": "Position from 1 across the columns, then the partition keys.",
    },
    "is_partition_key": {
        "type": ["boolean", "null"],
        "description": "Whether the column is a partition key.",
    },
    "partition_position": {
        "type": ["integer", "null"],
        "description": "Position from 1 among the partition keys, null for other columns.",
    },
    "is_current": {
        "type": ["boolean", "null"],
        "description": "False for a column that Iceberg has dropped and Glue still holds.",
    },
    "iceberg_field_id": {
        "type": ["integer", "null"],
        "description": "Iceberg's id of the field, which stays when the column is renamed.",
    },
    "source": {
        "type": ["string", "null"],
        "description": (
            "Where the column was read: glue (Glue's columns), spark (the schema in Spark's table "
            "parameters) or iceberg (the schema in Glue's Iceberg metadata)."
        ),
    },
    "table_version_id": {
        "type": ["string", "null"],
        "description": "Version of the table at which the column was read.",
    },
    "table_update_time": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the table was last updated.",
    },
}
"""JSON Schema of each field of a column's record that is not a member of Glue's `Column`."""


class Resolved(NamedTuple):
    """The columns of a table, from wherever they were read.

    Attributes:
        columns: Each as Glue's `Column`, without the partition keys.
        partition_keys: Each as Glue's `Column`.
        source: Where the columns were read: `glue`, `spark` or `iceberg`.
    """

    columns: list[dict[str, Any]]
    partition_keys: list[dict[str, Any]]
    source: str


class _SparkField(msgspec.Struct):
    """A field of the schema in Spark's table parameters (Spark's `StructField`)."""

    name: str
    type: Any
    metadata: dict[str, Any] | None = None


class _SparkSchema(msgspec.Struct):
    """The schema in Spark's table parameters (Spark's `StructType`)."""

    fields: list[_SparkField]


def resolve(table: Mapping[str, Any]) -> Resolved:
    """Find the columns of a table.

    They are Glue's own, unless those are empty or the single `col array<string>` that Spark's
    `HiveExternalCatalog` writes for a schema Hive cannot hold. Then they come from the schema in
    Spark's table parameters; where Glue has no columns at all, else from the current schema in
    Glue's Iceberg metadata. If that schema cannot be read, Glue's columns stand.

    Args:
        table: Glue's `Table`.

    Returns:
        The columns, the partition keys, and where they were read.
    """
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    glue = Resolved(columns, table.get("PartitionKeys") or [], "glue")
    if columns and not _is_placeholder(columns):
        return glue
    try:
        found = _resolve_spark(table.get("Parameters") or {}, glue.partition_keys)
        if found is None and not columns:
            found = _resolve_iceberg(table.get("IcebergTableMetadata") or {}, glue.partition_keys)
    except (ValueError, RecursionError):
        return glue
    return found or glue


def columns(
    table: Mapping[str, Any],
    resolved: Resolved,
    table_update_time: str | None,
    keys: Mapping[str, Any] = MappingProxyType({}),
    redactor: Redactor | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the record of each column of a table, partition keys last.

    Args:
        table: Glue's `Table`.
        resolved: The table's columns, from `resolve`.
        table_update_time: When the table was last updated, in RFC 3339, or None.
        keys: What each record begins with: the keys of the table's database.
        redactor: Takes secrets out; None leaves them.

    Yields:
        The record: all fields, None where absent.
    """
    # Most of a record is the same for all columns of a table: a copy costs a third of a new one.
    template: dict[str, Any] = {
        **keys,
        "table_name": (table.get("Name") or "") if redactor is None else redactor.texts[table.get("Name") or ""],
        "name": "",
        "occurrence": 1,
        "ordinal_position": None,
        "type": None,
        "comment": None,
        "parameters": None,
        "is_partition_key": False,
        "partition_position": None,
        "is_current": True,
        "iceberg_field_id": None,
        "source": resolved.source,
        "table_version_id": table.get("VersionId"),
        "table_update_time": table_update_time,
    }
    column_count = len(resolved.columns)
    occurrences: dict[str, int] = {}
    for position, column in enumerate(chain(resolved.columns, resolved.partition_keys), 1):
        record = template.copy()
        name, type_, comment = column.get("Name") or "", column.get("Type"), column.get("Comment")
        if redactor is not None:  # no loop: a table has hundreds of columns
            name = redactor.texts[name]
            type_ = type_ and redactor.texts[type_]
            comment = comment and redactor.texts[comment]
        record["name"] = name
        record["ordinal_position"] = position
        record["type"] = type_
        record["comment"] = comment
        occurrences[name] = occurrence = occurrences.get(name, 0) + 1
        if occurrence > 1:
            record["occurrence"] = occurrence
        parameters = column.get("Parameters")
        if parameters is not None:
            record["parameters"] = (
                redactor.value("Parameters", parameters) if redactor else parameters
            )
            record["is_current"] = is_current(column)
            record["iceberg_field_id"] = whole_number(parameters.get(_FIELD_ID))
        if position > column_count:
            record["is_partition_key"] = True
            record["partition_position"] = position - column_count
        yield record


def count_current(columns: Collection[Mapping[str, Any]]) -> int:
    """Count the columns that are part of their table now.

    Args:
        columns: Each as Glue's `Column`.
    """
    # Hardly any has parameters: to look at those alone takes a third of the time.
    marked = [column for column in columns if column.get("Parameters")]
    return len(columns) - len(marked) + sum(map(is_current, marked))


def is_current(column: Mapping[str, Any]) -> bool:
    """Tell whether a column is part of its table now.

    Iceberg's `IcebergToGlueConverter` keeps the columns of former schemas in Glue and marks each
    with the parameter `iceberg.field.current` = `false`.

    Args:
        column: Glue's `Column`.

    Returns:
        False if it is marked so, True for any other.
    """
    parameters = column.get("Parameters")
    return not parameters or (parameters.get(_FIELD_CURRENT) or "").lower() != "false"


def _is_placeholder(columns: list[dict[str, Any]]) -> bool:
    return (
        len(columns) == 1
        and columns[0].get("Name") == "col"
        and columns[0].get("Type") == "array<string>"
    )


def _resolve_spark(
    parameters: Mapping[str, Any], glue_keys: list[dict[str, Any]]
) -> Resolved | None:
    text = _spark_schema(parameters)
    if text is None:
        return None
    schema = msgspec.json.decode(text, type=_SparkSchema)
    columns = [_spark_column(field) for field in schema.fields]
    known = {column["Name"].lower() for column in columns}
    glue_names = [key.get("Name") or "" for key in glue_keys]
    names = _parts(parameters, "numPartCols", "partCol") or glue_names
    keys = [column for name in names if (column := _take(columns, name))]
    keys += [
        key for key, name in zip(glue_keys, glue_names, strict=True) if name.lower() not in known
    ]
    return Resolved(columns, keys, "spark")


def _spark_schema(parameters: Mapping[str, Any]) -> str | None:
    return parameters.get(_SPARK_SCHEMA) or "".join(_parts(parameters, "numParts", "part")) or None


def _parts(parameters: Mapping[str, Any], count_key: str, part_key: str) -> list[str]:
    """Return what Spark's `CatalogTable.splitLargeTableProp` has split over several parameters.

    Raises:
        ValueError: If a part is missing.
    """
    count = int(parameters.get(f"{_SPARK_SCHEMA}.{count_key}") or 0)
    try:
        return [str(parameters[f"{_SPARK_SCHEMA}.{part_key}.{n}"]) for n in range(count)]
    except KeyError as missing:
        raise ValueError(f"no parameter {missing}") from None


def _spark_column(field: _SparkField) -> dict[str, Any]:
    metadata = {
        key: _text(value) for key, value in (field.metadata or {}).items() if value is not None
    }
    type_ = metadata.pop(CHAR_VARCHAR, None) or from_spark(field.type)
    column: dict[str, Any] = {"Name": field.name, "Type": type_}
    if "comment" in metadata:
        column["Comment"] = metadata.pop("comment")
    if metadata:
        column["Parameters"] = metadata
    return column


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _take(columns: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """Remove the column of this name, first of this very case, and return it."""
    same = [column for column in columns if column["Name"].lower() == name.lower()]
    if not same:
        return None
    column = next((column for column in same if column["Name"] == name), same[0])
    columns.remove(column)
    return column


def _resolve_iceberg(
    metadata: Mapping[str, Any], glue_keys: list[dict[str, Any]]
) -> Resolved | None:
    schemas = metadata.get("Schemas") or []
    current_id = metadata.get("CurrentSchemaId")
    if len(schemas) > 1:
        schemas = [
            schema
            for schema in schemas
            if current_id is not None and schema.get("SchemaId") == current_id
        ]
    if not schemas:
        return None
    fields = schemas[0].get("Fields") or []
    return Resolved([_iceberg_column(field) for field in fields], glue_keys, "iceberg")


def _iceberg_column(field: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {_FIELD_OPTIONAL: "false" if field.get("Required") else "true"}
    if field.get("Id") is not None:
        parameters = {_FIELD_ID: str(field["Id"]), **parameters}
    column = {
        "Name": field.get("Name"),
        "Type": from_iceberg(field.get("Type")),
        "Parameters": parameters,
    }
    if field.get("Doc"):
        column["Comment"] = field["Doc"]
    return column
