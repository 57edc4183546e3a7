"""The streams behind `extra_streams`, each against an endpoint that answers with everything."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from fake_glue import FakeGlue, model_of
from glue_strategies import MODEL, everything
from jsonschema import Draft202012Validator
from singer import Json, Messages, make_tap
from test_schemas import SCHEMAS, generator

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_aws import Call

    from tap_glue_metadata.streams.base import GlueStream

ACCOUNT: Final = "123456789012"
CALLING: Final = [s for s in EXTRA_STREAM_TYPES if not issubclass(s, EmbeddedStream)]
LONGEST: Final = 15
# What is in an answer and deliberately not in the stream.
LEFT_OUT: Final = {
    "resource_tags": ["ComplianceDetails"],  # which is asked for explicitly, if at all
    "lf_tags": ["LFTag"],  # see test_tags.py
    "workflow_runs": ["Graph"],
    "table_optimizers": ["catalogId", "databaseName"],  # those that were asked for
}

# Edges are no copies of what AWS answers: see test_lineage.py.
COPIES: Final = [stream for stream in EXTRA_STREAM_TYPES if stream.group != "lineage"]

each_stream = pytest.mark.parametrize("stream_type", EXTRA_STREAM_TYPES, ids=lambda s: s.name)
each_copy = pytest.mark.parametrize("stream_type", COPIES, ids=lambda s: s.name)
each_calling_stream = pytest.mark.parametrize("stream_type", CALLING, ids=lambda s: s.name)


def table(name: str) -> Json:
    return {
        **everything(MODEL.shape_for("Table"), name),
        "Name": name,
        "Parameters": {"table_type": "ICEBERG"},
        "TargetTable": None,
        "PartitionKeys": [{"Name": "year"}, {"Name": "Month"}],
    }


def filled(stream_type: type[GlueStream]) -> FakeGlue:
    endpoint = FakeGlue(stream_type.calls())
    store = endpoint.store()
    for database in ("audit", "empty", "sales"):
        store.add_database(database)
        for number in range(0 if database == "empty" else 5):
            store.add_table(database, f"t{number}").update(table(f"t{number}"))
    return endpoint


@pytest.fixture
def endpoint(stream_type: type[GlueStream]) -> Iterator[FakeGlue]:
    with filled(stream_type) as endpoint:
        yield endpoint


def run(endpoint: FakeGlue, *names: str, incremental: bool = False, **settings: Any) -> Messages:
    """Read the streams named, and none of the default ones but extraction_issues."""
    config = {
        "aws_endpoint_url": endpoint.url,
        "aws_regions": ["us-east-1"],
        "aws_max_attempts": 1,
        "extra_streams": list(names),
        **settings,
    }
    catalog = make_tap(config)[0].catalog_dict
    for entry in catalog["streams"]:
        root = next(item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] in (*names, "extraction_issues")
        if incremental and entry["tap_stream_id"] in names:
            root["metadata"]["replication-method"] = "INCREMENTAL"
    tap, messages = make_tap(config, catalog)
    tap.sync_all()
    messages.check()
    return messages


def texts(value: Any) -> set[str]:
    """Return every text in a value that the endpoint has made up."""
    if isinstance(value, dict):
        return set().union(*map(texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts, value))
    return {value} if isinstance(value, str) and value.startswith("a text for") else set()


@each_copy
def test_all_is_read_by_the_declared_calls_and_nothing_is_lost(
    stream_type: type[GlueStream], endpoint: FakeGlue
) -> None:
    messages = run(endpoint, stream_type.name)
    records = messages.records(stream_type.name)
    assert records
    assert messages.records("extraction_issues") == []
    called = {call.operation for call in endpoint.calls} - {"GetCallerIdentity"}
    assert called == stream_type.operations() - {"GetTable"}  # no table is a resource link
    for read in stream_type.calls():
        takes: Any = model_of(read.service, read.operation).input_shape
        tokens = {call.params.get(read.token[0]) for call in endpoint.calls}
        assert read.token[0] not in takes.members or len(tokens) >= 2
    given = texts(endpoint.given.get(stream_type.reads()[-1].operation, ()))
    left_out = LEFT_OUT.get(stream_type.name, ())
    given = {text for text in given if not any(name in text for name in left_out)}
    assert given - texts(records) == set()


def key_of(call: Call) -> Json:
    return {name: value for name, value in call.params.items() if name != "MaxResults"}


@each_calling_stream
def test_one_page_or_object_denied_is_one_issue(
    stream_type: type[GlueStream], endpoint: FakeGlue
) -> None:
    read = stream_type.reads()[-1]
    everything_read = run(endpoint, stream_type.name).records(stream_type.name)
    calls = [call for call in endpoint.calls if call.operation == read.operation]
    later_pages = [call for call in calls if read.token[0] in call.params]
    victim = key_of((later_pages or calls)[0])
    values = victim.get(read.each.member, [])[:1] if read.each else []

    def is_denied(params: Json) -> bool:
        varying = {"MaxResults", read.each.member if read.each else ""}
        same = all(params.get(name) == victim[name] for name in victim.keys() - varying)
        return same and (not read.each or values[0] in params[read.each.member])

    with filled(stream_type) as closed:
        closed.fail(read.operation, "AccessDeniedException", when=is_denied)
        if len(calls) == 1:
            with pytest.raises(AwsError, match="all was denied"):
                run(closed, stream_type.name)
            return
        messages = run(closed, stream_type.name)
    [issue] = messages.records("extraction_issues")
    assert issue["operation"] == read.action
    assert 0 < len(messages.records(stream_type.name)) < len(everything_read)


@each_stream
def test_a_declaration_is_short_and_tells_its_group(stream_type: type[GlueStream]) -> None:
    source = inspect.getsource(stream_type).split("    @override")[0].strip()
    assert len(source.splitlines()) <= LONGEST + 2  # less the docstring and the line after it
    assert stream_type.group != "default"
    assert inspect.getdoc(stream_type)


@each_stream
def test_its_schema_is_what_the_generator_makes_of_the_model(
    stream_type: type[GlueStream],
) -> None:
    generate = generator()
    text = (SCHEMAS / f"{stream_type.name}.json").read_text(encoding="utf-8")
    assert text == generate.text_of(generate.generate(stream_type))
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(stream_type.primary_keys)
    for field in schema["properties"].values():
        assert field["description"]
    assert set(stream_type.replication_keys) <= schema["properties"].keys()


def test_names_and_default_streams_do_not_collide() -> None:
    names = [stream.name for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)]
    assert len(names) == len(set(names))
