"""Visual jobs: every kind of node in the service model, and how sources flow into targets."""

from __future__ import annotations

from typing import Any, Final

import pytest
from glue_strategies import MODEL
from hypothesis import given
from hypothesis import strategies as st
from lineage_places import GLUE, PLACE, edges

from tap_glue_metadata.records.lineage.etl import job_edges

KINDS: Final[dict[str, Any]] = dict(MODEL.shape_for("CodeGenConfigurationNode").members)  # type: ignore[attr-defined]
SOURCES: Final = [kind for kind in KINDS if kind.endswith("Source")]
TARGETS: Final = [kind for kind in KINDS if kind.endswith("Target")]
JOB: Final = f"{GLUE}:job/shop"
FLOOR: Final = 0.98

SHOP: Final = f"{GLUE}:connection/shop"
TABLE: Final = f"{GLUE}:table/sales/orders"
# What each kind is filled with, and the id of the dataset that this means, by the members of its
# shape: the first group that a kind has all members of.
FILLED: Final[list[tuple[dict[str, Any], str]]] = [
    (
        {"ConnectionName": "shop", "SchemaName": "web", "ConnectionTable": '"orders"'},
        f"{SHOP}#web.orders",
    ),
    ({"ConnectionName": "shop", "ConnectionTable": '"web.orders"'}, f"{SHOP}#web.orders"),
    ({"ConnectionName": "shop", "Database": "web", "Table": "orders"}, f"{SHOP}#web.orders"),
    (
        {"ConnectionName": "shop", "AdditionalOptions": {"dbtable": "web.orders"}},
        f"{SHOP}#web.orders",
    ),
    ({"Database": "sales", "Table": "orders"}, TABLE),
    ({"Paths": ["s3://lake/raw/orders"]}, "s3://lake/raw/orders/"),
    ({"Path": "s3a://lake/raw/orders/"}, "s3://lake/raw/orders/"),
]
ORDERS: Final = {"Value": "orders", "Label": "orders"}
DATA: Final = {
    "AmazonRedshift": (
        {"Connection": {"Value": "shop"}, "Schema": {"Value": "web"}, "Table": ORDERS},
        f"{SHOP}#web.orders",
    ),
    "Snowflake": (
        {
            "Connection": {"Value": "shop"},
            "Database": "prod",
            "Schema": "web",
            "Table": "orders",
        },
        f"{SHOP}#prod.web.orders",
    ),
    "ConnectorData": ({"connectionName": "shop", "dbtable": "web.orders"}, f"{SHOP}#web.orders"),
}
STREAM: Final = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
DYNAMO: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
SPECIAL: Final = {
    "DirectKinesisSource": ({"StreamingOptions": {"StreamArn": STREAM}}, STREAM),
    "DirectKafkaSource": (
        {"StreamingOptions": {"ConnectionName": "shop", "TopicName": "clicks"}},
        f"{SHOP}#clicks",
    ),
    "DynamoDBELTConnectorSource": ({"ConnectionOptions": {"DynamodbTableArn": DYNAMO}}, DYNAMO),
}


def filled(kind: str) -> tuple[dict[str, Any], str]:
    """Give a node of a kind, and the id of the dataset that it reads or writes."""
    if kind in SPECIAL:
        return SPECIAL[kind]
    members = KINDS[kind].members
    if "Data" in members:
        data, dataset = DATA[kind.removesuffix("Source").removesuffix("Target")]
        return {"Data": data}, dataset
    return next(found for found in FILLED if found[0].keys() <= members.keys())


def node(kind: str, *inputs: str, **fields: Any) -> dict[str, Any]:
    return {kind: {"Name": kind, **fields, **({"Inputs": list(inputs)} if inputs else {})}}


def job(**nodes: Any) -> dict[str, Any]:
    return {"Name": "shop", "JobMode": "VISUAL", "CodeGenConfigurationNodes": nodes}


CSV: Final = node("S3CsvSource", Paths=["s3://in/a"])
PARQUET: Final = node("S3ParquetSource", Paths=["s3://in/b/"])


def out(*inputs: str, path: str = "s3://out/") -> dict[str, Any]:
    return node("S3DirectTarget", *inputs, Path=path)


def pairs(raw: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(e["kind"], e["source_id"], e["target_id"]) for e in edges(job_edges(raw, PLACE))}


def through(kind: str) -> tuple[set[Any], set[Any]]:
    """Return the edges that a job with a node of this kind has to have, and those that it has."""
    fields, dataset = filled(kind)
    if kind in SOURCES:
        raw = job(n1=node(kind, **fields), n2=node("Filter", "n1"), n3=out("n2"))
        return {("derives", dataset, "s3://out/")}, pairs(raw)
    raw = job(n1=CSV, n2=node("ApplyMapping", "n1"), n3=node(kind, "n2", **fields))
    return {("derives", "s3://in/a/", dataset)}, pairs(raw)


def test_the_model_has_as_many_kinds_as_are_known() -> None:
    assert (len(SOURCES), len(TARGETS)) == (34, 22)


@pytest.mark.parametrize("kind", [*SOURCES, *TARGETS])
def test_each_kind_is_recognised(kind: str) -> None:
    expected, found = through(kind)
    assert found == expected


