from __future__ import annotations

import functools
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import botocore.httpsession
import botocore.loaders
import hypothesis
import pytest
from fake_aws import AwsError, FakeAws
from singer_sdk.contrib.msgspec import encoder
from singer_sdk.plugin_base import PluginBase
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.scopes import Scope, open_scopes
from tap_glue_metadata.settings import Settings
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from fake_aws import Call, Reply, Serve

    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.engine.traversal import Traversal

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

SECONDS = 10  # the most that a test waits for what should come at once

# Sessions share what they load, for each would take a tenth of a second to read Glue's model.
shared_loader = functools.cache(botocore.loaders.create_loader)

# The same examples in each run, so that a change is what turns a test red; the profile `fresh`
# draws new ones, and more. A deadline would assert a timing, on machines that do other things too.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("fresh", deadline=None, max_examples=300)
hypothesis.settings.load_profile("same")

# What a shell runs in the background ignores SIGINT, and hands that on to the command under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Likewise what nohup runs SIGHUP. What is handled here, if by nothing, is as usual in the command.
SIGHUP = getattr(signal, "SIGHUP", None)  # Windows has none
if SIGHUP is not None and signal.getsignal(SIGHUP) is signal.SIG_IGN:
    signal.signal(SIGHUP, lambda *_: None)

ACCOUNT, OTHER = "123456789012", "210987654321"


def pytest_configure(config: pytest.Config) -> None:
    if config.option.collectonly:  # no snapshot is used then, which syrupy takes for a failure
        config.option.warn_unused_snapshots = True


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep every test from the settings of this machine, and its signal handlers from the tap."""
    for name in os.environ:
        if re.match(
            r"AWS_|VAULT_|TAP_GLUE_METADATA_|SINGER_SDK_|LOGLEVEL$|.*_PROXY$", name, re.IGNORECASE
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setattr("botocore.session.create_loader", shared_loader)
    monkeypatch.setattr(PluginBase, "_setup_signal_handlers", lambda _: None)


@pytest.fixture(autouse=True)
def no_call_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the calls that wait for their next attempt when a test ends with its endpoint.

    Threads of a run that an error has ended would call on, at a port that may soon be another's.
    """
    is_over = threading.Event()

    def pause(seconds: float) -> None:
        if is_over.wait(seconds):
            raise SystemExit

    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pause))
    yield
    is_over.set()


class UnevenAws(FakeAws):
    """A fake that differs by region and account.

    Attributes:
        disabled: regions that are not enabled; both services refuse any credentials there.
        closed: accounts, and accounts in a region, in which Glue denies all there is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.disabled: set[str] = set()
        self.closed: set[str | tuple[str, str]] = set()

    def _identify(self, call: Call, token: str) -> Any:
        if call.region in self.disabled:
            text = "The security token included in the request is invalid."
            if call.service == "sts":
                raise AwsError("InvalidClientTokenId", text, 403)
            raise AwsError("UnrecognizedClientException", text)
        return super()._identify(call, token)

    def _faulty(self, call: Call, serve: Serve) -> Reply:
        if call.service == "glue" and self.closed & {
            call.account_id,
            (call.account_id, call.region),
        }:
            text = f"User: x is not authorized to perform: glue:{call.operation}"
            raise AwsError("AccessDeniedException", text)
        return super()._faulty(call, serve)


@pytest.fixture
def uneven() -> Iterator[UnevenAws]:
    with UnevenAws() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint() -> Iterator[FakeAws]:
    with FakeAws() as endpoint:
        yield endpoint


@pytest.fixture
def settings(endpoint: FakeAws) -> Json:
    return {"aws_endpoint_url": endpoint.url, "aws_regions": ["us-east-1"]}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore repeat calls without a pause (in its modes other than adaptive)."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


@pytest.fixture
def forbid_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note where requests would go, and let none go."""
    urls: list[str] = []

    def send(_: Any, request: Any) -> None:
        urls.append(request.url)
        raise botocore.httpsession.EndpointConnectionError(endpoint_url=request.url)

    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", send)
    return urls


def opened(settings: Mapping[str, Any], **changes: Any) -> list[Scope]:
    """Open all scopes of the settings, for GetJobs."""
    typed = Settings.from_config({**settings, **changes})
    scopes, unopened = open_scopes(typed, {"glue": frozenset({"GetJobs"})})
    assert not unopened
    return scopes


