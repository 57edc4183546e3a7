"""Which URLs credentials may be sent to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url


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


def is_safe(url: str) -> bool:
    """Tell whether what is sent to a URL is encrypted, or stays on this machine.

    Args:
        url: An endpoint's URL.

    Returns:
        True for https, and for http to loopback.
    """
    return urlsplit(url).scheme == "https" or is_loopback(url)


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
