from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.engine.context import Context
from tap_glue_metadata.engine.selection import Selection
from tap_glue_metadata.settings import Settings

SCOPE: Any = None  # of which the selection asks nothing here
# Names that share letters with each other and with the patterns, so that they match now and then.
NAMES = st.text(
    st.sampled_from("aAbßçÇ.*?[!-]_0\N{LATIN SMALL LETTER DOTLESS I}"), min_size=1, max_size=6
) | st.text(min_size=1)


def wants_database(selection: Selection, name: str) -> bool:
    return selection.select_database(Context(SCOPE), {"Name": name}) is not None


def wants_tables_of(selection: Selection, database: str) -> bool:
    return selection.leads_to_tables({"Name": database})


def wants_table(selection: Selection, database: str, table: str) -> bool:
    context = Context(SCOPE, {"DatabaseName": database})
    return selection.select_table(context, {"Name": table}) is not None


@st.composite
def patterns_of_tables(draw: st.DrawFn, name: str) -> str:
    """Draw a glob of which many match the name: parts of it replaced by signs."""
    parts = []
    for character in name:
        escaped = "".join(f"[{c}]" for c in character) if character in "*?[" else character
        sign = draw(
            st.sampled_from(["", "", "", "*", "?", "[.-z]", "[!~]", "**", character.upper()])
        )
        parts.append(sign or escaped)
    cut = draw(st.integers(0, len(parts)))
    return "".join(parts[:cut]) + draw(st.sampled_from(["*", "".join(parts[cut:]), "*.*"]))


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    database, table = draw(NAMES), draw(NAMES)
    drawn = draw(st.lists(patterns_of_tables(f"{database}.{table}"), min_size=1, max_size=3))
    patterns = [pattern for pattern in drawn if re.search(r"[.*?[]", pattern)]
    return database, table, patterns


@given(cases())
@example(("a.b", "c", ["a.b.c"]))
@example(("a", "b.c", ["a.b*"]))
@example(("a.b", "c", ["a*c"]))
@example(("a", "b", ["a?b"]))
@example(("a", "b", ["a[.]b"]))
@example(("Straße", "T", ["STRAßE.t"]))
def test_tables_are_looked_for_wherever_one_is_wanted(case: tuple[str, str, list[str]]) -> None:
    database, table, patterns = case
    selection = Selection(Settings.from_config({"include_tables": patterns}))
    if wants_table(selection, database, table):
        assert wants_tables_of(selection, database)


@given(cases())
def test_exclusion_of_tables_wins(case: tuple[str, str, list[str]]) -> None:
    database, table, patterns = case
    included = wants_table(
        Selection(Settings.from_config({"include_tables": patterns})), database, table
    )
    excluding = Selection(Settings.from_config({"exclude_tables": patterns}))
    assert wants_table(excluding, database, table) == (not included or not patterns)
    both = Selection(Settings.from_config({"include_tables": patterns, "exclude_tables": patterns}))
    assert wants_table(both, database, table) == (not patterns)


@pytest.mark.parametrize(
    ("pattern", "databases"),
    [
        ("sales.*", {"sales", "sales.v2"}),
        ("SALES.orders", {"sales"}),
        ("sales*.orders", {"sales", "sales_eu", "sales.v2"}),
        ("sales.v2.orders", {"sales", "sales.v2"}),
        ("*.orders", {"sales", "sales_eu", "sales.v2", "hr"}),
        ("nothing.*", set()),
    ],
)
def test_tables_are_looked_for_nowhere_else(pattern: str, databases: set[str]) -> None:
    selection = Selection(Settings.from_config({"include_tables": [pattern]}))
    names = {"sales", "sales_eu", "sales.v2", "hr"}
    assert {name for name in names if wants_tables_of(selection, name)} == databases


def test_without_patterns_everything_is_wanted() -> None:
    for selection in (
        Selection(Settings()),
        Selection(Settings.from_config({"include_databases": []})),
    ):
        assert wants_database(selection, "a")
        assert wants_tables_of(selection, "a")
        assert wants_table(selection, "a", "b")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"include_databases": ["sales*"]}, ["Sales_EU", "sales"]),
        ({"include_databases": ["SALES", "hr"]}, ["hr", "sales"]),
        ({"include_databases": ["s?les", "h[rs]"]}, ["hr", "sales"]),
        ({"exclude_databases": ["sales*"]}, ["hr"]),
        ({"include_databases": ["sales*"], "exclude_databases": ["*_eu"]}, ["sales"]),
        ({"include_databases": ["*"], "exclude_databases": ["*"]}, []),
        ({"include_databases": ["sale"]}, []),
    ],
)
def test_databases(settings: dict[str, list[str]], wanted: list[str]) -> None:
    selection = Selection(Settings.from_config(settings))
    names = ["Sales_EU", "hr", "sales"]
    assert [name for name in names if wants_database(selection, name)] == wanted


@pytest.mark.parametrize("setting", ["include_tables", "exclude_tables"])
@pytest.mark.parametrize("pattern", ["orders", "a-b", "größe", "a]b"])
def test_a_pattern_that_can_match_no_table_is_refused(setting: str, pattern: str) -> None:
    with pytest.raises(SettingError, match=rf"'{setting}'.*'\*\.{re.escape(pattern)}'"):
        Selection(Settings.from_config({setting: [pattern]}))


def test_patterns_that_matched_nothing() -> None:
    selection = Selection(
        Settings(
            include_databases=("a*", "x*"),
            exclude_databases=("ab", "y"),
            include_tables=("*.t", "z.t"),
            exclude_tables=("a.u",),
        )
    )
    for database in ("ab", "ac"):
        wants_database(selection, database)
    wants_table(selection, "ac", "t")
    assert list(selection.idle("databases")) == [
        ("include_databases", "x*"),
        ("exclude_databases", "y"),
    ]
    assert list(selection.idle("tables")) == [("include_tables", "z.t"), ("exclude_tables", "a.u")]
