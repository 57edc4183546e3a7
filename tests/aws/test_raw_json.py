"""Characters that no text may hold: replaced, counted, and nothing else changed."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import jmespath
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


def large(name: str, count: int = 1_000) -> tuple[list[Json], bytes]:
    """Return jobs, and an answer with them that is decoded job by job."""
    jobs = [
        {"Name": f"{number}{name}", "DefaultArguments": {"x": "y" * 2_000}}
        for number in range(count)
    ]
    return jobs, json.dumps({"Jobs": jobs, "NextToken": "next"}).encode()


def test_a_large_answer_is_decoded_job_by_job() -> None:
    jobs, body = large("\U0001f600")
    tracemalloc.start()
    try:
        answer = parse(body)
        found = [job["Name"] for job in answer["Jobs"]]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [job["Name"] for job in jobs]
    assert peak < len(body) / 2  # which the answer refers to, and does not copy
    assert answer["NextToken"] == "next"
    assert [*answer["Jobs"][1:3], answer["Jobs"][-1]] == [*jobs[1:3], jobs[-1]]
    assert jmespath.search("Jobs[].Name", answer) == found


def test_characters_are_replaced_in_a_large_answer_too() -> None:
    _, body = large("\0")
    answer = parse(body)
    assert answer["ResponseMetadata"][REPLACED] == 1_000
    assert next(iter(answer["Jobs"]))["Name"] == "0\ufffd"


@pytest.mark.parametrize("bad", ["1e999", "[" * 5_000 + "]" * 5_000, "}", '"\\x"'])
def test_what_cannot_be_read_of_a_large_answer_is_found_at_once(bad: str) -> None:
    _, body = large("")
    assert (
        PROBLEM
        in parse(body.replace(b'"next"', b'"next","Other":[%s]' % bad.encode()))["ResponseMetadata"]
    )


def test_a_run_tells_how_many(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.store().add("GetJobs", {"Name": "a", "Description": "x\0y\0"})
    with caplog.at_level("INFO"):
        (job,) = sync(settings, "jobs").records("jobs")
    assert job["description"] == "x\ufffdy\ufffd"
    assert "2 characters replaced by U+FFFD" in caplog.text
