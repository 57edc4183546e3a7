from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, OTHER
from fake_aws import Role

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Json, Run, RunTap
    from fake_aws import FakeAws

ROLE = f"arn:aws:iam::{OTHER}:role/reader"
LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]{12} \| [A-Z]+ +\| [\w.-]+ +\| ")


def check_failed(run: Run, *errors: str) -> None:
    """Check that the tap gave up with one line for each of these patterns, and no more."""
    assert run.code == 1, run.stderr
    logged = run.logged("ERROR")
    assert len(logged) == len(errors), logged
    for line, error in zip(logged, errors, strict=True):
        assert re.search(error, line), line
    assert not run.logged("CRITICAL")
    assert "Traceback" not in run.stderr
    assert not [line for line in run.stderr.splitlines() if not LINE.match(line)]
    assert {message["type"] for message in run.messages} <= {"SCHEMA", "RECORD", "STATE"}


# Settings of the wrong form


def test_wrong_types(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    wrong = {
        "concurrency": "many",
        "aws_max_attempts": 0,
        "aws_regions": "us-east-1",
        "catalog_ids": [1],
        "aws_account_id": "12-34",
        "resource_links": "maybe",
        "on_access_denied": "ignore",
        "aws_accounts": [{"regions": ["us-east-1"]}],
        "aws_assume_role_chain": [ROLE],
    }
    run = run_tap(settings | wrong)
    check_failed(run, *["^Setting '"] * len(wrong), "^Config validation failed$")
    told = dict(re.findall(r"Setting '(\w+)': (.*)", run.stderr))
    assert told.keys() == wrong.keys()
    assert re.search("'many'.*'integer'", told["concurrency"])
    assert "minimum of 1" in told["aws_max_attempts"]
    assert re.search("'us-east-1'.*'array'", told["aws_regions"])
    assert re.search("1 .*'string'", told["catalog_ids"])
    assert "'12-34'" in told["aws_account_id"]
    assert re.search("'maybe'.*'follow'.*'ignore'", told["resource_links"])
    assert re.search("'ignore'.*'skip'.*'fail'", told["on_access_denied"])
    assert "'role_arn'" in told["aws_accounts"]
    assert not endpoint.calls


def test_the_value_of_a_secret_is_not_told(settings: Json, run_tap: RunTap) -> None:
    secrets: Json = {
        "aws_access_key_id": {"id": "sesame-1"},
        "aws_secret_access_key": ["sesame-2"],
        "aws_session_token": {"sesame-3": 1},
        "aws_assume_role_external_id": ["sesame-4"],
        "vault_token": ["sesame-5"],
        "vault_secret_id": ["sesame-6"],
    }
    run = run_tap(settings | secrets, env={"LOGLEVEL": "DEBUG"})
    check_failed(run, *["^Setting '.*not shown"] * len(secrets), "^Config validation failed$")
    assert set(re.findall(r"Setting '(\w+)'", run.stderr)) == secrets.keys()
    assert "sesame" not in run.stderr + run.stdout


@pytest.mark.parametrize(
    ("accounts", "chain"),
    [
        (
            {"role_arn": ROLE, "external_id": "sesame"},
            [{"role_arn": ROLE, "external_id": ["sesame"]}],
        ),
        ([{"role_arn": ["sesame"], "external_id": "sesame"}], [["sesame"]]),
    ],
)
def test_nor_that_of_a_secret_inside_a_setting(
    settings: Json, run_tap: RunTap, accounts: Any, chain: Any
) -> None:
    run = run_tap({**settings, "aws_accounts": accounts, "aws_assume_role_chain": chain})
    check_failed(run, *["^Setting 'aws_a[cs]"] * 2, "^Config validation failed$")
    assert "sesame" not in run.stderr + run.stdout


def test_unknown_setting(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    run = run_tap({**settings, "aws_region": "sesame", "x": 1})
    assert run.code == 0
    assert run.logged("WARNING") == [
        "Setting 'aws_region' is unknown and ignored; did you mean 'aws_regions'?",
        "Setting 'x' is unknown and ignored",
    ]
    assert len(run.records("jobs")) == 1
    assert "sesame" not in run.stderr


# Settings that cannot be used


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aws_endpoint_url": None, "aws_regions": ["eu-west1"]}, "'aws_regions'.*'eu-west-1'"),
        ({"aws_endpoint_url": "nonsense"}, "'aws_endpoint_url'.*'nonsense'.*give a URL such as"),
        ({"aws_endpoint_url": "http://10.0.0.1"}, "'aws_endpoint_url'.*in the clear; use https"),
        ({"aws_access_key_id": "testing"}, "'aws_access_key_id'.*needs aws_secret_access_key"),
        ({"aws_secret_access_key": "testing"}, "'aws_secret_access_key'.*needs aws_access_key_id"),
        ({"aws_profile": "nobody"}, "'aws_profile'.*nobody.*check aws_profile.*credentials"),
    ],
)
def test_settings_that_cannot_be_used(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, changes: Json, error: str
) -> None:
    check_failed(run_tap(settings | changes), f"^Setting {error}")
    assert not endpoint.calls


