"""What Spark keeps of a table in its parameters: the schema, and where a view was created."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tap_glue_metadata.records.hive_types import CHAR_VARCHAR, from_spark
from tap_glue_metadata.texts import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMA: Final = "spark.sql.sources.schema"
_SCHEMA_PARTS: Final = f"{_SCHEMA}.numParts"
_VIEW_NAMESPACE: Final = "view.catalogAndNamespace"
_VIEW_NAMESPACE_PARTS: Final = f"{_VIEW_NAMESPACE}.numParts"
_VIEW_DATABASE: Final = "view.default.database"  # by Spark before 3.0
_SESSION_CATALOG: Final = "spark_catalog"


class _Field(msgspec.Struct):
    """A field of the schema in Spark's table parameters (Spark's `StructField`)."""

    name: str
    type: Any
    nullable: Any = None
    metadata: dict[str, Any] | None = None


class _Schema(msgspec.Struct):
    """The schema in Spark's table parameters (Spark's `StructType`)."""

    fields: list[_Field]


def schema_columns(parameters: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Read the columns of the schema in a table's parameters, partition columns among them.

    Args:
        parameters: Of a table.

    Returns:
        The columns, each as Glue's `Column`: metadata other than the comment are its parameters.
        None if there is no schema.

    Raises:
        ValueError: If it cannot be read.
        RecursionError: If it is nested too deep.
    """
    text = _schema_text(parameters)
    return None if text is None else [_column(field) for field in _decode(text).fields]


def schema_type(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema in a table's parameters as Spark's JSON of a struct.

    Args:
        parameters: Of a table.

    Returns:
        The struct, or None if there is no schema.

    Raises:
        ValueError: If it cannot be read.
        RecursionError: If it is nested too deep.
    """
    text = _schema_text(parameters)
    if text is None:
        return None
    return {"type": "struct", "fields": [msgspec.structs.asdict(f) for f in _decode(text).fields]}


def partition_names(parameters: Mapping[str, Any]) -> list[str]:
    """Return the names of the partition columns in a table's parameters, none if it has none.

    Args:
        parameters: Of a table.

    Raises:
        ValueError: If one is missing.
    """
    return _parts(parameters, _SCHEMA, "numPartCols", "partCol")


def view_namespace(parameters: Mapping[str, Any]) -> tuple[str | None, str | None] | None:
    """Return the catalog and the database in which the names of a view are resolved.

    They are what Spark's `CatalogTable.viewCatalogAndNamespace` returns.

    Args:
        parameters: Of a view.

    Returns:
        The catalog, such as `spark_catalog`, and the database, dot-joined where it has several
        levels; each None if it is missing. None if Spark did not write the view.
    """
    if _VIEW_NAMESPACE_PARTS not in parameters:
        database = parameters.get(_VIEW_DATABASE)
        return (_SESSION_CATALOG, database) if database else None
    try:
        catalog, *namespace = _parts(parameters, _VIEW_NAMESPACE) or [""]
    except ValueError:
        return None, None
    return catalog or None, ".".join(namespace) or None


def _schema_text(parameters: Mapping[str, Any]) -> str | None:
    if whole := parameters.get(_SCHEMA):
        return str(whole)
    if _SCHEMA_PARTS not in parameters:
        return None
    return "".join(_parts(parameters, _SCHEMA)) or None


def _parts(
    parameters: Mapping[str, Any], prefix: str, count_key: str = "numParts", part_key: str = "part"
) -> list[str]:
    """Return what Spark has split over several parameters.

    Raises:
        ValueError: If a part is missing.
    """
    count = int(parameters.get(f"{prefix}.{count_key}") or 0)
    try:
        return [str(parameters[f"{prefix}.{part_key}.{n}"]) for n in range(count)]
    except KeyError as missing:
        raise ValueError(f"no parameter {missing}") from None


_schema: Final = msgspec.json.Decoder(_Schema)


@lru_cache(maxsize=8)  # the schema of one table is asked for several times in a row
def _decode(text: str) -> _Schema:
    return decode(text.encode(), _schema.decode)[0]


def _column(field: _Field) -> dict[str, Any]:
    metadata = {
        key: _text(value) for key, value in (field.metadata or {}).items() if value is not None
    }
    type_ = metadata.pop(CHAR_VARCHAR, None) or from_spark(field.type)
    column: dict[str, Any] = {"Name": field.name, "Type": type_}
    if "comment" in metadata:
        column["Comment"] = metadata.pop("comment")
    if metadata:
        column["Parameters"] = metadata
    return column


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
