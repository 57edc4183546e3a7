"""The engine reads streams that it does not know: a declaration is enough."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from glue_strategies import MODEL, everything
from jsonschema import Draft202012Validator
from singer import Json, Messages, catalog, sync
from tap_glue_metadata.aws.glue import BatchGet, Listing
from tap_glue_metadata.walk import Level

from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fake_aws import FakeAws

ACCOUNT = "123456789012"


class Triggers(GlueStream):
    name = "triggers"
    primary_keys = ("account_id", "region", "name")
    source = Listing("GetTriggers", "Triggers")
    arn_kind = "trigger"


class UserDefinedFunctions(GlueStream):
    name = "user_defined_functions"
    primary_keys = ("account_id", "region", "catalog_id", "database_name", "function_name")
    level = Level.DATABASE
    source = Listing("GetUserDefinedFunctions", "UserDefinedFunctions", {"Pattern": "*"})
    arn_kind = "userDefinedFunction"


class Crawlers(GlueStream):
    name = "crawlers"
    primary_keys = ("account_id", "region", "name")
    source = BatchGet(
        Listing("ListCrawlers", "CrawlerNames"), "BatchGetCrawlers", "CrawlerNames", "Crawlers"
    )
    arn_kind = "crawler"


NEW: tuple[type[GlueStream], ...] = (Triggers, UserDefinedFunctions, Crawlers)
SHAPES = {Triggers: "Trigger", UserDefinedFunctions: "UserDefinedFunction", Crawlers: "Crawler"}
each_new = pytest.mark.parametrize("stream_type", NEW, ids=lambda stream: stream.name)


class WiderTap(TapGlueMetadata):
    stream_types: ClassVar[Sequence[type[GlueStream]]] = (*STREAM_TYPES, *NEW)


@pytest.fixture(scope="module", autouse=True)
def _schemas() -> None:
    """Generate the schemas, which for the streams of the package are files."""
    script = Path(__file__).parent.parent / "scripts/generate_schemas.py"
    spec = importlib.util.spec_from_file_location("generate", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for stream_type in NEW:
        stream_type.schema = module.generate(stream_type)


def item(stream_type: type[GlueStream], **names: str) -> Json:
    return {**everything(MODEL.shape_for(SHAPES[stream_type])), **names}


@pytest.fixture
def filled(endpoint: FakeAws) -> FakeAws:
    """Fill an endpoint of small pages: at least three of each kind, with empty ones between."""
    endpoint.page_size, endpoint.empty_pages = 3, True
    store = endpoint.store()
    for database in ("audit", "empty", "sales"):
        store.add_database(database)
    for number in range(8):
        store.add("GetTriggers", item(Triggers, Name=f"trigger_{number}"))
        store.add("BatchGetCrawlers", item(Crawlers, Name=f"crawler_{number}"))
        for database in ("audit", "sales"):
            names = {"FunctionName": f"f{number}", "DatabaseName": database, "CatalogId": ACCOUNT}
            store.add("GetUserDefinedFunctions", item(UserDefinedFunctions, **names))
    return endpoint


def run(config: Json, *streams: str) -> Messages:
    return sync(config, catalog(*streams, tap_type=WiderTap), tap_type=WiderTap)


@each_new
def test_a_declaration_is_short(stream_type: type[GlueStream]) -> None:
    lines = Path(__file__).read_text(encoding="utf-8").split(f"class {stream_type.__name__}(")[1]
    assert len(lines.split("\n\n")[0].splitlines()) <= 10


@each_new
def test_its_schema_is_generated(stream_type: type[GlueStream]) -> None:
    Draft202012Validator.check_schema(stream_type.schema)
    assert stream_type.schema["required"] == list(stream_type.primary_keys)


def test_a_flat_list(filled: FakeAws, settings: Json) -> None:
    messages = run(settings, "triggers")
    records = messages.records("triggers")
    assert sorted(record["name"] for record in records) == [f"trigger_{n}" for n in range(8)]
    assert filled.count("GetTriggers") == 5  # three pages, and an empty one after each but the last
    assert filled.count("GetDatabases") == 0
    assert {record["arn"] for record in records} == {
        f"arn:aws:glue:us-east-1:{ACCOUNT}:trigger/trigger_{n}" for n in range(8)
    }
    assert all(None not in record.values() for record in records)


def test_one_listing_for_each_database(filled: FakeAws, settings: Json) -> None:
    messages = run(settings, "user_defined_functions")
    records = messages.records("user_defined_functions")
    found = sorted((record["database_name"], record["function_name"]) for record in records)
    assert found == [(d, f"f{n}") for d in ("audit", "sales") for n in range(8)]
    calls = filled.params("GetUserDefinedFunctions")
    assert len(calls) == 5 + 5 + 1
    assert all((call["Pattern"], call["CatalogId"]) == ("*", ACCOUNT) for call in calls)
    assert filled.count("GetTables") == 0
    for record in records:
        assert (record["owner_catalog_id"], record["owner_database_name"]) == (
            ACCOUNT,
            record["database_name"],
        )
        assert record["arn"].endswith(
            f":userDefinedFunction/{record['database_name']}/{record['function_name']}"
        )
        assert None not in record.values()


def test_a_list_of_names_and_a_batch_for_each_page(filled: FakeAws, settings: Json) -> None:
    records = run(settings, "crawlers").records("crawlers")
    assert sorted(record["name"] for record in records) == [f"crawler_{n}" for n in range(8)]
    assert filled.count("ListCrawlers") == 5
    batches = [call["CrawlerNames"] for call in filled.params("BatchGetCrawlers")]
    assert sorted(map(len, batches)) == [2, 3, 3]
    assert all(None not in record.values() for record in records)


def test_a_batch_holds_no_more_names_than_the_service_takes(
    endpoint: FakeAws, settings: Json
) -> None:
    names = [f"crawler_{number:04}" for number in range(1205)]
    endpoint.store().add("BatchGetCrawlers", *({"Name": name} for name in names))
    records = run(settings, "crawlers").records("crawlers")
    assert sorted(record["name"] for record in records) == names
    most: Any = MODEL.shape_for("CrawlerNameList").metadata["max"]
    assert all(len(call["CrawlerNames"]) <= most for call in endpoint.params("BatchGetCrawlers"))


@pytest.mark.usefixtures("filled")
def test_all_streams_in_one_run(settings: Json) -> None:
    every = [stream.name for stream in WiderTap.stream_types]
    messages = run(settings, *every)
    assert sorted(messages.streams("SCHEMA")) == sorted(every)
    assert {stream.name for stream in NEW} <= set(messages.streams("RECORD"))
