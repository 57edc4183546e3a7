"""Faults of the network and of AWS: survived, or told in one line; never lost, never doubled."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, warnings_told
from faults import OPERATIONS, TRANSIENT, Summary, by_command, in_process, play
from singer import catalog

from tap_glue_metadata.aws.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Json
    from fake_aws import FakeAws
    from faults import Condition
    from invariant import Outcome

STREAMS = ("catalogs", "databases", "tables", "jobs", "workflows")
NESTED = f"{ACCOUNT}:lake"
EXPECTED = {
    "catalogs": {ACCOUNT, NESTED},
    "databases": {"hr", "sales", "raw"},
    "tables": {"a", "b", "c"},
    "jobs": {"daily", "nightly"},
    "workflows": {"w1", "w2", "w3"},
}


@pytest.fixture
def filled(endpoint: FakeAws) -> FakeAws:
    """Fill the endpoint with a bit of everything, in more pages than one."""
    store = endpoint.store()
    store.catalogs = [{"CatalogId": ACCOUNT}, {"CatalogId": NESTED}]
    for name in ("hr", "sales"):
        store.add_database(name)
    for name in "ab":
        store.add_table("sales", name)
    store.add_database("raw", catalog_id=NESTED)
    store.add_table("raw", "c", catalog_id=NESTED)
    store.add("GetJobs", *({"Name": name} for name in EXPECTED["jobs"]))
    store.add("BatchGetWorkflows", *({"Name": name} for name in EXPECTED["workflows"]))
    endpoint.page_size = 1
    return endpoint


@pytest.fixture
def hurried(settings: Json, impatient: None) -> Json:  # noqa: ARG001 - the pauses are left out
    """Settings for few attempts, whose pauses are left out."""
    return settings | {
        "aws_retry_mode": "standard",
        "aws_max_attempts": 3,
        "emit_activate_version_messages": True,
    }


def each(times: int) -> Condition:
    """Fit every request so many times."""
    seen: Counter[str] = Counter()

    def fits(params: Json) -> bool:
        request = json.dumps(params, sort_keys=True)
        seen[request] += 1
        return seen[request] <= times

    return fits


def install(endpoint: FakeAws, kind: str, operation: str, when: Condition) -> str:
    """Put a fault into the endpoint; return what a run says that it ends."""
    method, arguments, reason = TRANSIENT[kind]
    getattr(endpoint, method)(operation, when=when, **arguments)
    return reason


def found(outcome: Outcome) -> dict[str, set[str]]:
    """Return the names in each stream, sure that none came twice."""
    names = {}
    for stream in STREAMS:
        keys = [message["key"] for message in outcome.of("RECORD", stream)]
        assert len(keys) == len(set(keys))
        names[stream] = {key[-1] for key in keys}
    return names


def activated(outcome: Outcome) -> set[str]:
    return {m["stream"] for m in outcome.messages if m["type"] == "ACTIVATE_VERSION"}


def test_a_bucket_of_five_calls_a_second(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    """With botocore's own pauses, in the mode and with the attempts of the defaults."""
    endpoint.store().generate(databases=20, tables=100, columns=1)
    endpoint.bucket(rate=5)
    outcome = in_process(settings | {"concurrency": 16}, catalog("tables"), None)
    assert outcome.error is None
    names = [message["key"][-2:] for message in outcome.of("RECORD", "tables")]
    expected = itertools.product(range(20), range(100))
    assert sorted(names) == [(f"db_{d:03}", f"table_{t:05}") for d, t in expected]
    traffic = endpoint.traffic()
    assert traffic.throttled > 0
    assert traffic.calls - traffic.throttled == 22
    assert not warnings_told(caplog)


# Faults that pass


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_passes_is_survived(filled: FakeAws, hurried: Json, kind: str) -> None:
    for operation in OPERATIONS:
        install(filled, kind, operation, each(1))
    outcome = in_process(hurried, catalog(*STREAMS), None)
    assert outcome.error is None
    assert found(outcome) == EXPECTED
    assert activated(outcome) == set(STREAMS)


def test_all_at_once_is_survived(filled: FakeAws, hurried: Json) -> None:
    for kind in ("throttle", "cut"):
        for operation in OPERATIONS:
            install(filled, kind, operation, each(1))
    outcome = in_process(hurried | {"concurrency": 16}, catalog(*STREAMS), None)
    assert outcome.error is None
    assert found(outcome) == EXPECTED


def test_an_answer_that_does_not_come_is_asked_for_again(filled: FakeAws, hurried: Json) -> None:
    filled.hang("GetTables")
    outcome = in_process(hurried | {"aws_read_timeout": 1}, catalog(*STREAMS), None)
    assert outcome.error is None
    assert found(outcome) == EXPECTED


# Faults that stay


