"""A session whose clients all follow the settings.

The sessions are botocore's, which boto3's wrap. What holds for all of their clients, also for those
that botocore makes for itself to fetch credentials, is set up here: the endpoint of the settings,
the operations that may be called, the connections, and what the log tells.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from tap_glue_metadata.aws.endpoints import is_safe, is_url
from tap_glue_metadata.aws.errors import SettingError, TapError, describe
from tap_glue_metadata.aws.logs import log_calls, quiet_libraries
from tap_glue_metadata.aws.models import ReadOnlyLoader
from tap_glue_metadata.aws.raw_json import create_client
from tap_glue_metadata.aws.transport import Transport

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient
    from botocore.credentials import Credentials

    from tap_glue_metadata.settings import Settings


def _or_none(value: str) -> str | None:
    return value.strip() or None


SESSION_VARIABLES: Final = {
    # Other SDKs of AWS, and its services, set AWS_REGION; botocore alone does not read it. An empty
    # variable is not set: botocore would look for a region, or a profile, of that name.
    "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, _or_none),
    "profile": (None, ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"], None, _or_none),
}
# How botocore names the ways to find keys that no store or role has issued.
_OWN_KEYS: Final = frozenset({"explicit", "env", "shared-credentials-file", "config-file"})
# STS answers at once or not at all; a wrong endpoint should not be tried for a minute.
_STS_ATTEMPTS: Final = 3
_REMEDY: Final = (
    "use https (http is for loopback, and for the hosts in aws_http_hosts unless a store or a role "
    "issues the credentials)"
)


class AwsSession(Session):
    """A session whose clients all follow the settings.

    Attributes:
        transport: The connections of its clients.
    """

    def __init__(
        self,
        settings: Settings,
        operations: Mapping[str, frozenset[str]] | None = None,
        parent: AwsSession | None = None,
    ) -> None:
        """Take over the settings; nothing is called, and no credentials are looked for.

        Args:
            settings: The tap's settings.
            operations: The operations that its clients may call, by service.
            parent: A session whose service models and connections it shares.

        Raises:
            SettingError: The endpoint is malformed, or plain http to another host than this one.
        """
        quiet_libraries()
        super().__init__(SESSION_VARIABLES, profile=settings.aws_profile)
        self._settings = settings
        self._given: Credentials | None = None
        self._endpoint_url = endpoint_url(settings)
        self._client_config = client_config(settings, settings.aws_max_attempts)
        self._sts_config = client_config(settings, min(settings.aws_max_attempts, _STS_ATTEMPTS))
        self._creating = threading.RLock()  # botocore's sessions are not made for several threads
        self.transport: Transport = (
            parent.transport if parent else Transport(settings, self._authority)
        )
        loader = (parent or self).get_component("data_loader")
        loader = loader if parent else ReadOnlyLoader(loader, operations or {})
        self.register_component("data_loader", loader)
        send: Any = self.transport.send  # whose type is narrower than that of all handlers
        events = self.get_component("event_emitter")
        # After all other handlers: botocore's adaptive retries hold a request back in theirs.
        events.register_last("before-send", send)
        log_calls(events)

    def with_credentials(self, credentials: Credentials) -> AwsSession:
        """Open a session like this one, with other credentials.

        Args:
            credentials: The credentials, which may refresh themselves.

        Returns:
            The session; it shares the service models and the connections of this one.
        """
        session = AwsSession(self._settings, parent=self)
        session.set_config_variable("region", self.get_config_variable("region"))
        session._given = credentials
        return session

    @override
    def get_credentials(self) -> Credentials | None:
        return self._given or super().get_credentials()

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
            with self._creating:
                client = super().create_client(service_name, *args, **kwargs)
        except BotoCoreError:  # some are errors of value as well
            raise
        except ValueError as error:
            raise TapError(f"{describe(error)}; check AWS_ENDPOINT_URL and the profile") from error
        url = client.meta.endpoint_url
        # botocore passes keys itself where it fetches those of a role.
        has_own_keys = self._given is not None and self._given.method in _OWN_KEYS
        may_use_http = has_own_keys and "aws_access_key_id" not in kwargs
        if not is_safe(url, http_hosts(self._settings) if may_use_http else ()):
            client.close()
            raise TapError(
                f"The endpoint {url} (from aws_endpoint_url, AWS_ENDPOINT_URL or the profile) "
                f"would send credentials in the clear; {_REMEDY}"
            )
        return client

    def create_raw_client(self, service_name: str, region: str) -> BaseClient:
        """Create a client that answers with raw JSON.

        Args:
            service_name: The service.
            region: The region's code.

        Returns:
            The client.

        Raises:
            TapError: The endpoint is malformed, or not safe.
        """
        with self._creating:
            return create_client(self, service_name, region_name=region)

    def _authority(self) -> bool | str:
        """Find the file of certificate authorities, as botocore does."""
        bundle = self.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
        return bundle or True


def endpoint_url(settings: Settings) -> str | None:
    """Return the endpoint of the settings.

    Args:
        settings: The tap's settings.

    Returns:
        The URL, or None where botocore's own rules decide.

    Raises:
        SettingError: The URL is malformed, or plain http to another host than this one.
    """
    url = settings.aws_endpoint_url
    if url is None:
        return None
    if not is_url(url):
        shown = "it" if "@" in url else repr(url)  # what stands before an @ may be a password
        raise SettingError(
            "aws_endpoint_url",
            f"{shown} is not an endpoint; give a URL such as https://HOST or https://HOST:PORT",
        )
    if not is_safe(url, http_hosts(settings)):
        raise SettingError(
            "aws_endpoint_url", f"{url!r} would send credentials in the clear; {_REMEDY}"
        )
    return url


def http_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the hosts other than loopback that may be called by plain http.

    Args:
        settings: The tap's settings.

    Returns:
        Those of `aws_http_hosts`; none if credentials come from a store or a role.
    """
    is_issued = settings.aws_credentials_uri or any(acc.roles for acc in settings.aws_accounts)
    return () if is_issued else settings.aws_http_hosts


def client_config(settings: Settings, attempts: int) -> Config:
    """Give botocore's configuration of a client.

    Args:
        settings: The tap's settings.
        attempts: How often a call is tried, the first time included.

    Returns:
        User agent and retries; timeouts are those of the connections, which clients share.
    """
    retries: Any = {"total_max_attempts": attempts, "mode": settings.aws_retry_mode}
    agent = f"tap-glue-metadata/{version('tap-glue-metadata')}"
    return Config(user_agent_extra=agent, retries=retries)
