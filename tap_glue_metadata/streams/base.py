"""The engine: how a declared stream is read, and how its embedded children come along."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import StreamSchema
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.schema.source import SchemaDirectory

from tap_glue_metadata.ahead import Ahead
from tap_glue_metadata.progress import progress
from tap_glue_metadata.records.arns import arn
from tap_glue_metadata.records.projection import compile_projection
from tap_glue_metadata.redaction import Redactor
from tap_glue_metadata.streams.outlets import BatchOutlet, DirectOutlet, Outlet
from tap_glue_metadata.streams.sdk import SdkStream
from tap_glue_metadata.walk import Level

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_glue_metadata.aws.glue import Source
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.walk import Found, Place, Walk

SCHEMAS = SchemaDirectory(files("tap_glue_metadata") / "schemas")


class GlueStream(SdkStream):
    """A stream of objects that Glue lists.

    A subclass declares what it reads; its schema is generated from that (`make schemas`).

    Attributes:
        source: The operation, or pair of operations, to read by.
        level: What to call it for, once each.
        replication_keys: The replication keys on offer, each with the member of a raw object that
            it comes from; one stream may offer several, of which the first is proposed.
        arn_kind: The type of the objects in ARNs, if they have one; fills the field `arn`.
        derived: JSON Schema of each field that is ours, by name, in the record's order.
        open_members: Members, by their path in AWS's casing, that come over verbatim: shapes that
            recurse, or are too large to spell out.
        omitted_members: Members, by their path in AWS's casing, that are no part of the stream.
    """

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
        self._begun: tuple[Walk, Ahead[Found]] | None = None
        redact = self.config.get("redact_secrets", True)
        self.redactor = Redactor(self.config.get("redact_keys") or ()) if redact else None
        self._project = compile_projection(self.schema, self.redactor)
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

    def objects(self, walk: Walk) -> Generator[Found, None, None]:
        """Read the objects of the stream.

        Args:
            walk: The walk of the pass.

        Yields:
            Where each was found, and the object as raw Glue JSON.
        """
        return walk.objects(self.source, self.level)

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
        keys = self.redact(place.keys)
        record = {**keys, **self._project(raw)}
        # An object reached through a resource link names its owner; any other is its own catalog's.
        for name in ("catalog_id", "database_name"):
            if f"owner_{name}" in record and record[f"owner_{name}"] is None:
                record[f"owner_{name}"] = keys[name]
        if self.arn_kind is not None:
            record["arn"] = self._arn(self.arn_kind, place, record)
        record.update(self.redact(self.derive(place, raw)))
        return record

    def redact(self, fields: Json) -> Json:
        """Take secrets out of fields that do not come through the projection, if it is wanted.

        Args:
            fields: The fields, by their names in the record.
        """
        return fields if self.redactor is None else self.redactor.value("", fields)

    def records(self, place: Place, raw: Json) -> Iterable[Json]:
        """Turn an object into the stream's records: one, but for an embedded child.

        Args:
            place: Where the object was found.
            raw: The object as raw Glue JSON.
        """
        return (self.record(place, raw),)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        for place, raw in self.objects(self._walk().of(self.name)):
            yield from self.records(place, raw)

    @override
    def log_sync_costs(self) -> None:
        # The SDK calls it for every stream when all are done, and has no other hook there.
        super().log_sync_costs()
        if self._has_read:
            self._walk().gaps.run.finish()

    @override
    def read(self) -> None:
        walk, objects = self.begin_reading()
        following = self._following()
        if following is not None:
            following.begin_reading()
        try:
            self._pass(walk, objects)
        except BaseException:
            if following is not None:
                following.end_reading()
            raise
        finally:
            self.end_reading()

    def begin_reading(self) -> tuple[Walk, Ahead[Found]]:
        """Begin to call Glue for the objects, if that has not begun; they wait for `read`.

        Returns:
            The walk of the pass, and the objects.
        """
        if self._begun is None:
            walk = self._walk().of(self.selected_family()[0].name)
            self._begun = walk, Ahead(self.objects(walk))
        return self._begun

    def end_reading(self) -> None:
        """End the calls that `begin_reading` began."""
        if self._begun is not None:
            self._begun[1].close()
            self._begun = None

    def _following(self) -> GlueStream | None:
        """Give the stream that is read next, if its calls can be made while this one is written.

        A test run reads little of a stream, and without concurrency there is one call at a time.
        """
        if self.ABORT_AT_RECORD_COUNT is not None or self.config["concurrency"] == 1:
            return None
        leaders = [stream for stream in self._leaders() if stream.operations()]
        later = leaders[leaders.index(self) + 1 :] if self in leaders else []
        return next((stream for stream in later if stream.selected_family()), None)

    def _leaders(self) -> list[GlueStream]:
        """Give the streams that lead a pass, in the order of the run."""
        streams = self.siblings.values()
        return [s for s in streams if isinstance(s, GlueStream) and not s.parent_stream_type]

    def outlet(self, *, is_batched: bool) -> Outlet:
        """Choose where the records of the stream go.

        Args:
            is_batched: Whether batches are written.
        """
        if is_batched:
            return BatchOutlet(self, self.records)
        return (DirectOutlet if self.is_written_as_it_is else Outlet)(self, self.records)

    def selected_family(self) -> list[GlueStream]:
        """Give this stream and its children, those of them that are selected."""
        family = [self, *(child for child in self.child_streams if isinstance(child, GlueStream))]
        return [stream for stream in family if stream.selected]

    def _pass(self, walk: Walk, objects: Iterable[Found]) -> None:
        """Read the objects once; write the records of this stream and of its children."""
        is_batched = self.get_batch_config(self.config) is not None
        outlets = [stream.outlet(is_batched=is_batched) for stream in self.selected_family()]
        self._has_read = True

        def tell() -> str:
            counts = ", ".join(f"{outlet.written} {outlet.stream.name}" for outlet in outlets)
            return (
                f"Read {counts} in {walk.calls} calls of AWS Glue, {walk.retries} of them repeated"
            )

        with ExitStack() as stack:
            for outlet in outlets:
                stack.enter_context(outlet.open(self))
            stack.enter_context(progress(lambda: f"{tell()}, {walk.databases_done} databases done"))
            is_whole = self._write_objects(objects, outlets)
        for outlet in outlets:
            outlet.close(is_complete=is_whole and walk.gaps.is_complete)
        walk.gaps.end(tell())
        # A test run has no hook at its end: the last stream that leads a pass sums up.
        if self.ABORT_AT_RECORD_COUNT is not None and self is self._leaders()[-1]:
            walk.gaps.run.finish()

    def _write_objects(self, objects: Iterable[Found], outlets: list[Outlet]) -> bool:
        """Hand each object to the outlets; tell whether they took all."""
        for place, raw in objects:
            children_wanted = self._passes_filter(place, raw)
            for outlet in outlets:
                if children_wanted or outlet.stream is self:
                    outlet.write(place, raw)
            if all(outlet.is_full for outlet in outlets):
                return False
        return self.ABORT_AT_RECORD_COUNT is None

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
    def objects(self, walk: Walk) -> Generator[Found, None, None]:
        parent = self.siblings[self.parent_stream_type.name]
        if not isinstance(parent, GlueStream):
            raise TypeError(parent)
        return parent.objects(walk)
