"""Fixtures: an empty destination of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import postgres
import pytest
from warehouses import DuckDb, Files, Landing, PostgreSql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["jsonl", "duckdb", "postgres"])
def landing(request: pytest.FixtureRequest, tmp_path: Path) -> Landing:
    if request.param == "postgres":
        return PostgreSql(tmp_path, request.getfixturevalue("server"))
    return Files(tmp_path) if request.param == "jsonl" else DuckDb(tmp_path)
