"""The engine: how a declared stream is read, and how its embedded children come along.

Private members of the SDK are touched in this module alone; each place says why, and
tests/test_sdk_contract.py notices when the SDK changes them.
"""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, StreamSchema
from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.schema.source import SchemaDirectory

from tap_glue_metadata.aws.errors import TapError
from tap_glue_metadata.records.arns import arn
from tap_glue_metadata.records.projection import compile_projection
from tap_glue_metadata.records.redaction import Redactor
from tap_glue_metadata.walk import Level

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib.messages import Message, RecordMessage

    from tap_glue_metadata.aws.glue import Source
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.walk import Found, Place, Walk

SCHEMAS = SchemaDirectory(files("tap_glue_metadata") / "schemas")


class GlueStream(Stream):
    """A stream of objects that Glue lists.

    A subclass declares what it reads; its schema is generated from that (`make schemas`).

    Attributes:
        source: The operation, or pair of operations, to read by.
        level: What to call it for, once each.
        arn_kind: The type of the objects in ARNs, if they have one; fills the field `arn`.
        derived: JSON Schema of each field that is ours, by name, in the record's order.
        open_members: Members, by their path in AWS's casing, that come over verbatim: shapes that
            recurse, or are too large to spell out.
        omitted_members: Members, by their path in AWS's casing, that are no part of the stream.
    """

    # The projection yields what the schema says; conforming it again costs more than all the rest.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    name: str = ""
    primary_keys: Sequence[str] = ()
    schema: ClassVar[Any] = StreamSchema(SCHEMAS)
    source: ClassVar[Source]
    level: ClassVar[Level] = Level.SCOPE
    arn_kind: ClassVar[str | None] = None
    derived: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    open_members: ClassVar[frozenset[str]] = frozenset()
    omitted_members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, tap: Tap, walk: Callable[[], Walk]) -> None:
        """Make the stream; nothing is called yet.

        Args:
            tap: The tap.
            walk: Gives the walk of the run, which connects at its first call.
        """
        super().__init__(tap)
        self._walk = walk
        self._has_read = False
        redact = self.config.get("redact_secrets", True)
        self.redactor = Redactor(self.config.get("redact_keys") or ()) if redact else None
        self._project = compile_projection(self.schema, self.redactor)
        self._objects = [
            name for name, field in self.schema["properties"].items() if "properties" in field
        ]
        self._name_field = self.primary_keys[-1]

    @classmethod
    def reads(cls) -> tuple[Source, Level]:
        """Return what the stream reads by, and what that is called for."""
        return cls.source, cls.level

    @classmethod
    def operations(cls) -> frozenset[str]:
        """Return the Glue operations that reading the stream calls."""
        source, level = cls.reads()
        return source.operations | level.operations

    def objects(self) -> Iterator[Found]:
        """Read the objects of the stream.

        Yields:
            Where each was found, and the object as raw Glue JSON.
        """
        return self._walk().objects(self.source, self.level)

    def derive(self, place: Place, raw: Json) -> Json:  # noqa: ARG002 - for those that derive
        """Return the derived fields of an object, those that `derived` declares.

        Args:
            place: Where the object was found.
            raw: The object as raw Glue JSON.
        """
        return {}

    def record(self, place: Place, raw: Json) -> Json:
        """Turn an object into the stream's record.

        Args:
            place: Where the object was found.
            raw: The object as raw Glue JSON.

        Returns:
            The keys of the place, the fields from AWS, and the derived ones.
        """
        keys = place.keys
        record = {**keys, **self._project(raw)}
        # An object reached through a resource link names its owner; any other is its own catalog's.
        for name in ("catalog_id", "database_name"):
            if f"owner_{name}" in record and record[f"owner_{name}"] is None:
                record[f"owner_{name}"] = keys[name]
        if self.arn_kind is not None:
            record["arn"] = self._arn(self.arn_kind, place, record)
        record.update(self.derive(place, raw))
        return record

    def records(self, place: Place, raw: Json) -> Iterable[Json]:
        """Turn an object into the stream's records: one, but for an embedded child.

        Args:
            place: Where the object was found.
            raw: The object as raw Glue JSON.
        """
        return (self.record(place, raw),)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        for place, raw in self.objects():
            yield from self.records(place, raw)

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        # The SDK announces the version before the first record, so that a run which fails would
        # make a target delete what was not read.
        return False

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        # The SDK calls each failure unhandled; ours are told once, in one line, by the command.
        if level < logging.ERROR or not isinstance(sys.exc_info()[1], TapError):
            super().log(message, *args, level=level, **kwargs)

    @override
    def log_sync_costs(self) -> None:
        # The SDK calls it for every stream when all are done, and has no other hook there.
        super().log_sync_costs()
        if self._has_read:
            self._walk().denials.finish()

    # The SDK's own pass calls sync() of each child for each parent: a SCHEMA message, log lines
    # and a state partition for every table. Here one pass serves a stream and its children.
    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        self._pass([_Outlet(stream) for stream in self._selected_family()])
        yield from ()

    @override
    def _sync_batches(self, batch_config: BatchConfig, context: Context | None = None) -> None:
        self._pass([_BatchOutlet(stream, batch_config) for stream in self._selected_family()])

    def write_schema(self) -> None:
        """Write the SCHEMA message; the SDK's sync() does so for a stream that is no child."""
        self._write_schema_message()

    def messages(self, record: Json) -> Iterator[RecordMessage]:
        """Turn a record into messages: deselected properties dropped, stream maps applied.

        Args:
            record: A record, which is changed.
        """
        if self.config.get("flattening_enabled"):
            # The SDK flattens objects, but leaves a null where the object would have been.
            for name in self._objects:
                if record.get(name, ...) is None:
                    del record[name]
        return self._generate_record_messages(record)

    def write(self, message: Message) -> None:
        """Write a message to the tap's output.

        Args:
            message: Any Singer message.
        """
        self._tap.write_message(message)

    def write_state(self) -> None:
        """Write the STATE message that ends a pass: one bookmark, however large the catalog."""
        self._finalize_state(self.stream_state)
        self._write_state_message()

    def _selected_family(self) -> list[GlueStream]:
        """Give this stream and its children, those of them that are selected."""
        family = [self, *(child for child in self.child_streams if isinstance(child, GlueStream))]
        return [stream for stream in family if stream.selected]

    def _pass(self, outlets: list[_Outlet]) -> None:
        """Read the objects once; write the records of this stream and of its children."""
        walk = self._walk()
        self._has_read = True
        calls = walk.calls
        with ExitStack() as stack:
            for outlet in outlets:
                stack.enter_context(outlet.open(self))
            for place, raw in self.objects():
                children_wanted = self._passes_filter(place, raw)
                for outlet in outlets:
                    if children_wanted or outlet.stream is self:
                        outlet.write(outlet.stream.records(place, raw))
                if all(outlet.is_full for outlet in outlets):
                    break
        for outlet in outlets:
            outlet.stream.write_state()
        # A test run has no hook at its end: the last stream that leads a pass sums up.
        leaders = [stream for stream in self._tap.streams.values() if not stream.parent_stream_type]
        if self.ABORT_AT_RECORD_COUNT is not None and self is leaders[-1]:
            walk.denials.finish()
        counts = ", ".join(f"{outlet.written} {outlet.stream.name}" for outlet in outlets)
        self.logger.info("Read %s in %d calls of AWS Glue", counts, walk.calls - calls)

    def _arn(self, kind: str, place: Place, record: Json) -> str:
        """Write the ARN of an object where it is: behind a resource link, at the link's target."""
        return arn(
            place.scope.partition,
            place.target_region or place.scope.region,
            record.get("owner_catalog_id") or place.scope.account_id,
            kind,
            *filter(None, [record.get("owner_database_name")]),
            record[self._name_field],
        )

    def _passes_filter(self, place: Place, raw: Json) -> bool:
        """Tell whether this stream's map lets an object pass; its children follow it."""
        stream_map = self.stream_maps[0]
        if isinstance(stream_map, SameRecordTransform):
            return True
        return stream_map.get_filter_result(self.record(place, raw))


