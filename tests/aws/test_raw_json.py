"""Characters that no text may hold: replaced, counted, and nothing else changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import sync
from glue_strategies import MODEL
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.aws.raw_json import PROBLEM, REPLACED, _RawJsonParserFactory

if TYPE_CHECKING:
    from conftest import Json
    from fake_aws import FakeAws

MEMBER = b'{"Jobs":[{"Name":"a%sb"}]}'


def parse(body: bytes) -> Any:
    parser = _RawJsonParserFactory().create_parser("json")
    shape: Any = MODEL.operation_model("GetJobs").output_shape
    return parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)


@pytest.mark.parametrize(
    ("raw", "text", "replaced"),
    [
        (rb"\u0000", "\ufffd", 1),
        (b"\0", "\ufffd", 1),
        (b"\xff", "\ufffd", 1),
        (rb"\ud800", "\ufffd", 1),
        (rb"\uDC00\ud83d", "\ufffd\ufffd", 2),
        (rb"\ud83d\ude00\u0000", "\U0001f600\ufffd", 1),
        (rb"\\u0000", "\\u0000", 0),
        (rb"\\\u0000", "\\\ufffd", 1),
        (rb"\\ud800\ud800", "\\ud800\ufffd", 1),
        (b"\xff\xef\xbf\xbd", "\ufffd\ufffd", 1),
        (rb"\ufffd", "\ufffd", 0),
    ],
)
def test_what_no_text_may_hold_is_replaced(raw: bytes, text: str, replaced: int) -> None:
    answer = parse(MEMBER % raw)
    assert answer["Jobs"] == [{"Name": f"a{text}b"}]
    assert answer["ResponseMetadata"][REPLACED] == replaced


@given(name=st.text(), flag=st.booleans())
def test_any_other_text_stays(name: str, *, flag: bool) -> None:
    answer = parse(json.dumps({"Jobs": [{"Name": name}]}, ensure_ascii=flag).encode())
    assert answer["Jobs"] == [{"Name": name.replace("\0", "\ufffd")}]
    assert answer["ResponseMetadata"][REPLACED] == name.count("\0")


@pytest.mark.parametrize("body", [rb'{"Jobs":"\ud800', rb'"\u0000"', b"\xff", b""])
def test_what_is_no_object_is_none_either_way(body: bytes) -> None:
    assert PROBLEM in parse(body)["ResponseMetadata"]


def test_a_run_tells_how_many(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.store().add("GetJobs", {"Name": "a", "Description": "x\0y\0"})
    with caplog.at_level("INFO"):
        (job,) = sync(settings, "jobs").records("jobs")
    assert job["description"] == "x\ufffdy\ufffd"
    assert "2 characters replaced by U+FFFD" in caplog.text
