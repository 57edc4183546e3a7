from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import secrets
import socket
import ssl
import sys
import time
import traceback
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
import requests
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from conftest import ACCOUNT
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fake_vault import FakeVault
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from tap_glue_metadata.aws import vault as vault_module
from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.aws.secret_stores import Keys, open_store
from tap_glue_metadata.aws.session import AwsSession
from tap_glue_metadata.settings import Settings, VaultSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Json

    from tap_glue_metadata.aws.secret_stores import Read

REGION, ELSEWHERE = "us-east-1", "eu-west-1"
# No canary may be told: "sesame" is in all that is secret here, and "hvs." in Vault's tokens.
CANARY = re.compile(r"sesame|hvs\.")
PAIR = {"aws_access_key_id": "AKIAsesame1", "aws_secret_access_key": "sesame2"}
KEYS = Keys("AKIAsesame1", "sesame2")
KEYS_OF_A_ROLE = Keys("AKIAsesame1", "sesame2", "sesame3")
SOON = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_vault_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("VAULT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "botocore.hooks")  # names of events, by the hundred
    yield
    formatter = logging.Formatter()
    for record in caplog.get_records("call"):
        assert not CANARY.search(formatter.format(record))


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep from the log what a test stores."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def opened(uri: str, **settings: Any) -> Read:
    """Open a store with the settings given."""
    given = Settings.from_config({"aws_max_attempts": 1, **settings})
    return open_store(uri, given, AwsSession(given), REGION)


class Aws:
    """Opens stores on moto, and fills them."""

    def __init__(self, url: str | None, patch: pytest.MonkeyPatch) -> None:
        self.url, self._patch = url, patch

    def open(self, uri: str) -> Read:
        return opened(uri, aws_endpoint_url=self.url)

    def read(self, uri: str) -> Keys:
        return self.open(uri)()

    def call(self, service: str, operation: str, region: str = REGION, **params: Any) -> Any:
        client = Session().create_client(service, region, endpoint_url=self.url)
        with unlogged(), closing(client):
            return getattr(client, operation)(**params)

    def secret(self, name: str, content: Any = PAIR, region: str = REGION) -> str:
        """Store a secret, and return its ARN."""
        kind = "SecretBinary" if isinstance(content, bytes) else "SecretString"
        text = content if isinstance(content, (bytes, str)) else json.dumps(content)
        params = {"Name": name, kind: text}
        return str(self.call("secretsmanager", "create_secret", region, **params)["ARN"])

    def parameter(self, name: str, kind: str = "SecureString", region: str = REGION) -> None:
        value = json.dumps(PAIR)
        self.call("ssm", "put_parameter", region, Name=name, Value=value, Type=kind)

    def answer(self, status: int, body: bytes) -> None:
        """Have all calls answered with this, as if AWS had sent it."""

        def send(_: Any, request: Any) -> Any:
            return AWSResponse(request.url, status, HTTPHeaders(), io.BytesIO(body))

        self._patch.setattr(URLLib3Session, "send", send)

    def fail(self, code: str, message: str = "", status: int = 400) -> None:
        self.answer(status, json.dumps({"__type": code, "Message": message}).encode())


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    return Aws(moto, monkeypatch)


@pytest.fixture
def name() -> str:
    """Give each test a name of its own, for moto's secrets outlive it."""
    return f"reader-{secrets.token_hex(8)}"


def failing(call: Callable[[], Any]) -> str:
    """Return the one line that a call fails with, sure that no traceback would tell a secret."""
    with pytest.raises(SettingError) as caught:
        call()
    told = "".join(traceback.format_exception(caught.value))
    assert not CANARY.search(told)
    assert "\n" not in str(caught.value)
    prefix = "Setting 'aws_credentials_uri': "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


# The URI


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("", "it is not a URI; give one such as aws-secretsmanager://NAME-OR-ARN, aws-ssm://"),
        ("sesame", "it is not a URI"),
        ("vault:secret/sesame", "it is not a URI"),
        ("AKIA:sesame", "it is not a URI"),
        ("gcp://name", "no store has the scheme 'gcp'; known are aws-secretsmanager, aws-ssm, v"),
        ("://name", "no store has the scheme ''; known are"),
        ("aws-ssm://", "it names no secret; give a URI such as"),
        ("aws-secretsmanager:///", "it names no secret"),
        ("vault://?region=eu-west-1", "it names no secret"),
        ("aws-ssm://a%ff", "it is malformed behind aws-ssm://; give a URI such as"),
        ("aws-ssm://a?eu-west-1", "it is malformed behind aws-ssm://"),
        ("aws-ssm://a?region=", r"behind the name, aws-ssm:// takes \?region=.. \(write %3F"),
        ("aws-ssm://a?region=eu-west-1&region=eu-west-1", r"takes \?region=\.\."),
        ("aws-ssm://a?regoin=eu-west-1", r"takes \?region=\.\."),
        ("vault://secret/a?region=eu-west-1", "behind the name, vault:// takes nothing"),
    ],
)
def test_malformed_uri(uri: str, problem: str) -> None:
    told = failing(lambda: opened(uri))
    assert re.search(problem, told)


