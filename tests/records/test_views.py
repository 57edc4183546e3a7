from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tap_glue_metadata.records.views import NO_VIEW, View, is_view, view

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
    assert view(table).sql == "SELECT 1 a"


@pytest.mark.parametrize("kind", ["Presto View", "Presto Materialized View"])
def test_trino_view(kind: str) -> None:
    text = presto({"originalSql": SQL, "columns": [], "runAsInvoker": True}, kind)
    assert view({"ViewOriginalText": text}).sql == SQL


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
    assert view(table).sql == SQL


def test_multi_dialect_view_without_original_text_gives_the_expanded_one() -> None:
    representations = [{"Dialect": "SPARK"}, {"ViewExpandedText": "SELECT expanded"}]
    table = {
        "ViewOriginalText": "SELECT own",
        "ViewDefinition": {"Representations": representations},
    }
    assert view(table).sql == "SELECT expanded"


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
    assert view(table).sql == sql


ENVELOPE = {"originalSql": SQL, "catalog": "awsdatacatalog", "schema": "sales"}


@pytest.mark.parametrize(
    "text",
    [
        presto(ENVELOPE),
        presto(ENVELOPE).replace("=", ""),
        presto(ENVELOPE).replace(" */", "*/"),
        "\n  ".join(presto(ENVELOPE)[start : start + 30] for start in range(0, 400, 30)),
        f"\n{presto(ENVELOPE)}\n-- by a person",
    ],
)
def test_envelope_of_athena_however_it_is_laid_out(text: str) -> None:
    assert view({"ViewOriginalText": text}) == View(SQL, "athena", "awsdatacatalog", "sales")


def test_envelope_of_trino() -> None:
    text = presto(ENVELOPE | {"catalog": "hive", "comment": "Revenue"})
    assert view({"ViewOriginalText": text}) == View(SQL, "trino", "hive", "sales", "Revenue")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/* Presto View */", NO_VIEW),
        ("/* Presto Materialized View */ ", NO_VIEW),
        ("/* Presto View */\nSELECT 1", View("SELECT 1", "athena")),
        ("/* Presto View: a */", NO_VIEW),
        ("/* Presto View: 4pya */", NO_VIEW),
        ("/* Presto View: //79 */", NO_VIEW),
        ("/* Presto View: not base64! */", NO_VIEW),
        ("/* Presto View: eyJvcmlnaW5hbFNxbCI6IlNFTEVDVCAxIGEi", NO_VIEW),
        (presto([]), NO_VIEW),
        (presto({"sql": "SELECT 1"}), NO_VIEW),
        (presto({"catalog": "c", "schema": "s"}), View(None, None, "c", "s")),
        (presto({"originalSql": 1, "schema": ["s"], "catalog": ""}), NO_VIEW),
        (f"/* Presto View: {base64.b64encode(b'[' * 100_000).decode()} */", NO_VIEW),
        ("/* Presto View: " + " " * 400_000, NO_VIEW),
        (f"{presto({'sql': SQL})} SELECT 1", View("SELECT 1", "athena")),
        (" ", NO_VIEW),
        ("/* Presto Views are fine */ SELECT 1", View("/* Presto Views are fine */ SELECT 1")),
    ],
)
def test_what_can_be_decoded_is_and_an_envelope_is_never_sql(text: str, expected: View) -> None:
    assert view({"ViewOriginalText": text}) == expected
    assert view({"ViewExpandedText": text}) == expected


