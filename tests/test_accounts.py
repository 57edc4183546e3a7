"""Many accounts and regions in one run, and the credentials that lead there."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import botocore.session
import pytest
from conftest import ACCOUNT, OTHER, call, client_of, opened, read_all, sync, warnings_told
from fake_aws import Role, _Identity
from moto.server import ThreadedMotoServer
from singer_sdk.exceptions import ConfigValidationError

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.errors import AwsError, SettingError, TapError
from tap_glue_metadata.streams.etl import Jobs
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Json, RunTap, UnevenAws
    from fake_aws import FakeAws

    from tap_glue_metadata.aws.client import Client
    from tap_glue_metadata.aws.scopes import Scope

Place: TypeAlias = "tuple[str, str]"

REGIONS = ["us-east-1", "eu-west-1"]
FOUR = {(account, region) for account in (ACCOUNT, OTHER) for region in REGIONS}
STREAMS = ["catalogs", "databases", "tables", "columns", "jobs", "workflows"]
LAKE, GOLD = f"{OTHER}:lake", f"{OTHER}:gold"
JOBS = Jobs.source


def role(account_id: str, name: str = "reader") -> str:
    return f"arn:aws:iam::{account_id}:role/{name}"


HUB, CHAIN_1, CHAIN_2 = role(ACCOUNT, "hub"), role(ACCOUNT, "one"), role(ACCOUNT, "two")
BOTH: Json = {"aws_accounts": [{"role_arn": role(ACCOUNT)}, {"role_arn": role(OTHER)}]}


def organise(endpoint: FakeAws) -> None:
    """Let the roles be assumed, and put the same into two accounts in two regions."""
    for arn in (HUB, CHAIN_1, CHAIN_2, role(ACCOUNT), role(OTHER)):
        endpoint.roles[arn] = Role(arn.split(":")[4])
    for place in FOUR:
        store = endpoint.store(*place)
        store.add_database("sales")
        store.add_table("sales", "orders", StorageDescriptor={"Columns": [{"Name": "id"}]})
        store.add("GetJobs", {"Name": "nightly"})
        store.add("BatchGetWorkflows", {"Name": "weekly"})


@pytest.fixture
def organised(endpoint: FakeAws) -> FakeAws:
    organise(endpoint)
    return endpoint


def places(settings: Json, **changes: Any) -> list[Place]:
    return [(scope.account_id, scope.region) for scope in opened(settings, **changes)]


def jobs_in(settings: Json, **changes: Any) -> list[Place]:
    records = sync(settings | changes, "jobs").records("jobs")
    return [(record["account_id"], record["region"]) for record in records]


def assumed(endpoint: FakeAws) -> list[tuple[str, str]]:
    """Return who assumed which role, by the roles' names."""

    def who(key: str) -> str:
        return endpoint._issued[key].arn.split("/")[1] if key in endpoint._issued else key

    return [
        (who(call.access_key), call.params["RoleArn"].partition("/")[2])
        for call in endpoint.calls
        if call.operation == "AssumeRole"
    ]


# Accounts times regions


@pytest.mark.usefixtures("organised")
def test_two_accounts_in_two_regions(settings: Json) -> None:
    output = sync({**settings, **BOTH, "aws_regions": REGIONS}, *STREAMS)
    for stream in STREAMS:
        records = output.records(stream)
        found = Counter((record["account_id"], record["region"]) for record in records)
        assert found == dict.fromkeys(FOUR, 1), stream
        for record in records:
            place = f"{record['region']}:{record['account_id']}"
            assert place in record.get("arn", place)


def test_a_region_has_one_client_whatever_the_threads_and_accounts(
    organised: FakeAws, settings: Json
) -> None:
    scopes = opened(settings, **BOTH, aws_regions=REGIONS)
    clients = Clients({"glue": {"GetJobs"}})

    def read(scope: Scope) -> tuple[Scope, Client]:
        with clients.lent(scope) as client:
            client.call("GetJobs", {})
            return scope, client

    with ThreadPoolExecutor(8) as pool:
        lent = [*pool.map(read, scopes * 8)]
    assert len(scopes) == 2 * len(REGIONS)
    assert len({client for _, client in lent}) == len(REGIONS)
    called = Counter(
        (call.account_id, call.region) for call in organised.calls if call.operation == "GetJobs"
    )
    assert called == {(scope.account_id, scope.region): 8 for scope in scopes}