@given(st.text() | st.from_regex(r"\A(aws-ssm|aws-secretsmanager|vault)://\S*\Z"))
def test_any_text_is_refused_or_opens_a_store(uri: str) -> None:
    settings = Settings(vault=VaultSettings(address="https://vault", token="t"))  # noqa: S106 - a test's own
    with suppress(SettingError):
        assert callable(open_store(uri, settings, AwsSession(settings), REGION))


def test_representations_show_no_secret() -> None:
    keys = Keys("AKIAsesame", "sesame", "sesame", SOON)
    store = opened("vault://secret/a", vault_address="https://vault", vault_token="sesame")  # noqa: S106 - a test's own
    assert not CANARY.search(f"{keys!r} {keys} {store!r} {store}")
    assert "expires_at" in repr(keys)


# What a secret holds


@pytest.mark.parametrize(
    "content",
    [
        PAIR,
        {"AccessKeyId": "AKIAsesame1", "SecretAccessKey": "sesame2"},
        {"accessKeyId": "AKIAsesame1", "secretAccessKey": "sesame2", "sessionToken": ""},
        {"access_key": "AKIAsesame1", "secret_key": "sesame2", "security_token": None},
        {"AWS_ACCESS_KEY_ID": "AKIAsesame1", "AWS_SECRET_ACCESS_KEY": "sesame2", "user": ["a"]},
        {"aws_access_key_id": " AKIAsesame1\n", "aws_secret_access_key": "sesame2\n"},
        {**PAIR, "access_key": "", "secret_key": "other", "Expiration": None},
    ],
)
def test_spellings_of_the_pair(aws: Aws, name: str, content: Json) -> None:
    aws.secret(name, content)
    assert aws.read(f"aws-secretsmanager://{name}") == KEYS


@pytest.mark.parametrize(
    "spelling",
    ["aws_session_token", "SessionToken", "session_token", "security_token", "TOKEN"],
)
def test_spellings_of_the_token(aws: Aws, name: str, spelling: str) -> None:
    aws.secret(name, {**PAIR, spelling: "sesame3"})
    assert aws.read(f"aws-secretsmanager://{name}") == KEYS_OF_A_ROLE


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("Expiration", f"{SOON:%Y-%m-%dT%H:%M:%SZ}"),
        ("expiration", SOON.isoformat()),
        ("expires_at", SOON.astimezone(timezone(timedelta(hours=-5))).isoformat()),
        ("ExpiresAt", f"{SOON:%Y-%m-%dT%H:%M:%S}"),
        ("EXPIRATION", f"{SOON:%Y-%m-%d %H:%M:%S}.000000001Z"),
    ],
    # Without a time in them, so that they are the same in every process.
    ids=["utc", "offset", "other offset", "no offset", "nanoseconds"],
)
def test_expiration(aws: Aws, name: str, spelling: str, text: str) -> None:
    aws.secret(name, {**PAIR, spelling: text})
    expires_at = aws.read(f"aws-secretsmanager://{name}").expires_at
    assert expires_at == SOON
    assert expires_at.tzinfo


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not a JSON object; store {.*} in it"),
        ("AKIAsesame1:sesame2", "is not a JSON object"),
        ('{"aws_access_key_id": "AKIAsesame1", "aws_secret_acc', "is not a JSON object"),
        (["AKIAsesame1", "sesame2"], "is not a JSON object"),
        ('"sesame"', "is not a JSON object"),
        ("null", "is not a JSON object"),
        (b"\xff\x00sesame", "is not a JSON object"),
        ({}, "has no aws_access_key_id and no aws_secret_access_key; store {.*} in it"),
        ({"aws_access_key_id": "AKIAsesame1"}, "has no aws_secret_access_key;"),
        ({"secret_key": "sesame2", "sesame3": "AKIA"}, "has no aws_access_key_id;"),
        ({**PAIR, "aws_secret_access_key": " "}, "has no aws_secret_access_key;"),
        (
            {**PAIR, "aws_access_key_id": {"sesame": 1}},
            "has an aws_access_key_id that is not a text",
        ),
        ({**PAIR, "token": ["sesame"]}, "has an aws_session_token that is not a text"),
        ({**PAIR, "expiration": 1893456000}, "has an expiration that is not a text"),
        ({**PAIR, "expiration": "sesame"}, "not a time such as 2030-01-31T12:00:00Z"),
        ({**PAIR, "expiration": "2020-01-31T12:00:00Z"}, "expired at 2020-01-31 12:.*store new"),
    ],
)
def test_secret_without_usable_keys(aws: Aws, name: str, content: Any, problem: str) -> None:
    if content == "":  # which moto does not take
        aws.answer(200, b'{"SecretString": ""}')
    else:
        aws.secret(name, content)
    told = failing(lambda: aws.read(f"aws-secretsmanager://{name}"))
    assert re.match(f"secret '{name}' in {REGION} .*{problem}", told)


# AWS Secrets Manager


@pytest.mark.parametrize(
    ("secret", "quoted"),
    [
        ("plain", "plain"),
        ("team/glue/reader", "team/glue/reader"),
        ("/_+=.@-", "/_+=.@-"),
        ("/_+=.@-!", "%2F_%2b%3D.%40-%21"),
    ],
)
def test_names_of_secrets(aws: Aws, secret: str, quoted: str) -> None:
    aws.secret(secret)
    assert aws.read(f"aws-secretsmanager://{quoted}") == KEYS


