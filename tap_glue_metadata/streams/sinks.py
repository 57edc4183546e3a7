"""Where the records of a pass go: one sink for each stream that it serves."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_sdk.batch import Batcher

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk.singerlib.messages import RecordMessage

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.outcomes import Outcome, Unit
    from tap_glue_metadata.streams.bookmarks import Bookmarks, NameOf
    from tap_glue_metadata.streams.sdk import SdkStream

    Records = Callable[[Context, Json], Iterable[Json]]


class Sink:
    """Writes the records of one stream in a pass, each as a message."""

    can_activate = True
    """Whether the records carry the version that an ACTIVATE_VERSION message names."""
    holds_back = False
    """Whether records that were written may not be out before the end of the pass."""

    def __init__(self, stream: SdkStream, records: Records) -> None:
        """Prepare; nothing is written yet.

        Args:
            stream: The stream.
            records: Turns an object into the stream's records.
        """
        self.stream = stream
        self._records = records
        self.written = 0
        self._counter = stream.get_record_counter()
        self._limit = stream.ABORT_AT_RECORD_COUNT
        self._bookmarks: Bookmarks | None = None

    def begin(self, extents: Mapping[Unit, str], name_of: NameOf) -> None:
        """Begin a pass; the arguments are those of `SdkStream.begin`."""
        self._bookmarks = self.stream.begin(extents, name_of, versioned=self.can_activate)

    @property
    def is_incremental(self) -> bool:
        """Whether only what changed is written."""
        return self._bookmarks is not None

    def full_since(self, outcome: Outcome) -> datetime | None:
        """Return when the last reading of a unit began that wrote all of it, if that is known."""
        if self._bookmarks is None:
            return outcome.started_at
        return self._bookmarks.full_since(outcome.unit)

    @property
    def is_full(self) -> bool:
        """Whether a test run wants no more records of this stream."""
        return self._limit is not None and self.written >= self._limit

    @contextmanager
    def open(self, leader: SdkStream) -> Iterator[None]:
        """Count and time what is written, in a pass that a stream leads."""
        if self.stream is not leader:
            self.stream.write_schema()
        with self._counter, self.stream.get_sync_timer():
            yield
            self.flush()

    def write(self, context: Any, raw: Json) -> None:  # noqa: ANN401 - the context, for what has one
        """Write the records of an object, if it is wanted."""
        if self._bookmarks is None or self._bookmarks.wants(context, raw):
            written = self.put_all(self._records(context, raw))
            self.written += written
            self._counter.increment(written)

    def put_all(self, records: Iterable[Json]) -> int:
        """Write records, up to the limit of a test run; tell how many."""
        room = None if self._limit is None else self._limit - self.written
        written = 0
        for record in islice(records, room):
            for message in self.stream.messages(record):
                self.put(message)
            written += 1
        return written

    def put(self, message: RecordMessage) -> None:
        """Write one message."""
        self.stream.write(message)

    def flush(self) -> None:
        """Write what is held back."""

    def close(self, missing: set[Unit] | None, *, may_delete: bool) -> None:
        """End the pass: move the bookmarks, announce deletions, and write the state.

        Args:
            missing: What was left out; None for a pass that has not come to its end.
            may_delete: Whether what was not seen is no longer there.
        """
        if missing is not None and self._bookmarks is not None:
            self._bookmarks.conclude(missing)
        if may_delete:
            self.stream.announce_version()
        self.stream.write_state()


class DirectSink(Sink):
    """Writes records as they are, where the SDK would neither change nor drop anything.

    Its way from a record to a message costs more than all else that the tap does with it.
    """

    @override
    def put_all(self, records: Iterable[Json]) -> int:
        return self.stream.write_records(records)


class BatchSink(Sink):
    """Writes the records of one stream in a pass as batches."""

    can_activate = False  # a BATCH message has no version
    holds_back = True

    def __init__(self, stream: SdkStream, records: Records) -> None:
        """Prepare; nothing is written yet.

        Args:
            stream: The stream, with a batch configuration.
            records: Turns an object into the stream's records.
        """
        super().__init__(stream, records)
        self._config: Any = stream.get_batch_config(stream.config)
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
            self.stream.write_batch(alias, self._config.encoding, manifest)
