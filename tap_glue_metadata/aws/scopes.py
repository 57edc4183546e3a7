"""Accounts x regions -> the scopes of a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tap_glue_metadata.aws.credentials import assume, authenticate, open_session
from tap_glue_metadata.aws.errors import (
    AwsError,
    DeniedError,
    RefusedError,
    SettingError,
    TapError,
    translate,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from botocore.session import Session

    from tap_glue_metadata.aws.session import AwsSession
    from tap_glue_metadata.settings import Account, Settings

ALL: Final = "all"
UNKNOWN: Final = "unknown"
"""The id of an account that could not be asked for it."""
_DEFAULT_PARTITION: Final = "aws"
# A region of each partition that is always enabled, to assume roles in.
_HOMES: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True)
class Scope:
    """One account in one region; the same as any other of that account and region.

    Attributes:
        account_id: The account that the credentials belong to, 12 digits.
        region: The region's code.
        partition: The part of AWS that the region is in, as it stands in ARNs: `aws`, `aws-cn`.
        session: Has the credentials, and creates clients.
        catalog_ids: The catalogs to read; all that are visible if empty.
        is_asked: Whether STS told the account, not aws_account_id.
        roles: The ARNs of the roles that lead there.
    """

    account_id: str
    region: str
    partition: str = field(compare=False)
    session: AwsSession = field(compare=False, repr=False)
    catalog_ids: tuple[str, ...] = field(default=(), compare=False)
    is_asked: bool = field(default=True, compare=False)
    roles: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """Name the scope in messages."""
        return f"account {self.account_id}, region {self.region}"

    def elsewhere(self, region: str | None) -> Scope:
        """Return the scope of the same account in another region, or this one if none is given."""
        if not region or region == self.region:
            return self
        return replace(self, region=region)


@dataclass(frozen=True)
class Unopened:
    """An account, or a region of one, that the credentials may not open.

    Attributes:
        name: What the settings call it.
        account_id: The account, as far as the settings tell; else `unknown`.
        region: The region; None for all of the account's.
        error: Why.
    """

    name: str
    account_id: str
    region: str | None
    error: TapError


def open_scopes(
    settings: Settings, operations: Mapping[str, frozenset[str]]
) -> tuple[list[Scope], list[Unopened]]:
    """Connect, and open one scope for each account and region.

    Args:
        settings: The tap's settings.
        operations: The operations that may be called, by service.

    Returns:
        The scopes, in the order of the settings, no account and region twice; and the accounts, of
        several, that the credentials may not open. A region that is not enabled shows at its first
        call.

    Raises:
        TapError: A setting, the credentials or the network are at fault; with several accounts,
            for all of them.
    """
    session = open_session(settings, operations)
    accounts = [_resolved(account, settings, session) for account in settings.aws_accounts]
    first, home = accounts[0]
    session = authenticate(session, settings, home)
    common = first.roles[:-1] if len(accounts) > 1 else ()
    session = assume(session, common, settings.aws_assume_role_session_name, home)
    scopes: dict[Scope, Scope] = {}
    unopened: list[Unopened] = []
    open_account = partial(_open, settings, session, len(common))
    with ThreadPoolExecutor(min(settings.concurrency, len(accounts))) as pool:
        for opened in pool.map(open_account, *zip(*accounts, strict=True)):
            if isinstance(opened, Unopened):
                unopened.append(opened)
                continue
            for scope in opened:
                scopes[scope] = _merged(scopes[scope], scope) if scope in scopes else scope
    if not scopes:
        raise unopened[0].error
    return list(scopes.values()), unopened


def _open(
    settings: Settings, session: AwsSession, assumed: int, account: Account, home: str
) -> list[Scope] | Unopened:
    """Open the scopes of an account, or tell why that is not possible."""
    known_id = account.roles[-1].account_id if account.roles else settings.aws_account_id
    is_asked = bool(account.roles) or not known_id
    try:
        session_name = settings.aws_assume_role_session_name
        session = assume(session, account.roles[assumed:], session_name, home)
        account_id = _caller_account(session, home) if is_asked else str(known_id)
    except (DeniedError, RefusedError, SettingError) as error:
        return Unopened(account.name, known_id or UNKNOWN, None, error)
    return [
        Scope(
            account_id=account_id,
            region=region,
            partition=partition_of(session, region),
            session=session,
            catalog_ids=account.catalog_ids,
            is_asked=is_asked,
            roles=tuple(role.arn for role in account.roles),
        )
        for region in account.regions
    ]


def _caller_account(session: AwsSession, region: str) -> str:
    sts: Any
    try:
        with closing(session.create_client("sts", region_name=region)) as sts:
            return str(sts.get_caller_identity()["Account"])
    except ClientError as error:
        raise translate(error, "sts:GetCallerIdentity", "these credentials") from error
    except (ResponseParserError, KeyError):
        raise AwsError(
            "sts:GetCallerIdentity failed: the answer is not one of AWS STS; check "
            "aws_endpoint_url, or set aws_account_id"
        ) from None
    except BotoCoreError as error:
        problem = translate(error, "sts:GetCallerIdentity", "these credentials")
        raise AwsError(
            f"{problem}; where no STS endpoint can be reached, set aws_account_id"
        ) from error


def _resolved(account: Account, settings: Settings, session: Session) -> tuple[Account, str]:
    """Name and check the regions of an account; also give the one in which to assume its roles."""
    chain: str | None = session.get_config_variable("region")
    regions = account.regions or ((chain,) if chain else ())
    if ALL in regions:
        if account.roles:
            partition = account.roles[-1].partition
        else:
            partition = partition_of(session, chain) if chain else _DEFAULT_PARTITION
        regions = tuple(session.get_available_regions("glue", partition_name=partition))
        home = chain if chain in regions else _HOMES.get(partition, "")
        return replace(account, regions=regions), str(home)
    if not regions:
        raise SettingError(
            "aws_regions",
            'no region is known; set it, for instance to ["eu-west-1"], or AWS_REGION or a region '
            "in the profile",
        )
    # An endpoint of one's own, such as an emulator, may know regions that AWS does not have.
    if not settings.aws_endpoint_url:
        is_own = account.regions != settings.aws_regions
        check_regions(account.roles[-1].setting if is_own else "aws_regions", regions, session)
    return replace(account, regions=tuple(dict.fromkeys(regions))), regions[0]


def check_regions(setting: str, regions: Iterable[str], session: Session) -> None:
    """Refuse a region that AWS Glue is not known to have.

    Args:
        setting: The setting that names them, for the message.
        regions: Their codes.
        session: Whose data on regions counts.

    Raises:
        SettingError: One does not exist, or is newer than the installed boto3.
    """
    known = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("glue", partition_name=partition)
    }
    for region in regions:
        if region not in known:
            near = get_close_matches(region, sorted(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "check its spelling"
            raise SettingError(
                setting,
                f"{region!r} is no region that AWS Glue is known to have; {hint} "
                "(for a region newer than the installed boto3, upgrade boto3)",
            )


def partition_of(session: Session, region: str) -> str:
    """Return the partition of a region, `aws` for one that is unknown."""
    try:
        return session.get_partition_for_region(region)
    except BotoCoreError:  # a region of an emulator's own
        return _DEFAULT_PARTITION


def _merged(first: Scope, second: Scope) -> Scope:
    """Join two scopes of one account and region; no list of catalogs means all of them."""
    both = first.catalog_ids and second.catalog_ids
    catalog_ids = tuple(dict.fromkeys((*first.catalog_ids, *second.catalog_ids))) if both else ()
    return replace(first, catalog_ids=catalog_ids)
