"""The group `lineage` in whole runs: edges beside, or without, the streams that they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from singer import Json, make_tap, sync

import tap_glue_metadata
from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES

if TYPE_CHECKING:
    from conftest import RunTap
    from fake_aws import FakeAws

ACCOUNT, OWNER = "123456789012", "999999999999"
EDGES: Final = [stream for stream in EXTRA_STREAM_TYPES if stream.group == "lineage"]
NAMES: Final = {stream.name for stream in EDGES}
PLANTED: Final = "open-sesame"
NODES: Final[Json] = {
    "n1": {"S3CsvSource": {"Name": "in", "Paths": ["s3://lake/landing"]}},
    "n2": {"CatalogTarget": {"Inputs": ["n1"], "Database": "sales", "Table": "orders"}},
}


@pytest.fixture
def shop(endpoint: FakeAws) -> FakeAws:
    """Fill an account with something of each kind."""
    store = endpoint.store()
    store.add_database("sales")
    storage = {"Location": f"s3://reader:{PLANTED}@lake/orders"}
    store.add_table("sales", "orders", StorageDescriptor=storage)
    store.add_table("sales", "open", ViewOriginalText="SELECT * FROM orders, sales.gone")
    store.add_table("sales", "broken", ViewOriginalText=f"SELECT FROM '{PLANTED}' x y z")
    link = {"CatalogId": OWNER, "DatabaseName": "finance"}
    store.add_database("shared_finance", TargetDatabase=link)
    theirs = endpoint.store(OWNER)
    theirs.add_database("finance")
    theirs.add_table("finance", "ledger", StorageDescriptor={"Location": "s3://theirs/ledger"})
    store.add(
        "GetJobs",
        {"Name": "load", "JobMode": "VISUAL", "CodeGenConfigurationNodes": NODES},
        {"Name": "copy", "DefaultArguments": {"--from": f"s3://lake/?token={PLANTED}"}},
    )
    store.add("GetCrawlers", {"Name": "crawl", "DatabaseName": "sales"})
    store.add("GetTriggers", {"Name": "nightly", "Actions": [{"JobName": "load"}]})
    nodes = [{"Type": "JOB", "Name": "load", "UniqueId": "1"}]
    store.add("BatchGetWorkflows", {"Name": "all", "Graph": {"Nodes": nodes, "Edges": []}})
    arn = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    integration = {
        "IntegrationArn": f"{arn}:integration:1",
        "SourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders",
        "TargetArn": f"{arn}:database/sales",
    }
    endpoint.answer(
        "DescribeIntegrations", lambda _: json.dumps({"Integrations": [integration]}).encode()
    )
    return endpoint


@pytest.fixture
def config(settings: Json) -> Json:
    return {**settings, "extra_streams": ["lineage"]}


def selecting(config: Json, *names: str) -> Json:
    """Give a catalog that selects these streams and no others."""
    catalog = make_tap(config)[0].catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in names
    return catalog


def by_id(edges: list[Json]) -> dict[str, Json]:
    return {edge["edge_id"]: edge for edge in edges}


def test_it_is_off_by_default(shop: FakeAws, settings: Json) -> None:
    assert not NAMES & set(sync(settings).streams("SCHEMA"))
    assert shop.count("GetCrawlers") == shop.count("GetTriggers") == 0


def test_all_streams_have_one_shape(config: Json) -> None:
    streams = make_tap(config)[0].streams
    [schema] = {json.dumps(streams[name].schema) for name in NAMES}
    assert "edge_id" in schema


def test_the_group_alone_brings_edges_and_not_their_parents(shop: FakeAws, config: Json) -> None:
    messages = sync(config)
    assert set(messages.streams("RECORD")) >= NAMES
    assert not {"crawlers", "triggers", "integrations"} & set(messages.streams("SCHEMA"))
    for operation in ("GetTables", "GetCrawlers", "GetTriggers", "DescribeIntegrations"):
        # One listing each, in each of the two databases for tables.
        assert shop.count(operation) == (2 if operation == "GetTables" else 1)


def test_parents_that_are_named_as_well_come_along(shop: FakeAws, config: Json) -> None:
    messages = sync({**config, "extra_streams": ["crawlers", "crawler_edges"]})
    assert [record["name"] for record in messages.records("crawlers")] == ["crawl"]
    assert len(messages.records("crawler_edges")) == 1
    assert shop.count("GetCrawlers") == 1


def test_edges_do_without_their_parents(shop: FakeAws, config: Json) -> None:
    whole = sync(config)
    alone = sync(config, selecting(config, *NAMES))
    assert set(alone.streams("SCHEMA")) == NAMES
    for name in NAMES:
        assert by_id(alone.records(name)) == by_id(whole.records(name))
    assert shop.count("GetJobs") == 2


def test_nodes_that_the_list_leaves_out_are_looked_up_for_edges_alone(
    shop: FakeAws, config: Json
) -> None:
    load, copy = shop.store().items["GetJobs"]
    shop.store().items["GetJobs"] = [{"Name": "load", "JobMode": "VISUAL"}, copy]
    shop.answer("BatchGetJobs", lambda _: json.dumps({"Jobs": [load]}).encode())
    edges = sync(config, selecting(config, "job_edges")).records("job_edges")
    assert {edge["kind"] for edge in edges} == {"derives", "uses"}


@pytest.mark.usefixtures("shop")
def test_ids_join_to_the_arns_of_other_streams(config: Json) -> None:
    messages = sync({**config, "extra_streams": ["lineage", "crawlers", "triggers"]})
    arns = {
        record["arn"]: stream
        for stream in ("tables", "databases", "jobs", "crawlers", "triggers", "workflows")
        for record in messages.records(stream)
    }
    edges = [edge for name in sorted(NAMES) for edge in messages.records(name)]
    ends = [(e[f"{end}_type"], e[f"{end}_id"]) for e in edges for end in ("source", "target")]
    glue = {(kind, arn) for kind, arn in ends if (arn or "").startswith("arn:aws:glue:")}
    joined = {(kind, arn) for kind, arn in glue if arns.get(arn) == f"{kind}s"}
    assert {kind for kind, _ in joined} == {
        "table",
        "database",
        "job",
        "crawler",
        "trigger",
        "workflow",
    }
    # What no stream has: a table that is not there, and one by the name that its link gives it.
    assert {arn.rpartition(":")[2] for _, arn in glue - joined} == {
        "table/sales/gone",
        "table/shared_finance/ledger",
    }


@pytest.mark.usefixtures("shop")
def test_a_table_behind_a_link_leads_to_its_owner(config: Json) -> None:
    edges = sync(config).records("table_edges")
    linked = f"arn:aws:glue:us-east-1:{ACCOUNT}:table/shared_finance/ledger"
    [edge] = [edge for edge in edges if edge["source_id"] == linked]
    assert edge["kind"] == "links_to"
    assert edge["target_id"].endswith("table/finance/ledger")


@pytest.mark.usefixtures("shop")
def test_a_view_that_cannot_be_parsed_is_a_row(config: Json) -> None:
    edges = sync(config).records("table_edges")
    [failed] = [edge for edge in edges if edge["confidence"] == "failed"]
    assert failed["target_id"].endswith("table/sales/broken")


@pytest.mark.usefixtures("shop")
def test_no_secret_comes_through(config: Json) -> None:
    assert PLANTED not in str(sync(config, selecting(config, *NAMES)).all)


@pytest.mark.usefixtures("shop")
def test_what_a_run_repeats_has_the_same_id(config: Json) -> None:
    first, second = (by_id(sync(config).records("table_edges")) for _ in range(2))
    assert first == second


def test_without_the_extra_the_run_says_what_to_install(
    shop: FakeAws, config: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_glue_metadata.streams.lineage.find_spec", lambda _: None)
    tap, _ = make_tap(config)
    with pytest.raises(SettingError, match=r"tap-glue-metadata\[lineage\]"):
        tap.check()
    others, _ = make_tap({**config, "extra_streams": ["job_edges"]})
    others.check()
    assert shop.count("GetTables") == 0


def test_the_command_ends_with_one_line_without_the_extra(
    run_tap: RunTap, config: Json, tmp_path: Path
) -> None:
    hide = "import sys\nsys.modules['sqlglot'] = None\n"  # which is how Python says: not there
    (tmp_path / "sitecustomize.py").write_text(hide, encoding="utf-8")
    [package] = tap_glue_metadata.__path__
    run = run_tap(config, env={"PYTHONPATH": f"{tmp_path}:{Path(package).parent}"})
    assert run.code == 1
    assert run.stderr.count("tap-glue-metadata[lineage]") == 1
    assert "Traceback" not in run.stderr
