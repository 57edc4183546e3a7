from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.views import is_view, view_sql

SQL = "SELECT id, 'é' AS \"Größe\" FROM sales.orders"


def presto(view: object, kind: str = "Presto View") -> str:
    return f"/* {kind}: {base64.b64encode(json.dumps(view).encode()).decode()} */"


# As Athena answered for `CREATE VIEW v AS SELECT 1 a`.
ATHENA_TEXT = (
    "/* Presto View: eyJvcmlnaW5hbFNxbCI6IlNFTEVDVCAxIGEiLCJjYXRhbG9nIjoiYXdzZGF0YWNhdGFsb2ciLCJzY2"
    "hlbWEiOiJkZWZhdWx0IiwiY29sdW1ucyI6W3sibmFtZSI6ImEiLCJ0eXBlIjoiaW50ZWdlciJ9XX0= */"
)


def test_athena_view() -> None:
    table = {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": ATHENA_TEXT,
        "ViewExpandedText": "/* Presto View */",
        "Parameters": {"comment": "Presto View", "presto_view": "true"},
    }
    assert is_view(table)
    assert view_sql(table) == "SELECT 1 a"


@pytest.mark.parametrize("kind", ["Presto View", "Presto Materialized View"])
def test_trino_view(kind: str) -> None:
    text = presto({"originalSql": SQL, "columns": [], "runAsInvoker": True}, kind)
    assert view_sql({"ViewOriginalText": text}) == SQL


def test_multi_dialect_view_gives_the_first_original_text() -> None:
    table = {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "IsMultiDialectView": True,
        "ViewOriginalText": "",
        "ViewExpandedText": "SELECT expanded",
        "ViewDefinition": {
            "IsProtected": True,
            "Representations": [
                {"Dialect": "REDSHIFT", "ViewExpandedText": "SELECT redshift"},
                {"Dialect": "ATHENA", "ViewOriginalText": presto({"originalSql": SQL})},
                {"Dialect": "SPARK", "ViewOriginalText": "SELECT spark"},
            ],
        },
    }
    assert is_view(table)
    assert view_sql(table) == SQL


def test_multi_dialect_view_without_original_text_gives_the_expanded_one() -> None:
    representations = [{"Dialect": "SPARK"}, {"ViewExpandedText": "SELECT expanded"}]
    table = {
        "ViewOriginalText": "SELECT own",
        "ViewDefinition": {"Representations": representations},
    }
    assert view_sql(table) == "SELECT expanded"


@pytest.mark.parametrize(
    ("table", "sql"),
    [
        ({"ViewOriginalText": "SELECT a", "ViewExpandedText": "SELECT b"}, "SELECT a"),
        ({"ViewOriginalText": "", "ViewExpandedText": "SELECT b"}, "SELECT b"),
        ({"ViewOriginalText": "", "ViewExpandedText": ""}, None),
        ({"ViewOriginalText": None, "ViewDefinition": None}, None),
        ({"Name": "t"}, None),
    ],
)
def test_plain_view(table: dict[str, Any], sql: str | None) -> None:
    assert view_sql(table) == sql


@pytest.mark.parametrize(
    "text",
    [
        "/* Presto View */",
        "/* Presto View: a */",
        "/* Presto View: 4pya */",
        "/* Presto View: //79 */",
        presto([]),
        presto({"sql": "SELECT 1"}),
        presto({"originalSql": 1}),
        presto({"originalSql": "\ud800"}),
        f"/* Presto View: {base64.b64encode(b'[' * 100_000).decode()} */",
        f"{presto({'originalSql': SQL})} SELECT 1",
    ],
)
def test_undecodable_text_stays(text: str) -> None:
    assert view_sql({"ViewOriginalText": text}) == text


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, True),
        ({"TableType": "materialized_view"}, True),
        ({"TableType": "VIEW"}, True),
        ({"IsMultiDialectView": True}, True),
        ({"IsMaterializedView": True}, True),
        ({"ViewDefinition": {"IsProtected": False}}, True),
        ({"TableType": "EXTERNAL_TABLE", "IsMultiDialectView": False}, False),
        ({"TableType": None, "IsMaterializedView": None}, False),
        ({"Name": "t"}, False),
    ],
)
def test_is_view(table: dict[str, Any], *, expected: bool) -> None:
    assert is_view(table) is expected


@given(
    st.text()
    | st.binary().map(lambda raw: f"/* Presto View: {base64.b64encode(raw).decode()} */")
    | st.dictionaries(st.text(), st.text()).map(presto)
)
def test_any_other_text_stays(text: str) -> None:
    assert view_sql({"ViewOriginalText": text}) == (text or None)


@given(st.text(min_size=1))
def test_any_sql_survives_its_encoding(sql: str) -> None:
    assert view_sql({"ViewOriginalText": presto({"originalSql": sql})}) == sql
