"""Settings -> a session whose credentials are there, and refresh themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from tap_glue_metadata.aws.errors import DeniedError, SettingError, TapError, describe, translate
from tap_glue_metadata.aws.secret_stores import open_store
from tap_glue_metadata.aws.session import AwsSession

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_glue_metadata.aws.secret_stores import SecretStore

_NEVER: Final = datetime.max.replace(tzinfo=timezone.utc)


def open_session(settings: Mapping[str, Any]) -> AwsSession:
    """Open a session on the explicit keys, else the profile, else boto3's chain of providers.

    Args:
        settings: The tap's settings.

    Returns:
        The session; no call was made, and no credentials were looked for yet.

    Raises:
        SettingError: Half a pair of keys, a profile or an endpoint that cannot be used.
    """
    key, secret, token = (
        settings.get(f"aws_{name}") or None
        for name in ("access_key_id", "secret_access_key", "session_token")
    )
    if secret and not key:
        raise SettingError("aws_secret_access_key", "it needs aws_access_key_id beside it")
    if key and not secret:
        raise SettingError("aws_access_key_id", "it needs aws_secret_access_key beside it")
    if token and not key:
        raise SettingError("aws_session_token", "it needs a pair of keys beside it")
    session = AwsSession(settings)
    try:
        session.get_scoped_config()
    except BotoCoreError as error:
        setting = "aws_profile" if settings.get("aws_profile") else "AWS_PROFILE"
        raise SettingError(setting, describe(error)) from error
    if key and secret:
        session.set_credentials(key, secret, token)
    return session


@dataclass(frozen=True)
class Role:
    """A role to assume.

    Attributes:
        arn: Its ARN.
        external_id: What its trust policy asks for, if anything.
        setting: The setting that names the role, for messages.
    """

    arn: str
    external_id: str | None
    setting: str


def authenticate(session: AwsSession, settings: Mapping[str, Any], region: str) -> AwsSession:
    """Find the credentials of a session: its own, or those that the store holds.

    Args:
        session: What `open_session` opened.
        settings: The tap's settings.
        region: The region of STS, and of the store unless its URI names one.

    Returns:
        A session whose credentials are there, and refresh themselves before they expire.

    Raises:
        TapError: There are no credentials, or they cannot be fetched.
    """
    session.set_config_variable("region", region)
    uri = settings.get("aws_credentials_uri")
    if uri and not settings.get("aws_access_key_id") and not settings.get("aws_profile"):
        store = open_store(uri, settings, session, region, {})
        return session.with_credentials(_stored_credentials(store))
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        credentials.get_frozen_credentials()
    except ClientError as error:
        raise translate(error, "sts:AssumeRole", "the role of the profile") from error
    except RuntimeError as error:  # how botocore tells that fresh credentials were expired
        raise TapError(f"No AWS credentials: {error}; check this machine's clock") from None
    except BotoCoreError as error:
        raise TapError(f"No AWS credentials: {describe(error)}") from error
    return session


def assume(
    session: AwsSession, roles: Sequence[Role], session_name: str, region: str
) -> AwsSession:
    """Assume roles one after another, each with the credentials of the one before.

    Args:
        session: Whose credentials assume the first.
        roles: The roles; none leaves the session as it is.
        session_name: The name under which they show in CloudTrail.
        region: The region of the STS endpoint, also when they are fetched anew.

    Returns:
        A session with the credentials of the last role, which are fetched anew before they expire.

    Raises:
        TapError: A role may not be assumed.
    """
    for role in roles:
        session = _assume(session, role, session_name, region)
    return session


def _assume(session: AwsSession, role: Role, session_name: str, region: str) -> AwsSession:
    extra = {"RoleSessionName": session_name}
    if role.external_id:
        extra["ExternalId"] = role.external_id
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(session.create_client, region_name=region),
        source_credentials=session.get_credentials(),
        role_arn=role.arn,
        extra_args=extra,
    )
    credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    try:
        credentials.get_frozen_credentials()
    except RuntimeError as error:  # how botocore tells that fresh credentials were expired
        raise SettingError(
            role.setting, f"{role.arn}: {error}; check this machine's clock"
        ) from None
    except (BotoCoreError, ClientError) as error:
        translated = translate(error, "sts:AssumeRole", role.arn)
        if not isinstance(translated, DeniedError):
            raise translated from error
        first = role.setting == "aws_assume_role_arn"
        external_id = "aws_assume_role_external_id" if first else "the external_id beside it"
        denial = SettingError(
            role.setting,
            f"AWS does not let these credentials assume {role.arn} (AccessDenied); check the "
            f"role's trust policy, {external_id}, and the caller's right to sts:AssumeRole on it",
        )
        denial.action, denial.code = translated.action, translated.code
        raise denial from error
    return session.with_credentials(credentials)


def _stored_credentials(store: SecretStore) -> Credentials:
    """Read a store, again before the keys expire if they do."""

    def fetch() -> dict[str, Any]:
        keys = store.read()
        return {
            "access_key": keys.access_key_id,
            "secret_key": keys.secret_access_key,
            "token": keys.session_token,
            "expiry_time": (keys.expires_at or _NEVER).isoformat(),
        }

    first = fetch()
    if first["expiry_time"] == _NEVER.isoformat():
        return Credentials(first["access_key"], first["secret_key"], first["token"])
    # Each read of a lease makes new keys, so its length decides how early to read again; botocore
    # would begin 15 minutes before the end, which for a short lease is at once, at every call.
    left = datetime.fromisoformat(first["expiry_time"]) - datetime.now(timezone.utc)
    if left.total_seconds() <= 0:
        raise SettingError(
            "aws_credentials_uri", "the keys in the store have expired: have them renewed there"
        )
    return RefreshableCredentials.create_from_metadata(
        first,
        refresh_using=fetch,
        method="aws-credentials-uri",
        advisory_timeout=min(900, int(left.total_seconds() / 4)),
        mandatory_timeout=min(600, int(left.total_seconds() / 8)),
    )
