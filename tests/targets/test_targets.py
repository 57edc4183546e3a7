"""What lands in each target by `meltano run`, looked up in its store.

What a target does is a snapshot, from which docs/targets.md is generated.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import secrets
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import postgres
import pytest
from catalogs import GROUPS, saturated
from fake_aws import FakeAws
from pipelines import NEWEST, Pipeline, Run
from stores import Csv, DuckDb, JsonLines, PostgresTables, Store, is_time, time_of

from bench.processes import BIN
from demo import catalog, etl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

STORES: Final = {
    "target-csv": Csv,
    "target-duckdb": DuckDb,
    "target-jsonl": JsonLines,
    "target-postgres": PostgresTables,
}
INCREMENTAL: Final = {"_metadata": {"columns": {"replication-method": "INCREMENTAL"}}}
# PostgreSQL cuts longer names, so that two may become one.
LONGEST_NAME: Final = 63
OTHERS: Final = (
    "meltanolabs-target-snowflake==0.20.4",
    "z3-target-bigquery==0.7.2",
    "pipelinewise-target-redshift==1.6.0",
    "target-elasticsearch==2.1.0",
)


@dataclass(frozen=True)
class Loaded:
    """A store after a run."""

    run: Run
    store: Store

    def check(self, *, alone: bool = True) -> None:
        """Fail unless each record landed with each of its values.

        Args:
            alone: Whether nothing else may be there.
        """
        assert self.run.code == 0, self.run.log
        for stream, records in self.run.records.items():
            fields = self.run.schemas[stream]["schema"]["properties"]
            rows = self.store.rows(stream) if records else []
            found = {self.run.key(stream, row): row for row in rows}
            assert len(found) == len(rows), f"{stream} has rows of one key"
            assert not alone or len(rows) == len(records), stream
            for record in records:
                landed = {name: self.store.landed(record.get(name)) for name in fields}
                row = found[self.run.key(stream, landed)]
                for name, field in fields.items():
                    read = time_of if is_time(field) else _spelled
                    assert read(row.get(name)) == read(landed[name]), (stream, name)

    def outcome(self, failure: str) -> str:
        """Say whether all was loaded, or the target failed with this in its log."""
        if re.search(failure, self.run.log):
            return "fails" if self.run.code else "fails silently"
        self.check()
        return "loads"


def _spelled(value: Any) -> str:
    """Spell a value so that what is not the same to JSON differs: 1, 1.0, true and "1"."""
    return json.dumps(value, sort_keys=True, default=repr)


@dataclass(frozen=True)
class Target:
    """A target, with the means to make stores for it."""

    pipeline: Pipeline
    new_store: Callable[[], Store]

    def load(self, endpoint: FakeAws, store: Store | None = None, **settings: Any) -> Loaded:
        """Load what an endpoint holds, into a new store unless there is one."""
        store = store or self.new_store()
        return Loaded(self.pipeline.run(endpoint.url, settings, store.settings), store)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pipeline]:
    return functools.cache(lambda name: Pipeline(tmp_path_factory.mktemp("project") / "p", name))


@pytest.fixture(params=STORES)
def target(
    request: pytest.FixtureRequest, project: Callable[[str], Pipeline], tmp_path: Path
) -> Target:
    name = request.param
    server = request.getfixturevalue("server") if name == "target-postgres" else None

    def new_store() -> Store:
        store = secrets.token_hex(4)
        return PostgresTables(server, store) if server else STORES[name](tmp_path / store)

    return Target(project(name), new_store)


@pytest.fixture(scope="module")
def full() -> Iterator[FakeAws]:
    with saturated() as endpoint:
        yield endpoint


@pytest.fixture
def demo() -> Iterator[FakeAws]:
    with FakeAws() as endpoint:
        catalog.fill(endpoint)
        etl.fill(endpoint.store())
        yield endpoint


def test_every_value_of_every_stream(
    target: Target, full: FakeAws, snapshot: SnapshotAssertion
) -> None:
    loaded = target.load(full, extra_streams=GROUPS)
    loaded.check()
    empty = {stream for stream, records in loaded.run.records.items() if not records}
    assert empty == {"extraction_issues"}
    types = defaultdict(set)
    for stream, message in loaded.run.schemas.items():
        for kind, column in loaded.store.types(message["schema"], stream):
            types[kind].add(column)
    assert {kind: ", ".join(sorted(found)) for kind, found in types.items()} == snapshot


def two_runs(target: Target, demo: FakeAws, **target_settings: Any) -> tuple[Loaded, Loaded]:
    """Load the demo's catalog, and again when a table has changed and another one is gone."""
    settings: dict[str, Any] = {"emit_activate_version_messages": True, **INCREMENTAL}
    store = target.new_store()
    store.settings.update(target_settings)
    first = target.load(demo, store, **settings)
    first.check()
    tables, key = demo.store().tables, (catalog.ACCOUNT, "sales")
    catalog.change(demo.store())  # orders gets a column
    tables[key] = [table for table in tables[key] if table["Name"] != "customers"]
    return first, target.load(demo, store, **settings)


