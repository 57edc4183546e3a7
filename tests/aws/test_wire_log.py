"""What the libraries tell of their calls at DEBUG is of use, and tells no secret."""

from __future__ import annotations

import ast
import base64
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import botocore
import pytest
import urllib3
from botocore.awsrequest import AWSRequest
from botocore.model import OperationModel, ServiceModel
from conftest import OTHER, catalog_of
from fake_aws import Role
from fake_vault import FakeVault
from hypothesis import example, given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from tap_glue_metadata.aws import wire_log
from tap_glue_metadata.aws.wire_log import scrub_wire_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Json, Run, RunTap
    from fake_aws import FakeAws

CANARY: Final = "xylophone"  # is in all that is secret here
HEADERS: Final = (
    "authorization:",
    "aws4-hmac-sha256",
    "signature=",
    "x-amz-security-token",
    "x-vault-token",
)
ROLE: Final = f"arn:aws:iam::{OTHER}:role/reader"
LATER: Final = "2099-01-01T00:00:00Z"
ASSUMED: Final = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>ASIA-{CANARY}</AccessKeyId>
<SecretAccessKey>{CANARY}</SecretAccessKey><SessionToken>{CANARY}+/==</SessionToken>
<Expiration>{LATER}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
LIBRARIES: Final = ("boto3", "botocore", "hvac", "requests", "urllib3")


