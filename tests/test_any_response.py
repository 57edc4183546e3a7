"""Whatever the service model lets Glue answer comes out valid, keyed and whole."""

from __future__ import annotations

import functools
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session
from fake_aws import FakeAws
from glue_strategies import EPOCH, MODEL, NAMES, everything, responses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer import Json, Messages, catalog, make_tap, sync

from tap_glue_metadata.aws.scopes import Scope, open_scopes
from tap_glue_metadata.redaction.redactor import REDACTED
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ACCOUNT: Final = "123456789012"
DATABASE: Final = "db"
CONFIG: Final[Json] = {
    "redact_secrets": False,  # to lose no value is what is tested here
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
    "aws_account_id": ACCOUNT,
    "aws_regions": ["us-east-1"],
    "aws_endpoint_url": "http://127.0.0.1:9",
    "aws_max_attempts": 1,
    "concurrency": 2,
}


@dataclass(frozen=True)
class Kind:
    """What a stream reads: items of a shape, by an operation's member, told apart by a key."""

    shape: str
    operation: str
    items: str
    key: str = "Name"
    renamed: dict[str, str] = field(default_factory=dict)


KINDS: Final = {
    "catalogs": Kind("Catalog", "GetCatalogs", "CatalogList", key="CatalogId"),
    "databases": Kind(
        "Database", "GetDatabases", "DatabaseList", renamed={"CatalogId": "owner_catalog_id"}
    ),
    "tables": Kind(
        "Table",
        "GetTables",
        "TableList",
        renamed={"CatalogId": "owner_catalog_id", "DatabaseName": "owner_database_name"},
    ),
    "jobs": Kind("Job", "GetJobs", "Jobs"),
    "workflows": Kind("Workflow", "ListWorkflows", "Workflows"),
}
NONE_RENAMED: Final[Mapping[str, str]] = MappingProxyType({})
VERBATIM: Final = {"CodeGenConfigurationNodes", "Status.Details.RequestedChange"}
NOVELTY: Final[Json] = {"Inner": [1, None]}
LEFT_OUT: Final = {"LastRun", "Graph.Nodes.JobDetails", "Graph.Nodes.CrawlerDetails"}

