"""What streams/sdk.py takes for granted of the SDK beyond its public interface."""

from __future__ import annotations

import inspect
import logging
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from singer import Json, Messages
from singer_sdk import Stream, StreamSchema, Tap
from singer_sdk.batch import Batcher
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers._batch import BatchConfig, SDKBatchMessage
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import CustomStreamMap, SameRecordTransform
from singer_sdk.schema.source import SchemaDirectory
from singer_sdk.singerlib.messages import RecordMessage, SchemaMessage
from singer_sdk.tap_base import CliTestOptionValue

from tap_glue_metadata.streams.base import GlueStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "deep": {"type": "object", "properties": {"x": {}, "y": {}}},
    },
}


class Plain(Stream):
    name = "plain"
    schema: ClassVar[Any] = SCHEMA
    primary_keys = ("id",)

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap)
        self.synced: list[tuple[Any, ...]] = []

    def get_records(self, context: Any) -> Iterator[Json]:
        raise NotImplementedError

    def _sync_records(
        self, context: Any = None, *, write_messages: bool = True
    ) -> Generator[Json, Any, Any]:
        self.synced.append(("records", context, write_messages))
        yield {}
        self.synced.append(("to the end",))

    def _sync_batches(self, batch_config: BatchConfig, context: Any = None) -> None:
        self.synced.append(("batches", batch_config.batch_size, context))


class Child(Plain):
    name = "child"
    parent_stream_type = Plain


class PlainTap(Tap):
    name = "tap-plain"
    config_jsonschema: ClassVar[Json] = {"properties": {}}

    def discover_streams(self) -> list[Stream]:
        return [Plain(self), Child(self)]


def make(catalog: Json | None = None, **config: Any) -> tuple[PlainTap, Plain, Messages]:
    messages = Messages()
    tap = PlainTap(config=config, catalog=catalog, message_writer=messages)
    stream = tap.streams["plain"]
    assert isinstance(stream, Plain)
    return tap, stream, messages


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", ["_sync_records", "_sync_batches"])
def test_what_is_overridden_is_still_there_with_the_same_parameters(name: str) -> None:
    assert parameters(getattr(GlueStream, name)) == parameters(getattr(Stream, name))


@pytest.mark.parametrize(
    ("member", "names"),
    [
        (Stream._generate_record_messages, ["self", "record"]),
        (Stream._write_schema_message, ["self"]),
        (Stream._write_state_message, ["self"]),
        (Stream._finalize_state, ["self", "state"]),
        (Stream._write_activate_version_message, ["self", "full_table_version"]),
        (Stream.apply_catalog, ["self", "catalog"]),
        (Stream.get_replication_key_signpost, ["self", "context"]),
        (Stream.log, ["self", "message", "args", "level", "kwargs"]),
        (Batcher, ["tap_name", "stream_name", "batch_config"]),
        (Batcher.get_batches, ["self", "records"]),
        (parse_environment_config, ["config_schema", "prefix", "dotenv_path"]),
        (SDKBatchMessage, ["stream", "encoding", "manifest", "version"]),
        (Tap.cb_test, ["ctx", "param", "value"]),
        (Tap.run_discovery, ["self"]),
    ],
)
def test_what_is_called_still_takes_the_same(member: Any, names: list[str]) -> None:
    assert [name for name, _, _ in parameters(member)] == names


def test_the_values_of_the_option_test() -> None:
    assert {each.value for each in CliTestOptionValue} == {"all", "schema", "disabled"}


def test_a_tap_takes_settings_of_the_environment_and_sets_its_signal_handlers() -> None:
    calls = []

    class Own(PlainTap):
        config_jsonschema: ClassVar[Json] = {"properties": {"x": {"type": "boolean"}}}

        @property
        def _env_var_config(self) -> Json:
            calls.append("environment")
            return {"x": True}

        def _setup_signal_handlers(self) -> None:
            calls.append("signals")

    assert Own(config={"x": False}).config["x"] is False
    assert Own(config={"x": False}, parse_env_config=True).config["x"] is True
    assert calls == ["signals", "environment", "signals"]
    assert Own._env_var_prefix == "TAP_PLAIN_"


def test_settings_of_the_environment_are_texts_where_the_schema_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN_X", " ture")
    monkeypatch.setenv("OWN_Y", "")
    monkeypatch.setenv("OWN_Z", "set again when the test is over")
    (tmp_path / ".env").write_text("OWN_Z=8\nOWN_BARE\n", encoding="utf-8")
    properties = {name: {"type": "string"} for name in ("x", "y", "z", "bare")}
    found = parse_environment_config({"properties": properties}, "OWN_", tmp_path / ".env")
    assert found == {"x": " ture", "y": "", "z": "8"}


