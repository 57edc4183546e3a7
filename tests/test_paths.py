"""Expressions mean what JMESPath says, with its interpreter or without."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.engine.paths import search

NAMES = ("a", "b", "_c1")
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, "", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner),
)
FIELDS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(".".join)


@given(st.lists(FIELDS, min_size=1, max_size=3).map(" && ".join), VALUES)
def test_fields_without_the_interpreter(path: str, value: Any) -> None:
    found = search(path, value)
    assert found == jmespath.search(path, value)
    assert type(found) is type(jmespath.search(path, value))  # 0 is not False


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("@", {"a": [{"b": 1}, {}]}),
        ("a[].b", [1]),
        ("!c && a", [{"b": 1}, {}]),
        ("c || a[0].b", 1),
        ("a && to_string(a[1])", "{}"),
        ('"a"', [{"b": 1}, {}]),
    ],
)
def test_other_expressions(path: str, found: Any) -> None:
    assert search(path, {"a": [{"b": 1}, {}]}) == found
