"""A projection, compiled from a stream's schema: AWS's member -> the record's field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tap_glue_metadata.redaction.keys import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_glue_metadata.redaction import Redactor

Json: TypeAlias = "dict[str, Any]"
Schema: TypeAlias = "Mapping[str, Any]"
Convert: TypeAlias = Callable[[Any], Any]

MEMBER: Final = "x-aws-member"
"""The annotation that names, in a schema, the AWS member a property comes from."""


_LAST_SECOND: Final = 253_402_300_799  # of the year 9999


def compile_projection(schema: Schema, redactor: Redactor) -> Callable[[Mapping[str, Any]], Json]:
    """Compile the projection of a stream.

    Args:
        schema: The stream's JSON Schema; properties without the annotation `x-aws-member` are
            derived ones, and not filled here.
        redactor: What takes secrets out of every string, keys of maps included.

    Returns:
        A function from an object of raw Glue JSON to a new record with every property that comes
        from AWS, in the schema's order; None for what AWS left out. Nested objects hold only
        what AWS sent. Keys inside maps and open objects keep AWS's casing.
    """
    return _one(_objects(schema, redactor, is_whole=True))


def timestamp(value: Any) -> str | None:  # noqa: ANN401 - a number from AWS, text from some emulators
    """Write a point in time the way every record does.

    Args:
        value: As for `moment`.

    Returns:
        ISO 8601 in UTC with microseconds, such that texts sort as times do; None for what is not
        a valid time.
    """
    found = moment(value)
    return None if found is None else found.isoformat(timespec="microseconds")


def moment(value: Any) -> datetime | None:  # noqa: ANN401 - as above
    """Read a point in time.

    Args:
        value: Seconds since 1970, as AWS sends them; milliseconds, if it is too large a number for
            seconds; or ISO 8601 text, as some emulators send it.

    Returns:
        The time in UTC; None for what is not a valid time, or beyond the years 1 to 9999.
    """
    try:
        if not isinstance(value, str):
            seconds = value / 1000 if value > _LAST_SECOND else value
            return datetime.fromtimestamp(seconds, tz=timezone.utc)
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
        found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return found.astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _objects(schema: Schema, redactor: Redactor, *, is_whole: bool = False) -> Convert:
    """Compile the function that turns a list of objects into new ones, member by member.

    Args:
        schema: The schema of each.
        redactor: As in `compile_projection`.
        is_whole: Whether the new object has all fields, None for what AWS left out.

    Returns:
        The function.
    """
    fields = [
        (
            name,
            field[MEMBER],
            _converter(field, redactor, field[MEMBER]),
            _is_text(field, redactor, field[MEMBER]),
        )
        for name, field in schema["properties"].items()
        if MEMBER in field
    ]
    texts = redactor.texts

    # No function for each object, and none for a text: there are millions of both.
    def convert_objects(objects: Iterable[Mapping[str, Any] | None]) -> list[Json | None]:
        records: list[Json | None] = []
        for raw in objects:
            if raw is None:
                records.append(None)
                continue
            record: Json = {}
            for name, member, convert, is_text in fields:
                if member in raw:
                    value = raw[member]
                    if is_text and value.__class__ is str:
                        record[name] = texts[value]
                    else:
                        record[name] = value if convert is None or value is None else convert(value)
                elif is_whole:
                    record[name] = None
            records.append(record)
        return records

    return convert_objects


def _converter(schema: Schema, redactor: Redactor, member: str) -> Convert | None:
    """Return what turns AWS's value into the record's, or None where they are the same."""
    if schema.get("format") == "date-time":
        return timestamp
    if "properties" in schema:
        return _one(_objects(schema, redactor))
    if "items" in schema:
        return _list(schema["items"], redactor, member)
    if "additionalProperties" in schema:
        return _map(schema["additionalProperties"], redactor, member)
    if "string" in schema["type"]:
        return partial(redactor.value, member)
    return None


def _one(convert_objects: Convert) -> Convert:
    return lambda raw: convert_objects((raw,))[0]


def _list(items: Schema, redactor: Redactor, member: str) -> Convert | None:
    if "properties" in items:
        return _objects(items, redactor)
    convert = _converter(items, redactor, member)
    if convert is None:
        return None
    return lambda values: [None if value is None else convert(value) for value in values]


def _map(values: Schema | bool, redactor: Redactor, member: str) -> Convert:  # noqa: FBT001 - JSON Schema's own spelling of "any"
    # Maps are copied: the SDK takes deselected keys out of a record, and the raw object is shared.
    if isinstance(values, bool) or "string" in values["type"]:
        return partial(redactor.value, member)
    convert = _converter(values, redactor, member) or _same
    return lambda raw: {
        redactor.texts[key]: None if value is None else redactor.under(key, convert(value))
        for key, value in raw.items()
    }


def _same(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return value


def _is_text(schema: Schema, redactor: Redactor, member: str) -> bool:
    """Tell whether a member is a mere text for the redactor."""
    if redactor.kinds[member] is not Kind.TEXT:
        return False
    return set(schema["type"]) <= {"string", "null"} and "format" not in schema
