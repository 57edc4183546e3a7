from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, OTHER, Run, catalog_of
from fake_aws import Role

from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from conftest import Json, RunTap
    from fake_aws import FakeAws

ROLE = f"arn:aws:iam::{OTHER}:role/reader"
TAP = Path(sys.executable).with_name("tap-glue-metadata")
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


def of_type(run: Run, kind: str) -> list[Json]:
    return [message for message in run.messages if message["type"] == kind]


# Settings of the wrong form


def test_wrong_types(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    wrong = {
        "concurrency": "many",
        "aws_max_attempts": 0,
        "aws_regions": {"us-east-1": True},
        "catalog_ids": [1],
        "aws_account_id": "12-34",
        "resource_links": "maybe",
        "on_access_denied": "ignore",
        "aws_accounts": [{"regions": ["us-east-1"]}],
        "aws_assume_role_chain": [ROLE],
    }
    run = run_tap(settings | wrong)
    check_failed(run, *["^Setting '"] * len(wrong))
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
    check_failed(run, *["^Setting '.*not shown"] * len(secrets))
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
    check_failed(run, *["^Setting 'aws_a[cs]"] * 2)
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


@pytest.mark.parametrize("mode", ["--preflight", "--iam-policy", "--test", "--test=schema"])
@pytest.mark.parametrize(
    "changes",
    [
        {"aws_endpoint_url": "nonsense"},
        {"aws_access_key_id": "testing"},
        {"start_date": "2026-13-01"},
        {"include_tables": ["orders"]},
        {"aws_accounts": [{"role_arn": "reader"}]},
        {"batch_config": {"x": 1}},
    ],
)
def test_each_mode_checks_all_settings(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, mode: str, changes: Json
) -> None:
    run = run_tap(settings | changes, mode)
    check_failed(run, "^Setting '")
    assert run.stdout == ""
    assert not endpoint.calls


def test_endpoint_of_the_environment_that_cannot_be_used(settings: Json, run_tap: RunTap) -> None:
    del settings["aws_endpoint_url"]
    run = run_tap(settings, env={"AWS_ENDPOINT_URL": "nonsense"})
    check_failed(run, "nonsense.*AWS_ENDPOINT_URL")


# Settings written as text, as the environment and Meltano have them


def report(run: Run) -> list[str]:
    """Return what a run tells of redaction: that it is off, or that the setting is wrong."""
    return [line for line in run.logged("WARNING") + run.logged("ERROR") if "redact" in line]


@pytest.mark.parametrize("value", [None, "", "  ", "true", "TRUE", " true", "1", "yes", "on"])
def test_secrets_are_redacted_unless_somebody_says_no(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, value: str | None
) -> None:
    endpoint.store().add("GetJobs", {"Name": "x", "DefaultArguments": {"--password": "sesame"}})
    in_file = run_tap(settings | {"redact_secrets": value})
    variable = {"TAP_GLUE_METADATA_REDACT_SECRETS": value or ""}
    in_environment = run_tap(settings, "--config=ENV", env=variable)
    for run in (in_file, in_environment):
        assert run.code == 0, run.stderr
        assert len(run.records("jobs")) == 1
        assert "sesame" not in run.stdout
        assert report(run) == []


@pytest.mark.parametrize("value", [False, "false", "False", "0", "no", "off"])
def test_somebody_says_no_and_is_told_so_once(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, value: object
) -> None:
    endpoint.store().add("GetJobs", {"Name": "x", "DefaultArguments": {"--password": "sesame"}})
    in_file = run_tap(settings | {"redact_secrets": value})
    variable = {"TAP_GLUE_METADATA_REDACT_SECRETS": str(value)}
    in_environment = run_tap(settings, "--config=ENV", env=variable)
    for run in (in_file, in_environment):
        assert run.code == 0, run.stderr
        assert "sesame" in run.stdout
        assert report(run) == ["Setting 'redact_secrets' is off: secrets are written as they are"]


@pytest.mark.parametrize("value", ["y", "t", "n", "f", "ture", "enabled", "2", "-", "[]", "false."])
def test_what_is_neither_yes_nor_no_is_an_error(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, value: str
) -> None:
    for name in ("redact_secrets", "emit_activate_version_messages", "flattening_enabled"):
        error = f"{re.escape(repr(value))} is neither true nor false$"
        check_failed(run_tap(settings | {name: value}), f"^Setting '{name}': {error}")
        variable = f"TAP_GLUE_METADATA_{name.upper()}"
        run = run_tap(settings, "--config=ENV", env={variable: value})
        check_failed(run, rf"^Setting '{name}' \(from {variable}\): {error}")
    assert not endpoint.calls


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_text_is_as_good_as_no_setting(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, value: str
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    names = TapGlueMetadata().config_jsonschema["properties"].keys() - settings.keys()
    in_file = run_tap(settings | dict.fromkeys(names, value))
    nulls = run_tap(settings | dict.fromkeys(names))
    variables = {f"TAP_GLUE_METADATA_{name.upper()}": value for name in (*names, *settings)}
    in_environment = run_tap(settings, "--config=ENV", env=variables)
    for run in (in_file, nulls, in_environment):
        assert run.code == 0, run.stderr
        assert len(run.records("jobs")) == 1
        assert not run.logged("WARNING")


@pytest.mark.parametrize("value", [8.0, "8", " 8 ", "8.0"])
def test_whole_numbers(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, value: float | str
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    run = run_tap(settings | {"concurrency": value})
    assert run.code == 0, run.stderr
    assert len(run.records("jobs")) == 1


@pytest.mark.parametrize("value", [8.5, "8.5", "eight", "NaN", "true", "0", "[8]"])
def test_what_is_no_whole_number(settings: Json, run_tap: RunTap, value: float | str) -> None:
    check_failed(run_tap(settings | {"concurrency": value}), "^Setting 'concurrency': ")


@pytest.mark.parametrize("value", ["us-east-1,eu-west-1", '["us-east-1", "eu-west-1"]'])
def test_arrays_as_text(endpoint: FakeAws, settings: Json, run_tap: RunTap, value: str) -> None:
    for region in ("us-east-1", "eu-west-1"):
        endpoint.store(region=region).add("GetJobs", {"Name": "nightly"})
    run = run_tap(settings | {"aws_regions": value})
    assert run.code == 0, run.stderr
    assert {job["region"] for job in run.records("jobs")} == {"us-east-1", "eu-west-1"}


def test_the_file_for_the_environment_is_in_the_working_directory(
    endpoint: FakeAws, run_tap: RunTap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    lines = {"AWS_ENDPOINT_URL": endpoint.url, "AWS_REGIONS": "us-east-1", "REDACT_SECRETS": ""}
    text = "".join(f"TAP_GLUE_METADATA_{name}={value}\n" for name, value in lines.items())
    (tmp_path / ".env").write_text(f"{text}TAP_GLUE_METADATA_CONCURRENCY\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run = run_tap(None, "--config=ENV")
    assert run.code == 0, run.stderr
    assert len(run.records("jobs")) == 1


@pytest.mark.parametrize("variable", ["LOGLEVEL", "TAP_GLUE_METADATA_LOGLEVEL"])
def test_log_level(endpoint: FakeAws, settings: Json, run_tap: RunTap, variable: str) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    empty = run_tap(settings, env={variable: ""})
    assert empty.code == 0, empty.stderr
    assert empty.logged("INFO")
    assert not empty.logged("DEBUG")
    assert run_tap(settings, env={variable: "debug"}).logged("DEBUG")
    check_failed(run_tap(settings, env={variable: "loud"}), f"^{variable}: 'loud'.*write DEBUG")


# What is chosen


def test_nothing_is_selected(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    catalogs: list[Json] = [{}, {"streams": []}, catalog_of()]
    for catalog in catalogs:
        check_failed(run_tap(settings, catalog=catalog), "^Catalog: no stream is selected; there")
    assert not endpoint.calls


def test_a_selected_stream_that_does_not_exist(
    endpoint: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    chosen = catalog_of("tables")
    stranger: Json = {"tap_stream_id": "tabels", "schema": {}, "metadata": []}
    error = "^Catalog: there is no stream 'tabels'; there are .*tables"
    check_failed(run_tap(settings, catalog={"streams": [*chosen["streams"], stranger]}), error)
    check_failed(run_tap(settings, catalog={"streams": [stranger]}), error)
    assert not endpoint.calls
    stranger["metadata"] = [{"breadcrumb": [], "metadata": {"selected": False}}]
    run = run_tap(settings, catalog={"streams": [*chosen["streams"], stranger]})
    assert run.code == 0, run.stderr


def test_a_child_without_its_parent(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    endpoint.store().generate(databases=1, tables=2, columns=3)
    entries = [e for e in catalog_of("columns")["streams"] if e["tap_stream_id"] == "columns"]
    run = run_tap(settings, catalog={"streams": entries})
    assert run.code == 0, run.stderr
    assert len(run.records("columns")) == len(of_type(run, "RECORD")) == 6


MALFORMED: dict[str, list[tuple[Any, str]]] = {
    "catalog": [
        ([], "Expected `object`, got `array`"),
        ({"streams": {}}, r"at `\$.streams`"),
        ({"streams": [{"stream": "tables"}]}, "`tap_stream_id`"),
        ({"streams": [{"tap_stream_id": "tables", "metadata": [{}]}]}, "`breadcrumb`"),
    ],
    "state": [
        ([], "Expected `object`, got `array`"),
        ({"bookmarks": []}, r"at `\$.bookmarks`"),
        ({"bookmarks": {"tables": 3}}, "got `int`"),
        ({"bookmarks": {"tables": {"partitions": [1]}}}, "partitions"),
    ],
    "config": [([], "Expected `object`, got `array`")],
}


@pytest.mark.parametrize("option", MALFORMED)
def test_a_file_of_the_wrong_form(run_tap: RunTap, tmp_path: Path, option: str) -> None:
    file = tmp_path / "mine.json"
    for content, error in MALFORMED[option]:
        file.write_text(json.dumps(content), encoding="utf-8")
        run = run_tap(None, f"--{option}", str(file))
        check_failed(run, rf"^Cannot read the .* in .*mine\.json: .*{error}")


@pytest.mark.parametrize("option", ["config", "catalog", "state"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff{}", b"[" * 100_000])
def test_a_file_that_is_no_json(
    run_tap: RunTap, tmp_path: Path, option: str, content: bytes | None
) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_bytes(content)
    check_failed(run_tap(None, f"--{option}", str(file)), r"^Cannot read the .* in .*mine\.json: ")


def test_a_bookmark_that_is_no_date_is_told_before_any_call(
    endpoint: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    chosen = catalog_of("columns", "jobs")
    for entry in chosen["streams"]:
        if entry["tap_stream_id"] == "jobs":
            entry |= {"replication_method": "INCREMENTAL", "replication_key": "last_modified_on"}
    bookmark = {"replication_key": "last_modified_on", "replication_key_value": "sometime"}
    run = run_tap(settings, catalog=chosen, state={"bookmarks": {"jobs": bookmark}})
    check_failed(run, "^State, stream 'jobs': the bookmark 'sometime' is not a valid date")
    run = run_tap(settings | {"start_date": "2026-13-01"}, catalog=chosen)
    check_failed(run, "^Setting 'start_date': '2026-13-01' is not a valid date")
    assert not endpoint.calls
    assert run.messages == []


@pytest.mark.parametrize("arguments", [[], ["--test"]])
def test_no_region_is_told_before_any_message(
    settings: Json, run_tap: RunTap, arguments: list[str]
) -> None:
    del settings["aws_regions"]
    run = run_tap(settings, *arguments)
    check_failed(run, "^Setting 'aws_regions'")
    assert run.messages == []


def test_a_test_run_writes_the_whole_of_each_schema(settings: Json, run_tap: RunTap) -> None:
    expected = {
        entry["tap_stream_id"]: entry["schema"]["properties"].keys()
        for entry in TapGlueMetadata().catalog_dict["streams"]
    }
    for argument in ("--test=schema", "--test"):
        run = run_tap(settings, argument)
        assert run.code == 0, run.stderr
        schemas = {m["stream"]: m["schema"]["properties"].keys() for m in of_type(run, "SCHEMA")}
        assert schemas == expected


STREAM_MAPS: list[tuple[Json, str]] = [
    ({"tabels": {"x": "1"}}, "there is no stream 'tabels'; there are .*tables"),
    ({"copy": {"__source__": "tabels"}}, "there is no stream 'tabels'; there are .*tables"),
    ({"tables": {"x": "(("}}, r"Failed to parse expression \(\("),
    ({"tables": {"name": None}}, "name"),
    ({"tables": 5}, "5 is not valid"),
    ({"tables": {"x": "nme"}}, "'nme' is not defined"),
    ({"tables": {"x": "int(name)"}}, "an expression raises ValueError"),
    ({"tables": {"__filter__": "nme == 1"}}, "nme == 1"),
    ({"jobs": {"__filter__": "int(name)"}}, "an expression raises ValueError"),
]


@pytest.mark.parametrize(("stream_maps", "error"), STREAM_MAPS)
def test_mistakes_in_stream_maps(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, stream_maps: Json, error: str
) -> None:
    endpoint.store().generate(databases=1, tables=1, columns=1)
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    run = run_tap(settings | {"stream_maps": stream_maps})
    check_failed(run, f"^Setting 'stream_maps': .*{error}")
    assert "nightly" not in run.stderr


def test_stream_maps_of_all_kinds_of_names(
    endpoint: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    maps = {"j*": {"shout": "name.upper()"}, "copy": {"__source__": "jobs"}, "__else__": None}
    run = run_tap(settings | {"stream_maps": maps})
    assert run.code == 0, run.stderr
    assert [record["shout"] for record in run.records("jobs")] == ["NIGHTLY"]
    assert len(run.records("copy")) == 1


@pytest.mark.parametrize("wrong", [{"x": 1}, {"encoding": {"format": "jsonl"}}])
def test_mistakes_in_batch_config(settings: Json, run_tap: RunTap, wrong: Json) -> None:
    check_failed(run_tap(settings | {"batch_config": wrong}), "^Setting 'batch_config': ")


# Outputs that take nothing


def run_in_shell(settings: Json, tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell that sends its output somewhere else."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", f"{TAP} --config {config} {command}"],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


CLOSED = "The standard output is closed"
FULL = "No space left on device"
GONE = "The reader of the output has ended; its own log may say why"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (">&-", CLOSED),
        (">/dev/full", f"The output cannot be written: {FULL}"),
        ("--test >/dev/full", f"The output cannot be written: {FULL}"),
        ("--discover >/dev/full", FULL),
        ("--about >/dev/full", FULL),
        ("--version >/dev/full", FULL),
        ("| true", GONE),
    ],
)
def test_an_output_that_takes_nothing(
    endpoint: FakeAws, settings: Json, tmp_path: Path, command: str, error: str
) -> None:
    endpoint.store().generate(databases=1, tables=100, columns=10)
    done = run_in_shell(settings, tmp_path, command)
    assert done.returncode == 1
    check_failed(Run([], 1, "", done.stderr), f"^{error}$")


@pytest.mark.parametrize("argument", ["--about", "--discover", "--help", "--iam-policy"])
def test_who_reads_the_beginning_only(settings: Json, tmp_path: Path, argument: str) -> None:
    done = run_in_shell(settings, tmp_path, f"{argument} | head -n 1")
    assert len(done.stdout.splitlines()) == 1
    assert not Run([], 1, "", done.stderr).logged("ERROR")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_a_log_that_takes_nothing(
    endpoint: FakeAws, settings: Json, tmp_path: Path, redirection: str
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    done = run_in_shell(settings, tmp_path, redirection)
    assert done.returncode == 0
    assert '"name":"nightly"' in done.stdout


# Errors that nobody foresaw

BROKEN = """
import sys, threading
{}
from tap_glue_metadata.__main__ import main
sys.argv = ["tap-glue-metadata", *sys.argv[1:]]
main()
"""
NO_THREADS = """
start = threading.Thread.start
def fail(thread):
    if thread.name != "{}":
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = fail
"""
FAULT = """
import tap_glue_metadata.tap as module
def open_scopes(*_):
    raise LookupError("sesame")
module.open_scopes = open_scopes
"""


def run_broken(
    settings: Json, tmp_path: Path, fault: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process in which something is wrong."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", BROKEN.format(fault), "--config", str(config)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env=os.environ | env,
    )


def test_an_error_that_nobody_foresaw(settings: Json, tmp_path: Path) -> None:
    done = run_broken(settings, tmp_path, FAULT)
    assert done.returncode == 1
    assert done.stdout == ""
    check_failed(
        Run([], 1, "", done.stderr),
        "^Unexpected LookupError at __main__:6; at log level DEBUG its traceback is logged$",
    )
    assert "sesame" not in done.stderr


def test_its_traceback_is_for_who_asks(settings: Json, tmp_path: Path) -> None:
    done = run_broken(settings, tmp_path, FAULT, LOGLEVEL="DEBUG")
    assert done.returncode == 1
    assert done.stderr.count("Traceback (most recent call last)") == 1
    assert Run([], 1, "", done.stderr).logged("ERROR")


THREAD_FAULT = """
import tap_glue_metadata.tap as module
open_scopes = module.open_scopes
def fail(*arguments):
    thread = threading.Thread(target=lambda: {}["sesame"])
    thread.start()
    thread.join()
    return open_scopes(*arguments)
module.open_scopes = fail
"""


def test_nor_one_of_a_thread_that_nobody_waits_for(settings: Json, tmp_path: Path) -> None:
    done = run_broken(settings, tmp_path, THREAD_FAULT)
    assert done.returncode == 0
    [line] = Run([], 1, "", done.stderr).logged("ERROR")
    assert line.startswith("Unexpected KeyError at __main__:")
    assert "Traceback" not in done.stderr
    assert "sesame" not in done.stderr


NO_THREAD = "No thread can be started: lower concurrency, or raise the limit (`ulimit -u`)"


def test_no_thread_to_be_had(settings: Json, tmp_path: Path) -> None:
    done = run_broken(settings, tmp_path, NO_THREADS.format("command"))
    assert done.returncode == 1
    check_failed(Run([], 1, "", done.stderr), f"^{re.escape(NO_THREAD)}$")


def test_not_even_one(settings: Json, tmp_path: Path) -> None:
    done = run_broken(settings, tmp_path, NO_THREADS.format(""))
    assert (done.returncode, done.stderr) == (1, f"{NO_THREAD}\n")  # before the log is set up


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
    check_failed(run_tap(settings, option, str(file)), rf"^Cannot read the {option[2:]} in .*mine")


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
    check_failed(run, rf"^Setting '{setting}' \(from {name}\): ")
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
