"""A projection, compiled from a stream's schema: AWS's member -> the record's field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Final, TypeAlias

Json: TypeAlias = "dict[str, Any]"
Schema: TypeAlias = "Mapping[str, Any]"
Convert: TypeAlias = Callable[[Any], Any]

MEMBER: Final = "x-aws-member"
"""The annotation that names, in a schema, the AWS member a property comes from."""


def compile_projection(schema: Schema) -> Callable[[Mapping[str, Any]], Json]:
    """Compile the projection of a stream.

    Args:
        schema: The stream's JSON Schema; properties without the annotation `x-aws-member` are
            derived ones, and not filled here.

    Returns:
        A function from an object of raw Glue JSON to a new record with every property that comes
        from AWS, in the schema's order; None for what AWS left out. Nested objects hold only
        what AWS sent. Keys inside maps and open objects keep AWS's casing.
    """
    fields = _fields(schema)

    def project(raw: Mapping[str, Any]) -> Json:
        record = {}
        for name, member, convert in fields:
            value = raw.get(member)
            record[name] = value if convert is None or value is None else convert(value)
        return record

    return project


def timestamp(value: Any) -> str | None:  # noqa: ANN401 - a number from AWS, text from some emulators
    """Write a point in time the way every record does.

    Args:
        value: Seconds since 1970, as AWS sends them, or ISO 8601 text, as some emulators do.

    Returns:
        ISO 8601 in UTC with microseconds, such that texts sort as times do; None for a number
        beyond the years 1 to 9999. Text that is no time is kept as it is.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
            moment = moment.astimezone(timezone.utc)
        else:
            moment = datetime.fromtimestamp(value, tz=timezone.utc)
    except (ValueError, OverflowError, OSError, TypeError):
        return value if isinstance(value, str) else None
    return moment.isoformat(timespec="microseconds")


def _fields(schema: Schema) -> tuple[tuple[str, str, Convert | None], ...]:
    return tuple(
        (name, field[MEMBER], _converter(field))
        for name, field in schema["properties"].items()
        if MEMBER in field
    )


def _converter(schema: Schema) -> Convert | None:
    """Return what turns AWS's value into the record's, or None where they are the same."""
    if schema.get("format") == "date-time":
        return timestamp
    if "properties" in schema:
        return _object(schema)
    if "items" in schema:
        return _each(_converter(schema["items"]))
    if "additionalProperties" in schema:
        return _map(schema["additionalProperties"])
    return None


def _object(schema: Schema) -> Convert:
    fields = _fields(schema)

    def convert(raw: Any) -> Json:  # noqa: ANN401 - any JSON
        record = {}
        for name, member, inner in fields:
            if member in raw:
                value = raw[member]
                record[name] = value if inner is None or value is None else inner(value)
        return record

    return convert


def _each(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda values: [None if value is None else convert(value) for value in values]


def _map(values: Schema | bool) -> Convert:  # noqa: FBT001 - JSON Schema's own spelling of "any"
    # Maps are copied: the SDK takes deselected keys out of a record, and the raw object is shared.
    convert = None if isinstance(values, bool) else _converter(values)
    if convert is None:
        return dict
    return lambda raw: {
        key: None if value is None else convert(value) for key, value in raw.items()
    }
