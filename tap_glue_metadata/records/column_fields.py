"""Records of fields: each column of a table with all that is nested in its type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.columns import columns
from tap_glue_metadata.records.notes import NO_NOTE, column_notes, field_notes, find
from tap_glue_metadata.records.type_tree import Node, Primitive, parse, primitive
from tap_glue_metadata.redaction import OFF

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.records.columns import Resolved
    from tap_glue_metadata.records.notes import Note
    from tap_glue_metadata.redaction import Redactor

DEEPEST: Final = 500
"""How deep a type is taken apart; deeper than Spark, Iceberg or Trino can read one.

Each field's record holds its path and its type, so that all records of one type together are as
large as its length times its depth: without an end, a type of 131,072 characters would fill
gigabytes.
"""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_]+")

DERIVED: Final[dict[str, dict[str, Any]]] = {
    "table_name": {
        "type": "string",
        "description": "Name of the table that has the field.",
    },
    "field_path": {
        "type": "string",
        "description": (
            "Names from the column down to the field, dot-joined, in backticks where Spark needs "
            "them. An array has element, a map key and value, a union member0 and up."
        ),
    },
    "occurrence": {
        "type": "integer",
        "description": "1, or 2 and up where the path is there more than once in the table.",
    },
    "column_name": {
        "type": ["string", "null"],
        "description": "Name of the column.",
    },
    "parent_path": {
        "type": ["string", "null"],
        "description": "Path of the field that holds this one, null for a column.",
    },
    "depth": {
        "type": ["integer", "null"],
        "description": "0 for a column, 1 for what is in it, and so on.",
    },
    "ordinal_position": {
        "type": ["integer", "null"],
        "description": "Position from 1 in the field above; of a column, as in columns.",
    },
    "field_name": {
        "type": ["string", "null"],
        "description": "Last name of the path, without backticks.",
    },
    "type": {
        "type": ["string", "null"],
        "description": "Type of the field as Glue holds it.",
    },
    "base_type": {
        "type": ["string", "null"],
        "description": (
            "Type in lower case without its arguments: struct (also of a row), array, map, "
            "uniontype or e.g. decimal; null if the type cannot be parsed."
        ),
    },
    "precision": {
        "type": ["integer", "null"],
        "description": "Digits of a decimal, or of the fraction of a second.",
    },
    "scale": {
        "type": ["integer", "null"],
        "description": "Digits of a decimal after the point.",
    },
    "length": {
        "type": ["integer", "null"],
        "description": "Most characters of a char or varchar, or bytes of a fixed.",
    },
    "is_leaf": {
        "type": ["boolean", "null"],
        "description": (
            "Whether there are no records of fields in it; so too if the type cannot be parsed, "
            f"and at depth {DEEPEST}, the last one, whose type holds what is below."
        ),
    },
    "comment": {
        "type": ["string", "null"],
        "description": "Comment of the column; of a nested field, if Iceberg or Spark tells.",
    },
    "is_nullable": {
        "type": ["boolean", "null"],
        "description": "Whether the field may be null, if Iceberg or Spark tells.",
    },
    "is_current": {
        "type": ["boolean", "null"],
        "description": "False in a column that Iceberg has dropped and Glue still holds.",
    },
    "table_version_id": {
        "type": ["string", "null"],
        "description": "Version of the table at which the field was read.",
    },
    "table_update_time": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the table was last updated.",
    },
}
"""JSON Schema of each field of a field's record."""


def column_fields(
    table: Mapping[str, Any],
    resolved: Resolved,
    table_update_time: str | None,
    keys: Mapping[str, Any],
    redactor: Redactor,
) -> Iterator[dict[str, Any]]:
    """Yield the record of each column of a table and of each field in it, depth first.

    Args:
        table: Glue's `Table`.
        resolved: The table's columns, from `columns.resolve`.
        table_update_time: When the table was last updated, in RFC 3339, or None.
        keys: What each record begins with: the keys of the table's database.
        redactor: Takes secrets out.

    Yields:
        The record: all fields, None where absent.
    """
    notes = column_notes(table)
    occurrences: dict[str, int] = {}
    for column in columns(table, resolved, table_update_time, {}, OFF):
        note = find(notes, column["name"]) if column["is_current"] else NO_NOTE
        for found in _records(column, note, keys):
            record = redactor.value("", found)
            # What is nested in a column has its occurrence, unless that is taken.
            path = record["field_path"]
            occurrences[path] = max(occurrences.get(path, 0) + 1, column["occurrence"])
            record["occurrence"] = occurrences[path]
            yield record


def _records(
    column: Mapping[str, Any], note: Note, keys: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    # What lies above the field at hand: the paths, and what is told of the fields in each.
    paths: list[str | None] = [None]
    notes: list[Mapping[str, Note]] = []
    for node in parse(column["type"] or ""):
        depth = node.depth
        if depth > DEEPEST:
            continue
        del paths[depth + 1 :], notes[depth:]
        if depth:
            note = find(notes[-1], node.name)
        name = node.name if depth else column["name"]
        path = f"{paths[-1]}.{_quoted(name)}" if depth else _quoted(name)
        base_type, precision, scale, length = _base(node)
        yield {
            **keys,
            "table_name": column["table_name"],
            "field_path": path,
            "occurrence": 1,
            "column_name": column["name"],
            "parent_path": paths[-1],
            "depth": depth,
            "ordinal_position": node.position if depth else column["ordinal_position"],
            "field_name": name,
            "type": node.type if depth else column["type"],
            "base_type": base_type,
            "precision": precision,
            "scale": scale,
            "length": length,
            "is_leaf": not node.size or depth == DEEPEST,
            "comment": note.comment if depth else column["comment"],
            "is_nullable": note.is_nullable if depth else column["is_nullable"],
            "is_current": column["is_current"],
            "table_version_id": column["table_version_id"],
            "table_update_time": column["table_update_time"],
        }
        paths.append(path)
        notes.append(field_notes(note.type))


def _base(node: Node) -> Primitive:
    if node.kind:
        return Primitive(node.kind)
    return primitive(node.type) if node.is_parsed else Primitive(None)


def _quoted(name: str) -> str:
    """Write a name in a path, in backticks where Spark's `quoteIfNeeded` puts them."""
    if _PLAIN_NAME.fullmatch(name) and not name.isdigit():
        return name
    return "`" + name.replace("`", "``") + "`"
