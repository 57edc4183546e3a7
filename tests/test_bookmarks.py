"""A bookmark that cannot be true: what it hides would be missing for ever."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, catalog_of
from singer import marks

if TYPE_CHECKING:
    from conftest import Json, Run, RunTap
    from fake_aws import FakeAws

KEY = "last_modified_on"
NOW = datetime.now(tz=timezone.utc)
YESTERDAY = NOW - timedelta(days=1)
FUTURE = (NOW + timedelta(days=1)).isoformat()


@pytest.fixture
def chosen() -> Json:
    catalog = catalog_of("jobs")
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "jobs":
            entry |= {"replication_method": "INCREMENTAL", "replication_key": KEY}
    return catalog


def state(bookmark: str) -> Json:
    return {"bookmarks": {"jobs": {"replication_key": KEY, "replication_key_value": bookmark}}}


def bookmark(run: Run) -> Any:
    """Return the bookmark that a run leaves."""
    states = [message["value"] for message in run.messages if message["type"] == "STATE"]
    return next(iter(marks(states[-1], "jobs").values()), None)


def check_told(run: Run) -> None:
    assert run.code == 0, run.stderr
    [line] = [line for line in run.logged("WARNING") if "bookmark" in line]
    assert f"State, stream 'jobs': the bookmark {FUTURE} is in the future and not used" in line


def test_a_bookmark_from_the_future_hides_nothing(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, chosen: Json
) -> None:
    times = {"old": NOW - timedelta(days=900), "new": YESTERDAY}
    for name, time in times.items():
        endpoint.store().add("GetJobs", {"Name": name, "LastModifiedOn": time.timestamp()})
    first = run_tap(settings, catalog=chosen, state=state(FUTURE))
    check_told(first)
    assert {job["name"] for job in first.records("jobs")} == {"old", "new"}
    assert datetime.fromisoformat(bookmark(first)) == YESTERDAY
    second = run_tap(settings, catalog=chosen, state=state(bookmark(first)))
    assert [job["name"] for job in second.records("jobs")] == ["new"]
    assert not second.logged("WARNING")


def test_where_nothing_is_found_no_bookmark_is_left(
    settings: Json, run_tap: RunTap, chosen: Json
) -> None:
    run = run_tap(settings, catalog=chosen, state=state(FUTURE))
    check_told(run)
    assert bookmark(run) is None


def test_what_could_not_be_read_is_left_without_one(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, chosen: Json
) -> None:
    endpoint.store(region="eu-west-1").add(
        "GetJobs", {"Name": "x", "LastModifiedOn": 1_700_000_000.0}
    )
    endpoint.fail("GetJobs", "AccessDeniedException", times=1)
    regions = {"aws_regions": ["us-east-1", "eu-west-1"], "concurrency": 1}
    run = run_tap(settings | regions, catalog=chosen, state=state(FUTURE))
    check_told(run)
    states = [message["value"] for message in run.messages if message["type"] == "STATE"]
    found = marks(states[-1], "jobs")
    assert sorted(found.items()) == [
        ((ACCOUNT, "eu-west-1"), "2023-11-14T22:13:20.000000+00:00"),
        ((ACCOUNT, "us-east-1"), None),
    ]


def test_the_start_date_still_counts(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, chosen: Json
) -> None:
    endpoint.store().add("GetJobs", {"Name": "old", "LastModifiedOn": 1_500_000_000.0})
    endpoint.store().add("GetJobs", {"Name": "new", "LastModifiedOn": YESTERDAY.timestamp()})
    run = run_tap(settings | {"start_date": "2020-01-01"}, catalog=chosen, state=state(FUTURE))
    check_told(run)
    assert [job["name"] for job in run.records("jobs")] == ["new"]
