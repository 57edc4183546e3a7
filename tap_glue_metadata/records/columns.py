"""Records of columns: where a table's columns are read, and what each of them becomes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_glue_metadata.records import iceberg, spark
from tap_glue_metadata.records.notes import NO_NOTES, column_notes, find
from tap_glue_metadata.records.parameters import whole_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_glue_metadata.records.notes import Note
    from tap_glue_metadata.redaction import Redactor

_MEMBERS: Final = frozenset({"Name", "Type", "Comment", "Parameters"})
_BOOLEANS: Final = {"true": True, "false": False}

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
    "comment": {
        "type": ["string", "null"],
        "description": (
            "Glue API: Column.Comment (CommentString), else the comment that Spark's table "
            "parameters or Glue's Iceberg metadata hold."
        ),
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
    "is_nullable": {
        "type": ["boolean", "null"],
        "description": "Whether the column may be null, if Iceberg or Spark tells.",
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
"""JSON Schema of each field of a column's record that is more than a member of Glue's `Column`."""


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
    keys: Mapping[str, Any],
    redactor: Redactor,
) -> Iterator[dict[str, Any]]:
    """Yield the record of each column of a table, partition keys last.

    Args:
        table: Glue's `Table`.
        resolved: The table's columns, from `resolve`.
        table_update_time: When the table was last updated, in RFC 3339, or None.
        keys: What each record begins with: the keys of the table's database.
        redactor: Takes secrets out.

    Yields:
        The record: all fields, None where absent.
    """
    # Most of a record is the same for all columns of a table: a copy costs a third of a new one.
    clear = redactor.texts  # what is left of a text
    template: dict[str, Any] = {
        **keys,
        "table_name": clear[table.get("Name") or ""],
        "name": "",
        "occurrence": 1,
        "ordinal_position": None,
        "type": None,
        "comment": None,
        "parameters": None,
        "is_partition_key": False,
        "partition_position": None,
        "is_current": True,
        "is_nullable": None,
        "iceberg_field_id": None,
        "source": resolved.source,
        "table_version_id": redactor.value("", table.get("VersionId")),
        "table_update_time": table_update_time,
        "additional_members": None,
    }
    notes = column_notes(table)
    column_count = len(resolved.columns)
    occurrences: dict[str, int] = {}
    unknown = _unknown(resolved, redactor)
    for position, column in enumerate(chain(resolved.columns, resolved.partition_keys), 1):
        record = template.copy()
        own_name = column.get("Name") or ""
        record["name"] = name = clear[own_name]
        record["ordinal_position"] = position
        if (type_ := column.get("Type")) is not None:
            record["type"] = clear[type_]
        if (comment := column.get("Comment")) is not None:
            record["comment"] = clear[comment]
        if name in occurrences:
            record["occurrence"] = occurrences[name] = occurrences[name] + 1
        else:
            occurrences[name] = 1
        parameters = column.get("Parameters")
        if parameters is not None:
            record["parameters"] = redactor.value("Parameters", parameters)
            record["is_current"] = is_current(column)
            record["is_nullable"] = _is_optional(parameters)
            record["iceberg_field_id"] = whole_number(parameters.get(iceberg.FIELD_ID))
        if notes is not NO_NOTES and record["is_current"]:
            _fill_from(find(notes, own_name), record, redactor)
        if position in unknown:
            record["additional_members"] = unknown[position]
        if position > column_count:
            record["is_partition_key"] = True
            record["partition_position"] = position - column_count
        yield record


def _unknown(resolved: Resolved, redactor: Redactor) -> dict[int, dict[str, Any]]:
    """Return the members that the service model does not know, by the column's position."""
    if set[str]().union(*resolved.columns, *resolved.partition_keys) <= _MEMBERS:
        return {}
    return {
        position: redactor.value("", unknown)
        for position, column in enumerate(chain(resolved.columns, resolved.partition_keys), 1)
        if (unknown := {member: column[member] for member in column if member not in _MEMBERS})
    }


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
    return not parameters or (parameters.get(iceberg.FIELD_CURRENT) or "").lower() != "false"


def _is_optional(parameters: Mapping[str, Any]) -> bool | None:
    return _BOOLEANS.get((parameters.get(iceberg.FIELD_OPTIONAL) or "").lower())


def _fill_from(note: Note, record: dict[str, Any], redactor: Redactor) -> None:
    """Fill what Glue leaves open."""
    if not record["comment"] and note.comment:
        record["comment"] = redactor.texts[note.comment]
    if record["is_nullable"] is None:
        record["is_nullable"] = note.is_nullable


def _is_placeholder(columns: list[dict[str, Any]]) -> bool:
    return (
        len(columns) == 1
        and columns[0].get("Name") == "col"
        and columns[0].get("Type") == "array<string>"
    )


def _resolve_spark(
    parameters: Mapping[str, Any], glue_keys: list[dict[str, Any]]
) -> Resolved | None:
    columns = spark.schema_columns(parameters)
    if columns is None:
        return None
    known = {column["Name"].lower() for column in columns}
    glue_names = [key.get("Name") or "" for key in glue_keys]
    names = spark.partition_names(parameters) or glue_names
    keys = [column for name in names if (column := _take(columns, name))]
    keys += [
        key for key, name in zip(glue_keys, glue_names, strict=True) if name.lower() not in known
    ]
    return Resolved(columns, keys, "spark")


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
    columns = iceberg.schema_columns(metadata)
    return None if columns is None else Resolved(columns, glue_keys, "iceberg")
