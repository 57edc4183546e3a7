"""Runs dbt, from an environment of its own, on the files that landed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb

from demo.pipeline import FOLDER, LANDED, ROOT, call

if TYPE_CHECKING:
    from pathlib import Path

DBT: Final = ROOT / ".venv-dbt" / "bin" / "dbt"
DATABASE: Final = FOLDER / "warehouse.duckdb"
TARGET: Final = FOLDER / "dbt"


def start() -> None:
    """Delete what an earlier demo has built."""
    DATABASE.unlink(missing_ok=True)


def snapshot() -> None:
    """Keep what the columns are like now."""
    _dbt("build", "--select", "+columns_snapshot")


def build() -> None:
    """Build the marts from all that has landed, and test them."""
    _dbt("build", "--select", "+path:models/marts")


def write_catalog() -> Path:
    """Write a page about all models.

    Returns:
        Where it is, in this checkout.
    """
    _dbt("docs", "generate", "--static")
    return (TARGET / "static_index.html").relative_to(ROOT)


def query(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the headings and rows of a query on what is built."""
    with duckdb.connect(DATABASE, read_only=True) as connection:
        connection.execute("USE glue_metadata")
        answer = connection.execute(sql)
        return [column[0] for column in answer.description or ()], answer.fetchall()


def _dbt(*arguments: str) -> None:
    call(
        DBT,
        *arguments,
        f"--project-dir={ROOT / 'dbt'}",
        f"--profiles-dir={ROOT / 'dbt'}",
        DBT_TARGET_PATH=str(TARGET),
        DBT_LOG_PATH=str(TARGET),
        DO_NOT_TRACK="1",
        TARGET_DUCKDB_PATH=str(DATABASE),
        TARGET_JSONL_DESTINATION_PATH=str(LANDED),
    )
