"""Answers that are none, or come twice, are never taken for what AWS holds."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, OTHER, warnings_told
from fake_aws import FakeAws, Role
from singer import Json, Messages, catalog, make_tap, sync

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.engine import listing

if TYPE_CHECKING:
    from collections.abc import Callable

STREAMS = ("catalogs", "databases", "tables", "jobs", "workflows")
OPERATIONS = {
    "GetCatalogs": "catalogs",
    "GetDatabases": "databases",
    "GetTables": "tables",
    "GetJobs": "jobs",
    "ListWorkflows": "workflows",
    "BatchGetWorkflows": "workflows",
}
NO_ANSWERS = [
    b"{}",
    b'{"message": "Forbidden"}',
    b'{"__type": "AccessDeniedException", "Message": "No."}',
    b'{"NextToken": null}',
    b'{"NextToken": "x"}',
]
DEEP = b"[" * 1_100 + b"]" * 1_100
FROM_AWS = r"\(it is cut off, or does not come from AWS\)"


@pytest.fixture
def filled(endpoint: FakeAws) -> FakeAws:
    """Fill the endpoint with two of each kind, each on a page of its own."""
    endpoint.page_size = 1
    store = endpoint.store()
    store.catalogs = [{"CatalogId": ACCOUNT}, {"CatalogId": f"{ACCOUNT}:lake"}]
    for name in ("a", "b"):
        store.add_database(name)
        store.add_table("a", name)
        store.add("GetJobs", {"Name": name})
        store.add("BatchGetWorkflows", {"Name": name})
    return endpoint


@pytest.fixture
def config(settings: Json, impatient: None) -> Json:  # noqa: ARG001 - the pauses are left out
    return settings | {
        "aws_retry_mode": "standard",
        "aws_max_attempts": 2,
        "concurrency": 1,
        "emit_activate_version_messages": True,
    }


def fails(config: Json, stream: str, error: str) -> Messages:
    """Run a stream, sure that it fails and announces nothing."""
    tap, messages = make_tap(config, catalog(stream))
    with pytest.raises(AwsError, match=error) as caught:
        tap.sync_all()
    assert "\n" not in str(caught.value)
    assert not messages.of_type("ACTIVATE_VERSION")
    assert stream not in str([message["value"] for message in messages.of_type("STATE")])
    return messages


def is_page(number: int) -> Callable[[Json], bool]:
    """Fit the first page, or those behind it."""
    return lambda params: ("NextToken" in params) == (number > 1)


# Without the list that is always there


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("body", NO_ANSWERS)
def test_an_answer_without_its_list_fails(
    filled: FakeAws, config: Json, operation: str, body: bytes
) -> None:
    filled.respond(operation, body)
    messages = fails(config, OPERATIONS[operation], rf"^glue:{operation} for .*{FROM_AWS}")
    assert not messages.records(OPERATIONS[operation])


@pytest.mark.parametrize("operation", list(OPERATIONS)[:-1])
@pytest.mark.parametrize("body", NO_ANSWERS)
def test_so_does_one_on_a_later_page(
    filled: FakeAws, config: Json, operation: str, body: bytes
) -> None:
    filled.respond(operation, body, when=is_page(2))
    fails(config, OPERATIONS[operation], rf"^glue:{operation} for .*{FROM_AWS}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_one_that_passes_is_asked_for_again(filled: FakeAws, config: Json, operation: str) -> None:
    filled.strip(operation)
    messages = sync(config, catalog(*STREAMS))
    assert all(len(messages.records(stream)) == 2 for stream in STREAMS)
    assert len(messages.of_type("ACTIVATE_VERSION")) == len(STREAMS)


@pytest.mark.parametrize(
    "answer",
    [
        {"Workflows": [], "MissingWorkflows": []},
        {"Workflows": [{"Name": "another"}], "MissingWorkflows": []},
        {"MissingWorkflows": ["another"]},
    ],
)
def test_a_batch_accounts_for_each_name(filled: FakeAws, config: Json, answer: Json) -> None:
    filled.page_size = None
    filled.respond("BatchGetWorkflows", json.dumps(answer).encode())
    fails(config, "workflows", "the answer says nothing of 2 of the objects asked for")


# Nested too deeply


@pytest.mark.parametrize("accounts", [1, 2])
def test_an_answer_that_is_nested_too_deeply(filled: FakeAws, config: Json, accounts: int) -> None:
    roles = [f"arn:aws:iam::{account}:role/reader" for account in (ACCOUNT, OTHER)]
    for role in roles:
        filled.roles[role] = Role(role.split(":")[4])
    both = {"aws_accounts": [{"role_arn": role} for role in roles[:accounts]]}
    filled.respond("GetJobs", b'{"Jobs": [{"Name": "a", "DefaultArguments": ' + DEEP + b"}]}")
    error = "^glue:GetJobs for region us-east-1 failed: .*nested too deeply"
    fails(config | both, "jobs", error)


# The same on two pages


@pytest.mark.parametrize("empty_pages", [False, True])
def test_what_is_on_two_pages_comes_once(
    filled: FakeAws, config: Json, caplog: pytest.LogCaptureFixture, *, empty_pages: bool
) -> None:
    caplog.set_level("INFO")
    filled.overlap, filled.empty_pages = True, empty_pages
    messages = sync(config, catalog(*STREAMS))  # which finds no key twice
    assert all(len(messages.records(stream)) == 2 for stream in STREAMS)
    assert all(f"{stream}: 2 records" in caplog.text for stream in STREAMS)
    assert "1 object listed twice and dropped (complete)" in caplog.text
    assert len(messages.of_type("ACTIVATE_VERSION")) == len(STREAMS)
    assert len(filled.params("GetTables")) == len({str(p) for p in filled.params("GetTables")})


# Without an end


def test_pages_without_an_end(
    endpoint: FakeAws, config: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_EMPTY_PAGES", 20)
    tokens = count()
    endpoint.answer(
        "GetJobs", lambda _: json.dumps({"Jobs": [], "NextToken": str(next(tokens))}).encode()
    )
    fails(config, "jobs", "^glue:GetJobs .*20 pages in a row had nothing on them")
    assert next(tokens) == 21


def test_empty_pages_between_others_are_ordinary(
    filled: FakeAws, config: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_EMPTY_PAGES", 1)
    filled.empty_pages = True
    filled.store().add("GetJobs", *({"Name": str(number)} for number in range(5)))
    assert len(sync(config, catalog("jobs")).records("jobs")) == 7


@pytest.mark.parametrize("stream", ["catalogs", "databases", "tables", "jobs", "workflows"])
def test_a_repeated_token_fails(filled: FakeAws, config: Json, stream: str) -> None:
    operation = next(name for name, own in OPERATIONS.items() if own == stream)
    filled.repeat_token.add(operation)
    fails(config, stream, f"^glue:{operation} in account .*repeated a page token")


# Patterns that match nothing


def activated(messages: Messages) -> set[str]:
    return {message["stream"] for message in messages.of_type("ACTIVATE_VERSION")}


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({"include_databases": ["typo"]}, {"jobs"}),
        ({"include_databases": ["a", "typo"]}, {"jobs"}),
        ({"include_tables": ["typo.*"]}, {"databases", "jobs"}),
        ({"include_tables": ["a.*", "*.typo"]}, {"databases", "jobs"}),
        ({"exclude_databases": ["typo"]}, {"databases", "tables", "columns", "jobs"}),
        ({"exclude_tables": ["*.typo"]}, {"databases", "tables", "columns", "jobs"}),
        ({"include_databases": ["A"]}, {"databases", "tables", "columns", "jobs"}),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_pattern_that_matches_nothing_deletes_nothing(
    config: Json, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], whole: set[str]
) -> None:
    messages = sync(config | changes, catalog("databases", "tables", "columns", "jobs"))
    assert activated(messages) == whole
    told = [text for text in warnings_told(caplog) if "nothing is announced as deleted" in text]
    assert len(told) == ("tables" not in whole)
    assert all("typo" in text for text in told)


@pytest.mark.parametrize("operation", ["GetCatalogs", "GetDatabases"])
def test_what_could_not_be_listed_says_nothing_of_patterns(
    filled: FakeAws, config: Json, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    filled.fail(operation, "AccessDeniedException")
    patterns = {"include_databases": ["typo"], "exclude_tables": ["*.typo"]}
    sync(config | patterns, catalog("databases", "tables", "jobs"))
    assert not [text for text in warnings_told(caplog) if "matched none" in text]
