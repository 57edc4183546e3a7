"""Streams with the same parents list them once, and never wait for one another in vain."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest
from conftest import ACCOUNT, in_time, workers, workers_left
from fake_aws import FakeAws, Role
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.aws.scopes import open_scopes
from tap_glue_metadata.engine import parents
from tap_glue_metadata.engine.outcomes import Outcomes
from tap_glue_metadata.engine.read import Read
from tap_glue_metadata.engine.selection import Selection
from tap_glue_metadata.engine.traversal import Traversal
from tap_glue_metadata.settings import Settings
from tap_glue_metadata.streams.catalog_reads import DATABASES, TABLES
from tap_glue_metadata.streams.etl import Workflows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.engine.reading import Reading

pytestmark = pytest.mark.usefixtures("endpoint", "no_worker_survives")

OPERATION, ITEMS = "GetUserDefinedFunctions", "UserDefinedFunctions"
NAMED: Final = {"DatabaseName": "Name"}
FUNCTIONS = Read(OPERATION, ITEMS, DATABASES, NAMED, params={"Pattern": "*"}, key="FunctionName")
VERSIONS = Read("GetTableVersions", "TableVersions", TABLES, {"TableName": "Name"}, key="VersionId")
INDEXES = Read(
    *("GetPartitionIndexes", "PartitionIndexDescriptorList", TABLES, {"TableName": "Name"}),
    key="IndexName",
)
RUNS = Read("GetWorkflowRuns", "Runs", Workflows.source, {"Name": "Name"}, key="WorkflowRunId")
READS: Final = {
    "databases": DATABASES,
    "tables": TABLES,
    "functions": FUNCTIONS,
    "versions": VERSIONS,
    "indexes": INDEXES,
}
OPERATIONS: Final = {
    "glue": frozenset(step.operation for read in (*READS.values(), RUNS) for step in read.chain)
}


@pytest.fixture
def small(endpoint: FakeAws) -> FakeAws:
    return fill(endpoint)


def fill(endpoint: FakeAws) -> FakeAws:
    """Fill the endpoint: two catalogs, five databases, and one to four of all else in each."""
    endpoint.page_size = 1
    store = endpoint.store()
    nested = f"{ACCOUNT}:nested"
    assert store.catalogs is not None
    store.catalogs.append({"CatalogId": nested, "Name": "nested"})
    for catalog_id, number in ((ACCOUNT, 3), (nested, 2)):
        for database in (f"d{n}" for n in range(number)):
            place = {"CatalogId": catalog_id, "DatabaseName": database}
            store.add_database(database, catalog_id=catalog_id)
            store.add(OPERATION, {**place, "FunctionName": "f1"}, {**place, "FunctionName": "f2"})
            for table in ("t1", "t2"):
                store.add_table(database, table, catalog_id=catalog_id)
                of_table = place | {"TableName": table}
                store.add("GetTableVersions", of_table | {"VersionId": "1"})
                store.add("GetPartitionIndexes", of_table | {"IndexName": "i"})
    return endpoint


SIZES: Final = {"databases": 5, "tables": 10, "functions": 10, "versions": 10, "indexes": 10}


def traversal_of(endpoint: FakeAws, **changes: Any) -> Traversal:
    config = {"aws_endpoint_url": endpoint.url, "aws_regions": ["us-east-1"]}
    typed = Settings.from_config(config | changes)
    scopes, unopened = open_scopes(typed, OPERATIONS)
    outcomes, selection = Outcomes(unopened), Selection(typed)
    return Traversal(scopes, Clients(OPERATIONS), selection, outcomes, typed.concurrency)


def plan_of(*streams: str) -> list[tuple[str, Read]]:
    return [(stream, READS[stream]) for stream in streams]


def objects(reading: Reading) -> Iterator[tuple[Any, ...]]:
    """Yield what tells each object that is read from others."""
    for page in reading:
        for context, item in page:
            yield (*context.bound.values(), reading.chain[-1].key_of(item))


def read_in_time(traversal: Traversal, reading: Reading) -> list[tuple[Any, ...]]:
    try:
        return in_time(lambda: sorted(objects(reading)))
    finally:
        traversal.end(reading)


def read_all_of(traversal: Traversal, *streams: str) -> dict[str, int]:
    """Read streams in this order; return how many objects each has, none of them twice."""
    readings = traversal.begin(plan_of(*streams))
    found = [read_in_time(traversal, reading) for reading in readings]
    traversal.close()
    assert all(len(own) == len(set(own)) for own in found)
    return dict(zip(streams, map(len, found), strict=True))


@pytest.mark.parametrize("concurrency", [1, 2, 8])
@pytest.mark.parametrize("streams", [[*READS], [*READS][1:], ["indexes", "versions"]])
def test_each_page_of_parents_is_asked_for_once(
    small: FakeAws, streams: list[str], concurrency: int
) -> None:
    found = read_all_of(traversal_of(small, concurrency=concurrency), *streams)
    assert found == {stream: SIZES[stream] for stream in streams}
    assert small.count("GetCatalogs") == 2
    assert small.count("GetDatabases") == 5
    assert small.count("GetTables") == 10


@given(
    st.lists(st.sampled_from([*READS]), min_size=2, unique=True),
    st.integers(1, 4),
    st.lists(st.integers(0, 5), max_size=2),
)
@settings(max_examples=12)
def test_whatever_is_closed_early_leaves_the_rest_whole(
    streams: list[str], concurrency: int, most_pages: list[int]
) -> None:
    before = workers()
    with FakeAws() as endpoint:
        fill(endpoint)
        traversal = traversal_of(endpoint, concurrency=concurrency)
        readings = traversal.begin(plan_of(*streams))
        for reading, most in zip(readings, most_pages, strict=False):
            in_time(lambda reading=reading, most=most: [*zip(range(most), reading, strict=False)])  # type: ignore[misc]
            traversal.end(reading)
        for reading in readings[len(most_pages) :]:
            assert len(read_in_time(traversal, reading)) == SIZES[reading.stream]
        traversal.close()
        assert not workers_left(before)


def test_more_parents_than_are_kept(small: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "_MOST_CALLS", 3)
    assert read_all_of(traversal_of(small), *READS) == SIZES
    assert small.count("GetTables") > 10


def test_an_error_of_one_stream_leaves_those_behind_whole(small: FakeAws) -> None:
    small.fail("GetDatabases", "InvalidInputException", when=lambda p: "NextToken" in p, times=1)
    traversal = traversal_of(small)
    first, second = traversal.begin(plan_of("databases", "functions"))
    assert len(read_in_time(traversal, second)) == SIZES["functions"]
    with pytest.raises(AwsError, match="InvalidInputException"):
        read_in_time(traversal, first)
    traversal.close()


@pytest.mark.parametrize("operation", ["GetTables", "GetTableVersions"])
def test_an_error_of_one_stream_leaves_those_before_it_whole(
    small: FakeAws, operation: str
) -> None:
    small.fail(operation, "ValidationException")
    traversal = traversal_of(small)
    first, second = traversal.begin(plan_of("functions", "versions"))
    assert len(read_in_time(traversal, first)) == SIZES["functions"]
    with pytest.raises(AwsError, match="ValidationException"):
        read_in_time(traversal, second)
    traversal.close()


def test_parents_that_are_denied_are_missing_for_all(small: FakeAws) -> None:
    small.fail("GetTables", "AccessDeniedException", when=lambda p: p["DatabaseName"] == "d2")
    traversal = traversal_of(small)
    readings = traversal.begin(plan_of("tables", "versions", "indexes"))
    assert [len(read_in_time(traversal, reading)) for reading in readings] == [8, 8, 8]
    traversal.close()
    lacking = {(issue.stream, issue.database_name) for issue in traversal.outcomes.issues}
    assert lacking == {("tables", "d2"), ("versions", "d2"), ("indexes", "d2")}
    assert small.count("GetTables") == 9


def test_a_stream_never_waits_for_one_behind_it(small: FakeAws) -> None:
    """The first stream is held up by its log while the second one sets out."""
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    small.roles[role] = Role(ACCOUNT)
    accounts = [{"role_arn": role}, {"role_arn": f"{role}-of-nobody"}]
    traversal = traversal_of(small, aws_accounts=accounts, concurrency=2)
    is_written = threading.Event()

    class SlowLog(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "of-nobody" in record.getMessage():
                is_written.wait(0.5)

    handler = SlowLog()
    logging.getLogger("tap-glue-metadata").addHandler(handler)
    try:
        assert read_all_of(traversal, "functions", "tables") == {"functions": 10, "tables": 10}
    finally:
        logging.getLogger("tap-glue-metadata").removeHandler(handler)


@pytest.mark.parametrize("streams", [["first"], ["first", "second"]])
def test_parents_that_come_in_batches(endpoint: FakeAws, streams: list[str]) -> None:
    names = [f"w{number:02}" for number in range(60)]
    endpoint.store().add("BatchGetWorkflows", *({"Name": name} for name in names))
    endpoint.store().add("GetWorkflowRuns", *({"Name": n, "WorkflowRunId": n} for n in names))
    traversal = traversal_of(endpoint)
    readings = traversal.begin([(stream, RUNS) for stream in streams])
    for reading in readings:
        found = read_in_time(traversal, reading)
        assert [name for *_, name in found] == names
    traversal.close()
    assert endpoint.count("ListWorkflows") == 3
    assert endpoint.count("BatchGetWorkflows") == 3
