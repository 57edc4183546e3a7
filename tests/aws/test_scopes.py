from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ACCOUNT, OTHER, call, opened, sync
from fake_aws import Role

from tap_glue_metadata.aws.errors import AwsError, SettingError

if TYPE_CHECKING:
    from conftest import Json
    from fake_aws import FakeAws


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("eu-west1", "did you mean 'eu-west-1'?"),
        ("us_east_1", "did you mean 'us-east-1'?"),
        ("US-EAST-1", "check its spelling"),
        ("mars", "check its spelling"),
        ("aws-global", "check its spelling"),
    ],
)
def test_unknown_region(region: str, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        opened({"aws_regions": ["us-east-1", region]})
    text = f"Setting 'aws_regions': '{region}' is no region that AWS Glue is known to have; {hint}"
    assert str(caught.value).startswith(text)


def test_unknown_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west1")
    with pytest.raises(SettingError, match=r"'eu-west1'.*'eu-west-1'"):
        opened({})


def test_a_region_of_an_emulator(settings: Json) -> None:
    (scope,) = opened(settings, aws_regions=["mars-north-1"])
    assert (scope.region, scope.partition) == ("mars-north-1", "aws")


@pytest.mark.parametrize("regions", [None, []])
def test_no_region(endpoint: FakeAws, settings: Json, regions: list[str] | None) -> None:
    with pytest.raises(SettingError, match=r"^Setting 'aws_regions': no region is known; set it"):
        opened(settings, aws_regions=regions)
    assert not endpoint.calls


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_of_the_environment(
    endpoint: FakeAws, settings: Json, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "eu-west-1")
    (scope,) = opened(settings, aws_regions=None)
    call(scope)
    assert scope.region == "eu-west-1"
    assert {call.region for call in endpoint.calls} == {"eu-west-1"}


def test_region_of_the_profile(settings: Json) -> None:
    keys = "aws_access_key_id = testing\naws_secret_access_key = testing\n"
    config = f"[profile p]\nregion = eu-west-1\n{keys}"
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(config, encoding="utf-8")
    (scope,) = opened(settings, aws_regions=None, aws_profile="p")
    assert scope.region == "eu-west-1"


def test_regions_of_the_settings_go_first(settings: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert [scope.region for scope in opened(settings)] == ["us-east-1"]


def test_each_region_is_read_once_in_order(settings: Json) -> None:
    regions = ["us-east-1", "eu-west-1", "us-east-1"]
    assert [scope.region for scope in opened(settings, aws_regions=regions)] == regions[:2]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_partition(settings: Json, region: str, partition: str) -> None:
    (scope,) = opened(settings, aws_regions=[region])
    assert scope.partition == partition


def test_account_of_the_credentials(endpoint: FakeAws, settings: Json) -> None:
    (scope,) = opened(settings)
    assert scope.account_id == ACCOUNT
    assert endpoint.count("GetCallerIdentity") == 1


def test_account_of_the_settings_saves_the_call(endpoint: FakeAws, settings: Json) -> None:
    (scope,) = opened(settings, aws_account_id="111122223333")
    assert scope.account_id == "111122223333"
    assert not endpoint.calls


def test_account_is_asked_for_once(endpoint: FakeAws, settings: Json) -> None:
    opened(settings, aws_regions=["us-east-1", "eu-west-1"])
    assert [call.operation for call in endpoint.calls] == ["GetCallerIdentity"]


def test_without_an_sts_endpoint_the_remedy_is_told(settings: Json) -> None:
    with pytest.raises(AwsError, match=r"^sts:GetCallerIdentity.*; .*set aws_account_id$"):
        opened(settings, aws_endpoint_url="http://127.0.0.1:1", aws_max_attempts=1)


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"<a></a>", b""])
def test_an_answer_that_tells_no_account(endpoint: FakeAws, settings: Json, body: bytes) -> None:
    endpoint.respond("GetCallerIdentity", body)
    with pytest.raises(AwsError, match=r"is not one of AWS STS; check aws_endpoint_url, or set"):
        opened(settings)


def test_two_regions_in_one_run(endpoint: FakeAws, settings: Json) -> None:
    for region in ("us-east-1", "eu-west-1"):
        store = endpoint.store(region=region)
        store.add("GetJobs", {"Name": "nightly"})
        store.add_database("sales")
        store.add_table("sales", region)
    output = sync({**settings, "aws_regions": ["us-east-1", "eu-west-1"]}, "jobs", "tables")
    jobs = {(record["region"], record["name"], record["arn"]) for record in output.records("jobs")}
    assert jobs == {
        ("us-east-1", "nightly", f"arn:aws:glue:us-east-1:{ACCOUNT}:job/nightly"),
        ("eu-west-1", "nightly", f"arn:aws:glue:eu-west-1:{ACCOUNT}:job/nightly"),
    }
    tables = [(record["region"], record["name"]) for record in output.records("tables")]
    assert sorted(tables) == [("eu-west-1", "eu-west-1"), ("us-east-1", "us-east-1")]


def test_no_thread_outlives_the_opening(endpoint: FakeAws, settings: Json) -> None:
    roles = [f"arn:aws:iam::{OTHER}:role/{name}" for name in "abc"]
    for role in roles:
        endpoint.roles[role] = Role(OTHER)
    threads = {thread for thread in threading.enumerate() if not thread.daemon}
    opened(settings, aws_accounts=[{"role_arn": role} for role in roles])
    assert {thread for thread in threading.enumerate() if not thread.daemon} == threads


def test_scopes_are_the_same_by_account_and_region(settings: Json) -> None:
    (first,), (second,) = (opened(settings, catalog_ids=ids) for ids in ([ACCOUNT], [OTHER]))
    assert first == second
    assert len({first, second}) == 1
