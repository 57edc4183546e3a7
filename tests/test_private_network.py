"""Private networks: certificate authorities, proxies, endpoints of one's own."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import json
import os
import socket
import socketserver
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from conftest import ACCOUNT, OTHER, client_of, sync
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fake_aws import FakeAws, Role

from tap_glue_metadata.aws.errors import TapError
from tap_glue_metadata.config_schema import SETTINGS
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Json, Run, RunTap
    from typing_extensions import Self

ROLE = f"arn:aws:iam::{OTHER}:role/reader"
WAIT = 10  # seconds, for what takes none
AWS_HOSTS = ["*.us-east-1.amazonaws.com", "*.us-east-1.api.aws"]


class Proxy:
    """A forward proxy on loopback, which leads every host that it is asked for to one endpoint.

    Attributes:
        asked: What it was asked for: `HOST:PORT` of each tunnel, the URL of each plain request.
        refuse: Whether to ask for credentials of its own, and let nothing through.
    """

    def __init__(self, upstream: str) -> None:
        self.asked: list[str] = []
        self.refuse = False
        parts = urlsplit(upstream)
        self.upstream = str(parts.hostname), int(parts.port or 0)
        self._server = _ProxyServer(self)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _ProxyServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _ProxyHandler)


class _ProxyHandler(BaseHTTPRequestHandler):
    server: _ProxyServer
    timeout = WAIT

    def do_CONNECT(self) -> None:
        if self._is_refused():
            return
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(self.server.proxy.upstream, WAIT) as upstream:
            back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            back.start()
            _copy(self.connection, upstream)
            back.join(WAIT)

    def do_POST(self) -> None:
        if self._is_refused():
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        upstream = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=WAIT)
        upstream.request("POST", "/", body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name in ("Content-Type", "Content-Length"):
            self.send_header(name, str(answer.headers[name]))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    def log_message(self, *_: Any) -> None:
        pass

    def _is_refused(self) -> bool:
        self.server.proxy.asked.append(self.path)
        self.close_connection = True
        if self.server.proxy.refuse:
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return self.server.proxy.refuse


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either side may hang up at any time
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class _Authority:
    """A certificate authority that nobody trusts of itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private CA")])
        self.file = directory / "authority.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self.file.write_bytes(self._sign(self._name, self._key, constraints))

    def context(self, *hosts: str) -> ssl.SSLContext:
        """Issue a certificate for some hosts, and give what serves with it."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [_general_name(host) for host in hosts]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "endpoint")])
        file = self._directory / "endpoint.pem"
        file.write_bytes(
            self._sign(subject, key, x509.SubjectAlternativeName(names))
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> bytes:
        now = dt.datetime.now(dt.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def serve_tls(endpoint: FakeAws, context: ssl.SSLContext) -> str:
    """Let an endpoint that has been entered speak TLS from now on, and return its URL."""
    server = endpoint._server
    assert isinstance(server, socketserver.TCPServer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return endpoint.url.replace("http:", "https:")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test of this process look up what is not on this machine."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in {"127.0.0.1", "localhost"}:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not on loopback")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)


@pytest.fixture
def authority(tmp_path: Path) -> _Authority:
    return _Authority(tmp_path)


@pytest.fixture
def tls_url(endpoint: FakeAws, authority: _Authority) -> str:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    return serve_tls(endpoint, authority.context("127.0.0.1", "localhost", *AWS_HOSTS))


@pytest.fixture
def proxy(tls_url: str) -> Iterator[Proxy]:
    with Proxy(tls_url) as proxy:
        yield proxy


@pytest.fixture
def plain_proxy(endpoint: FakeAws) -> Iterator[Proxy]:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    with Proxy(endpoint.url) as proxy:
        yield proxy


@pytest.fixture
def closed() -> str:
    """A URL on loopback where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def at(url: str | None, **changes: Any) -> Json:
    settings: Json = {"aws_regions": ["us-east-1"], "aws_max_attempts": 1, **changes}
    return settings if url is None else settings | {"aws_endpoint_url": url}


def jobs(url: str | None, **changes: Any) -> list[str]:
    return [record["name"] for record in sync(at(url, **changes), "jobs").records("jobs")]


def only_error(run: Run) -> str:
    assert run.code == 1, run.stderr
    assert "Traceback" not in run.stderr
    assert not run.records("jobs")
    (line,) = run.logged("ERROR")
    return line


