"""Accounts x regions -> the scopes of a run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tap_glue_metadata.aws.credentials import Role, assume, authenticate, open_session
from tap_glue_metadata.aws.errors import (
    AwsError,
    DeniedError,
    LostRoleError,
    RefusedError,
    SettingError,
    TapError,
    translate,
)
from tap_glue_metadata.aws.glue import GlueClient
from tap_glue_metadata.aws.raw_json import create_client
from tap_glue_metadata.aws.session import AwsSession

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from botocore.session import Session

ALL: Final = "all"
UNKNOWN: Final = "unknown"
"""The id of an account that could not be asked for it."""
_DEFAULT_PARTITION: Final = "aws"
# A region of each partition that is always enabled, to assume roles in.
_HOMES: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True)
class Scope:
    """One account in one region.

    Attributes:
        account_id: The account that the credentials belong to, 12 digits.
        region: The region's code.
        partition: The part of AWS that the region is in, as it stands in ARNs: `aws`, `aws-cn`.
        glue: Calls Glue there.
        catalog_ids: The catalogs to read; all that are visible if empty.
        is_asked: Whether STS told the account, not aws_account_id.
    """

    account_id: str
    region: str
    partition: str
    glue: GlueClient
    catalog_ids: tuple[str, ...] = ()
    is_asked: bool = True

    def __str__(self) -> str:
        """Name the scope in messages."""
        return f"account {self.account_id}, region {self.region}"


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


@dataclass(frozen=True)
class _Account:
    """An account as the settings name it; its roles are assumed in the region `home`."""

    name: str
    roles: tuple[Role, ...]
    regions: tuple[str, ...]
    catalog_ids: tuple[str, ...]
    home: str
    has_all_regions: bool


def open_scopes(
    settings: Mapping[str, Any], operations: Collection[str]
) -> tuple[list[Scope], list[Unopened]]:
    """Connect, and open one scope for each account and region.

    Args:
        settings: The tap's settings.
        operations: The Glue operations that may be called.

    Returns:
        The scopes, in the order of the settings, no account and region twice; and those, of
        several, that the credentials may not open.

    Raises:
        TapError: A setting, the credentials or the network are at fault; with several accounts or
            regions, for all of them.
    """
    session = open_session(settings)
    accounts = list(_accounts(settings, session))
    session = authenticate(session, settings, accounts[0].home)
    opener = _Opener(settings, operations, session)
    candidates = [(account, region) for account in accounts for region in account.regions]
    scopes: dict[tuple[str, str], Scope] = {}
    unopened: dict[str, Unopened] = {}
    with ThreadPoolExecutor(settings["concurrency"]) as pool:
        for opened in pool.map(lambda candidate: opener.open(*candidate), candidates):
            if isinstance(opened, Scope):
                key = (opened.account_id, opened.region)
                scopes[key] = _merged(scopes[key], opened) if key in scopes else opened
            elif isinstance(opened.error, (DeniedError, RefusedError, SettingError)):
                unopened[opened.name] = opened
            else:
                raise opened.error
    if not scopes:
        raise next(iter(unopened.values())).error
    return list(scopes.values()), list(unopened.values())


class _Opener:
    """Opens scopes, from several threads."""

    def __init__(
        self, settings: Mapping[str, Any], operations: Collection[str], session: AwsSession
    ) -> None:
        self._settings = settings
        self._operations = operations
        self._session = session
        self._slots = threading.BoundedSemaphore(settings["concurrency"])
        self._sessions: dict[str, AwsSession | TapError] = {}
        self._account_ids: dict[str, str] = {}
        self._lock = threading.Lock()  # sessions and their clients are not made for several threads

    def open(self, account: _Account, region: str) -> Scope | Unopened:
        """Open a scope, or tell what cannot be opened, and why: a region, or the whole account."""
        with self._lock:
            session = self._session_of(account)
        if not isinstance(session, AwsSession):
            return Unopened(account.name, self._known_id(account), None, session)
        name = f"{account.name}, region {region}"
        try:
            with self._lock:
                client = create_client(session, region_name=region)
            account_id = self._account_id(account, session, region)
        except BotoCoreError as error:
            problem = translate(error, "glue", f"region {region}")
            return Unopened(name, self._known_id(account), region, problem)
        except TapError as error:
            return Unopened(name, self._known_id(account), region, error)
        return Scope(
            account_id=account_id,
            region=region,
            partition=partition_of(session, region),
            glue=GlueClient(client, self._operations, self._slots),
            catalog_ids=account.catalog_ids,
            is_asked=bool(account.roles) or not self._settings.get("aws_account_id"),
        )

    def _session_of(self, account: _Account) -> AwsSession | TapError:
        if account.name not in self._sessions:
            try:
                session_name = self._settings["aws_assume_role_session_name"]
                session = assume(self._session, account.roles, session_name, account.home)
            except TapError as error:
                self._sessions[account.name] = error
            else:
                self._sessions[account.name] = session
        return self._sessions[account.name]

    def _known_id(self, account: _Account) -> str:
        """Tell the id of an account that cannot be asked: its role's ARN has it."""
        if account.roles:
            return (account.roles[-1].arn.split(":") + [""] * 5)[4] or UNKNOWN
        return str(
            self._settings.get("aws_account_id") or self._account_ids.get(account.name, UNKNOWN)
        )

    def _account_id(self, account: _Account, session: AwsSession, region: str) -> str:
        """Ask STS whose the credentials are: once, but for all regions in each of them.

        Only the region itself tells whether it is enabled; where regions are named, a network may
        have an STS endpoint for one of them alone.
        """
        given = self._settings.get("aws_account_id")
        if given and not account.roles:
            return str(given)
        if account.has_all_regions:
            with self._lock:
                sts = session.create_client("sts", region_name=region)
            return _caller_account(sts)
        with self._lock:
            if account.name not in self._account_ids:
                sts = session.create_client("sts", region_name=account.home)
                self._account_ids[account.name] = _caller_account(sts)
            return self._account_ids[account.name]


