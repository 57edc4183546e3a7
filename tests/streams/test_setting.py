"""`extra_streams`: what is there, what a catalog may select, and which rights it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sample
from fake_glue import FakeGlue
from singer import Json, catalog, make_tap, sync
from test_extra_streams import table

from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.aws.policy import _DEPENDENT
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.governance import ResourceTags
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from conftest import RunTap
    from fake_aws import FakeAws

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
DEFAULT = {stream.name for stream in STREAM_TYPES}


def streams(*names: str) -> set[str]:
    return set(make_tap({"extra_streams": list(names)})[0].streams)


def actions(*names: str, **settings: Any) -> set[str]:
    config = {"extra_streams": [name for name in names if name not in DEFAULT], **settings}
    tap = TapGlueMetadata(config=config)
    for stream in tap.streams.values():
        stream.selected = stream.name in names
    statements = tap.iam_policy()["Statement"]
    return {action for statement in statements for action in statement["Action"]}


def test_none_is_there_by_default() -> None:
    assert streams() == DEFAULT
    assert set(make_tap({"extra_streams": None})[0].streams) == DEFAULT
    assert all(stream.selected for stream in make_tap({})[0].streams.values())


def test_a_name_or_a_group_enables() -> None:
    assert streams("crawlers") == DEFAULT | {"crawlers"}
    group = {s.name for s in EXTRA_STREAM_TYPES if s.group == "schema_registry"}
    assert streams("schema_registry", "crawlers") == DEFAULT | group | {"crawlers"}
    every = {stream.group for stream in EXTRA_STREAM_TYPES}
    assert streams(*every) == DEFAULT | {stream.name for stream in EXTRA_STREAM_TYPES}


@pytest.mark.parametrize(
    ("name", "hint"),
    [("crawler", "did you mean 'crawlers'?"), ("xyz", "the groups are fields, tables, etl")],
)
def test_an_unknown_name_is_one_line(run_tap: RunTap, name: str, hint: str) -> None:
    run = run_tap({"extra_streams": [name]}, "--discover")
    assert run.code == 1
    [line] = run.logged("ERROR")
    assert f"Setting 'extra_streams': there is no stream or group '{name}'" in line
    assert hint in line
    assert "Traceback" not in run.stderr


def test_a_stream_of_the_default_needs_no_naming() -> None:
    with pytest.raises(SettingError, match="'columns' is there in any case; leave it out"):
        streams("columns")
    group = {stream.name for stream in EXTRA_STREAM_TYPES if stream.group == "tables"}
    assert streams("tables") == DEFAULT | group  # the group, not the stream


def test_a_catalog_that_selects_more_is_one_line(run_tap: RunTap, settings: Json) -> None:
    wider = make_tap({"extra_streams": ["runs"]})[0].catalog_dict
    run = run_tap(settings, catalog=wider)
    assert run.code == 1
    [line] = run.logged("ERROR")
    assert "unless the setting 'extra_streams' names it or its group, 'runs'" in line
    assert run.messages == []


def test_what_is_deselected_may_be_missing(endpoint: FakeAws, settings: Json) -> None:
    wider = make_tap({"extra_streams": ["runs"]})[0].catalog_dict
    for entry in wider["streams"]:
        root = next(item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] in DEFAULT
    tap, _ = make_tap(settings, wider)
    tap.check()
    tap.sync_all()
    assert endpoint.count("ListJobs") == 0


def calls(endpoint: FakeAws) -> list[tuple[str, str]]:
    return sorted((call.operation, str(call.params)) for call in endpoint.calls)


def test_what_is_enabled_but_not_selected_takes_no_call(endpoint: FakeAws, settings: Json) -> None:
    sample.fill(endpoint)
    sync(settings, catalog(*DEFAULT))
    before = calls(endpoint)
    endpoint.calls.clear()
    groups = {stream.group for stream in EXTRA_STREAM_TYPES}
    sync({**settings, "extra_streams": [*groups]}, catalog(*DEFAULT))
    assert calls(endpoint) == before


def test_fields_take_no_further_call(endpoint: FakeAws, settings: Json) -> None:
    sample.fill(endpoint)
    sync(settings, catalog(*DEFAULT))
    before = calls(endpoint)
    endpoint.calls.clear()
    messages = sync({**settings, "extra_streams": ["fields"]}, catalog(*DEFAULT, "column_fields"))
    assert calls(endpoint) == before
    depths = {record["depth"] for record in messages.records("column_fields")}
    assert len(messages.records("column_fields")) >= len(messages.records("columns"))
    assert 0 in depths


def test_only_what_is_enabled_and_selected_takes_rights() -> None:
    assert actions("triggers") == {"glue:GetTriggers"}
    assert actions("connections") == {"glue:GetConnections"}  # catalogs need not be listed
    assert actions("job_runs") == {"glue:ListJobs", "glue:GetJobRuns"}
    assert actions("resource_tags") == {"tag:GetResources"}
    assert actions("lf_tags") >= {"lakeformation:GetResourceLFTags", "glue:GetTables"}
    assert "glue:GetTable" in actions("columns")
    assert "glue:GetTable" not in actions("columns", resource_links="ignore")
    assert actions("jobs") == {"glue:GetJobs", "glue:BatchGetJobs", "glue:GetJob"}


@pytest.mark.parametrize("stream", EXTRA_STREAM_TYPES, ids=lambda stream: stream.name)
def test_the_policy_of_a_stream_is_what_the_readme_says_and_a_run_calls(stream: Any) -> None:
    [row] = re.findall(rf"^\| `{stream.name}` \|.*$", README, re.MULTILINE)
    told = set(re.findall(r"`((?:glue|lakeformation|tag):\w+)`", row))
    granted = actions(stream.name)
    assert granted == told
    called = {read.action for read in stream.calls()}
    assert called <= granted
    assert {action.partition(":")[2] for action in granted - called} <= {*_DEPENDENT.values()}


def test_a_policy_of_all_streams_grants_what_each_of_them_takes() -> None:
    names = [stream.name for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)]
    assert actions(*names) == set().union(*map(actions, names))


def test_preflight_tries_each_operation_of_all_streams(settings: Json) -> None:
    reads = [read for stream in EXTRA_STREAM_TYPES for read in stream.calls()]
    names = [stream.name for stream in EXTRA_STREAM_TYPES]
    with FakeGlue(reads) as endpoint:
        endpoint.store().add_database("sales")
        endpoint.store().add_table("sales", "orders").update(table("orders"))
        config = {**settings, "aws_endpoint_url": endpoint.url, "extra_streams": names}
        tap, _ = make_tap(config, catalog(*names))
        checks = tap.preflight()
    assert [check for check in checks if not check.is_ok] == []
    listed = {read.action for stream in EXTRA_STREAM_TYPES for read in stream.reads()}
    assert {check.action for check in checks} >= listed
    assert endpoint.count("GetTags") == 0


def test_preflight_tries_what_is_selected(settings: Json) -> None:
    tap, _ = make_tap({**settings, "extra_streams": ["triggers"]})
    tried = {check.action for check in tap.preflight()}
    assert "glue:GetTriggers" in tried
    assert "glue:GetCrawlers" not in tried


def test_preflight_tries_what_takes_the_place_of_what_is_denied() -> None:
    with FakeGlue((*ResourceTags.calls(), *ResourceTags.substitutes())) as endpoint:
        endpoint.fail("GetResources", "AccessDeniedException")
        endpoint.fail("ListTriggers", "AccessDeniedException")
        endpoint.store().add_database("sales")
        config = {"aws_endpoint_url": endpoint.url, "aws_regions": ["us-east-1"]}
        chosen = catalog("resource_tags")
        tap, _ = make_tap({**config, "extra_streams": ["resource_tags"]}, chosen)
        checks = {check.action: check for check in tap.preflight()}
    assert "glue:GetTags is called for each object instead" in checks["tag:GetResources"].note
    not_ok = {action for action, check in checks.items() if not check.is_ok}
    assert not_ok == {"glue:ListTriggers"}
    assert checks["glue:GetTags"].note == ""


def test_the_error_names_the_setting() -> None:
    with pytest.raises(SettingError, match="did you mean 'governance'"):
        streams("governence")
