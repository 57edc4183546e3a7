"""Edges of tables: storage, links, federation, writers; and how things are identified."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineage_places import ACCOUNT, GLUE, PLACE, edges

from tap_glue_metadata.records.lineage.identifiers import thing
from tap_glue_metadata.records.lineage.tables import table_edges

TABLE: Final = f"{GLUE}:table/sales/orders"
KEY: Final = "pass" + "word"


def told(**table: Any) -> list[tuple[str, str, str, str]]:
    made = edges(table_edges({"Name": "orders", **table}, PLACE))
    return [(e["kind"], e["source_id"], e["target_id"], e["evidence"]) for e in made]


@pytest.mark.parametrize(
    ("table", "stored_at", "evidence"),
    [
        (
            {"StorageDescriptor": {"Location": "s3a://Lake/orders"}},
            "s3://Lake/orders/",
            "StorageDescriptor.Location",
        ),
        (
            {
                "StorageDescriptor": {
                    "Location": "s3://lake/orders-__PLACEHOLDER__",
                    "SerdeInfo": {"Parameters": {"path": "s3://lake/delta"}},
                }
            },
            "s3://lake/delta/",
            "StorageDescriptor.SerdeInfo.Parameters.path",
        ),
        (
            {"IcebergTableMetadata": {"Location": "s3://lake/ice/"}},
            "s3://lake/ice/",
            "IcebergTableMetadata.Location",
        ),
        (
            {
                "StorageDescriptor": {
                    "Location": "clicks",
                    "Parameters": {"streamARN": "arn:aws:kinesis:us-east-1:1:stream/clicks"},
                }
            },
            "arn:aws:kinesis:us-east-1:1:stream/clicks",
            "StorageDescriptor.Parameters.streamARN",
        ),
    ],
)
def test_where_a_table_is_stored(table: dict[str, Any], stored_at: str, evidence: str) -> None:
    assert told(**table) == [("stored_at", TABLE, stored_at, evidence)]


def test_a_table_behind_a_connection() -> None:
    connection = f"{GLUE}:connection/shop"
    table = {
        "Parameters": {"connectionName": "shop", "UPDATED_BY_CRAWLER": "nightly"},
        "StorageDescriptor": {
            "Location": "web.public.orders",
            "Parameters": {"connectionName": "shop", "UPDATED_BY_CRAWLER": "nightly"},
        },
    }
    assert told(**table) == [
        ("writes", f"{GLUE}:crawler/nightly", TABLE, "Parameters.UPDATED_BY_CRAWLER"),
        ("uses", TABLE, connection, "Parameters.connectionName"),
        ("stored_at", TABLE, f"{connection}#web.public.orders", "StorageDescriptor.Location"),
    ]


def test_the_job_that_created_a_table() -> None:
    assert told(Parameters={"CreatedByJob": "load orders"}) == [
        ("writes", f"{GLUE}:job/load orders", TABLE, "Parameters.CreatedByJob")
    ]


def test_a_link_to_a_table() -> None:
    target = {
        "CatalogId": "999999999999",
        "DatabaseName": "finance",
        "Name": "ledger",
        "Region": "eu-west-1",
    }
    storage = {"Location": "s3://theirs/"}  # which a second look brings from the target
    assert told(TargetTable=target, StorageDescriptor=storage) == [
        (
            "links_to",
            TABLE,
            "arn:aws:glue:eu-west-1:999999999999:table/finance/ledger",
            "TargetTable",
        )
    ]


def test_a_table_behind_a_link_to_its_database() -> None:
    owner = replace(
        PLACE, account_id="999999999999", catalog_id="999999999999", database="finance", link=PLACE
    )
    table = {"Name": "ledger", "StorageDescriptor": {"Location": "s3://theirs/"}}
    linked, stored = edges(table_edges(table, owner))
    own = "arn:aws:glue:us-east-1:999999999999:table/finance/ledger"
    assert (linked["source_id"], linked["target_id"]) == (f"{GLUE}:table/sales/ledger", own)
    assert (stored["source_id"], stored["target_id"]) == (own, "s3://theirs/")
    assert stored["via_id"] == f"{GLUE}:database/sales"


@pytest.mark.parametrize(
    ("federated", "target"),
    [
        (
            {"ConnectionName": "shop", "DatabaseIdentifier": "web", "Identifier": "orders"},
            f"{GLUE}:connection/shop#web.orders",
        ),
        (
            {
                "ConnectionName": "aws:s3tables",
                "Identifier": "arn:aws:s3tables:us-east-1:1:bucket/b/t",
            },
            "arn:aws:s3tables:us-east-1:1:bucket/b/t",
        ),
        (
            {"ConnectionName": "aws:s3tables", "DatabaseIdentifier": "web", "Identifier": "t"},
            "aws:s3tables#web.t",
        ),
    ],
)
def test_a_federated_table(federated: dict[str, str], target: str) -> None:
    assert told(FederatedTable=federated) == [("links_to", TABLE, target, "FederatedTable")]


def test_an_object_that_tells_nothing_has_no_edges() -> None:
    assert told() == told(Parameters=None, StorageDescriptor=None, ViewDefinition=None) == []


@pytest.mark.parametrize(
    ("text", "kind", "normal"),
    [
        ("s3://b", "s3", "s3://b/"),
        ("S3A://b//x/y///", "s3", "s3://b/x/y/"),
        ("s3n://u:SECRET@b/x", "s3", "s3://b/x/"),
        ("s3n://u:SEC/RET@b/x", "s3", "s3://b/x/"),
        ("s3://b/a:b/c@d", "s3", "s3://b/a:b/c@d/"),
        (
            "s3://arn:aws:s3:eu-west-1:1:accesspoint/a@b",
            "s3",
            "s3://arn:aws:s3:eu-west-1:1:accesspoint/a@b/",
        ),
        ("s3://b/in/*/x.csv", "s3", "s3://b/in/"),
        ("s3://b/in/x.csv", "s3", "s3://b/in/x.csv"),
        ("s3://b/in/x.csv.GZ", "s3", "s3://b/in/x.csv.GZ"),
        ("hdfs://name:8020/x", "hdfs", "hdfs://name:8020/x"),
        (TABLE, "table", TABLE),
        ("arn:aws-cn:s3:::b/x", "s3", "arn:aws-cn:s3:::b/x"),
        ("jdbc:postgresql://h:5432/db", "jdbc", "jdbc:postgresql://h:5432/db"),
        ("jdbc:mysql://u:SECRET@h/db?useSSL=true", "jdbc", "jdbc:mysql://h/db"),
        (f"jdbc:mysql://h/db?user=a@b&{KEY}=SECRET", "jdbc", "jdbc:mysql://h/db"),
        ("jdbc:mysql://u:SEC@RET@h/db", "jdbc", "jdbc:mysql://h/db"),
        ("jdbc:mysql://u:SEC?RET@h/db", "jdbc", "jdbc:mysql:"),
        ("jdbc:mysql://u:SEC?a=RET@h/db", "jdbc", "jdbc:mysql:"),
        ("jdbc:oracle:thin:scott/SECRET@h:1521:x", "jdbc", "jdbc:oracle:thin:@h:1521:x"),
        ("jdbc:oracle:thin:scott/SECRET@//h:1521/x", "jdbc", "jdbc:oracle:thin:@//h:1521/x"),
        (
            f"jdbc:sqlserver://h:1433;databaseName=shop;user=u;{KEY}=SECRET",
            "jdbc",
            "jdbc:sqlserver://h:1433/shop",
        ),
        ("mongodb://u:SECRET@h:27017/web", "mongodb", "mongodb://h:27017/web"),
        ("mongodb:u:SECRET@h", "mongodb", "mongodb:@h"),
    ],
)
def test_ids_are_normalised(text: str, kind: str, normal: str) -> None:
    assert thing(text) == (kind, normal)
    assert "SEC" not in normal
    again = thing(normal)
    assert again is None or again.id == normal


@pytest.mark.parametrize("text", ["", " ", "orders", "web.public.orders", "s3://", "http: //x"])
def test_other_texts_are_no_ids(text: str) -> None:
    assert thing(text) is None


WORD: Final = st.text("abz019-._~!$", min_size=1, max_size=8)


@given(WORD, WORD, WORD)
def test_no_password_comes_through(user: str, host: str, path: str) -> None:
    secret = "zYxW" * 4
    for sign in ("", "@", "?", "/", ";", ":", "?a=", ";a=", "&", "#"):
        hidden = f"{secret[:8]}{sign}{secret[8:]}"
        for text in (
            f"jdbc:mysql://{user}:{hidden}@{host}/{path}",
            f"jdbc:oracle:thin:{user}/{hidden}@{host}:1521:{path}",
            f"jdbc:mysql://{host}/{path}?user={user}&{KEY}={hidden}",
            f"jdbc:sqlserver://{host};{KEY}={hidden};databaseName={path}",
            f"mongodb://{user}:{hidden}@{host}/{path}",
            f"s3://{user}:{hidden}@{host}/{path}",
        ):
            found = thing(text)
            assert found is not None
            assert secret[:8] not in found.id
            assert secret[8:] not in found.id


LOCATIONS: Final = st.sampled_from(["s3://b/x", "s3a://b/x/", "x", "", None])
PARAMETERS: Final = st.dictionaries(
    st.sampled_from(["connectionName", "UPDATED_BY_CRAWLER", "CreatedByJob", "classification"]),
    st.sampled_from(["a", "b", ""]),
)


@given(LOCATIONS, LOCATIONS, PARAMETERS, PARAMETERS, st.lists(st.sampled_from([TABLE, "x", GLUE])))
def test_no_edge_comes_twice(
    location: str | None,
    path: str | None,
    parameters: dict[str, str],
    of_storage: dict[str, str],
    sub_objects: list[str],
) -> None:
    serde = {"Parameters": {"path": path}}
    storage = {"Location": location, "SerdeInfo": serde, "Parameters": of_storage}
    definition = {"SubObjects": sub_objects}
    table = {"Parameters": parameters, "StorageDescriptor": storage, "ViewDefinition": definition}
    found = told(**table)
    assert len({edge[:3] for edge in found}) == len(found)


def test_a_secret_in_an_id_is_redacted_before_it_is_hashed() -> None:
    def edge_id(secret: str) -> str:
        location = f"s3://lake/x?token={secret}"
        table = {"Name": "orders", "StorageDescriptor": {"Location": location}}
        [edge] = edges(table_edges(table, PLACE))
        assert secret not in str(edge)
        return str(edge["edge_id"])

    assert edge_id("zY" * 8) == edge_id("wX" * 8)


def test_a_nested_catalog_is_in_the_arn() -> None:
    place = replace(PLACE, catalog_id=f"{ACCOUNT}:s3tablescatalog/web")
    view = {"Name": "v", "ViewOriginalText": "SELECT * FROM a.t, awsdatacatalog.a.u"}
    found = edges(table_edges(view, place))
    assert [e["source_id"] for e in found] == [
        f"{GLUE}:table/s3tablescatalog/web/a/t",
        f"{GLUE}:table/a/u",
    ]
