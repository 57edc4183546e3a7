"""The connections of a run: few, shared, and with an end to every answer."""

from __future__ import annotations

import contextlib
import resource
import socket
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.retries.adaptive import ClientRateLimiter
from conftest import ACCOUNT, call, catalog_of, client_of, opened
from fake_aws import Role
from urllib3.util.connection import create_connection

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Json, RunTap
    from fake_aws import FakeAws

    from tap_glue_metadata.aws.scopes import Scope

REGIONS = ["us-east-1", "eu-west-1", "eu-central-1"]


class _Drip(socketserver.ThreadingTCPServer):
    """Answers with a body of which a byte comes now and then, and never the last one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _DripHandler)
        self.requests = 0
        self.stopped = threading.Event()
        self.head = "Content-Length: 100000"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _DripHandler(socketserver.StreamRequestHandler):
    server: _Drip

    def handle(self) -> None:
        self.server.requests += 1
        self.request.recv(65536)
        self.wfile.write(f"HTTP/1.1 200 OK\r\n{self.server.head}\r\n\r\n".encode())
        with contextlib.suppress(OSError):  # the client hangs up
            while not self.server.stopped.wait(0.05):
                self.wfile.write(b"1\r\n \r\n" if "chunked" in self.server.head else b" ")


@pytest.fixture
def drip() -> Iterator[_Drip]:
    with _Drip() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.stopped.set()
        server.shutdown()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("head", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_an_answer_that_never_ends_is_given_up_and_repeated(drip: _Drip, head: str) -> None:
    drip.head = head
    (scope,) = opened(
        {"aws_endpoint_url": drip.url, "aws_regions": ["us-east-1"], "aws_account_id": ACCOUNT},
        aws_read_timeout=1,
        aws_max_attempts=2,
        aws_retry_mode="standard",
    )
    client = client_of(scope)
    with pytest.raises(ReadTimeoutError):
        client.get_jobs()
    assert drip.requests == 2


def test_it_is_one_line(drip: _Drip, run_tap: RunTap) -> None:
    run = run_tap(
        {
            "aws_endpoint_url": drip.url,
            "aws_regions": ["us-east-1"],
            "aws_account_id": ACCOUNT,
            "aws_read_timeout": 1,
            "aws_max_attempts": 1,
        },
        catalog=catalog_of("jobs"),
    )
    assert run.code == 1
    (line,) = run.logged("ERROR")
    assert "Read timeout on endpoint URL" in line
    assert "Traceback" not in run.stderr


def test_a_large_answer_comes_whole(endpoint: FakeAws, settings: Json) -> None:
    description = "x" * 3_000_000
    endpoint.store().add("GetJobs", {"Name": "j", "Description": description})
    (scope,) = opened(settings)
    client = client_of(scope)
    assert [*client.get_jobs()["Jobs"]] == [{"Name": "j", "Description": description}]


def test_accounts_share_the_connections_to_a_region(endpoint: FakeAws, settings: Json) -> None:
    accounts = [f"{number:012}" for number in range(1, 11)]
    roles = [f"arn:aws:iam::{account}:role/reader" for account in accounts]
    for account, role in zip(accounts, roles, strict=True):
        endpoint.roles[role] = Role(account)
    entries = [{"role_arn": role, "regions": REGIONS} for role in roles]
    scopes = opened(settings, aws_accounts=entries, concurrency=4)
    endpoint.latency = 0.01

    def read(scope: Scope) -> None:
        client = client_of(scope)
        client.get_jobs()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read, scopes))
    assert endpoint.count("GetJobs") == 30
    server: Any = endpoint._server
    assert len(server._connections) <= 4


def test_what_adaptive_retries_hold_back_is_not_sent_before(
    endpoint: FakeAws, settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_before: list[int] = []
    hold = ClientRateLimiter.on_sending_request

    def note(self: ClientRateLimiter, *args: Any, **options: Any) -> None:
        sent_before.append(endpoint.count("GetJobs"))
        hold(self, *args, **options)

    monkeypatch.setattr(ClientRateLimiter, "on_sending_request", note)
    (scope,) = opened(settings, aws_account_id=ACCOUNT)
    call(scope)
    assert sent_before == [0]
    assert endpoint.count("GetJobs") == 1


def test_a_request_does_not_wait_for_an_acknowledgement(
    settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[socket.socket] = []

    def note(*args: Any, **options: Any) -> socket.socket:
        connections.append(create_connection(*args, **options))
        return connections[-1]

    monkeypatch.setattr("urllib3.util.connection.create_connection", note)
    (scope,) = opened(settings)
    call(scope)
    assert connections
    for connection in connections:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_too_many_open_files_are_told_as_such(settings: Json) -> None:
    (scope,) = opened(settings, aws_account_id=ACCOUNT, aws_max_attempts=1)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Clients({"glue": {"GetJobs"}}).lent(scope) as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            with pytest.raises(
                AwsError, match=r"too many open files; raise the limit \(`ulimit -n`"
            ):
                client.call("GetJobs", {})
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