def encoded(secret: str) -> Iterator[str]:
    """Give the shapes in which a secret may be told; percent-encoding leaves its letters alone."""
    yield secret
    yield secret.encode().hex()
    for start in range(3):  # wherever it stands in a text, base64 has one of these within
        text = base64.b64encode(b"-" * start + secret.encode()).decode()
        yield text[start and start + 1 : len(text) // 4 * 4 - 4].lower()


FORMS: Final = tuple(encoded(CANARY))


def check_told_nothing(text: str) -> None:
    folded = text.lower()
    assert [form for form in (*FORMS, *HEADERS) if form in folded] == []


@pytest.mark.parametrize("around", ["{}", "-{}", "--{}", "---{} and more"])
def test_the_canary_is_known_in_base64(around: str) -> None:
    text = base64.b64encode(around.format(CANARY).encode()).decode()
    with pytest.raises(AssertionError):
        check_told_nothing(text)


# Whole runs


@pytest.fixture
def secretive(endpoint: FakeAws) -> Json:
    """Plant canaries in keys, role, parameters and answers, and return the settings to read them.

    Some calls fail at first: each answer that is no good carries a canary as well.
    """
    endpoint.know(f"AKIA-{CANARY}", f"{CANARY}/+==")
    endpoint.know(f"ASIA-{CANARY}", f"{CANARY}+/==", OTHER)
    endpoint.roles[ROLE] = Role(OTHER, external_id=f"{CANARY}:1")
    endpoint.respond("AssumeRole", ASSUMED.encode(), content_type="text/xml")
    store = endpoint.store(OTHER)
    kept = {"password": CANARY, "url": f"jdbc:postgresql://reader:{CANARY}@db.example.com/x"}
    store.add_database("sales", Parameters=kept)
    store.add_table("sales", "orders", Parameters=kept)
    store.add("GetJobs", {"Name": "load", "DefaultArguments": kept})
    text = f"{CANARY}, {base64.b64encode(CANARY.encode()).decode()}"
    for operation, code, status in (
        ("GetJobs", "InternalServiceException", 500),
        ("GetDatabases", "ThrottlingException", 400),
    ):
        body = json.dumps({"__type": code, "Message": text, "Context": text}).encode()
        endpoint.respond(operation, body, status=status, times=1)
    endpoint.respond("GetTables", f"<html>{CANARY}".encode(), times=1)
    endpoint.drop("ListWorkflows")
    return {
        "aws_endpoint_url": endpoint.url,
        "aws_regions": ["us-east-1"],
        "aws_access_key_id": f"AKIA-{CANARY}",
        "aws_secret_access_key": CANARY,
        "aws_session_token": f"{CANARY}/+==",
        "aws_assume_role_arn": ROLE,
        "aws_assume_role_external_id": f"{CANARY}:1",
    }


def check_useful(run: Run, *lines: str) -> None:
    assert [line for line in lines if line not in run.stderr] == []


def made(*operations: str) -> list[str]:
    return [f"Making request for OperationModel(name={name}) with" for name in operations]


@pytest.mark.parametrize("level", ["DEBUG", "NOTSET"])
def test_calls_and_retries(endpoint: FakeAws, secretive: Json, run_tap: RunTap, level: str) -> None:
    run = run_tap(secretive, env={"LOGLEVEL": level})
    assert run.code == 0, run.stderr
    check_told_nothing(run.stderr + run.stdout)
    assert endpoint.params("AssumeRole")[0]["ExternalId"] == f"{CANARY}:1"
    check_useful(
        run,
        *made("AssumeRole", "GetDatabases", "GetTables", "GetJobs", "ListWorkflows"),
        "Looking for credentials via: ",
        f"Retrieved credentials will expire at: {LATER[:4]}",
        f"Sending http request: POST {endpoint.url}/",
        f"Starting new HTTP connection (1): 127.0.0.1:{endpoint.url.rpartition(':')[2]}",
        '"POST / HTTP/1.1" 500 ',
        '"POST / HTTP/1.1" 400 ',
        "Throttling response received, new send rate: ",
        "Resetting dropped connection: 127.0.0.1",
        "Retry needed, retrying request after delay of: ",
        "Response received to retry, sleeping for ",
    )
    assert "botocore.hooks" not in run.stderr  # events, by the hundred


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, {"__type": "InternalServiceException", "Context": CANARY}, "Retry needed, action of"),
        (400, {"__type": "InvalidInputException", "Context": CANARY}, "No retry needed."),
        (200, [CANARY], "No retry needed."),
    ],
)
def test_a_run_that_fails(  # noqa: PLR0913, PLR0917 - half of them are fixtures
    endpoint: FakeAws, secretive: Json, run_tap: RunTap, status: int, body: Any, told: str
) -> None:
    endpoint.heal()
    endpoint.respond("AssumeRole", ASSUMED.encode(), content_type="text/xml")
    endpoint.respond("GetJobs", json.dumps(body).encode(), status=status)
    run = run_tap(
        {**secretive, "aws_max_attempts": 2, "aws_retry_mode": "legacy"},
        catalog=catalog_of("jobs"),
        env={"LOGLEVEL": "DEBUG"},
    )
    assert run.code == 1
    assert run.logged("ERROR")
    check_told_nothing(run.stderr + run.stdout)
    check_useful(run, *made("GetJobs"), f'"POST / HTTP/1.1" {status} ', told)


def test_no_configuration_of_the_log_brings_secrets_back(
    secretive: Json, run_tap: RunTap, tmp_path: Path
) -> None:
    loud = {"level": "DEBUG", "handlers": ["json"], "propagate": False}
    names = ("botocore.auth", "botocore.parsers", "botocore.endpoint", "urllib3")
    configuration = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {"json": {"class": "logging.StreamHandler", "formatter": "json"}},
        "loggers": dict.fromkeys(names, loud),
    }
    file = tmp_path / "log.yml"
    file.write_text(json.dumps(configuration), encoding="utf-8")  # which is YAML as well
    run = run_tap(
        {**secretive, "aws_retry_mode": "standard"}, env={"SINGER_SDK_LOG_CONFIG": str(file)}
    )
    assert run.code == 0, run.stderr
    check_told_nothing(run.stderr + run.stdout)
    check_useful(run, "CanonicalRequest: ...", "Response body: '...'", *made("GetTables"))


def test_other_levels_stay_as_they_are(secretive: Json, run_tap: RunTap) -> None:
    run = run_tap({**secretive, "aws_retry_mode": "standard"})
    assert run.code == 0, run.stderr
    check_told_nothing(run.stderr + run.stdout)
    assert not any(f"| {library}." in run.stderr for library in LIBRARIES)


