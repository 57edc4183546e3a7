"""A client has methods for what is allowed, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from conftest import client_of, opened

from tap_glue_metadata.aws.scopes import open_scopes
from tap_glue_metadata.settings import Settings

if TYPE_CHECKING:
    from conftest import Json
    from fake_aws import FakeAws

TRANSIENT = ["OperationTimeoutException", "FederationSourceRetryableException"]


@pytest.fixture
def client(settings: Json) -> Any:
    """Give a client that may call GetDatabases alone."""
    typed = Settings.from_config({**settings, "aws_retry_mode": "standard", "aws_max_attempts": 3})
    (scope,), _ = open_scopes(typed, {"glue": frozenset({"GetDatabases"})})
    return client_of(scope)


def test_it_has_a_method_for_what_is_allowed(endpoint: FakeAws, client: Any) -> None:
    endpoint.store().add_database("sales")
    (database,) = client.get_databases()["DatabaseList"]
    assert database["Name"] == "sales"
    assert client.meta.service_model.operation_names == ["GetDatabases"]


@pytest.mark.parametrize("method", ["delete_table", "create_job", "get_tables", "get_jobs"])
def test_it_has_none_for_anything_else(endpoint: FakeAws, client: Any, method: str) -> None:
    with pytest.raises(AttributeError):
        getattr(client, method)
    with pytest.raises(Exception, match="does not have method"):
        client.generate_presigned_url(method)
    with pytest.raises(KeyError):
        client.get_paginator(method)
    assert endpoint.count("GetCallerIdentity") == len(endpoint.calls)


def test_nothing_is_allowed_of_a_service_without_a_list(settings: Json) -> None:
    typed = Settings.from_config(settings)
    (scope,), _ = open_scopes(typed, {"glue": frozenset()})
    assert client_of(scope).meta.service_model.operation_names == []


def test_sts_can_fetch_credentials_and_no_more(settings: Json) -> None:
    (scope,) = opened(settings)
    sts = scope.session.create_client("sts", region_name="us-east-1")
    assert "AssumeRole" in sts.meta.service_model.operation_names
    assert not hasattr(sts, "get_session_token")


def test_another_service_keeps_its_model(settings: Json) -> None:
    (scope,) = opened(settings)
    assert hasattr(scope.session.create_client("sso", region_name="us-east-1"), "logout")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("code", TRANSIENT)
def test_what_passes_is_repeated(endpoint: FakeAws, client: Any, code: str) -> None:
    endpoint.fail("GetDatabases", code, times=2)
    assert client.get_databases()["ResponseMetadata"]["RetryAttempts"] == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("code", TRANSIENT)
def test_what_does_not_pass_is_an_error(endpoint: FakeAws, client: Any, code: str) -> None:
    endpoint.fail("GetDatabases", code)
    with pytest.raises(ClientError, match=code):
        client.get_databases()
    assert endpoint.count("GetDatabases") == 3
