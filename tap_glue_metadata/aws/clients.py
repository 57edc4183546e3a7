"""The clients of a run: made when they are first needed, and no more open than there is use for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.aws.client import Client

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_glue_metadata.aws.scopes import Scope

_MOST_IDLE: Final = 64  # scopes; each has a client, and the connections that it has ever needed


class _Entry:
    """The clients of one scope, by service."""

    def __init__(self) -> None:
        self.users = 0
        self.clients: dict[str, Client] = {}
        self.lock = threading.Lock()  # to make a client takes milliseconds, for one scope alone


class Clients:
    """Lends clients to the workers of a run."""

    def __init__(self, operations: Mapping[str, Collection[str]]) -> None:
        """Begin without any.

        Args:
            operations: The operations that may be called, by service.
        """
        self._operations = operations
        self._entries: OrderedDict[Scope, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lent(self, scope: Scope, service: str) -> Iterator[Client]:
        """Lend a client for a call.

        Args:
            scope: The account and region.
            service: The service, as botocore spells it.

        Yields:
            The client; other threads may use it too.

        Raises:
            TapError: It cannot be made.
        """
        with self._lock:
            entry = self._entries.setdefault(scope, _Entry())
            self._entries.move_to_end(scope)
            entry.users += 1
        try:
            with entry.lock:
                if service not in entry.clients:
                    client = scope.client(service)
                    entry.clients[service] = Client(client, self._operations[service])
            yield entry.clients[service]
        finally:
            with self._lock:
                entry.users -= 1
                self._release_idle()

    def _release_idle(self) -> None:
        """Close what was not used for the longest time, if there is too much of it."""
        if len(self._entries) <= _MOST_IDLE:
            return
        idle = [scope for scope, entry in self._entries.items() if not entry.users]
        for scope in idle[: len(self._entries) - _MOST_IDLE]:
            del self._entries[scope]
            scope.release()
