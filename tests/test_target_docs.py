"""docs/targets.md holds what the suite in tests/targets found, and what it says holds here."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from singer import make_tap

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES

ROOT = Path(__file__).parent.parent


def generator() -> Any:
    script = ROOT / "scripts/generate_target_docs.py"
    spec = importlib.util.spec_from_file_location("generate_target_docs", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_one_that_is_generated() -> None:
    script = generator()
    text = script.PAGE.read_text(encoding="utf-8")
    assert script.page(text) == text, "run `make docs`"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_flattened_names_are_different_within_63_characters(depth: int) -> None:
    tap, _ = make_tap(
        {
            "extra_streams": [stream.name for stream in EXTRA_STREAM_TYPES],
            "flattening_enabled": True,
            "flattening_max_depth": depth,
            "flattening_max_key_length": 63,
        }
    )
    for name, stream in tap.streams.items():
        for stream_map in stream.stream_maps:
            fields = list(stream_map.transformed_schema["properties"])
            assert max(map(len, fields)) <= 63, name
            assert len({field.lower() for field in fields}) == len(fields), name
