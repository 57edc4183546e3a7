"""How a declared stream is read and written, and how its embedded children come along."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.mapper import SameRecordTransform

from tap_glue_metadata.records import additional
from tap_glue_metadata.records.arns import arn
from tap_glue_metadata.records.projection import compile_projection
from tap_glue_metadata.redaction import OFF, redactor
from tap_glue_metadata.streams.declaration import Declaration
from tap_glue_metadata.streams.sdk import SdkStream
from tap_glue_metadata.streams.sinks import BatchSink, DirectSink, Sink
from tap_glue_metadata.streams.stream_pass import Pass

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context as SdkContext
    from singer_sdk.helpers.types import Record

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.outcomes import Outcome
    from tap_glue_metadata.engine.read import Again, Read
    from tap_glue_metadata.engine.reading import Reading
    from tap_glue_metadata.engine.traversal import Traversal

OWNERS = {"CatalogId": "owner_catalog_id", "DatabaseName": "owner_database_name"}
"""Members that say, on an object reached through a resource link, whose it is: their fields."""


class GlueStream(Declaration, SdkStream):
    """A stream of objects that AWS lists, as it is declared."""

    def __init__(self, tap: Tap, connect: Callable[[], Traversal]) -> None:
        """Make the stream; nothing is called yet.

        Args:
            tap: The tap.
            connect: Gives the traversal of the run, and connects at its first call.
        """
        super().__init__(tap)
        self._connect = connect
        self._reading: Reading | None = None
        self._has_read = False
        self._context: Context | None = None
        self._keys: Json = {}
        redact = self.config.get("redact_secrets", True)
        self.redactor = redactor(*(self.config.get("redact_keys") or ())) if redact else OFF
        self._project = compile_projection(self.schema, self.redactor)
        self._name_field = self.primary_keys[-1]
        owners = ((owner, owner.removeprefix("owner_")) for owner in OWNERS.values())
        self._owners = [pair for pair in owners if pair[0] in self.schema["properties"]]
        bound = self.reads()[-1].bound if self.reads() else ()
        left_out = {*self.omitted_members, *bound}
        self._additional = additional.compile_additional(self.schema, left_out)

    def wanted_again(self) -> list[Again]:
        """Return the second looks that the catalog and the settings want."""
        return [again for again in self.again if self._is_wanted(again)]

    def _is_wanted(self, again: Again) -> bool:
        name, value = again.setting or ("", None)
        field = again.field
        is_wanted = not field or any(s.wants(field) for s in self.selected_family())
        return is_wanted and self.config.get(name) == value

    def wants(self, field: str) -> bool:
        """Tell whether a field of the objects is of use to the stream.

        Args:
            field: The field.
        """
        return bool(self.mask["properties", field])

    @property
    def traversal(self) -> Traversal:
        """The traversal of the run."""
        return self._connect()

    def derive(self, context: Context, raw: Json) -> Json:  # noqa: ARG002 - for those that derive
        """Return the derived fields of an object, those that `derived` declares.

        Args:
            context: Where the object was found.
            raw: The object as raw JSON.
        """
        return {}

    def record(self, context: Context, raw: Json) -> Json:
        """Turn an object into the stream's record.

        Args:
            context: Where the object was found.
            raw: The object as raw JSON.

        Returns:
            The keys of the context, the fields from AWS, the derived ones, and what is unknown.
        """
        keys = self.keys(context)
        record = {**keys, **self._project(raw)}
        # An object reached through a resource link names its owner; any other is its own catalog's.
        for owner, name in self._owners:
            if record[owner] is None:
                record[owner] = keys[name]
        if self.arn_kind is not None:
            record["arn"] = self._arn(self.arn_kind, context, record)
        record.update(self.redact(self.derive(context, raw)))
        unknown = self._additional(raw)
        record[additional.FIELD] = self.redactor.value("", unknown) if unknown else None
        return record

    def keys(self, context: Context) -> Json:
        """Return the fields that every record from a context begins with.

        Args:
            context: Where objects were found; those of a page share it.
        """
        if context is not self._context:
            fields = self.schema["properties"]
            keys = {name: value for name, value in context.keys.items() if name in fields}
            self._context, self._keys = context, self.redact(keys)
        return self._keys

    def redact(self, fields: Json) -> Json:
        """Take secrets out of fields that do not come through the projection.

        Args:
            fields: The fields, by their names in the record.
        """
        value_of = self.redactor.value
        # Most are numbers or absent, and these are ours: no secrets.
        return {
            name: value_of(name, value) if isinstance(value, (dict, list, str)) else value
            for name, value in fields.items()
        }

    def records(self, context: Context, raw: Json) -> Iterable[Json]:
        """Turn an object into the stream's records: one, but for an embedded child.

        Args:
            context: Where the object was found.
            raw: The object as raw JSON.
        """
        return (self.record(context, raw),)

    @override
    def get_records(self, context: SdkContext | None) -> Iterator[Record]:
        # Of the SDK's interface; a run goes by `read`, which serves embedded children as well.
        for page in self._begin():
            for found, raw in page:
                yield from self.records(found, raw)

    @override
    def log_sync_costs(self) -> None:
        # The SDK calls it for every stream when all are done, and has no other hook there.
        super().log_sync_costs()
        if self._has_read:
            self.traversal.finish()

    @override
    def read(self) -> None:
        reading = self._begin()
        self._has_read = True
        sinks = [stream.sink() for stream in self.selected_family()]
        try:
            passes, report = self._filter(), self._reporter()
            Pass(self, sinks, reading, self.traversal, passes=passes, report=report).run()
        except BaseException:
            self.traversal.close()
            raise
        finally:
            self._reading = None
            self.traversal.end(reading)
        # A test run has no hook at its end: the last stream that leads a pass sums up.
        if self.ABORT_AT_RECORD_COUNT is not None and self is self._leaders()[-1]:
            self.traversal.finish()

    def _reporter(self) -> Callable[[str, Outcome, int | None], None] | None:
        """Give what is told of each unit that was read, if there is any; not in a test run."""
        if self.ABORT_AT_RECORD_COUNT is not None:
            return None
        streams: Iterable[Any] = self.siblings.values()
        return next((s.report for s in streams if s.selected and hasattr(s, "report")), None)

    def sink(self) -> Sink:
        """Choose where the records of the stream go."""
        if self.get_batch_config(self.config) is not None:
            return BatchSink(self, self.records)
        return (DirectSink if self.is_written_as_it_is else Sink)(self, self.records)

    def selected_family(self) -> list[GlueStream]:
        """Give this stream and its children, those of them that are selected."""
        family = [self, *(child for child in self.child_streams if isinstance(child, GlueStream))]
        return [stream for stream in family if stream.selected]

    def _begin(self) -> Reading:
        """Begin to read this stream, and, as far as workers idle, those that follow in the run."""
        if self._reading is None:
            streams = [self, *self._followers()]
            plan = [(stream._issues_name, stream.reads()[-1]) for stream in streams]  # noqa: SLF001 - of its own class
            again = {
                name: stream.wanted_again() for stream, (name, _) in zip(streams, plan, strict=True)
            }
            for stream, reading in zip(streams, self.traversal.begin(plan, again), strict=True):
                stream._reading = reading  # noqa: SLF001 - likewise
            return self._begin()
        return self._reading

    def _followers(self) -> list[GlueStream]:
        """Give the streams that are read after this one; a test run reads little of each."""
        leaders = self._leaders()
        if self.ABORT_AT_RECORD_COUNT is not None or self not in leaders:
            return []
        later = leaders[leaders.index(self) + 1 :]
        return [stream for stream in later if stream.selected_family()]

    @property
    def _issues_name(self) -> str:
        """The stream that is named where something cannot be read."""
        return next(iter(self.selected_family()), self).name

    def _leaders(self) -> list[GlueStream]:
        """Give the streams that lead a pass over what AWS lists, in the order of the run."""
        streams = self.siblings.values()
        return [
            stream
            for stream in streams
            if isinstance(stream, GlueStream) and stream.reads() and not stream.parent_stream_type
        ]

    def _arn(self, kind: str, context: Context, record: Json) -> str:
        """Write the ARN of an object where it is: behind a resource link, at the link's target."""
        return arn(
            context.scope.partition,
            (context.link or {}).get("Region") or context.scope.region,
            record.get("owner_catalog_id") or context.scope.account_id,
            kind,
            *filter(None, [record.get("owner_database_name")]),
            record[self._name_field],
        )

    def _filter(self) -> Callable[[Context, Json], bool] | None:
        """Give what tells whether this stream's map lets an object pass; its children follow it."""
        stream_map = self.stream_maps[0]
        if not self.child_streams or isinstance(stream_map, SameRecordTransform):
            return None
        return lambda context, raw: stream_map.get_filter_result(self.record(context, raw))


class EmbeddedStream(GlueStream):
    """A stream whose rows come inside the objects of its parent, without calls of their own.

    A subclass declares `parent_stream_type`, the `shape` of its rows, and `records`.

    Attributes:
        uses: The fields of the parent that are needed, though a second look brings them.
    """

    parent_stream_type: type[GlueStream]
    shape = ""
    uses: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @override
    def reads(cls) -> tuple[Read, ...]:
        return cls.parent_stream_type.reads()

    @classmethod
    @override
    def calls(cls) -> tuple[Read, ...]:
        return cls.parent_stream_type.calls()

    @override
    def wanted_again(self) -> list[Again]:
        parent: Any = self.siblings[self.parent_stream_type.name]
        return list(parent.wanted_again())

    @override
    def wants(self, field: str) -> bool:
        return field in self.uses