def client_of(scope: Scope) -> Any:
    """Return botocore's client of Glue."""
    return scope.session.create_raw_client("glue", scope.region)


def call(scope: Scope, operation: str = "GetJobs") -> Json:
    """Call an operation of Glue that takes no parameters."""
    with Clients({"glue": {operation}}).lent(scope) as client:
        return client.call(operation, {}).content


def read_all(traversal: Traversal, read: Read) -> list[tuple[Context, Any]]:
    """Return all objects of a read, each with where it was found."""
    [reading] = traversal.begin([("test", read)])
    try:
        return [found for page in reading for found in page]
    finally:
        traversal.end(reading)
        traversal.close()


def in_time(do: Callable[[], T]) -> T:
    """Do something that may hang, which fails the test then."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(do())
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()
    if errors:
        raise errors[0]
    return results[0]


def workers() -> set[threading.Thread]:
    """Return the threads that make calls."""
    return {thread for thread in threading.enumerate() if thread.name == "tap-glue-metadata"}


def workers_left(before: Collection[threading.Thread] = ()) -> set[threading.Thread]:
    """Return the workers that do not end in time, but for those that were there before."""
    deadline = time.monotonic() + SECONDS
    while (left := workers().difference(before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


@pytest.fixture
def no_worker_survives() -> Iterator[None]:
    """See that all workers end; to be set up after the endpoint, so that it answers till then."""
    before = workers()
    yield
    assert not workers_left(before)


def warnings_told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the tap warned of."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name == "tap-glue-metadata"
    ]


def catalog_of(*streams: str) -> Json:
    """Give a catalog that selects these streams and no others."""
    catalog = TapGlueMetadata().catalog_dict
    for entry in catalog["streams"]:
        root = next(item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


@dataclass(frozen=True)
class Output:
    """What a run of the tap wrote."""

    messages: list[Json]

    def records(self, stream: str) -> list[Json]:
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]


@dataclass(frozen=True)
class Run(Output):
    """How a run of the command ended; `stdout` holds more than messages for `--about` alone."""

    code: int
    stdout: str
    stderr: str

    def logged(self, level: str) -> list[str]:
        """Return the messages logged at a level."""
        return re.findall(rf"\| {level} +\| [^|]* \| (.*)", self.stderr)


class _Collector(GenericSingerWriter[str, Message]):
    def __init__(self) -> None:
        self.messages: list[Json] = []

    def serialize_message(self, message: Message) -> str:
        return encoder.encode(message.to_dict()).decode()

    def write_message(self, message: Message) -> None:
        self.messages.append(json.loads(self.format_message(message)))


def sync(
    settings: Mapping[str, Any],
    *streams: str,
    catalog: Json | None = None,
    state: Json | None = None,
) -> Output:
    """Run the tap in this process: the streams named, or the catalog's, or those of the default."""
    collector = _Collector()
    tap = TapGlueMetadata(
        config=dict(settings),  # to which the SDK adds the defaults
        catalog=catalog_of(*streams) if streams else catalog,
        state=state,
        message_writer=collector,
    )
    tap.sync_all()
    return Output(collector.messages)


class RunTap(Protocol):
    """Runs the command; settings of None leave `--config` to the arguments."""

    def __call__(
        self,
        settings: Mapping[str, Any] | None,
        *arguments: str,
        catalog: Json | None = None,
        state: Json | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Run: ...


@pytest.fixture
def run_tap(tmp_path: Path) -> RunTap:
    def run_tap(
        settings: Mapping[str, Any] | None,
        *arguments: str,
        catalog: Json | None = None,
        state: Json | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        command = [str(Path(sys.executable).with_name("tap-glue-metadata"))]
        for option, content in (("config", settings), ("catalog", catalog), ("state", state)):
            if content is not None:
                file = tmp_path / f"{option}.json"
                file.write_text(json.dumps(content), encoding="utf-8")
                command += [f"--{option}", str(file)]
        done = subprocess.run(
            [*command, *arguments],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        not_singer = {"--about", "--discover", "--help", "--version"}
        lines = [] if not_singer & set(arguments) else done.stdout.splitlines()
        return Run([json.loads(line) for line in lines], done.returncode, done.stdout, done.stderr)

    return run_tap
