"""A sample of what `extra_streams` reads: invented, as the services' own JSON."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from demo.catalog import ACCOUNT, NEWEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_aws import FakeAws

    Answer = dict[str, Any]

_OWNER: Final = {"CatalogId": ACCOUNT, "TagKey": "owner", "TagValues": ["sales"]}
_MINIMUM, _MAXIMUM = "AA==", "AYaf"  # 0 and 99,999 in base64, cents

_ANSWERS: Final = Path(__file__).with_suffix(".json")


def fill(endpoint: FakeAws) -> None:
    """Have the endpoint answer what the extra streams ask for.

    Args:
        endpoint: The emulated AWS.
    """
    made = {
        "GetTableVersions": _versions,
        "BatchGetTableOptimizer": _optimizers,
        "GetColumnStatisticsForTable": _statistics,
        "GetUserDefinedFunctions": _functions,
        "GetResourceLFTags": _lf_tags,
    }
    for operation, make in made.items():
        endpoint.answer(operation, _text(make))
    for operation, answer in json.loads(_ANSWERS.read_text(encoding="utf-8")).items():
        endpoint.answer(operation, partial(_constant, answer))


def _constant(answer: Answer, _: Answer) -> bytes:
    return json.dumps(answer).encode()


def _text(make: Callable[[Answer], Answer]) -> Callable[[Answer], bytes]:
    return lambda params: json.dumps(make(params)).encode()


def _versions(params: Answer) -> Answer:
    table = {"Name": "orders", "DatabaseName": "sales", "UpdateTime": NEWEST, "VersionId": "1"}
    is_orders = params["TableName"] == "orders"
    return {"TableVersions": [{"Table": table, "VersionId": "1"}] if is_orders else []}


def _optimizers(params: Answer) -> Answer:
    is_on = {"type": "compaction", "configuration": {"enabled": True}}
    found, failed = [], []
    for entry in params["Entries"]:
        if entry["tableName"] == "shipments" and entry["type"] == "compaction":
            found.append({"tableName": "shipments", "tableOptimizer": is_on})
        else:
            failed.append({**entry, "error": {"ErrorCode": "EntityNotFoundException"}})
    return {"TableOptimizers": found, "Failures": failed}


def _statistics(params: Answer) -> Answer:
    values = {
        "MinimumValue": {"UnscaledValue": _MINIMUM, "Scale": 2},
        "MaximumValue": {"UnscaledValue": _MAXIMUM, "Scale": 2},
        "NumberOfNulls": 0,
        "NumberOfDistinctValues": 3100,
    }
    amount = {
        "ColumnName": "amount",
        "ColumnType": "decimal(12,2)",
        "AnalyzedTime": NEWEST,
        "StatisticsData": {"Type": "DECIMAL", "DecimalColumnStatisticsData": values},
    }
    is_analyzed = "amount" in params["ColumnNames"]
    return {"ColumnStatisticsList": [amount] if is_analyzed else [], "Errors": []}


def _functions(params: Answer) -> Answer:
    function = {
        "FunctionName": "net_amount",
        "ClassName": "com.example.NetAmount",
        "OwnerType": "USER",
        "CreateTime": NEWEST,
        "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://example-code/amounts.jar"}],
    }
    return {"UserDefinedFunctions": [function] if params["DatabaseName"] == "sales" else []}


def _lf_tags(params: Answer) -> Answer:
    if "Database" in params["Resource"]:
        return {"LFTagOnDatabase": [_OWNER]}
    if params.get("ShowAssignedLFTags"):
        return {}
    return {"LFTagsOnTable": [_OWNER]}
