from __future__ import annotations

import errno
import os
from typing import Any
from unittest.mock import Mock

import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import NewConnectionError

from tap_glue_metadata.aws.errors import (
    AbsentError,
    AwsError,
    DeniedError,
    ExpiredError,
    GoneError,
    RefusedError,
    SettingError,
    TapError,
    describe,
    translate,
)

ACTION, WHERE = "glue:GetTables", "DatabaseName sales, region us-east-1"


def refusal(code: str, message: str = "It is so.", status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "GetTables")


def told(error: Exception) -> tuple[type[AwsError], str]:
    translated = translate(error, ACTION, WHERE)
    assert isinstance(translated, TapError)
    return type(translated), str(translated)


LAKE_FORMATION = "Insufficient Lake Formation permission(s): Required Describe on sales"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "User: x is not authorized to perform: glue:GetTables"),
        ("AccessDenied", ""),
        ("UnauthorizedException", ""),
        ("UnauthorizedOperation", ""),
        ("AccessDeniedException", LAKE_FORMATION),
        ("EntityNotFoundException", LAKE_FORMATION),
        ("InvalidInputException", f"({LAKE_FORMATION.upper()})"),
    ],
)
def test_denied(code: str, message: str) -> None:
    kind, text = told(refusal(code, message))
    assert kind is DeniedError
    assert text == (
        f"{ACTION} for {WHERE} is denied ({code}): grant {ACTION} to these credentials, and the "
        f"resource in Lake Formation where that governs it. AWS says: {message}"
    )


def test_gone() -> None:
    kind, text = told(refusal("EntityNotFoundException", "Database sales not found."))
    assert kind is GoneError
    expected = "found nothing (EntityNotFoundException): Database sales not found."
    assert text == f"{ACTION} for {WHERE} {expected}"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UnknownOperationException", 400),
        ("UnknownOperation", 404),
        ("InvalidAction", 400),
        ("501", 501),
        ("InternalFailure", 501),
    ],
)
def test_absent(code: str, status: int) -> None:
    expected = f"{ACTION} is not known to the endpoint ({code})"
    assert told(refusal(code, "", status)) == (AbsentError, expected)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("UnrecognizedClientException", "check aws_access_key_id"),
        ("InvalidClientTokenId", "check aws_access_key_id"),
        ("MissingAuthenticationTokenException", "check aws_access_key_id"),
        ("IncompleteSignatureException", "check aws_access_key_id"),
        ("SignatureDoesNotMatch", "clock"),
        ("InvalidSignatureException", "clock"),
        ("ExpiredTokenException", "expired"),
        ("ExpiredToken", "expired"),
    ],
)
def test_refused_credentials_without_what_aws_quotes(code: str, remedy: str) -> None:
    kind, text = told(
        refusal(code, "The canonical string was: POST / x-amz-security-token:testing")
    )
    assert kind is (ExpiredError if remedy == "expired" else RefusedError)
    assert text.startswith(f"AWS refuses the credentials ({code}): ")
    assert remedy in text
    assert "testing" not in text


@pytest.mark.parametrize("code", ["RegionDisabledException", "OptInRequired"])
def test_a_region_that_is_not_enabled(code: str) -> None:
    # STS model, AssumeRole; Glue Web API Reference, "Common Error Types".
    kind, text = told(refusal(code, status=403))
    assert kind in {DeniedError, RefusedError}  # so that other regions are read
    assert f"({code})" in text
    assert "enable" in text


@pytest.mark.parametrize("code", ["ThrottlingException", "Throttling", "RequestLimitExceeded"])
def test_throttled(code: str) -> None:
    kind, text = told(refusal(code, "Rate exceeded"))
    assert kind is AwsError
    assert text.startswith(
        f"{ACTION} for {WHERE} failed ({code}): it was throttled until its attempts ran out"
    )
    assert "aws_max_attempts" in text


@pytest.mark.parametrize(
    ("code", "status"),
    [("InternalServiceException", 500), ("InvalidInputException", 400), ("503", 503), ("", 400)],
)
def test_any_other(code: str, status: int) -> None:
    expected = f"{ACTION} for {WHERE} failed ({code}): It is so."
    assert told(refusal(code, status=status)) == (AwsError, expected)


