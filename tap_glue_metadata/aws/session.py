"""A session whose clients all follow the settings.

The sessions are botocore's, which boto3's wrap: the parser of raw JSON is registered on them, and
every client that they create, also those that botocore makes for itself to fetch credentials, gets
the endpoint of the settings.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.session import Session

from tap_glue_metadata.aws.endpoints import is_safe, is_url
from tap_glue_metadata.aws.errors import SettingError, TapError, describe
from tap_glue_metadata.aws.wire_log import scrub_wire_log

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient
    from botocore.credentials import Credentials

SESSION_VARIABLES: Final = {
    # Other SDKs of AWS, and its services, set AWS_REGION; botocore alone does not read it.
    "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)
}
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
        scrub_wire_log()  # first, for botocore begins to log as it sets up a session
        super().__init__(SESSION_VARIABLES, profile=settings.get("aws_profile") or None)
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
