"""What docs/lineage.md shows holds: its SQL on two databases, its Python, its picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import postgres
import psycopg
import pytest

from demo import catalog, etl, lineage
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_aws import FakeAws
    from singer import Json

PAGE: Final = Path(__file__).parent.parent / "docs" / "lineage.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
GLUE: Final = "arn:aws:glue:us-east-1:123456789012"
ORDERS: Final = f"{GLUE}:table/sales/orders"
EDGES: Final = [stream.name for stream in EXTRA_STREAM_TYPES if stream.group == "lineage"]


def block(kind: str, name: str) -> str:
    [found] = re.findall(rf"<!-- {kind}: {name} -->\n```{kind}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def landed() -> dict[str, list[Json]]:
    """Read the demo's sample, and two tables more that share a prefix."""
    return lineage.landed("tables", "columns", *lineage.STREAMS, change=share_a_prefix)


def share_a_prefix(endpoint: FakeAws) -> None:
    store = endpoint.store()
    for name, folder in (("returns", "sales/orders/returns/"), ("copy", "sales/orders")):
        storage = {"Location": f"s3://example-lake/{folder}", "Columns": []}
        store.add_table("sales", name, StorageDescriptor=storage)


def load(connection: Any, mark: str, landed: dict[str, list[Json]]) -> None:
    """Create a table of texts for each stream, and fill it."""
    for stream in ("tables", "columns", *EDGES):
        rows = landed.get(stream, [])
        columns = list(rows[0] if rows else landed["table_edges"][0])
        names = ", ".join(f'"{column}"' for column in columns)
        kinds = names.replace('",', '" VARCHAR,') + " VARCHAR"
        connection.execute(f"CREATE TABLE {stream} ({kinds})")
        marks = ", ".join([mark] * len(columns))
        for row in rows:
            values = [None if row[name] is None else str(row[name]) for name in columns]
            connection.execute(f"INSERT INTO {stream} VALUES ({marks})", values)  # noqa: S608 - ours
    for statement in block("sql", "views").split(";\n"):
        if statement.strip():
            connection.execute(statement)


@pytest.fixture(scope="module")
def in_duckdb(landed: dict[str, list[Json]]) -> Iterator[Any]:
    with duckdb.connect() as connection:
        load(connection, "?", landed)
        yield connection


@pytest.fixture(scope="module")
def in_postgres(landed: dict[str, list[Json]]) -> Iterator[Any]:
    with postgres.running() as server, psycopg.connect(server.url) as connection:
        load(connection, "%s", landed)
        yield connection


@pytest.fixture(params=["in_duckdb", "in_postgres"])
def warehouse(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def answer(warehouse: Any, name: str) -> list[Any]:
    return [tuple(row) for row in warehouse.execute(block("sql", name)).fetchall()]


def test_what_is_downstream(warehouse: Any) -> None:
    assert answer(warehouse, "downstream") == [
        (f"{GLUE}:table/sales/copy",),  # at the same place
        (f"{GLUE}:table/sales/monthly_revenue",),
        (ORDERS,),
        ("s3://example-lake/sales/orders/",),
    ]


def test_the_jobs_of_a_table(warehouse: Any) -> None:
    job = f"{GLUE}:job/{etl.JOB}"
    assert answer(warehouse, "jobs") == [(job, "derives", "declared"), (job, "uses", "inferred")]


def test_tables_without_a_producer(warehouse: Any) -> None:
    found = {arn.rpartition("/")[2] for (arn,) in answer(warehouse, "no-producer")}
    assert found == {"clicks", "copy", "customers", "inventory", "ledger", "returns", "shipments"}


def test_tables_that_share_a_prefix(warehouse: Any) -> None:
    prefix = "s3://example-lake/sales/orders/"
    returns, copy = f"{GLUE}:table/sales/returns", f"{GLUE}:table/sales/copy"
    assert answer(warehouse, "shared-prefix") == [
        (copy, ORDERS, prefix),
        (returns, copy, prefix),
        (returns, ORDERS, prefix),
    ]


def test_the_columns_of_a_view(warehouse: Any) -> None:
    names: Json = {}
    exec(block("python", "columns"), names)  # noqa: S102 - our own
    assert names["column_lineage"](warehouse, f"{GLUE}:table/sales/monthly_revenue") == {
        "year": {("sales", "orders", "year")},
        "revenue": {("sales", "orders", "amount")},
    }


def test_each_block_is_tested() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    for kind, name in re.findall(r"<!-- (sql|python): (\S+) -->", TEXT):
        assert f'"{name}"' in tested, (kind, name)
    assert TEXT.count("```sql") + TEXT.count("```python") == len(
        re.findall(r"<!-- (?:sql|python): ", TEXT)
    )


def test_the_picture_is_that_of_the_demo() -> None:
    assert lineage.page(TEXT) == TEXT, "run `make docs`"
    assert f"derives by {etl.JOB}" in TEXT
    assert catalog.FINANCE_ACCOUNT in TEXT
