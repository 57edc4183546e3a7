"""The group `fields`: what is nested in columns."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from tap_glue_metadata.records import column_fields, columns
from tap_glue_metadata.records.projection import timestamp
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.streams.catalog import Tables
from tap_glue_metadata.streams.keys import TABLE_KEYS

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context


class ColumnFields(EmbeddedStream):
    """Columns and all fields that are nested in their types, at any depth."""

    name, group = "column_fields", "fields"
    primary_keys = (*TABLE_KEYS, "field_path", "occurrence")
    replication_keys: ClassVar[Mapping[str, str]] = {"table_update_time": "UpdateTime"}
    parent_stream_type = Tables
    derived = column_fields.DERIVED

    @override
    def records(self, context: Context, raw: Json) -> Iterator[Json]:
        updated, keys = timestamp(raw.get("UpdateTime")), self.keys(context)
        resolved = columns.resolve(raw)
        return column_fields.column_fields(raw, resolved, updated, keys, self.redactor)