def test_the_expanded_text_is_read_where_the_envelope_cannot_be_decoded() -> None:
    table = {"ViewOriginalText": presto({"schema": "s"}), "ViewExpandedText": "SELECT 1"}
    assert view(table) == View("SELECT 1")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, View(SQL)),
        (
            {
                "view.catalogAndNamespace.numParts": "2",
                "view.catalogAndNamespace.part.0": "spark_catalog",
                "view.catalogAndNamespace.part.1": "sales",
            },
            View(SQL, "spark", "spark_catalog", "sales"),
        ),
        (
            {
                "view.catalogAndNamespace.numParts": "3",
                "view.catalogAndNamespace.part.0": "lake",
                "view.catalogAndNamespace.part.1": "eu",
                "view.catalogAndNamespace.part.2": "sales",
            },
            View(SQL, "spark", "lake", "eu.sales"),
        ),
        ({"view.default.database": "sales"}, View(SQL, "spark", "spark_catalog", "sales")),
        ({"view.catalogAndNamespace.numParts": "1"}, View(SQL, "spark")),
        ({"view.catalogAndNamespace.numParts": "0"}, View(SQL, "spark")),
        ({"view.catalogAndNamespace.numParts": "many"}, View(SQL, "spark")),
        ({"view.catalogAndNamespace.numParts": "9" * 5000}, View(SQL, "spark")),
    ],
)
def test_view_of_spark(parameters: dict[str, str], expected: View) -> None:
    assert view({"ViewOriginalText": SQL, "Parameters": parameters}) == expected


def test_the_dialect_is_that_of_the_representation_that_was_taken() -> None:
    representations = [
        {"Dialect": "ATHENA", "ViewOriginalText": "/* Presto View */"},
        {"Dialect": "REDSHIFT", "ViewOriginalText": "SELECT redshift"},
        {"Dialect": "SPARK", "ViewOriginalText": "SELECT spark"},
    ]
    parameters = {"view.default.database": "sales"}
    table = {"ViewDefinition": {"Representations": representations}, "Parameters": parameters}
    assert view(table) == View("SELECT redshift", "redshift")
    del representations[1]
    assert view(table) == View("SELECT spark", "spark", "spark_catalog", "sales")
    representations[0]["ViewOriginalText"] = presto(ENVELOPE)
    assert view(table) == View(SQL, "athena", "awsdatacatalog", "sales")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, True),
        ({"TableType": "materialized_view"}, True),
        ({"TableType": "VIEW"}, True),
        ({"IsMultiDialectView": True}, True),
        ({"IsMaterializedView": True}, True),
        ({"ViewDefinition": {"IsProtected": False}}, True),
        ({"Parameters": {"typeOfData": "view"}}, True),
        ({"Parameters": {"typeOfData": "table"}}, False),
        ({"TableType": "EXTERNAL_TABLE", "IsMultiDialectView": False}, False),
        ({"TableType": None, "IsMaterializedView": None}, False),
        ({"Name": "t"}, False),
    ],
)
def test_is_view(table: dict[str, Any], *, expected: bool) -> None:
    assert is_view(table) is expected


SPACES = st.sampled_from(["", " ", "\n\t"])
BASE64 = (
    st.binary() | st.dictionaries(st.text(), st.text()).map(lambda each: json.dumps(each).encode())
).map(lambda raw: base64.b64encode(raw).decode())


@given(st.text().filter(str.strip))
@example("SELECT 1 /* Presto View: e30= */")
@example("-- /* Presto View */")
def test_any_other_text_stays(text: str) -> None:
    assume(not re.match(r"\s*/\*\s*Presto", text))
    assert view({"ViewOriginalText": text}).sql == text


@given(SPACES, SPACES, SPACES, BASE64)
def test_no_envelope_is_taken_for_sql(before: str, inner: str, after: str, encoded: str) -> None:
    text = f"{before}/*{inner}Presto View{after}:{encoded}*/{before}"
    assert view({"ViewOriginalText": text}).sql is None


@given(st.text(min_size=1).filter(str.strip), st.integers(1, 80), st.sampled_from(["", "="]))
@example("SELECT '\0'", 80, "=")
@example("SELECT '\ud800'", 80, "=")
def test_any_sql_survives_its_encoding(sql: str, width: int, padding: str) -> None:
    text = base64.b64encode(json.dumps({"originalSql": sql}).encode()).decode()
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    encoded = "\n".join(lines).replace("=", padding)
    assert view({"ViewOriginalText": f"/* Presto View: {encoded} */"}).sql == re.sub(
        r"[\0\ud800]", "\ufffd", sql
    )