def test_an_answer_without_an_error() -> None:
    answer: Any = {}
    assert told(ClientError(answer, "GetTables")) == (AwsError, f"{ACTION} for {WHERE} failed (): ")


CONNECTION: dict[str, Any] = {"endpoint_url": "https://x", "error": "no\nroute"}


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (botocore_errors.NoCredentialsError(), "set aws_access_key_id"),
        (botocore_errors.PartialCredentialsError(provider="env", cred_var="x"), "set aws_access"),
        (botocore_errors.ProfileNotFound(profile="x"), "check aws_profile"),
        (botocore_errors.CredentialRetrievalError(provider="x", error_msg="a\nb"), "by hand"),
        (botocore_errors.SSOTokenLoadError(error_msg="x"), "aws sso login"),
        (botocore_errors.UnauthorizedSSOTokenError(), "aws sso login"),
        (botocore_errors.TokenRetrievalError(provider="sso", error_msg="x"), "aws sso login"),
        (botocore_errors.NoRegionError(), "set aws_regions"),
        (botocore_errors.SSLError(**CONNECTION), "AWS_CA_BUNDLE"),
        (botocore_errors.ProxyConnectionError(proxy_url="http://x", error=""), "HTTPS_PROXY"),
        (botocore_errors.EndpointConnectionError(**CONNECTION), "check aws_endpoint_url"),
        (botocore_errors.ConnectTimeoutError(**CONNECTION), "check aws_endpoint_url"),
        (botocore_errors.ReadTimeoutError(**CONNECTION), "check aws_endpoint_url"),
        (botocore_errors.ConnectionClosedError(**CONNECTION), "check aws_endpoint_url"),
    ],
)
def test_no_answer(error: BotoCoreError, remedy: str) -> None:
    kind, text = told(error)
    assert kind is AwsError
    assert text.startswith(f"{ACTION} for {WHERE} failed: ")
    assert remedy in text
    assert len(text.splitlines()) == 1


def test_an_error_without_a_remedy() -> None:
    assert describe(ValueError("One\n  line.")) == "One line"


@given(
    st.text(max_size=30),
    st.text(st.characters() | st.sampled_from("\n\r\x85\u2028"), max_size=30),
    st.sampled_from([200, 400, 403, 500, 501]),
)
def test_always_one_line(code: str, message: str, status: int) -> None:
    _, text = told(refusal(code, message, status))
    assert len(text.splitlines()) == 1


def test_a_setting_is_named() -> None:
    assert str(SettingError("aws_profile", "no")) == "Setting 'aws_profile': no"


def test_what_aws_says_is_cut_and_printable() -> None:
    message = "\x1b[31mred\x00\u202e" + "x" * 1_000_000
    _, text = told(refusal("InvalidInputException", message))
    assert text.isprintable()
    assert len(text) < 1000
    assert text.endswith("xxx...")


def test_a_password_is_left_out_before_the_text_is_cut() -> None:
    url = "https://reader:" + "sesame" * 200 + "@db.example.com/"
    _, text = told(refusal("InvalidInputException", f"Cannot reach {url}"))
    assert "sesame" not in text


def test_what_sts_quotes_of_a_request_is_not_told() -> None:
    message = "1 validation error detected: Value 'sesame' at 'externalId' failed to satisfy"
    kind, text = told(refusal("ValidationError", message))
    assert kind is AwsError
    assert "external id" in text
    assert "sesame" not in text


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_many_open_files(number: int) -> None:
    cause = OSError(number, os.strerror(number))
    error = botocore_errors.EndpointConnectionError(endpoint_url="https://x", error=cause)
    error.__context__ = NewConnectionError(Mock(), f"Failed to establish: {cause}")
    error.__context__.__cause__ = cause
    kind, text = told(error)
    assert kind is AwsError
    assert text.endswith(
        "failed: too many open files; raise the limit (`ulimit -n`), or lower concurrency"
    )


def test_a_header_that_python_quotes_is_not_told() -> None:
    error = botocore_errors.HTTPClientError(error=ValueError("Invalid header value b'sesame\\n'"))
    _, text = told(error)
    assert "sesame" not in text