def check_failure(outcome: Outcome, reason: str) -> None:
    """Check what a run leaves behind that failed while it read tables."""
    assert outcome.error is not None
    assert reason in outcome.error.replace("\\", "")
    assert "\n" not in outcome.error
    names = found(outcome)
    assert names.pop("tables") < EXPECTED["tables"]
    assert names == {stream: EXPECTED[stream] for stream in names}
    assert activated(outcome) == set(names)
    assert outcome.state is not None
    assert set(outcome.state["bookmarks"]) == set(names)


def of_the_second_page(params: Json) -> bool:
    return params["DatabaseName"] == "sales" and "NextToken" in params


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_stays_ends_the_run_in_one_line(filled: FakeAws, hurried: Json, kind: str) -> None:
    reason = install(filled, kind, "GetTables", of_the_second_page)
    outcome = in_process(hurried, catalog(*STREAMS), None)
    check_failure(outcome, reason.replace("\\", ""))


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_page_token_that_expires(filled: FakeAws, hurried: Json, concurrency: int) -> None:
    filled.meanwhile(
        "GetTables", lambda p: filled.expire_token(p["NextToken"]), when=of_the_second_page
    )
    outcome = in_process(hurried | {"concurrency": concurrency}, catalog(*STREAMS), None)
    check_failure(outcome, "(InvalidInputException): NextToken has expired")
    assert len([p for p in filled.params("GetTables") if of_the_second_page(p)]) == 1


def test_keys_that_expire_in_the_midst(filled: FakeAws, hurried: Json) -> None:
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    filled.know("temporary", "temporary")
    filled.meanwhile("GetTables", lambda _: filled.expire_key("temporary"))
    keys = dict.fromkeys(names, "temporary")
    outcome = in_process(hurried | keys | {"concurrency": 1}, catalog(*STREAMS), None)
    check_failure(outcome, "AWS refuses the credentials (ExpiredTokenException)")


def test_an_endpoint_that_hangs(filled: FakeAws, settings: Json) -> None:
    filled.hang("GetTables", times=None)
    changes = {"aws_read_timeout": 1, "aws_max_attempts": 2, "emit_activate_version_messages": True}
    outcome = by_command(settings | changes, catalog(*STREAMS), None)
    check_failure(outcome, "Read timeout on endpoint URL")


@pytest.mark.parametrize("kind", ["cut", "throttle"])
def test_the_command_tells_it_in_one_line(filled: FakeAws, hurried: Json, kind: str) -> None:
    reason = install(filled, kind, "GetTables", of_the_second_page)
    check_failure(by_command(hurried, catalog(*STREAMS), None), reason)


# Objects that go


@pytest.mark.parametrize(
    ("operation", "go", "gone"),
    [
        ("GetTables", lambda store: store.remove_database("sales"), {"tables": {"a", "b"}}),
        (
            "GetDatabases",
            lambda store: store.remove_catalog(NESTED),
            {"databases": {"raw"}, "tables": {"c"}},
        ),
        (
            "BatchGetWorkflows",
            lambda store: store.items["BatchGetWorkflows"].pop(),
            {"workflows": {"w3"}},
        ),
    ],
)
def test_what_goes_after_it_was_listed_is_gone(
    filled: FakeAws,
    hurried: Json,
    operation: str,
    go: Callable[[Any], object],
    gone: dict[str, set[str]],
) -> None:
    filled.page_size = None
    filled.store().items["BatchGetWorkflows"].sort(key=lambda item: item["Name"])
    filled.meanwhile(operation, lambda _: go(filled.store()))
    outcome = in_process(hurried | {"concurrency": 1}, catalog(*STREAMS), None)
    assert outcome.error is None
    assert not outcome.warnings
    assert found(outcome) == {s: names - gone.get(s, set()) for s, names in EXPECTED.items()}
    assert activated(outcome) == set(STREAMS)


# Faults of our own


class Oops(Exception):  # noqa: N818 - no error of the package has this name
    pass


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("concurrency", [1, 16])
def test_an_error_of_a_worker_is_raised(
    filled: FakeAws,
    hurried: Json,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    concurrency: int,
) -> None:
    call = Client.call

    def fail(client: Client, name: str, *arguments: Any) -> Any:
        if name == operation:
            raise Oops
        return call(client, name, *arguments)

    monkeypatch.setattr(Client, "call", fail)
    with pytest.raises(Oops):
        in_process(hurried | {"concurrency": concurrency}, catalog(*STREAMS), None)
    assert filled.calls


# All of it at random: `make soak` does this for longer


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("seed", range(12))
def test_random_faults(seed: int) -> None:
    play(seed, Summary())


@pytest.mark.parametrize("seed", [100])
def test_random_faults_of_the_command(seed: int) -> None:
    play(seed, Summary(), by_command)