def _caller_account(sts: Any) -> str:  # noqa: ANN401 - botocore's clients have no types
    try:
        with closing(sts):
            return str(sts.get_caller_identity()["Account"])
    except ClientError as error:
        raise translate(error, "sts:GetCallerIdentity", "these credentials") from error
    except BotoCoreError as error:
        problem = translate(error, "sts:GetCallerIdentity", "these credentials")
        raise AwsError(
            f"{problem}; where no STS endpoint can be reached, set aws_account_id"
        ) from error
    except RuntimeError as error:  # how botocore tells that fresh credentials were expired
        raise LostRoleError(f"The credentials could not be refreshed: {error}") from error


def _accounts(settings: Mapping[str, Any], session: Session) -> Iterator[_Account]:
    """Give the accounts of the settings, or the one that the credentials belong to."""
    common = tuple(_common_roles(settings))
    listed = settings.get("aws_accounts") or []
    for index, account in enumerate(listed):
        setting = f"aws_accounts[{index}]"
        role = Role(account["role_arn"], account.get("external_id"), setting)
        yield _account(f"{setting} ({role.arn})", (*common, role), account, settings, session)
    if not listed:
        yield _account("these credentials", common, {}, settings, session)


def _account(
    name: str,
    roles: tuple[Role, ...],
    own: Mapping[str, Any],
    settings: Mapping[str, Any],
    session: Session,
) -> _Account:
    """Check an account's roles and regions; what it does not say, the settings do."""
    arns = [role.arn for role in roles]
    for role in roles:
        if arns.count(role.arn) > 1:
            raise SettingError(roles[-1].setting, f"{role.arn} stands twice in the chain of roles")
    setting = roles[-1].setting if own.get("regions") else "aws_regions"
    chain: str | None = session.get_config_variable("region")
    given: list[str] = own.get("regions") or settings.get("aws_regions") or [chain or ""]
    if ALL in given:
        partition = arns[-1].split(":")[1] if arns and arns[-1].count(":") else None
        partition = partition or (partition_of(session, chain) if chain else _DEFAULT_PARTITION)
        given = session.get_available_regions("glue", partition_name=partition)
        home = chain if chain in given else _HOMES.get(partition, given[0] if given else "")
    else:
        home = given[0]
    if not any(given):
        raise SettingError(
            "aws_regions",
            'no region is known; set it, for instance to ["eu-west-1"], or AWS_REGION or a region '
            "in the profile",
        )
    # An endpoint of one's own, such as an emulator, may know regions that AWS does not have.
    if not settings.get("aws_endpoint_url"):
        for region in given:
            check_region(setting, region, session)
    return _Account(
        name=name,
        roles=roles,
        regions=tuple(dict.fromkeys(given)),
        catalog_ids=tuple(own.get("catalog_ids") or settings.get("catalog_ids") or ()),
        home=home,
        has_all_regions=ALL in (own.get("regions") or settings.get("aws_regions") or ()),
    )


def _common_roles(settings: Mapping[str, Any]) -> Iterator[Role]:
    if arn := settings.get("aws_assume_role_arn"):
        yield Role(arn, settings.get("aws_assume_role_external_id"), "aws_assume_role_arn")
    for role in settings.get("aws_assume_role_chain") or []:
        yield Role(role["role_arn"], role.get("external_id"), "aws_assume_role_chain")


def check_region(setting: str, region: str, session: Session) -> None:
    """Refuse a region that AWS Glue is not known to have.

    Args:
        setting: The setting that names it, for the message.
        region: Its code.
        session: Whose data on regions counts.

    Raises:
        SettingError: It is none, or newer than the installed boto3.
    """
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("glue", partition_name=partition)
    ]
    if region not in known:
        near = get_close_matches(region, known, n=1)
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
