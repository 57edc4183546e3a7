from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from conftest import ACCOUNT

from tap_glue_metadata.aws.client import Client, ReadOnlyError
from tap_glue_metadata.aws.errors import AbsentError, AwsError, DeniedError
from tap_glue_metadata.aws.raw_json import create_client
from tap_glue_metadata.aws.session import client_config, endpoint_url
from tap_glue_metadata.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Json
    from fake_aws import FakeAws

HTML = b"<!DOCTYPE html><title>500 Internal Server Error</title>"


class Connect(Protocol):
    def __call__(self, *operations: str, **settings: Any) -> Client: ...


@pytest.fixture(scope="module")
def session() -> Session:
    session = Session()  # one for all, for each would load the service models anew
    session.set_credentials("testing", "testing")
    return session


@pytest.fixture
def connect(session: Session, settings: Json) -> Iterator[Connect]:
    """Make clients that may call the operations named, and are closed at the end."""
    with ExitStack() as clients:

        def connect(*operations: str, **changes: Any) -> Client:
            typed = Settings.from_config(settings | {"aws_retry_mode": "standard"} | changes)
            client = create_client(
                session,
                region_name="us-east-1",
                endpoint_url=endpoint_url(typed),
                config=client_config(typed, typed.aws_max_attempts),
            )
            clients.callback(client.close)
            return Client(client, operations)

        yield connect


# Read-only listings, and the page size that the service accepts for each (None: it takes none).
PAGE_SIZES = {
    "GetCatalogs": 1000,
    "GetClassifiers": 1000,
    "GetConnections": 1000,
    "GetCrawlers": 1000,
    "GetDatabases": 100,
    "GetDevEndpoints": 200,
    "GetJobs": 1000,
    "GetMLTransforms": 1000,
    "GetResourcePolicies": 1000,
    "GetSecurityConfigurations": 200,
    "GetTriggers": 200,
    "ListBlueprints": 25,
    "ListCrawlers": 1000,
    "ListRegistries": 100,
    "ListSchemas": 100,
    "ListUsageProfiles": 200,
    "ListWorkflows": 25,
}
PAGE_SIZES_IN_PLACES: dict[tuple[str, int | None], Json] = {
    ("GetJobRuns", 200): {"JobName": "j"},
    ("GetPartitionIndexes", None): {"DatabaseName": "d", "TableName": "t"},
    ("GetPartitions", 1000): {"DatabaseName": "d", "TableName": "t"},
    ("GetTableVersions", 100): {"DatabaseName": "d", "TableName": "t"},
    ("GetTables", 100): {"DatabaseName": "d"},
    ("GetUserDefinedFunctions", 100): {"Pattern": "*"},
    ("GetWorkflowRuns", 200): {"Name": "w"},
}


