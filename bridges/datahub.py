"""Writes databases and tables as a file that DataHub's file source reads.

    python bridges/datahub.py output/warehouse.duckdb >glue.json

It reads the current rows that `dbt build` made, in a file of DuckDB or at a URL of PostgreSQL, and
needs `duckdb` or `psycopg` alone. Names are those of DataHub's own source for Glue, which are
`database.table`, so that lineage from elsewhere meets them. `--instance` names a platform instance,
to keep the tables of several accounts apart; with it, `--account` picks whose rows to write.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]

PLATFORM: Final = "urn:li:dataPlatform:glue"
SCHEMA: Final = "glue_metadata"
DATABASES: Final = """
    SELECT catalog_id, name, description, arn
    FROM current_databases WHERE account_id LIKE {account} ORDER BY catalog_id, name"""
# One row for each column; a table without columns has one, too.
TABLES: Final = """
    SELECT tables.account_id, tables.region, tables.catalog_id, tables.database_name, tables.name,
        tables.description, tables.arn, tables.owner, tables.is_view, tables.location,
        tables.table_format,
        columns.name AS column_name, columns.type, columns.comment, columns.is_partition_key
    FROM current_tables AS tables
    LEFT JOIN current_columns AS columns
        ON columns.account_id = tables.account_id AND columns.region = tables.region
        AND columns.catalog_id = tables.catalog_id
        AND columns.database_name = tables.database_name AND columns.table_name = tables.name
        AND columns.is_current IS NOT FALSE AND columns.occurrence = 1
    WHERE tables.account_id LIKE {account}
    ORDER BY tables.account_id, tables.region, tables.catalog_id, tables.database_name,
        tables.name, columns.ordinal_position"""
# What DataHub calls the types of columns, with the words that Glue's begin with.
_WORDS: Final = {
    "NumberType": "tinyint smallint int integer bigint long float double real decimal",
    "StringType": "string varchar char uuid",
    "TimeType": "timestamp timestamptz time",
    "BytesType": "binary fixed",
    "ArrayType": "array list",
    "RecordType": "struct row",
    "BooleanType": "boolean",
    "DateType": "date",
    "MapType": "map",
    "UnionType": "uniontype",
}
TYPES: Final = {word: kind for kind, words in _WORDS.items() for word in words.split()}


class Bridge:
    """Turns rows into proposals of metadata changes."""

    def __init__(self, instance: str | None) -> None:
        """Make one for a platform instance, or for none."""
        self._instance = instance

    def database(self, row: Json) -> Iterator[Json]:
        """Yield the aspects of a database."""
        urn = self._container(row["catalog_id"], row["name"])
        properties = {
            "name": row["name"],
            "description": row["description"],
            "customProperties": _texts(row, "catalog_id", "arn"),
        }
        yield _proposal("container", urn, "containerProperties", properties)
        yield _proposal("container", urn, "subTypes", {"typeNames": ["Database"]})
        yield _proposal("container", urn, "dataPlatformInstance", self._platform_instance())

    def table(self, columns: list[Json]) -> Iterator[Json]:
        """Yield the aspects of a table, given a row for each of its columns."""
        table = columns[0]
        name = f"{table['database_name']}.{table['name']}"
        qualified = f"{self._instance}.{name}" if self._instance else name
        urn = f"urn:li:dataset:({PLATFORM},{qualified},PROD)"
        properties = {
            "name": table["name"],
            "qualifiedName": table["arn"],
            "description": table["description"],
            "customProperties": _texts(table, "catalog_id", "owner", "location", "table_format"),
        }
        schema = {
            "schemaName": name,
            "platform": PLATFORM,
            "version": 0,
            "hash": "",
            "platformSchema": {"com.linkedin.schema.OtherSchema": {"rawSchema": ""}},
            "fields": [_field(column) for column in columns if column["column_name"] is not None],
        }
        container = self._container(table["catalog_id"], table["database_name"])
        kind = "View" if table["is_view"] else "Table"
        yield _proposal("dataset", urn, "datasetProperties", properties)
        yield _proposal("dataset", urn, "schemaMetadata", schema)
        yield _proposal("dataset", urn, "container", {"container": container})
        yield _proposal("dataset", urn, "subTypes", {"typeNames": [kind]})
        yield _proposal("dataset", urn, "dataPlatformInstance", self._platform_instance())

    def _container(self, catalog_id: str, database: str) -> str:
        text = json.dumps([self._instance, catalog_id, database])
        return f"urn:li:container:{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}"

    def _platform_instance(self) -> Json:
        named = f"urn:li:dataPlatformInstance:({PLATFORM},{self._instance})"
        return {"platform": PLATFORM, "instance": named if self._instance else None}


def _field(column: Json) -> Json:
    native = column["type"] or ""
    word = native.lower().replace("<", "(").replace(" ", "(").split("(")[0]
    return {
        "fieldPath": column["column_name"],
        "nativeDataType": native,
        "type": {"type": {f"com.linkedin.schema.{TYPES.get(word, 'NullType')}": {}}},
        "description": column["comment"],
        "isPartitioningKey": bool(column["is_partition_key"]),
    }


def _texts(row: Json, *names: str) -> dict[str, str]:
    return {name: row[name] for name in names if row[name] is not None}


def _proposal(entity: str, urn: str, aspect: str, value: Json) -> Json:
    return {
        "entityType": entity,
        "entityUrn": urn,
        "changeType": "UPSERT",
        "aspectName": aspect,
        "aspect": {"json": {name: part for name, part in value.items() if part is not None}},
    }


def _rows(database: str, query: str, account: str) -> Iterator[Json]:
    """Yield the rows of a query, a few at a time."""
    if "://" in database:
        import psycopg  # noqa: PLC0415 - only where it is needed

        connection: Any = psycopg.connect(database, options=f"-c search_path={SCHEMA}")
        cursor, mark = connection.cursor("rows"), "%s"
    else:
        import duckdb  # noqa: PLC0415 - likewise

        connection = duckdb.connect(database, read_only=True)
        cursor, mark = connection.execute(f"USE {SCHEMA}"), "?"
    with closing(connection):
        cursor.execute(query.format(account=mark), [account])
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(1000):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def proposals(database: str, account: str = "%", instance: str | None = None) -> Iterator[Json]:
    """Yield what DataHub is to know.

    Args:
        database: The path of DuckDB's file, or the URL of PostgreSQL.
        account: The account whose rows to take; `%` for all.
        instance: The platform instance.
    """
    bridge = Bridge(instance)
    for row in _rows(database, DATABASES, account):
        yield from bridge.database(row)
    key = itemgetter("account_id", "region", "catalog_id", "database_name", "name")
    for _, columns in groupby(_rows(database, TABLES, account), key):
        yield from bridge.table(list(columns))


def main() -> None:
    """Write a list, one proposal a line, for it may be long."""
    parser = argparse.ArgumentParser(description="Write a file for DataHub's file source.")
    parser.add_argument("database", help="DuckDB's file, or PostgreSQL's URL")
    parser.add_argument("--account", default="%", help="whose rows to write; all if not given")
    parser.add_argument("--instance", help="the platform instance of these rows")
    given = parser.parse_args()
    sys.stdout.write("[")
    separator = "\n"
    for each in proposals(given.database, given.account, given.instance):
        sys.stdout.write(separator + json.dumps(each))
        separator = ",\n"
    sys.stdout.write("\n]\n")


if __name__ == "__main__":
    main()