class EmbeddedStream(GlueStream):
    """A stream whose rows come inside the objects of its parent, without calls of their own.

    A subclass declares `parent_stream_type`, the `shape` of its rows, and `records`.

    Attributes:
        shape: The shape of a row in Glue's service model.
    """

    parent_stream_type: type[GlueStream]
    shape: ClassVar[str]

    @classmethod
    @override
    def reads(cls) -> tuple[Source, Level]:
        return cls.parent_stream_type.reads()

    @override
    def objects(self) -> Iterator[Found]:
        # The SDK hands a stream no reference to its parent but by way of the tap.
        parent = self._tap.streams[self.parent_stream_type.name]
        if not isinstance(parent, GlueStream):
            raise TypeError(parent)
        return parent.objects()


class _Outlet:
    """Writes the records of one stream in a pass, each as a message."""

    def __init__(self, stream: GlueStream) -> None:
        self.stream = stream
        self.written = 0
        self._counter = stream.get_record_counter()
        self._limit = stream.ABORT_AT_RECORD_COUNT

    @property
    def is_full(self) -> bool:
        """Whether a test run wants no more records of this stream."""
        return self._limit is not None and self.written >= self._limit

    @contextmanager
    def open(self, leader: GlueStream) -> Iterator[None]:
        """Count and time what is written, in a pass that a stream leads."""
        if self.stream is not leader:
            self.stream.write_schema()
        with self._counter, self.stream.get_sync_timer():
            yield
            self.flush()

    def write(self, records: Iterable[Json]) -> None:
        """Write records, up to the limit of a test run."""
        for record in records:
            if self.is_full:
                return
            for message in self.stream.messages(record):
                self.put(message)
            self.written += 1
            self._counter.increment()

    def put(self, message: RecordMessage) -> None:
        """Write one message."""
        self.stream.write(message)

    def flush(self) -> None:
        """Write what is held back."""


class _BatchOutlet(_Outlet):
    """Writes the records of one stream in a pass as batches."""

    def __init__(self, stream: GlueStream, config: BatchConfig) -> None:
        super().__init__(stream)
        self._config = config
        self._batches: dict[str, list[Json]] = {}

    @override
    def put(self, message: RecordMessage) -> None:
        batch = self._batches.setdefault(message.stream, [])
        batch.append(message.record)
        if len(batch) == self._config.batch_size:
            self._write_batch(message.stream)

    @override
    def flush(self) -> None:
        for alias in list(self._batches):
            self._write_batch(alias)

    def _write_batch(self, alias: str) -> None:
        records = iter(self._batches.pop(alias))
        batcher = Batcher(self.stream.tap_name, alias, self._config)
        for manifest in batcher.get_batches(records):
            self.stream.write(SDKBatchMessage(alias, self._config.encoding, manifest))
