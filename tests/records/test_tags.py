from __future__ import annotations

from typing import Any

from tap_glue_metadata.records.tags import lf_tags, resource_tags, with_assigned
from tap_glue_metadata.redaction import OFF, REDACTED, redactor

KEYS = {"catalog_id": "1", "database_name": "sales"}
TABLE = {**KEYS, "table_name": "orders"}


def pair(key: str, *values: str) -> dict[str, Any]:
    return {"CatalogId": "1", "TagKey": key, "TagValues": [*values]}


def test_inherited_tags_are_told_apart() -> None:
    effective = {
        "LFTagOnDatabase": [pair("team", "a")],
        "LFTagsOnTable": [pair("team", "b"), pair("tier", "1")],
        "LFTagsOnColumns": [{"Name": "id", "LFTags": [pair("team", "b"), pair("pii", "no")]}],
    }
    assigned = {
        "LFTagsOnTable": [pair("team", "b")],
        "LFTagsOnColumns": [{"Name": "id", "LFTags": [pair("pii", "no")]}],
    }
    records = list(lf_tags(with_assigned(effective, assigned), TABLE))
    found = {(r["resource_type"], r["column_name"], r["tag_key"]): r for r in records}
    assert {place: record["is_inherited"] for place, record in found.items()} == {
        ("TABLE", "*", "team"): False,
        ("TABLE", "*", "tier"): True,
        ("COLUMN", "id", "team"): True,
        ("COLUMN", "id", "pii"): False,
    }
    assert {record["table_name"] for record in records} == {"orders"}


def test_a_database_has_no_table_in_its_key() -> None:
    [record] = lf_tags({"LFTagOnDatabase": [{"TagKey": "team", "TagValues": ["a"]}]}, KEYS)
    assert (record["table_name"], record["column_name"]) == ("*", "*")
    assert record["tag_catalog_id"] == "1"
    assert record["is_inherited"] is None


def test_the_value_of_a_tag_whose_key_names_a_secret_is_redacted() -> None:
    mapping = {
        "ResourceARN": "arn",
        "Tags": [{"Key": "db_password", "Value": "tiger1"}, {"Key": "team", "Value": "a"}],
    }
    assert [r["tag_value"] for r in resource_tags(mapping, {}, redactor())] == [REDACTED, "a"]
    assert [r["tag_value"] for r in resource_tags(mapping, {}, OFF)] == ["tiger1", "a"]
