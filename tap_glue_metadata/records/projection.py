"""A projection, compiled from a stream's schema: AWS's member -> the record's field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tap_glue_metadata.redaction.keys import Kind

if TYPE_CHECKING:
    from tap_glue_metadata.redaction import Redactor

Json: TypeAlias = "dict[str, Any]"
Schema: TypeAlias = "Mapping[str, Any]"
Convert: TypeAlias = Callable[[Any], Any]

MEMBER: Final = "x-aws-member"
"""The annotation that names, in a schema, the AWS member a property comes from."""


_LAST_SECOND: Final = 253_402_300_799  # of the year 9999


def compile_projection(
    schema: Schema, redactor: Redactor | None = None
) -> Callable[[Mapping[str, Any]], Json]:
    """Compile the projection of a stream.

    Args:
        schema: The stream's JSON Schema; properties without the annotation `x-aws-member` are
            derived ones, and not filled here.
        redactor: What takes secrets out of every string, keys of maps included; None leaves them.

    Returns:
        A function from an object of raw Glue JSON to a new record with every property that comes
        from AWS, in the schema's order; None for what AWS left out. Nested objects hold only
        what AWS sent. Keys inside maps and open objects keep AWS's casing.
    """
    return _function(schema, redactor, "record[{name!r}] = {value}", "raw.get({member!r})")


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


def _function(schema: Schema, redactor: Redactor | None, line: str, get: str) -> Convert:
    """Compile the function that turns an object into a new one, member by member.

    It is straight code, which takes half the time of a loop over the members; and of those a table
    has hundreds in its columns alone.

    Args:
        schema: The object's schema.
        redactor: As in `compile_projection`.
        line: The code for a member, with its `name` in the record, its `member` in AWS's object,
            and the `value` to set.
        get: The code that gets a `member` of AWS's object.

    Returns:
        The function.
    """
    names: dict[str, Any] = {}
    lines = ["def function(raw):", "record = {}"]
    for name, field in schema["properties"].items():
        if MEMBER not in field:
            continue
        member = field[MEMBER]
        value = get.format(member=member)
        if convert := _converter(field, redactor, member):
            convert_name = f"convert_{len(names)}"
            names[convert_name] = convert
            if redactor is not None and _is_text(field, redactor, member):
                names["texts"] = redactor.texts  # a call less, and of these there are millions
                test = f"texts[value] if (value := {value}).__class__ is str else None if value"
            else:
                test = f"None if (value := {value})"
            value = f"{test} is None else {convert_name}(value)"
        lines.append(line.format(name=name, member=member, value=value))
    lines.append("return record")
    exec("\n  ".join(lines), names)  # noqa: S102 - names from our schemas, each quoted by repr
    function: Convert = names["function"]
    return function


def _converter(schema: Schema, redactor: Redactor | None, member: str) -> Convert | None:
    """Return what turns AWS's value into the record's, or None where they are the same."""
    if schema.get("format") == "date-time":
        return timestamp
    if "properties" in schema:
        line = "if {member!r} in raw: record[{name!r}] = {value}"
        return _function(schema, redactor, line, "raw[{member!r}]")
    if "items" in schema:
        return _each(_converter(schema["items"], redactor, member))
    if "additionalProperties" in schema:
        return _map(schema["additionalProperties"], redactor, member)
    if redactor is not None and "string" in schema["type"]:
        return _redact(redactor, member)
    return None


def _each(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda values: [None if value is None else convert(value) for value in values]


def _map(values: Schema | bool, redactor: Redactor | None, member: str) -> Convert:  # noqa: FBT001 - JSON Schema's own spelling of "any"
    # Maps are copied: the SDK takes deselected keys out of a record, and the raw object is shared.
    if isinstance(values, bool) or "string" in values["type"]:
        return dict if redactor is None else _redact(redactor, member)
    convert = _converter(values, redactor, member)
    if convert is None:
        return dict
    text = str if redactor is None else redactor.texts.__getitem__
    return lambda raw: {
        text(key): None if value is None else convert(value) for key, value in raw.items()
    }


def _redact(redactor: Redactor, member: str) -> Convert:
    return partial(redactor.value, member)


def _is_text(schema: Schema, redactor: Redactor, member: str) -> bool:
    return set(schema["type"]) <= {"string", "null"} and redactor.kinds[member] is Kind.TEXT