def test_scheme_in_capitals(aws: Aws, name: str) -> None:
    aws.secret(name)
    assert aws.read(f"AWS-SecretsManager://{name}") == KEYS


def test_binary_secret(aws: Aws, name: str) -> None:
    aws.secret(name, json.dumps(PAIR).encode())
    assert aws.read(f"aws-secretsmanager://{name}") == KEYS


def test_region_of_the_uri_goes_before_the_usual_one(aws: Aws, name: str) -> None:
    aws.secret(name, region=ELSEWHERE)
    assert aws.read(f"aws-secretsmanager://{name}?region={ELSEWHERE}") == KEYS
    assert "there is no secret" in failing(lambda: aws.read(f"aws-secretsmanager://{name}"))


def test_arn_carries_its_region(aws: Aws, name: str) -> None:
    arn = aws.secret(f"{name}/x", region=ELSEWHERE)
    assert arn.startswith(f"arn:aws:secretsmanager:{ELSEWHERE}:")
    assert aws.read(f"aws-secretsmanager://{arn}") == KEYS


def test_region_of_the_uri_goes_before_that_of_the_arn(aws: Aws, name: str) -> None:
    arn = aws.secret(name, region=ELSEWHERE)
    told = failing(lambda: aws.read(f"aws-secretsmanager://{arn}?region=eu-north-1"))
    assert f"there is no secret '{arn}' in eu-north-1; check the name" in told


def test_each_reading_sees_the_secret_as_it_is(aws: Aws, name: str) -> None:
    aws.secret(name)
    read = aws.open(f"aws-secretsmanager://{name}")
    assert read() == KEYS
    rotated = json.dumps({**PAIR, "aws_secret_access_key": "sesame9"})
    aws.call("secretsmanager", "put_secret_value", SecretId=name, SecretString=rotated)
    assert read() == Keys("AKIAsesame1", "sesame9")


def test_deleted_secret(aws: Aws, name: str) -> None:
    aws.secret(name)
    aws.call("secretsmanager", "delete_secret", SecretId=name)
    told = failing(lambda: aws.read(f"aws-secretsmanager://{name}"))
    assert re.search(
        r"GetSecretValue .*InvalidRequestException.*marked (for deletion|deleted)", told
    )


# AWS Systems Manager


@pytest.mark.parametrize(
    ("parameter", "uri"),
    [
        ("/glue/reader", "aws-ssm:///glue/reader"),
        ("/glue/a_b-c.d", "aws-ssm://%2Fglue%2Fa_b-c.d"),
        ("glue-reader", "aws-ssm://glue-reader"),
    ],
)
@pytest.mark.parametrize("kind", ["SecureString", "String"])
def test_names_of_parameters(aws: Aws, parameter: str, uri: str, kind: str) -> None:
    with suppress(ClientError):  # which another test has not made
        aws.call("ssm", "delete_parameter", Name=parameter)
    aws.parameter(parameter, kind)
    assert aws.read(uri) == KEYS


def test_regions_of_parameters(aws: Aws) -> None:
    aws.parameter("/elsewhere", region=ELSEWHERE)
    assert aws.read(f"aws-ssm:///elsewhere?region={ELSEWHERE}") == KEYS
    assert aws.read(f"aws-ssm://arn:aws:ssm:{ELSEWHERE}:{ACCOUNT}:parameter/elsewhere") == KEYS
    told = failing(lambda: aws.read("aws-ssm:///elsewhere"))
    assert told.startswith("there is no parameter '/elsewhere' in us-east-1; check the name, the ")


# What AWS refuses


DENIED = (
    r"ACTION for \w+ 'a/b' in us-east-1 is denied \(AccessDeniedException\): grant it to the "
    r"credentials that read the .*, and kms:Decrypt where .* encrypts it$"
)
GET_SECRET = ("aws-secretsmanager://a/b", "secretsmanager:GetSecretValue")
GET_PARAMETER = ("aws-ssm://a/b", "ssm:GetParameter")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("ResourceNotFoundException", "there is no (secret|parameter) 'a/b' in us-east-1; check"),
        ("ParameterNotFound", "there is no"),
        ("ParameterVersionNotFound", "there is no"),
        ("AccessDeniedException", DENIED),
        ("DecryptionFailure", "cannot be decrypted .*: grant kms:Decrypt on its KMS key"),
        ("InvalidKeyId", "cannot be decrypted .*: grant kms:Decrypt on its KMS key"),
        ("ExpiredTokenException", "AWS refuses the credentials .*fetch new temporary credentials"),
        ("UnrecognizedClientException", "AWS refuses the credentials"),
        ("ThrottlingException", "ACTION for .* was throttled"),
        ("ValidationException", r"ACTION for .* failed \(ValidationException\): User"),
    ],
)
@pytest.mark.parametrize(("uri", "action"), [GET_SECRET, GET_PARAMETER])
def test_refusals_of_aws(aws: Aws, uri: str, action: str, code: str, problem: str) -> None:
    aws.fail(code, "User: x is\n not authorized")
    assert re.search(problem.replace("ACTION", action), failing(lambda: aws.read(uri)))


