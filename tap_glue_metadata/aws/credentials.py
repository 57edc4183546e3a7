"""Settings -> a session whose credentials refresh themselves.

The sessions are botocore's, which boto3's wrap: the parser of raw JSON is registered on them, and
every client that they create, also those that botocore makes for itself to fetch credentials, gets
the endpoint of the settings.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.session import Session

from tap_glue_metadata.aws.endpoints import is_safe, is_url
from tap_glue_metadata.aws.errors import DeniedError, SettingError, TapError, describe, translate
from tap_glue_metadata.aws.secret_stores import open_store

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.client import BaseClient

    from tap_glue_metadata.aws.secret_stores import SecretStore

_NEVER: Final = datetime.max.replace(tzinfo=timezone.utc)
# STS answers at once or not at all; a wrong endpoint should not be tried for a minute.
_STS_ATTEMPTS: Final = 3


class AwsSession(Session):
    """A session whose clients all follow the settings."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take over the settings; nothing is called, and no credentials are looked for.

        Args:
            settings: The tap's settings.

        Raises:
            SettingError: The endpoint is malformed, or plain http to another host than this one.
        """
        # Other SDKs of AWS, and its services, set AWS_REGION; botocore alone does not read it.
        region = ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)
        super().__init__(
            session_vars={"region": region}, profile=settings.get("aws_profile") or None
        )
        self._settings = settings
        self._endpoint_url = endpoint_url(settings)
        self._client_config = client_config(settings, settings["aws_max_attempts"])
        self._sts_config = client_config(settings, min(settings["aws_max_attempts"], _STS_ATTEMPTS))

    def with_credentials(self, credentials: Credentials) -> AwsSession:
        """Open a session like this one, with other credentials.

        Args:
            credentials: The credentials, which may refresh themselves.

        Returns:
            The session; it shares the service models that this one has loaded.
        """
        session = AwsSession(self._settings)
        session.register_component("data_loader", self.get_component("data_loader"))
        session.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
        session.set_config_variable("region", self.get_config_variable("region"))
        return session

    @override
    def create_client(self, service_name: str, *args: Any, **kwargs: Any) -> BaseClient:
        """Create a client for the endpoint of the settings, with their timeouts and retries.

        Args:
            service_name: The service.
            args: As in botocore.
            kwargs: As in botocore.

        Returns:
            The client.

        Raises:
            TapError: The endpoint that the environment names is malformed, or not safe.
        """
        config = self._sts_config if service_name == "sts" else self._client_config
        if "config" in kwargs:
            config = config.merge(kwargs["config"])
        kwargs = {"endpoint_url": self._endpoint_url, **kwargs, "config": config}
        try:
            client = super().create_client(service_name, *args, **kwargs)
        except ValueError as error:
            raise TapError(f"{describe(error)}; check AWS_ENDPOINT_URL and the profile") from error
        url = client.meta.endpoint_url
        if not is_safe(url):
            raise TapError(
                f"The endpoint {url} (from AWS_ENDPOINT_URL or the profile) would send credentials "
                "in the clear; use https (http is for loopback only)"
            )
        return client


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
    _quiet_botocore()
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
    except BotoCoreError as error:
        raise TapError(f"No AWS credentials: {describe(error)}") from error
    return session


def assume(session: AwsSession, roles: Sequence[Role], session_name: str) -> AwsSession:
    """Assume roles one after another, each with the credentials of the one before.

    Args:
        session: Whose credentials assume the first.
        roles: The roles; none leaves the session as it is.
        session_name: The name under which they show in CloudTrail.

    Returns:
        A session with the credentials of the last role, which are fetched anew before they expire.

    Raises:
        TapError: A role may not be assumed.
    """
    for role in roles:
        session = _assume(session, role, session_name)
    return session


def _assume(session: AwsSession, role: Role, session_name: str) -> AwsSession:
    extra = {"RoleSessionName": session_name}
    if role.external_id:
        extra["ExternalId"] = role.external_id
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=session.create_client,
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
        raise SettingError(
            role.setting,
            f"AWS does not let these credentials assume {role.arn} (AccessDenied); check the "
            f"role's trust policy, {external_id}, and the caller's right to sts:AssumeRole on it",
        ) from error
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


class _Given(CredentialProvider):
    """Gives a session the credentials that were made for it."""

    METHOD = "given"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    @override
    def load(self) -> Credentials:
        return self._credentials


def endpoint_url(settings: Mapping[str, Any]) -> str | None:
    """Return the endpoint of the settings.

    Args:
        settings: The tap's settings.

    Returns:
        The URL, or None where botocore's own rules decide.

    Raises:
        SettingError: The URL is malformed, or plain http to another host than this one.
    """
    url: str | None = settings.get("aws_endpoint_url") or None
    if url is None:
        return None
    if not is_url(url):
        shown = "it" if "@" in url else repr(url)  # what stands before an @ may be a password
        raise SettingError(
            "aws_endpoint_url",
            f"{shown} is no endpoint; give a URL such as https://HOST or https://HOST:PORT",
        )
    if not is_safe(url):
        raise SettingError(
            "aws_endpoint_url",
            f"{url!r} would send credentials in the clear; use https (http is for loopback only)",
        )
    return url


def client_config(settings: Mapping[str, Any], attempts: int) -> Config:
    """Give botocore's configuration of a client.

    Args:
        settings: The tap's settings.
        attempts: How often a call is tried, the first time included.

    Returns:
        User agent, connections, retries and timeouts.
    """
    config: dict[str, Any] = {
        "user_agent_extra": f"tap-glue-metadata/{version('tap-glue-metadata')}",
        "max_pool_connections": settings["concurrency"],
        "retries": {"total_max_attempts": attempts, "mode": settings["aws_retry_mode"]},
    }
    for name in ("connect_timeout", "read_timeout"):
        if seconds := settings.get(f"aws_{name}"):
            config[name] = seconds
    return Config(**config)


def _assume_role(
    session: AwsSession, settings: Mapping[str, Any], role_arn: str, region: str
) -> AwsSession:
    """Open a session of a role, whose credentials are fetched anew before they expire."""
    extra = {
        "RoleSessionName": settings["aws_assume_role_session_name"],
        "ExternalId": settings.get("aws_assume_role_external_id") or None,
    }
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=session.create_client,
        source_credentials=session.get_credentials(),
        role_arn=role_arn,
        extra_args={name: value for name, value in extra.items() if value},
    )
    credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    try:
        credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        translated = translate(error, "sts:AssumeRole", role_arn)
        if not isinstance(translated, DeniedError):
            raise translated from error
        raise SettingError(
            "aws_assume_role_arn",
            f"AWS does not let these credentials assume {role_arn} (AccessDenied); check the "
            "role's trust policy, aws_assume_role_external_id, and the caller's right to "
            "sts:AssumeRole on it",
        ) from error
    assumed = AwsSession(settings)
    assumed.set_config_variable("region", region)
    assumed.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    return assumed


def _quiet_botocore() -> None:
    """Keep botocore's tracebacks, and what it shows of requests at DEBUG, out of the log."""
    logging.getLogger("botocore.credentials").addFilter(_is_no_traceback)
    for name in ("botocore", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))


def _is_no_traceback(record: logging.LogRecord) -> bool:
    # botocore warns of credentials that could not be refreshed; the error itself is told anyway.
    return not record.exc_info
