"""What a user passes to the command: JSON files, and settings that are written as text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from tap_glue_metadata.aws.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_glue_metadata.aws.raw_json import Json

# What the SDK takes for true, its opposites, and JSON's null for a setting that is not set.
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
    "null": None,
}


class _Partition(msgspec.Struct):
    context: dict[str, Any]


class _StreamState(msgspec.Struct):
    partitions: list[_Partition] = []


class _State(msgspec.Struct):
    bookmarks: dict[str, _StreamState] = {}


class _Metadata(msgspec.Struct):
    breadcrumb: list[str]
    metadata: dict[str, Any]


class _CatalogEntry(msgspec.Struct):
    tap_stream_id: str
    schema: dict[str, Any] = {}
    key_properties: list[str] | None = None
    metadata: list[_Metadata] = []


class _Catalog(msgspec.Struct):
    streams: list[_CatalogEntry] = []


_SHAPES: Final[Mapping[str, Any]] = {
    "settings": dict[str, Any],  # the SDK validates what is in them
    "catalog": _Catalog,
    "state": _State,
}


def read_file(path: str, kind: str) -> Json:
    """Read a JSON file.

    Args:
        path: Its path; `-` is standard input.
        kind: What it has to hold: `settings`, a `catalog` or a `state`.

    Returns:
        Its content.

    Raises:
        TapError: It cannot be read, is not JSON, or does not hold that.
    """
    try:
        with click.open_file(path, "rb") as file:
            content: Json = json.loads(file.read())
        msgspec.convert(content, _SHAPES[kind])
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TapError(f"Cannot read the {kind} in {path}: {reason}") from None
    return content


def from_text(config: Mapping[str, Any], properties: Mapping[str, Any]) -> Json:
    """Convert settings that were written as text to the types of their schema.

    Environment variables are text, and a file of settings may be made from them. An empty text
    and null mean that a setting is not set. A boolean is `true`, `1`, `yes`, `on`, or `false`,
    `0`, `no`, `off`, in upper or lower case; an array of strings may be separated by commas.

    Args:
        config: Settings by name.
        properties: The JSON Schema of each setting.

    Returns:
        The settings that are set. What cannot be converted stays as it is, and the SDK's
        validation reports it.
    """
    meant = {name: _meaning(value, properties.get(name, {})) for name, value in config.items()}
    return {name: value for name, value in meant.items() if value is not None}


def _meaning(value: object, schema: Mapping[str, Any]) -> object:
    types = schema.get("type", ())
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if "boolean" in types:
            return _BOOLEANS.get(text.lower(), value)
        if "array" in types and "string" in schema["items"]["type"] and text[0] != "[":
            return None if text == "null" else [item.strip() for item in text.split(",")]
        if {"array", "integer", "object"} & set(types):
            value = _as_json(text)
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _as_json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def explain(
    errors: Iterable[str], properties: Mapping[str, Any], variables: Mapping[str, str]
) -> list[str]:
    """Rewrite the errors of the SDK's validation: setting first, no value of a secret setting.

    Args:
        errors: The errors.
        properties: The JSON Schema of each setting.
        variables: The environment variable of each setting that comes from one.

    Returns:
        A line for each error.
    """
    return [_explain(error, properties, variables) for error in errors]


def _explain(error: str, properties: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    found = re.fullmatch(r"(?P<problem>.*) in config\['(?P<setting>\w+)'\].*", error, re.DOTALL)
    if found is None:
        return error
    setting, problem = found["setting"], found["problem"]
    tells_a_value = not re.match(r"'\w+' is a required property|Additional properties", problem)
    if "'secret': True" in str(properties[setting]) and tells_a_value:
        problem = "its value is not of the right type (it is not shown, being a secret)"
    problem = problem.replace("is not of type 'boolean', 'null'", "is neither true nor false")
    problem = problem.replace(", 'null'", "")
    source = f" (from {variables[setting]})" if setting in variables else ""
    return f"Setting '{setting}'{source}: {problem}"
