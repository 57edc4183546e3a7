"""Parameters of a table, and the numbers in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHOLE_NUMBER: Final = re.compile(r"\s*([0-9]{1,19})(?:\.0*)?\s*")
_LARGEST: Final = 2**63 - 1  # of a 64-bit integer, what the databases at the other end hold

_STATISTICS: Final = {
    "record_count": ("recordCount", "numRows", "spark.sql.statistics.numRows"),
    "size_bytes": ("sizeKey", "totalSize", "spark.sql.statistics.totalSize"),
    "object_count": ("objectCount", "numFiles"),
    "average_record_size": ("averageRecordSize",),
}


def parameter_maps(table: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the parameters of a table, and those of its storage descriptor.

    Crawlers write the same ones to both. Where they differ, the table's take precedence.

    Args:
        table: Glue's `Table`.
    """
    storage = table.get("StorageDescriptor") or {}
    return table.get("Parameters") or {}, storage.get("Parameters") or {}


def parameter(table: Mapping[str, Any], key: str) -> str | None:
    """Return a parameter of a table, else of its storage descriptor, else None.

    Args:
        table: Glue's `Table`.
        key: The parameter's key.
    """
    own, of_storage = parameter_maps(table)
    return own.get(key) or of_storage.get(key) or None


def statistics(table: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the statistics that crawlers, Hive and Spark leave in parameters.

    Args:
        table: Glue's `Table`.

    Returns:
        `record_count`, `size_bytes`, `object_count` and `average_record_size` (bytes), each
        None if no parameter holds it as a whole number. They are as old as their last writer.
    """
    maps = [parameters for parameters in parameter_maps(table) if parameters]
    return {name: _first_number(maps, keys) for name, keys in _STATISTICS.items()}


def whole_number(value: object) -> int | None:
    """Read a number from 0 to 2^63-1.

    Args:
        value: Text such as `"12"` or `"12.0"`, a number, or anything else.

    Returns:
        The number; None for anything else, e.g. `-1`, which Hive writes for "unknown".
    """
    match = _WHOLE_NUMBER.fullmatch(str(value))
    number = int(match[1]) if match else None
    return None if number is None or number > _LARGEST else number


def _first_number(maps: list[Mapping[str, Any]], keys: tuple[str, ...]) -> int | None:
    for parameters in maps:
        for key in keys:
            if key in parameters and (number := whole_number(parameters[key])) is not None:
                return number
    return None
