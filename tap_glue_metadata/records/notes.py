"""What Spark and Iceberg tell of a column or a field beyond its type: comment and nullability."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_glue_metadata.records import iceberg, spark

if TYPE_CHECKING:
    from collections.abc import Mapping


class Note(NamedTuple):
    """What is told of one column or field.

    Attributes:
        comment: The comment, if there is one.
        is_nullable: Whether it may be null; None if that is not told.
        type: Its type as JSON of Spark or of Iceberg, for the notes of the fields in it.
    """

    comment: str | None = None
    is_nullable: bool | None = None
    type: object = None


NO_NOTE: Final = Note()
NO_NOTES: Final[Mapping[str, Note]] = MappingProxyType({})


def column_notes(table: Mapping[str, Any]) -> Mapping[str, Note]:
    """Return what Spark's table parameters, else Glue's Iceberg metadata tell of the columns.

    Args:
        table: Glue's `Table`.

    Returns:
        The notes, to be looked up by `find`; empty for most tables, or if they cannot be read.
    """
    parameters = table.get("Parameters")
    metadata = table.get("IcebergTableMetadata")
    try:
        schema = spark.schema_type(parameters) if parameters else None
    except (ValueError, RecursionError):
        schema = None
    if schema is None and metadata:
        schema = iceberg.schema_type(metadata)
    return field_notes(schema) if schema else NO_NOTES


def field_notes(type_: object) -> Mapping[str, Note]:
    """Return what a type tells of the fields in it.

    Args:
        type_: A type as JSON of Spark (`DataType.json`) or of the Iceberg table spec.

    Returns:
        The notes, to be looked up by `find`: of a struct's fields, of the `element` of an array,
        of the `key` and the `value` of a map. Empty for any other type.
    """
    while isinstance(type_, dict) and type_.get("type") == "udt":
        type_ = type_.get("sqlType")
    match type_:
        case {"type": "struct", "fields": [*fields]}:
            return _struct_notes(fields)
        case {"type": "array", "elementType": element, **rest}:
            return {"element": Note(type=element, is_nullable=_bool(rest.get("containsNull")))}
        case {"type": "list", "element": element, **rest}:
            is_nullable = _optional(rest.get("element-required"))
            return {"element": Note(type=element, is_nullable=is_nullable)}
        case {"type": "map", "keyType": key, "valueType": value, **rest}:
            return _map_notes(key, value, _bool(rest.get("valueContainsNull")))
        case {"type": "map", "key": key, "value": value, **rest}:
            return _map_notes(key, value, _optional(rest.get("value-required")))
    return NO_NOTES


def find(notes: Mapping[str, Note], name: str) -> Note:
    """Look a note up.

    Args:
        notes: From `column_notes` or `field_notes`.
        name: Of the column or field; Glue may hold it in lower case.

    Returns:
        The note of the very name, else of the name in another case, else one that tells nothing.
    """
    return notes.get(name) or notes.get(name.lower()) or NO_NOTE


def _map_notes(key: object, value: object, is_nullable: bool | None) -> dict[str, Note]:  # noqa: FBT001 - what is told of the value
    return {
        "key": Note(type=key, is_nullable=False),
        "value": Note(type=value, is_nullable=is_nullable),
    }


def _struct_notes(fields: list[Any]) -> dict[str, Note]:
    notes = {}
    for field in fields:
        match field:
            case {"name": str(name)}:
                notes[name] = _field_note(field)
    return {name.lower(): note for name, note in notes.items()} | notes


def _field_note(field: Mapping[str, Any]) -> Note:
    metadata = field.get("metadata")  # Spark's; Iceberg's spec has `doc` and `required`
    comment = metadata.get("comment") if isinstance(metadata, dict) else field.get("doc")
    is_nullable = _bool(field.get("nullable"))
    return Note(
        comment=comment if comment and isinstance(comment, str) else None,
        is_nullable=_optional(field.get("required")) if is_nullable is None else is_nullable,
        type=field.get("type"),
    )


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _optional(required: object) -> bool | None:
    return not required if isinstance(required, bool) else None
