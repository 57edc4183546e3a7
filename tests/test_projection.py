from __future__ import annotations

import math
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from glue_strategies import EPOCH, INSTANTS, TIMESTAMPS
from hypothesis import given
from hypothesis import strategies as st
from singer import is_date_time

from tap_glue_metadata.records.projection import MEMBER, compile_projection, timestamp
from tap_glue_metadata.redaction import OFF

# All that a number on the wire can name within the years 1 to 9999, as whole microseconds.
FIRST = -62_135_596_800 * 10**6
LAST = 253_402_300_799 * 10**6


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (0, "1970-01-01T00:00:00.000000+00:00"),
        (1483056942, "2016-12-30T00:15:42.000000+00:00"),
        (1.483056942e9, "2016-12-30T00:15:42.000000+00:00"),
        (1700000000.123, "2023-11-14T22:13:20.123000+00:00"),
        (1700000000.123457, "2023-11-14T22:13:20.123457+00:00"),
        (4102444799.999, "2099-12-31T23:59:59.999000+00:00"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123000+00:00"),
        (253_402_300_800, "1978-01-11T21:31:40.800000+00:00"),  # too large for seconds
        (-1, "1969-12-31T23:59:59.000000+00:00"),
        (-1.5, "1969-12-31T23:59:58.500000+00:00"),
        (-62_135_596_800, "0001-01-01T00:00:00.000000+00:00"),
        (253_402_300_799, "9999-12-31T23:59:59.000000+00:00"),
        ("2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000000+00:00"),
        ("2023-11-14T22:13:20.5Z", "2023-11-14T22:13:20.500000+00:00"),
        ("2023-11-14T22:13:20.123456Z", "2023-11-14T22:13:20.123456+00:00"),
        ("2023-11-15T03:58:20+05:45", "2023-11-14T22:13:20.000000+00:00"),
        ("2023-11-14 13:13:20.123-09:00", "2023-11-14T22:13:20.123000+00:00"),
        ("2023-11-14T22:13:20.000123", "2023-11-14T22:13:20.000123+00:00"),
        ("2023-11-14T22:13:20", "2023-11-14T22:13:20.000000+00:00"),
        ("2023-11-14", "2023-11-14T00:00:00.000000+00:00"),
    ],
)
def test_a_timestamp_becomes_utc_with_microseconds(raw: Any, text: str) -> None:
    assert timestamp(raw) == text


def test_text_without_an_offset_is_utc_wherever_the_tap_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_zone = getattr(time, "tzset", lambda: None)  # not there on Windows
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        set_zone()
        assert timestamp("2023-11-14T22:13:20") == "2023-11-14T22:13:20.000000+00:00"
        assert timestamp(0) == "1970-01-01T00:00:00.000000+00:00"
    set_zone()


@pytest.mark.parametrize(
    "raw",
    [253_402_300_800_000, -62_135_596_801, 1e18, -1e300, 2**63, math.inf, -math.inf, math.nan],
)
def test_a_number_beyond_the_calendar_is_no_timestamp(raw: float) -> None:
    assert timestamp(raw) is None