any_answer = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Service:
    """Glue inside this process, below botocore: some items on pages with empty ones between."""

    def __init__(self, kind: Kind, items: list[Json]) -> None:
        names = [item["Name"] for item in items]
        self._items = dict(zip(names, items, strict=True))
        self._pages: dict[str, list[Json]] = {
            "GetCatalogs": [{"CatalogList": []}],
            "GetDatabases": [{"DatabaseList": [{"Name": DATABASE}]}],
            kind.operation: _pages(kind.items, names if kind.shape == "Workflow" else items),
        }

    def send(self, request: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        params = json.loads(request.body)
        status = 200
        if operation == "BatchGetWorkflows":
            pages = [{"Workflows": [self._items[name] for name in params["Names"]]}]
        elif operation == "BatchGetJobs":
            pages = [{"Jobs": [self._items[name] for name in params["JobNames"]]}]
        elif operation == "GetJob":
            pages = [{"Job": self._items[params["JobName"]]}]
        elif operation == "GetTable":  # what a resource link leads to
            error: Json = {"__type": "EntityNotFoundException"}
            pages, status = [error], 400
        else:
            pages = self._pages[operation]
        page = int(params.get("NextToken", 0))
        token = {"NextToken": str(page + 1)} if page + 1 < len(pages) else {}
        body = json.dumps(pages[page] | token, ensure_ascii=page % 2 == 0).encode()
        return AWSResponse(request.url, status, HTTPHeaders(), _Body(body))


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _pages(member: str, items: list[Any]) -> list[Json]:
    """Put two items on a page, with an empty page before, between and after."""
    found: list[Json] = [{member: []}]
    for start in range(0, len(items), 2):
        found += [{member: items[start : start + 2]}, {member: []}]
    return found


@functools.cache
def scopes() -> list[Scope]:
    operations = {name for stream in TapGlueMetadata.stream_types for name in stream.operations()}
    opened, unopened = open_scopes(make_tap(CONFIG)[0].settings, {"glue": frozenset(operations)})
    assert not unopened
    return opened


def read(stream: str, items: list[Json]) -> Messages:
    """Run a stream, tables together with their columns, over these items."""
    service = Service(KINDS[stream], items)
    with (
        patch("tap_glue_metadata.tap.open_scopes", lambda *_: (scopes(), [])),
        patch.object(URLLib3Session, "send", service.send),
    ):
        tap, messages = make_tap(CONFIG, _catalog(stream))
        tap.sync_all()
    messages.check()
    return messages


@functools.cache
def _catalog(stream: str) -> Json:
    return catalog(stream, *(["columns"] if stream == "tables" else []))


def check(stream: str, items: list[Json], messages: Messages) -> None:
    """Hold what came out of a stream against what went in."""
    kind = KINDS[stream]
    shape: Any = MODEL.shape_for(kind.shape)
    records = {record[xform_name(kind.key)]: record for record in messages.records(stream)}
    # The account's default catalog is there even if Glue does not list it.
    wanted = {item[kind.key] for item in items}
    assert records.keys() - {ACCOUNT} == wanted - {ACCOUNT}
    for item in items:
        record = records[item[kind.key]]
        assert list(lost(shape, item, record, renamed=kind.renamed)) == []
        for name in kind.renamed.values():
            assert record[name] is not None
        if stream == "tables":
            rows = [r for r in messages.records("columns") if r["table_name"] == item["Name"]]
            check_columns(item, rows)


def check_columns(table: Json, rows: list[Json]) -> None:
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    keys = table.get("PartitionKeys") or []
    named = [(column.get("Name"), column.get("Type")) for column in columns]
    elsewhere = {row["source"] for row in rows} - {"glue"}
    if elsewhere:
        assert named in ([], [("col", "array<string>")])
        names = {row["name"].lower() for row in rows}
        assert {(key.get("Name") or "").lower() for key in keys} <= names
        return
    assert [
        (row["name"], row["type"], row["parameters"], row["is_partition_key"]) for row in rows
    ] == [
        (column.get("Name") or "", *map(column.get, ("Type", "Parameters")), is_key)
        for group, is_key in ((columns, False), (keys, True))
        for column in group
    ]
    # Where Glue has no comment, Spark's table parameters or Iceberg's metadata may.
    other_texts = list(texts([table.get("Parameters"), table.get("IcebergTableMetadata")]))
    for row, column in zip(rows, [*columns, *keys], strict=True):
        told = column.get("Comment")
        assert row["comment"] == told or (
            not told and any(row["comment"] in text for text in other_texts)
        )


def texts(tree: Any) -> Iterator[str]:
    """Yield the texts in any JSON, keys apart."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, (dict, list)):
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from texts(inner)


def is_document(shape: Any) -> bool:
    return bool(getattr(shape, "is_document_type", False))


def lost(
    shape: Any, raw: Any, found: Any, path: str = "", renamed: Mapping[str, str] = NONE_RENAMED
) -> Iterator[str]:
    """Name the members of a raw answer whose values a record does not hold."""
    if raw is None or found is None or path in VERBATIM or is_document(shape):
        same = raw == found
    elif shape.type_name == "structure":
        same = isinstance(found, dict)
        for name, value in raw.items():
            inner = f"{path}.{name}" if path else name
            yield from lost_member(shape.members[name], value, found, inner, renamed)
    elif shape.type_name == "list":
        same = len(raw) == len(found)
        for value, other in zip(raw, found, strict=False):
            yield from lost(shape.member, value, other, path)
    elif shape.type_name == "map":
        same = raw.keys() == found.keys()
        for key, value in raw.items():
            yield from lost(shape.value, value, found.get(key), f"{path}{{}}")
    elif shape.type_name == "timestamp":
        difference = datetime.fromisoformat(found) - instant(raw)
        same = abs(difference) <= timedelta(microseconds=1)
    else:
        same = raw == found and isinstance(raw, bool) == isinstance(found, bool)
    if not same:
        yield f"{path}: {raw!r:.100} -> {found!r:.100}"


def lost_member(
    shape: Any, value: Any, found: Json, path: str, renamed: Mapping[str, str]
) -> Iterator[str]:
    member = path.rpartition(".")[2]
    name = renamed.get(member) or xform_name(member)
    if path in LEFT_OUT:
        if name in found:
            yield f"{path}: is not left out"
    elif value is not None or member not in renamed:  # what names the owner is always filled
        yield from lost(shape, value, found.get(name), path)


def instant(raw: Any) -> datetime:
    """Read a timestamp off the wire, with other means than the tap's."""
    if isinstance(raw, str):
        moment = datetime.fromisoformat(raw.replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return EPOCH + timedelta(microseconds=round(Fraction(raw) * 10**6))


def answers(kind: Kind) -> st.SearchStrategy[list[Json]]:
    item = responses(MODEL.shape_for(kind.shape), {"Name": NAMES, kind.key: NAMES})
    return st.lists(item, max_size=5, unique_by=lambda item: item[kind.key])


@pytest.mark.parametrize("stream", KINDS)
@any_answer
@given(data=st.data())
def test_any_answer_comes_out_valid_and_whole(stream: str, data: st.DataObject) -> None:
    items = data.draw(answers(KINDS[stream]))
    check(stream, items, read(stream, items))


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with FakeAws(page_size=2, empty_pages=True) as endpoint:
        yield endpoint


@pytest.mark.parametrize("stream", KINDS)
@settings(any_answer, max_examples=4)
@given(data=st.data())
def test_any_answer_comes_out_valid_and_whole_over_http(
    aws: FakeAws, stream: str, data: st.DataObject
) -> None:
    items = data.draw(answers(KINDS[stream]))
    put(aws, stream, items)
    messages = sync(CONFIG | {"aws_endpoint_url": aws.url}, _catalog(stream))
    check(stream, items, messages)


def put(aws: FakeAws, stream: str, items: list[Json]) -> None:
    aws.stores.clear()
    store = aws.store()
    if stream == "catalogs":
        store.catalogs = items
    elif stream == "databases":
        store.databases[ACCOUNT] = items
    elif stream == "tables":
        store.add_database(DATABASE)
        store.tables[ACCOUNT, DATABASE] = items
    else:
        store.add("BatchGetWorkflows" if stream == "workflows" else "GetJobs", *items)


@pytest.mark.parametrize("stream", KINDS)
def test_an_answer_with_every_member_of_the_model(stream: str) -> None:
    item = everything(MODEL.shape_for(KINDS[stream].shape))
    check(stream, [item], read(stream, [item]))


@pytest.mark.parametrize("stream", KINDS)
def test_members_that_the_model_does_not_know_come_over_too(stream: str) -> None:
    item = everything(MODEL.shape_for(KINDS[stream].shape))
    shape = MODEL.shape_for(KINDS[stream].shape)
    plain, messages = read(stream, [item]), read(stream, [with_novelties(shape, item)])
    check(stream, [item], messages)
    found = [r["additional_members"] for r in messages.records(stream) if r["additional_members"]]
    assert found == [dict(novelties(with_novelties(shape, item)))]
    columns = messages.records("columns")
    assert all(column["additional_members"] == {"Novelty": NOVELTY} for column in columns)
    for each in (*plain.records(stream), *plain.records("columns")):
        assert each["additional_members"] is None


def novelties(value: Any, path: str = "") -> Iterator[tuple[str, Json]]:
    """Name what `with_novelties` has added to what comes over, by path."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from novelties(item, f"{path}[{number}]")
    elif isinstance(value, dict) and re.sub(r"\[\d+\]", "", path) not in LEFT_OUT:
        for name, item in value.items():
            inner = f"{path}.{name}" if path else name
            yield from [(inner, NOVELTY)] if name == "Novelty" else novelties(item, inner)


def test_secrets_among_unknown_members_are_redacted(endpoint: FakeAws) -> None:
    endpoint.store().add_database("sales", Access={"Password": "sesame", "Mode": "x"})
    config = CONFIG | {"redact_secrets": True, "aws_endpoint_url": endpoint.url}
    [record] = sync(config, catalog("databases")).records("databases")
    assert record["additional_members"] == {"Access": {"Password": REDACTED, "Mode": "x"}}


def with_novelties(shape: Any, value: Any, path: str = "") -> Any:
    """Add a member to each structure that does not come over verbatim."""
    if path in VERBATIM or not isinstance(value, (dict, list)) or is_document(shape):
        return value
    if isinstance(value, list):
        return [with_novelties(shape.member, item, path) for item in value]
    if shape.type_name == "map":
        return {key: with_novelties(shape.value, item, path) for key, item in value.items()}
    return {"Novelty": NOVELTY} | {
        name: with_novelties(shape.members[name], item, f"{path}.{name}" if path else name)
        for name, item in value.items()
    }


@pytest.mark.parametrize("stream", KINDS)
def test_an_item_with_nothing_but_its_key(stream: str) -> None:
    item = {"Name": "n", KINDS[stream].key: "n"}
    messages = read(stream, [item])
    [record] = [r for r in messages.records(stream) if r[xform_name(KINDS[stream].key)] == "n"]
    assert record.keys() == messages.schema(stream)["properties"].keys()


@pytest.mark.parametrize("stream", KINDS)
def test_no_items(stream: str) -> None:
    messages = read(stream, [])
    assert [record["catalog_id"] for record in messages.records("catalogs")] == (
        [ACCOUNT] if stream == "catalogs" else []
    )
    assert stream in messages.streams("SCHEMA")


def names(found: Iterable[str]) -> list[str]:
    return [line.partition(":")[0] for line in found]


def test_the_oracle_notices_what_is_lost() -> None:
    shape: Any = MODEL.shape_for("Table")
    raw = {
        "Name": "t",
        "UpdateTime": 1.5,
        "Parameters": {"K": "v"},
        "StorageDescriptor": {"Columns": [{"Name": "a"}, {"Name": "b"}]},
    }
    columns = {"columns": [{"name": "a"}, {"name": "b"}]}
    found = {
        "name": "t",
        "update_time": "1970-01-01T00:00:01.500000+00:00",
        "parameters": {"K": "v"},
        "storage_descriptor": columns,
    }
    assert names(lost(shape, raw, found)) == []
    assert names(lost(shape, raw, found | {"update_time": "1970-01-01T00:00:01+00:00"})) == [
        "UpdateTime"
    ]
    assert names(lost(shape, raw, found | {"parameters": {"k": "v"}})) == [
        "Parameters{}",
        "Parameters",
    ]
    assert names(lost(shape, raw, {"name": "t"})) == [
        "UpdateTime",
        "Parameters",
        "StorageDescriptor",
    ]
    assert names(
        lost(shape, raw, found | {"storage_descriptor": {"columns": [{"name": "a"}]}})
    ) == ["StorageDescriptor.Columns"]
