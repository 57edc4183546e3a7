from __future__ import annotations

import base64
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.column_statistics import decimal, derive


def number(unscaled: int, scale: int) -> dict[str, Any]:
    size = unscaled.bit_length() // 8 + 1  # as Java's BigInteger.toByteArray
    content = unscaled.to_bytes(size, "big", signed=True)
    return {"UnscaledValue": base64.b64encode(content).decode(), "Scale": scale}


@given(st.integers(-(10**38), 10**38), st.integers(-38, 38))
def test_a_number_is_decoded(unscaled: int, scale: int) -> None:
    text = decimal(number(unscaled, scale))
    assert text is not None
    assert "E" not in text
    assert Fraction(text) == unscaled / Fraction(10) ** scale


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, {}, {"UnscaledValue": "AQ=="}, {"UnscaledValue": "AQ==", "Scale": 10**9}),
        *({"UnscaledValue": "??", "Scale": 1}, {"UnscaledValue": "", "Scale": 0}),
    ],
)
def test_what_is_no_number_is_null(wrong: dict[str, Any] | None) -> None:
    assert decimal(wrong) is None


def test_minimum_and_maximum() -> None:
    data = {"MinimumValue": number(-12345, 2), "MaximumValue": number(5, 0)}
    found = derive({"StatisticsData": {"DecimalColumnStatisticsData": data}})
    assert found == {"minimum_decimal": "-123.45", "maximum_decimal": "5"}
    assert derive({}) == {"minimum_decimal": None, "maximum_decimal": None}