def test_endpoint_of_the_environment_that_cannot_be_used(settings: Json, run_tap: RunTap) -> None:
    del settings["aws_endpoint_url"]
    run = run_tap(settings, env={"AWS_ENDPOINT_URL": "nonsense"})
    check_failed(run, "nonsense.*AWS_ENDPOINT_URL")


# Credentials and network


def test_no_credentials(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    check_failed(run_tap(settings), "^No AWS credentials.*set aws_access_key_id and aws_secret_")
    assert not endpoint.calls


@pytest.mark.parametrize(
    ("account", "code"),
    [({}, "InvalidClientTokenId"), ({"aws_account_id": ACCOUNT}, "UnrecognizedClientException")],
)
def test_wrong_key(settings: Json, run_tap: RunTap, account: Json, code: str) -> None:
    keys = {"aws_access_key_id": "sesame", "aws_secret_access_key": "sesame"}
    run = run_tap(settings | keys | account)
    check_failed(run, rf"^AWS refuses the credentials \({code}\): check aws_access_key_id")
    assert "sesame" not in run.stderr + run.stdout


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("account", "error"),
    [({}, "^sts:.* set aws_account_id$"), ({"aws_account_id": ACCOUNT}, "^glue:.*network$")],
)
def test_unreachable_endpoint(
    settings: Json, run_tap: RunTap, closed_port: int, account: Json, error: str
) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    run = run_tap(settings | account | {"aws_endpoint_url": url, "aws_max_attempts": 1})
    check_failed(run, error)
    assert url in run.stderr
    assert "check aws_endpoint_url" in run.stderr


@pytest.mark.parametrize("arn", [ROLE, f"{ROLE}-unknown"])
def test_role_that_may_not_be_assumed(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, arn: str
) -> None:
    endpoint.roles[ROLE] = Role(OTHER, external_id="partner")
    role = {"aws_assume_role_arn": arn, "aws_assume_role_external_id": "sesame"}
    run = run_tap(settings | role)
    check_failed(run, rf"^Setting 'aws_assume_role_arn'.*{arn} .*aws_assume_role_external_id")
    assert "sesame" not in run.stderr + run.stdout


