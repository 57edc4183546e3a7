"""Settings -> a session whose credentials refresh themselves.

The sessions are botocore's, which boto3's wrap: the parser of raw JSON is registered on them.
"""

from __future__ import annotations

import functools
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.session import Session

from tap_glue_metadata.aws.errors import SettingError, TapError, describe, translate

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import Credentials

# STS answers at once or not at all; a wrong endpoint should not be tried for a minute.
_STS_ATTEMPTS: Final = 3


def open_session(settings: Mapping[str, Any]) -> Session:
    """Open a session on the explicit keys, else the profile, else boto3's chain of providers.

    Args:
        settings: The tap's settings.

    Returns:
        The session; no call was made, and no credentials were looked for yet.

    Raises:
        SettingError: Half a pair of keys, or a profile that does not exist.
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
    profile = settings.get("aws_profile") or None
    session = Session(profile=profile)
    try:
        session.get_scoped_config()
    except BotoCoreError as error:
        raise SettingError("aws_profile" if profile else "AWS_PROFILE", describe(error)) from error
    if key and secret:
        session.set_credentials(key, secret, token)
    return session


def authenticate(session: Session, settings: Mapping[str, Any], region: str) -> Session:
    """Find the credentials of a session, and assume the role of the settings with them.

    Args:
        session: What `open_session` opened.
        settings: The tap's settings.
        region: The region of the STS endpoint.

    Returns:
        A session whose credentials are there, and refresh themselves before they expire.

    Raises:
        TapError: There are no credentials, or the role may not be assumed.
    """
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise TapError(f"No AWS credentials: {describe(error)}") from error
    if role_arn := settings.get("aws_assume_role_arn"):
        return _assume_role(session, settings, role_arn, region)
    return session


def client_arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments that every AWS client of a run is created with.

    Args:
        settings: The tap's settings.

    Returns:
        Arguments of `create_client`: the endpoint, and botocore's configuration.
    """
    config: dict[str, Any] = {
        "user_agent_extra": "tap-glue-metadata",
        "max_pool_connections": settings["concurrency"],
        "retries": {
            "total_max_attempts": settings["aws_max_attempts"],
            "mode": settings["aws_retry_mode"],
        },
    }
    for name in ("connect_timeout", "read_timeout"):
        if seconds := settings.get(f"aws_{name}"):
            config[name] = seconds
    return {"endpoint_url": endpoint_url(settings), "config": Config(**config)}


def sts_arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments that an STS client is created with: those of all, with few attempts.

    Args:
        settings: The tap's settings.

    Returns:
        Arguments of `create_client`.
    """
    arguments = client_arguments(settings)
    few = Config(retries={"total_max_attempts": _STS_ATTEMPTS, "mode": "standard"})
    return {**arguments, "config": arguments["config"].merge(few)}


def endpoint_url(settings: Mapping[str, Any]) -> str | None:
    """Return the endpoint of the settings, if any.

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
        raise SettingError(
            "aws_endpoint_url",
            f"{url!r} is no endpoint; give a URL such as https://vpce-1a2b.glue.eu-west-1.vpce.amazonaws.com",
        )
    if not is_safe(url):
        raise SettingError(
            "aws_endpoint_url",
            f"{url!r} would send credentials in the clear; use https (http is for loopback only)",
        )
    return url


def is_url(url: str) -> bool:
    """Tell whether a text is an endpoint's URL: a scheme, a host, and at most a port.

    Args:
        url: Any text.

    Returns:
        True for an http or https URL with a host.
    """
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_safe(url: str) -> bool:
    """Tell whether what is sent to a URL is encrypted, or stays on this machine.

    Args:
        url: An endpoint's URL.

    Returns:
        True for https, and for http to loopback.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _assume_role(
    session: Session, settings: Mapping[str, Any], role_arn: str, region: str
) -> Session:
    """Open a session of a role, whose credentials are fetched anew before they expire."""
    extra = {
        "RoleSessionName": settings["aws_assume_role_session_name"],
        "ExternalId": settings.get("aws_assume_role_external_id") or None,
    }
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=functools.partial(
            session.create_client, region_name=region, **sts_arguments(settings)
        ),
        source_credentials=session.get_credentials(),
        role_arn=role_arn,
        extra_args={name: value for name, value in extra.items() if value},
    )
    credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    try:
        credentials.get_frozen_credentials()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code.startswith("AccessDenied"):
            raise SettingError(
                "aws_assume_role_arn",
                f"AWS does not let these credentials assume {role_arn} ({code}); check the role's "
                "trust policy, aws_assume_role_external_id, and the caller's right to "
                "sts:AssumeRole on it",
            ) from error
        raise translate(error, "sts:AssumeRole", role_arn) from error
    except BotoCoreError as error:
        raise translate(error, "sts:AssumeRole", role_arn) from error
    assumed = Session(profile=settings.get("aws_profile") or None)
    assumed.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    return assumed


class _Given(CredentialProvider):
    """Gives a session the credentials that were made for it."""

    METHOD = "assume-role"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    @override
    def load(self) -> Credentials:
        return self._credentials
