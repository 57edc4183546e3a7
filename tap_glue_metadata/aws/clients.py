"""The clients of a run: one for each region and service, whatever the number of accounts."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, NoCredentialsError

from tap_glue_metadata.aws.client import Client
from tap_glue_metadata.aws.errors import translate

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from botocore.credentials import ReadOnlyCredentials

    from tap_glue_metadata.aws.scopes import Scope
    from tap_glue_metadata.aws.session import AwsSession

_CALLER: ContextVar[AwsSession] = ContextVar("_CALLER")


class _CallersCredentials(Credentials):
    """The credentials of the account that the thread makes a call for.

    A client takes a fifth of a megabyte, so that one for each of 40 accounts in 17 regions would
    need more than all else. What a client knows of its region is the same for all accounts.
    """

    def __init__(self) -> None:
        super().__init__("", "")  # no keys of its own

    @override
    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        credentials = _CALLER.get().get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials.get_frozen_credentials()


class Clients:
    """Lends clients to the workers of a run."""

    def __init__(self, operations: Mapping[str, Collection[str]]) -> None:
        """Begin without any.

        Args:
            operations: The operations that may be called, by service.
        """
        self._operations = operations
        self._clients: dict[tuple[str, str], Client] = {}
        self._lock = threading.Lock()

    @contextmanager
    def lent(self, scope: Scope, service: str = "glue") -> Iterator[Client]:
        """Lend a client for calls with the credentials of an account.

        Args:
            scope: The account and region.
            service: The service, as botocore spells it; its protocol is JSON.

        Yields:
            The client; other threads may use it too.

        Raises:
            TapError: The endpoint that the environment or the profile names cannot be used.
        """
        caller = _CALLER.set(scope.session)
        try:
            yield self._client(scope, service)
        finally:
            _CALLER.reset(caller)

    def _client(self, scope: Scope, service: str) -> Client:
        key = scope.region, service
        with self._lock:
            if key not in self._clients:
                session = scope.session.with_credentials(_CallersCredentials())
                try:
                    client = session.create_raw_client(service, scope.region)
                except BotoCoreError as error:
                    raise translate(error, service, f"region {scope.region}") from error
                self._clients[key] = Client(client, self._operations[service])
            return self._clients[key]
