"""The settings, typed: made in one place from the config that the SDK has validated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from tap_glue_metadata.aws.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self


@dataclass(frozen=True)
class Role:
    """A role to assume.

    Attributes:
        arn: Its ARN.
        external_id: What its trust policy asks for, if anything.
        setting: The setting that names the role, for messages.
        partition: The part of AWS that its account is in: `aws`, `aws-cn`, ...
        account_id: Its account.
    """

    arn: str
    external_id: str | None = field(repr=False)
    setting: str
    partition: str
    account_id: str


@dataclass(frozen=True)
class Account:
    """An account to read.

    Attributes:
        name: What messages call it.
        roles: The roles that lead there, to be assumed one after another; maybe none.
        regions: Its regions; the region of boto3's chain if empty.
        catalog_ids: Its catalogs; all that are visible if empty.
    """

    name: str
    roles: tuple[Role, ...] = ()
    regions: tuple[str, ...] = ()
    catalog_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class VaultSettings:
    """The settings whose names begin with `vault_`, without that."""

    address: str | None = None
    namespace: str | None = None
    ca_file: str | None = None
    token: str | None = field(default=None, repr=False)
    role_id: str | None = None
    secret_id: str | None = field(default=None, repr=False)
    kubernetes_role: str | None = None
    kubernetes_token_file: str | None = None
    auth_mount: str | None = None


@dataclass(frozen=True)
class Settings:
    """The settings under their names; None, or an empty tuple, for what is not set.

    Attributes:
        aws_accounts: The accounts to read, at least one, each with all of its roles, regions and
            catalogs: what an entry of the setting leaves out comes from the common settings.
        vault: How to reach HashiCorp Vault.
    """

    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    aws_profile: str | None = None
    aws_credentials_uri: str | None = None
    aws_assume_role_session_name: str = "tap-glue-metadata"
    aws_accounts: tuple[Account, ...] = (Account("these credentials"),)
    aws_regions: tuple[str, ...] = ()
    aws_account_id: str | None = None
    aws_endpoint_url: str | None = None
    aws_http_hosts: tuple[str, ...] = ()
    aws_max_attempts: int = 10
    aws_retry_mode: str = "adaptive"
    aws_connect_timeout: int | None = None
    aws_read_timeout: int | None = None
    concurrency: int = 8
    catalog_ids: tuple[str, ...] = ()
    include_databases: tuple[str, ...] = ()
    exclude_databases: tuple[str, ...] = ()
    include_tables: tuple[str, ...] = ()
    exclude_tables: tuple[str, ...] = ()
    extra_streams: tuple[str, ...] = ()
    on_access_denied: str = "skip"
    start_date: str | None = None
    emit_activate_version_messages: bool = False
    max_removed_percent: int = 50
    resource_links: str = "follow"
    resource_share_type: str | None = None
    redact_secrets: bool = True
    redact_keys: tuple[str, ...] = ()
    vault: VaultSettings = field(default_factory=VaultSettings)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read the settings.

        Args:
            config: The tap's config; null, or an empty text, counts as not set.

        Returns:
            The settings, complete with their defaults.

        Raises:
            SettingError: A value is of the wrong type, names a role that cannot be one, or is half
                a pair of keys.
        """
        given = _given(config)
        _check_keys(given)
        prefix = "vault_"
        vault = {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}
        values = {**given, "aws_accounts": tuple(_accounts(given)), "vault": vault}
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            problem, _, path = str(error).partition(" - at ")
            name = path.strip("`").removeprefix("$.").replace("vault.", prefix)
            raise SettingError(name, problem) from None


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not set, and turn JSON's whole numbers such as `8.0` into integers."""
    given: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, str):
            given[name] = value.strip()
        elif isinstance(value, float) and value.is_integer():
            given[name] = int(value)
        else:
            given[name] = value
    return {name: value for name, value in given.items() if value not in (None, "")}


def _check_keys(given: Mapping[str, Any]) -> None:
    key, secret = "aws_access_key_id", "aws_secret_access_key"
    for setting, needed in ((key, secret), (secret, key), ("aws_session_token", key)):
        if setting in given and needed not in given:
            raise SettingError(setting, f"it needs {needed} too")


def _accounts(given: Mapping[str, Any]) -> Iterator[Account]:
    """Give the accounts of the settings, or the one that the credentials belong to."""
    common = tuple(_common_roles(given))
    entries: list[dict[str, Any]] = given.get("aws_accounts") or [{}]
    for index, entry in enumerate(entries):
        own, name, roles = _given(entry), "these credentials", common
        if entry:
            setting = f"aws_accounts[{index}]"
            roles = (*common, _role(setting, own))
            name = f"{setting} ({roles[-1].arn})"
        _check_chain(roles)
        yield Account(
            name=name,
            roles=roles,
            regions=tuple(own.get("regions") or given.get("aws_regions") or ()),
            catalog_ids=tuple(own.get("catalog_ids") or given.get("catalog_ids") or ()),
        )


def _common_roles(given: Mapping[str, Any]) -> Iterator[Role]:
    if arn := given.get("aws_assume_role_arn"):
        external_id = given.get("aws_assume_role_external_id")
        yield _role("aws_assume_role_arn", {"role_arn": arn, "external_id": external_id})
    for entry in given.get("aws_assume_role_chain") or ():
        yield _role("aws_assume_role_chain", _given(entry))


def _role(setting: str, entry: Mapping[str, Any]) -> Role:
    arn = entry.get("role_arn", "")
    parts = re.fullmatch(r"arn:([\w-]+):iam::(\d{12}):role/.+", arn)
    if parts is None:
        raise SettingError(
            setting,
            f"{arn!r} is not the ARN of a role; write it as arn:aws:iam::123456789012:role/NAME",
        )
    return Role(arn, entry.get("external_id"), setting, partition=parts[1], account_id=parts[2])


def _check_chain(roles: tuple[Role, ...]) -> None:
    arns = [role.arn for role in roles]
    for arn in arns:
        if arns.count(arn) > 1:
            raise SettingError(
                roles[-1].setting, f"{arn} is named twice in the chain of roles; name it once"
            )