def test_they_are_read_at_the_same_time(organised: FakeAws, settings: Json) -> None:
    traversal = TapGlueMetadata(config={**settings, **BOTH, "aws_regions": REGIONS}).traversal
    organised.latency = 0.3
    assert len(read_all(traversal, JOBS)) == 4
    calls = [call for call in organised.calls if call.operation == "GetJobs"]
    assert {(call.account_id, call.region) for call in calls} == FOUR
    assert max(call.started for call in calls) < min(call.finished for call in calls)
    assert organised.in_flight_peak == 4


@pytest.mark.usefixtures("organised")
def test_one_bound_for_all_of_them(endpoint: FakeAws, settings: Json) -> None:
    endpoint.latency = 0.02
    sync({**settings, **BOTH, "aws_regions": REGIONS, "concurrency": 2}, *STREAMS)
    assert endpoint.in_flight_peak == 2


@pytest.mark.usefixtures("organised")
def test_identity_is_asked_for_once_for_each_account(endpoint: FakeAws, settings: Json) -> None:
    assert places(settings, **BOTH, aws_regions=REGIONS) == [
        (ACCOUNT, "us-east-1"),
        (ACCOUNT, "eu-west-1"),
        (OTHER, "us-east-1"),
        (OTHER, "eu-west-1"),
    ]
    assert endpoint.count("GetCallerIdentity") == endpoint.count("AssumeRole") == 2


@pytest.mark.usefixtures("organised")
def test_an_account_with_regions_and_catalogs_of_its_own(settings: Json) -> None:
    own = {"role_arn": role(OTHER), "regions": ["eu-west-1"], "catalog_ids": [LAKE]}
    scopes = opened(
        settings, aws_accounts=[{"role_arn": role(ACCOUNT)}, own], catalog_ids=[ACCOUNT]
    )
    assert [(scope.account_id, scope.region, scope.catalog_ids) for scope in scopes] == [
        (ACCOUNT, "us-east-1", (ACCOUNT,)),
        (OTHER, "eu-west-1", (LAKE,)),
    ]


def test_the_catalogs_of_an_account_are_what_is_read_there(
    organised: FakeAws, settings: Json
) -> None:
    organised.store(OTHER).add_database("lake", catalog_id=LAKE)
    own = {"role_arn": role(OTHER), "catalog_ids": [LAKE]}
    output = sync({**settings, "aws_accounts": [{"role_arn": role(ACCOUNT)}, own]}, "databases")
    found = {(r["account_id"], r["catalog_id"], r["name"]) for r in output.records("databases")}
    assert found == {(ACCOUNT, ACCOUNT, "sales"), (OTHER, LAKE, "lake")}
    assert organised.count("GetCatalogs") == 1


@pytest.mark.parametrize("given", [{}, {"regions": []}, {"regions": None, "catalog_ids": None}])
@pytest.mark.usefixtures("organised")
def test_an_account_without_any_has_those_of_the_settings(settings: Json, given: Json) -> None:
    (scope,) = opened(
        settings, aws_accounts=[{"role_arn": role(OTHER), **given}], catalog_ids=[GOLD]
    )
    assert (scope.region, scope.catalog_ids) == ("us-east-1", (GOLD,))


@pytest.mark.usefixtures("organised")
def test_no_accounts_are_the_one_of_the_credentials(settings: Json) -> None:
    assert places(settings, aws_accounts=[]) == [(ACCOUNT, "us-east-1")]


@pytest.mark.usefixtures("organised")
def test_the_account_of_the_settings_is_not_that_of_a_role(settings: Json) -> None:
    assert places(settings, aws_assume_role_arn=role(OTHER), aws_account_id=ACCOUNT) == [
        (OTHER, "us-east-1")
    ]


def test_an_unknown_region_of_an_account(endpoint: FakeAws, settings: Json) -> None:
    del settings["aws_endpoint_url"]
    with pytest.raises(SettingError, match=r"^Setting 'aws_accounts.*'eu-west1'.*'eu-west-1'"):
        opened(settings, aws_accounts=[{"role_arn": role(OTHER), "regions": ["eu-west1"]}])
    assert not endpoint.calls