def test_a_selection_leaves_the_schema_as_it_was() -> None:
    catalog = PlainTap(config={}).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = bool(item["breadcrumb"])
    tap, stream, messages = make(catalog)
    stream.selected = True
    assert stream._mask == stream.metadata.resolve_selection()
    stream._write_schema_message()
    tap.mapper.register_raw_stream_schema("plain", SCHEMA, ("id",))
    stream._stream_maps = None
    stream._write_schema_message()
    schemas = [set(message["schema"]["properties"]) for message in messages.of_type("SCHEMA")]
    assert schemas == [set(), {"id", "name", "deep"}]


def test_sync_writes_the_schema_and_reads_records_to_the_end() -> None:
    _, stream, messages = make()
    stream.sync()
    assert stream.synced == [("records", None, True), ("to the end",)]
    assert [message["type"] for message in messages.all] == ["SCHEMA"]


def test_sync_of_an_unselected_stream_reads_but_writes_no_schema() -> None:
    _, stream, messages = make()
    stream.selected = False
    stream.sync()
    assert stream.synced == [("records", None, True), ("to the end",)]
    assert messages.all == []


def test_sync_reads_batches_if_they_are_configured(tmp_path: Path) -> None:
    encoding, storage = {"format": "jsonl"}, {"root": tmp_path.as_uri()}
    batches = {"encoding": encoding, "storage": storage, "batch_size": 7}
    _, stream, messages = make(batch_config=batches)
    stream.sync()
    assert stream.synced == [("batches", 7, None)]
    assert [message["type"] for message in messages.all] == ["SCHEMA"]


def test_sync_tells_of_an_error_while_it_is_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    _, stream, _ = make()
    told: list[tuple[int, type[BaseException] | None]] = []

    def log(_: str, *__: object, level: int = logging.INFO) -> None:
        told.append((level, sys.exc_info()[0]))

    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stream, "log", log)
    monkeypatch.setattr(stream, "_sync_records", fail)
    with pytest.raises(ZeroDivisionError):
        stream.sync()
    assert told[0] == (logging.INFO, None)
    assert told[-1] == (logging.ERROR, ZeroDivisionError)


def test_a_run_leaves_children_to_their_parents() -> None:
    tap, stream, _ = make()
    child = tap.streams["child"]
    assert isinstance(child, Child)
    assert stream.child_streams == [child]
    tap.sync_all()
    assert stream.synced
    assert child.synced == []


def test_a_parent_is_read_for_a_selected_child_alone() -> None:
    tap, stream, messages = make()
    stream.selected = False
    tap.sync_all()
    assert stream.synced
    assert [message["type"] for message in messages.all] == ["STATE"]
    tap.streams["child"].selected = False
    stream.synced.clear()
    tap.sync_all()
    assert stream.synced == []


def test_a_dry_run_limits_and_selects_each_stream_and_syncs_no_children() -> None:
    tap, stream, _ = make()
    child = tap.streams["child"]
    assert isinstance(child, Child)
    assert (stream.ABORT_AT_RECORD_COUNT, child.ABORT_AT_RECORD_COUNT) == (None, None)
    child.selected = False
    tap.run_sync_dry_run(3)
    assert (stream.ABORT_AT_RECORD_COUNT, child.ABORT_AT_RECORD_COUNT) == (3, 3)
    assert child.selected
    assert stream.synced
    assert child.synced == []


def test_tap_is_the_tap_and_writes_messages() -> None:
    tap, stream, messages = make()
    assert stream._tap is tap
    tap.write_message(SchemaMessage("any", {}))
    assert [message["stream"] for message in messages.all] == ["any"]


def test_write_schema_message_writes_that_of_each_stream_map() -> None:
    _, stream, messages = make(
        stream_maps={"plain": {"more": "id"}, "copy": {"__source__": "plain"}}
    )
    stream._write_schema_message()
    assert [message["stream"] for message in messages.of_type("SCHEMA")] == ["plain", "copy"]
    assert "more" in messages.schema("plain")["properties"]


def test_generate_record_messages_writes_nothing_by_itself() -> None:
    _, stream, messages = make(stream_maps={"copy": {"__source__": "plain", "name": "'x'"}})
    found = list(stream._generate_record_messages({"id": 1, "name": "a"}))
    assert all(isinstance(message, RecordMessage) for message in found)
    assert [(message.stream, message.record, message.version) for message in found] == [
        ("plain", {"id": 1, "name": "a"}, None),
        ("copy", {"id": 1, "name": "x"}, None),
    ]
    assert messages.all == []


def test_generate_record_messages_filters() -> None:
    _, stream, _ = make(stream_maps={"plain": {"__filter__": "id > 1"}})
    ids = [
        message.record["id"]
        for number in (1, 2)
        for message in stream._generate_record_messages({"id": number})
    ]
    assert ids == [2]


