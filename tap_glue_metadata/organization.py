"""The accounts of an AWS organization, as the setting `aws_accounts` takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.scopes import open_scopes
from tap_glue_metadata.engine.outcomes import Outcomes
from tap_glue_metadata.engine.read import Read
from tap_glue_metadata.engine.selection import Selection
from tap_glue_metadata.engine.traversal import Traversal

if TYPE_CHECKING:
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.settings import Settings

_ACCOUNTS: Final = Read(
    "ListAccounts", "Accounts", service="organizations", key="Id", is_always_listed=True
)


def list_accounts(settings: Settings, role_name: str) -> list[Json]:
    """List the accounts of the organization that the credentials belong to.

    Only the management account, and a member that is a delegated administrator, may list them (AWS
    Organizations API Reference, ListAccounts).

    Args:
        settings: The tap's settings, whose credentials are used.
        role_name: The name of the role to assume in each account, with its path if it has one.

    Returns:
        An object with `role_arn` for each account that is active, in the order of their ids.

    Raises:
        TapError: A setting, the credentials or the network are at fault.
    """
    operations = {_ACCOUNTS.service: frozenset({_ACCOUNTS.operation})}
    scopes, _ = open_scopes(settings, operations)
    traversal = Traversal(
        scopes[:1],  # an organization has no regions
        Clients(operations),
        Selection(settings),
        Outcomes([], skip=False),
        workers=1,
    )
    [reading] = traversal.begin([("accounts", _ACCOUNTS)])
    try:
        found = [account for page in reading for _, account in page]
    finally:
        traversal.end(reading)
        traversal.close()
    partition = scopes[0].partition
    return [
        {"role_arn": f"arn:{partition}:iam::{account['Id']}:role/{role_name}"}
        for account in sorted(found, key=lambda account: str(account["Id"]))
        if account.get("State", account.get("Status")) == "ACTIVE"  # which endpoints had before
    ]
