"""`--preflight` and `--preflight=json`: what can these credentials read?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import sample
from conftest import ACCOUNT, OTHER, catalog_of, sync
from fake_aws import Role

from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Json, RunTap
    from fake_aws import FakeAws

CATALOG = ("GetCatalogs", "GetDatabases", "GetTables")
OPERATIONS = (*CATALOG, "GetJobs", "ListWorkflows", "BatchGetWorkflows")
ACTIONS = {f"glue:{operation}" for operation in OPERATIONS}
HERE = f"account {ACCOUNT}, region us-east-1"
NESTED = f"{ACCOUNT}:s3tablescatalog/bucket"
ROLES = [f"arn:aws:iam::{OTHER}:role/{name}" for name in ("reader", "stranger")]


@dataclass(frozen=True)
class Answer:
    """How `--preflight=json` ended: the checks, or none if it gave up."""

    code: int
    checks: list[Json]

    @property
    def bad(self) -> dict[str, str]:
        """The outcome by action of what is not ok."""
        return {c["action"]: c["outcome"] for c in self.checks if c["outcome"] != "ok"}

    @property
    def actions(self) -> set[str]:
        """What was tried of Glue."""
        return {c["action"] for c in self.checks if c["action"].startswith("glue:")}

    def note(self, action: str) -> str:
        (check,) = (check for check in self.checks if check["action"] == action)
        note: str = check["note"]
        return note


Preflight: TypeAlias = "Callable[..., Answer]"


@pytest.fixture
def preflight(
    tmp_path: Path,
    settings: Json,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Preflight:
    """Run the command in this process, for the streams named or those of the default."""
    # The SDK adds a handler to this process's log at each command.
    monkeypatch.setattr("singer_sdk.plugin_base._setup_console_logging", lambda **_: None)

    def preflight(*streams: str, form: str = "json", **changes: Any) -> Answer:
        config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
        config.write_text(json.dumps(settings | changes), encoding="utf-8")
        arguments = [f"--preflight={form}", "--config", str(config)]
        if streams:
            catalog.write_text(json.dumps(catalog_of(*streams)), encoding="utf-8")
            arguments += ["--catalog", str(catalog)]
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            TapGlueMetadata.cli(arguments)
        assert isinstance(end.value.code, int)
        return Answer(end.value.code, json.loads(capsys.readouterr().out or "[]"))

    return preflight


@pytest.fixture
def filled(endpoint: FakeAws) -> None:
    """Give each operation something to find."""
    store = endpoint.store()
    store.add_database("sales")
    store.add_table("sales", "orders")
    store.add("GetJobs", {"Name": "nightly"})
    store.add("BatchGetWorkflows", {"Name": "daily"}, {"Name": "weekly"})


def run(tmp_path: Path, settings: Json, argument: str) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("tap-glue-metadata")), argument]
    return subprocess.run(
        [*command, "--config", str(config)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env=os.environ | {"LOGLEVEL": "DEBUG"},
    )


# What is told


@pytest.mark.usefixtures("filled")
def test_a_line_for_each_check(endpoint: FakeAws, settings: Json, tmp_path: Path) -> None:
    endpoint.fail("GetJobs", "AccessDeniedException", message="User: x is not authorized")
    done = run(tmp_path, settings, "--preflight")
    assert done.returncode == 1
    lines = [re.split(" {2,}", line) for line in done.stdout.splitlines()]
    told = {line[1]: line[0] for line in lines}
    assert told == dict.fromkeys({"sts:GetCallerIdentity", *ACTIONS}, "ok") | {
        "glue:GetJobs": "denied"
    }
    assert {line[2] for line in lines} == {f"({HERE})"}
    (denied,) = (line for line in lines if line[0] == "denied")
    assert "grant glue:GetJobs" in denied[3]
    assert "| ERROR" not in done.stderr


@pytest.mark.usefixtures("filled")
def test_json_is_all_of_stdout(settings: Json, tmp_path: Path) -> None:
    done = run(tmp_path, settings, "--preflight=json")
    assert done.returncode == 0, done.stderr
    checks = json.loads(done.stdout)
    assert checks[0]["action"] == "sts:GetCallerIdentity"
    assert {check["action"] for check in checks[1:]} == ACTIONS
    assert {(check["outcome"], check["scope"]) for check in checks} == {("ok", HERE)}


@pytest.mark.parametrize("argument", ["--preflight", "--preflight=json"])
def test_no_secret_is_told(
    endpoint: FakeAws, settings: Json, tmp_path: Path, argument: str
) -> None:
    endpoint.roles[ROLES[0]] = Role(OTHER, external_id="sesame-1")
    endpoint.fail("GetJobs", "AccessDeniedException", message="No.")
    secrets: Json = {
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "sesame-2",
        "aws_accounts": [
            {"role_arn": ROLES[0], "external_id": "sesame-1"},
            {"role_arn": ROLES[1], "external_id": "sesame-3"},
        ],
    }
    done = run(tmp_path, settings | secrets, argument)
    assert done.returncode == 1
    assert "glue:GetJobs" in done.stdout
    assert "sesame" not in done.stdout + done.stderr
    assert not re.search("SecretAccessKey>|SessionToken>", done.stdout + done.stderr)


# The smallest calls


@pytest.mark.usefixtures("filled")
def test_each_operation_is_called_once_for_as_little_as_it_gives(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    assert preflight().code == 0
    assert Counter(call.operation for call in endpoint.calls) == Counter(
        ["GetCallerIdentity", *OPERATIONS]
    )
    for operation in OPERATIONS[:-1]:
        assert endpoint.params(operation)[0]["MaxResults"] == 1, operation
    assert endpoint.params("BatchGetWorkflows")[0]["Names"] == ["daily"]
    assert endpoint.params("GetTables")[0]["DatabaseName"] == "sales"


@pytest.mark.parametrize("stream", [stream.name for stream in STREAM_TYPES])
def test_a_stream_alone_has_tried_what_its_run_sends(
    endpoint: FakeAws, settings: Json, preflight: Preflight, stream: str
) -> None:
    sample.fill(endpoint)
    sync(settings, stream)
    sent = {f"glue:{call.operation}" for call in endpoint.calls if call.service == "glue"}
    endpoint.calls.clear()
    answer = preflight(stream)
    assert answer.code == 0
    assert answer.actions == sent
    tried = Counter(call.operation for call in endpoint.calls)
    assert max(tried.values()) == 1


@pytest.mark.parametrize(
    ("streams", "operations"),
    [
        (["catalogs"], {"GetCatalogs"}),
        (["databases"], {"GetCatalogs", "GetDatabases"}),
        (["jobs", "workflows"], {"GetJobs", "ListWorkflows", "BatchGetWorkflows"}),
        (["columns", "jobs"], {*CATALOG, "GetJobs"}),
    ],
)
@pytest.mark.usefixtures("filled")
def test_only_what_is_selected_is_tried(
    endpoint: FakeAws, preflight: Preflight, streams: list[str], operations: set[str]
) -> None:
    answer = preflight(*streams)
    assert answer.code == 0
    assert answer.actions == {f"glue:{operation}" for operation in operations}
    assert {call.operation for call in endpoint.calls if call.service == "glue"} == operations


@pytest.mark.parametrize(
    "stream", [stream for stream in STREAM_TYPES if issubclass(stream, EmbeddedStream)]
)
@pytest.mark.usefixtures("filled")
def test_an_embedded_stream_takes_the_operations_of_its_parent(
    endpoint: FakeAws, preflight: Preflight, stream: type[EmbeddedStream]
) -> None:
    parent = preflight(stream.parent_stream_type.name)
    params = [(call.operation, call.params) for call in endpoint.calls]
    endpoint.calls.clear()
    assert preflight(stream.name) == parent
    assert [(call.operation, call.params) for call in endpoint.calls] == params


def test_no_stream_at_all(endpoint: FakeAws, preflight: Preflight) -> None:
    answer = preflight("nothing")
    assert answer.code == 0
    assert [check["action"] for check in answer.checks] == ["sts:GetCallerIdentity"]
    assert not [call for call in endpoint.calls if call.service == "glue"]


# What is not ok


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.usefixtures("filled")
def test_a_denied_operation(endpoint: FakeAws, preflight: Preflight, operation: str) -> None:
    endpoint.fail(operation, "AccessDeniedException", message="User: x is not authorized")
    answer = preflight()
    assert answer.code == 1
    assert answer.bad.pop(f"glue:{operation}") == "denied"
    assert f"grant glue:{operation} " in answer.note(f"glue:{operation}")
    assert answer.actions == ACTIONS


@pytest.mark.usefixtures("filled")
def test_the_denial_of_jobs_names_exactly_that(endpoint: FakeAws, preflight: Preflight) -> None:
    endpoint.fail("GetJobs", "AccessDeniedException")
    assert preflight().bad == {"glue:GetJobs": "denied"}


@pytest.mark.parametrize(
    ("denied", "untried"), [("GetDatabases", "GetTables"), ("ListWorkflows", "BatchGetWorkflows")]
)
@pytest.mark.usefixtures("filled")
def test_what_could_not_be_tried_is_not_said_to_have_nothing_to_try(
    endpoint: FakeAws, preflight: Preflight, denied: str, untried: str
) -> None:
    endpoint.fail(denied, "AccessDeniedException")
    answer = preflight()
    assert denied in answer.note(f"glue:{untried}")
    assert endpoint.count(untried) == 0


@pytest.mark.usefixtures("filled")
def test_what_lake_formation_hides_is_denied(endpoint: FakeAws, preflight: Preflight) -> None:
    message = "Insufficient Lake Formation permission(s): Required Describe on sales"
    endpoint.fail("GetTables", "EntityNotFoundException", message=message)
    answer = preflight()
    assert answer.code == 1
    assert answer.bad == {"glue:GetTables": "denied"}
    assert "Lake Formation" in answer.note("glue:GetTables")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (("ThrottlingException", 400), "throttled.*lower concurrency, or raise aws_max_attempts"),
        (("InternalServiceException", 500), "InternalServiceException"),
        (("ExpiredTokenException", 400), "expired: fetch new"),
    ],
)
@pytest.mark.parametrize("operation", ["GetCatalogs", "GetJobs"])
@pytest.mark.usefixtures("filled")
def test_a_failed_operation(
    endpoint: FakeAws, preflight: Preflight, operation: str, error: tuple[str, int], remedy: str
) -> None:
    code, status = error
    endpoint.fail(operation, code, status=status)
    answer = preflight(aws_max_attempts=1, aws_retry_mode="standard")
    assert answer.code == 1
    assert answer.bad == {f"glue:{operation}": "failed"}
    assert re.search(remedy, answer.note(f"glue:{operation}"))


@pytest.mark.usefixtures("filled")
def test_an_answer_that_cannot_be_read(endpoint: FakeAws, preflight: Preflight) -> None:
    endpoint.respond("GetJobs", b"<html>proxy</html>", content_type="text/html")
    answer = preflight(aws_max_attempts=1)
    assert answer.bad == {"glue:GetJobs": "failed"}
    assert "aws_endpoint_url" in answer.note("glue:GetJobs")


@pytest.mark.usefixtures("filled")
def test_an_operation_that_is_unknown_would_fail_the_run_too(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    endpoint.fail("GetJobs", "UnknownOperationException")
    answer = preflight()
    assert answer.code == 1
    assert answer.bad == {"glue:GetJobs": "failed"}
    assert "catalog" not in answer.note("glue:GetJobs")


# What is ok, and why


def test_nothing_to_try_it_on_is_ok(endpoint: FakeAws, preflight: Preflight) -> None:
    answer = preflight()
    assert answer.code == 0
    assert not answer.bad
    assert "nothing is listed" in answer.note("glue:GetTables")
    assert "nothing is listed" in answer.note("glue:BatchGetWorkflows")
    assert endpoint.count("GetTables") == endpoint.count("BatchGetWorkflows") == 0


@pytest.mark.parametrize(
    ("code", "status"), [("UnknownOperationException", 400), ("NotImplemented", 501)]
)
@pytest.mark.usefixtures("filled")
def test_an_endpoint_without_catalogs(
    endpoint: FakeAws, preflight: Preflight, code: str, status: int
) -> None:
    endpoint.fail("GetCatalogs", code, status=status)
    answer = preflight(aws_max_attempts=1)
    assert answer.code == 0
    assert "default catalog" in answer.note("glue:GetCatalogs")


@pytest.mark.usefixtures("filled")
def test_an_emulator_without_catalogs(endpoint: FakeAws, preflight: Preflight) -> None:
    html = b"<!DOCTYPE html><title>500 Internal Server Error</title>"
    endpoint.respond("GetCatalogs", html, status=500, content_type="text/html")
    answer = preflight()
    assert answer.code == 0
    assert "default catalog" in answer.note("glue:GetCatalogs")
    assert endpoint.count("GetCatalogs") == 1


# Where the run would look


def test_pinned_catalogs_need_not_be_listed(endpoint: FakeAws, preflight: Preflight) -> None:
    sample.fill(endpoint)
    endpoint.fail("GetCatalogs", "AccessDeniedException")
    answer = preflight("tables", "columns", catalog_ids=[sample.BUCKET])
    assert answer.code == 0
    assert answer.actions == {"glue:GetDatabases", "glue:GetTables"}
    assert endpoint.count("GetCatalogs") == 0
    for operation in ("GetDatabases", "GetTables"):
        assert endpoint.params(operation)[0]["CatalogId"] == sample.BUCKET


@pytest.mark.usefixtures("filled")
def test_the_stream_of_catalogs_lists_them_even_if_pinned(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    answer = preflight("catalogs", "tables", catalog_ids=[ACCOUNT])
    assert answer.actions == {f"glue:{operation}" for operation in CATALOG}
    assert endpoint.count("GetCatalogs") == 1


@pytest.mark.parametrize(
    "filters",
    [
        {"include_databases": ["SALES"]},
        {"exclude_databases": ["fin*", "h?"]},
        {"include_tables": ["sales.*"]},
    ],
)
def test_tables_are_tried_where_the_filters_let_the_run_go(
    endpoint: FakeAws, preflight: Preflight, filters: Json
) -> None:
    for name in ("finance", "hr", "sales"):
        endpoint.store().add_database(name)
    endpoint.fail(
        "GetTables", "AccessDeniedException", when=lambda params: params["DatabaseName"] != "sales"
    )
    answer = preflight("tables", **filters)
    assert answer.code == 0
    assert [params["DatabaseName"] for params in endpoint.params("GetTables")] == ["sales"]
    assert endpoint.count("GetDatabases") == 1


def test_a_link_that_the_run_ignores_is_not_tried(endpoint: FakeAws, preflight: Preflight) -> None:
    target = {"CatalogId": OTHER, "DatabaseName": "sales"}
    endpoint.store().add_database("linked", TargetDatabase=target)
    endpoint.store().add_database("own")
    answer = preflight("tables", resource_links="ignore")
    assert answer.code == 0
    assert [params["DatabaseName"] for params in endpoint.params("GetTables")] == ["own"]


def test_a_link_to_what_is_no_more_fails_no_run(endpoint: FakeAws, preflight: Preflight) -> None:
    target = {"CatalogId": OTHER, "DatabaseName": "sales"}
    endpoint.store().add_database("linked", TargetDatabase=target)
    answer = preflight("tables")
    assert answer.code == 0
    assert answer.note("glue:GetTables")


def test_shared_databases_are_tried_in_their_owners_catalog(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    store = endpoint.store()
    store.add_database("shared", CatalogId=OTHER)  # as ResourceShareType lists it
    store.add_database("shared", catalog_id=OTHER)
    assert preflight("tables", resource_share_type="FOREIGN").code == 0
    assert endpoint.params("GetDatabases")[0]["ResourceShareType"] == "FOREIGN"
    assert [params["CatalogId"] for params in endpoint.params("GetTables")] == [OTHER]


# All databases


@pytest.fixture
def one_denied(endpoint: FakeAws) -> None:
    """Have 30 databases on pages of 7, of which one is denied, and a nested catalog."""
    endpoint.page_size = 7
    for number in range(30):
        endpoint.store().add_database(f"db_{number:02}")
    endpoint.store().catalogs = [{"CatalogId": ACCOUNT}, {"CatalogId": NESTED}]
    endpoint.store().add_database("nested", catalog_id=NESTED)
    endpoint.fail("GetTables", "AccessDeniedException", when=lambda p: p["DatabaseName"] == "db_17")


@pytest.mark.usefixtures("one_denied")
def test_the_plain_form_says_that_it_tried_one_database(preflight: Preflight) -> None:
    answer = preflight("tables", "jobs")
    assert answer.code == 0
    tried = f"tried on catalog/{ACCOUNT}/database/db_00 alone; --preflight=full tries all"
    assert answer.note("glue:GetTables") == tried
    assert answer.note("glue:GetDatabases").endswith("alone; --preflight=full tries all")
    assert answer.note("glue:GetJobs") == answer.note("glue:GetCatalogs") == ""


@pytest.mark.parametrize("streams", [(), ("tables",), ("databases", "columns")])
@pytest.mark.usefixtures("one_denied")
def test_the_full_form_tries_each_database(
    endpoint: FakeAws, preflight: Preflight, streams: tuple[str, ...]
) -> None:
    answer = preflight(*streams, form="full-json", concurrency=3)
    assert answer.code == 1
    [good, denied] = [check for check in answer.checks if check["action"] == "glue:GetTables"]
    assert (good["outcome"], good["note"]) == ("ok", "30 of 31 can be read")
    assert (denied["outcome"], "db_17" in denied["note"]) == ("denied", True)
    assert answer.note("glue:GetDatabases") == "2 of 2 can be read"
    tried = [(p["CatalogId"], p["DatabaseName"]) for p in endpoint.params("GetTables")]
    assert len(tried) == len({*tried}) == 31
    assert (NESTED, "nested") in tried
    assert {params["MaxResults"] for params in endpoint.params("GetTables")} == {1}


@pytest.mark.usefixtures("one_denied")
def test_the_full_form_as_text(settings: Json, tmp_path: Path) -> None:
    config = settings | {"exclude_databases": ["db_17"]}
    done = run(tmp_path, config, "--preflight=full")
    assert done.returncode == 0, done.stderr
    assert "30 of 30 can be read" in done.stdout


@pytest.mark.usefixtures("filled")
def test_the_full_form_tries_one_table_for_what_is_read_by_table(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    for number in range(5):
        endpoint.store().add_table("sales", f"t{number}")
    assert preflight(form="full-json", extra_streams=["table_versions"]).code == 0
    assert endpoint.count("GetTableVersions") == 1
    assert endpoint.count("GetTables") == 1


# Accounts and regions


@pytest.mark.usefixtures("filled")
def test_each_scope_is_checked_by_itself(endpoint: FakeAws, preflight: Preflight) -> None:
    regions = ["us-east-1", "eu-west-1"]
    endpoint.fail(
        "GetJobs",
        "AccessDeniedException",
        when=lambda _: endpoint.calls[-1].region == "eu-west-1",
    )
    answer = preflight(aws_regions=regions)
    assert answer.code == 1
    scopes = [f"account {ACCOUNT}, region {region}" for region in regions]
    told = Counter((check["scope"], check["action"]) for check in answer.checks)
    assert told == Counter(
        (scope, action) for scope in scopes for action in {"sts:GetCallerIdentity", *ACTIONS}
    )
    (denied,) = (check for check in answer.checks if check["outcome"] != "ok")
    assert (denied["action"], denied["scope"]) == ("glue:GetJobs", scopes[1])
    glue = Counter((call.region, call.operation) for call in endpoint.calls)
    assert max(count for (_, operation), count in glue.items() if operation in OPERATIONS) == 1


@pytest.mark.parametrize("choice", ["skip", "fail"])
def test_an_account_of_several_that_cannot_be_assumed(
    endpoint: FakeAws, preflight: Preflight, choice: str
) -> None:
    endpoint.roles[ROLES[0]] = Role(OTHER)
    accounts = [{"role_arn": role} for role in ROLES]
    answer = preflight("jobs", aws_accounts=accounts, on_access_denied=choice)
    assert answer.code == 1
    assert answer.bad == {"sts:AssumeRole": "denied"}
    (denied,) = (check for check in answer.checks if check["outcome"] == "denied")
    assert ROLES[1] in denied["scope"]
    assert "trust policy" in denied["note"]
    assert answer.actions == {"glue:GetJobs"}


def test_an_account_of_several_whose_credentials_are_refused(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    endpoint.roles |= {role: Role(OTHER) for role in ROLES}
    endpoint.fail("GetCallerIdentity", "InvalidClientTokenId", status=403, times=1)
    answer = preflight("jobs", aws_accounts=[{"role_arn": role} for role in ROLES])
    assert answer.code == 1
    refused, *others = answer.checks
    assert (refused["outcome"], refused["action"]) == ("denied", "sts:GetCallerIdentity")
    assert {check["outcome"] for check in others} == {"ok"}


def test_an_identity_that_is_not_asked_is_not_said_to_be_checked(
    endpoint: FakeAws, preflight: Preflight
) -> None:
    answer = preflight("jobs", aws_account_id=ACCOUNT)
    assert answer.code == 0
    assert not [call for call in endpoint.calls if call.service == "sts"]
    assert [c for c in answer.checks if "aws_account_id" in c["note"] and c["scope"] == HERE]


# What keeps it from beginning


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aws_secret_access_key": "sesame"}, "aws_secret_access_key"),
        ({"aws_access_key_id": "sesame", "aws_secret_access_key": "sesame"}, "refuses the cred"),
        ({"include_tables": ["orders"]}, "include_tables"),
        ({"aws_accounts": [{"role_arn": ROLES[1]}]}, "aws_accounts"),
    ],
)
def test_it_gives_up_with_one_line(
    preflight: Preflight, caplog: pytest.LogCaptureFixture, changes: Json, error: str
) -> None:
    assert preflight(**changes) == Answer(1, [])
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert error in record.getMessage()
    assert not record.exc_info
    assert "sesame" not in caplog.text


def test_wrong_keys_of_an_account_that_is_named(
    preflight: Preflight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sesame")
    answer = preflight("jobs", aws_account_id=ACCOUNT)
    assert answer.code == 1
    assert answer.bad["glue:GetJobs"] == "failed"
    assert "AWS refuses the credentials" in answer.note("glue:GetJobs")
    assert "sesame" not in json.dumps(answer.checks)


@pytest.mark.parametrize("argument", ["--preflight", "--iam-policy"])
def test_a_catalog_that_cannot_be_read(
    settings: Json, run_tap: RunTap, tmp_path: Path, argument: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text("{", encoding="utf-8")
    ended = run_tap(settings, argument, "--catalog", str(file))
    assert ended.code == 1
    (line,) = ended.logged("ERROR")
    assert re.search("JSON|catalog", line)
    assert "Traceback" not in ended.stderr
