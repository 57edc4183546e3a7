"""What a table is and how big: format, classification, location and statistics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.views import is_view

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATISTICS: Final = {
    "record_count": ("recordCount", "numRows", "spark.sql.statistics.numRows"),
    "size_bytes": ("sizeKey", "totalSize", "spark.sql.statistics.totalSize"),
    "object_count": ("objectCount", "numFiles"),
    "average_record_size": ("averageRecordSize",),
}
_HUDI_INPUT_FORMATS: Final = ("org.apache.hudi.", "com.uber.hoodie.")
_SPARK_PLACEHOLDER: Final = "-__PLACEHOLDER__"

# 18 digits always fit into 64 bits, what the databases at the other end hold.
_WHOLE_NUMBER: Final = re.compile(r"\s*([0-9]{1,18})(?:\.0*)?\s*")


def table_format(table: Mapping[str, Any]) -> str | None:
    """Name the format that a table is in.

    Args:
        table: Glue's `Table`.

    Returns:
        The first that holds of `resource_link`, `iceberg`, `delta`, `hudi`, `view`, `federated`
        and `hive`, or None. Iceberg and Delta name themselves in the parameter `table_type`,
        Spark in `spark.sql.sources.provider`, crawlers in `classification`; Athena reads
        Hudi's settings from parameters that start with `hudi.`.
    """
    parameters = table.get("Parameters") or {}
    storage = table.get("StorageDescriptor") or {}
    input_format = storage.get("InputFormat") or ""
    named = {
        (name or "").lower()
        for name in (
            parameters.get("table_type"),
            parameters.get("spark.sql.sources.provider"),
            classification(table),
        )
    }
    holds = {
        "resource_link": table.get("TargetTable"),
        "iceberg": "iceberg" in named or table.get("IcebergTableMetadata"),
        "delta": "delta" in named,
        "hudi": "hudi" in named
        or input_format.startswith(_HUDI_INPUT_FORMATS)
        or any(key.startswith("hudi.") for key in parameters),
        "view": is_view(table),
        "federated": table.get("FederatedTable"),
        "hive": input_format or (storage.get("SerdeInfo") or {}).get("SerializationLibrary"),
    }
    return next((name for name, held in holds.items() if held), None)


def classification(table: Mapping[str, Any]) -> str | None:
    """Return the classification that a crawler or an author gave a table.

    Args:
        table: Glue's `Table`.

    Returns:
        The parameter `classification` of the table, else of its storage descriptor, e.g.
        `parquet`; None if neither has it.
    """
    storage = table.get("StorageDescriptor") or {}
    return (
        (table.get("Parameters") or {}).get("classification")
        or (storage.get("Parameters") or {}).get("classification")
        or None
    )


def location(table: Mapping[str, Any]) -> str | None:
    """Return where the data of a table is stored.

    Spark's `HiveExternalCatalog` gives a data source table a location that ends with
    `-__PLACEHOLDER__` and keeps the true one in the SerDe's parameter `path`.

    Args:
        table: Glue's `Table`.

    Returns:
        The location, usually an S3 URI, or None.
    """
    storage = table.get("StorageDescriptor") or {}
    own = storage.get("Location") or ""
    if own.endswith(_SPARK_PLACEHOLDER):
        own = ""
    serde_parameters = (storage.get("SerdeInfo") or {}).get("Parameters") or {}
    iceberg = table.get("IcebergTableMetadata") or {}
    return own or serde_parameters.get("path") or iceberg.get("Location") or None


def statistics(table: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the statistics that crawlers, Hive and Spark leave in a table's parameters.

    Args:
        table: Glue's `Table`.

    Returns:
        `record_count`, `size_bytes`, `object_count` and `average_record_size` (bytes), each
        None if no parameter holds it as a whole number. They are as old as their last writer.
    """
    parameters = table.get("Parameters") or {}
    return {name: _first_number(parameters, keys) for name, keys in _STATISTICS.items()}


def whole_number(value: object) -> int | None:
    """Read a number that is not negative and has at most 18 digits.

    Args:
        value: Text such as `"12"` or `"12.0"`, a number, or anything else.

    Returns:
        The number; None for anything else, e.g. `-1`, which Hive writes for "unknown".
    """
    match = _WHOLE_NUMBER.fullmatch(str(value))
    return int(match[1]) if match else None


def _first_number(parameters: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    numbers = (whole_number(parameters[key]) for key in keys if key in parameters)
    return next((number for number in numbers if number is not None), None)
