from __future__ import annotations

from typing import TYPE_CHECKING, Final

import postgres
import pytest
from warehouses import DuckDb, Files, Landing, PostgreSql

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGETS: Final = ("jsonl", "duckdb", "postgres")


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="module", params=TARGETS)
def landing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Landing:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "postgres":
        return PostgreSql(folder, request.getfixturevalue("server"))
    return Files(folder) if request.param == "jsonl" else DuckDb(folder)
