from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url
from conftest import ACCOUNT, OTHER, call, client_of, opened, sync
from fake_aws import Role
from hypothesis import example, given
from hypothesis import strategies as st

from tap_glue_metadata.aws.errors import AwsError, DeniedError, SettingError, TapError
from tap_glue_metadata.aws.secret_stores import Keys
from tap_glue_metadata.aws.session import client_config, endpoint_url
from tap_glue_metadata.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Json
    from fake_aws import FakeAws

    from tap_glue_metadata.aws.scopes import Scope

ROLE = f"arn:aws:iam::{OTHER}:role/reader"
KEYS = {"aws_access_key_id": "explicit", "aws_secret_access_key": "testing"}
PROFILE_KEYS = "aws_access_key_id = profile\naws_secret_access_key = testing\n"


def connect(settings: Json, **changes: Any) -> Scope:
    (scope,) = opened(settings, **changes)
    return scope


def write_config(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text, encoding="utf-8")


# Where the keys come from


@pytest.mark.parametrize(
    ("given_keys", "setting", "missing"),
    [
        ({"aws_access_key_id": "testing"}, "aws_access_key_id", "aws_secret_access_key"),
        ({"aws_secret_access_key": "testing"}, "aws_secret_access_key", "aws_access_key_id"),
        ({"aws_session_token": "testing"}, "aws_session_token", "aws_access_key_id"),
        (
            {"aws_access_key_id": "", "aws_secret_access_key": "testing"},
            "aws_secret_access_key",
            "aws_access_key_id",
        ),
        (
            {"aws_secret_access_key": "testing", "aws_session_token": "testing"},
            "aws_secret_access_key",
            "aws_access_key_id",
        ),
    ],
)
def test_half_a_pair_of_keys(
    endpoint: FakeAws, settings: Json, given_keys: Json, setting: str, missing: str
) -> None:
    with pytest.raises(SettingError, match=f"^Setting '{setting}': it needs {missing} too$"):
        connect(settings, **given_keys)
    assert not endpoint.calls


def test_unknown_profile_of_the_settings(endpoint: FakeAws, settings: Json) -> None:
    with pytest.raises(
        SettingError, match=r"^Setting 'aws_profile'.*\(nobody\).*check aws_profile"
    ):
        connect(settings, aws_profile="nobody")
    assert not endpoint.calls


def test_unknown_profile_of_the_environment(
    settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingError, match=r"^Setting 'AWS_PROFILE'.*\(nobody\)"):
        connect(settings)


SSO = f"sso_account_id = {ACCOUNT}\nsso_role_name = reader\n"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_profile_of_the_environment_is_not_set(
    settings: Json, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    call(connect(settings))


@pytest.mark.parametrize("text", ["no section", "[default]\n[default]\n= x", "[a]\nb\n\xff"])
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_broken_configuration_file(settings: Json, variable: str, text: str) -> None:
    Path(os.environ[variable]).write_text(text, encoding="latin-1")
    with pytest.raises(TapError) as caught:
        connect(settings)
    assert os.environ[variable] in str(caught.value)
    assert "fix that file" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"sso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n{SSO}",
        f"sso_session = s\n{SSO}",
        "role_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = q\n",
        "role_arn = arn:aws:iam::123456789012:role/reader\ncredential_source = Sun\n",
        "role_arn = arn:aws:iam::123456789012:role/reader\nweb_identity_token_file = /nowhere\n",
        "credential_process = '\n",
        "aws_access_key_id = testing\n",
        "region = us-east-1\n",
    ],
)
def test_a_profile_without_credentials(
    endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("HOME", os.environ["AWS_CONFIG_FILE"] + "-home")
    write_config(f"[profile p]\n{text}")
    with pytest.raises(TapError, match=r"^No AWS credentials: ") as caught:
        connect(settings, aws_profile="p")
    assert len(str(caught.value).splitlines()) == 1
    assert not endpoint.calls


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "environment"),
        ({"aws_profile": "p"}, "profile"),
        (KEYS, "explicit"),
        ({**KEYS, "aws_profile": "p"}, "explicit"),
        ({"aws_access_key_id": "", "aws_secret_access_key": "", "aws_profile": ""}, "environment"),
    ],
)
def test_keys_go_before_profile_before_environment(
    endpoint: FakeAws,
    settings: Json,
    changes: Json,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "environment")
    write_config("[profile p]\n" + PROFILE_KEYS)
    endpoint.accounts = dict.fromkeys(["environment", "profile", "explicit"], ACCOUNT)
    call(connect(settings, **changes))
    assert {call.access_key for call in endpoint.calls} == {key}


