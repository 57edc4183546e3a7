"""docs/streams holds what the declarations and schemas say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import generate_stream_docs
import pytest
from jsonschema import Draft202012Validator

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES

if TYPE_CHECKING:
    from tap_glue_metadata.streams.base import GlueStream

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "tap_glue_metadata/schemas"
ALL = (*STREAM_TYPES, *EXTRA_STREAM_TYPES)


def test_the_pages_are_those_that_are_generated() -> None:
    pages = generate_stream_docs.pages()
    assert {path: path.read_text(encoding="utf-8") for path in pages} == pages
    assert set((ROOT / "docs/streams").iterdir()) == set(pages)


def test_each_stream_is_on_the_page_of_its_group() -> None:
    for stream in ALL:
        page = (ROOT / f"docs/streams/{stream.group}.md").read_text(encoding="utf-8")
        assert f"\n## {stream.name}\n" in page


@pytest.mark.parametrize("stream", ALL, ids=lambda stream: stream.name)
def test_each_stream_has_its_fields_and_a_sample_record(stream: type[GlueStream]) -> None:
    page = (ROOT / f"docs/streams/{stream.group}.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {stream.name}\n")[2].partition("\n## ")[0]
    schema = json.loads((SCHEMAS / f"{stream.name}.json").read_text(encoding="utf-8"))
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(schema["properties"])
    [sample] = re.findall(r"^```json\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    Draft202012Validator(schema).validate(json.loads(sample))


def test_the_readme_has_a_row_for_each_stream() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- streams -->")[2].partition("<!-- /streams -->")[0]
    rows = {row[0]: row[1:] for row in map(cells, table.strip().splitlines())}
    assert rows.pop("stream") == [
        *("group", "holds", "operation", "primary key", "replication key on offer"),
        *("IAM actions", "calls"),
    ]
    rows.pop("---")
    assert list(rows) == [f"`{stream.name}`" for stream in ALL]
    group, _, operation, key, offered, actions, calls = rows["`column_statistics`"]
    assert (group, operation, offered) == ("tables", "`GetColumnStatisticsForTable`", "")
    assert key == "`catalog_id`, `database_name`, `table_name`, `column_name`"
    assert "`glue:GetColumnStatisticsForTable`" in actions.split(", ")
    assert calls.startswith("one for 100 values or fewer of each object of `GetTables`")


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def test_the_diagram_has_each_stream_and_leads_to_no_other() -> None:
    text = (ROOT / "docs/streams/diagram.md").read_text(encoding="utf-8")
    names = {stream.name for stream in ALL}
    assert set(re.findall(r"^    (\w+) \{$", text, re.MULTILINE)) == names
    lines = re.findall(r"^    (\w+) \|[|o]--o\{ (\w+) : ", text, re.MULTILINE)
    assert {name for line in lines for name in line} <= names
    assert {("databases", "lf_tags"), ("schemas", "schema_versions")} <= set(lines)
    assert {("registries", "schemas"), ("crawlers", "crawler_metrics")} <= set(lines)
    children = {child for _, child in lines}
    assert {"tables", "columns", "partitions", "job_runs"} <= children