def test_refusal_that_quotes_the_request(aws: Aws) -> None:
    quoted = "The Canonical String should have been\n'x-amz-security-token:hvs.quoted'"
    aws.fail("SignatureDoesNotMatch", quoted, status=403)
    told = failing(lambda: aws.read("aws-secretsmanager://a"))
    assert "AWS refuses the credentials (SignatureDoesNotMatch): check" in told


@pytest.mark.parametrize("body", [b"<html>sesame</html>", b'{"SecretString": "ses', b"[]", b""])
def test_answer_that_is_not_of_aws(aws: Aws, body: bytes) -> None:
    aws.answer(200, body)
    assert "is not a JSON object" in failing(lambda: aws.read("aws-secretsmanager://a"))
    assert "is not a JSON object" in failing(lambda: aws.read("aws-ssm://a"))


def test_no_credentials(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    told = failing(lambda: aws.read("aws-secretsmanager://a"))
    assert "Unable to locate credentials; set aws_access_key_id" in told


def test_unreachable_aws() -> None:
    told = failing(opened("aws-ssm://a", aws_endpoint_url=closed_port()))
    assert re.search("ssm:GetParameter .*Could not connect.*check aws_endpoint_url", told)


@pytest.mark.parametrize("region", ["eu west", "eu/west", "x.example.com/"])
def test_malformed_region(aws: Aws, region: str) -> None:
    told = failing(lambda: aws.read(f"aws-ssm://a?region={region}"))
    assert re.search("ssm:GetParameter for parameter 'a' .* failed: ", told)


def test_plain_http_to_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://10.0.0.1")
    told = failing(opened("aws-secretsmanager://a"))
    assert re.search("http://10.0.0.1 .* would send credentials in the clear; use https", told)


def test_malformed_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "nonsense")
    assert "Invalid endpoint: nonsense" in failing(opened("aws-secretsmanager://a"))


