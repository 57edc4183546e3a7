"""What a table is, and where its data is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_glue_metadata.records.parameters import parameter, parameter_maps
from tap_glue_metadata.records.views import is_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HUDI_INPUT_FORMATS: Final = ("org.apache.hudi.", "com.uber.hoodie.")
_SPARK_PLACEHOLDER: Final = "-__PLACEHOLDER__"


class _Facts(NamedTuple):
    """What a table's format is told by."""

    table: Mapping[str, Any]
    parameters: Mapping[str, Any]
    named: frozenset[str]  # the formats that parameters name, in lower case
    data: str  # what the parameter `typeOfData` calls the data, in lower case
    input_format: str
    serde: str


class TableFormat(NamedTuple):
    """A format, and how it is told.

    Attributes:
        name: The value of `table_format`.
        told_by: What tells it, for the documentation.
        holds: Whether it holds.
    """

    name: str
    told_by: str
    holds: Callable[[_Facts], object]


TABLE_FORMATS: Final = (
    TableFormat(
        "resource_link",
        "`TargetTable`: a link to a table, often of another account",
        lambda facts: facts.table.get("TargetTable"),
    ),
    TableFormat(
        "iceberg",
        "`iceberg` as `table_type`, `spark.sql.sources.provider` or `classification`, "
        "or `IcebergTableMetadata`",
        lambda facts: "iceberg" in facts.named or facts.table.get("IcebergTableMetadata"),
    ),
    TableFormat(
        "delta",
        "`delta` as `table_type`, `spark.sql.sources.provider` or `classification`",
        lambda facts: "delta" in facts.named,
    ),
    TableFormat(
        "hudi",
        "`hudi` as `table_type`, `spark.sql.sources.provider` or `classification`, Hudi's input "
        "format, or a parameter that starts with `hudi.`",
        lambda facts: (
            "hudi" in facts.named
            or facts.input_format.startswith(_HUDI_INPUT_FORMATS)
            or any(key.startswith("hudi.") for key in facts.parameters)
        ),
    ),
    TableFormat("kinesis", "`typeOfData` is `kinesis`", lambda facts: facts.data == "kinesis"),
    TableFormat("kafka", "`typeOfData` is `kafka`", lambda facts: facts.data == "kafka"),
    TableFormat(
        "dynamodb", "`classification` is `dynamodb`", lambda facts: "dynamodb" in facts.named
    ),
    TableFormat("mongodb", "`classification` is `mongodb`", lambda facts: "mongodb" in facts.named),
    TableFormat(
        "jdbc",
        "`typeOfData` is `table` or `view`, without input format and SerDe: a table or view of "
        "another database, found by a crawler",
        lambda facts: (
            facts.data in ("table", "view") and not facts.input_format and not facts.serde
        ),
    ),
    TableFormat(
        "view", "a view, multi-dialect and materialized ones included", lambda f: is_view(f.table)
    ),
    TableFormat(
        "federated",
        "`FederatedTable`: a table of another catalog, by a connection",
        lambda facts: facts.table.get("FederatedTable"),
    ),
    TableFormat(
        "hive", "an input format or a SerDe", lambda facts: facts.input_format or facts.serde
    ),
)
"""What is told apart by `table_format`: the first that holds is taken."""


def table_format(table: Mapping[str, Any]) -> str | None:
    """Name the format that a table is in.

    Args:
        table: Glue's `Table`.

    Returns:
        The first of `TABLE_FORMATS` that holds, or None.
    """
    facts = _facts(table)
    return next((each.name for each in TABLE_FORMATS if each.holds(facts)), None)


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


def _facts(table: Mapping[str, Any]) -> _Facts:
    storage = table.get("StorageDescriptor") or {}
    parameters, _ = parameter_maps(table)
    names = (
        parameters.get("table_type"),
        parameters.get("spark.sql.sources.provider"),
        parameter(table, "classification"),
    )
    return _Facts(
        table,
        parameters,
        frozenset(name.lower() for name in names if name),
        (parameter(table, "typeOfData") or "").lower(),
        storage.get("InputFormat") or "",
        (storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "",
    )