def test_two_runs(target: Target, demo: FakeAws, snapshot: SnapshotAssertion) -> None:
    first, second = two_runs(target, demo)
    assert len(second.run.records["tables"]) == len(first.run.records["tables"]) - 1
    assert {column["table_name"] for column in second.run.records["columns"]} == {"orders"}
    second.check(alone=False)
    assert _of_a_changed_table(second.store) == snapshot(name="changed")
    assert _of_a_dropped_table(second.store) == snapshot(name="deleted")
    assert _of_unchanged_tables(second.store) == snapshot(name="incremental")


@pytest.mark.parametrize("target", ["target-postgres"], indirect=True)
def test_rows_can_be_deleted(target: Target, demo: FakeAws, snapshot: SnapshotAssertion) -> None:
    _, second = two_runs(target, demo, hard_delete=True)
    second.check(alone=False)
    assert _of_a_dropped_table(second.store) == snapshot


def test_times_need_a_session_in_utc(
    server: postgres.Postgres, project: Callable[[str], Pipeline], demo: FakeAws
) -> None:
    store = PostgresTables(server, "nepal", timezone="Asia/Kathmandu")
    run = project("target-postgres").run(demo.url, {}, store.settings)
    assert run.code == 0, run.log
    [row] = [row for row in store.rows("tables") if row["name"] == "orders"]
    [record] = [record for record in run.records["tables"] if record["name"] == "orders"]
    shift = time_of(row["update_time"]) - time_of(record["update_time"])
    assert shift == timedelta(hours=5, minutes=45)


def _of_a_changed_table(store: Store) -> str:
    loads = store.loads("tables")
    if len(loads) == 2:
        return "a file of each run"
    [row] = [row for row in loads[0] if row["name"] == "orders"]
    return "updated" if row["column_count"] == 4 else "not updated"


def _of_a_dropped_table(store: Store) -> str:
    rows = [row for row in store.rows("tables") if row["name"] == "customers"]
    if not rows:
        return "gone" if len(store.loads("tables")) == 1 else "not in the new file"
    return "marked" if rows[0].get("_sdc_deleted_at") else "stays"


def _of_unchanged_tables(store: Store) -> str:
    tables = {row["table_name"] for row in store.rows("columns")}
    return "stays" if "shipments" in tables else "not in the new file"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_flattened(target: Target, full: FakeAws, depth: int) -> None:
    loaded = target.load(full, **flattened(depth), flattening_max_key_length=LONGEST_NAME)
    loaded.check()
    tables = loaded.run.schemas["tables"]["schema"]["properties"]
    assert ("storage_descriptor__serde_info" in tables) == (depth == 1)


def test_flattened_with_long_names(
    target: Target, full: FakeAws, snapshot: SnapshotAssertion
) -> None:
    loaded = target.load(full, **flattened(2))
    assert loaded.outcome("DuplicateColumn") == snapshot


def flattened(depth: int) -> dict[str, Any]:
    return {"flattening_enabled": True, "flattening_max_depth": depth}


def test_stream_maps(target: Target, demo: FakeAws) -> None:
    tables = {
        "__alias__": "glue_tables",
        "__filter__": "database_name == 'sales'",
        "location": "md5(name)",
    }
    loaded = target.load(demo, stream_maps={"tables": tables})
    loaded.check()
    hashes = {row["name"]: row["location"] for row in loaded.store.rows("glue_tables")}
    names = ("customers", "monthly_revenue", "orders")
    assert hashes == {name: hashlib.md5(name.encode()).hexdigest() for name in names}  # noqa: S324


def test_batch(target: Target, demo: FakeAws, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    config = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri(), "prefix": "batch-"},
    }
    loaded = target.load(demo, batch_config=config)
    assert "BATCH" in {message["type"] for message in loaded.run.messages}
    unknown = "Unknown message type BATCH|'NoneType' object has no attribute 'asdict'"
    assert loaded.outcome(unknown) == snapshot


def test_the_newest_duckdb_still_loses_rows(
    project: Callable[[str], Pipeline], demo: FakeAws, tmp_path: Path
) -> None:
    # Once this fails (with the newest ones: a folder .targets/ may hold older ones), the version
    # of DuckDB need no longer be pinned in target-duckdb.yaml.
    store = DuckDb(tmp_path / "newest")
    run = project(NEWEST).run(demo.url, {}, store.settings)
    assert run.code == 0, run.log
    lost = [name for name, rows in run.records.items() if len(rows) > len(store.rows(name))]
    assert "tables" in lost


@pytest.mark.parametrize("requirement", OTHERS)
def test_others_resolve(requirement: str, snapshot: SnapshotAssertion) -> None:
    command = [str(BIN / "uv"), "pip", "compile", "--only-binary=:all:", "--quiet", "-"]
    done = subprocess.run(
        command, input=requirement, capture_output=True, text=True, timeout=120, check=False
    )
    lacking = re.findall(r"Wheels are required for `(\S+)`", done.stderr)
    assert lacking or done.returncode == 0, done.stderr
    assert (f"needs {lacking[0]} to be compiled" if lacking else "installs") == snapshot
