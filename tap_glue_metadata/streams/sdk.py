"""The seam to the SDK: what the tap and the engine ask of it.

Private members of the SDK are touched in this module alone; each place says why, and
tests/test_sdk_contract.py notices when the SDK changes them.
"""

from __future__ import annotations

import logging
import sys
from abc import abstractmethod
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import Metadata

from tap_glue_metadata.inputs import from_text
from tap_glue_metadata.streams.bookmarks import Bookmarks
from tap_glue_metadata.streams.replication import (
    INCREMENTAL,
    check_choice,
    read_start_date,
)
from tap_glue_metadata.writer import GlueWriter

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog, MetadataMapping
    from singer_sdk.singerlib.messages import Message, RecordMessage

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.outcomes import Unit
    from tap_glue_metadata.streams.bookmarks import NameOf


class SdkTap(Tap):
    """A tap that takes settings as text, and sets no signal handlers."""

    @override
    def _setup_signal_handlers(self) -> None:
        # The SDK's write a STATE in the middle of a line, and end the process with success.
        pass

    @property
    @override
    def _env_var_config(self) -> Json:
        # The SDK reads any text that it does not know as false; told that all are strings, it
        # returns the texts.
        properties = self.config_jsonschema["properties"]
        texts = parse_environment_config(
            {"properties": {name: {"type": "string"} for name in properties}},
            self._env_var_prefix,
            ".env",  # of the working directory; the SDK looks where it is installed
        )
        return from_text(texts, properties)

    @override
    def setup_mapper(self) -> None:
        super().setup_mapper()
        # A catalog may name a child without the parent that it is read with.
        for name, stream in self.streams.items():
            if name not in self.mapper.stream_maps:
                self.mapper.register_raw_stream_schema(name, stream.schema, stream.primary_keys)


class SdkStream(Stream):
    """A Singer stream that is read in passes of its own, which may serve its children too.

    Attributes:
        replication_keys: The replication keys on offer, each with the member of a raw object that
            it comes from.
    """

    # The projection yields what the schema says; conforming it again costs more than all the rest.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    replication_keys: ClassVar[Mapping[str, str]] = {}

    @cached_property
    def _object_fields(self) -> list[str]:
        fields = self.schema["properties"].items()
        return [name for name, field in fields if "properties" in field]

    @property
    @override
    def selected(self) -> bool:
        return super().selected

    @selected.setter
    def selected(self, value: bool | None) -> None:
        """Select the stream, and renew the schema that its messages have."""
        # `--test` selects all streams after the SDK has built their schemas from the selection.
        self.metadata.root.selected = value
        self._mask = self.metadata.resolve_selection()
        schema = get_selected_schema(self.name, self.schema, self._mask)
        self._tap.mapper.register_raw_stream_schema(self.name, schema, self.primary_keys)
        self._stream_maps = None

    @abstractmethod
    def read(self) -> None:
        """Read the stream and its children once, and write all that is selected of them."""

    @property
    def siblings(self) -> Mapping[str, Stream]:
        """All streams of the tap, by name."""
        return self._tap.streams  # the SDK hands a stream no reference to another one

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        self.replication_key = check_choice(
            self.name, self.replication_method, self.replication_key, self.replication_keys
        )

    @property
    @override
    def metadata(self) -> MetadataMapping:
        metadata = super().metadata
        # The SDK offers a key only where it is chosen already.
        if self.replication_keys:
            metadata.root.valid_replication_keys = list(self.replication_keys)
        for name in self.replication_keys:
            field = metadata.setdefault(("properties", name), Metadata())
            field.inclusion = Metadata.InclusionType.AUTOMATIC
        return metadata

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        # The SDK announces the version before the first record, so that a run which fails would
        # make a target delete what was not read; `conclude` does it after the last.
        return False

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        # The SDK would leave it in the state of a run that is interrupted; `Bookmark` has its own.
        return None

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        # The SDK calls each failure unhandled; the command tells of it, once and in one line.
        if level < logging.ERROR or sys.exc_info()[0] is None:
            super().log(message, *args, level=level, **kwargs)

    # The SDK's own pass calls sync() of each child for each parent: a SCHEMA message, log lines
    # and a state partition for every table. Here one pass serves a stream and its children.
    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        self.read()
        yield from ()

    @override
    def _sync_batches(self, batch_config: BatchConfig, context: Context | None = None) -> None:
        self.read()

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
            for name in self._object_fields:
                if record.get(name, ...) is None:
                    del record[name]
        return self._generate_record_messages(record)

    @property
    def is_written_as_it_is(self) -> bool:
        """Whether the SDK would write each record as it is given, and our own writer is there."""
        return (
            [type(stream_map) for stream_map in self.stream_maps] == [SameRecordTransform]
            and not self.config.get("flattening_enabled")
            and self.ABORT_AT_RECORD_COUNT is None
            and all(self.mask.values())
            and isinstance(self._tap.message_writer, GlueWriter)
        )

    def write_records(self, records: Iterable[Json]) -> int:
        """Write records as they are, all with the time of now; for `is_written_as_it_is`.

        Args:
            records: The records, of one object.

        Returns:
            How many there were.
        """
        writer: Any = self._tap.message_writer
        now = datetime.now(tz=timezone.utc)
        count: int = writer.write_records(self.name, records, self._stream_version, now)
        return count

    def write(self, message: Message) -> None:
        """Write a message to the tap's output.

        Args:
            message: Any Singer message.
        """
        self._tap.write_message(message)

    def write_batch(self, alias: str, encoding: BaseBatchFileEncoding, manifest: list[str]) -> None:
        """Write a BATCH message.

        Args:
            alias: The stream's name in the output.
            encoding: How the files are written.
            manifest: The files.
        """
        self.write(SDKBatchMessage(alias, encoding, manifest))

    def check(self) -> None:
        """Check the bookmarks.

        Raises:
            TapError: One of them is not a valid date.
        """
        _ = self._bookmarks

    @cached_property
    def _bookmarks(self) -> Bookmarks | None:
        if self.replication_method != INCREMENTAL:
            return None
        return Bookmarks(self.name, self.stream_state, str(self.replication_key), self.run_start)

    @property
    def run_start(self) -> datetime:
        """When the run started."""
        return datetime.fromtimestamp(self._initialized_at / 1000, tz=timezone.utc)

    def begin(
        self, extents: Mapping[Unit, str], name_of: NameOf, *, versioned: bool
    ) -> Bookmarks | None:
        """Begin the stream's part of a pass.

        Args:
            extents: The extent of each account and region that is read.
            name_of: Tells a single object from others of its unit.
            versioned: Whether its records can carry a version.

        Returns:
            What tells the changed objects from the others, None where all are wanted.
        """
        bookmarks = self._bookmarks
        if bookmarks is not None:
            member = self.replication_keys[str(self.replication_key)]
            bookmarks.begin(
                member, read_start_date(self.config.get("start_date")), extents, name_of
            )
        elif versioned and self.config.get("emit_activate_version_messages"):
            # The SDK puts it into each record; a run's start makes it higher than the last one.
            self._stream_version = self._initialized_at
        return bookmarks

    def announce_version(self) -> None:
        """Announce that what was not seen in a pass is no longer there, if a version is on."""
        if self._stream_version is not None:
            self._write_activate_version_message(self._stream_version)

    def write_state(self) -> None:
        """Write the STATE message that ends a pass."""
        self._finalize_state(self.stream_state)
        self._write_state_message()
