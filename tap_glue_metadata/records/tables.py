"""The fields of a table's record that Glue does not answer as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.columns import count_current, resolve
from tap_glue_metadata.records.table_formats import (
    classification,
    location,
    statistics,
    table_format,
)
from tap_glue_metadata.records.views import is_view, view_sql

if TYPE_CHECKING:
    from collections.abc import Mapping

DERIVED: Final[dict[str, dict[str, Any]]] = {
    "table_format": {
        "type": ["string", "null"],
        "description": (
            "What the table is: resource_link, iceberg, delta, hudi, view, federated or hive; "
            "null if Glue does not tell."
        ),
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
        "description": "Number of partition keys.",
    },
    "is_partitioned": {
        "type": ["boolean", "null"],
        "description": "Whether the table has partition keys.",
    },
    "is_view": {
        "type": ["boolean", "null"],
        "description": "Whether the table is a view of any kind.",
    },
    "view_sql": {
        "type": ["string", "null"],
        "description": "SQL of the view as it was written.",
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
    return {
        "table_format": table_format(table),
        "classification": classification(table),
        "location": location(table),
        **statistics(table),
        "column_count": count_current(resolved.columns),
        "partition_key_count": len(resolved.partition_keys),
        "is_partitioned": bool(resolved.partition_keys),
        "is_view": is_view(table),
        "view_sql": view_sql(table),
    }
