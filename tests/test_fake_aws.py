from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

import boto3
import fake_aws
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from fake_aws import FakeAws, GeneratedTables, Role, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Connect: TypeAlias = Callable[..., Any]

ACCOUNT, OTHER = "123456789012", "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/reader"
SESSION = boto3.Session()  # shared, for each would load the service models anew
CONFIG = Config(
    retries={"total_max_attempts": 1}, parameter_validation=False, max_pool_connections=20
)


@pytest.fixture
def endpoint() -> Iterator[FakeAws]:
    with FakeAws() as endpoint:
        yield endpoint


@pytest.fixture
def connect(endpoint: FakeAws) -> Iterator[Connect]:
    """Make clients that send what they are told, once, and are closed at the end."""
    with ExitStack() as clients:

        def connect(service: str, key: str = "testing", **options: Any) -> Any:
            make: Any = SESSION.client  # typed per service, which no caller here needs
            settings = {
                "aws_access_key_id": key,
                "aws_secret_access_key": "testing",
                "region_name": "us-east-1",
                "endpoint_url": endpoint.url,
                "config": CONFIG,
            }
            client = make(service, **settings | options)
            clients.callback(client.close)
            return client

        yield connect


@pytest.fixture
def glue(connect: Connect) -> Any:
    return connect("glue")


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def post(endpoint: FakeAws, operation: str, body: bytes, key: str = "testing") -> tuple[int, Any]:
    """Send what boto3 would not."""
    connection = http.client.HTTPConnection(endpoint.url.removeprefix("http://"))
    scope = f"AWS4-HMAC-SHA256 Credential={key}/20261123/us-east-1/glue/aws4_request"
    headers = {"X-Amz-Target": f"AWSGlue.{operation}"} | ({"Authorization": scope} if key else {})
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def names(client: Any, operation: str, member: str, **params: Any) -> list[str]:
    pages = client.get_paginator(operation).paginate(**params)
    return [item["Name"] for page in pages for item in page[member]]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("get_tables", {"DatabaseName": "sales", "MaxResults": 101}),
        ("get_tables", {"DatabaseName": "sales", "MaxResults": 0}),
        ("get_tables", {"DatabaseName": ""}),
        ("get_tables", {"DatabaseName": "x" * 256}),
        ("get_tables", {}),
        ("get_databases", {"ResourceShareType": "NONE"}),
        ("get_databases", {"AttributesToGet": ["COLOUR"]}),
        ("batch_get_workflows", {"Names": [f"w{i}" for i in range(26)]}),
        ("list_crawlers", {"Tags": {"k" * 129: "v"}}),
        ("get_catalogs", {"IncludeRoot": False, "ParentCatalogId": ACCOUNT}),
    ],
)
def test_invalid_input(endpoint: FakeAws, glue: Any, operation: str, params: Any) -> None:
    endpoint.store().add_database("sales")
    assert refusal(getattr(glue, operation), **params) == ("InvalidInputException", 400)


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("GetDatabases", b'{"Colour": "red"}', "SerializationException"),
        ("GetDatabases", b'{"MaxResults": "10"}', "SerializationException"),
        ("GetDatabases", b'{"MaxResults": true}', "SerializationException"),
        ("GetDatabases", b'{"MaxResults": 10', "SerializationException"),
        ("GetDatabases", b"[]", "SerializationException"),
        ("GetDatabasez", b"{}", "UnknownOperationException"),
        ("GetTags", b'{"ResourceArn": "arn:aws:glue:::job/x"}', "NotImplementedByFakeAws"),
    ],
)
def test_malformed_input(endpoint: FakeAws, operation: str, body: bytes, code: str) -> None:
    assert post(endpoint, operation, body)[1]["__type"] == code


