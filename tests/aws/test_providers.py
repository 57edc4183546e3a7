"""Every provider of boto3's default chain and of profiles leads to Glue."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ACCOUNT, call, catalog_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import RunTap
    from fake_aws import FakeAws

KEY = "from-provider"
LATER = (datetime.now(timezone.utc) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
KEYS = {"AccessKeyId": KEY, "SecretAccessKey": "testing", "SessionToken": "t", "Expiration": LATER}
WEB_IDENTITY = f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{KEY}</AccessKeyId>
<SecretAccessKey>testing</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>{LATER}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


class Provider(ThreadingHTTPServer):
    """Answers a path with a body, like the metadata service of a machine."""

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def answer(self) -> None:
        body = self.server.answers.get(self.path.partition("?")[0])
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(404 if body is None else 200)
        data = (body or "").encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider({}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", endpoint.url)
    endpoint.know(KEY, "t")
    endpoint.store().add("GetJobs", {"Name": "nightly"})


def check(endpoint: FakeAws, **settings: Any) -> None:
    """Read the jobs with what the provider gave."""
    known = {"aws_regions": ["us-east-1"], "aws_account_id": ACCOUNT}
    (scope,) = opened(known, **settings)
    assert call(scope) == {"Jobs": [{"Name": "nightly"}]}
    assert {call.access_key for call in endpoint.calls} == {KEY}


def test_credential_process_of_a_profile(endpoint: FakeAws) -> None:
    script = f"import json; print(json.dumps({ {'Version': 1, **KEYS} }))"
    path = Path(os.environ["AWS_CONFIG_FILE"])
    program = path.with_name("process.py")
    program.write_text(script, encoding="utf-8")
    path.write_text(
        f"[profile p]\ncredential_process = {sys.executable} {program}\n", encoding="utf-8"
    )
    check(endpoint, aws_profile="p")


def test_sso_profile(provider: Provider, run_tap: RunTap, tmp_path: Path) -> None:
    url = "https://example.awsapps.com/start"
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"startUrl": url, "region": "us-east-1", "accessToken": "t", "expiresAt": LATER}
    name = hashlib.sha1(url.encode()).hexdigest()  # noqa: S324 - the name that AWS's tools give it
    (cache / f"{name}.json").write_text(json.dumps(token), encoding="utf-8")
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile p]\nsso_start_url = {url}\nsso_region = us-east-1\n"
        f"sso_account_id = {ACCOUNT}\nsso_role_name = reader\n",
        encoding="utf-8",
    )
    ends = int(datetime.fromisoformat(LATER.replace("Z", "+00:00")).timestamp() * 1000)
    role = {"accessKeyId": KEY, "secretAccessKey": "testing", "sessionToken": "t"}
    answer = {"roleCredentials": {**role, "expiration": ends}}
    provider.answers["/federation/credentials"] = json.dumps(answer)
    run = run_tap(
        {"aws_profile": "p", "aws_regions": ["us-east-1"], "aws_account_id": ACCOUNT},
        catalog=catalog_of("jobs"),
        env={"HOME": str(tmp_path), "AWS_ENDPOINT_URL_SSO": provider.url},
    )
    assert run.code == 0, run.stderr
    assert [job["name"] for job in run.records("jobs")] == ["nightly"]


def test_web_identity(
    endpoint: FakeAws, provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("an identity", encoding="utf-8")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", f"arn:aws:iam::{ACCOUNT}:role/reader")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", provider.url)
    provider.answers["/"] = WEB_IDENTITY
    check(endpoint)


def test_container(endpoint: FakeAws, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{provider.url}/container")
    provider.answers["/container"] = json.dumps({**KEYS, "Token": "t"})
    check(endpoint)


def test_instance(endpoint: FakeAws, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", provider.url)
    path = "/latest/meta-data/iam/security-credentials/"
    provider.answers |= {
        "/latest/api/token": "a token",
        path: "reader",
        f"{path}reader": json.dumps({"Code": "Success", "Token": "t", **KEYS}),
    }
    check(endpoint)
