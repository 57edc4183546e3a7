"""Edges of tables and views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.lineage import view_sql
from tap_glue_metadata.records.lineage.edges import FAILED, INFERRED, PARSED, Edge
from tap_glue_metadata.records.lineage.identifiers import Thing, foreign_table, thing
from tap_glue_metadata.records.table_formats import location
from tap_glue_metadata.records.views import view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.records.lineage.identifiers import Place
    from tap_glue_metadata.records.views import View

    Raw = Mapping[str, Any]

_LOCATIONS: Final = (
    ("StorageDescriptor", "Location"),
    ("StorageDescriptor", "SerdeInfo", "Parameters", "path"),
    ("IcebergTableMetadata", "Location"),
)
_STREAMS: Final = ("StorageDescriptor", "Parameters", "streamARN")
# What crawlers and jobs write, and in which parameter they say so.
_WRITERS: Final = {"UPDATED_BY_CRAWLER": "crawler", "CreatedByJob": "job"}
# The account's default catalog in Athena and Spark; and by the name that is customary for it.
_DEFAULT_CATALOGS: Final = ("", "awsdatacatalog", "spark_catalog")
_CUSTOMARY_CATALOG: Final = "glue_catalog"
_NO_TABLES: Final = "information_schema"


def table_edges(table: Raw, place: Place) -> Iterator[Edge]:
    """Yield the edges of a table or view.

    Args:
        table: Glue's `Table`.
        place: Where it is: its own catalog and database, whatever link led there.

    Yields:
        The edges; those of a table that a link to a database led to are by that link, since the
        table may be reached on other ways too.
    """
    this = place.table(place.database, table["Name"])
    target = table.get("TargetTable")
    edges = _link_edges(this, target, place) if target else _own_edges(this, table, place)
    if place.link is None:
        yield from edges
        return
    linked = place.link.table(place.link.database, table["Name"])
    yield Edge("links_to", linked, this, "Database.TargetDatabase")
    via = place.link.database_of(place.link.database)
    for edge in edges:
        yield Edge(*edge[:5], via, edge.details)


def _own_edges(this: Thing, table: Raw, place: Place) -> Iterator[Edge]:
    definition = table.get("ViewDefinition") or {}
    sub_objects = definition.get("SubObjects") or ()
    for index, sub_object in enumerate(sub_objects):
        if found := thing(sub_object or ""):
            yield Edge("derives", found, this, f"ViewDefinition.SubObjects[{index}]")
    if not sub_objects:
        yield from _view_edges(this, view(table), _text_member(table), place)
    yield from _federation_edges(this, table.get("FederatedTable"), place)
    for path in (("Parameters",), ("StorageDescriptor", "Parameters")):
        parameters = _at(table, path) or {}
        for name, kind in _WRITERS.items():
            if writer := parameters.get(name):
                yield Edge("writes", place.glue(kind, writer), this, ".".join((*path, name)))
        if connection := parameters.get("connectionName"):
            used = place.glue("connection", connection)
            yield Edge("uses", this, used, ".".join((*path, "connectionName")))
    yield from _storage_edges(this, table, place)


def _link_edges(this: Thing, target: Raw, place: Place) -> Iterator[Edge]:
    database, name = target.get("DatabaseName"), target.get("Name")
    if database and name:
        elsewhere = place.elsewhere(target.get("Region"))
        linked = elsewhere.table(database, name, target.get("CatalogId"))
        yield Edge("links_to", this, linked, "TargetTable")


def _federation_edges(this: Thing, federated: Raw | None, place: Place) -> Iterator[Edge]:
    if not federated:
        return
    identifier = federated.get("Identifier") or ""
    remote = thing(identifier) if identifier.startswith("arn:") else None
    if connection := federated.get("ConnectionName"):
        names = (federated.get("DatabaseIdentifier") or "", identifier)
        remote = remote or place.external(connection, *names)
    if remote:
        yield Edge("links_to", this, remote, "FederatedTable")


def _storage_edges(this: Thing, table: Raw, place: Place) -> Iterator[Edge]:
    """Yield where the data is; what is behind a connection has a name there and no URI."""
    if stream := thing(_at(table, _STREAMS) or ""):
        yield Edge("stored_at", this, stream, ".".join(_STREAMS))
        return
    stored = location(table)
    if not stored:
        return
    connection = _at(table, ("Parameters", "connectionName"))
    found = thing(stored) or (place.external(connection, stored) if connection else None)
    evidence = next(".".join(path) for path in _LOCATIONS if _at(table, path) == stored)
    if found:
        yield Edge("stored_at", this, found, evidence)


def _text_member(table: Raw) -> str:
    """Name the member that `view` reads."""
    if (table.get("ViewDefinition") or {}).get("Representations"):
        return "ViewDefinition.Representations"
    return "ViewOriginalText" if table.get("ViewOriginalText") else "ViewExpandedText"


def _view_edges(this: Thing, query: View, evidence: str, place: Place) -> Iterator[Edge]:
    if not query.sql:
        return
    try:
        names = view_sql.tables(query.sql, query.dialect)
    except view_sql.SqlError as error:
        details = {"Error": f"The SQL {error}"}
        yield Edge("derives", None, this, evidence, FAILED, details=details)
        return
    for name in names:
        source, confidence = _resolve(name, query, place)
        if source != this:
            yield Edge("derives", source, this, evidence, confidence)


def _resolve(name: view_sql.Name, query: View, place: Place) -> tuple[Thing, str]:
    """Tell which table a name in a view's query stands for, and how sure that is."""
    if found := thing(name.table) if "://" in name.table else None:
        return found, PARSED  # files, as Spark reads them
    told = name.database or query.database
    database = (told or place.database).lower()
    table = name.table.lower().partition("$")[0]  # less that of Iceberg's metadata tables
    catalog = (name.catalog or query.catalog or "").lower()
    is_customary = catalog == _CUSTOMARY_CATALOG
    is_known = catalog in _DEFAULT_CATALOGS or is_customary or "/" in catalog
    if not is_known or database == _NO_TABLES:
        names = [part for part in (catalog, database, table) if part]
        return foreign_table(query.dialect or "hive", *names), PARSED
    found = place.table(database, table, _catalog_id(catalog, place))
    return found, PARSED if told and not is_customary else INFERRED


def _catalog_id(catalog: str, place: Place) -> str:
    account = place.catalog_id.partition(":")[0]
    if not catalog:
        return place.catalog_id
    return f"{account}:{catalog}" if "/" in catalog else account


def _at(table: Raw, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON
    value: Any = table
    for member in path:
        value = (value or {}).get(member)
    return value
