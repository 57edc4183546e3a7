"""The fields of a table's record that Glue does not answer as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.columns import count_current, resolve
from tap_glue_metadata.records.file_formats import file_format
from tap_glue_metadata.records.iceberg import partition_fields
from tap_glue_metadata.records.parameters import parameter, statistics
from tap_glue_metadata.records.table_formats import TABLE_FORMATS, location, table_format
from tap_glue_metadata.records.views import is_view, view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_glue_metadata.records.columns import Resolved
    from tap_glue_metadata.records.views import View

_FORMAT_NAMES: Final = ", ".join(each.name for each in TABLE_FORMATS)
_VIEW_COMMENTS: Final = ("Presto View", "Presto Materialized View")  # by Athena and Trino, to all

DERIVED: Final[dict[str, dict[str, Any]]] = {
    "description": {
        "type": ["string", "null"],
        "description": (
            "Glue API: Table.Description (DescriptionString), else the comment of the view or the "
            "parameter comment."
        ),
    },
    "table_format": {
        "type": ["string", "null"],
        "description": (
            f"What the table is, the first that holds: {_FORMAT_NAMES}; null if Glue does not tell."
        ),
    },
    "file_format": {
        "type": ["string", "null"],
        "description": "Format of the files or messages, e.g. parquet; null if Glue does not tell.",
    },
    "classification": {
        "type": ["string", "null"],
        "description": "Classification that a crawler or an author gave, e.g. parquet.",
    },
    "location": {
        "type": ["string", "null"],
        "description": "Where the data is stored, without Spark's placeholders.",
    },
    "record_count": {
        "type": ["integer", "null"],
        "description": "Number of records at the last crawl or statistics run.",
    },
    "size_bytes": {
        "type": ["integer", "null"],
        "description": "Size of the data in bytes at the last crawl or statistics run.",
    },
    "object_count": {
        "type": ["integer", "null"],
        "description": "Number of files or objects at the last crawl or statistics run.",
    },
    "average_record_size": {
        "type": ["integer", "null"],
        "description": "Average size of a record in bytes at the last crawl.",
    },
    "column_count": {
        "type": ["integer", "null"],
        "description": "Number of current columns, without the partition keys.",
    },
    "partition_key_count": {
        "type": ["integer", "null"],
        "description": (
            "Number of partition keys, for Iceberg of partition fields; null where Glue does not "
            "hold Iceberg's partition spec, and for resource links."
        ),
    },
    "is_partitioned": {
        "type": ["boolean", "null"],
        "description": "Whether the table has any; null where partition_key_count is null.",
    },
    "partition_fields": {
        "type": ["array", "null"],
        "items": {
            "type": ["object", "null"],
            "properties": {
                name: {"type": ["string", "null"], "description": description}
                for name, description in (
                    ("name", "Name of the partition field."),
                    ("transform", "How it is made of its source, e.g. identity or bucket[16]."),
                    ("source", "Column that it is made of, dot-joined where it is nested."),
                )
            },
        },
        "description": "Fields of Iceberg's partition spec, where Glue holds it.",
    },
    "is_view": {
        "type": ["boolean", "null"],
        "description": "Whether the table is a view of any kind.",
    },
    "view_sql": {
        "type": ["string", "null"],
        "description": "SQL of the view as it was written; null if it cannot be decoded.",
    },
    "view_dialect": {
        "type": ["string", "null"],
        "description": "Dialect of view_sql, e.g. athena, trino, spark or redshift, if it is told.",
    },
    "view_default_catalog": {
        "type": ["string", "null"],
        "description": "Catalog in which view_sql finds names without one, if it is told.",
    },
    "view_default_database": {
        "type": ["string", "null"],
        "description": "Database in which view_sql finds names without one, if it is told.",
    },
}
"""JSON Schema of each field that `derive` returns."""


def derive(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a table's record that are ours.

    Args:
        table: Glue's `Table`.

    Returns:
        Each field of `DERIVED`, in its order.
    """
    resolved = resolve(table)
    format_ = table_format(table)
    query = view(table)
    is_known = bool(resolved.columns) or format_ != "resource_link"
    return {
        "description": _description(table, query),
        "table_format": format_,
        "file_format": file_format(table, format_),
        "classification": parameter(table, "classification"),
        "location": location(table),
        **statistics(table),
        "column_count": count_current(resolved.columns) if is_known else None,
        **_partitioning(table, resolved, format_),
        "is_view": is_view(table),
        "view_sql": query.sql,
        "view_dialect": query.dialect,
        "view_default_catalog": query.catalog,
        "view_default_database": query.database,
    }


def _description(table: Mapping[str, Any], query: View) -> str | None:
    comment = (table.get("Parameters") or {}).get("comment")
    own = table.get("Description")
    return own or query.comment or (None if comment in _VIEW_COMMENTS else comment) or own


def _partitioning(
    table: Mapping[str, Any], resolved: Resolved, format_: str | None
) -> dict[str, Any]:
    """Return how a table is partitioned, None where Glue does not know it."""
    metadata = table.get("IcebergTableMetadata")
    fields = partition_fields(metadata) if metadata else None
    keys: list[Any] = resolved.partition_keys if fields is None else fields
    # Iceberg keeps its partition spec to itself, and a link its target's keys.
    is_known = bool(keys) or fields is not None or format_ not in ("iceberg", "resource_link")
    return {
        "partition_key_count": len(keys) if is_known else None,
        "is_partitioned": bool(keys) if is_known else None,
        "partition_fields": fields,
    }
