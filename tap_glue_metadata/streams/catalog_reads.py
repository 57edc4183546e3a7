"""The Data Catalog's own hierarchy, which the streams hang on: catalogs, databases, tables."""

from __future__ import annotations

from typing import Final

from tap_glue_metadata.engine.read import Read
from tap_glue_metadata.engine.selection import Selection

CATALOGS: Final = Read(
    "GetCatalogs",
    "CatalogList",
    params={"Recursive": True, "IncludeRoot": True},
    key="CatalogId",
    is_always_listed=True,
    known=Selection.known_catalogs,
    select=Selection.select_catalog,
    warning="Only the default catalog is read (name others in catalog_ids)",
)
# Catalogs that hold nothing but other catalogs have no databases to list.
CATALOGS_WITH_DATABASES: Final = Read(
    CATALOGS.operation,
    CATALOGS.items,
    params={**CATALOGS.params, "HasDatabases": True},
    key=CATALOGS.key,
    is_always_listed=True,
    known=CATALOGS.known,
    select=CATALOGS.select,
    warning=CATALOGS.warning,
)
# What is in default catalogs alone, such as connections. Their ids are known without a call.
DEFAULT_CATALOGS: Final = Read(
    CATALOGS.operation,
    CATALOGS.items,
    key=CATALOGS.key,
    known=Selection.default_catalogs,
    is_never_called=True,
)
DATABASES: Final = Read(
    "GetDatabases",
    "DatabaseList",
    CATALOGS_WITH_DATABASES,
    bind={"CatalogId": "CatalogId"},
    settings={"ResourceShareType": "resource_share_type"},
    is_always_listed=True,
    patterns="databases",
    select=Selection.select_database,
    place=Selection.place_database,
    leads=Selection.leads_to_tables,
    link="TargetDatabase",
)
TABLES: Final = Read(
    "GetTables",
    "TableList",
    DATABASES,
    bind={"DatabaseName": "Name"},
    params={"IncludeStatusDetails": True},
    is_always_listed=True,
    patterns="tables",
    select=Selection.select_table,
    link="TargetTable",
)
# What resource links to tables lead to, maybe in another region.
TARGETS: Final = Read(
    "GetTable",
    "Table",
    TABLES,
    bind={member: f"TargetTable.{member}" for member in ("CatalogId", "DatabaseName", "Name")},
    where="TargetTable.CatalogId && TargetTable.DatabaseName && TargetTable.Name",
    params={"IncludeStatusDetails": True},
    region="TargetTable.Region",
)