@pytest.mark.parametrize("uri", ["aws-ssm://nothing", "aws-secretsmanager://nothing", "vault://x"])
def test_no_connection_is_left_open(
    aws: Aws, vault: FakeVault, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Mock()
    monkeypatch.setattr(BaseClient, "close", closed)
    monkeypatch.setattr(requests.Session, "close", closed)
    settings = {"vault_address": vault.url, "vault_token": vault.token()}
    failing(opened(uri, aws_endpoint_url=aws.url, **settings))
    closed.assert_called_once_with()


def test_opening_makes_no_call() -> None:
    settings = {"vault_address": closed_port(), "vault_role_id": "r"}
    for uri in ("aws-ssm://a", "aws-secretsmanager://a", "vault://a/b"):
        opened(uri, aws_endpoint_url=closed_port(), **settings)


# HashiCorp Vault


def closed_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as vault:
        vault.mount("secret")
        vault.write("secret/data/glue/reader", PAIR)
        yield vault


class Client:
    """Opens stores on a fake Vault, with a token of it or another login."""

    def __init__(self, vault: FakeVault) -> None:
        self.vault = vault

    def open(self, path: str, **settings: Any) -> Read:
        given = {"vault_address": self.vault.url, **settings}
        if not given.keys() & {"vault_token", "vault_role_id", "vault_kubernetes_role"}:
            given["vault_token"] = self.vault.token()
        typed = Settings.from_config(given)
        return open_store(f"vault://{path}", typed, AwsSession(typed), REGION)

    def read(self, path: str, **settings: Any) -> Keys:
        return self.open(path, **settings)()

    def fail(self, settings: Json | None = None, path: str = "secret/glue/reader") -> str:
        return failing(lambda: self.read(path, **(settings or {})))


@pytest.fixture
def client(vault: FakeVault) -> Client:
    return Client(vault)


ROLE = {"vault_role_id": "reader", "vault_secret_id": "sesame"}
APPROLE = {"role_id": "reader", "secret_id": "sesame"}
PATH = "secret/glue/reader"


@pytest.mark.parametrize(
    "path",
    ["secret/glue/reader", "/secret/glue/reader/", "secret%2Fglue/reader", "secret//glue/reader"],
)
def test_version_2_of_kv(client: Client, vault: FakeVault, path: str) -> None:
    assert client.read(path) == KEYS
    assert vault.paths()[-1] == "secret/data/glue/reader"


def test_version_1_of_kv(client: Client, vault: FakeVault) -> None:
    vault.mount("team/kv", "kv1")
    vault.write("team/kv/data/glue", {**PAIR, "ttl": "1h"})
    assert client.read("team/kv/data/glue") == KEYS  # its duration is no lease
    assert vault.paths() == ["sys/internal/ui/mounts/team/kv/data/glue", "team/kv/data/glue"]


@pytest.mark.parametrize("mount", ["secret2", "team/data", "a b"])
def test_other_mounts(client: Client, vault: FakeVault, mount: str) -> None:
    vault.mount(mount)
    vault.write(f"{mount}/data/x", PAIR)
    assert client.read(f"{mount}/x") == KEYS


@pytest.mark.parametrize("name", ["a b", "50%", "a#b", "a?b", "ü", "%41", "a;b=c"])
def test_any_name_gets_through(client: Client, vault: FakeVault, name: str) -> None:
    vault.write(f"secret/data/{name}", PAIR)
    quoted = name.replace("%", "%25").replace("?", "%3F")
    assert client.read(f"secret/{quoted}") == KEYS
    assert vault.paths() == [f"sys/internal/ui/mounts/secret/{name}", f"secret/data/{name}"]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("version", ["kv1", "kv2"])
def test_path_of_the_api_where_the_mount_is_not_told(
    client: Client, vault: FakeVault, status: int, version: str
) -> None:
    vault.preflight = status
    vault.mount("secret", version)
    assert client.read("secret/data/glue/reader") == KEYS


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("namespace", ["team", "org/team"])
def test_namespaces(
    client: Client,
    vault: FakeVault,
    namespace: str,
    full: bool,  # noqa: FBT001 - pytest passes by name
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vault.full_mounts = full
    vault.mount("kv", namespace=namespace)
    vault.write("kv/data/x", PAIR, namespace=namespace)
    token = vault.token(namespace=namespace)
    monkeypatch.setenv("VAULT_NAMESPACE", "other")
    assert client.read("kv/x", vault_token=token, vault_namespace=namespace) == KEYS
    monkeypatch.setenv("VAULT_NAMESPACE", namespace)
    assert client.read("kv/x", vault_token=token) == KEYS
    told = client.fail({"vault_token": token, "vault_namespace": "other"}, "kv/x")
    assert "refuses the token" in told


def lease(vault: FakeVault, seconds: int = 600, **more: Any) -> str:
    vault.mount("aws", "aws")
    keys = {"access_key": "AKIAsesame1", "secret_key": "sesame2", "security_token": None, **more}
    vault.lease("aws/creds/reader", lambda: keys, seconds)
    return "aws/creds/reader"


def seconds_left(keys: Keys) -> float:
    assert keys.expires_at
    return (keys.expires_at - datetime.now(timezone.utc)).total_seconds()


def test_leased_keys_of_a_user(client: Client, vault: FakeVault) -> None:
    keys = client.read(lease(vault))
    assert replace(keys, expires_at=None) == KEYS
    assert 590 < seconds_left(keys) <= 600


@pytest.mark.parametrize("name", ["security_token", "session_token"])
def test_leased_keys_of_a_role(client: Client, vault: FakeVault, name: str) -> None:
    vault.mount("aws", "aws")
    keys = {"access_key": "AKIAsesame1", "secret_key": "sesame2", name: "sesame3"}
    vault.lease("aws/sts/reader", lambda: keys, 3600)
    read = client.read("aws/sts/reader")
    assert replace(read, expires_at=None) == KEYS_OF_A_ROLE
    assert 3590 < seconds_left(read) <= 3600


def test_leased_keys_die_with_the_token(client: Client, vault: FakeVault) -> None:
    vault.login("approle", APPROLE, seconds=60)
    assert 50 < seconds_left(client.read(lease(vault, 600), **ROLE)) <= 60


def test_keys_are_leased_with_a_young_token(
    client: Client, vault: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.login("approle", APPROLE, seconds=600)
    read = client.open(lease(vault, 600), **ROLE)
    read()
    for minutes, logins in ((4, 1), (6, 2)):
        clock = Mock(time=Mock(return_value=time.time() + minutes * 60))
        with monkeypatch.context() as patch:
            patch.setattr(vault_module, "time", clock)
            left = seconds_left(read()) - minutes * 60
        assert len(vault.paths("POST")) == logins
    assert 590 < left <= 600


def test_role_without_a_lease_of_its_own(client: Client, vault: FakeVault) -> None:
    assert client.read(lease(vault, 0)) == KEYS


# Logins


def test_token_of_the_environment(
    client: Client, vault: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", vault.url)
    monkeypatch.setenv("VAULT_TOKEN", f"{vault.token()}\n")
    assert opened(f"vault://{PATH}")() == KEYS
    monkeypatch.setenv("VAULT_TOKEN", "hvs.other")
    monkeypatch.setenv("VAULT_ADDR", "https://10.0.0.1")
    assert client.read(PATH) == KEYS  # the settings go first


def test_token_that_the_command_line_left(vault: FakeVault, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(vault.token(), encoding="utf-8")
    settings = {"vault_address": vault.url}
    assert opened(f"vault://{PATH}", **settings)() == KEYS


def test_approle(client: Client, vault: FakeVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "hvs.other")  # a setting goes first
    vault.login("approle", APPROLE, "secret/data/glue/*")
    read = client.open(PATH, **ROLE)
    assert read() == read() == KEYS
    (login,) = (call for call in vault.calls if call.method == "POST")
    assert login.headers["X-Vault-Token"] is None
    assert login.headers["X-Vault-Request"] == "true"


def test_approle_elsewhere_and_without_a_secret_id(client: Client, vault: FakeVault) -> None:
    vault.mount("kv", namespace="team")
    vault.write("kv/data/x", PAIR, namespace="team")
    vault.login("ci/roles", {"role_id": "reader"}, namespace="team")
    settings = {"vault_role_id": "reader", "vault_auth_mount": "ci/roles"}
    assert client.read("kv/x", vault_namespace="team", **settings) == KEYS


def test_kubernetes(
    client: Client, vault: FakeVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    monkeypatch.setattr(vault_module, "_SERVICE_ACCOUNT", str(file))
    read = client.open(PATH, vault_kubernetes_role="tap")
    for jwt in ("sesame.1", "sesame.2"):  # Kubernetes renews it
        file.write_text(f"{jwt}\n", encoding="utf-8")
        vault.login("kubernetes", {"role": "tap", "jwt": jwt})
        vault.expire()
        assert read() == KEYS
    assert len(vault.paths("POST")) == 2


def test_kubernetes_elsewhere(client: Client, vault: FakeVault, tmp_path: Path) -> None:
    file = tmp_path / "jwt"
    file.write_text("sesame", encoding="utf-8")
    vault.login("eks", {"role": "tap", "jwt": "sesame"})
    settings = {"vault_kubernetes_role": "tap", "vault_auth_mount": "eks"}
    assert client.read(PATH, vault_kubernetes_token_file=str(file), **settings) == KEYS


def test_token_of_the_settings_goes_before_other_logins(client: Client, vault: FakeVault) -> None:
    assert client.read(PATH, vault_token=vault.token(), vault_kubernetes_role="x", **ROLE) == KEYS
    assert not vault.paths("POST")


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_login_anew_once_the_token_is_used_up(client: Client, vault: FakeVault, uses: int) -> None:
    vault.login("approle", APPROLE)
    read = client.open(PATH, **ROLE)
    assert read() == KEYS
    (token,) = vault.tokens.values()
    token.uses = uses
    assert read() == KEYS
    assert read() == KEYS
    logins = [call for call in vault.calls if call.method == "POST"]
    assert [login.headers["X-Vault-Token"] for login in logins] == [None, None]


def test_login_anew_is_tried_once(client: Client, vault: FakeVault) -> None:
    vault.login("approle", APPROLE, "secret/data/other")
    read = client.open(PATH, **ROLE)
    assert "denies" in failing(read)
    assert len(vault.paths("POST")) == 1  # the token was new
    assert "denies" in failing(read)
    assert len(vault.paths("POST")) == 2


def test_secret_id_that_may_be_used_once(client: Client, vault: FakeVault) -> None:
    vault.login("approle", APPROLE, uses=1)
    read = client.open(PATH, **ROLE)
    assert read() == read() == KEYS
    vault.expire()
    assert "vault_secret_id (which may be used up)" in failing(read)


# What Vault refuses


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"vault_role_id": "other"},
            "Vault refuses the login (status 400); check vault_role_id, v",
        ),
        ({**ROLE, "vault_secret_id": "sesame9"}, "(status 400); check vault_role_id, vault_secret"),
        ({"vault_role_id": "reader"}, "(status 400); check vault_role_id, vault_secret_id"),
        ({**ROLE, "vault_auth_mount": "x"}, "(status 403)"),
        ({**ROLE, "vault_namespace": "x"}, "vault_auth_mount and vault_namespace"),
    ],
)
def test_bad_approle(client: Client, vault: FakeVault, settings: Json, problem: str) -> None:
    vault.login("approle", APPROLE)
    assert problem in client.fail(settings)


def test_bad_kubernetes(client: Client, vault: FakeVault, tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = {"vault_kubernetes_role": "tap", "vault_kubernetes_token_file": str(file)}
    missing = f"{file} holds no token of a service account; check vault_kubernetes_token_file"
    assert client.fail(settings) == missing
    for nothing in (b" \n", b"\xff"):
        file.write_bytes(nothing)
        assert client.fail(settings) == missing
    file.write_text("sesame", encoding="utf-8")
    vault.login("kubernetes", {"role": "tap", "jwt": "other"})
    told = client.fail(settings)
    assert "Vault refuses the login (status 403); check vault_kubernetes_role (with" in told


@pytest.mark.parametrize("default_policy", [False, True])
def test_token_that_is_not_good(
    client: Client,
    vault: FakeVault,
    default_policy: bool,  # noqa: FBT001 - pytest passes by name
) -> None:
    token = vault.token(default_policy=default_policy)
    vault.expire()
    for bad in (token, "hvs.never"):
        told = client.fail({"vault_token": bad})
        assert re.search(r"refuses the token: it has expired .*'secret/glue/reader'", told)
        assert "give a new one in vault_token (or VAULT_TOKEN)" in told
    assert len(vault.calls) == 6  # no login could help


def test_permission_denied(client: Client, vault: FakeVault) -> None:
    token = vault.token("secret/data/other")
    told = client.fail({"vault_token": token})
    assert "denies 'secret/data/glue/reader': grant `read` on it to the login" in told
    token = vault.token("kv/*")
    assert "denies 'secret/glue/reader'" in client.fail({"vault_token": token})


@pytest.mark.parametrize("path", ["secret/nothing", "secret", "secret/data/glue/reader"])
def test_nothing_there(client: Client, path: str) -> None:
    told = client.fail(path=path)
    at = path.replace("secret", "secret/data", 1)
    assert f"holds nothing at '{at}', or it is deleted; check vault_namespace" in told
    assert "that of `vault kv get`" in told


def test_deleted_version(client: Client, vault: FakeVault) -> None:
    vault.write("secret/data/gone", None)
    told = client.fail(path="secret/gone")
    assert "holds nothing at 'secret/data/gone', or it is deleted; check " in told


def test_unknown_role_of_the_aws_engine(client: Client, vault: FakeVault) -> None:
    vault.mount("aws", "aws")
    told = client.fail(path="aws/creds/none")
    assert (
        "gives no keys at 'aws/creds/none' (status 400): there is no such role, or AWS refu" in told
    )


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ({"sesame": "sesame"}, "has no aws_access_key_id and no aws_secret_access_key; store"),
        ({"access_key": "AKIAsesame1"}, "has no aws_secret_access_key; store"),
        ({**PAIR, "secret_access_key": 1, "aws_secret_access_key": None}, "is not a text"),
    ],
)
def test_incomplete_secret(client: Client, vault: FakeVault, secret: Json, problem: str) -> None:
    vault.write("secret/data/a", secret)
    told = client.fail(path="secret/a")
    assert told.startswith("what Vault holds at 'secret/a' ")
    assert problem in told


@pytest.mark.parametrize("settings", [{}, ROLE])
def test_sealed(client: Client, vault: FakeVault, settings: Json) -> None:
    vault.sealed = True
    started = time.monotonic()
    told = client.fail(settings)
    assert time.monotonic() - started < 5
    assert told.startswith(f"Vault at {vault.url} is sealed, or down for maintenance; have it unse")


@pytest.mark.parametrize(
    ("status", "tries", "problem"),
    [
        (429, 1, "takes no more requests for now"),
        (500, 3, "answers with status 500; try again later, or `vault read secret/glue/reader`"),
        (501, 1, "is not initialized"),
        (502, 3, "answers with status 502"),
        (405, 1, "answers with status 405"),
    ],
)
def test_failures(client: Client, vault: FakeVault, status: int, tries: int, problem: str) -> None:
    vault.statuses = [200, *[status] * 9]  # the mount is found, the secret is not read
    assert problem in client.fail()
    assert len(vault.calls) == 1 + tries


@pytest.mark.parametrize("status", [412, 500, 503])
def test_failures_that_pass(client: Client, vault: FakeVault, status: int) -> None:
    vault.login("approle", APPROLE)
    vault.statuses = [status, 200, status, 200, status]
    assert client.read(PATH, **ROLE) == KEYS
    assert vault.paths("POST") == ["auth/approle/login"] * 2


@pytest.mark.parametrize(
    "answer", [b"<html>sesame</html>", b"[]", b"{}", b'"sesame"', b"", b'{"data": null}']
)
@pytest.mark.parametrize("settings", [{}, ROLE])
def test_answer_that_is_not_of_vault(
    client: Client, vault: FakeVault, answer: bytes, settings: Json
) -> None:
    vault.answer = answer
    assert "answers with what is not Vault's; check vault_address" in client.fail(settings)


def test_token_that_no_vault_hands_out(client: Client, vault: FakeVault) -> None:
    for token in ("", "hvs.1\n", "hvs.ü"):
        auth = {"client_token": token, "lease_duration": 0}
        vault.answer = json.dumps({"auth": auth}).encode()
        assert "answers with what is not Vault's" in client.fail(ROLE)
    assert not vault.paths("GET")


def test_unreachable_vault(client: Client) -> None:
    address = closed_port()
    told = client.fail({"vault_address": address})
    assert told == (
        f"Vault at {address} cannot be reached; check vault_address (or VAULT_ADDR) and the network"
    )


def test_vault_that_hangs(
    client: Client, vault: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vault_module._TIMEOUT == 10
    monkeypatch.setattr(vault_module, "_TIMEOUT", 0.2)
    vault.latency = 0.6
    assert "cannot be reached" in client.fail()
    assert len(vault.calls) == 1  # it may have made keys


@pytest.mark.parametrize("host", ["no-such-host.invalid", "vault.invalid"])
def test_no_such_host(client: Client, host: str) -> None:
    assert "cannot be reached" in client.fail({"vault_address": f"https://{host}:8200"})


# Settings


@pytest.mark.parametrize(
    "address",
    [
        "",
        "vault:8200",
        "ftp://vault",
        "https://",
        "https://host:port",
        "https://u:sesame@vault",
        "https://vault?token=sesame",
        "https://vault#sesame",
        "https://two words",
        "https://a..b",
        "https://-a",
    ],
)
def test_malformed_address(client: Client, address: str) -> None:
    told = client.fail({"vault_address": address})
    assert told == "set vault_address (or VAULT_ADDR) to a URL such as https://vault:8200"


@pytest.mark.parametrize("address", ["http://10.0.0.1", "http://vault:8200", "http://127.0.0.1.a"])
def test_address_in_the_clear(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = f"{address} would send secrets in the clear; use https"
    assert problem in client.fail({"vault_address": address})
    monkeypatch.setenv("VAULT_ADDR", address)
    assert problem in client.fail({"vault_address": None})


def test_address_with_a_slash(client: Client, vault: FakeVault) -> None:
    assert client.read(PATH, vault_address=f"{vault.url}/") == KEYS


def test_no_login_is_set(vault: FakeVault) -> None:
    settings = {"vault_address": vault.url, "vault_token": "", "vault_role_id": None}
    told = failing(lambda: opened(f"vault://{PATH}", **settings))
    assert told.startswith("no login for Vault is set; set vault_role_id and vault_secret_id, or ")


def test_secret_id_alone(client: Client) -> None:
    told = client.fail({**ROLE, "vault_role_id": None})
    assert told == "vault_secret_id needs vault_role_id beside it"


@pytest.mark.parametrize(
    "settings",
    [{"vault_token": "hvs.\n1"}, {"vault_token": "hvs.ü"}, {"vault_namespace": "ü"}],
)
def test_what_no_header_can_hold(client: Client, settings: Json) -> None:
    assert "holds what no header of HTTP can" in client.fail(settings)


@pytest.mark.parametrize("path", ["../x", "secret/../../x", "%2e%2e/sys/x", "secret/./x", ".."])
def test_no_path_leaves_the_api(client: Client, vault: FakeVault, path: str) -> None:
    assert "has a part `.` or `..`" in client.fail(path=path)
    login = {"vault_role_id": "reader", "vault_auth_mount": f"approle/{path}"}
    assert "vault_auth_mount, has a part `.` or `..`" in client.fail(login)
    assert not vault.calls


def test_without_hvac(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    assert client.fail() == "vault:// needs hvac; in a clone: pip install '.[vault]'"


def test_hvac_is_imported_for_vault_alone(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    aws.open("aws-ssm://a")


# The way there


def test_no_proxy_reads_what_goes_to_loopback(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", closed_port())
    monkeypatch.setenv("ALL_PROXY", closed_port())
    assert client.read(PATH) == KEYS


def test_proxy_that_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", closed_port())
    told = client.fail({"vault_address": "https://vault.invalid"})
    assert told.endswith("cannot be reached through the proxy; check HTTPS_PROXY and NO_PROXY")


def test_redirect_of_a_standby_node(client: Client, vault: FakeVault) -> None:
    with FakeVault(redirect=vault.url) as standby:
        assert client.read(PATH, vault_address=standby.url) == KEYS


@pytest.mark.parametrize("target", ["http://10.0.0.1", "http://[", "ftp://vault"])
def test_redirect_into_the_clear(client: Client, target: str) -> None:
    with FakeVault(redirect=target) as standby:
        told = client.fail({"vault_address": standby.url})
    assert told == "Vault redirects to plain http; check vault_address, and its own `api_addr`"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a private certificate authority, and a certificate of 127.0.0.1 with its key."""
    folder, now = tmp_path_factory.mktemp("tls"), datetime.now(timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("ca", "vault")]
    key_id = x509.SubjectKeyIdentifier.from_public_key(keys[0].public_key())
    certificates = []
    for index, is_authority in enumerate((True, False)):
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[index])
            .issuer_name(names[0])
            .public_key(keys[index].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if is_authority:
            usage = dict.fromkeys(
                [
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "key_agreement",
                    "data_encipherment",
                    "encipher_only",
                    "decipher_only",
                ],
                False,
            )
            builder = builder.add_extension(key_id, critical=False).add_extension(
                x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True
            )
        else:
            host = x509.IPAddress(ip_address("127.0.0.1"))
            issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
            builder = builder.add_extension(
                x509.SubjectAlternativeName([host]), critical=False
            ).add_extension(issuer, critical=False)
        certificates.append(builder.sign(keys[0], hashes.SHA256()))
    pems = [one.public_bytes(serialization.Encoding.PEM) for one in certificates]
    (folder / "ca.pem").write_bytes(pems[0])
    private = keys[1].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "vault.pem").write_bytes(private + pems[1])
    return folder / "ca.pem", folder / "vault.pem"


@pytest.fixture
def secured(authority: tuple[Path, Path]) -> Iterator[Client]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1])
    with FakeVault(tls=context) as vault:
        vault.mount("secret")
        vault.write("secret/data/glue/reader", PAIR)
        yield Client(vault)


def test_private_authority(
    secured: Client, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secured.read(PATH, vault_ca_file=str(authority[0])) == KEYS
    monkeypatch.setenv("VAULT_CACERT", str(authority[0]))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert secured.read(PATH) == KEYS


def test_folder_of_authorities(
    secured: Client, authority: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenSSL finds the file by a hash of the encoded subject, less the two bytes of its head.
    certificate = authority[0].read_bytes()
    subject = x509.load_pem_x509_certificate(certificate).subject.public_bytes()
    name = hashlib.sha1(subject[2:], usedforsecurity=False).digest()[:4][::-1].hex()
    (tmp_path / f"{name}.0").write_bytes(certificate)
    monkeypatch.setenv("VAULT_CAPATH", str(tmp_path))
    assert secured.read(PATH) == KEYS


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VAULT_SKIP_VERIFY", "true"),
        ("VAULT_SKIP_VERIFY", "1"),
        ("VAULT_CACERT", ""),
        ("VAULT_CAPATH", ""),
        ("REQUESTS_CA_BUNDLE", ""),
    ],
)
def test_untrusted_authority(
    secured: Client,
    variable: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(variable, value)
    told = secured.fail()
    assert "has a certificate that is not trusted; give the file of its authority's" in told
    assert "vault_ca_file (or VAULT_CACERT)" in told
    assert not secured.vault.calls
    assert "Retrying" not in caplog.text  # which would not help


@pytest.mark.parametrize("content", [None, b"sesame"])
def test_useless_file_of_an_authority(
    secured: Client, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_bytes(content)
    assert "vault_ca_file" in secured.fail({"vault_ca_file": str(file)})
    assert not secured.vault.calls
