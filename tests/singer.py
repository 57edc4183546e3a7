"""Runs the tap in this process, and reads what it writes the way a strict target would."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker
from singer_sdk.contrib.msgspec import MsgSpecWriter

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.singerlib.messages import Message

Json: TypeAlias = dict[str, Any]

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class Messages(MsgSpecWriter):
    """A writer that keeps each message as a target would read it from the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Json] = []

    def write_message(self, message: Message) -> None:
        self.all.append(json.loads(self.format_message(message)))

    def of_type(self, kind: str) -> list[Json]:
        return [message for message in self.all if message["type"] == kind]

    def records(self, stream: str) -> list[Json]:
        return [m["record"] for m in self.of_type("RECORD") if m["stream"] == stream]

    def schema(self, stream: str) -> Json:
        """Return the schema of a stream, which must have been told exactly once."""
        [message] = [m for m in self.of_type("SCHEMA") if m["stream"] == stream]
        schema: Json = message["schema"]
        return schema

    def streams(self, kind: str) -> list[str]:
        """Name the streams that have messages of a type, in the order of their first."""
        return list(dict.fromkeys(message["stream"] for message in self.of_type(kind)))

    def check(self) -> None:
        """Take each record as a strict target would; fail at the first that is amiss."""
        schemas: dict[str, Json] = {}
        validators: dict[str, Draft202012Validator] = {}
        keys: dict[str, set[tuple[Any, ...]]] = {}
        for message in self.all:
            stream = message.get("stream", "")
            if message["type"] == "SCHEMA":
                assert stream not in schemas, f"second SCHEMA of {stream}"
                schemas[stream], keys[stream] = message, set()
                validators[stream] = Draft202012Validator(message["schema"], format_checker=FORMATS)
            elif message["type"] == "RECORD":
                record, schema = message["record"], schemas[stream]
                validators[stream].validate(record)
                surplus = list(undeclared(schema["schema"], record))
                assert not surplus, f"{stream} does not declare {surplus}"
                key = tuple(record[name] for name in schema["key_properties"])
                assert None not in key
                assert key not in keys[stream], f"second record of {key} in {stream}"
                keys[stream].add(key)


def undeclared(schema: Mapping[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """Name the keys that a schema does not declare, at any depth."""
    if isinstance(value, dict):
        rest = schema.get("additionalProperties", "properties" not in schema)
        for key, item in value.items():
            if key in schema.get("properties", ()):
                yield from undeclared(schema["properties"][key], item, f"{path}.{key}")
            elif rest is False:
                yield f"{path}.{key}"
            elif rest is not True:
                yield from undeclared(rest, item, f"{path}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            yield from undeclared(schema["items"], item, f"{path}[]")


def extra(*streams: str) -> list[str]:
    """Return those of some streams that the setting `extra_streams` has to name."""
    return [stream.name for stream in EXTRA_STREAM_TYPES if stream.name in streams]


def catalog(
    *selected: str,
    tap_type: type[TapGlueMetadata] = TapGlueMetadata,
    deselected: Mapping[str, list[tuple[str, ...]]] | None = None,
) -> Json:
    """Make a catalog in which these streams are selected, but for some of their properties.

    Properties are named by their path of fields.
    """
    found: Json = tap_type(config={"extra_streams": extra(*selected)}).catalog_dict
    for entry in found["streams"]:
        name = entry["tap_stream_id"]
        wanted = {(): name in selected} | {
            tuple(part for field in path for part in ("properties", field)): False
            for path in (deselected or {}).get(name, ())
        }
        for item in entry["metadata"]:
            if (breadcrumb := tuple(item["breadcrumb"])) in wanted:
                item["metadata"]["selected"] = wanted.pop(breadcrumb)
        assert not wanted, f"{name} has no {wanted}"
    return found


def incremental(chosen: Mapping[str, str], *others: str) -> Json:
    """Make a catalog in which some streams are INCREMENTAL by a key, the way Meltano writes it."""
    found = catalog(*chosen, *others)
    for entry in found["streams"]:
        if key := chosen.get(entry["tap_stream_id"]):
            [root] = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
            root |= {"replication-method": "INCREMENTAL", "replication-key": key}
    return found


def make_tap(
    config: Json,
    catalog: Json | None = None,
    state: Json | None = None,
    tap_type: type[TapGlueMetadata] = TapGlueMetadata,
) -> tuple[TapGlueMetadata, Messages]:
    """Make a tap, and what collects its messages."""
    messages = Messages()
    tap = tap_type(config=dict(config), catalog=catalog, state=state, message_writer=messages)
    return tap, messages


def sync(
    config: Json,
    catalog: Json | None = None,
    state: Json | None = None,
    tap_type: type[TapGlueMetadata] = TapGlueMetadata,
) -> Messages:
    """Run a tap, and return its messages, each of which a strict target takes."""
    tap, messages = make_tap(config, catalog, state, tap_type)
    tap.sync_all()
    messages.check()
    return messages


def marks(state: Json, stream: str) -> dict[tuple[str, ...], str | None]:
    """Return the bookmarks of a stream, each by the values of its context."""
    partitions = state["bookmarks"][stream].get("partitions", [])
    return {tuple(p["context"].values()): p.get("replication_key_value") for p in partitions}