def test_unknown_entities(endpoint: FakeAws, glue: Any) -> None:
    missing = ("EntityNotFoundException", 400)
    assert refusal(glue.get_databases, CatalogId=OTHER) == missing
    assert refusal(glue.get_tables, DatabaseName="sales") == missing
    endpoint.store().add_database("sales")
    assert glue.get_tables(DatabaseName="sales")["TableList"] == []
    assert glue.get_tables(DatabaseName="sales", CatalogId=ACCOUNT)["TableList"] == []


def test_access_keys(endpoint: FakeAws, connect: Connect) -> None:
    stranger, other = connect("glue", "stranger"), connect("glue", "other")
    assert refusal(stranger.get_jobs) == ("UnrecognizedClientException", 400)
    assert refusal(connect("sts", "stranger").get_caller_identity) == ("InvalidClientTokenId", 403)
    endpoint.accounts["other"] = OTHER
    endpoint.store(OTHER).add("GetJobs", {"Name": "theirs"})
    endpoint.store(region="eu-west-1").add("GetJobs", {"Name": "european"})
    assert [job["Name"] for job in other.get_jobs()["Jobs"]] == ["theirs"]
    european = connect("glue", region_name="eu-west-1")
    assert [job["Name"] for job in european.get_jobs()["Jobs"]] == ["european"]
    assert connect("sts").get_caller_identity()["Account"] == ACCOUNT
    status, answer = post(endpoint, "GetJobs", b"{}", key="")
    assert (status, answer["__type"]) == (400, "MissingAuthenticationTokenException")