# Where keys come from


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def stored(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Json:
    """Give the keys that a store has to hold; the endpoint takes them."""
    for service in ("GLUE", "STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", endpoint.url)
    key, token = f"ASIA-{CANARY}", f"{CANARY}+/=="
    endpoint.know(key, token)
    return {
        "aws_access_key_id": key,
        "aws_secret_access_key": CANARY,
        "aws_session_token": token,
        "expiration": LATER,
    }


def read_jobs(run_tap: RunTap, uri: str | None, **settings: str) -> Run:
    run = run_tap(
        {"aws_credentials_uri": uri, "aws_regions": ["us-east-1"], **settings},
        catalog=catalog_of("jobs"),
        env={"LOGLEVEL": "DEBUG"},
    )
    check_told_nothing(run.stderr + run.stdout)
    return run


@pytest.mark.parametrize(
    ("scheme", "service", "operation"),
    [
        ("aws-secretsmanager", "secretsmanager", "GetSecretValue"),
        ("aws-ssm", "ssm", "GetParameter"),
    ],
)
def test_stores_of_aws(  # noqa: PLR0913, PLR0917 - half of them are fixtures
    moto: str,
    stored: Json,
    run_tap: RunTap,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    service: str,
    operation: str,
) -> None:
    client: Any = botocore.session.Session().create_client(service, "us-east-1", endpoint_url=moto)
    text = json.dumps(stored)
    if service == "ssm":
        client.put_parameter(Name="reader", Value=text, Type="SecureString")
    else:
        client.create_secret(Name="reader", SecretString=text)
    client.close()
    for variable in ("SECRETS_MANAGER", "SSM"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{variable}", moto)
    run = read_jobs(run_tap, f"{scheme}://reader")
    assert run.code == 0, run.stderr
    check_useful(
        run,
        *made(operation, "GetJobs"),
        "Looking for credentials via: env",
        f"Sending http request: POST {moto}/",
    )


@pytest.mark.parametrize(("secret_id", "code"), [(f"{CANARY}-id", 0), (f"{CANARY}-wrong", 1)])
@pytest.mark.usefixtures("endpoint")
def test_vault(stored: Json, run_tap: RunTap, secret_id: str, code: int) -> None:
    with FakeVault() as vault:  # which quotes in its errors what was sent
        vault.mount("secret")
        vault.write("secret/data/reader", stored)
        vault.login("approle", {"role_id": CANARY, "secret_id": f"{CANARY}-id"})
        vault.statuses = [500]
        run = read_jobs(
            run_tap,
            "vault://secret/reader",
            vault_address=vault.url,
            vault_role_id=CANARY,
            vault_secret_id=secret_id,
        )
        assert run.code == code, run.stderr
        assert not any(token in run.stderr for token in vault.tokens)
    login = '"POST /v1/auth/approle/login HTTP/1.1"'
    check_useful(run, f"{login} 500 ", "Retry: /v1/auth/approle/login", "127.0.0.1")
    wanted = '"GET /v1/secret/data/reader HTTP/1.1" 200 ' if code == 0 else f"{login} 400 "
    check_useful(run, wanted)


def test_container(stored: Json, run_tap: RunTap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    capability = "0b6fa6ee-8f4c-4f1e-9f0e-5a7d4f0e1c2d"  # whoever knows it gets the keys
    answer = {
        "AccessKeyId": stored["aws_access_key_id"],
        "SecretAccessKey": CANARY,
        "Token": stored["aws_session_token"],
        "Expiration": LATER,
    }
    with FakeVault(answer=json.dumps(answer).encode()) as server:  # it answers all there is so
        url = f"{server.url}/v2/credentials/{capability}?id={CANARY}"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", CANARY)
        run = read_jobs(run_tap, None)
        assert server.calls[0].headers["Authorization"] == CANARY
    assert run.code == 0, run.stderr
    assert capability not in run.stderr
    check_useful(
        run,
        "Looking for credentials via: env",
        "Looking for credentials via: container-role",
        '"GET /v2/credentials/... HTTP/1.1" 200 ',
    )


# Records


class Told(logging.Handler):
    """Keeps what is logged, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Scrub the log of this process for a while, and keep all that is logged at DEBUG."""
    factory, root, handler = logging.getLogRecordFactory(), logging.getLogger(), Told()
    monkeypatch.setattr(root, "handlers", [handler])
    level = root.level
    root.setLevel(logging.NOTSET)
    scrub_wire_log()
    try:
        yield handler
    finally:
        root.setLevel(level)
        logging.setLogRecordFactory(factory)


def test_loggers_that_are_made_later(told: Told) -> None:
    logging.getLogger(f"botocore.made.{id(told)}").debug("Calling %s", CANARY)
    logging.getLogger("botocorelike").debug("Calling %s", CANARY)
    assert told.lines == ["Calling ...", f"Calling {CANARY}"]


def test_other_levels_and_loggers_are_left_alone(told: Told) -> None:
    for name in ("urllib3.connectionpool", "botocore.client"):
        logging.getLogger(name).info("Found %s", {"a": "b"})
        logging.getLogger(name).warning("text of %s", "a?b")
    logging.getLogger("tap-glue-metadata").debug("%s", "a?b")
    assert told.lines == ["Found {'a': 'b'}", "text of a?b"] * 2 + ["a?b"]


def test_tracebacks(told: Told) -> None:
    logger, error = logging.getLogger("botocore.endpoint"), ConnectionResetError(CANARY)
    logger.debug("Exception received when sending HTTP request.", exc_info=error)
    logger.debug("It was %s", error, exc_info=error, stack_info=True)
    assert told.lines == [
        "Exception received when sending HTTP request. (ConnectionResetError)",
        "It was ConnectionResetError",
    ]


@pytest.mark.parametrize("name", ["botocore.credentials", "botocore.tokens"])
def test_warnings_of_credentials(told: Told, name: str) -> None:
    logger = logging.getLogger(name)
    # Its error is told elsewhere.
    logger.warning("Refreshing failed", exc_info=ValueError(CANARY))
    logger.warning("still expired")
    assert told.lines == ["still expired"]


def test_what_was_set_up_before_goes_on(told: Told) -> None:
    class Own(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Own)
    logger = logging.getLogger("botocore.parsers")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        scrub_wire_log()
        factory = logging.getLogRecordFactory()
        scrub_wire_log()
        logger.debug("Response body:\n%s", CANARY)
    finally:
        logger.setLevel(before)
    assert logging.getLogRecordFactory() is factory
    assert isinstance(factory("botocore", logging.DEBUG, "", 0, "text", (), None), Own)
    assert told.lines == ["Response body: ..."]


@pytest.mark.usefixtures("told")
def test_records_from_elsewhere() -> None:
    assert logging.makeLogRecord({"msg": "text"}).getMessage() == "text"


def request(url: str) -> Any:
    return AWSRequest("GET", url, {"Authorization": CANARY}, CANARY.encode()).prepare()


def line_of(line: Any, *values: Any) -> str:
    """Return what is told of a line with its values at DEBUG."""
    make = wire_log._ScrubbedRecords(logging.LogRecord)
    told = logging.Formatter().format(make("botocore.x", 10, "", 0, line, values, None))
    assert "\n" not in told
    return told


OPERATION: Final = OperationModel({"name": "GetTables"}, ServiceModel({}))
GUID: Final = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    ("line", "values", "expected"),
    [
        ("Making request for %s with params: %s", (OPERATION, {"a": CANARY}), f"{OPERATION} with"),
        ("Sending http request: %s", (request(f"https://h/p?q={CANARY}"),), "GET https://h/p..."),
        ("Sending http request: %s", (request(f"http://{CANARY}:x@h/"),), "GET http://...@h/"),
        ("Looking for credentials via: %s", ("sso",), "via: sso"),
        ("Looking for credentials of %s", ("sso",), "of ..."),
        ("Retry: %s", (f"/v1/x?{CANARY}\n{CANARY}",), "Retry: /v1/x..."),
        ("Retry: %s", (f"/v2/{GUID}/x",), "Retry: /v2/.../x"),
        ("Setting %s timeout as %s", ("sts", (60, 1.5)), "sts timeout as (60, 1.5)"),
        ("delay of: %s, %d of %d", (0.5, 1, 2), "delay of: 0.5, 1 of 2"),
        ("retry needed: %s", (ValueError(CANARY),), "retry needed: ValueError"),
        ("%s", ({"a": CANARY},), "..."),
        ("%(a)s", ({"a": CANARY},), "..."),
        ("%d and %s", (CANARY, 1), "..."),
        ("No retry needed.", (), "No retry needed."),
        (f"Some text with {CANARY}", (), "..."),
        (ValueError(CANARY), (), "..."),
        (ValueError(CANARY), (1,), "..."),
    ],
)
def test_lines(line: Any, values: tuple[Any, ...], expected: str) -> None:
    found = line_of(line, *values)
    assert expected in found
    check_told_nothing(found)


class Shy:
    """Tells a secret however it is written."""

    def __str__(self) -> str:
        return CANARY

    __repr__ = __str__


SECRETS: Final = st.builds("{1}{0}{2}".format, st.sampled_from(FORMS), st.text(), st.text())
HOLDERS: Final = st.one_of(
    SECRETS.map(str.encode),
    SECRETS.map(ValueError),
    SECRETS.map("https://host/path?{}".format).map(request),
    st.builds(Shy),
    st.dictionaries(SECRETS, st.lists(SECRETS), min_size=1, max_size=3),
)
HARMLESS: Final = st.none() | st.integers() | st.floats() | st.datetimes()
PLACES: Final = st.sampled_from(["%s", "%r", "%a", "%d", "%.1f", "%c", "%x", "%%", "%(a)s", "%"])


@given(
    places=st.lists(PLACES),
    values=st.lists(SECRETS | HOLDERS | HARMLESS | st.tuples(HOLDERS, SECRETS), min_size=1),
)
@example(places=["%d"], values=[float("inf")])
@example(places=["%c"], values=[1 << 40])
@example(places=["%s"], values=[int("9" * 4000) ** 2])
def test_a_line_that_is_not_known_tells_no_secret(places: list[str], values: list[Any]) -> None:
    check_told_nothing(line_of("Found " + " and ".join(places), *values))


@given(text=SECRETS)
def test_a_text_without_values_tells_no_secret(text: str) -> None:
    check_told_nothing(line_of(text))


@given(line=st.sampled_from(sorted(wire_log._HARMLESS)), data=st.data())
def test_a_line_that_is_known_tells_no_more_than_names_and_paths(
    line: str, data: st.DataObject
) -> None:
    user = SECRETS.map(lambda text: text.replace("/", ""))
    url = st.builds("https://{}@host/path?{}".format, user, SECRETS)
    values = [data.draw(HOLDERS | HARMLESS | url) for _ in range(line.count("%"))]
    check_told_nothing(line_of(line, *values))


# The libraries as they are installed


def sources(*packages: Any) -> Iterator[ast.Module]:
    for package in packages:
        for path in Path(package.__path__[0]).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if ".debug(" in text:
                yield ast.parse(text)


def test_messages_are_those_of_the_libraries() -> None:
    trees = list(sources(botocore, urllib3))
    nodes = [node for tree in trees for node in ast.walk(tree)]
    constants = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert wire_log._HARMLESS - constants == set()
    # What has arguments is taken for a constant, and told but for these.
    calls = [node for node in nodes if isinstance(node, ast.Call) and len(node.args) > 1]
    messages = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "debug"
    ]
    assert len(messages) > 50
    built = [ast.unparse(text) for text in messages if not isinstance(text, ast.Constant)]
    # Names of constants: that of botocore.compress, and that of botocore.utils for metadata.
    assert sorted(built) == ["log_msg", "statement"]
