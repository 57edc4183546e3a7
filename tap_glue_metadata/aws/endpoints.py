"""Which URLs credentials may be sent to."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

if TYPE_CHECKING:
    from collections.abc import Collection


def is_url(url: str) -> bool:
    """Tell whether a text is an endpoint's URL: a scheme, a host, at most a port and a path.

    Args:
        url: Any text.

    Returns:
        True for an http or https URL whose host botocore accepts.
    """
    try:
        parts = urlsplit(url)
        extras = parts.username or parts.password or parts.query or parts.fragment
        return (
            parts.scheme in {"http", "https"}
            and not extras
            and parts.port != 0
            and bool(is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url))
        )
    except ValueError:
        return False


def is_safe(url: str, http_hosts: Collection[str] = ()) -> bool:
    """Tell whether credentials may be sent to a URL.

    Args:
        url: An endpoint's URL.
        http_hosts: Hosts that may be called by plain http.

    Returns:
        True for https, for http to loopback, and for http to one of the hosts.
    """
    parts = urlsplit(url)
    hosts = {host.lower() for host in http_hosts}
    return parts.scheme == "https" or is_loopback(url) or parts.hostname in hosts


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine.

    Args:
        url: A URL.

    Returns:
        True for `localhost`, and for an address of loopback.
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
