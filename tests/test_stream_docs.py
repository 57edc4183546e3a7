"""docs/streams holds what the declarations and schemas say."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES

ROOT = Path(__file__).parent.parent
ALL = (*STREAM_TYPES, *EXTRA_STREAM_TYPES)


def generator() -> Any:
    script = ROOT / "scripts/generate_stream_docs.py"
    spec = importlib.util.spec_from_file_location("generate_stream_docs", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_those_that_are_generated() -> None:
    pages = generator().pages()
    assert {path: path.read_text(encoding="utf-8") for path in pages} == pages
    assert set((ROOT / "docs/streams").iterdir()) == set(pages)


def test_each_stream_is_on_the_page_of_its_group() -> None:
    for stream in ALL:
        page = (ROOT / f"docs/streams/{stream.group}.md").read_text(encoding="utf-8")
        assert f"\n## {stream.name}\n" in page


def test_the_diagram_has_each_stream_and_leads_to_no_other() -> None:
    text = (ROOT / "docs/streams/diagram.md").read_text(encoding="utf-8")
    names = {stream.name for stream in ALL}
    assert set(re.findall(r"^    (\w+) \{$", text, re.MULTILINE)) == names
    lines = re.findall(r"^    (\w+) \|\|--o\{ (\w+) : ", text, re.MULTILINE)
    assert {name for line in lines for name in line} <= names
    assert {("databases", "lf_tags"), ("schemas", "schema_versions")} <= set(lines)
    children = {child for _, child in lines}
    assert {"tables", "columns", "partitions", "job_runs"} <= children
