"""What may not be read is left out and told; what is broken is not taken for denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import ACCOUNT, OTHER, sync, warnings_told
from fake_aws import Role

from tap_glue_metadata.aws.errors import AwsError, DeniedError, RefusedError, TapError
from tap_glue_metadata.engine.outcomes import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Json, Output, RunTap, UnevenAws
    from fake_aws import FakeAws

STREAMS = ["catalogs", "databases", "tables", "columns", "jobs", "workflows"]
OPERATIONS = [
    "GetCatalogs",
    "GetDatabases",
    "GetTables",
    "GetJobs",
    "ListWorkflows",
    "BatchGetWorkflows",
]
DATABASES = ["finance", "hr", "sales"]
CODE, TEXT = "AccessDeniedException", "User: x is not authorized"
LAKE_FORMATION = "Insufficient Lake Formation permission(s): Required Select on hr"
ROLES = {account: f"arn:aws:iam::{account}:role/reader" for account in (ACCOUNT, OTHER)}
REGIONS = ["us-east-1", "eu-west-1"]


def fill(endpoint: FakeAws, account_id: str = ACCOUNT, region: str = "us-east-1") -> None:
    store = endpoint.store(account_id, region)
    for name in DATABASES:
        store.add_database(name)
        store.add_table(name, "orders", StorageDescriptor={"Columns": [{"Name": "id"}]})
    store.add("GetJobs", {"Name": "nightly"})
    store.add("BatchGetWorkflows", {"Name": "weekly"})


@pytest.fixture
def filled(endpoint: FakeAws) -> FakeAws:
    fill(endpoint)
    return endpoint


@pytest.fixture
def two_regions(uneven: UnevenAws) -> Json:
    for region in REGIONS:
        fill(uneven, region=region)
    return {"aws_endpoint_url": uneven.url, "aws_regions": REGIONS}


@pytest.fixture
def two_accounts(uneven: UnevenAws) -> Json:
    for account, role in ROLES.items():
        fill(uneven, account)
        uneven.roles[role] = Role(account)
    return {
        "aws_endpoint_url": uneven.url,
        "aws_regions": ["us-east-1"],
        "aws_accounts": [{"role_arn": role} for role in ROLES.values()],
    }


def deny(endpoint: FakeAws, *operations: str, database: str | None = None) -> None:
    for operation in operations:
        endpoint.fail(
            operation,
            CODE,
            message=TEXT,
            when=lambda params: database in (None, params.get("DatabaseName")),
        )


def names(output: Output, stream: str) -> list[str]:
    key = {"tables": "database_name", "columns": "database_name", "catalogs": "catalog_id"}
    return sorted(record[key.get(stream, "name")] for record in output.records(stream))


def skipped(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings of what was skipped, sure that the last one sums them up."""
    *units, summary = warnings_told(caplog)
    assert summary == f"{counted(len(units), 'unit')} could not be read: the run is incomplete"
    return units


# Databases


def test_a_denied_database_among_three(filled: FakeAws, settings: Json, run_tap: RunTap) -> None:
    deny(filled, "GetTables", database="hr")
    run = run_tap(settings)
    assert run.code == 0, run.stderr
    assert not run.logged("ERROR")
    assert names(run, "databases") == DATABASES
    assert names(run, "tables") == names(run, "columns") == ["finance", "sales"]
    assert names(run, "jobs") == ["nightly"]
    warning, summary = run.logged("WARNING")
    for part in (f"account {ACCOUNT}", "region us-east-1", "DatabaseName hr", CODE):
        assert part in warning
    assert "grant glue:GetTables" in warning
    assert TEXT in warning
    assert summary == "1 unit could not be read: the run is incomplete"


