"""The catalog, one snapshot per stream: what a user selects from, and a target creates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


class _Json(SingleFileSnapshotExtension):
    """Keeps the order of the properties, in which targets create their columns."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"


@pytest.mark.parametrize("name", [stream.name for stream in STREAM_TYPES])
def test_catalog_entry(name: str, snapshot: SnapshotAssertion) -> None:
    catalog = json.loads(TapGlueMetadata().catalog_json_text)
    entry = next(entry for entry in catalog["streams"] if entry["stream"] == name)
    assert json.dumps(entry, indent=1) + "\n" == snapshot(extension_class=_Json)


def test_discovery_is_stable() -> None:
    assert TapGlueMetadata().catalog_json_text == TapGlueMetadata().catalog_json_text