def test_recall_and_precision(capsys: pytest.CaptureFixture[str]) -> None:
    both = [through(kind) for kind in (*SOURCES, *TARGETS)]
    right = sum(len(expected & found) for expected, found in both)
    recall = right / sum(len(expected) for expected, _ in both)
    precision = right / sum(len(found) for _, found in both)
    with capsys.disabled():
        print(f"\n{len(both)} kinds: recall {recall:.3f}, precision {precision:.3f}")  # noqa: T201
    assert min(recall, precision) >= FLOOR


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {*SOURCES, *TARGETS}))
def test_what_is_neither_source_nor_target_only_passes_on(kind: str) -> None:
    # The path of a dynamic transform is that of its script; that of a spigot is written to.
    fields = {"Path": "s3://code/x.py", "FunctionName": "f"} if kind == "DynamicTransform" else {}
    raw = job(n1=CSV, n2=node(kind, "n1", **fields), n3=out("n2"))
    assert pairs(raw) == {("derives", "s3://in/a/", "s3://out/")}


def test_a_spigot_writes_a_sample_of_what_passes() -> None:
    raw = job(n1=CSV, n2=node("Spigot", "n1", Path="s3://sample/"), n3=out("n2"))
    assert pairs(raw) == {
        ("derives", "s3://in/a/", "s3://out/"),
        ("derives", "s3://in/a/", "s3://sample/"),
    }


def test_a_script_is_no_source() -> None:
    script = {"FunctionName": "f", "Path": "s3://code/transform.py"}
    raw = job(n1=node("DynamicTransform", **script), n2=out("n1"))
    assert pairs(raw) == {("writes", JOB, "s3://out/")}


def test_each_target_gets_the_sources_that_flow_into_it() -> None:
    raw = job(
        n1=CSV,
        n2=PARQUET,
        n3=node("Join", "n1", "n2"),
        n4=out("n3", path="s3://out/joined/"),
        n5=node("DropFields", "n2"),
        n6=out("n5", path="s3://out/b/"),
    )
    assert pairs(raw) == {
        ("derives", "s3://in/a/", "s3://out/joined/"),
        ("derives", "s3://in/b/", "s3://out/joined/"),
        ("derives", "s3://in/b/", "s3://out/b/"),
    }


def test_the_job_and_the_nodes_are_told() -> None:
    [edge] = edges(job_edges(job(n1=CSV, n2=out("n1")), PLACE))
    assert (edge["via_type"], edge["via_id"]) == ("job", JOB)
    assert edge["evidence"] == "CodeGenConfigurationNodes.n2.S3DirectTarget"
    assert edge["details"] == {
        "SourceNode": "CodeGenConfigurationNodes.n1.S3CsvSource",
        "TargetNode": "CodeGenConfigurationNodes.n2.S3DirectTarget",
    }
    assert edge["confidence"] == "declared"


def test_what_flows_nowhere_is_read_and_what_comes_from_nowhere_is_written() -> None:
    assert pairs(job(n1=CSV, n2=out("gone"))) == {
        ("reads", "s3://in/a/", JOB),
        ("writes", JOB, "s3://out/"),
    }


def test_the_table_that_a_target_keeps_up_to_date_is_written_as_well() -> None:
    policy = {"EnableUpdateCatalog": True, "Database": "sales", "Table": "orders"}
    target = node("S3GlueParquetTarget", "n1", Path="s3://out/", SchemaChangePolicy=policy)
    assert pairs(job(n1=CSV, n2=target)) == {
        ("derives", "s3://in/a/", "s3://out/"),
        ("derives", "s3://in/a/", TABLE),
    }


def test_a_redshift_node_may_name_a_table_of_the_catalog() -> None:
    data = {"CatalogDatabase": {"Value": "sales"}, "CatalogTable": {"Value": "orders"}}
    raw = job(n1=node("AmazonRedshiftSource", Data=data), n2=out("n1"))
    assert pairs(raw) == {("derives", TABLE, "s3://out/")}


def test_a_url_leads_to_the_data_and_to_no_password() -> None:
    planted = "open-" + "sesame"
    data = {
        "url": f"jdbc:sqlserver://db;databaseName=web;user=u;pwd={planted}",
        "dbtable": "orders",
    }
    raw = job(n1=node("ConnectorDataSource", ConnectionType="sqlserver", Data=data), n2=out("n1"))
    assert pairs(raw) == {("derives", "jdbc:sqlserver://db/web#orders", "s3://out/")}


def test_a_future_kind_is_recognised_by_its_members() -> None:
    raw = job(
        n1=node("TomorrowSource", Paths=["s3://in/a/"]),
        n2=node("Tomorrow", "n1"),
        n3=node("TomorrowTarget", "n2", Path="s3://out/"),
    )
    assert pairs(raw) == {("derives", "s3://in/a/", "s3://out/")}


IDS = st.sampled_from([f"n{number}" for number in range(6)])
NODES = st.one_of(
    st.builds(lambda n: node("S3CsvSource", Paths=[f"s3://in/{n}/"]), IDS),
    st.builds(lambda inputs: node("Join", *inputs), st.lists(IDS, min_size=1, max_size=4)),
    st.builds(
        lambda inputs, n: out(*inputs, path=f"s3://out/{n}/"),
        st.lists(IDS, min_size=1, max_size=4),
        IDS,
    ),
    st.sampled_from([{}, {"Odd": None}, {"S3CsvSource": {}}, {"Join": {"Inputs": []}}]),
)


@given(st.dictionaries(IDS, NODES, max_size=6))
def test_no_edge_comes_twice_in_any_graph(nodes: dict[str, Any]) -> None:
    found = edges(job_edges(job(**nodes), PLACE))  # cycles, gaps and oddities included
    identities = [(e["kind"], e["source_id"], e["target_id"], e["via_id"]) for e in found]
    assert len(identities) == len(set(identities))
