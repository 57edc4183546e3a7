"""Records that go straight to the writer are those that the SDK would have written."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import sample
from singer import Json, catalog

from tap_glue_metadata.streams.progress import progress
from tap_glue_metadata.streams.sdk import SdkStream
from tap_glue_metadata.streams.sinks import DirectSink, Sink
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_aws import FakeAws

ALL = ("catalogs", "databases", "tables", "columns", "jobs", "workflows", "extraction_issues")


@pytest.fixture
def written(
    endpoint: FakeAws, settings: Json, capsysbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., list[Json]]:
    """Run the tap with its own writer, and read its output, apart from the time of records."""
    sample.fill(endpoint)
    endpoint.fail(
        "GetTables", "AccessDeniedException", when=lambda p: p["DatabaseName"] == "denied"
    )

    def run(selected: Json | None = None, **changes: Any) -> list[Json]:
        config = {**settings, "concurrency": 1, **changes}
        TapGlueMetadata(config=config, catalog=selected or catalog(*ALL)).sync_all()
        messages = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
        for message in messages:
            assert (message.pop("time_extracted", None) is None) == (message["type"] != "RECORD")
            message.pop("version", None)
        return messages

    return run


def used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which stream takes which way."""
    found: list[str] = []
    for kind in (Sink, DirectSink):
        put_all = kind.put_all

        def noted(self: Any, records: Any, kind: Any = kind, put_all: Any = put_all) -> Any:
            found.append(f"{self.stream.name} {kind.__name__}")
            return put_all(self, records)

        monkeypatch.setattr(kind, "put_all", noted)
    return found


@pytest.mark.parametrize("versioned", [True, False])
def test_both_ways_write_the_same(
    written: Callable[..., list[Json]], monkeypatch: pytest.MonkeyPatch, *, versioned: bool
) -> None:
    ways = used(monkeypatch)
    direct = written(emit_activate_version_messages=versioned)
    assert {way.split()[1] for way in ways} == {"DirectSink"}
    ways.clear()
    monkeypatch.setattr(SdkStream, "is_written_as_it_is", False)
    assert written(emit_activate_version_messages=versioned) == direct
    assert {way.split()[1] for way in ways} == {"Sink"}
    assert {m["stream"] for m in direct if m["type"] == "RECORD"} >= set(ALL) - {
        "extraction_issues"
    }


def test_the_order_of_fields_is_the_same(
    written: Callable[..., list[Json]], monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = written()
    monkeypatch.setattr(SdkStream, "is_written_as_it_is", False)
    assert [json.dumps(message) for message in written()] == [json.dumps(m) for m in direct]


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_maps": {"tables": {"more": "name"}}},
        {"stream_maps": {"tables": {"__filter__": "name > 'm'"}}},
        {"flattening_enabled": True, "flattening_max_depth": 1},
    ],
)
def test_what_the_sdk_changes_goes_its_way(
    written: Callable[..., list[Json]], monkeypatch: pytest.MonkeyPatch, changes: Json
) -> None:
    ways = used(monkeypatch)
    written(**changes)
    assert "tables Sink" in ways
    assert "tables DirectSink" not in ways


def test_deselected_properties_go_the_sdks_way(
    written: Callable[..., list[Json]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = used(monkeypatch)
    chosen = catalog("tables", "columns", deselected={"tables": [("owner",)]})
    messages = written(chosen)
    tables = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "tables"]
    assert not any("owner" in table for table in tables)
    assert {"tables Sink", "columns DirectSink"} == set(ways)


def test_a_long_pass_tells_of_its_progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told = iter(["so far", "further"])
    with progress(lambda: next(told, "done"), seconds=0.01):
        while "further" not in caplog.messages:
            pass
    assert caplog.messages[:2] == ["so far", "further"]