# What is given twice


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ([LAKE], [GOLD], (LAKE, GOLD)),
        ([LAKE, GOLD], [GOLD], (LAKE, GOLD)),
        ([LAKE], None, ()),
        (None, [LAKE], ()),
        (None, None, ()),
    ],
)
@pytest.mark.usefixtures("organised")
def test_the_same_account_and_region_twice_is_one_scope(
    endpoint: FakeAws,
    settings: Json,
    first: list[str] | None,
    second: list[str] | None,
    joined: tuple[str, ...],
) -> None:
    endpoint.roles[role(OTHER, "auditor")] = Role(OTHER)
    accounts = [
        {"role_arn": role(OTHER), "catalog_ids": first},
        {"role_arn": role(ACCOUNT)},
        {"role_arn": role(OTHER, "auditor"), "catalog_ids": second},
    ]
    scopes = opened(settings, aws_accounts=accounts)
    assert [(scope.account_id, scope.catalog_ids) for scope in scopes] == [
        (OTHER, joined),
        (ACCOUNT, ()),
    ]


@pytest.mark.usefixtures("organised")
def test_it_is_read_once(endpoint: FakeAws, settings: Json) -> None:
    twice = [{"role_arn": role(OTHER), "regions": REGIONS}, {"role_arn": role(OTHER)}]
    assert sorted(jobs_in(settings, aws_accounts=twice)) == [
        (OTHER, "eu-west-1"),
        (OTHER, "us-east-1"),
    ]
    assert endpoint.count("GetJobs") == 2


# Roles


def test_roles_are_assumed_one_after_another(organised: FakeAws, settings: Json) -> None:
    found = places(
        settings,
        aws_assume_role_arn=HUB,
        aws_assume_role_chain=[{"role_arn": CHAIN_1}, {"role_arn": CHAIN_2}],
        aws_accounts=[{"role_arn": role(OTHER)}],
    )
    assert found == [(OTHER, "us-east-1")]
    assert assumed(organised) == [
        ("testing", "hub"),
        ("hub", "one"),
        ("one", "two"),
        ("two", "reader"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aws_assume_role_chain": [{"role_arn": HUB}]}, [("testing", "hub")]),
        (
            {"aws_assume_role_arn": HUB, "aws_assume_role_chain": [{"role_arn": CHAIN_1}]},
            [("testing", "hub"), ("hub", "one")],
        ),
        (
            {"aws_assume_role_chain": [{"role_arn": CHAIN_2}, {"role_arn": CHAIN_1}]},
            [("testing", "two"), ("two", "one")],
        ),
        ({"aws_assume_role_chain": []}, []),
    ],
)
def test_a_chain_without_accounts(
    organised: FakeAws, settings: Json, changes: Json, expected: list[tuple[str, str]]
) -> None:
    assert places(settings, **changes) == [(ACCOUNT, "us-east-1")]
    assert assumed(organised) == expected


def test_each_account_comes_after_the_common_roles(organised: FakeAws, settings: Json) -> None:
    chain = [{"role_arn": CHAIN_1}]
    sync(settings | BOTH | {"aws_assume_role_arn": HUB, "aws_assume_role_chain": chain}, "jobs")
    assert Counter(pair for pair in assumed(organised) if pair[1] == "reader") == {
        ("one", "reader"): 2
    }
    assert {pair for pair in assumed(organised) if pair[1] != "reader"} == {
        ("testing", "hub"),
        ("hub", "one"),
    }


def test_external_ids(organised: FakeAws, settings: Json) -> None:
    ids = {HUB: "id-hub", CHAIN_1: "id-one", CHAIN_2: None, role(ACCOUNT): "id", role(OTHER): None}
    for arn, external_id in ids.items():
        organised.roles[arn] = Role(arn.split(":")[4], external_id)
    found = places(
        settings,
        aws_assume_role_arn=HUB,
        aws_assume_role_external_id="id-hub",
        aws_assume_role_chain=[
            {"role_arn": CHAIN_1, "external_id": "id-one"},
            {"role_arn": CHAIN_2},
        ],
        aws_accounts=[
            {"role_arn": role(ACCOUNT), "external_id": "id"},
            {"role_arn": role(OTHER), "external_id": ""},
        ],
        aws_assume_role_session_name="nightly",
    )
    assert {account for account, _ in found} == {ACCOUNT, OTHER}
    sent = organised.params("AssumeRole")
    assert {(params["RoleArn"], params.get("ExternalId")) for params in sent} == set(ids.items())
    assert {params["RoleSessionName"] for params in sent} == {"nightly"}


