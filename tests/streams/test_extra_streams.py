"""The streams behind `extra_streams`, each against an endpoint that answers with everything."""

from __future__ import annotations

import ast
import inspect
import json
from typing import TYPE_CHECKING, Any, Final

import generate_schemas
import pytest
from fake_glue import FakeGlue, model_of
from glue_strategies import MODEL, everything
from jsonschema import Draft202012Validator
from singer import Json, Messages, catalog, extra, sync
from test_schemas import SCHEMAS

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.records.projection import timestamp
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from fake_aws import Call

    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.streams.base import GlueStream

ACCOUNT: Final = "123456789012"
CALLING: Final = [s for s in EXTRA_STREAM_TYPES if not issubclass(s, EmbeddedStream)]
LONGEST: Final = 15
TABLE: Final = ("catalog_id", "database_name", "table_name")
PAGES: Final = 3
FEW: Final = {"GetCatalogs", "GetDatabases"}  # of which there are less
# What is in an answer and deliberately not in the stream.
LEFT_OUT: Final = {
    "resource_tags": ["ComplianceDetails"],  # which is asked for explicitly, if at all
    "lf_tags": ["LFTagOnDatabase", "LFTagsOnTable", "LFTagsOnColumns"],  # see test_tags.py
    "workflow_runs": ["Graph"],
    "table_optimizers": ["catalogId", "databaseName"],  # those that were asked for
}

# Edges are no copies of what AWS answers: see test_lineage.py.
COPIES: Final = [stream for stream in EXTRA_STREAM_TYPES if stream.group != "lineage"]

each_stream = pytest.mark.parametrize("stream_type", EXTRA_STREAM_TYPES, ids=lambda s: s.name)
each_copy = pytest.mark.parametrize("stream_type", COPIES, ids=lambda s: s.name)
each_calling_stream = pytest.mark.parametrize("stream_type", CALLING, ids=lambda s: s.name)


def table(name: str, rewrite: Callable[[str], str] = str) -> Json:
    everywhere = json.dumps(everything(MODEL.shape_for("Table"), name))
    return {
        **json.loads(rewrite(everywhere)),
        "Name": name,
        "Parameters": {"table_type": "ICEBERG"},
        "TargetTable": None,
        "PartitionKeys": [{"Name": "year"}, {"Name": "Month"}],
    }


def filled(stream_type: type[GlueStream], rewrite: Callable[[str], str] = str) -> FakeGlue:
    endpoint = FakeGlue(stream_type.calls(), rewrite)
    store = endpoint.store()
    for database in ("audit", "empty", "sales"):
        store.add_database(database)
        for number in range(0 if database == "empty" else 5):
            store.add_table(database, f"t{number}").update(table(f"t{number}", rewrite))
    return endpoint


@pytest.fixture
def endpoint(stream_type: type[GlueStream]) -> Iterator[FakeGlue]:
    with filled(stream_type) as endpoint:
        yield endpoint


def run(
    endpoint: FakeGlue,
    *names: str,
    incremental: bool = False,
    state: Json | None = None,
    **settings: Any,
) -> Messages:
    """Read the streams named, and none of the default ones but extraction_issues."""
    config = {
        "aws_endpoint_url": endpoint.url,
        "aws_regions": ["us-east-1"],
        "aws_max_attempts": 1,
        "extra_streams": extra(*names),
        **settings,
    }
    chosen = catalog(*names, "extraction_issues")
    for entry in chosen["streams"]:
        if incremental and entry["tap_stream_id"] in names:
            root = next(item for item in entry["metadata"] if not item["breadcrumb"])
            root["metadata"]["replication-method"] = "INCREMENTAL"
    return sync(config, chosen, state)


def values(value: Any, left_out: Collection[str] = ()) -> set[Any]:
    """Return every text and number in a value, but for what is under some names."""
    if isinstance(value, dict):
        rest = (inner for name, inner in value.items() if name not in left_out)
        return set().union(*(values(inner, left_out) for inner in rest))
    if isinstance(value, list):
        return set().union(*(values(inner, left_out) for inner in value))
    return set() if value is None or isinstance(value, bool) else {value}


def lost(given: Any, records: Any, left_out: Collection[str]) -> set[Any]:
    """Return what of some objects is in no record, be it as a time."""
    found = values(records)
    rest = values(given, left_out) - found
    return {one for one in rest if isinstance(one, str) or timestamp(one) not in found}


@each_copy
def test_all_is_read_by_the_declared_calls_and_nothing_is_lost(
    stream_type: type[GlueStream], endpoint: FakeGlue
) -> None:
    messages = run(endpoint, stream_type.name)
    records = messages.records(stream_type.name)
    assert records
    assert messages.records("extraction_issues") == []
    assert not any(record.get("additional_members") for record in records)
    called = {call.operation for call in endpoint.calls} - {"GetCallerIdentity"}
    assert called == stream_type.operations() - {"GetTable"}  # no table is a resource link
    for read in stream_type.calls():
        if read.token[0] in input_of(read) and read.operation not in FEW:
            pages = {
                c.params.get(read.token[0]) for c in endpoint.calls if c.operation == read.operation
            }
            assert len(pages) >= PAGES
    given = endpoint.given.get(stream_type.reads()[-1].operation, [])
    assert lost(given, records, LEFT_OUT.get(stream_type.name, ())) == set()


