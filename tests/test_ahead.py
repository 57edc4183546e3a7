"""While one stream is written, the calls for the next one are made, and nothing else changes."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import pytest
import sample
from conftest import ACCOUNT, Output, UnevenAws, catalog_of, sync

from tap_glue_metadata.ahead import Ahead
from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from conftest import Json
    from fake_aws import FakeAws

SECONDS = 10  # the most that a test waits for what should come at once
STREAMS = ("catalogs", "databases", "tables", "columns", "jobs", "workflows")
DENIED = "AccessDeniedException"


@pytest.fixture(autouse=True)
def no_thread_survives() -> Iterator[None]:
    yield
    deadline = time.monotonic() + SECONDS
    while (left := readers()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


def readers() -> list[str]:
    """Name the threads that read, which Python calls by the functions that they run."""
    functions = ("(_run)", "(_begin)", "(_end)")
    return [thread.name for thread in threading.enumerate() if thread.name.endswith(functions)]


class Numbers:
    """Counts, and notes how far it got and whether it was closed."""

    def __init__(self, *, gate: threading.Event | None = None) -> None:
        self.begun = threading.Event()
        self.closed = threading.Event()
        self.gate = gate

    def count(self, stop: int, error: Exception | None = None) -> Generator[int, None, None]:
        try:
            self.begun.set()
            if self.gate:
                assert self.gate.wait(SECONDS)
            yield from range(stop)
            if error:
                raise error
        finally:
            self.closed.set()


# The iteration


def test_it_begins_by_itself_and_yields_all() -> None:
    numbers = Numbers()
    ahead = Ahead(numbers.count(5))
    assert numbers.begun.wait(SECONDS)
    assert list(ahead) == [0, 1, 2, 3, 4]


def test_there_may_be_nothing() -> None:
    assert list(Ahead(Numbers().count(0))) == []


@pytest.mark.parametrize("before", [0, 1, 3])
def test_an_error_is_raised_where_it_stands(before: int) -> None:
    ahead = Ahead(Numbers().count(before, ValueError("no more")))
    numbers = iter(ahead)
    assert list(islice(numbers, before)) == list(range(before))
    with pytest.raises(ValueError, match="no more"):
        next(numbers)


def test_closing_ends_what_nobody_has_read() -> None:
    numbers = Numbers()
    ahead = Ahead(numbers.count(5))
    assert numbers.begun.wait(SECONDS)
    ahead.close()
    assert numbers.closed.wait(SECONDS)


def test_closing_does_not_wait_for_the_first_item() -> None:
    numbers = Numbers(gate=threading.Event())
    ahead = Ahead(numbers.count(5))
    assert numbers.begun.wait(SECONDS)
    ahead.close()
    assert not numbers.closed.is_set()
    assert numbers.gate is not None
    numbers.gate.set()
    assert numbers.closed.wait(SECONDS)


def test_closing_after_the_end_is_nothing() -> None:
    ahead = Ahead(Numbers().count(2))
    assert list(ahead) == [0, 1]
    ahead.close()


# The run


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


def test_the_stream_that_tells_of_the_run_is_written_last(filled: FakeAws, settings: Json) -> None:
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


def test_no_page_is_asked_for_twice(filled: FakeAws, settings: Json) -> None:
    filled.page_size = 2
    sync(settings, *STREAMS)
    calls = Counter(
        (call.operation, json.dumps(call.params, sort_keys=True))
        for call in filled.calls
        if call.operation != "GetDatabases"  # for themselves, and on the way to the tables
    )
    assert set(calls.values()) == {1}
    databases = Counter(json.dumps(params) for params in filled.params("GetDatabases"))
    assert set(databases.values()) == {2}


def test_what_is_left_out_is_noted_with_the_stream_that_lacks_it(
    filled: FakeAws, settings: Json
) -> None:
    filled.latency = 0.1
    filled.fail("ListWorkflows", DENIED)
    changes = {"emit_activate_version_messages": True}
    output = sync({**settings, **changes}, "jobs", "workflows", "extraction_issues")
    activated = {m["stream"] for m in output.messages if m["type"] == "ACTIVATE_VERSION"}
    assert "jobs" in activated
    assert "workflows" not in activated
    assert [issue["stream"] for issue in output.records("extraction_issues")] == ["workflows"]


def test_a_region_that_another_pass_found_closed(settings: Json) -> None:
    with UnevenAws() as uneven:
        changes = {"aws_endpoint_url": uneven.url, "aws_regions": ["us-east-1", "eu-west-1"]}
        walk = TapGlueMetadata(config={**settings, **changes, "aws_account_id": ACCOUNT}).walk
        first, second = walk.of("catalogs"), walk.of("databases")
        catalogs = first.catalogs()
        assert next(catalogs)[0].scope.region == "us-east-1"
        uneven.disabled.add("eu-west-1")
        assert not list(second.databases())
        assert not list(catalogs)
        lacking = {(gap.stream, gap.region) for gap in first.gaps.run.found}
    assert lacking == {("catalogs", "eu-west-1"), ("databases", "eu-west-1")}
    assert not first.gaps.is_complete


def test_calls_are_counted_with_the_stream_that_they_are_for(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    filled.latency = 0.1
    sync(settings, "jobs", "workflows")
    summaries = [text for text in caplog.messages if text.startswith("Read ")]
    workflows = filled.count("ListWorkflows") + filled.count("BatchGetWorkflows")
    assert f"jobs in {filled.count('GetJobs')} calls" in summaries[0]
    assert f"workflows in {workflows} calls" in summaries[1]


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
    for number in range(300):  # more than the queues hold, so that threads wait for a reader
        endpoint.store().add("BatchGetWorkflows", {"Name": f"w{number}"})
    endpoint.fail("GetJobs", "InvalidInputException")
    with pytest.raises(AwsError, match=r"^glue:GetJobs "):
        sync(settings, "jobs", "workflows")
    time.sleep(0.5)  # what is in flight may come back
    seen = endpoint.count("ListWorkflows")
    time.sleep(0.5)
    assert endpoint.count("ListWorkflows") == seen < 300


@pytest.mark.usefixtures("filled")
def test_the_readers_are_known_by_their_names(endpoint: FakeAws, settings: Json) -> None:
    seen: set[str] = set()

    def look(_: Json) -> bool:
        seen.update(readers())
        return False

    endpoint.fail("GetJobs", DENIED, when=look)
    sync(settings, "jobs")
    assert any(name.endswith("(_run)") for name in seen)
    assert any(name.endswith("(_begin)") for name in seen)


def test_a_test_run_reads_nothing_ahead(filled: FakeAws, settings: Json) -> None:
    filled.latency = 0.1
    tap = TapGlueMetadata(config=dict(settings), catalog=catalog_of("jobs", "workflows"))
    assert tap.run_connection_test()
    assert started(filled, "ListWorkflows") > finished(filled, "GetJobs")


def test_catalogs_are_listed_once_for_streams_that_begin_together(
    filled: FakeAws, settings: Json
) -> None:
    filled.latency = 0.2
    sync(settings, "databases", "tables")
    (params,) = filled.params("GetCatalogs")
    assert params["HasDatabases"]
