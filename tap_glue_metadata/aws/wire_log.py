"""What botocore tells of its calls: enough to follow them, and nothing that is secret."""

from __future__ import annotations

import logging
import re
from typing import Final

# The loggers of botocore and urllib3 that tell, at DEBUG, where credentials come from, what is
# called and what is repeated. All others stay silent: they show signatures, headers and bodies.
_TELLING: Final = (
    "botocore.credentials",
    "botocore.endpoint",
    "botocore.httpsession",
    "botocore.retries.adaptive",
    "botocore.retries.standard",
    "botocore.retryhandler",
    "botocore.tokens",
    "urllib3.connectionpool",
)
_LIBRARIES: Final = ("boto3", "botocore", "hvac", "requests", "urllib3")
# Where a line begins to show the request itself; a query may hold a signature or a token.
_REQUEST: Final = re.compile(r"( with params: |(?<=^Sending http request): |\?).*", re.DOTALL)


def scrub_wire_log() -> None:
    """Keep credentials, headers, bodies and tracebacks of the libraries below out of the log.

    What they tell from INFO on comes through as it is, but for tracebacks of credentials.
    """
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    level = logging.getLogger().getEffectiveLevel()
    for name in _TELLING:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addFilter(_scrub)  # no second time, if it is there already


def _scrub(record: logging.LogRecord) -> bool:
    if record.levelno < logging.INFO:
        record.msg = _REQUEST.sub(" ...", record.getMessage())
        record.args = ()
        record.exc_info = None
    # botocore warns of credentials that could not be refreshed; the error itself is told anyway.
    return not record.exc_info
