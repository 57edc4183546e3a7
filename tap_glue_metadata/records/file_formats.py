"""The format of a table's files."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.parameters import parameter, parameter_maps

if TYPE_CHECKING:
    from collections.abc import Mapping

_WITHOUT_FILES: Final = frozenset({"resource_link", "jdbc", "view"})

# As crawlers name them in `classification`, and Spark in `spark.sql.sources.provider`.
_NAMED: Final = {
    name: name for name in ("avro", "bson", "csv", "ion", "json", "orc", "parquet", "text", "xml")
} | {"glueparquet": "parquet"}

# By a part of the name of a SerDe's or an input format's class.
_CLASSES: Final = {
    "Parquet": "parquet",
    "Orc": "orc",
    "Avro": "avro",
    "CSV": "csv",
    "MultiDelimit": "csv",
    "Json": "json",
    "JSON": "json",
    "CloudTrail": "json",
    "Ion": "ion",
    "Xml": "xml",
    "Grok": "grok",
    "Regex": "regex",
    "Protobuf": "protobuf",
    "SequenceFile": "sequencefile",
    "RCFile": "rcfile",
}
_CLASS: Final = re.compile("|".join(_CLASSES))


def file_format(table: Mapping[str, Any], table_format: str | None) -> str | None:
    """Name the format of a table's files, or of its messages.

    Args:
        table: Glue's `Table`.
        table_format: What the table is.

    Returns:
        The format that `classification` names, else `spark.sql.sources.provider`, else the class
        of the SerDe, else that of the input format: `avro`, `bson`, `csv`, `grok`, `ion`, `json`,
        `orc`, `parquet`, `protobuf`, `rcfile`, `regex`, `sequencefile`, `text` or `xml`. Iceberg
        names it as `write.format.default`; Delta's files are always Parquet. None if it is not
        told, and for views, resource links and JDBC tables.
    """
    if table_format in _WITHOUT_FILES:
        return None
    parameters, _ = parameter_maps(table)
    if named := _named(parameter(table, "classification")) or _named(
        parameters.get("spark.sql.sources.provider")
    ):
        return named
    if table_format == "delta":
        return "parquet"
    if table_format == "iceberg":
        properties = (table.get("IcebergTableMetadata") or {}).get("Properties") or {}
        key = "write.format.default"
        return _named(properties.get(key) or parameters.get(key))
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    return _of_classes(
        serde.get("SerializationLibrary") or "",
        storage.get("InputFormat") or "",
        is_delimited="field.delim" in (serde.get("Parameters") or {}),
    )


def _named(name: str | None) -> str | None:
    return _NAMED.get(name.lower()) if name else None


@lru_cache(maxsize=128)  # a catalog has few kinds of storage
def _of_classes(serde: str, input_format: str, *, is_delimited: bool) -> str | None:
    for path in (serde, input_format):
        if found := _CLASS.search(path.rpartition(".")[2]):
            return _CLASSES[found[0]]
    if "LazySimple" in serde or "TextInputFormat" in input_format:
        return "csv" if is_delimited else "text"
    return None