@pytest.mark.parametrize(
    "raw", ["", "soon", "1700000000", "2023-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "Z"]
)
def test_text_that_is_no_valid_time_is_null(raw: str) -> None:
    assert timestamp(raw) is None


@given(st.text())
def test_any_text_becomes_a_time_or_nothing(raw: str) -> None:
    text = timestamp(raw)
    assert text is None or is_date_time(text)


@given(st.integers() | st.floats())
def test_any_number_becomes_a_time_or_nothing(raw: float) -> None:
    text = timestamp(raw)
    assert text is None or is_date_time(text)


@given(st.integers(FIRST, LAST), st.integers(FIRST, LAST))
def test_texts_sort_as_instants_do(one: int, other: int) -> None:
    first, second = (
        timestamp((EPOCH + timedelta(microseconds=microseconds)).isoformat())
        for microseconds in (one, other)
    )
    assert first is not None
    assert second is not None
    assert (first < second, first == second) == (one < other, one == other)
    assert len(first) == len(second)


@given(TIMESTAMPS)
def test_what_was_written_is_written_again(raw: Any) -> None:
    text = timestamp(raw)
    assert text is not None
    assert timestamp(text) == text


@given(INSTANTS)
def test_all_spellings_of_an_instant_become_one(microseconds: int) -> None:
    moment = EPOCH + timedelta(microseconds=microseconds)
    eastern = moment.astimezone(timezone(timedelta(hours=9, minutes=30)))
    spellings: list[Any] = [
        moment.isoformat(),
        moment.replace(tzinfo=None).isoformat(),
        moment.isoformat().replace("+00:00", "Z"),
        eastern.isoformat(),
        microseconds / 10**6,
    ]
    assert {timestamp(spelling) for spelling in spellings} == {
        moment.isoformat(timespec="microseconds")
    }
    assert datetime.fromisoformat(str(timestamp(microseconds // 10**6))) == moment.replace(
        microsecond=0
    )


def aws(member: str, **schema: Any) -> dict[str, Any]:
    return {MEMBER: member, **schema}


TIME = {"type": ["string", "null"], "format": "date-time"}
STRUCTURE = {
    "type": ["object", "null"],
    "properties": {"made_at": aws("MadeAt", **TIME), "name": aws("Name", type="string")},
}
SCHEMA = {
    "type": "object",
    "properties": {
        "key": {"type": "string"},
        "name": aws("Name", type=["string", "null"]),
        "at": aws("At", **TIME),
        "one": aws("One", **STRUCTURE),
        "many": aws("Many", type=["array", "null"], items=STRUCTURE),
        "times": aws("Times", type=["array", "null"], items=TIME),
        "by_name": aws("ByName", type=["object", "null"], additionalProperties=STRUCTURE),
        "texts": aws(
            "Texts", type=["object", "null"], additionalProperties={"type": ["string", "null"]}
        ),
        "open": aws("Open", type=["object", "null"], additionalProperties=True),
        "any": aws("Any", type=["array", "boolean", "number", "object", "string", "null"]),
    },
}
FIELDS = [name for name in SCHEMA["properties"] if name != "key"]
project = compile_projection(SCHEMA, OFF)


def test_what_aws_left_out_is_null_at_the_top_and_absent_below() -> None:
    assert project({}) == dict.fromkeys(FIELDS)
    assert list(project({})) == FIELDS
    assert project({"One": {}, "Many": [{}, {"Name": "n"}]}) == {
        **dict.fromkeys(FIELDS),
        "one": {},
        "many": [{}, {"name": "n"}],
    }


def test_nulls_stay_null() -> None:
    members = ["Name", "At", "One", "Many", "Times", "ByName", "Texts", "Open", "Any"]
    assert project(dict.fromkeys(members)) == dict.fromkeys(FIELDS)
    nested = {
        "One": {"MadeAt": None, "Name": None},
        "Many": [None],
        "Times": [None],
        "ByName": {"K": None},
        "Texts": {"K": None},
    }
    assert project(nested) == {
        **dict.fromkeys(FIELDS),
        "one": {"made_at": None, "name": None},
        "many": [None],
        "times": [None],
        "by_name": {"K": None},
        "texts": {"K": None},
    }


def test_empty_stays_empty() -> None:
    raw = {"Name": "", "Many": [], "Times": [], "ByName": {}, "Texts": {}, "Open": {}, "Any": []}
    found = {field: value for field, value in project(raw).items() if value is not None}
    assert found == {
        "name": "",
        "many": [],
        "times": [],
        "by_name": {},
        "texts": {},
        "open": {},
        "any": [],
    }


def test_timestamps_are_found_at_any_depth() -> None:
    epoch = "1970-01-01T00:00:00.000000+00:00"
    assert project(
        {
            "At": 0,
            "One": {"MadeAt": 0.0},
            "Many": [{"MadeAt": "1970-01-01"}],
            "Times": [0, "1970-01-01T00:00:00Z"],
            "ByName": {"MadeAt": {"MadeAt": 0}},
        }
    ) == {
        **dict.fromkeys(FIELDS),
        "at": epoch,
        "one": {"made_at": epoch},
        "many": [{"made_at": epoch}],
        "times": [epoch, epoch],
        "by_name": {"MadeAt": {"made_at": epoch}},
    }


def test_keys_of_maps_and_all_of_open_objects_stay_as_they_are() -> None:
    odd = {"CamelCase": "1", "": "2", "a.b": "3", "Name": "4", "\U0001f600": "5"}
    anything = {"Name": [{"MadeAt": 0, "Deep": {"CamelCase": None}}], "MadeAt": 1}
    raw = {"Texts": odd, "Open": anything, "Any": [anything], "ByName": {"Some Key": {}}}
    found = project(raw)
    assert found["texts"] == odd
    assert found["open"] == anything
    assert found["any"] == [anything]
    assert found["by_name"] == {"Some Key": {}}


def test_unknown_members_are_left_out_and_the_answer_is_not_changed() -> None:
    raw = {"Name": "n", "New": 1, "One": {"New": 1, "Name": "m"}, "At": 0}
    before = repr(raw)
    assert project(raw) == {
        **dict.fromkeys(FIELDS),
        "name": "n",
        "one": {"name": "m"},
        "at": "1970-01-01T00:00:00.000000+00:00",
    }
    assert repr(raw) == before
