from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.parameters import parameter, statistics, whole_number


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"Parameters": {"classification": "csv"}}, "csv"),
        ({"StorageDescriptor": {"Parameters": {"classification": "json"}}}, "json"),
        (
            {
                "Parameters": {"classification": "csv"},
                "StorageDescriptor": {"Parameters": {"classification": "json"}},
            },
            "csv",
        ),
        ({"Name": "t"}, None),
    ],
)
def test_parameter(table: dict[str, Any], expected: str | None) -> None:
    assert parameter(table, "classification") == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {
                "recordCount": "1200",
                "sizeKey": "48000",
                "objectCount": "3",
                "averageRecordSize": "40",
            },
            (1200, 48000, 3, 40),
        ),
        ({"numRows": "7", "totalSize": "700", "numFiles": "1"}, (7, 700, 1, None)),
        (
            {
                "numRows": "-1",
                "spark.sql.statistics.numRows": "9",
                "spark.sql.statistics.totalSize": "90",
            },
            (9, 90, None, None),
        ),
        ({"recordCount": "0", "numRows": "5"}, (0, None, None, None)),
        ({"recordCount": None, "averageRecordSize": 12.0}, (None, None, None, 12)),
        (None, (None, None, None, None)),
    ],
)
def test_statistics(parameters: dict[str, Any] | None, expected: tuple[int | None, ...]) -> None:
    assert statistics({"Parameters": parameters}) == dict(
        zip(
            ("record_count", "size_bytes", "object_count", "average_record_size"),
            expected,
            strict=True,
        )
    )


@pytest.mark.parametrize(
    ("own", "of_storage", "expected"),
    [
        (None, {"recordCount": "7"}, 7),
        ({}, {"numRows": "7"}, 7),
        ({"numRows": "5"}, {"recordCount": "7"}, 5),
        ({"numRows": "-1"}, {"recordCount": "7"}, 7),
    ],
)
def test_statistics_of_the_storage_descriptor(
    own: dict[str, str] | None, of_storage: dict[str, str], expected: int
) -> None:
    table = {"Parameters": own, "StorageDescriptor": {"Parameters": of_storage}}
    assert statistics(table)["record_count"] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", 12),
        ("12.0", 12),
        (" 12 ", 12),
        (12, 12),
        (12.0, 12),
        ("0", 0),
        (str(2**63 - 1), 2**63 - 1),
        (f"{2**63 - 1}.0", 2**63 - 1),
        (str(2**63), None),
        ("9" * 19, None),
        ("1" * 20, None),
        ("9" * 100_000, None),
        ("12.5", None),
        ("-1", None),
        ("", None),
        ("n/a", None),
        ("NaN", None),
        ("inf", None),
        ("1_000", None),
        ("١٢", None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
    ],
)
def test_whole_number(value: object, expected: int | None) -> None:
    assert whole_number(value) == expected


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_any_whole_number_is_read_back(number: int) -> None:
    assert whole_number(str(number)) == whole_number(f"{number}.0") == number


@given(st.text() | st.floats() | st.integers() | st.none())
def test_anything_is_a_whole_number_or_none(value: object) -> None:
    number = whole_number(value)
    assert number is None or 0 <= number < 2**63