def test_generate_record_messages_drops_deselected_properties_at_any_depth() -> None:
    catalog = PlainTap(config={}).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = item["breadcrumb"][-1:] not in (["name"], ["x"])
    _, stream, _ = make(catalog)
    [message] = stream._generate_record_messages({"id": 1, "name": "a", "deep": {"x": 1, "y": 2}})
    assert message.record == {"id": 1, "deep": {"y": 2}}


def test_generate_record_messages_leaves_values_alone_without_conformance() -> None:
    _, stream, _ = make()
    stream.TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    record: Json = {"id": "7", "name": 7, "undeclared": {}}
    [message] = stream._generate_record_messages(record)
    assert message.record is record
    assert record == {"id": "7", "name": 7, "undeclared": {}}


def test_stream_maps_begin_with_that_of_the_stream_itself() -> None:
    _, stream, _ = make()
    assert [type(one) for one in stream.stream_maps] == [SameRecordTransform]
    _, stream, _ = make(
        stream_maps={"copy": {"__source__": "plain"}, "plain": {"__filter__": "id > 1"}}
    )
    first, second = stream.stream_maps
    assert isinstance(first, CustomStreamMap)
    assert (first.stream_alias, second.stream_alias) == ("plain", "copy")
    assert [first.get_filter_result({"id": number}) for number in (1, 2)] == [False, True]


def test_state_is_written_once_after_it_is_finalized() -> None:
    _, stream, messages = make()
    stream._write_state_message()
    assert messages.all == []
    stream._finalize_state(stream.stream_state)
    stream._write_state_message()
    stream._write_state_message()
    assert [message["value"] for message in messages.all] == [{"bookmarks": {"plain": {}}}]


def test_a_stream_knows_when_its_run_began_in_milliseconds() -> None:
    tap, stream, _ = make()
    assert stream._initialized_at == tap.initialized_at
    assert datetime.fromtimestamp(stream._initialized_at / 1000, tz=timezone.utc).year > 2000


def test_records_carry_the_version_that_an_activation_names() -> None:
    _, stream, messages = make(stream_maps={"copy": {"__source__": "plain"}})
    stream._stream_version = 7
    assert [m.version for m in stream._generate_record_messages({"id": 1})] == [7, 7]
    stream._write_activate_version_message(7)
    assert [(m["stream"], m["version"]) for m in messages.of_type("ACTIVATE_VERSION")] == [
        ("plain", 7),
        ("copy", 7),
    ]


def test_the_catalog_chooses_the_replication_of_a_stream() -> None:
    catalog = PlainTap(config={}).catalog_dict
    entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == "plain")
    assert entry["replication_method"] == "FULL_TABLE"
    entry |= {"replication_method": "INCREMENTAL", "replication_key": "name"}
    _, stream, messages = make(catalog)
    assert (stream.replication_method, stream.replication_key) == ("INCREMENTAL", "name")
    stream._write_schema_message()
    [schema] = messages.of_type("SCHEMA")
    assert schema["bookmark_properties"] == ["name"]


def test_sync_writes_no_signpost_where_there_is_none() -> None:
    catalog = PlainTap(config={}).catalog_dict
    for entry in catalog["streams"]:
        entry |= {"replication_method": "INCREMENTAL", "replication_key": "name"}
    _, stream, _ = make(catalog)
    stream.sync()
    assert stream.stream_state == {}


def test_batcher_writes_files_of_records_for_a_batch_message(tmp_path: Path) -> None:
    encoding, storage = {"format": "jsonl"}, {"root": tmp_path.as_uri()}
    config = BatchConfig.from_dict({"encoding": encoding, "storage": storage, "batch_size": 2})
    manifests = list(Batcher("tap", "stream", config).get_batches(iter([{"id": 1}, {"id": 2}])))
    assert [len(manifest) for manifest in manifests] == [1]
    assert len(list(tmp_path.iterdir())) == 1
    message = SDKBatchMessage("stream", config.encoding, manifests[0]).to_dict()
    assert message["type"] == "BATCH"
    assert (message["stream"], message["manifest"]) == ("stream", manifests[0])
    assert message["encoding"] == {"format": "jsonl"}


def test_counters_and_timers_are_context_managers() -> None:
    _, stream, _ = make()
    with stream.get_record_counter() as counter, stream.get_sync_timer():
        counter.increment()
        assert counter.value == 1


def test_schemas_are_read_by_the_name_of_the_stream(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text('{"type": "object", "properties": {}}', encoding="utf-8")

    class FromFile(Plain):
        schema = StreamSchema(SchemaDirectory(tmp_path))

    tap, _, _ = make()
    assert FromFile(tap).schema == {"type": "object", "properties": {}}
