"""The views of current rows: generated, and taken by both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import postgres
import psycopg
import pytest
from warehouse import Warehouse, generator

if TYPE_CHECKING:
    from collections.abc import Iterator

VIEWS = generator()


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "duckdb":
        with duckdb.connect() as connection:
            yield connection
    else:
        with postgres.running() as server, psycopg.connect(server.url) as connection:
            yield connection


def test_the_files_are_those_that_are_generated() -> None:
    files = VIEWS.files()
    assert {path: path.read_text(encoding="utf-8") for path in files} == files, "run `make docs`"
    assert set(VIEWS.FOLDER.iterdir()) == set(files)


def test_each_stream_of_what_aws_lists_has_its_view(connection: Any) -> None:
    groups = {stream.group for stream in VIEWS.ALL} - {"default"}
    warehouse = Warehouse(connection, *sorted(groups))
    for stream in VIEWS.ALL:
        if stream.reads():
            assert warehouse.rows(f"current_{stream.name}", *stream.primary_keys) == []
    for view in ("lost", "stale_units", *(f"lost_{group}" for group in groups)):
        assert warehouse.rows(view, "account_id", "stream") == []
