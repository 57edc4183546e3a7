"""The tables that views read: recall and precision over a corpus, and hostile texts."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineage_places import PLACE, edges
from lineage_views import CASES, Case

from tap_glue_metadata.records.lineage import view_sql
from tap_glue_metadata.records.lineage.edges import FAILED, INFERRED, PARSED
from tap_glue_metadata.records.lineage.tables import table_edges

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOR = 0.98


def view(sql: str, dialect: str = "", **members: Any) -> dict[str, Any]:
    """Make a view as the engine of a dialect writes it."""
    table: dict[str, Any] = {"Name": "v", "TableType": "VIRTUAL_VIEW", **members}
    if dialect in ("athena", "trino"):
        catalog = "awsdatacatalog" if dialect == "athena" else "hive_catalog"
        text = json.dumps({"originalSql": sql, "catalog": catalog, "schema": "sales"})
        encoded = base64.b64encode(text.encode()).decode()
        return {**table, "ViewOriginalText": f"/* Presto View: {encoded} */"}
    if dialect == "redshift":
        representation = {"Dialect": "REDSHIFT", "ViewOriginalText": sql}
        return {**table, "ViewDefinition": {"Representations": [representation]}}
    parameters = {
        "view.catalogAndNamespace.numParts": "2",
        "view.catalogAndNamespace.part.0": "spark_catalog",
        "view.catalogAndNamespace.part.1": "sales",
    }
    return {
        **table,
        "ViewOriginalText": sql,
        "Parameters": parameters if dialect == "spark" else {},
    }


def found_in(case: Case) -> set[str]:
    found = edges(table_edges(view(case.sql, case.dialect), PLACE))
    return {edge["source_id"] or edge["details"]["Error"] for edge in found}


def arn_of(name: str) -> str:
    if "://" in name:
        return name
    catalog, _, path = name.rpartition("|")
    database, table = path.split(".", 1)
    nested = f"{catalog}/" if catalog else ""
    return f"arn:aws:glue:us-east-1:123456789012:table/{nested}{database}/{table}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.dialect}: {case.sql[:40]}")
def test_the_tables_of_a_view(case: Case) -> None:
    assert found_in(case) == set(map(arn_of, case.tables))


def test_recall_and_precision(record_property: Callable[[str, object], None]) -> None:
    expected = {(case, arn_of(name)) for case in CASES for name in case.tables}
    found = {(case, source) for case in CASES for source in found_in(case)}
    recall = len(expected & found) / len(expected)
    precision = len(expected & found) / len(found)
    record_property("recall", recall)
    record_property("precision", precision)
    print(f"{len(CASES)} views: recall {recall:.3f}, precision {precision:.3f}")  # noqa: T201
    assert len(CASES) >= 40
    assert min(recall, precision) >= FLOOR


def test_the_catalog_that_a_name_has_by_custom_alone_is_inferred() -> None:
    told = "SELECT * FROM spark_catalog.lake.t, glue_catalog.lake.u"
    found = edges(table_edges(view(told, "spark"), PLACE))
    assert [edge["confidence"] for edge in found] == [PARSED, INFERRED]


def test_a_database_that_is_not_told_is_inferred() -> None:
    found = edges(table_edges(view("SELECT * FROM t, raw.u"), PLACE))
    assert [edge["confidence"] for edge in found] == [INFERRED, PARSED]
    assert found[0]["source_id"] == arn_of("sales.t")


def test_each_edge_tells_the_member_that_it_comes_from() -> None:
    texts = {
        "ViewOriginalText": view("SELECT * FROM t", "athena"),
        "ViewDefinition.Representations": view("SELECT * FROM t", "redshift"),
        "ViewExpandedText": {"Name": "v", "ViewExpandedText": "SELECT * FROM t"},
    }
    for member, table in texts.items():
        [edge] = edges(table_edges(table, PLACE))
        assert edge["evidence"] == member


def test_what_glue_declares_takes_precedence_over_sql() -> None:
    table = view("SELECT * FROM nowhere", "redshift")
    table["ViewDefinition"]["SubObjects"] = [arn_of("sales.orders"), arn_of("crm.customers")]
    found = edges(table_edges(table, PLACE))
    assert [edge["source_id"] for edge in found] == [
        arn_of("sales.orders"),
        arn_of("crm.customers"),
    ]
    assert {edge["confidence"] for edge in found} == {"declared"}
    assert found[1]["evidence"] == "ViewDefinition.SubObjects[1]"


@pytest.mark.parametrize("dialect", ["athena", "spark", "redshift", ""])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT FROM WHERE",
        "SELECT 'open",
        "SELECT * FROM",
        "DROP TABLE orders",
        "GRANT ALL ON t TO u",
        "SELECT 1; SELECT 2",
        "/* nothing */",
        "\x00\ufffd\U0010ffff",
    ],
)
def test_a_text_that_is_no_query_is_one_row_that_says_so(
    sql: str, dialect: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    [edge] = edges(table_edges(view(sql, dialect), PLACE))
    assert edge["confidence"] == FAILED
    assert edge["kind"] == "derives"
    assert edge["source_id"] is edge["source_type"] is None
    assert edge["target_id"] == arn_of("sales.v")
    assert edge["details"]["Error"].startswith("The SQL ")
    assert sql not in edge["details"]["Error"]
    assert (capsys.readouterr(), caplog.records) == (("", ""), [])


def nested(before: str, behind: str, depth: int) -> str:
    return "SELECT " + before * depth + "1" + behind * depth


HOSTILE = {
    "long": nested("'x" + "x" * view_sql.LONGEST, "'", 1),
    "brackets": nested("(", ")", 1_500),
    # These would overflow the stack,
    "tables in brackets": nested("* FROM " + "(" * 40_000, ")" * 40_000, 1),
    "types": nested("cast(a AS " + "array<" * 15_000, ">" * 15_000, 1),
    "from": nested("FROM ", "", 18_000),
    "over": nested("f() " + "OVER () " * 12_000, "", 1),
    # these take twice as long at each level,
    "arrays": nested("ARRAY[", "]", 40),
    "rows": nested("row(", ")", 60),
    "dates": nested("date(", ")", 60),
    "joins": nested("* FROM t " + "JOIN t " * 900, "", 1),
    # and these the square of their length, or more.
    "from from": nested("FROM ", "", 1_500),
    "indices": nested("a" + "[1]" * 30_000 + " + ", "", 1),
}


@pytest.mark.parametrize("dialect", ["athena", "spark", "redshift"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_a_row_and_soon(name: str, dialect: str) -> None:
    found = edges(table_edges(view(HOSTILE[name], dialect), PLACE))
    # Those that a dialect can read have no table.
    assert [edge["confidence"] for edge in found] in ([], [FAILED])


def test_the_limit_of_length_is_told() -> None:
    [edge] = edges(table_edges(view(HOSTILE["long"], "athena"), PLACE))
    assert f"up to {view_sql.LONGEST} are parsed" in edge["details"]["Error"]


PIECES = [
    *(
        "SELECT ",
        "* ",
        "FROM ",
        "t ",
        "(",
        ")",
        ", ",
        "JOIN ",
        "WITH x AS ",
        "UNION ",
        "'",
        '"',
        "x",
    ),
    *(
        "[",
        "]",
        "array(",
        "date ",
        "case when ",
        "end ",
        "not ",
        "`",
        "--",
        "/*",
        ";",
        "\n",
        "é",
        "$",
    ),
]


@pytest.mark.parametrize("dialect", ["athena", "spark", "redshift"])
@given(sql=st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_gives_tables_or_says_why_not(sql: str, dialect: str) -> None:
    try:
        assert all(name.table for name in view_sql.tables(sql, dialect))
    except view_sql.SqlError as error:
        assert str(error)  # noqa: PT017 - either is right
