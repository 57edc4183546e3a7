"""`--accounts`: the accounts of an AWS organization, as `aws_accounts`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from conftest import ACCOUNT, OTHER
from fake_aws import Role
from singer import sync

from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Json
    from fake_aws import FakeAws

ROLE_ARN = "arn:aws:iam::{}:role/{}"


def account(number: int, state: str = "ACTIVE") -> Json:
    return {"Id": f"{number:012}", "Name": f"account-{number}", "State": state}


@pytest.fixture
def listed(
    settings: Json, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process, and return its exit code and what it wrote."""
    monkeypatch.setattr("singer_sdk.plugin_base._setup_console_logging", lambda **_: None)

    def listed(role: str = "reader", **others: object) -> tuple[int, str, str]:
        for name, value in {**settings, **others}.items():
            text = value if isinstance(value, str) else json.dumps(value)
            monkeypatch.setenv(f"TAP_GLUE_METADATA_{name.upper()}", text)
        with pytest.raises(SystemExit) as end:
            TapGlueMetadata.cli(["--config=ENV", f"--accounts={role}"])
        return int(end.value.code or 0), *capsys.readouterr()

    return listed


def test_all_pages_of_the_organization_are_listed(
    endpoint: FakeAws, listed: Callable[..., tuple[int, str, str]]
) -> None:
    endpoint.organization = [account(number) for number in range(45, 0, -1)]
    endpoint.empty_pages = True
    code, printed, _ = listed("path/reader", aws_regions=["us-east-1", "eu-west-1"])
    arns = [ROLE_ARN.format(f"{number:012}", "path/reader") for number in range(1, 46)]
    assert (code, json.loads(printed)) == (0, [{"role_arn": arn} for arn in arns])
    assert printed.count("\n") == 1
    assert {call.operation for call in endpoint.calls} == {"GetCallerIdentity", "ListAccounts"}


def test_accounts_that_are_not_active_are_left_out(
    endpoint: FakeAws, listed: Callable[..., tuple[int, str, str]]
) -> None:
    states = ("SUSPENDED", "ACTIVE", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")
    endpoint.organization = [account(number, state) for number, state in enumerate(states)]
    _, printed, _ = listed()
    assert json.loads(printed) == [{"role_arn": ROLE_ARN.format(f"{1:012}", "reader")}]


def test_the_accounts_of_the_settings_do_not_matter(
    endpoint: FakeAws, listed: Callable[..., tuple[int, str, str]]
) -> None:
    hub = ROLE_ARN.format(OTHER, "hub")
    endpoint.roles[hub] = Role(OTHER)
    endpoint.organization = [account(7)]
    member = {"role_arn": ROLE_ARN.format(ACCOUNT, "member")}
    code, printed, _ = listed(aws_assume_role_arn=hub, aws_accounts=[member])
    assert (code, len(json.loads(printed))) == (0, 1)
    assert [call.account_id for call in endpoint.calls if call.operation == "ListAccounts"] == [
        OTHER
    ]


def test_what_is_printed_is_a_setting(
    endpoint: FakeAws, listed: Callable[..., tuple[int, str, str]], settings: Json
) -> None:
    for number in (1, 2):
        endpoint.roles[ROLE_ARN.format(f"{number:012}", "reader")] = Role(f"{number:012}")
        endpoint.store(f"{number:012}").add_database("sales")
        endpoint.organization.append(account(number))
    _, printed, _ = listed()
    records = sync({**settings, "aws_accounts": json.loads(printed)}).records("databases")
    found = sorted(record["account_id"] for record in records)  # accounts are read side by side
    assert found == [f"{number:012}" for number in (1, 2)]


def test_a_denial_is_told_in_one_line(
    endpoint: FakeAws,
    listed: Callable[..., tuple[int, str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint.fail("ListAccounts", "AccessDeniedException", message="You don't have permissions.")
    code, printed, told = listed()
    assert (code, printed) == (1, "")
    assert "grant organizations:ListAccounts" in told + caplog.text