def test_denied_call(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    endpoint.fail("GetJobs", "AccessDeniedException", message="User: x is not authorized")
    run = run_tap(settings)
    assert run.code == 0, run.stderr
    assert not run.logged("ERROR")
    denial, summary = run.logged("WARNING")
    assert denial == (
        f"Skipped in account {ACCOUNT}, region us-east-1: glue:GetJobs for region us-east-1 is "
        "denied (AccessDeniedException): grant glue:GetJobs to these credentials, and the resource "
        "in Lake Formation where that governs it. AWS says: User: x is not authorized"
    )
    assert summary == "1 unit could not be read: the run is incomplete"
    assert run.records("catalogs")


def test_denied_call_that_is_to_fail(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    endpoint.fail("GetJobs", "AccessDeniedException", message="User: x is not authorized")
    run = run_tap(settings | {"on_access_denied": "fail"})
    check_failed(run, "^glue:GetJobs for region us-east-1 is denied.*grant glue:GetJobs")
    assert not run.logged("WARNING")


def test_what_was_read_before_an_error_is_written(
    endpoint: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    endpoint.page_size = 1
    endpoint.store().add("GetJobs", {"Name": "a"}, {"Name": "b"})
    endpoint.fail("GetJobs", "InvalidInputException", when=lambda params: "NextToken" in params)
    run = run_tap(settings)
    check_failed(run, r"^glue:GetJobs for region us-east-1 failed \(InvalidInputException\)")
    assert [record["name"] for record in run.records("jobs")] == ["a"]


def test_no_log_level_tells_a_secret(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    roles = [f"{ROLE}-{place}" for place in "abcd"]
    endpoint.roles = {role: Role(OTHER, external_id=f"sesame-{role[-1]}") for role in roles}
    first, second, third, denied = [
        {"role_arn": role, "external_id": f"sesame-{role[-1]}"} for role in roles
    ]
    endpoint.roles[roles[-1]] = Role(OTHER, external_id="another")
    secrets = {
        "aws_secret_access_key": "sesame-2",
        "aws_assume_role_external_id": first["external_id"],
        "aws_assume_role_chain": [second],
        "aws_accounts": [third, denied],
    }
    run = run_tap(
        {**settings, **secrets, "aws_access_key_id": "testing", "aws_assume_role_arn": roles[0]},
        env={"LOGLEVEL": "DEBUG"},
    )
    assert run.code == 0, run.stderr
    assert "Skipped in aws_accounts[1]" in run.stderr
    assert "sesame" not in run.stderr
    # What STS issued is a secret as well.
    assert "SecretAccessKey>" not in run.stderr
    assert "SessionToken>" not in run.stderr
    assert not re.search(r"x-amz-security-token['\": b]+[^'\", b]", run.stderr, re.IGNORECASE)


# Files and environment


@pytest.mark.parametrize("content", [None, "{", b"\xff{}"])
def test_config_file_that_cannot_be_read(
    tmp_path: Path, run_tap: RunTap, content: str | bytes | None
) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    check_failed(run_tap(None, "--config", str(file)), r"mine\.json")


@pytest.mark.parametrize(("option", "content"), [("--catalog", "{"), ("--state", "{")])
def test_other_file_that_cannot_be_read(
    tmp_path: Path, settings: Json, run_tap: RunTap, option: str, content: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content, encoding="utf-8")
    check_failed(run_tap(settings, option, str(file)), "JSON|catalog")


def test_settings_of_the_environment(endpoint: FakeAws, run_tap: RunTap) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    env = {
        "TAP_GLUE_METADATA_AWS_ENDPOINT_URL": endpoint.url,
        "TAP_GLUE_METADATA_AWS_REGIONS": '["us-east-1"]',
        "TAP_GLUE_METADATA_CONCURRENCY": "2",
    }
    run = run_tap(None, "--config=ENV", env=env)
    assert run.code == 0, run.stderr
    assert [record["name"] for record in run.records("jobs")] == ["nightly"]
    assert not run.logged("WARNING")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("concurrency", "many"), ("stream_maps", "{"), ("aws_accounts", '[{"external_id": "sesame"')],
)
def test_settings_of_the_environment_of_the_wrong_type(
    settings: Json, run_tap: RunTap, setting: str, value: str
) -> None:
    name = f"TAP_GLUE_METADATA_{setting.upper()}"
    run = run_tap(settings, "--config=ENV", env={name: value})
    check_failed(run, f"(?i){setting}")
    assert "sesame" not in run.stderr + run.stdout


# What needs no settings and no AWS

QUIET: list[list[str]] = [
    ["--about"],
    ["--about", "--format=json"],
    ["--about", "--format=markdown"],
    ["--discover"],
    ["--version"],
    ["--help"],
]


@pytest.mark.parametrize("arguments", QUIET, ids=" ".join)
def test_without_settings(
    endpoint: FakeAws, run_tap: RunTap, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    run = run_tap(None, *arguments)
    assert run.code == 0, run.stderr
    assert run.stdout
    assert not run.logged("ERROR")
    assert not run.logged("WARNING")
    assert "sesame" not in run.stdout + run.stderr
    assert not endpoint.calls
    if {"--discover", "--format=json"} & set(arguments):
        assert json.loads(run.stdout)


@pytest.mark.parametrize("argument", ["--about", "--discover"])
def test_the_secrets_among_the_settings_are_not_told(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, argument: str
) -> None:
    secrets = {
        "aws_access_key_id": "sesame",
        "aws_secret_access_key": "sesame",
        "aws_session_token": "sesame",
        "aws_assume_role_arn": ROLE,
        "aws_assume_role_external_id": "sesame",
        "aws_accounts": [{"role_arn": ROLE, "external_id": "sesame"}],
        "aws_assume_role_chain": [{"role_arn": ROLE, "external_id": "sesame"}],
        "vault_token": "sesame",
        "vault_secret_id": "sesame",
    }
    env = {
        f"TAP_GLUE_METADATA_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in secrets.items()
    }
    run = run_tap(settings | secrets, "--config=ENV", argument, env=env)
    assert run.code == 0, run.stderr
    assert "sesame" not in run.stdout + run.stderr
    assert not endpoint.calls