@pytest.mark.parametrize(
    ("changes", "setting", "arn"),
    [
        (
            {"aws_assume_role_chain": [{"role_arn": CHAIN_1, "external_id": "sesame"}]},
            "aws_assume_role_chain",
            CHAIN_1,
        ),
        (
            {"aws_accounts": [{"role_arn": role(OTHER), "external_id": "sesame"}]},
            r"aws_accounts\[0\]",
            role(OTHER),
        ),
    ],
)
def test_an_external_id_that_does_not_match(
    organised: FakeAws, settings: Json, changes: Json, setting: str, arn: str
) -> None:
    organised.roles[arn] = Role(OTHER, external_id="partner")
    told = rf"^Setting '{setting}'.*{arn} .*the external_id beside it.*sts:AssumeRole"
    with pytest.raises(SettingError, match=told) as caught:
        opened(settings, **changes)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "setting", "arn"),
    [
        (
            {"aws_assume_role_arn": HUB, "aws_assume_role_chain": [{"role_arn": HUB}]},
            "aws_assume_role_chain",
            HUB,
        ),
        (
            {"aws_assume_role_chain": [{"role_arn": arn} for arn in (CHAIN_1, CHAIN_2, CHAIN_1)]},
            "aws_assume_role_chain",
            CHAIN_1,
        ),
        (
            {"aws_assume_role_arn": HUB, "aws_accounts": [{"role_arn": HUB}]},
            r"aws_accounts\[0\]",
            HUB,
        ),
        (
            {"aws_assume_role_chain": [{"role_arn": HUB}], "aws_accounts": [{"role_arn": HUB}]},
            r"aws_accounts\[0\]",
            HUB,
        ),
        # A mistake of the settings is no denial, though there are others to read.
        (
            {
                "aws_assume_role_arn": HUB,
                "aws_accounts": [{"role_arn": role(OTHER)}, {"role_arn": HUB}],
            },
            r"aws_accounts\[1\]",
            HUB,
        ),
    ],
)
@pytest.mark.usefixtures("organised")
def test_a_circular_chain(settings: Json, changes: Json, setting: str, arn: str) -> None:
    with pytest.raises(SettingError, match=f"^Setting '{setting}': .*{arn} .*twice") as caught:
        opened(settings, **changes)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("setting", ["aws_accounts", "aws_assume_role_chain"])
@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"regions": ["us-east-1"]}, "'role_arn' is a required property"),
        ({"role_arn": ""}, ""),
        ({"role_arn": HUB, "external": 1}, "'external' was unexpected"),
    ],
)
def test_an_entry_that_is_no_role(
    endpoint: FakeAws, settings: Json, setting: str, entry: Json, problem: str
) -> None:
    if setting == "aws_assume_role_chain":
        entry.pop("regions", None)
    with pytest.raises(ConfigValidationError) as caught:
        TapGlueMetadata(config={**settings, setting: [entry]})
    (line,) = caught.value.errors
    assert line.startswith(f"Setting '{setting}': ")
    assert problem in line
    assert not endpoint.calls


def test_a_pass_over_accounts_outlives_the_credentials_of_their_roles(
    organised: FakeAws, settings: Json
) -> None:
    for arn in (HUB, role(ACCOUNT), role(OTHER)):
        organised.roles[arn] = Role(arn.split(":")[4], duration_seconds=2)
    organised.page_size, organised.latency = 1, 0.1
    for account in (ACCOUNT, OTHER):
        organised.store(account).add("GetJobs", *({"Name": f"j{i}"} for i in range(5)))
    found = jobs_in(settings, **BOTH, aws_assume_role_arn=HUB)
    assert Counter(found) == {(ACCOUNT, "us-east-1"): 6, (OTHER, "us-east-1"): 6}
    expired = {key for key, who in organised._issued.items() if who.expires <= time.time()}
    assert {"hub", "reader"} <= {organised._issued[key].arn.split("/")[1] for key in expired}
    assert set(assumed(organised)) == {("testing", "hub"), ("hub", "reader")}


