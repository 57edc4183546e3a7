"""What Glue's Iceberg metadata and column parameters tell of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_glue_metadata.records.hive_types import from_iceberg

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD_ID: Final = "iceberg.field.id"
"""Column parameter of Iceberg's `IcebergToGlueConverter`, as are the next ones."""
FIELD_OPTIONAL: Final = "iceberg.field.optional"
FIELD_CURRENT: Final = "iceberg.field.current"

_NO_PARTITION: Final = "void"  # the transform of a field that was dropped from the spec


def schema_columns(metadata: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Read the columns of the current schema.

    Args:
        metadata: Glue's `IcebergTableMetadata`.

    Returns:
        The columns, each as Glue's `Column` with the parameters that Iceberg writes there. None
        if no current schema is there.

    Raises:
        ValueError: If a type cannot be read.
    """
    fields = _fields(metadata)
    return None if fields is None else [_column(field) for field in fields]


def schema_type(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the current schema the way the Iceberg spec writes a struct in JSON.

    Args:
        metadata: Glue's `IcebergTableMetadata`.

    Returns:
        The struct, or None if no current schema is there.
    """
    fields = _fields(metadata)
    if fields is None:
        return None
    return {
        "type": "struct",
        "fields": [{key.lower(): value for key, value in field.items()} for field in fields],
    }


def partition_fields(metadata: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the fields of the current partition spec.

    Args:
        metadata: Glue's `IcebergTableMetadata`.

    Returns:
        For each field its `name`, its `transform` and its `source`, the name of the column it is
        made of (dot-joined for a nested one, None if it is not known). Fields that were dropped
        from the spec, whose transform is `void`, are left out. None if no current spec is there.
    """
    spec = _current(metadata.get("PartitionSpecs"), "SpecId", metadata.get("DefaultSpecId"))
    if spec is None:
        return None
    fields = [each for each in spec.get("Fields") or [] if each.get("Transform") != _NO_PARTITION]
    names = _names(schema_type(metadata), {field.get("SourceId") for field in fields})
    return [
        {
            "name": field.get("Name"),
            "transform": field.get("Transform"),
            "source": names.get(field.get("SourceId")),
        }
        for field in fields
    ]


def _current(
    versions: list[dict[str, Any]] | None, id_key: str, current_id: int | None
) -> dict[str, Any] | None:
    """Return the version with an id; the only one needs none."""
    if not versions or len(versions) == 1:
        return versions[0] if versions else None
    if current_id is None:
        return None
    return next((each for each in versions if each.get(id_key) == current_id), None)


def _fields(metadata: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    schema = _current(metadata.get("Schemas"), "SchemaId", metadata.get("CurrentSchemaId"))
    return None if schema is None else schema.get("Fields") or []


def _names(type_: object, wanted: set[Any]) -> dict[int, str]:
    """Return the dot-joined names of the fields with the wanted ids, those in structs included.

    Lists and maps are not entered: the source of a partition field is never in one.
    """
    names = {}
    waiting: list[tuple[object, _Path | None]] = [(type_, None)]
    while waiting:
        type_, above = waiting.pop()
        fields = type_.get("fields") if isinstance(type_, dict) else None
        for field in fields if isinstance(fields, list) else ():
            match field:
                case {"id": int(number), "name": str(name)}:
                    path = _Path(name, above)
                    if number in wanted:
                        names[number] = path.dotted()
                    waiting.append((field.get("type"), path))
    return names


class _Path(NamedTuple):
    """Where a field is: names are joined only for those that are asked for."""

    name: str
    above: _Path | None

    def dotted(self) -> str:
        names = [self.name]
        path = self.above
        while path:
            names.append(path.name)
            path = path.above
        return ".".join(reversed(names))


def _column(field: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {FIELD_OPTIONAL: "false" if field.get("Required") else "true"}
    if field.get("Id") is not None:
        parameters = {FIELD_ID: str(field["Id"]), **parameters}
    column = {
        "Name": field.get("Name"),
        "Type": from_iceberg(field.get("Type")),
        "Parameters": parameters,
    }
    if field.get("Doc"):
        column["Comment"] = field["Doc"]
    return column
