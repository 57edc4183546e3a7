from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.partitions import partition_name


@pytest.mark.parametrize(
    ("keys", "values", "name"),
    [
        (["year", "Month"], ["2026", "01"], "year=2026/month=01"),
        (["at"], ["a/b=c:d %"], "at=a%2Fb%3Dc%3Ad %25"),
        (["day"], [""], "day=__HIVE_DEFAULT_PARTITION__"),
        (["day"], ["1", "2"], "day=1/2"),
        (["day", "hour"], ["1"], "day=1"),
        ([], [], ""),
    ],
)
def test_names_are_those_of_hive(keys: list[str], values: list[str], name: str) -> None:
    assert partition_name(keys, values) == name


@given(st.lists(st.text(), min_size=2, max_size=2), st.lists(st.text(), min_size=2, max_size=2))
def test_other_values_have_another_name(first: list[str], second: list[str]) -> None:
    hive_null = {"", "__HIVE_DEFAULT_PARTITION__"}
    same = all(a == b or {a, b} <= hive_null for a, b in zip(first, second, strict=True))
    names = [partition_name(["a", "b"], values) for values in (first, second)]
    assert (names[0] == names[1]) is same
