"""A catalog with everything that could trouble a target: all members, all kinds of texts."""

from __future__ import annotations

import re
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from fake_glue import FakeGlue
from glue_strategies import MODEL, everything

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_aws import Store

ACCOUNT: Final = "123456789012"
GROUPS: Final = sorted({stream.group for stream in EXTRA_STREAM_TYPES})
NAMES: Final = (
    "select",  # reserved
    "User",
    "user",
    """a "b"'c`;,|d""",
    "\u65e5\u672c\u8a9e\U0001f9ca",
    "n" * 255,
    "nul\0here",
    " spaces ",
)
TEXTS: Final = (
    "",
    " ",
    "null",
    "NULL",
    r"\N",
    "true",
    "2020-01-01",
    "\"'`;,|\t",
    "a\r\nb\nc\rd",
    "\\",
    '{"a": [1]}',
    "nul\0here",
    "\x01\x1f\x7f\x85\u2028\ufeff",
    "e\u0301\u200d\u202e\U0001f600\uffff",
    "\U0001f9ca" * 20_000,
)


def saturated() -> FakeGlue:
    """Return an endpoint whose every stream has every member that the service model knows."""
    endpoint = FakeGlue(
        read
        for stream in EXTRA_STREAM_TYPES
        for read in stream.calls()
        if read.operation != "ListWorkflows"  # that has those of the stream `workflows`
    )
    endpoint.rewrite = _with_arns
    store = endpoint.store()
    store.catalogs = [_everything("Catalog", "c") | {"CatalogId": ACCOUNT, "Name": ACCOUNT}]
    texts = cycle(TEXTS)
    for database in NAMES:
        stored = store.add_database(database)
        stored.update(_everything("Database", database) | {**stored, "TargetDatabase": None})
    # Tables are in few of them, for each takes several calls.
    for database, tables in ((NAMES[0], NAMES), (NAMES[1], NAMES[1:3]), (NAMES[2], NAMES[1:3])):
        _add_tables(store, database, tables, texts)
    store.add("GetJobs", *(_everything("Job", name) | {"Name": name} for name in NAMES))
    workflows = (_everything("Workflow", name) | {"Name": name} for name in NAMES)
    store.add("BatchGetWorkflows", *workflows)
    return endpoint


def _add_tables(store: Store, database: str, names: tuple[str, ...], texts: Iterator[str]) -> None:
    for name in names:
        table = store.add_table(database, name)
        table.update(_everything("Table", name) | table | {"TargetTable": None})
        table["Description"] = next(texts)
        table["Parameters"] = {"table_type": "ICEBERG", "a text": next(texts), next(texts): "key"}
        table["StorageDescriptor"]["Columns"] = [
            _everything("Column", column) | {"Name": column, "Comment": next(texts)}
            for column in (*NAMES, "twice", "twice")
        ]


def _with_arns(answer: str) -> str:
    """Let ARNs be some, as edges are made of them."""
    return re.sub(r'"a text for ([^" ]*Arn)"', r'"arn:aws:service:us-east-1:1:\1"', answer)


def _everything(shape: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = everything(MODEL.shape_for(shape), path)
    return found
