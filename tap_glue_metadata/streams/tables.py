"""The group `tables`: what belongs to tables and databases, each by calls of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tap_glue_metadata.engine.read import Each, Read
from tap_glue_metadata.records import column_statistics, partitions
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.catalog_reads import DATABASES, TABLES
from tap_glue_metadata.streams.keys import DATABASE_KEYS, TABLE_KEYS

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context

_SEGMENTS: Final = tuple(  # GetPartitions takes at most 10
    {"Segment": {"SegmentNumber": number, "TotalSegments": 4}} for number in range(4)
)
_OPTIMIZERS: Final = ", ".join(
    f"{{catalogId: CatalogId, databaseName: DatabaseName, tableName: Name, type: '{kind}'}}"
    for kind in ("compaction", "retention", "orphan_file_deletion")
)
_OF_OPTIMIZER: Final = (
    "{Name: [tableName, type], ErrorCode: error.ErrorCode, ErrorMessage: error.ErrorMessage}"
)
_OF_COLUMN: Final = (
    "{Name: ColumnName, ErrorCode: Error.ErrorCode, ErrorMessage: Error.ErrorMessage}"
)


class Partitions(GlueStream):
    """Partitions of tables, without the columns that repeat those of the table."""

    name, group = "partitions", "tables"
    primary_keys = (*TABLE_KEYS, "partition_name")
    source = Read(
        *("GetPartitions", "Partitions", TABLES, {"TableName": "Name"}),
        carry={"keys": "PartitionKeys[].Name"},
        where="PartitionKeys",
        params={"ExcludeColumnSchema": True},
        split=_SEGMENTS,
        key="to_string(Values)",
        is_always_listed=True,
    )
    derived = partitions.DERIVED

    @override
    def derive(self, context: Context, raw: Json) -> Json:
        keys, values = context.carried["keys"] or (), raw.get("Values") or ()
        return {"partition_name": partitions.partition_name(keys, values)}


class PartitionIndexes(GlueStream):
    """Indexes of the partitions of tables."""

    name, group = "partition_indexes", "tables"
    primary_keys = (*TABLE_KEYS, "index_name")
    source = Read(
        *("GetPartitionIndexes", "PartitionIndexDescriptorList", TABLES, {"TableName": "Name"}),
        where="PartitionKeys",
        key="IndexName",
    )


class TableVersions(GlueStream):
    """Versions of tables, each with the table as it was."""

    name, group = "table_versions", "tables"
    primary_keys = (*TABLE_KEYS, "version_id")
    source = Read(
        *("GetTableVersions", "TableVersions", TABLES, {"TableName": "Name"}), key="VersionId"
    )
    open_members = frozenset({"Table.Status.Details.RequestedChange"})


class TableOptimizers(GlueStream):
    """Optimizers of Iceberg tables: compaction, retention, deletion of orphan files."""

    name, group = "table_optimizers", "tables"
    primary_keys = (*TABLE_KEYS, "type")
    source = Read(
        *("BatchGetTableOptimizer", "TableOptimizers", TABLES),
        where="Parameters.table_type == 'ICEBERG' || Parameters.table_type == 'iceberg'",
        each=Each("Entries", f"[{_OPTIMIZERS}]", 20),
        failures=f"Failures[].{_OF_OPTIMIZER}",
        key="to_string([tableName, tableOptimizer.type])",
    )
    omitted_members = frozenset({"catalogId", "databaseName"})
    derived: ClassVar[Mapping[str, Any]] = {
        "type": {"type": "string", "description": "Type of the optimizer."}
    }

    @override
    def derive(self, context: Context, raw: Json) -> Json:
        return {"type": raw["tableOptimizer"]["type"]}


class ColumnStatistics(GlueStream):
    """Statistics of columns; the one stream that carries values from the data."""

    name, group = "column_statistics", "tables"
    primary_keys = (*TABLE_KEYS, "column_name")
    source = Read(
        *("GetColumnStatisticsForTable", "ColumnStatisticsList", TABLES, {"TableName": "Name"}),
        where="StorageDescriptor.Columns",
        each=Each("ColumnNames", "StorageDescriptor.Columns[].Name", 100),
        failures=f"Errors[].{_OF_COLUMN}",
        key="ColumnName",
    )
    derived = column_statistics.DERIVED

    @override
    def derive(self, context: Context, raw: Json) -> Json:
        return column_statistics.derive(raw)


class UserDefinedFunctions(GlueStream):
    """User-defined functions of databases."""

    name, group = "user_defined_functions", "tables"
    primary_keys = (*DATABASE_KEYS, "function_name")
    source = Read(
        *("GetUserDefinedFunctions", "UserDefinedFunctions", DATABASES, {"DatabaseName": "Name"}),
        params={"Pattern": "*"},
        key="FunctionName",
    )
    arn_kind = "userDefinedFunction"
