"""Answers for what hangs on generated tables: partitions, statistics of columns, tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_aws import FakeAws

_OWN_TAGS = 2  # columns of each table that have a tag of their own


def fill(endpoint: FakeAws, partitions: int) -> None:
    """Have the endpoint answer for any table.

    Args:
        endpoint: The endpoint.
        partitions: How many each table has.
    """
    text = _dump({"Partitions": [_partition(number) for number in range(partitions)]})
    endpoint.answer("GetPartitions", lambda _: text)
    endpoint.answer("GetColumnStatisticsForTable", _statistics)
    endpoint.answer("GetResourceLFTags", _tags)


def _partition(number: int) -> dict[str, Any]:
    location = f"s3://bucket/day={number}/"
    return {
        "Values": [f"{number}"],
        "CreationTime": 1_700_000_000,
        "StorageDescriptor": {"Location": location, "InputFormat": "parquet"},
        "Parameters": {"recordCount": "1000"},
    }


def _statistics(params: dict[str, Any]) -> bytes:
    data = {"NumberOfNulls": 0, "NumberOfDistinctValues": 12, "MinimumValue": 1}
    found = [
        {
            "ColumnName": name,
            "ColumnType": "bigint",
            "AnalyzedTime": 1_700_000_000,
            "StatisticsData": {"Type": "LONG", "LongColumnStatisticsData": data},
        }
        for name in params["ColumnNames"]
    ]
    return _dump({"ColumnStatisticsList": found, "Errors": []})


def _tags(params: dict[str, Any]) -> bytes:
    owner = {"TagKey": "owner", "TagValues": ["sales"]}
    if "Database" in params["Resource"]:
        return _dump({"LFTagOnDatabase": [owner]})
    pii = {"TagKey": "pii", "TagValues": ["no"]}
    columns = [{"Name": f"column_{n:03}", "LFTags": [pii]} for n in range(_OWN_TAGS)]
    return _dump({"LFTagsOnTable": [owner], "LFTagsOnColumns": columns})


def _dump(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode()