def input_of(read: Read) -> Any:
    takes: Any = model_of(read.service, read.operation).input_shape
    return takes.members


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


# What the streams are, and the keys of their records after the account and region.
KEYS: Final = {
    "fields": {"column_fields": (*TABLE, "field_path", "occurrence")},
    "tables": {
        "partitions": (*TABLE, "partition_name"),
        "partition_indexes": (*TABLE, "index_name"),
        "table_versions": (*TABLE, "version_id"),
        "table_optimizers": (*TABLE, "type"),
        "column_statistics": (*TABLE, "column_name"),
        "user_defined_functions": ("catalog_id", "database_name", "function_name"),
    },
    "etl": {
        "triggers": ("name",),
        "crawlers": ("name",),
        "connections": ("catalog_id", "name"),
        "classifiers": ("name",),
        "blueprints": ("name",),
        "dev_endpoints": ("endpoint_name",),
        "ml_transforms": ("transform_id",),
        "security_configurations": ("name",),
        "data_quality_rulesets": ("name",),
        "usage_profiles": ("name",),
        "sessions": ("id",),
        "integrations": ("integration_arn",),
    },
    "schema_registry": {
        "registries": ("registry_arn",),
        "schemas": ("schema_arn",),
        "schema_versions": ("schema_arn", "version_number"),
    },
    "governance": {
        "resource_tags": ("resource_arn", "tag_key"),
        "lf_tags": ("resource_type", *TABLE, "column_name", "tag_catalog_id", "tag_key"),
        "lf_permissions": ("catalog_id", "permission_id"),
        "resource_policies": ("policy_hash",),
        "catalog_encryption_settings": ("catalog_id",),
        "glossaries": ("id",),
        "glossary_terms": ("id",),
        "assets": ("id",),
    },
    "runs": {
        "job_runs": ("job_name", "id"),
        "job_bookmarks": ("job_name",),
        "workflow_runs": ("name", "workflow_run_id"),
        "crawls": ("crawler_name", "crawl_id"),
        "crawler_metrics": ("crawler_name",),
        "data_quality_results": ("result_id",),
    },
}


def test_the_streams_their_groups_and_their_keys() -> None:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for stream in COPIES:
        scope, keys = stream.primary_keys[:2], tuple(stream.primary_keys[2:])
        assert scope == ("account_id", "region")
        found.setdefault(stream.group, {})[stream.name] = keys
    assert found == KEYS


@pytest.mark.parametrize(
    "stream_type", [s for s in EXTRA_STREAM_TYPES if s.replication_keys], ids=lambda s: s.name
)
def test_a_second_incremental_run_has_what_changed_last(
    stream_type: type[GlueStream], endpoint: FakeGlue
) -> None:
    name, [key] = stream_type.name, stream_type.replication_keys
    first = run(endpoint, name, incremental=True)
    times = {record[key] for record in first.records(name)}
    assert len(times) > 1
    state = first.of_type("STATE")[-1]["value"]
    second = run(endpoint, name, incremental=True, state=state).records(name)
    last = [record for record in first.records(name) if record[key] == max(times)]
    assert sorted(map(str, second)) == sorted(map(str, last))


def declared(stream_type: type[GlueStream]) -> int:
    """Count the lines of a declaration, less its docstring and the hooks that it may have."""
    module = ast.parse(inspect.getsource(stream_type))
    [statement] = module.body
    assert isinstance(statement, ast.ClassDef)
    own = [node for node in statement.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    return 1 + sum((node.end_lineno or 0) - node.lineno + 1 for node in own)


@pytest.mark.parametrize(
    "stream_type",
    [s for s in (*STREAM_TYPES, *EXTRA_STREAM_TYPES) if s.reads()],
    ids=lambda s: s.name,
)
def test_a_declaration_is_short(stream_type: type[GlueStream]) -> None:
    assert declared(stream_type) <= LONGEST
    assert inspect.getdoc(stream_type)


@each_stream
def test_its_schema_is_what_the_generator_makes_of_the_model(
    stream_type: type[GlueStream],
) -> None:
    text = (SCHEMAS / f"{stream_type.name}.json").read_text(encoding="utf-8")
    assert text == generate_schemas.text_of(generate_schemas.generate(stream_type))
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(stream_type.primary_keys)
    for field in schema["properties"].values():
        assert field["description"]
    assert set(stream_type.replication_keys) <= schema["properties"].keys()


def test_names_and_default_streams_do_not_collide() -> None:
    names = [stream.name for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)]
    assert len(names) == len(set(names))