def test_a_denial_in_the_midst_of_a_database(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.page_size = 1
    for name in ("hr", "sales"):
        endpoint.store().add_database(name)
        for table in "abc":
            endpoint.store().add_table(name, table)
    endpoint.fail(
        "GetTables",
        CODE,
        when=lambda params: params["DatabaseName"] == "hr" and "NextToken" in params,
    )
    assert names(sync(settings, "tables"), "tables") == ["hr", "sales", "sales", "sales"]
    (warning,) = skipped(caplog)
    assert "DatabaseName hr" in warning


@pytest.mark.parametrize("code", ["EntityNotFoundException", CODE])
def test_what_lake_formation_denies(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    filled.fail(
        "GetTables",
        code,
        message=LAKE_FORMATION,
        when=lambda params: params["DatabaseName"] == "hr",
    )
    assert names(sync(settings, "databases", "tables"), "tables") == ["finance", "sales"]
    (warning,) = skipped(caplog)
    for part in ("DatabaseName hr", f"({code})", "grant glue:GetTables", LAKE_FORMATION):
        assert part in warning


@pytest.mark.parametrize("choice", ["skip", "fail"])
def test_a_database_that_is_gone_is_not_denied(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture, choice: str
) -> None:
    filled.fail(
        "GetTables",
        "EntityNotFoundException",
        message="Database hr not found.",
        when=lambda params: params["DatabaseName"] == "hr",
    )
    output = sync({**settings, "on_access_denied": choice}, "databases", "tables")
    assert names(output, "tables") == ["finance", "sales"]
    assert not warnings_told(caplog)


def test_tables_that_are_denied_everywhere(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    deny(filled, "GetTables")
    output = sync(settings, *STREAMS)
    assert names(output, "databases") == DATABASES
    assert not output.records("tables")
    assert not output.records("columns")
    assert names(output, "jobs") == ["nightly"]
    units = skipped(caplog)
    assert len(units) == 3
    for name in DATABASES:
        assert len([unit for unit in units if f"DatabaseName {name}" in unit]) == 1


# Other operations


@pytest.mark.parametrize(
    ("operation", "missing"),
    [
        ("GetCatalogs", set()),
        ("GetDatabases", {"databases", "tables", "columns"}),
        ("GetTables", {"tables", "columns"}),
        ("GetJobs", {"jobs"}),
        ("ListWorkflows", {"workflows"}),
        ("BatchGetWorkflows", {"workflows"}),
    ],
)
def test_an_operation_that_is_denied_leaves_the_rest(
    filled: FakeAws,
    settings: Json,
    caplog: pytest.LogCaptureFixture,
    operation: str,
    missing: set[str],
) -> None:
    deny(filled, operation)
    output = sync(settings, *STREAMS)
    found = {message["stream"] for message in output.messages if message["type"] == "RECORD"}
    assert found == set(STREAMS) - missing
    for unit in skipped(caplog):
        for part in (ACCOUNT, "region us-east-1", f"grant glue:{operation}", CODE):
            assert part in unit


def test_what_two_streams_need_is_told_once(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    deny(filled, "GetDatabases")
    sync(settings, "databases", "tables", "jobs")
    assert len([text for text in warnings_told(caplog) if "glue:GetDatabases" in text]) == 1


def test_many_workflows_that_are_denied_are_told_once(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    filled.store().add("BatchGetWorkflows", *({"Name": f"w{i}"} for i in range(60)))
    deny(filled, "BatchGetWorkflows")
    sync(settings, "workflows", "jobs")
    assert len([text for text in warnings_told(caplog) if "BatchGetWorkflows" in text]) == 1


def test_one_catalog_that_is_denied(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    lake = f"{ACCOUNT}:lake"
    filled.store().add_database("raw", catalog_id=lake)
    filled.fail("GetDatabases", CODE, when=lambda params: params["CatalogId"] == lake)
    output = sync({**settings, "catalog_ids": [ACCOUNT, lake]}, "databases")
    assert names(output, "databases") == DATABASES
    assert f"CatalogId {lake}" in skipped(caplog)[0]


def test_catalogs_that_are_denied_after_those_with_databases_were_listed(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    filled.fail("GetCatalogs", CODE, when=lambda params: "HasDatabases" not in params)
    sync({**settings, "emit_activate_version_messages": True}, "catalogs", "databases")
    (unit,) = skipped(caplog)
    assert "Only the default catalog" in unit


def test_denied_catalogs_that_are_to_fail(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    deny(filled, "GetCatalogs")
    for stream in ("catalogs", "databases", "tables"):
        with pytest.raises(DeniedError, match=r"^glue:GetCatalogs .*grant glue:GetCatalogs"):
            sync({**settings, "on_access_denied": "fail"}, stream)
    assert not warnings_told(caplog)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "GetCatalogs"])
def test_the_first_denial_is_to_fail(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    deny(filled, operation)
    with pytest.raises(DeniedError, match=f"^glue:{operation} for .*grant glue:{operation}"):
        sync({**settings, "on_access_denied": "fail"}, *STREAMS)
    assert not warnings_told(caplog)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_other_errors_are_not_skipped(filled: FakeAws, settings: Json, operation: str) -> None:
    filled.fail(operation, "InvalidInputException")
    with pytest.raises(AwsError, match=rf"^glue:{operation} for .*\(InvalidInputException\)"):
        sync(settings, *STREAMS)


@pytest.mark.usefixtures("impatient")
def test_a_throttle_is_not_skipped(filled: FakeAws, settings: Json) -> None:
    filled.fail("GetTables", "ThrottlingException", when=lambda p: p["DatabaseName"] == "hr")
    with pytest.raises(AwsError, match="was throttled"):
        sync({**settings, "aws_max_attempts": 2, "aws_retry_mode": "standard"}, "tables")


# Everything


def test_everything_is_denied(filled: FakeAws, settings: Json, run_tap: RunTap) -> None:
    deny(filled, *OPERATIONS)
    run = run_tap(settings)
    assert run.code == 1
    (error,) = run.logged("ERROR")
    first = "glue:GetCatalogs for region us-east-1"
    assert error.startswith(f"Nothing could be read, all was denied; the first: {first}")
    assert "grant glue:" in error
    assert not run.logged("CRITICAL")
    assert "Traceback" not in run.stderr


def test_a_connection_test_in_which_everything_is_denied(
    filled: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    deny(filled, *OPERATIONS)
    run = run_tap(settings, "--test")
    assert run.code == 1
    (error,) = run.logged("ERROR")
    assert error.startswith("Nothing could be read, all was denied")


def test_a_connection_test_in_which_the_first_stream_is_denied(
    filled: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    deny(filled, "GetCatalogs")
    run = run_tap(settings, "--test")
    assert run.code == 0, run.stderr
    assert not run.logged("ERROR")
    assert run.records("tables")


@pytest.mark.parametrize(
    ("streams", "operation"),
    [
        (["databases"], "GetDatabases"),
        (["tables"], "GetDatabases"),
        (["jobs"], "GetJobs"),
        (["workflows"], "ListWorkflows"),
        # The way there was open, but nothing that was selected could be read.
        (["tables"], "GetTables"),
        (["columns"], "GetTables"),
        (["workflows"], "BatchGetWorkflows"),
    ],
)
def test_everything_that_was_selected_is_denied(
    filled: FakeAws, settings: Json, streams: list[str], operation: str
) -> None:
    deny(filled, operation)
    with pytest.raises(AwsError, match=f"^Nothing could be read.*glue:{operation} "):
        sync(settings, *streams)


@pytest.mark.usefixtures("endpoint")
def test_nothing_there_is_not_denied(settings: Json, caplog: pytest.LogCaptureFixture) -> None:
    assert not sync(settings, *STREAMS[1:]).records("databases")
    assert not warnings_told(caplog)


def test_all_but_catalogs_is_denied(
    filled: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    deny(filled, *(name for name in OPERATIONS if name != "GetCatalogs"))
    assert names(sync(settings, *STREAMS), "catalogs") == [ACCOUNT]
    assert len(skipped(caplog)) >= 3


# Scopes


def test_a_denied_region(
    uneven: UnevenAws, two_regions: Json, caplog: pytest.LogCaptureFixture
) -> None:
    uneven.closed.add((ACCOUNT, "eu-west-1"))
    output = sync(two_regions, "databases", "tables", "jobs")
    for stream, count in (("databases", 3), ("tables", 3), ("jobs", 1)):
        assert [r["region"] for r in output.records(stream)] == ["us-east-1"] * count
    units = warnings_told(caplog)[:-1]
    assert all("eu-west-1" in unit for unit in units)
    assert {"glue:GetJobs", "glue:GetDatabases", "glue:GetCatalogs"} == {
        action
        for action in (f"glue:{name}" for name in OPERATIONS)
        if any(f"grant {action} " in unit for unit in units)
    }


def test_a_denied_account(uneven: UnevenAws, two_accounts: Json, run_tap: RunTap) -> None:
    uneven.closed.add(ACCOUNT)
    run = run_tap(two_accounts)
    assert run.code == 0, run.stderr
    # The default catalog is there, even if it cannot be listed.
    assert names(run, "catalogs") == [ACCOUNT, OTHER]
    for stream in STREAMS[1:]:
        assert {record["account_id"] for record in run.records(stream)} == {OTHER}
    warnings = run.logged("WARNING")
    assert (
        warnings[-1]
        == f"{counted(len(warnings) - 1, 'unit')} could not be read: the run is incomplete"
    )
    assert all(ACCOUNT in warning for warning in warnings[:-1])


def test_the_summary_counts_denials_of_all_kinds(
    uneven: UnevenAws, two_accounts: Json, caplog: pytest.LogCaptureFixture
) -> None:
    del uneven.roles[ROLES[ACCOUNT]]
    deny(uneven, "GetTables", database="hr")
    deny(uneven, "GetTables", database="finance")
    deny(uneven, "GetJobs")
    output = sync(two_accounts, "tables", "jobs")
    assert names(output, "tables") == ["sales"]
    assert len(skipped(caplog)) == 4


@pytest.mark.parametrize("stream", ["tables", "databases", "jobs", "workflows"])
def test_one_scope_is_denied_and_the_other_empty(
    uneven: UnevenAws, two_regions: Json, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    uneven.stores.clear()
    uneven.closed.add((ACCOUNT, "eu-west-1"))
    assert not sync({**two_regions, "catalog_ids": [ACCOUNT]}, stream).records(stream)
    assert len(skipped(caplog)) == 1


@pytest.mark.usefixtures("two_regions")
def test_all_scopes_are_denied(uneven: UnevenAws, two_regions: Json) -> None:
    uneven.closed.add(ACCOUNT)
    first = "glue:GetCatalogs for region eu-west-1 "
    with pytest.raises(
        AwsError, match=f"^Nothing could be read, all was denied; the first: {first}"
    ):
        sync(two_regions, *STREAMS)


# Credentials that are refused


@pytest.mark.parametrize("stream", ["catalogs", "tables", "workflows"])
def test_refused_in_the_only_scope(
    uneven: UnevenAws, two_regions: Json, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    uneven.disabled.add("us-east-1")
    only = {**two_regions, "aws_regions": ["us-east-1"], "aws_account_id": ACCOUNT}
    with pytest.raises(RefusedError, match=r"^AWS refuses .*\(UnrecognizedClientException\)"):
        sync(only, stream)
    assert not warnings_told(caplog)


@pytest.mark.parametrize("stream", STREAMS)
def test_refused_in_one_of_two_scopes(
    uneven: UnevenAws, two_regions: Json, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    uneven.disabled.add("eu-west-1")
    output = sync(two_regions, stream)
    assert {record["region"] for record in output.records(stream)} == {"us-east-1"}
    (unit,) = skipped(caplog)
    assert f"account {ACCOUNT}, region eu-west-1" in unit
    assert "UnrecognizedClientException" in unit


def test_a_region_that_is_refused_is_told_once(
    uneven: UnevenAws, two_regions: Json, caplog: pytest.LogCaptureFixture
) -> None:
    uneven.disabled.add("eu-west-1")
    sync(two_regions, "jobs", "workflows")
    assert len([text for text in warnings_told(caplog) if "eu-west-1" in text]) == 1


def test_refused_in_one_of_two_scopes_is_to_fail(uneven: UnevenAws, two_regions: Json) -> None:
    uneven.disabled.add("eu-west-1")
    with pytest.raises(RefusedError, match="UnrecognizedClientException"):
        sync({**two_regions, "on_access_denied": "fail"}, "jobs")


def test_refused_in_all_scopes(uneven: UnevenAws, two_regions: Json) -> None:
    uneven.disabled.update(REGIONS)
    with pytest.raises(TapError, match=r"AWS refuses the credentials \(Unrecogni"):
        sync({**two_regions, "aws_account_id": ACCOUNT}, "jobs", "databases")


def test_a_session_that_expires_in_the_run_ends_it(uneven: UnevenAws, two_regions: Json) -> None:
    # It is no matter of one region, and what was not read would pass for denied.
    uneven.fail("GetJobs", "ExpiredTokenException", message="The security token is expired")
    with pytest.raises(RefusedError, match="the session token has expired"):
        sync(two_regions, "databases", "jobs")


def test_keys_that_are_taken_away_in_the_run_end_it(uneven: UnevenAws, two_regions: Json) -> None:
    def deactivated(_: Iterable[str]) -> bool:
        uneven.accounts.clear()  # from the next call on
        return False

    uneven.fail("GetJobs", "", when=deactivated)
    with pytest.raises(RefusedError, match="UnrecognizedClientException"):
        sync({**two_regions, "concurrency": 1}, "jobs", "workflows")
