"""The examples for Airflow and Dagster, run by them: 12 accounts into the same tables."""

from __future__ import annotations

import json
import sqlite3
import sys
from abc import ABC, abstractmethod
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import postgres
import pytest
from accounts import (
    ACCOUNTS,
    CACHE,
    COLUMNS,
    REGIONS,
    ROOT,
    TABLES,
    Project,
    change_latest,
    drop_table,
    entered,
    fill,
    make_project,
    refuse,
)

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_aws import FakeAws
    from typing_extensions import LiteralString

ATTEMPTS: Final = 3
PLACES: Final = sorted((account, region) for account in ACCOUNTS for region in REGIONS)
UNLUCKY, DROPPED, CLOSED = ACCOUNTS[2], (ACCOUNTS[5], REGIONS[0], "items"), ACCOUNTS[8]


class Orchestrator(ABC):
    """An orchestrator, with the example that was written for it."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @abstractmethod
    def run(self) -> list[str]:
        """Read all accounts, refresh the views, and return the accounts that failed."""


class Airflow(Orchestrator):
    """Airflow, whose `dags test` runs tasks without a scheduler, one after another."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        project.env.update(
            AIRFLOW_HOME=str(project.folder / "airflow"),
            AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "examples" / "airflow"),
            AIRFLOW__CORE__LOAD_EXAMPLES="false",
            AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY="1",
        )
        self._airflow("db", "migrate")

    @override
    def run(self) -> list[str]:
        states = self.run_dag("glue-metadata-by-account")
        failed = [
            ACCOUNTS[index] for task, index, state in states if (task, state) == ("read", "failed")
        ]
        assert ("refresh", -1, "success") in states
        assert ("watch", -1, "failed" if failed else "skipped") in states
        [state] = self._query("SELECT state FROM dag_run ORDER BY id DESC LIMIT 1")
        assert state == ("failed" if failed else "success",)
        return failed

    def run_dag(self, name: str) -> list[tuple[Any, ...]]:
        """Run a DAG, and return its tasks, each with its index and state."""
        self._airflow("dags", "test", name, check=False)
        return self._query(
            "SELECT task_id, map_index, state FROM task_instance WHERE run_id = "
            "(SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1)"
        )

    def schedules(self) -> dict[str, str]:
        """Return the schedule of each DAG that was found."""
        return dict(self._query("SELECT dag_id, timetable_summary FROM dag"))

    def _airflow(self, *arguments: str, check: bool = True) -> None:
        done = self.project.run(CACHE / "airflow" / "bin" / "airflow", *arguments)
        sys.stdout.write(done.stdout)
        assert done.returncode == 0 or not check

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        path = self.project.folder / "airflow" / "airflow.db"
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(query).fetchall()


class Dagster(Orchestrator):
    """Dagster, with several runs in progress at once."""

    @override
    def run(self) -> list[str]:
        done = self.project.run(
            CACHE / "dagster" / "bin" / "python",
            str(ROOT / "tests" / "orchestrators" / "backfill.py"),
            str(ROOT / "examples" / "dagster" / "definitions.py"),
        )
        sys.stdout.write(done.stdout)
        assert done.returncode == 0
        failed: list[str] = json.loads(done.stdout.splitlines()[-1])
        return failed


@pytest.fixture
def project(endpoint: FakeAws, tmp_path: Path) -> Iterator[Project]:
    fill(endpoint)
    with postgres.running() as server:
        yield make_project(tmp_path, endpoint, server)


@pytest.mark.parametrize("kind", [Airflow, Dagster])
def test_accounts_are_read_independently(
    kind: type[Orchestrator], project: Project, endpoint: FakeAws
) -> None:
    orchestrator = kind(project)
    tables = [(*place, table) for place in PLACES for table in sorted(TABLES)]

    # One account fails once: it is retried, and no other.
    refuse(endpoint, UNLUCKY, times=1)
    assert orchestrator.run() == []
    assert entered(endpoint) == {**dict.fromkeys(ACCOUNTS, 1), UNLUCKY: 2}
    assert found(project, "tables") == found(project, "current_tables") == tables
    assert len(found(project, "columns")) == len(tables) * len(COLUMNS)

    # Another one fails for good, a table is dropped in a third, and one is changed everywhere.
    [(before,)] = project.rows("SELECT max(_sdc_extracted_at) FROM columns")
    for place in PLACES:
        change_latest(endpoint, *place)
    drop_table(endpoint, *DROPPED)
    refuse(endpoint, CLOSED)
    assert orchestrator.run() == [CLOSED]
    assert entered(endpoint) == {**dict.fromkeys(ACCOUNTS, 1), CLOSED: ATTEMPTS}
    fresh = project.rows(
        "SELECT DISTINCT account_id, region, table_name FROM columns "
        "WHERE _sdc_extracted_at > %s ORDER BY 1, 2, 3",
        before,
    )
    assert fresh == [(*place, "latest") for place in PLACES if place[0] != CLOSED]
    assert found(project, "tables") == tables
    assert found(project, "current_tables") == [table for table in tables if table != DROPPED]
    assert len(found(project, "current_columns")) == (len(tables) - 1) * len(COLUMNS)


def test_airflow_runs_the_schedules_of_the_project(project: Project, endpoint: FakeAws) -> None:
    endpoint.store().add_database("of the default account")
    airflow = Airflow(project)
    assert airflow.run_dag("daily-glue-metadata") == [("run", -1, "success")]
    assert project.rows("SELECT DISTINCT name FROM databases") == [("of the default account",)]
    assert airflow.schedules()["daily-glue-metadata"] == "0 0 * * *"


def found(project: Project, table: LiteralString) -> list[tuple[Any, ...]]:
    """Return the account, region and table of each row, in this order."""
    name = "table_name" if table.endswith("columns") else "name"
    return project.rows(f"SELECT account_id, region, {name} FROM {table} ORDER BY 1, 2, 3")  # noqa: S608 - ours