def test_page_sizes(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.store().add_database("d")
    cases: dict[tuple[str, int | None], Json] = {
        **{(operation, size): {} for operation, size in PAGE_SIZES.items()},
        **PAGE_SIZES_IN_PLACES,
    }
    client = connect(*(operation for operation, _ in cases))
    for (operation, size), params in cases.items():
        assert (operation, client.page_size(operation)) == (operation, size)
        client.call(operation, params | ({"MaxResults": size} if size else {}))  # and AWS takes it


# Read-only


def test_nothing_off_the_list_can_be_called(endpoint: FakeAws, connect: Connect) -> None:
    glue = connect("GetJobs")
    for operation in ("DeleteTable", "CreateJob", "GetTables", "NoSuchOperation"):
        with pytest.raises(ReadOnlyError, match=f"glue:{operation} is not"):
            glue.call(operation, {})
    assert not endpoint.calls


def test_an_empty_list_allows_nothing(endpoint: FakeAws, connect: Connect) -> None:
    with pytest.raises(ReadOnlyError):
        connect().call("GetJobs", {})
    assert not endpoint.calls


# Answers


def test_answers_are_raw_json(endpoint: FakeAws, connect: Connect) -> None:
    job = {"Name": "é", "CreatedOn": 1_700_000_000.25, "NotInTheModel": {"A": [1, None]}}
    endpoint.store().add("GetJobs", job)
    assert connect("GetJobs").call("GetJobs", {}).content == {"Jobs": [job]}


def test_other_clients_of_the_session_keep_their_parser(
    endpoint: FakeAws, connect: Connect, session: Session
) -> None:
    endpoint.store().add("GetJobs", {"Name": "j", "CreatedOn": 1_700_000_000})
    glue = connect("GetJobs")
    with pytest.raises(Exception, match="Invalid endpoint"):
        create_client(session, region_name="us-east-1", endpoint_url="none")
    other: Any = session.create_client("glue", "us-east-1", endpoint_url=endpoint.url)
    (job,) = other.get_jobs()["Jobs"]
    other.close()
    assert job["CreatedOn"].year == 2023
    assert glue.call("GetJobs", {}).content["Jobs"][0]["CreatedOn"] == 1_700_000_000


def test_user_agent(endpoint: FakeAws, connect: Connect) -> None:
    connect("GetJobs").call("GetJobs", {})
    assert "tap-glue-metadata" in endpoint.calls[0].user_agent


# Answers that are none, though their status is that of a success


DEEP = b'{"Jobs": ' + b"[" * 1_100 + b"]" * 1_100 + b"}"
NO_ANSWERS = [
    b'{"message": "Forbidden"}',
    b'{"__type": "AccessDeniedException", "Message": "No."}',
    b'{"TableList": []}',
    DEEP,
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("body", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_an_answer_that_is_none(endpoint: FakeAws, connect: Connect, body: bytes) -> None:
    endpoint.respond("GetJobs", body, times=2)
    glue = connect("GetJobs", aws_max_attempts=3)
    assert glue.call("GetJobs", {}).retries == 2
    endpoint.respond("GetJobs", body)
    with pytest.raises(AwsError, match=r"^glue:GetJobs for region us-east-1 failed: the answer "):
        glue.call("GetJobs", {})


@pytest.mark.usefixtures("impatient")
def test_what_the_caller_finds_wrong_is_retried_too(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.respond("GetJobs", b"{}", times=2)
    glue = connect("GetJobs", aws_max_attempts=3)

    def problem(answer: Json) -> str | None:
        return None if "Jobs" in answer else "there are no jobs"

    assert glue.call("GetJobs", {}, problem)[:3] == ({"Jobs": []}, 2, 0)
    endpoint.respond("GetJobs", b"{}")
    with pytest.raises(AwsError, match="there are no jobs"):
        glue.call("GetJobs", {}, problem)
    assert glue.call("GetJobs", {})[:3] == ({}, 0, 0)


# Errors


def test_errors_are_parsed_by_botocore(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.fail("GetJobs", "InvalidInputException", message="No such\nthing.")
    glue = connect("GetJobs")
    with pytest.raises(ClientError) as caught:
        glue._client.get_jobs()  # type: ignore[attr-defined]  # made from the service's model
    error = caught.value.response
    assert error["Error"] == {"Code": "InvalidInputException", "Message": "No such\nthing."}
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(AwsError) as told:
        glue.call("GetJobs", {})
    assert str(told.value) == (
        "glue:GetJobs for region us-east-1 failed (InvalidInputException): No such thing."
    )


def test_errors_name_the_place(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.store().add_database("sales")
    endpoint.fail("GetTables", "AccessDeniedException", message="no")
    place = "CatalogId 123456789012, DatabaseName sales, region us-east-1"
    with pytest.raises(DeniedError, match=f"glue:GetTables for {place} is denied"):
        connect("GetTables").call("GetTables", {"CatalogId": ACCOUNT, "DatabaseName": "sales"})


UNREADABLE = [b'{"Jobs": [{"Na', b"<html>Sign in</html>", b"", b"[]", b"null", b'{"Jobs": \xff}']


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_an_unreadable_answer_is_repeated(
    endpoint: FakeAws, connect: Connect, body: bytes, mode: str
) -> None:
    endpoint.store().add("GetJobs", {"Name": "j"})
    endpoint.respond("GetJobs", body, content_type="text/html", times=2)
    glue = connect("GetJobs", aws_retry_mode=mode, aws_max_attempts=3)
    assert glue.call("GetJobs", {})[:3] == ({"Jobs": [{"Name": "j"}]}, 2, 0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_one_that_stays_unreadable_is_an_error(
    endpoint: FakeAws, connect: Connect, body: bytes, mode: str
) -> None:
    endpoint.respond("GetJobs", body)
    glue = connect("GetJobs", aws_retry_mode=mode, aws_max_attempts=3)
    with pytest.raises(
        AwsError, match=r"^glue:GetJobs for region us-east-1 failed.*is not a JSON object"
    ):
        glue.call("GetJobs", {})
    assert endpoint.count("GetJobs") == 3


def test_botocores_legacy_mode_repeats_none(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.respond("GetJobs", HTML)
    with pytest.raises(AwsError, match="is not a JSON object"):
        connect("GetJobs", aws_retry_mode="legacy").call("GetJobs", {})
    assert endpoint.count("GetJobs") == 1


@pytest.mark.usefixtures("impatient")
def test_a_dropped_connection_is_repeated(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.store().add("GetJobs", {"Name": "j"})
    endpoint.drop("GetJobs", times=2)
    glue = connect("GetJobs")
    assert glue.call("GetJobs", {})[:3] == ({"Jobs": [{"Name": "j"}]}, 2, 0)


@pytest.mark.usefixtures("impatient")
def test_a_connection_dropped_for_good_is_an_error(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.drop("GetJobs", times=None)
    glue = connect("GetJobs", aws_max_attempts=2)
    with pytest.raises(
        AwsError, match=r"^glue:GetJobs for region us-east-1 failed: [^\n]*network$"
    ):
        glue.call("GetJobs", {})
    assert endpoint.count("GetJobs") == 2


@pytest.mark.usefixtures("impatient")
def test_throttles_are_repeated_and_counted(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.fail("GetJobs", "ThrottlingException", message="Rate exceeded", times=3)
    endpoint.drop("GetJobs")
    glue = connect("GetJobs")
    assert glue.call("GetJobs", {})[:3] == ({"Jobs": []}, 4, 3)
    assert glue.call("GetJobs", {})[:3] == ({"Jobs": []}, 0, 0)


@pytest.mark.usefixtures("impatient")
def test_a_throttle_that_outlives_its_attempts_is_an_error(
    endpoint: FakeAws, connect: Connect
) -> None:
    endpoint.fail("GetJobs", "ThrottlingException", message="Rate exceeded")
    with pytest.raises(AwsError, match=r"ThrottlingException.*throttled.*aws_max_attempts"):
        connect("GetJobs", aws_max_attempts=3).call("GetJobs", {})
    assert endpoint.count("GetJobs") == 3


# GetCatalogs where the endpoint does not know it


@pytest.mark.parametrize(
    ("code", "status"),
    [("UnknownOperationException", 400), ("UnknownOperation", 404), ("NotImplemented", 501)],
)
def test_an_unknown_operation_is_absent(
    endpoint: FakeAws, connect: Connect, code: str, status: int
) -> None:
    endpoint.fail("GetCatalogs", code, status=status)
    with pytest.raises(AbsentError, match="glue:GetCatalogs is not known to the endpoint"):
        connect("GetCatalogs", aws_max_attempts=1).call("GetCatalogs", {})


@pytest.mark.usefixtures("impatient")
def test_an_emulator_that_fails_over_it_is_asked_once(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.respond("GetCatalogs", HTML, status=500, content_type="text/html")
    with pytest.raises(AbsentError):
        connect("GetCatalogs").call("GetCatalogs", {})
    assert endpoint.count("GetCatalogs") == 1


@pytest.mark.usefixtures("impatient")
def test_its_other_failures_are_repeated(endpoint: FakeAws, connect: Connect) -> None:
    endpoint.respond("GetJobs", HTML, status=500, content_type="text/html", times=2)
    endpoint.fail("GetCatalogs", "InternalServiceException", status=500, times=2)
    glue = connect("GetJobs", "GetCatalogs")
    assert glue.call("GetJobs", {})[:3] == ({"Jobs": []}, 2, 0)
    assert glue.call("GetCatalogs", {})[:3] == ({"CatalogList": []}, 2, 0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "host", ["glue.eu-west-1.amazonaws.com", "glue.cn-north-1.amazonaws.com.cn", "g.x.api.aws"]
)
def test_at_aws_the_same_failure_passes(connect: Connect, host: str) -> None:
    glue = connect("GetCatalogs", aws_endpoint_url=f"https://{host}")
    answers = [(200, b'{"CatalogList": []}'), (500, HTML), (500, HTML)]

    def answer(**_: Any) -> Any:  # in place of the network
        status, body = answers.pop()
        return SimpleNamespace(status_code=status, headers={}, content=body)

    events: Any = glue._client.meta.events
    events.register("before-send.glue", answer)
    assert glue.call("GetCatalogs", {})[:3] == ({"CatalogList": []}, 2, 0)
