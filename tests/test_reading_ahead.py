"""While one stream is written, the calls for the next one are made, and nothing else changes."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import sample
from conftest import ACCOUNT, Output, UnevenAws, catalog_of, in_time, sync, workers

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.streams.catalog_reads import CATALOGS, DATABASES
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from conftest import Json
    from fake_aws import FakeAws

pytestmark = pytest.mark.usefixtures("endpoint", "no_worker_survives")

STREAMS = ("catalogs", "databases", "tables", "columns", "jobs", "workflows")
DENIED = "AccessDeniedException"


@pytest.fixture
def filled(endpoint: FakeAws) -> FakeAws:
    sample.fill(endpoint)
    return endpoint


def started(endpoint: FakeAws, operation: str) -> float:
    return min(call.started for call in endpoint.calls if call.operation == operation)


def finished(endpoint: FakeAws, operation: str) -> float:
    return max(call.finished for call in endpoint.calls if call.operation == operation)


def records_of(output: Output) -> Counter[str]:
    return Counter(
        json.dumps([message["stream"], message["record"]], sort_keys=True)
        for message in output.messages
        if message["type"] == "RECORD"
    )


def test_the_next_stream_is_read_while_one_is(filled: FakeAws, settings: Json) -> None:
    filled.latency = 0.3
    sync(settings, "jobs", "workflows")
    assert started(filled, "ListWorkflows") < finished(filled, "GetJobs")


def test_with_one_call_at_a_time_they_take_turns(filled: FakeAws, settings: Json) -> None:
    filled.latency = 0.1
    sync({**settings, "concurrency": 1}, "jobs", "workflows")
    assert started(filled, "ListWorkflows") > finished(filled, "GetJobs")
    assert filled.in_flight_peak == 1


def test_streams_that_are_not_selected_are_not_read(filled: FakeAws, settings: Json) -> None:
    sync(settings, "catalogs", "workflows")
    called = {call.operation for call in filled.calls if call.service == "glue"}
    assert called == {"GetCatalogs", "ListWorkflows", "BatchGetWorkflows"}


def test_the_stream_of_issues_is_written_last(filled: FakeAws, settings: Json) -> None:
    filled.fail("ListWorkflows", DENIED)
    output = sync(settings, *STREAMS, "extraction_issues")
    (issue,) = output.records("extraction_issues")
    assert (issue["stream"], issue["operation"]) == ("workflows", "glue:ListWorkflows")


def test_it_is_the_same_output(filled: FakeAws, settings: Json) -> None:
    filled.page_size = 3
    ahead = sync(settings, *STREAMS)
    one_by_one = sync({**settings, "concurrency": 1}, *STREAMS)
    assert records_of(ahead) == records_of(one_by_one)
    kinds = [
        [(m["type"], m.get("stream")) for m in output.messages if m["type"] != "RECORD"]
        for output in (ahead, one_by_one)
    ]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("concurrency", [1, 8])
def test_no_page_is_asked_for_twice(filled: FakeAws, settings: Json, concurrency: int) -> None:
    filled.page_size = 2
    sync(settings | {"concurrency": concurrency}, *STREAMS)
    calls = Counter(
        (call.operation, json.dumps(call.params, sort_keys=True)) for call in filled.calls
    )
    assert set(calls.values()) == {1}


def test_no_more_workers_than_asked_for_however_many_streams(
    filled: FakeAws, settings: Json
) -> None:
    before, seen = workers(), list[int]()
    filled.page_size, filled.latency = 1, 0.01
    for operation in ("GetTables", "GetJobs", "BatchGetWorkflows"):
        filled.meanwhile(operation, lambda _: seen.append(len(workers() - before)), times=None)
    sync(settings | {"concurrency": 3}, *STREAMS)
    assert max(seen) == 3
    assert filled.in_flight_peak <= 3


def test_what_is_left_out_is_noted_with_the_stream_that_lacks_it(
    filled: FakeAws, settings: Json
) -> None:
    filled.latency = 0.1
    filled.fail("ListWorkflows", DENIED)
    changes = {"emit_activate_version_messages": True}
    output = sync({**settings, **changes}, "jobs", "workflows", "extraction_issues")
    activated = {m["stream"] for m in output.messages if m["type"] == "ACTIVATE_VERSION"}
    assert activated == {"jobs", "extraction_issues"}
    assert [issue["stream"] for issue in output.records("extraction_issues")] == ["workflows"]


def test_a_region_that_another_stream_found_closed(settings: Json) -> None:
    with UnevenAws() as uneven:
        regions = ["us-east-1", "eu-west-1"]
        changes = {"aws_endpoint_url": uneven.url, "aws_regions": regions, "concurrency": 1}
        tap = TapGlueMetadata(config={**settings, **changes, "aws_account_id": ACCOUNT})
        plan = [("catalogs", CATALOGS), ("databases", DATABASES)]
        first, second = tap.traversal.begin(plan)
        pages = iter(first)
        assert next(iter(next(pages)))[0].scope.region == "us-east-1"
        uneven.disabled.add("eu-west-1")
        in_time(lambda: list(pages))
        tap.traversal.end(first)
        in_time(lambda: list(second))
        tap.traversal.end(second)
        tap.traversal.close()
    issues = {(issue.stream, issue.region) for issue in tap.traversal.outcomes.issues}
    assert issues == {("catalogs", "eu-west-1"), ("databases", "eu-west-1")}
    assert {unit.region for unit in first.missing | second.missing} == {"eu-west-1"}


def test_calls_are_counted_with_the_stream_that_they_are_for(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    filled.latency = 0.1
    sync(settings, "jobs", "workflows")
    summaries = [text for text in caplog.messages if text.endswith("(complete)")]
    workflows = filled.count("ListWorkflows") + filled.count("BatchGetWorkflows")
    assert [int(re.findall(r"in (\d+) call", text)[0]) for text in summaries] == [
        filled.count("GetJobs"),
        workflows,
    ]


def test_an_error_ends_the_run_when_its_stream_comes(
    filled: FakeAws, settings: Json, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    filled.fail("ListWorkflows", "InvalidInputException")
    tap = TapGlueMetadata(config=dict(settings), catalog=catalog_of("jobs", "workflows"))
    with pytest.raises(AwsError, match=r"^glue:ListWorkflows "):
        tap.sync_all()
    messages = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    jobs = [message for message in messages if message.get("stream") == "jobs"]
    assert [message["type"] for message in jobs].count("RECORD") == len(
        filled.store().items["GetJobs"]
    )


def test_an_error_ends_the_calls_for_the_next_stream(endpoint: FakeAws, settings: Json) -> None:
    endpoint.page_size = 1
    for number in range(300):  # more than wait for a reader
        endpoint.store().add("BatchGetWorkflows", {"Name": f"w{number}"})
    endpoint.fail("GetJobs", "InvalidInputException")
    with pytest.raises(AwsError, match=r"^glue:GetJobs "):
        sync(settings, "jobs", "workflows")
    time.sleep(0.5)  # what is in flight may come back
    seen = endpoint.count("ListWorkflows")
    time.sleep(0.5)
    assert endpoint.count("ListWorkflows") == seen < 300


def test_a_test_run_reads_nothing_ahead(filled: FakeAws, settings: Json) -> None:
    filled.latency = 0.1
    tap = TapGlueMetadata(config=dict(settings), catalog=catalog_of("jobs", "workflows"))
    assert tap.run_connection_test()
    assert started(filled, "ListWorkflows") > finished(filled, "GetJobs")
