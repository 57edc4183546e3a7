"""No secret comes out of any text of any answer, in no stream behind `extra_streams`."""

from __future__ import annotations

import json
import logging
import re
import secrets
from typing import TYPE_CHECKING

from test_extra_streams import each_stream, filled, run

from tap_glue_metadata.redaction import REDACTED

if TYPE_CHECKING:
    import pytest
    from fake_glue import FakeGlue

    from tap_glue_metadata.streams.base import GlueStream

CANARY = secrets.token_hex(12)
# Its keys are values of columns, of which none is known to be a secret by the name of its column.
OF_COLUMNS = "SkewedColumnValueLocationMaps"


def in_urls(text: str) -> str:
    """Put a canary into each text of an answer, keys of maps included."""
    return re.sub(r'(?:a text for |(?<=")(?=k1|K-2))', f"ftp://reader:{CANARY}@example.com/", text)


def planted(text: re.Match[str]) -> str:
    return text[0] if OF_COLUMNS in text[1] else f'{CANARY}"'


def behind_keys(text: str) -> str:
    """Put a canary into each text that a map holds, under a key that names a secret."""
    text = re.sub(r'a text for ([^"]*\{(?:k1|K-2)\}[^"]*)"', planted, text)
    return text.replace('"k1"', '"db_password"').replace('"K-2"', '"--client.secret"')


def last_answers(stream_type: type[GlueStream], endpoint: FakeGlue) -> str:
    """Return the objects that the endpoint has answered for the stream's own read, as text."""
    operation = stream_type.reads()[-1].operation
    return json.dumps(endpoint.given.get(operation, []))


@each_stream
def test_no_canary_comes_out_of_any_text(
    stream_type: type[GlueStream], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tap-glue-metadata")
    with filled(stream_type, in_urls) as endpoint:
        messages = run(endpoint, stream_type.name)
    text = json.dumps(messages.all) + caplog.text
    assert CANARY not in text
    assert "example.com" in text or "a text for" not in last_answers(stream_type, endpoint)


@each_stream
def test_no_canary_comes_out_of_any_map(
    stream_type: type[GlueStream], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tap-glue-metadata")
    with filled(stream_type, behind_keys) as endpoint:
        messages = run(endpoint, stream_type.name)
    text = json.dumps(messages.all) + caplog.text
    assert CANARY not in text
    assert REDACTED in text or CANARY not in behind_keys(last_answers(stream_type, endpoint))