def test_each_is_refreshed_in_a_region_of_its_account(organised: FakeAws, settings: Json) -> None:
    for account in (ACCOUNT, OTHER):  # so that each call assumes it anew
        organised.roles[role(account)] = Role(account, duration_seconds=2)
    pairs = zip((ACCOUNT, OTHER), REGIONS, strict=True)
    accounts = [{"role_arn": role(account), "regions": [region]} for account, region in pairs]
    scopes = opened(settings, aws_accounts=accounts)
    organised.calls.clear()
    for scope in scopes:
        call(scope)
    asked = [(call.operation, call.region) for call in organised.calls]
    assert asked == [(name, region) for region in REGIONS for name in ("AssumeRole", "GetJobs")]


def test_a_role_of_several_that_is_taken_away_in_the_run(
    organised: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    organised.roles[role(OTHER)] = Role(OTHER, duration_seconds=2)  # each call assumes it anew
    tap = TapGlueMetadata(config=settings | BOTH)
    traversal = tap.traversal
    del organised.roles[role(OTHER)]
    found = [context.scope.account_id for context, _ in read_all(traversal, JOBS)]
    assert found == [ACCOUNT]
    (warning,) = warnings_told(caplog)
    assert f"account {OTHER}" in warning
    assert "sts:AssumeRole" in warning


# Accounts that cannot be opened


def test_one_account_of_several_that_cannot_be_assumed(
    organised: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    del organised.roles[role(ACCOUNT)]
    output = sync(settings | BOTH, *STREAMS)
    for stream in STREAMS:
        assert [record["account_id"] for record in output.records(stream)] == [OTHER]
    skipped, summary = warnings_told(caplog)
    assert skipped.startswith(f"Skipped in aws_accounts[0] ({role(ACCOUNT)})")
    assert "(AccessDenied)" in skipped
    assert "sts:AssumeRole" in skipped
    assert summary == "1 unit could not be read: the run is incomplete"


def test_it_is_one_warning_however_many_its_regions(
    organised: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    del organised.roles[role(ACCOUNT)]
    assert len(jobs_in(settings, **BOTH, aws_regions=REGIONS)) == 2
    assert len([text for text in warnings_told(caplog) if "Skipped" in text]) == 1
    assert [arn for _, arn in assumed(organised)] == ["reader"] * 2  # each was tried once


@pytest.mark.usefixtures("organised")
def test_the_command_warns_once_of_an_account_that_cannot_be_assumed(
    endpoint: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    del endpoint.roles[role(ACCOUNT)]
    run = run_tap(settings | BOTH)
    assert run.code == 0, run.stderr
    assert [text[:7] for text in run.logged("WARNING")] == ["Skipped", "1 unit "]
    assert not run.logged("ERROR")
    assert [record["account_id"] for record in run.records("tables")] == [OTHER]


def test_only_catalogs_of_those_that_can_be_opened(organised: FakeAws, settings: Json) -> None:
    del organised.roles[role(ACCOUNT)]
    records = sync(settings | BOTH, "catalogs").records("catalogs")
    assert [record["account_id"] for record in records] == [OTHER]


@pytest.mark.parametrize("accounts", [BOTH["aws_accounts"], BOTH["aws_accounts"][:1]])
def test_all_accounts_or_the_only_one_that_cannot_be_assumed(
    endpoint: FakeAws, settings: Json, accounts: list[Json], run_tap: RunTap
) -> None:
    run = run_tap({**settings, "aws_accounts": accounts})
    assert run.code == 1
    (error,) = run.logged("ERROR")
    assert error.startswith("Setting 'aws_accounts[0]': AWS does not let these credentials assume")
    assert {message["type"] for message in run.messages} <= {"SCHEMA"}
    assert not [call for call in endpoint.calls if call.service == "glue"]


@pytest.mark.usefixtures("organised")
def test_the_first_account_that_cannot_be_assumed_is_to_fail(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    del endpoint.roles[role(OTHER)]
    with pytest.raises(SettingError, match=r"^Setting 'aws_accounts\[1\]'"):
        sync({**settings, **BOTH, "on_access_denied": "fail"}, "jobs")
    assert not [call for call in endpoint.calls if call.service == "glue"]
    assert not warnings_told(caplog)


@pytest.mark.usefixtures("organised")
def test_an_error_that_is_no_denial_ends_the_run(endpoint: FakeAws, settings: Json) -> None:
    endpoint.fail(
        "AssumeRole",
        "ValidationError",
        message="is not a valid ARN",
        when=lambda params: params["RoleArn"] == role(OTHER),
    )
    with pytest.raises(AwsError, match=rf"^sts:AssumeRole for {role(OTHER)} failed"):
        sync(settings | BOTH, "jobs")


# All regions


def regions_of(partition: str) -> list[str]:
    session = botocore.session.Session()
    return session.get_available_regions("glue", partition_name=partition)


@pytest.mark.parametrize(
    ("chain", "partition"),
    [
        (None, "aws"),
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
    ],
)
def test_all_regions_of_a_partition(
    settings: Json, chain: str | None, partition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chain:
        monkeypatch.setenv("AWS_REGION", chain)
    scopes = opened(settings, aws_regions=["all"], aws_account_id=ACCOUNT)
    assert [scope.region for scope in scopes] == regions_of(partition)
    assert {scope.partition for scope in scopes} == {partition}
    assert len(scopes) > 1


def test_all_regions_of_the_partition_of_a_role(endpoint: FakeAws, settings: Json) -> None:
    arn = f"arn:aws-cn:iam::{OTHER}:role/reader"
    endpoint.roles[arn] = Role(OTHER)
    account = {"role_arn": arn, "regions": ["all"]}
    assert [region for _, region in places(settings, aws_accounts=[account])] == regions_of(
        "aws-cn"
    )


def in_china(arn: str) -> str:
    return arn.replace("arn:aws:", "arn:aws-cn:")


@pytest.fixture
def everywhere(uneven: UnevenAws, monkeypatch: pytest.MonkeyPatch) -> Json:
    """Set all regions of China, where one of the two is not enabled."""
    monkeypatch.setenv("AWS_REGION", "cn-northwest-1")
    organise(uneven)
    uneven.disabled.add("cn-north-1")  # the first of them
    for arn in list(uneven.roles):
        uneven.roles[in_china(arn)] = uneven.roles.pop(arn)
    for account in (ACCOUNT, OTHER):
        for region in regions_of("aws-cn"):
            uneven.store(account, region).add("GetJobs", {"Name": "nightly"})
    return {"aws_endpoint_url": uneven.url, "aws_regions": ["all"]}


@pytest.mark.parametrize("account", [{}, {"aws_account_id": ACCOUNT}])
def test_a_region_that_is_not_enabled_is_skipped(
    everywhere: Json, account: Json, caplog: pytest.LogCaptureFixture
) -> None:
    assert jobs_in(everywhere, **account) == [(ACCOUNT, "cn-northwest-1")]
    skipped, summary = warnings_told(caplog)
    assert "region cn-north-1: " in skipped
    assert summary == "1 unit could not be read: the run is incomplete"


@pytest.mark.parametrize("account", [{}, {"aws_account_id": ACCOUNT}])
def test_so_it_is_for_every_stream(everywhere: Json, account: Json) -> None:
    output = sync(everywhere | account, *STREAMS)
    assert {m["record"]["region"] for m in output.messages if m["type"] == "RECORD"} == {
        "cn-northwest-1"
    }


def test_so_it_is_where_regions_are_named(
    everywhere: Json, caplog: pytest.LogCaptureFixture
) -> None:
    regions = ["cn-northwest-1", "cn-north-1"]
    assert jobs_in(everywhere, aws_regions=regions) == [(ACCOUNT, "cn-northwest-1")]
    assert "region cn-north-1: " in warnings_told(caplog)[0]


def test_roles_in_all_regions(everywhere: Json, caplog: pytest.LogCaptureFixture) -> None:
    accounts = [{"role_arn": in_china(role(account))} for account in (ACCOUNT, OTHER)]
    assert sorted(jobs_in(everywhere, aws_accounts=accounts)) == [
        (ACCOUNT, "cn-northwest-1"),
        (OTHER, "cn-northwest-1"),
    ]
    first, second = sorted(warnings_told(caplog)[:2])
    assert f"account {ACCOUNT}, region cn-north-1: " in first
    assert f"account {OTHER}, region cn-north-1: " in second


def test_a_role_of_the_settings_in_all_regions(everywhere: Json) -> None:
    found = jobs_in(everywhere, aws_assume_role_arn=in_china(HUB))
    assert found == [(ACCOUNT, "cn-northwest-1")]


def test_what_is_told_of_it(everywhere: Json, caplog: pytest.LogCaptureFixture) -> None:
    jobs_in(everywhere)
    assert "enable" in warnings_told(caplog)[0]  # no other keys would help


def test_a_region_that_is_not_enabled_is_to_fail(everywhere: Json) -> None:
    with pytest.raises(AwsError, match="UnrecognizedClientException"):
        jobs_in(everywhere, on_access_denied="fail")


def test_an_account_is_asked_for_once_whatever_its_regions(
    uneven: UnevenAws, everywhere: Json
) -> None:
    opened(everywhere)
    assert [call.operation for call in uneven.calls] == ["GetCallerIdentity"]


def test_no_region_is_enabled(uneven: UnevenAws, everywhere: Json) -> None:
    uneven.disabled.update(regions_of("aws-cn"))
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        jobs_in(everywhere)
    assert uneven.count("GetJobs") == 0


@pytest.mark.parametrize("given", [["all", "eu-west-1"], ["eu-west-1", "all"]])
def test_all_regions_beside_one(settings: Json, given: list[str]) -> None:
    # Either as many as `all`, or a clear line; no region has that name.
    try:
        scopes = opened(settings, aws_regions=given, aws_account_id=ACCOUNT)
    except SettingError as error:
        assert str(error).startswith("Setting 'aws_regions'")  # noqa: PT017 - both are good
    else:
        assert {scope.region for scope in scopes} == set(regions_of("aws"))


# Partitions


@pytest.mark.parametrize(
    ("region", "partition", "domain"),
    [
        ("us-east-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ],
)
def test_endpoints_of_a_partition(
    endpoint: FakeAws, region: str, partition: str, domain: str
) -> None:
    (scope,) = opened({"aws_regions": [region], "aws_account_id": ACCOUNT})
    assert scope.partition == partition
    assert client_of(scope).meta.endpoint_url == f"https://glue.{region}.{domain}"
    assert not endpoint.calls


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
@pytest.mark.parametrize("roles", [{}, {"aws_assume_role_arn": HUB}])
def test_sts_of_a_partition(
    region: str, host: str, roles: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls: list[str] = []

    def send(_: Any, request: Any) -> None:
        urls.append(request.url)
        raise botocore.exceptions.EndpointConnectionError(endpoint_url=request.url)

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    with pytest.raises(TapError):
        opened({"aws_regions": [region], "aws_max_attempts": 1}, **roles)
    assert urls == [f"https://{host}/"]


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_of_a_partition(
    endpoint: FakeAws, settings: Json, region: str, partition: str
) -> None:
    arn = f"arn:{partition}:iam::{OTHER}:role/reader"
    endpoint.roles[arn] = Role(OTHER)
    store = endpoint.store(OTHER, region)
    store.add_database("sales")
    store.add_table("sales", "orders")
    store.add("GetJobs", {"Name": "nightly"})
    store.add("BatchGetWorkflows", {"Name": "weekly"})
    output = sync({**settings, "aws_assume_role_arn": arn, "aws_regions": [region]}, *STREAMS)
    prefix = f"arn:{partition}:glue:{region}:{OTHER}:"
    found = {m["record"]["arn"] for m in output.messages if "arn" in m.get("record", {})}
    assert found >= {
        f"{prefix}database/sales",
        f"{prefix}table/sales/orders",
        f"{prefix}job/nightly",
        f"{prefix}workflow/weekly",
    }
    assert all(arn.startswith(prefix) for arn in found)


# Keys of a secret store


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


class Secrets:
    """Keeps keys in moto's Secrets Manager."""

    def __init__(self, url: str) -> None:
        session = botocore.session.Session()
        self._client: Any = session.create_client("secretsmanager", "us-east-1", endpoint_url=url)

    def keep(self, name: str, **content: str) -> None:
        text = json.dumps(content)
        try:
            self._client.create_secret(Name=name, SecretString=text)
        except self._client.exceptions.ResourceExistsException:
            self._client.put_secret_value(SecretId=name, SecretString=text)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def kept(moto: str, endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    """Point each service at its endpoint, and keep a pair of keys in a secret."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto)
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    organise(endpoint)
    endpoint.accounts["stored"] = OTHER
    secrets = Secrets(moto)
    secrets.keep("reader", aws_access_key_id="stored", aws_secret_access_key="sesame")  # noqa: S106
    yield secrets
    secrets.close()


FROM_STORE = {
    "aws_credentials_uri": "aws-secretsmanager://reader",
    "aws_regions": ["us-east-1"],
}
EXPLICIT = {"aws_access_key_id": "explicit", "aws_secret_access_key": "testing"}


@pytest.mark.usefixtures("kept")
def test_keys_of_a_secret(endpoint: FakeAws, run_tap: RunTap) -> None:
    run = run_tap(FROM_STORE, env={"LOGLEVEL": "DEBUG"})
    assert run.code == 0, run.stderr
    assert {record["account_id"] for record in run.records("tables")} == {OTHER}
    assert {call.access_key for call in endpoint.calls} == {"stored"}
    assert "sesame" not in run.stderr + run.stdout


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "stored"),
        ({"aws_profile": "p"}, "profile"),
        (EXPLICIT, "explicit"),
        ({**EXPLICIT, "aws_profile": "p"}, "explicit"),
        ({"aws_credentials_uri": ""}, "testing"),
        ({"aws_credentials_uri": None, "aws_profile": "p"}, "profile"),
        ({"aws_access_key_id": "", "aws_secret_access_key": "", "aws_profile": ""}, "stored"),
    ],
)
@pytest.mark.usefixtures("kept")
def test_keys_go_before_profile_before_secret_before_chain(
    endpoint: FakeAws, changes: Json, key: str
) -> None:
    write_profile()
    endpoint.accounts |= dict.fromkeys(["explicit", "profile"], ACCOUNT)
    sync({**FROM_STORE, **changes}, "jobs")
    assert {call.access_key for call in endpoint.calls} == {key}


@pytest.mark.usefixtures("kept")
def test_a_secret_goes_before_the_profile_of_the_environment(
    endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profile()
    monkeypatch.setenv("AWS_PROFILE", "p")
    sync(FROM_STORE, "jobs")
    assert {call.access_key for call in endpoint.calls} == {"stored"}


def write_profile() -> None:
    keys = "aws_access_key_id = profile\naws_secret_access_key = testing\n"
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[profile p]\n{keys}", encoding="utf-8")


@pytest.mark.usefixtures("kept")
def test_roles_on_top_of_a_secret(endpoint: FakeAws) -> None:
    found = jobs_in({**FROM_STORE, **BOTH, "aws_assume_role_arn": HUB})
    assert sorted(found) == [(ACCOUNT, "us-east-1"), (OTHER, "us-east-1")]
    assert set(assumed(endpoint)) == {("stored", "hub"), ("hub", "reader")}


def test_keys_that_expire_are_read_again_in_a_pass(endpoint: FakeAws, kept: Secrets) -> None:
    endpoint.page_size, endpoint.latency = 1, 0.3
    endpoint.store(OTHER).add("GetJobs", *({"Name": f"j{i}"} for i in range(7)))
    for index, lifetime in enumerate([timedelta(seconds=1.5), timedelta(hours=1)]):
        ends = datetime.now(timezone.utc) + lifetime
        key, token = f"temporary-{index}", f"token-{index}"
        endpoint._issued[key] = _Identity(OTHER, "arn", token)
        kept.keep(
            "temporary",
            aws_access_key_id=key,
            aws_secret_access_key="testing",  # noqa: S106 - a test's own
            aws_session_token=token,
            expiration=ends.isoformat(),
        )
        if index == 0:
            uri = "aws-secretsmanager://temporary"
            tap = TapGlueMetadata(config={**FROM_STORE, "aws_credentials_uri": uri})
            traversal = tap.traversal
    assert len(read_all(traversal, JOBS)) == 8
    keys = [call.access_key for call in endpoint.calls if call.operation == "GetJobs"]
    assert keys == sorted(keys)
    assert set(keys) == {"temporary-0", "temporary-1"}
