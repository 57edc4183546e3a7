"""The connections of a run: shared by all clients, bounded, and with an end to every answer."""

from __future__ import annotations

import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import DEFAULT_TIMEOUT, URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as ReadTimedOut

from tap_glue_metadata.aws.endpoints import is_loopback

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tap_glue_metadata.settings import Settings

# As many connections to a host are kept open while nothing is read from them. With one host for
# each region and service, a run over all regions stays below the usual limit of open files.
_IDLE_CONNECTIONS: Final = 16
_PIECE: Final = 1 << 18
# As botocore's own clients set it: a request's body is not to wait until its head is acknowledged,
# which takes 40 ms.
_SOCKET_OPTIONS: Final = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class Transport:
    """Sends the requests of all clients of a run.

    The clients of many accounts share the connections to a region, so that their number does not
    grow with the accounts, nor does each account begin with a handshake.
    """

    def __init__(self, settings: Settings, authority: Callable[[], bool | str]) -> None:
        """Take over the settings; nothing is connected yet.

        Args:
            settings: The tap's settings.
            authority: Gives the file of certificate authorities; True for botocore's own.
        """
        self._authority = authority
        self._connect_timeout = settings.aws_connect_timeout or DEFAULT_TIMEOUT
        self._read_timeout = settings.aws_read_timeout or DEFAULT_TIMEOUT
        self._idle = min(settings.concurrency, _IDLE_CONNECTIONS)
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send a request: a handler of botocore's event `before-send`.

        Args:
            request: The request, signed.

        Returns:
            The answer, its body read.

        Raises:
            HTTPClientError: There was no answer, or no end to it.
        """
        return self._host(request.url).send(request)

    def _host(self, url: str) -> _Host:
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if address not in self._hosts:
                # Whatever the environment says, what is for this machine does not leave it.
                proxies = {} if is_loopback(address) else get_environ_proxies(address)
                self._hosts[address] = _Host(
                    verify=self._authority(),
                    proxies=proxies,
                    timeout=(self._connect_timeout, self._read_timeout),
                    max_pool_connections=self._idle,
                    socket_options=_SOCKET_OPTIONS,
                )
            return self._hosts[address]


class _Host(URLLib3Session):
    """The connections to one host.

    The read timeout is that of the whole body: urllib3's own begins anew with every byte.
    """

    def __init__(self, timeout: Any, **arguments: Any) -> None:  # noqa: ANN401 - typed too narrowly there
        super().__init__(timeout=timeout, **arguments)
        _, self._seconds = timeout

    @override
    def send(self, request: Any) -> AWSResponse:
        request.stream_output = True  # leaves the body to be read here
        response: Any = super().send(request)
        try:
            pieces = list(self._read(request.url, response.raw))
        except ReadTimedOut as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except HTTPError as error:
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
        return AWSResponse(response.url, response.status_code, response.headers, _Body(pieces))

    def _read(self, url: str, raw: Any) -> Iterator[bytes]:  # noqa: ANN401 - urllib3's, or a test's
        deadline = time.monotonic() + self._seconds
        # Unlike `read`, it waits for no more than what arrives next.
        while piece := raw.read1(_PIECE):
            yield piece
            if time.monotonic() > deadline:
                raw.close()
                raise ReadTimeoutError(endpoint_url=url)


class _Body:
    """A body that has been read, as botocore asks for it."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def stream(self) -> Iterator[bytes]:
        yield from self._pieces
