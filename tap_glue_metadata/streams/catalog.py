"""The Data Catalog: catalogs, databases, tables and their columns."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from tap_glue_metadata.engine.read import Again
from tap_glue_metadata.records import columns, tables
from tap_glue_metadata.records.links import resolved
from tap_glue_metadata.records.projection import timestamp
from tap_glue_metadata.streams.base import EmbeddedStream, GlueStream
from tap_glue_metadata.streams.catalog_reads import CATALOGS, DATABASES, TABLES, TARGETS

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context


class Catalogs(GlueStream):
    """Catalogs: the account's default one, and those nested in it (S3 Tables, Redshift)."""

    name = "catalogs"
    primary_keys = ("account_id", "region", "catalog_id")
    replication_keys: ClassVar[Mapping[str, str]] = {"update_time": "UpdateTime"}
    source = CATALOGS


class Databases(GlueStream):
    """Databases, resource links to databases of other accounts included."""

    name = "databases"
    primary_keys = ("account_id", "region", "catalog_id", "name")
    source = DATABASES
    arn_kind = "database"


class Tables(GlueStream):
    """Tables and views."""

    name = "tables"
    primary_keys = ("account_id", "region", "catalog_id", "database_name", "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"update_time": "UpdateTime"}
    source = TABLES
    again = (Again(TARGETS, resolved, setting=("resource_links", "follow")),)
    arn_kind = "table"
    derived = tables.DERIVED
    open_members = frozenset({"Status.Details.RequestedChange"})  # a Table again

    @override
    def derive(self, context: Context, raw: Json) -> Json:
        return tables.derive(raw)


class Columns(EmbeddedStream):
    """Columns and partition keys of tables and views."""

    name = "columns"
    primary_keys = (
        "account_id",
        "region",
        "catalog_id",
        "database_name",
        "table_name",
        "name",
        "occurrence",
    )
    replication_keys: ClassVar[Mapping[str, str]] = {"table_update_time": "UpdateTime"}
    parent_stream_type = Tables
    shape = "Column"
    derived = columns.DERIVED

    @override
    def records(self, context: Context, raw: Json) -> Iterator[Json]:
        updated = raw.get("UpdateTime")
        return columns.columns(
            raw,
            columns.resolve(raw),
            None if updated is None else timestamp(updated),
            self.keys(context),
            self.redactor,
        )
