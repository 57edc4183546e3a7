"""Units of reading: what is told of them, what guards them, and what the state keeps of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, OTHER, UnevenAws, warnings_told
from fake_aws import Role
from singer import Json, Messages, catalog, incremental, marks, sync

from tap_glue_metadata.engine.context import Context
from tap_glue_metadata.engine.outcomes import Outcome, Unit
from tap_glue_metadata.streams.bookmarks import Bookmarks
from tap_glue_metadata.streams.catalog_reads import TABLES as TABLES_OF_DATABASES
from tap_glue_metadata.streams.object_counts import ObjectCounts

if TYPE_CHECKING:
    from fake_aws import FakeAws, Store

DENIED = "AccessDeniedException"
SCOPE = (ACCOUNT, "us-east-1")
NOW = 1_700_000_000.0  # of the fake's objects, long before any run
TABLES = {"tables": "update_time"}
ALL_CHANGED = "what the settings select has changed in 1 account and region since the last run"


def fill(store: Store, database: str, count: int, updated: float = NOW) -> None:
    store.add_database(database)
    store.tables[store.account_id, database] = []
    for number in range(count):
        columns = {"Columns": [{"Name": "id"}, {"Name": "day"}]}
        store.add_table(database, f"t{number:02}", StorageDescriptor=columns, UpdateTime=updated)


def of_database(name: str) -> Any:
    return lambda params: params["DatabaseName"] == name


def state_of(messages: Messages) -> Json:
    state: Json = messages.of_type("STATE")[-1]["value"]
    return state


def told(messages: Messages, stream: str) -> set[str]:
    """Name the databases of which a stream was read completely."""
    records = messages.records("extractions")
    return {record["database_name"] for record in records if record["stream"] == stream}


def activated(messages: Messages) -> set[str]:
    return {message["stream"] for message in messages.of_type("ACTIVATE_VERSION")}


# What is told


def test_each_unit_that_was_read_completely_is_told(endpoint: FakeAws, settings: Json) -> None:
    fill(endpoint.store(), "sales", 3)
    fill(endpoint.store(), "closed", 1)
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    endpoint.fail("GetTables", DENIED, when=of_database("closed"))
    streams = ("databases", "tables", "columns", "jobs", "workflows", "extractions")
    chosen = incremental({"columns": "table_update_time"}, *streams)
    first = sync(settings, chosen)
    second = sync(settings, chosen, state_of(first)).records("extractions")
    by_unit = {(r["stream"], r["catalog_id"], r["database_name"]): r for r in second}
    counts = {unit: (r["record_count"], r["emitted_count"]) for unit, r in by_unit.items()}
    assert counts == {
        ("databases", ACCOUNT, "*"): (2, 2),
        ("tables", ACCOUNT, "sales"): (3, 3),
        ("columns", ACCOUNT, "sales"): (None, 6),
        ("jobs", "*", "*"): (1, 1),
        ("workflows", "*", "*"): (0, 0),
    }
    columns, tables = (by_unit[stream, ACCOUNT, "sales"] for stream in ("columns", "tables"))
    assert (columns["replication_method"], tables["replication_method"]) == (
        "INCREMENTAL",
        "FULL_TABLE",
    )
    for record in second:
        assert (record["account_id"], record["region"]) == SCOPE
        assert record["run_started_at"] <= record["started_at"] <= record["completed_at"]
        assert record["throttled"] == 0
        assert record["tap_version"]
    assert tables["calls"] == 1
    assert tables["full_started_at"] == tables["started_at"]
    # The first run has emitted all columns, the second one those that changed.
    [before] = [r for r in first.records("extractions") if r["stream"] == "columns"]
    assert before["full_started_at"] == before["run_started_at"]
    assert columns["full_started_at"] == before["full_started_at"]


def test_databases_that_another_account_shares_are_in_its_catalog(
    endpoint: FakeAws, settings: Json
) -> None:
    fill(endpoint.store(), "own", 1)
    endpoint.store().add_database("shared", CatalogId=OTHER)  # as ResourceShareType lists it
    config = settings | {"resource_share_type": "ALL"}
    messages = sync(config, catalog("databases", "extractions"))
    assert len(messages.records("databases")) == 2
    [record] = messages.records("extractions")
    assert (record["catalog_id"], record["record_count"]) == (ACCOUNT, 1)
    assert record["extent"]


def test_throttling_is_told_for_its_unit(endpoint: FakeAws, settings: Json) -> None:
    for name in ("hr", "sales"):
        fill(endpoint.store(), name, 1)
    endpoint.fail("GetTables", "ThrottlingException", when=of_database("hr"), times=1)
    records = sync(settings, catalog("tables", "extractions")).records("extractions")
    throttled = {record["database_name"]: record["throttled"] for record in records}
    assert throttled == {"hr": 1, "sales": 0}


def test_a_start_date_leaves_it_open_what_is_gone(endpoint: FakeAws, settings: Json) -> None:
    fill(endpoint.store(), "sales", 1)
    config = settings | {"start_date": "2020-01-01"}
    messages = sync(config, incremental(TABLES, "extractions"))
    [record] = messages.records("extractions")
    assert record["full_started_at"] is None


# The change guard


def test_a_unit_that_shrinks_too_much_is_not_taken_for_complete(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    store = endpoint.store()
    fill(store, "sales", 20)
    fill(store, "hr", 9)
    chosen = incremental(TABLES, "columns", "extractions", "extraction_issues")
    config = settings | {"emit_activate_version_messages": True}
    first = sync(config, chosen)
    assert told(first, "tables") == {"hr", "sales"}
    store.tables[ACCOUNT, "sales"] = store.tables[ACCOUNT, "sales"][:9]
    store.tables[ACCOUNT, "hr"] = []  # of fewer than ten objects, any number may go
    state = state_of(first)
    for _ in range(2):  # it is not forgotten
        caplog.clear()
        short = sync(config, chosen, state)
        assert told(short, "tables") == told(short, "columns") == {"hr"}
        assert "columns" not in activated(short)
        [issue] = short.records("extraction_issues")
        assert (issue["error_code"], issue["stream"]) == ("ImplausibleShrink", "tables")
        assert (issue["database_name"], issue["operation"]) == ("sales", "glue:GetTables")
        warning = warnings_told(caplog)[0]
        assert "had 20 objects at its last complete reading and has 9 now" in warning
        assert "run once with max_removed_percent set to 0" in warning
        state = state_of(short)
        found = marks(state, "tables")
        in_sales = (*SCOPE, ACCOUNT, "sales")
        assert found[in_sales] == found[SCOPE]
    accepted = sync(config | {"max_removed_percent": 0}, chosen, state)
    assert told(accepted, "tables") == {"hr", "sales"}
    assert "columns" in activated(accepted)
    assert marks(state_of(accepted), "tables").keys() == {SCOPE}
    again = sync(config, chosen, state_of(accepted))
    assert told(again, "tables") == {"hr", "sales"}


@pytest.mark.parametrize(
    ("left", "percent", "is_whole"), [(5, 50, True), (4, 50, False), (1, 90, True)]
)
def test_how_much_a_unit_may_shrink(
    endpoint: FakeAws, settings: Json, left: int, percent: int, *, is_whole: bool
) -> None:
    jobs = endpoint.store().items.setdefault("GetJobs", [])
    jobs.extend({"Name": f"job {number}"} for number in range(10))
    chosen = catalog("jobs", "extractions")
    config = settings | {"max_removed_percent": percent}
    state = state_of(sync(config, chosen))
    del jobs[left:]
    records = sync(config, chosen, state).records("extractions")
    assert len(records) == int(is_whole)


def test_a_list_of_databases_that_shrinks_holds_back_what_is_in_them(
    endpoint: FakeAws, settings: Json
) -> None:
    store = endpoint.store()
    for number in range(12):
        fill(store, f"db_{number:02}", 1)
    config = settings | {"emit_activate_version_messages": True}
    chosen = catalog("databases", "tables", "extractions")
    state = state_of(sync(config, chosen))
    for number in range(11):
        store.remove_database(f"db_{number:02}")
    short = sync(config, chosen, state)
    assert activated(short) == set()
    assert told(short, "tables") == {"db_11"}
    assert told(short, "databases") == set()


def test_narrower_filters_are_no_loss(endpoint: FakeAws, settings: Json) -> None:
    fill(endpoint.store(), "sales", 20)
    chosen = catalog("tables", "extractions")
    state = state_of(sync(settings, chosen))
    narrowed = sync(settings | {"include_tables": ["sales.t00"]}, chosen, state)
    assert told(narrowed, "tables") == {"sales"}


# What the state keeps


def test_wider_filters_emit_all_once(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    fill(endpoint.store(), "hr", 1)
    fill(endpoint.store(), "sales", 1, NOW + 9)
    chosen = incremental(TABLES)
    narrow = settings | {"exclude_databases": ["hr"]}
    state = state_of(sync(narrow, chosen))
    caplog.set_level("INFO")
    databases = []
    for config in (narrow, settings, settings):
        caplog.clear()
        messages = sync(config, chosen, state)
        state = state_of(messages)
        lines = [r.getMessage() for r in caplog.records if ALL_CHANGED in r.getMessage()]
        names = {record["database_name"] for record in messages.records("tables")}
        databases.append((names, len(lines)))
    assert databases == [({"sales"}, 0), ({"hr", "sales"}, 1), ({"sales"}, 0)]


@pytest.fixture
def accounts(uneven: UnevenAws) -> UnevenAws:
    """Two accounts, each with a job that changed long ago and one that changed later."""
    for number, account in enumerate((ACCOUNT, OTHER)):
        uneven.roles[role_of(account)] = Role(account)
        times = {"old": NOW, "new": NOW + 60 + number}
        jobs = ({"Name": name, "LastModifiedOn": time} for name, time in times.items())
        uneven.store(account).add("GetJobs", *jobs)
    return uneven


def role_of(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:role/reader"


def read_jobs(endpoint: FakeAws, state: Json | None, *account_ids: str) -> Messages:
    config = {
        "aws_endpoint_url": endpoint.url,
        "aws_regions": ["us-east-1"],
        "aws_accounts": [{"role_arn": role_of(account_id)} for account_id in account_ids],
    }
    return sync(config, incremental({"jobs": "last_modified_on"}), state)


def names(messages: Messages) -> list[tuple[str, str]]:
    return sorted((record["account_id"], record["name"]) for record in messages.records("jobs"))


def test_a_new_account_is_read_whole_and_one_that_is_left_out_keeps_its_bookmark(
    accounts: UnevenAws,
) -> None:
    first = read_jobs(accounts, None, ACCOUNT)
    second = read_jobs(accounts, state_of(first), ACCOUNT, OTHER)
    assert names(second) == [(ACCOUNT, "new"), (OTHER, "new"), (OTHER, "old")]
    third = read_jobs(accounts, state_of(second), OTHER)
    assert names(third) == [(OTHER, "new")]
    kept = state_of(third)["bookmarks"]["jobs"]["partitions"]
    assert kept == state_of(second)["bookmarks"]["jobs"]["partitions"]
    assert names(read_jobs(accounts, state_of(third), ACCOUNT, OTHER)) == [
        (ACCOUNT, "new"),
        (OTHER, "new"),
    ]


def test_an_account_that_cannot_be_opened_keeps_its_bookmark(accounts: UnevenAws) -> None:
    first = read_jobs(accounts, None, ACCOUNT, OTHER)
    before = marks(state_of(first), "jobs")
    del accounts.roles[role_of(OTHER)]
    for job in (*accounts.store(ACCOUNT).items["GetJobs"], *accounts.store(OTHER).items["GetJobs"]):
        job["LastModifiedOn"] += 600
    second = read_jobs(accounts, state_of(first), ACCOUNT, OTHER)
    after = marks(state_of(second), "jobs")
    assert after[OTHER, "us-east-1"] == before[OTHER, "us-east-1"]
    assert str(after[ACCOUNT, "us-east-1"]) > str(before[ACCOUNT, "us-east-1"])
    accounts.roles[role_of(OTHER)] = Role(OTHER)
    third = read_jobs(accounts, state_of(second), ACCOUNT, OTHER)
    assert names(third) == [(ACCOUNT, "new"), (OTHER, "new"), (OTHER, "old")]


def test_a_single_bookmark_of_older_releases_is_taken_over(accounts: UnevenAws) -> None:
    value = datetime.fromtimestamp(NOW + 1, tz=timezone.utc).isoformat()
    old = {"replication_key": "last_modified_on", "replication_key_value": value}
    messages = read_jobs(accounts, {"bookmarks": {"jobs": old}}, ACCOUNT, OTHER)
    assert names(messages) == [(ACCOUNT, "new"), (OTHER, "new")]
    assert state_of(messages)["bookmarks"]["jobs"].keys() == {"partitions"}
    assert marks(state_of(messages), "jobs").keys() == {SCOPE, (OTHER, "us-east-1")}


@pytest.mark.parametrize("gaps", [0, 20])
def test_the_state_is_as_large_as_scopes_and_gaps(gaps: int) -> None:
    state: Json = {}
    now = datetime.now(tz=timezone.utc)
    units = [
        Unit(f"{number:012}", f"ap-southeast-{region}")
        for number in range(34)
        for region in range(20)
    ]
    extents = dict.fromkeys(units, "0123456789ab")
    for run in range(3):
        bookmarks = Bookmarks("tables", state, "update_time", now + timedelta(days=run))
        bookmarks.begin("UpdateTime", None, extents, lambda *_: None)
        for unit in units:
            scope: Any = unit
            bookmarks.wants(Context(scope), {"UpdateTime": NOW})
        missing = [Unit(u.account_id, u.region, u.account_id, "d" * 30) for u in units[:gaps]]
        bookmarks.conclude({*missing})
    assert len(state["partitions"]) == 680 + gaps
    assert len(json.dumps(state)) < 680 * 260 + gaps * 200


def test_the_counts_of_thousands_of_databases_are_a_short_text() -> None:
    scope = Unit(*SCOPE)
    state: Json = {}
    counts = ObjectCounts(state, {scope: "0123456789ab"}, 50)
    reading: Any = Reading(
        [
            Unit(*SCOPE, ACCOUNT, f"analytics_{number * 7919 % 100_000:05}_curated")
            for number in range(5_000)
        ]
    )
    counts.conclude(reading)
    assert len(json.dumps(state)) < 60_000
    again = ObjectCounts(state, {scope: "0123456789ab"}, 50)
    some = Outcome(Unit(*SCOPE, ACCOUNT, "analytics_07919_curated"), objects=1)
    assert "had 27 objects" in str(again.problem(reading, some))


class Reading:
    """A pass that has read some units completely."""

    missing: frozenset[Unit] = frozenset()

    def __init__(self, units: list[Unit]) -> None:
        self.chain = TABLES_OF_DATABASES.chain
        self.outcomes = {
            unit: Outcome(unit, objects=10 + number * 17 % 400) for number, unit in enumerate(units)
        }
