"""What is current in the warehouse: the generated views, on both databases, whatever happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import postgres
import psycopg
import pytest
from conftest import ACCOUNT, OTHER
from fake_glue import FakeGlue
from faults import Summary
from shards import play
from singer import Json, Messages, catalog, incremental, make_tap
from warehouse import Key, Warehouse, generator

from tap_glue_metadata.aws.errors import TapError
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.streams.catalog import Tables
from tap_glue_metadata.streams.etl import Connections, Jobs
from tap_glue_metadata.streams.governance import LfTags
from tap_glue_metadata.streams.runs import JobRuns
from tap_glue_metadata.streams.tables import Partitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_aws import FakeAws, Store

    from tap_glue_metadata.streams.base import GlueStream

VIEWS = generator()
GROUPS = sorted({stream.group for stream in VIEWS.ALL} - {"default"})
STREAMS = [stream.name for stream in VIEWS.streams_of("default")]
COLUMNS = {"columns": "table_update_time"}
OBJECTS = {"tables": "update_time", "jobs": "last_modified_on", "workflows": "last_modified_on"}
DENIED = "AccessDeniedException"
EARLIER = "run_started_at < (SELECT MAX(run_started_at) FROM extractions)"
AGE = f"UPDATE extractions SET completed_at = completed_at - INTERVAL '8' DAY WHERE {EARLIER}"  # noqa: S608 - ours
NOW = 1_700_000_000.0  # of the fake's objects, long before any run


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["duckdb", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "duckdb":
        with duckdb.connect() as connection:
            yield connection
    else:
        url = request.getfixturevalue("server").url
        with psycopg.connect(url) as connection:  # a transaction, which no test commits
            yield connection
            connection.rollback()


class Shard:
    """A pipeline that loads one account into a warehouse that others load into, too."""

    def __init__(self, endpoint: FakeAws, account_id: str, chosen: Json, **settings: Any) -> None:
        endpoint.accounts[account_id] = account_id
        self.store, self.state = endpoint.store(account_id), None
        self._catalog = chosen
        self.settings = {
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1"],
            "aws_access_key_id": account_id,
            "aws_secret_access_key": account_id,
            "concurrency": 1,
            **settings,
        }

    def run(self, warehouse: Warehouse, *, fails: bool = False) -> Messages:
        tap, messages = make_tap(self.settings, self._catalog, self.state)
        if fails:
            with pytest.raises(TapError):
                tap.sync_all()
        else:
            tap.sync_all()
        messages.check()
        warehouse.take(messages.all)
        self.state = messages.of_type("STATE")[-1]["value"]
        return messages


def add_table(store: Store, database: str, name: str, *columns: str, updated: float = NOW) -> None:
    described = {"Columns": [{"Name": column} for column in columns]}
    store.add_table(database, name, StorageDescriptor=described, UpdateTime=updated)


def change_table(store: Store, database: str, name: str, *columns: str) -> None:
    [table] = [t for t in store.tables[store.account_id, database] if t["Name"] == name]
    table["StorageDescriptor"] = {"Columns": [{"Name": column} for column in columns]}
    table["UpdateTime"] += 60


def drop_table(store: Store, database: str, name: str) -> None:
    key = store.account_id, database
    store.tables[key] = [table for table in store.tables[key] if table["Name"] != name]


def fill(store: Store) -> None:
    for database in ("closed", "hr", "sales", "zoo"):
        store.add_database(database)
        add_table(store, database, "kept", "id")
    add_table(store, "sales", "orders", "id", "total")
    add_table(store, "sales", "returns", "id")
    for operation in ("GetJobs", "BatchGetWorkflows"):
        store.add(operation, *({"Name": name, "LastModifiedOn": NOW} for name in ("old", "new")))


def change(store: Store) -> None:
    """Drop a table, a column, a database, a job and a workflow; add a table and a column."""
    drop_table(store, "sales", "returns")
    change_table(store, "sales", "orders", "id", "added")
    drop_table(store, "zoo", "kept")
    add_table(store, "zoo", "lions", "id", updated=NOW + 60)
    store.remove_database("hr")
    for items in store.items.values():
        items[:] = [item for item in items if item["Name"] != "old"]


def held(store: Store, *closed: str) -> dict[str, list[Key]]:
    """Return what the views should show of an account in which some databases are closed."""
    account_id = store.account_id
    databases = [database["Name"] for database in store.databases[account_id]]
    tables = [
        (account_id, database, table["Name"], table["StorageDescriptor"]["Columns"])
        for database in databases
        for table in store.tables[account_id, database]
        if database not in closed
    ]
    return {
        "databases": sorted((account_id, name) for name in databases),
        "tables": sorted(table[:3] for table in tables),
        "columns": sorted((*table[:3], column["Name"]) for table in tables for column in table[3]),
        "jobs": sorted((account_id, item["Name"]) for item in store.items["GetJobs"]),
        "workflows": sorted((account_id, i["Name"]) for i in store.items["BatchGetWorkflows"]),
    }


def current(warehouse: Warehouse, account_id: str) -> dict[str, list[Key]]:
    keys = {
        "databases": ("name",),
        "tables": ("database_name", "name"),
        "columns": ("database_name", "table_name", "name"),
        "jobs": ("name",),
        "workflows": ("name",),
    }
    return {
        stream: [
            row
            for row in warehouse.rows(f"current_{stream}", "account_id", *names)
            if row[0] == account_id
        ]
        for stream, names in keys.items()
    }


def of_database(name: str) -> Any:
    return lambda params: params["DatabaseName"] == name


def test_the_files_are_those_that_are_generated() -> None:
    files = VIEWS.files()
    assert {path: path.read_text(encoding="utf-8") for path in files} == files, "run `make docs`"
    assert set(VIEWS.FOLDER.iterdir()) == set(files) - {VIEWS.PAGE}


def test_each_stream_of_what_aws_lists_has_its_view(connection: Any) -> None:
    warehouse = Warehouse(connection, *GROUPS)
    for stream in VIEWS.ALL:
        if stream.reads():
            assert warehouse.rows(f"current_{stream.name}", *stream.primary_keys) == []
    for view in ("lost", "stale_units", *(f"lost_{group}" for group in GROUPS)):
        assert warehouse.rows(view, "account_id", "stream") == []


class Notes(EmbeddedStream):
    """What has a key of its own."""

    name, primary_keys = "notes", ("account_id", "region", "note_id")
    parent_stream_type = Tables


@pytest.mark.parametrize(
    ("stream", "parent"),
    [
        (JobRuns, None),
        (Connections, "catalogs"),
        (LfTags, "databases"),
        (Partitions, "tables"),
        (Notes, "databases"),
        (Jobs, None),
    ],
)
def test_what_the_rows_of_a_stream_need_to_be_current(
    stream: type[GlueStream], parent: str | None
) -> None:
    needed = {name for name in STREAMS if f"JOIN current_{name} AS parent" in VIEWS.select(stream)}
    assert needed == ({parent} if parent else set())


@pytest.mark.parametrize("keys", [{}, COLUMNS], ids=["FULL_TABLE", "INCREMENTAL"])
@pytest.mark.parametrize("hard_delete", [False, True], ids=["soft", "hard"])
def test_two_shards_that_run_at_different_times(
    endpoint: FakeAws, connection: Any, keys: dict[str, str], *, hard_delete: bool
) -> None:
    warehouse = Warehouse(connection, hard_delete=hard_delete)
    # A target that removes the rows of older versions must not be sent any by several pipelines.
    versions = {"emit_activate_version_messages": not hard_delete}
    one, two = (
        Shard(endpoint, account_id, incremental(keys, *STREAMS), **versions)
        for account_id in (ACCOUNT, OTHER)
    )
    endpoint.fail("GetTables", DENIED, when=of_database("closed"))
    for shard in (one, two):
        fill(shard.store)
        shard.run(warehouse)
    before = held(two.store, "closed")
    assert current(warehouse, ACCOUNT) == held(one.store, "closed")
    assert current(warehouse, OTHER) == before

    change(one.store)
    change(two.store)
    one.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(one.store, "closed")
    assert current(warehouse, OTHER) == before

    # The other fails half-way: what it has read completely is new, the rest is as it was.
    endpoint.fail("GetTables", "InvalidInputException", when=of_database("zoo"))
    two.run(warehouse, fails=True)
    endpoint.heal()
    after = held(two.store, "closed")
    half = current(warehouse, OTHER)
    for stream in ("databases", "jobs", "workflows"):  # read before or after, but as a whole
        assert half[stream] in (before[stream], after[stream])
    for stream in ("tables", "columns"):
        in_zoo = [row for row in before[stream] if row[1] == "zoo"]
        assert half[stream] == [row for row in after[stream] if row[1] != "zoo"] + in_zoo

    two.run(warehouse)  # now nothing is closed
    assert current(warehouse, ACCOUNT) == held(one.store, "closed")
    assert current(warehouse, OTHER) == held(two.store)
    assert warehouse.rows("lost", "stream") == []


@pytest.mark.parametrize("keys", [{}, COLUMNS], ids=["FULL_TABLE", "INCREMENTAL"])
@pytest.mark.parametrize("hard_delete", [False, True], ids=["soft", "hard"])
def test_one_pipeline_that_deletes(
    endpoint: FakeAws, connection: Any, keys: dict[str, str], *, hard_delete: bool
) -> None:
    warehouse = Warehouse(connection, hard_delete=hard_delete)
    versions = {"emit_activate_version_messages": True}
    shard = Shard(endpoint, ACCOUNT, incremental(keys, *STREAMS), **versions)
    fill(shard.store)
    shard.run(warehouse)
    change(shard.store)
    # A database that is denied keeps the version of tables back, not that of databases.
    endpoint.fail("GetTables", DENIED, when=of_database("zoo"))
    shard.run(warehouse)
    found, expected = current(warehouse, ACCOUNT), held(shard.store, "zoo")
    assert [row for row in found["tables"] if row[1] != "zoo"] == expected["tables"]
    assert (ACCOUNT, "zoo", "kept") in found["tables"]
    endpoint.heal()
    shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(shard.store)
    assert warehouse.rows("lost", "stream") == []


def test_one_database_of_fifty_is_denied_for_good(endpoint: FakeAws, connection: Any) -> None:
    warehouse = Warehouse(connection)
    shard = Shard(endpoint, ACCOUNT, incremental(COLUMNS, *STREAMS))
    names = [f"db_{number:02}" for number in range(50)]
    for number, name in enumerate(names):
        shard.store.add_database(name)
        add_table(shard.store, name, "kept", "id", updated=NOW + number)
        add_table(shard.store, name, "dropped", "id", updated=NOW + number)
    endpoint.fail("GetTables", DENIED, when=of_database("db_07"))
    assert len(shard.run(warehouse).records("columns")) == 98
    drop_table(shard.store, "db_03", "dropped")
    second = shard.run(warehouse)
    # What changed at the bookmark itself comes again.
    assert {row["database_name"] for row in second.records("columns")} == {"db_49"}
    expected = held_tables(shard.store, *names[:7], *names[8:])
    assert warehouse.rows("current_tables", "database_name", "name") == expected
    assert len(expected) == 97
    assert len(warehouse.rows("current_columns", "table_name")) == 97
    [issue] = warehouse.rows("current_extraction_issues", "stream", "database_name")
    assert issue == ("tables", "db_07")
    endpoint.heal()
    third = shard.run(warehouse)
    assert {row["database_name"] for row in third.records("columns")} == {"db_07", "db_49"}
    expected = held_tables(shard.store, *names)
    assert warehouse.rows("current_tables", "database_name", "name") == expected
    assert warehouse.rows("current_extraction_issues", "stream") == []


def held_tables(store: Store, *databases: str) -> list[Key]:
    return sorted(
        (name, table["Name"])
        for name in databases
        for table in store.tables[store.account_id, name]
    )


def test_what_is_dropped_from_an_incremental_stream_stays_until_all_is_emitted(
    endpoint: FakeAws, connection: Any
) -> None:
    warehouse = Warehouse(connection)
    shard = Shard(endpoint, ACCOUNT, incremental(COLUMNS | OBJECTS, *STREAMS))
    fill(shard.store)
    shard.run(warehouse)
    change(shard.store)
    for _ in range(2):
        shard.run(warehouse)
        names = warehouse.rows("current_tables", "database_name", "name")
        assert ("sales", "returns") in names
        assert not [name for name in names if name[0] == "hr"]  # whose database is gone
        columns = warehouse.rows("current_columns", "table_name", "name")
        assert ("orders", "added") in columns
        assert ("orders", "total") not in columns
    shard.state = None
    for _ in range(2):  # and stays gone
        shard.run(warehouse)
        assert current(warehouse, ACCOUNT) == held(shard.store)
        shard.run(warehouse)


def test_what_full_readings_have_shown_to_be_gone_stays_gone(
    endpoint: FakeAws, connection: Any
) -> None:
    warehouse = Warehouse(connection)
    full = Shard(endpoint, ACCOUNT, catalog(*STREAMS))
    fill(full.store)
    full.run(warehouse)
    change(full.store)
    full.run(warehouse)
    later = Shard(endpoint, ACCOUNT, incremental(COLUMNS | OBJECTS, *STREAMS))
    for _ in range(3):
        later.run(warehouse)
        assert current(warehouse, ACCOUNT) == held(full.store)


def test_objects_without_a_time_of_change(endpoint: FakeAws, connection: Any) -> None:
    """They come every time, so that those that do not are gone, also where it is INCREMENTAL."""
    warehouse = Warehouse(connection)
    shard = Shard(endpoint, ACCOUNT, incremental(COLUMNS | OBJECTS, *STREAMS))
    fill(shard.store)
    shard.run(warehouse)
    for table in shard.store.tables[ACCOUNT, "sales"]:
        del table["UpdateTime"]
    shard.run(warehouse)
    drop_table(shard.store, "sales", "returns")
    [orders] = [t for t in shard.store.tables[ACCOUNT, "sales"] if t["Name"] == "orders"]
    orders["StorageDescriptor"]["Columns"].pop()
    shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(shard.store)


def test_narrower_filters_delete_nothing(endpoint: FakeAws, connection: Any) -> None:
    warehouse = Warehouse(connection)
    shard = Shard(endpoint, ACCOUNT, catalog(*STREAMS))
    fill(shard.store)
    shard.run(warehouse)
    shard.settings |= {"exclude_databases": ["hr"], "exclude_tables": ["sales.returns"]}
    shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(shard.store)
    assert warehouse.rows("stale_units", "stream") == []
    connection.execute(AGE)
    stale = warehouse.rows("stale_units", "stream", "database_name")
    units = {("tables", "hr"), ("columns", "hr"), ("tables", "sales"), ("databases", "*")}
    assert units <= {*stale}
    connection.execute(f"DELETE FROM extractions WHERE {EARLIER}")  # noqa: S608 - ours
    found = current(warehouse, ACCOUNT)
    assert (ACCOUNT, "hr") not in found["databases"]
    assert (ACCOUNT, "sales", "returns") not in found["tables"]
    assert len(found["tables"]) == len(held(shard.store)["tables"]) - 2


def test_wider_filters_show_again_what_is_gone(endpoint: FakeAws, connection: Any) -> None:
    warehouse = Warehouse(connection)
    shard = Shard(endpoint, ACCOUNT, catalog(*STREAMS), exclude_tables=["zoo.kept"])
    fill(shard.store)
    shard.run(warehouse)
    del shard.settings["exclude_tables"]
    shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(shard.store)
    change(shard.store)
    shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(shard.store)
    assert warehouse.rows("lost", "stream") == []  # there were more rows when it had filters


def test_shards_of_one_account_with_different_filters(endpoint: FakeAws, connection: Any) -> None:
    warehouse = Warehouse(connection)
    one, two = (
        Shard(endpoint, ACCOUNT, catalog(*STREAMS), include_databases=names)
        for names in (["hr", "sales"], ["closed", "zoo"])
    )
    fill(one.store)
    for shard in (one, two):
        shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(one.store)
    change(one.store)
    for shard in (one, two):
        shard.run(warehouse)
    assert current(warehouse, ACCOUNT) == held(one.store)


def test_stale_units_are_those_that_are_still_there(endpoint: FakeAws, connection: Any) -> None:
    warehouse = Warehouse(connection)
    one, two = (Shard(endpoint, account, catalog(*STREAMS)) for account in (ACCOUNT, OTHER))
    for shard in (one, two):
        fill(shard.store)
        shard.run(warehouse)
    change(one.store)
    endpoint.fail("GetTables", DENIED, when=of_database("zoo"))
    one.run(warehouse)
    connection.execute(AGE)
    stale = warehouse.rows("stale_units", "account_id", "stream", "database_name")
    assert [row for row in stale if row[0] == ACCOUNT] == [
        (ACCOUNT, "columns", "zoo"),
        (ACCOUNT, "tables", "zoo"),
    ]
    assert len([row for row in stale if row[0] == OTHER]) == 12


def test_rows_that_a_target_has_lost(endpoint: FakeAws, connection: Any) -> None:
    warehouse = Warehouse(connection)
    shard = Shard(endpoint, ACCOUNT, catalog(*STREAMS))
    fill(shard.store)
    shard.run(warehouse)
    columns = ("stream", "database_name", "row_count", "record_count")
    assert warehouse.rows("lost", *columns) == []
    warehouse.drop("columns", table_name="orders", name="total")
    warehouse.drop("jobs", name="old")
    assert warehouse.rows("lost", *columns) == [("columns", "sales", 3, 4), ("jobs", "*", 1, 2)]
    shard.store.remove_database("sales")
    shard.run(warehouse)
    assert warehouse.rows("lost", *columns) == []


def test_pipelines_that_remove_each_others_rows_have_lost_them(
    endpoint: FakeAws, connection: Any
) -> None:
    warehouse = Warehouse(connection, hard_delete=True)
    versions = {"emit_activate_version_messages": True}
    for account_id in (OTHER, ACCOUNT):
        shard = Shard(endpoint, account_id, catalog(*STREAMS), **versions)
        fill(shard.store)
        shard.run(warehouse)
    assert {row[0] for row in warehouse.rows("lost", "account_id")} == {OTHER}


@pytest.mark.parametrize("group", GROUPS)
def test_all_that_is_read_of_extra_streams_is_current(connection: Any, group: str) -> None:
    streams = VIEWS.streams_of(group)
    warehouse = Warehouse(connection, group)
    with FakeGlue(read for stream in streams for read in stream.calls()) as endpoint:
        fill(endpoint.store())
        for tables in endpoint.store().tables.values():
            for table in tables:
                table["PartitionKeys"] = [{"Name": "day"}]
                table["Parameters"] = {"table_type": "ICEBERG"}
        chosen = catalog(*STREAMS, *(stream.name for stream in streams))
        shard = Shard(endpoint, ACCOUNT, chosen, extra_streams=[group])
        for _ in range(2):
            messages = shard.run(warehouse)
            for stream in streams:
                keys = stream.primary_keys
                came = sorted(tuple(r[k] for k in keys) for r in messages.records(stream.name))
                assert warehouse.rows(f"current_{stream.name}", *keys) == came
            assert any(messages.records(stream.name) for stream in streams)
            assert warehouse.rows(f"lost_{group}", "stream") == []
        shard.store.databases.clear()
        shard.run(warehouse)
        for stream in streams:
            if "DatabaseName" in stream.reads()[-1].unit_members:
                assert warehouse.rows(f"current_{stream.name}", "region") == []


@pytest.mark.parametrize("seed", range(1, 6))
def test_random_schedules_of_shards(seed: int) -> None:
    play(seed, Summary())