def test_profile_of_the_environment(
    endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_PROFILE", "p")
    write_config("[profile p]\n" + PROFILE_KEYS)
    endpoint.accounts = {"profile": ACCOUNT}
    assert connect(settings).account_id == ACCOUNT


def test_no_credentials(endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(TapError, match=r"^No AWS credentials: .*set aws_access_key_id"):
        connect(settings, aws_account_id=ACCOUNT)
    assert not endpoint.calls


def test_session_token_goes_out(settings: Json) -> None:
    # Of the endpoint, long-term keys have no token: it refuses one that it did not issue.
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        connect(settings, **KEYS, aws_session_token="testing")  # noqa: S106 - a test's own


def test_wrong_keys(endpoint: FakeAws, settings: Json) -> None:
    with pytest.raises(AwsError, match=r"refuses the credentials \(InvalidClientTokenId\)"):
        connect(settings, **KEYS)
    scope = connect(settings, **KEYS, aws_account_id=ACCOUNT)
    with pytest.raises(AwsError, match=r"refuses the credentials \(UnrecognizedClientException\)"):
        call(scope)
    assert endpoint.count("GetJobs") == 1


# Roles


def test_role(endpoint: FakeAws, settings: Json) -> None:
    endpoint.roles[ROLE] = Role(OTHER)
    scope = connect(settings, aws_assume_role_arn=ROLE)
    call(scope)
    assert scope.account_id == OTHER
    (assumed,) = endpoint.params("AssumeRole")
    assert assumed["RoleArn"] == ROLE
    assert assumed["RoleSessionName"] == "tap-glue-metadata"
    assert "ExternalId" not in assumed
    keys = {call.operation: call.access_key for call in endpoint.calls}
    assert keys["AssumeRole"] == "testing"
    assert keys["GetCallerIdentity"] == keys["GetJobs"] != "testing"


def test_external_id_and_session_name_of_a_role(endpoint: FakeAws, settings: Json) -> None:
    endpoint.roles[ROLE] = Role(OTHER, external_id="partner")
    connect(
        settings,
        aws_assume_role_arn=ROLE,
        aws_assume_role_external_id="partner",
        aws_assume_role_session_name="nightly",
    )
    (assumed,) = endpoint.params("AssumeRole")
    assert (assumed["ExternalId"], assumed["RoleSessionName"]) == ("partner", "nightly")


def test_role_on_top_of_a_profile(endpoint: FakeAws, settings: Json) -> None:
    write_config("[profile p]\n" + PROFILE_KEYS)
    endpoint.accounts = {"profile": ACCOUNT}
    endpoint.roles[ROLE] = Role(OTHER)
    assert connect(settings, aws_profile="p", aws_assume_role_arn=ROLE).account_id == OTHER


@pytest.mark.parametrize(
    ("arn", "external_id"), [(ROLE, None), (ROLE, ""), (ROLE, "wrong"), (f"{ROLE}s", "partner")]
)
def test_a_role_that_may_not_be_assumed(
    endpoint: FakeAws, settings: Json, arn: str, external_id: str | None
) -> None:
    endpoint.roles[ROLE] = Role(OTHER, external_id="partner")
    with pytest.raises(SettingError) as caught:
        connect(settings, aws_assume_role_arn=arn, aws_assume_role_external_id=external_id)
    text = str(caught.value)
    told = f"Setting 'aws_assume_role_arn': AWS does not let these credentials assume {arn} "
    assert text.startswith(told)
    assert "trust policy, aws_assume_role_external_id" in text
    assert "wrong" not in text


def test_sts_fails_while_a_role_is_assumed(endpoint: FakeAws, settings: Json) -> None:
    endpoint.roles[ROLE] = Role(OTHER)
    endpoint.fail("AssumeRole", "ValidationError", message="is not a valid ARN")
    with pytest.raises(AwsError, match=rf"^sts:AssumeRole for {ROLE} failed \(ValidationError\)"):
        connect(settings, aws_assume_role_arn=ROLE)


def test_a_run_outlives_the_credentials_of_its_role(endpoint: FakeAws, settings: Json) -> None:
    endpoint.roles[ROLE] = Role(OTHER, duration_seconds=2)
    endpoint.page_size, endpoint.latency = 1, 0.15
    store = endpoint.store(OTHER)
    store.add("GetJobs", *({"Name": f"j{i}"} for i in range(7)))
    started = time.monotonic()
    output = sync({**settings, "aws_assume_role_arn": ROLE}, "jobs")
    assert time.monotonic() - started > 2  # else this shows nothing
    assert len(output.records("jobs")) == 7
    assert len({call.access_key for call in endpoint.calls}) > 2


def test_a_role_that_is_taken_away_in_the_run(endpoint: FakeAws, settings: Json) -> None:
    endpoint.roles[ROLE] = Role(OTHER, duration_seconds=2)  # so that each call assumes it anew
    scope = connect(settings, aws_assume_role_arn=ROLE)
    del endpoint.roles[ROLE]
    with pytest.raises(TapError) as caught:
        call(scope)
    # Nothing is denied of Glue: to grant glue:GetJobs would not help, nor to skip the jobs.
    assert not isinstance(caught.value, DeniedError)
    assert "sts:AssumeRole" in str(caught.value)


@pytest.mark.parametrize("role", [{"aws_assume_role_arn": ROLE}, {"aws_profile": "p"}])
def test_a_role_whose_credentials_come_expired(
    endpoint: FakeAws, settings: Json, role: Json
) -> None:
    write_config(f"[profile p]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    endpoint.roles[ROLE] = Role(OTHER, duration_seconds=-60)  # as after a clock that is fast
    with pytest.raises(TapError, match="expired"):
        connect(settings, **role)


# Keys of a store


def pair(name: str, lifetime: float | None = None) -> Keys:
    if lifetime is None:
        return Keys(name, "testing")
    return Keys(
        name, "testing", expires_at=datetime.now(timezone.utc) + timedelta(seconds=lifetime)
    )


@pytest.fixture
def from_store(
    endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Scope]:
    """Connect with what a store answers."""
    endpoint.accounts = dict.fromkeys(["first", "second"], ACCOUNT)

    def from_store(*answers: Keys | TapError) -> Scope:
        read = Mock(side_effect=answers)  # one after the other
        monkeypatch.setattr("tap_glue_metadata.aws.credentials.open_store", lambda *_: read)
        return connect(settings, aws_credentials_uri="vault://kept")

    return from_store


@pytest.mark.parametrize("lifetime", [None, 3600])
def test_keys_of_a_store_that_last_are_read_once(
    endpoint: FakeAws, from_store: Callable[..., Scope], lifetime: float | None
) -> None:
    scope = from_store(pair("first", lifetime))
    for _ in range(3):
        call(scope)
    assert {call.access_key for call in endpoint.calls} == {"first"}


@pytest.mark.parametrize("lifetime", [None, 3600])
def test_keys_of_a_store_that_expired_are_read_again(
    endpoint: FakeAws, from_store: Callable[..., Scope], lifetime: float | None
) -> None:
    scope = from_store(pair("first", 2), pair("second", lifetime))
    time.sleep(2.1)
    for _ in range(3):
        call(scope)
    assert [call.access_key for call in endpoint.calls] == ["first", *["second"] * 3]


def test_a_store_that_gives_what_no_key_is(from_store: Callable[..., Scope]) -> None:
    odd = Keys("first", "testing", "sesame\nx")
    with pytest.raises(TapError, match="session token is not one") as caught:
        from_store(odd)
    assert "sesame" not in str(caught.value)


def test_a_store_that_gives_it_in_the_run(from_store: Callable[..., Scope]) -> None:
    scope = from_store(pair("first", 2), Keys("first", "testing", "sesame\nx"))
    time.sleep(2.1)
    with pytest.raises(TapError, match="session token is not one") as caught:
        call(scope)
    assert "sesame" not in str(caught.value)


def test_a_store_that_fails_in_the_run(from_store: Callable[..., Scope]) -> None:
    scope = from_store(pair("first", 2), SettingError("aws_credentials_uri", "it is sealed"))
    time.sleep(2.1)
    with pytest.raises(TapError, match=r"^Setting 'aws_credentials_uri': it is sealed$"):
        call(scope)


def test_a_store_that_gives_expired_keys_in_the_run(from_store: Callable[..., Scope]) -> None:
    scope = from_store(pair("first", 2), pair("second", -1))
    time.sleep(2.1)
    with pytest.raises(TapError, match="expired"):
        call(scope)


def test_a_store_whose_keys_expire_before_they_are_used(from_store: Callable[..., Scope]) -> None:
    with pytest.raises(TapError, match="expired"):
        from_store(pair("first", 0.01), pair("second", -1))


# What STS says

QUOTED = "The Canonical String for this request should have been x-amz-security-token:testing-token"


@pytest.mark.parametrize("operation", ["AssumeRole", "GetCallerIdentity"])
def test_what_sts_quotes_after_a_failed_signature_is_not_told(
    endpoint: FakeAws, settings: Json, operation: str
) -> None:
    endpoint.roles[ROLE] = Role(OTHER)
    endpoint.fail(operation, "SignatureDoesNotMatch", status=403, message=QUOTED)
    with pytest.raises(TapError, match=r"SignatureDoesNotMatch.*clock") as caught:
        connect(settings, aws_assume_role_arn=ROLE)
    assert "testing-token" not in str(caught.value)


def test_nor_where_the_profile_assumes_the_role(
    endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    write_config(f"[profile p]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    endpoint.fail("AssumeRole", "SignatureDoesNotMatch", status=403, message=QUOTED)
    with pytest.raises(TapError, match="SignatureDoesNotMatch") as caught:
        connect(settings, aws_profile="p")
    assert "testing-token" not in str(caught.value)


def test_role_of_a_profile_is_assumed_at_the_endpoint_of_the_settings(
    endpoint: FakeAws, settings: Json, forbid_network: list[str]
) -> None:
    write_config(f"[profile p]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    with pytest.raises(TapError):
        connect(settings, aws_profile="p")
    assert {url.rstrip("/") for url in forbid_network} == {endpoint.url}


# Endpoints

# With user and password, query or path, a URL is no endpoint; botocore refuses the strange hosts.
MALFORMED = [
    "nonsense",
    "localhost:4566",
    "//localhost:4566",
    "ftp://localhost",
    "http://",
    "https:///path",
    "https://host:port",
    "https://host:0",
    "https://host:99999",
    "https://[::1",
    "https://two words",
    "https://my_host",
    "https://a..b",
    "https://-a",
    "https://host\n.example",
    "https://user:testing@host",
    "https://host?query",
    "https://host#fragment",
]
PLAIN = [
    "http://10.0.0.1",
    "http://localhost.example.com",
    "http://0.0.0.0",
    "http://[2001:db8::1]",
]
SAFE = [
    "https://vpce-1a2b.glue.eu-west-1.vpce.amazonaws.com",
    "https://10.0.0.1:8443/",
    "HTTPS://Example.com",
    "http://localhost:4566",
    "http://LOCALHOST:4566",
    "http://127.0.0.1",
    "http://127.1.2.3:5000",
    "http://[::1]:4566",
]


@pytest.mark.parametrize("url", MALFORMED)
def test_malformed_endpoint(url: str) -> None:
    with pytest.raises(SettingError, match=r"^Setting 'aws_endpoint_url'.*give a URL") as caught:
        endpoint_url(Settings.from_config({"aws_endpoint_url": url}))
    assert "testing" not in str(caught.value)


@given(st.text() | st.from_regex(r"\Ahttps?://[^ ]*\Z"))
@example("http://[")
def test_any_text_is_refused_as_endpoint_or_good_for_botocore(text: str) -> None:
    with suppress(SettingError):
        url = endpoint_url(Settings.from_config({"aws_endpoint_url": text}))
        assert url is None or is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url)


@pytest.mark.parametrize("url", PLAIN)
def test_plain_http_leaves_this_machine_for_no_endpoint_of_the_settings(
    settings: Json, forbid_network: list[str], url: str
) -> None:
    with pytest.raises(
        SettingError, match=r"^Setting 'aws_endpoint_url': .*in the clear; use https"
    ):
        connect(settings, aws_endpoint_url=url)
    assert not forbid_network


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("AWS_ENDPOINT_URL", {}),
        ("AWS_ENDPOINT_URL", {"aws_account_id": ACCOUNT}),
        ("AWS_ENDPOINT_URL", {"aws_account_id": ACCOUNT, "aws_assume_role_arn": ROLE}),
        ("AWS_ENDPOINT_URL_GLUE", {"aws_account_id": ACCOUNT}),
        ("AWS_ENDPOINT_URL_STS", {}),
        ("AWS_ENDPOINT_URL_STS", {"aws_account_id": ACCOUNT, "aws_assume_role_arn": ROLE}),
    ],
)
def test_nor_of_the_environment(
    forbid_network: list[str], name: str, changes: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://10.0.0.1")
    with pytest.raises(TapError, match=r"http://10.0.0.1 .*AWS_ENDPOINT_URL.*in the clear"):
        client_of(connect({"aws_regions": ["us-east-1"]}, **changes))
    assert not forbid_network


@pytest.mark.usefixtures("impatient")
def test_nor_of_the_profile(forbid_network: list[str]) -> None:
    write_config("[profile p]\nendpoint_url = http://10.0.0.1\n" + PROFILE_KEYS)
    with pytest.raises(TapError, match=r"http://10.0.0.1 .*in the clear; use https"):
        connect({"aws_regions": ["us-east-1"]}, aws_profile="p")
    assert not forbid_network


@pytest.mark.parametrize("account", [{}, {"aws_account_id": ACCOUNT}])
def test_malformed_endpoint_of_the_environment(
    account: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(TapError, match="nonsense"):
        client_of(connect({"aws_regions": ["us-east-1"]}, **account))


def test_endpoint_of_the_environment(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    assert call(connect({"aws_regions": ["us-east-1"]})) == {"Jobs": []}


def test_endpoint_of_the_settings_goes_first(
    endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    call(connect(settings))
    assert len(endpoint.calls) == 2


@pytest.mark.parametrize("url", SAFE)
def test_good_endpoint(url: str) -> None:
    assert endpoint_url(Settings.from_config({"aws_endpoint_url": url})) == url


@pytest.mark.parametrize("url", [None, ""])
def test_no_endpoint(url: str | None) -> None:
    assert endpoint_url(Settings.from_config({"aws_endpoint_url": url})) is None


# Arguments of the clients


def test_client_config() -> None:
    config: Any = client_config(Settings.from_config({"aws_retry_mode": "standard"}), attempts=4)
    assert config.retries == {"total_max_attempts": 4, "mode": "standard"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("given_attempts", "made"), [(10, 3), (1, 1)])
def test_sts_is_asked_a_few_times(
    endpoint: FakeAws, settings: Json, given_attempts: int, made: int
) -> None:
    endpoint.fail("GetCallerIdentity", "ServiceUnavailable", status=503)
    with pytest.raises(AwsError, match=r"^sts:GetCallerIdentity for these credentials failed"):
        connect(settings, aws_max_attempts=given_attempts)
    assert endpoint.count("GetCallerIdentity") == made