def test_roles(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.roles[ROLE] = Role(OTHER, external_id="secret", duration_seconds=900)
    endpoint.store(OTHER).add("GetJobs", {"Name": "theirs"})
    sts, wanted = connect("sts"), {"RoleArn": ROLE, "RoleSessionName": "tap"}
    denied = ("AccessDenied", 403)
    assert refusal(sts.assume_role, **wanted) == denied
    assert refusal(sts.assume_role, **wanted, ExternalId="guess") == denied
    assert refusal(sts.assume_role, **wanted | {"RoleArn": f"{ROLE}s"}) == denied
    assert refusal(sts.assume_role, RoleArn=ROLE) == ("ValidationError", 400)

    def assume() -> tuple[str, dict[str, str]]:
        issued = sts.assume_role(**wanted, ExternalId="secret")["Credentials"]
        lifetime = endpoint.roles[ROLE].duration_seconds
        assert issued["Expiration"].timestamp() == pytest.approx(time.time() + lifetime, abs=5)
        secret, token = issued["SecretAccessKey"], issued["SessionToken"]
        return issued["AccessKeyId"], {"aws_secret_access_key": secret, "aws_session_token": token}

    key, secrets = assume()
    assert connect("glue", key, **secrets).get_jobs()["Jobs"] == [{"Name": "theirs"}]
    arn = f"arn:aws:sts::{OTHER}:assumed-role/reader/tap"
    assert connect("sts", key, **secrets).get_caller_identity()["Arn"] == arn
    assert refusal(connect("glue", key).get_jobs) == ("UnrecognizedClientException", 400)

    endpoint.roles[ROLE] = Role(OTHER, duration_seconds=0)
    key, secrets = assume()
    assert refusal(connect("glue", key, **secrets).get_jobs) == ("ExpiredTokenException", 400)
    assert refusal(connect("sts", key, **secrets).get_caller_identity) == ("ExpiredToken", 403)


def test_catalogs(endpoint: FakeAws, glue: Any) -> None:
    def listed(**params: Any) -> list[str]:
        return [catalog["CatalogId"] for catalog in glue.get_catalogs(**params)["CatalogList"]]

    store = endpoint.store()
    assert listed() == []
    assert listed(IncludeRoot=True) == [ACCOUNT]
    top, nested = f"{ACCOUNT}:lake", f"{ACCOUNT}:lake/gold"
    store.catalogs = [
        {"CatalogId": ACCOUNT, "Name": ACCOUNT},
        {"CatalogId": top, "Name": "lake", "_container": True},
        {"CatalogId": nested, "Name": "gold"},
    ]
    assert listed() == [top]
    assert listed(Recursive=True) == [top, nested]
    assert listed(Recursive=True, IncludeRoot=True, HasDatabases=True) == [ACCOUNT, nested]
    assert listed(ParentCatalogId=top) == [nested]
    assert "_container" not in glue.get_catalogs()["CatalogList"][0]
    assert refusal(glue.get_catalogs, ParentCatalogId=OTHER)[0] == "EntityNotFoundException"
    store.add_database("gold_db", catalog_id=nested)
    assert names(glue, "get_databases", "DatabaseList", CatalogId=nested) == ["gold_db"]
    store.catalogs = None
    assert refusal(glue.get_catalogs) == ("UnknownOperationException", 400)


def test_resource_links(endpoint: FakeAws, glue: Any) -> None:
    target = {"CatalogId": OTHER, "DatabaseName": "sales", "Region": "eu-west-1"}
    endpoint.store().add_database("link", TargetDatabase=target)
    assert refusal(glue.get_tables, DatabaseName="link")[0] == "EntityNotFoundException"
    theirs = endpoint.store(OTHER, "eu-west-1")
    theirs.add_database("sales")
    theirs.add_table("sales", "orders", Owner="them")
    [table] = glue.get_tables(DatabaseName="link")["TableList"]
    assert (table["Name"], table["DatabaseName"], table["CatalogId"]) == ("orders", "sales", OTHER)


def test_other_items(endpoint: FakeAws, glue: Any) -> None:
    store = endpoint.store()
    store.add_database("sales")
    store.add_database("audit")
    store.add("GetTriggers", {"Name": "nightly", "Type": "SCHEDULED"})
    store.add("GetUserDefinedFunctions", {"FunctionName": "f", "DatabaseName": "sales"})
    store.add("GetUserDefinedFunctions", {"FunctionName": "g", "DatabaseName": "audit"})
    assert names(glue, "get_triggers", "Triggers") == ["nightly"]
    every = glue.get_user_defined_functions(Pattern="*")["UserDefinedFunctions"]
    audit = glue.get_user_defined_functions(Pattern="*", DatabaseName="audit")
    assert [function["FunctionName"] for function in every] == ["f", "g"]
    assert audit["UserDefinedFunctions"] == every[1:]


def test_batches(endpoint: FakeAws, glue: Any) -> None:
    store = endpoint.store()
    store.add("BatchGetWorkflows", {"Name": "load", "Graph": {"Nodes": []}}, {"Name": "check"})
    store.add("BatchGetCrawlers", {"Name": "lake"})
    assert glue.list_workflows()["Workflows"] == ["load", "check"]
    assert glue.list_crawlers()["CrawlerNames"] == ["lake"]
    answer = glue.batch_get_workflows(Names=["load", "gone"])
    assert (answer["Workflows"], answer["MissingWorkflows"]) == ([{"Name": "load"}], ["gone"])
    [workflow] = glue.batch_get_workflows(Names=["load"], IncludeGraph=True)["Workflows"]
    assert workflow["Graph"] == {"Nodes": []}
    assert glue.batch_get_crawlers(CrawlerNames=["gone"])["CrawlersNotFound"] == ["gone"]


def test_paging(endpoint: FakeAws, glue: Any) -> None:
    endpoint.store().generate(databases=1, tables=250, columns=1)
    wanted = {"DatabaseName": "db_000", "CatalogId": ACCOUNT}
    assert len(names(glue, "get_tables", "TableList", **wanted)) == 250
    assert endpoint.count("GetTables") == 3
    page = glue.get_tables(**wanted, MaxResults=7)
    assert len(page["TableList"]) == 7
    endpoint.page_size = 5
    page = glue.get_tables(**wanted, NextToken=page["NextToken"])
    assert [table["Name"] for table in page["TableList"]] == [f"table_{i:05}" for i in range(7, 12)]

    token = page["NextToken"]
    invalid = ("InvalidInputException", 400)
    assert refusal(glue.get_tables, DatabaseName="db_000", NextToken=token) == invalid
    assert refusal(glue.get_databases, CatalogId=ACCOUNT, NextToken=token) == invalid
    assert refusal(glue.get_tables, **wanted, NextToken=f"{token}x") == invalid
    assert refusal(glue.get_tables, **wanted, NextToken="") == invalid


def test_empty_pages(endpoint: FakeAws, glue: Any) -> None:
    endpoint.page_size, endpoint.empty_pages = 2, True
    endpoint.store().add("GetJobs", *({"Name": f"job_{i}"} for i in range(5)))
    pages = list(glue.get_paginator("get_jobs").paginate())
    assert [len(page["Jobs"]) for page in pages] == [2, 0, 2, 0, 1]


def test_pages_that_overlap(endpoint: FakeAws, glue: Any) -> None:
    endpoint.page_size, endpoint.empty_pages, endpoint.overlap = 2, True, True
    endpoint.store().add("GetJobs", *({"Name": str(i)} for i in range(5)))
    pages = glue.get_paginator("get_jobs").paginate()
    names = ["".join(job["Name"] for job in page["Jobs"]) for page in pages]
    assert names == ["01", "", "123", "", "34"]


def test_an_answer_without_its_lists(endpoint: FakeAws) -> None:
    endpoint.page_size = 1
    endpoint.store().add("GetJobs", {"Name": "a"}, {"Name": "b"})
    endpoint.strip("GetJobs")
    assert post(endpoint, "GetJobs", b"{}")[1].keys() == {"NextToken"}
    assert "Jobs" in post(endpoint, "GetJobs", b"{}")[1]


def test_repeated_token(endpoint: FakeAws, glue: Any) -> None:
    endpoint.repeat_token.add("GetJobs")
    token = glue.get_jobs()["NextToken"]
    assert glue.get_jobs(NextToken=token)["NextToken"] == token


def test_failures(endpoint: FakeAws, glue: Any, connect: Connect) -> None:
    endpoint.store().add_database("sales")
    endpoint.store().add_database("audit")
    endpoint.fail("GetTables", "ThrottlingException", times=1, when=lambda _: True)
    endpoint.fail(
        "GetTables", "AccessDeniedException", when=lambda params: params["DatabaseName"] == "audit"
    )
    assert refusal(glue.get_tables, DatabaseName="sales") == ("ThrottlingException", 400)
    assert refusal(glue.get_tables, DatabaseName="audit") == ("AccessDeniedException", 400)
    assert refusal(glue.get_tables, DatabaseName="audit") == ("AccessDeniedException", 400)
    assert glue.get_tables(DatabaseName="sales")["TableList"] == []
    endpoint.fail("GetCallerIdentity", "AccessDenied", status=403, message="no <entry>")
    with pytest.raises(ClientError, match="no <entry>"):
        connect("sts").get_caller_identity()


def test_raw_bodies(endpoint: FakeAws, glue: Any) -> None:
    html = b"<html>Service Unavailable</html>"
    endpoint.respond("GetJobs", html, status=503, content_type="text/html", times=1)
    endpoint.respond("GetJobs", b'{"Jobs": [', times=1)
    endpoint.drop("GetJobs", times=2)
    assert refusal(glue.get_jobs)[1] == 503
    with pytest.raises(ValueError, match="Expecting value"):
        post(endpoint, "GetJobs", b"{}")
    with pytest.raises(http.client.IncompleteRead):
        post(endpoint, "GetJobs", b"{}")
    assert glue.get_jobs().keys() == {"ResponseMetadata"}  # botocore does not see the cut
    assert glue.get_jobs()["Jobs"] == []


def test_faults_of_some_requests(endpoint: FakeAws, glue: Any) -> None:
    endpoint.store().add_database("sales")
    endpoint.store().add_database("audit")
    audit: Any = {"when": lambda params: params.get("DatabaseName") == "audit"}
    endpoint.respond("GetTables", b"{}", status=503, times=1, **audit)
    endpoint.drop("GetTables", **audit)
    endpoint.truncate("GetTables", **audit)
    assert glue.get_tables(DatabaseName="sales")["TableList"] == []
    assert refusal(glue.get_tables, DatabaseName="audit")[1] == 503
    with pytest.raises(http.client.IncompleteRead):
        post(endpoint, "GetTables", b'{"DatabaseName": "audit"}')
    with pytest.raises(ValueError, match="Unterminated string"):
        post(endpoint, "GetTables", b'{"DatabaseName": "audit"}')
    assert glue.get_tables(DatabaseName="audit")["TableList"] == []
    endpoint.fail("GetTables", "InternalServiceException")
    endpoint.repeat_token.add("GetJobs")
    endpoint.heal()
    assert glue.get_tables(DatabaseName="audit")["TableList"] == []
    assert "NextToken" not in glue.get_jobs()


def test_an_answer_that_does_not_come(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.hang("GetJobs", 60)
    impatient = connect("glue", config=CONFIG.merge(Config(read_timeout=1)))
    with pytest.raises(ReadTimeoutError):
        impatient.get_jobs()
    assert impatient.get_jobs()["Jobs"] == []
    endpoint.hang("GetJobs", 0.01)
    with pytest.raises(ConnectionClosedError):
        impatient.get_jobs()


def test_a_stop_does_not_wait_for_what_hangs() -> None:
    with FakeAws() as endpoint, ThreadPoolExecutor() as pool:
        endpoint.hang("GetJobs", 60)
        waiting = pool.submit(post, endpoint, "GetJobs", b"{}")
        while not endpoint.calls:
            time.sleep(0.001)
        endpoint.__exit__()
        assert isinstance(waiting.exception(timeout=10), (OSError, http.client.HTTPException))


def test_what_happens_meanwhile(endpoint: FakeAws, glue: Any) -> None:
    store = endpoint.store()
    for name in ("sales", "audit"):
        store.add_database(name)
        store.add_table(name, "orders")
    endpoint.meanwhile(
        "GetTables",
        lambda params: store.remove_database(params["DatabaseName"]),
        when=lambda params: params["DatabaseName"] == "sales",
    )
    assert len(glue.get_tables(DatabaseName="audit")["TableList"]) == 1
    assert refusal(glue.get_tables, DatabaseName="sales") == ("EntityNotFoundException", 400)
    assert names(glue, "get_databases", "DatabaseList") == ["audit"]
    store.add_database("sales")
    assert glue.get_tables(DatabaseName="sales")["TableList"] == []
    nested = f"{ACCOUNT}:lake"
    store.catalogs = [{"CatalogId": ACCOUNT}, {"CatalogId": nested}]
    store.add_table("raw", "a", catalog_id=nested)
    endpoint.meanwhile("GetDatabases", lambda _: store.remove_catalog(nested))
    assert refusal(glue.get_databases, CatalogId=nested) == ("EntityNotFoundException", 400)
    assert glue.get_catalogs()["CatalogList"] == []
    assert not any(catalog == nested for catalog, _ in store.tables)


def test_what_expires(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.know("temporary", "temporary")
    glue = connect("glue", "temporary", aws_session_token="temporary")  # noqa: S106 - the fake's
    endpoint.page_size = 1
    endpoint.store().add("GetJobs", {"Name": "a"}, {"Name": "b"})
    token = glue.get_jobs()["NextToken"]
    assert len(glue.get_jobs(NextToken=token)["Jobs"]) == 1
    endpoint.expire_token(token)
    for _ in range(2):
        assert refusal(glue.get_jobs, NextToken=token) == ("InvalidInputException", 400)
    endpoint.expire_key("temporary")
    assert refusal(glue.get_jobs) == ("ExpiredTokenException", 400)


def test_a_bucket(endpoint: FakeAws, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(fake_aws, "time", SimpleNamespace(monotonic=lambda: now, time=time.time))
    endpoint.bucket(rate=2, burst=3)
    glue, other = connect("glue"), connect("glue", region_name="eu-west-1")

    def tokens() -> int:
        """Count the calls that are let through at once."""
        with pytest.raises(ClientError, match=r"\(ThrottlingException\).*Rate exceeded"):
            all(glue.get_jobs() for _ in range(10))
        return [call.error == "" for call in endpoint.calls if call.started == now].count(True)

    assert tokens() == 3
    now += 1
    assert tokens() == 2
    now += 100
    assert tokens() == 3
    assert refusal(glue.get_databases) == ("ThrottlingException", 400)  # all draw from one
    assert endpoint.traffic() == Traffic(calls=12, throttled=4, seconds=101)
    assert endpoint.traffic(after=1) == Traffic(calls=8, throttled=3, seconds=100)
    last = endpoint.traffic(after=50)
    assert (last.calls, last.share, last.rate) == (5, 2 / 5, 3 / 51)
    assert connect("sts").get_caller_identity()["Account"] == ACCOUNT
    assert other.get_jobs()["Jobs"] == []  # another region has one of its own


def test_no_traffic(endpoint: FakeAws) -> None:
    assert (endpoint.traffic().share, endpoint.traffic().rate) == (0, 0)


def test_record(endpoint: FakeAws, glue: Any) -> None:
    endpoint.latency = 0.05
    glue.get_jobs(MaxResults=3)
    assert endpoint.in_flight_peak == 1
    [call] = endpoint.calls
    assert (call.service, call.operation, call.params) == ("glue", "GetJobs", {"MaxResults": 3})
    assert (call.account_id, call.region, call.access_key) == (ACCOUNT, "us-east-1", "testing")
    assert call.user_agent.startswith("Boto3/")
    assert 0.05 <= call.finished - call.started < 1
    gate = threading.Barrier(8)

    def together(_: int) -> None:
        gate.wait()
        glue.get_jobs()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(together, range(8)))
    assert 2 <= endpoint.in_flight_peak <= 8
    assert endpoint.count("GetJobs") == len(endpoint.params("GetJobs")) == 9


def test_kept_connections_are_fast(endpoint: FakeAws, glue: Any) -> None:
    endpoint.store().generate(databases=1, tables=40, columns=50)
    glue.get_tables(DatabaseName="db_000")
    started = time.monotonic()
    for _ in range(20):
        glue.get_jobs()
    assert time.monotonic() - started < 20 * 0.04  # no delayed acknowledgement


def test_generated_tables_are_lazy_and_true_to_the_model(endpoint: FakeAws, glue: Any) -> None:
    store = endpoint.store()
    store.generate(databases=100, tables=1000, columns=5)
    assert names(glue, "get_databases", "DatabaseList")[-1] == "db_099"
    tables = store.tables[ACCOUNT, "db_099"]
    assert isinstance(tables, GeneratedTables)
    assert (len(tables), tables[-1]["Name"]) == (1000, "table_00999")
    assert [table["Name"] for table in tables[1:3]] == ["table_00001", "table_00002"]
    table = glue.get_tables(DatabaseName="db_099", MaxResults=1)["TableList"][0]
    assert table.keys() == tables[0].keys()  # boto3 leaves out what the model does not know
    columns = table["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in columns] == [f"column_{i:03}" for i in range(5)]


def test_own_process(connect: Connect) -> None:
    options = ["--databases", "2", "--tables", "3", "--columns", "1", "--page-size", "2"]
    with subprocess.Popen(
        [sys.executable, str(Path(fake_aws.__file__)), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        client = connect("glue", endpoint_url=process.stdout.readline().strip())
        tables = names(client, "get_tables", "TableList", DatabaseName="db_001")
        assert tables == ["table_00000", "table_00001", "table_00002"]
        process.communicate(timeout=5)
    assert process.returncode == 0