def write_config(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[default]\n{text}\n", encoding="utf-8")


# A private certificate authority


@pytest.mark.parametrize(
    ("account", "action"), [({}, "sts:GetCallerIdentity"), ({"aws_account_id": ACCOUNT}, "glue:")]
)
def test_an_unknown_authority_is_refused(
    endpoint: FakeAws, tls_url: str, run_tap: RunTap, account: Json, action: str
) -> None:
    line = only_error(run_tap(at(tls_url, **account)))
    assert line.startswith(action)
    assert tls_url in line
    assert "is not trusted; point AWS_CA_BUNDLE at the certificate authority" in line
    assert not endpoint.calls


def test_the_authority_of_the_environment(
    tls_url: str, authority: _Authority, run_tap: RunTap
) -> None:
    run = run_tap(at(tls_url), env={"AWS_CA_BUNDLE": str(authority.file)})
    assert run.code == 0, run.stderr
    assert [record["name"] for record in run.records("jobs")] == ["nightly"]


def test_the_authority_of_the_profile(
    endpoint: FakeAws, tls_url: str, authority: _Authority
) -> None:
    write_config(f"ca_bundle = {authority.file}")
    endpoint.roles[ROLE] = Role(OTHER)
    endpoint.store(OTHER).add("GetJobs", {"Name": "hourly"})
    assert jobs(tls_url) == ["nightly"]
    assert jobs(tls_url, aws_assume_role_arn=ROLE) == ["hourly"]


def test_a_certificate_of_another_host_is_refused(
    endpoint: FakeAws, authority: _Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve_tls(endpoint, authority.context("glue.example.com"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    with pytest.raises(TapError, match="certificate"):
        jobs(url)
    assert not endpoint.calls


def test_an_authority_that_is_missing_is_one_clear_line(
    endpoint: FakeAws, tls_url: str, run_tap: RunTap
) -> None:
    line = only_error(run_tap(at(tls_url), env={"AWS_CA_BUNDLE": "/nowhere/authority.pem"}))
    assert "AWS_CA_BUNDLE" in line
    assert not endpoint.calls


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("value", ["", " ", "false", "/nowhere/authority.pem"])
def test_an_authority_that_cannot_be_read(
    endpoint: FakeAws, tls_url: str, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(TapError, match="CA_BUNDLE"):
        jobs(tls_url)
    assert not endpoint.calls


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHTTPSVERIFY": "0"},
        {"CURL_CA_BUNDLE": ""},
        {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""},
        {"AWS_VERIFY_SSL": "false", "AWS_NO_VERIFY_SSL": "true"},
        {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "GIT_SSL_NO_VERIFY": "true"},
    ],
    ids=str,
)
def test_no_variable_switches_verification_off(
    endpoint: FakeAws, tls_url: str, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TapError, match="not trusted"):
        jobs(tls_url)
    assert not endpoint.calls


@pytest.mark.parametrize(
    "text", ["ca_bundle =", "ca_bundle = false", "verify_ssl = false", "verify = false"]
)
def test_no_profile_switches_verification_off(endpoint: FakeAws, tls_url: str, text: str) -> None:
    write_config(text)
    with pytest.raises(TapError):
        jobs(tls_url)
    assert not endpoint.calls


@pytest.mark.parametrize("name", ["verify", "aws_verify", "aws_verify_ssl", "aws_use_ssl"])
def test_no_setting_switches_verification_off(endpoint: FakeAws, tls_url: str, name: str) -> None:
    with pytest.raises(TapError, match="not trusted"):
        jobs(tls_url, **{name: False})
    assert not endpoint.calls
    declared = SETTINGS.to_dict()["properties"]
    assert not [setting for setting in declared if "verify" in setting or "ssl" in setting]


# Proxies


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_on_the_way_to_aws(
    endpoint: FakeAws,
    proxy: Proxy,
    authority: _Authority,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, proxy.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    assert jobs(None) == ["nightly"]
    assert set(proxy.asked) == {
        "sts.us-east-1.amazonaws.com:443",
        "glue.us-east-1.amazonaws.com:443",
    }
    assert {call.service for call in endpoint.calls} == {"sts", "glue"}


def test_tls_is_verified_through_a_proxy(
    endpoint: FakeAws, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(TapError, match="AWS_CA_BUNDLE"):
        jobs(None)
    assert proxy.asked
    assert not endpoint.calls


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_what_goes_to_loopback_goes_through_no_proxy(
    endpoint: FakeAws, plain_proxy: Proxy, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, plain_proxy.url)
    assert jobs(endpoint.url) == ["nightly"]
    assert not plain_proxy.asked


def test_nor_does_it_over_tls(
    proxy: Proxy, tls_url: str, authority: _Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    assert jobs(tls_url) == ["nightly"]
    assert not proxy.asked


def test_no_proxy_for_hosts_that_are_exempt(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "amazonaws.com")
    with pytest.raises(TapError, match="Could not connect"):  # it is looked up, and not on loopback
        jobs(None)
    assert not proxy.asked


@pytest.mark.parametrize("account", [{}, {"aws_account_id": ACCOUNT}])
def test_a_proxy_that_cannot_be_reached(run_tap: RunTap, closed: str, account: Json) -> None:
    secret = closed.replace("//", "//user:sesame@")
    run = run_tap(at(None, **account), env={"HTTPS_PROXY": secret, "LOGLEVEL": "DEBUG"})
    assert "check HTTPS_PROXY" in only_error(run)
    assert "sesame" not in run.stderr + run.stdout


def test_a_proxy_that_lets_nothing_through(run_tap: RunTap, proxy: Proxy) -> None:
    proxy.refuse = True
    secret = proxy.url.replace("//", "//user:sesame@")
    run = run_tap(at(None), env={"HTTPS_PROXY": secret, "LOGLEVEL": "DEBUG"})
    assert "check HTTPS_PROXY" in only_error(run)
    assert proxy.asked
    assert "sesame" not in run.stderr + run.stdout


@pytest.mark.parametrize(
    "value", ["nonsense", "user:sesame@127.0.0.1:port", "socks5://user:sesame@127.0.0.1"]
)
@pytest.mark.parametrize("account", [{}, {"aws_account_id": ACCOUNT}])
def test_a_proxy_that_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str, account: Json
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(TapError, match="PROXY") as error:
        jobs(None, **account)
    assert "sesame" not in str(error.value) + caplog.text


# Endpoints


def test_an_endpoint_for_each_service(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.roles[ROLE] = Role(OTHER)
    with FakeAws() as glue:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
        glue.store().add("GetJobs", {"Name": "nightly"})
        assert jobs(None) == ["nightly"]
        # What one endpoint issues the other does not know, and says so.
        with pytest.raises(TapError, match="AWS refuses the credentials"):
            jobs(None, aws_assume_role_arn=ROLE)
        assert {call.service for call in glue.calls} == {"glue"}
        assert {call.service for call in endpoint.calls} == {"sts"}


def test_the_endpoint_of_the_settings_goes_before_those_of_the_environment(
    endpoint: FakeAws, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_GLUE", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(variable, closed)
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    assert jobs(endpoint.url) == ["nightly"]


def test_one_endpoint_of_the_environment(
    endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    assert jobs(None) == ["nightly"]
    assert {call.service for call in endpoint.calls} == {"sts", "glue"}


def test_an_account_that_is_named_needs_no_sts(
    endpoint: FakeAws, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", closed)
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    assert jobs(None, aws_account_id=ACCOUNT) == ["nightly"]
    assert {call.service for call in endpoint.calls} == {"glue"}
    with pytest.raises(TapError, match=r"^sts:GetCallerIdentity .*set aws_account_id$"):
        jobs(None)


@pytest.mark.parametrize(
    ("region", "environment", "host"),
    [
        ("us-east-1", {}, "glue.us-east-1.amazonaws.com"),
        ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "glue-fips.us-east-1.amazonaws.com"),
        ("us-east-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "glue.us-east-1.api.aws"),
        (
            "us-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "glue-fips.us-east-1.api.aws",
        ),
        ("cn-north-1", {}, "glue.cn-north-1.amazonaws.com.cn"),
        (
            "us-gov-west-1",
            {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "glue.us-gov-west-1.api.aws",
        ),
    ],
)
def test_the_host_is_that_of_the_region_and_the_switches(
    forbid_network: list[str],
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    environment: dict[str, str],
    host: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = at(None, aws_account_id=ACCOUNT, aws_regions=[region])
    (scope,) = TapGlueMetadata(config=config).traversal.scopes
    assert client_of(scope).meta.endpoint_url == f"https://{host}"
    assert not forbid_network


@pytest.mark.parametrize(
    ("variable", "hosts"),
    [
        (
            "AWS_USE_FIPS_ENDPOINT",
            {"sts-fips.us-east-1.amazonaws.com:443", "glue-fips.us-east-1.amazonaws.com:443"},
        ),
        (
            "AWS_USE_DUALSTACK_ENDPOINT",
            {"sts.us-east-1.api.aws:443", "glue.us-east-1.api.aws:443"},
        ),
    ],
)
def test_the_switches_hold_for_every_service(
    proxy: Proxy,
    authority: _Authority,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    hosts: set[str],
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    monkeypatch.setenv(variable, "true")
    assert jobs(None) == ["nightly"]
    assert set(proxy.asked) == hosts


# Plain http


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1",
        "http://glue.us-east-1.amazonaws.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0",
        "http://[2001:db8::1]",
    ],
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_GLUE"])
def test_plain_http_is_for_loopback_only(
    forbid_network: list[str], monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(TapError, match="in the clear; use https"):
        jobs(None, aws_account_id=ACCOUNT)
    assert not forbid_network


@pytest.mark.parametrize(
    ("variable", "changes"),
    [
        ("AWS_ENDPOINT_URL_STS", {}),
        ("AWS_ENDPOINT_URL_STS", {"aws_assume_role_arn": ROLE}),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", {"aws_credentials_uri": "aws-secretsmanager://keys"}),
        ("AWS_ENDPOINT_URL_SSM", {"aws_credentials_uri": "aws-ssm://keys"}),
    ],
)
def test_no_service_is_called_in_the_clear(
    forbid_network: list[str], monkeypatch: pytest.MonkeyPatch, variable: str, changes: Json
) -> None:
    monkeypatch.setenv(variable, "http://10.0.0.1")
    with pytest.raises(TapError, match="in the clear; use https"):
        jobs(None, **changes)
    assert not forbid_network


def test_plain_http_of_a_profile(forbid_network: list[str]) -> None:
    write_config("endpoint_url = http://10.0.0.1")
    with pytest.raises(TapError, match="in the clear; use https"):
        jobs(None)
    assert not forbid_network


# Plain http to a host that the settings name

EMULATOR = "http://emulator.test:4566"


def test_plain_http_to_an_emulator_that_is_named(plain_proxy: Proxy, run_tap: RunTap) -> None:
    named = at(EMULATOR, aws_http_hosts=["Emulator.Test"])
    run = run_tap(named, env={"HTTP_PROXY": plain_proxy.url})
    assert run.code == 0, run.stderr
    assert [record["name"] for record in run.records("jobs")] == ["nightly"]
    assert set(plain_proxy.asked) == {f"{EMULATOR}/"}
    assert run.logged("WARNING") == [
        "Setting 'aws_http_hosts': what is sent to Emulator.Test by plain http is not encrypted"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"aws_http_hosts": ["other.test"]},
        {"aws_http_hosts": ["emulator.test"], "aws_assume_role_arn": ROLE},
        {"aws_http_hosts": ["emulator.test"], "aws_assume_role_chain": [{"role_arn": ROLE}]},
        {"aws_http_hosts": ["emulator.test"], "aws_accounts": [{"role_arn": ROLE}]},
        {"aws_http_hosts": ["emulator.test"], "aws_credentials_uri": "aws-ssm://keys"},
    ],
)
def test_but_to_no_other_and_never_with_a_role_or_a_store(
    forbid_network: list[str], changes: Json
) -> None:
    with pytest.raises(TapError, match=r"'aws_endpoint_url'.*in the clear; use https"):
        jobs(EMULATOR, **changes)
    assert not forbid_network


@pytest.mark.parametrize(
    "profile",
    [
        f"role_arn = {ROLE}\ncredential_source = Environment",
        f"role_arn = {ROLE}\nweb_identity_token_file = token",
        "credential_process = cat keys",
    ],
)
def test_nor_with_what_the_chain_gets_from_others(
    forbid_network: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    profile: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = {"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing"}
    (tmp_path / "keys").write_text(json.dumps(keys), encoding="utf-8")
    (tmp_path / "token").write_text("token", encoding="utf-8")
    write_config(profile)
    with pytest.raises(TapError, match="in the clear; use https"):
        jobs(EMULATOR, aws_http_hosts=["emulator.test"], aws_profile="default")
    assert not forbid_network
